"""The training of the next round: from the last model on or from its base again, and which of them pays."""

from dataclasses import dataclass
from pathlib import Path

from storage import documents, runs
from storage.exceptions import UsageProblem
from storage.records import Run, RunState, Split
from workbench import config as tune_config
from workbench import doctor, jobs, machine, rounds
from workbench.config import Request, TuneConfig
from workbench.workspace import Workspace

GROWN = 2.0
"""A training set that grew this much is better learned afresh: a model that goes on stays near the old data."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to train the next model."""

    id: str  # "warm" or "base"
    title: str
    config: TuneConfig
    preset: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be trained now."""

    documents: int  # labelled on the training side
    before: int | None  # how many the last model was trained on
    base: Way
    warm: Way | None  # None: there is no model to go on from, or why it would not do
    recommended: str
    view: str  # the Doctor's, in a sentence or two


def last_model(workspace: Workspace) -> Run | None:
    """The newest run that ended with a model that is still there."""
    with workspace.db.read() as connection:
        ended = runs.listed(connection, [RunState.FINISHED, RunState.STOPPED])
    return next((run for run in ended if (_model(workspace, run) / "config.json").is_file()), None)


def _model(workspace: Workspace, run: Run) -> Path:
    return jobs.folder_of(workspace, run.id) / "model"


def offer(workspace: Workspace) -> Offer:
    """Both ways, with what the Doctor thinks of them. Reads the last run's folder: call it off the UI thread.

    Raises:
        UsageProblem: nothing is labelled on the training side.
    """
    with workspace.db.read() as connection:
        labelled = documents.count(connection, documents.Filter("labelled", split=Split.TRAIN))
    if not labelled:
        raise UsageProblem(
            "No document of the training side is labelled yet.", "Label a few first: five to ten are enough to begin."
        )
    last = last_model(workspace)
    if last is None:
        name = tune_config.choose_preset(labelled, labelled, machine.device())
        chosen = tune_config.preset(name, machine.device())
        base = Way("base", f"Train the first model (preset {chosen.name})", chosen.config, chosen.name, None)
        return Offer(labelled, None, base, None, "base", "There is no model to go on from yet.")
    before = rounds.trained_on(jobs.folder_of(workspace, last.id))
    used = tune_config.from_dict(last.config)
    base = Way("base", f"From the base again ({used.model.family})", _root(workspace, last), last.preset, last.id)
    further = used.model_copy(update={"model": used.model.model_copy(update={"name": str(_model(workspace, last))})})
    warm = Way("warm", f"On from the last model ({last.name})", further, last.preset, last.id)
    folder = jobs.folder_of(workspace, last.id)
    same = {f.id for f in Request.read(folder).fields} == {f.id for f in workspace.schema.active}
    sick = [f for f in doctor.diagnose(doctor.examine(folder)).findings if f.rule == "overfitting"]
    recommended, view = warm_or_base(before, labelled, same, sick[0].symptom if sick else "")
    if before == labelled and same:
        view = f"No document more than the last time is labelled. {view}"
    return Offer(labelled, before, base, warm, recommended, view)


def _root(workspace: Workspace, run: Run) -> TuneConfig:
    """The run's configuration, on the base that its line of warm starts began with."""
    own = Path(workspace.files.runs).resolve()
    name, parent = str(run.config.get("model", {}).get("name") or ""), run.parent
    with workspace.db.read() as connection:
        while parent and name and Path(name).resolve().is_relative_to(own):
            older = runs.get(connection, parent)
            name, parent = str(older.config.get("model", {}).get("name") or ""), older.parent
    used = tune_config.from_dict(run.config)
    return used.model_copy(update={"model": used.model.model_copy(update={"name": name})})


def warm_or_base(before: int | None, now: int, same_fields: bool, overfitting: str = "") -> tuple[str, str]:
    """("warm" or "base", why).

    Args:
        before, now: training documents of the last model and of the next.
        same_fields: whether the next model has the fields that the last one had.
        overfitting: the Doctor's finding about the last run; "" for none.
    """
    if not same_fields:
        return "base", "The fields changed since the last model: its answers no longer fit, begin at the base."
    if overfitting:
        return "base", f"The last model learned its documents by heart ({overfitting}): going on would keep that."
    if before is None:
        return "base", "It is not known what the last model was trained on: begin at the base."
    if now >= GROWN * before:
        return (
            "base",
            f"The training set grew from {before} to {now} documents: a model that goes on stays near the old ones.",
        )
    return (
        "warm",
        f"{now - before} documents are new, {before} known: going on is quicker, and little is lost by it.",
    )


def train(workspace: Workspace, way: Way, name: str = "") -> Run:
    """Freeze today's labels and start the run in the background.

    Raises:
        WorkbenchError: it cannot be prepared or started.
    """
    run = jobs.prepare(workspace, way.config, preset=way.preset, name=name, parent=way.parent)
    jobs.start(workspace, run.id)
    return run
