"""More than one machine and annotator: a database on a server, and runs on a Ray cluster, each against the usual way.

    python benchmarks/scale.py saved [--acts 40]             eight annotators on PostgreSQL: from an act to its commit
    python benchmarks/scale.py import [--documents 2000]     documents a second into PostgreSQL and into SQLite
    python benchmarks/scale.py ray [--runs 4] [--epochs 60]  runs of a tiny model: two slots, and two workers of Ray

Each part does both sides in turn, so that other work on the machine slows both alike; servers are started for it.
"""

import argparse
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.importing import write
from storage import document_list
from tests.support import postgresql_server, ray_server, workspaces
from workbench.annotation import acts
from workbench.annotation.session import open_editor
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.runs import jobs
from workbench.settings import Target
from workbench.workspace import Workspace

ANNOTATORS = 8
PAUSE = (0.2, 0.8)
"""Seconds between two acts of an annotator, from and to: many keys a minute."""


def imported(folder: Path, documents: Path, database: str = "") -> tuple[Path, float]:
    """A new workspace with the documents, and how long their import took."""
    workspace = Workspace.create(folder, database)
    began = time.perf_counter()
    pipeline.run(workspace, ImportRequest(paths=[documents])).whole()
    seconds = time.perf_counter() - began
    workspace.close()
    return folder, seconds


def label(root: Path, annotator: int, number: int, gate: Any, answers: Any) -> None:
    """In a process: label the annotator's own documents, act by act; the milliseconds of each."""
    workspace, chosen, taken = Workspace.open(root), random.Random(annotator), []
    with workspace.db.read() as connection:
        mine = list(document_list.ids(connection))[annotator::ANNOTATORS]
    editors = [open_editor(workspace, document) for document in mine[:5]]
    gate.wait()
    for act in range(number):
        time.sleep(chosen.uniform(*PAUSE))
        editor = editors[act % len(editors)]
        after = acts.assign(editor.state, "amount_total", [30 + act], f"annotator {annotator}")
        began = time.perf_counter()
        editor.act("assign", after)
        taken.append((time.perf_counter() - began) * 1000)
    answers.put(taken)
    workspace.close()


def saved(root: Path, annotators: int, number: int) -> dict[str, float]:
    """Milliseconds from an act to its commit, of all annotators' acts."""
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(annotators), context.Queue()
    processes = [
        context.Process(target=label, args=(root, annotator, number, gate, answers)) for annotator in range(annotators)
    ]
    for process in processes:
        process.start()
    taken = [milliseconds for _ in processes for milliseconds in answers.get()]
    for process in processes:
        process.join()
    return {
        "acts": len(taken), "median": round(statistics.median(taken), 1),
        "p95": round(statistics.quantiles(taken, n=20)[-1], 1),
    }  # fmt: skip


def seconds_of_group(workspace: Workspace, base: Path, number: int, epochs: int, on: Target | None) -> float:
    """How long a group of runs takes, two at a time."""
    configs = {f"seed {seed}": workspaces.config(base, num_train_epochs=epochs, seed=seed) for seed in range(number)}
    group = "ray" if on else "slots"
    began = time.perf_counter()
    runs = jobs.grid(workspace, configs, group=group, slots=2, on=on)
    jobs.start_in_turn(workspace, [run.id for run in runs], slots=2)
    states = {jobs.wait(workspace, run.id).state.value for run in runs}
    assert states == {"finished"}, states
    return time.perf_counter() - began


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.part == "ray":
            from tests.support import tiny_model  # the annotators' processes load no torch

            workspace, base = workspaces.workspace(folder / "ws"), tiny_model.base(folder / "base", "layoutlm")
            with ray_server.running() as address:
                slots = seconds_of_group(workspace, base, options.runs, options.epochs, None)
                ray = seconds_of_group(workspace, base, options.runs, options.epochs, Target(address))
            workspace.close()
            return {"slots_seconds": round(slots, 1), "ray_seconds": round(ray, 1), "ratio": round(slots / ray, 2)}
        documents = folder / "documents.jsonl"
        write(documents, options.documents if options.part == "import" else 80)
        with postgresql_server.running(durable=True) as server:
            if options.part == "saved":
                own, _ = imported(folder / "sqlite", documents)
                team, _ = imported(folder / "server", documents, server.url(server.new_database()))
                return {
                    "sqlite, one annotator": saved(own, 1, options.acts),
                    "postgresql, one annotator": saved(team, 1, options.acts),
                    f"postgresql, {ANNOTATORS} annotators": saved(team, ANNOTATORS, options.acts),
                }
            taken: dict[str, list[float]] = {"sqlite": [], "postgresql": []}
            for turn in range(3):
                taken["sqlite"].append(imported(folder / f"s{turn}", documents)[1])
                url = server.url(server.new_database())
                taken["postgresql"].append(imported(folder / f"p{turn}", documents, url)[1])
            best = {name: min(seconds) for name, seconds in taken.items()}
            rates = {f"{name}_documents_per_second": round(options.documents / best[name]) for name in best}
            return {**rates, "ratio": round(best["sqlite"] / best["postgresql"], 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("saved", "import", "ray"))
    parser.add_argument("--acts", type=int, default=40)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=60)
    print(json.dumps(measure(parser.parse_args()), indent=1))


if __name__ == "__main__":
    main()
