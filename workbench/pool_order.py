"""The order in which undecided documents come while `order` is "live": the most useful first, as the learner sees it.

The learner writes a file after every label; the list of documents reads it when it goes on. Without the file, and for
documents that are not in it, the order is that of the list.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from storage.files import read_regular, write_atomic

LIST, LIVE = "list", "live"
ORDERS = (LIST, LIVE)
MOST = 1000
"""Documents in the file: after every label there is a new one."""


class _Order(msgspec.Struct):
    documents: list[int] = []


def read(path: Path) -> list[int]:
    """Documents, the most useful first; none where there is no file, or it is damaged."""
    try:
        return msgspec.json.decode(read_regular(path), type=_Order).documents
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def write(path: Path, documents: Sequence[int]) -> None:
    """Replace the order as a whole; only its beginning is kept.

    Raises:
        WorkspaceProblem: the disk is full, or the folder cannot be written.
    """
    write_atomic(path, msgspec.json.encode(_Order(list(documents[:MOST]))))


def arranged(documents: Sequence[int], order: Iterable[int]) -> list[int]:
    """Documents, those of the order first; the others stay in theirs."""
    known = set(documents)
    first = dict.fromkeys(number for number in order if number in known)
    return [*first, *(number for number in documents if number not in first)]


def sentence(order: str, *, has_learner: bool) -> str:
    """What it means that this order is chosen."""
    if order == LIST:
        return "Documents come as they are listed."
    if not has_learner:
        return "Live order needs the learner, which is off (learner = false in workbench.toml)."
    return "Live order: after every label the document that the learner is least sure of comes next."
