"""The surroundings of a word: its row, and the header phrases beside and above it. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import Any, TypeVar

from msgspec import structs

from storage.records import Box, Token
from workbench.fields import Field, FieldType, countries, legal_forms
from workbench.fields.amounts import marks_of
from workbench.locate import headers
from workbench.locate.headers import HeaderPhrase
from workbench.locate.layout import Layout

_NUMBERED = re.compile(r"[^\W\d_]+[-/.]?[0-9][\w/.-]*")
_LONGEST = 200  # characters of a word; a longer one is no value, and patterns take minutes for a million letters
_NO_WORD = "…"
_IN_TITLE = 0.9  # of a header's support: for a date behind the document's number
_JOINING = 4  # letters of a word between the two: "vom", "del", "from"
_COLON = (":", "：")
_CODE = re.compile(r"[^\W\d_]{2,}[.,:;]?")  # a currency in letters, without a sign or an amount
_WORDS_TOO = frozenset(
    ["all", "cup", "dem", "ft", "gel", "kmf", "mad", "mop", "pen", "sit", "sos", "top", "try", "yum"]
)
"""Codes that are words more often than currencies."""
_TAX_CLASSES = frozenset(["sr", "qr"])  # behind an amount the class of its tax, not a riyal
_AMOUNT = re.compile(r"[0-9][.,][0-9]{2}(?![0-9])")
_NUMBER = re.compile(r"[-–(]?[0-9][0-9.,']*[-–)]?")
_OF_A_NAME = frozenset([*legal_forms.SURE, "m"])  # "Sdn Bhd", "(M) Bhd"
_IN = frozenset(["in", "en", "em", "w"])  # "Amounts in EUR"
_STREET = re.compile(
    r"\b(jalan|jln|lorong|taman|tmn|lot|floor|plaza|seksyen|street|road|avenue|rue|avenida|calle|via)\b|"
    r"\w(stra(ss|ß)e|str\.|straat|laan)(?!\w)",
    re.IGNORECASE,
)
_MONEY = headers.KINDS[FieldType.AMOUNT] | {"currency"}  # fields whose headers a currency stands beside


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible place of a field's value."""

    tokens: tuple[int, ...]
    score: float  # comparable within one field only
    reason: str  # for display

    @property
    def headed(self) -> bool:
        """Whether a header names the field beside it."""
        return self.reason.startswith("beside")

    @property
    def header(self) -> str:
        """The words of the header beside it; "" without one."""
        return self.reason[len("beside “") : -1] if self.headed else ""


