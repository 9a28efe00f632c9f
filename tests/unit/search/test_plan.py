"""What is refused before a search begins, and that one damaged search leaves the others in the list."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from storage.exceptions import InputProblem, RunProblem, UsageProblem
from storage.records import Side
from tests.support import sample_documents
from workbench import cli
from workbench.commands import searches as command
from workbench.commands.support import search_options
from workbench.runs.config.files import apply_sets
from workbench.runs.config.tune import TuneConfig
from workbench.search import plan, space
from workbench.search.trial_runs import WorkspaceRuns
from workbench.settings import Target
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return sample_documents.divided(tmp_path / "shop", {Side.TRAIN: 2, Side.VALIDATION: 1})


def test_a_base_that_no_run_could_use_begins_no_search(workspace: Workspace) -> None:
    with pytest.raises(InputProblem, match="no model folder"):
        plan.prepare(workspace, apply_sets(TuneConfig(), ["model.name=../../etc"]), (), trials=1)
    varied = space.space_of(["model.name=../../etc,/etc"], TuneConfig())
    with pytest.raises(InputProblem, match="no model folder"):
        plan.prepare(workspace, TuneConfig(), varied, trials=1)
    assert plan.listed(workspace) == []


def test_a_damaged_search_leaves_the_others_in_the_list(workspace: Workspace) -> None:
    whole = plan.prepare(workspace, TuneConfig(), (), trials=3, name="whole")
    for name, content in (("torn", whole.plan.read_text()[:50]), ("deep", "[" * 5000)):
        (whole.path.parent / name).mkdir()
        (whole.path.parent / name / "plan.json").write_text(content)
    (whole.path.parent / "gone").mkdir()
    (whole.path.parent / "gone" / "plan.json").symlink_to("nowhere")
    context = SimpleNamespace(open_workspace=lambda: Workspace.open(workspace.files.root))
    done = CliRunner().invoke(command.list_, [], obj=context)
    assert done.exit_code == 0, done.output
    states = {line.split()[0]: line.split()[1] for line in done.output.splitlines()[2:]}
    assert states == {"whole": "interrupted", "torn": "damaged", "deep": "damaged"}


@pytest.mark.parametrize(
    ("part", "damage"),
    [("trials", {"documents": "x"}), ("best", {"ci95": [0.5]}), ("best", {"ci95": "ab"}), ("test", {"gain": "x"})],
)
def test_a_report_of_a_wrong_shape_is_none(tmp_path: Path, part: str, damage: dict[str, object]) -> None:
    trial = {"run": "a", "state": "complete", "value": 0.5, "params": {}}
    report: dict[str, Any] = {
        "best": {"run": "a", "value": 0.5, "params": {}}, "gain": None, "test": {"f1": 0.4}, "importance": {},
        "trials": [trial, dict(trial, documents=3)],
    }  # fmt: skip
    folder = plan.SearchFolder(tmp_path)
    folder.result.write_text(json.dumps(report))
    assert folder.read_result() == report
    (report[part][0] if part == "trials" else report[part]).update(damage)
    folder.result.write_text(json.dumps(report))
    assert folder.read_result() is None


def test_the_early_trials_stay_as_they_were_planned(workspace: Workspace) -> None:
    known = plan.prepare(workspace, TuneConfig(), (), trials=6, name="rates", early_share=0.5).read_plan()
    assert (known.early_trials, known.early_documents) == (3, 1), "half of the trials, on one of two documents"
    again = plan.go_on(workspace, "rates", trials=20, hours=None, slots=1).read_plan()
    assert (again.trials, again.early_trials, again.early_documents) == (20, 3, 1)
    plan.prepare(workspace, TuneConfig(), (), trials=6, name="whole")
    with pytest.raises(RunProblem, match="varies something else"):
        plan.prepare(workspace, TuneConfig(), (), trials=6, name="whole", early_share=0.5)


def test_the_gpus_of_a_search_go_with_each_of_its_runs_also_when_it_goes_on(workspace: Workspace) -> None:
    folder = plan.prepare(workspace, TuneConfig(), (), trials=2, name="rates", target="ray:10.0.0.5:6379", gpus=0.5)
    assert WorkspaceRuns(workspace, folder.read_plan())._on() == Target("ray:10.0.0.5:6379", gpus=0.5)
    again = plan.go_on(workspace, "rates", trials=4, hours=None, slots=1)
    assert again.read_plan().gpus == 0.5
    elsewhere = plan.go_on(workspace, "rates", trials=4, hours=None, slots=1, target="ray:10.0.0.9:6379")
    assert elsewhere.read_plan().gpus is None
    called = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), "tune", "--gpus", "0.5"])
    assert isinstance(called.exception, UsageProblem) and "--on" in called.exception.remedy


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5])
def test_a_share_that_cannot_be_is_refused(workspace: Workspace, share: float) -> None:
    with pytest.raises(UsageProblem, match="share of early trials"):
        plan.prepare(workspace, TuneConfig(), (), trials=6, early_share=share)
    assert plan.listed(workspace) == []


def test_a_report_says_which_trials_saw_a_share_of_the_documents() -> None:
    def row(name: str, value: float, documents: int | None) -> dict[str, Any]:
        return {"run": name, "state": "complete", "value": value, "documents": documents, "params": {}}

    report = {
        "best": {"run": "b", "value": 0.8, "params": {}, "ci95": [0.7, 0.9]}, "gain": None, "test": None,
        "importance": {}, "trials": [row("a", 0.9, 30), row("b", 0.8, None)],
    }  # fmt: skip
    lines = search_options.report_lines(report)
    runs = [line.split()[0] for line in lines if "complete" in line]
    assert runs == ["b", "a"] and "30 documents" in "\n".join(lines) and "(95 %: 0.700 to 0.900)" in "\n".join(lines)
