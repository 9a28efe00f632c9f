"""Runs: the rows of the run list. A run's results are in its folder; see docs/architecture.md."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from storage.exceptions import DamagedDatabase, RunProblem
from storage.files import stays_inside
from storage.records import Run, RunState
from storage.tables import runs, utc

ACTIVE = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)
"""States of a run that has not ended."""
RESUMABLE = (RunState.PREPARED, RunState.STOPPED, RunState.KILLED, RunState.CRASHED, RunState.FAILED)
"""States of a run that is not complete and has no process."""


def _record(row: Any) -> Run:
    if "/" in row.id or not stays_inside(row.id):  # it is a folder's name
        raise DamagedDatabase(f"{row.id[:80]!r} is no run's name")
    values = {f.name: getattr(row, f.name) for f in fields(Run)}
    for name in ("created", "started", "ended"):
        values[name] = utc(values[name]) if values[name] else None
    return Run(**{**values, "state": RunState(row.state), "tags": tuple(row.tags)})


def add(connection: Connection, run: Run) -> None:
    connection.execute(insert(runs).values(**_row({f.name: getattr(run, f.name) for f in fields(Run)})))


def _row(values: dict[str, Any]) -> dict[str, Any]:
    if "state" in values:
        values["state"] = RunState(values["state"]).value
    if "tags" in values:
        values["tags"] = list(values["tags"])
    return values


def change(connection: Connection, run_id: str, *, only_from: Iterable[RunState] | None = None, **values: Any) -> bool:
    """Change columns of a run; with `only_from`, only when its state is one of these. True when it was changed."""
    query = update(runs).where(runs.c.id == run_id)
    if only_from is not None:
        query = query.where(runs.c.state.in_([state.value for state in only_from]))
    return bool(connection.execute(query.values(**_row(values))).rowcount)


def get(connection: Connection, run_id: str) -> Run:
    """One run, by its id or an unambiguous beginning of it, or by its name.

    Raises:
        RunProblem: there is none, or several begin like this.
    """
    rows = connection.execute(select(runs).where(runs.c.id == run_id)).all()
    if not rows and run_id:  # nothing begins every id: an unset variable of a script would name the only run
        begins = runs.c.id.startswith(run_id, autoescape=True)
        rows = connection.execute(select(runs).where((runs.c.name == run_id) | begins)).all()
    if len(rows) != 1:
        what = "There is no run" if not rows else "Several runs match"
        raise RunProblem(f"{what} '{run_id}'.", "`workbench runs list` shows them.")
    return _record(rows[0])


def listed(connection: Connection, states: Iterable[RunState] | None = None, task: str | None = None) -> list[Run]:
    """Runs, the newest first; of these states only, and of one task only (`Run.task`), where they are given."""
    query = select(runs).order_by(runs.c.created.desc(), runs.c.id.desc())
    if states is not None:
        query = query.where(runs.c.state.in_([state.value for state in states]))
    records = [_record(row) for row in connection.execute(query)]
    return [run for run in records if task in (None, run.task)]


def finished_stamp(connection: Connection) -> tuple[int, Any]:
    """Changes when a run finishes or is stopped, or such a one is removed."""
    ended = (RunState.FINISHED.value, RunState.STOPPED.value)
    query = select(func.count(), func.max(runs.c.ended)).where(runs.c.state.in_(ended))
    count, latest = connection.execute(query).one()
    return int(count), latest


def begun(connection: Connection) -> tuple[datetime | None, int]:
    """When the newest run was made, and how many have not ended."""
    is_active = runs.c.state.in_([state.value for state in ACTIVE])
    newest, active = connection.execute(select(func.max(runs.c.created), func.count().filter(is_active))).one()
    return utc(newest) if newest else None, int(active)


def remove(connection: Connection, run_id: str) -> None:
    """Forget a run; its folder is the caller's."""
    connection.execute(delete(runs).where(runs.c.id == run_id))
