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


_LITERAL, _SIGNS, _WORD, _WRITTEN_OUT, _VALUE, _BEGINNING, _INSIDE = range(7)
"""How well a place fits what was typed, the best first."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where what was typed stands, the best places first."""

    whole: tuple[tuple[int, ...], ...] = ()  # as words of their own, with the signs that were typed, or as this value
    inside: tuple[tuple[int, ...], ...] = ()  # at the beginning of other words, or inside them

    @property
    def all(self) -> tuple[tuple[int, ...], ...]:
        """The token ids of each."""
        return self.whole + self.inside


def find(tokens: Sequence[Token], typed: str) -> Places:
    """The places of a value: 1234.5 finds "1,234.50", 2018-12-25 finds "25/12/2018".

    What reads exactly so comes first, then what begins so with the signs that were typed ("sb(" of "SB(306295-X)": "SB"
    alone lacks the bracket; not those of an amount or a date, which are found by their value), then whole words with
    these letters and digits, those that are this value written out ("5.00"), and amounts and dates of this value; then
    words that begin so, and words that have it inside; each from top to bottom. Consecutive words are found, also when
    only the beginning of the last one was typed.
    """
    if not typed.strip():
        return Places()
    kinds = [kind for kind in _TYPES if any(c.isdigit() for c in typed) and normalise(kind, typed).normal is not None]
    signs = not kinds or ":" in typed or typed.count("(") != typed.count(")")
    ranks = _spelled(tokens, typed, signs and not all(c.isalnum() or c.isspace() for c in typed))
    if kinds:
        aligner = Aligner(tokens)
        for kind in kinds:
            for place in aligner.ranked("", kind, typed):
                spelled = ranks.get(place.tokens, _VALUE)  # what was typed may be the beginning of the value
                ranks[place.tokens] = _WRITTEN_OUT if spelled == _BEGINNING else min(spelled, _VALUE)
    ordered = sorted(ranks, key=lambda place: (ranks[place], place[0], len(place)))
    return Places(
        tuple(place for place in ordered if ranks[place] < _BEGINNING),
        tuple(place for place in ordered if ranks[place] >= _BEGINNING),
    )


def _spelled(tokens: Sequence[Token], typed: str, has_signs: bool) -> dict[tuple[int, ...], int]:
    """Places that are spelled as typed -> how well they fit; signs that were typed tell places apart."""
    wanted, literal = headers.fold(typed), " ".join(typed.casefold().split())
    folded = [headers.fold(token.text) for token in tokens]
    texts = [token.text.casefold() for token in tokens]
    places: dict[tuple[int, ...], int] = {}
    for start, first in enumerate(folded):
        if literal == texts[start]:
            places[(start,)] = _LITERAL
        elif has_signs and _begins(literal, texts[start]):
            places[(start,)] = _SIGNS
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
                printed = " ".join(texts[start:end])
                rank = _WORD if letters == wanted else _BEGINNING
                rank = _LITERAL if printed == literal else _SIGNS if has_signs and printed.startswith(literal) else rank
                places[tuple(range(start, end))] = rank
    return places


def _begins(literal: str, text: str) -> bool:
    """Whether what was typed begins in a word where letters or digits begin, or a sign stands."""
    at = text.find(literal)
    return at == 0 or (at > 0 and not (text[at - 1].isalnum() and literal[0].isalnum()))
