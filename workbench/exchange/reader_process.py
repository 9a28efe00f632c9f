"""Runs the readers of untrusted binary formats in child processes, so that a hostile file costs nothing but itself.

A function with `@in_reader_process` is called like any other: arguments, items, results and `WorkbenchError`s are those
of the function. Whatever else happens to it (an exception, a segmentation fault, no end, too much memory) is an
`InputProblem`. A child is kept for the next call, and a new one is started where it ended.
"""

import atexit
import contextlib
import functools
import importlib
import inspect
import io
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import is_dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import msgspec

from storage.exceptions import InputProblem, WorkbenchError
from storage.files import sweep_temporary
from workbench import lifeline
from workbench.files import import_root

SECONDS = 60.0
"""For one result, or one item (a page, a row) of several."""
STREAM_SECONDS = 900.0
"""For all items of one call."""
MEMORY = 1_500_000_000
"""Bytes that a child may allocate."""
_USED_UP = 1_000_000_000  # bytes: a child that once held more is replaced, so that the next file has the whole limit
_MOST_TIMES = 5  # a reader that works, but gets little of a busy processor, may take so many times SECONDS
_AT_WORK = 0.02  # of the time that passes: a reader that uses less waits for something that never comes
_LOOK = 2.0  # seconds between two looks at whether it is still at work
_BATCH_SECONDS = 0.05  # items of one answer
_ALONE_SECONDS = 0.002  # an item that took longer to make goes at once: what ends the child is the next one's
_START = "from workbench.exchange.reader_process import _serve; _serve()"
_VALUES = {
    ("pathlib", name) for name in ("Path", "PosixPath", "PurePosixPath")
} | {("pathlib._local", "PosixPath"), ("pathlib._local", "Path")} | {
    ("datetime", name) for name in ("date", "datetime", "time", "timedelta")
}  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")
_in_child = False


class OverProcessorLimit(InputProblem):
    """A reader was ended in what it had bounded by `processor_limit`."""


