"""A finished run in a workspace whose model is made up: right mostly, wrong in known ways. No training."""

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage.records import Run
from workbench.evaluation import report
from workbench.predictions import suggestions
from workbench.runs import jobs
from workbench.runs.config.tune import TuneConfig
from workbench.runs.reconcile import collect
from workbench.workspace import Workspace

Wrong = Callable[[dict[str, Any], random.Random], list[str]]
"""From a dataset row to the tags that the model predicts."""


def sometimes_wrong(row: dict[str, Any], draw: random.Random) -> list[str]:
    """Chunks go missing, lose their first word, or become another field, each now and then."""
    tags = list(row["tags"] or ["O"] * len(row["words"]))
    fields = sorted({tag[2:] for tag in tags if tag != "O"})
    for start, tag in enumerate(list(tags)):
        if tag[:2] != "B-":
            continue
        stop = start + 1
        while stop < len(tags) and tags[stop] == "I-" + tag[2:]:
            stop += 1
        fate = draw.random()
        if fate < 0.08:
            tags[start:stop] = ["O"] * (stop - start)
        elif fate < 0.15 and stop - start > 1:
            tags[start : start + 2] = ["O", tag]
        elif fate < 0.22:
            other = draw.choice(fields)
            tags[start:stop] = ["B-" + other] + ["I-" + other] * (stop - start - 1)
    if draw.random() < 0.2:
        place = draw.randrange(len(tags))
        if tags[place] == "O" and (place + 1 == len(tags) or tags[place + 1][:2] != "I-"):
            tags[place] = "B-amount_total"
    return tags


def predict(folder: Path, fields: list[str], wrong: Wrong, seed: int = 0) -> None:
    """Write predictions.parquet for every split of a run folder."""
    draw = random.Random(seed)
    labels = ["O", *(prefix + name for name in fields for prefix in ("B-", "I-"))]
    rows = []
    for split in ("train", "validation", "test", "pool"):
        path = folder / "dataset" / f"{split}.parquet"
        for row in pq.read_table(path).to_pylist() if path.is_file() else []:
            predicted, words = wrong(row, draw), len(row["words"])
            gold = row["tags"] or predicted
            numbers = []
            for tag, right in zip(predicted, gold, strict=True):
                sure = draw.uniform(0.9, 0.99) if tag == right else draw.uniform(0.55, 0.97)
                rest = (1 - sure) / (len(labels) - 1)
                numbers += [sure if label == tag else rest for label in labels]
            rows.append(
                {
                    "document": row["document"], "split": split, "labels": labels,
                    "probabilities": struct.pack(f"<{len(numbers)}e", *numbers), "embedding": [0.0] * 4,
                    "windows": 1, "word_window": [0] * words, "truncated": False,
                }
            )  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / "predictions.parquet")


def finish(
    workspace: Workspace, config: TuneConfig | None = None, wrong: Wrong = sometimes_wrong, seed: int = 0, **more: Any
) -> Run:
    """Prepare a run as the tune screen does, let the made-up model predict, and collect it."""
    run = jobs.prepare(workspace, config or TuneConfig(), **more)
    folder = workspace.files.run(run.id)
    predict(folder, [field.id for field in workspace.schema.active], wrong, seed)
    evaluation = report.final(folder)
    assert evaluation is not None
    f1 = (evaluation["splits"].get("validation") or evaluation["micro"])["f1"]
    counts = {p.stem: pq.read_metadata(p).num_rows for p in sorted((folder / "dataset").glob("*.parquet"))}
    log = [
        {"type": "started", "device": "cpu", "precision": "fp32", "threads": 1, "seed": 0, "resumed_from": None},
        {"type": "prepared", "documents": counts, "windows": counts, "tokens": counts, "truncated": 0,
         "family": "layoutlm", "parameters": 22_000_000, "labels": ["O"]},
        *({"type": "step", "step": n, "total_steps": 8, "epoch": n / 4, "loss": 2.0 / (n + 1), "learning_rate": 5e-5,
           "grad_norm": 1.0, "tokens_per_second": 900.0, "documents_per_second": 3.0, "memory_mb": 900.0,
           "device_memory_mb": 0.0, "seconds_left": 0.0} for n in range(1, 9)),
        *({"type": "evaluated", "step": 2 * n, "epoch": n / 2, "best": True,
           "train": {"f1": 0.98 * (1 - 0.5**n), "loss": 0.5**n, "documents": 4},
           "validation": {"f1": f1 * (1 - 0.5**n), "loss": 0.6**n, "documents": 4}} for n in range(1, 5)),
        {"type": "finished", "state": "finished", "seconds": 12.0, "f1": f1, "epochs": 2.0},
    ]  # fmt: skip
    with (folder / "events.jsonl").open("a") as file:
        for number, event in enumerate(log):
            file.write(json.dumps({**event, "time": run.created.timestamp() + number}) + "\n")
    kept = {"run": run.id, "state": "finished", "f1": f1, "evaluation": evaluation, "documents": counts}
    (folder / "report.json").write_text(json.dumps(kept))
    suggestions.write(folder, folder)
    return collect(workspace, run.id)
