"""A workspace of small invoices and a tiny model, for tests that start real runs."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from worker import tiny

from storage import documents
from storage.documents import NewDocument
from storage.records import Page, Side, Source, Span, Token
from workbench.config import TuneConfig, from_dict
from workbench.workspace import Workspace

SIDES = (("train", Side.TRAIN, 10), ("validation", Side.VALIDATION, 4), ("test", Side.TEST, 3), ("pool", Side.TRAIN, 4))


def workspace(folder: Path, sizes: dict[str, int] | None = None) -> Workspace:
    """Labelled documents on three sides, by vendors that stand on one side each, and some without labels."""
    made = Workspace.create(folder)
    new = []
    for number, (name, side, count) in enumerate(SIDES):
        for row in tiny.documents((sizes or {}).get(name, count), seed=number + 1):
            tokens = tuple(
                Token(i, 0, row.lines[i], word, tuple(float(v) for v in row.boxes[i]))  # type: ignore[arg-type]
                for i, word in enumerate(row.words)
            )
            spans = tuple(
                Span(tag[2:], (i,), Source.IMPORT, "me") for i, tag in enumerate(row.tags or ()) if tag != "O"
            )
            labelled = name != "pool"
            new.append(
                NewDocument(
                    f"{name}-{row.name}",
                    "here",
                    f"{name}-{row.name}",
                    "test",
                    (Page(0, 1000.0, 1000.0, tokens),),
                    language="en",
                    group=f"{name} {row.group}",
                    side=side,
                    labelled=labelled,
                    spans=spans if labelled else (),
                )
            )
    with made.db.write() as connection:
        documents.add(connection, new, "me")
    return made


def config(base: Path, **train: Any) -> TuneConfig:
    """A few steps on one core."""
    settings = {
        "learning_rate": 3e-3, "num_train_epochs": 2, "per_device_train_batch_size": 4, "logging_steps": 1,
        "device": "cpu", "bf16": False, "early_stopping_patience": 0,
    }  # fmt: skip
    return from_dict(
        {
            "model": {"family": "layoutlm", "name": str(base)},
            "train": settings | train,
            "data": {"max_length": 64, "window_stride": 8},
        }
    )


def until(condition: Callable[[], Any], seconds: float = 90.0) -> Any:
    """Wait for something to become true, and say what never did."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"never came true: {condition}"
        time.sleep(0.05)
    return found
