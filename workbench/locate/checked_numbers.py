"""Numbers that prove themselves by check digits: accounts and tax numbers, over spaces and line ends. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from workbench.fields import checks
from workbench.fields.values import iban_is_valid
from workbench.locate.context import Surroundings

_IBAN_START = re.compile(r"(?:^|.*[^A-Z0-9])([A-Z]{2}[0-9]{2}[A-Z0-9]*)$")
_GROUP = re.compile(r"[A-Z0-9]+[.,;]?")
_IBAN_LONGEST = 34
_TAX_START = re.compile(r"(?:^|.*[^A-Z0-9])((?:[A-Z]{2,3}|CHE)-?(?:[A-Z0-9][A-Z0-9.\- ]*)?)$")
_TAX_GROUP = re.compile(r"[A-Z0-9][A-Z0-9.\-]*[.,;]?|MWST|TVA|IVA")
_OFFICE = re.compile(r"[0-9]{2,3}/[0-9]{3,4}/[0-9]{4,5}")  # a German tax office's number
_INDIAN = re.compile(r"(?<![A-Z0-9])[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z](?![A-Z0-9])")  # GSTIN
_MOST_GROUPS = 9


@dataclass(frozen=True, slots=True)
class CheckedNumber:
    tokens: tuple[int, ...]
    text: str  # without spaces and caption
    valid: bool  # by its check digits


def ibans(around: Surroundings) -> list[CheckedNumber]:
    """The valid IBANs from top to bottom; one that is printed twice is there twice."""
    return list(_numbers(around, _IBAN_START, _GROUP, lambda text: iban_is_valid(text) and len(text) <= _IBAN_LONGEST))


def tax_numbers(around: Surroundings) -> list[CheckedNumber]:
    """VAT numbers by the form of their country, also those with wrong check digits; tax offices' numbers."""
    formed = _numbers(around, _TAX_START, _TAX_GROUP, lambda text: checks.tax_number(text) is not None)
    accounts = frozenset(token for number in ibans(around) for token in number.tokens)
    numbers = [
        replace(number, valid=bool(checks.tax_number(number.text)))
        for number in formed
        if accounts.isdisjoint(number.tokens)
    ]
    taken = {token for number in numbers for token in number.tokens}
    for token in around.tokens:
        if token.id in taken:
            continue
        if match := _INDIAN.search(token.text):
            numbers.append(CheckedNumber((token.id,), match[0], True))
        elif match := _OFFICE.search(token.text):
            numbers.append(CheckedNumber((token.id,), match[0], False))
    return sorted(numbers, key=lambda number: around.layout.row_of[number.tokens[0]])


def _numbers(
    around: Surroundings, start: re.Pattern[str], group: re.Pattern[str], accepts: Callable[[str], bool]
) -> Iterator[CheckedNumber]:
    for number, row in enumerate(around.layout.rows):
        at = 0
        while at < len(row):
            best: CheckedNumber | None = None
            if match := start.match(around.tokens[row[at]].text.rstrip(".,;")):
                best = _longest(around, [row[at], *_following(around, number, at)], match[1], group, accepts)
            if best is not None:
                yield best
            at += len([i for i in best.tokens if i in row]) if best else 1


def _following(around: Surroundings, number: int, at: int) -> Iterator[int]:
    """The words after one in its row, then those of the next row below it, where a number may go on."""
    rows = around.layout.rows
    yield from rows[number][at + 1 : at + _MOST_GROUPS]
    if number + 1 < len(rows):
        first, height = around.tokens[rows[number][at]], around.layout.height(rows[number][at])
        below = rows[number + 1]
        near = around.tokens[below[0]].box[1] - first.box[3] < 1.5 * height
        if near and around.tokens[below[0]].page == first.page:
            yield from [i for i in below if around.tokens[i].box[0] > first.box[0] - 12 * height][:_MOST_GROUPS]


def _longest(
    around: Surroundings, words: Sequence[int], first: str, group: re.Pattern[str], accepts: Callable[[str], bool]
) -> CheckedNumber | None:
    """The longest run of words from the first on that is a number."""
    best: CheckedNumber | None = None
    text, taken = "", []
    for position, index in enumerate(words[: _MOST_GROUPS + 1]):
        printed = around.tokens[index].text
        if position and not group.fullmatch(printed):
            break
        text += re.sub(r"[.\-,; ]", "", printed if position else first)
        taken.append(index)
        if len(text) > _IBAN_LONGEST:
            break
        if accepts(text):
            best = CheckedNumber(tuple(taken), text, True)
        if position and not any(c.isdigit() for c in printed) and best is not None:
            break
    return best
