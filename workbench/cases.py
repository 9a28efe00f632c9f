"""Documents with their gold labels and a model's predictions: what every figure is computed from.

A case is read from a run folder (`dataset/*.parquet` and `predictions.parquet`) or made by hand. Nothing
here needs numpy: probabilities are 16-bit floats, and of non-negative ones the bit patterns order as the
numbers do, so the best label of a word is found on the integers, and only the few that are shown are turned
into floats.
"""

import dataclasses
import gc
import itertools
import json
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench import decoding
from workbench.decoding import Evidence
from workbench.values import joined

NONE = "none"
"""Stands for `no field` in tables of fields."""

_HALVES = struct.unpack("<15361e", struct.pack("<15361H", *range(15361)))  # 0x0000..0x3C00 are 0.0..1.0
_HALF = 0x3800  # 0.5
_NEARLY_ALL = next(half for half, share in enumerate(_HALVES) if share > 1 - decoding.LEAST)


@dataclass(frozen=True, slots=True, order=True)
class Chunk:
    """A contiguous stretch of words of one field. Equality ignores the confidence."""

    field: str
    start: int
    stop: int  # exclusive
    confidence: float = dataclasses.field(
        default=1.0, compare=False
    )  # mean over the words of P(B-field) + P(I-field), 0..1

    def overlap(self, other: "Chunk") -> int:
        """How many words both have."""
        return max(0, min(self.stop, other.stop) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Case:
    """One document under evaluation. Sequences have one entry a word, except `gold` and `predicted`."""

    document: int
    name: str
    group: str
    language: str
    words: tuple[str, ...]
    gold: tuple[Chunk, ...] = ()
    predicted: tuple[Chunk, ...] = ()  # as the model's probabilities are read (`decoding`)
    pages: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    boxes: tuple[tuple[int, int, int, int], ...] = ()  # 0-1000 of the page; none where they were not read
    confidences: tuple[float, ...] = ()  # of the OCR, 0..1
    tags: tuple[str, ...] = ()  # the likeliest tag of each word, before any repair
    certainty: tuple[float, ...] = ()  # probability of the predicted field (B and I together; O for no field)
    agreement: tuple[float, ...] = ()  # probability of the gold field
    windows: int = 1
    word_windows: tuple[int, ...] = ()  # the window that decided a word
    truncated: bool = False
    labelled: bool = True
    references: Mapping[str, str] = dataclasses.field(default_factory=dict)  # field -> value known from elsewhere
    unjudged: tuple[Chunk, ...] = ()  # predictions of fields that nobody labelled: neither right nor wrong

    def text(self, chunk: Chunk) -> str:
        """The words of a chunk, as they are printed."""
        return joined(self.words[chunk.start : chunk.stop])

    @property
    def page_count(self) -> int:
        """Pages that carry words; at least 1."""
        return len(set(self.pages)) or 1


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave the garbage collector out: among the many thousand records made here it looks for garbage in vain, and
    takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def strict_chunks(tags: Iterable[str]) -> list[tuple[str, int, int]]:
    """(field, start, stop) of the chunks of IOB2 tags, strictly: without its B- an I- opens nothing."""
    found = []
    name, start, position = "", 0, 0
    for position, tag in enumerate(tags):
        if tag == "O" and not name:
            continue
        if tag[:2] == "I-" and name == tag[2:]:
            continue
        if name:
            found.append((name, start, position))
            name = ""
        if tag[:2] == "B-":
            name, start = tag[2:], position
    if name:
        found.append((name, start, position + 1))
    return found


def lenient_chunks(tags: Iterable[str]) -> list[tuple[str, int, int]]:
    """As `strict_chunks`, but an I- that continues nothing opens a chunk (conlleval's repair)."""
    repaired = []
    before = "O"
    for tag in tags:
        opens = tag[:2] == "I-" and before[2:] != tag[2:]
        repaired.append("B-" + tag[2:] if opens else tag)
        before = tag
    return strict_chunks(repaired)


def tags_of_chunks(chunks: Iterable[Chunk], length: int) -> list[str]:
    """IOB2 tags of chunks; where chunks overlap the later one wins."""
    tags = ["O"] * length
    for chunk in chunks:
        tags[chunk.start : chunk.stop] = ["B-" + chunk.field] + ["I-" + chunk.field] * (chunk.stop - chunk.start - 1)
    return tags


def with_confidence(found: Iterable[tuple[str, int, int]], certainty: Sequence[float]) -> tuple[Chunk, ...]:
    """Chunks whose confidence is the mean certainty of their words."""
    return tuple(Chunk(f, a, b, sum(certainty[a:b]) / (b - a)) for f, a, b in found)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the probabilities of one document say, word by word."""

    tags: tuple[str, ...]
    certainty: tuple[float, ...]
    agreement: tuple[float, ...]
    values: tuple[Chunk, ...] = ()


def decode(
    probabilities: bytes,
    labels: Sequence[str],
    gold_tags: Sequence[str],
    pages: Sequence[int] = (),
    once: Set[str] = frozenset(),
) -> Decoded:
    """The likeliest tag of each word, its field's probability, the gold field's probability, and the values.

    Args:
        probabilities: words x labels little-endian 16-bit floats in 0..1, row by row.
        labels: the column order, "O" first.
        gold_tags: one tag a word; their count is the count of words.
        pages: the page of each word; none: all on one.
        once: fields of which a document has one value.

    Raises:
        InputProblem: the bytes are not that many numbers, or a number is not a probability.
    """
    width, count = len(labels), len(gold_tags)
    if not labels or labels[0] != "O" or len(probabilities) != 2 * width * count:
        raise InputProblem(
            f"{len(probabilities)} bytes of probabilities do not fit {count} words and {width} labels.",
            "Predict again with this run; the file was written by another version or cut off.",
        )
    halves = array("H", probabilities)
    if sys.byteorder == "big":
        halves.byteswap()
    columns: dict[str, list[int]] = {}
    for column, label in enumerate(labels):
        columns.setdefault(label[2:], []).append(column)
    breaks = [word for word, (before, page) in enumerate(itertools.pairwise(pages), 1) if before != page]
    try:
        decoded, evidence = _decode(halves, labels, gold_tags, columns)
    except IndexError:  # a bit pattern beyond 1.0: too large, negative, or no number
        raise InputProblem(
            "The stored predictions hold numbers that are not probabilities.",
            "The model diverged or the file is damaged: train again with a lower learning rate.",
        ) from None
    found = decoding.read(evidence, breaks, once)
    return dataclasses.replace(decoded, values=tuple(Chunk(name, a, b, sure) for _, name, a, b, sure in found))


def _decode(
    halves: "array[int]", labels: Sequence[str], gold_tags: Sequence[str], columns: Mapping[str, Sequence[int]]
) -> tuple[Decoded, dict[str, list[Evidence]]]:
    width = len(labels)
    outside = halves[::width]
    tags = ["O"] * len(gold_tags)
    certainty = [_HALVES[half] for half in outside]
    agreement = certainty.copy()
    evidence: dict[str, list[Evidence]] = {}
    place = {label: column for column, label in enumerate(labels)}
    pairs = [(name, place.get(f"B-{name}", width), place.get(f"I-{name}", width)) for name in columns if name]
    for word, (half, gold) in enumerate(zip(outside, gold_tags, strict=True)):
        if half > _NEARLY_ALL and gold == "O":  # no field has anything to say, as with most words
            continue
        row = halves[word * width : (word + 1) * width]
        if half <= _NEARLY_ALL:
            values = [*(_HALVES[half] for half in row), 0.0]  # the last one stands for a label that there is not
            for name, begins, continues in pairs:
                if values[begins] + values[continues] >= decoding.LEAST:
                    evidence.setdefault(name, []).append(Evidence(word, values[begins], values[continues]))
        if half <= _HALF:
            tags[word] = tag = labels[row.index(max(row))]
            certainty[word] = min(1.0, sum(_HALVES[row[column]] for column in columns[tag[2:]]))
        # a field that the model does not know has no probability
        agreement[word] = min(1.0, sum(_HALVES[row[column]] for column in columns.get(gold[2:], ())))
    return Decoded(tuple(tags), tuple(certainty), tuple(agreement)), evidence


def _table(path: Path, columns: Sequence[str], split: str | None = None) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # `read_table`, and any filter of Arrow's own, would import pandas: half a second
        with pq.ParquetFile(path, memory_map=True) as file:
            names = file.schema_arrow.names
            present = [name for name in columns if name not in _OPTIONAL or name in names]
            if missing := {*present, *(["split"] if split else [])}.difference(names):
                raise KeyError(f"it has no {', '.join(sorted(missing))}")
            if split is None:
                return file.read(present)
            parts = [n for n in range(file.num_row_groups) if _may_hold(file.metadata.row_group(n), split)]
            return _of_split(file.read_row_groups(parts, [*present, "split"]), split)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise InputProblem(
            f"{path.name} cannot be read: {error}", "Copy the run folder again, or run it again."
        ) from error


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


def _rows(path: Path, columns: Sequence[str], split: str | None = None) -> list[dict[str, Any]]:
    """The rows of a Parquet file as plain Python values."""
    return _listed(_table(path, columns, split))


def _listed(table: Any) -> list[dict[str, Any]]:
    # One column at a time: `to_pylist` of a table would make a dict for every nested value as well.
    lists = [column.to_pylist() for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*lists, strict=True)]


_DATASET = (
    "document",
    "name",
    "group",
    "language",
    "words",
    "boxes",
    "lines",
    "pages",
    "confidences",
    "tags",
    "references",
)
_OPTIONAL = ("references",)  # folders of older versions have none
_PREDICTIONS = ("document", "labels", "probabilities", "windows", "word_window", "truncated")


@uncollected()
def read_dataset(folder: Path, split: str) -> list[Case]:
    """The documents of a run's split without predictions; empty where the run has no such split."""
    path = folder / "dataset" / f"{split}.parquet"
    if not path.is_file():
        return []
    return [case_of(row) for row in _rows(path, _DATASET)]


def read_groups(folder: Path, split: str) -> frozenset[str]:
    """The vendors (or templates) of a run's split, without reading its words."""
    path = folder / "dataset" / f"{split}.parquet"
    return frozenset(row["group"] or "" for row in _rows(path, ["group"])) if path.is_file() else frozenset()


def read_pictures(folder: Path, split: str) -> dict[int, tuple[Path | None, ...]]:
    """Document -> the pictures of its pages; None for a page without one."""
    path = folder / "dataset" / f"{split}.parquet"
    if not path.is_file():
        return {}
    rows = _rows(path, ["document", "pictures"])
    # a portable run's paths are relative to its folder
    return {row["document"]: tuple(folder / name if name else None for name in row["pictures"]) for row in rows}


@uncollected()
def read_cases(folder: Path, split: str, boxes: bool = True) -> list[Case]:
    """The documents of a run's split for which predictions are stored, in the dataset's order.

    Args:
        folder: the run's.
        split: its split.
        boxes: whether to read where the words stand, which is a third of the reading: figures need no boxes, rules do.

    Raises:
        InputProblem: there are no predictions, or a file is damaged.
    """
    check_stored(folder, split)
    table = _table(folder / "predictions.parquet", _PREDICTIONS, split)
    once = _once(table.schema)
    predictions = {row["document"]: row for row in _listed(table)}
    source = folder / "dataset" / f"{split}.parquet"
    if not source.is_file():
        return []
    rows = _rows(source, [name for name in _DATASET if boxes or name != "boxes"])
    return [case_of(row, predictions[row["document"]], once) for row in rows if row["document"] in predictions]


def stream_cases(folder: Path, split: str) -> Iterator[Case]:
    """As `read_cases`, a few documents in memory at a time: a pool may have a hundred thousand.

    Raises:
        InputProblem: there are no predictions, or a file is damaged.
    """
    check_stored(folder, split)
    path = folder / "predictions.parquet"
    source = folder / "dataset" / f"{split}.parquet"
    if not source.is_file():
        return
    once, predictions = _once(_table(path, ()).schema), _batches(path, _PREDICTIONS, split)
    rows = _batches(source, _DATASET)
    for prediction in predictions:  # the documents were predicted in the dataset's order
        row = next((row for row in rows if row["document"] == prediction["document"]), None)
        if row is None:
            raise InputProblem(
                f"{path.name} does not belong to {source.name}.", "Copy the run folder again, or run it again."
            )
        yield case_of(row, prediction, once)


def _once(schema: Any) -> frozenset[str]:
    return frozenset(json.loads((schema.metadata or {}).get(b"once", b"[]")))


def _batches(path: Path, columns: Sequence[str], split: str | None = None) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            present = [name for name in columns if name in file.schema_arrow.names]
            for group in range(file.num_row_groups):
                mine = [True] * file.metadata.row_group(group).num_rows
                if split:
                    mine = [one == split for one in file.read_row_group(group, columns=["split"])[0].to_pylist()]
                if any(mine):
                    for kept, row in zip(mine, _listed(file.read_row_group(group, columns=present)), strict=True):
                        if kept:
                            yield row
    except (OSError, pa.ArrowInvalid) as error:
        raise InputProblem(
            f"{path.name} cannot be read: {error}", "Copy the run folder again, or run it again."
        ) from error


def check_stored(folder: Path, split: str) -> None:
    """See that a split's documents and predictions are there and whole, without reading them.

    Raises:
        InputProblem: there are no predictions, or a file is damaged.
    """
    for path in (folder / "predictions.parquet", folder / "dataset" / f"{split}.parquet"):
        if path.is_file():
            _table(path, ())
        elif path.name == "predictions.parquet":
            raise InputProblem(
                f"Run {folder.name} has no stored predictions.", "Wait for the run to end, or resume it."
            )


def read_labelled(folder: Path, split: str, labelled: Set[str] = frozenset(), boxes: bool = True) -> list[Case]:
    """The labelled documents of a split with their predictions, as far as these can be judged.

    A prediction of a field that nobody labelled on any document of the run is no error: it is put aside.

    Args:
        folder: the run's.
        split: its split.
        labelled: fields that are known to be labelled on other documents; a prediction of them may be wrong, too.
        boxes: see `read_cases`.

    Raises:
        InputProblem: there are no predictions, or a file is damaged.
    """
    asked = labelled | fields_labelled(folder)
    return [_judgeable(case, asked) for case in read_cases(folder, split, boxes) if case.labelled]


def fields_labelled(folder: Path, split: str = "*") -> frozenset[str]:
    """The fields that have a label on a side of a run's data; on any, if none is named."""
    tags: set[str | None] = set()
    for path in (folder / "dataset").glob(f"{split}.parquet"):
        for part in _table(path, ("tags",)).column("tags").chunks:
            tags.update(part.flatten().unique().to_pylist())
    return frozenset(tag[2:] for tag in tags if tag and tag != "O")


def labelled_once(tagged: Iterable[Sequence[str] | None]) -> frozenset[str]:
    """The fields that no labelled document has twice: of each there is one value, and a model is read so."""
    seen: set[str] = set()
    twice: set[str] = set()
    for tags in tagged:
        counts = Counter(name for name, *_ in lenient_chunks(tags or ()))
        seen.update(counts)
        twice.update(name for name, number in counts.items() if number > 1)
    return frozenset(seen - twice)


def _judgeable(case: Case, asked: Set[str]) -> Case:
    aside = tuple(chunk for chunk in case.predicted if chunk.field not in asked)
    if not aside:
        return case
    return dataclasses.replace(
        case,
        predicted=tuple(chunk for chunk in case.predicted if chunk.field in asked),
        unjudged=aside,
        tags=tuple(tag if tag[2:] in asked else "O" for tag in case.tags),
    )


def case_of(row: Mapping[str, Any], prediction: Mapping[str, Any] | None = None, once: Set[str] = frozenset()) -> Case:
    """A case from a row of the data set and one of the predictions, as the Parquet files have them.

    Args:
        row: of the data set.
        prediction: of the same document.
        once: fields of which a document has one value.
    """
    words = tuple(row["words"])
    gold_tags = row["tags"] if row["tags"] is not None else ["O"] * len(words)
    decoded = Decoded((), (), ())
    if prediction is not None:
        decoded = decode(prediction["probabilities"], prediction["labels"], gold_tags, row["pages"], once)
    return Case(
        document=row["document"],
        name=row["name"],
        group=row["group"] or "",
        language=row["language"] or "",
        words=words,
        # Gold is read as people meant it: an importer may have kept an I- that opens a chunk.
        gold=tuple(Chunk(*found) for found in lenient_chunks(gold_tags)),
        predicted=decoded.values,
        pages=tuple(row["pages"]),
        lines=tuple(row["lines"]),
        boxes=tuple(map(tuple, row.get("boxes", ()))),
        confidences=tuple(row["confidences"]),
        tags=decoded.tags,
        certainty=decoded.certainty,
        agreement=decoded.agreement,
        windows=prediction["windows"] if prediction else 1,
        word_windows=tuple(prediction["word_window"]) if prediction else (),
        truncated=bool(prediction["truncated"]) if prediction else False,
        labelled=row["tags"] is not None,
        references=json.loads(row.get("references") or "{}"),
    )
