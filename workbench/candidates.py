"""Where a field's value probably stands, without a model: by its type, the words beside it, and its place. Pure.

This is what a field's key jumps to. Nothing here labels; a person presses the key.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise

from storage.records import Token
from workbench import headers
from workbench.fields import Field, FieldType
from workbench.layout import Layout
from workbench.values import iban_is_valid, looks_like, normalise

MOST = 12
"""Candidates that are worth stepping through."""

_EXACT = (FieldType.AMOUNT, FieldType.DATE, FieldType.RATE, FieldType.CURRENCY, FieldType.ID)
_WORDS = {FieldType.AMOUNT: 2, FieldType.DATE: 4, FieldType.RATE: 2, FieldType.CURRENCY: 1, FieldType.ID: 2}
_COMPANY = re.compile(
    r"\b(sdn|bhd|bho|gmbh|ag|kg|ug|e\.?k|ltd|llc|inc|corp|plc|s\.?a\.?r?\.?l?|b\.?v|n\.?v|s\.?p\.?a|enterprise|"
    r"trading|restaurant|restoran|company|co|store|mart|market|shop|hotel|services)\b|公司|企业|商店|集团|厂",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b(jalan|jln|lorong|taman|street|st|road|rd|avenue|ave|no|lot|block|blok|floor|batu|lebuh|persiaran|"
    r"stra(ss|ß)e|str|platz|weg|allee|rue|place|boulevard|bd|straat|laan|plein|postfach|p\.?o\.? box|"
    r"selangor|johor|kuala|penang|plaza|mall|centre|center|seksyen|section|bandar|kawasan)\b|\w+(stra(ss|ß)e|str\.)|"
    r"路|街|区|市|省|号|室",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,2}-)?[0-9]{4,6}[,.]? ?[A-Za-z]{3}|\b[0-9]{4} ?[A-Z]{2}\b|[0-9]{5}[,.]?$|"
    r"\b[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}\b"
)
_LEGAL = re.compile(r"\b(sdn|bhd|gmbh|ltd|llc|inc|b\.?v\.?|s/b)\b|公司", re.IGNORECASE)
_NO_NAME = re.compile(r"\bno\b|thank|welcome|visit|[0-9]{4}|,$", re.IGNORECASE)
_REGISTRATION = re.compile(r"[(\[]?[A-Z]{0,3}[0-9]{4,}[-/ ]?[A-Z]?[)\]]?|[(\[][0-9A-Z -]*[0-9]{3,}[0-9A-Z -]*|[A-Z]\)")
_YEAR = re.compile(r"(?<![0-9])(19|20)[0-9]{2}(?![0-9])")
_GROUP = re.compile(r"(?=.*[0-9])[A-Z0-9]{2,5}")
_COUNTRY = re.compile(r"[A-Z]{2}[0-9]{0,2}")
_SPACED_DATE = re.compile(r"[0-9]{1,2}[./-] ?[0-9]{1,2}[./-] ?[0-9]{2,4}")
_DIGIT = re.compile("[0-9]")
_NO_ADDRESS = re.compile(
    r"\b(tel|fax|phone|telefon|mobile|hp|gst|sst|roc|reg|vat|ust|e-?mail|www|http|invoice|receipt|bill|cashier|date|hrb|"
    r"handelsregister|tax|account|sort|konto|kontonummer|po|order|"
    r"cash|rechnung|datum|facture|siret|iban|table|doc(ument)?|company|co\.? ?reg)\b|"
    r"@|[:：]\s*[0-9]{2,}|电话|税号|发票|银行|开户|账号|合同|号码",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where a field's value may stand."""

    tokens: tuple[int, ...]
    score: float  # comparable within one field only
    reason: str  # for people


@lru_cache(maxsize=8192)
def _reads(type: FieldType, text: str) -> bool:
    """Whether a text is a value of a type, and nothing else."""
    if type is FieldType.DATE and _SPACED_DATE.fullmatch(text):
        return normalise(type, text).normal is not None
    return looks_like(type, text) and (type is FieldType.CURRENCY or normalise(type, text).normal is not None)


