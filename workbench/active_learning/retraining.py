"""The training of the next round: from the last model on or from its base again, and which of them pays."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from storage import document_list, label_queries, runs
from storage.exceptions import UsageProblem
from storage.records import Run, Side, Split
from workbench.active_learning import loop_task
from workbench.active_learning.loop_task import TOKENS, LoopTask
from workbench.runs import jobs, machine, progress
from workbench.runs.config import files as config_files
from workbench.runs.config import presets
from workbench.runs.config.request import Request
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

GROWN = 2.0
"""A training set that grew by this factor is learned from the base: going on gained less
(docs/measurements.md, "The loop")."""

FURTHER_EPOCHS = 3.0
"""Passes of a training that goes on at most: more of them gained nothing and took twice the time
(docs/measurements.md, "The loop")."""


@dataclass(frozen=True, slots=True)
class TrainingWay:
    """One way to train the next model."""

    id: str  # "warm" or "base"
    title: str
    config: TuneConfig
    preset: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    documents: int  # labelled on the training side
    before: int | None  # how many the last model was trained on
    base: TrainingWay
    warm: TrainingWay | None  # None: there is no model to go on from, or why it would not do
    recommended: str
    view: str  # the Doctor's, in a sentence or two


def last_model(workspace: Workspace, task: LoopTask = TOKENS) -> Run | None:
    """The newest run of a task that ended with a model that is still there, and that was not put aside."""
    with workspace.db.read() as connection:
        ended = loop_task.ended_runs(connection, task)
    folders = ((run, RunFolder(workspace.files.run(run.id))) for run in ended)
    return next((run for run, folder in folders if folder.has_model() and not folder.put_aside.exists()), None)


def _model(workspace: Workspace, run: Run) -> Path:
    return RunFolder(workspace.files.run(run.id)).model


def offer(workspace: Workspace, task: LoopTask = TOKENS) -> Offer:
    """Both ways, with what the Doctor thinks of them. Reads the last run's folder: call it off the UI thread.

    A class model is trained from its base every time: it takes minutes, and a few labels more change much.

    Raises:
        UsageProblem: nothing is labelled on the training side.
    """
    with workspace.db.read() as connection:
        labelled = labelled_documents(connection, task)
    if not labelled:
        raise UsageProblem(
            "No document of the training side is labelled yet.", "Label a few first: five to ten are enough to begin."
        )
    last = last_model(workspace, task)
    if task.field:
        return _offer_of_classes(workspace, task, labelled, last)
    if last is None:
        name = presets.choose_preset(labelled, labelled, machine.device())
        chosen = presets.preset(name, machine.device())
        base = TrainingWay("base", f"Train the first model (preset {chosen.name})", chosen.config, chosen.name, None)
        return Offer(labelled, None, base, None, "base", "There is no model to go on from yet.")
    before = progress.trained_on(workspace.files.run(last.id))
    used = config_files.from_dict(last.config)
    root = _root(workspace, last)
    again = f"{root.train.num_train_epochs:g} epochs from the base again ({used.model.family})"
    base = TrainingWay("base", again, root, last.preset, last.id)
    warm_config = further(used, _model(workspace, last))
    title = f"{warm_config.train.num_train_epochs:g} epochs on from the last model ({last.name})"
    warm = TrainingWay("warm", title, warm_config, last.preset, last.id)
    folder = workspace.files.run(last.id)
    same = {f.id for f in Request.read(folder).fields} == {f.id for f in workspace.schema.spans}
    recommended, view = warm_or_base(before, labelled, same)
    if before == labelled and same:
        view = "No more documents are labelled than last time: there is little new to learn."
    return Offer(labelled, before, base, warm, recommended, view)


def labelled_documents(connection: Connection, task: LoopTask = TOKENS) -> int:
    """Documents of the training side that a run of the task would learn from."""
    if not task.field:
        of_words = document_list.Filter("labelled", split=Split.TRAIN)
        if not (alone := label_queries.classified_alone(connection)):  # as nearly everywhere: a list is long
            return document_list.count(connection, of_words)
        return sum(number not in alone for number in document_list.ids(connection, of_words))
    classified = label_queries.classified(connection, task.field)
    return sum(number in classified for number in document_list.ids(connection, document_list.Filter(side=Side.TRAIN)))


def _offer_of_classes(workspace: Workspace, task: LoopTask, labelled: int, last: Run | None) -> Offer:
    used = config_files.from_dict(last.config) if last is not None else None
    config = used if used is not None and last is not None and last.preset != presets.CLASSES else None
    if config is None:  # the preset's epochs follow the number of labels
        family = used.model.family if used is not None else presets.EMBEDDED
        config = presets.of_classes(labelled, task.field, machine.device(), family)
        if used is not None:
            config = config.model_copy(update={"model": used.model, "data": used.data})
    preset = last.preset if last is not None else presets.CLASSES
    title = f"Train {task.name}: {config.model.family}, {config.train.num_train_epochs:g} epochs"
    base = TrainingWay("base", title, config, preset, last.id if last is not None else None)
    if last is None:
        return Offer(labelled, None, base, None, "base", "There is no model yet.")
    before = progress.trained_on(workspace.files.run(last.id))
    view = f"{labelled - (before or 0)} more texts are labelled than last time."
    if before == labelled:
        view = "No more texts are labelled than last time: there is little new to learn."
    return Offer(labelled, before, base, None, "base", view)


def _root(workspace: Workspace, run: Run) -> TuneConfig:
    """The run's configuration, on the base and with the epochs that its chain of warm starts began with.

    Where a run of that chain was deleted, the base is the family's own.
    """
    own = Path(workspace.files.runs).resolve()
    used = first = config_files.from_dict(run.config)
    with workspace.db.read() as connection:
        known = {other.id: other for other in runs.listed(connection)}
    older = known.get(run.parent or "")
    while first.model.name and Path(first.model.name).resolve().is_relative_to(own):
        if older is None:
            return _changed(used, "", first.train.num_train_epochs)
        first, older = config_files.from_dict(older.config), known.get(older.parent or "")
    return _changed(used, first.model.name, first.train.num_train_epochs)


def further(config: TuneConfig, model: Path) -> TuneConfig:
    """The configuration that goes on from this model."""
    return _changed(config, str(model), min(config.train.num_train_epochs, FURTHER_EPOCHS))


def _changed(config: TuneConfig, model: str, epochs: float) -> TuneConfig:
    return config.model_copy(
        update={
            "model": config.model.model_copy(update={"name": model}),
            "train": config.train.model_copy(update={"num_train_epochs": epochs}),
        }
    )


def warm_or_base(before: int | None, now: int, same_fields: bool) -> tuple[str, str]:
    """("warm" or "base", why).

    That the last model overfitted its documents is no reason to leave it: so does the one from the base
    (docs/measurements.md, "The loop").

    Args:
        before, now: training documents of the last model and of the next.
        same_fields: whether the next model has the fields that the last one had.
    """
    if not same_fields:
        return "base", "The fields changed since the last model: its answers no longer fit, begin at the base."
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


def train(workspace: Workspace, way: TrainingWay, name: str = "", *, tied: bool = False, rival: str = "") -> Run:
    """Freeze today's labels and start the run in the background; `tied`: it ends with this process; `rival`: the model
    that it must be better than not to be put aside.

    Raises:
        WorkbenchError: it cannot be prepared or started.
    """
    config = way.config.kept_here()  # an upload is asked for anew each time
    run = jobs.prepare(workspace, config, preset=way.preset, name=name, parent=way.parent, rival=rival)
    jobs.start(workspace, run.id, tied=tied)
    return run
