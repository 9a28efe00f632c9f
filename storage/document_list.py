"""The list of documents: filtered, page by page, with its counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from storage.documents import as_document
from storage.records import Document, Side, Split, State
from storage.tables import documents, problems, queue, references, spans, texts


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents a list shows. Empty attributes do not restrict it."""

    kind: str = "all"  # one of KINDS
    split: Split | None = None
    group: str | None = None
    text: str = ""  # all words must occur in the document or its name
    round: int | None = None  # the documents of a relabel round, in its order
    ids: tuple[int, ...] | None = field(default=None)


KINDS = {
    "all": "all documents",
    "unlabelled": "not labelled yet",
    "labelled": "labelled",
    "suggested": "with open suggestions",
    "disagrees": "label and reference value disagree",
    "problems": "with problems",
    "flagged": "flagged",
    "skipped": "skipped or unusable",
}


def find(connection: Connection, name: str) -> list[int]:
    """Ids of the documents with this name."""
    return list(connection.scalars(select(documents.c.id).where(documents.c.name == name).order_by(documents.c.id)))


def with_known_values(connection: Connection, split: Split | None = None) -> list[int]:
    """Ids of the documents that have reference values, in the order of the list; `split` restricts it to a side."""
    known = set(connection.scalars(select(references.c.document_id).distinct()))
    return [number for number in ids(connection, Filter(split=split)) if number in known]


def named(connection: Connection, text: str) -> set[int]:
    """Ids of the documents whose name or source has this text in it, whatever its case."""
    pattern = "%" + text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    d = documents.c
    where = or_(func.lower(d.name).like(pattern, escape="\\"), func.lower(d.source).like(pattern, escape="\\"))
    return set(connection.scalars(select(d.id).where(where)))


def shown_names(connection: Connection, names: Iterable[str]) -> dict[int, str]:
    """Document -> its name with as few of its folders as tell it apart, for documents that share one of these names.

    Documents whose sources do not tell them apart either get their number.
    """
    d = documents.c
    by_name: dict[str, list[tuple[int, list[str]]]] = {}
    for row in connection.execute(select(d.id, d.name, d.source).where(d.name.in_(set(names)))):
        by_name.setdefault(row.name, []).append((row.id, row.source.replace("\\", "/").split("/")[:-1]))
    shown: dict[int, str] = {}
    for name, listed in by_name.items():
        if len(listed) > 1:
            shown.update(_told_apart(name, listed))
    return shown


def _told_apart(name: str, listed: Sequence[tuple[int, list[str]]]) -> dict[int, str]:
    deepest = max(len(folders) for _, folders in listed)
    for depth in range(1, deepest + 1):
        # the part at this distance from the file alone, where that is enough: "2024/…/d000"
        parts = {number: folders[-depth] if len(folders) >= depth else "" for number, folders in listed}
        if len(set(parts.values())) == len(listed):
            between = "/" if depth == 1 else "/…/"
            return {number: f"{part}{between}{name}" if part else name for number, part in parts.items()}
    whole = {number: "/".join([*folders, name]) for number, folders in listed}
    counted = Counter(whole.values())
    return {number: text if counted[text] == 1 else f"{text} ({number})" for number, text in whole.items()}


