"""How often suggestions were right before a document was touched: the learner's, the base model's, and those shown.

Prequential (Dawid, 1984): what would have been suggested is compared with what was accepted before anything is learned
from it, so that every document is a test document first. The record is a file of the workspace; without it, or where
it is damaged, a new one begins.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from storage import locks
from storage.files import Files, read_regular, write_atomic
from workbench.fields import Schema

LEAST, LATEST = 10, 30
"""Documents that there must be, and that at most are looked at, before anything is said about suggestions."""
_MOST = 1000  # documents
_JUDGED = 10  # documents by which it is told whether a reader of a field of one's own can be sure
_DECAY = 0.9  # of a document's weight, with every later one: fields' values and vendors change
_WEIGHT = 8.0  # documents that a reader's rate weighs at the start
_STARTS = {"base": 0.8, "head": 0.7, "remembered": 0.95}


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """Whether each reader was right about a field of a document, by its words; nothing is right where it has none."""

    base: bool  # the model with the rules, as suggestions come without a learner
    head: bool  # what was learned from the labels before
    shown: bool  # what stood on the document
    remembered: bool | None = None  # a value that was labelled before and is printed again; None where there is none
    is_read: bool = True  # the head has a value


class Record(msgspec.Struct):
    """Document -> field -> outcome, in the order in which they were accepted."""

    documents: dict[int, dict[str, Outcome]] = {}
    keys: dict[int, int] = {}
    """Document -> how many keys were pressed on it until it was accepted, where that is known."""

    def add(self, document: int, outcomes: Mapping[str, Outcome]) -> None:
        """Note a document's fields, each the first time that it is accepted; a field of words and one of classes may
        come one after the other."""
        self.documents[document] = {**outcomes, **self.documents.get(document, {})}
        while len(self.documents) > _MOST:
            oldest = next(iter(self.documents))
            del self.documents[oldest]
            self.keys.pop(oldest, None)

    def replace(self, document: int, fields: Set[str], outcomes: Mapping[str, Outcome]) -> None:
        """Note a document's outcomes of these fields anew: its labels may be others than when it was accepted."""
        others = self.documents.get(document, {})
        if others:  # it keeps its place
            self.documents[document] = {name: kept for name, kept in others.items() if name not in fields}
        self.add(document, outcomes)

    def count(self, keys: Mapping[int, int]) -> bool:
        """Note the keys of documents that were accepted, each once; whether there were any."""
        new = {number: count for number, count in keys.items() if number in self.documents and number not in self.keys}
        self.keys |= new
        return bool(new)

    def keys_per_document(self) -> float | None:
        """The median of the latest documents whose keys are known; None of fewer than `LEAST`."""
        latest = [self.keys[number] for number in self.documents if number in self.keys][-LATEST:]
        return median(latest) if len(latest) >= LEAST else None

    def outcomes(self, field: str) -> list[Outcome]:
        """Those of a field, the oldest first."""
        return [outcomes[field] for outcomes in self.documents.values() if field in outcomes]

    def rates(self, field: str) -> dict[str, float]:
        """Reader ("base", "head", "remembered") -> how likely it is right about a field, 0..1, by its latest ones."""
        outcomes = self.outcomes(field)
        return {
            reader: _rate([right for o in outcomes if (right := getattr(o, reader)) is not None], start)
            for reader, start in _STARTS.items()
        }

    def head_is_better(self, field: str) -> bool:
        """Whether the head was right oftener than the base on the documents on which one of them alone was."""
        alone = [outcome.head for outcome in self.outcomes(field) if outcome.head != outcome.base]
        heads, total = _hits(alone)
        return heads > total - heads

    def judged(self, field: str, reader: str) -> tuple[int, int]:
        """(right, all) of a field: its latest documents on which a reader ("head", "remembered") had a value."""
        having = [o for o in self.outcomes(field) if o.is_read or reader != "head"]
        right = [is_right for o in having if (is_right := getattr(o, reader)) is not None][-_JUDGED:]
        return sum(right), len(right)

    def shares(self, documents: Iterable[int]) -> tuple[int, int]:
        """(right, all): of the fields of these documents, those whose suggestion was right."""
        listed = [outcome.shown for number in documents for outcome in self.documents[number].values()]
        return sum(listed), len(listed)

    def fields(self) -> Iterator[tuple[str, float]]:
        """Every field of the record: of its last documents, the share that was right before it was touched."""
        for field in sorted({name for outcomes in self.documents.values() for name in outcomes}):
            latest = self.outcomes(field)[-LATEST:]
            yield field, sum(outcome.shown for outcome in latest) / len(latest)


def _hits(right: list[bool]) -> tuple[float, float]:
    """(right, all) of these outcomes, the oldest first, of which later ones weigh more."""
    weights = [_DECAY**age for age in range(len(right) - 1, -1, -1)]
    return sum(weight for weight, is_right in zip(weights, right, strict=True) if is_right), sum(weights)


def _rate(right: list[bool], start: float) -> float:
    hits, total = _hits(right)
    return (hits + start * _WEIGHT) / (total + _WEIGHT)


def read(path: Path) -> Record:
    """The record of a workspace; an empty one where there is none, or it is damaged."""
    try:
        return msgspec.json.decode(read_regular(path), type=Record)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Record()


def write(path: Path, record: Record) -> None:
    """Replace the record as a whole.

    Raises:
        WorkspaceProblem: the disk is full, or the folder cannot be written.
    """
    write_atomic(path, msgspec.json.encode(record))


def status(files: Files, *, enabled: bool) -> dict[str, Any]:
    """For `workbench status`: {state, documents, fields {field: {right_before_touched}}, keys_per_document}.

    The state is "off", "running" (some terminal's learner lives) or "not running".
    """
    record = read(files.learner_record)
    return {
        "state": "running" if locks.held(files.learner_lock) else "not running" if enabled else "off",
        "documents": len(record.documents),
        "fields": {name: {"right_before_touched": round(share, 3)} for name, share in record.fields()},
        "keys_per_document": record.keys_per_document(),
    }


def line(files: Files, schema: Schema) -> str:
    """For the queue screen: how often suggestions were right of late, and the field they were least right about; ""
    where there is nothing to say yet.

    The latest documents are not compared with the first ones: those may have been of other kinds and vendors.
    """
    kept = read(files.learner_record)
    latest = list(kept.documents)[-LATEST:]
    right, total = kept.shares(latest)
    if len(latest) < LEAST or not total:
        return ""
    share, least = min((share, field) for field, share in kept.fields())
    weakest = f"; least often {schema.name(least)}: {share:.0%}" if share < right / total else ""
    keys = kept.keys_per_document()
    work = "" if keys is None else f", {keys:g} keys a document"
    return f"Right before you touched them, last {len(latest)} documents: {right} of {total} fields{work}{weakest}."
