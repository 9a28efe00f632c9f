"""Reads printed dates in nine languages; dateparser reads others.

The month names are listed here and not taken from babel: invoices also print forms that babel does not know (Jaenner,
Maerz, Fev), and babel would be loaded with the first date in the terminal.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from workbench.fields.amounts import plain
from workbench.fields.plain_text import normal_form

_MONTHS = (
    "january jan januar jaenner janner janvier janv januari enero ene gennaio gen stycznia styczen janeiro",
    "february feb februar feber fevrier fevr fev februari febrero febbraio lutego luty fevereiro",
    "march mar marz maerz mrz mars mrt maart marzo marca marzec marco",
    "april apr avril avr abril abr aprile kwietnia kwiecien",
    "may mai mei mayo maggio mag maja maj maio",
    "june jun juni juin junio giugno giu czerwca czerwiec junho",
    "july jul juli juillet juil julio luglio lug lipca lipiec julho",
    "august aug aout augustus agosto ago sierpnia sierpien",
    "september sep sept septembre septiembre settembre set wrzesnia wrzesien setembro",
    "october oct oktober okt octobre octubre ottobre ott pazdziernika pazdziernik outubro",
    "november nov novembre noviembre listopada listopad novembro",
    "december dec dezember dez decembre diciembre dic dicembre grudnia grudzien dezembro",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_LETTERS = r"[A-Za-z\u00c0-\u017f]"
# A weekday or a small word before the date is skipped.
_BEFORE = re.compile(
    rf"^(?:(?:the|den|dem|am|vom|le|du|op|on|de|date|datum|dated?|日期|{_LETTERS}{{2,9}}(?:day|tag|di|dag|woch|manche)"
    r"|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|ma|wo|vr|za|zo|lun|mar|mer|jeu|ven|sam|dim)"
    r"\b[.,:]? ?(?=.*[0-9]))+",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?:[T ,]+(?:at |um |à )?\(?|(?<=[0-9]) ?\(|(?<=日) ?)"
    r"[0-9]{1,2}[:h.时][0-9]{2}(?:[:.分][0-9]{2})?(?:[.,][0-9]+)? ?秒?"
    r"(?: ?[ap]\.?m\.?|uhr|h)?\)?(?: ?(?:Z|UTC|GMT|[+\-][0-9]{2}:?[0-9]{2}))?$",
    re.IGNORECASE,
)
_POLISH_YEAR = re.compile(r"(?<=[0-9]{4}) ?(?:r\.?|roku)$", re.IGNORECASE)  # "12.03.2024 r."
_YEAR_FIRST = re.compile(r"([0-9]{4}) ?([-/. ]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2})\.?")
_CHINESE = re.compile(r"([0-9]{4}|[0-9]{2}) ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?")
_NUMBERS = re.compile(r"([0-9]{1,2}) ?([-/. ]) ?([0-9]{1,2}) ?\2 ?([0-9]{4}|[0-9]{2})\.?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_DAY_NAME = re.compile(
    rf"([0-9]{{1,2}})(?:st|nd|rd|th|er|e|ème)?[.,]?[\s\-/]*(?:of |de |d')?"
    rf"({_LETTERS}{{3,12}})[.,]?[\s\-/,']*(?:del? )?([0-9]{{4}}|[0-9]{{2}})\.?",
    re.IGNORECASE,
)
_NAME_DAY = re.compile(
    rf"({_LETTERS}{{3,10}})[.,]?[\s\-/]*([0-9]{{1,2}})(?:st|nd|rd|th)?[.,]?[\s\-/,]+([0-9]{{4}}|[0-9]{{2}})\.?",
    re.IGNORECASE,
)
_YEAR_NAME = re.compile(rf"([0-9]{{4}})[\s\-/.]*({_LETTERS}{{3,10}})[\s\-/.]*([0-9]{{1,2}})", re.IGNORECASE)
_CHINESE_WEEKDAY = re.compile(r"[(（]?(?:星期|周|礼拜)[0-9一二三四五六日天][)）]?")
_HAN = str.maketrans("〇零一二三四五六七八九", "00123456789")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_AHEAD = 2
"""A year of two digits that lies so many years ahead is doubtful."""
# Years of other calendars, which are refused with that reason.
_ERAS = (
    (re.compile(r"令和|平成|昭和|大正|明治|\b[RHS][0-9]{1,2}[.年]"), "a Japanese era (Reiwa and others)"),
    (
        re.compile(r"民[國国]|(?<![0-9])1[01][0-9] ?年|(?<![0-9])1[01][0-9]([-/.])[0-9]{1,2}\1[0-9]{1,2}(?![0-9])"),
        "the ROC",
    ),
    (re.compile(r"พ\.?ศ|(?<![0-9])2[45][0-9]{2}(?![0-9])"), "the Buddhist calendar"),
    (re.compile(r"هـ|(?<![0-9])1[34][0-9]{2}(?![0-9])"), "the Islamic or the Persian calendar"),
)

# Possible dates inside other text.
INSIDE = re.compile(
    r"(?<![0-9])(?:[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2(?:[0-9]{4}|[0-9]{2}))(?![0-9])"
    r"|(?<![0-9])[0-9]{4} ?年 ?[0-9]{1,2} ?月 ?[0-9]{1,2} ?日?"
    rf"|(?<![0-9])[0-9]{{1,2}}(?:st|nd|rd|th|er)?\.?[\s\-/]*(?:de )?{_LETTERS}{{3,12}}\.?"
    r"[\s\-/,']*(?:del? )?(?:[0-9]{4}|[0-9]{2})(?![0-9])"
    rf"|(?<!{_LETTERS}){_LETTERS}{{3,10}}\.? ?[0-9]{{1,2}}(?:st|nd|rd|th)?,? ?[0-9]{{4}}(?![0-9])"
    r"|(?<![0-9])(?:19|20)[0-9]{6}(?![0-9])",
    re.IGNORECASE,
)


def _year(digits: str) -> int:
    """The year; of two digits as in POSIX: 69 to 99 are in the last century."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (1900 if year >= 69 else 2000)


