"""Texts of documents in few characters, for the lines at the foot of the screen. Pure."""

import re

_DATES, _VALUE, _ADDED = (
    re.compile(r" [0-9]{4}-[0-9]{2}-[0-9]{2}"),
    re.compile(r"^\S+ is (?=no )"),
    re.compile(r"Net \S+ \+ tax \S+ ="),
)
_AT_THE_END = re.compile(r"[,;]+$|(?<=[0-9])\.$")  # of a sentence, not of the value


def short(text: str, most: int = 28) -> str:
    """A text in so many characters, the beginning and the end of a longer one."""
    text = _AT_THE_END.sub("", text) or text
    if len(text) <= most:
        return text
    end = most // 2  # both ends are seen: words are added and dropped at either
    return f"{text[: most - 1 - end]}…{text[-end:]}"


def told_apart(text: str, other: str, most: int, most_other: int) -> tuple[str, str]:
    """Two texts in so many characters; where what is left out is all that tells them apart, that is what stays."""
    shown, shown_other = short(text, most), short(other, most_other)
    kept = min(most, most_other) // 2 - 1  # characters that both show at either end
    if text == other or text[:kept] != other[:kept] or text[-kept:] != other[-kept:]:
        return shown, shown_other
    if "…" not in shown + shown_other:
        return shown, shown_other
    differs = next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    begin = text.rfind(" ", 0, differs) + 1  # of the first word that differs
    if differs - begin >= kept:
        begin = differs - 1
    return _from_character(text, begin, most), _from_character(other, begin, most_other)


def _from_character(text: str, begin: int, most: int) -> str:
    """A text from some character on, in so many characters."""
    part = f"…{text[begin:]}" if begin else text
    return part if len(part) <= most else f"{part[: most - 1].rstrip()}…"


def reasons(message: str) -> tuple[str, ...]:
    """Why a value does not fit, as it is said, and in ever fewer words."""
    whole = message.rstrip(".")
    first = whole.partition(": ")[0]
    brief = re.sub(r", but the \w+ is ", ", not ", first)
    fewest = _ADDED.sub("Net + tax =", _VALUE.sub("", _DATES.sub("", brief)))
    return tuple(dict.fromkeys((whole, first, brief, fewest)))
