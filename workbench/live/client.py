"""The terminal's side of the learner: it is started when labelling begins, and again where it was ended.

Nothing waits for it: what the annotate screen sends is handed over in a thread, only the latest counts, and without a
learner everything else works as it does with one.
"""

import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import BinaryIO, cast

from storage import locks
from workbench import lifeline
from workbench.live.messages import OTHER_LEARNER, Look, Note, read_all, write
from workbench.runs import machine
from workbench.workspace import Workspace

_REST = 60.0  # seconds until a learner is started again that ended by itself: libraries are missing, or a fault
_THREADS = 1
_COUNTED = 50  # documents whose keys are told: messages that a later one overtakes are never sent
_GOES_ON = "Suggestions by the model and the rules stay."


class LiveClient:
    """Sends a workspace's learner what is looked at.

    Args:
        workspace: open or not yet.

    Attributes:
        enabled: whether there is to be a learner at all, as in a real terminal; the workspace's setting decides, too.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.enabled = False
        self._workspace = workspace
        self._child: subprocess.Popen[bytes] | None = None
        self._failed_at = -_REST
        self._latest: Look | None = None
        self._open: int | None = None
        self._keys: dict[int, int] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._notes: deque[str] = deque()
        self._noted: set[str] = set()

    def look(self, document: int | None, following: Sequence[int]) -> None:
        """A document was opened: its suggestions stay as they are now, those of the following ones may change."""
        schema = self._workspace.schema
        if not self.enabled or not self._workspace.settings.learner or not (schema.spans or schema.classes):
            return
        self._open = document
        while len(self._keys) > _COUNTED:
            del self._keys[next(iter(self._keys))]
        with self._changed:
            self._latest = Look(document, list(following), dict(self._keys))
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver, name="learner", daemon=True)
            self._thread.start()

    def pressed(self) -> None:
        """A key was pressed on the document in view."""
        if self._open is not None:
            self._keys[self._open] = self._keys.get(self._open, 0) + 1

    def notes(self) -> list[str]:
        """What the learner has to say since the last time; each line once."""
        return [self._notes.popleft() for _ in range(len(self._notes))]

    def _note(self, text: str) -> None:
        if text not in self._noted:
            self._noted.add(text)
            self._notes.append(text)

    @property
    def process(self) -> int | None:
        """The id of the learner's process, where this terminal has started one."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def end(self) -> None:
        """End the learner; it would end with this process, too."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=5)
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def _deliver(self) -> None:
        """In a thread: hand over the latest that is to be known."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._latest is not None or self._ended)
                if self._ended:
                    return
                latest, self._latest = self._latest, None
            if latest is not None:
                with suppress(OSError):  # the learner was killed at this moment; the next document starts another
                    self._send(latest)

    def _send(self, latest: Look) -> None:
        child = self._child
        if child is None or child.poll() is not None:
            child = self._child = self._start(child)
        if child is not None and child.stdin is not None:
            write(cast(BinaryIO, child.stdin), latest)

    def _start(self, before: "subprocess.Popen[bytes] | None") -> "subprocess.Popen[bytes] | None":
        """Start the learner; None where another terminal has one, or the last one could not work."""
        files = self._workspace.files
        if before is not None and before.returncode >= 0:
            self._failed_at = monotonic()
            if before.returncode not in (0, OTHER_LEARNER):
                self._note(f"The learner ended; {files.features / 'log'} says why. {_GOES_ON}")
        if monotonic() - self._failed_at < _REST or locks.held(files.learner_lock):
            return None
        try:
            files.features.mkdir(exist_ok=True)
            with locks.open_own(files.features / "log", "wb") as log:
                child = lifeline.start(
                    machine.python(machine.LEARNER, str(files.root)),
                    env=_environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=files.root,
                    start_new_session=True,
                )
        except OSError as error:
            self._failed_at = monotonic()
            self._note(f"The learner cannot be started: {error.strerror}. {_GOES_ON}")
            return None
        threading.Thread(target=self._listen, args=(child.stdout,), name="notes", daemon=True).start()
        return child

    def _listen(self, stream: BinaryIO) -> None:
        """In a thread: what the learner says until it ends."""
        with stream, suppress(OSError):
            for note in read_all(stream, Note):
                self._note(note.text)


def _environment() -> dict[str, str]:
    """That of a process that computes, but free memory goes back to the system: it lives as long as the terminal."""
    environment = machine.worker_environment(_THREADS)
    kept = {name: value for name, value in environment.items() if not name.startswith("MALLOC_")}
    return kept | {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
