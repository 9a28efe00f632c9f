"""Documents: adding, opening, changing. The list of them is in document_list."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from storage import annotations, retired_fields, tables, token_blob
from storage.exceptions import Conflict, DamagedDatabase, WorkspaceProblem
from storage.files import stays_inside
from storage.records import (
    TEXT,
    ClassLabel,
    Content,
    Document,
    Page,
    ReferenceValue,
    Side,
    Source,
    Span,
    State,
)
from storage.suggestions import class_suggestions_of, suggestions_of
from storage.tables import class_labels, documents, events, pages, problems, references, spans, suggestions, texts

MOST_PROBLEMS = 10_000
_VALUES = 8  # labels that a field may have on one document, where the documents of its latest labels are looked for
"""Of what an import could not read, so many are kept; all are counted in its summary."""
_PAGES = tables.of_document(pages, pages.c.number)
_REFERENCES = tables.of_document(references, references.c.id)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be added. `suggestions` are (field, tokens, confidence, run)."""

    name: str
    source: str
    digest: str
    format: str
    pages: tuple[Page, ...]
    language: str | None = None
    group: str = ""
    side: Side = Side.TRAIN
    labelled: bool = False
    spans: tuple[Span, ...] = ()
    suggestions: tuple[tuple[str, tuple[int, ...], float, str], ...] = ()
    references: tuple[ReferenceValue, ...] = ()
    original: str | None = None
    fingerprint: str | None = None
    duplicate_of: int | None = None
    disagreements: int = 0
    problems: int = 0
    classes: tuple[ClassLabel, ...] = ()

    @property
    def files(self) -> list[str]:
        """Its original and its pictures, by their paths in the workspace's folder."""
        pictures = [f"pages/{page.picture}" for page in self.pages if page.picture]
        return [*pictures, f"originals/{self.original}"] if self.original else pictures


def add(connection: Connection, new: Sequence[NewDocument], annotator: str) -> list[int]:
    """Add documents with their pages, labels, suggestions and values, in the caller's transaction; their ids."""
    if not new:
        return []
    now = datetime.now(UTC)
    unused = retired_fields.fields(connection)
    rows = [_document_row(document, unused, now) for document in new]
    returned = connection.execute(insert(documents).returning(documents.c.id, sort_by_parameter_order=True), rows)
    ids = [int(row.id) for row in returned]
    numbered = list(zip(ids, new, strict=True))
    _insert(connection, pages, (_page_row(i, page) for i, n in numbered for page in n.pages))
    _insert(
        connection,
        texts,
        (
            {"document_id": i, "body": " ".join(t.text for page in n.pages for t in page.tokens).casefold()}
            for i, n in numbered
        ),
    )
    _insert(connection, spans, (annotations.span_row(i, span) for i, n in numbered for span in n.spans))
    _insert(connection, class_labels, (annotations.class_row(i, label) for i, n in numbered for label in n.classes))
    _insert(
        connection,
        suggestions,
        (
            {"document_id": i, "field": field_id, "tokens": list(tokens), "confidence": confidence, "run": run}
            for i, n in numbered
            for field_id, tokens, confidence, run in n.suggestions
        ),
    )
    _insert(
        connection,
        references,
        (
            {"document_id": i, "field": r.field, "value": r.value, "source": r.source}
            for i, n in numbered
            for r in n.references
        ),
    )
    _insert(
        connection,
        events,
        (
            {
                "document_id": i,
                "at": now,
                "annotator": annotator,
                "act": "import",
                "change": annotations.import_change(n.spans, n.labelled, n.classes),
            }
            for i, n in numbered
            if n.spans or n.labelled or n.classes
        ),
    )
    retired_fields.count_suggestions(connection, (i for i, n in numbered if n.suggestions and (n.spans or n.labelled)))
    return ids


def _insert(connection: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    if listed:
        connection.execute(insert(table), listed)


def _document_row(new: NewDocument, unused: Collection[str], now: datetime) -> dict[str, Any]:
    return {
        "name": new.name,
        "source": new.source,
        "digest": new.digest,
        "format": new.format,
        "language": new.language,
        "group_name": new.group,
        "side": new.side.value,
        "state": (State.LABELLED if new.labelled else State.STARTED if new.spans or new.classes else State.NEW).value,
        "page_count": len(new.pages),
        "token_count": sum(len(page.tokens) for page in new.pages),
        "labels": len(new.spans) + len(new.classes),
        "suggestions": sum(field_id not in unused for field_id, *_ in new.suggestions),
        "disagreements": new.disagreements,
        "problems": new.problems,
        "original": new.original,
        "fingerprint": new.fingerprint,
        "duplicate_of": new.duplicate_of,
        "created": now,
    }


def _page_row(document_id: int, page: Page) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "picture": page.picture,
        "engine": page.engine,
        "engine_version": page.engine_version,
        "first_token": page.tokens[0].id if page.tokens else 0,
        "tokens": token_blob.pack(page.tokens),
    }


