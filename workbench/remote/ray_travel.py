"""Carries a run out on nodes of a Ray cluster that do not see the workspace: it travels through Ray's object store.

The run's folder goes there, its events and checkpoints come back while it trains, its results at the end, verified
before its last event is written. A run whose node is lost is sent again, to another, with its last checkpoint. Of the
processes that train one run each has a folder of its own, and what the first makes comes back.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import disk_usage, rmtree
from typing import Any, NamedTuple

from storage import events, locks
from storage.files import digest_of, draft_folder, sync_tree
from workbench import __version__
from workbench.remote import agent, answers, results, sending
from workbench.remote.line import TargetProblem
from workbench.remote.ray_node import BASE, Heard, Node, lay, pieces
from workbench.runs import machine
from workbench.runs.state import RunFolder
from workbench.settings import Target

LOOK_SECONDS = 0.3
END_SECONDS = 20.0
"""So long is tried to end a run there; then its process is killed, and its folder is left to the next run. So long the
first process of a run is waited for where another has failed."""
_SPARE_BYTES = 200e6
_ARRIVING = ".arriving"
_MOST_NAMED = 100  # characters of what a node says of itself


class Unwanted(Exception):
    """It was stopped or killed before it had begun."""


class Parcel(NamedTuple):
    """Files that go to several nodes at different times: they are in Ray's object store, in pieces."""

    pieces: Sequence[Any] = ()
    digests: Mapping[str, str] = {}


def packed(ray: Any, files: Mapping[str, Path]) -> Parcel:
    """Put files in Ray's object store."""
    return Parcel([ray.put(piece) for piece in pieces(files.items())], _digests(files))


def carry_out(
    ray: Any, target: Target, folder: RunFolder, threads: int, gpus: float, processes: int, tries: int
) -> None:
    """Have a run carried out on some node, or on several, and wait for its end.

    Args:
        ray: connected.
        target: the cluster.
        folder: of the run.
        threads: that each of its processes may use.
        gpus: that each gets.
        processes: that train it together.
        tries: nodes that may be lost under it.

    Raises:
        TargetProblem: no node could carry it out.
        InputProblem: what came back is no run's result.
    """
    with events.EventWriter(folder.events) as writer:
        for number in range(tries + 1):
            try:
                with nodes(ray, processes, threads, gpus) as there:
                    Journey(ray, target, folder, writer, there).go(threads)
                return
            except Unwanted:
                folder.killed.touch()
                return
            except ray.exceptions.RayActorError as error:
                if number == tries:
                    raise lost(target, number + 1, "Resume the run: it goes on from its last checkpoint.") from error
                writer.write("note", message="The run's node was lost: it is begun again on another.")


def lost(target: Target, number: int, remedy: str) -> TargetProblem:
    """So many nodes of a cluster were lost under what they did."""
    return TargetProblem(f"{number} nodes of {target.name or target.address} were lost under the run.", remedy)


@contextmanager
def nodes(ray: Any, count: int, threads: int, gpus: float, *, reads: bool = False) -> Iterator[list[Any]]:
    """Places on nodes, all of them or none, as actors; what was begun there is ended with the block."""
    group, options = None, [dict[str, Any]() for _ in range(count)]
    if count > 1:
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        group = ray.util.placement_group([{"CPU": threads} | ({"GPU": gpus} if gpus else {})] * count)
        for number, option in enumerate(options):
            option["scheduling_strategy"] = PlacementGroupSchedulingStrategy(group, number)
    kind = ray.remote(num_cpus=threads, num_gpus=gpus)(Node)
    there = [kind.options(**option).remote(reads) for option in options]
    placed = [node.is_there.remote() for node in there]
    try:
        yield there
    finally:
        for node, answer in zip(there, placed, strict=True):
            if ray.wait([answer], timeout=0)[0]:
                with suppress(ray.exceptions.RayError):  # it is lost
                    ray.get(node.end.remote(), timeout=END_SECONDS)
            ray.kill(node)
        if group is not None:
            ray.util.remove_placement_group(group)


def _digests(files: Mapping[str, Path]) -> dict[str, str]:
    return {name: digest_of(path) for name, path in files.items()}


