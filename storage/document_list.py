"""The list of documents: filtered, page by page, with its counts."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, or_, select, union_all

from storage import token_blob
from storage.annotations import IMPORT
from storage.documents import as_document
from storage.records import KNOWN_SOURCES, Document, Side, Split, State
from storage.retired_fields import is_offered
from storage.tables import (
    class_labels,
    documents,
    events,
    pages,
    problems,
    queue,
    references,
    retired_fields,
    spans,
    suggestions,
    texts,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents a list shows. Empty attributes do not restrict it."""

    kind: str = "all"  # one of KINDS
    split: Split | None = None
    group: str | None = None
    text: str = ""  # all words must occur in the document or its name
    round: int | None = None  # the documents of a relabel round, in its order
    ids: tuple[int, ...] | None = field(default=None)
    side: Side | None = None


KINDS = {
    "all": "all documents",
    "unlabelled": "not labelled yet",
    "labelled": "labelled",
    "suggested": "with open suggestions",
    "disagrees": "label and known value disagree",
    "problems": "with problems",
    "flagged": "flagged",
    "skipped": "skipped or unusable",
    "incomplete": "labelled by an import, with fields missing",
}


def find(connection: Connection, name: str) -> list[int]:
    """Ids of the documents with this name."""
    return list(connection.scalars(select(documents.c.id).where(documents.c.name == name).order_by(documents.c.id)))


def with_known_values(connection: Connection, split: Split | None = None) -> list[int]:
    """Ids of the documents that have known values, in the order of the list; `split` restricts it to a side."""
    known = set(connection.scalars(select(references.c.document_id).distinct()))
    return [number for number in ids(connection, Filter(split=split)) if number in known]


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


