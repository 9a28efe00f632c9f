"""On a node of a Ray cluster that does not see the workspace: a run's folder on the node's own disk, and its worker.

Files come and go through Ray's object store, in pieces: one piece is in memory at a time. The folder is deleted when
the run is taken back, and where the node's process is killed by the next run that comes to the node; the worker ends
with that process.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from shutil import disk_usage
from typing import NamedTuple

from storage import locks
from storage.files import digest_of, stays_inside, sweep_temporary, temporary_folder
from workbench import __version__, lifeline
from workbench.remote import agent
from workbench.runs import machine
from workbench.runs.state import RunFolder

PIECE_BYTES = 16 << 20

Piece = list[tuple[str, int, bytes]]
"""Parts of files: (path within the folder, byte at which the part begins, content)."""


class Heard(NamedTuple):
    """What a run said since it was last asked."""

    events: list[str]
    log: str
    training: bool
    ended: bool


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
        ValueError: a path leads out of it.
    """
    for name, at, content in piece:
        if not stays_inside(name):
            raise ValueError(f"{name} is no path within a run's folder")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if at else "wb") as file:
            file.seek(at)
            file.write(content)


class Node:
    """One run on a node; its methods are called one after the other."""

    def __init__(self) -> None:
        sweep_temporary()
        self._disk = ExitStack()
        self._folder = RunFolder(self._disk.enter_context(temporary_folder("ray")) / "run")
        self._folder.path.mkdir()
        self._child: subprocess.Popen[bytes] | None = None
        self._events_at = self._log_at = 0
        self._given: Iterator[Piece] = iter(())

    def begin(self) -> tuple[str, str, float]:
        """The version of the program here, the run's folder, and the bytes that are free there."""
        return __version__, str(self._folder.path), disk_usage(tempfile.gettempdir()).free

    def take(self, piece: Piece) -> None:
        """Take parts of files."""
        lay(self._folder.path, piece)

    def start(self, digests: Mapping[str, str], threads: int) -> list[str]:
        """Start the worker, once every file is whole; the files that are not."""
        folder = self._folder
        wrong = [name for name, digest in digests.items() if not self._is(name, digest)]
        if wrong:
            return wrong
        self._events_at = folder.events.stat().st_size if folder.events.exists() else 0
        with folder.log.open("ab") as log:
            self._child = lifeline.start(
                machine.python(machine.WORKER, str(folder.path)), cwd=folder.path, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=machine.worker_environment(threads), start_new_session=True,
            )  # fmt: skip
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
        ended = child.poll() is not None  # asked before the events are read, so that no last one is missed
        lines, self._events_at = agent.new_lines(folder.events, self._events_at)
        log, self._log_at = agent.new_text(folder.log, self._log_at)
        return Heard([line for _, line in lines], log, locks.held(folder.lock), ended)

    def checkpoints(self) -> list[str]:
        """The names of those that are here."""
        return [path.name for path in self._folder.checkpoints.glob("checkpoint-*")]

    def offer(self, part: str, left: Sequence[str] = ()) -> dict[str, str]:
        """File -> digest of what is in the run's folder, or in a folder in it; `give` gives the content.

        Args:
            part: the folder; "" for the run's.
            left: names right inside it that are passed over.
        """
        files = list(agent.files_of(self._folder.path / part, tuple(left)))
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
        if self._child is not None and self._child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        self._disk.close()
