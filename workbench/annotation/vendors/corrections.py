"""What was corrected on a vendor's last documents, carried to its next one: extent, place and number of values.

A field of one's own is looked for beside the captions that it was labelled beside on any vendor's documents.

A person who labels more words than a known value has, or its other place, says so of the vendor's next invoice, too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from storage import documents
from storage.records import CORRECTION, Box, Content, Decision, Source, State, Token
from storage.suggestions import keep_suggestions, leading
from workbench.fields import Field, FieldType, Schema, checks
from workbench.fields.values import joined, same
from workbench.locate import headers
from workbench.locate.rates import is_rate
from workbench.locate.vendors import own_fields
from workbench.locate.vendors.captions import Captions
from workbench.locate.vendors.same_place import Page, TokenIds, values_like
from workbench.workspace import Workspace

_LOOKED_AT = 3  # the vendor's latest labelled documents
_WITH_LABEL = 5  # documents with a label of a field of one's own, of any vendor
_MOST_WORDS = 6000  # of a document whose layout is made while it opens
_SURE = 0.95  # of what was labelled where the same value is known, or of the same words
_PRIOR_RIGHT, _PRIOR_WRONG = 1.5, 0.8
"""Right and wrong cases that the share of places that were right begins with (training/learner/same_place.py)."""
_SHORTEST = 4  # letters and digits of words that are looked for again: shorter ones stand anywhere
_WHOLE = frozenset({FieldType.PARTY, FieldType.ADDRESS})
"""Types of fields whose words are looked for as a whole; those of others beside their captions, too."""
_REPEATED = _WHOLE | {FieldType.ID, FieldType.TEXT}
"""Types of fields whose words stand on several invoices."""

Proposal = tuple[str, TokenIds, float]
_PageOf = Callable[[Content], Page]


def offer(workspace: Workspace, target: Content) -> bool:
    """Suggest on an untouched document what was corrected on the vendor's latest ones; whether anything changed.

    Values of fields of one's own are suggested beside the captions that they were labelled beside on any document.
    """
    if not _is_untouched(target):
        return False
    here, schema = target.document, workspace.schema
    with workspace.db.read() as connection:
        sources = documents.latest_of_group(connection, here.group, _LOOKED_AT) if here.group else []
        proposed = corrections(sources, target, schema)
        done = {field for field, _, _ in proposed} | {s.field for s in target.suggestions if s.run != CORRECTION}
        wanting = [f for f in schema.spans if own_fields.is_own(f.id) and f.id not in done]
        labelled = {f.id: documents.labelled_with(connection, f.id, _WITH_LABEL) for f in wanting}
    taken = {token for _, tokens, _ in proposed for token in tokens}
    beside = beside_captions(labelled, wanting, target)
    proposed += [proposal for proposal in beside if taken.isdisjoint(proposal[1])]
    proposed = _without_others(proposed, target, schema)
    stored = [(s.field, s.tokens, s.confidence) for s in target.suggestions if s.run == CORRECTION]
    if sorted(proposed) == sorted(stored):
        return False
    with workspace.db.write() as connection:
        # a value of several may be where the known one is: it counts as one of them
        keep_suggestions(connection, CORRECTION, {here.id: proposed}, replaces=(CORRECTION,), settled=True)
    return True


def beside_captions(
    labelled: Mapping[str, Sequence[Content]], fields: Sequence[Field], target: Content
) -> list[Proposal]:
    """Values that stand beside the same captions as labels of any vendor's documents, and look like them.

    Args:
        labelled: field -> documents with labels of it, the latest first.
        fields: to be looked for.
        target: where.
    """
    page = _page(target)
    proposed = []
    for field in fields:
        known = [_page(content) for content in reversed(labelled.get(field.id, ())) if _is_short(content)]
        captions = Captions(known, [field])
        right, asked = captions.judged(field.id)
        for name, (words, sure) in captions.values(page).items() if known else ():
            # the first label agrees with those that were found by its caption
            proposed.append((name, words, round(own_fields.likelihood(sure, right + 1, asked + 1), 4)))
    return proposed


def _without_others(proposed: Sequence[Proposal], target: Content, schema: Schema) -> list[Proposal]:
    """Proposals without words that are a sure value of another field there."""
    others = [(s.field, s.tokens, s.confidence) for s in target.suggestions if s.run != CORRECTION]

    def text(tokens: TokenIds) -> str:
        return _text(target.tokens, tokens)

    return [p for p in proposed if own_fields.without_others({p[0]: p[1:]}, others, schema, text)]


def _is_short(content: Content) -> bool:
    return len(content.tokens) <= _MOST_WORDS


def _is_untouched(content: Content) -> bool:
    state = content.annotations
    return bool(
        content.document.state is State.NEW
        and _is_short(content)
        and not (state.spans or state.absent)
        and all(s.decision is Decision.OPEN for s in content.suggestions)
    )


def corrections(sources: Sequence[Content], target: Content, schema: Schema) -> list[Proposal]:
    """Field, words and likelihood of what was corrected on the sources, where the target has it.

    Args:
        sources: labelled documents of the vendor, the latest first.
        target: its next one.
        schema: of the fields.
    """
    pages: dict[int, Page] = {}

    def page_of(content: Content) -> Page:
        number = content.document.id
        if number not in pages:
            pages[number] = _page(content)
        return pages[number]

    proposed: list[Proposal] = []
    taken: set[int] = set()
    offered_here = _offered(target)
    for field in schema.spans:
        having = [source for source in sources if _labels(source, field) and _is_short(source)]
        if not having or not _is_corrected(having[0], field):
            continue
        latest = having[0]
        values, is_sure = _read(latest, target, field, page_of)
        if not values or not taken.isdisjoint(token for value in values for token in value):
            continue
        if set(values) == offered_here.get(field.id, set()):
            continue
        known = _known(target, field)
        # of several values the known one says nothing of the others
        certain = [
            is_sure and (len(values) == 1 or same(field.type, _text(target.tokens, value), known)) for value in values
        ]
        right, asked = (0, 0) if all(certain) else _judged(having, field, page_of)
        judged = (right + _PRIOR_RIGHT) / (asked + _PRIOR_RIGHT + _PRIOR_WRONG)
        rated = [_SURE if is_certain else judged for is_certain in certain]
        if own_fields.is_own(field.id) and not known:
            rated = [own_fields.likelihood(sure, right + 1, asked + 1) for sure in rated]
        proposed += [(field.id, value, round(sure, 4)) for value, sure in zip(values, rated, strict=True)]
        taken.update(token for value in values for token in value)
    return proposed


def _page(content: Content) -> Page:
    sizes = {page.number: (page.width or 1.0, page.height or 1.0) for page in content.pages}
    labels: dict[str, list[TokenIds]] = {}
    for span in sorted(content.annotations.spans, key=lambda span: span.tokens):
        labels.setdefault(span.field, []).append(tuple(sorted(span.tokens)))
    return Page(
        [token.text for token in content.tokens],
        [_thousandths(token, *sizes[token.page]) for token in content.tokens],
        [token.page for token in content.tokens],
        [token.line for token in content.tokens],
        {name: tuple(values) for name, values in labels.items()},
        content.document.group,
    )


def _thousandths(token: Token, width: float, height: float) -> Box:
    x0, y0, x1, y1 = token.box
    return 1000 * x0 / width, 1000 * y0 / height, 1000 * x1 / width, 1000 * y1 / height


def _offered(content: Content) -> dict[str, set[TokenIds]]:
    """Field -> what is or was offered before anything was carried over."""
    undecided = [replace(s, decision=Decision.OPEN) for s in content.suggestions if s.run != CORRECTION]
    offers: dict[str, set[TokenIds]] = {}
    for suggestion in leading(undecided):
        offers.setdefault(suggestion.field, set()).add(tuple(sorted(suggestion.tokens)))
    return offers


def _labels(content: Content, field: Field) -> list[TokenIds]:
    return sorted(tuple(sorted(span.tokens)) for span in content.annotations.spans if span.field == field.id)


def _is_corrected(source: Content, field: Field) -> bool:
    """Whether a person labelled a field otherwise than it was suggested.

    Labels of an import correct nothing, nor do those of a document that had no suggestions at all.
    """
    by_hand = bool(source.suggestions) and any(
        s.field == field.id and s.source is not Source.IMPORT for s in source.annotations.spans
    )
    return by_hand and set(_labels(source, field)) != _offered(source).get(field.id, set())


def _read(source: Content, target: Content, field: Field, page_of: _PageOf) -> tuple[list[TokenIds], bool]:
    """The values of a field on the target as they were labelled on the source; whether that is sure."""
    labels = _labels(source, field)
    before, known = (_known(content, field) for content in (source, target))

    def is_value(page: Page, words: TokenIds) -> bool:
        if field.type is FieldType.RATE and not is_rate(page.around, field, words, at_label=True):
            return False
        return checks.acceptable(field.id, field.type, joined(page.words[word] for word in words))

    def agrees(values: Sequence[TokenIds]) -> bool:
        return bool(known) and any(same(field.type, _text(target.tokens, value), known) for value in values)

    if field.type not in _WHOLE:
        values = values_like(labels, page_of(source), page_of(target), is_value)
        if values and (agrees(values) or not known):
            return values, agrees(values)
    if field.type not in _REPEATED:
        return [], False
    values = [value for label in labels if (value := _printed_again(source.tokens, label, target))]
    is_known = len(values) == len(labels) and (before == known or agrees(values))
    return (values, True) if is_known else ([], False)


def _judged(having: Sequence[Content], field: Field, page_of: _PageOf) -> tuple[int, int]:
    """(right, all): how often what was labelled on a document was right on the vendor's next one."""
    judged = [
        values == _labels(later, field)
        for later, earlier in pairwise(having)
        if (values := _read(earlier, later, field, page_of)[0])
    ]
    return sum(judged), len(judged)


