"""More than one machine and annotator: a database on a server, and runs on a Ray cluster, each against the usual way.

    python benchmarks/scale.py saved [--acts 40]             eight annotators on PostgreSQL: from an act to its commit
    python benchmarks/scale.py import [--documents 2000]     documents a second into PostgreSQL and into SQLite
    python benchmarks/scale.py ray [--runs 4] [--epochs 60]  runs of a tiny model: two slots, and two workers of Ray
    python benchmarks/scale.py score [--documents 2000] [--model tiny|starter]
                                     documents of 120 words read on a Ray cluster, killed in the middle, begun again

The first three do both sides in turn, so that other work on the machine slows both alike; servers are started for it.
"""

import argparse
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.importing import write
from storage import document_list
from tests.support import postgresql_server, ray_server, workspaces
from workbench.annotation import acts
from workbench.annotation.session import open_editor
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.runs import jobs, launcher, parquet, progress
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.settings import Target
from workbench.workspace import Workspace

ANNOTATORS = 8
WORDS = 120
KILLED_AT = 0.3
"""The share of a pool after which the process that leads its reading is killed."""
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


def written(path: Path, number: int, words: list[str]) -> None:
    """A pool of documents of 120 words."""
    chosen = random.Random(1)
    boxes = [[50 + i % 10 * 90, 50 + i // 10 * 40, 120 + i % 10 * 90, 70 + i // 10 * 40] for i in range(WORDS)]
    parquet.write(
        path,
        (
            parquet.FrozenDocument(
                document, f"d{document}", page_sizes=[[1000.0, 1000.0]], words=chosen.choices(words, k=WORDS),
                boxes=boxes, lines=[i // 10 for i in range(WORDS)], pages=[0] * WORDS, confidences=[1.0] * WORDS,
                pictures=[""],
            )
            for document in range(1, number + 1)
        ),
    )  # fmt: skip


def read_on(address: str, folder: RunFolder, pool: Path, model: str, until: float) -> dict[str, Any]:
    """Have a cluster read a pool, and kill the process that leads it (SIGKILL) once this share is read.

    Returns:
        documents that were read already when it began, and when it ended; seconds by the clock, and of the processor,
        Ray's and those for loading libraries included; memory (MB) of all processes and of the leading one at each
        tenth.
    """
    folder.datasets.mkdir(parents=True)
    folder.dataset("pool").hardlink_to(pool)
    folder.request.write_text(Request(run="scale", fields=[], task="score", model=model, niceness=0).text())
    launcher.send_to(folder, Target(address), once=True)
    began, before, spent = time.perf_counter(), processor_seconds(), dict[int, float]()
    begun = launcher.begin([folder], launcher.AT_ONCE)
    assert begun is not None
    courier, follower = psutil.Process(begun[0].pid), progress.Follower(folder.path)
    memory: dict[int, tuple[int, int]] = {}
    first, done, total = -1, 0, 1
    while begun[0].poll() is None and (until == 1 or done < until * total):
        time.sleep(1.0)
        follower.poll()
        spent |= processor_seconds()  # of a process that ended, what it had a second before
        if follower.progress.predicting:  # none any more once it has finished
            done, total = follower.progress.predicting
            first = done if first < 0 else first
        tenth = done * 10 // total
        if tenth not in memory and done:
            memory[tenth] = (round(used(psutil.Process().children(recursive=True))), round(used([courier])))
            print(
                f"{done:,} of {total:,} after {time.perf_counter() - began:.0f} s, {memory[tenth]} MB", file=sys.stderr
            )
    begun[0].kill()
    begun[0].wait()
    follower.poll()
    assert follower.progress.finished or until < 1, folder.log_tail()
    return {
        "found": first, "done": total if follower.progress.finished else done,
        "seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": round(sum(taken - before.get(process, 0.0) for process, taken in spent.items()), 1),
        "megabytes_by_tenth": memory,
    }  # fmt: skip


def processor_seconds() -> dict[int, float]:
    """Process -> what it took until now, of all that this one started."""
    taken = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            taken[process.pid] = sum(process.cpu_times()[:2])
    return taken


def used(processes: list[psutil.Process]) -> float:
    """Their memory in MB, each page that several share divided among them."""
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):
            total += process.memory_full_info().pss / 1e6
    return total


def scored(place: Path, documents: int, model: str, *, apart: bool) -> dict[str, Any]:
    """A pool read with one kill in the middle: what was kept, and whether every document is there once.

    Args:
        place: a folder for it.
        documents: how many.
        model: "tiny" or "starter".
        apart: the node does not see the documents' folder.
    """
    from tests.support import tiny_model

    (place / "temporary").mkdir()
    place /= "workspace"
    place.mkdir()
    pool, runs = place / "pool.parquet", place / "runs"
    known = ["total", "date", "item"]  # to the tiny model: a token each
    usual = [f"word{i}" if i % 4 else f"{i * 37 % 1000}.{i % 100:02}" for i in range(3000)]
    written(pool, documents, usual if model == "starter" else known)
    labels = ["O", "B-amount_total", "I-amount_total"]
    name = "starter" if model == "starter" else str(tiny_model.base(place, "layoutlm", 128, labels))
    with ray_server.running(place if apart else None) as address:
        killed = read_on(address, RunFolder(runs / "first"), pool, name, KILLED_AT)
        whole = RunFolder(runs / "second")
        rest = read_on(address, whole, pool, name, 1.0)
    read = [int(n) for table in parquet.tables(whole.predictions, ["document"]) for n in table["document"].to_pylist()]
    assert read == list(range(1, documents + 1)), "every document once, in its order"
    return {"killed": killed, "begun again": rest, "documents": len(read)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.part == "score":
            return scored(folder, options.documents, options.model, apart=options.apart)
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
    parser.add_argument("part", choices=("saved", "import", "ray", "score"))
    parser.add_argument("--acts", type=int, default=40)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--apart", action="store_true", help="of `score`: the node does not see the documents' folder")
    parser.add_argument("--model", choices=("tiny", "starter"), default="tiny")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=60)
    print(json.dumps(measure(parser.parse_args()), indent=1))


if __name__ == "__main__":
    main()
