"""Exit codes are those that the guide names."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.exceptions import Busy, InputProblem, MissingTool, RunProblem, UsageProblem, WorkspaceProblem
from tests.support import workspaces
from workbench import cli
from workbench.settings import Settings


def _caused_by(cause: BaseException) -> RuntimeError:
    """As Python 3.11 names what comes while a class is made."""
    error = RuntimeError("Error calling __set_name__ on 'Field' instance")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("of the program"), 1),
        (UsageProblem("wrong"), 2),
        (WorkspaceProblem("damaged"), 3),
        (InputProblem("unreadable"), 4),
        (Busy("another process writes"), 5),
        (MissingTool("no tesseract"), 6),
        (MemoryError(), 6),
        (RunProblem("failed"), 7),
        (KeyboardInterrupt(), 130),
        (cli._Ended(signal.SIGHUP), 129),
        (cli._Ended(signal.SIGTERM), 143),
        (_caused_by(cli._Ended(signal.SIGTERM)), 143),
    ],
)
def test_every_kind_of_end_has_its_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ends(**options: object) -> None:
        raise error

    monkeypatch.setenv("TMPDIR", str(tmp_path))  # for the report of a fault
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(cli, "_end_in_order", lambda: None)
    monkeypatch.setattr(cli.group, "main", ends)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code


def test_a_fault_shows_no_variable_and_no_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither on the screen nor in the file that is to be sent to somewhere else."""

    def ends(**options: object) -> None:
        words_of_an_invoice = "IBAN DE02 1203 0000 0000 2020 51"
        raise ValueError("postgresql://me:wonderland@server/db", len(words_of_an_invoice))

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(cli, "_end_in_order", lambda: None)
    monkeypatch.setattr(cli.group, "main", ends)
    with pytest.raises(SystemExit):
        cli.main()
    (report,) = tmp_path.iterdir()
    shown = "".join(capsys.readouterr()) + report.read_text()
    assert "ValueError" in shown and str(report) in shown
    assert "wonderland" not in shown and "2020 51" not in shown


@pytest.mark.parametrize("arguments", [["--help"], ["completion", "bash"]])
def test_output_that_is_not_read_to_its_end_is_no_fault(arguments: list[str]) -> None:
    """As in `workbench status --all | head -1`."""
    command = [sys.executable, "-c", "from workbench.cli import main; main()", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


_AT_WORK = """
import os, signal
from textual.app import App
from textual.widgets import Button
from tests.support import workspaces
from workbench import cli
from workbench.settings import Settings

class Works(Button):
    def on_mount(self):
        os.kill(os.getpid(), signal.SIGTERM)

class Screens(App):
    def compose(self):
        yield Works()

cli.group.main = lambda **options: Screens().run(headless=True)
cli.main()
"""


@pytest.mark.timeout(300)
def test_a_signal_ends_the_program_also_while_a_screen_is_at_work() -> None:
    """asyncio kept what was raised there for the task, and the program ignored every further signal."""
    assert subprocess.run([sys.executable, "-c", _AT_WORK], timeout=240, check=False).returncode == 143


def test_an_argument_that_is_no_text_is_named_and_is_no_fault(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from workbench.cli import main; main()", "-w", str(tmp_path / "ws")]
    workspaces.empty(tmp_path / "ws").close()
    for command in (
        ["runs", "show", b"\xff"],
        ["fields", "add", b"\xff"],
        ["export", "values-csv", "-", "--group", b"\xff"],
    ):
        ended = subprocess.run([*program, *command], check=False, capture_output=True)
        assert (ended.returncode, b"no text" in ended.stderr or b"No document" in ended.stderr) == (2, True), (
            ended.stderr
        )


def test_a_folder_that_was_deleted_under_the_command_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    in_it = (
        f"import os, sys; os.rmdir({str(gone)!r}); from workbench import cli; sys.argv = ['', 'init', 'q']; cli.main()"
    )
    ended = subprocess.run([sys.executable, "-c", in_it], cwd=gone, check=False, capture_output=True, text=True)
    assert ended.returncode == UsageProblem.exit_code and "not there any more" in ended.stderr


def test_a_workspace_that_was_deleted_under_the_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def writes(**options: object) -> None:
        (tmp_path / "invoices" / "runs" / ".reading" / ".lock.new").write_text("")

    monkeypatch.setattr(cli, "_end_in_order", lambda: None)
    monkeypatch.setattr(cli.group, "main", writes)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert f"{tmp_path / 'invoices'} is not there any more" in capsys.readouterr().err


def test_a_login_name_that_is_no_text_is_kept_as_far_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_ANNOTATOR", raising=False)
    monkeypatch.setenv("LOGNAME", "jos\udce9")  # Latin-1
    assert Settings().who == "jos\ufffd"


@pytest.mark.parametrize("zone", ["<-99>99", "<A>-99", "A0B-99,M1.1.0,M2.1.0"])
def test_a_time_zone_of_a_day_or_more_is_no_fault(tmp_path: Path, zone: str) -> None:
    workspaces.empty(tmp_path / "ws").close()
    program = [sys.executable, "-c", "from workbench.cli import main; main()", "-w", str(tmp_path / "ws")]
    environment = {**os.environ, "TZ": zone}
    ended = subprocess.run([*program, "status"], env=environment, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(("command", "code"), [(["status"], 3), (["status", "--json"], 3), (["statsu"], 2)])
def test_an_output_that_is_full_for_errors_too_changes_no_exit_code(
    tmp_path: Path, command: list[str], code: int
) -> None:
    workspaces.empty(tmp_path / "ws").close()
    program = [sys.executable, "-c", "from workbench.cli import main; main()", "-w", str(tmp_path / "ws")]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run([*program, *command], check=False, stdout=full, stderr=full).returncode == code
