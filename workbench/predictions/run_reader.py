"""What a run folder stores of its documents and predictions, read into cases.

`dataset/*.parquet` has the documents, `predictions.parquet` what the model thinks of them.
"""

import dataclasses
import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby, tee
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.exceptions import InputProblem, WorkbenchError
from storage.files import read_regular
from workbench.fields import chunks_of, field_of_tag
from workbench.predictions.cases import IN_PIECES, Case, Chunk, Decoded, Stored, decode, vendors_of
from workbench.runs import parquet
from workbench.runs.config import safe_yaml
from workbench.runs.state import MEASURED_FIRST, RunFolder

if TYPE_CHECKING:
    from workbench.runs.config.request import Request


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


_DATASET = (
    "document",
    "name",
    "group",
    "language",
    "words",
    "boxes",
    "page_sizes",
    "lines",
    "pages",
    "confidences",
    "tags",
    "references",
)
_PREDICTIONS = ("document", "labels", "probabilities", "windows", "word_window", "truncated")


def test_unread(request: "Request", folder: RunFolder) -> dict[str, int]:
    """For a run's report: {"test_unread": documents} where its model has left the test side unread; {} of others."""
    return {} if request.reads_test else {"test_unread": parquet.count(folder.dataset("test"))}


def sides_read(folder: Path) -> tuple[str, ...]:
    """The sides of a run's data that its model has read, those that it is judged on first."""
    run = RunFolder(folder)
    unread = {"test"} if run.test_unread() else set()
    return tuple(side for side in MEASURED_FIRST if side not in unread and run.dataset(side).is_file())


def none_predicted(folder: Path, split: str, remedy: str) -> InputProblem:
    """What to say where a run has predicted no labelled document of a side."""
    if split == "test" and RunFolder(folder).test_unread():
        return InputProblem(
            f"Run {folder.name} has not read its test side: of a search's runs only the best does, at the end.",
            f"`workbench evaluate {folder.name} --on test` reads it.",
        )
    return InputProblem(f"Run {folder.name} has no labelled {split} documents with predictions.", remedy)


@uncollected()
def read_dataset(folder: Path, split: str) -> list[Case]:
    """The documents of a run's split without predictions; empty where the run has no such split."""
    path = RunFolder(folder).dataset(split)
    if not path.is_file():
        return []
    pieces = in_pieces(folder)
    return [_case(row, None, Decoded((), (), ()), pieces) for row in parquet.rows(path, _DATASET)]


@lru_cache(maxsize=8)  # a run's data are frozen
def read_vendors(folder: Path, split: str) -> frozenset[str]:
    """The vendors (or templates) of a run's split as `cases.vendors_of` names them."""
    return frozenset(name for case in read_dataset(folder, split) for name in vendors_of(case))


@lru_cache(maxsize=512)  # a run's data are frozen
def documents_of(folder: Path, split: str) -> frozenset[tuple[str, int]]:
    """(name, number of words) of a run's documents: figures on the same ones compare, even between workspaces."""
    path = RunFolder(folder).dataset(split)
    rows = parquet.rows(path, ["name", "lines"]) if path.is_file() else []
    return frozenset((row["name"], len(row["lines"])) for row in rows)


def read_pictures(folder: Path, split: str) -> dict[int, tuple[Path | None, ...]]:
    """Document -> the pictures of its pages; None for a page without one."""
    path = RunFolder(folder).dataset(split)
    if not path.is_file():
        return {}
    rows = parquet.rows(path, ["document", "pictures"])
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
    parquet.check_predictions(folder, split)
    predicted = RunFolder(folder).predictions
    once = parquet.once(predicted)
    predictions = {row["document"]: row for row in parquet.rows(predicted, _PREDICTIONS, split)}
    source = RunFolder(folder).dataset(split)
    if not source.is_file():
        return []
    rows = parquet.rows(source, [name for name in _DATASET if boxes or name != "boxes"])
    pairs = ((row, predictions[row["document"]]) for row in rows if row["document"] in predictions)
    return list(predicted_cases(pairs, once, in_pieces(folder)))


def stream_cases(folder: Path, split: str, only: Set[int] | None = None) -> Iterator[Case]:
    """As `read_cases`, a few documents in memory at a time: a pool may have a hundred thousand.

    Args:
        folder: the run's.
        split: its split.
        only: the documents that are asked for; None: all.

    Raises:
        InputProblem: there are no predictions, or a file is damaged.
    """
    parquet.check_predictions(folder, split)
    path = RunFolder(folder).predictions
    source = RunFolder(folder).dataset(split)
    if not source.is_file():
        return
    yield from predicted_cases(_pairs(path, source, split, only), parquet.once(path), in_pieces(folder))


