"""On a node of a Ray cluster that does not see the workspace: a run's folder on the node's own disk, and its worker.

Files come and go through Ray's object store, in pieces: one piece is in memory at a time. The folder is deleted when
the run is taken back, and where the node's process is killed by the next run that comes to the node; the worker ends
with that process. Blocks of documents come one after the other to the same folder, where the model stays.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from storage import locks
from storage.files import digest_of, stays_inside, sweep_temporary, temporary_folder
from workbench import __version__
from workbench.remote import agent
from workbench.runs import machine
from workbench.runs.state import RunFolder
from workbench.warm_workers import Worker

PIECE_BYTES = 16 << 20
BASE = "base"
"""The folder in a run's that its model, or its base, is sent in."""

Piece = list[tuple[str, int, bytes]]
"""Parts of files: (path within the folder, byte at which the part begins, content)."""


class Heard(NamedTuple):
    """What a run said since it was last asked."""

    events: list[str]
    log: str
    training: bool
    ended: bool
    failed: bool


def pieces(files: Iterable[tuple[str, Path]]) -> Iterator[Piece]:
    """The content of files, large ones in parts and small ones together."""
    piece, size = Piece(), 0
    for name, path in files:
        with path.open("rb") as file:
            at, is_whole = 0, False
            while not is_whole:
                content = file.read(PIECE_BYTES - size)
                is_whole = size + len(content) < PIECE_BYTES
                piece.append((name, at, content))
                at, size = at + len(content), size + len(content)
                if not is_whole:
                    yield piece
                    piece, size = [], 0
    if piece:
        yield piece


def lay(folder: Path, piece: Piece) -> None:
    """Write parts of files into a folder.

    Raises:
        ValueError: a path leads out of it, or a part does not begin where the one before it ended.
    """
    for name, at, content in piece:
        if not stays_inside(name):
            raise ValueError(f"{name} is no path within a run's folder")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if at and (not path.is_file() or at != path.stat().st_size):
            raise ValueError(f"a part of {name} is missing")
        with path.open("r+b" if at else "wb") as file:
            file.seek(at)
            file.write(content)


class Node:
    """One run on a node, or one block after the other; its methods are called one after the other.

    Args:
        reads: it is for blocks: the model libraries are loaded once.
    """

    def __init__(self, reads: bool = False) -> None:
        sweep_temporary()
        self._disk = ExitStack()
        self._folder = RunFolder(self._disk.enter_context(temporary_folder("ray")) / "run")
        self._folder.path.mkdir()
        self._child: Worker | None = None
        self._events_at = self._log_at = 0
        self._given: Iterator[Piece] = iter(())
        if reads:
            machine.warm_up()

    def is_there(self) -> bool:
        """An answer, once there is a place for the run."""
        return True

    def begin(self) -> tuple[str, str, float]:
        """Have the folder empty, but for a model that came before.

        Returns:
            The version of the program here, the run's folder, and the bytes that are free there.
        """
        self._end_worker()
        for path in self._folder.path.iterdir():
            if path.name != BASE:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._events_at = self._log_at = 0
        return __version__, str(self._folder.path), shutil.disk_usage(tempfile.gettempdir()).free

    def address(self) -> tuple[str, int]:
        """Where the other processes of a run find this one: the node's address, and a port that is free."""
        from ray.util import get_node_ip_address

        return get_node_ip_address(), machine.free_port()

    def take(self, piece: Piece) -> None:
        """Take parts of files."""
        lay(self._folder.path, piece)

    def start(self, digests: Mapping[str, str], threads: int, variables: Mapping[str, str]) -> list[str]:
        """Start the worker, once every file is whole; the files that are not.

        Args:
            digests: of the files.
            threads: that it may use.
            variables: of its environment.
        """
        folder = self._folder
        wrong = [name for name, digest in digests.items() if not self._is(name, digest)]
        if wrong:
            return wrong
        self._events_at = folder.events.stat().st_size if folder.events.exists() else 0
        os.environ.update(variables)
        with folder.log.open("ab") as log:
            self._child = machine.start(
                machine.WORKER, str(folder.path), cwd=folder.path, output=log, errors=log, threads=threads, tied=True
            )
        return []

    def _is(self, name: str, digest: str) -> bool:
        path = self._folder.path / name
        return path.is_file() and digest_of(path) == digest

    def hear(self, wishes: Mapping[str, bool]) -> Heard:
        """Obey what is asked of the run, and say what happened since the last call.

        Args:
            wishes: whether it is to "stop", "pause", "kill".
        """
        folder, child = self._folder, self._child
        assert child is not None
        if wishes["kill"]:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        for mark, wish in ((folder.stop, wishes["stop"]), (folder.pause, wishes["pause"] and not wishes["stop"])):
            mark.touch() if wish else mark.unlink(missing_ok=True)
        code = child.poll()  # asked before the events are read, so that no last one is missed
        lines, self._events_at = agent.new_lines(folder.events, self._events_at)
        log, self._log_at = agent.new_text(folder.log, self._log_at)
        return Heard([line for _, line in lines], log, locks.held(folder.lock), code is not None, bool(code))

    def checkpoints(self) -> list[str]:
        """The names of those that are here."""
        return [path.name for path in self._folder.checkpoints.glob("checkpoint-*")]

    def offer(self, part: str, left: Sequence[str] = ()) -> dict[str, str]:
        """File -> digest of what is in the run's folder, or in a folder in it; `give` gives the content.

        Args:
            part: the folder; "" for the run's.
            left: names right inside it, or paths within it, that are passed over.
        """
        files = [
            (name, path) for name, path in agent.files_of(self._folder.path / part, tuple(left)) if name not in left
        ]
        self._given = pieces(files)
        with suppress(FileNotFoundError):  # a checkpoint that is just being deleted
            return {name: digest_of(path) for name, path in files}
        return {}

    def give(self) -> Piece | None:
        """The next parts of what was offered; None at its end."""
        with suppress(FileNotFoundError):
            return next(self._given, None)
        return None

    def end(self) -> None:
        """End the worker, and delete the folder."""
        self._end_worker()
        self._disk.close()

    def _end_worker(self) -> None:
        if self._child is not None and self._child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
