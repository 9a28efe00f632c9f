"""Fields that the starter does not know: how sure a value is after few labels, and which words are none. Pure."""

from collections.abc import Callable, Iterable, Mapping

from storage.records import SURE
from workbench.fields import FieldType, Schema
from workbench.fields.values import same
from workbench.locate import headers
from workbench.locate.vendors.same_place import TokenIds

_AGREEING = 4
"""Labelled documents that an offer must have been right about before others are sure: after three receipts with "RM"
as the method of payment the next one was accepted unseen."""
_UNSURE = SURE - 0.01
_FORMED = frozenset({FieldType.CURRENCY, FieldType.AMOUNT, FieldType.RATE, FieldType.DATE, FieldType.ID})

Values = Mapping[str, tuple[TokenIds, float]]
"""Field -> (words, likelihood)."""


def is_own(field: str) -> bool:
    """Whether a field (its id) is none of those that the starter and the header phrases know."""
    return field not in headers.FIELDS


def surest(right: int) -> float:
    """The highest likelihood of a value of such a field, after so many labelled documents that agree."""
    return 1.0 if right >= _AGREEING else _UNSURE


def likelihood(sure: float, right: int, asked: int) -> float:
    """How likely a value of such a field is right: no likelier than its record on this workspace allows.

    Args:
        sure: as likely as it looks.
        right: labelled documents on which such an offer was right.
        asked: all on which there was such an offer.
    """
    return min(sure, surest(right), (right + 1) / (asked + 2))  # Laplace's rule of succession


def without_others(
    values: Values, others: Iterable[tuple[str, TokenIds, float]], schema: Schema, text: Callable[[TokenIds], str]
) -> dict[str, tuple[TokenIds, float]]:
    """The values without those of own text fields that are another field's sure value: its currency, amount, number.

    Args:
        values: to be offered.
        others: field, words and likelihood of what else is offered on the page.
        schema: of the fields.
        text: the words of a place.
    """
    formed = {field.id: field.type for field in schema.spans if field.type in _FORMED}
    known = [(formed[name], text(words)) for name, words, sure in others if name in formed and sure >= SURE]
    texts = {field.id for field in schema.spans if field.type is FieldType.TEXT and is_own(field.id)}
    return {
        name: (words, sure)
        for name, (words, sure) in values.items()
        if name not in texts or not any(same(kind, text(words), value) for kind, value in known)
    }