@contextmanager
def processor_limit(seconds: float) -> Iterator[None]:
    """Have the system end a child where what it does here takes more seconds of the processor: also within a library.

    The parent gets an `OverProcessorLimit`. Outside of a child there is no limit.
    """
    if not _in_child:
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def in_reader_process(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function of a module, which may be a generator, to run in a child process.

    Arguments and results are pickled. In the child itself the function is called directly.
    """
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def stream(*arguments: P.args, **named: P.kwargs) -> Iterator[Any]:
            if _in_child:
                yield from cast(Any, function(*arguments, **named))
            else:
                yield from _shared.stream(function, *arguments, **named)

        return cast("Callable[P, R]", stream)

    @functools.wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> R:
        return function(*arguments, **named) if _in_child else _shared.call(function, *arguments, **named)

    return call


# -- the parent's side


class ReaderProcesses:
    """Child processes that call functions; as many as are busy at once. Can be used from several threads."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()

    def call(self, function: Callable[..., R], *arguments: Any, **named: Any) -> R:
        """The function's result.

        Raises:
            InputProblem: it raised something else than a WorkbenchError, or broke a limit.
        """
        with self._child() as child:
            kind, value = child.ask(_request(function, arguments, named), SECONDS)
            return cast(R, _taken(kind, value))

    def stream(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Generator[Any, None, None]:
        """The items of a generator function.

        Raises:
            InputProblem: as `call`.
        """
        end = time.monotonic() + STREAM_SECONDS
        with self._child() as child:
            kind, value = child.ask(_request(function, arguments, named), SECONDS)
            while kind == "items":
                try:
                    yield from value
                except GeneratorExit:
                    child.ask(False, SECONDS)
                    return
                kind, value = child.ask(True, max(min(SECONDS, end - time.monotonic()), 0.0))
            _taken(kind, value)

    def close(self) -> None:
        """End all children, also those at work."""
        with self._lock:
            interrupted = bool(self._busy)
            children, self._idle = [*self._idle, *self._busy], []
        for child in children:
            child.kill()
        if interrupted:
            sweep_temporary()

    @contextmanager
    def _child(self) -> Iterator["_Child"]:
        with self._lock:
            child = self._idle.pop() if self._idle else None
            if child is None or not child.lives:
                child = _Child(self._memory)
            self._busy.add(child)
        try:
            yield child
        finally:
            with self._lock:
                self._busy.discard(child)
                if child.fit:
                    self._idle.append(child)
            if not child.fit:
                child.kill()


class _Child:
    """One process; `fit` between a complete answer and the next request."""

    def __init__(self, memory: int) -> None:
        self._connection, theirs = Pipe()
        with _interrupts_blocked():
            self._process = lifeline.start(
                [sys.executable, "-P", "-c", _START, str(theirs.fileno()), str(memory)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what libraries print would stand in a screen
                env={**os.environ, **_ENVIRONMENT},
            )
        theirs.close()
        self.fit = True

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def ask(self, message: Any, seconds: float) -> tuple[str, Any]:
        """The answer to a message: its kind, and the items, the result or the problem."""
        self.fit = False
        try:
            self._connection.send_bytes(pickle.dumps(message))
            begun, worked = time.monotonic(), self._processor_seconds()
            may_be_held_up = seconds >= SECONDS  # not at the end of a whole file's time
            while not self._connection.poll(seconds):
                passed, worked_on_it = time.monotonic() - begun, self._processor_seconds() - worked
                is_held_up = _AT_WORK * passed < worked_on_it < SECONDS  # other programs have the processor
                if may_be_held_up and is_held_up and passed < _MOST_TIMES * SECONDS:
                    seconds = min(_LOOK, SECONDS)
                    continue
                raise InputProblem(f"reading it takes longer than {SECONDS:.0f} seconds")
            kind, value, self.fit = _Unpickler(io.BytesIO(self._connection.recv_bytes())).load()
        except (EOFError, OSError) as error:
            raise self._why_it_ended() from error
        except pickle.UnpicklingError as error:
            raise InputProblem(f"its reader's answer is refused: {error}") from error
        return kind, value

    def _processor_seconds(self) -> float:
        import psutil  # not at the terminal's start

        try:
            used = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(used.user + used.system)

    def _why_it_ended(self) -> InputProblem:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            code = 0
        if code == -signal.SIGPROF:
            return OverProcessorLimit("reading it takes too much of the processor's time")
        named = signal.Signals(-code).name if -code in set(signal.Signals) else f"exit {code}"
        return InputProblem(
            f"it is damaged, or needs more than {MEMORY / 1e9:.1f} GB of memory: its reader ended ({named})"
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()


def _request(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    try:
        folder = Path.cwd()  # relative paths are meant from here
    except FileNotFoundError:
        folder = Path("/")
    paths = (value for value in (*arguments, *named.values()) if isinstance(value, Path))
    roots = tuple(dict.fromkeys(root for path in paths for root in import_root.roots_of(path)))
    return function.__module__, function.__qualname__, arguments, named, folder, roots


def _taken(kind: str, value: Any) -> Any:
    if kind == "problem":
        raise value
    return value


class _Unpickler(pickle.Unpickler):
    """Takes records, structures and problems of this program from a child, and no other class."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _VALUES:
            return super().find_class(module, name)
        if module.startswith(("workbench.", "storage.")):
            kind = super().find_class(module, name)
            if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, msgspec.Struct | WorkbenchError)):
                return kind
        raise pickle.UnpicklingError(f"{module}.{name} is not taken from a reader")


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started here ignore Ctrl-C, also while they load: the parent ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_shared = ReaderProcesses()


@atexit.register
def close() -> None:
    """End the children, also those at work; a later call starts new ones."""
    _shared.close()


# -- the child's side

_NO_MEMORY = "Insufficient memory"  # OpenCV's words
# One thread, and no allocator that reserves memory ahead: that would count as used.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def _serve() -> None:
    """Answer requests until the parent closes the connection or ends."""
    global _in_child  # noqa: PLW0603 - set once, before anything is read
    _in_child = True
    lifeline.hold()
    descriptor, memory = map(int, sys.argv[1:3])
    with contextlib.suppress(ValueError, OSError):  # a lower limit of the user's
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection = Connection(descriptor)
    try:
        while True:
            _answer(connection, *pickle.loads(connection.recv_bytes()))
    except (EOFError, OSError):
        os._exit(0)


def _answer(
    connection: Connection,
    module: str,
    name: str,
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    folder: Path,
    roots: tuple[import_root.Root, ...],
) -> None:
    fit = True
    import_root.take_over(roots)
    try:
        with contextlib.suppress(OSError):
            os.chdir(folder)
        function = functools.reduce(getattr, name.split("."), cast(Any, importlib.import_module(module)))
        result = function(*arguments, **named)
        answer: tuple[str, Any] = "end", result
        if inspect.isgenerator(result):
            _send_items(connection, result)
            answer = "end", None
    except WorkbenchError as problem:
        answer = "problem", problem
    except MemoryError:
        answer = "problem", InputProblem(f"reading it takes more than {MEMORY / 1e9:.1f} GB of memory")
        fit = False
    except Exception as error:  # noqa: BLE001 - the border of one file: whatever its reader raises is that file's
        what = "needs too much memory" if _NO_MEMORY in str(error) else "is damaged"
        answer = "problem", InputProblem(f"it {what} ({type(error).__name__}: {_last_line(error)[:200]})")
    _send(connection, *answer, fit and _peak() < _USED_UP)


def _last_line(error: Exception) -> str:
    """What an error says, of one that has a traceback in its message its end."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if "Traceback (most recent call last)" in str(error) else " ".join(lines)


def _send_items(connection: Connection, items: Generator[Any, Any, Any]) -> None:
    """Send the items in batches, each when it is asked for."""
    batch: list[Any] = []
    begun = asked = time.monotonic()
    for item in items:
        batch.append(item)
        before, asked = asked, time.monotonic()
        if asked - begun < _BATCH_SECONDS and asked - before < _ALONE_SECONDS:
            continue
        _send(connection, "items", batch, False)
        if not pickle.loads(connection.recv_bytes()):
            items.close()
            return
        batch, begun = [], time.monotonic()
        asked = begun
    if batch:
        _send(connection, "items", batch, False)
        if not pickle.loads(connection.recv_bytes()):
            return


def _send(connection: Connection, kind: str, value: Any, fit: bool) -> None:
    connection.send_bytes(pickle.dumps((kind, value, fit), pickle.HIGHEST_PROTOCOL))


def _peak() -> int:
    """The most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
