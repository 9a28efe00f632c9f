"""Reads printed amounts into one decimal form, or refuses them. Pure."""

import re
import unicodedata
from functools import lru_cache

from workbench.fields import currencies
from workbench.fields.plain_text import normal_form

_WRITTEN_OUT = re.compile("[零〇一二三四五六七八九十百千万萬亿億壹贰貳叁參肆伍陆陸柒捌玖拾佰仟两兩]")

_PLAIN = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?")
_SMALL = re.compile(r"[.,]([0-9]{1,4})")
_GROUPED = re.compile(
    r"([1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.([0-9]+))?"  # 1,234.56
    r"|([1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,([0-9]+))?"  # 1.234,56
    r"|([1-9][0-9]{0,2}(?: [0-9]{3})+)(?:[.,]([0-9]+))?"  # 1 234,56
    r"|([1-9][0-9]{0,2}(?:'[0-9]{3})+)(?:[.,]([0-9]+))?"  # 1'234.56
    r"|([1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})(?:\.([0-9]+))?"  # 12,34,567.00 as in India
)
_AMBIGUOUS = re.compile(r"([1-9][0-9]{0,2})([.,])([0-9]{3})")
_THREE_DECIMALS = re.compile(r"[+-]?[0-9]{1,3}\.[0-9]{3}")
_BARE = re.compile(r"[0-9.,' ()\-]+")
_NO_CENTS = re.compile(r"(.*[0-9])(?:[.,;]| ?:) ?-{1,2}")  # 12,- and 12.-- and, in Sweden, 12:-
_APART = re.compile(r"(?<=[0-9]) ?([.,]) ?(?=[0-9])")  # OCR puts spaces around separators
# Characters that PDF and OCR use for the minus and the apostrophe.
_SAME: dict[int, str | None] = {
    **{ord(c): "-" for c in "−–—‐‑\u00ad"},
    **{ord(c): "'" for c in "’‘`´′"},
    **{ord(c): "," for c in "٬،"},  # Arabic commas, which group thousands
    ord("٫"): ".",
    ord("״"): '"',  # of Hebrew abbreviations
    # What steers the direction of writing.
    **dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))),
}
_LONGEST = 48
_FOOTNOTE = re.compile("[\u00b9\u00b2\u00b3\u2070-\u209c\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]")
_RAISED = "[⁰¹²³⁴⁵⁶⁷⁸⁹]"
_CENTS = re.compile(rf"(?<![0-9.,'’])([0-9]+(?:[.,'’ ][0-9]{{3}})*)[.,]?({_RAISED}{{2}})(?![⁰¹²³⁴⁵⁶⁷⁸⁹0-9.,])")  # 12⁹⁹
_POWER = re.compile(rf"[0-9][.,]?(?:⁻{_RAISED}|{_RAISED}{{3}})")  # 10⁻², and what can be no mark of a footnote
_FRACTIONS = {
    "½": ".5", "¼": ".25", "¾": ".75", "⅛": ".125", "⅜": ".375", "⅝": ".625", "⅞": ".875",
    "⅕": ".2", "⅖": ".4", "⅗": ".6", "⅘": ".8", "⅒": ".1",
}  # fmt: skip
_FRACTION = re.compile(f"(?<![0-9.,'’])([0-9]*) ?([{''.join(_FRACTIONS)}])(?![0-9])")

