"""The loop of the demo on class labels: short mails, of which some are labelled, and what each is."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storage.exceptions import UsageProblem
from storage.files import temporary_folder
from workbench.commands.support.output import table
from workbench.fields.plain_text import as_argument, counted

if TYPE_CHECKING:
    from workbench.active_learning.loop_task import LoopTask
    from workbench.workspace import Workspace

MAILS = "mails.jsonl"
FIELD = "mail"
"""The class field that the demo makes."""
_SEED, _COUNT = 1, 400
_LABELLED = 100  # mails that come with their label; the others are the pool
_BATCH = 20
Step = Callable[[str], AbstractContextManager[None]]
Row = tuple[str, int, float | None]
"""A run's name, its training documents, and its macro F1 on validation."""


def records(samples: Path) -> list[dict[str, str]]:
    """The sample mails with their labels; made anew where the program was installed without them."""
    path = samples / MAILS
    if path.is_file():
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    from workbench.samples.texts.mails import mails

    return [{"id": str(n), "text": text, "label": name} for n, (text, name) in enumerate(mails(_COUNT, _SEED), 1)]


def fill(workspace: "Workspace", samples: Path, step: Step) -> None:
    """Import the mails into an empty workspace, the first with their labels, and divide them."""
    from storage import document_list, documents, import_index
    from workbench.exchange import pipeline
    from workbench.exchange.sources import ImportRequest
    from workbench.runs.splits import divide

    with workspace.db.read() as connection:
        if document_list.count(connection):
            return
    with temporary_folder("demo") as temporary, step("Import 400 mails, 100 of them labelled"):
        workspace.change_schema(lambda schema: schema.add_class(FIELD, _options(samples)))
        path = temporary / MAILS
        lines = []
        for number, record in enumerate(records(samples)):
            kept = record if number < _LABELLED else {key: record[key] for key in ("id", "text")}
            lines.append(json.dumps(kept))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        summary = pipeline.run(workspace, ImportRequest((path,))).whole()
        counts = f"{counted(summary.documents, 'text')}, {counted(summary.tokens, 'word')}"
        click.echo(f"  {counts}, {len(summary.rejected)} not read")
    with step("Split"):
        with workspace.db.write() as connection:
            division = divide(import_index.counts(connection), validation=0.2, test=0.2, seed=1)
            documents.assign_sides(connection, division.sides)
        click.echo("  " + ", ".join(f"{side.value} {count}" for side, count in division.documents.items()))


def _options(samples: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys(record["label"] for record in records(samples)))


def loop(workspace: "Workspace", samples: Path, step: Step) -> list[Row]:
    """A first model, its errors, a batch that is labelled as the samples say, and a second model."""
    from workbench.active_learning import loop_task

    task = next((task for task in loop_task.of_schema(workspace.schema) if task.field), None)
    if task is None:
        raise UsageProblem(
            f"{workspace.files.root} has no class field: it is no demo of classes.", "Name another --at."
        )
    first = _train(workspace, task, "first", step)
    _errors(workspace, first, step)
    _label_batch(workspace, task, {record["text"]: record["label"] for record in records(samples)}, step)
    second = _train(workspace, task, "second", step)
    figures = [_row(workspace, run) for run in (first, second)]
    click.secho("\nThe loop in figures", bold=True)
    rows = [(name, count, "–" if f1 is None else f"{f1:.3f}") for name, count, f1 in figures]
    heads = ("run", "training texts", "validation macro F1")
    click.echo("\n".join("  " + line for line in table(rows, heads, right=(1, 2))))
    click.echo(f"\nOpen it: workbench -w {as_argument(workspace.files.root)}")
    return figures


def _train(workspace: "Workspace", task: "LoopTask", name: str, step: Step) -> str:
    from storage.exceptions import RunProblem
    from workbench.active_learning import retraining
    from workbench.runs import jobs

    with step(f"The {name} model: train in a process of its own"):
        offer = retraining.offer(workspace, task)
        click.echo(f"  {offer.base.title}. {offer.view}")
        run = retraining.train(workspace, offer.base, name, tied=True)
        done = jobs.wait(workspace, run.id)
        if done.state.value not in ("finished", "stopped"):
            raise RunProblem(f"The run ended as {done.state.value}. {done.reason}", f"workbench runs log {run.id}")
        click.echo(f"  run {run.id}")
    return run.id


def _errors(workspace: "Workspace", run_id: str, step: Step) -> None:
    from workbench.evaluation.classes import errors

    with step("Errors: which class is taken for which, the surest wrong first"):
        review = errors.look(workspace.files.run(run_id))
        known = review.figures
        click.echo(f"  accuracy {known['accuracy']:.3f}, macro F1 {known['macro']['f1']:.3f} on {review.split}")
        for item in review.wrong[:5]:
            click.echo(f"  {item.label} taken for {item.predicted} ({item.probability:.0%}): {item.text}")


def _label_batch(workspace: "Workspace", task: "LoopTask", truth: dict[str, str], step: Step) -> None:
    """A round of the least sure texts; the samples' own labels stand in for the person at the keys."""
    from storage import document_list
    from workbench.active_learning import selection
    from workbench.active_learning.selection_request import SelectionRequest
    from workbench.annotation import rounds
    from workbench.annotation.classes import label_many

    with step("Relabel queue: what the model is least sure of"):
        running = selection.start(workspace, SelectionRequest(size=_BATCH, class_field=task.field))
        running.wait()
        round_id = selection.open_round(workspace, running, 0.0)
        entries = rounds.look(workspace, round_id).entries
        with workspace.db.read() as connection:
            texts = document_list.beginnings(connection, [entry.document for entry in entries], 200)
        for entry in entries[:5]:
            click.echo(f"  {' '.join(texts[entry.document])}: {'; '.join(entry.reasons)}")
        field = next(field for field in workspace.schema.classes if field.id == task.field)
        choices = {number: label_many.Choice((truth[" ".join(words)],)) for number, words in texts.items()}
        label_many.label(workspace, field, choices, {})
        selection.close(workspace, round_id)
        click.echo(f"  {counted(len(choices), 'text')} labelled")


def _row(workspace: "Workspace", run_id: str) -> Row:
    from storage import runs
    from workbench.runs import progress

    with workspace.db.read() as connection:
        run = runs.get(connection, run_id)
    return run.name, progress.trained_on(workspace.files.run(run_id)) or 0, run.f1
