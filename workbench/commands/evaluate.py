"""`workbench evaluate`: the figures of a run, a model folder, or the starter."""

from typing import TYPE_CHECKING, Any

import click

from workbench.commands.support import argument_completion, streams
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.fields.plain_text import counted

if TYPE_CHECKING:
    from workbench.workspace import Workspace


@click.command()
@click.argument("model", shell_complete=argument_completion.model)
@click.option(
    "--on", type=click.Choice(["test", "validation", "train"]), help="Which side (default: test if it has labels)."
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Read today's labelled documents again instead of the run's stored predictions; of fields alone.",
)
@click.option(
    "--values", is_flag=True, help="Known values read right instead (e-invoices, tables of values); needs no labels."
)
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, allow_dash=True),
    help="Write a report for colleagues, too; `-`: to standard output, the figures to standard error.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite the file of --html where it exists.")
@click.option("--positive", metavar="CLASS", help="Of a run of a class field: the F1 of this class, under its name.")
@json_option
@click.pass_obj
def command(
    context: Context,
    model: str,
    on: str | None,
    fresh: bool,
    values: bool,
    page: str | None,
    force: bool,
    positive: str | None,
    as_json: bool,
) -> None:
    """Figures of MODEL (a run, a model folder, or `starter`) by field, with 95 % intervals over documents.

    Of a run of a class field: by class, with the points of its curves in --json.

    A run is evaluated on the predictions that it stored, against the labels it was frozen with; --fresh reads
    today's labels. A run of a search has not read its test side, unless it was the best: --on test has it read that,
    and keeps what it read. --values counts the known values that are read right, by field, language and layout, on
    all documents (or those --on a side) that the run was not trained on. Nothing else of a run's report is ever
    rewritten. The rollback rate is of documents that the run processed and people labelled later: of those that would
    have passed without a look, the share that had to be corrected.

    \b
    Examples:
      workbench evaluate 20261122-093000
      workbench evaluate starter --on test --json
      workbench evaluate starter --values
    """
    from pathlib import Path

    from workbench.exchange.exporters.base import check_target
    from workbench.runs.reconcile import reconcile, still_there

    workspace = context.open_workspace()
    if page is not None:
        check_target(Path(page), workspace.files, force)
    reconcile(workspace)
    with still_there(workspace, model):
        _evaluate(workspace, model, on, fresh=fresh, values=values, page=page, positive=positive, as_json=as_json)


def _evaluate(
    workspace: "Workspace",
    model: str,
    on: str | None,
    *,
    fresh: bool,
    values: bool,
    page: str | None,
    positive: str | None,
    as_json: bool,
) -> None:
    from pathlib import Path

    from storage import runs
    from storage.exceptions import UsageProblem
    from storage.records import Split
    from workbench.commands.support import class_text
    from workbench.commands.support.progress import document_progress
    from workbench.evaluation import corrections, prediction_process, report
    from workbench.evaluation.classes import class_report
    from workbench.predictions import run_reader, suggestions
    from workbench.runs import parquet
    from workbench.runs.state import RunFolder
    from workbench.search import late_reading

    if values:
        _known_values(workspace, model, on, page, as_json)
        return
    folder = None
    if model == prediction_process.STARTER or Path(model).is_dir() or fresh:
        with document_progress("Reading", silent=as_json) as show:
            figures = prediction_process.evaluate(workspace, model, Split(on or "test"), show)
        figures["run"] = model
    else:
        folder = Path(prediction_process.model_of(workspace, model)).parent
        if on == "test" and RunFolder(folder).test_unread():
            with workspace.db.read() as connection:
                run = runs.get(connection, folder.name)
            with document_progress("Reading the test side", silent=as_json) as show:
                late_reading.read_test(workspace, run, show)
        predictions = RunFolder(folder).predictions
        if predictions.is_file() and parquet.task_of(predictions) == parquet.CLASSES:
            figures = class_report.evaluate_run(folder, on)
            if left := RunFolder(folder).test_unread():
                figures["test_unread"] = left
            if positive is not None:
                figures["positive"] = class_report.of_class(figures, positive)
            if page is not None:
                from workbench.evaluation.classes import html

                names = {field.id: field.name for field in workspace.schema}
                _write(page, html.make(folder, title=str(figures["run"]), names=names, split=figures["split"]))
            with streams.reserved(page == "-"):
                emit(figures, as_json=as_json, text=class_text.lines(figures))
            return
        if positive is not None:
            raise UsageProblem("This run reads fields: it has no positive class.", "Leave out --positive.")
        figures = report.evaluate_run(folder, on)
        if left := RunFolder(folder).test_unread():
            figures["test_unread"] = left
        # the weights of model and rules were learnt on validation, where these figures would be too good
        judged = run_reader.read_labelled(folder, figures["split"]) if figures["split"] != "validation" else []
        figures["suggested"] = suggestions.figures(judged, suggestions.trust_of(workspace.settings, folder))
        figures["rollback"] = corrections.measure(workspace, folder, figures)
    if page is not None:
        from workbench.evaluation import html_rendering, html_report

        names = {field.id: field.name for field in workspace.schema}
        if folder is None:  # the predictions are gone: figures alone
            written = html_rendering.render(figures, title=str(figures["run"]), names=names)
        else:
            written = html_report.make(folder, title=str(figures["run"]), names=names, split=figures["split"])
        _write(page, written)
    with streams.reserved(page == "-"):
        emit(figures, as_json=as_json, text=lines_of(figures, workspace.schema.name))