# What receipts print beside an amount about its tax; it says nothing about the amount.
_TAX = r"(?:vat|gst|hst|pst|tax|mwst|must|ust|tva|btw|iva|moms|mva|steuer|taxes?|impuestos|alv|dph|ptu)\.?"
_WITH = (
    r"(?:incl(?:uding|uded|us[ao]?)?|inkl(?:usive)?|excl(?:uding)?|exkl(?:usive)?|zzgl|plus|inc|ex|hors|sans|[csw]/)\.?"
)
_TAX_WORDS = re.compile(
    rf"\(?\b(?:{_WITH} ?(?:[0-9]{{1,2}} ?% ?)?{_TAX}|{_TAX} ?{_WITH}|(?<=[0-9] ){_TAX}$|"
    r"t\.?t\.?c|h\.?t|brutto|netto|gross|net)"
    r"(?![A-Za-z])\.?\)?",
    re.IGNORECASE,
)
_TAX_CLASS = re.compile(
    r"(?<=[.,][0-9]{2}) *[*#]*(?:[A-HNPRSTXZ]|\([A-HNPRSTXZ]\)|SR|ZRL?|ES|OS|EX|FS|TX|NT|AB)?[*#]*(?<![0-9])$"
)
_RATE_BESIDE = re.compile(r"\( ?[0-9]{1,2}(?:[.,][0-9]{1,2})? ?% ?\)")
_GLUED = re.compile(r"(?<=[$€£])(?=(?:t\.?t\.?c|h\.?t)\b)", re.IGNORECASE)  # 12,00 €HT
_SIGN_FOR_POINT = re.compile(r"([0-9]+)([$€£])([0-9]{2})")  # 12€50
_CREDIT = re.compile(r"(?<=[0-9]) ?(?P<kind>CR|DR|Cr|Dr)\.?$")
_SLASH = re.compile(r"(?<=[0-9])(?: ?/[-=]{1,2})?(?: only)?$", re.IGNORECASE)  # 500/- has no cents

# Possible amounts inside other text; `read` may still refuse them.
INSIDE = re.compile(
    r"(?<![0-9A-Za-z.,/\-])[-(]?[0-9]{1,3}(?:([,.' ])[0-9]{3})(?:\1[0-9]{3})*(?:[.,][0-9]{1,2})?(?![0-9])[)\-]?"
    r"|(?<![0-9.,/@*#])-?[0-9]+[.,][0-9]{2}(?![0-9])-?"
    r"|(?<![0-9.,/@*#])-?[0-9]+(?:[.,][0-9]+)?"
)


def unmistakable(number: str) -> str:
    """A number of a file whose point is a decimal one, so that it is not read as thousands: 1.358 becomes 1.3580."""
    return f"{number}0" if _THREE_DECIMALS.fullmatch(number) else number


def written(value: object) -> str:
    """A value of JSON or of a workbook as text; what is a number there has no thousands."""
    return unmistakable(str(value)) if isinstance(value, float) else str(value)


def plain(text: str) -> str:
    """The text with full-width forms, typographic minus signs and apostrophes, and all kinds of spaces normalised.

    Superscripts and circled digits are marks of footnotes and go: 12,50¹ is 12,50. A whole number with a fraction is
    one number (5½ is 5.5); other fractions stay as they are and are no amounts.
    """
    if not text.isascii():
        text = _FRACTION.sub(lambda match: f"{match[1] or 0}{_FRACTIONS[match[2]]}", _FOOTNOTE.sub("", text))
        text = normal_form("NFKC", text).translate(_SAME)
        if not text.isascii():  # digits of other scripts
            text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return " ".join(text.split())


def _lowered(text: str) -> str:
    """An amount whose cents are raised, with these behind a separator: 1.234⁵⁰ is 1.234,50."""
    return _CENTS.sub(lambda match: f"{match[1]}{'.' if ',' in match[1] else ','}{normal_form('NFKC', match[2])}", text)


def _apart(text: str) -> str:
    """A text in which a currency's sign stands by itself: 12€50 is 12,50 €."""
    if not ("€" in text or "$" in text or "£" in text):
        return text
    if match := _SIGN_FOR_POINT.fullmatch(text):
        return f"{match[1]},{match[3]} {match[2]}"
    return _GLUED.sub(" ", text)


@lru_cache(maxsize=8192)  # the same words stand on many pages, and several rules ask
def marks_of(text: str) -> tuple[str, ...]:
    """The currency signs and codes in a text, in its plain form."""
    if not text.isascii():
        text = plain(text)
    text = _apart(text)
    return tuple(currencies.mark_in(text).findall(text))


def _canonical(whole: str, fraction: str, negative: bool) -> str:
    whole = whole.lstrip("0") or "0"
    fraction = fraction.rstrip("0").ljust(2, "0")
    sign = "-" if negative and (whole != "0" or fraction.strip("0")) else ""
    return f"{sign}{whole}.{fraction}"


