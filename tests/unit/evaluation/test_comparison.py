import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from storage import runs
from storage.exceptions import WorkbenchError
from storage.records import Run
from tests.support import workspaces
from workbench.cli import group
from workbench.evaluation import comparison
from workbench.evaluation.charts import Bars
from workbench.evaluation.comparison import Figure
from workbench.evaluation.doctor import consultation
from workbench.runs.cost import duration
from workbench.runs.state import RunFolder
from workbench.runs.watch import RunWatcher
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces.with_weak_and_strong(tmp_path / "ws")


def by_name(workspace: Workspace) -> dict[str, Run]:
    with workspace.db.read() as connection:
        return {run.name: run for run in runs.listed(connection)}


def test_better_is_told_from_chance(workspace: Workspace) -> None:
    found = by_name(workspace)
    answer = comparison.compare(workspace, found["weak"], found["strong"])
    assert answer["split"] == "test" and answer["documents"] == 30
    assert answer["config"] == {"train.learning_rate": [3e-3, 1e-3]}
    assert answer["differences"]["micro"]["certain"] and answer["differences"]["micro"]["difference"] > 0.3
    assert comparison.sentence(answer, ("weak", "strong")).startswith("strong is better than weak on 30 test documents")
    same = comparison.compare(workspace, found["weak"], found["weak"])
    assert "cannot be told apart" in comparison.sentence(same, ("weak", "weak"))
    best = comparison.best(found.values(), comparison.on_validation(workspace, found.values()))
    assert best is not None and best.name == "strong"


def test_runs_without_predictions_are_compared_by_what_there_is(workspace: Workspace) -> None:
    found = by_name(workspace)
    (workspace.files.run(found["weak"].id) / "predictions.parquet").unlink()
    answer = comparison.compare(workspace, found["weak"], found["strong"])
    assert answer["differences"] == {} and "predictions" in answer["problem"]
    assert answer["config"]


def test_the_best_is_the_best_of_those_measured_on_the_same_documents(workspace: Workspace) -> None:
    weak, strong = (by_name(workspace)[name] for name in ("weak", "strong"))
    easy = replace(strong, id="easy", name="easy", f1=0.99)
    here, elsewhere = frozenset({("a", 9), ("b", 7)}), frozenset({("c", 5)})
    on_easy, on_weak = Figure(0.99, "validation", elsewhere), Figure(0.4, "validation", here)
    on = {weak.id: on_weak, strong.id: Figure(1.0, "validation", here), "easy": on_easy}
    assert comparison.best([weak, strong, easy], on) is strong  # a higher F1 on other documents says nothing
    assert comparison.best([weak, easy], {weak.id: on_weak, "easy": on_easy}) is easy  # none compares: the newest
    again = replace(strong, id="again", created=strong.created + timedelta(hours=1))
    as_good = on | {"again": Figure(1.0001, "validation", here)}
    assert comparison.best([again, strong, weak], as_good) is strong  # as good is no gain: the earlier stays the best
    assert comparison.best([weak, strong], {}) is None  # nothing is known of what they were measured on


def test_figures_are_only_compared_on_the_same_side_and_documents() -> None:
    here, elsewhere = frozenset({("a", 9), ("b", 7)}), frozenset({("c", 5)})
    before = Figure(0.5, "validation", here)
    assert comparison.difference(before, Figure(0.75, "validation", here)) == 0.25
    assert comparison.difference(before, Figure(0.75, "test", here)) is None
    assert comparison.difference(before, Figure(0.75, "validation", elsewhere)) is None
    assert comparison.difference(None, before) is None and comparison.difference(before, None) is None
    with pytest.raises(TypeError):
        before - Figure(0.75, "test", here)  # type: ignore[operator]
    with pytest.raises(TypeError):
        assert before < Figure(0.75, "test", here)  # type: ignore[operator]


@pytest.mark.parametrize(
    "content",
    ["[]", "5", '{"evaluation": {"micro": 5, "fields": 3}}', '{"evaluation": {"split": "test"}}', "{", "\x00"],
)
def test_the_doctor_of_a_run_beside_one_with_a_damaged_report(workspace: Workspace, content: str) -> None:
    """It ended with a fault of the program: every run of the workspace is looked at."""
    listed = by_name(workspace)
    RunFolder(workspace.files.run(listed["weak"].id)).report.write_text(content)
    figures = comparison.as_evaluated(workspace, listed.values())
    assert listed["weak"].id not in figures
    assert consultation.consult(workspace, listed["strong"]).diagnosis


