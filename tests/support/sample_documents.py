"""Documents to label: small ones made of text rows, a Chinese one, a long one, one of two pages."""

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from storage import documents
from storage.documents import NewDocument
from storage.records import Annotations, Page, ReferenceValue, Side, Source, Span, Token
from tests.support.copies import copied
from workbench.workspace import Workspace

RECEIPT = """\
      ACME TRADING SDN BHD
      12, JALAN BUNGA 3,
      TAMAN DAYA,
      81100 JOHOR BAHRU
      TEL: 07-3507405

   INVOICE NO: INV-2018-77
   DATE:    25/12/2018   8:13 PM

   PENCIL        2.00     4.00
   PAPER         5.00     5.00

   SUBTOTAL:              8.49
   GST 6%:                0.51
   TOTAL:                 9.00
   CASH                  10.00
   CHANGE                 1.00
"""

CHINESE = """\
   深圳市明达科技有限公司
   地址: 深圳市南山区科技路 12 号
   发票号码: 04418823
   开票日期: 2024年03月05日
   名称       数量    金额
   打印纸      10     150.00
   价税合计   ¥169.50
"""


def tokens_of(text: str, page: int = 0, first: int = 0) -> tuple[Token, ...]:
    """Words of a text drawing; a character is 8 units wide (16 where it is a wide one), a row 14 high."""
    found: list[Token] = []
    for number, row in enumerate(text.splitlines()):
        x, word, start = 0.0, "", 0.0
        for c in row + " ":
            if c == " " and word:
                box = (start, number * 14.0, x, number * 14.0 + 12)
                found.append(Token(first + len(found), page, number, word, box))
                word = ""
            elif c != " ":
                start = x if not word else start
                word += c
            x += 16.0 if ord(c) > 0x2E00 else 8.0
    return tuple(found)


def page_of(text: str, number: int = 0, first: int = 0, picture: str | None = None) -> Page:
    tokens = tokens_of(text, number, first)
    width = max((t.box[2] for t in tokens), default=0) + 16
    height = max((t.box[3] for t in tokens), default=0) + 14
    return Page(number, width, height, tokens, picture)


def long_page(tokens: int = 1500, columns: int = 10) -> Page:
    rows = [
        "  ".join(f"{'word' if (r * columns + c) % 7 else '1,234.50'}{c}" for c in range(columns))
        for r in range(tokens // columns)
    ]
    return page_of("\n".join(rows))


def find(content: object, words: str) -> tuple[int, ...]:
    """The ids of consecutive tokens with these texts (the first such place)."""
    tokens, wanted = content.tokens, words.split()  # type: ignore[attr-defined]
    for start in range(len(tokens)):
        if [t.text for t in tokens[start : start + len(wanted)]] == wanted:
            return tuple(range(start, start + len(wanted)))
    raise AssertionError(f"{words!r} is not on the document")


def places_of(texts: dict[str, str], page: Page) -> dict[str, tuple[int, ...]]:
    """Field -> the tokens of its value on a page."""
    return {field: find(SimpleNamespace(tokens=page.tokens), words) for field, words in texts.items()}


VALUES = {
    "seller_name": "ACME TRADING SDN BHD",
    "invoice_date": "25/12/2018",
    "amount_total": "9.00",
    "amount_net": "8.49",
}
"""What stands on RECEIPT."""


def new(
    name: str,
    pages: Sequence[Page],
    suggestions: Sequence[tuple[str, tuple[int, ...], float, str]] = (),
    references: dict[str, str] | None = None,
    group: str = "acme",
    labelled: bool = False,
    spans: tuple = (),
) -> NewDocument:
    return NewDocument(
        name,
        f"{name}.json",
        hashlib.sha256(name.encode()).hexdigest(),
        "test",
        tuple(pages),
        group=group,
        suggestions=tuple(suggestions),
        references=tuple(ReferenceValue(f, v, "books") for f, v in (references or {}).items()),
        labelled=labelled,
        spans=spans,
    )


def workspace_of(folder: Path, listed: Sequence[NewDocument]) -> Workspace:
    def make(folder: Path) -> Workspace:
        workspace = Workspace.create(folder)
        workspace.change_settings(annotator="ann", theme="dark")
        with workspace.db.write() as connection:
            documents.add(connection, listed, "ann")
        return workspace

    return copied(folder, pickle.dumps(listed), make)


def divided(folder: Path, sides: dict[Side, int], waiting: int = 0) -> Workspace:
    """Labelled receipts of as many vendors on each side, and some that wait for labels: what a run can be made of."""
    page = page_of(RECEIPT)
    labels = tuple(Span(of, tokens, Source.IMPORT, "gold") for of, tokens in places_of(VALUES, page).items())
    listed = [
        replace(new(f"{side.value}-{n}", [page], group=f"{side.value} {n}", labelled=True, spans=labels), side=side)
        for side, count in sides.items()
        for n in range(count)
    ]
    return workspace_of(folder, [*listed, *(new(f"pool-{n}", [page], group=f"pool {n}") for n in range(waiting))])


def kept(workspace: Workspace, document: int = 1) -> Annotations:
    """What the database holds."""
    with workspace.db.read() as connection:
        return documents.open_document(connection, document).annotations


def labels(workspace: Workspace, document: int = 1) -> dict[str, list[str]]:
    """Field -> texts of its labels, read from the database."""
    with workspace.db.read() as connection:
        content = documents.open_document(connection, document)
    found: dict[str, list[str]] = {}
    for span in sorted(content.annotations.spans, key=lambda s: s.tokens):
        found.setdefault(span.field, []).append(" ".join(content.tokens[t].text for t in span.tokens))
    return found


async def go(pilot, words):
    """Put the cursor on the first of some words, as a click would."""
    pilot.app.mode_screen.act(lambda session: session.cursor.go_to(find(session.content, words)[0]))
    await pilot.pause()
