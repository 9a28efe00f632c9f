"""Checks across a document's fields: warnings for people, never blocks. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import product
from types import MappingProxyType

from workbench.fields.amounts import marks_of
from workbench.fields.schema import FieldType
from workbench.fields.values import Value, iban_is_valid, normalise

TOLERANCE = Decimal("0.02")
"""How far sums may differ: two cents, as single figures are rounded."""

_EUROPEAN = frozenset(re.findall("..", "ATBEBGCYCZDEDKEEELESFIFRHRHUIEITLTLULVMTNLPLPTROSESISKXI"))
_ROUNDING = Decimal("0.05")  # cash totals are rounded to the smallest coin in some countries
_OWN_RULE = (
    "iban",
    "currency",
)  # an IBAN has a check of its own; for a shared sign as $ the note of the reading suffices
_AHEAD = 2  # years
_AMOUNTS = ("amount_net", "amount_tax", "amount_total")
_NO_MORE: Mapping[str, Sequence[Value]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Check:
    rule: str  # stable: "sum", "rate", "currency", "dates", "invalid", "ambiguous", "iban", "tax-id", "sign"
    fields: tuple[str, ...]  # the fields concerned
    message: str


def check(values: Mapping[str, Value], several: Mapping[str, Sequence[Value]] = _NO_MORE) -> list[Check]:
    """The failed checks of one document's values, in a fixed order.

    A rule applies only when every value that it needs is present and readable.

    Args:
        values: field id -> its value, of several the first.
        several: field id -> all its values, where there are several: net amounts and taxes may add up, rates are a
            range.
    """
    results = [
        Check("invalid", (field,), f"{field}: {value.note}") for field, value in values.items() if value.normal is None
    ]
    normal = {field: value.normal for field, value in values.items() if value.normal is not None}
    results += [
        Check("ambiguous", (field,), f"{field}: {values[field].text} – {values[field].note}")
        for field in normal
        if values[field].note and field not in _OWN_RULE
    ]
    rates = [value.normal for value in several.get("tax_rate", ())] or [normal.get("tax_rate")]
    nets, taxes = (
        [Decimal(value.normal) for value in several.get(field, ()) if value.normal is not None]
        for field in ("amount_net", "amount_tax")
    )
    results += _sums(
        _fitting({field: Decimal(normal[field]) for field in _AMOUNTS if field in normal}, nets, taxes),
        sorted({Decimal(rate) for rate in rates if rate is not None}),
        nets,
    )
    amounts = tuple(field for field in _AMOUNTS if field in normal)
    if amounts and "currency" not in values and not any(marks_of(values[field].text) for field in amounts):
        results.append(Check("currency", (*amounts, "currency"), "There are amounts but no currency."))
    if "invoice_date" in normal and "due_date" in normal and normal["due_date"] < normal["invoice_date"]:
        message = f"The due date {normal['due_date']} is before the invoice date {normal['invoice_date']}."
        results.append(Check("dates", ("invoice_date", "due_date"), message))
    if "invoice_date" in normal and int(normal["invoice_date"][:4]) >= date.today().year + _AHEAD:
        results.append(
            Check("dates", ("invoice_date",), f"The invoice date {normal['invoice_date']} lies years ahead.")
        )
    if "iban" in normal and not iban_is_valid(normal["iban"]):
        results.append(
            Check("iban", ("iban",), f"{values['iban'].text} is no valid IBAN: a digit is wrong or missing.")
        )
    for field in ("seller_tax_id", "buyer_tax_id"):
        number = normal.get(field, "")
        if number[:2] in _EUROPEAN and number[2:3].isalnum() and not _vat_is_valid(number):
            results.append(Check("tax-id", (field,), f"{field}: {values[field].text} is no valid VAT number."))
    return results


def _fitting(
    amounts: Mapping[str, Decimal], nets: Sequence[Decimal], taxes: Sequence[Decimal]
) -> Mapping[str, Decimal]:
    """The amounts; of several net amounts and taxes those that make the total, else all of each together."""
    choices = {
        field: [*several, sum(several, Decimal(0))] if len(several) > 1 else [amounts[field]]
        for field, several in (("amount_net", nets), ("amount_tax", taxes))
        if field in amounts
    }
    parts = {field: numbers[-1] for field, numbers in choices.items()}
    if set(_AMOUNTS) <= set(amounts):
        pairs = product(*choices.values())
        fitting = (pair for pair in pairs if abs(amounts["amount_total"] - sum(pair)) <= TOLERANCE)
        parts = dict(zip(choices, next(fitting, parts.values()), strict=True))
    return {**amounts, **parts}


def _sums(amounts: Mapping[str, Decimal], rates: Sequence[Decimal], nets: Sequence[Decimal] = ()) -> list[Check]:
    """What does not add up; a tax of several rates lies between those of the lowest and the highest, and one of several
    net amounts between those of the least of them and of all."""
    net, tax, total = (amounts.get(field) for field in _AMOUNTS)
    results: list[Check] = []
    if net is not None and tax is not None and total is not None:
        off = total - net - tax
        if abs(off) > TOLERANCE:
            rounding = " (a rounding adjustment?)" if abs(off) <= _ROUNDING else ""
            message = f"Net {net} + tax {tax} = {net + tax}, but the total is {total}: off by {abs(off)}{rounding}."
            results.append(Check("sum", _AMOUNTS, message))
    if tax is not None and rates:
        base = net if net is not None else total - tax if total is not None else None
        if base is not None:
            lowest = min(base, *nets) if net is not None and len(nets) > 1 else base
            bounds = (amount * rate / 100 for amount in (lowest, base) for rate in (rates[0], rates[-1]))
            least, *_, most = sorted(bound.quantize(Decimal("0.01")) for bound in bounds)
            if not least - TOLERANCE <= tax <= most + TOLERANCE:
                concerned = ("amount_net" if net is not None else "amount_total", "amount_tax", "tax_rate")
                expected = f"{least}" if least == most else f"{least} to {most}"
                message = f"{' to '.join(map(str, dict.fromkeys((rates[0], rates[-1]))))} % of {base} is {expected}"
                results.append(Check("rate", concerned, f"{message}, but the tax is {tax}."))
    if tax is not None and total is not None and tax * total < 0:
        message = f"The tax {tax} and the total {total} have opposite signs."
        results.append(Check("sign", ("amount_tax", "amount_total"), message))
    return results


_LEAST_TAX_DIGITS = 7
_YEARS = range(1980, 2080)
_MOST_RATE = 30  # percent; the highest are Hungary's 27 and India's 28


def acceptable(field: str, kind: FieldType, text: str) -> bool:
    """Whether a printed text can be a field's value at all: one that its own check refuses is not worth offering."""
    if field == "iban":
        return iban_is_valid(_CAPTION_OF_ACCOUNT.sub("", text).rstrip(".,; "))
    value = normalise(kind, text).normal
    match kind:
        case FieldType.AMOUNT | FieldType.CURRENCY:
            return value is not None
        case FieldType.RATE:
            return value is not None and float(value) <= _MOST_RATE
        case FieldType.DATE:
            return value is not None and int(value[:4]) in _YEARS
        case FieldType.ID:
            if field.endswith("tax_id"):
                return _is_tax_number(text)
            return any(map(str.isdigit, text)) and not _MEASURE.fullmatch(text)
        case FieldType.PARTY | FieldType.ADDRESS:
            return value is not None and sum(map(str.isalpha, text)) > 1 and "@" not in text
        case _:
            return True


