"""`workbench predict`: a model reads files that are not in the workspace."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.commands import Context
from workbench.commands.support import argument_completion, streams
from workbench.commands.support.output import emit, json_option, table

if TYPE_CHECKING:
    from workbench.runs.parquet import ClassCase


@click.command()
@click.argument("model", shell_complete=argument_completion.model)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, allow_dash=True))
@json_option
@click.pass_obj
def command(context: Context, model: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Read FILES (`-`: standard input) with MODEL: a run, a model folder, or `starter`.

    Nothing is added to the workspace.

    Prints for each document its fields with value, normalised value, confidence, page and box; with a model of
    classes, its class and the probability of every option.

    \b
    Examples:
      workbench predict starter invoice.pdf
      workbench predict 20261122-093000 inbox/ --json
      workbench predict starter - < invoice.pdf
    """
    from storage import document_list, documents
    from storage.records import Split
    from workbench.commands.support.progress import document_progress
    from workbench.evaluation import inference
    from workbench.evaluation.classes import inference as class_inference
    from workbench.exchange import pipeline
    from workbench.exchange.sources import ImportRequest
    from workbench.runs import parquet
    from workbench.workspace import Workspace

    workspace = context.open_workspace()
    source = inference.model_of(workspace, model)
    with tempfile.TemporaryDirectory(prefix="workbench-predict-") as folder:
        # the files are imported into a workspace that is deleted afterwards
        scratch = Workspace.create(Path(folder) / "files")
        settings = workspace.settings
        scratch.change_settings(schema=settings.schema, limits=settings.limits, postprocess=settings.postprocess)
        with streams.files_of(files) as paths:
            summary = pipeline.run(scratch, ImportRequest(paths=paths))
        with scratch.db.read() as connection:
            ids = tuple(document_list.ids(connection))
        data: list[dict[str, Any]] = []
        if ids:
            with (
                document_progress("Reading", silent=as_json) as show,
                inference.reading(scratch, source, {Split.POOL: ids}, show) as predicted,
            ):
                of_classes = class_inference.is_of_classes(predicted)
                if of_classes:
                    data = [classified(case) for case in parquet.stream_classes(predicted, "pool")]
                proposals = {} if of_classes else inference.proposed(scratch, predicted)
            with scratch.db.read() as connection:
                for number in () if of_classes else ids:
                    content = documents.open_document(connection, number)
                    values = inference.extracted(content, proposals.get(number, []), scratch)
                    fields = {
                        value.field: {k: v for k, v in asdict(value).items() if k not in ("field", "tokens")}
                        for value in values
                    }
                    data.append(
                        {"document": content.document.name, "source": content.document.source, "fields": fields}
                    )
        scratch.close()
    rejected = [{"file": r.file, "record": r.record, "reason": r.reason} for r in summary.rejected]
    lines = []
    for item in data:
        if "class" in item:
            lines.append(f"{item['document']}: {item['class']} ({item['probabilities'][item['class']]:.0%})")
            continue
        lines.append(f"{item['document']}:")
        rows = [
            (f"  {name}", f["normalised"] or "–", f["value"], f"{f['confidence']:.0%}")
            for name, f in item["fields"].items()
        ]
        lines += table(rows, ("  field", "value", "as printed", "sure"), right=(3,)) if rows else ["  nothing found"]
    lines += [f"not read: {r['file']} {r['record']} – {r['reason']}" for r in rejected]
    emit({"model": model, "documents": data, "rejected": rejected}, as_json=as_json, text=lines)
    if summary.failed:
        raise SystemExit(4)


def classified(case: "ClassCase") -> dict[str, Any]:
    """What --json says of a document that was classified."""
    shares = {option: round(share, 4) for option, share in case.probabilities.items()}
    return {"document": case.name, "class": case.predicted, "probabilities": shares}
