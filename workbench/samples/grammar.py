"""Random text from small grammars: names, addresses, goods, numbers.

A rule is a list of alternatives. In an alternative `<name>` stands for another rule, `#` for a digit, `%` for a
digit from 1 to 9, `@` for a capital letter, `~` for the at sign; `^` before one of these signs stands for the sign
itself, and everything else is text. `|` is kept, as a line break for the caller.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random

Rules = Mapping[str, Sequence[str]]

_PART = re.compile(r"<(\w+)>|\^([#%@~])|([#%@~])")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def words(text: str, separator: str | None = None) -> list[str]:
    """The alternatives in a line of text, between spaces or another separator."""
    return text.split(separator)


_STARTS = words("b br c ch cl d dr f g gr h j k kl l m n p pr r s sh st t tr v w z")
_VOWELS = words("a e i o u ai au ea ei ia io oo")
_ENDS = ["", "", "", "n", "r", "l", "s", "x", "m", "t", "nd", "ck", "ng"]


@lru_cache(maxsize=20_000)
def _parts(alternative: str) -> tuple[tuple[str, str], ...]:
    """(kind, text) pieces: kind "" is text, "<" a rule, otherwise the placeholder itself."""
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _PART.finditer(alternative):
        if match.start() > end:
            parts.append(("", alternative[end : match.start()]))
        parts.append(("<", match[1]) if match[1] else ("", match[2]) if match[2] else (match[3], ""))
        end = match.end()
    if end < len(alternative):
        parts.append(("", alternative[end:]))
    return tuple(parts)


def invented(rng: Random) -> str:
    """A word that sounds like a name and is in no dictionary, so that models cannot memorise names."""
    pick = rng.random
    word = "".join(
        _STARTS[int(pick() * len(_STARTS))] + _VOWELS[int(pick() * len(_VOWELS))] for _ in range(1 + int(pick() * 2.4))
    )
    return (word + _ENDS[int(pick() * len(_ENDS))]).capitalize()


def expand(rng: Random, rules: Rules, text: str) -> str:
    """`text` with its placeholders filled in.

    Raises:
        KeyError: the text names a rule that does not exist.
    """
    out: list[str] = []
    pick = rng.random
    for kind, value in _parts(text):
        if not kind:
            out.append(value)
        elif kind == "<":
            if value == "inv":
                out.append(invented(rng))
            else:
                choices = rules[value]
                out.append(expand(rng, rules, choices[int(pick() * len(choices))]))
        elif kind == "#":
            out.append("0123456789"[int(pick() * 10)])
        elif kind == "~":
            out.append("@")
        elif kind == "%":
            out.append("123456789"[int(pick() * 9)])
        else:
            out.append(_LETTERS[int(pick() * len(_LETTERS))])
    return "".join(out)
