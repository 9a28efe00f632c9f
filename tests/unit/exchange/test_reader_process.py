"""What a hostile file can do to the process that reads it, and what the import sees of that."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.exceptions import InputProblem, MissingTool
from workbench.exchange import reader_process
from workbench.exchange.reader_process import ReaderProcesses, in_reader_process
from workbench.exchange.reading.incoming import IncomingToken


@in_reader_process
def pid() -> int:
    return os.getpid()


@in_reader_process
def tokens(number: int) -> Iterator[IncomingToken]:
    for position in range(number):
        yield IncomingToken(f"word{position}", (0, 0, 1, 1))


@in_reader_process
def slow_tokens() -> Iterator[int]:
    for position in range(10):
        time.sleep(0.06)
        yield position


@in_reader_process
def end_by(number: int) -> None:
    os.kill(os.getpid(), number)


@in_reader_process
def allocate(size: int) -> int:
    return len(bytearray(size))


@in_reader_process
def fail(kind: str) -> None:
    problems: dict[str, Exception] = {
        "input": InputProblem("it is cut", "Get it whole."),
        "tool": MissingTool("gone"),
        "library": RuntimeError('Traceback (most recent call last):\n  File "main.py", line 98\nno memory was left'),
        "memory": RuntimeError("OpenCV(5.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 27 bytes"),
    }
    raise problems.get(kind) or ZeroDivisionError()


@in_reader_process
def wait(seconds: float) -> None:
    time.sleep(seconds)


@in_reader_process
def foreign() -> object:
    return signal.Signals  # a class of no record


@in_reader_process
def where() -> str:
    return str(Path("a").absolute())


def test_one_child_serves_many_calls_and_is_not_this_process() -> None:
    assert pid() == pid() != os.getpid()


def test_items_come_in_their_order_and_an_unfinished_stream_leaves_the_child_fit() -> None:
    assert [token.text for token in tokens(3)] == ["word0", "word1", "word2"]
    child = pid()
    assert next(iter(slow_tokens())) == 0
    assert pid() == child


def test_a_call_amid_a_stream_gets_a_child_of_its_own() -> None:
    stream = iter(slow_tokens())
    assert next(stream) == 0
    assert pid()
    assert list(stream) == list(range(1, 10))


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_child_that_ends_is_the_files_problem_and_is_replaced(number: signal.Signals) -> None:
    before = pid()
    with pytest.raises(InputProblem, match=number.name):
        end_by(number)
    assert pid() != before


def test_too_much_memory_is_the_files_problem() -> None:
    with pytest.raises(InputProblem, match="GB of memory"):
        allocate(2_000_000_000)
    assert allocate(1000) == 1000


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    before = pid()
    monkeypatch.setattr(reader_process, "SECONDS", 0.3)
    with pytest.raises(InputProblem, match="longer than"):
        wait(30)
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_a_reader_that_works_on_a_busy_machine_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one that used the processor, though not for as long as it may."""
    assert pid()  # a child is there
    monkeypatch.setattr(reader_process, "SECONDS", 0.4)
    monkeypatch.setattr(reader_process, "_MOST_TIMES", 1000)
    used = iter([0.0])
    monkeypatch.setattr(reader_process._Child, "_processor_seconds", lambda child: next(used, 0.39))
    assert wait(0.9) is None
    used = iter([0.0, 0.41])
    with pytest.raises(InputProblem, match="takes longer"):
        wait(30)


def test_problems_keep_their_kind_and_their_remedy() -> None:
    with pytest.raises(InputProblem, match="cut") as problem:
        fail("input")
    assert problem.value.remedy == "Get it whole."
    with pytest.raises(MissingTool):
        fail("tool")
    with pytest.raises(InputProblem, match="ZeroDivisionError"):
        fail("any")
    with pytest.raises(InputProblem) as problem:  # OCR engines put a traceback into their messages
        fail("library")
    assert problem.value.message == "it is damaged (RuntimeError: no memory was left)"
    with pytest.raises(InputProblem, match="it needs too much memory"):
        fail("memory")


def test_no_other_class_is_taken_from_a_child() -> None:
    with pytest.raises(InputProblem, match="not taken"):
        foreign()
    assert pid()


def test_paths_are_meant_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pid()
    monkeypatch.chdir(tmp_path)
    assert where() == str(tmp_path / "a")


def test_children_end_with_their_processes() -> None:
    processes = ReaderProcesses()
    child = processes.call(pid)
    processes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
