"""Find a typed value on a document: amounts and dates by their meaning, and everything by its letters."""

from collections.abc import Sequence

from storage.records import Token
from workbench.fields import FieldType
from workbench.fields.values import normalise
from workbench.locate import headers
from workbench.locate.alignment import Aligner

_TYPES = (FieldType.AMOUNT, FieldType.DATE)


def find(tokens: Sequence[Token], typed: str) -> list[tuple[int, ...]]:
    """The places of a value, top to bottom: 1234.5 finds "1,234.50", 2018-12-25 finds "25/12/2018".

    Consecutive words are found, also when only the beginning of the last one was typed.
    """
    if not typed.strip():
        return []
    places: list[tuple[int, ...]] = []
    if any(c.isdigit() for c in typed):
        aligner = Aligner(tokens)
        for kind in _TYPES:
            if normalise(kind, typed).normal is not None:
                places += [place.tokens for place in aligner.ranked("", kind, typed)]
    places += _spelled(tokens, typed)
    return sorted(set(places), key=lambda place: (place[0], len(place)))


def _spelled(tokens: Sequence[Token], typed: str) -> list[tuple[int, ...]]:
    """Places where the letters and digits of consecutive words begin with what was typed."""
    wanted = headers.fold(typed)
    if not wanted:
        return []
    folded = [headers.fold(token.text) for token in tokens]
    places: list[tuple[int, ...]] = []
    for start, first in enumerate(folded):
        if not first:
            continue
        if len(wanted) <= len(first):
            if wanted in first:
                places.append((start,))
            continue
        letters, end = first, start + 1
        while wanted.startswith(letters) and len(letters) < len(wanted) and end < len(folded):
            letters += folded[end]
            end += 1
        if letters.startswith(wanted):
            places.append(tuple(range(start, end)))
    return places
