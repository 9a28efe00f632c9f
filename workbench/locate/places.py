"""All possible places of a field's value on an opened document, which the field's key steps through."""

from storage.records import KNOWN_SOURCES, Content, Decision, Span
from workbench.fields import Field
from workbench.locate.candidates import Finder

_LEAST_SCORE = 0.6  # of a place of the reference value


def likely_places(content: Content, finder: Finder, field: Field, own: Span | None) -> tuple[tuple[int, ...], ...]:
    """Sorted token ids of each place, the likeliest first and none twice.

    The field's label comes first, then where its known value is suggested or printed, then a model's open suggestions
    by confidence, then what looks like it. Tokens of other fields' labels are left out, so that these do not lose them.
    """
    proposed = sorted(
        (s for s in content.suggestions if s.field == field.id and s.decision is Decision.OPEN),
        key=lambda s: -s.confidence,
    )
    labelled: dict[str, tuple[int, ...]] = {}
    for span in content.annotations.spans:  # a field may have several values
        if span.field != field.id:
            labelled[span.field] = tuple(sorted({*labelled.get(span.field, ()), *span.tokens}))
    taken = {t for tokens in labelled.values() for t in tokens}
    listed = known_places(content, field)
    listed += [s.tokens for s in proposed]
    listed += [c.tokens for c in finder.ranked(field, labelled)]
    free = [place for place in listed if taken.isdisjoint(place)]
    return tuple(dict.fromkeys(tuple(sorted(place)) for place in ([own.tokens] if own else []) + free))


def known_places(content: Content, field: Field) -> list[tuple[int, ...]]:
    """Where the field's known value is suggested, and where else it is printed; the likeliest place first."""
    suggested = [
        tuple(sorted(s.tokens))
        for s in content.suggestions
        if s.field == field.id and s.decision is Decision.OPEN and s.run in KNOWN_SOURCES
    ]
    values = [r.value for r in content.references if r.field == field.id]
    if not values:
        return suggested
    from workbench.locate.alignment import (
        Aligner,  # takes a moment to build, and most documents have no reference values
    )

    aligner = Aligner(content.tokens)
    ranked = [place for value in values for place in aligner.ranked(field.id, field.type, value)[:3]]
    return suggested + [place.tokens for place in ranked if place.score >= _LEAST_SCORE]
