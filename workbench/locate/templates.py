"""Proposals from a labelled document of the same vendor. Pure.

A label is described by its text, the words before it and its position on the page; the most similar place on the new
document is proposed, if it is similar enough.
"""

from collections.abc import Sequence

from storage.records import Content, Span, Token
from workbench.fields import Field, FieldType, Schema
from workbench.locate import headers
from workbench.locate.candidates import Finder

LEAST = 0.5
"""Proposals below this confidence are not made."""

_BEFORE = 3  # words before a value that describe it
_FAR = 0.25  # of the page: from this distance on the position counts nothing

Proposal = tuple[str, tuple[int, ...], float]


def proposals(source: Content, target: Content, schema: Schema) -> list[Proposal]:
    """(field, token ids, confidence) on `target` for the labels of `source`, a document of the same vendor."""
    finder = Finder(target.tokens)
    proposed: list[Proposal] = []
    for span in sorted(source.annotations.spans, key=lambda s: s.tokens):
        field = schema.get(span.field)
        if field is None or field.retired:
            continue
        places = {c.tokens for c in finder.ranked(field)} | set(_spelled(source, span, target.tokens))
        scored = [(_likeness(source, span, target, place, field), place) for place in places]
        if scored and (best := max(scored, key=lambda s: (s[0], [-t for t in s[1]])))[0] >= LEAST:
            proposed.append((field.id, best[1], round(best[0], 3)))
    return proposed


def _folded(tokens: Sequence[Token], ids: Sequence[int]) -> str:
    return "".join(headers.fold(tokens[i].text) for i in ids)


def _spelled(source: Content, span: Span, tokens: Sequence[Token]) -> list[tuple[int, ...]]:
    """Places with the label's own words."""
    wanted = [headers.fold(source.tokens[i].text) for i in span.tokens]
    texts = [headers.fold(token.text) for token in tokens]
    size = len(wanted)
    return [
        tuple(range(start, start + size))
        for start in range(len(texts) - size + 1)
        if texts[start] == wanted[0] and texts[start : start + size] == wanted
    ]


def _likeness(source: Content, span: Span, target: Content, place: tuple[int, ...], field: Field) -> float:
    """How similar a place is to the label's, 0..1: by words before it, position on the page and its own words."""
    own, other = source.tokens, target.tokens
    before = _folded(own, range(max(span.tokens[0] - _BEFORE, 0), span.tokens[0]))
    after_letters = _folded(other, range(max(place[0] - _BEFORE, 0), place[0]))
    letters = "".join(c for c in before if c.isalpha())
    same_header = bool(letters) and "".join(c for c in after_letters if c.isalpha()) == letters
    ax, ay = _middle(source, span.tokens)
    bx, by = _middle(target, place)
    near = max(1 - (abs(ax - bx) + 0.5 * abs(ay - by)) / _FAR, 0.0)
    same_text = _folded(own, span.tokens) == _folded(other, place)
    if field.type in (FieldType.PARTY, FieldType.ADDRESS):
        return 0.7 * same_text + 0.2 * near + 0.1 * (same_header or place[0] == span.tokens[0])
    return 0.55 * same_header + 0.35 * near + 0.1 * (same_text or len(place) == len(span.tokens))


def _middle(content: Content, ids: Sequence[int]) -> tuple[float, float]:
    """The middle of some tokens, as shares of the page of the first."""
    tokens = content.tokens
    page = content.pages[tokens[ids[0]].page]
    boxes = [tokens[i].box for i in ids]
    x = (min(b[0] for b in boxes) + max(b[2] for b in boxes)) / 2
    y = (min(b[1] for b in boxes) + max(b[3] for b in boxes)) / 2
    return x / (page.width or 1.0), y / (page.height or 1.0)
