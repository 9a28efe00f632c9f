"""The Doctor on a run of a workspace: the diagnosis, what its actions did before, and what labels will bring.

Nothing is kept: what an action did follows from the runs, their parents and their reports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from storage import document_list
from storage import runs as run_store
from storage.exceptions import ConfigProblem, InputProblem
from storage.records import Run, RunState
from workbench.evaluation import comparison, report
from workbench.evaluation.comparison import Figures
from workbench.evaluation.doctor.diagnosis import diagnose, examine
from workbench.evaluation.doctor.findings import Action, Diagnosis, Target, Waiting
from workbench.evaluation.doctor.history import ActionOutcome, summaries, taken
from workbench.evaluation.learning_curve_fit import Forecast, Point, forecasts
from workbench.runs.progress import trained_on
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

ENDED = (RunState.FINISHED, RunState.STOPPED)
_ALL = "all fields"


@dataclass(frozen=True, slots=True)
class Consultation:
    """The diagnosis of a run, with the history of its actions and a forecast."""

    run: str
    diagnosis: Diagnosis
    outcome: tuple[str, ...]  # what the actions that led to this run did, as sentences
    remembered: dict[str, str]  # action id -> what it did in this workspace so far
    forecast: tuple[Forecast, ...]  # where labels pay most first


def consult(workspace: Workspace, run: Run, more: int = 20) -> Consultation:
    """Ask the Doctor. Reads the run's folder and those of the runs before it.

    Args:
        run: whatever state it is in.
        more: how many labels the forecast is about.

    Raises:
        ConfigProblem, InputProblem: the folder is gone or damaged.
    """
    with workspace.db.read() as connection:
        listed = run_store.listed(connection, task=run.task)
        waiting = Waiting(document_list.waiting(connection))
    figures = comparison.as_evaluated(workspace, listed)
    peers = {other.name: figures[other.id] for other in listed if other.id != run.id and other.id in figures}
    diagnosis = diagnose(examine(workspace.files.run(run.id), None, waiting, figures.get(run.id), peers))
    outcomes = memory(workspace, listed)
    summary = summaries(tuple(outcomes.values()))
    ended = [other for other in listed if other.state in ENDED]
    return Consultation(
        run.id,
        diagnosis,
        (outcomes[run.id].sentence(),) if run.id in outcomes else (),
        {action: text for action, text in summary.items() if " + " not in action},
        tuple(forecasts(points(workspace, ended, figures, run), more)),
    )


def memory(workspace: Workspace, listed: Sequence[Run]) -> dict[str, ActionOutcome]:
    """Run -> what the Doctor's actions that led to it did, the oldest run first.

    A run counts whose parent was diagnosed, when its configuration has taken up actions of that diagnosis.
    """
    by_id = {run.id: run for run in listed}
    outcomes = {}
    for run in sorted(listed, key=lambda run: run.created):
        parent = by_id.get(run.parent or "")
        if parent is None or run.state not in ENDED or parent.state not in ENDED:
            continue
        outcome = _outcome(workspace.files.run(parent.id), workspace.files.run(run.id))
        if outcome is not None:
            outcomes[run.id] = outcome
    return outcomes


@lru_cache(maxsize=256)  # runs that ended do not change
def _outcome(before: Path, after: Path) -> ActionOutcome | None:
    try:
        evidence = examine(before)
        actions = taken(diagnose(evidence), evidence, examine(after).config)
        compared = report.compare_runs(before, after)["differences"]["micro"] if actions else None
    except (ConfigProblem, InputProblem):  # the folder was deleted, or copied in part
        return None
    return ActionOutcome(actions, compared["difference"], compared["ci95"]) if compared else None


def proposed(config: Any, action: Action) -> Any:
    """A configuration with an action's changes.

    Raises:
        ConfigProblem: the changes do not fit the rest of it.
    """
    from workbench.runs.config.files import from_dict

    data = config.model_dump(mode="json")
    for key, value in action.changes.items():
        section, _, name = key.partition(".")
        data[section][name] = value
    return from_dict(data)


def switches(action: Action) -> dict[str, bool]:
    """The repair rules that an action switches: rule -> on."""
    changes = action.changes if action.target is Target.POSTPROCESS else {}
    return {rule: on for rule, on in changes.items() if isinstance(on, bool)}


# --- what labels will bring -------------------------------------------------------------------------------------


def points(workspace: Workspace, ended: Sequence[Run], figures: Figures, like: Run) -> dict[str, list[Point]]:
    """Field -> (training documents, F1) of the runs whose figures compare with that of `like`."""
    by_field: dict[str, list[Point]] = {}
    own = figures.get(like.id)
    for run in ended:
        folder = workspace.files.run(run.id)
        labels = trained_on(folder)
        if own is None or not labels or not own.compares_with(figures.get(run.id)):
            continue
        by_field.setdefault(_ALL, []).append((labels, figures[run.id].value))
        for name, row in evaluation_of(folder).get("fields", {}).items():
            if row["support"]:
                by_field.setdefault(name, []).append((labels, row["f1"]))
    return by_field


def evaluation_of(folder: Path) -> dict[str, Any]:
    """The evaluation that a run's report keeps; empty where there is none."""
    return RunFolder(folder).read_report().get("evaluation") or {}