def known(connection: Connection, digests: Iterable[str]) -> set[str]:
    """Those of the digests that are in the workspace already."""
    wanted = list(digests)
    present: set[str] = set()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        present.update(connection.scalars(select(documents.c.digest).where(documents.c.digest.in_(part))))
    return present


def as_document(row: Any) -> Document:
    """A row of the documents table as a record."""
    return Document(
        row.id,
        row.name,
        row.source,
        row.digest,
        row.format,
        row.language,
        row.group_name,
        Side(row.side),
        State(row.state),
        row.note,
        row.page_count,
        row.token_count,
        row.version,
        row.labels,
        row.suggestions,
        row.disagreements,
        row.problems,
    )


def get(connection: Connection, document_id: int) -> Document:
    """One document.

    Raises:
        WorkspaceProblem: there is no such document.
    """
    row = connection.execute(annotations.DOCUMENT, {"document": document_id}).first()
    if row is None:
        raise WorkspaceProblem(
            f"There is no document {document_id} in this workspace.",
            "`workbench status` shows what there is.",
        )
    return as_document(row)


def original(connection: Connection, document_id: int) -> str | None:
    """The name of the document's own file in `originals/`; None where it came as a part of a file."""
    query = select(documents.c.original).where(documents.c.id == document_id)
    return _file(connection.execute(query).scalar())


def open_document(connection: Connection, document_id: int) -> Content:
    """A document with its pages, labels, suggestions and known values, as of one moment."""
    row = connection.execute(annotations.DOCUMENT, {"document": document_id}).first()
    if row is None:
        raise WorkspaceProblem(f"There is no document {document_id} in this workspace.")
    corrections = {int(token): text for token, text in row.corrections.items()}
    page_rows = connection.execute(_PAGES, {"document": document_id})
    reference_rows = connection.execute(_REFERENCES, {"document": document_id})
    return Content(
        as_document(row),
        tuple(_page(p, corrections) for p in page_rows),
        annotations.load(connection, row),
        suggestions_of(connection, document_id),
        tuple(ReferenceValue(r.field, r.value, r.source) for r in reference_rows),
        class_suggestions_of(connection, document_id),
    )


def labelled_with(connection: Connection, field: str, most: int) -> list[Content]:
    """The accepted documents of the latest labels of a field, the latest first."""
    latest = (
        select(spans.c.document_id)
        .join(documents, documents.c.id == spans.c.document_id)
        .where(spans.c.field == field, documents.c.state == State.LABELLED.value)
        .order_by(spans.c.id.desc())
        .limit(most * _VALUES)
    )
    return [open_document(connection, number) for number in list(dict.fromkeys(connection.scalars(latest)))[:most]]


def latest_of_group(connection: Connection, group: str, most: int) -> list[Content]:
    """The last accepted documents of a group, the last first."""
    ids = (
        select(documents.c.id)
        .where(documents.c.group_name == group, documents.c.state == State.LABELLED.value)
        .order_by(documents.c.id.desc())
        .limit(most)
    )
    return [open_document(connection, number) for number in connection.scalars(ids).all()]


def _page(row: Any, corrections: Mapping[int, str]) -> Page:
    tokens = token_blob.unpack(row.tokens, row.number, row.first_token, corrections)
    width, height = (row.width, row.height) if row.engine != TEXT else token_blob.size_of_text(tokens)
    return Page(row.number, width, height, tokens, _file(row.picture), row.engine, row.engine_version)


def _file(name: str | None) -> str | None:
    """The name of a file below one of the workspace's folders."""
    if name is not None and not stays_inside(name):
        raise DamagedDatabase(f"{name[:80]!r} is no file of this workspace")
    return name


def assign_sides(connection: Connection, sides: dict[str, Side]) -> None:
    """Put groups of documents on a side."""
    for side in Side:
        names = [name for name, wanted in sides.items() if wanted is side]
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            connection.execute(update(documents).where(documents.c.group_name.in_(part)).values(side=side.value))


