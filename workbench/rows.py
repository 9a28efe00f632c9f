"""The rows of a run folder's Parquet files: documents as the worker reads them, predictions as it leaves them.

pyarrow is imported where it is used, so that the terminal's start stays light.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Split

SPLITS = tuple(split.value for split in Split)


@dataclass(slots=True)
class Row:
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


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write documents as `dataset/<split>.parquet`."""
    import pyarrow as pa

    strings, ints = pa.list_(pa.string()), pa.list_(pa.int32())
    _write(
        path,
        [asdict(row) for row in rows],
        pa.schema(
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
        ),
    )


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write `predictions.parquet`."""
    import pyarrow as pa

    _write(
        path,
        [asdict(prediction) for prediction in predictions],
        pa.schema(
            {
                "document": pa.int64(),
                "split": pa.string(),
                "labels": pa.list_(pa.string()),
                "probabilities": pa.binary(),
                "embedding": pa.list_(pa.float32()),
                "windows": pa.int32(),
                "word_window": pa.list_(pa.int16()),
                "truncated": pa.bool_(),
            }
        ),
    )


def read(path: Path) -> list[Row]:
    """The documents of one Parquet file; none when the file is missing.

    Raises:
        InputProblem: the file is damaged, or a row's word lists differ in length.
    """
    if not path.exists():
        return []
    rows = [Row(**{key: record[key] for key in Row.__slots__ if key in record}) for record in _records(path)]
    for row in rows:
        lengths = {len(row.words), len(row.boxes), len(row.lines), len(row.pages)}
        if row.tags is not None:
            lengths.add(len(row.tags))
        if len(lengths) > 1:
            raise InputProblem(f"{path.name}: the word lists of {row.name} differ in length.", "Start the run anew.")
    return rows


def read_all(folder: Path) -> dict[str, list[Row]]:
    """The documents of a run folder by split; every split is a key."""
    return {split: read(folder / "dataset" / f"{split}.parquet") for split in SPLITS}


def read_predictions(path: Path) -> Iterator[Prediction]:
    """The predictions of one Parquet file.

    Raises:
        InputProblem: the file is missing or damaged.
    """
    for record in _records(path):
        yield Prediction(**record)


def portable(rows: Sequence[Row], folder: Path) -> list[Row]:
    """The rows with pictures that stand relative to `folder` made absolute."""
    for row in rows:
        row.pictures = [str(folder / p) if p and not Path(p).is_absolute() else p for p in row.pictures]
    return list(rows)


def _write(path: Path, records: list[dict[str, Any]], schema: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    pq.write_table(pa.Table.from_pylist(records, schema=schema), draft, compression="zstd")
    draft.replace(path)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        for batch in file.iter_batches(batch_size=64):
            yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputProblem(
            f"{path} cannot be read: {error}", "The run folder is damaged: start the run anew."
        ) from error
