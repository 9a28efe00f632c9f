"""A workspace of tiny documents, settings for short runs in it, and runs that ended without a model."""

import json
import re
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage import documents
from storage.documents import NewDocument
from storage.events import EventWriter
from storage.records import Page, Side, Source, Span, Token
from tests.support import model_folder, tiny_documents
from tests.support.copies import copied
from workbench.predictions import suggestions
from workbench.runs import jobs, parquet
from workbench.runs.config.files import from_dict
from workbench.runs.config.tune import TuneConfig
from workbench.runs.reconcile import reconcile
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

SIDES = (("train", Side.TRAIN, 10), ("validation", Side.VALIDATION, 4), ("test", Side.TEST, 3), ("pool", Side.TRAIN, 4))


def empty(folder: Path) -> Workspace:
    """A new workspace; to make one takes three times as long as to copy one."""
    return copied(folder, "empty", Workspace.create)


def workspace(folder: Path, sizes: dict[str, int] | None = None) -> Workspace:
    """Labelled documents on three sides, by vendors that stand on one side each, and some without labels."""
    numbers = {name: (sizes or {}).get(name, count) for name, _, count in SIDES}
    return copied(folder, ("sides", *numbers.values()), lambda folder: _workspace(folder, numbers))


def _workspace(folder: Path, numbers: dict[str, int]) -> Workspace:
    created = Workspace.create(folder)
    new = []
    for number, (name, side, _) in enumerate(SIDES):
        for row in tiny_documents.documents(numbers[name], seed=number + 1):
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
    with created.db.write() as connection:
        documents.add(connection, new, "me")
    return created


def config(base: Path, **train: Any) -> TuneConfig:
    """A few steps on one core, from a base; where the folder has none, from one of zeros that is made in it."""
    if not (base / "config.json").is_file():
        base = model_folder.write(base / "base-of-zeros")
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
    """Wait for something to become true, and name what never did."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never came true: {condition}")
        time.sleep(0.05)
    return result


def with_run(folder: Path, sizes: dict[str, int] | None = None) -> tuple[Workspace, str]:
    """A workspace with a run called first that predicted all of its documents right, and the run's id."""

    def make(folder: Path) -> Workspace:
        made = workspace(folder, sizes)
        finished_run(made, folder.parent, name="first")
        return made

    made = copied(folder, ("a run", *(sizes or {}).items()), make)
    (run,) = made.files.runs.glob("2*")
    return made, run.name


def with_weak_and_strong(folder: Path) -> Workspace:
    """A workspace whose two runs predicted 40 % and all of their documents right."""

    def make(folder: Path) -> Workspace:
        made = workspace(folder, {"test": 30})
        finished_run(made, folder.parent, 0.4, "weak")
        finished_run(made, folder.parent, 1.0, "strong", learning_rate=1e-3)
        return made

    return copied(folder, "weak and strong", make)


def finished_run(workspace: Workspace, base: Path, right: float = 1.0, name: str = "", **train: Any) -> str:
    """A run that ended, made without a model: of its documents a share is predicted right, the others empty."""
    run = jobs.prepare(workspace, config(base, **train), name=name)
    folder = RunFolder(workspace.files.run(run.id))
    labels = ["O", *(f"{prefix}-{field.id}" for field in workspace.schema.active for prefix in "BI")]
    predictions = []
    figures: dict[str, Any] = {}
    for split in parquet.SPLITS:
        rows = parquet.read(folder.dataset(split))
        for number, row in enumerate(rows):
            good = number < right * len(rows)
            amount = next(i for i, word in enumerate(row.words) if re.fullmatch(r"\d+\.\d\d", word))
            unlabelled = ["B-amount_total" if i == amount else "O" for i in range(len(row.words))]
            tags = [tag if good else "O" for tag in row.tags or unlabelled]
            cells = [0.9 if label == tag else 0.1 / (len(labels) - 1) for tag in tags for label in labels]
            predictions.append(
                parquet.Prediction(
                    row.document,
                    split,
                    labels,
                    struct.pack(f"<{len(cells)}e", *cells),
                    [0.0],
                    1,
                    [0] * len(tags),
                    False,
                )
            )
        row_of = {"precision": 1.0, "recall": right, "f1": right, "support": len(rows)}
        figures[split] = {
            "documents": len(rows), "loss": 1 - right / 2, "f1": right,
            "fields": {"amount_total": row_of, "invoice_date": row_of},
        }  # fmt: skip
    parquet.write_predictions(folder.predictions, predictions)
    model_folder.write(folder.model)
    report = {
        "run": run.id, "steps": 4, "tokens_per_second": 1000.0, "device": "cpu", "precision": "fp32",
        "documents": {"train": 10, "validation": 4}, "figures": figures, "f1": right,
    }  # fmt: skip
    folder.report.write_text(json.dumps(report))
    suggestions.write(folder.path, folder.path)
    writer = EventWriter(folder.events)
    writer.write("started", device="cpu", resumed_from=None)
    for step in range(1, 5):
        writer.write(
            "step", step=step, total_steps=4, epoch=step / 2, loss=1 / step, learning_rate=1e-3, grad_norm=1.0,
            tokens_per_second=1000.0, documents_per_second=9.0, memory_mb=500.0, device_memory_mb=0.0,
            seconds_left=4 - step,
        )  # fmt: skip
        if step % 2 == 0:
            writer.write(
                "evaluated",
                step=step,
                epoch=step / 2,
                train=figures["train"],
                validation=figures["validation"],
                best=True,
            )
    writer.write("finished", state="finished", seconds=4.0, f1=right, epochs=2.0)
    writer.close()
    reconcile(workspace)
    return run.id
