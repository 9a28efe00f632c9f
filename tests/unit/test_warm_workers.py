"""A worker that is forked is as good as one that is started: it gets what it was given, and ends when it should."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import locks
from tests.unit.test_lifeline import ends, is_alive
from workbench import warm_workers
from workbench.runs import machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")

WORKER = """
import json, os, sys, time

os.environ["TORCH_ADDED"] = "as libraries do when they are loaded"

def main(arguments):
    print(json.dumps([arguments, os.getcwd(), os.environ.get("COLOUR"), os.getpgid(0) == os.getpid()]), flush=True)
    if "tables" in arguments:
        from workbench.fields import values
        loaded = [name for name in sys.modules if name.startswith("dateparser.data.date_translation_data.")]
        print(len(loaded) > 5, values._currency_names.cache_info().currsize, flush=True)
    if "fail" in arguments:
        raise ValueError("no such document")
    while "wait" in arguments:
        time.sleep(0.05)
    return 3
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A server of this test's own, that can import `plain_worker`."""
    monkeypatch.setattr(warm_workers, "_server", warm_workers._Server())
    (tmp_path / "plain_worker.py").write_text(WORKER)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    warm_workers.prepare(machine.python(machine.WARM_SERVER, "plain_worker"), environment)
    yield environment
    warm_workers.end()


def order(
    folder: Path, environment: dict[str, str], *arguments: str, tied: bool = False, kept: tuple[int, ...] = ()
) -> warm_workers.WarmWorker | None:
    with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
        return warm_workers.start(
            "plain_worker", arguments, cwd=folder, output=output.fileno(), errors=errors.fileno(),
            environment=environment, tied=tied, kept=kept,
        )  # fmt: skip


def test_it_finds_the_tables_of_dates_and_currencies_made(tmp_path: Path, environment: dict[str, str]) -> None:
    worker = order(tmp_path, environment, "tables")
    assert worker is not None and worker.wait(20) == 3
    assert (tmp_path / "output").read_text().endswith("\nTrue 1\n")


def test_it_gets_its_arguments_folder_and_environment_and_gives_its_exit_code(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    worker = order(tmp_path, environment | {"COLOUR": "green"}, "a", "b")
    assert worker is not None and worker.wait(20) == 3 and worker.poll() == 3
    assert (tmp_path / "output").read_text() == f'[["a", "b"], "{tmp_path}", "green", true]\n'


def test_a_fault_is_in_its_log_and_does_not_end_the_server(tmp_path: Path, environment: dict[str, str]) -> None:
    failing = order(tmp_path, environment, "fail")
    assert failing is not None and failing.wait(20) == 1
    assert "no such document" in (tmp_path / "errors").read_text()
    following = order(tmp_path, environment)
    assert following is not None and following.wait(20) == 3


def test_one_that_is_killed_is_known_to_have_ended(tmp_path: Path, environment: dict[str, str]) -> None:
    worker = order(tmp_path, environment, "wait")
    assert worker is not None and worker.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.05)
    worker.kill()
    assert worker.wait(20) == -9 and ends(worker.pid)


def test_a_lock_that_it_keeps_is_free_when_it_ends(tmp_path: Path, environment: dict[str, str]) -> None:
    descriptor = locks.acquire(tmp_path / "lock")
    assert descriptor is not None
    worker = order(tmp_path, environment, "wait", kept=(descriptor,))
    os.close(descriptor)
    assert worker is not None and locks.held(tmp_path / "lock")
    worker.terminate()
    worker.wait(20)
    assert not locks.held(tmp_path / "lock")


def test_a_tied_one_ends_with_what_stands_for_it_and_another_one_goes_on(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    tied = order(tmp_path, environment, "wait", tied=True)
    free = order(tmp_path, environment, "wait")
    assert tied is not None and free is not None
    tied_pid, free_pid = tied.pid, free.pid
    del tied, free
    assert ends(tied_pid) and is_alive(free_pid)
    warm_workers.end()
    assert is_alive(free_pid), "a run goes on when the terminal is closed"
    os.kill(free_pid, 9)
    assert ends(free_pid)


def test_none_is_forked_where_libraries_would_have_read_other_variables(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    assert order(tmp_path, environment | {"HF_HUB_OFFLINE": "another"}) is None
    worker = order(tmp_path, environment | {"OMP_NUM_THREADS": "7", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)})
    assert worker is not None and worker.wait(20) == 3


def test_without_a_server_there_is_none(tmp_path: Path, environment: dict[str, str]) -> None:
    warm_workers.end()
    assert order(tmp_path, environment) is None and warm_workers.passed_on() == ({}, ())


def test_a_process_that_outlives_the_one_whose_server_it_has_knows_that_it_ended(environment: dict[str, str]) -> None:
    connection = warm_workers._server.connection
    assert connection is not None
    inherited = warm_workers._Server(connection.dup())
    assert inherited.living() is not None
    warm_workers.end()
    assert inherited.living() is None, "it can start its own"


def test_a_server_that_hangs_is_not_waited_for_and_does_nothing_later(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = warm_workers._server.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(warm_workers, "_PATIENCE", 0.3)
    assert order(tmp_path, environment, "late") is None
    process.send_signal(signal.SIGCONT)
    monkeypatch.setattr(warm_workers, "_PATIENCE", 60)
    worker = order(tmp_path, environment)
    assert worker is not None and worker.wait(20) == 3
    assert "late" not in (tmp_path / "output").read_text()


def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, time\nfrom workbench import warm_workers\nfrom workbench.runs import machine\n"
        "warm_workers.prepare(machine.python(machine.WARM_SERVER), os.environ)\n"
        "print(warm_workers._server.process.pid, flush=True)\ntime.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    starter.stdout.close()
    assert ends(server)
