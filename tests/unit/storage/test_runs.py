"""The run list."""

from datetime import UTC, datetime, timedelta

import pytest

from storage import runs
from storage.database import Database
from storage.exceptions import RunProblem
from storage.records import Run, RunState

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _run(number: int, **changes: object) -> Run:
    facts: dict[str, object] = {
        "id": f"2026-run-{number}",
        "name": f"run {number}",
        "state": RunState.QUEUED,
        "family": "starter",
        "preset": "first model",
        "config": {"train": {"learning_rate": 5e-5}},
        "created": _START + timedelta(minutes=number),
    }
    return Run(**{**facts, **changes})  # type: ignore[arg-type]


def test_a_run_comes_out_as_it_went_in(db: Database) -> None:
    run = _run(1, tags=("a", "b"), f1=0.5, report={"x": 1}, started=_START)
    with db.write() as connection:
        runs.add(connection, run)
        assert runs.get(connection, run.id) == run


def test_found_by_name_or_beginning_but_not_by_what_several_have(db: Database) -> None:
    with db.write() as connection:
        runs.add(connection, _run(1))
        runs.add(connection, _run(12))
        assert runs.get(connection, "2026-run-1").name == "run 1"
        assert runs.get(connection, "run 12").id == "2026-run-12"
        with pytest.raises(RunProblem, match="Several"):
            runs.get(connection, "2026")
        with pytest.raises(RunProblem, match="no run"):
            runs.get(connection, "2027")


@pytest.mark.parametrize("name", ["", "%", "2026_run", "_"])
def test_nothing_and_signs_of_a_pattern_name_no_run(db: Database, name: str) -> None:
    """`runs delete "$RUN" --yes` with a variable that is not set deleted the only run."""
    with db.write() as connection:
        runs.add(connection, _run(1))
        with pytest.raises(RunProblem, match="no run"):
            runs.get(connection, name)


def test_a_state_changes_only_from_those_allowed(db: Database) -> None:
    with db.write() as connection:
        runs.add(connection, _run(1))
        assert runs.change(connection, "2026-run-1", only_from=runs.ACTIVE, state=RunState.FINISHED, f1=0.9)
        assert not runs.change(connection, "2026-run-1", only_from=runs.ACTIVE, state=RunState.CRASHED)
        assert runs.get(connection, "2026-run-1").state is RunState.FINISHED


def test_the_newest_is_first(db: Database) -> None:
    with db.write() as connection:
        for number in range(3):
            runs.add(connection, _run(number, state=RunState.RUNNING if number == 1 else RunState.FAILED))
        assert [run.name for run in runs.listed(connection)] == ["run 2", "run 1", "run 0"]
        assert [run.name for run in runs.listed(connection, runs.ACTIVE)] == ["run 1"]
        runs.remove(connection, "2026-run-2")
        assert len(runs.listed(connection)) == 2
