"""How good a class model is by the number of labels: F1 of one class, accuracy and seconds, on a test side of its own.

    python benchmarks/classes.py ../shared/data/claims/train.jsonl --positive claim --labels 100,500 --seeds 1

`equal` is the F1 that the class would have if half of the texts were of it, as in the data's published baselines.
Each seed divides the texts anew (1,000 for test, a tenth for validation) and takes the first so many of the training
side. `head` is `embedded` with all layers frozen but the head; `half-way` is one epoch of all layers that begins with
a regression for its head, goes half-way back to these weights, and is cut where validation has the best recall of both
classes. CPU seconds are those of the training process, which say how long it takes on a machine that does other work
meanwhile.

    python benchmarks/classes.py --many 1000000

Size instead: so many made-up sentences of 20 words (1,000 of them labelled) are imported, listed, searched, and 50 are
chosen without a model. Seconds of wall clock and of work, and the peak of the import's memory; the machine should have
nothing else to do.
"""

import argparse
import contextlib
import csv
import itertools
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.runs.config import presets

WAYS = {
    "baseline": ["--set", "model.family=baseline"],
    "head": [
        "--set",
        "train.freeze=head_only",
        "--set",
        "train.learning_rate=1e-2",
        "--set",
        "train.num_train_epochs=10",
    ],
    "embedded": [],
    "half-way": ["--preset", "rare class"],
}
ENDED = ('"type": "finished"', '"type": "failed"')


def workbench(root: Path, *arguments: str) -> Any:
    command = [sys.executable, "-P", "-m", "workbench.cli", "-w", str(root), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return json.loads(done.stdout)


def few(labels: str) -> list[str]:
    """The settings that a workspace with so few labels begins with; the presets see those that are left out, too."""
    config = presets.of_classes(int(labels))
    values = {
        f"train.{name}": getattr(config.train, name)
        for name in ("num_train_epochs", "learning_rate", "freeze", "early_stopping_patience")
    }
    values["regularization.class_weights"] = config.regularization.class_weights
    return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]


def train(root: Path, *arguments: str) -> tuple[str, float]:
    """Train a run: its id, and the CPU seconds of its process, which holds the run's lock."""
    run = workbench(root, "tune", *arguments)["run"]
    folder, used = root / "runs" / run, 0.0
    while not any(event in (folder / "events.jsonl").read_text() for event in ENDED):
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((folder / "lock").read_text().split()[0])
            times = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
            used = max(used, (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"))
        time.sleep(0.5)
    return run, used


def at_equal_shares(confusion: dict[str, Any], positive: str) -> float:
    """The F1 that a class would have if as many texts were of it as were not, by its recall and its false alarms."""
    of, counts = confusion["labels"].index(positive), confusion["counts"]  # label × prediction
    others = [row for number, row in enumerate(counts) if number != of]
    recall = counts[of][of] / max(1, sum(counts[of]))
    alarms = sum(row[of] for row in others) / max(1, sum(map(sum, others)))
    return 2 * recall / (1 + recall + alarms)


def write_sentences(path: Path, number: int) -> None:
    """A table of sentences of 20 words, as often as words of a language are; the first 1,000 have a class."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(30_000)]
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "text", "label"])
        for row in range(number):
            text = " ".join(chance.choices(words, cum_weights=weights, k=20))
            table.writerow([row, text, chance.choice(["claim", "no claim"]) if row < 1000 else ""])


def timed(what: str, act: Callable[[], Any]) -> Any:
    """Do something and print how long it took: wall clock, and work of this process and of its children."""

    def work() -> float:
        used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in used)

    began, worked = time.perf_counter(), work()
    result = act()
    print(f"{what:32} {time.perf_counter() - began:7.2f} s, {work() - worked:7.2f} s of work", flush=True)
    return result


def measure_size(number: int) -> None:
    from storage import document_list, label_queries
    from workbench.annotation.classes import sheet
    from workbench.workspace import Workspace

    with tempfile.TemporaryDirectory() as folder:
        root, table = Path(folder) / "ws", Path(folder) / "sentences.csv"
        write_sentences(table, number)
        Workspace.create(root).close()
        summary = timed("import", lambda: workbench(root, "import", str(table)))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) / 1e6
        rate = summary["documents"] / summary["seconds"]
        print(f"{'':32} {rate:,.0f}/s, {peak:,.0f} MB of memory, {size:,.0f} MB on disk")
        workspace = Workspace.open(root)
        with workspace.db.read() as connection:
            timed("ids of the list", lambda: document_list.ids(connection))
            timed("a page of the list", lambda: document_list.page(connection, document_list.Filter(), number // 2, 50))
            timed("search for a word", lambda: document_list.search(connection, "qx"))
            timed("lines of the sheet", lambda: sheet.read(connection, workspace.schema.classes[0]))
            timed("labels by class", lambda: label_queries.class_counts(connection))
        workspace.close()
        timed("50 chosen without a model", lambda: workbench(root, "queue", "--size", "50"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="?")
    parser.add_argument("--positive", default="claim", help="the class whose F1 is shown")
    parser.add_argument("--many", type=int, help="measure size with so many made-up sentences")
    parser.add_argument("--labels", default="20,100,500,2000,all")
    parser.add_argument("--ways", default="baseline,head,embedded", help=f"of {', '.join(WAYS)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    if options.many:
        measure_size(options.many)
        return
    if options.texts is None:
        parser.error("name a file of texts, or --many")
    print(f"{'model':10} {'labels':>7} {'F1':>6} {'equal':>6} {'accuracy':>9} {'macro':>6} {'CPU s':>8}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "ws"
        subprocess.run(
            [sys.executable, "-P", "-m", "workbench.cli", "init", str(root)], check=True, capture_output=True
        )
        total = workbench(root, "import", str(options.texts))["documents"]
        for way in options.ways.split(","):
            for labels in options.labels.split(","):
                measured = []
                for seed in range(options.first_seed, options.first_seed + options.seeds):
                    workbench(
                        root, "split", "--test", str(min(0.3, 1000 / total)), "--validation", "0.1", "--seed", str(seed)
                    )
                    limit = [] if labels == "all" else ["--set", f"data.max_train_documents={labels}"]
                    if limit and "--preset" not in WAYS[way]:  # a preset that is named is meant as it is
                        limit += few(labels)
                    run, seconds = train(root, "--set", "task=classes", *limit, *WAYS[way])
                    figures = workbench(root, "evaluate", run, "--on", "test")
                    f1 = figures["classes"].get(options.positive, {"f1": 0.0})["f1"]
                    equal = at_equal_shares(figures["confusion"], options.positive)
                    measured.append((f1, equal, figures["accuracy"], figures["macro"]["f1"], seconds))
                f1, equal, accuracy, macro, seconds = map(statistics.median, zip(*measured, strict=True))
                print(
                    f"{way:10} {labels:>7} {f1:6.3f} {equal:6.3f} {accuracy:9.3f} {macro:6.3f} {seconds:8.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