class Finder:
    """Candidates of a document; rows and header words are found once, when first asked for."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._known: dict[str, list[Candidate]] = {}
        self._windows: dict[tuple[FieldType, int], tuple[int, ...]] = {}

    @cached_property
    def _layout(self) -> Layout:
        return Layout(self._tokens)

    @cached_property
    def _headers(self) -> list[list[tuple[int, int, dict[str, float], str]]]:
        """For every row: (first position, last position, fields, text) of its header phrases, the longest first."""
        found = []
        letters = [headers.fold(token.text) for token in self._tokens]
        for row in self._layout.rows:
            here = []
            at = 0
            while at < len(row):
                for length in range(min(headers.LONGEST, len(row) - at), 0, -1):
                    joined = "".join(letters[i] for i in row[at : at + length])
                    if length == 1:  # "Total:9.00" in one word
                        joined = headers.fold(re.split(r"[0-9]|(?<=\w)[:：]", self._tokens[row[at]].text)[0])
                    if joined and (known := headers.fields_of(joined)):
                        text = " ".join(self._tokens[i].text for i in row[at : at + length])
                        here.append((at, at + length - 1, known, text))
                        at += length - 1
                        break
                at += 1
            found.append(here)
        return found

    def ranked(self, field: Field, taken: Iterable[int] = ()) -> list[Candidate]:
        """The places where the field's value may stand, the likeliest first.

        Args:
            field: what is looked for.
            taken: tokens that are labelled with another field already; what overlaps them comes last.
        """
        used = frozenset(taken)
        names = {self._layout.row_of[i] for i in used} if field.type is FieldType.ADDRESS else set()
        best: dict[tuple[int, ...], Candidate] = {}
        for c in self._all(field):
            score = c.score - 10.0 * bool(used.intersection(c.tokens))
            if names:  # an address stands below the name that is labelled already
                top = self._layout.row_of[c.tokens[0]]
                score += 0.6 * any(top - row in (1, 2, 3) for row in names)
            if c.tokens not in best or best[c.tokens].score < score:
                best[c.tokens] = replace(c, score=score)
        return sorted(best.values(), key=lambda c: (-c.score, c.tokens))[:MOST]

    def _all(self, field: Field) -> list[Candidate]:
        if field.id not in self._known:
            found: Iterable[Candidate]
            if not self._tokens:
                found = ()
            elif field.type in _EXACT:
                found = self._exact(field)
            elif field.type is FieldType.PARTY:
                found = self._parties(field)
            elif field.type is FieldType.ADDRESS:
                found = self._addresses(field)
            else:
                found = self._beside(field)
            self._known[field.id] = list(found)
        return self._known[field.id]

    # -- values with a form: amounts, dates, rates, currencies, numbers

    def _exact(self, field: Field) -> list[Candidate]:
        rows = self._layout.rows
        found: list[Candidate] = []
        values: list[float] = []
        for number, row in enumerate(rows):
            here: list[Candidate] = []
            at = 0
            while at < len(row):
                key = field.type, row[at]  # fields of one type look at the same values
                if key not in self._windows:
                    self._windows[key] = self._window(field.type, row, at)
                window = self._windows[key]
                first = at
                at += len(window) or 1
                if not window:
                    continue
                context, beside = self._context(field, number, first)
                # Totals stand low on the page, everything else high; of several equal ones the last total wins.
                depth = number / len(rows)
                place = depth if field.id.startswith("amount") or field.type is FieldType.CURRENCY else 1 - depth
                score = 2 * context + 0.5 * place + self._look(field, window)
                here.append(Candidate(window, score, f"beside “{beside}”" if beside else "looks like one"))
            if field.id == "amount_total":
                # A row of several amounts is a line item or a table of taxes.
                several = 0.7 * (len(here) > 1)
                here = [replace(c, score=c.score - several) for c in here]
                values += [self._size(c.tokens) for c in here]
            found += here
        if field.id == "amount_total":
            headed = [v for v, c in zip(values, found, strict=True) if c.score > 1.2]
            most = max(headed, default=0.0) or 1.0
            found = [
                replace(c, score=c.score + 0.8 * min(v / most, 1.0) * (c.score > 1.2))
                for v, c in zip(values, found, strict=True)
            ]
        return found

    def _size(self, tokens: Iterable[int]) -> float:
        normal = normalise(FieldType.AMOUNT, self._text(tokens)).normal
        return abs(float(normal)) if normal else 0.0

    def _look(self, field: Field, window: tuple[int, ...]) -> float:
        """How plainly the words are a value: large print for amounts, nothing glued to a date."""
        text, kind = self._text(window), field.type
        if kind is FieldType.AMOUNT:
            return 0.15 * min(self._layout.height(window[0]) / self._usual_height, 2.0) - 0.5 * ("." not in text[-3:-1])
        if kind is FieldType.ID:
            joined = text.replace(" ", "").upper()
            is_account = joined[:2].isalpha() and len(joined) > 14 and iban_is_valid(joined)
            if field.id == "iban" or is_account:
                return 2.0 if field.id == "iban" and is_account else -2.0
            return 0.5 * (field.id.endswith("tax_id") and len(joined) > 7)
        if kind is FieldType.DATE:
            return 0.3 * (not text[0].isalpha()) + 0.2 * bool(_YEAR.search(text))
        return 0.0

    def _window(self, type: FieldType, row: list[int], at: int) -> tuple[int, ...]:
        """The words from a position on that are one value, none of them needless."""
        words = self._tokens
        if type in (FieldType.AMOUNT, FieldType.RATE) and not _DIGIT.search(words[row[at]].text):
            return ()
        if type is FieldType.ID and len(groups := self._groups(row, at)) > 2:
            return groups
        for length in range(1, min(_WORDS[type], len(row) - at) + 1):
            window = row[at : at + length]
            gaps = [words[b].box[0] - words[a].box[2] for a, b in pairwise(window)]
            if gaps and max(gaps) > 1.5 * self._layout.height(window[0]):
                return ()
            if length > 1 and self._is_value(type, window[1:]):
                return ()  # the first word is not part of it
            if self._is_value(type, window):
                return tuple(window)
        text = words[row[at]].text  # "Date:25/12/2018" in one word
        return (row[at],) if type is not FieldType.ID and "%" not in text and looks_like(type, text) else ()

    def _groups(self, row: list[int], at: int) -> tuple[int, ...]:
        """An IBAN or a tax number that is printed in groups: capitals and digits, a country's two letters before it."""
        end = at
        while end < len(row) and end - at < 10:
            text = self._tokens[row[end]].text
            if not (_GROUP.fullmatch(text) or (end == at and _COUNTRY.fullmatch(text))):
                break
            end += 1
        return tuple(row[at:end])

    def _is_value(self, type: FieldType, window: Sequence[int]) -> bool:
        text = self._text(window)
        if type is FieldType.AMOUNT and "%" in text:
            return False
        if type is FieldType.ID and len(window) > 1 and not all(_DIGIT.search(self._tokens[i].text) for i in window):
            return False
        return _reads(type, text)

    @cached_property
    def _usual_height(self) -> float:
        heights = sorted(self._layout.height(i) for i in range(len(self._tokens)))
        return heights[len(heights) // 2]

    def _context(self, field: Field, number: int, position: int) -> tuple[float, str]:
        """How well the headers to the left and above speak for the field, -1..1, and the best one's words."""
        kind = headers.KINDS.get(field.type, frozenset())
        best, rival, words = 0.0, 0.0, ""
        for known, near, text in self._headers_beside(number, position):
            if field.id in known:
                if known[field.id] * near > best:
                    best, words = known[field.id] * near, text
            elif against := [weight for name, weight in known.items() if name in kind]:
                rival = max(rival, max(against) * near)
        return (best - 0.5 * max(rival - best, 0), words) if best else (-0.5 * rival, "")

    def _headers_beside(self, number: int, position: int) -> Iterator[tuple[dict[str, float], float, str]]:
        row = self._layout.rows[number]
        left = [h for h in self._headers[number] if h[0] <= position]
        for steps, (_, _, known, text) in enumerate(reversed(left)):
            yield known, max(1.0 - 0.2 * steps, 0.2), text
        token = self._tokens[row[position]]
        height = self._layout.height(row[position])
        worded = any(sum(c.isalpha() for c in self._tokens[i].text) > 2 for i in row[:position])
        for above in range(number - 1, max(number - 6, -1), -1):
            upper = self._layout.rows[above]
            first = self._tokens[upper[0]]
            if first.page != token.page:
                break
            distance = (token.box[1] - first.box[3]) / height
            weight = 0.3 if worded else 0.7
            for a, b, known, text in self._headers[above]:
                x0, x1 = self._tokens[upper[a]].box[0], self._tokens[upper[b]].box[2]
                if min(x1, token.box[2]) > max(x0, token.box[0]) - height:
                    yield known, max(weight - 0.1 * max(distance, 0.0), 0.1), text
                elif not left and not worded and distance < 0.5:
                    yield known, 0.5, text  # the row was divided by a slanted scan

    # -- values without a form: names, addresses, texts

    def _text(self, tokens: Iterable[int]) -> str:
        return " ".join(self._tokens[i].text for i in tokens)

    def _parties(self, field: Field) -> Iterator[Candidate]:
        """Pieces of rows that read like a name: high on the page for a seller, beside their header for a buyer."""
        seller = field.id.startswith("seller")
        lettered = 0
        above: list[int] = []
        for number, row in enumerate(self._layout.rows):
            for piece in self._pieces(row):
                text = self._text(piece)
                if sum(c.isalpha() for c in text) < 3:
                    continue
                context, beside = self._context(field, number, row.index(piece[0]))
                company = bool(_COMPANY.search(text))
                score = (
                    2 * context
                    + 1.2 * company
                    - 0.8 * bool(_NO_ADDRESS.search(text))
                    - 0.6 * bool(_NO_NAME.search(text))
                )
                score += max(1.0 - 0.12 * lettered, 0.0) if seller else 0.0
                score += 0.3 * min(self._layout.height(piece[0]) / self._usual_height - 1, 1.0)
                reason = f"beside “{beside}”" if beside else "a name by its look"
                short = self._without_number(self._without_header(number, piece))
                yield Candidate(tuple(short), score, reason)
                if len(short) < len(piece):
                    yield Candidate(tuple(piece), score - 0.2, reason)
                if above and company and self._layout.row_of[above[0]] == number - 1:
                    # A name over two lines; surely so where this line is a mere remainder of one.
                    remainder = len(short) < 3 or text.startswith("&")
                    yield Candidate((*above, *short), score + (0.3 if remainder else -0.15), reason)
                above = short
            lettered += any(c.isalpha() for c in self._text(row))

    def _without_header(self, number: int, piece: list[int]) -> list[int]:
        """A name without the header words and colons before it."""
        row = self._layout.rows[number]
        start = 0
        for first, last, _, _ in self._headers[number]:
            if row[first] == piece[start] and row[last] in piece[start:-1]:
                start = piece.index(row[last]) + 1
        while start < len(piece) - 1 and not any(c.isalnum() for c in self._tokens[piece[start]].text.rstrip(":：")):
            start += 1
        while start < len(piece) - 1 and self._tokens[piece[start]].text.endswith((":", "：")):
            start += 1
        return piece[start:]

    def _without_number(self, piece: list[int]) -> list[int]:
        """A name without the registration number behind it."""
        end = len(piece)
        while end > 1 and _REGISTRATION.fullmatch(self._tokens[piece[end - 1]].text):
            end -= 1
        return piece[:end]

    def _pieces(self, row: list[int]) -> list[list[int]]:
        return [piece for piece in self._pieces_by_row.get(row[0], []) if piece]

    @cached_property
    def _pieces_by_row(self) -> dict[int, list[list[int]]]:
        found: dict[int, list[list[int]]] = {}
        for piece in self._layout.pieces:
            first = self._layout.rows[self._layout.row_of[piece[0]]][0]
            found.setdefault(first, []).append(piece)
        return found

    def _addresses(self, field: Field) -> Iterator[Candidate]:
        """Lines below each other that read like an address, from the first such line to the last."""
        rows = len(self._layout.rows)
        inside: set[int] = set()
        for top, row in enumerate(self._layout.rows):
            for piece in self._pieces(row):
                if not (self._addressed(piece) or self._leads(piece)) or _REGISTRATION.fullmatch(self._text(piece)):
                    continue
                lines = [piece]
                while len(lines) < 7 and (below := self._below(lines[-1])):
                    if not (self._addressed(below) or self._goes_on(below)):
                        break
                    lines.append(below)
                marks = [bool(_STREET.search(t)) + 2 * bool(_POSTCODE.search(t)) for t in map(self._text, lines)]
                context, beside = self._context(field, top, row.index(piece[0]))
                score = 0.25 * min(sum(marks), 6) + 0.9 * (1 - top / rows) + 0.1 * len(lines) + context
                score -= 0.7 * (piece[0] in inside)
                inside.update(line[0] for line in lines[1:])
                reason = f"beside “{beside}”" if beside else "an address by its look"
                for count in range(len(lines), 0, -1):
                    tokens = tuple(i for line in lines[:count] for i in line)
                    # What ends with a postcode's line ends well; so does a whole block.
                    short = 0.25 * (len(lines) - count) - 0.15 * (marks[count - 1] >= 2)
                    yield Candidate(tokens, score - short, reason)

    def _below(self, piece: list[int]) -> list[int] | None:
        """The piece that follows below within two rows, where it is near and under this one."""
        words, number = self._tokens, self._layout.row_of[piece[0]]
        x0, y1, x1 = words[piece[0]].box[0], words[piece[0]].box[3], words[piece[-1]].box[2]
        height = self._layout.height(piece[0])
        for row in self._layout.rows[number + 1 : number + 3]:
            for other in self._pieces(row):
                box = words[other[0]].box
                if words[other[0]].page != words[piece[0]].page or box[1] - y1 > 1.6 * height:
                    continue
                if min(words[other[-1]].box[2], x1) > max(box[0], x0):
                    return other
        return None

    def _addressed(self, piece: list[int]) -> bool:
        text = self._text(piece)
        if _NO_ADDRESS.search(text) or _LEGAL.search(text):
            return False
        return bool(_STREET.search(text) or _POSTCODE.search(text) or text.rstrip().endswith((",", "，")))

    def _leads(self, piece: list[int]) -> bool:
        """A street and a number without a street's word, above a line with a postcode."""
        text = self._text(piece)
        if _NO_ADDRESS.search(text) or _LEGAL.search(text):
            return False
        below = self._below(piece)
        return bool(
            re.search(r"[^\W\d_]{3}", text) and _DIGIT.search(text) and below and _POSTCODE.search(self._text(below))
        )

    def _goes_on(self, piece: list[int]) -> bool:
        """A line that can end an address: a town or a country, without figures."""
        text = self._text(piece)
        if _NO_ADDRESS.search(text) or _LEGAL.search(text):
            return False
        return len(text) <= 28 and sum(c.isalpha() for c in text) >= 4 and not any(c.isdigit() for c in text)

    def _beside(self, field: Field) -> Iterator[Candidate]:
        """A text field: what stands to the right of one of its header words."""
        own = {headers.fold(name) for name in (field.id, field.name, *field.aliases)}
        for row in self._layout.rows:
            folded = [headers.fold(self._tokens[i].text) for i in row]
            for at in range(len(row)):
                for length in (3, 2, 1):
                    rest = row[at + length :]
                    if rest and "".join(folded[at : at + length]) in own:
                        yield Candidate(
                            tuple(rest), 1.0 + 0.1 * length, f"beside “{self._text(row[at : at + length])}”"
                        )