def _is_tax_number(text: str) -> bool:
    """Whether it has enough digits, and the form of the country whose letters it begins with."""
    if sum(map(str.isdigit, text)) < _LEAST_TAX_DIGITS:
        return False
    compact = re.sub(r"[^A-Z0-9]", "", text.upper())
    with_country = compact[:2] in _VAT_FORMS and compact[2:3].isdigit()
    return not with_country or tax_number(compact) is not None


_MEASURE = re.compile(
    r"\W*(?:[0-9]+(?:[.,][0-9]+)?(?:MM|CM|M|KG|GM?|ML|L|INCH|PCS|FT|OZ|LBS?|X)+\W*)+|\W*[0-9]+(?:[.,][0-9]+)?(?:X[0-9.,]+){2,}\W*",
    re.IGNORECASE,
)
"""A size, a weight or a count of pieces: "(57MMX60MMX12MM)", "1.5L"."""
_CAPTION_OF_ACCOUNT = re.compile(r"^\W*IBAN\W*", re.IGNORECASE)
_VAT_FORMS = {
    "AT": r"U[0-9]{8}", "BE": r"[01][0-9]{9}", "BG": r"[0-9]{9,10}", "CY": r"[0-9]{8}[A-Z]", "CZ": r"[0-9]{8,10}",
    "DE": r"[0-9]{9}", "DK": r"[0-9]{8}", "EE": r"[0-9]{9}", "EL": r"[0-9]{9}", "ES": r"[0-9A-Z][0-9]{7}[0-9A-Z]",
    "FI": r"[0-9]{8}", "FR": r"[0-9A-Z]{2}[0-9]{9}", "HR": r"[0-9]{11}", "HU": r"[0-9]{8}",
    "IE": r"[0-9][0-9A-Z][0-9]{5}[A-Z]{1,2}", "IT": r"[0-9]{11}", "LT": r"[0-9]{9}(?:[0-9]{3})?", "LU": r"[0-9]{8}",
    "LV": r"[0-9]{11}", "MT": r"[0-9]{8}", "NL": r"[0-9]{9}B[0-9]{2}", "PL": r"[0-9]{10}", "PT": r"[0-9]{9}",
    "RO": r"[0-9]{6,10}", "SE": r"[0-9]{12}", "SI": r"[0-9]{8}", "SK": r"[0-9]{10}", "XI": r"[0-9]{9}(?:[0-9]{3})?",
    "GB": r"[0-9]{9}(?:[0-9]{3})?", "CH": r"E[0-9]{9}(?:MWST|TVA|IVA)?",
}  # fmt: skip
"""Country -> the form of its VAT numbers behind the country's letters."""


@lru_cache(maxsize=8192)
def tax_number(text: str) -> bool | None:
    """Whether the check digits of a VAT number (without spaces and dots) are right; None where it has no such form."""
    form = _VAT_FORMS.get(text[:2])
    if form is None or not re.fullmatch(form, text[2:]):
        return None
    if text[:2] == "GB":
        from stdnum.gb import vat as british

        return bool(british.is_valid(text[2:]))
    if text[:2] == "CH":
        from stdnum.ch import uid

        return bool(uid.is_valid(text[:12]))
    return _vat_is_valid(text)


@lru_cache(maxsize=8192)
def national_tax_number(text: str) -> bool:
    """Whether it is a Spanish, Italian or Polish tax number, which are printed without the country's letters."""
    from stdnum.es import nif
    from stdnum.it import iva
    from stdnum.pl import nip

    return any(rule.is_valid(text) for rule in (nif, iva, nip))


@lru_cache(maxsize=1024)
def _vat_is_valid(number: str) -> bool:
    from stdnum.eu import vat

    return bool(vat.is_valid(number))
