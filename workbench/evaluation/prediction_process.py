"""A model reads documents in a process of its own: suggestions, evaluation of a model as it is, prediction of files."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from storage import document_list, label_queries, locks, runs
from storage.exceptions import InputProblem, RunProblem
from storage.files import draft_folder
from storage.records import Run, Split
from storage.suggestions import offered
from workbench import warm_workers
from workbench.evaluation import comparison, report
from workbench.evaluation.classes import class_suggestions
from workbench.predictions import run_reader, suggestions
from workbench.runs import launcher, machine, parquet, progress, reconcile, snapshot, suggestions_file
from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec, Request
from workbench.runs.config.run_names import BEST
from workbench.runs.model_folders import check as model_folders
from workbench.runs.state import PUT_ASIDE, RunFolder, check_model
from workbench.runs.suggestions_file import Proposal
from workbench.settings import Target
from workbench.workspace import Workspace

STARTER = families.STARTER
_KILL_SECONDS = 25.0  # so long the courier is given to end the model's process on another machine
Tick = Callable[[int, int], None]
"""Called a few times a second with (documents read, documents in all), at first 0 of 0; an error in it ends all."""


def model_of(workspace: Workspace, name: str) -> str:
    """The model that a name means: "starter", "best", a model folder, or a run by its id or name.

    Raises:
        RunProblem: the run has no model, or no run is the best.
        InputProblem: it is a folder whose model cannot be used, or is not safe to load.
    """
    if name == STARTER:
        return STARTER
    model = _folder_of(workspace, name)
    model_folders.check_folder(Path(model), fine_tuned=True)
    return model


def _folder_of(workspace: Workspace, name: str) -> str:
    if name == BEST:
        return best(workspace)
    if os.path.isdir(name):  # noqa: PTH112 - Path.is_dir raises for names that cannot be a file's
        return str(Path(name).resolve())
    with workspace.db.read() as connection:
        run = runs.get(connection, name)
    folder = RunFolder(workspace.files.run(run.id))
    check_model(run, folder)
    return str(folder.model)


def best(workspace: Workspace) -> str:
    """The model of the best run that still has one, unseen; the best is that of `workbench runs list`.

    Raises:
        RunProblem: there is none.
    """
    with workspace.db.read() as connection:
        listed = runs.listed(connection)
    having = [run for run in listed if RunFolder(workspace.files.run(run.id)).has_model()]
    run = comparison.best(having, comparison.on_validation(workspace, having))
    if run is None:
        raise RunProblem("No run was measured on validation documents yet.", "Name a run, a model folder or `starter`.")
    return str(RunFolder(workspace.files.run(run.id)).model)


def in_use(workspace: Workspace) -> str:
    """The model that documents are read with unless another is named: the best run's of those that were not put aside.

    A run that began by itself and was better than the model in use then leaves the runs before it behind, though they
    were measured on other documents.

    Returns:
        A model folder, or "starter" where no run was measured.
    """
    with workspace.db.read() as connection:
        listed = runs.listed(connection, task=parquet.TOKENS)
    folders = {run.id: RunFolder(workspace.files.run(run.id)) for run in listed}
    having = [r for r in listed if folders[r.id].has_model() and not folders[r.id].put_aside.exists()]
    proven = next((number for number, run in enumerate(having) if (run.report or {}).get("rival")), len(having))
    having = having[: proven + 1]
    run = comparison.best(having, comparison.on_validation(workspace, having))
    return STARTER if run is None else str(folders[run.id].model)


def stamp(workspace: Workspace) -> tuple[object, ...]:
    """Changes when another model may be in use."""
    with workspace.db.read() as connection:
        finished = runs.finished_stamp(connection)
    return finished, frozenset(path.parent.name for path in workspace.files.runs.glob(f"*/{PUT_ASIDE}"))


def put_aside(workspace: Workspace, run: Run, *, aside: bool = True) -> str:
    """Use a run's model no longer by itself, or again; the suggestions of the run that is in use then come back.

    Where it is the starter, the learner asks it for those of the documents that come next.

    Returns:
        The model in use, as `in_use`.

    Raises:
        RunProblem: the run has no model, learned classes, or nothing can be written in its folder.
    """
    folder = RunFolder(workspace.files.run(run.id))
    if run.task != parquet.TOKENS:
        raise RunProblem(f"Run {run.name} learned classes: the newest one is used.", "Delete it to use another.")
    check_model(run, folder)
    try:
        folder.put_aside.touch() if aside else folder.put_aside.unlink(missing_ok=True)
    except OSError as error:
        raise RunProblem(f"{folder.put_aside} cannot be changed: {error.strerror}.", "Check its folder.") from error
    model = in_use(workspace)
    if (source := suggestions.source_run(model)) is not None:
        reconcile.suggest_again(workspace, source)
    return model


def sentence_of(model: str) -> str:
    """Which model is in use."""
    source = suggestions.source_run(model)
    return f"Suggestions come from {'the starter' if source is None else f'run {source.name}'} now."


@contextmanager
def reading(
    workspace: Workspace,
    model: str,
    ids: Mapping[Split, tuple[int, ...]],
    tick: Tick | None = None,
    on: Target | None = None,
) -> Iterator[Path]:
    """Let a model read documents; gives a run folder with their predictions that is gone afterwards.

    Args:
        model: "starter" or the path of a model folder.
        ids: documents by the split that they are to be counted in; on another machine only those of the pool.
        on: another machine that the model and the documents' words are brought to, which keeps nothing of them; or a
            cluster that sees the workspace.

    Raises:
        RunProblem: the model could not read them; the message is the worker's.
    """
    workspace.files.runs.mkdir(exist_ok=True)
    with draft_folder(workspace.files.runs, f".{launcher.READING}") as folder:
        # the nodes of a cluster see what is here; a store's pictures are brought here first
        travels = (on is not None and not on.is_ray) or workspace.files.store is not None
        pictures = travels and _sees_pictures(model)
        frozen = snapshot.freeze_these(workspace, folder, dict(ids), pictures=pictures)
        request = Request(
            run=folder.name,
            fields=[FieldSpec.of(field) for field in workspace.schema.spans],
            rules=workspace.settings.postprocess,
            task="predict" if on is None else "score",  # what the model's run knows of itself stays here
            model=model,
            threads=machine.cores() if on is None else None,
            engines=frozen.engines,
        )
        RunFolder(folder).request.write_text(request.text(), encoding="utf-8")
        carry_out(folder, tick, on)
        if on is not None and not class_suggestions.is_of_classes(folder):
            suggestions.write(folder, suggestions.source_run(model))
        yield folder


def carry_out(folder: Path, tick: Tick | None = None, on: Target | None = None) -> None:
    """Have the documents of a folder read as its request says, here or on another machine, and wait for it.

    Raises:
        RunProblem: they could not be read; the message is the worker's.
    """
    _follow(folder, _started(folder, on), tick)


def _sees_pictures(model: str) -> bool:
    """Whether a model looks at the pages' pictures."""
    return model != STARTER and families.spec(class_suggestions.family_of(Path(model))).picture


