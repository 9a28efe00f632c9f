"""What an import needs of the documents in the workspace: digests, fingerprints, groups, sides and known values."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, case, delete, exists, func, insert, select, update

from storage import annotations, retired_fields, token_blob
from storage.postgresql.bulk import copy_rows
from storage.records import TEXT, ClassLabel, Decision, Page, Side, State
from storage.tables import (
    class_labels,
    documents,
    events,
    pages,
    references,
    spans,
    suggestions,
    texts,
    utc,
    value_import_changes,
    value_imports,
)

_ROWS = 5_000  # read at once
_VALUE_IMPORTS = 20  # kept, so that they can be undone


@dataclass(frozen=True, slots=True)
class ValueImport:
    """An import of tables with known values."""

    id: int
    at: datetime
    annotator: str
    tables: tuple[str, ...]
    new_fields: tuple[str, ...]  # ids


@dataclass(slots=True)
class NewText:
    """A text that stands on no page, to be added."""

    name: str
    source: str
    digest: str
    format: str
    words: list[str]
    lines: Sequence[int] = ()  # of the words, where the text has several
    language: str | None = None
    group: str = ""
    side: Side = Side.TRAIN
    labelled: bool = False
    classes: tuple[ClassLabel, ...] = ()


def add_texts(connection: Connection, new: Sequence[NewText], annotator: str) -> list[tuple[int, str]]:
    """Add texts with their classes, in the caller's transaction. Made for a million of them.

    Returns:
        (document, case-folded words) of each.
    """
    if not new:
        return []
    now = datetime.now(UTC)
    first = last_document(connection) + 1
    numbered = list(enumerate(new, first))
    bodies = [(number, " ".join(text.words).casefold()) for number, text in numbered]
    _insert_all(
        connection, documents,
        ("id", "name", "source", "digest", "format", "language", "group_name", "side", "state", "page_count",
         "token_count", "labels", "note", "absent", "corrections", "version", "suggestions", "disagreements",
         "problems", "created"),
        ((number, text.name, text.source, text.digest, text.format, text.language, text.group, text.side.value,
          _state(text), 1, len(text.words), len(text.classes)) for number, text in numbered),
        ("", [], {}, 0, 0, 0, 0, now),
    )  # fmt: skip
    _insert_all(
        connection, pages,
        ("document_id", "number", "tokens", "width", "height", "engine", "engine_version", "first_token"),
        ((number, 0, token_blob.pack_text(text.words, text.lines)) for number, text in numbered),
        (token_blob.COLUMNS * token_blob.CHARACTER, token_blob.LINE, TEXT, "", 0),
    )  # fmt: skip
    _insert_all(
        connection, texts, ("document_id", "body"),
        bodies,
    )  # fmt: skip
    _insert_all(
        connection, class_labels, ("document_id", "field", "option", "source", "annotator"),
        ((number, c.field, c.option, c.source.value, c.annotator) for number, text in numbered for c in text.classes),
    )  # fmt: skip
    by_change: dict[tuple[bool, tuple[ClassLabel, ...]], list[tuple[int]]] = {}
    for number, text in numbered:
        if text.labelled or text.classes:
            by_change.setdefault((text.labelled, text.classes), []).append((number,))
    for key, rows in by_change.items():  # one kind of change is written out once
        _insert_all(
            connection, events, ("document_id", "at", "annotator", "act", "change"), rows,
            (now, annotator, "import", annotations.import_change((), *key)),
        )  # fmt: skip
    return bodies


def _state(text: NewText) -> str:
    return (State.LABELLED if text.labelled else State.STARTED if text.classes else State.NEW).value


def _insert_all(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]],
    same: tuple[Any, ...] = (),
) -> None:  # fmt: skip
    """Insert rows as the driver takes them: SQLAlchemy's own way takes three times as long.

    Args:
        same: the values of the last columns, which all rows share; those of `rows` have to be plain.
    """
    tail = []
    for name, value in zip(columns[len(columns) - len(same) :], same, strict=True):
        write = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        tail.append(write(value) if write else value)
    if connection.dialect.name == "postgresql":
        copy_rows(connection, table, columns, rows, tail)
        return
    literals = [connection.exec_driver_sql("SELECT quote(?)", (value,)).scalar_one() for value in tail]
    values = ["?"] * (len(columns) - len(literals)) + literals
    if listed := list(rows):
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join(values)})", listed
        )


def digests(connection: Connection) -> set[str]:
    """The digests of all documents (100,000 take about 15 MB)."""
    return set(connection.scalars(select(documents.c.digest)))


def fingerprints(connection: Connection) -> Iterator[tuple[int, str]]:
    """(document, fingerprint) of all documents that have one."""
    query = select(documents.c.id, documents.c.fingerprint).where(documents.c.fingerprint.is_not(None))
    for row in connection.execute(query):
        yield row.id, row.fingerprint


def sides(connection: Connection) -> dict[str, Side]:
    """Group -> the side of its documents."""
    d = documents.c
    query = select(d.group_name, d.side).group_by(d.group_name, d.side).order_by(func.min(d.id).desc())
    return {row.group_name: Side(row.side) for row in connection.execute(query)}


def read_by_others(connection: Connection, engine: str, never: Sequence[str]) -> list[int]:
    """Documents with a page read by another OCR engine, or with a picture but no words.

    Args:
        engine: the engine whose pages are not wanted.
        never: `Page.engine` of words that did not come from OCR.
    """
    p = pages.c
    by_another = p.engine.not_in([engine, *never])
    query = (
        select(p.document_id)
        .join(documents, documents.c.id == p.document_id)
        .where(p.picture.is_not(None), by_another | (documents.c.token_count == 0))
    )
    return list(connection.scalars(query.distinct().order_by(p.document_id)))


def with_lost_suggestions(connection: Connection, digests: Sequence[str], sources: Sequence[str]) -> list[int]:
    """Undecided documents with values of these sources of which neither a suggestion nor a label is left."""
    d, r = documents.c, references.c
    offered = exists().where(
        suggestions.c.document_id == r.document_id, suggestions.c.field == r.field, suggestions.c.run == r.source
    )
    labelled = exists().where(spans.c.document_id == r.document_id, spans.c.field == r.field)
    query = (
        select(r.document_id)
        .join(documents, d.id == r.document_id)
        .where(r.source.in_(sources), ~offered, ~labelled, d.state.in_([State.NEW.value, State.STARTED.value]))
    )
    listed: set[int] = set()
    for start in range(0, len(digests), 500):
        listed.update(connection.scalars(query.where(d.digest.in_(digests[start : start + 500]))))
    return sorted(listed)


def names(connection: Connection) -> Iterator[tuple[int, str, str]]:
    """(document, name, source) of all documents."""
    d = documents.c
    for row in connection.execute(select(d.id, d.name, d.source).order_by(d.id)):
        yield row.id, row.name, row.source


def mark_duplicates(connection: Connection, twins: Mapping[int, int]) -> None:
    """Store which documents repeat others: {document: the document that it repeats}."""
    for document_id, twin in twins.items():
        connection.execute(update(documents).where(documents.c.id == document_id).values(duplicate_of=twin))


def bodies(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The case-folded words of some documents, joined by spaces."""
    return {
        row.document_id: row.body
        for part in _parts(list(ids))
        for row in connection.execute(select(texts).where(texts.c.document_id.in_(part)))
    }


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))


