"""What an import needs of the documents in the workspace: their digests, fingerprints, groups and sides."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, case, exists, func, select, update

from storage import token_blob
from storage.records import Page, Side, State
from storage.tables import documents, pages, references, spans, suggestions, texts


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
    query = select(documents.c.group_name, documents.c.side).order_by(documents.c.id.desc())
    return {row.group_name: Side(row.side) for row in connection.execute(query.distinct())}


def name_and_group(connection: Connection, document_id: int) -> tuple[str, str]:
    """The name and the group of one document."""
    query = select(documents.c.name, documents.c.group_name).where(documents.c.id == document_id)
    row = connection.execute(query).one()
    return row.name, row.group_name


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
    query = select(texts).where(texts.c.document_id.in_(list(ids)))
    return {row.document_id: row.body for row in connection.execute(query)}


def representatives(connection: Connection) -> Iterator[tuple[str, Page]]:
    """(group, first page of its first document) of every group."""
    first = select(func.min(documents.c.id)).group_by(documents.c.group_name)
    query = (
        select(documents.c.group_name, pages)
        .join(pages, pages.c.document_id == documents.c.id)
        .where(documents.c.id.in_(first), pages.c.number == 0)
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