def _started(folder: Path, on: Target | None) -> warm_workers.Worker:
    """The process that reads a folder's documents, here or by a courier; it ends with this one."""
    run = RunFolder(folder)
    if on is None:
        with locks.open_own(run.log, "wb") as log:
            return machine.start(machine.WORKER, str(folder), cwd=folder, output=log, errors=log, tied=True)
    launcher.send_to(run, on, once=True)
    begun = launcher.begin([run], launcher.AT_ONCE, tied=True)
    assert begun is not None  # the folder is new
    child, held_locks = begun
    for lock in held_locks:
        os.close(lock)  # the courier has it now
    return child


def _follow(folder: Path, child: warm_workers.Worker, tick: Tick | None) -> None:
    follower = progress.Follower(folder)
    try:
        ended = False
        while not ended:
            try:
                child.wait(timeout=0.2)
                ended = True
            except subprocess.TimeoutExpired:
                pass
            follower.poll()
            if tick is not None:  # also while the model is being loaded: the caller may want to give up
                tick(*(follower.progress.predicting or (0, 0)))
    finally:
        if child.poll() is None:  # the caller gave up: so does the worker
            _end(RunFolder(folder), child)
    if follower.progress.failed:
        failed = follower.progress.failed
        raise RunProblem(str(failed.get("message")), str(failed.get("remedy") or ""))
    if not follower.progress.finished:
        raise RunProblem(f"The model's process ended without a word. {RunFolder(folder).log_tail()}", "Try again.")


