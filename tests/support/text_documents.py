"""A workspace of texts that stand on no page, with a class field, and what a run thinks of them."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage import documents
from storage.documents import NewDocument
from storage.records import TEXT, ClassLabel, Content, Page, Side, Source, Token
from storage.suggestions import keep_class_suggestions
from tests.support.copies import copied
from workbench.exchange.reading.running_text import typeset
from workbench.workspace import Workspace

OPTIONS = ("invoice", "reminder", "question")
TEXTS = (
    "Invoice 4711 for March is attached",
    "Second reminder: invoice 4698 is overdue",
    "Could you tell me when you will deliver",
    "Please pay the amount of 120.00 by Friday",
)


def page(text: str) -> Page:
    made = typeset([line.split() for line in text.splitlines()])
    tokens = tuple(Token(n, 0, token.line or 0, token.text, token.box) for n, token in enumerate(made.tokens))
    return Page(0, made.width, made.height, tokens, engine=TEXT)


def workspace(
    folder: Path,
    texts: Sequence[str] = TEXTS,
    labels: Mapping[int, str | Sequence[str]] | None = None,
    likely: Mapping[int, Mapping[str, float]] | None = None,
    options: Sequence[str] = OPTIONS,
    multiple: bool = False,
    sides: Mapping[int, Side] | None = None,
) -> Workspace:
    """Texts, those in `labels` labelled, with probabilities of options in `likely`; both by position."""
    what = (folder.name, tuple(texts), labels, likely, tuple(options), multiple, sides)
    return copied(folder, what, lambda folder: _workspace(folder, texts, labels, likely, options, multiple, sides))


def _workspace(
    folder: Path,
    texts: Sequence[str],
    labels: Mapping[int, str | Sequence[str]] | None,
    likely: Mapping[int, Mapping[str, float]] | None,
    options: Sequence[str],
    multiple: bool,
    sides: Mapping[int, Side] | None,
) -> Workspace:
    created = Workspace.create(folder)
    created.change_settings(annotator="ann")
    created.change_schema(lambda schema: schema.add_class("type", options, multiple=multiple))
    new = []
    for number, text in enumerate(texts):
        known = (labels or {}).get(number, ())
        given = (known,) if isinstance(known, str) else known
        classes = tuple(ClassLabel("type", option, Source.IMPORT, "bob") for option in given)
        new.append(
            NewDocument(
                f"text {number}", "made", hashlib.sha256(f"{number} {text}".encode()).hexdigest(), "texts",
                (page(text),), group=f"text {number}", labelled=bool(classes), classes=classes,
                side=(sides or {}).get(number, Side.TRAIN),
            )
        )  # fmt: skip
    with created.db.write() as connection:
        numbers = documents.add(connection, new, "bob")
        rows = {numbers[at]: list(shares.items()) for at, shares in (likely or {}).items()}
        keep_class_suggestions(connection, "run-1", "type", rows)
    return created


def kept(workspace: Workspace, position: int) -> Content:
    """A document as it is stored; `position` is that of its text."""
    with workspace.db.read() as connection:
        return documents.open_document(connection, position + 1)


def options_of(workspace: Workspace) -> list[list[str]]:
    """The stored options of every text."""
    with workspace.db.read() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM documents").scalar() or 0
    return [
        sorted(label.option for label in kept(workspace, number).annotations.classes) for number in range(int(count))
    ]