def _iso(year: int, month: int, day: int) -> str | None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _month(name: str) -> int | None:
    folded = normal_form("NFKD", name.casefold())
    return _MONTH.get("".join(c for c in folded if not unicodedata.combining(c)))


def _han_number(text: str) -> str:
    """Chinese day and month numerals as digits: 十二 is 12, 二十五 is 25; a year is read digit by digit."""
    text = re.sub("([二三])十([一二三四五六七八九])", r"\1\2", text)
    text = re.sub("([二三])十", r"\g<1>0", text)
    text = re.sub("十([一二三四五六七八九])", r"1\1", text).replace("十", "10")
    return text.translate(_HAN)


def _numeric(first: int, second: int, year: int, separator: str, day_first: bool | None) -> list[str]:
    """The possible readings of two numbers and a year, the likeliest first."""
    day = _iso(year, second, first)
    month = _iso(year, first, second)
    if separator == "." and day:  # with points the day is always first
        return [day]
    both = [month, day] if day_first is False else [day, month]
    return list(dict.fromkeys(reading for reading in both if reading))


def _is_ahead(iso: str) -> bool:
    """Whether a date lies years ahead, which an invoice's does not."""
    return bool(iso) and int(iso[:4]) >= date.today().year + _AHEAD


def _fast(body: str, day_first: bool | None) -> list[str | None] | None:
    """Readings by the patterns above; None when no pattern matches, [] or [None] when there is no such day."""
    if match := _NUMBERS.fullmatch(body):
        first, second, year = int(match[1]), int(match[3]), _year(match[4])
        readings = _numeric(first, second, year, match[2], day_first)
        if len(match[4]) == 2 and len(match[1]) == 2 and (not readings or _is_ahead(readings[0])):  # 99/01/31
            year_first = _iso(_year(match[1]), second, int(match[4]))
            if year_first and not _is_ahead(year_first):
                day_is_first = readings and (match[2] == "." or day_first is not None)
                return [readings[0], year_first] if day_is_first else [year_first, *readings[:1]]
        return [*readings]
    if match := _YEAR_FIRST.fullmatch(body):
        return [_iso(int(match[1]), int(match[3]), int(match[4]))]
    if match := _CHINESE.fullmatch(body):
        return [_iso(_year(match[1]), int(match[2]), int(match[3]))]
    if match := _COMPACT.fullmatch(body):  # 20180325, or else 25032018
        compact = _iso(int(match[1]), int(match[2]), int(match[3]))
        swapped = _numeric(int(body[:2]), int(body[2:4]), int(body[4:]), "", day_first)
        return [compact] if compact else [*swapped]
    for pattern, (d, m, y) in ((_DAY_NAME, (1, 2, 3)), (_NAME_DAY, (2, 1, 3)), (_YEAR_NAME, (3, 2, 1))):
        if (match := pattern.fullmatch(body)) and (month := _month(match[m])):
            return [_iso(_year(match[y]), month, int(match[d]))]
    return None


