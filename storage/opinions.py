"""Second labellings of documents, made without seeing the first."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from storage.records import ClassLabel, Opinion, Span
from storage.tables import opinions, utc


def keep(connection: Connection, opinion: Opinion) -> None:
    """Store the current state of an opinion; called after every act."""
    values = {
        "spans": sorted([span.field, list(span.tokens)] for span in opinion.spans),
        "absent": sorted(opinion.absent),
        "classes": sorted([label.field, label.option] for label in opinion.classes),
        "done": opinion.done,
        "settled": opinion.settled,
        "at": datetime.now(UTC),
    }
    if not connection.execute(update(opinions).where(_same(opinion)).values(**values)).rowcount:
        connection.execute(insert(opinions).values(**_key(opinion), **values))


def move_tokens(
    connection: Connection, document_id: int, moved: Callable[[Sequence[int]], Sequence[int] | None]
) -> None:
    """Give a document's opinions the tokens that their words have now; their times stay.

    Args:
        moved: tokens of one label -> tokens now; none where its words are gone.
    """
    for row in connection.execute(
        select(opinions.c.id, opinions.c.spans).where(opinions.c.document_id == document_id)
    ).all():
        spans = [[field, list(tokens)] for field, before in row.spans if (tokens := moved(before))]
        connection.execute(update(opinions).where(opinions.c.id == row.id).values(spans=spans))


def settle(connection: Connection, opinion: Opinion, settled: bool = True) -> None:
    """Store whether an opinion's differences are decided; its time stays, as it names the labels to compare with."""
    connection.execute(update(opinions).where(_same(opinion)).values(settled=settled))


def _key(opinion: Opinion) -> dict[str, Any]:
    return {"document_id": opinion.document, "annotator": opinion.annotator, "round": opinion.round}


def _same(opinion: Opinion) -> ColumnElement[bool]:
    return and_(*(opinions.c[name] == value for name, value in _key(opinion).items()))


def get(connection: Connection, document: int, annotator: str, round_id: int = 0) -> Opinion:
    """An annotator's opinion on a document; an empty one where there is none."""
    kept = _read(connection, document_id=document, annotator=annotator, round=round_id)
    return kept[0] if kept else Opinion(document, annotator, round_id, frozenset())


def listed(connection: Connection, round_id: int | None = None) -> list[Opinion]:
    """Finished opinions (of one round, or all), the oldest first."""
    wanted: dict[str, Any] = {"done": True} if round_id is None else {"done": True, "round": round_id}
    return list(_read(connection, **wanted))


def _read(connection: Connection, **wanted: Any) -> Sequence[Opinion]:
    query = select(opinions).where(*(opinions.c[name] == value for name, value in wanted.items()))
    return [
        Opinion(
            r.document_id,
            r.annotator,
            r.round,
            frozenset(Span(field, tuple(tokens), annotator=r.annotator) for field, tokens in r.spans),
            frozenset(r.absent),
            r.done,
            r.settled,
            utc(r.at),
            frozenset(ClassLabel(field, option, annotator=r.annotator) for field, option in r.classes),
        )
        for r in connection.execute(query.order_by(opinions.c.id))
    ]
