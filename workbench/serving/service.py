"""From what was sent to predictions: reads it in threads, has the model read documents together, answers each."""

import asyncio
import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from storage.exceptions import InputProblem, NotWritten, WorkbenchError
from storage.files import temporary_folder
from workbench.serving import documents, problems
from workbench.serving.batching import Batcher
from workbench.serving.collecting import Collector
from workbench.serving.documents import DocumentReader, Sent
from workbench.serving.metrics import Metrics
from workbench.serving.options import Options
from workbench.serving.problems import ServingProblem
from workbench.serving.schemas import Prediction, Problem, Words

LOG = logging.getLogger("workbench.serving")
NOT_KEPT = "this document was not kept for the workspace: the server's log says why"
_THREADS = 4  # that read texts and words, and answer
_FILE_THREADS = 4  # that read files, which are parsed in processes of their own: a page takes OCR seconds
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of a request."""

    name: str
    content: bytes


Input = str | Words | SentFile


class _Folder:
    """Where the files of a request are; deleted once neither the request nor a thread that reads them uses it.

    A request that is given up ends before its threads do: what they went on to write would be left behind.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._path = self._stack.enter_context(temporary_folder("request"))
        self._lock = threading.Lock()
        self._users = 0
        self._gone = False

    @contextmanager
    def used(self) -> Iterator[Path]:
        """The folder, which is there as long as it is used.

        Raises:
            ServingProblem: it is deleted.
        """
        with self._lock:
            if self._gone:
                raise problems.cut_off()
            self._users += 1
        try:
            yield self._path
        finally:
            with self._lock:
                self._users -= 1
                self._gone = not self._users
            if self._gone:
                self._stack.close()


