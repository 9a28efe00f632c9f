import json
from pathlib import Path

import pytest
import runs_kit
from click.testing import CliRunner

from storage import runs
from storage.records import Run
from workbench import comparing, jobs
from workbench.cli import group
from workbench.watching import Watch, duration
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = runs_kit.workspace(tmp_path / "ws", {"test": 30})
    runs_kit.finished_run(made, tmp_path, 0.4, "weak")
    runs_kit.finished_run(made, tmp_path, 1.0, "strong", learning_rate=1e-3)
    return made


def by_name(workspace: Workspace) -> dict[str, Run]:
    with workspace.db.read() as connection:
        return {run.name: run for run in runs.listed(connection)}


def test_better_is_told_from_chance(workspace: Workspace) -> None:
    found = by_name(workspace)
    told = comparing.compare(workspace, found["weak"], found["strong"])
    assert told["split"] == "test" and told["documents"] == 30
    assert told["config"] == {"train.learning_rate": [3e-3, 1e-3]}
    assert told["differences"]["micro"]["certain"] and told["differences"]["micro"]["difference"] > 0.3
    assert comparing.sentence(told, ("weak", "strong")).startswith("strong is better than weak on 30 test documents")
    same = comparing.compare(workspace, found["weak"], found["weak"])
    assert "cannot be told apart" in comparing.sentence(same, ("weak", "weak"))
    best = comparing.best(found.values())
    assert best is not None and best.name == "strong"


def test_runs_without_predictions_are_compared_by_what_there_is(workspace: Workspace) -> None:
    found = by_name(workspace)
    (jobs.folder_of(workspace, found["weak"].id) / "predictions.parquet").unlink()
    told = comparing.compare(workspace, found["weak"], found["strong"])
    assert told["differences"] == {} and "predictions" in told["problem"]
    assert told["config"]


def test_the_commands(workspace: Workspace, tmp_path: Path) -> None:
    def call(*arguments: str) -> str:
        result = CliRunner().invoke(group, ["-w", str(workspace.files.root), "runs", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    told = json.loads(call("compare", "weak", "strong", "--json"))
    assert told["differences"]["amount_total"]["certain"]
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
    watch = Watch(workspace)
    assert watch.look().line == ""
    run_id = runs_kit.finished_run(workspace, tmp_path, 0.9, "third")
    with workspace.db.write() as connection:
        runs.change(connection, run_id, state="running", f1=None)
    news = watch.look()
    assert [run.name for run in news.ended] == ["third"] and news.ended[0].f1 == 0.9
    assert news.active == () and not watch.look().changed


def test_a_time_as_people_say_it() -> None:
    assert [duration(s) for s in (0, 40, 700, 12_000)] == ["0 s", "40 s", "12 min", "3 h 20 min"]