@pytest.mark.parametrize("content", ["[]", '{"evaluation": {"micro": 5}}', "{", "\x00", "[" * 9999])
@pytest.mark.parametrize("file", ["report.json", "events.jsonl"])
@pytest.mark.parametrize(
    "command", [["evaluate", "weak"], ["doctor", "weak"], ["runs", "show", "weak"], ["runs", "list"]]
)
def test_commands_on_a_run_with_a_damaged_file_answer_or_name_it(
    workspace: Workspace, content: str, file: str, command: list[str]
) -> None:
    folder = workspace.files.run(by_name(workspace)["weak"].id)
    (folder / file).write_text(content)
    done = CliRunner().invoke(group, ["-w", str(workspace.files.root), *command, "--json"])
    assert done.exit_code == 0 or isinstance(done.exception, WorkbenchError | SystemExit), done.exception


def test_a_chart_of_runs_on_different_documents_says_that_they_do_not_compare(workspace: Workspace) -> None:
    found = by_name(workspace)
    evaluated = []
    for name, side in (("weak", "test"), ("strong", "validation")):
        evaluation = {"split": side, "documents": 4, "micro": {"f1": 0.5, "ci95": [0.4, 0.6]}, "fields": {}}
        (workspace.files.run(found[name].id) / "report.json").write_text(json.dumps({"evaluation": evaluation}))
        evaluated.append(replace(found[name], report={"evaluation": evaluation}))
    both = comparison.comparison_chart(workspace, evaluated)
    assert "do not compare" in both.title and "weak (4 test)" in both.names
    alone = comparison.comparison_chart(workspace, evaluated[:1])
    assert alone.title == "F1 on test with 95 % intervals"


def test_documents_of_another_workspace_are_not_taken_for_ours_by_their_number(workspace: Workspace) -> None:
    found = by_name(workspace)
    path = workspace.files.run(found["strong"].id) / "dataset" / "test.parquet"
    table = pq.read_table(path)
    renamed = [f"elsewhere-{name}" for name in table.column("name").to_pylist()]
    pq.write_table(table.set_column(table.column_names.index("name"), "name", [renamed]), path)
    answer = comparison.compare(workspace, found["weak"], found["strong"], "test")
    assert answer["documents"] == 0 and "in common" in answer["problem"]


def test_the_commands(workspace: Workspace, tmp_path: Path) -> None:
    def call(*arguments: str) -> str:
        result = CliRunner().invoke(group, ["-w", str(workspace.files.root), "runs", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    listed = {run["name"]: run for run in json.loads(call("list", "--json"))}
    assert listed["strong"]["best"] and not listed["weak"]["best"] and listed["weak"]["compares_with_best"]
    assert {"seconds", "core_hours", "gpu_hours"} <= listed["strong"].keys()
    assert "the best" in call("list")
    answer = json.loads(call("compare", "weak", "strong", "--json"))
    assert answer["differences"]["amount_total"]["certain"]
    assert "strong is better" in call("compare", "weak", "strong")
    call("chart", "weak", "strong", "--of", "loss", "--to", str(tmp_path / "loss.svg"))
    assert "weak train" in (tmp_path / "loss.svg").read_text()
    call("chart", "weak", "--of", "fields", "--to", str(tmp_path / "fields.png"))
    assert json.loads(call("export", "strong", str(tmp_path / "given"), "--json"))["folder"] == str(tmp_path / "given")
    assert (tmp_path / "given" / "README.md").exists()
    listed = json.loads(call("list", "--json"))
    assert {(run["name"], run["state"], run["f1"]) for run in listed} == {
        ("weak", "finished", 0.4), ("strong", "finished", 1.0),
    }  # fmt: skip


def test_a_watch_tells_what_goes_on_and_what_ended(workspace: Workspace, tmp_path: Path) -> None:
    watch = RunWatcher(workspace)
    assert watch.poll().line == ""
    run_id = workspaces.finished_run(workspace, tmp_path, 0.9, "third")
    with workspace.db.write() as connection:
        runs.change(connection, run_id, state="running", f1=None)
    news = watch.poll()
    assert [run.name for run in news.ended] == ["third"] and news.ended[0].f1 == 0.9
    assert news.active == () and not watch.poll().changed


def test_a_time_as_people_say_it() -> None:
    assert [duration(s) for s in (0, 40, 700, 12_000)] == ["0 s", "40 s", "12 min", "3 h 20 min"]


def test_runs_of_a_class_field_are_charted_by_their_macro_f1(workspace: Workspace) -> None:
    run = by_name(workspace)["weak"]
    classes = {"split": "test", "documents": 4, "macro": {"f1": 0.8, "ci95": [0.7, 0.9]}}
    chart = comparison.comparison_chart(
        workspace, [replace(run, config={"model": {"task": "classes"}}, report={"classes": classes})]
    )
    assert chart.title == "Macro F1 on test with 95 % intervals"
    assert isinstance(chart, Bars) and chart.runs == [("", [0.8])]
