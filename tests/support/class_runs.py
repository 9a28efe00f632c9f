"""A finished run of a class field whose model is made up: what it takes each text for is given."""

import json
import struct
from collections.abc import Mapping

from storage.events import EventWriter
from storage.records import Run
from workbench.evaluation.classes import class_report
from workbench.runs import jobs, parquet
from workbench.runs.config.tune import TuneConfig
from workbench.runs.reconcile import collect
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace


def finish(workspace: Workspace, shares: Mapping[int, Mapping[str, float]], name: str = "") -> Run:
    """Prepare a run as the tune screen does, let the made-up model predict, and collect it.

    Args:
        shares: document -> option -> probability; of other documents every option is alike.
    """
    config = TuneConfig.model_validate({"model": {"task": "classes", "family": "baseline"}})
    run = jobs.prepare(workspace, config, preset="classes", name=name)
    folder = RunFolder(workspace.files.run(run.id))
    labels = list(workspace.schema.classes[0].options)
    predictions = []
    counts = {}
    for split in parquet.SPLITS:
        rows = parquet.read(folder.dataset(split)) if folder.dataset(split).is_file() else []
        counts[split] = len(rows)
        for row in rows:
            known = shares.get(row.document, {})
            cells = [known.get(label, 0.0 if known else 1 / len(labels)) for label in labels]
            stored = struct.pack(f"<{len(cells)}e", *cells)
            predictions.append(parquet.Prediction(row.document, split, labels, stored, [], 1, [0], truncated=False))
    parquet.write_predictions(folder.predictions, predictions, task=parquet.CLASSES)
    folder.model.mkdir()
    (folder.model / "workbench.json").write_text("{}")
    figures = class_report.final(folder.path)
    f1 = figures["macro"]["f1"] if figures else None
    kept = {
        "run": run.id, "state": "finished", "family": "baseline", "task": parquet.CLASSES, "labels": labels,
        "documents": counts, "f1": f1, "figures": {}, "classes": figures,
    }  # fmt: skip
    folder.report.write_text(json.dumps(kept))
    writer = EventWriter(folder.events)
    writer.write("started", device="cpu", precision="fp64", seed=0, resumed_from=None)
    writer.write(
        "prepared", documents=counts, windows=counts, tokens={}, truncated=0, family="baseline", parameters=1,
        labels=labels,
    )  # fmt: skip
    writer.write("finished", state="finished", seconds=1.0, f1=f1, epochs=1.0)
    writer.close()
    return collect(workspace, run.id)
