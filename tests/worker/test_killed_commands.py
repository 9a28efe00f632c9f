"""Commands that are killed just before what they wrote gets its name: nothing is lost, and the next one sweeps."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import workspaces
from workbench import cli

PROGRAM = """
import os, signal
from pathlib import Path

rename = os.rename

def die(*names, **__):
    if str(names[-1]).endswith(".lock"):  # of work in progress, not what was written
        return rename(*names)
    os.kill(os.getpid(), signal.SIGKILL)

os.replace = os.rename = Path.rename = Path.replace = die
from workbench.cli import main
main()
"""
COMMANDS = {
    "export of a file": ["export", "word-list", "out.jsonl"],
    "export of a folder": ["export", "funsd", "out"],
    "export of a workbook": ["export", "values-xlsx", "out.xlsx"],
    "runs export": ["runs", "export", "RUN", "exported"],
    "runs import": ["runs", "import", "adopted"],
    "fields": ["fields", "add", "member"],
    "restore": ["restore", "COPY", "--yes"],
    "a chart": ["runs", "chart", "RUN", "--of", "fields", "--to", "chart.svg", "--force"],
    "a report": ["evaluate", "RUN", "--html", "report.html", "--force"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace with a run, and the same run as it was copied to elsewhere."""
    folder = tmp_path_factory.mktemp("made")
    workspace = workspaces.workspace(folder / "ws")
    run = workspaces.finished_run(workspace, folder)
    workspace.close()
    shutil.copytree(workspace.files.run(run), folder / "adopted")
    request = folder / "adopted" / "request.yaml"
    request.write_text(request.read_text().replace(run, "20250101-000000"))
    # today's copy of the database is made by the first command, and would be what is killed
    subprocess.run(
        [sys.executable, "-P", "-m", "workbench", "-w", folder / "ws", "status"], check=True, stdout=subprocess.DEVNULL
    )
    return folder, run


def labels(workspace: Path) -> list[tuple[int, str, str]]:
    with closing(sqlite3.connect(workspace / "workbench.db")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        return connection.execute("select document_id, field, tokens from spans order by id").fetchall()


def hidden(folder: Path) -> list[Path]:
    """Work in progress; locks aside."""
    return [
        *(p for p in folder.rglob(".*") if p.name not in (".settings.lock", ".slot-0")),
        *folder.glob("workbench-*"),
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_killed_at_its_last_moment_loses_nothing_and_can_be_repeated(
    name: str, made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    before = labels(tmp_path / "ws")
    (copy,) = (path.stem for path in (tmp_path / "ws" / "copies").glob("*.db"))
    command = [{"RUN": made[1], "COPY": copy}.get(part, part) for part in COMMANDS[name]]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, "-w", "ws", *command],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    assert labels(tmp_path / "ws") == before

    for path in (path for path in hidden(tmp_path) if path.is_file()):  # younger ones may be another process's
        os.utime(path, (0, 0))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["workbench", "-w", "ws", "status"])
    cli.main()
    assert hidden(tmp_path) == [], "any next start sweeps"
    monkeypatch.setattr(sys, "argv", ["workbench", "-w", "ws", *command])
    cli.main()
    assert labels(tmp_path / "ws") == before
    assert hidden(tmp_path) == []
