"""Open suggestions of all documents: what the yes/no review asks about."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from storage.records import Decision, Side, State, Suggestion
from storage.tables import documents, spans, suggestions

_OPEN = documents.c.state.in_([State.NEW.value, State.STARTED.value])


def waiting(connection: Connection) -> tuple[int, int]:
    """How many documents of the training side are undecided, and how many of these have open suggestions."""
    offered = func.count().filter(documents.c.suggestions > 0)
    row = connection.execute(
        select(func.count(), offered).select_from(documents).where(_OPEN, documents.c.side == Side.TRAIN.value)
    ).one()
    return int(row[0]), int(row[1])


def least_certain(connection: Connection, fields: Sequence[str], below: float, limit: int) -> list[int]:
    """Undecided documents with an open suggestion of these fields below `sure`, those nearest to ½ first."""
    doubt = func.min(func.abs(suggestions.c.confidence - 0.5))
    query = (
        select(suggestions.c.document_id)
        .join(documents, documents.c.id == suggestions.c.document_id)
        .where(_OPEN, suggestions.c.decision == Decision.OPEN.value, suggestions.c.confidence < below)
        .where(suggestions.c.field.in_(fields))
        .group_by(suggestions.c.document_id)
        .order_by(doubt, suggestions.c.document_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def wanting(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[list[Suggestion], frozenset[str]]]:
    """Document -> (all suggestions, fields that are labelled or absent), for those that are undecided."""
    open_documents: dict[int, tuple[list[Suggestion], set[str]]] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        listed = select(documents.c.id, documents.c.absent).where(_OPEN, documents.c.id.in_(part))
        open_documents.update({row.id: ([], set(row.absent)) for row in connection.execute(listed)})
        for row in connection.execute(select(spans).where(spans.c.document_id.in_(part))):
            if row.document_id in open_documents:
                open_documents[row.document_id][1].add(row.field)
        offered = select(suggestions).where(suggestions.c.document_id.in_(part)).order_by(suggestions.c.id)
        for row in connection.execute(offered):
            if row.document_id in open_documents:
                open_documents[row.document_id][0].append(
                    Suggestion(row.id, row.field, tuple(row.tokens), row.confidence, row.run, Decision(row.decision))
                )
    return {number: (offered, frozenset(done)) for number, (offered, done) in open_documents.items()}
