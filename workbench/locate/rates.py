"""Which numbers are a rate in percent, and which percentages are of a tax. Pure."""

import re
from collections.abc import Sequence

from workbench.fields import Field
from workbench.locate.context import Surroundings

_TAX_RATE = "tax_rate"
_OF_OTHERS = re.compile(
    r"skonto|rabat|nachlass|\bzins|verzug|discount|rebate|deduct|\binterest|escompte|remise|rabais|\bint[ée]r[êe]t|"
    r"p[ée]nalit|korting|\brente\b|sconto|\binteress|\bmora\b|descuento|pronto pago|\bdesconto|\bjuros|odset|upust|"
    r"折扣|优惠|利息",
    re.IGNORECASE,
)
"""Discounts and interest, in nine languages: their percentages are no tax."""
_PERCENT, _AMOUNT = re.compile(r"([0-9]+(?:[.,][0-9]+)?) ?%"), re.compile(r"[0-9]+[.,][0-9]{2}(?![0-9.,]| ?%)")
_ROUNDED = 0.02  # what a tax is off by
_NEXT_LINE = 3  # words at the beginning of the next line that a percentage at the end of one may belong to
_CENTS = re.compile(r"[.,][0-9]{2}(?![0-9])")
_SIGNED = re.compile(r"[0-9]+(?:[.,][0-9]+)?%")
_SURELY = 0.5  # the support of a header that is a rate's alone
_NAMES = 1.0  # how well a header names a field where it can be no other's


def is_rate(around: Surroundings, field: Field, words: Sequence[int], *, at_label: bool = False) -> bool:
    """Whether words can be a value of a field of rates: with a percent sign, or a bare number that something else says
    is one; and no percentage of a sentence about a discount or interest as the rate of a tax.

    Args:
        around: of the page.
        field: of the type RATE.
        words: of the number.
        at_label: whether the number stands where a person labelled the rate on the vendor's last document.
    """
    after = _after(around, words)
    sign = around.tokens[after[0]].text if after else ""
    if "%" not in around.text(words) and not sign.startswith("%") and not _is_bare_rate(around, field, words, at_label):
        return False
    return field.id != _TAX_RATE or not _is_of_others(around, words)


def is_idle(around: Surroundings, words: Sequence[int]) -> bool:
    """Whether a rate is zero, while another one is printed beside what was taxed and the tax: of "S = 6% 50.47 3.03"
    and "Z = 0% 23.70 0.00" the first is the rate of the invoice's tax.
    """
    digits = {c for c in around.text(words) if c.isdigit()}
    return digits == {"0"} and any(_charges(around.text(row)) for row in around.layout.rows)


def _charges(row: str) -> bool:
    """Whether a row has a rate, an amount, and the tax of that rate on it."""
    rates = [_number(rate) for rate in _PERCENT.findall(row)]
    amounts = [_number(amount) for amount in _AMOUNT.findall(row)]
    return any(abs(base * rate / 100 - tax) <= _ROUNDED for rate in rates for base in amounts for tax in amounts if tax)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _is_bare_rate(around: Surroundings, field: Field, words: Sequence[int], at_label: bool) -> bool:
    """Whether a number without a percent sign is a rate: under such a sign, beside a header or where a label was.

    A header that may also be an amount's ("VAT") says nothing of a number with cents, nor does any where the rates of
    its column have the sign.
    """
    if around.is_under_percent(words[0]):
        return True
    row = around.layout.row_of[words[0]]
    fit, _ = around.context(field, row, around.layout.rows[row].index(words[0]))
    if _CENTS.search(around.text(words)):
        return fit >= _SURELY and not _is_among_signed(around, words)
    return fit > 0 or at_label


def _is_among_signed(around: Surroundings, words: Sequence[int]) -> bool:
    """Whether a percentage with its sign stands above or below words."""
    x0, _, x1, _ = around.bounds(words)
    height, page = around.layout.height(words[0]), around.tokens[words[0]].page
    for row in around.layout.rows:
        for at, word in enumerate(row):
            text, before = around.tokens[word].text, row[max(at - 1, 0)]
            if _SIGNED.fullmatch(text) or (text == "%" and before in around.numeric):
                left, _, right, _ = around.bounds([before, word] if text == "%" else [word])
                if around.tokens[word].page == page and left < x1 + height and right > x0 - height:
                    return True
    return False


def _after(around: Surroundings, words: Sequence[int]) -> list[int]:
    """The words behind a value in its row."""
    row = around.layout.rows[around.layout.row_of[words[0]]]
    return row[row.index(words[-1]) + 1 :] if words[-1] in row else []


def _is_of_others(around: Surroundings, words: Sequence[int]) -> bool:
    """Whether a percentage stands in words about a discount or interest, and none there name a tax."""
    number = around.layout.row_of[words[0]]
    piece = next(piece for piece in around.pieces[number] if words[0] in piece)
    sentence = around.text(piece)
    if piece[-1] in words and not _after(around, words) and number + 1 < len(around.layout.rows):
        sentence = f"{sentence} {around.text(around.layout.rows[number + 1][:_NEXT_LINE])}"
    if not _OF_OTHERS.search(sentence):
        return False
    row = around.layout.rows[number]
    named = (h for h in around.headings[number] if _TAX_RATE in h.fields and row[h.first] in piece)
    return not any(h.fields[_TAX_RATE] >= _NAMES or "amount_tax" in h.fields for h in named)