def _known(content: Content, field: Field) -> str:
    """The field's known value; "" where there is none."""
    return next((" ".join(r.value.split()) for r in content.references if r.field == field.id), "")


def _printed_again(words: Sequence[Token], label: TokenIds, target: Content) -> TokenIds:
    """Where the words of a label are printed on another document, nearest to where they were; () where they are not."""
    pieces = [
        [headers.fold(words[token].text) for _, token in piece]
        for _, piece in groupby(enumerate(label), key=lambda placed: placed[1] - placed[0])
    ]
    if sum(len(word) for piece in pieces for word in piece) < _SHORTEST:
        return ()
    folded = [headers.fold(token.text) for token in target.tokens]
    first = words[label[0]]
    starts = (start for start, word in enumerate(folded) if word == pieces[0][0])
    for start in sorted(starts, key=lambda start: _distance(first, target.tokens[start])):
        read: list[int] = []
        for piece in pieces:
            after = range(read[-1] + 1, len(folded)) if read else range(start, start + 1)
            at = next((at for at in after if folded[at : at + len(piece)] == piece), None)
            if at is None:
                break
            read += range(at, at + len(piece))
        else:
            return tuple(read)
    return ()


def _distance(word: Token, other: Token) -> tuple[int, float]:
    return abs(word.page - other.page), abs(word.box[1] - other.box[1]) + abs(word.box[0] - other.box[0])


def _text(words: Sequence[Token], tokens: Iterable[int]) -> str:
    return joined(words[token].text for token in tokens)
