"""The texts that a choice without a run is made from: written by the terminal, read by the selecting process.

Of a large pool a sample: beginnings of many texts, and the whole words of fewer, whose vectors the learner kept.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from storage import document_list, label_queries
from storage.files import write_atomic

FILE = "texts.jsonl"
_LABELLED = "labelled.jsonl"
_BEGINNINGS, _BODIES = 20_000, 2_000  # texts of the pool, of which either is written
_WORDS = 200  # of a beginning
_LONGEST = 100_000  # characters of a body: longer ones are no examples of anything, and would fill the disk
_MOST_LABELLED = 2_000  # the latest, as the learner takes them


class PoolText(Struct, frozen=True, omit_defaults=True):
    """A text that may be chosen. `body` is None where only its beginning was written."""

    document: int
    text: str
    body: str | None = None


class LabelledText(Struct, frozen=True):
    """A text that has a label already."""

    document: int
    body: str
    options: list[str]


def write(connection: Connection, folder: Path, free: Sequence[int], class_field: str, seed: int) -> None:
    """Write the pool's texts, or a sample of them, and those that are labelled.

    Args:
        free: the documents that may be chosen.
        class_field: id of the field whose labels are meant.
        seed: of the samples.
    """
    mixed = random.Random(seed).sample(list(free), min(len(free), _BEGINNINGS))
    bodies = _bodies(connection, mixed[:_BODIES])
    sample = sorted(mixed)
    rows = []
    for start in range(0, len(sample), 500):
        words = document_list.beginnings(connection, sample[start : start + 500], _WORDS)
        rows += [PoolText(number, " ".join(text), bodies.get(number)) for number, text in words.items()]
    latest = label_queries.lately_classified(connection, class_field, _MOST_LABELLED)
    options = label_queries.classified(connection, class_field, latest)
    labelled = _bodies(connection, latest)
    known = [LabelledText(n, labelled[n], options[n]) for n in latest if n in labelled and n in options]
    encoder = msgspec.json.Encoder()
    write_atomic(folder / _LABELLED, encoder.encode_lines(known).decode())
    write_atomic(folder / FILE, encoder.encode_lines(rows).decode())


def _bodies(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    bodies: dict[int, str] = {}
    for start in range(0, len(numbers), 500):
        part = label_queries.bodies(connection, numbers[start : start + 500])
        bodies |= {number: body for number, body in part.items() if len(body) <= _LONGEST}
    return bodies


def read(folder: Path) -> tuple[list[PoolText], list[LabelledText]]:
    """The pool's texts and the labelled ones of a selection's folder."""
    decoder, of_labelled = msgspec.json.Decoder(PoolText), msgspec.json.Decoder(LabelledText)
    labelled = folder / _LABELLED
    return (
        decoder.decode_lines((folder / FILE).read_bytes()),
        of_labelled.decode_lines(labelled.read_bytes()) if labelled.is_file() else [],
    )
