"""`suggestions.jsonl` of a run's folder: what the worker proposes for the documents of the pool, a document a line."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from storage.files import replacing
from workbench.runs import parquet
from workbench.runs.state import RunFolder

Proposal = tuple[str, tuple[int, ...], float]
"""A field, the words of its value, and the confidence (0..1)."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """The proposals for one document; its name and number of words tell whether a document here is the same."""

    document: int
    name: str
    words: int
    proposals: list[Proposal]


def write(folder: Path, suggested: Iterable[Suggested]) -> None:
    """Write the file as the documents come; it appears whole or not at all."""
    with replacing(RunFolder(folder).suggestions) as file:
        for row in suggested:
            file.write(json.dumps(asdict(row), ensure_ascii=False).encode() + b"\n")


def read(folder: Path) -> list[Suggested]:
    """The suggestions for a run's pool; none where the run is of an older version, which stored none.

    Raises:
        InputProblem: the predictions or the pool that they are made from are damaged.
    """
    parquet.check_predictions(folder, "pool")
    path = RunFolder(folder).suggestions
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    return [
        Suggested(r["document"], r["name"], r["words"], [(f, tuple(words), sure) for f, words, sure in r["proposals"]])
        for r in records
    ]
