"""Where a warm start goes on from."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from storage import runs
from storage.exceptions import ConfigProblem, InputProblem, RunProblem
from storage.records import RunState
from tests.support import model_folder
from tests.support.predicted_pool import add_run, workspace
from workbench import cli
from workbench.commands.support.run_settings import start_from
from workbench.runs import jobs, machine, progress
from workbench.runs.config import draft, presets
from workbench.runs.config import files as config
from workbench.runs.state import RunFolder


def test_a_warm_start_keeps_the_runs_family_and_names_its_parent(tmp_path: Path) -> None:
    opened, pool, labelled = workspace(tmp_path, pool=2, labelled=2)
    add_run(opened, pool, labelled, "one")
    with opened.db.write() as connection:
        runs.change(connection, "one", family="starter")
    with pytest.raises(RunProblem, match="is not in its folder any more"):  # it has ended
        start_from(opened, "one")
    with opened.db.write() as connection:
        runs.change(connection, "one", state=RunState.RUNNING)
    with pytest.raises(RunProblem, match="no model yet"):
        start_from(opened, "one")
    model = opened.files.run("one") / "model"
    model_folder.write(model)

    settings, parent = start_from(opened, "one")
    assert parent == "one"
    chosen = config.apply_sets(presets.preset("text baseline").config, settings)
    assert (chosen.model.family, chosen.model.name) == ("starter", str(model))

    settings, parent = start_from(opened, str(model))  # a folder names its own family and has no parent
    assert parent is None
    assert config.apply_sets(presets.preset("text baseline").config, settings).model.family == "layoutlm"
    opened.close()


def test_a_grid_and_several_files_are_groups_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, *_ = workspace(tmp_path, pool=2, labelled=4)
    started: list[str] = []
    monkeypatch.setattr(jobs, "start_in_turn", lambda _, runs, slots: started.extend(runs))

    def tune(*arguments: str) -> list[runs.Run]:
        before = len(started)
        done = CliRunner().invoke(cli.group, ["-w", str(opened.files.root), "tune", "--json", *arguments])
        assert done.exit_code == 0, done.output
        run_ids = started[before:]
        assert [row["run"] for row in json.loads(done.output)] == run_ids
        with opened.db.read() as connection:
            return [runs.get(connection, run) for run in run_ids]

    grid = tune("--preset", "A", "--grid", "train.learning_rate=1e-4,3e-4")
    assert [run.name for run in grid] == ["learning_rate=1e-4", "learning_rate=3e-4"]
    assert [run.config["train"]["learning_rate"] for run in grid] == [1e-4, 3e-4]
    assert grid[0].batch and grid[0].batch == grid[1].batch

    pairs = tune("--preset", "A", "--zip", "train.warmup_ratio=0.1,0.06 train.seed=1,2", "--name", "rates")
    assert [run.name for run in pairs] == ["rates warmup_ratio=0.1 seed=1", "rates warmup_ratio=0.06 seed=2"]
    assert [(run.config["train"]["warmup_ratio"], run.config["train"]["seed"]) for run in pairs] == [
        (0.1, 1),
        (0.06, 2),
    ]
    assert [run.batch for run in pairs] == ["rates", "rates"]

    apart = tune("--preset", "A", "--zip", "train.warmup_ratio=0.1,0.06", "--zip", "train.seed=1,2")
    assert [run.name for run in apart] == ["warmup_ratio=0.1 seed=1", "warmup_ratio=0.06 seed=2"], "none is left out"

    files = [tmp_path / "A.yaml", tmp_path / "B.yaml"]
    for file, seed in zip(files, (1, 2), strict=True):
        file.write_text(f"train:\n  seed: {seed}\n")
    tutorial = tune("--config", str(files[0]), "--config", str(files[1]), "--set", "train.learning_rate=2e-5")
    assert [(run.name, run.config["train"]["seed"]) for run in tutorial] == [("A", 1), ("B", 2)]
    assert tutorial[0].batch == tutorial[1].batch != grid[0].batch

    def drawn(*arguments: str) -> str:
        picture = tmp_path / "chart.svg"
        done = CliRunner().invoke(
            cli.group, ["-w", str(opened.files.root), "runs", "chart", *arguments, "--to", str(picture)]
        )
        assert done.exit_code == 0, done.output or done.exception
        return picture.read_text()

    with opened.db.write() as connection:
        for run, f1 in zip(pairs, (0.5, 0.75), strict=True):
            evaluation = {"split": "validation", "micro": {"f1": f1, "ci95": [f1 - 0.1, f1 + 0.1]}}
            runs.change(connection, run.id, report={"evaluation": evaluation})
            report = RunFolder(opened.files.run(run.id)).report
            report.write_text(json.dumps({"evaluation": evaluation}), encoding="utf-8")
    chart = drawn("rates", "--of", "comparison")
    assert all(text in chart for text in (*(run.name for run in pairs), "0.75", "these do not compare", "0.8"))
    opened.close()


@pytest.mark.parametrize("name", ["../../etc", "/etc", "no/such/folder/x", "a\x1b[31mb", ""])
def test_a_model_that_cannot_be_is_never_said_to_have_started(tmp_path: Path, name: str) -> None:
    opened, *_ = workspace(tmp_path, pool=2, labelled=4)
    settings = ["--preset", "A", "--set", f"model.name={name or './nothing'}"]
    done = CliRunner().invoke(cli.group, ["-w", str(opened.files.root), "tune", *settings])
    assert isinstance(done.exception, InputProblem), done.output
    assert "started" not in done.output and "queued" not in done.output
    with opened.db.read() as connection:
        assert runs.listed(connection) == []
    assert not [path for path in opened.files.runs.iterdir() if path.is_dir()], "no half-made run"
    opened.close()


def test_a_run_of_a_group_that_does_not_work_hides_none_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, *_ = workspace(tmp_path, pool=2, labelled=4)
    ends = {1: (RunState.FAILED, "The loss is not a number."), 2: (RunState.FINISHED, "")}
    monkeypatch.setattr(jobs, "start_in_turn", lambda *_: None)

    def wait(_: object, run_id: str, tick: object) -> runs.Run:
        with opened.db.read() as connection:
            run = runs.get(connection, run_id)
        state, reason = ends[run.config["train"]["seed"]]
        RunFolder(opened.files.run(run_id)).events.write_text('{"type": "finished", "state": "finished", "time": 1}\n')
        return replace(run, state=state, reason=reason)

    monkeypatch.setattr(jobs, "wait", wait)
    monkeypatch.setattr(machine, "warm_up", lambda: None)
    command = ["-w", str(opened.files.root), "tune", "--preset", "A", "--grid", "train.seed=1,2", "--wait"]
    done = CliRunner().invoke(cli.group, [*command, "--json"])
    first, second = json.loads(done.stdout)
    assert done.exit_code == 7 and (first["state"], second["state"]) == ("failed", "finished")
    assert "The loss is not a number." in first["reason"] and "reason" not in second
    done = CliRunner().invoke(cli.group, command)
    assert done.exit_code == 7 and done.stdout.count("workbench runs log") == 1
    opened.close()


def test_who_waits_is_told_what_a_run_notes_as_it_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, *_ = workspace(tmp_path, pool=2, labelled=4)
    monkeypatch.setattr(jobs, "start", lambda *_: None)

    def wait(_: object, run_id: str, tick: Callable[[progress.Progress], None]) -> runs.Run:
        for notes in (("The environment is made.",), ("The environment is made.", "A node was lost.")):
            tick(progress.Progress(notes=notes))
        RunFolder(opened.files.run(run_id)).events.write_text('{"type": "finished", "state": "finished", "time": 1}\n')
        with opened.db.read() as connection:
            return replace(runs.get(connection, run_id), state=RunState.FINISHED)

    monkeypatch.setattr(jobs, "wait", wait)
    command = ["-w", str(opened.files.root), "tune", "--preset", "A", "--wait"]
    done = CliRunner().invoke(cli.group, command)
    assert done.exit_code == 0 and done.stderr.count("The environment is made.") == 1
    assert "A node was lost." in done.stderr
    assert "The environment is made." not in CliRunner().invoke(cli.group, [*command, "--json"]).stderr
    opened.close()


@pytest.mark.parametrize(
    ("values", "message"), [("train.seed=1,,2", "train.seed has an empty value"), ("train.seed=1,1", "twice")]
)
def test_a_grid_with_an_empty_or_repeated_value_is_refused(values: str, message: str) -> None:
    for paired in (False, True):
        with pytest.raises(ConfigProblem, match=message):
            draft.variants(presets.preset("A").config, values, paired=paired)
