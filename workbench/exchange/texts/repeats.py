"""Texts that repeat another, word for word or nearly: they join its group, so that a split keeps them on one side.

Nearly the same are texts that share most words. They are looked for by minwise hashing of their pairs of neighbouring
words (Broder 1997), in bands of three, and confirmed by comparing the words. numpy is loaded for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any
from zlib import crc32

from storage import import_index
from storage.import_index import TextStanding
from storage.records import Side
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK = 50_000  # texts whose words are hashed at once
_ENOUGH_WORDS = 6  # with fewer, different texts share most words
_NEAR = 0.8  # overlap of words (Jaccard)
_BANDS, _ROWS = 5, 3  # texts that share 0.8 of their pairs have a band in common in 97 of 100 cases, 0.3 in 13
_LISTED = 1000
_LETTERS = bytes(c if c >= 128 or chr(c).isalnum() else 32 for c in range(256))


@dataclass
class Repeats:
    """What was found among the texts of an import; lists have the first thousand entries.

    Attributes:
        same: texts that repeat another word for word.
        near: texts that are nearly another.
        listed: (text, the text that it repeats), by name.
        conflicts: (text, the text that it repeats, field id, its classes, those of the other).
        torn: texts that an order put on another side than the text that they repeat.
    """

    same: int = 0
    near: int = 0
    listed: list[tuple[str, str]] = field(default_factory=list)
    conflict_count: int = 0
    conflicts: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    torn: int = 0


@dataclass
class Signatures:
    """What texts are compared by; 56 bytes a text."""

    ids: "NDArray[Any]"
    exact: "NDArray[Any]"
    bands: "NDArray[Any]"  # texts × bands; 0 where a text has too few words


def settle(workspace: Workspace, new: Sequence[Signatures], last_before: int, *, keep_sides: bool) -> Repeats:
    """Put texts that repeat an earlier one into its group and on its side.

    Args:
        new: of the texts of the import, in their order.
        last_before: the last document before the import; what is counted came after it.
        keep_sides: the texts were put on their sides by order.
    """
    with workspace.db.read() as connection:
        signatures = _joined([*_read(import_index.text_bodies(connection, last_before)), *new])
        leader_of, exact = _leaders(signatures, lambda ids: import_index.bodies(connection, ids))
        members = {m for m, _ in leader_of.items()} | set(leader_of.values())
        standings = import_index.text_standings(connection, sorted(members))
    outcome = Repeats()
    changes: list[tuple[int, int, str, Side]] = []
    for number in sorted(leader_of):
        own, leader = standings[number], standings[leader_of[number]]
        is_torn = keep_sides and number > last_before and own.side != leader.side
        if own.repeats is None:
            changes.append((number, leader.id, leader.group, own.side if is_torn else leader.side))
        if number > last_before:
            outcome.torn += is_torn
            _count(outcome, own, leader, number in exact)
    if changes:
        with workspace.db.write() as connection:
            import_index.keep_repeats(connection, changes)
    return outcome


def _count(outcome: Repeats, own: TextStanding, leader: TextStanding, is_exact: bool) -> None:
    outcome.same += is_exact
    outcome.near += not is_exact
    if len(outcome.listed) < _LISTED:
        outcome.listed.append((own.name, leader.name))
    for field_id in own.classes.keys() & leader.classes.keys() if is_exact else ():
        if own.classes[field_id] != leader.classes[field_id]:
            outcome.conflict_count += 1
            if len(outcome.conflicts) < _LISTED:
                here, there = (", ".join(sorted(standing.classes[field_id])) for standing in (own, leader))
                outcome.conflicts.append((own.name, leader.name, field_id, here, there))


def _read(bodies: Iterator[tuple[int, str]]) -> Iterator[Signatures]:
    chunk: list[tuple[int, str]] = []
    for row in bodies:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield signatures_of(chunk)
            chunk = []
    yield signatures_of(chunk)


def _joined(parts: Sequence[Signatures]) -> Signatures:
    import numpy as np

    return Signatures(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.exact for part in parts]),
        np.concatenate([part.bands for part in parts]),
    )


def _words(body: str) -> list[bytes]:
    return body.encode("utf-8", "replace").translate(_LETTERS).split()


def signatures_of(chunk: Sequence[tuple[int, str]]) -> Signatures:
    """The signatures of (document, case-folded words)."""
    import numpy as np

    listed = [_words(body) for _, body in chunk]
    exact = np.fromiter((hash(tuple(words)) for words in listed), np.int64, len(listed))
    bands = np.zeros((len(listed), _BANDS), np.uint64)
    long = [number for number, words in enumerate(listed) if len(words) >= _ENOUGH_WORDS]
    if long:
        lengths = np.fromiter((len(listed[number]) for number in long), np.int64, len(long))
        hashed = chain.from_iterable(map(crc32, listed[number]) for number in long)
        words = np.fromiter(hashed, np.uint64, int(lengths.sum()))
        ends = np.cumsum(lengths)
        is_pair = np.ones(len(words), bool)
        is_pair[ends - 1] = False  # the last word of a text has no neighbour
        pairs = (words * np.uint64(0x9E3779B97F4A7C15) + np.roll(words, -1) * np.uint64(0xC2B2AE3D27D4EB4F))[is_pair]
        pairs ^= pairs >> np.uint64(29)
        starts = ends - lengths - np.arange(len(long))
        random = np.random.default_rng(0)
        for band in range(_BANDS):
            key = np.zeros(len(long), np.uint64)
            for _ in range(_ROWS):
                factor, term = (np.uint64(number | 1) for number in random.integers(1 << 62, size=2))
                mixed = pairs * factor + term
                mixed ^= mixed >> np.uint64(32)
                key = key * np.uint64(0x100000001B3) + np.minimum.reduceat(mixed, starts)
            bands[long, band] = key | np.uint64(1)
    return Signatures(np.fromiter((number for number, _ in chunk), np.int64, len(chunk)), exact, bands)


def _leaders(signatures: Signatures, bodies_of: Any) -> tuple[dict[int, int], set[int]]:
    """(text -> the first text that it repeats, those that do so word for word)."""
    import numpy as np

    ids = signatures.ids
    follows = np.arange(len(ids))
    for member, first in _runs(signatures.exact):
        follows[member] = first
    exact = {int(ids[member]) for member in np.flatnonzero(follows != np.arange(len(ids)))}
    for band in range(_BANDS):
        free = np.flatnonzero((follows == np.arange(len(ids))) & (signatures.bands[:, band] > 0))
        pairs = [(int(free[a]), int(free[b])) for a, b in _runs(signatures.bands[free, band])]
        for start in range(0, len(pairs), _CHUNK):
            part = pairs[start : start + _CHUNK]
            words = {
                number: frozenset(_words(body))
                for number, body in bodies_of({int(ids[number]) for pair in part for number in pair}).items()
            }
            for member, first in part:
                own, other = words[int(ids[member])], words[int(ids[first])]
                if len(own & other) >= _NEAR * len(own | other):
                    follows[member] = first
    leader_of: dict[int, int] = {}
    for member in np.flatnonzero(follows != np.arange(len(ids))).tolist():
        leader = int(follows[member])
        while follows[leader] != leader:
            leader = int(follows[leader])
        leader_of[int(ids[member])] = int(ids[leader])
    return leader_of, exact


def _runs(keys: "NDArray[Any]") -> Iterator[tuple[int, int]]:
    """(position, first position with the same key) of every position but the first ones."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    same = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    first = -1
    before = -2
    for place in same.tolist():
        if place != before + 1:
            first = int(order[place - 1])
        before = place
        yield int(order[place]), first
