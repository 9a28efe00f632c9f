"""Find a typed value on a document: amounts and dates by their meaning, and everything by its letters."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.records import Token
from workbench.fields import FieldType
from workbench.fields.values import normalise
from workbench.locate import headers
from workbench.locate.alignment import Aligner

_TYPES = (FieldType.AMOUNT, FieldType.DATE)
_AROUND = "()[]:;,.*#\"'"


_LITERAL, _WORD, _WRITTEN_OUT, _VALUE, _BEGINNING, _INSIDE = range(6)
"""How well a place fits what was typed, the best first."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where what was typed stands, the best places first."""

    whole: tuple[tuple[int, ...], ...] = ()  # as words of their own, or as this value
    inside: tuple[tuple[int, ...], ...] = ()  # at the beginning of other words, or inside them

    @property
    def all(self) -> tuple[tuple[int, ...], ...]:
        """The token ids of each."""
        return self.whole + self.inside


def find(tokens: Sequence[Token], typed: str) -> Places:
    """The places of a value: 1234.5 finds "1,234.50", 2018-12-25 finds "25/12/2018".

    What reads exactly so comes first, then whole words with these letters and digits, those that are this value written
    out ("5.00"), and amounts and dates of this value; then words that begin so, and words that have it inside; each
    from top to bottom. Consecutive words are found, also when only the beginning of the last one was typed.
    """
    if not typed.strip():
        return Places()
    ranks = _spelled(tokens, typed)
    if any(c.isdigit() for c in typed):
        aligner = Aligner(tokens)
        for kind in _TYPES:
            if normalise(kind, typed).normal is not None:
                for place in aligner.ranked("", kind, typed):
                    spelled = ranks.get(place.tokens, _VALUE)  # what was typed may be the beginning of the value
                    ranks[place.tokens] = _WRITTEN_OUT if spelled == _BEGINNING else min(spelled, _VALUE)
    ordered = sorted(ranks, key=lambda place: (ranks[place], place[0], len(place)))
    return Places(
        tuple(place for place in ordered if ranks[place] < _BEGINNING),
        tuple(place for place in ordered if ranks[place] >= _BEGINNING),
    )


def _spelled(tokens: Sequence[Token], typed: str) -> dict[tuple[int, ...], int]:
    """Places that are spelled as typed -> how well they fit."""
    wanted, literal = headers.fold(typed), " ".join(typed.casefold().split())
    folded = [headers.fold(token.text) for token in tokens]
    texts = [token.text.casefold() for token in tokens]
    places: dict[tuple[int, ...], int] = {}
    for start, first in enumerate(folded):
        if literal == texts[start]:
            places[(start,)] = _LITERAL
        elif not wanted or not first:
            continue
        elif len(wanted) <= len(first):
            if wanted == first or literal == texts[start].strip(_AROUND):
                places[(start,)] = _WORD
            elif first.startswith(wanted):
                places[(start,)] = _BEGINNING
            elif literal in texts[start]:  # as it stands there: "16" is not in "L441-6"
                places[(start,)] = _INSIDE
        else:
            letters, end = first, start + 1
            while wanted.startswith(letters) and len(letters) < len(wanted) and end < len(folded):
                letters += folded[end]
                end += 1
            if letters.startswith(wanted):
                is_literal = " ".join(texts[start:end]) == literal
                rank = _LITERAL if is_literal else _WORD if letters == wanted else _BEGINNING
                places[tuple(range(start, end))] = rank
    return places
