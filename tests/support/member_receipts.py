"""Receipts with a field of the analyst's own, which no model was taught: a member's number."""

from pathlib import Path

from storage.records import Annotations, Span, State
from tests.support import sample_documents
from workbench.annotation.editor import DocumentEditor
from workbench.fields import Field, FieldType, Schema, colours, invoice_schema
from workbench.workspace import Workspace

MEMBER = Field("member", "Member", FieldType.TEXT, "m", colours.SKY_BLUE)

_TEXT = """\
   {shop}
   {number} HIGH STREET
   DATE: {day:02}/03/2026
   MEMBER CARD: {member}
   PENCIL       {amount}
   TOTAL        {amount}
"""
_SHOPS = ("ACME TRADING", "GREEN GROCER", "BOOKS AND MORE", "CORNER CAFE", "TOY WORLD", "CITY PHARMACY")


def workspace(folder: Path, count: int = 6) -> Workspace:
    """So many receipts without labels, and a schema with the field."""
    pages = [
        sample_documents.page_of(
            _TEXT.format(
                shop=_SHOPS[n % len(_SHOPS)], number=12 + 7 * n, day=1 + n, member=number(n), amount=f"{3 + n}.5{n}"
            )
        )
        for n in range(count)
    ]
    listed = [sample_documents.new(f"receipt {n}", [page], group=f"shop {n}") for n, page in enumerate(pages)]
    made = sample_documents.workspace_of(folder, listed)
    made.change_settings(schema=Schema((*invoice_schema(), MEMBER)))
    return made


def number(receipt: int) -> str:
    """The member's number on a receipt, counted from 0."""
    return f"K{4711 + 1013 * receipt}"


def accept(workspace: Workspace, document: int) -> None:
    """Label the member's number of a document, counted from 1, and accept it."""
    editor = DocumentEditor(workspace, document)
    place = sample_documents.find(editor.content, number(document - 1))
    editor.act("finish", Annotations(spans=frozenset([Span("member", place)]), state=State.LABELLED))
