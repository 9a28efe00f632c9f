"""The command line, called as the script calls it."""

import sys
from pathlib import Path

import pytest

from tests.support.command_line import Answer, Workbench
from workbench import cli


@pytest.fixture(autouse=True)
def _warm(loaded_once: None) -> None: ...


@pytest.fixture
def workbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Workbench:
    """Call a command: workbench("import", path, "--json")."""

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["workbench", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return call


@pytest.fixture
def workspace(workbench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new workspace, the current directory being inside it."""
    path = tmp_path / "ws"
    assert workbench("init", path).code == 0
    monkeypatch.chdir(path)
    return path
