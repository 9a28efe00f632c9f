"""Find a known value among a document's words.

Amounts, dates, ids, rates and currencies are matched by what they mean; names and addresses by their letters, over
several lines and columns. Where a value is printed several times, the words beside it decide. Uncertain places are
left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.fields import FieldType, amounts
from workbench.fields.values import normalise, occurrences, readings
from workbench.locate import headers
from workbench.locate.fuzzy import FuzzyFinder
from workbench.locate.headers import HeaderPhrase
from workbench.locate.layout import Layout, Word
from workbench.locate.parties import words as party_words

THRESHOLD = 0.8
"""The least score of an alignment."""


@dataclass(frozen=True, slots=True)
class Alignment:
    tokens: tuple[int, ...]  # positions in the sequence of words, in reading order
    score: float  # 0..1
    candidates: int  # number of possible places
    reason: str  # for display: why this place


@dataclass(frozen=True, slots=True)
class _Candidate:
    tokens: tuple[int, ...]
    score: float  # how well the text fits, 0..1
    context: float = 0.0  # how well the neighbourhood fits, -1..1
    beside: str = ""  # the header's words


# How many words a value of this type may be divided into.
_WINDOW = {FieldType.AMOUNT: 4, FieldType.DATE: 6, FieldType.RATE: 2, FieldType.CURRENCY: 2, FieldType.ID: 8}
_GLUED, _OTHER_READING, _LOOKALIKE, _OTHER_SIGN = 0.98, 0.93, 0.86, 0.85
_LOOKALIKES = str.maketrans("OQILSBZ", "0011582")
_CENTS = re.compile(r"[0-9] ?[.,' ] ?[0-9]|[.,]-|[$€£¥]")
_BEFORE_VALUE = re.compile(r".*[:#=(（：]")
_LAST_WINS = ("amount_total", "amount_net", "amount_tax", "tax_rate", "currency")
# Another field's header that counts for a field too, and its weight: without tax and discount the total is printed
# beside "subtotal", and the currency is beside the total.
_RELATED = {
    "amount_total": ("amount_net", 0.3), "currency": ("amount_total", 0.6),
    "seller_address": ("~address", 0.9), "buyer_address": ("~address", 0.9),
}  # fmt: skip
_LEAST_CONTEXT = 0.25  # a header that is weaker or further away does not count
_PROSE = 6  # words with letters beside a header, in its line: it is part of a sentence
_IN_PROSE = 0.3  # the weight of such a header beside a number
_DELIVERED, _DELIVERY_ROWS = -0.6, 4  # the context of an address below "ship to", at most so many rows above it
_SHORT_ID = 4  # ids of fewer characters count only beside their header


def align_all(
    tokens: Sequence[Word], values: Mapping[str, tuple[FieldType, str]], *, threshold: float = THRESHOLD
) -> tuple[dict[str, Alignment], dict[str, str]]:
    """The places of several values of one document (field id -> type and value); they share no token.

    Args:
        tokens: the document's words with text, box, page and line; positions in the result count over these.
        values: field id -> type and value, spelled in any way that `values.normalise` reads. The id selects the
            field's header words, the type how texts are compared.
        threshold: the least score, 0..1.

    Returns:
        (aligned, missing): field id -> alignment, and field id -> the reason why there is none, for display.
    """
    aligner = Aligner(tokens)
    ranked = {field: aligner.ranked(field, kind, value) for field, (kind, value) in values.items()}
    aligned: dict[str, Alignment] = {}
    missing: dict[str, str] = {}
    taken: dict[int, str] = {}
    # The surest first, but currencies last: an amount is often printed in the same token and goes first.
    for field in sorted(
        ranked, key=lambda f: (values[f][0] is FieldType.CURRENCY, -max((a.score for a in ranked[f]), default=0))
    ):
        places = ranked[field]
        free = [place for place in places if not any(token in taken for token in place.tokens)]
        if free and free[0].score >= threshold:
            aligned[field] = free[0]
            taken.update(dict.fromkeys(free[0].tokens, field))
        elif not values[field][1].strip():
            missing[field] = "the value is empty"
        elif not places:
            missing[field] = "not found on the document" if tokens else "the document has no words yet"
        elif places[0].score < threshold:
            missing[field] = _doubt(places[0])
        else:
            others = {taken[token] for token in places[0].tokens if token in taken}
            missing[field] = f"stands only where {', '.join(sorted(others))} is"
    return aligned, missing


def _doubt(place: Alignment) -> str:
    """Why a value is not placed by itself, and what to do, in words for the analyst."""
    what = "1 place looks like it" if place.candidates == 1 else f"{place.candidates} places look like it"
    _, *rest = place.reason.split("; ")[0].split(", ", 1)  # which one would have been taken does not matter
    return f"not sure enough: {', '.join([what, *rest])} ({place.score:.0%} sure); label it on the page"


class Aligner:
    """Aligns values to one document; the layout and the header phrases are computed once."""

    def __init__(self, tokens: Sequence[Word]) -> None:
        self._words = tokens
        self._texts = [amounts.plain(token.text) for token in tokens]
        self._letters = [headers.fold(text) for text in self._texts]
        self._digits = ["".join(c for c in letters if c.isdigit()) for letters in self._letters]
        self._layout = Layout(tokens)
        self._headers = [list(self._headers_of(row)) for row in self._layout.rows]
        self._streams: list[list[int]] | None = None

    def ranked(self, field: str, type: FieldType, value: str) -> list[Alignment]:
        """All places of a value, the best first, whatever their score."""
        if not value.strip():
            return []
        # A value that cannot be read is compared letter by letter.
        wanted = readings(type, value) if type in _WINDOW else frozenset()
        if wanted:
            places = self._exact(type, value, wanted)
        elif type in _WINDOW:
            places = self._spelled(value)
        else:
            places = self._fuzzy(value)
        return self._rank(field, type, [self._in_context(place, field, type) for place in places])

    def _rank(self, field: str, type: FieldType, places: list[_Candidate]) -> list[Alignment]:
        exact = type in _WINDOW
        last_wins = field in _LAST_WINS

        def order(place: _Candidate) -> tuple[float, ...]:
            row = self._layout.row_of[place.tokens[0]]
            position = (-row if last_wins else row, place.tokens[0])
            if exact:
                return (-round(place.context + 3 * place.score, 1), headers.is_due(place.beside), *position)
            return (-round(place.score + 0.05 * place.context, 2), *position)

        ranked = []
        for number, place in enumerate(sorted(places, key=order)):
            score, reason = place.score, "the only place" if len(places) == 1 else f"one of {len(places)} places"
            if place.context >= _LEAST_CONTEXT or (place.context > 0 and not exact):
                reason += f", beside “{place.beside}”"
                score -= 0.02 * (len(places) > 1)
            elif place.context < 0:
                reason += f", but beside “{place.beside}”"
                score += (0.1 if len(places) == 1 or not exact else 0.28) * place.context
            elif exact and len(places) > 1:
                reason += f", no header beside it; the {'last' if last_wins else 'first'}"
                # Every print of a date, id or currency is right; of equal amounts only one is the total.
                score -= 0.22 if type is FieldType.AMOUNT else 0.1
            if number and exact:
                score -= 0.05
            ranked.append(Alignment(place.tokens, round(max(score, 0.0), 3), len(places), reason))
        return ranked

    # -- values that are compared by their meaning

    def _exact(self, type: FieldType, value: str, wanted: frozenset[str]) -> list[_Candidate]:
        own = normalise(type, value).normal
        places: list[_Candidate] = []
        for window in self._windows(type, value, wanted):
            texts = [self._texts[i] for i in window]
            joined = " ".join(texts)
            score = 0.0
            if joined == value:
                score = 1.0
            elif (meant := readings(type, joined, quick=True)) & wanted:
                score = 1.0 if own in meant and normalise(type, joined).normal == own else _OTHER_READING
            elif type is FieldType.AMOUNT and {f"-{w}".replace("--", "") for w in wanted} & meant:
                score = _OTHER_SIGN  # credit notes: what is printed with a minus is often booked without
            elif type is FieldType.CURRENCY:
                if len(window) == 1 and any(readings(type, mark) & wanted for mark in amounts.marks_of(joined)):
                    score = _GLUED - 0.1
            elif type is FieldType.ID:
                score = self._same_id(texts, own or "")
            else:
                for start, end, inside in occurrences(type, joined):
                    whole = start < len(texts[0]) and end > len(joined) - len(texts[-1])
                    if whole and inside & wanted and (type is not FieldType.AMOUNT or _CENTS.search(joined[start:end])):
                        score = _GLUED if own in inside else _OTHER_READING
            if type is FieldType.AMOUNT and score and not _CENTS.search(joined):
                score -= 0.12  # a whole number is a quantity more often
            if type is FieldType.RATE and score and "%" not in joined:
                score = min(score, 0.85)
            if score:
                places.append(_Candidate(tuple(window), score))
        return _without_overlaps(places)

    def _windows(self, type: FieldType, value: str, wanted: frozenset[str]) -> Iterator[list[int]]:
        """Neighbouring words of a row that can be the value; a comparison of digits excludes most."""
        cores = {_digits_of(type, reading) for reading in wanted}
        folded = headers.fold(value)
        alike = folded.upper().translate(_LOOKALIKES)
        for row in self._layout.rows:
            for start in range(len(row)):
                for length in range(1, min(_WINDOW[type], len(row) - start) + 1):
                    window = row[start : start + length]
                    letters = "".join(self._letters[i] for i in window)
                    if type is FieldType.ID:
                        if len(letters) > len(folded) + 24:
                            break
                        possible = alike in letters.upper().translate(_LOOKALIKES)
                    elif type is FieldType.CURRENCY:
                        possible = True
                    else:
                        digits = "".join(self._digits[i] for i in window)
                        possible = any(all(part in digits for part in core) for core in cores) or "月" in letters
                    if possible:
                        yield window

    def _same_id(self, texts: list[str], own: str) -> float:
        """How well words spell an id: exactly, without dashes, after a colon, or with letters for digits."""
        joined = "".join(texts)
        wanted = headers.fold(own).upper()
        for text, score in ((joined, 1.0), (_BEFORE_VALUE.sub("", joined), _GLUED)):
            if not text or (score == _GLUED and len(texts) > 1 and len(text) < len("".join(texts[1:]))):
                continue
            plain = headers.fold(text).upper()
            if plain == wanted:
                return score
            if plain.translate(_LOOKALIKES) == wanted.translate(_LOOKALIKES) and len(wanted) > _SHORT_ID:
                return _LOOKALIKE
        return 0.0

    def _spelled(self, value: str) -> list[_Candidate]:
        wanted = headers.fold(value)
        places = []
        for row in self._layout.rows:
            for start in range(len(row)):
                letters = ""
                for end in range(start, min(start + 8, len(row))):
                    letters += self._letters[row[end]]
                    if letters == wanted and wanted:
                        places.append(_Candidate(tuple(row[start : end + 1]), 0.95))
        return _without_overlaps(places)

    # -- names and addresses: by their letters

    def _fuzzy(self, value: str) -> list[_Candidate]:
        wanted = headers.fold(value)
        if not wanted:
            return []
        best: dict[tuple[int, ...], float] = {}
        promising = 50.0
        finder = FuzzyFinder(self._letters)
        for stream in self._reading_orders():
            place = finder.best_window(wanted, stream, promising)
            if place and place[1] > best.get(place[0], 0.5):
                best[place[0]] = place[1]
                # A window gains at most this much when it is grown and odd words are left out.
                promising = max(promising, 100 * place[1] - 30)
        if not best:
            return []
        top = max(best.values())
        near = [_Candidate(tokens, score) for tokens, score in best.items() if score >= top - 0.03]
        return _without_overlaps(near)

    def _reading_orders(self) -> list[list[int]]:
        """The words row by row, and column by column from every piece of a row."""
        if self._streams is None:
            rows = self._layout.rows
            pages: dict[int, list[int]] = {}
            for row in rows:
                pages.setdefault(self._words[row[0]].page, []).extend(row)
            sequences: dict[int, list[int]] = {}
            for index, word in enumerate(self._words):
                sequences.setdefault(word.page, []).append(index)
            columns = [[i for piece in chain for i in piece] for chain in self._layout.chains()]
            self._streams = [*pages.values(), *sequences.values(), *columns]
        return self._streams

    # -- the words beside a value

    def _headers_of(self, row: list[int]) -> Iterator[HeaderPhrase]:
        words, folded = [self._texts[i] for i in row], [self._letters[i] for i in row]

        def accepts(phrase: HeaderPhrase) -> bool:
            # "Total (GST incl.)" is no total of the tax
            aside = any(word.startswith("(") for word in words[phrase.first + 1 : phrase.last + 1])
            return bool(folded[phrase.first]) and not (aside and "amount_tax" in phrase.fields)

        return headers.header_phrases(words, folded, accepts=accepts)

    def _in_context(self, place: _Candidate, field: str, type: FieldType) -> _Candidate:
        if type is FieldType.ADDRESS and (heading := self._delivery_above(place)):
            return replace(place, context=_DELIVERED, beside=heading)
        kind = headers.KINDS.get(type, frozenset())
        best, rival = (0.0, ""), (0.0, "")
        for header, nearness, row in self._beside(place):
            if type is FieldType.ID and self._in_prose(header, row):  # "please quote the invoice no 4711"
                nearness *= _IN_PROSE
            weight = header.fields.get(field)
            if weight is None and (related := _RELATED.get(field)) and related[0] in header.fields:
                weight = related[1] * header.fields[related[0]]
            if weight is not None:
                best = max(best, (weight * nearness, header.text))
            elif against := [w for name, w in header.fields.items() if name in kind]:
                rival = max(rival, (max(against) * nearness, header.text))
        if best[0] and best[0] >= rival[0] - 0.35:
            return replace(place, context=max(best[0] - 0.3 * (rival[0] > best[0]), 0.0), beside=best[1])
        return replace(place, context=-rival[0], beside=rival[1]) if rival[0] >= 0.5 else place

    def _delivery_above(self, place: _Candidate) -> str:
        """The heading above an address that says that goods are delivered there; "" without one."""
        first = self._words[place.tokens[0]]
        number = self._layout.row_of[place.tokens[0]]
        for piece in self._layout.pieces:
            from_left, to_right = self._words[piece[0]].box[0], self._words[piece[-1]].box[2]
            is_above = 0 < number - self._layout.row_of[piece[0]] <= _DELIVERY_ROWS
            if is_above and min(to_right, first.box[2]) > max(from_left, first.box[0]):
                text = " ".join(self._texts[i] for i in piece)
                if self._words[piece[0]].page == first.page and headers.fold(text) in party_words.DELIVERY:
                    return text
        return ""

    def _in_prose(self, header: HeaderPhrase, number: int) -> bool:
        """Whether a header of a row is part of a sentence."""
        row = self._layout.rows[number]
        line = self._words[row[header.first]].line
        others = (i for n, i in enumerate(row) if not header.first <= n <= header.last and self._words[i].line == line)
        return sum(self._letters[i].isalpha() for i in others) >= _PROSE

    def _beside(self, place: _Candidate) -> Iterable[tuple[HeaderPhrase, float, int]]:
        """The headers near a place, left or right of it in its row or above; their nearness 0..1 and their row."""
        words, first = self._words, place.tokens[0]
        number = self._layout.row_of[first]
        row = self._layout.rows[number]
        start, end = row.index(first), row.index(place.tokens[-1]) if place.tokens[-1] in row else row.index(first)
        left = [header for header in self._headers[number] if header.first <= start]
        for steps, header in enumerate(reversed(left)):
            between = sum(any(c.isdigit() for c in self._texts[i]) for i in row[header.last + 1 : start])
            yield header, max(1.0 - 0.15 * steps - 0.1 * between, 0.2), number
        for header in self._headers[number]:
            if header.first > end:
                yield header, 0.4, number
                break
        x0, y0, x1, _ = words[first].box
        height = self._layout.height(first)
        rows_over = 0
        for above in range(number - 1, max(number - 12, -1), -1):
            upper = self._layout.rows[above]
            if words[upper[0]].page != words[first].page:
                break
            over = [n for n, i in enumerate(upper) if min(words[i].box[2], x1) > max(words[i].box[0], x0) - height]
            distance = (y0 - words[upper[0]].box[3]) / height
            # The heads of the item table are about single items, not sums.
            items = 0.3 if any("~amount" in header.fields for header in self._headers[above]) else 1.0
            for header in self._headers[above]:
                if any(header.first <= n <= header.last for n in over):
                    yield header, items * max(0.75 - 0.08 * max(distance, 0) - 0.15 * rows_over, 0.1), above
                elif distance < 0.6 and not left and words[upper[header.last]].box[2] <= x0:
                    yield header, 0.6, above  # the row was divided by a slanted scan
            rows_over += bool(over)


def _digits_of(type: FieldType, reading: str) -> tuple[str, ...]:
    """Digits in every spelling of a reading: of a date the year's end and the day, as the month may be a name."""
    if type is FieldType.DATE:
        return reading[2:4], reading[8:].lstrip("0")
    return (re.sub("[^0-9]", "", reading).strip("0") or "0",)


def _without_overlaps(places: list[_Candidate]) -> list[_Candidate]:
    """Of places that share words only the best, then the shortest: "9.00" rather than "RM 9.00"."""
    kept: list[_Candidate] = []
    taken: set[int] = set()
    for place in sorted(places, key=lambda p: (-p.score, len(p.tokens))):
        if taken.isdisjoint(place.tokens):
            kept.append(place)
            taken.update(place.tokens)
    return kept
