"""Numbers by their form and check digits: accounts and tax numbers, over spaces and line ends; articles. Pure."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from workbench.fields import Field, checks
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
TAX_ID = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}|[0-9]{15}|[A-Z]{2}U?[0-9]{8,12}(?:B[0-9]{2})?")
YEAR = re.compile(r"(?<![0-9])(19|20)[0-9]{2}(?![0-9])")
_NO_ID = re.compile(r"[^A-Za-z0-9#()/.:_-]|,$|^\(.*\)$|^[0-9]+(ml|g|gsm|kg|l|cm|mm|m)$", re.IGNORECASE)
_PACK = re.compile(r"[0-9]{1,3}/[0-9]{1,3}")  # "WA25 - 24/288": pieces in a box
_EAN = re.compile(r"[0-9]{13}")
_POSTCODE = re.compile(r"[0-9]{5}")
_SERIAL = re.compile(r":?[A-Z]{1,4}[-/]?(0{3}[0-9]{3,}|[0-9]{6,})")  # "R000090406"

_LETTERED = re.compile(r"[A-Z]{1,4} [0-9]{4,}")
_BROKEN = re.compile(r"[A-Z0-9]*[0-9][A-Z0-9]*(?:[-/] | [-/])[0-9]{3,}[A-Z]?")
_LINKED = re.compile(r"[0-9]+ [-–]|[-–] [0-9]+")
_CHAIN = re.compile(r"[0-9]+(?: [-–] [0-9]+){2,}")
_ALONE = re.compile(r"[A-Z0-9/-]*[0-9]{3,}")
_SHORT = re.compile(r"[0-9]{1,2}")
_TILL, _LONG = re.compile(r"[A-Z]{0,2}[0-9]{1,3}"), re.compile(r"[0-9]{5,}")  # "C01 KL 001 037846": till, shop, number
_WHOLE, _SIGN = re.compile(r"[0-9]+"), re.compile(r"[€$£¥][).,;]?")
_NUMBER_WORD = re.compile(r"(?:\b(?:no|nr|n|num)|number|nummer|num[eé]ro|[°º№#])\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CheckedNumber:
    tokens: tuple[int, ...]
    text: str  # without spaces and caption
    valid: bool  # by its check digits


def ibans(around: Surroundings) -> list[CheckedNumber]:
    """The valid IBANs from top to bottom; one that is printed twice is there twice."""
    if (ibans, ()) not in around.answers:
        valid = _numbers(around, _IBAN_START, _GROUP, lambda text: iban_is_valid(text) and len(text) <= _IBAN_LONGEST)
        around.answers[ibans, ()] = list(valid)
    answer: list[CheckedNumber] = around.answers[ibans, ()]
    return answer


def is_account(around: Surroundings, words: Sequence[int]) -> bool:
    """Whether words are, or are part of, an IBAN with right check digits."""
    return any(not set(words).isdisjoint(number.tokens) for number in ibans(around))


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
        elif national := _national(around, token.id):
            numbers.append(national)
    return sorted(numbers, key=lambda number: around.layout.row_of[number.tokens[0]])


def resemblance(around: Surroundings, field: Field, tokens: Sequence[int]) -> float:
    """How much words look like a number of the field, about -2..2: like an account, a tax number, an invoice's."""
    text = around.text(tokens)
    joined = text.replace(" ", "").upper()
    if is_broken(around, tokens) or chain(around, tokens[0]) == tuple(tokens):
        text = joined
    is_account = joined[:2].isalpha() and len(joined) > 14 and iban_is_valid(joined)
    if field.id == "iban" or is_account:
        return 2.0 if field.id == "iban" and is_account else -2.0
    is_tax_id = bool(TAX_ID.fullmatch(joined))
    score = -0.8 * bool(_NO_ID.search(text.rstrip(".:;")) or YEAR.fullmatch(text.rstrip(".,")))
    if field.id.endswith("tax_id"):
        return score + 0.5 * (len(joined) > 7) + 0.8 * is_tax_id
    score -= 0.4 * is_tax_id
    if field.id != "invoice_no":
        return score
    row = around.layout.rows[around.layout.row_of[tokens[0]]]
    is_article = _is_ean(joined) or any(_PACK.fullmatch(around.tokens[i].text) for i in row)
    is_till = bool(_TILL.fullmatch(joined)) and any(_LONG.fullmatch(around.tokens[i].text) for i in row)
    score -= 0.8 * is_article + 0.4 * _is_postcode(around, row, tokens) + 0.4 * is_till
    return score + 0.8 * bool(_SERIAL.fullmatch(joined))


def _national(around: Surroundings, first: int) -> CheckedNumber | None:
    """A valid number without its country's letters, right behind a header of such numbers ("NIF: B 23609670")."""
    header = around.header_before(first)
    if header is None or 1 not in (header.fields.get("seller_tax_id"), header.fields.get("buyer_tax_id")):
        return None
    row = around.layout.rows[around.layout.row_of[first]]
    for count in (1, 2):
        tokens = tuple(row[row.index(first) :][:count])
        text = re.sub(r"[.\-,: ]", "", around.text(tokens))
        if checks.national_tax_number(text):
            return CheckedNumber(tokens, text, True)
    return None