def names_of(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Document -> the name that it is shown by, as `shown_names` has it where others share it."""
    names: dict[int, str] = {}
    for start in range(0, len(numbers), 500):
        d = documents.c
        listed = connection.execute(select(d.id, d.name).where(d.id.in_(numbers[start : start + 500]))).all()
        shown = shown_names(connection, (row.name for row in listed))
        names.update((row.id, shown.get(row.id, row.name)) for row in listed)
    return names


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
        "incomplete": _is_incomplete(),
    }
    if chosen.kind in kinds:
        query = query.where(kinds[chosen.kind])
    if chosen.split is Split.POOL:
        query = query.where(d.side == Side.TRAIN.value, d.state != State.LABELLED.value)
    elif chosen.split is Split.TRAIN:
        query = query.where(d.side == Side.TRAIN.value, d.state == State.LABELLED.value)
    elif chosen.split is not None:
        query = query.where(d.side == chosen.split.value)
    if chosen.side is not None:
        query = query.where(d.side == chosen.side.value)
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


def _is_incomplete() -> ColumnElement[bool]:
    """Whether a document counts as labelled by its import, was not touched since, and has no label of a field that
    others have.
    """
    d = documents.c
    by_people = select(events.c.id).where(events.c.document_id == d.id, events.c.act != IMPORT).exists()
    in_use = spans.c.field.not_in(select(retired_fields.c.field))
    others = select(func.count(spans.c.field.distinct())).where(in_use).scalar_subquery()
    of_document = select(func.count(spans.c.field.distinct())).where(in_use, spans.c.document_id == d.id)
    has = of_document.correlate(documents).scalar_subquery()
    return and_(d.state == State.LABELLED.value, ~by_people, has > 0, has < others)


def _order(query: Select[Any], chosen: Filter) -> Select[Any]:
    return query.order_by(queue.c.rank if chosen.round is not None else documents.c.id)


def count(connection: Connection, chosen: Filter = Filter()) -> int:
    """How many documents the filter shows."""
    return int(connection.scalar(_where(select(func.count(documents.c.id)), chosen)) or 0)


def page(connection: Connection, chosen: Filter, offset: int, limit: int | None) -> list[Document]:
    """Rows `offset` to `offset + limit` of the list; None: all from `offset` on."""
    return [
        as_document(row)
        for row in connection.execute(_order(_where(select(documents), chosen), chosen).offset(offset).limit(limit))
    ]


def ids(connection: Connection, chosen: Filter = Filter()) -> list[int]:
    """The ids that the filter shows, in the list's order (100,000 take about 30 ms)."""
    return list(connection.scalars(_order(_where(select(documents.c.id), chosen), chosen)).all())


def beginnings(connection: Connection, numbers: Sequence[int], words: int) -> dict[int, list[str]]:
    """Document -> its first words, those of its first page at most, as they were read."""
    rows = select(pages.c.document_id, pages.c.tokens).where(pages.c.document_id.in_(numbers), pages.c.number == 0)
    return {number: token_blob.texts(tokens)[:words] for number, tokens in connection.execute(rows)}


class Origin(StrEnum):
    """Where a value in the list comes from, the surest first."""

    LABEL = "label"
    KNOWN = "known"
    SUGGESTION = "suggestion"


class ListedValue(NamedTuple):
    """A field's value of a document, as printed or as known."""

    text: str
    origin: Origin


def listed_values(
    connection: Connection, numbers: Sequence[int], fields: Sequence[str]
) -> dict[int, dict[str, ListedValue]]:
    """Document -> field -> value: the words of the label, else the known value, else those of the surest suggestion."""
    values: dict[int, dict[str, ListedValue]] = {number: {} for number in numbers}
    for start in range(0, len(numbers), 500):
        _read_values(connection, numbers[start : start + 500], fields, values)
    return values


def _read_values(
    connection: Connection,
    part: Sequence[int],
    fields: Sequence[str],
    values: dict[int, dict[str, ListedValue]],
) -> None:
    places: dict[tuple[int, str], tuple[Origin, tuple[int, ...]]] = {}
    proposed = (
        select(suggestions.c.document_id, suggestions.c.field, suggestions.c.tokens)
        .where(suggestions.c.document_id.in_(part), suggestions.c.field.in_(fields), is_offered())
        .order_by(suggestions.c.run.in_(list(KNOWN_SOURCES)), suggestions.c.confidence)
    )
    labelled = (
        select(spans.c.document_id, spans.c.field, spans.c.tokens)
        .where(spans.c.document_id.in_(part), spans.c.field.in_(fields))
        .order_by(spans.c.id.desc())
    )
    for origin, query in ((Origin.SUGGESTION, proposed), (Origin.LABEL, labelled)):
        for number, field_id, tokens in connection.execute(query):  # the last one stays
            places[number, field_id] = (origin, tuple(tokens))
    r = references.c
    known = select(r.document_id, r.field, r.value).where(r.document_id.in_(part), r.field.in_(fields))
    for number, field_id, value in connection.execute(known):
        if places.get((number, field_id), (Origin.SUGGESTION, ()))[0] is not Origin.LABEL:
            values[number][field_id] = ListedValue(value, Origin.KNOWN)
            places.pop((number, field_id), None)
    words = _words(connection, sorted({number for number, _ in places}))
    for (number, field_id), (origin, tokens) in places.items():
        text = " ".join(words[number][token] for token in sorted(tokens) if token < len(words[number]))
        values[number][field_id] = ListedValue(text, origin)


def _words(connection: Connection, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Document -> the texts of its tokens, corrections put in."""
    words: dict[int, list[str]] = {number: [] for number in numbers}
    p = pages.c
    for number, blob in connection.execute(
        select(p.document_id, p.tokens).where(p.document_id.in_(numbers)).order_by(p.document_id, p.number)
    ):
        words[number] += token_blob.texts(blob)
    corrected = select(documents.c.id, documents.c.corrections).where(documents.c.id.in_(numbers))
    for number, corrections in connection.execute(corrected):
        for token, text in corrections.items():
            if int(token) < len(words[number]):
                words[number][int(token)] = text
    return words


def search(connection: Connection, text: str) -> list[int]:
    """The documents that have every word of a text in name, folder, vendor, known values or words.

    The one that is called like the text comes first, then those whose names begin with it, then recent acts.
    An amount is found however it is written: 15387.08 finds 15.387,08.
    """
    d = documents.c
    query = select(d.id).join(texts, texts.c.document_id == d.id)
    for word in text.casefold().split():
        forms = [_pattern(form) for form in (word, *_amount_forms(word))]
        of_document = select(references.c.id).where(references.c.document_id == d.id)
        columns = (d.name, d.source, d.group_name)
        query = query.where(
            or_(
                *(texts.c.body.like(form, escape="\\") for form in forms),
                *(func.lower(column).like(forms[0], escape="\\") for column in columns),
                of_document.where(
                    or_(*(func.lower(references.c.value).like(form, escape="\\") for form in forms))
                ).exists(),
            )
        )
    last = select(func.max(events.c.id)).where(events.c.document_id == d.id).scalar_subquery()
    name, typed = func.lower(d.name), " ".join(text.casefold().split())
    called = case((name == typed, 0), (name.like(_pattern(typed)[1:], escape="\\"), 1), else_=2)
    return list(connection.scalars(query.order_by(called, func.coalesce(last, 0).desc(), d.id)))


def matches(connection: Connection, numbers: Sequence[int], text: str) -> dict[int, str]:
    """Document -> the known value, vendor, word or folder that a search found, where its name does not show it."""
    d = documents.c
    known: dict[int, list[str]] = {}
    of_documents = select(references.c.document_id, references.c.value).where(references.c.document_id.in_(numbers))
    for number, value in connection.execute(of_documents):
        known.setdefault(number, []).append(value)
    rows = select(d.id, d.name, d.group_name, d.source, texts.c.body).join(texts, texts.c.document_id == d.id)
    matched: dict[int, str] = {}
    for row in connection.execute(rows.where(d.id.in_(numbers))):
        for word in (word for word in text.casefold().split() if word not in row.name.casefold()):
            forms = (word, *_amount_forms(word))
            places = (*known.get(row.id, ()), row.group_name, *row.body.split(), row.source)
            matched.setdefault(row.id, next((p for p in places if any(form in p.casefold() for form in forms)), ""))
    return matched


def longest_name(connection: Connection) -> int:
    """The characters of the longest name of a document."""
    return int(connection.scalar(select(func.max(func.length(documents.c.name)))) or 0)


def _pattern(text: str) -> str:
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


_AMOUNT = re.compile(r"(\d[\d.,']*)[.,](\d\d)")


def _amount_forms(word: str) -> list[str]:
    """The other ways of writing an amount with cents."""
    if (parts := _AMOUNT.fullmatch(word)) is None:
        return []
    whole = re.sub(r"\D", "", parts[1])
    by_thousands = [f"{int(whole):,}".replace(",", between) for between in (",", ".", " ", "'")]
    return [f"{digits}{point}{parts[2]}" for digits in dict.fromkeys([whole, *by_thousands]) for point in (".", ",")]


def known_values(connection: Connection, fields: Sequence[str]) -> dict[int, list[str]]:
    """Document -> its known values of these fields, of all documents that have one."""
    by_document: dict[int, list[str]] = {}
    rows = select(references.c.document_id, references.c.value).where(references.c.field.in_(fields))
    for number, value in connection.execute(rows):
        by_document.setdefault(number, []).append(value)
    return by_document


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


def _classified() -> Select[Any]:
    """Class field -> how many documents have a label of it."""
    c = class_labels.c
    return select(c.field, func.count(c.document_id.distinct())).group_by(c.field)


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
                union_all(select(spans.c.field, func.count()).group_by(spans.c.field), _classified()).order_by("field")
            )
        },
        "reference_values": int(connection.scalar(select(func.count()).select_from(references)) or 0),
        "suggestions": int(row[3]),
        "problems": int(connection.scalar(select(func.count()).select_from(problems)) or 0),
    }
