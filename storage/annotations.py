"""Annotations: every act is stored as one event together with the new state, so that it can be undone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from storage import retired_fields
from storage.exceptions import Conflict
from storage.records import Annotations, ClassLabel, Decision, Event, Source, Span, State
from storage.tables import class_labels, documents, events, of_document, spans, suggestions, utc

Change = dict[str, Any]
"""What an act changed: {"spans": {"-": […], "+": […]}, "state": [before, after] …}; only the parts that differ."""

Moved = Mapping[int, Sequence[int]]
"""Token -> the tokens that its word has after words were repaired, or were put back."""

UNDO, REDO, IMPORT, WORDS = "undo", "redo", "import", "words"

DOCUMENT = select(documents).where(documents.c.id == bindparam("document"))
_SPANS, _CLASSES = of_document(spans), of_document(class_labels)
_DECIDED = suggestions.c.decision != Decision.OPEN.value
_DECISIONS = of_document(suggestions).with_only_columns(suggestions.c.id, suggestions.c.decision).where(_DECIDED)


def _span(span: Span) -> list[Any]:
    return [span.field, list(span.tokens), span.source.value, span.annotator]


def _unspan(stored: Sequence[Any]) -> Span:
    return Span(stored[0], tuple(stored[1]), Source(stored[2]), stored[3])


def _class(label: ClassLabel) -> list[str]:
    return [label.field, label.option, label.source.value, label.annotator]


def _unclass(stored: Sequence[str]) -> ClassLabel:
    return ClassLabel(stored[0], stored[1], Source(stored[2]), stored[3])


def difference(before: Annotations, after: Annotations) -> Change:
    """The change from one state to the other, ready for JSON."""
    change: Change = {}
    encoders: dict[str, Callable[[Any], Any]] = {
        "spans": _span,
        "absent": str,
        "texts": list,
        "decisions": list,
        "classes": _class,
    }
    for part, encode in encoders.items():
        old, new = getattr(before, part), getattr(after, part)
        if old != new:
            change[part] = {
                "-": sorted((encode(item) for item in old - new), key=repr),
                "+": sorted((encode(item) for item in new - old), key=repr),
            }
    for part in ("state", "note"):
        old, new = getattr(before, part), getattr(after, part)
        if old != new:
            change[part] = [str(old), str(new)]
    return change


def inverse(change: Change) -> Change:
    """The change that undoes a change."""
    return {
        part: {"-": parts["+"], "+": parts["-"]} if isinstance(parts, dict) else [parts[1], parts[0]]
        for part, parts in change.items()
    }


def applied(state: Annotations, change: Change) -> Annotations:
    decode: dict[str, Any] = {
        "spans": _unspan,
        "absent": str,
        "texts": tuple,
        "decisions": lambda stored: (stored[0], Decision(stored[1])),
        "classes": _unclass,
    }
    parts: dict[str, Any] = {}
    for part, read in decode.items():
        now = getattr(state, part)
        if part in change:
            now = (now - {read(item) for item in change[part]["-"]}) | {read(item) for item in change[part]["+"]}
        parts[part] = now
    return Annotations(
        parts["spans"],
        parts["absent"],
        State(change["state"][1]) if "state" in change else state.state,
        change["note"][1] if "note" in change else state.note,
        parts["texts"],
        parts["decisions"],
        parts["classes"],
    )


def import_change(imported: Iterable[Span], labelled: bool, of_classes: Iterable[ClassLabel] = ()) -> Change:
    """The change from an empty document to the imported labels."""
    listed, documents_classes = frozenset(imported), frozenset(of_classes)
    state = State.LABELLED if labelled else State.STARTED if listed or documents_classes else State.NEW
    return difference(Annotations(), Annotations(spans=listed, state=state, classes=documents_classes))


def span_row(document_id: int, span: Span) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "field": span.field,
        "tokens": list(span.tokens),
        "source": span.source.value,
        "annotator": span.annotator,
    }


def class_row(document_id: int, label: ClassLabel) -> dict[str, Any]:
    """A row of the class_labels table."""
    return {
        "document_id": document_id,
        "field": label.field,
        "option": label.option,
        "source": label.source.value,
        "annotator": label.annotator,
    }


def _classes_of(connection: Connection, document_id: int) -> frozenset[ClassLabel]:
    rows = connection.execute(_CLASSES, {"document": document_id})
    return frozenset(ClassLabel(r.field, r.option, Source(r.source), r.annotator) for r in rows)


def load(connection: Connection, document_row: Any) -> Annotations:
    """The annotations of a document whose row was just read."""
    number = document_row.id
    span_rows = connection.execute(_SPANS, {"document": number})
    decisions = connection.execute(_DECISIONS, {"document": number})
    return Annotations(
        frozenset(Span(r.field, tuple(r.tokens), Source(r.source), r.annotator) for r in span_rows),
        frozenset(document_row.absent),
        State(document_row.state),
        document_row.note,
        frozenset((int(token), text) for token, text in document_row.corrections.items()),
        frozenset((r.id, Decision(r.decision)) for r in decisions),
        _classes_of(connection, number),
    )


def current(connection: Connection, document_id: int) -> tuple[Annotations, int] | None:
    """The annotations of a document and its version, without its words; None where it is gone."""
    row = connection.execute(DOCUMENT, {"document": document_id}).first()
    return (load(connection, row), row.version) if row is not None else None


def commit(
    connection: Connection,
    document_id: int,
    version: int,
    before: Annotations,
    after: Annotations,
    act: str,
    annotator: str,
    *,
    target: int | None = None,
    disagreements: int | None = None,
    problems: int | None = None,
) -> int:
    """Store an act as one event together with the new state, in the caller's transaction. Returns the new version.

    Args:
        version: the version that `before` was read at.
        disagreements, problems: the new counts for the list, where the caller knows them.

    Raises:
        Conflict: the document was changed since that version; nothing is written.
    """
    change = difference(before, after)
    if not change and act != IMPORT:  # an import is noted all the same: earlier acts speak of other words
        return version
    values: dict[str, Any] = {
        "version": version + 1,
        "state": after.state.value,
        "note": after.note,
        "absent": sorted(after.absent),
        "corrections": {str(token): text for token, text in after.texts},
        "labels": len(after.spans) + len(after.classes),
    }
    if disagreements is not None:
        values["disagreements"] = disagreements
    if problems is not None:
        values["problems"] = problems
    updated = connection.execute(
        update(documents).where(documents.c.id == document_id, documents.c.version == version).values(**values)
    )
    if updated.rowcount == 0:
        raise _conflict(connection, document_id)
    _write_spans(connection, document_id, change.get("spans"))
    if "classes" in change:
        _write_classes(connection, document_id, change["classes"])
    if "decisions" in change:
        now = dict(after.decisions)
        for number, _ in (*change["decisions"]["-"], *change["decisions"]["+"]):
            decision = now.get(number, Decision.OPEN)
            here = (suggestions.c.id == number, suggestions.c.document_id == document_id)  # ids are used again
            connection.execute(update(suggestions).where(*here).values(decision=decision.value))
    if change.keys() & {"decisions", "spans", "state"}:
        retired_fields.count_suggestions(connection, [document_id])
    _insert_event(connection, document_id, annotator, act, change, target)
    return version + 1


def _insert_event(
    connection: Connection, document_id: int, who: str, act: str, change: Change, target: int | None = None
) -> None:
    row = {"document_id": document_id, "at": datetime.now(UTC), "annotator": who, "act": act}
    connection.execute(insert(events).values(**row, change=change, target=target))


def _write_spans(connection: Connection, document_id: int, change: Change | None) -> None:
    if change is None:
        return
    removed = {repr(item) for item in change["-"]}
    if removed:
        rows = connection.execute(select(spans).where(spans.c.document_id == document_id)).all()
        removed_ids = [r.id for r in rows if repr([r.field, list(r.tokens), r.source, r.annotator]) in removed]
        connection.execute(delete(spans).where(spans.c.id.in_(removed_ids)))
    if change["+"]:
        connection.execute(insert(spans), [span_row(document_id, _unspan(item)) for item in change["+"]])


def _write_classes(connection: Connection, document_id: int, change: Change) -> None:
    c = class_labels.c
    for label in map(_unclass, change["-"]):
        where = (c.document_id == document_id, c.field == label.field, c.option == label.option)
        connection.execute(delete(class_labels).where(*where))
    if change["+"]:
        connection.execute(insert(class_labels), [class_row(document_id, _unclass(item)) for item in change["+"]])


def _conflict(connection: Connection, document_id: int) -> Conflict:
    last = connection.execute(
        select(events.c.annotator, events.c.act)
        .where(events.c.document_id == document_id)
        .order_by(events.c.id.desc())
        .limit(1)
    ).first()
    who = f" ({last.annotator or 'another terminal'}: {last.act})" if last else ""
    return Conflict(
        f"The document was changed since you opened it{who}. Your last act was not saved.",
        "Look at the newer labels, then repeat your act where it is still right.",
    )


def history(connection: Connection, document_id: int) -> list[Event]:
    """All events of a document, the oldest first."""
    rows = connection.execute(select(events).where(events.c.document_id == document_id).order_by(events.c.id))
    return [Event(r.id, r.document_id, utc(r.at), r.annotator, r.act, r.change, r.target) for r in rows]


def as_of(connection: Connection, document_id: int, now: Annotations, moment: datetime) -> Annotations | None:
    """The annotations at a moment; None where the document was imported or read by OCR since, as its words changed.

    Args:
        now: the current annotations.
    """
    state = now
    for event in reversed(history(connection, document_id)):
        if event.at <= moment:
            break
        if event.act == IMPORT:
            return None
        if "words" not in event.change:
            state = applied(state, inverse(event.change))
    return state


def move_tokens(
    connection: Connection, document_id: int, moved: Moved, about: str, who: str, before: Annotations, words: Change
) -> None:
    """Give labels, corrections and events the tokens that their words have now, and store that words were repaired.

    A word that two labels would have stays with the first.

    Args:
        moved: earlier token -> tokens now.
        about: what was repaired, for the history.
        before: the annotations before.
        words: the words before, for undo.
    """
    now, back = _mapping(moved), _mapping(_turned_around(moved))
    lost: dict[str, Change] = {}  # events that the way back would change
    taken: set[int] = set()
    of_document = spans.c.document_id == document_id
    for row in connection.execute(select(spans).where(of_document).order_by(spans.c.id)).all():
        free = [token for token in now(row.tokens) if token not in taken]
        taken.update(free)
        where = spans.c.id == row.id
        connection.execute(update(spans).where(where).values(tokens=free) if free else delete(spans).where(where))
    for event in connection.execute(select(events).where(events.c.document_id == document_id)).all():
        change = _moved(event.change, now)
        if change != event.change:
            connection.execute(update(events).where(events.c.id == event.id).values(change=change))
        if _moved(change, back) != event.change:
            lost[str(event.id)] = event.change
    kept = {**words, "spans": sorted(map(_span, before.spans)), "events": lost}
    _insert_event(connection, document_id, who, WORDS, {"words": about, "repair": kept})


def undo_words(connection: Connection, document_id: int, repair: Event, moved: Moved, about: str, who: str) -> None:
    """Give labels and events the tokens that they had before words were repaired; what came after it is undone already.

    Args:
        repair: the event of the repair.
        moved: token now -> tokens before the repair.
        about: what is put back, for the history.
    """
    kept, back = repair.change["repair"], _mapping(moved)
    connection.execute(delete(spans).where(spans.c.document_id == document_id))
    if kept["spans"]:
        connection.execute(insert(spans), [span_row(document_id, _unspan(stored)) for stored in kept["spans"]])
    for event in connection.execute(select(events).where(events.c.document_id == document_id)).all():
        change = kept["events"].get(str(event.id)) or _moved(event.change, back)
        if change != event.change:
            connection.execute(update(events).where(events.c.id == event.id).values(change=change))
    _insert_event(connection, document_id, who, UNDO, {"words": about}, repair.id)


def _mapping(moved: Moved) -> Callable[[Iterable[int]], list[int]]:
    return lambda tokens: sorted({new for token in tokens for new in moved.get(token, ())})


def _turned_around(moved: Moved) -> dict[int, list[int]]:
    back: dict[int, list[int]] = {}
    for old, ids in moved.items():
        for new in ids:
            back.setdefault(new, []).append(old)
    return back


def _moved(change: Change, now: Callable[[Iterable[int]], list[int]]) -> Change:
    """A change that speaks of other tokens; of a repair of words its own tokens stay."""
    change = dict(change)
    if isinstance(parts := change.get("spans"), dict):
        change["spans"] = {s: [[f, now(tokens), *rest] for f, tokens, *rest in parts[s]] for s in parts}
    if isinstance(parts := change.get("texts"), dict):
        change["texts"] = {s: [[new, text] for token, text in parts[s] for new in now([token])[:1]] for s in parts}
    return change


def stacks(acts: Iterable[Event]) -> tuple[list[Event], list[Event]]:
    """(events that can be undone, events that can be redone), the next one last.

    Imports cannot be undone, repairs of words not be redone.
    """
    done: list[Event] = []
    undone: list[Event] = []
    for event in acts:
        if event.act == UNDO:
            undone.append(done.pop())
            if undone[-1].act == WORDS:  # what was undone before speaks of other words
                undone = []
        elif event.act == REDO:
            done.append(undone.pop())
        elif event.act == IMPORT:
            done, undone = [], []
        elif event.act == WORDS and "repair" not in event.change:  # of an older version: it cannot be undone
            continue
        else:
            done.append(event)
            undone = []
    return done, undone


def undo(
    connection: Connection, document_id: int, version: int, before: Annotations, annotator: str
) -> tuple[Annotations, Event] | None:
    """Undo the last act; None when there is none. The undo is itself stored as an event.

    A repair of words is undone by `undo_words`, not here.
    """
    done, _ = stacks(history(connection, document_id))
    if not done:
        return None
    after = applied(before, inverse(done[-1].change))
    commit(connection, document_id, version, before, after, UNDO, annotator, target=done[-1].id)
    return after, done[-1]


def redo(
    connection: Connection, document_id: int, version: int, before: Annotations, annotator: str
) -> tuple[Annotations, Event] | None:
    """Redo the last undone act; None when there is none."""
    _, undone = stacks(history(connection, document_id))
    if not undone:
        return None
    after = applied(before, undone[-1].change)
    commit(connection, document_id, version, before, after, REDO, annotator, target=undone[-1].id)
    return after, undone[-1]
