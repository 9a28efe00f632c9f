"""A workspace of an older version opens, reports the same figures, and its killed run resumes."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from screens.keys import keymap
from tests.support import ROOT
from tests.support.command_line import Workbench
from tests.support.workspaces import until
from workbench.settings import Settings
from workbench.workspace import Workspace

ARCHIVE = ROOT / "tests" / "fixtures" / "workspace-0.1.tar.xz"
"""Made by commit 23d9c1a: 14 documents, a finished run with a round that was begun, and a run killed after its
checkpoint 58. `expected.json` is what that version's commands said of it."""
MADE_AT = "/srv/invoices"


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The unpacked archive, the path of the runs' base model made right, inside the workspace."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    for request in tmp_path.glob("workspace/runs/*/request.yaml"):
        request.write_text(request.read_text().replace(MADE_AT, str(tmp_path)))
    monkeypatch.chdir(tmp_path / "workspace")
    yield tmp_path


@pytest.fixture
def expected(older: Path) -> dict[str, Any]:
    return json.loads((older / "expected.json").read_text())


def figures(value: Any, path: str = "") -> dict[str, Any]:
    """Every figure by its place in the JSON, without intervals: those depend on random draws."""
    if isinstance(value, dict):
        parts = [(f"{path}.{key}", part) for key, part in value.items() if not key.endswith("ci95")]
    elif isinstance(value, list):
        parts = [(f"{path}[{number}]", part) for number, part in enumerate(value)]
    else:
        return {path: value}
    return {place: figure for name, part in parts for place, figure in figures(part, name).items()}


def test_every_figure_is_as_it_was(workbench: Workbench, expected: dict[str, Any]) -> None:
    status = workbench("status", "--json").data
    was = expected["status"] | {"suggestions": 2}  # it counted one that is no longer open: its document is accepted
    assert {key: status[key] for key in was} == was
    runs = workbench("runs", "list", "--json").data
    assert [{key: run[key] for key in old} for run, old in zip(runs, expected["runs"], strict=True)] == expected["runs"]
    run = expected["evaluate"]["run"]
    known, now = figures(expected["evaluate"]), figures(workbench("evaluate", run, "--json").data)
    assert {place: now[place] for place in known} == pytest.approx(known, abs=1e-9)  # there may be more by now
    # what the Doctor finds, not how it is worded
    findings = [(f["rule"], f["evidence"]) for f in workbench("doctor", run, "--json").data["findings"]]
    assert findings == [(f["rule"], f["evidence"]) for f in expected["doctor"]["findings"]]
    assert workbench("rounds", "--json").data["rounds"] == expected["rounds"]["rounds"]


def test_a_killed_run_goes_on_from_its_checkpoint(workbench: Workbench, older: Path) -> None:
    killed = next(run["run"] for run in workbench("runs", "list", "--json").data if run["state"] == "killed")
    events = older / "workspace" / "runs" / killed / "events.jsonl"
    before = len(events.read_text().splitlines())
    answer = workbench("runs", "resume", killed)
    assert answer.code == 0, answer.err
    until(lambda: workbench("runs", "show", killed, "--json").data["state"] == "finished")
    added = [json.loads(line) for line in events.read_text().splitlines()[before:]]
    steps = [event["step"] for event in added if event["type"] == "step"]
    assert steps and min(steps) > 58


def test_its_renamed_key_bindings_still_work(older: Path) -> None:
    workspace = Workspace.open(older / "workspace")
    settings: Settings = workspace.settings
    assert keymap(settings.keys, settings.bindings)["error_walk.next"] == "W"
    workspace.close()
