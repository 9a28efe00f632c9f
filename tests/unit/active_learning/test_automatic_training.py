"""When a run begins by itself, and which model is used after it."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from storage import document_list, documents, locks, runs
from storage.exceptions import ConfigProblem
from storage.records import RunState, Side
from storage.suggestions import suggestions_of
from tests.support import predicted_pool, workspaces
from workbench import cli
from workbench.active_learning import automatic_training, train_after
from workbench.active_learning.automatic_training import AutomaticTraining
from workbench.active_learning.train_after import Standing
from workbench.evaluation import prediction_process
from workbench.predictions import suggestions
from workbench.runs import jobs
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace


@pytest.mark.parametrize(
    ("standing", "due", "left"),
    [
        (Standing(0, 50), False, 0),
        (Standing(20, 19), False, 1),
        (Standing(20, 20), True, 0),
        (Standing(20, 33), True, 0),
        (Standing(20, 20, at_work=True), False, 0),
    ],
)
def test_a_run_is_due_after_so_many_documents_while_none_is_at_work(standing: Standing, due: bool, left: int) -> None:
    assert (standing.due, standing.left) == (due, left)
    assert bool(standing.sentence) == bool(standing.after)


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[tuple[Workspace, list[int]]]:
    workspace, ids, _ = predicted_pool.workspace(tmp_path, pool=6, labelled=4)
    yield workspace, ids
    workspace.close()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that were prepared, none of which is started."""
    started: list[str] = []
    monkeypatch.setattr(jobs, "start", lambda workspace, run, **_: started.append(run))
    return started


def test_only_what_people_accepted_since_the_last_run_counts(pool: tuple[Workspace, list[int]]) -> None:
    workspace, ids = pool
    assert train_after.standing(workspace) == Standing()
    workspace.change_settings(train_after=2)
    assert train_after.standing(workspace).accepted == 0  # imported with labels
    predicted_pool.label(workspace, ids[0])
    assert train_after.standing(workspace).left == 1
    with workspace.db.write() as connection:
        documents.assign_sides(connection, {"vendor 1": Side.TEST})
    predicted_pool.label(workspace, ids[1])
    assert train_after.standing(workspace).left == 1  # no run learns from it
    predicted_pool.label(workspace, ids[2])
    assert train_after.standing(workspace).due
    predicted_pool.add_run(workspace, ids[3:], ids[:2])  # begun after these labels
    assert train_after.standing(workspace).left == 2
    predicted_pool.label(workspace, ids[0], right=False)  # corrected since
    assert train_after.standing(workspace).left == 1


def test_a_run_begins_once_and_knows_the_model_it_is_to_replace(
    pool: tuple[Workspace, list[int]], begun: list[str]
) -> None:
    workspace, ids = pool
    workspace.change_settings(train_after=1)
    automatic, other_terminal = AutomaticTraining(workspace), AutomaticTraining(workspace)
    assert automatic.look() is None and automatic.standing.line == "trains after 1 more"
    predicted_pool.label(workspace, ids[0])
    lock = locks.acquire(workspace.files.runs / automatic_training.LOCK)
    assert lock is not None and other_terminal.look() is None and not begun  # another terminal is about to begin it
    os.close(lock)
    run = automatic.look()
    assert run is not None and begun == [run.id]
    assert jobs.Request.read(workspace.files.run(run.id)).rival == "starter"
    assert automatic.look() is None and AutomaticTraining(workspace).look() is None
    assert automatic.standing.line == ""
    with workspace.db.write() as connection:
        runs.change(connection, run.id, state=RunState.FAILED)
    assert automatic.look() is None  # not again and again
    assert begun == [run.id]


def test_where_all_labels_are_for_measuring_none_begins(pool: tuple[Workspace, list[int]], begun: list[str]) -> None:
    workspace, ids = pool
    with workspace.db.write() as connection:
        documents.assign_sides(connection, {f"vendor {number}": Side.VALIDATION for number in range(7)})
    workspace.change_settings(train_after=1)
    predicted_pool.label(workspace, ids[0])
    assert AutomaticTraining(workspace).look() is None and not begun


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Workspace, str, str]]:
    """A run, and a better one after it."""
    workspace = workspaces.workspace(tmp_path / "w")
    first = workspaces.finished_run(workspace, tmp_path, right=0.5, name="first")
    second = workspaces.finished_run(workspace, tmp_path, name="second")
    yield workspace, first, second
    workspace.close()