def _pairs(
    path: Path, source: Path, split: str, only: Set[int] | None
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The rows of the data set and of the predictions, one beside the other."""
    predictions = (row for part in parquet.tables(path, _PREDICTIONS, split) for row in parquet.rows_of(part))
    rows = (row for part in parquet.tables(source, _DATASET) for row in parquet.rows_of(part))
    for prediction in predictions:  # the documents were predicted in the dataset's order
        if only is not None and prediction["document"] not in only:
            continue
        row = next((row for row in rows if row["document"] == prediction["document"]), None)
        if row is None:
            raise InputProblem(
                f"{path.name} does not belong to {source.name}.", "Copy the run folder again, or run it again."
            )
        yield row, prediction


def read_labelled(folder: Path, split: str, labelled: Set[str] = frozenset(), boxes: bool = True) -> list[Case]:
    """The labelled documents of a split with their predictions, as far as these can be judged.

    A prediction of a field that has no label on any document of the run is no error: it is put aside.

    Args:
        folder: the run's.
        split: its split.
        labelled: fields that are known to be labelled on other documents; a prediction of them may be wrong, too.
        boxes: see `read_cases`.

    Raises:
        InputProblem: there are no predictions, or a file is damaged.
    """
    asked = labelled | fields_labelled(folder)
    return [judgeable(case, asked) for case in read_cases(folder, split, boxes) if case.labelled]


def fields_labelled(folder: Path, split: str = "*") -> frozenset[str]:
    """The fields that have a label on a side of a run's data; on any, if none is named."""
    tags_used: set[str] = set()
    for path in RunFolder(folder).datasets.glob(f"{split}.parquet"):
        for tags in (
            parquet.table(path, ("tags",)).column("tags").to_pylist()
        ):  # Arrow's own `unique` takes long to import
            tags_used.update(tags or ())
    return frozenset(field_of_tag(tag) for tag in tags_used if tag != "O")


@lru_cache(maxsize=64)  # a run's request is frozen
def in_pieces(folder: Path) -> frozenset[str]:
    """The fields of a run whose values may be printed in several pieces, by their types; none without a request."""
    try:
        request = safe_yaml.load(read_regular(RunFolder(folder).request).decode())
        return frozenset(field["id"] for field in request["fields"] if field.get("type") in IN_PIECES)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, WorkbenchError):
        return frozenset()


def judgeable(case: Case, asked: Set[str]) -> Case:
    """A case without the predictions of fields that have no labels: these are neither right nor wrong."""
    aside = tuple(chunk for chunk in case.predicted if chunk.field not in asked)
    if not aside and all(field_of_tag(tag) in asked for tag in set(case.tags) if tag != "O"):
        return case
    return dataclasses.replace(
        case,
        predicted=tuple(chunk for chunk in case.predicted if chunk.field in asked),
        unjudged=aside,
        tags=tuple(tag if field_of_tag(tag) in asked else "O" for tag in case.tags),
    )


def mapping(record: parquet.FrozenDocument | parquet.Prediction) -> Mapping[str, Any]:
    """A row as the files give it, for `predicted_cases`."""
    return {name: getattr(record, name) for name in record.__slots__}


def predicted_cases(
    pairs: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
    once: Set[str] = frozenset(),
    pieces: Set[str] = frozenset(),
) -> Iterator[Case]:
    """Cases from rows of the data set and those of the predictions of the same documents, as the files have them.

    Args:
        pairs: a row, and the prediction of the same document.
        once: fields of which a document has one value.
        pieces: fields whose values may be printed in several pieces.
    """
    for labels, same in groupby(pairs, key=lambda pair: pair[1]["labels"]):
        each, again = tee(same)
        stored = (Stored(prediction["probabilities"], _tags(row), row["pages"]) for row, prediction in again)
        for (row, prediction), decoded in zip(each, decode(stored, labels, once), strict=True):
            yield _case(row, prediction, decoded, pieces)


def _tags(row: Mapping[str, Any]) -> Sequence[str]:
    return row["tags"] if row["tags"] is not None else ["O"] * len(row["words"])


def _case(row: Mapping[str, Any], prediction: Mapping[str, Any] | None, decoded: Decoded, pieces: Set[str]) -> Case:
    return Case(
        document=row["document"],
        name=row["name"],
        group=row["group"] or "",
        language=row["language"] or "",
        words=tuple(row["words"]),
        # Gold is read leniently: an importer may have kept an I- that opens a chunk.
        gold=tuple(Chunk(*chunk) for chunk in chunks_of(_tags(row))),
        predicted=decoded.values,
        pages=tuple(row["pages"]),
        lines=tuple(row["lines"]),
        boxes=tuple(map(tuple, row.get("boxes", ()))),
        page_sizes=tuple(map(tuple, row.get("page_sizes", ()))),
        confidences=tuple(row["confidences"]),
        tags=decoded.tags,
        certainty=decoded.certainty,
        agreement=decoded.agreement,
        windows=prediction["windows"] if prediction else 1,
        word_windows=tuple(prediction["word_window"]) if prediction else (),
        truncated=bool(prediction["truncated"]) if prediction else False,
        labelled=row["tags"] is not None,
        references=json.loads(row.get("references") or "{}"),
        in_pieces=pieces,
    )
