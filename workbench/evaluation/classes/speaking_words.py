"""`words.jsonl` of a run's folder: which words of a misjudged document speak for what it was taken for.

A line a document and option: {"document", "split", "option", "weights"}, one weight a word. A weight is by how much the
probability of the option falls when the word is left out: positive where it speaks for the option, -1 to 1.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from storage.files import read_regular, replacing
from workbench.runs.state import RunFolder


@dataclass(frozen=True, slots=True)
class SpeakingWords:
    """The weights of a document's words for an option."""

    document: int
    split: str
    option: str
    weights: tuple[float, ...]


_LINE = msgspec.json.Decoder(SpeakingWords)


def write(folder: Path, documents: Iterable[SpeakingWords]) -> None:
    """Write the file as the documents come; it appears whole or not at all."""
    with replacing(RunFolder(folder).words) as file:
        for row in documents:
            file.write(json.dumps(asdict(row), ensure_ascii=False).encode() + b"\n")


def read(folder: Path, split: str) -> dict[tuple[int, str], tuple[float, ...]]:
    """(document, option) -> weights; empty where the run has none, lines that are damaged are left out."""
    weights = {}
    try:
        lines = read_regular(RunFolder(folder).words).splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            row = _LINE.decode(line)
        except msgspec.DecodeError:
            continue
        if row.split == split:
            weights[row.document, row.option] = row.weights
    return weights
