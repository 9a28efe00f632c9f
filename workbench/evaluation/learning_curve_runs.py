"""Training on growing parts of the data, to see what more labels would bring: runs like any other, kept as a group."""

from collections.abc import Callable

from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.records import Run
from workbench.evaluation.doctor.consultation import ENDED
from workbench.runs import jobs
from workbench.runs.config.files import apply_sets, from_dict
from workbench.runs.progress import Progress, trained_on
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

SHARES = (0.25, 0.5, 0.75)
"""Parts of the training documents; the run itself is the whole."""


def _progress(name: str, tick: Callable[[str, float], None] | None) -> Callable[[Progress], None] | None:
    return None if tick is None else lambda progress: tick(name, progress.share)


def group_of(run: Run) -> str:
    """The name under which a run's parts are kept together."""
    return f"curve-{run.id}"


def train(workspace: Workspace, run: Run, tick: Callable[[str, float], None] | None = None) -> list[Run]:
    """Train the parts of a run that are missing, one after the other; returns all of them.

    Safe to repeat: parts that ended are kept, so that a curve that was interrupted goes on.

    Args:
        run: a run that ended with a model.
        tick: called with (the part's name, the share of its work that is done).

    Raises:
        RunProblem: it is not known what the run was trained on, or a part failed.
    """
    total = trained_on(workspace.files.run(run.id))
    if run.state not in ENDED or not total:
        raise RunProblem(f"Run {run.name} has not ended with a model.", "Wait for it, then ask again.")
    config = from_dict(run.config)
    done = []
    for share in SHARES:
        wanted = max(1, round(total * share))
        name = f"{run.name} {share:.0%}"
        part = _part(workspace, run, wanted)
        if part is None:
            changed = apply_sets(config, [f"data.max_train_documents={wanted}"])
            part = jobs.prepare(workspace, changed, preset=run.preset, name=name, batch=group_of(run))
        if part.state not in ENDED:
            if not RunFolder(workspace.files.run(part.id)).at_work():
                jobs.start(workspace, part.id)
            part = jobs.wait(workspace, part.id, _progress(name, tick))
        if part.state not in ENDED:
            raise RunProblem(
                f"The part {name} ended as {part.state.value}. {part.reason}", f"workbench runs log {part.id}"
            )
        done.append(part)
    return done


def _part(workspace: Workspace, run: Run, wanted: int) -> Run | None:
    """The newest part of this size that was trained before."""
    with workspace.db.read() as connection:
        listed = run_store.listed(connection, task="tokens")
    return next(
        (
            part
            for part in listed
            if part.batch == group_of(run) and part.config["data"].get("max_train_documents") == wanted
        ),
        None,
    )
