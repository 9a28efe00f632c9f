"""Reads printed texts: one canonical form per field type, or a refusal with its reason. Pure.

What cannot be read is refused; what can be read in two ways has a note about it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category

from workbench.fields import amounts, currencies, dates
from workbench.fields.countries import without_country
from workbench.fields.legal_forms import LEGAL_AT_END
from workbench.fields.plain_text import normal_form
from workbench.fields.schema import FieldType


@dataclass(frozen=True, slots=True)
class Value:
    """A text and its meaning.

    `normal` is None when the text is refused; `note` says why, or what is uncertain about the reading.
    """

    text: str
    normal: str | None
    note: str = ""


_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[ap]\.?m\.?)?", re.IGNORECASE)
_EDGE = " \t.,;:#*'\"()[]{}<>=_|"
_NOT_PRINTED = re.compile(r"[\W_]+")
_RATE = re.compile(
    r"(?<![0-9.,⁄])(?<![0-9]/)(-?[0-9]{1,3}(?:[.,][0-9]{1,6})?) ?"
    "(?:%|percent|prozent|pour ?cent|procent)",
    re.IGNORECASE,
)
_BARE_RATE = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,6})?")
_LEAST_ID = 3
_SHORT = 100  # letters: longer texts would fill the memory
_CAPTION = re.compile(r"^[^0-9:：]{1,24}[:：]\s*(?=\w*\W?[0-9]|\S*[0-9])|^[（(][^0-9（()）]{1,8}[)）]\s*(?=\S*[0-9])")
_JOINS = "-/_"
_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")  # Chinese and Japanese, not Korean
_SALUTATION = re.compile(r"^\s*(?:herrn?|frau|firma|mrs?\.?|ms\.?|mme|monsieur|madame)\s+(?=\S)", re.IGNORECASE)
_TOUCHING_CODE = re.compile(r"(?<!\S)(\d{5})(?=[^\W\d_]{3})")  # "88802Spielkreis", as OCR and PDFs have it
_CHINESE_CAPTION = re.compile(r"^[\u4e00-\u9fff]{2,8}[:：]\s*(?=[\u4e00-\u9fff])")
_NUMBER_SIGN = re.compile(r"^(?:n°|№|#)\s*(?=\S)", re.IGNORECASE)
# Vowel signs that Arabic and Hebrew mostly leave out, the line that stretches Arabic words, the point that case folding
# leaves after a Turkish i, and characters that only steer how others are joined and directed.
_OPTIONAL = re.compile(
    "[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]|(?<=i)\u0307"
)
_WITH_POINT = (FieldType.PARTY, FieldType.ADDRESS, FieldType.CURRENCY)  # "Ltd.", "St.", "Kr."
_WITHOUT_BULLETS = (FieldType.PARTY, FieldType.ADDRESS, FieldType.ID)
_BULLET = re.compile(r"(?:^|\s+)(?:[●•∙▪■·‧◆►▸✓*|]+)(?:\s+|$)|^[●•∙▪■·‧◆►▸✓*|]+|^[–—-]\s+|\s+[–—-]$")
_SPACE = re.compile(r"(?<![0-9]) | (?![0-9])")  # "D. I. Y." and "D.I.Y.", but not "Weg 1 23456" and "Weg 12 3456"
_SPACED_COMMA = re.compile(r"\s+,")


def joined(words: Iterable[str]) -> str:
    """Words as one text, with spaces between them, except between two words in Chinese or Japanese."""
    text, before = "", ""
    for word in words:
        glued = not text or (_WIDE.search(before) and _WIDE.search(word))
        text, before = text + ("" if glued else " ") + word, word
    return text


def normalise(type: FieldType, text: str, *, day_first: bool | None = None) -> Value:
    """Read a text as a field of this type.

    Args:
        type: the field's type.
        text: what is printed (tokens joined by spaces), or a value from elsewhere.
        day_first: how 03/04/2024 is meant where that is known; None takes the day first and notes it.

    Returns:
        Canonical forms: amounts "1234.50" (at least two decimals), dates ISO, currencies ISO 4217, ids upper-case
        without spaces and dots, rates in percent ("19", "7.7"), parties and addresses case-folded without
        punctuation, texts with single spaces.
    """
    return (_normalised if len(text) <= _SHORT else _normalised.__wrapped__)(type, text, day_first)


@lru_cache(maxsize=8192)  # a page's rules ask for the same few words again and again
def _normalised(type: FieldType, text: str, day_first: bool | None) -> Value:
    normal, note, _ = _read(type, text, day_first)
    return Value(trimmed(type, text), normal, note)


def is_clock(text: str) -> bool:
    """Whether a text is a time of day: "18:22", "6:05:00 pm"."""
    return _CLOCK.fullmatch(text.strip(_EDGE)) is not None


def trimmed(type: FieldType, text: str) -> str:
    """A printed value without the punctuation of its sentence ("04.07.2018,", "(35,13", ":A-77") and, in names,
    addresses and ids, without a list's bullets ("Ecke 12 ● 12345 Ort"). An id is without the caption glued to it
    ("No:A-77"). In an address a postcode stands apart from the town that it touches ("88802Spielkreis"). A text is left
    as it is.
    """
    if type is FieldType.TEXT:
        return text
    if type is FieldType.ADDRESS:
        text = _TOUCHING_CODE.sub(r"\1 ", text)
    if type in _WITHOUT_BULLETS:
        text = _BULLET.sub(" ", text).strip() or text
    bare = text.lstrip(" ;:").rstrip(" ,;:" if type in _WITH_POINT else " ,;:.")
    if ("(" in bare) != (")" in bare):
        bare = bare.strip("() ")
    return _without_caption(bare or text) if type is FieldType.ID else bare or text


def _without_caption(text: str) -> str:
    """An id as it is printed, without words before it ("No:A-77"); a sign alone ("#77") belongs to it."""
    rest = _after_caption(text).lstrip(_EDGE)
    return rest if any(map(str.isalpha, text.removesuffix(rest))) else text


def refusal(type: FieldType, text: str) -> str:
    """Why a known value is none: no number, no such day (29.02.2023), no rate; "" where it is one, or any text is."""
    if type not in (FieldType.AMOUNT, FieldType.DATE, FieldType.RATE):
        return ""
    value = normalise(type, text)
    return "" if value.normal is not None else value.note


def readings(type: FieldType, text: str, *, quick: bool = False) -> frozenset[str]:
    """All possible readings of a text: none when it is refused, two for 03/04/2024 or 1.234.

    `quick` leaves out months named in languages other than English, German, French, Dutch and Chinese.
    """
    normal, _, other = dates.read(text, quick=True) if quick and type is FieldType.DATE else _read(type, text, None)
    return frozenset(reading for reading in (normal, other) if reading and normal)


def same(type: FieldType, a: str, b: str) -> bool:
    """Whether two texts have the same meaning; refused texts are compared as they are, and of two addresses one may
    name its country. A space in a name or an address counts between digits alone: "NO. 5", "NO.5".
    """
    first, second = normalise(type, a).normal, normalise(type, b).normal
    if first is None or second is None:
        return first is second and _text(a)[0] == _text(b)[0]
    if type in (FieldType.PARTY, FieldType.ADDRESS) and _closed(first) == _closed(second):
        return True
    if type is FieldType.ADDRESS:
        return any(_closed(without_country(x)) == _closed(y) for x, y in ((first, second), (second, first)))
    return first == second or (type is FieldType.PARTY and _is_same_party(a, b))


def _closed(normal: str) -> str:
    return _SPACE.sub("", normal)


def _is_same_party(a: str, b: str) -> bool:
    """Whether two names differ only in what one of them lacks: the salutation, or the legal form ("Moulin SARL")."""
    for addition in (_SALUTATION, LEGAL_AT_END):
        bare = [addition.sub("", name.strip()).strip() for name in (a, b)]
        only_one = (bare[0] == a.strip()) != (bare[1] == b.strip())
        if only_one and all(bare) and _words(bare[0])[0] == _words(bare[1])[0]:
            return True
    return False


def occurrences(type: FieldType, text: str) -> Iterator[tuple[int, int, frozenset[str]]]:
    """(start, end, readings) of the dates, amounts, rates or ids inside a longer text, as in "Date:25/12/2018"."""
    pattern = _INSIDE.get(type)
    for match in pattern.finditer(text) if pattern else ():
        if meant := readings(type, match[0], quick=True):
            yield match.start(), match.end(), meant


def looks_like(type: FieldType, token_text: str) -> bool:
    """Whether a token (or several, joined by spaces) could be a value of this type; used by `next candidate`."""
    text = amounts.plain(token_text)
    if not text:
        return False
    has_digit = any(c.isdigit() for c in text)
    match type:
        case FieldType.AMOUNT:
            return has_digit and _is_amount(text)
        case FieldType.DATE:
            return has_digit and any(True for _ in occurrences(type, text))
        case FieldType.RATE:
            return has_digit and _RATE.search(text) is not None
        case FieldType.CURRENCY:
            return normalise(type, text).normal is not None or bool(has_digit and amounts.marks_of(text))
        case FieldType.ID:
            if not has_digit or is_clock(text) or _is_amount(text) or _has_date(text):
                return False
            return len(_NOT_PRINTED.sub("", text)) >= _LEAST_ID and "%" not in text
        case _:
            return sum(c.isalpha() for c in text) >= 2 or (type is FieldType.ADDRESS and has_digit)


def _has_date(text: str) -> bool:
    """Whether the text has a date that is not part of a number, unlike RE-20240522/501."""
    return any(
        (not start or text[start - 1] not in _JOINS) and (end == len(text) or text[end] not in _JOINS)
        for start, end, _ in occurrences(FieldType.DATE, text)
    )


def _is_amount(text: str) -> bool:
    """Whether it is a number with cents, thousands or a currency; bare whole numbers are more often quantities."""
    for match in amounts.INSIDE.finditer(text):
        if re.search(r"[.,' ][0-9]", match[0]) and amounts.read(match[0])[0]:
            return not any(True for _ in occurrences(FieldType.DATE, text))
    return bool(amounts.marks_of(text)) and amounts.read(text)[0] is not None


def _currency(text: str) -> tuple[str | None, str, str | None]:
    folded = amounts.plain(text).casefold().replace(" ", "").strip("()[],;:")
    if folded in currencies.AMBIGUOUS:
        return None, f"{text.strip()} can be {currencies.AMBIGUOUS[folded]}", None
    for key in (folded, folded.rstrip(".")):
        if code := currencies.CODES.get(key):
            shared = currencies.SHARED.get(key, "")
            return code, f"{text.strip()} read as {code}; could be {shared}" if shared else "", None
    if not 2 < len(folded) <= 40 or any(c.isdigit() for c in folded):
        return None, f"{text.strip() or 'nothing'} is no currency", None
    code = _currency_names().get(folded)
    return code, "" if code else f"{text.strip()} is no currency", None


@lru_cache(maxsize=1)
def _currency_names() -> dict[str, str]:
    """Every ISO code and its names in our languages. Loads babel: only for what `currencies` lacks."""
    from babel import Locale

    names: dict[str, str] = {}
    for language in ("en", "de", "fr", "nl", "zh"):
        for code, name in Locale(language).currencies.items():
            names.setdefault(code.casefold(), code)
            names.setdefault(str(name).casefold().replace(" ", ""), code)
    return names


def _id(text: str) -> tuple[str | None, str, str | None]:
    # Without the removed characters an accent may follow its letter, hence it is composed again.
    normal = normal_form("NFKC", re.sub(r"[\s.]+", "", amounts.plain(text).strip(_EDGE)).upper())
    if not any(c.isalnum() for c in normal):
        return None, "no letter or digit in it", None
    return normal, "", None


@lru_cache(maxsize=1024)
def iban_is_valid(text: str) -> bool:
    """Whether country, length and check digits of an IBAN are right, with or without spaces."""
    from stdnum import iban

    return bool(iban.is_valid(text))


def _rate(text: str) -> tuple[str | None, str, str | None]:
    body = amounts.plain(text).strip(_EDGE)
    rates = [m[1] for m in _RATE.finditer(body)] or ([body] if _BARE_RATE.fullmatch(body) else [])
    if len(set(rates)) != 1:
        return None, f"{body or 'nothing'} is no rate" if not rates else f"{body} holds {len(rates)} rates", None
    whole, _, fraction = rates[0].replace(",", ".").partition(".")
    sign = "-" if whole.startswith("-") else ""
    normal = sign + (whole.lstrip("-0") or "0") + ("." + fraction.rstrip("0") if fraction.strip("0") else "")
    if float(normal) > 100 or sign:
        return None, f"{body} is no tax rate", None
    note = "below 1: a share instead of percent?" if 0 < float(normal) < 1 and "%" not in body else ""
    return normal, note, None


def _words(text: str) -> tuple[str | None, str, str | None]:
    folded = normal_form("NFKC", text).casefold()
    # Case folding can undo composition; points and apostrophes join ("S.A.", "d'or"), other characters divide words.
    folded = re.sub(r"[.'’`´]", "", normal_form("NFKC", folded))
    if folded.isascii():
        normal = " ".join(_NOT_PRINTED.sub(" ", folded).split())
    else:  # a combining mark stays with its letter
        folded = _OPTIONAL.sub("", folded)
        normal = " ".join("".join(c if c.isalnum() or category(c)[0] == "M" else " " for c in folded).split())
    return normal or None, "" if normal else "no letter or digit in it", None


def _text(text: str) -> tuple[str | None, str, str | None]:
    normal = " ".join(normal_form("NFKC", text).split())
    return normal or None, "" if normal else "empty", None


def _after_caption(text: str) -> str:
    """An id without a caption or a sign for a number before it."""
    return _NUMBER_SIGN.sub("", _bare(text))


def _bare(text: str) -> str:
    """A value without a caption that is in the same word: "TOTAL:$6.90", "（小写）¥573.34"."""
    return _CAPTION.sub("", text, count=1)


def _read(type: FieldType, text: str, day_first: bool | None) -> tuple[str | None, str, str | None]:
    """Read the whole text, else the text without its caption. Dates in other languages come last, by dateparser."""
    bodies = dict.fromkeys((text, _bare(text)))
    attempts = [(body, quick) for quick in ((True, False) if type is FieldType.DATE else (False,)) for body in bodies]
    results = (_read_bare(type, body, day_first, quick) for body, quick in attempts)
    first = next(results)
    return first if first[0] is not None else next((result for result in results if result[0] is not None), first)


def _read_bare(type: FieldType, text: str, day_first: bool | None, quick: bool) -> tuple[str | None, str, str | None]:
    match type:
        case FieldType.AMOUNT:
            return amounts.read(text)
        case FieldType.DATE:
            return dates.read(_SPACED_COMMA.sub(",", text), day_first, quick=quick)
        case FieldType.CURRENCY:
            reading = _currency(text)
            if reading[0] is None and len(marks := set(amounts.marks_of(text))) == 1:
                return _currency(marks.pop())
            return reading
        case FieldType.ID:
            return _id(_after_caption(text))
        case FieldType.RATE:
            return _rate(text)
        case FieldType.PARTY:
            return _words(_CHINESE_CAPTION.sub("", text))
        case FieldType.ADDRESS:
            return _words(_TOUCHING_CODE.sub(r"\1 ", _CHINESE_CAPTION.sub("", text)))
        case FieldType.TEXT:
            return _text(text)


_INSIDE = {
    FieldType.AMOUNT: amounts.INSIDE,
    FieldType.DATE: dates.INSIDE,
    FieldType.RATE: _RATE,
    FieldType.ID: re.compile(r"[^\s:#=(),;]+"),
}