def regroup(connection: Connection, groups_of: dict[int, str]) -> None:
    """Give documents another group; their sides follow at the next split."""
    for document_id, group in groups_of.items():
        connection.execute(update(documents).where(documents.c.id == document_id).values(group_name=group))


def set_references(connection: Connection, document_id: int, values: Iterable[ReferenceValue]) -> None:
    """Add reference values; a field's older value from the same source is replaced."""
    for value in values:
        connection.execute(
            delete(references).where(
                references.c.document_id == document_id,
                references.c.field == value.field,
                references.c.source == value.source,
            )
        )
        connection.execute(
            insert(references).values(
                document_id=document_id, field=value.field, value=value.value, source=value.source
            )
        )


def count_disagreements(connection: Connection, document_id: int, number: int) -> None:
    """Set how many of a document's labels contradict a reference value."""
    connection.execute(update(documents).where(documents.c.id == document_id).values(disagreements=number))


def recount(connection: Connection, document_id: int, disagreements: int, problems: int) -> None:
    """Set a document's counts for the list. They follow from its labels, so its version stays."""
    connection.execute(
        update(documents).where(documents.c.id == document_id).values(disagreements=disagreements, problems=problems)
    )


def recount_labels(connection: Connection, document_id: int) -> None:
    """Set a document's numbers of labels and of open suggestions to what is stored."""
    of_words, of_document = (
        select(func.count()).where(table.c.document_id == document_id).scalar_subquery()
        for table in (spans, class_labels)
    )
    connection.execute(update(documents).where(documents.c.id == document_id).values(labels=of_words + of_document))
    retired_fields.count_suggestions(connection, [document_id])


def replace_pages(
    connection: Connection,
    document_id: int,
    version: int,
    new: Sequence[Page],
    corrections: Mapping[int, str] = MappingProxyType({}),
) -> int:
    """Replace a document's pages after OCR with another engine; the caller moves the labels in the same transaction.

    Args:
        version: the version that the labels were read at.
        corrections: corrected texts of the new words.

    Returns:
        The document's new version.

    Raises:
        Conflict: the document was changed since that version.
    """
    d = documents.c
    updated = connection.execute(
        update(documents)
        .where(d.id == document_id, d.version == version)
        .values(
            version=version + 1,
            token_count=sum(len(page.tokens) for page in new),
            page_count=len(new),
            corrections={str(token): text for token, text in corrections.items()},
        )
    )
    if updated.rowcount == 0:
        raise Conflict(
            f"Document {document_id} was changed while it was read again. It was left as it is.", "Read it again."
        )
    connection.execute(delete(pages).where(pages.c.document_id == document_id))
    _insert(connection, pages, (_page_row(document_id, page) for page in new))
    body = " ".join(token.text for page in new for token in page.tokens).casefold()
    connection.execute(update(texts).where(texts.c.document_id == document_id).values(body=body))
    return version + 1


def add_problems(connection: Connection, records: Iterable[tuple[str, str, str]]) -> None:
    """Store (file, record, reason) of what could not be read; those that are stored already are left out."""
    now = datetime.now(UTC)
    for file, record, reason in records:
        same = (problems.c.file == file, problems.c.record == record, problems.c.reason == reason)
        if connection.execute(select(problems.c.id).where(*same)).first() is None:
            connection.execute(insert(problems).values(file=file, record=record, reason=reason, at=now))


def list_problems(connection: Connection) -> list[tuple[str, str, str]]:
    """(file, record, reason) of everything that could not be read."""
    return [(r.file, r.record, r.reason) for r in connection.execute(select(problems).order_by(problems.c.id))]


def fields_of_accepted(connection: Connection, limit: int) -> list[set[str]]:
    """The fields that accepted documents have a label of, of the newest ones; not where all labels were imported."""
    newest = select(documents.c.id).where(documents.c.state == State.LABELLED.value)
    ids = connection.scalars(newest.order_by(documents.c.id.desc()).limit(limit)).all()
    query = select(spans.c.document_id, spans.c.field, spans.c.source).where(spans.c.document_id.in_(ids))
    labelled: dict[int, set[str]] = {}
    by_people: set[int] = set()
    for number, field, source in connection.execute(query):
        labelled.setdefault(number, set()).add(field)
        if source != Source.IMPORT.value:
            by_people.add(number)
    return [fields for number, fields in labelled.items() if number in by_people]