class Service:
    """A loaded model with its queue.

    Args:
        engine: the model (`workbench.serving.engine.Engine`).
        reader: of what is sent.
        options: of the server.
        metrics: that are counted.
        collector: keeps what is sent; None keeps nothing.
    """

    def __init__(
        self, engine: Any, reader: DocumentReader, options: Options, metrics: Metrics, collector: Collector | None
    ) -> None:
        self.engine, self._reader, self._options, self._collector = engine, reader, options, collector
        self._threads = ThreadPoolExecutor(_THREADS, "reading")
        self._files = ThreadPoolExecutor(_FILE_THREADS, "files")
        self._waiting_files = 0
        self._file_seconds = 0.0  # that the last files took
        self._batcher: Batcher[Any, Any] = Batcher(
            engine.run,
            batch_tokens=options.batch_tokens,
            queue_tokens=options.queue_tokens,
            queue_seconds=options.queue_seconds,
            wait_seconds=options.wait_seconds,
            speed=engine.speed,
            observe=metrics.observe_batch,
        )
        self._metrics = metrics

    def start(self) -> None:
        """Begin to take documents; in the event loop."""
        self._batcher.start()

    async def close(self) -> None:
        """Answer what is taken, then end."""
        await self._batcher.close()
        for pool in (self._threads, self._files):
            await asyncio.to_thread(pool.shutdown)

    async def predict(
        self, inputs: Sequence[Input], request: str, *, raw: bool, page: int | None, together: int
    ) -> list[Prediction]:
        """The predictions of what was sent, at most `together` of them waiting for the model at a time.

        Raises:
            ServingProblem: none of it could be read.
        """
        folder = _Folder()
        with folder.used():
            predictions: list[Prediction] = []
            failures: list[ServingProblem] = []
            for start in range(0, len(inputs), together):
                part = inputs[start : start + together]
                patient = len(inputs) > together
                sent = await self._all_documents(part, folder, start, patient)
                for outcome in await self._read(sent, page, raw, request, patient):
                    if isinstance(outcome, ServingProblem):
                        failures.append(outcome)
                        predictions.append(
                            Prediction(document=outcome.document, error=Problem(**outcome.body(request)))
                        )
                    else:
                        predictions.append(outcome)
        if failures and len(failures) == len(predictions):
            raise failures[0]
        return predictions

    async def _all_documents(
        self, part: Sequence[Input], folder: _Folder, start: int, patient: bool
    ) -> "list[list[Sent] | ServingProblem]":
        """The documents of a part of a request, which begins at the input with number `start`.

        Raises:
            ServingProblem: more files wait already than are read in time.
        """
        files = sum(isinstance(item, SentFile) for item in part)
        while files and self._waiting_files and self._waiting_files + files > self._options.waiting_files:
            if not patient:
                raise problems.overloaded(self._file_seconds * self._waiting_files / _FILE_THREADS)
            await asyncio.sleep(0.05)
        self._waiting_files += files
        try:
            calls = [
                (_name(item, number), functools.partial(self._documents, item, folder, number))
                for number, item in enumerate(part, start)
            ]
            return await self._in_threads(calls, self._files if files else self._threads)
        finally:
            self._waiting_files -= files

    async def _read(
        self, sent: "list[list[Sent] | ServingProblem]", page: int | None, raw: bool, request: str, patient: bool
    ) -> list[Prediction | ServingProblem]:
        """What the model makes of documents, in order; those that failed keep their problem."""
        flat: list[Sent | ServingProblem] = []
        for entry in sent:
            flat += [entry] if isinstance(entry, ServingProblem) else entry
        good = [document for document in flat if isinstance(document, Sent)]
        prepared = iter(
            await self._in_threads([(_name_of(d), functools.partial(self._prepare, d, page)) for d in good])
        )
        merged = [entry if isinstance(entry, ServingProblem) else next(prepared) for entry in flat]
        taken = [entry for entry in merged if not isinstance(entry, ServingProblem)]
        futures = await self._submit([(document, document.tokens) for document in taken], patient)
        self._metrics.queue.set(self._batcher.waiting_tokens)
        try:
            outcomes = await asyncio.gather(*futures, return_exceptions=True)
        finally:
            for future in futures:
                future.cancel()
            self._metrics.queue.set(self._batcher.waiting_tokens)
        answers = iter(
            await self._in_threads(
                [
                    (_name_of(d.sent), functools.partial(self._answer, d, o, raw, request))
                    for d, o in zip(taken, outcomes, strict=True)
                ]
            )
        )
        return [entry if isinstance(entry, ServingProblem) else next(answers) for entry in merged]

    async def _submit(self, items: list[tuple[Any, int]], patient: bool) -> "list[asyncio.Future[Any]]":
        """Put documents into the queue; a request of many parts waits until there is space."""
        while True:
            try:
                return self._batcher.submit(items)
            except ServingProblem:
                if not patient:
                    raise
                await asyncio.sleep(0.05)

    def _documents(self, item: Input, folder: _Folder, number: int) -> list[Sent]:
        if isinstance(item, str):
            return [self._reader.text(item)]
        if isinstance(item, Words):
            return [self._reader.words(item)]
        began = time.monotonic()
        with folder.used() as path:
            documents_of_file = self._documents_of_file(item, path / str(number), number)
        self._file_seconds = 0.7 * self._file_seconds + 0.3 * (time.monotonic() - began)
        return documents_of_file

    def _documents_of_file(self, item: SentFile, folder: Path, number: int) -> list[Sent]:
        sent = folder / "sent"  # beside what is made of it, so that no name is taken
        sent.mkdir(parents=True)
        path = sent / _name(item, number)
        path.write_bytes(item.content)
        return list(self._reader.file(path, folder))

    def _prepare(self, document: Sent, page: int | None) -> Any:
        return self.engine.prepare(document if page is None else documents.only_page(document, page))

    def _answer(self, prepared: Any, outcome: Any, raw: bool, request: str) -> Prediction:
        if isinstance(outcome, BaseException):
            LOG.error("request %s: the model failed", request, exc_info=outcome)
            raise problems.model_failed()
        read = self.engine.read(prepared, outcome)
        answer: Prediction = self.engine.answer(prepared.sent, read, raw=raw)
        if self._collector is not None:
            try:
                self._collector.keep(prepared.sent, read.proposals, read.probabilities, request)
            except WorkbenchError as problem:  # what was read is answered all the same
                LOG.error("request %s was not kept: %s %s", request, problem.message, problem.remedy)
                self._metrics.errors.labels("not_kept").inc()
                answer.warnings.append(NOT_KEPT)
        return answer

    async def _in_threads(
        self, calls: Sequence[tuple[str, Callable[[], T]]], pool: ThreadPoolExecutor | None = None
    ) -> list[T | ServingProblem]:
        """The results of calls, each for the document of a name; whatever is wrong with one is its own problem."""
        loop, pool = asyncio.get_running_loop(), pool or self._threads
        outcomes = await asyncio.gather(*(loop.run_in_executor(pool, _bordered, call) for _, call in calls))
        for (name, _), outcome in zip(calls, outcomes, strict=True):
            if isinstance(outcome, ServingProblem):
                outcome.document = name
        return list(outcomes)


def _name(item: Input, number: int) -> str:
    if isinstance(item, SentFile):
        return documents.file_name(item.name, number)
    return "text" if isinstance(item, str) else "words"


def _name_of(document: Sent) -> str:
    return document.content.document.name


def _bordered(call: Callable[[], T]) -> T | ServingProblem:
    try:
        return call()
    except ServingProblem as problem:
        return problem
    except InputProblem as problem:
        return problems.unreadable(f"{problem.message}", problem.remedy)
    except (OSError, NotWritten) as error:
        LOG.error("a document was not read: %s", error)
        return problems.no_space()
    except WorkbenchError as problem:
        LOG.error("%s %s", problem.message, problem.remedy)
        return problems.unreadable("It cannot be read by this server.", "The server's log says why.")
    except Exception as error:  # the border of one document: no traceback leaves the server
        LOG.exception("a document failed", exc_info=error)
        return problems.model_failed()
