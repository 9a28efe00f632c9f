"""The rows of a run folder's Parquet files: documents as the worker reads them, predictions as it leaves them.

pyarrow is imported where it is used, so that the terminal's start stays light.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeVar

from storage.exceptions import InputProblem
from storage.records import Split

SPLITS = tuple(split.value for split in Split)


@dataclass(slots=True)
class FrozenDocument:
    """One frozen document. Boxes are thousandths of the page; all word lists have one length."""

    document: int
    name: str
    group: str = ""
    language: str = ""
    page_sizes: list[list[float]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    boxes: list[list[int]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    tags: list[str] | None = None
    pictures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Prediction:
    """What a model thinks of one document.

    `probabilities` are little-endian 16-bit floats, words × labels, row-major; `embedding` is the mean of the
    encoder's last layer over the words; `word_window` the window that decided each word.
    """

    document: int
    split: str
    labels: list[str]
    probabilities: bytes
    embedding: list[float]
    windows: int
    word_window: list[int]
    truncated: bool


def write(path: Path, rows: Iterable[FrozenDocument]) -> None:
    """Write documents as `dataset/<split>.parquet`."""
    import pyarrow as pa

    strings, ints = pa.list_(pa.string()), pa.list_(pa.int32())
    schema = pa.schema(
        {
            "document": pa.int64(),
            "name": pa.string(),
            "group": pa.string(),
            "language": pa.string(),
            "page_sizes": pa.list_(pa.list_(pa.float64())),
            "words": strings,
            "boxes": pa.list_(pa.list_(pa.int32())),
            "lines": ints,
            "pages": ints,
            "confidences": pa.list_(pa.float32()),
            "tags": strings,
            "pictures": strings,
        }
    )
    _write(path, _batched(rows), schema)


def write_predictions(path: Path, predictions: Iterable[Prediction], once: Iterable[str] = ()) -> None:
    """Write `predictions.parquet`, a few documents at a time.

    A row group never holds two splits, so that who wants one split need not read the others. `once` names the fields
    of which a document has one value: how the probabilities are to be read.
    """
    import pyarrow as pa

    schema = pa.schema(
        {
            "document": pa.int64(),
            "split": pa.string(),
            "labels": pa.list_(pa.string()),
            "probabilities": pa.binary(),
            "embedding": pa.list_(pa.float32()),
            "windows": pa.int32(),
            "word_window": pa.list_(pa.int16()),
            "truncated": pa.bool_(),
        },
        metadata={"once": json.dumps(sorted(once))},
    )
    splits = groupby(predictions, key=lambda prediction: prediction.split)
    _write(path, (part for _, some in splits for part in _batched(some)), schema)


def stream(path: Path) -> Iterator[FrozenDocument]:
    """The documents of one Parquet file, a few in memory at a time; none when the file is missing.

    Raises:
        InputProblem: the file is damaged, or a row's word lists differ in length.
    """
    if not path.exists():
        return
    for record in _records(path):
        row = FrozenDocument(**{key: record[key] for key in FrozenDocument.__slots__ if key in record})
        lengths = {len(row.words), len(row.boxes), len(row.lines), len(row.pages)}
        if row.tags is not None:
            lengths.add(len(row.tags))
        if len(lengths) > 1:
            raise InputProblem(f"{path.name}: the word lists of {row.name} differ in length.", "Start the run anew.")
        yield row


def read(path: Path) -> list[FrozenDocument]:
    """The documents of one Parquet file, as `stream` gives them."""
    return list(stream(path))


def count(path: Path) -> int:
    """How many documents a Parquet file has; 0 when it is missing.

    Raises:
        InputProblem: the file is damaged.
    """
    if not path.exists():
        return 0
    with _opened(path) as file:
        number: int = file.metadata.num_rows
        return number


def read_all(folder: Path) -> dict[str, list[FrozenDocument]]:
    """The documents of a run folder by split; every split is a key."""
    return {split: read(source(folder, split)) for split in SPLITS}


def source(folder: Path, split: str) -> Path:
    """The file of a run folder's split."""
    return folder / "dataset" / f"{split}.parquet"


def read_predictions(path: Path) -> Iterator[Prediction]:
    """The predictions of one Parquet file.

    Raises:
        InputProblem: the file is missing or damaged.
    """
    for record in _records(path):
        yield Prediction(**record)


def anchored(row: FrozenDocument, folder: Path) -> FrozenDocument:
    """The row itself, its pictures that stand relative to `folder` made absolute."""
    row.pictures = [str(folder / p) if p and not Path(p).is_absolute() else p for p in row.pictures]
    return row


_Kept = TypeVar("_Kept", FrozenDocument, Prediction)
_TOGETHER = 256  # documents of a row group: a few megabytes


def _batched(found: Iterable[_Kept]) -> Iterator[list[_Kept]]:
    remaining = iter(found)
    while part := list(islice(remaining, _TOGETHER)):
        yield part


def _write(path: Path, parts: Iterable[Sequence[FrozenDocument | Prediction]], schema: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        for part in parts:
            columns = {name: [getattr(one, name) for one in part] for name in schema.names}
            writer.write_table(pa.table(columns, schema=schema))
    draft.replace(path)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise InputProblem(
            f"{path} cannot be read: {error}", "The run folder is damaged: start the run anew."
        ) from error


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=64):
            yield from batch.to_pylist()