class Surroundings:
    """A document's words in their rows; rows and header phrases are computed when they are first needed."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = [
            token if len(token.text) <= _LONGEST else structs.replace(token, text=_NO_WORD) for token in tokens
        ]
        self._texts = [token.text for token in self.tokens]
        self.numeric = frozenset(
            i for i, text in enumerate(self._texts) if not text.isascii() or any(map(str.isdigit, text))
        )  # words that may have a digit: of letters beyond ASCII some are read as digits
        self.pace: Callable[[], None] | None = None  # called every few words: it may wait, or raise to end the search
        self.answers: dict[tuple[Any, tuple[int, ...]], Any] = {}  # to questions about words that many fields ask
        self._beside: dict[tuple[int, int], list[tuple[HeaderPhrase, float]]] = {}

    @cached_property
    def layout(self) -> Layout:
        """The rows and their pieces."""
        return Layout(self.tokens)

    def text(self, tokens: Iterable[int]) -> str:
        """Words, joined by spaces."""
        if self.pace is not None:
            self.pace()
        return " ".join([self._texts[i] for i in tokens])

    def bounds(self, tokens: Iterable[int]) -> Box:
        """The box around words."""
        x0, y0, x1, y1 = zip(*[self.tokens[i].box for i in tokens], strict=True)
        return min(x0), min(y0), max(x1), max(y1)

    @cached_property
    def pieces(self) -> list[list[list[int]]]:
        """For every row its pieces: words without a wide gap between them."""
        pieces: list[list[list[int]]] = [[] for _ in self.layout.rows]
        for piece in self.layout.pieces:
            pieces[self.layout.row_of[piece[0]]].append(piece)
        return pieces

    @cached_property
    def piece_bounds(self) -> list[list[Box]]:
        """For every row the boxes around its pieces."""
        return [[self.bounds(piece) for piece in row] for row in self.pieces]

    @cached_property
    def headings(self) -> list[list[HeaderPhrase]]:
        """For every row its header phrases."""
        words = [token.text for token in self.tokens]
        folded = [headers.fold(word) for word in words]
        return [
            [
                self._meant(row, header)
                for header in headers.header_phrases([words[i] for i in row], [folded[i] for i in row])
            ]
            for row in self.layout.rows
        ]

    def is_currency(self, token: int) -> bool:
        """Whether a code in letters is a currency there, and no word of a name or a sentence ("TSH POWER", "Sdn Bhd").

        It stands beside a number or the header of an amount, or alone in its column.
        """
        text = self._texts[token]
        if not _CODE.fullmatch(text):
            return True
        if self.is_legal_form(token):
            return False
        number = self.layout.row_of[token]
        piece = next(piece for piece in self.pieces[number] if token in piece)
        beside = self._beside_in(piece, token)
        words = [word for word in beside if sum(map(str.isalpha, word)) > 1 and word.casefold() not in _IN]
        code = text.casefold().strip(".,:;")
        if code in _TAX_CLASSES:
            return False
        if code in _WORDS_TOO:
            row = self.layout.rows[number]
            near = row[max(row.index(token) - 1, 0) : row.index(token) + 2]
            return text.isupper() and not words and any(_AMOUNT.search(self._texts[i]) for i in near)
        if not words or any(_NUMBER.fullmatch(word) for word in beside):
            return True
        at = self.layout.rows[number].index(token)
        return any(
            header.first - 1 <= at <= header.last + 1 and not _MONEY.isdisjoint(header.fields)
            for header in self.headings[number]
        )

    def is_legal_form(self, token: int) -> bool:
        """Whether a code in letters is a word of a company's form: BHD beside "Sdn" or "(M)" is no dinar of Bahrain.

        The row counts, not its pieces: OCR may read the last word of a name as a line of its own, with a gap before it.
        """
        row = self.layout.rows[self.layout.row_of[token]]
        beside = self._beside_in(row, token) if _CODE.fullmatch(self._texts[token]) else []
        return not _OF_A_NAME.isdisjoint(map(headers.fold, beside))

    def _beside_in(self, row: Sequence[int], token: int) -> list[str]:
        """The word before a token in a row, or a piece of one, and the word behind it."""
        at = row.index(token)
        return [self._texts[i] for i in (*row[max(at - 1, 0) : at], *row[at + 1 : at + 2])]

    @cached_property
    def is_malaysian(self) -> bool:
        """Whether the words say so."""
        return countries.is_malaysian(self._texts)

    def is_ringgit(self, token: int) -> bool:
        """Whether a bare "$" stands for the ringgit, as Malaysian tills print it."""
        return self.is_malaysian and set(marks_of(self._texts[token])) == {"$"}

    def header_before(self, token: int) -> HeaderPhrase | None:
        """The header that ends right before a word."""
        number = self.layout.row_of[token]
        at = self.layout.rows[number].index(token)
        return next((header for header in self.headings[number] if header.last == at - 1), None)

    def is_under_percent(self, token: int) -> bool:
        """Whether a number stands in a column that is headed with a percent sign, which its cells then lack."""
        box, number = self.tokens[token].box, self.layout.row_of[token]
        return any(
            self._texts[i].strip("()[]") == "%"
            and above[max(above.index(i) - 1, 0)] not in self.numeric  # "5.5 %" is a value
            and self.tokens[i].page == self.tokens[token].page
            and min(self.tokens[i].box[2], box[2]) > max(self.tokens[i].box[0], box[0]) - self.layout.height(token)
            for above in self.layout.rows[max(number - 3, 0) : number]
            for i in above
        )

    def _meant(self, row: Sequence[int], header: HeaderPhrase) -> HeaderPhrase:
        """The header; in the line of a street one that may be any number's is the house's ("NO 21, JALAN PINANG")."""
        weight = max(header.fields.values())
        if weight < 1 and "invoice_no" in header.fields:
            piece = next(piece for piece in self.pieces[self.layout.row_of[row[0]]] if row[header.first] in piece)
            if _STREET.search(" ".join(self._texts[i] for i in piece)):
                return replace(header, fields={"~id": weight})
        return header

    @cached_property
    def usual_height(self) -> float:
        """The height of most words."""
        heights = sorted(self.layout.height(i) for i in range(len(self.tokens)))
        return heights[len(heights) // 2]

    def context(self, field: Field, number: int, position: int) -> tuple[float, str]:
        """How well the headers to the left and above fit the field, -1..1, and the words of the best one."""
        key = field.id, (number, position)
        if key not in self.answers:
            self.answers[key] = self._context(field, number, position)
        fit: tuple[float, str] = self.answers[key]
        return fit

    def _context(self, field: Field, number: int, position: int) -> tuple[float, str]:
        if field.id not in headers.FIELDS:
            return self._beside_own_name(field, number, position)
        if field.type is FieldType.DATE and (title := self._title_before(number, position)):
            return (_IN_TITLE, title) if field.id == "invoice_date" else (-_IN_TITLE, "")
        kind = headers.KINDS.get(field.type, frozenset())
        best, rival, words = 0.0, 0.0, ""
        if (number, position) not in self._beside:
            self._beside[number, position] = list(self._headers_beside(number, position))
        if self._is_captioned_otherwise(kind, number, position):
            return -0.5, ""
        for header, nearness in self._beside[number, position]:
            if field.id in header.fields:
                if header.fields[field.id] * nearness > best:
                    best, words = header.fields[field.id] * nearness, header.text
            elif against := [weight for name, weight in header.fields.items() if name in kind]:
                rival = max(rival, max(against) * nearness)
        return (best - 0.5 * max(rival - best, 0), words) if best else (-0.5 * rival, "")

    def _title_before(self, number: int, position: int) -> str:
        """The header of the document's number that stands with it right before a date ("Factura nº 925 del 3/5/2020");
        "" where it does not."""
        row = self.layout.rows[number]
        named = [h for h in self.headings[number] if h.first < position and h.fields.get("invoice_no") == 1]
        if not named:
            return ""
        header = named[-1]
        between = row[header.last + 1 : position]
        if self._is_own_value(row, header):
            between = row[header.last : position]
        is_number = [word in self.numeric for word in between]
        joining = [self._texts[word] for word in between[1:]]
        if is_number[:1] != [True] or any(is_number[1:]) or len(joining) > 2:
            return ""
        return "" if any(len(word) > _JOINING or word[-1:] in _COLON for word in joining) else header.text

    def _is_captioned_otherwise(self, kind: frozenset[str], number: int, position: int) -> bool:
        """Whether the word has a caption of its own that says it is no field's value ("TEL:03-60932032")."""
        row = self.layout.rows[number]
        return any(
            name in kind and name.startswith("~")
            for header in self.headings[number]
            if header.first == header.last == position and not self._is_own_value(row, header)
            for name in header.fields
        )

    def _is_own_value(self, row: Sequence[int], header: HeaderPhrase) -> bool:
        """Whether a header is the letters of a number ("PO056741", "INV-17"), which says nothing about other words."""
        return (
            header.first == header.last
            and bool(_NUMBERED.fullmatch(self.tokens[row[header.first]].text))
            and headers.KINDS[FieldType.ID].issuperset(header.fields)
        )

    def _beside_own_name(self, field: Field, number: int, position: int) -> tuple[float, str]:
        """Whether the field's own name is printed left of a word or right above it: 1 or 0, and the printed words."""
        own, row = headers.names_of(field), self.layout.rows[number]
        box = self.tokens[row[position]].box
        above = self.layout.rows[number - 1] if number else []
        over = [i for i in above if min(self.tokens[i].box[2], box[2]) > max(self.tokens[i].box[0], box[0])]
        for words in (row[max(position - 4, 0) : position], over):
            for start in range(len(words)):
                part = [self.tokens[i].text for i in words[start:]]
                if headers.fold("".join(part)) in own:
                    return 1.0, " ".join(part)
        return 0.0, ""

    def _headers_beside(self, number: int, position: int) -> Iterator[tuple[HeaderPhrase, float]]:
        """The headers near the word at a position of a row, with their nearness 0..1.

        `alignment` looks for headers of a value that is known to be here, so it looks further up, and right of it, too:
        a false header costs it little. Here it would make a value of any number.
        """
        row = self.layout.rows[number]
        left = [header for header in self.headings[number] if header.first <= position]
        left = [header for header in left if header.first == position or not self._is_own_value(row, header)]
        for steps, header in enumerate(reversed(left)):
            yield header, max(1.0 - 0.2 * steps, 0.2)
        token = self.tokens[row[position]]
        height = self.layout.height(row[position])
        worded = any(sum(c.isalpha() for c in self.tokens[i].text) > 2 for i in row[:position])
        for above in range(number - 1, max(number - 6, -1), -1):
            upper = self.layout.rows[above]
            first = self.tokens[upper[0]]
            if first.page != token.page:
                break
            distance = (token.box[1] - first.box[3]) / height
            weight = 0.3 if worded else 0.7
            for header in self.headings[above]:
                if self._is_own_value(upper, header):
                    continue
                x0, x1 = self.tokens[upper[header.first]].box[0], self.tokens[upper[header.last]].box[2]
                if min(x1, token.box[2]) > max(x0, token.box[0]) - height:
                    yield header, max(weight - 0.1 * max(distance, 0.0), 0.1)
                elif not left and not worded and distance < 0.5:
                    yield header, 0.5  # the row was divided by a slanted scan


_Words = TypeVar("_Words", bound=Sequence[int])
_Answer = TypeVar("_Answer")


def asked_once(question: Callable[[Surroundings, _Words], _Answer]) -> Callable[[Surroundings, _Words], _Answer]:
    """Keep the answers as long as the document's surroundings: names and addresses of both sides ask the same."""

    @wraps(question)
    def answered(around: Surroundings, words: _Words) -> _Answer:
        key = question, tuple(words)
        if key not in around.answers:
            around.answers[key] = question(around, words)
        answer: _Answer = around.answers[key]
        return answer

    return answered
