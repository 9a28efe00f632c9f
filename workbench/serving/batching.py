"""Documents of many requests are read together: by tokens, with a bounded queue and a longest wait."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from workbench.serving import problems

T = TypeVar("T")
R = TypeVar("R")
_WEIGHT = 0.3
"""Of a full batch's speed in the speed that is kept."""


@dataclass(slots=True)
class _Waiting(Generic[T, R]):
    item: T
    tokens: int
    answer: "asyncio.Future[R]"


class Batcher(Generic[T, R]):
    """Calls `run` with several items at once, in one thread; every item has an answer or an error of its own.

    Args:
        run: items -> their results, in order.
        batch_tokens: that a batch holds at most; an item with more is a batch by itself.
        queue_tokens: that may wait at most; an item that finds the queue empty is always taken.
        queue_seconds: the longest that an item may have to wait, as far as the last batches tell.
        wait_seconds: the longest that the first item of a batch waits for others, while requests come in parallel.
        speed: tokens a second, until a batch tells; 0 where that is not known.
        observe: called after every batch with (items, tokens, seconds).
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Sequence[R]],
        *,
        batch_tokens: int,
        queue_tokens: int,
        queue_seconds: float,
        wait_seconds: float,
        speed: float = 0.0,
        observe: Callable[[int, int, float], None] = lambda items, tokens, seconds: None,
    ) -> None:
        self._run, self._observe = run, observe
        self._batch_tokens, self._wait = batch_tokens, wait_seconds
        self._queue_tokens, self._queue_seconds = queue_tokens, queue_seconds
        self._queue: deque[_Waiting[T, R]] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "model")
        self._task: asyncio.Task[None] | None = None
        self._speed = speed  # lately
        self._parallel = False  # the last batch held several items
        self.waiting_tokens = 0

    def start(self) -> None:
        """Begin to work; in the event loop."""
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Answer what waits, then end."""
        while self._queue:
            await asyncio.sleep(0.01)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._thread.shutdown)

    def submit(self, items: Sequence[tuple[T, int]]) -> "list[asyncio.Future[R]]":
        """Futures of the results of (item, tokens); all are taken or none.

        Raises:
            ServingProblem: the queue is full.
        """
        tokens = sum(number for _, number in items)
        seconds = self.waiting_tokens / self._speed if self._speed else 0.0
        if self._queue and (self.waiting_tokens + tokens > self._queue_tokens or seconds > self._queue_seconds):
            raise problems.overloaded(seconds)
        loop = asyncio.get_running_loop()
        added = [_Waiting(item, number, loop.create_future()) for item, number in items]
        self._queue.extend(added)
        self.waiting_tokens += tokens
        self._arrived.set()
        return [waiting.answer for waiting in added]

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            await self._gather()
            if batch := self._next():
                await self._answer(batch)

    async def _gather(self) -> None:
        """Wait for more items, where the last batch shows that requests come in parallel."""
        end = time.monotonic() + self._wait
        while self._parallel and self.waiting_tokens < self._batch_tokens and (left := end - time.monotonic()) > 0:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), left)
            except TimeoutError:
                return

    def _next(self) -> list[_Waiting[T, R]]:
        batch: list[_Waiting[T, R]] = []
        tokens = 0
        while self._queue and (not batch or tokens + self._queue[0].tokens <= self._batch_tokens):
            waiting = self._queue.popleft()
            self.waiting_tokens -= waiting.tokens
            if not waiting.answer.done():  # else its request was given up
                batch.append(waiting)
                tokens += waiting.tokens
        if self._queue:
            self._arrived.set()
        else:
            self._arrived.clear()
        return batch

    async def _answer(self, batch: list[_Waiting[T, R]]) -> None:
        began = time.monotonic()
        work = asyncio.get_running_loop().run_in_executor(
            self._thread, self._results, [waiting.item for waiting in batch]
        )
        try:
            results = await asyncio.shield(work)
        except asyncio.CancelledError:
            results = await work
            self._deliver(batch, results)
            raise
        seconds, tokens = time.monotonic() - began, sum(waiting.tokens for waiting in batch)
        speed = tokens / max(seconds, 1e-6)
        weight = _WEIGHT * min(1.0, tokens / self._batch_tokens) if self._speed else 1.0  # a small batch tells little
        self._speed = (1 - weight) * self._speed + weight * speed
        self._parallel = len(batch) > 1
        self._observe(len(batch), tokens, seconds)
        self._deliver(batch, results)

    @staticmethod
    def _deliver(batch: list[_Waiting[T, R]], results: Sequence[R | Exception]) -> None:
        for waiting, result in zip(batch, results, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(result, Exception):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)

    def _results(self, items: Sequence[T]) -> list[R | Exception]:
        """The results; where a batch fails its halves are tried, so that only what breaks it has an error."""
        try:
            return list(self._run(items))
        except Exception as error:  # noqa: BLE001 - the border of one document
            if len(items) == 1:
                return [error]
        half = len(items) // 2
        return self._results(items[:half]) + self._results(items[half:])