def is_broken(around: Surroundings, words: Sequence[int]) -> bool:
    """Whether two words are one number that a space breaks at its hyphen or slash ("V001- 515592"), or behind the
    letters that it begins with, right behind the header of a document's number ("No.: CS 67832").
    """
    if len(words) < 2:
        return False
    text, header = around.text(words), around.header_before(words[0])
    is_behind_letters = header is not None and "invoice_no" in header.fields and _LETTERED.fullmatch(text)
    if not is_behind_letters and not _BROKEN.fullmatch(text):
        return False
    return around.tokens[words[1]].box[0] - around.tokens[words[0]].box[2] < around.layout.height(words[0])


def chain(around: Surroundings, word: int) -> tuple[int, ...]:
    """Three numbers or more that dashes make one number ("1856 - 608 - 9161"), where a word is among them; else ()."""
    row = around.layout.rows[around.layout.row_of[word]]
    at, texts = row.index(word), [around.tokens[i].text for i in row]

    def goes_on(left: int) -> bool:
        return left >= 0 and left + 1 < len(row) and bool(_LINKED.fullmatch(f"{texts[left]} {texts[left + 1]}"))

    first = last = at
    while goes_on(first - 1):
        first -= 1
    while goes_on(last):
        last += 1
    words = tuple(row[first : last + 1])
    return words if _CHAIN.fullmatch(around.text(words)) else ()


def is_piece(around: Surroundings, words: Sequence[int]) -> bool:
    """Whether words are a part of such a number, which says nothing alone."""
    return not set(chain(around, words[0])) <= set(words)


def is_named(around: Surroundings, word: int) -> bool:
    """Whether one or two digits are the document's number: right before them stands that they are ("Rechnung Nr. 42").

    Where a longer number stands alone in the next row, that one is.
    """
    if not _SHORT.fullmatch(around.text([word])):
        return False
    below = around.layout.row_of[word] + 1
    if any(_ALONE.fullmatch(around.text(row)) for row in around.layout.rows[below : below + 1]):
        return False
    header = around.header_before(word)
    return header is not None and header.fields.get("invoice_no") == 1 and bool(_NUMBER_WORD.search(header.text))


def is_money(around: Surroundings, tokens: Sequence[int]) -> bool:
    """Whether a whole number is a sum in a sentence: behind it is a currency's sign that has no number of its own."""
    row = around.layout.rows[around.layout.row_of[tokens[-1]]]
    sign, *behind = [around.tokens[i].text for i in row[row.index(tokens[-1]) + 1 :][:2]] or [""]
    is_sum = bool(_WHOLE.fullmatch(around.text(tokens)) and _SIGN.fullmatch(sign))
    return is_sum and not any(text[:1].isdigit() for text in behind)


def _is_ean(text: str) -> bool:
    """Whether a text is an article's number, as barcodes have it, by its check digit."""
    return bool(_EAN.fullmatch(text)) and sum(int(c) * (3 if n % 2 else 1) for n, c in enumerate(text)) % 10 == 0


def _is_postcode(around: Surroundings, row: Sequence[int], tokens: Sequence[int]) -> bool:
    """Whether five digits of a row have a town's name behind them."""
    behind = row[row.index(tokens[-1]) + 1 :][:1]
    return bool(_POSTCODE.fullmatch(around.text(tokens))) and bool(
        behind and re.fullmatch(r"[^\W\d_]{3,}[,.]?", around.text(behind))
    )


def _numbers(
    around: Surroundings, start: re.Pattern[str], group: re.Pattern[str], accepts: Callable[[str], bool]
) -> Iterator[CheckedNumber]:
    for number, row in enumerate(around.layout.rows):
        at = 0
        while at < len(row):
            best: CheckedNumber | None = None
            if match := start.match(around.tokens[row[at]].text.rstrip(".,;")):
                for following in (_following(around, number, at), _in_column(around, number, at)):
                    best = best or _longest(around, itertools.chain([row[at]], following), match[1], group, accepts)
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


def _in_column(around: Surroundings, number: int, at: int) -> Iterator[int]:
    """The words after one in its piece of the row, then those of the piece right below: a footer's columns
    are narrow, and a number in groups goes on in the next line there.
    """
    word = around.layout.rows[number][at]
    piece = next(piece for piece in around.pieces[number] if word in piece)
    yield from piece[piece.index(word) + 1 :][:_MOST_GROUPS]
    x0, _, x1, y1 = around.bounds(piece)
    height = around.layout.height(word)
    for below, box in zip(
        around.pieces[number + 1 : number + 2], around.piece_bounds[number + 1 : number + 2], strict=True
    ):
        for lower, (left, top, _, _) in zip(below, box, strict=True):
            is_below = x0 - height < left < x1 and top - y1 < 1.5 * height
            if is_below and around.tokens[lower[0]].page == around.tokens[word].page:
                yield from lower[:_MOST_GROUPS]
                return


def _longest(
    around: Surroundings, words: Iterable[int], first: str, group: re.Pattern[str], accepts: Callable[[str], bool]
) -> CheckedNumber | None:
    """The longest run of words from the first on that is a number. Most end there, so words are taken one by one."""
    best: CheckedNumber | None = None
    text, taken = "", []
    for position, index in enumerate(itertools.islice(words, _MOST_GROUPS + 1)):
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