def last_document(connection: Connection) -> int:
    """The number of the newest document; 0 where there is none."""
    return int(connection.scalar(select(func.max(documents.c.id))) or 0)


@dataclass(frozen=True, slots=True)
class TextStanding:
    """What matters of a text that repeats another, or is repeated."""

    id: int
    name: str
    group: str
    side: Side
    repeats: int | None
    classes: dict[str, set[str]]  # class field -> options


def text_bodies(connection: Connection, last: int) -> Iterator[tuple[int, str]]:
    """(document, case-folded words) of the texts that stand on no page up to document `last`, in their order."""
    is_text = exists().where(pages.c.document_id == texts.c.document_id, pages.c.number == 0, pages.c.engine == TEXT)
    query = (
        select(texts.c.document_id, texts.c.body)
        .where(texts.c.document_id <= last, is_text)
        .order_by(texts.c.document_id)
    )
    for part in connection.execute(query).partitions(_ROWS):
        yield from ((number, body) for number, body in part)


def text_standings(connection: Connection, ids: Sequence[int]) -> dict[int, TextStanding]:
    """How some texts stand."""
    d, c = documents.c, class_labels.c
    standings: dict[int, TextStanding] = {}
    for part in _parts(ids):
        rows = connection.execute(select(d.id, d.name, d.group_name, d.side, d.duplicate_of).where(d.id.in_(part)))
        for number, name, group, side, repeats in rows:
            standings[number] = TextStanding(number, name, group, Side(side), repeats, {})
        for number, field, option in connection.execute(
            select(c.document_id, c.field, c.option).where(c.document_id.in_(part))
        ):
            standings[number].classes.setdefault(field, set()).add(option)
    return standings


