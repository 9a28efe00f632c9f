"""Texts that are shown: those from files made harmless for terminals and pages, and numbers with their nouns."""

import re
import shlex
import unicodedata
from typing import Literal

_LINE_ENDS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# Control characters (escape sequences begin with one), and what turns the direction of all text after it.
_HARMFUL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PASSWORD = re.compile(
    r"(\w[\w+.-]*:/+[^\s:/@'\"]*):[^\s/'\"]+@"
)  # up to the last @: an unescaped one may be part of it
_PASSWORD_SETTING = re.compile(r"((?:password|passwd|pwd)\s*=\s*)('[^']*'|\"[^\"]*\"|[^\s&'\"]+)", re.IGNORECASE)
_MOST_MARKS = 30
"""On one letter, as in Unicode's stream-safe text: sorting longer runs takes the square of their length."""
_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{_MOST_MARKS + 1}}}")
"""A run that may be of marks: they are no letters."""
_REPLACED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
_ANY = re.compile(rf"{_LINE_ENDS.pattern}|{_HARMFUL.pattern}")
_WIDTHS = ("<wide", "<narr")
_ANY_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """A text of one line that can be stored and shown.

    Line ends become spaces. Control characters and those that turn the direction of writing become �, half a surrogate
    pair, which file names and JSON can hold but no database, a question mark.
    """
    if text.isascii() and text.isprintable():
        return text
    plain = text.encode("utf-8", "replace").decode()
    return _HARMFUL.sub("\ufffd", _LINE_ENDS.sub(" ", plain)) if _ANY.search(plain) else plain


def has_controls(text: str) -> bool:
    """Whether `harmless` replaces characters other than line ends and halves of surrogate pairs."""
    return not text.isprintable() and _REPLACED.search(text) is not None


def normal_form(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """`unicodedata.normalize` in time that grows with the text: what `with_few_marks` leaves out is left out."""
    return text if text.isascii() else unicodedata.normalize(form, with_few_marks(text))


def in_one_form(name: str) -> str:
    """A name with its accents composed and its full-width and half-width letters as usual ones.

    Superscripts, fractions and ligatures stay: m² is not m2.
    """
    if name.isascii():
        return name
    usual = (
        unicodedata.normalize("NFKC", letter) if unicodedata.decomposition(letter)[:5] in _WIDTHS else letter
        for letter in name
    )
    return normal_form("NFC", "".join(usual))


def with_few_marks(text: str) -> str:
    """A text without the marks beyond 30 on one letter."""
    if text.isascii() or not _MARKS.search(text):
        return text
    kept: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= _MOST_MARKS:
            kept.append(letter)
    return text if len(kept) == len(text) else "".join(kept)


def harmless_lines(text: str) -> str:
    """Output of several lines with such characters replaced; line ends and tabs stay."""
    return _ANY_BUT_LINES.sub("\ufffd", text.encode("utf-8", "replace").decode())


def as_argument(path: object) -> str:
    """A path in a command that is shown, as a shell takes it."""
    return shlex.quote(str(path))


def for_markdown(text: str) -> str:
    """A text of one line for a Markdown page: it can be no tag, no column of a table, no code and no link."""
    escaped = harmless(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`|*\[\]])", r"\\\1", escaped)


def without_passwords(text: str) -> str:
    """A text about an address, as errors quote it, with the password replaced by ***."""
    return _PASSWORD_SETTING.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 run", "2 runs", "1,200 documents".

    Args:
        plural: of the noun; by default the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def share_done(done: int, total: int) -> str:
    """A share in percent; "100%" is said only of all."""
    return f"{done / total if done == total else min(done / total, 0.99):.0%}"