_OTHER_LANGUAGES = [
    *("es", "it", "pt", "pl", "cs", "sv", "da", "nb", "fi", "hu", "ro", "tr"),
    *("ru", "uk", "el", "id", "ms", "vi", "ja", "ko", "hr", "sl", "bg"),
]
_OF_LETTERS = (("\u0590", "\u05ff", ["he"]), ("\u0600", "\u06ff", ["ar"]))
"""First and last letter of a script -> the languages to read it in."""


def _languages(text: str) -> list[str]:
    for first, last, languages in _OF_LETTERS:
        if any(first <= letter <= last for letter in text):
            return languages
    return _OTHER_LANGUAGES


@lru_cache(maxsize=4096)
def _slow(body: str) -> str | None:
    """A date in another language by dateparser, accepted only if its day and year are the printed numbers."""
    numbers = [int(number) for number in re.findall("[0-9]+", body)]
    if len(numbers) not in (2, 3) or not re.search(r"[^\W\d_]{3}|[月월]", body) or len(body.split()) > 6:
        return None
    import dateparser

    parsed = dateparser.parse(
        body, languages=_languages(body), settings={"REQUIRE_PARTS": ["day", "month", "year"], "STRICT_PARSING": True}
    )
    if parsed is None:
        return None
    parts = [parsed.day, parsed.year] if len(numbers) == 2 else [parsed.day, parsed.month, parsed.year]
    if sorted(parts) != sorted(numbers):
        return None
    return _iso(parsed.year, parsed.month, parsed.day)


def read(text: str, day_first: bool | None = None, *, quick: bool = False) -> tuple[str | None, str, str | None]:
    """Read a date.

    Args:
        text: what is printed; a time after the date is dropped.
        day_first: how 03/04/2024 is meant, where that is known; None reads the day first and notes it.
        quick: skip the languages that only dateparser reads, which takes a thousand times longer for what is no date.

    Returns:
        (normal, note, other): the ISO date or None when it is refused; why it is refused or what is uncertain; the
        other reading (ISO) when day and month can be swapped.
    """
    body = plain(text)
    if not body:
        return None, "empty", None
    refused = f"{body} is no date"
    if len(body) > 48 or (body.isascii() and not any(c.isdigit() for c in body)):
        return None, refused, None
    core = body.strip("()[] ,;:")
    if "月" in core:
        core = _han_number(core)
    readings = _fast(core, day_first)
    if readings is None:
        core = _POLISH_YEAR.sub("", _TIME.sub("", _BEFORE.sub("", _CHINESE_WEEKDAY.sub("", core)))).strip("()[] ,;:")
        readings = _fast(core, day_first)
    if readings is None:
        readings = [] if quick else [_slow(core)]
    if not readings or readings[0] is None:
        era = next((name for pattern, name in _ERAS if pattern.search(core)), "")
        return None, f"{body} counts its years by {era}, which is not read" if era else refused, None
    if len(readings) == 1:
        return readings[0], "", None
    if _is_ahead(readings[0]) or _is_ahead(readings[1] or ""):
        return (
            readings[0],
            f"the year may stand first or last ({readings[1]}); one of these lies years ahead",
            readings[1],
        )
    note = "" if day_first is not None else f"day and month could be swapped ({readings[1]})"
    return readings[0], note, readings[1]


_BOTH_WAYS = re.compile(r"(?<![0-9])([0-9]{1,2})[/.-]([0-9]{1,2})[/.-](?:[0-9]{4}|[0-9]{2})(?![0-9])")


def day_first_on(texts: Iterable[str]) -> bool | None:
    """Whether a document's dates have the day first, as those say that can be read one way only; None for no such date.

    On a page with 11/17/2017, 11/03/2017 is the third of November.
    """
    pairs = [(int(match[1]), int(match[2])) for text in texts for match in _BOTH_WAYS.finditer(text)]
    day = any(first > 12 >= second for first, second in pairs)
    month = any(second > 12 >= first for first, second in pairs)
    return None if day == month else day
