"""Carries a run out on a node of a Ray cluster that does not see the workspace: it travels through Ray's object store.

The run's folder goes there, its events and checkpoints come back while it trains, its results at the end, verified
before its last event is written. A run whose node is lost is sent again, to another, with its last checkpoint.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

from storage import events, locks
from storage.files import digest_of, draft_folder, sync_tree
from workbench import __version__
from workbench.remote import agent, answers, results, sending
from workbench.remote.line import TargetProblem
from workbench.remote.ray_node import Heard, Node, lay, pieces
from workbench.runs.state import RunFolder
from workbench.settings import Target

LOOK_SECONDS = 0.3
END_SECONDS = 20.0
"""So long is tried to end a run there; then its process is killed, and its folder is left to the next run."""
_SPARE_BYTES = 200e6
_ARRIVING = ".arriving"


class _Unwanted(Exception):
    """It was stopped or killed before it had begun."""


def carry_out(ray: Any, target: Target, folder: RunFolder, threads: int, gpus: int, tries: int) -> None:
    """Have a run carried out on some node, and wait for its end.

    Args:
        ray: connected.
        target: the cluster.
        folder: of the run.
        threads: that it may use.
        gpus: that it gets.
        tries: nodes that may be lost under it.

    Raises:
        TargetProblem: no node could carry it out.
        InputProblem: what came back is no run's result.
    """
    with events.EventWriter(folder.events) as writer:
        for number in range(tries + 1):
            try:
                _Journey(ray, target, folder, writer).go(threads, gpus)
                return
            except _Unwanted:
                folder.killed.touch()
                return
            except ray.exceptions.RayActorError as error:
                if number == tries:
                    raise TargetProblem(
                        f"{tries + 1} nodes of {target.name or target.address} were lost under the run.",
                        "Resume the run: it goes on from its last checkpoint.",
                    ) from error
                writer.write("note", message="The run's node was lost: it is begun again on another.")


class _Journey:
    """A run on one node.

    Args:
        ray, target, folder: as of `carry_out`.
        writer: of the run's events here.
    """

    def __init__(self, ray: Any, target: Target, folder: RunFolder, writer: events.EventWriter) -> None:
        self._ray, self._folder, self._writer = ray, folder, writer
        self._name = target.name or target.address
        self._node: Any = None
        self._lock: int | None = None
        self._is_there = self._is_started = False

    def go(self, threads: int, gpus: int) -> None:
        """Send the run, follow it, and bring it back."""
        self._node = self._ray.remote(num_cpus=threads, num_gpus=gpus)(Node).remote()
        try:
            self._send(threads)
            finished = self._follow()
            if finished is not None:
                self._fetch_results()
                self._leave_checkpoints(self._ask(self._node.checkpoints.remote()))
                self._writer.write(finished.pop("type"), **finished)
        finally:
            if self._is_there:
                with suppress(self._ray.exceptions.RayError):  # it is lost
                    self._ray.get(self._node.end.remote(), timeout=END_SECONDS)
            self._ray.kill(self._node)
            if self._lock is not None:
                os.close(self._lock)

    def _ask(self, task: Any) -> Any:
        """What the node answers; it is waited for as long as there is no place for the run."""
        folder = self._folder
        while not self._ray.wait([task], timeout=LOOK_SECONDS)[0]:
            if folder.killed.exists():
                if not self._is_started or time.time() - folder.killed.stat().st_mtime > END_SECONDS:
                    raise _Unwanted
            elif folder.stop.exists() and not self._is_started:
                raise _Unwanted
        return self._ray.get(task)

    def _send(self, threads: int) -> None:
        """Send the run's folder with the checkpoints that it has, and start it there.

        Raises:
            TargetProblem: it does not fit there, did not come whole, or has another version of the program.
        """
        version, place, free = self._ask(self._node.begin.remote())
        self._is_there = True
        if version != __version__:
            raise TargetProblem(
                f"A node of {self._name} has version {version}, here is {__version__}.",
                "Have the same version of the program on every node.",
            )
        with sending.staged(self._folder, place) as (_, files):
            kept = agent.files_of(self._folder.checkpoints) if self._folder.checkpoints.is_dir() else ()
            files |= {f"checkpoints/{name}": path for name, path in kept if not name.startswith(_ARRIVING)}
            files[self._folder.events.name] = self._folder.events
            size = sum(path.stat().st_size for path in files.values())
            if size + _SPARE_BYTES > free:
                raise TargetProblem(
                    f"The run has {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free on a node of {self._name}.",
                    "Free some space there, in its folder for temporary files.",
                )
            digests = {name: digest_of(path) for name, path in files.items()}
            for piece in pieces(files.items()):
                self._ask(self._node.take.remote(piece))
        if wrong := self._ask(self._node.start.remote(digests, threads)):
            raise TargetProblem(f"{', '.join(wrong[:3])} did not come whole to a node of {self._name}.",
                                "Resume the run.")  # fmt: skip
        self._writer.write(
            "note",
            message=f"The nodes of {self._name} do not see the workspace's folder: {max(0.1, size / 1e6):,.1f} MB went "
            "there through Ray's object store.",
        )

    def _follow(self) -> dict[str, Any] | None:
        """Write what happens there into the folder here until the run has ended; its event `finished`, unwritten."""
        self._is_started = True
        folder, finished = self._folder, None
        while True:
            marks = {"stop": folder.stop, "pause": folder.pause, "kill": folder.killed}
            heard: Heard = self._ask(self._node.hear.remote({wish: mark.exists() for wish, mark in marks.items()}))
            if heard.training and self._lock is None:
                self._lock = locks.acquire(folder.lock)
            for event in filter(None, map(answers.event, heard.events)):
                if event["type"] == "finished":
                    finished = event
                    continue
                if event["type"] == "saved":
                    self._fetch_checkpoint(Path(str(event.get("path"))).name)
                self._writer.write(event.pop("type"), **event)
            if heard.log:
                with folder.log.open("a", encoding="utf-8") as log:
                    log.write(heard.log)
            if heard.ended:
                return finished
            time.sleep(LOOK_SECONDS)

    def _fetch_checkpoint(self, name: str) -> None:
        """Have a checkpoint here, so that the run can go on from it; those that are deleted there are deleted here."""
        there = self._ask(self._node.checkpoints.remote())
        if name in there:
            self._folder.checkpoints.mkdir(exist_ok=True)
            with draft_folder(self._folder.checkpoints, _ARRIVING) as draft:
                arrived = draft / name
                digests = self._fetch(f"checkpoints/{name}", (), arrived)
                if digests and digests == {file: digest_of(path) for file, path in agent.files_of(arrived)}:
                    sync_tree(arrived, arrived / "-")
                    place = self._folder.checkpoints / name
                    rmtree(place, ignore_errors=True)
                    arrived.rename(place)
        self._leave_checkpoints(there)

    def _leave_checkpoints(self, names: Sequence[str]) -> None:
        """Delete the checkpoints here that are not there any more, but never the last one that is here."""
        here = {path.name: path for path in self._folder.checkpoints.glob("checkpoint-*")}
        if not names or here.keys() & set(names):
            for name in here.keys() - set(names):
                rmtree(here[name], ignore_errors=True)
        with suppress(OSError):  # there are some left
            self._folder.checkpoints.rmdir()

    def _fetch(self, part: str, left: Sequence[str], place: Path) -> dict[str, str]:
        """Bring a folder of the run's here; file -> digest, as the node says."""
        place.mkdir()
        digests: dict[str, str] = self._ask(self._node.offer.remote(part, left))
        while (piece := self._ask(self._node.give.remote())) is not None:
            lay(place, piece)
        return digests

    def _fetch_results(self) -> None:
        """Put what the run made into the folder here: verified before anything is put in its place.

        Raises:
            TargetProblem, InputProblem: it did not come whole, or is none that a run makes.
        """
        arrived = self._folder.path / ".results"
        rmtree(arrived, ignore_errors=True)  # of a fetching that was killed
        digests = self._fetch("", agent.STAYS, arrived)
        results.put_in_place(self._folder, arrived, digests, self._name)
