"""Where a field's value probably stands, without a model: by its type, the words beside it, and its place. Pure.

This is what a field's key jumps to. Nothing here labels; a person presses the key.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from storage.records import Token
from workbench import headers
from workbench.fields import Field, FieldType
from workbench.layout import Layout
from workbench.values import looks_like, normalise

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
_POSTCODE = re.compile(r"\b[A-Z]{0,2}-?[0-9]{4,6}\b")
_NO_ADDRESS = re.compile(
    r"\b(tel|fax|phone|telefon|mobile|hp|gst|sst|roc|reg|vat|ust|e-?mail|www|http|invoice|receipt|bill|cashier|date|"
    r"cash|rechnung|datum|facture|siret|iban|table|doc(ument)?|company|co\.? ?reg)\b|"
    r"@|[:：]\s*[0-9]{2,}|电话|税号|发票",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where a field's value may stand."""

    tokens: tuple[int, ...]
    score: float  # comparable within one field only
    reason: str  # for people


class Finder:
    """Candidates of a document; rows and header words are found once, when first asked for."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens

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

    def ranked(self, field: Field, taken: Iterable[int] = (), page: int | None = None) -> list[Candidate]:
        """The places where the field's value may stand, the likeliest first.

        Args:
            field: what is looked for.
            taken: tokens that are labelled with another field already; what overlaps them comes last.
            page: prefer this page; None prefers none.
        """
        if not self._tokens:
            return []
        if field.type in _EXACT:
            found = self._exact(field)
        elif field.type is FieldType.PARTY:
            found = self._parties(field)
        elif field.type is FieldType.ADDRESS:
            found = self._addresses(field, frozenset(taken))
        else:
            found = self._beside(field)
        used = frozenset(taken)
        best: dict[tuple[int, ...], Candidate] = {}
        for c in found:
            lost = 3.0 * bool(used.intersection(c.tokens))
            if page is not None and self._tokens[c.tokens[0]].page != page:
                lost += 0.3
            if c.tokens not in best or best[c.tokens].score < c.score - lost:
                best[c.tokens] = Candidate(c.tokens, c.score - lost, c.reason)
        return sorted(best.values(), key=lambda c: (-c.score, c.tokens))[:MOST]

    # -- values with a form: amounts, dates, rates, currencies, numbers

    def _exact(self, field: Field) -> Iterator[Candidate]:
        rows = self._layout.rows
        for number, row in enumerate(rows):
            at = 0
            while at < len(row):
                window = self._window(field.type, row, at)
                if not window:
                    at += 1
                    continue
                first = at
                at += len(window)
                if field.type is FieldType.ID and any(a <= first <= b for a, b, _, _ in self._headers[number]):
                    continue
                context, beside = self._context(field, number, first)
                # Totals stand low on the page, everything else high; of several equal ones the last total wins.
                depth = number / len(rows)
                place = depth if field.id.startswith("amount") or field.type is FieldType.CURRENCY else 1 - depth
                score = 2 * context + 0.5 * place
                if field.id == "amount_total":
                    heights = self._layout.height(window[0])
                    score += 0.15 * min(heights / self._usual_height, 2.0)
                yield Candidate(window, score, f"beside “{beside}”" if beside else "looks like one")

    def _window(self, type: FieldType, row: list[int], at: int) -> tuple[int, ...]:
        """The words from a position on that are one value; a longer one wins only where a shorter one is none."""
        words = self._tokens
        for length in range(1, min(_WORDS[type], len(row) - at) + 1):
            window = row[at : at + length]
            gaps = [words[b].box[0] - words[a].box[2] for a, b in pairwise(window)]
            if gaps and max(gaps) > 1.5 * self._layout.height(window[0]):
                return ()
            text = " ".join(words[i].text for i in window)
            if looks_like(type, text) and (type is FieldType.CURRENCY or normalise(type, text).normal is not None):
                return tuple(window)
        text = words[row[at]].text  # "Date:25/12/2018" in one word
        return (row[at],) if type is not FieldType.ID and looks_like(type, text) else ()

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
        for above in range(number - 1, max(number - 6, -1), -1):
            upper = self._layout.rows[above]
            first = self._tokens[upper[0]]
            if first.page != token.page:
                break
            distance = (token.box[1] - first.box[3]) / height
            for a, b, known, text in self._headers[above]:
                x0, x1 = self._tokens[upper[a]].box[0], self._tokens[upper[b]].box[2]
                if min(x1, token.box[2]) > max(x0, token.box[0]) - height:
                    yield known, max(0.7 - 0.1 * max(distance, 0.0), 0.1), text
                elif not left and distance < 0.5:
                    yield known, 0.5, text  # the row was divided by a slanted scan

    # -- values without a form: names, addresses, texts

    def _text(self, tokens: Iterable[int]) -> str:
        return " ".join(self._tokens[i].text for i in tokens)

    def _parties(self, field: Field) -> Iterator[Candidate]:
        seller = field.id.startswith("seller")
        lettered = 0
        for number, row in enumerate(self._layout.rows):
            for piece in self._pieces(row):
                text = self._text(piece)
                if sum(c.isalpha() for c in text) < 3:
                    continue
                context, beside = self._context(field, number, row.index(piece[0]))
                score = 2 * context + 1.2 * bool(_COMPANY.search(text)) - 0.8 * bool(_NO_ADDRESS.search(text))
                score += max(1.0 - 0.12 * lettered, 0.0) if seller else 0.0
                score += 0.3 * min(self._layout.height(piece[0]) / self._usual_height - 1, 1.0)
                yield Candidate(tuple(piece), score, f"beside “{beside}”" if beside else "a name by its look")
            lettered += any(c.isalpha() for c in self._text(row))

    def _pieces(self, row: list[int]) -> list[list[int]]:
        return [piece for piece in self._pieces_by_row.get(row[0], []) if piece]

    @cached_property
    def _pieces_by_row(self) -> dict[int, list[list[int]]]:
        found: dict[int, list[list[int]]] = {}
        for piece in self._layout.pieces:
            first = self._layout.rows[self._layout.row_of[piece[0]]][0]
            found.setdefault(first, []).append(piece)
        return found

    def _addresses(self, field: Field, taken: frozenset[int]) -> Iterator[Candidate]:
        """Blocks of lines below each other that read like an address, up to the first line that does not."""
        names = {self._layout.row_of[i] for i in taken}
        for chain in self._layout.chains():
            lines: list[list[int]] = []
            marks = 0
            for piece in chain[:7]:
                text = self._text(piece)
                if taken.intersection(piece) or _NO_ADDRESS.search(text):
                    break
                lines.append(piece)
                marks += bool(_STREET.search(text)) + bool(_POSTCODE.search(text))
            while lines and not self._addressed(lines[-1]) and len(lines) > 1 and marks and not self._short(lines[-1]):
                lines.pop()
            if not lines or not marks or not self._addressed(lines[0]):
                continue
            top = self._layout.row_of[lines[0][0]]
            below_name = any(top - row in (1, 2) for row in names)
            depth = top / len(self._layout.rows)
            score = min(marks, 5) * 0.3 + 0.5 * below_name + 0.6 * (1 - depth) + 0.15 * len(lines)
            context, beside = self._context(field, top, 0)
            score += context
            for count in range(len(lines), 0, -1):
                tokens = tuple(i for line in lines[:count] for i in line)
                yield Candidate(tokens, score - 0.25 * (len(lines) - count), f"beside “{beside}”" if beside else "")

    def _addressed(self, piece: list[int]) -> bool:
        text = self._text(piece)
        return bool(_STREET.search(text) or _POSTCODE.search(text) or text.rstrip().endswith((",", "，")))

    def _short(self, piece: list[int]) -> bool:
        return len(self._text(piece)) <= 24 and not any(c.isdigit() for c in self._text(piece))

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
