/* Keeps, beside a folder, what of it a disk is sure to hold: a file as it was at its last fsync, a folder's names
   as they were at its own. LD_PRELOAD; POWER_CUT_DISK names the folder that keeps it. See power_cut.py. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep(int fd) {
    const char *disk = getenv("POWER_CUT_DISK");
    struct stat status;
    char draft[4096], kept[4096], own[64], buffer[65536];
    if (!disk || fstat(fd, &status)) return;
    int folder = S_ISDIR(status.st_mode);
    if (!folder && !S_ISREG(status.st_mode)) return;
    snprintf(draft, sizeof draft, "%s/.%d.%d", disk, (int)getpid(), (int)gettid());
    snprintf(kept, sizeof kept, "%s/%llu", disk, (unsigned long long)status.st_ino);
    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    int out = open(draft, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (out < 0) return;
    if (folder) {
        DIR *listing = opendir(own);
        for (struct dirent *entry; listing && (entry = readdir(listing));)
            if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
                dprintf(out, "%llu %d %s\n", (unsigned long long)entry->d_ino, entry->d_type == DT_DIR, entry->d_name);
        if (listing) closedir(listing);
    } else {
        int in = open(own, O_RDONLY);
        for (ssize_t count; in >= 0 && (count = read(in, buffer, sizeof buffer)) > 0;)
            if (write(out, buffer, count) != count) abort();
        if (in >= 0) close(in);
    }
    close(out);
    rename(draft, kept);
}

int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}

int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}
