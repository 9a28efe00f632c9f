"""The documents of a workspace as an export reads them, and its values as a workbook."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from storage import document_list, documents
from storage.document_list import Filter
from storage.exceptions import UsageProblem
from storage.records import Content
from workbench.exchange.exporters.base import ExportReport
from workbench.workspace import Workspace


def contents(workspace: Workspace, ids: Sequence[int], told_apart: bool) -> Iterator[Content]:
    """The documents; those of one name by the folder that tells them apart, for tables that people read."""
    with workspace.db.read() as connection:
        names = document_list.names_of(connection, ids) if told_apart else {}
    for document_id in ids:
        with workspace.db.read() as connection:
            content = documents.open_document(connection, document_id)
        name = names.get(document_id, content.document.name)
        yield replace(content, document=replace(content.document, name=name))


def write_values(workspace: Workspace, target: Path) -> ExportReport:
    """Write the values of all documents as a workbook.

    Raises:
        UsageProblem: there is no document.
        WorkspaceProblem: it cannot be written.
    """
    from workbench.exchange.exporters.values_xlsx import XlsxExporter

    with workspace.db.read() as connection:
        ids = document_list.ids(connection, Filter())
    if not ids:
        raise UsageProblem("There is no document.", "Bring documents in: workbench import PATH…")
    exporter = XlsxExporter(workspace.settings.day_first)
    return exporter.write(contents(workspace, ids, told_apart=True), workspace.schema, target)