def _digits(body: str) -> tuple[str, str] | None:
    """(whole, fraction) of an unsigned number without currency, or None."""
    if match := _GROUPED.fullmatch(body):
        whole, fraction = next((a, b) for a, b in zip(match.groups()[::2], match.groups()[1::2], strict=True) if a)
        return re.sub("[^0-9]", "", whole), fraction or ""
    if match := _PLAIN.fullmatch(body):
        return match[1], match[2] or ""
    if match := _SMALL.fullmatch(body):
        return "0", match[1]
    return None


def _without_remarks(rest: str) -> tuple[str, bool]:
    """An amount without marks of its tax ("12.00 A", "inkl. MwSt", "500/-"), and whether it is a credit (CR)."""
    if _BARE.fullmatch(rest):
        return rest, False
    rest = _TAX_WORDS.sub(" ", rest).strip()
    credit = _CREDIT.search(rest)
    if credit:
        rest = rest[: credit.start()]
    rest = _SLASH.sub("", rest).lstrip("*")  # asterisks before an amount keep others from adding digits
    return _TAX_CLASS.sub("", rest).strip(), credit is not None and credit["kind"].upper() == "CR"


def read(text: str) -> tuple[str | None, str, str | None]:
    """Read an amount.

    Returns:
        (normal, note, other): the decimal string ("1234.50", "-12.00"; at least two decimals, no exponent) or None
        when it is refused; why it is refused or what is uncertain; the other possible reading, if there is one.
    """
    if not text.isascii():
        text = _lowered(text)
        if _POWER.search(text):
            return None, f"{text.strip()} has raised digits that are no cents", None
    body = plain(text)
    if body.startswith("(") and ")" not in body:  # of a remark in brackets; "(35.13)" is below zero
        body = body[1:].strip()
    if not body:
        return None, "empty", None
    if len(body) > _LONGEST:
        return None, "too long for an amount", None
    if "%" in body:
        body = _RATE_BESIDE.sub("", body).strip() or body
        if "%" in _TAX_WORDS.sub("", body):
            return None, f"{body} is a rate, not an amount", None
    body = _apart(body)
    # Without its currency, an amount has to be a number and nothing else.
    marks = () if _BARE.fullmatch(body) else marks_of(body)
    if len(marks) > 2:
        return None, f"{body} is no amount", None
    rest = currencies.mark_in(body).sub(" ", body).replace("整", "").strip() if marks else body
    if not marks and (unknown := currencies.UNKNOWN.search(body)):
        return None, f"{unknown[0]} in {body} is a currency that is not known", None
    rest, negative = _without_remarks(rest)
    if not any(c.isdigit() for c in rest) and not _WRITTEN_OUT.search(rest):
        return None, f"{body} is no amount", None
    if _WRITTEN_OUT.search(rest):
        return None, f"{body} is written out in Chinese numerals, which are not read", None
    if rest.startswith("(") and rest.endswith(")"):
        if negative:
            return None, f"{body} has two minus signs", None
        negative, rest = True, rest[1:-1].strip()
    if rest.endswith("-") and (match := _NO_CENTS.fullmatch(rest)):
        rest = match[1]
    signs = rest.startswith("-") + rest.endswith("-") + negative
    if signs > 1:
        return None, f"{body} has two minus signs", None
    negative = bool(signs)
    if signs:
        rest = rest[1:].strip() if rest.startswith("-") else rest.removesuffix("-").strip()
    else:
        rest = rest.removeprefix("+").strip()
    if len(rest) > 1 and rest[-1] in ".,:;" and rest[-2].isdigit():
        rest = rest[:-1]
    if " " in rest:
        rest = _APART.sub(r"\1", rest)
    parts = _digits(rest)
    if parts is None:
        return None, f"{body} is no amount", None
    normal = _canonical(*parts, negative)
    if match := _AMBIGUOUS.fullmatch(rest):
        other = _canonical(match[1], match[3], negative)
        if any(map(currencies.has_three_decimals, marks)):
            return None, f"{body} can be {normal} or {other}", other
        # In practice a comma before three digits groups thousands; a point is as often a decimal point.
        note = f"read as {normal}; could be {other}" if match[2] == "." else ""
        return normal, note, other
    return normal, "", None
