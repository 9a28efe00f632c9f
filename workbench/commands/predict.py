"""`workbench predict`: a model reads files that are not in the workspace."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.commands.support import argument_completion, streams
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.commands.support.run_settings import Reader, on_option, reader_of

if TYPE_CHECKING:
    from storage.records import Content
    from workbench.predictions.extraction import Extraction
    from workbench.runs.parquet import ClassCase
    from workbench.workspace import Workspace

_TABLES = {".csv": "values-csv", ".xlsx": "values-xlsx"}


@click.command()
@click.argument("model", shell_complete=argument_completion.model)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, allow_dash=True))
@click.option(
    "--to",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Write the values to this .csv or .xlsx file, a row a document; `-`: CSV on standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite the file of --to where it exists.")
@on_option("Let the model read")
@json_option
@click.pass_obj
def command(
    context: Context, model: str, files: tuple[Path, ...], to: Path | None, force: bool, target: str, as_json: bool
) -> None:
    """Read FILES (`-`: standard input) with MODEL: a run, `best`, a model folder, or `starter`.

    Nothing is added to the workspace. An e-invoice's own values come before what the model reads. A text that its
    field's check refuses is no value: it is listed as refused, with the reason.

    Prints for each document its fields with value (as printed), normalised value, confidence, page, box, source and
    warnings; with a model of classes, its class (or classes) and the probability of every option.
    Many files in one call load the model once. With --on the model and the files' words go to another machine over
    ssh; their predictions come back and are verified, and nothing stays there.

    \b
    Examples:
      workbench predict starter invoice.pdf
      workbench predict best inbox/ --to values.xlsx
      workbench predict 20261122-093000 inbox/ --json
      workbench predict starter - < invoice.pdf
      workbench predict best inbox/ --to values.xlsx --on box
    """
    from workbench.exchange.exporters.base import check_target
    from workbench.runs.reconcile import still_there

    table = _table_format(to)
    workspace = context.open_workspace()
    if to is not None:
        check_target(to, workspace.files, force)
    with still_there(workspace, model):
        data, summary = _predicted(workspace, model, files, to, table, target, silent=as_json)
    rejected = [{"file": r.file, "record": r.record, "reason": r.reason} for r in summary.rejected]
    report = {"model": model, "documents": data, "rejected": rejected}
    with streams.reserved(to == streams.STREAM):
        emit(report, as_json=as_json, text=list(_lines(data, rejected)))
    if summary.failed:
        raise SystemExit(4)


def _predicted(
    workspace: "Workspace",
    model: str,
    files: tuple[Path, ...],
    to: Path | None,
    table: str,
    target: str,
    *,
    silent: bool,
) -> tuple[list[dict[str, Any]], Any]:
    """What a model reads of files, written to a table where one is asked for; and the summary of their import."""
    from storage.exceptions import UsageProblem
    from storage.files import draft_folder, temporary_folder
    from workbench.evaluation import prediction_process
    from workbench.evaluation.classes import class_suggestions
    from workbench.workspace import Workspace

    source = prediction_process.model_of(workspace, model)
    reader = reader_of(workspace, target)
    # the nodes of a cluster see no folder of this machine's own
    is_shared = reader.on is not None and reader.on.is_ray
    workspace.files.runs.mkdir(exist_ok=True)
    with draft_folder(workspace.files.runs, ".predict-") if is_shared else temporary_folder("predict") as folder:
        # the files are imported into a workspace that is deleted afterwards
        scratch = Workspace.create(folder / "files")
        try:
            settings = workspace.settings
            scratch.change_settings(
                schema=settings.schema,
                limits=settings.limits,
                postprocess=settings.postprocess,
                day_first=settings.day_first,
            )
            summary = _read(scratch, files, silent=silent)
            if class_suggestions.is_classifier(Path(source)):
                if to is not None:
                    raise UsageProblem(f"{model} tells classes: --to writes tables of fields.", "Use --json.")
                data = _classify(scratch, source, reader, silent=silent)
            else:
                extractions = _extract(scratch, source, reader, silent=silent)
                if to is not None:
                    _write(scratch, extractions, table, to, model)
                data = [_as_data(content, extraction) for content, extraction in extractions]
        finally:
            scratch.close()
    return data, summary


def _table_format(to: Path | None) -> str:
    """The format of a file with this ending; "" where nothing is to be written.

    Raises:
        UsageProblem: no table is written with this ending.
    """
    from storage.exceptions import UsageProblem

    if to is None:
        return ""
    ending = ".csv" if to == streams.STREAM else to.suffix.lower()
    if ending not in _TABLES:
        raise UsageProblem(f"{to} is neither .csv nor .xlsx.", "Name a file such as values.csv or values.xlsx.")
    return _TABLES[ending]


def _read(scratch: "Workspace", files: tuple[Path, ...], *, silent: bool) -> Any:
    from workbench.commands.support.progress import phase
    from workbench.exchange import pipeline
    from workbench.exchange.sources import ImportRequest

    most = scratch.settings.limits.file_bytes
    with phase("Reading the files", silent=silent), streams.files_of(files, most) as paths:
        return pipeline.run(scratch, ImportRequest(paths=paths)).whole()


def _classify(scratch: "Workspace", source: str, reader: Reader, *, silent: bool) -> list[dict[str, Any]]:
    from storage import document_list
    from storage.records import Split
    from workbench.commands.support.progress import document_progress
    from workbench.evaluation import prediction_process
    from workbench.evaluation.classes import class_suggestions
    from workbench.runs import parquet

    with scratch.db.read() as connection:
        ids = tuple(document_list.ids(connection))
    if not ids:
        return []
    multiple = class_suggestions.takes_several(Path(source))
    with (
        document_progress("The model reads", silent=silent, before=reader.before) as show,
        prediction_process.reading(scratch, source, {Split.POOL: ids}, show, reader.on) as predicted,
    ):
        return [_class_data(case, multiple) for case in parquet.stream_classes(predicted, "pool")]


def _class_data(case: "ClassCase", multiple: bool) -> dict[str, Any]:
    """What a document is taken for; where it can be several, all that are likelier than not."""
    from workbench.evaluation.classes.several import THRESHOLD

    classes = [option for option, share in case.probabilities.items() if share >= THRESHOLD]
    return {
        "document": case.name,
        "class": case.predicted,
        **({"classes": classes} if multiple else {}),
        "probabilities": {option: round(share, 4) for option, share in case.probabilities.items()},
    }


def _extract(scratch: "Workspace", source: str, reader: Reader, *, silent: bool) -> "list[tuple[Content, Extraction]]":
    from storage import document_list, documents
    from storage.records import Split
    from workbench.commands.support.progress import document_progress
    from workbench.evaluation import prediction_process
    from workbench.predictions.extraction import extracted

    with scratch.db.read() as connection:
        ids = tuple(document_list.ids(connection))
    if not ids:
        return []
    with (
        document_progress("The model reads", silent=silent, before=reader.before) as show,
        prediction_process.reading(scratch, source, {Split.POOL: ids}, show, reader.on) as predicted,
    ):
        proposals = prediction_process.proposed(scratch, predicted)
    with scratch.db.read() as connection:
        contents = [documents.open_document(connection, number) for number in ids]
    schema, day_first = scratch.schema, scratch.settings.day_first
    return [
        (content, extracted(content, proposals.get(content.document.id, []), schema, day_first)) for content in contents
    ]


def _write(
    scratch: "Workspace", extractions: "list[tuple[Content, Extraction]]", table: str, to: Path, model: str
) -> None:
    from workbench.exchange.exporters import registry as exporters
    from workbench.predictions.extraction import with_extraction

    exporter = exporters.load_values(table, scratch.settings.day_first)
    contents = (with_extraction(*extraction, scratch.schema, model) for extraction in extractions)
    with streams.output_of(to) as target:
        exporter.write(contents, scratch.schema, target)


def _as_data(content: "Content", extraction: "Extraction") -> dict[str, Any]:
    from workbench.predictions.extraction import by_field

    fields = {
        name: {key: item for key, item in asdict(entry).items() if key not in ("field", "tokens")}
        for name, entry in by_field(extraction).items()
    }
    return {
        "document": content.document.name,
        "source": content.document.source,
        "fields": fields,
        "refused": [asdict(entry) for entry in extraction.refused],
    }


def _lines(data: list[dict[str, Any]], rejected: list[dict[str, str]]) -> Iterator[str]:
    for item in data:
        if "classes" in item:
            named = ", ".join(f"{option} ({item['probabilities'][option]:.0%})" for option in item["classes"])
            yield f"{item['document']}: {named or 'none of its classes'}"
            continue
        if "class" in item:
            yield f"{item['document']}: {item['class']} ({item['probabilities'][item['class']]:.0%})"
            continue
        yield f"{item['document']}:"
        rows = [
            (f"  {name}", f["value"], f["normalised"], f"{f['confidence']:.0%}", f["source"])
            for name, f in item["fields"].items()
        ]
        heads = ("  field", "as printed", "normalised", "sure", "source")
        yield from table(rows, heads, right=(3,)) if rows else ["  nothing found"]
        for name, entry in item["fields"].items():
            yield from (f"  ! {name}: {warning}" for warning in entry["warnings"])
        for entry in item["refused"]:
            yield f"  refused: {entry['field']} “{entry['value']}” ({entry['source']}): {entry['reason']}"
    for record in rejected:
        yield f"not read: {record['file']} {record['record']} – {record['reason']}"
