"""The legal forms of companies, as they stand in their names: the list of them, and the patterns made of it. Pure.

The patterns differ in the forms they take. A form that is an abbreviation of something else too ("AG", "AS", "SA") is
looked for where a name is expected; a line of an address is refused for those alone that are nothing else.
"""

import re
from collections.abc import Iterable

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