def undecided(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those of the documents (some hundreds) that are not accepted, skipped or marked as unusable."""
    open_ones = (State.NEW.value, State.STARTED.value)
    return set(
        connection.scalars(select(documents.c.id).where(documents.c.id.in_(ids), documents.c.state.in_(open_ones)))
    )


def _where(query: Select[Any], chosen: Filter) -> Select[Any]:
    d = documents.c
    kinds = {
        "unlabelled": d.state.in_([State.NEW.value, State.STARTED.value]),
        "labelled": d.state == State.LABELLED.value,
        "suggested": d.suggestions > 0,
        "disagrees": d.disagreements > 0,
        "problems": d.problems > 0,
        "flagged": d.note != "",
        "skipped": d.state.in_([State.SKIPPED.value, State.UNUSABLE.value]),
    }
    if chosen.kind in kinds:
        query = query.where(kinds[chosen.kind])
    if chosen.split is Split.POOL:
        query = query.where(d.side == Side.TRAIN.value, d.state != State.LABELLED.value)
    elif chosen.split is Split.TRAIN:
        query = query.where(d.side == Side.TRAIN.value, d.state == State.LABELLED.value)
    elif chosen.split is not None:
        query = query.where(d.side == chosen.split.value)
    if chosen.group is not None:
        query = query.where(d.group_name == chosen.group)
    if chosen.ids is not None:
        # Written into the statement, as databases limit the number of parameters; ids are numbers, so this is safe.
        query = query.where(d.id.in_(bindparam("ids", chosen.ids, expanding=True, literal_execute=True)))
    if chosen.round is not None:
        query = query.join(queue, queue.c.document_id == d.id).where(queue.c.round == chosen.round)
    if chosen.text.strip():
        query = query.join(texts, texts.c.document_id == d.id)
        for word in chosen.text.casefold().split():
            pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            query = query.where(
                or_(texts.c.body.like(pattern, escape="\\"), func.lower(d.name).like(pattern, escape="\\"))
            )
    return query


def _order(query: Select[Any], chosen: Filter) -> Select[Any]:
    return query.order_by(queue.c.rank if chosen.round is not None else documents.c.id)


def count(connection: Connection, chosen: Filter = Filter()) -> int:
    """How many documents the filter shows."""
    return int(connection.scalar(_where(select(func.count(documents.c.id)), chosen)) or 0)


def page(connection: Connection, chosen: Filter, offset: int, limit: int) -> list[Document]:
    """Rows `offset` to `offset + limit` of the list."""
    return [
        as_document(row)
        for row in connection.execute(_order(_where(select(documents), chosen), chosen).offset(offset).limit(limit))
    ]


def ids(connection: Connection, chosen: Filter = Filter()) -> list[int]:
    """The ids that the filter shows, in the list's order (100,000 take about 30 ms)."""
    return list(connection.scalars(_order(_where(select(documents.c.id), chosen), chosen)).all())


def groups(connection: Connection) -> dict[str, int]:
    """Documents per vendor or template group, the largest first."""
    query = (
        select(documents.c.group_name, func.count())
        .group_by(documents.c.group_name)
        .order_by(func.count().desc(), documents.c.group_name)
    )
    return {name: int(number) for name, number in connection.execute(query)}


def waiting(connection: Connection) -> dict[tuple[str, str], int]:
    """(side, vendor) -> its documents that want labels."""
    d = documents.c
    query = select(d.side, d.group_name, func.count()).where(d.state.in_([State.NEW.value, State.STARTED.value]))
    return {(side, group): int(n) for side, group, n in connection.execute(query.group_by(d.side, d.group_name))}


def status(connection: Connection) -> dict[str, Any]:
    """The counts of `workbench status`; fields by id."""
    d = documents.c
    row = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(d.page_count), 0),
            func.coalesce(func.sum(d.token_count), 0),
            func.coalesce(func.sum(d.suggestions), 0),
        ).select_from(documents)
    ).one()
    by_split = dict.fromkeys((split.value for split in Split), 0)
    labelled = 0
    for side, state, number in connection.execute(select(d.side, d.state, func.count()).group_by(d.side, d.state)):
        is_labelled = state == State.LABELLED.value
        labelled += number if is_labelled else 0
        by_split[Split.POOL.value if side == Side.TRAIN.value and not is_labelled else side] += number
    return {
        "documents": row[0],
        "pages": int(row[1]),
        "tokens": int(row[2]),
        "labelled": labelled,
        "by_split": by_split,
        "by_group": groups(connection),
        "fields": {
            name: int(number)
            for name, number in connection.execute(
                select(spans.c.field, func.count()).group_by(spans.c.field).order_by(spans.c.field)
            )
        },
        "reference_values": int(connection.scalar(select(func.count()).select_from(references)) or 0),
        "suggestions": int(row[3]),
        "problems": int(connection.scalar(select(func.count()).select_from(problems)) or 0),
    }
