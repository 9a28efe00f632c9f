"""What the errors screen shows of a run: one snapshot drives its widgets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage import runs
from storage.files import write_atomic
from storage.records import Run
from workbench.evaluation import error_review
from workbench.evaluation.classes import errors as class_errors
from workbench.evaluation.classes.errors import ClassReview, Key
from workbench.evaluation.doctor import consultation
from workbench.evaluation.doctor.consultation import ENDED
from workbench.evaluation.error_review import ErrorReview, Verdict
from workbench.fields.plain_text import counted
from workbench.runs import progress
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Shown:
    """A run's errors on one split, and what was done about them since."""

    run: Run
    review: ErrorReview
    verdicts: dict[int, Verdict | None]  # by id(item), as error_review.verdicts gives them
    evaluation: dict[str, Any]

    def facts(self) -> tuple[str, str, str]:
        """The screen's part of the status line: the run, what is said first of it, and how many errors are left."""
        fixed, total = error_review.label_errors(self.review, self.verdicts)
        errors = f"{fixed} of {counted(total, 'error')} were label errors" if fixed else counted(total, "error")
        own = progress.headline(self.evaluation) if self.evaluation.get("split") == self.review.split else ""
        f1 = f"F1 {self.review.f1:.3f} on {self.review.split}"
        side = progress.side_of(self.review.split, self.run.report)
        return f"{self.run.name} · {side}", own or f1, errors


def read(workspace: Workspace, before: Shown | None, run_id: str = "", split: str | None = None) -> Shown | None:
    """Read a run's errors; of the one that was read before, only what was done about them since.

    Args:
        before: what was read last.
        run_id: "" takes the newest run that ended and reads fields.
        split: None takes the one that was read before, or the first that has errors to show.

    Returns:
        None where no such run has ended.
    """
    with workspace.db.read() as connection:
        ended = runs.listed(connection, ENDED, task="tokens")
    run = next((run for run in ended if run_id in ("", run.id)), None)
    if run is None:
        return None
    if before is not None and before.run.id == run.id and split in (None, before.review.split):
        review, evaluation = before.review, before.evaluation
    else:
        folder = workspace.files.run(run.id)
        review, evaluation = error_review.look(folder, split), consultation.evaluation_of(folder)
    return Shown(run, review, error_review.verdicts(workspace, review), evaluation)


def read_classes(
    workspace: Workspace, before: ClassReview | None, run_id: str = "", split: str | None = None
) -> tuple[Run, ClassReview, dict[Key, Verdict | None]] | None:
    """The errors of a run of a class field; None where the run, by default the newest that ended, reads fields."""
    with workspace.db.read() as connection:
        ended = runs.listed(connection, ENDED)
    run = next((run for run in ended if run_id in ("", run.id)), None)
    if run is None or run.task != "classes":
        return None
    if before is None or before.run != run.id or split not in (None, before.split):
        before = class_errors.look(workspace.files.run(run.id), split)
    return run, before, class_errors.verdicts(workspace, before)


def write_report(workspace: Workspace, run: Run, split: str, target: Path) -> None:
    """Write a run's HTML report."""
    from workbench.evaluation import html_report  # they are rarely wanted
    from workbench.evaluation.classes import html

    names = {field.id: field.name for field in workspace.schema}
    make = html.make if run.task == "classes" else html_report.make
    page = make(workspace.files.run(run.id), title=run.name, names=names, split=split)
    write_atomic(target, page, outside=True)
