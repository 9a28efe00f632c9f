"""The line to a target: commands and folders over the user's own `ssh`, with rsync or else tar. Nothing is stored."""

import errno
import os
import re
import select
import shlex
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar, cast

from storage.exceptions import ConfigProblem, MissingTool
from workbench.remote.answers import MOST_BYTES
from workbench.settings import Target

DEFAULT_PATH = "invoice-workbench"
"""Where everything lies on a target that names no path: in the home directory there."""
_LOOK_SECONDS = 0.5
QUIET_SECONDS = 120.0
"""So long nothing may come of the files of a folder that is under way; ssh itself notices a host that is gone."""
_LIMITED = 'ulimit -f "$0" 2>/dev/null; exec "$@"'  # where a lower limit stands, that one
"""In blocks of 512 bytes; of 1,024 in some shells."""
NO_CHATTER = "Does its shell print something at every start?"
_ADDRESS = re.compile(r"ssh:(?P<host>(?:\w[\w.-]*@)?[A-Za-z0-9_][\w.-]*)(?::(?P<path>[\w./~+@-]+))?")
_OPTIONS = (
    "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=10",
    "-o", "ServerAliveCountMax=3",
)  # fmt: skip
_UNREACHABLE = re.compile(
    "Could not resolve|Connection refused|timed out|No route|unreachable|Connection closed|reset by peer|Broken pipe"
    "|not responding|closed by remote|kex_exchange|connection unexpectedly closed|timeout after",
    re.IGNORECASE,
)
_FILES = (3, 11, 23, 24)
"""rsync's exit codes for files that it could not read or write: the line held, whatever its other end says of it."""


class TargetProblem(MissingTool):
    """A target that cannot be used as it is."""

    title: ClassVar[str] = "The target cannot be used"


class LineBroken(TargetProblem):
    """The host cannot be reached now."""

    title: ClassVar[str] = "The host cannot be reached"


class _Full(TargetProblem):
    """There is no space where something is written."""


@dataclass(frozen=True, slots=True)
class Most:
    """How much may come with the files of a folder.

    Args:
        files: that it has, as the target says.
        size: their bytes, as the target says.
    """

    files: int = 0
    size: int = 0

    @property
    def bytes(self) -> int:
        """With some more for a log that grew."""
        return self.size + (10 << 20)

    @property
    def parts(self) -> int:
        """Files and the folders that they are in."""
        return 20 * self.files + 1000


