"""A command that is ended however leaves no worker at work, and its folder is swept at the next start."""

import os
import signal
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from storage.records import RunState
from tests.support import workspaces
from tests.support.ports import free_port
from tests.support.workspaces import until
from tests.unit.test_lifeline import is_alive
from workbench import warm_workers
from workbench.cli import group
from workbench.exchange import pipeline
from workbench.exchange.import_summary import Summary
from workbench.runs import jobs
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

INT, HUP, TERM, KILL = signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGKILL
COMMANDS = {
    "predict": ["predict", "starter", "a.jsonl"],
    "suggest": ["suggest"],
    "evaluate": ["evaluate", "starter", "--on", "train"],
    "values": ["evaluate", "starter", "--values"],
    "demo": ["demo", "--headless", "--task", "classes", "--at", "demo"],
    "tune": ["tune", "--wait", "--preset", "first model"],
}
CASES = [
    ("predict", KILL), ("predict", HUP), ("predict", INT), ("predict", TERM), ("suggest", INT), ("suggest", KILL),
    ("evaluate", HUP), ("evaluate", KILL), ("evaluate", INT),
]  # fmt: skip


def workers_of(pid: int) -> list[int]:
    """The children of a process that are workers."""
    workers = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"workbench.training.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
            workers.append(int(child))
    return workers


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")] or ["0"]
    return bool(int(caught, 16) >> number - 1 & 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ended")
    workspaces.workspace(folder / "ws").close()
    (folder / "tmp").mkdir()
    record = '{"id": "a", "words": ["Total", "5"], "bboxes": [[1, 1, 9, 9], [9, 1, 20, 9]]}'
    (folder / "a.jsonl").write_text(record)
    (folder / "libraries").mkdir()
    (folder / "libraries" / "torch.py").write_text("import time\ntime.sleep(600)\n")
    return folder


def command(folder: Path, *arguments: str, is_warm: bool = False, **variables: str) -> "subprocess.Popen[str]":
    """Start it as a terminal does: what is ignored here (SIGINT in the background, SIGHUP under nohup) is not there.

    Args:
        is_warm: its workers have the model libraries loaded.
        variables: of its environment.
    """
    warm, descriptors = warm_workers.passed_on() if is_warm else ({}, ())
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (INT, HUP, TERM)}
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench", "-w", "ws", *arguments], cwd=folder, text=True,
            env={**os.environ, "TMPDIR": str(folder / "tmp"), **variables, **warm}, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, pass_fds=descriptors,
        )  # fmt: skip
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def drafts(folder: Path) -> list[str]:
    """What work in progress is left in the workspace and among the temporary files."""
    return [p.name for where in (folder / "tmp", folder / "ws" / "runs") for p in where.iterdir() if p.is_dir()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(("name", "end"), CASES, ids=[f"{name}-{end.name}" for name, end in CASES])
def test_nothing_of_a_command_goes_on_when_it_is_ended(folder: Path, name: str, end: signal.Signals) -> None:
    # the worker is ended while it loads the libraries, which takes it as long as it lives, and no processor time
    process = command(folder, *COMMANDS[name], PYTHONPATH=str(folder / "libraries"))
    (worker,) = until(lambda: workers_of(process.pid))
    process.send_signal(end)
    _, errors = process.communicate(timeout=10)
    assert "Traceback" not in errors and "fault" not in errors
    until(lambda: not is_alive(worker))
    if end == KILL:
        assert process.returncode == -KILL and len(drafts(folder)) == 1
        command(folder, "status").communicate(timeout=30)
    else:
        assert process.returncode == 128 + end
    assert drafts(folder) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        ("status", INT), ("import a.jsonl", HUP), ("runs list", INT), ("--help", HUP),
        ("export word-list out.jsonl", INT),
        ("split", HUP), ("fields list", INT), ("searches list", HUP), ("rounds list", INT), ("queue", HUP),
        ("doctor-env", INT), ("completion bash", HUP), ("sample-data made", INT), ("init another", HUP),
        ("serve starter --port PORT", INT), ("serve starter --port PORT", HUP),
        ("web --port PORT", INT), ("web --port PORT", HUP),
    ],
)  # fmt: skip
def test_a_command_that_is_ended_at_once_ends_without_a_traceback(
    folder: Path, arguments: str, end: signal.Signals
) -> None:
    """Also while the program is being loaded; before its first line a signal ends it as any program.

    Either signal has the same handler, but in the two commands that bring a server's own.
    """
    process = command(folder, *(str(free_port()) if part == "PORT" else part for part in arguments.split()))
    until(lambda: process.poll() is not None or catches(process.pid, HUP))
    process.send_signal(end)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (0, 128 + end, -end) and "workbench/cli.py" not in errors


