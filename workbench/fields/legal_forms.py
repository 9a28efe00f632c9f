"""The legal forms of companies, as they stand in their names: the list of them, and the patterns made of it. Pure.

The patterns differ in the forms they take. A form that is an abbreviation of something else too ("AG", "AS", "SA") is
looked for where a name is expected; a line of an address is refused for those alone that are nothing else.
"""

import re
from collections.abc import Iterable, Sequence

# A dot where letters may have one between them: "b.v" is B.V., BV or B. V.
_SURE_AND_LAST = ("bhd", "gmbh", "ltd", "llc", "inc", "b.v")
SURE = ("sdn", *_SURE_AND_LAST)
"""Forms that are nothing else, wherever they stand."""
_SOUTHERN = ("s.r.l", "s.r.l.s", "s.n.c", "s.p.a", "s.l", "s.l.u", "s.a.u")
ENDING = (*_SURE_AND_LAST, *_SOUTHERN, "ohg", "kg", "e.k", "llp", "plc", "o.o", "sp.j")
"""Forms that are the last word of a name: what follows them is no part of it."""
USUAL = (
    *("sdn", *ENDING, "pte", "ag", "ug", "haftungsbeschränkt", "m.b.h", "gbr", "kgaa", "corp"),
    *("s.a", "s.a.r.l", "sasu", "n.v", "v.o.f"),
)
"""Forms by which a piece of a line is known as a company's name."""
ALL = (
    *(*USUAL, "pty", "a.g", "e.v", "e.g", "limited", "s.a.s", "sàrl", "eurl", "sp.z.o.o", "sp.k"),
    *("oy", "ab", "a/s", "aps", "as", "lda", "kft", "s.r.o"),
)


def spelled(forms: Iterable[str], between: str = r"\.?") -> str:
    """A pattern of any of the forms, with what may stand between letters that may have a dot."""
    return "|".join(form.replace(".", between) for form in forms)


LEGAL = re.compile(r"\b(?:" + spelled(ALL, r"\.? ?") + r")\b\.?|公司", re.IGNORECASE)
LEGAL_AT_END = re.compile(rf"(?:{LEGAL.pattern})\W*$", re.IGNORECASE)
_IN_PARTS = re.compile(
    r"sdn\.?\|(?:bhd|berhad)\W*|(?:pte|pty)\.?\|(?:ltd|limited)\W*|gmbh\|& ?co\.? ?(?:kg|ohg)\W*", re.IGNORECASE
)
"""Forms of several words: the first one, which ends no name, and the rest."""
_LONGEST_REST = 3  # words


def rest_behind(last: str, following: Sequence[str]) -> int:
    """How many words behind a name belong to a legal form that its last word begins: of "… SDN" the next one, "BHD".

    Args:
        last: word of a name.
        following: the words behind it in its line.
    """
    counts = range(1, min(_LONGEST_REST, len(following)) + 1)
    return next((n for n in counts if _IN_PARTS.fullmatch(f"{last}|{' '.join(following[:n])}")), 0)
