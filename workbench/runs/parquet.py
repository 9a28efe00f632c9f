"""The Parquet files of a run's folder: documents as the worker reads them, predictions as it leaves them.

pyarrow is imported where it is used, so that the terminal's start stays light.
"""

import dataclasses
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeVar

from storage.exceptions import InputProblem
from storage.files import replacing
from storage.records import Split
from workbench.runs.state import RunFolder, regular

SPLITS = tuple(split.value for split in Split)

REFERENCES, SOURCE, DIGEST = "references", "source", "digest"
"""Columns that older folders lack: known values, JSON {field: value}; file and folder; `label_queries.digests`."""

TOKENS, CLASSES = "tokens", "classes"
"""The tasks. `classes` is also the column of class labels: options of the field, null where there is none."""

_OPTIONAL = frozenset({REFERENCES, SOURCE, CLASSES, DIGEST})
"""Columns that a file may lack."""
_COPY = "Copy the run folder again, or run it again."


@dataclass(slots=True)
class FrozenDocument:
    """A row of `dataset/<split>.parquet`. Boxes are thousandths of the page; all word lists have one length."""

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
    references: str = "{}"  # JSON {field: value}
    classes: list[str] | None = None
    source: str = ""  # the file that it was imported from, with its folder
    digest: int | None = None

    def anchor(self, folder: Path) -> "FrozenDocument":
        """The row itself, its pictures that stand relative to the run's folder made absolute."""
        self.pictures = [str(folder / p) if p and not Path(p).is_absolute() else p for p in self.pictures]
        return self


@dataclass(slots=True)
class Prediction:
    """A row of `predictions.parquet`: a model's prediction for a document.

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


def _dataset_schema() -> Any:
    import pyarrow as pa

    strings, ints = pa.list_(pa.string()), pa.list_(pa.int32())
    return pa.schema(
        {
            "document": pa.int64(), "name": pa.string(), "group": pa.string(), "language": pa.string(),
            "page_sizes": pa.list_(pa.list_(pa.float64())), "words": strings, "boxes": pa.list_(pa.list_(pa.int32())),
            "lines": ints, "pages": ints, "confidences": pa.list_(pa.float32()), "tags": strings, "pictures": strings,
            REFERENCES: pa.string(), CLASSES: strings, SOURCE: pa.string(), DIGEST: pa.int64(),
        }
    )  # fmt: skip


def _predictions_schema(once: Iterable[str], task: str) -> Any:
    import pyarrow as pa

    return pa.schema(
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
        metadata={"once": json.dumps(sorted(once)), "task": task},
    )


def write(path: Path, documents: Iterable[FrozenDocument]) -> None:
    """Write documents as `dataset/<split>.parquet`, a few in memory at a time; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        _write(file, _batched(documents), _dataset_schema())