@pytest.mark.parametrize("name", ["predict", "demo"])
def test_a_command_whose_import_was_interrupted_does_not_go_on(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(pipeline, "run", lambda *_: Summary(interrupted=True))
    outcome = CliRunner().invoke(group, [*(["-w", "ws"] if name == "predict" else []), *COMMANDS[name]])
    assert outcome.exit_code == 1 and "Aborted" in outcome.output  # 130 of the program, whose border takes it


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_runs_of_a_demo_end_with_it(folder: Path) -> None:
    """Their workers are forked from a process with the libraries."""
    process = command(folder, *COMMANDS["demo"], "-w", "mails", is_warm=True)
    at_work = until(lambda: [p for p in (folder / "mails" / "runs").glob("2*/lock") if p.read_text().strip()])
    worker = int(at_work[0].read_text())
    process.kill()
    process.communicate(timeout=10)
    until(lambda: not is_alive(worker))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_run_goes_on_when_tune_that_waits_for_it_is_interrupted(folder: Path) -> None:
    """Ctrl-C ends the wait alone: runs survive the terminal."""
    process = command(folder, *COMMANDS["tune"], "--json", is_warm=True)
    runs = folder / "ws" / "runs"
    (run,) = until(lambda: [p for p in runs.iterdir() if (p / "waiting").exists()])
    until((run / "events.jsonl").exists)
    until(lambda: RunFolder(run).process())
    process.send_signal(INT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in errors
    with closing(Workspace.open(folder / "ws")) as workspace:
        ended = jobs.wait(workspace, run.name)
    assert ended.state is RunState.FINISHED, ended.reason


CLOSED = """
import os, signal
from workbench import cli

def revive(*_):
    raise RuntimeError("no running event loop")

signal.signal(signal.SIGCONT, revive)  # as Textual does
signal.signal(signal.SIGHUP, signal.SIG_DFL)
cli._end_in_order()
both = {signal.SIGHUP, signal.SIGCONT}
signal.pthread_sigmask(signal.SIG_BLOCK, both)
for number in both:
    os.kill(os.getpid(), number)
try:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
    sum(range(1000))
except cli._Ended:
    sum(range(1000))  # what is at work is waited for here
    print("in order")
"""


def test_a_terminal_that_is_closed_ends_the_program_in_order() -> None:
    """The system sends SIGHUP and SIGCONT: that was reported as a fault of the program."""
    done = subprocess.run([sys.executable, "-P", "-c", CLOSED], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("in order\n", "")


INTERRUPTED = """
import sys
from textual.drivers.linux_driver import LinuxDriver
from workbench import cli

def interrupted(driver):
    raise cli._Ended(1)

LinuxDriver._disable_mouse_support = interrupted  # the first thing that the driver does when it stops
sys.argv = ["workbench", "-w", "ws"]
cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_a_terminal_that_is_closed_while_the_program_ends_leaves_no_process(folder: Path) -> None:
    """Textual's input thread went on asking the terminal, and took a core for good."""
    import pty

    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    program = subprocess.Popen(
        [sys.executable, "-P", "-c", INTERRUPTED], cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    shown = b""
    try:
        while b"Annotate" not in shown:
            shown += os.read(master, 1 << 16)
        os.write(master, b"\x11")  # Ctrl+Q
        with suppress(OSError):  # its end of the terminal is closed
            while os.read(master, 1 << 16):
                pass
        program.wait(60)
    finally:
        program.kill()
        os.close(master)
