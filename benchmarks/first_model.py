"""From an empty workspace to the first model's suggestions, with ten labelled receipts: seconds and F1.

    python benchmarks/first_model.py [--data FOLDER] [--labelled 10] [--pool 100] [--seeds 3] [--set KEY=VALUE …]

FOLDER is receipts_en (default: $WORKBENCH_REALDATA/receipts_en, else ../shared/data/receipts_en). The receipts are
imported with their known values as labels, and the labels of all but the first ten are taken away; which ten is drawn
by seed. What is counted is machine time: import, training and collecting, each by the clock, without the analyst's.
The F1 is that of the suggestions on the pool, against the labels that were taken away: strict spans, confidence from
the product's own floor on. With the starter's file in place, the zero-label suggestions are timed and judged as well.
Prints one JSON object; intervals are over seeds.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from storage import document_list, documents  # noqa: E402
from storage.document_list import Filter  # noqa: E402
from storage.exceptions import WorkbenchError  # noqa: E402
from storage.records import Annotations, Decision, Side, Split  # noqa: E402
from workbench.active_learning.stopping import interval  # noqa: E402
from workbench.annotation.editor import DocumentEditor  # noqa: E402
from workbench.evaluation import prediction_process  # noqa: E402
from workbench.exchange import pipeline  # noqa: E402
from workbench.exchange.sources import ImportRequest  # noqa: E402
from workbench.runs import jobs, machine  # noqa: E402
from workbench.runs.config import files as config  # noqa: E402
from workbench.runs.config import presets  # noqa: E402
from workbench.workspace import Workspace  # noqa: E402

Gold = dict[int, set[tuple[str, tuple[int, ...]]]]


def files(data: Path, count: int, seed: int, into: Path) -> None:
    """Copy some receipts, drawn by seed, so that nothing else is read."""
    names = sorted(path.stem for path in (data / "box").iterdir())
    for name in random.Random(seed).sample(names, min(count, len(names))):
        for part in ("box", "key", "img"):
            for path in (data / part).glob(f"{name}.*"):
                (into / part).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, into / part / path.name)


def hide(workspace: Workspace, labelled: int) -> Gold:
    """Take the labels of all but some documents away; gives what they were."""
    gold: Gold = {}
    with workspace.db.read() as connection:
        listed = document_list.page(connection, Filter("labelled"), 0, -1)
    with workspace.db.write() as connection:
        documents.regroup(connection, {d.id: f"receipt {d.id}" for d in listed})
        documents.assign_sides(connection, {f"receipt {d.id}": Side.TRAIN for d in listed})
    for document in listed[labelled:]:
        editor = DocumentEditor(workspace, document.id)
        gold[document.id] = {(span.field, span.tokens) for span in editor.state.spans}
        editor.act("clear", Annotations())
    return gold


def judge(workspace: Workspace, gold: Gold) -> dict[str, float]:
    """Micro F1 of the open suggestions against the hidden labels, of the fields that have labels.

    (Numbers and taxes are suggested before the first label, too; how well is not known.)
    """
    asked = {field for spans in gold.values() for field, _ in spans}
    right = offered = wanted = 0
    with workspace.db.read() as connection:
        for number, spans in gold.items():
            content = documents.open_document(connection, number)
            proposed = {
                (s.field, s.tokens) for s in content.suggestions if s.decision is Decision.OPEN and s.field in asked
            }
            right, offered, wanted = right + len(proposed & spans), offered + len(proposed), wanted + len(spans)
    return {
        "f1": 2 * right / (offered + wanted) if offered + wanted else 0.0,
        "precision": right / offered if offered else 0.0,
        "recall": right / wanted if wanted else 0.0,
    }


def once(given: argparse.Namespace, seed: int, folder: Path) -> dict[str, Any]:
    """One seed, from nothing to suggestions."""
    files(given.data, given.labelled + given.pool, seed, folder / "receipts")
    began = time.monotonic()
    workspace = Workspace.create(folder / "workspace")
    try:
        pipeline.run(workspace, ImportRequest((folder / "receipts",)))
        imported = time.monotonic() - began
        gold = hide(workspace, given.labelled)
        figures: dict[str, Any] = {"seed": seed, "pool": len(gold), "seconds": {"import": imported}}
        try:
            began = time.monotonic()
            prediction_process.suggest(workspace)
            figures["zero_label"] = {"seconds": time.monotonic() - began, **judge(workspace, gold)}
        except WorkbenchError as error:  # without the starter's file the rest is measured all the same
            figures["zero_label"] = {"skipped": error.message}
        with workspace.db.read() as connection:
            number = document_list.count(connection, Filter("labelled", split=Split.TRAIN))
        chosen = presets.preset(presets.choose_preset(number, number, machine.device()), machine.device()).config
        began = time.monotonic()
        run = jobs.prepare(workspace, config.apply_sets(chosen, given.sets))
        jobs.start(workspace, run.id)
        ended = jobs.wait(workspace, run.id)
        if ended.f1 is None and ended.state.value != "finished":
            raise SystemExit(f"Run {run.id} ended as {ended.state.value}. {ended.reason}")
        figures["seconds"]["model"] = time.monotonic() - began
        return {**figures, "trained_on": number, "suggestions": judge(workspace, gold)}
    finally:
        workspace.close()


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--labelled", type=int, default=10)
    parser.add_argument("--pool", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", dest="sets", action="append", default=[], help="as in `workbench tune`")
    given = parser.parse_args()
    runs = []
    for seed in range(given.seeds):
        with tempfile.TemporaryDirectory() as temporary:
            runs.append(once(given, seed, Path(temporary)))
    spread = {
        "seconds": [run["seconds"]["import"] + run["seconds"]["model"] for run in runs],
        "f1": [run["suggestions"]["f1"] for run in runs],
    }
    figures = {name: {"mean": sum(v) / len(v), "interval": interval(v)} for name, v in spread.items()}
    print(json.dumps({**figures, "cores": os.cpu_count(), "runs": runs}, indent=2))


if __name__ == "__main__":
    main()