class Journey:
    """A run on a node, or on several that train it together.

    Args:
        ray, target, folder: as of `carry_out`.
        writer: of the run's events here.
        nodes: with a place for it; what the first one makes comes back.
        base: its model, packed, or nothing where the node has it from the one before; None: the model goes as
            everything does.
        instead: files that go in place of its own, or besides.
    """

    def __init__(
        self,
        ray: Any,
        target: Target,
        folder: RunFolder,
        writer: events.EventWriter,
        nodes: Sequence[Any],
        base: Parcel | None = None,
        instead: Mapping[str, Path] | None = None,
    ) -> None:
        self._ray, self._folder, self._writer = ray, folder, writer
        self._name = target.name or target.address
        self._nodes, self._base, self._instead = nodes, base, instead or {}
        self._lock: int | None = None
        self._is_started = False
        self._heard = 0  # letters of events and log
        self._one_failed = 0.0  # when one of several was first seen to have failed

    def go(self, threads: int) -> None:
        """Send the run, follow it, and bring it back.

        Raises:
            Unwanted: it was ended before it had begun.
            TargetProblem, InputProblem: as of `carry_out`.
            RayActorError: its node was lost.
        """
        try:
            self._send(threads)
            finished = self._follow()
            if finished is not None:
                self._fetch_results()
                self._leave_checkpoints(self._ask(self._nodes[0].checkpoints.remote()))
                self._writer.write(finished.pop("type"), **finished)
        finally:
            if self._lock is not None:
                os.close(self._lock)

    def _ask(self, task: Any) -> Any:
        """What a node answers; it is waited for as long as there is no place for the run."""
        folder = self._folder
        while not self._ray.wait([task], timeout=LOOK_SECONDS)[0]:
            if folder.killed.exists():
                if not self._is_started or time.time() - folder.killed.stat().st_mtime > END_SECONDS:
                    raise Unwanted
            elif folder.stop.exists() and not self._is_started:
                raise Unwanted
        return self._ray.get(task)

    def _ask_all(self, method: str, *arguments: Any) -> list[Any]:
        """What every node answers, the first one's first."""
        tasks = [getattr(node, method).remote(*arguments) for node in self._nodes]
        return [self._ask(task) for task in tasks]

    def _send(self, threads: int) -> None:
        """Send the run's folder with the checkpoints that it has, and start it there.

        Raises:
            TargetProblem: it does not fit there, did not come whole, or has another version of the program.
        """
        greetings = self._ask_all("begin")
        for version, _, _ in greetings:
            if version != __version__:
                raise TargetProblem(
                    f"A node of {self._name} has version {str(version)[:_MOST_NAMED]}, here is {__version__}.",
                    "Have the same version of the program on every node.",
                )
        place = greetings[0][1]
        with sending.staged(self._folder, place) as (_, files):
            kept = agent.files_of(self._folder.checkpoints) if self._folder.checkpoints.is_dir() else ()
            files |= {f"checkpoints/{name}": path for name, path in kept if not name.startswith(_ARRIVING)}
            files[self._folder.events.name] = self._folder.events
            files |= self._instead
            if self._base is not None:
                files = {name: path for name, path in files.items() if not name.startswith(f"{BASE}/")}
                for piece in self._base.pieces:
                    self._ask_all("take", piece)
            size = self._fitting(files, min(free for _, _, free in greetings))
            digests = {**_digests(files), **(self._base.digests if self._base else {})}
            for piece in pieces(files.items()):
                self._ask_all("take", self._ray.put(piece) if len(self._nodes) > 1 else piece)
        self._start(digests, [place for _, place, _ in greetings], threads)
        self._writer.write(
            "note",
            message=f"The nodes of {self._name} do not see the workspace's folder: {max(0.1, size / 1e6):,.1f} MB went "
            "there through Ray's object store.",
        )

    def _fitting(self, files: Mapping[str, Path], free: float) -> int:
        """The bytes of files that go to each node.

        Raises:
            TargetProblem: there is no space for them.
        """
        size = sum(path.stat().st_size for path in files.values())
        if size + _SPARE_BYTES > free:
            raise TargetProblem(
                f"The run has {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free on a node of {self._name}.",
                "Free some space there, in its folder for temporary files.",
            )
        return size

    def _start(self, digests: dict[str, str], places: Sequence[str], threads: int) -> None:
        """Start a worker on each node, the first of them last: it writes what is followed.

        Raises:
            TargetProblem: something did not come whole.
        """
        shared: dict[str, Any] = {}
        if len(self._nodes) > 1:
            host, port = self._ask(self._nodes[0].address.remote())
            shared = {
                "WORLD_SIZE": len(self._nodes), "MASTER_ADDR": host, "MASTER_PORT": port,
                "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1, machine.SEPARATE: 1,
            }  # fmt: skip
        for rank, (node, place) in reversed(list(enumerate(zip(self._nodes, places, strict=True)))):
            wanted = digests
            if rank:  # its request names what lies on its own disk
                with sending.staged(self._folder, place) as (laid, _):
                    own = {self._folder.request.name: laid / self._folder.request.name}
                    wanted = digests | _digests(own)
                    self._ask(node.take.remote(next(pieces(own.items()))))
            variables = {name: str(value) for name, value in {**shared, "RANK": rank}.items()} if shared else {}
            if wrong := self._ask(node.start.remote(wanted, threads, variables)):
                raise TargetProblem(
                    f"{', '.join(wrong[:3])} did not come whole to a node of {self._name}.", "Resume the run."
                )

    def _follow(self) -> dict[str, Any] | None:
        """Write what happens there into the folder here until the run has ended; its event `finished`, unwritten."""
        self._is_started = True
        folder, finished = self._folder, None
        while True:
            marks = {"stop": folder.stop, "pause": folder.pause, "kill": folder.killed}
            everything: list[Heard] = self._ask_all("hear", {wish: mark.exists() for wish, mark in marks.items()})
            heard = everything[0]
            self._refuse_endless(sum(len(text) for each in everything for text in (each.log, *each.events)))
            if heard.training and self._lock is None:
                self._lock = locks.acquire(folder.lock)
            for event in filter(None, map(answers.event, heard.events)):
                if event["type"] == "finished":
                    finished = event
                    continue
                if event["type"] == "saved":
                    self._fetch_checkpoint(Path(str(event.get("path"))).name)
                self._writer.write(event.pop("type"), **event)
            if text := "".join(each.log for each in everything):
                with folder.log.open("a", encoding="utf-8", errors="replace") as log:
                    log.write(text)
            if heard.ended:
                return finished
            if any(each.failed for each in everything) and self._is_left():
                return None
            time.sleep(LOOK_SECONDS)

    def _refuse_endless(self, size: int) -> None:
        """See that what came from there so far is what a run says, and does not fill the disk here.

        Raises:
            TargetProblem: it is more.
        """
        self._heard += size
        if self._heard > answers.MOST_HEARD_BYTES:
            raise TargetProblem(f"{self._name} sends events or log without end.", "Look at what answers there.")

    def _is_left(self) -> bool:
        """Whether the first process waits too long for another that has failed."""
        self._one_failed = self._one_failed or time.monotonic()
        return time.monotonic() - self._one_failed > END_SECONDS

    def _fetch_checkpoint(self, name: str) -> None:
        """Have a checkpoint here, so that the run can go on from it; those that are deleted there are deleted here.

        What each of several processes kept of its own is in one folder here.
        """
        there = self._ask(self._nodes[0].checkpoints.remote())
        if name in there:
            self._folder.checkpoints.mkdir(exist_ok=True)
            with draft_folder(self._folder.checkpoints, _ARRIVING) as draft:
                arrived, digests = draft / name, dict[str, str]()
                for node in self._nodes:
                    digests |= self._fetch(node, f"checkpoints/{name}", tuple(digests), arrived)
                if digests and digests == {file: digest_of(path) for file, path in agent.files_of(arrived)}:
                    sync_tree(arrived, arrived / "-")
                    place = self._folder.checkpoints / name
                    rmtree(place, ignore_errors=True)
                    arrived.rename(place)
        if there:  # else the last one here is all that the run can go on from
            self._leave_checkpoints(there)

    def _leave_checkpoints(self, names: Sequence[str]) -> None:
        """Delete the checkpoints here that are not there any more; while none of those there is here, all stay."""
        here = {path.name: path for path in self._folder.checkpoints.glob("checkpoint-*")}
        if not names or here.keys() & set(names):
            for name in here.keys() - set(names):
                rmtree(here[name], ignore_errors=True)
        with suppress(OSError):  # there are some left
            self._folder.checkpoints.rmdir()

    def _fetch(self, node: Any, part: str, left: Sequence[str], place: Path) -> dict[str, str]:
        """Bring a folder of the run's here; file -> digest, as the node says.

        Raises:
            TargetProblem: it sends something else.
        """
        place.mkdir(exist_ok=True)
        digests: dict[str, str] = self._ask(node.offer.remote(part, left))
        space = disk_usage(place).free - _SPARE_BYTES
        while (piece := self._ask(node.give.remote())) is not None:
            try:
                space -= sum(len(content) for _, _, content in piece)
                if space < 0:
                    raise TargetProblem(
                        f"{self._name} sends more than there is space for here.",
                        "Free some space, then resume the run.",
                    )
                lay(place, piece)
            except (ValueError, TypeError, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                raise TargetProblem(
                    f"{self._name} sends what is no file of a run ({str(error)[:_MOST_NAMED]}).",
                    "Look at what answers there.",
                ) from error
        return digests

    def _fetch_results(self) -> None:
        """Put what the run made into the folder here: verified before anything is put in its place.

        Raises:
            TargetProblem, InputProblem: it did not come whole, or is none that a run makes.
        """
        arrived = self._folder.path / results.ARRIVED
        rmtree(arrived, ignore_errors=True)  # of a fetching that was killed
        try:
            digests = self._fetch(self._nodes[0], "", agent.STAYS, arrived)
        except TargetProblem:
            rmtree(arrived, ignore_errors=True)
            raise
        results.put_in_place(self._folder, arrived, digests, self._name)
