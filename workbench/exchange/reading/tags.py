"""Tags of words (BIO, BIOES, BMES, BILOU and the ways in which tools spell them) as labels."""

import re
from collections.abc import Iterable, Sequence

from workbench.exchange.reading.incoming import IncomingSpan
from workbench.fields import chunks_of
from workbench.fields.schema import repaired_tags

_TAG = re.compile(r"([BIELSUbielsu])-(.+)", re.DOTALL)
_SHAPES = {
    "I_NAME": re.compile(r"(?P<prefix>[BIMELSUW])[-_:/](?P<name>.+)", re.DOTALL),
    "NAME-I": re.compile(r"(?P<name>.+)[-_](?P<prefix>[BIELSU])", re.DOTALL),
}
_USUAL = {"M": "I", "W": "S"}  # of BMES and BMEWO: middle, whole
_OUTSIDE = frozenset({"", "O", "o", "_"})
IGNORED = -100
"""The number of a tag that training ignores (the rest of a word in a data set of sub-tokens)."""


def shape_of(tags: Iterable[str]) -> str:
    """How a file spells its tags: "" for the usual B-NAME, else a key of the other shapes, if all of them agree.

    A shape is believed where both a begin and a continuation of one name occur, or every tag of several has it.
    """
    distinct = {tag for tag in tags if tag not in _OUTSIDE}
    if not distinct or all(_TAG.fullmatch(tag) for tag in distinct):
        return ""
    for name, pattern in _SHAPES.items():
        matches = [match for tag in distinct if (match := pattern.fullmatch(tag))]
        if len(matches) < len(distinct):
            continue
        prefixes: dict[str, set[str]] = {}
        for match in matches:
            prefixes.setdefault(match["name"], set()).add(match["prefix"])
        if any(len(letters) > 1 for letters in prefixes.values()) or (
            name == "NAME-I" and len(matches) > 1 and {match["prefix"] for match in matches} <= set("BI")
        ):
            return name
    return ""


def usual(tags: Sequence[str], shape: str) -> list[str]:
    """Tags of a shape in the usual spelling."""
    pattern = _SHAPES.get(shape)
    if pattern is None:
        return list(tags)
    spelled = []
    for tag in tags:
        match = pattern.fullmatch(tag)
        spelled.append(f"{_USUAL.get(match['prefix'], match['prefix'])}-{match['name']}" if match else tag)
    return spelled


def spans_of_tags(tags: Sequence[str], shape: str = "") -> tuple[list[IncomingSpan], int]:
    """Spans of BIO (BIOES, BILOU) tags, and how many tags had to be repaired.

    Plain names without a prefix are read too: neighbours of one name are one span.
    """
    normal: list[str] = []
    before = "O"
    for tag in usual(tags, shape):
        if tag in _OUTSIDE:
            normal.append("O")
        elif match := _TAG.fullmatch(tag):
            normal.append(f"{match[1].upper()}-{match[2]}")
        else:
            normal.append(f"{'I' if tag == before else 'B'}-{tag}")
        before = tag
    spans = [IncomingSpan(name, tuple(range(start, stop))) for name, start, stop in chunks_of(normal)]
    return spans, repaired_tags(normal)