def keep_repeats(connection: Connection, repeats: Iterable[tuple[int, int, str, Side]]) -> None:
    """Store (text, the text that it repeats, its group, its side)."""
    for number, repeated, group, side in repeats:
        row = {"duplicate_of": repeated, "group_name": group, "side": side.value}
        connection.execute(update(documents).where(documents.c.id == number).values(**row))


def representatives(connection: Connection) -> Iterator[tuple[str, Page]]:
    """(group, first page of its first document) of every group of pages."""
    first = select(func.min(documents.c.id)).group_by(documents.c.group_name)
    query = (
        select(documents.c.group_name, pages)
        .join(pages, pages.c.document_id == documents.c.id)
        .where(documents.c.id.in_(first), pages.c.number == 0, pages.c.engine != TEXT)
        .order_by(documents.c.id)
    )
    for row in connection.execute(query):
        tokens = token_blob.unpack(row.tokens, 0, row.first_token, {})
        yield row.group_name, Page(0, row.width, row.height, tokens, row.picture, row.engine, row.engine_version)


def counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """Group -> (documents, labelled ones)."""
    d = documents.c
    is_labelled = func.sum(case((d.state == State.LABELLED.value, 1), else_=0))
    query = select(d.group_name, func.count(), is_labelled).group_by(d.group_name)
    return {name: (int(number), int(labelled or 0)) for name, number, labelled in connection.execute(query)}


def members(connection: Connection) -> dict[int, str]:
    return {row.id: row.group_name for row in connection.execute(select(documents.c.id, documents.c.group_name))}


def with_label(connection: Connection, field: str) -> list[int]:
    """The documents that have a label of a field."""
    query = select(spans.c.document_id).where(spans.c.field == field)
    return list(connection.scalars(query.distinct().order_by(spans.c.document_id)))


def begin_value_import(connection: Connection, tables: Sequence[str], annotator: str) -> int:
    """Store that tables of known values are imported; the import's id. Only the latest imports are kept."""
    row = {"at": datetime.now(UTC), "annotator": annotator, "tables": list(tables), "new_fields": []}
    number = connection.execute(insert(value_imports).values(**row).returning(value_imports.c.id)).scalar_one()
    kept = select(value_imports.c.id).order_by(value_imports.c.id.desc()).limit(_VALUE_IMPORTS)
    connection.execute(delete(value_imports).where(value_imports.c.id.not_in(kept)))
    return int(number)


def note_new_fields(connection: Connection, import_id: int, fields: Sequence[str]) -> None:
    """Store which fields an import of known values has made."""
    connection.execute(update(value_imports).where(value_imports.c.id == import_id).values(new_fields=list(fields)))