class _Bounded:
    """An archive as it comes, up to the bytes that it may have with the heads of its files."""

    def __init__(
        self, archive: IO[bytes], most: Most, problem: Callable[[], Exception], quiet: Callable[[], Exception]
    ) -> None:
        self._archive, self._problem, self._quiet = archive, problem, quiet
        self._left = most.bytes + 4096 * most.parts
        self.ended = False

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            Exception: the problem, where it has more; `quiet`, where nothing comes.
        """
        if not select.select([self._archive], [], [], QUIET_SECONDS)[0]:
            raise self._quiet()
        content = self._archive.read(size)
        self.ended = not content
        self._left -= len(content)
        if self._left < 0:
            raise self._problem()
        return content


@dataclass(frozen=True, slots=True)
class Line:
    """To one target.

    Args:
        name: of the target, for messages.
        host: as `ssh` takes it.
        path: of the folder of this program there, absolute or from the home directory.
    """

    name: str
    host: str
    path: str

    def command(self, remote: str) -> list[str]:
        """The command line that runs a shell command there; WORKBENCH_SSH names another `ssh`, or its options."""
        return [*_ssh(), "--", self.host, remote]

    def run(self, remote: str, text: str = "", seconds: float = 120.0) -> str:
        """Run a shell command there; its output.

        Raises:
            LineBroken: the host cannot be reached.
            TargetProblem: the key is refused, or the command failed.
        """
        return self._checked(self.command(remote), text, seconds)

    def send(self, folder: Path, remote: str, *, rsync: bool) -> None:
        """Copy what is in a folder, links as the files that they name, into a folder there.

        Raises:
            LineBroken: the line broke; what was copied is not copied again by rsync.
            TargetProblem: it cannot be written there.
        """
        if rsync:
            self._rsync(["-rLt", "--partial"], f"{folder}/", f"{self.host}:{remote}/")
            return
        unpack = f"mkdir -p {shlex.quote(remote)} && tar -C {shlex.quote(remote)} -xf -"
        with subprocess.Popen(["tar", "-C", str(folder), "-chf", "-", "."], stdout=subprocess.PIPE) as packing:
            ended = subprocess.run(self.command(unpack), stdin=packing.stdout, capture_output=True, check=False)
        self._check(ended.returncode, ended.stderr)

    def fetch(self, remote: str, folder: Path, left: Sequence[str], most: Most, *, rsync: bool) -> None:
        """Copy the files of a folder there, no links, into one here, without the names that are left out.

        Raises:
            LineBroken: the line broke.
            TargetProblem: it cannot be read there, has more than it may have, or more than there is space for here.
        """
        folder.mkdir(exist_ok=True)
        if most.bytes > (free := shutil.disk_usage(folder).free):
            raise TargetProblem(
                f"The results on {self.name} have {most.bytes / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free here.",
                "Free some space, then resume the run: its results are there.",
            )
        try:
            if rsync:
                self._fetch_by_rsync(remote, folder, left, most)
            else:
                self._fetch_by_tar(remote, folder, left, most)
        except (_Full, OSError) as error:  # what is written is written here
            raise self._not_written(error) from error

    def _fetch_by_rsync(self, remote: str, folder: Path, left: Sequence[str], most: Most) -> None:
        excluded = [f"--exclude=/{name}" for name in left]
        options = ["-rt", "--no-links", "--partial", "--delete", *excluded]

        def watch() -> None:
            self._refuse_more(folder, most)

        try:
            self._rsync(options, f"{self.host}:{remote}/", f"{folder}/", watch, most.bytes)
        except TargetProblem:
            watch()  # it was ended where one file alone is too large
            raise
        watch()

    def _fetch_by_tar(self, remote: str, folder: Path, left: Sequence[str], most: Most) -> None:
        excluded = [f"--exclude=./{name}" for name in left]
        pack = shlex.join(["tar", "-C", remote, *excluded, "-cf", "-", "."])
        with (
            tempfile.TemporaryFile() as errors,
            # unbuffered: it is waited for at the pipe itself
            subprocess.Popen(self.command(pack), bufsize=0, stdout=subprocess.PIPE, stderr=errors) as packing,
        ):
            assert packing.stdout is not None
            archive, is_one = _Bounded(packing.stdout, most, self._endless, self._gone_quiet), True
            try:
                self._unpack(archive, folder, most)
            except (tarfile.TarError, ValueError, RecursionError):
                is_one = False
                if not archive.ended:  # else what sent it says why
                    packing.kill()
            except BaseException:
                packing.kill()
                raise
            packing.stdout.close()
            code = packing.wait()
            if not is_one and code <= 0:
                raise TargetProblem(f"{self.name} sends no archive of a run's files.", "Look at what answers there.")
            self._check(code, _read(errors))

    def _not_written(self, error: Exception) -> TargetProblem:
        """What it means that what a target sends cannot be written here."""
        if isinstance(error, _Full) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            return TargetProblem(
                f"The disk here is full: the results on {self.name} do not fit.",
                "Free some space, then resume the run: its results are there.",
            )
        what = getattr(error, "strerror", None) or error
        return TargetProblem(f"What {self.name} sends cannot be written: {what}.", "Look at what answers there.")

    def _unpack(self, archive: _Bounded, folder: Path, most: Most) -> None:
        """Write the files of an archive, and stop where it has more than it may: it can be made to have no end."""
        parts = size = 0

        def within_bounds(member: tarfile.TarInfo, place: str) -> tarfile.TarInfo | None:
            nonlocal parts, size
            parts, size = parts + 1, size + member.size  # of a file with holes the archive has less
            if parts > most.parts or size > most.bytes:
                raise self._endless()
            return _without_links(member, place)

        with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|") as unpacked:  # a stream is only read
            unpacked.extractall(folder, filter=within_bounds)

    def _refuse_more(self, folder: Path, most: Most) -> None:
        """See that what came so far is no more than it may be.

        Raises:
            TargetProblem: it is.
        """
        parts = size = 0
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):  # rsync gives a file its name when it is whole
                parts, size = parts + 1, size + (path.lstat().st_size if path.is_file() else 0)
            if parts > most.parts or size > most.bytes:
                raise self._endless()

    def _gone_quiet(self) -> LineBroken:
        return LineBroken(f"{self.name} sent nothing for {QUIET_SECONDS:.0f} s.", "Try again.")

    def _endless(self) -> TargetProblem:
        return TargetProblem(f"{self.name} sends more than the results that it named.", "Look at what answers there.")

    def _rsync(
        self,
        options: list[str],
        source: str,
        target: str,
        watch: Callable[[], None] = lambda: None,
        most_bytes: int | None = None,
    ) -> None:
        """Run rsync; `most_bytes`: no file that it writes can be much larger, which the system sees to."""
        limit = [] if most_bytes is None else ["sh", "-c", _LIMITED, str(most_bytes // 512 + 1)]
        quiet = f"--timeout={QUIET_SECONDS:.0f}"
        command = ["rsync", quiet, *options, "-e", shlex.join(_ssh()), "--", source, target]
        self._checked([*limit, *command], "", None, watch)

    def _checked(
        self, command: list[str], text: str, seconds: float | None, watch: Callable[[], None] = lambda: None
    ) -> str:
        """What a command says, kept in a file: one that talks without end does not fill the memory.

        Args:
            watch: called a few times a second.
        """
        with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as errors:
            return self._heard(command, text, seconds, (answer, errors), watch)

    def _heard(
        self,
        command: list[str],
        text: str,
        seconds: float | None,
        outputs: tuple[IO[bytes], IO[bytes]],
        watch: Callable[[], None],
    ) -> str:
        answer, errors = outputs
        try:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=answer, stderr=errors)
        except FileNotFoundError as error:
            raise MissingTool(f"There is no {command[0]} on this machine.", "Install OpenSSH's client.") from error
        with child:
            try:
                self._wait(child, text.encode(), outputs, seconds, watch)
            finally:
                child.kill()
        self._check(child.returncode, _read(errors))
        return _read(answer).decode(errors="replace")

    def _wait(
        self,
        child: "subprocess.Popen[bytes]",
        text: bytes,
        outputs: Sequence[IO[bytes]],
        seconds: float | None,
        watch: Callable[[], None],
    ) -> None:
        """Hand a text to a process and wait for its end, however much it says."""
        until = None if seconds is None else time.monotonic() + seconds
        given: bytes | None = text
        while True:
            try:
                child.communicate(given, timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired as error:
                given = None  # it is being handed over
                watch()
                if any(os.fstat(file.fileno()).st_size > MOST_BYTES for file in outputs):
                    raise TargetProblem(f"{self.name} answers without end.", NO_CHATTER) from error
                if until is not None and time.monotonic() > until:
                    raise LineBroken(f"{self.name} did not answer for {seconds:.0f} s.", "Try again.") from error
            else:
                return

    def _check(self, code: int, errors: bytes) -> None:
        """Raise what the errors of ssh, rsync or the command there mean."""
        if not code:
            return
        text = errors.decode(errors="replace").strip()
        lines = [line for line in text.splitlines() if not line.startswith("rsync error:")]  # its cause stands above it
        if code in _FILES:  # and the cause above what the other end says of it
            lines = [line for line in lines if not _UNREACHABLE.search(line)] or lines
        last = lines[-1][:300] if lines else f"exit code {code}"
        if "Permission denied" in text and "publickey" in text:
            raise TargetProblem(
                f"{self.name} refuses the key: {last}",
                f"`ssh {self.host}` must work without a password: ssh-copy-id {self.host}, or ssh-add your key.",
            )
        if "Host key verification failed" in text or "REMOTE HOST IDENTIFICATION" in text:
            raise TargetProblem(
                f"The host key of {self.name} is not known, or changed.",
                f"Connect once by hand and look at the key: ssh {self.host}",
            )
        if code not in _FILES and _UNREACHABLE.search(text):
            raise LineBroken(
                f"{self.name} ({self.host}) cannot be reached: {last}",
                f"Is it on, and its name right? ssh {self.host}",
            )
        if "No space left" in text or "Disk quota" in text:
            raise _Full(
                f"The disk of {self.name} is full.", f"Free some space there, in {self.path}, then resume the run."
            )
        raise TargetProblem(f"{self.name}: {last}", "`workbench doctor-env --on` says what is missing there.")


def line_to(target: Target) -> Line:
    """The line to a target.

    Raises:
        ConfigProblem: its address cannot be read.
    """
    match = _ADDRESS.fullmatch(target.address)
    if match is None:
        raise ConfigProblem(
            f"{target.address[:100]!r} is no address of a target.",
            "Write ssh:user@host or ssh:user@host:path, or a name of [targets] in workbench.toml.",
        )
    path = (match["path"] or DEFAULT_PATH).removeprefix("~/").rstrip("/") or "/"
    return Line(target.name or match["host"], match["host"], path)


def _without_links(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """A file or a folder of an archive that stays in the folder it is unpacked in; None for what is neither."""
    return tarfile.data_filter(member, folder) if member.isreg() or member.isdir() else None


def _read(output: IO[bytes]) -> bytes:
    output.seek(0)
    return output.read(MOST_BYTES)


def _ssh() -> list[str]:
    return [*shlex.split(os.environ.get("WORKBENCH_SSH", "ssh")), *_OPTIONS]
