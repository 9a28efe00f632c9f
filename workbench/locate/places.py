"""All possible places of a field's value on an opened document, which the field's key steps through."""

from dataclasses import dataclass

from storage.records import CORRECTION, KNOWN_SOURCES, Content, Decision, Span
from storage.suggestions import leading
from workbench.fields import Field, FieldType, checks
from workbench.fields.values import same
from workbench.locate.candidates import Finder
from workbench.locate.likelihoods import likelihood
from workbench.locate.rates import is_rate

_LEAST_SCORE = 0.6  # of a place of the reference value


@dataclass(frozen=True, slots=True)
class LikelyPlaces:
    """Where a field's value may stand."""

    places: tuple[tuple[int, ...], ...]  # sorted token ids of each, the likeliest first and none twice
    likelihoods: tuple[float, ...]  # that each is right, 0..1; 1 of a label, and where a known value is printed
    rejected: frozenset[tuple[int, ...]] = frozenset()  # of these: the last ones, none of them likely

    @property
    def likelihood(self) -> float:
        """That the first place is right, 0..1."""
        return self.likelihoods[0] if self.likelihoods else 0.0


def likely_places(content: Content, finder: Finder, field: Field, own: Span | None) -> LikelyPlaces:
    """All possible places of a field's value.

    The field's label comes first, then what was corrected on the vendor's last document, then where its known value is
    suggested or printed, then a model's open suggestions by confidence, then what looks like it, and last the places
    that were rejected; of a value that is printed twice, the place that is suggested as no other field is before the
    other. Left out are tokens of other fields' labels, so that these do not lose them, numbers inside another field's
    known value (the house of an address), rates without a percent sign or a header, and what its own check refuses.
    """
    of_field = sorted((s for s in content.suggestions if s.field == field.id), key=lambda s: -s.confidence)
    proposed = [s for s in of_field if s.decision is Decision.OPEN]
    refused = [
        s
        for s in of_field
        if s.decision is Decision.REJECTED and (own is None or tuple(sorted(s.tokens)) != own.tokens)
    ]
    labelled: dict[str, tuple[int, ...]] = {}
    for span in content.annotations.spans:  # a field may have several values
        if span.field != field.id:
            labelled[span.field] = tuple(sorted({*labelled.get(span.field, ()), *span.tokens}))
    taken = {t for tokens in labelled.values() for t in tokens}
    corrected = [tuple(sorted(s.tokens)) for s in proposed if s.run == CORRECTION]
    listed = [(place, 1.0) for place in ([own.tokens] if own else []) + corrected + known_places(content, field)]
    known_elsewhere = {
        token
        for s in content.suggestions
        if s.run in KNOWN_SOURCES and s.decision is Decision.OPEN and s.field not in (field.id, "currency")
        for token in s.tokens
        if field.type is not FieldType.CURRENCY
    }
    suggested = [s for s in [*proposed, *refused] if s.run in KNOWN_SOURCES or _can_be(finder, field, s.tokens)]
    guessed = [(s.tokens, s.confidence) for s in suggested]
    guessed += [
        (c.tokens, likelihood(field.id, c.score))
        for c in finder.ranked(field, labelled)
        if field.id == "iban" or checks.acceptable(field.id, field.type, finder.around.text(c.tokens))
    ]  # an IBAN with a misread digit is still the place; the check is shown beside it
    listed += [(place, rate) for place, rate in guessed if known_elsewhere.isdisjoint(place)]
    free = [(tuple(sorted(place)), rate) for place, rate in listed if taken.isdisjoint(place)]
    rejected = {tuple(sorted(s.tokens)) for s in refused}
    rates: dict[tuple[int, ...], float] = {}
    for place, rate in free:
        if place not in rejected:
            rates.setdefault(place, rate)
    rates = _free_first(rates, content, finder, field, own)
    again = dict.fromkeys(place for place, _ in free if place in rejected)
    return LikelyPlaces((*rates, *again), (*rates.values(), *[0.0] * len(again)), frozenset(again))


def _free_first(
    rates: dict[tuple[int, ...], float], content: Content, finder: Finder, field: Field, own: Span | None
) -> dict[tuple[int, ...], float]:
    """The places, each that is suggested as another field behind the first free one where the same value is printed."""
    offered = {
        t for s in leading(content.suggestions, content.annotations.spans) if s.field != field.id for t in s.tokens
    }
    free = [place for place in rates if offered.isdisjoint(place)]
    if len(free) == len(rates):
        return rates
    text = finder.around.text
    ordered: dict[tuple[int, ...], float] = {}
    for place, rate in rates.items():
        if not offered.isdisjoint(place) and (own is None or place != own.tokens):
            alike = next((other for other in free if same(field.type, text(place), text(other))), None)
            if alike is not None:
                ordered.setdefault(alike, rate)  # the value is as likely; which of its places, is another question
        ordered.setdefault(place, rate)
    return ordered


def _can_be(finder: Finder, field: Field, tokens: tuple[int, ...]) -> bool:
    """Whether what a model suggests can be offered."""
    return field.type is not FieldType.RATE or is_rate(finder.around, field, tokens)


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
