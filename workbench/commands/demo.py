"""`workbench demo`: the whole loop in small, on the sample data."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage.files import SETTINGS
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.commands.support.parameter_types import NamedPath
from workbench.fields.plain_text import as_argument, counted

if TYPE_CHECKING:
    from workbench.workspace import Workspace

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
INVOICES = ("labelled", "inbox", "values.csv")
"""What of the samples is invoices; beside them are mails, for classes."""
ROUND_SIZE = 4


@click.command()
@click.option("--headless", is_flag=True, help="Run the whole loop and print the results, without opening the screens.")
@click.option(
    "--task", type=click.Choice(["tokens", "classes"]), default="tokens", show_default=True,
    help="What is learned: the fields of invoices, or what short mails are.",
)  # fmt: skip
@click.option("--at", "directory", type=NamedPath(path_type=Path), default=Path("demo"), show_default=True)
@json_option
@click.pass_obj
def command(context: Context, headless: bool, task: str, directory: Path, as_json: bool) -> None:
    """Build a workspace from the sample data and open the workbench on it.

    With --headless (or without a terminal) the loop runs by itself and prints what it did: import with OCR, split,
    suggestions, a first model, its errors, the Doctor, a relabel queue, a second model. With --json it always does;
    what it does is printed to standard error.

    Keys of --json: workspace, runs [{run, train_documents, f1}].

    \b
    Examples:
      workbench demo
      workbench demo --headless --at /tmp/demo
      workbench demo --task classes
    """
    from workbench.files.output_places import refuse_own
    from workbench.runs import machine
    from workbench.workspace import Workspace

    directory = context.directory or directory
    headless = headless or as_json or not (sys.stdin.isatty() and sys.stdout.isatty())
    machine.warm_up()
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        if (directory / SETTINGS).exists():
            workspace = Workspace.open(directory)
            click.echo(f"Using the workspace {directory} of an earlier demo; delete the folder to start afresh.")
        else:
            refuse_own(directory)
            workspace = Workspace.create(directory)
        rounds = _classes(workspace, headless) if task == "classes" else _tokens(workspace, headless)
    if as_json:
        keys = ("run", "train_documents", "f1")
        runs = [dict(zip(keys, row, strict=True)) for row in rounds]
        emit({"workspace": str(workspace.files.root), "runs": runs}, as_json=True, text="")
    if headless:
        return
    from workbench.commands.support.launch import open_workbench

    open_workbench(workspace)


def _tokens(workspace: "Workspace", headless: bool) -> list[tuple[str, int, float | None]]:
    fill(workspace)
    return _loop(workspace) if headless else []


def _classes(workspace: "Workspace", headless: bool) -> list[tuple[str, int, float | None]]:
    from workbench.commands.support import class_demo

    class_demo.fill(workspace, SAMPLES, _step)
    return class_demo.loop(workspace, SAMPLES, _step) if headless else []


@contextmanager
def _step(title: str) -> Iterator[None]:
    click.secho(f"\n{title}", bold=True)
    started = time.monotonic()
    yield
    click.echo(f"  ({time.monotonic() - started:.1f} s)")


def fill(workspace: "Workspace") -> None:
    """Import the sample data into an empty workspace, and divide it by vendor."""
    from storage import document_list, documents
    from storage.files import temporary_folder
    from workbench.exchange import pipeline
    from workbench.exchange.sources import ImportRequest
    from workbench.samples import write

    with workspace.db.read() as connection:
        if document_list.count(connection):
            return
    with temporary_folder("demo") as temporary, _step("Import (pictures without words are read by OCR)"):
        source = SAMPLES
        if not (source / "labelled").is_dir():  # installed without the repository: make them
            source = temporary / "samples"
            write.write_samples(source, 40, 1, ("en", "de", "zh"))
        summary = pipeline.run(workspace, ImportRequest(tuple(source / name for name in INVOICES))).whole()
        click.echo(
            f"  {counted(summary.documents, 'document')}, {counted(summary.pages, 'page')} "
            f"({summary.ocr_pages} read by OCR), {counted(summary.tokens, 'word')}, "
            f"{counted(sum(summary.labels.values()), 'label')}, {len(summary.rejected)} not read"
        )
    with _step("Split by vendor"):
        from storage import import_index
        from workbench.runs.splits import divide

        with workspace.db.write() as connection:
            division = divide(import_index.counts(connection), validation=0.15, test=0.2, seed=1)
            documents.assign_sides(connection, division.sides)
        click.echo("  " + ", ".join(f"{side.value} {count}" for side, count in division.documents.items()))


def _loop(workspace: "Workspace") -> list[tuple[str, int, float | None]]:
    """The loop without a person; of each of its runs the name, the training documents and the F1 on validation."""
    from storage import document_list, runs
    from storage.exceptions import WorkbenchError
    from workbench.evaluation import comparison, prediction_process

    with workspace.db.read() as connection:
        status = document_list.status(connection)
    number = counted(status["documents"], "document")
    click.echo(f"  {number}, {status['labelled']} labelled, pool {status['by_split']['pool']}")
    with _step("Suggestions of the starter, before any training"):
        try:
            suggested = prediction_process.suggest(workspace)
            click.echo(
                f"  {counted(suggested['suggestions'], 'open suggestion')} on "
                f"{counted(suggested['documents'], 'document')} of the pool"
            )
        except WorkbenchError as error:  # the starter's file may be missing; the loop goes on without it
            click.echo(f"  {error.message} {error.remedy}")
    first = _train(workspace, "First model")
    _errors(workspace, first)
    _relabel(workspace, first)
    second = _train(workspace, "Second round")
    click.secho("\nThe loop in figures", bold=True)
    figures = [_row(workspace, run_id) for run_id in (first, second)]
    rows = [(name, labels, "–" if f1 is None else f"{f1:.3f}") for name, labels, f1 in figures]
    click.echo(
        "\n".join("  " + line for line in table(rows, ("run", "training documents", "validation F1"), right=(1, 2)))
    )
    with workspace.db.read() as connection:
        before, after = runs.get(connection, first), runs.get(connection, second)
    compared = comparison.compare(workspace, before, after, "validation")
    click.echo(f"  {comparison.sentence(compared, (before.name, after.name))}")
    click.echo(f"\nOpen it: workbench -w {as_argument(workspace.files.root)}")
    return figures


def _row(workspace: "Workspace", run_id: str) -> tuple[str, int, float | None]:
    from storage import runs
    from workbench.runs import progress

    with workspace.db.read() as connection:
        run = runs.get(connection, run_id)
    prepared = progress.of(workspace.files.run(run_id)).prepared or {}
    return run.name, int((prepared.get("documents") or {}).get("train", 0)), run.f1


def _train(workspace: "Workspace", name: str) -> str:
    from storage.exceptions import RunProblem
    from workbench.active_learning import retraining
    from workbench.runs import jobs, progress

    with _step(f"{name}: fine-tune in a process of its own"):
        offer = retraining.offer(workspace)
        way = offer.warm if offer.recommended == "warm" and offer.warm else offer.base
        click.echo(f"  {way.title}. {offer.view}")
        run = retraining.train(workspace, way, name, tied=True)
        done = jobs.wait(workspace, run.id)
        if done.state.value not in ("finished", "stopped"):
            raise RunProblem(f"The run ended as {done.state.value}. {done.reason}", f"workbench runs log {run.id}")
        state = progress.of(workspace.files.run(run.id))
        best = state.best
        shown = f"F1 {best.validation.get('f1') or 0:.3f} on validation" if best else "no validation documents"
        click.echo(f"  run {run.id}: {counted(state.step, 'step')} in {state.seconds:.0f} s, {shown}")
    return run.id


def _errors(workspace: "Workspace", run_id: str) -> None:
    from storage import runs
    from workbench.commands import doctor, evaluate
    from workbench.evaluation import error_analysis, report
    from workbench.evaluation.doctor import consultation
    from workbench.predictions import run_reader

    folder = workspace.files.run(run_id)
    with _step("Errors, field by field"):
        figures = report.evaluate_run(folder)
        click.echo("\n".join("  " + line for line in evaluate.lines_of(figures, workspace.schema.name)))
        errors = error_analysis.find(
            error_analysis.judge(run_reader.read_labelled(folder, figures["split"], boxes=False))
        )
        for record in errors[:3]:
            click.echo(f"  e.g. {record.name}: {record.kind.value} {workspace.schema.name(record.field)}")
    with _step("The Doctor"):
        with workspace.db.read() as connection:
            advice = consultation.consult(workspace, runs.get(connection, run_id))
        click.echo("\n".join("  " + line for line in doctor.lines_of(advice)[:16]))


def _relabel(workspace: "Workspace", run_id: str) -> None:
    """A round of the relabel loop; the bookkeeping's values stand in for the person who accepts or corrects."""
    from workbench.active_learning import selection
    from workbench.active_learning.selection_request import SelectionRequest
    from workbench.annotation import acts, rounds
    from workbench.annotation.editor import DocumentEditor

    with _step("Relabel queue"):
        running = selection.start(workspace, SelectionRequest(size=ROUND_SIZE, run=run_id))
        running.wait()
        round_id = selection.open_round(workspace, running, 0.0)
        progress = rounds.look(workspace, round_id)
        with workspace.db.read() as connection:
            names = selection.names(connection, progress)
        for picked in progress.entries:
            click.echo(f"  {names[picked.document]}: {'; '.join(picked.reasons)}")
        act_count = 0
        while (entry := rounds.next_entry(workspace, round_id)) is not None:
            editor = DocumentEditor(workspace, entry.document)
            act_count += _label_from_values(editor, workspace)
            editor.act("accept document", acts.finish(editor.state))
        closed = selection.close(workspace, round_id)
        click.echo(f"  {counted(len(progress.entries), 'document')} labelled in {act_count} acts ({closed.strategy})")


def _label_from_values(editor: Any, workspace: "Workspace") -> int:
    from workbench.annotation import acts
    from workbench.locate.alignment import align_all

    wanted = {}
    for reference in editor.content.references:
        field = workspace.schema.get(reference.field)
        if field is not None and not field.retired:
            wanted[field.id] = (field.type, reference.value)
    aligned, _ = align_all(editor.content.tokens, wanted)
    act_count = 0
    for field_id, place in aligned.items():
        act_count += editor.act("assign", acts.assign(editor.state, field_id, place.tokens, "bookkeeping"))
    return act_count