def values_of(connection: Connection, document_id: int, source: str, fields: Collection[str]) -> dict[str, Any]:
    """A document's known values from a source and open suggestions of some fields, as `restore_values` takes them."""
    r, s = references.c, suggestions.c
    known = select(r.field, r.value).where(r.document_id == document_id, r.source == source, r.field.in_(fields))
    offered = select(suggestions).where(
        s.document_id == document_id, s.field.in_(fields), s.decision == Decision.OPEN.value
    )
    return {
        "references": dict.fromkeys(fields) | {row.field: row.value for row in connection.execute(known)},
        "suggestions": [
            [row.id, row.field, list(row.tokens), row.confidence, row.run] for row in connection.execute(offered)
        ],
    }


def keep_before(connection: Connection, import_id: int, document_id: int, before: Mapping[str, Any]) -> None:
    """Store what a document had before an import of known values: `values_of`, and the import's change of labels."""
    connection.execute(
        insert(value_import_changes).values(import_id=import_id, document_id=document_id, before=dict(before))
    )


def last_value_import(connection: Connection) -> ValueImport | None:
    """The latest import of known values that was not undone."""
    row = connection.execute(select(value_imports).order_by(value_imports.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    return ValueImport(row.id, utc(row.at), row.annotator, tuple(row.tables), tuple(row.new_fields))


def before_import(connection: Connection, import_id: int) -> list[tuple[int, dict[str, Any]]]:
    """(document, what it had before) of an import, the last change first."""
    c = value_import_changes.c
    query = select(c.document_id, c.before).where(c.import_id == import_id).order_by(c.id.desc())
    return [(row.document_id, row.before) for row in connection.execute(query)]


def restore_values(connection: Connection, document_id: int, source: str, before: Mapping[str, Any]) -> None:
    """Give a document back the known values and open suggestions of `values_of`.

    Suggestions that were decided since stay decided, and a field that was labelled since gets none.
    """
    r, s = references.c, suggestions.c
    fields = list(before["references"])
    of_fields = (r.document_id == document_id, r.source == source, r.field.in_(fields))
    connection.execute(delete(references).where(*of_fields))
    values = [
        {"document_id": document_id, "field": field, "value": value, "source": source}
        for field, value in before["references"].items()
        if value is not None
    ]
    if values:
        connection.execute(insert(references), values)
    is_open = (s.document_id == document_id, s.field.in_(fields), s.decision == Decision.OPEN.value)
    connection.execute(delete(suggestions).where(*is_open, s.run == source))
    labelled = set(connection.scalars(select(spans.c.field).where(spans.c.document_id == document_id)))
    present = {
        (row.run, row.field, tuple(row.tokens))
        for row in connection.execute(select(suggestions).where(s.document_id == document_id))
    }
    lost = [
        (number, {"document_id": document_id, "field": field, "tokens": tokens, "confidence": confidence, "run": run})
        for number, field, tokens, confidence, run in before["suggestions"]
        if (run, field, tuple(tokens)) not in present and (field not in labelled or field in before.get("labelled", ()))
    ]
    taken = set(connection.scalars(select(s.id).where(s.id.in_([number for number, _ in lost]))))
    for number, row in lost:  # with its old id where that is free, as events speak of it
        connection.execute(insert(suggestions).values(**row, **({} if number in taken else {"id": number})))
    retired_fields.count_suggestions(connection, [document_id])


def forget_value_import(connection: Connection, import_id: int) -> None:
    """Delete an import that was undone."""
    connection.execute(delete(value_import_changes).where(value_import_changes.c.import_id == import_id))
    connection.execute(delete(value_imports).where(value_imports.c.id == import_id))


def used_fields(connection: Connection, fields: Collection[str]) -> set[str]:
    """Those of the fields that anything in the workspace has: a label, a suggestion or a known value."""
    used: set[str] = set()
    for table in (spans, suggestions, references):
        used.update(connection.scalars(select(table.c.field).where(table.c.field.in_(fields)).distinct()))
    return used
