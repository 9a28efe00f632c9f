"""The side of a split that a file puts its documents on: by a column `split`, or by the names of folders and files."""

import re
from pathlib import Path

from storage.records import Side
from workbench.exchange.reading.incoming import Incoming

_NAMES = {
    "train": Side.TRAIN, "training": Side.TRAIN, "pool": Side.TRAIN,
    "validation": Side.VALIDATION, "valid": Side.VALIDATION, "val": Side.VALIDATION, "dev": Side.VALIDATION,
    "eval": Side.VALIDATION,
    "test": Side.TEST, "testing": Side.TEST,
}  # fmt: skip
_SHARD = re.compile(r"(\w+?)-\d{5}-of-\d{5}")
"""As Hugging Face names the files of a data set: train-00000-of-00001.parquet."""


def side_of(name: object) -> Side | None:
    """The side that a name means; None where it means none. The pool is on the training side."""
    return _NAMES.get(name.strip().casefold()) if isinstance(name, str) else None


def take_side(incoming: Incoming, name: object) -> None:
    """Put a document on the side that its record names; a name that means none is said."""
    incoming.side = side_of(name)
    if incoming.side is None and isinstance(name, str) and name.strip():
        incoming.notes.append("the record's split is called neither train nor validation nor test, and was left out")


def side_of_dataset(path: Path) -> Side | None:
    """The side of a file of a DatasetDict (its folder's name), or of a shard of a data set (its own name)."""
    if (path.parent.parent / "dataset_dict.json").is_file():
        return side_of(path.parent.name)
    shard = _SHARD.fullmatch(path.stem)
    return side_of(shard[1]) if shard else None
