"""Labels and suggestions of class fields: what whole documents are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from storage.records import ClassLabel, ClassSuggestion, Source
from storage.tables import class_labels, class_suggestions, documents

_PART = 500  # documents a statement


def label_row(document_id: int, label: ClassLabel) -> dict[str, Any]:
    """A row of the class_labels table."""
    return {
        "document_id": document_id,
        "field": label.field,
        "option": label.option,
        "source": label.source.value,
        "annotator": label.annotator,
    }


def labels_of(connection: Connection, document_id: int) -> frozenset[ClassLabel]:
    """The class labels of one document."""
    rows = connection.execute(select(class_labels).where(class_labels.c.document_id == document_id))
    return frozenset(ClassLabel(r.field, r.option, Source(r.source), r.annotator) for r in rows)


def replace(
    connection: Connection, document_id: int, removed: Iterable[ClassLabel], added: Iterable[ClassLabel]
) -> None:
    """Change the class labels of one document."""
    for label in removed:
        connection.execute(
            delete(class_labels).where(
                class_labels.c.document_id == document_id,
                class_labels.c.field == label.field,
                class_labels.c.option == label.option,
            )
        )
    rows = [label_row(document_id, label) for label in added]
    if rows:
        connection.execute(insert(class_labels), rows)


def labelled(connection: Connection, field: str) -> dict[int, list[str]]:
    """Document -> its options of a field, in alphabetical order; documents without one are left out."""
    c = class_labels.c
    options: dict[int, list[str]] = {}
    for number, option in connection.execute(
        select(c.document_id, c.option).where(c.field == field).order_by(c.document_id, c.option)
    ):
        options.setdefault(number, []).append(option)
    return options


def counts(connection: Connection) -> dict[str, Counter[str]]:
    """Field -> option -> how many documents have it."""
    c = class_labels.c
    counted: dict[str, Counter[str]] = {}
    for field, option, number in connection.execute(
        select(c.field, c.option, func.count()).group_by(c.field, c.option).order_by(c.field, c.option)
    ):
        counted.setdefault(field, Counter())[option] = int(number)
    return counted


def class_of_groups(connection: Connection) -> dict[str, str]:
    """Group -> the option that most of its documents have, of any class field; groups without a label are left out."""
    d, c = documents.c, class_labels.c
    counted: dict[str, Counter[str]] = {}
    for group, option, number in connection.execute(
        select(d.group_name, c.option, func.count())
        .join(class_labels, c.document_id == d.id)
        .group_by(d.group_name, c.option)
        .order_by(c.option)
    ):
        counted.setdefault(group, Counter())[option] = int(number)
    return {group: options.most_common(1)[0][0] for group, options in counted.items()}


def suggestions_of(connection: Connection, document_id: int) -> tuple[ClassSuggestion, ...]:
    """What the last run thinks of a document, the likeliest option of a field first."""
    c = class_suggestions.c
    rows = connection.execute(
        select(class_suggestions).where(c.document_id == document_id).order_by(c.field, c.probability.desc())
    )
    return tuple(ClassSuggestion(r.field, r.option, r.probability, r.run) for r in rows)


def keep_suggestions(
    connection: Connection, run: str, field: str, probabilities: Mapping[int, Sequence[tuple[str, float]]]
) -> int:
    """Store a run's suggestions {document: [(option, probability)]}; those of earlier runs for the field give way.

    Returns:
        How many documents have a suggestion of this run now.
    """
    listed = list(probabilities)
    for start in range(0, len(listed), _PART):
        part = listed[start : start + _PART]
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
    return len(listed)
