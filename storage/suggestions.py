"""Suggestions: values that runs propose, with what was decided about them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from storage import label_queries, retired_fields
from storage.records import CORRECTION, KNOWN_SOURCES, ClassSuggestion, Decision, Source, Span, State, Suggestion
from storage.tables import class_suggestions, documents, of_document, spans, suggestions

_OPEN = documents.c.state.in_([State.NEW.value, State.STARTED.value])

_UNDECIDED = Decision.OPEN.value

_OF_DOCUMENT = of_document(suggestions, suggestions.c.id)
_CLASSES_OF_DOCUMENT = of_document(class_suggestions, class_suggestions.c.field, class_suggestions.c.probability.desc())


def leading(suggestions: Iterable[Suggestion], labels: Iterable[Span] = ()) -> list[Suggestion]:
    """The open suggestions, without those of fields that have an open one of a higher rank: these are second opinions.

    A person's correction of the vendor's last document comes before a known value, and this before models' readings.
    One of which a label has a word is not open while the label is there, nor one of a field that was labelled by hand.
    `retired_fields.is_offered` says it as SQL.
    """
    listed = [*labels]
    taken = {token for label in listed for token in label.tokens}
    by_hand = {label.field for label in listed if label.source is Source.HUMAN}
    undecided = [
        s for s in suggestions if s.decision is Decision.OPEN and s.field not in by_hand and taken.isdisjoint(s.tokens)
    ]
    highest: dict[str, int] = {}
    for s in undecided:
        highest[s.field] = max(_rank(s), highest.get(s.field, 0))
    return [s for s in undecided if _rank(s) == highest[s.field]]


def _rank(suggestion: Suggestion) -> int:
    return 2 if suggestion.run == CORRECTION else int(suggestion.run in KNOWN_SOURCES)


def rivals(suggestions: Iterable[Suggestion], chosen: Suggestion) -> list[Suggestion]:
    """The open suggestions that are decided with another one: a known value or a correction, and what else there is.

    The values of one correction are no rivals of each other.
    """
    same_field = [s for s in suggestions if s.field == chosen.field and s.decision is Decision.OPEN]
    is_ranked = any(_rank(s) for s in same_field)
    is_correction = chosen.run == CORRECTION
    return [s for s in same_field if is_ranked and s.id != chosen.id and not (is_correction and s.run == CORRECTION)]


def suggestions_of(connection: Connection, document_id: int) -> tuple[Suggestion, ...]:
    """All suggestions of a document, decided ones included."""
    rows = connection.execute(_OF_DOCUMENT, {"document": document_id})
    return tuple(Suggestion(r.id, r.field, tuple(r.tokens), r.confidence, r.run, Decision(r.decision)) for r in rows)


def keep_suggestions(
    connection: Connection,
    run: str,
    proposals: Mapping[int, Sequence[tuple[str, tuple[int, ...], float]]],
    replaces: Sequence[str] | None = None,
    settled: bool = False,
    fields: Collection[str] | None = None,
) -> int:
    """Store a run's suggestions: {document: [(field, tokens, confidence)]}. Returns how many are new.

    Open suggestions of the runs in `replaces` (None: of every run, but known values stay) are deleted, decided ones
    stay; `fields` (None: all) limits this to some fields. A place that was decided before, or is labelled, is not
    suggested again, except with `settled`; nor are words that the document does not have (one that was deleted has
    none). A known value takes the place of a model's open suggestion of these words.
    """
    listed = list(proposals)
    kept = 0
    for start in range(0, len(listed), 500):
        part = listed[start : start + 500]
        old = and_(suggestions.c.document_id.in_(part), suggestions.c.decision == Decision.OPEN.value)
        of_models = suggestions.c.run.not_in(KNOWN_SOURCES)
        replaced: ColumnElement[bool] = of_models if replaces is None else suggestions.c.run.in_(replaces)
        if fields is not None:
            replaced = and_(replaced, suggestions.c.field.in_(fields))
        connection.execute(delete(suggestions).where(and_(old, replaced)))
        if run in KNOWN_SOURCES:
            places = {(number, field, tuple(tokens)) for number in part for field, tokens, _ in proposals[number]}
            same = [
                row.id
                for row in connection.execute(select(suggestions).where(old, of_models))
                if (row.document_id, row.field, tuple(row.tokens)) in places
            ]
            connection.execute(delete(suggestions).where(suggestions.c.id.in_(same)))
        known = {
            (r.document_id, r.field, tuple(r.tokens))
            for table in (suggestions, spans)
            for r in connection.execute(
                select(table.c.document_id, table.c.field, table.c.tokens).where(table.c.document_id.in_(part))
            )
        }
        counted = select(documents.c.id, documents.c.token_count).where(documents.c.id.in_(part))
        words = dict(connection.execute(counted).tuples().all())
        rows = [
            {"document_id": number, "field": field_id, "tokens": list(tokens), "confidence": confidence, "run": run}
            for number in part
            for field_id, tokens, confidence in proposals[number]
            if max(tokens) < words.get(number, 0) and (settled or (number, field_id, tuple(tokens)) not in known)
        ]
        if rows:
            connection.execute(insert(suggestions), rows)
        kept += len(rows)
        retired_fields.count_suggestions(connection, part)
    return kept


def bring_back(connection: Connection, document_id: int, decided: Iterable[Suggestion]) -> None:
    """Store suggestions anew, by their ids, that are decided just now and that others took the place of meanwhile.

    The open ones of the same run and words are deleted: they are offered no more once these are decided.
    """
    s = suggestions.c
    for suggestion in decided:
        there = connection.execute(select(suggestions).where(s.id == suggestion.id)).one_or_none()
        if there is not None:
            is_it = (there.document_id, there.field, tuple(there.tokens)) == (
                document_id,
                suggestion.field,
                suggestion.tokens,
            )
            if is_it or there.decision != _UNDECIDED:
                continue
            free = (connection.scalar(select(func.max(s.id))) or 0) + 1  # the id was used again
            connection.execute(update(suggestions).where(s.id == suggestion.id).values(id=free))
        again = and_(
            s.document_id == document_id, s.field == suggestion.field, s.run == suggestion.run, s.decision == _UNDECIDED
        )
        same = [
            r.id
            for r in connection.execute(select(s.id, s.tokens).where(again))
            if tuple(r.tokens) == suggestion.tokens
        ]
        connection.execute(delete(suggestions).where(s.id.in_(same)))
        facts = {
            "id": suggestion.id,
            "document_id": document_id,
            "field": suggestion.field,
            "tokens": list(suggestion.tokens),
        }
        kept = {"confidence": suggestion.confidence, "run": suggestion.run, "decision": _UNDECIDED}
        connection.execute(insert(suggestions).values(**facts, **kept))


def move_suggestions(connection: Connection, document_id: int, moved: Mapping[int, tuple[int, ...] | None]) -> None:
    """Give suggestions other tokens (after OCR with another engine); those without tokens (None) are deleted."""
    for number, tokens in moved.items():
        where = suggestions.c.id == number
        if tokens is None:
            connection.execute(delete(suggestions).where(where))
        else:
            connection.execute(update(suggestions).where(where).values(tokens=list(tokens)))
    retired_fields.count_suggestions(connection, [document_id])


def offered(connection: Connection, ids: Sequence[int]) -> tuple[Counter[str], Counter[str]]:
    """Field -> its open suggestions on documents: all that are offered, and those of them that are known values.

    What is no open suggestion is left out, as in `Document.suggestions`.
    """
    of_all, of_known = Counter[str](), Counter[str]()
    c, is_offered = suggestions.c, retired_fields.is_offered()
    for start in range(0, len(ids), 500):
        query = select(c.field, c.run, func.count()).where(is_offered, c.document_id.in_(ids[start : start + 500]))
        for field, run, count in connection.execute(query.group_by(c.field, c.run)):
            of_all[field] += count
            of_known[field] += count if run in KNOWN_SOURCES else 0
    return of_all, of_known


def least_certain(connection: Connection, fields: Sequence[str], below: float, limit: int) -> list[int]:
    """Undecided documents with a leading suggestion of these fields below `below`, those nearest to ½ first."""
    doubt = func.min(func.abs(suggestions.c.confidence - 0.5))
    query = (
        select(suggestions.c.document_id)
        .join(documents, documents.c.id == suggestions.c.document_id)
        .where(_OPEN, suggestions.c.confidence < below)
        .where(suggestions.c.field.in_(fields), retired_fields.is_offered())
        .group_by(suggestions.c.document_id)
        .order_by(doubt, suggestions.c.document_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def wanting(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[list[Suggestion], frozenset[str]]]:
    """Document -> (all suggestions, fields that are labelled or absent), for those that are undecided.

    Left out are open suggestions of which a label has a word.
    """
    open_documents: dict[int, tuple[list[Suggestion], set[str]]] = {}
    taken: set[tuple[int, int]] = set()  # (document, token)
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        listed = select(documents.c.id, documents.c.absent).where(_OPEN, documents.c.id.in_(part))
        open_documents.update({row.id: ([], set(row.absent)) for row in connection.execute(listed)})
        for row in connection.execute(select(spans).where(spans.c.document_id.in_(part))):
            if row.document_id in open_documents:
                open_documents[row.document_id][1].add(row.field)
                taken.update((row.document_id, token) for token in row.tokens)
        offered = select(suggestions).where(suggestions.c.document_id.in_(part)).order_by(suggestions.c.id)
        for row in connection.execute(offered):
            decision, words = Decision(row.decision), {(row.document_id, token) for token in row.tokens}
            if row.document_id in open_documents and (decision is not Decision.OPEN or taken.isdisjoint(words)):
                open_documents[row.document_id][0].append(
                    Suggestion(row.id, row.field, tuple(row.tokens), row.confidence, row.run, decision)
                )
    return {number: (offered, frozenset(done)) for number, (offered, done) in open_documents.items()}


def drop_open(connection: Connection, field: str) -> None:
    """Delete the open suggestions of a field, from all documents."""
    s, c = suggestions.c, class_suggestions.c
    of_field = and_(s.field == field, s.decision == Decision.OPEN.value)
    touched = list(connection.scalars(select(s.document_id).where(of_field).distinct()))
    connection.execute(delete(suggestions).where(of_field))
    connection.execute(delete(class_suggestions).where(c.field == field))
    retired_fields.count_suggestions(connection, touched)


def class_suggestions_of(connection: Connection, document_id: int) -> tuple[ClassSuggestion, ...]:
    """What the last run thinks of a document, the likeliest option of a field first."""
    rows = connection.execute(_CLASSES_OF_DOCUMENT, {"document": document_id})
    return tuple(ClassSuggestion(r.field, r.option, r.probability, r.run) for r in rows)


def class_shares(connection: Connection, field: str, ids: Sequence[int]) -> dict[int, tuple[str, dict[str, float]]]:
    """Document -> (the run that read it, {option: probability} of a class field); those without are left out."""
    c = class_suggestions.c
    shares: dict[int, tuple[str, dict[str, float]]] = {}
    for start in range(0, len(ids), 500):
        part = select(class_suggestions).where(c.field == field, c.document_id.in_(ids[start : start + 500]))
        for row in connection.execute(part):
            shares.setdefault(row.document_id, (row.run, {}))[1][row.option] = row.probability
    return shares


def least_sure_classes(
    connection: Connection, field: str, below: float, limit: int, several: bool = False
) -> dict[int, list[tuple[str, float]]]:
    """Documents that want a label of a class field -> [(option, probability)], the likeliest option first.

    Args:
        below: of documents that the last run is less sure of, 0..1; the least sure ones first.
        several: a document can have several options: it is as sure as its least sure yes or no.
    """
    c = class_suggestions.c
    sure = 0.5 + func.min(func.abs(c.probability - 0.5)) if several else func.max(c.probability)
    query = (
        select(c.document_id)
        .join(documents, documents.c.id == c.document_id)
        .where(c.field == field, label_queries.wants_labels(connection, field))
        .group_by(c.document_id)
        .having(sure < below)
        .order_by(sure, c.document_id)
        .limit(limit)
    )
    likely: dict[int, list[tuple[str, float]]] = {number: [] for number in connection.scalars(query)}
    listed = list(likely)
    for start in range(0, len(listed), 500):
        of_part = select(class_suggestions).where(c.field == field, c.document_id.in_(listed[start : start + 500]))
        for row in connection.execute(of_part.order_by(c.probability.desc())):
            likely[row.document_id].append((row.option, row.probability))
    return likely


def keep_class_suggestions(
    connection: Connection, run: str, field: str, probabilities: Mapping[int, Sequence[tuple[str, float]]]
) -> int:
    """Store a run's suggestions {document: [(option, probability)]}; those of earlier runs for the field give way.

    Returns:
        How many documents have a suggestion of this run now.
    """
    listed, kept = list(probabilities), 0
    for start in range(0, len(listed), 500):
        asked = documents.c.id.in_(listed[start : start + 500])
        part = list(connection.scalars(select(documents.c.id).where(asked)))  # without those that are deleted
        connection.execute(
            delete(class_suggestions).where(
                class_suggestions.c.field == field, class_suggestions.c.document_id.in_(part)
            )
        )
        rows = [
            {"document_id": number, "field": field, "option": option, "probability": probability, "run": run}
            for number in part
            for option, probability in probabilities[number]
        ]
        if rows:
            connection.execute(insert(class_suggestions), rows)
        kept += len(part)
    return kept