def in_use(workspace: Workspace) -> str:
    source = suggestions.source_run(prediction_process.in_use(workspace))
    return source.name if source is not None else "starter"


def of_pool(workspace: Workspace) -> set[str]:
    """The runs that the pool's suggestions are of."""
    with workspace.db.read() as connection:
        ids = document_list.ids(connection, document_list.Filter("unlabelled"))
        return {s.run for number in ids for s in suggestions_of(connection, number)}


def test_a_run_that_was_put_aside_is_used_no_longer_and_comes_back(two: tuple[Workspace, str, str]) -> None:
    workspace, first, second = two
    with workspace.db.read() as connection:
        better = runs.get(connection, second)
    before = prediction_process.stamp(workspace)
    assert in_use(workspace) == second and of_pool(workspace) == {second}
    prediction_process.put_aside(workspace, better)
    assert in_use(workspace) == first and of_pool(workspace) == {first}
    assert prediction_process.stamp(workspace) != before
    assert Path(prediction_process.model_of(workspace, "best")).parent.name == second  # as listed
    prediction_process.put_aside(workspace, better, aside=False)
    assert in_use(workspace) == second and of_pool(workspace) == {second}
    assert prediction_process.stamp(workspace) == before


def test_a_run_that_won_against_the_model_in_use_leaves_those_before_it_behind(
    two: tuple[Workspace, str, str], tmp_path: Path
) -> None:
    workspace, _, second = two
    third = workspaces.finished_run(workspace, tmp_path, right=0.25, name="third")
    with workspace.db.write() as connection:
        known = runs.get(connection, third)
        won = {"model": str(RunFolder(workspace.files.run(second)).model), "documents": 9, "certain": True}
        report = {**(known.report or {}), "rival": {**won, "difference": 0.1, "ci95": (0.02, 0.2)}}
        runs.change(connection, third, report=report, created=known.created + timedelta(seconds=1))
    assert in_use(workspace) == third
    later = workspaces.finished_run(workspace, tmp_path, right=0.75, name="later")
    with workspace.db.write() as connection:
        runs.change(connection, later, created=known.created + timedelta(seconds=2))
    assert in_use(workspace) == later  # begun by hand since, on the same documents


def answer(workspace: Workspace, *arguments: str) -> Any:
    result = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_the_setting_and_the_model_in_use_are_changed_and_told_by_commands(two: tuple[Workspace, str, str]) -> None:
    workspace, first, second = two
    assert answer(workspace, "status")["train_after"] == {"after": 0, "accepted": 0, "left": 0}
    assert answer(workspace, "queue", "--train-after", "20") == {"train_after": 20}
    assert answer(workspace, "status")["train_after"] == {"after": 20, "accepted": 0, "left": 20}
    assert "train_after = 20" in workspace.files.settings.read_text()
    assert answer(workspace, "queue", "--train-after", "0") == {"train_after": 0}
    shown = answer(workspace, "runs", "put-aside", second)
    assert shown["aside"] and Path(shown["model"]).parent.name == first == in_use(workspace)
    assert not answer(workspace, "runs", "put-aside", second, "--undo")["aside"]
    assert in_use(workspace) == second


@pytest.mark.parametrize("value", ["-1", "2.5", '"20"', "true", "100001"])
def test_a_number_that_is_none_is_refused_with_its_line(tmp_path: Path, value: str) -> None:
    workspace = Workspace.create(tmp_path / "w")
    workspace.files.settings.write_text(f"# mine\ntrain_after = {value}\n")
    with pytest.raises(ConfigProblem, match="line 2: train_after cannot be used") as problem:
        workspace.reread_settings()
    assert "number of documents" in problem.value.remedy
    workspace.close()
