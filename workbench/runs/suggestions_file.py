"""`suggestions.jsonl` of a run's folder: what the worker proposes for the documents of the pool, a document a line."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from storage import label_queries
from storage.exceptions import InputProblem
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

    def __post_init__(self) -> None:
        for field, words, sure in self.proposals:
            if not (words and min(words) >= 0 and max(words) < self.words and 0 <= sure <= 1):
                raise ValueError(f"a value of {field[:60]!r} is of words that {self.name[:60]!r} does not have")


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
    try:
        with path.open("rb") as file:
            return [_DECODER.decode(line) for line in iter(partial(file.readline, _LONGEST_LINE), b"")]
    except (OSError, ValueError, RecursionError) as error:  # msgspec's are ValueErrors
        raise InputProblem(
            f"{path} is damaged: {str(error)[:200]}.", "Resume the run, or copy its folder again."
        ) from error


def of_same_words(connection: Connection, folder: Path, pool: Sequence[Suggested]) -> list[Suggested]:
    """Those whose document here still has the words that were read; a run from another workspace counts otherwise.

    Of folders of older versions, which keep no digest, those with the same name and as many words.

    Raises:
        InputProblem: the pool's file is damaged.
    """
    ids = [row.document for row in pool]
    lengths, digests = label_queries.lengths(connection, ids), label_queries.digests(connection, ids)
    path, read = RunFolder(folder).dataset("pool"), dict[int, int | None]()
    if path.is_file():
        read = {row["document"]: row.get(parquet.DIGEST) for row in parquet.rows(path, ["document", parquet.DIGEST])}
    return [
        row
        for row in pool
        if lengths.get(row.document) == (row.name, row.words)
        and read.get(row.document) in (None, digests.get(row.document))
    ]


_LONGEST_LINE = 64 << 20  # bytes; a document of ten thousand words has less than one million
_DECODER = msgspec.json.Decoder(Suggested)
