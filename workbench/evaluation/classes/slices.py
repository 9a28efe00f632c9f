"""Where a classifier does worse: its figures by the length of texts, by language, source and group."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from workbench.runs.parquet import ClassCase

_LENGTHS = ((10, "up to 10 words"), (20, "11 to 20"), (40, "21 to 40"), (100, "41 to 100"))
_LONGER = "over 100"
_LARGE = 5  # documents that a group has on average: smaller ones say nothing


def figures(
    cases: Sequence[ClassCase], brief: Callable[[Sequence[int]], Mapping[str, Any]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Cut (length, language, source, group) -> slice -> documents, accuracy, accuracy_ci95 (Wilson's), f1 (macro).

    A cut that leaves all documents in one slice is left out, and groups are where they are small. The source is the
    file that documents were imported from; where those have few documents each, its folder.

    Args:
        cases: labelled documents.
        brief: the figures (accuracy, f1) of the documents at these positions.
    """
    cuts: dict[str, dict[str, list[int]]] = {"length": {}, "language": {}, "source": {}, "group": {}}
    for name in (*(name for _, name in _LENGTHS), _LONGER):
        cuts["length"][name] = []
    sources = [case.source for case in cases]
    if _are_small(sources):
        sources = [str(PurePosixPath(source).parent) if source else "" for source in sources]
    for position, case in enumerate(cases):
        cuts["length"][_length(len(case.words))].append(position)
        cuts["language"].setdefault(case.language or "unknown", []).append(position)
        cuts["source"].setdefault(sources[position] or "unknown", []).append(position)
        cuts["group"].setdefault(case.group, []).append(position)
    for cut, names in (("source", sources), ("group", [case.group for case in cases])):
        if _are_small(names):
            del cuts[cut]
    shown = {}
    for cut, members in cuts.items():
        used = {name: positions for name, positions in members.items() if positions}
        if len(used) > 1:
            shown[cut] = {name: _slice(brief(positions), len(positions)) for name, positions in used.items()}
    return shown


def _are_small(names: Sequence[str]) -> bool:
    return len(names) < _LARGE * len(set(names))


def _length(words: int) -> str:
    return next((name for most, name in _LENGTHS if words <= most), _LONGER)


def _slice(row: Mapping[str, Any], documents: int) -> dict[str, Any]:
    return {
        "documents": documents,
        "accuracy": row["accuracy"],
        "accuracy_ci95": wilson(row["accuracy"], documents),
        "f1": row["f1"],
    }


def wilson(share: float, number: int) -> list[float]:
    """The 95 % interval of a share of independent documents (Wilson 1927)."""
    z = 1.959964
    middle = share + z * z / (2 * number)
    half = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    whole = 1 + z * z / number
    return [max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)]
