"""`workbench export`: documents, labels or values in another format."""

from pathlib import Path

import click

from storage import document_list
from storage.document_list import Filter
from storage.exceptions import UsageProblem
from storage.records import Split
from workbench.commands.support import streams
from workbench.commands.support.context import Context
from workbench.commands.support.output import CommandWithFormats, emit, json_option
from workbench.commands.support.parameter_types import NamedPath
from workbench.exchange.exporters import registry as exporters
from workbench.exchange.exporters.base import check_target
from workbench.exchange.exporters.documents import contents
from workbench.fields.plain_text import counted


@click.command(cls=CommandWithFormats, formats=exporters.EXPORTERS)
@click.argument("format", metavar="FORMAT", type=click.Choice(list(exporters.EXPORTERS)))
@click.argument("out", type=NamedPath(path_type=Path, allow_dash=True))
@click.option("--split", type=click.Choice([split.value for split in Split]), help="Only the documents of this split.")
@click.option(
    "--only",
    type=click.Choice(list(document_list.KINDS)),
    default="all",
    help="Only documents that are, say, labelled.",
)
@click.option("--group", help="Only the documents of this vendor or template group.")
@click.option(
    "--pictures/--no-pictures", default=True, help="Copy the pages' pictures along, where the format has any."
)
@click.option("--excel", metavar="LOCALE", help="values-csv as this country's Excel opens it: de, fr, en_US …")
@click.option("--force", is_flag=True, help="Overwrite OUT where it is a file that exists.")
@json_option
@click.pass_obj
def command(
    context: Context,
    format: str,
    out: Path,
    split: str | None,
    only: str,
    group: str | None,
    pictures: bool,
    excel: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write documents, labels or values to OUT in another format; `-` is standard output (without pictures).

    \b
    Examples:
      workbench export label-studio tasks.json --only labelled
      workbench export values-xlsx values.xlsx
      workbench export values-csv - | head
      workbench export values-csv values.csv --excel de

    docs/formats.md says what each format cannot hold.
    """
    workspace = context.open_workspace()
    try:
        chosen = Filter(kind=only, split=Split(split) if split else None, group=group)
        with workspace.db.read() as connection:
            ids = document_list.ids(connection, chosen)
        if not ids:
            raise UsageProblem(
                "No document is to be exported.", "`workbench status` shows what there is; --split and --only restrict."
            )
        is_stream = out == streams.STREAM
        is_table = format.startswith("values")
        if excel is not None and not is_table:
            raise UsageProblem("--excel is for values-csv.", "Leave it out.")
        day_first = workspace.settings.day_first
        exporter = exporters.load_values(format, day_first, excel) if is_table else exporters.load(format)
        if is_stream and exporter.folder:
            raise UsageProblem(f"{format} is a folder, which standard output cannot hold.", "Name a folder.")
        folder = workspace.files.pages if pictures and not is_stream else None
        beside = exporter.beside(out, pictures) if hasattr(exporter, "beside") and not is_stream else []
        check_target(out, workspace.files, force, beside)
        with streams.output_of(out) as target:
            chosen_documents = contents(workspace, ids, told_apart=is_table)
            written = exporter.write(chosen_documents, workspace.schema, target, folder)
    finally:
        workspace.close()
    data = {
        "format": format,
        "out": str(out),
        "documents": written.documents,
        "pages": written.pages,
        "labels": written.labels,
        "lost": dict(written.lost),
    }
    counts = (written.documents, "document"), (written.pages, "page"), (written.labels, "label")
    lines = [f"{', '.join(counted(*count) for count in counts)} -> {out}"]
    lines += [f"  {count:,} ×: {what}" for what, count in written.lost.items()]
    with streams.reserved(is_stream):
        emit(data, as_json=as_json, text=lines)