def _end(run: RunFolder, child: warm_workers.Worker) -> None:
    """End the process; a courier is given time to end the one on the other machine."""
    if run.target.exists():
        run.killed.touch()
        with suppress(subprocess.TimeoutExpired):
            child.wait(_KILL_SECONDS)
    child.kill()
    child.wait()


def suggest(
    workspace: Workspace,
    model: str = STARTER,
    ids: tuple[int, ...] | None = None,
    tick: Tick | None = None,
    on: Target | None = None,
) -> dict[str, Any]:
    """Let a model suggest labels for documents that are not labelled; open suggestions of models give way.

    Args:
        workspace: of the documents.
        model: as `model_of` takes it.
        ids: of the documents; None: all.
        tick: see `Tick`.
        on: another machine to read them on.

    Returns:
        {"model", "documents", "suggestions", "fields": {field: how many}, "known_values"}: how many suggestions
        are open on these documents now, by field, and how many of them are known values, which no model replaces
    """
    source = model_of(workspace, model)
    with workspace.db.read() as connection:
        allowed = None if ids is None else set(ids)
        unlabelled = document_list.ids(connection, document_list.Filter("unlabelled"))
        wanted = tuple(number for number in unlabelled if allowed is None or number in allowed)
    if wanted:
        with reading(workspace, source, {Split.POOL: wanted}, tick, on) as folder:
            if class_suggestions.is_of_classes(folder):
                return class_suggestions.keep(workspace, folder, model, class_suggestions.field_of(Path(source)))
            pool, run = suggestions_file.read(folder), STARTER if source == STARTER else model
            with workspace.db.write() as connection:
                reconcile.keep_spans(connection, workspace, folder, pool, run)
    with workspace.db.read() as connection:
        offers, known = offered(connection, wanted)
    return {
        "model": model, "documents": len(wanted), "suggestions": offers.total(), "fields": dict(offers),
        "known_values": known.total(),
    }  # fmt: skip


def proposed(workspace: Workspace, folder: Path) -> dict[int, list[Proposal]]:
    """The suggestions of a folder that was read, for the fields that the schema has and has not retired."""
    known = {field.id for field in workspace.schema.spans}
    return {
        suggested.document: [proposal for proposal in suggested.proposals if proposal[0] in known]
        for suggested in suggestions_file.read(folder)
    }


def evaluate(workspace: Workspace, model: str, on: Split, tick: Tick | None = None) -> dict[str, Any]:
    """The figures of a model as it is on today's labels, in the shape of a run's report.

    Raises:
        RunProblem: nothing is labelled on that side.
        InputProblem: the model is one of classes.
    """
    source = model_of(workspace, model)
    if source != STARTER and class_suggestions.is_classifier(Path(source)):
        raise InputProblem(
            f"{model} tells what whole documents are: such a model is measured on what its run stored.",
            "Name its run, and leave out --fresh.",
        )
    with workspace.db.read() as connection:
        sides = {
            split: tuple(document_list.ids(connection, document_list.Filter("labelled", split=split)))
            for split in {on, Split.VALIDATION}
        }
        labelled = label_queries.fields(connection)
    if not sides[on]:
        raise RunProblem(f"There is no labelled {on.value} document.", "`workbench split` makes a test side.")
    with reading(workspace, source, {s: ids for s, ids in sides.items() if ids}, tick) as folder:
        figures = report.evaluate_run(folder, on.value, labelled=labelled)
        trust = suggestions.trust_of(workspace.settings, suggestions.source_run(source))
        return figures | {"suggested": suggestions.figures(run_reader.read_labelled(folder, on.value), trust)}
