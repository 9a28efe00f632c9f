"""Documents that a model only reads, on nodes of a Ray cluster that do not see the workspace: blocks that travel.

As many readers as there is space for take a block each, as they are free. To each the model goes once, and by one copy
in Ray's object store; a block goes as a run does (`ray_travel`), and is scored here once its results are verified.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from storage import events
from workbench.remote import ray_blocks, ray_travel, sending
from workbench.remote.ray_node import BASE
from workbench.remote.ray_travel import Journey, Parcel
from workbench.runs.state import RunFolder
from workbench.settings import Target


def read(
    ray: Any,
    target: Target,
    blocks: Sequence[RunFolder],
    threads: int,
    gpus: float,
    readers: int,
    tries: int,
    is_unwanted: Callable[[], bool],
) -> bool:
    """Have blocks scored, but for those that are; False where that was ended before.

    Args:
        ray: connected.
        target: the cluster.
        blocks: of the documents.
        threads: of each reader.
        gpus: of each.
        readers: how many at most.
        tries: nodes that may be lost under each.
        is_unwanted: asked all the time: whether it is to be ended.

    Raises:
        TargetProblem: no node could read them.
        InputProblem: what came back are no results.
    """
    left = [block for block in blocks if not ray_blocks.is_scored(block)]
    if not left:
        return True
    with sending.staged(left[0], "") as (_, files):
        base = ray_travel.packed(ray, {name: path for name, path in files.items() if name.startswith(f"{BASE}/")})
    reading = _Reading(ray, target, left, threads, gpus, tries, base)
    is_wanted = True
    with reading.ended(), ThreadPoolExecutor(min(readers, len(left)), "reader") as pool:
        working = [pool.submit(reading.serve) for _ in range(min(readers, len(left)))]
        try:
            while is_wanted and wait(working, ray_travel.LOOK_SECONDS, FIRST_EXCEPTION).not_done:
                is_wanted = not (is_unwanted() or any(reader.done() and reader.exception() for reader in working))
        finally:
            if not all(reader.done() for reader in working):
                reading.end()
    for reader in working:
        reader.result()
    return is_wanted


class _Reading:
    """Blocks that readers take from one after the other.

    Args:
        ray, target, blocks, threads, gpus, tries: as of `read`.
        base: the model, packed; nothing for one that comes with the program.
    """

    def __init__(
        self, ray: Any, target: Target, blocks: Sequence[RunFolder], threads: int, gpus: float, tries: int, base: Parcel
    ) -> None:
        self._ray, self._target, self._threads, self._gpus, self._tries = ray, target, threads, gpus, tries
        self._base, self._blocks = base, blocks
        self._waiting = iter(blocks)
        self._taking = threading.Lock()
        self._is_ended = False

    def end(self) -> None:
        """Have no further block begun, and those that are read ended."""
        self._is_ended = True
        for block in self._blocks:
            block.killed.touch()

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Afterwards no block says that it was ended: the next reading goes on with them."""
        try:
            yield
        finally:
            for block in self._blocks:
                block.killed.unlink(missing_ok=True)

    def serve(self) -> None:
        """In a thread: one reader, and the next where its node is lost, until no block waits."""
        block: RunFolder | None = None
        for number in range(self._tries + 1):
            try:
                with ray_travel.nodes(self._ray, 1, self._threads, self._gpus, reads=True) as there:
                    base = self._base
                    while block := block or self._next():
                        self._read(block, there, base)
                        base, block = Parcel(), None
                return
            except ray_travel.Unwanted:
                return
            except self._ray.exceptions.RayActorError as error:
                if number == self._tries:
                    raise ray_travel.lost(self._target, number + 1, "Begin again: what was read is kept.") from error

    def _next(self) -> RunFolder | None:
        with self._taking:
            return None if self._is_ended else next(self._waiting, None)

    def _read(self, block: RunFolder, there: Sequence[Any], base: Parcel) -> None:
        with ray_blocks.with_pictures(block) as files, events.EventWriter(block.events) as writer:
            Journey(self._ray, self._target, block, writer, there, base, files).go(self._threads)
        if not ray_blocks.is_scored(block):  # its worker has said why, and would of each
            self._is_ended = True