def _write(page: str, written: str) -> None:
    from pathlib import Path

    from storage.files import write_atomic

    with streams.output_of(Path(page)) as target:
        write_atomic(target, written, outside=True)


def _known_values(workspace: Any, model: str, on: str | None, page: str | None, as_json: bool) -> None:
    from pathlib import Path

    from storage.exceptions import InputProblem, UsageProblem
    from storage.records import Split
    from workbench.commands.support.progress import document_progress
    from workbench.evaluation import known_value_figures, prediction_process
    from workbench.evaluation.classes import class_suggestions

    if page is not None:
        raise UsageProblem("There is no HTML report of known values.", "Leave out --html, or use --json.")
    folder = prediction_process.model_of(workspace, model)
    if folder != prediction_process.STARTER and class_suggestions.is_classifier(Path(folder)):
        raise InputProblem(f"{model} tells what whole documents are: known values are not for it.")
    with document_progress("Reading", silent=as_json) as show:
        figures = known_value_figures.evaluate(workspace, model, Split(on) if on else None, show)
    emit(figures, as_json=as_json, text=lines_of_values(figures, workspace.schema.name))


def lines_of_values(figures: dict[str, Any], name: Any) -> list[str]:
    """Figures of known values as text; `name` returns the shown name of a field."""
    from storage.records import SURE

    single = figures["one_a_layout"]
    lines = [
        f"{figures['model']} on {counted(figures['documents'], 'document')} with known values: "
        f"{figures['right']} of {figures['known']} right ({_share(figures['right'] / figures['known'])}); "
        f"one document a layout: {single['right']} of {single['known']} ({_share(single['right'] / single['known'])})",
        f"offered above {SURE:.0%}: {figures['sure']}, of these wrong {figures['sure_wrong']}; "
        f"calibration error {figures['ece'] or 0.0:.2f}",
    ]
    if figures["left_out"]:
        lines.append(f"left out, as the model was trained on them: {counted(figures['left_out'], 'document')}")
    for title, key, shown in (("field", "fields", name), ("language", "languages", str), ("layout", "layouts", str)):
        rows = [
            (shown(key), _share(row["right"] / row["known"]), row["right"], row["wrong"], row["missing"], row["known"],
             row["sure_wrong"])
            for key, row in figures[key].items()
        ]  # fmt: skip
        heads = (title, "share", "right", "wrong", "missing", "known", f"wrong above {SURE:.0%}")
        lines += ["", *table(rows, heads, right=(1, 2, 3, 4, 5, 6))]
    return lines


def _interval(pair: Any) -> str:
    return f"{pair[0]:.2f}–{pair[1]:.2f}" if pair else ""


def lines_of(figures: dict[str, Any], name: Any) -> list[str]:
    """An evaluation as text; `name` returns the shown name of a field."""
    from workbench.runs.progress import headline, unread_line

    micro = figures["micro"]
    lines = [
        f"{figures['run']} on {counted(figures['documents'], figures['split'] + ' document')}",
        *filter(None, [headline(figures), unread_line(figures)]),
        f"F1 of the model alone {micro['f1']:.3f} ({_interval(micro['ci95'])}), "
        f"precision {micro['precision']:.3f}, recall {micro['recall']:.3f}",
        f"values right {_share(figures['value_exact_match'])}",
    ]
    passing = figures["thresholds"]
    if passing["automatic_pass_rate"]:
        lines.append(
            f"with {passing['precision']:.0%} wished per field, {passing['automatic_pass_rate']:.0%} of the documents "
            f"pass without review; of these {_share(passing['passed_right'])} are fully right"
        )
    if (suggested := figures.get("suggested")) and suggested["documents"]:
        lines.append(
            f"as suggested (repaired, and weighed against the rules about likely places): F1 {suggested['f1']:.3f}, "
            f"precision {suggested['precision']:.3f}, recall {suggested['recall']:.3f}"
        )
    for which in ("seen_vendors", "unseen_vendors", "unknown_vendors"):
        part = figures.get(which) or {"documents": 0}
        if part["documents"]:
            shown = "vendors not known" if which == "unknown_vendors" else which.replace("_", " ")
            lines.append(f"{shown}: F1 {part['f1']:.3f} on {counted(part['documents'], 'document')}")
    if (later := figures.get("rollback")) and later["passed"]:
        lines.append(
            f"of {counted(later['processed'], 'document')} labelled since, {later['passed']} would have passed "
            "without review; "
            f"rollback rate {later['rate']:.0%} (corrected: {later['corrected']})"
        )
    if figures["not_judged"]:
        left_out = ", ".join(f"{name(field)} ({count})" for field, count in figures["not_judged"].items())
        lines.append(f"not judged, as no document here has a label of it: {left_out}")
    rows = [
        (
            name(field),
            f"{row['precision']:.2f}",
            f"{row['recall']:.2f}",
            f"{row['f1']:.2f}",
            _interval(row["ci95"]),
            _share(row["value_exact_match"]),
            row["support"],
        )
        for field, row in figures["fields"].items()
        if row["support"] or row["precision"]
    ]
    return lines + table(rows, ("field", "prec.", "recall", "F1", "95 %", "value", "labels"), right=(1, 2, 3, 5, 6))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