def write_predictions(
    path: Path, predictions: Iterable[Prediction], once: Iterable[str] = (), task: str = TOKENS
) -> None:
    """Write `predictions.parquet`, a few documents at a time.

    A row group never holds two splits, so that one split can be read without the others. `once` names the fields
    of which a document has one value: how the probabilities are to be read. Those of the task `CLASSES` are of
    options, one row for the whole document.

    Raises:
        OSError: the disk is full; or whatever `predictions` raises. The old file is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    splits = groupby(predictions, key=lambda prediction: prediction.split)
    _write(draft, (part for _, rows in splits for part in _batched(rows)), _predictions_schema(once, task))
    draft.replace(path)


_Row = TypeVar("_Row", FrozenDocument, Prediction)
ROW_GROUP = 256  # documents: a few megabytes


def _batched(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    remaining = iter(rows)
    while part := list(islice(remaining, ROW_GROUP)):
        yield part


def _write(target: Any, parts: Iterable[Sequence[FrozenDocument | Prediction]], schema: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for part in parts:
            columns = {name: [getattr(row, name) for row in part] for name in schema.names}
            writer.write_table(pa.table(columns, schema=schema))


def stream(path: Path) -> Iterator[FrozenDocument]:
    """The documents of one file, a few in memory at a time; none when the file is missing.

    Raises:
        InputProblem: the file is damaged, or a row's word lists differ in length.
    """
    if not path.exists():
        return
    for table in tables(path, [column.name for column in dataclasses.fields(FrozenDocument)]):
        for record in rows_of(table):
            row = FrozenDocument(**record)
            lengths = {len(row.words), len(row.boxes), len(row.lines), len(row.pages)}
            if row.tags is not None:
                lengths.add(len(row.tags))
            if len(lengths) > 1:
                raise InputProblem(
                    f"{path.name}: the word lists of {row.name} differ in length.", "Start the run anew."
                )
            yield row


def read(path: Path) -> list[FrozenDocument]:
    """The documents of one file, as `stream` gives them."""
    return list(stream(path))


def count(path: Path) -> int:
    """How many documents a file has; 0 when it is missing.

    Raises:
        InputProblem: the file is damaged.
    """
    if not path.exists():
        return 0
    with opened(path) as file:
        return int(file.metadata.num_rows)


def once(path: Path) -> frozenset[str]:
    """The fields of which a document has one value, as `write_predictions` was given them; none in older files.

    Raises:
        InputProblem: the file is missing or damaged.
    """
    with opened(path) as file:
        names = json.loads((file.schema_arrow.metadata or {}).get(b"once", b"[]"))
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def task_of(path: Path) -> str:
    """Which task predictions are of: `TOKENS` or `CLASSES`.

    Raises:
        InputProblem: the file is missing or damaged.
    """
    with opened(path) as file:
        return str((file.schema_arrow.metadata or {}).get(b"task", TOKENS.encode()), "ascii")


def check_predictions(folder: Path, split: str, task: str = TOKENS) -> None:
    """See that a split's documents and predictions are there and whole, without reading them.

    Raises:
        InputProblem: there are no predictions, they are of another task, or a file is damaged.
    """
    run = RunFolder(folder)
    if not run.predictions.is_file():
        raise InputProblem(f"Run {folder.name} has no stored predictions.", "Wait for the run to end, or resume it.")
    if task_of(run.predictions) != task:
        what = "tells what whole documents are" if task == TOKENS else "reads fields"
        remedy = "`workbench evaluate`, `predict` and `runs` work with it; choose another run here."
        raise InputProblem(f"Run {folder.name} {what}: this is not for it.", remedy)
    count(run.dataset(split))


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file as a `pyarrow.parquet.ParquetFile`.

    Raises:
        InputProblem: it is missing or damaged, also where that only shows when it is read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # `read_table`, `empty_table`, and any filter of Arrow's own would import pandas: half a second
        with pq.ParquetFile(regular(path), memory_map=True) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, RecursionError) as error:  # UTF-8 and JSON, too
        raise InputProblem(f"{path.name} cannot be read: {error}", _COPY) from error


def tables(path: Path, columns: Sequence[str], split: str | None = None) -> Iterator[Any]:
    """Columns of a file as Arrow tables, a row group in memory at a time; first a table without rows.

    Args:
        path: of documents or predictions.
        columns: in any order; `references`, `source` and `classes` may be missing in the file.
        split: only the predictions of this one.

    Raises:
        InputProblem: the file is missing or damaged, or has not these columns.
    """
    import pyarrow as pa

    with opened(path) as file:
        names = file.schema_arrow.names
        present = [name for name in columns if name not in _OPTIONAL or name in names]
        wanted = present if split is None else [*present, "split"]
        if missing := set(wanted).difference(names):
            raise InputProblem(f"{path.name} cannot be read: it has no {', '.join(sorted(missing))}.", _COPY)
        yield _typed(pa.Table.from_batches([], file.schema_arrow).select(present))
        for number in range(file.num_row_groups):
            if split is None or _may_hold(file.metadata.row_group(number), split):
                group = file.read_row_group(number, wanted)
                group.validate(full=True)  # a text that is no UTF-8 would raise where it is read
                group = _typed(group)
                yield group if split is None else _of_split(group, split)


def _typed(table: Any) -> Any:
    """A table with the types that are written here: other programs may have written bytes or wider numbers."""
    import pyarrow as pa

    types = {field.name: field for schema in (_predictions_schema((), TOKENS), _dataset_schema()) for field in schema}
    return table.cast(pa.schema([types.get(field.name, field) for field in table.schema]))


def batches(path: Path, columns: Sequence[str], size: int) -> Iterator[tuple[Any, int, int]]:
    """Record batches of at most `size` rows, with how many rows are read then and how many there are.

    Raises:
        InputProblem: the file is missing or damaged.
    """
    with opened(path) as file:
        done, total = 0, file.metadata.num_rows
        for batch in file.iter_batches(batch_size=size, columns=list(columns)):
            batch.validate(full=True)
            done += batch.num_rows
            yield batch, done, total


def table(path: Path, columns: Sequence[str], split: str | None = None) -> Any:
    """Columns of a file as one Arrow table; see `tables`."""
    import pyarrow as pa

    return pa.concat_tables(list(tables(path, columns, split)))


def rows(path: Path, columns: Sequence[str], split: str | None = None) -> list[dict[str, Any]]:
    """Columns of a file as plain Python values; see `tables`."""
    return rows_of(table(path, columns, split))


def rows_of(table: Any) -> list[dict[str, Any]]:
    """The rows of an Arrow table as plain Python values."""
    # One column at a time: `to_pylist` of a table would make a dict for every nested value as well.
    lists = [column.to_pylist() for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*lists, strict=True)]


def _may_hold(part: Any, split: str) -> bool:
    """Whether a row group may have rows of a split, by the least and largest name that its file notes down."""
    for number in range(part.num_columns):
        if part.column(number).path_in_schema == "split":
            noted = part.column(number).statistics
            return noted is None or not noted.has_min_max or bool(noted.min <= split <= noted.max)
    return True


def _of_split(table: Any, split: str) -> Any:
    import pyarrow as pa

    slices, start = [table.slice(0, 0)], 0
    for name, same in groupby(table.column("split").to_pylist()):
        count = len(list(same))
        slices += [table.slice(start, count)] if name == split else []
        start += count
    return pa.concat_tables(slices).drop_columns(["split"])


@dataclass(frozen=True, slots=True)
class ClassCase:
    """A document with what it is and what the model takes it to be."""

    document: int
    name: str
    words: tuple[str, ...]
    options: tuple[str, ...]  # its labels, where it has any
    probabilities: dict[str, float]  # option -> 0..1
    group: str = ""
    language: str = ""
    truncated: bool = False  # the model did not see all of its words
    source: str = ""

    @property
    def option(self) -> str | None:
        """Its label, where it has one; the first of several."""
        return next(iter(self.options), None)

    @property
    def predicted(self) -> str:
        """The likeliest option."""
        return max(self.probabilities, key=lambda option: self.probabilities[option])


def stream_classes(folder: Path, split: str) -> Iterator[ClassCase]:
    """The documents of a split with their predictions, a few in memory at a time; none where there is no such split.

    Raises:
        InputProblem: there are no predictions, they are of another task, or a file is damaged.
    """
    check_predictions(folder, split, CLASSES)
    run, columns = RunFolder(folder), ["document", "name", "words", "group", "language", CLASSES, SOURCE]
    if not run.dataset(split).is_file():
        return
    documents = (row for part in tables(run.dataset(split), columns) for row in rows_of(part))
    columns = ["document", "labels", "probabilities", "truncated"]
    predictions = (row for part in tables(run.predictions, columns, split) for row in rows_of(part))
    waiting: dict[int, dict[str, Any]] = {}  # of train a sample is predicted, in an order of its own
    for prediction in predictions:
        while prediction["document"] not in waiting:
            row = next(documents, None)
            if row is None:
                raise InputProblem(f"{run.predictions.name} does not belong to {run.dataset(split).name}.", _COPY)
            waiting[row["document"]] = row
        row = waiting.pop(prediction["document"])
        shares = probabilities_of(prediction["labels"], prediction["probabilities"])
        yield ClassCase(
            row["document"], row["name"], tuple(row["words"]), tuple(row[CLASSES] or ()), shares, row["group"] or "",
            row["language"] or "", bool(prediction["truncated"]), row.get(SOURCE) or "",
        )  # fmt: skip


def probabilities_of(labels: Sequence[str], stored: bytes) -> dict[str, float]:
    """Option -> probability, from the little-endian 16-bit floats of a row.

    Raises:
        InputProblem: it has no options, or not a number for each.
    """
    if not labels or len(stored) != 2 * len(labels):
        raise InputProblem(f"predictions.parquet has {len(stored) // 2} numbers for {len(labels)} options.", _COPY)
    return dict(zip(labels, struct.unpack(f"<{len(labels)}e", stored), strict=True))
