"""A real sshd on loopback, for another user where this one may make users, with its own keys and configuration."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT, leftovers, shared_libraries
from tests.support.ports import free_port
from tests.support.workspaces import until

USER = f"{leftovers.USERS}{os.getpid()}"
"""A user of this process alone: other tests may run at the same time on this machine."""


@dataclass(frozen=True)
class SshServer:
    """A server that runs: `ssh` names the program with its options, `host` what to connect to."""

    ssh: str
    host: str
    folder: Path
    home: Path
    python: str  # a Python that this user may run, with this program and its libraries
    warm_python: str  # the same, but runs begin with the libraries loaded
    user: str


@contextmanager
def running() -> Iterator[SshServer]:
    """Start one, or skip the test, saying why."""
    sshd, client = shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin"), shutil.which("ssh")
    if sshd is None or client is None:
        pytest.skip("there is no sshd here: apt-get install openssh-server rsync")
    with leftovers.folder("sshd") as folder:
        yield from _running_in(folder, sshd, client)


def _running_in(folder: Path, sshd: str, client: str) -> Iterator[SshServer]:
    user, home = _user(folder)
    server: subprocess.Popen[bytes] | None = None
    try:
        port = free_port()
        for name in ("host", "mine", "stranger"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        shutil.copy(folder / "mine.pub", folder / "authorized_keys")
        (folder / "authorized_keys").chmod(0o644)
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
        (folder / "sshd_config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nPidFile none\nLogLevel ERROR\nMaxStartups 100\n"
        )
        common = (
            f"  HostName 127.0.0.1\n  User {user}\n  IdentitiesOnly yes\n  StrictHostKeyChecking yes\n"
            "  KexAlgorithms curve25519-sha256\n"  # the default takes two thirds of a connection's time
        )
        known = f"  UserKnownHostsFile {folder}/known_hosts\n"
        (folder / "ssh_config").write_text(
            f"Host box\n{common}{known}  Port {port}\n  IdentityFile {folder}/mine\n"
            f"Host refused\n{common}{known}  Port {port}\n  IdentityFile {folder}/stranger\n"
            f"Host unknown\n{common}  UserKnownHostsFile /dev/null\n  Port {port}\n  IdentityFile {folder}/mine\n"
            f"Host gone\n{common}{known}  Port {free_port()}\n  IdentityFile {folder}/mine\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        server = subprocess.Popen(
            [sshd, "-D", "-e", "-f", str(folder / "sshd_config")],
            preexec_fn=leftovers.end_with_parent,  # noqa: PLW1509 - it calls the kernel, nothing else
        )
        ssh = f"{client} -F {folder}/ssh_config"
        _wait_for(port, server)
        python = _python(folder, ssh)
        with _warm(python, folder, ssh) as warm_python:
            yield SshServer(ssh, "box", folder, home, python, warm_python, user)
    finally:
        if server is not None:
            server.kill()
            server.wait()
        if user == USER:
            leftovers.delete_user(USER)


def _user(folder: Path) -> tuple[str, Path]:
    """Another user with a home of its own, where that can be made; else this one."""
    home = folder / "home"
    if os.getuid() == 0 and shutil.which("useradd"):
        made = ["useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/sh", "--password", "*", USER]
        subprocess.run(made, check=True, capture_output=True)
        return USER, home
    home.mkdir()
    return pwd.getpwuid(os.getuid()).pw_name, Path.home()


def _python(folder: Path, ssh: str) -> str:
    """A script that runs a Python which the other user may run, with this environment's libraries."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    libraries = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
    script = folder / "python"
    for interpreter in (os.path.realpath(sys.executable), f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        script.write_text(
            f'#!/bin/sh\nPYTHONPATH={":".join(libraries)} PYTHONDONTWRITEBYTECODE=1 exec {interpreter} "$@"\n'
        )
        script.chmod(0o755)
        # numpy is compiled for one version, as torch is, which takes two seconds to load
        tried = "import workbench, numpy, importlib.util as libraries; libraries.find_spec('torch').origin"
        answer = subprocess.run([*ssh.split(), "box", f'{script} -P -c "{tried}"'], capture_output=True, check=False)
        if answer.returncode == 0:
            return str(script)
    pytest.skip(f"the other user may not run a {version} with these libraries: {answer.stderr.decode()[-200:]}")


@contextmanager
def _warm(python: str, folder: Path, ssh: str) -> Iterator[str]:
    """A script that runs this Python with a way to a process that has the model libraries loaded."""
    way, script = folder / "home" / "libraries", folder / "warm-python"
    script.write_text(f'#!/bin/sh\nexec {python} -S {shared_libraries.__file__} {way} {python} "$@"\n')
    script.chmod(0o755)
    loading = [*ssh.split(), "box", f"{python} -P -m {shared_libraries.__name__} {way}"]
    with subprocess.Popen(loading, stdin=subprocess.PIPE) as process:
        until(way.exists)
        yield str(script)
        process.kill()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.skip("sshd does not start here")
