"""Selecting 50 of 100,000 pool documents: seconds and memory of the selecting process, strategy by strategy.

    python benchmarks/selection.py [--documents 100000] [--words 120] [--width 384] [--strategies combined,value_error]

The pool is made up (random probabilities with a few doubtful words a document); sizes are those of real ones.
Prints one JSON object.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workbench.active_learning.selection_request import FILE, SelectionRequest
from workbench.fields import invoice_schema
from workbench.runs import machine, parquet
from workbench.runs.state import RunFolder


def make(folder: Path, documents: int, words: int, width: int, seed: int = 0) -> None:
    """A run folder with predictions for a pool, written as a run writes them."""
    rng = np.random.default_rng(seed)
    fields = [f.id for f in invoice_schema()]
    labels = ["O", *(f"{prefix}-{name}" for name in fields for prefix in "BI")]
    vendors = rng.normal(size=(500, width)).astype(np.float32)
    doubtful = np.arange(words // 8) * 8
    of_split = ["train"] * 200 + ["validation"] * 200

    def predictions() -> Iterator[parquet.Prediction]:
        for number in range(documents):
            matrix = np.zeros((words, len(labels)), np.float32)
            matrix[:, 0] = 0.995
            sure = rng.beta(4, 1, len(doubtful)).astype(np.float32)
            matrix[doubtful, 0] = 1 - sure
            matrix[doubtful, rng.integers(1, len(labels), len(doubtful))] = sure
            embedding = vendors[number % 500] + 0.5 * rng.normal(size=width).astype(np.float32)
            split = of_split[number] if number < len(of_split) else "pool"
            blob = matrix.astype("<f2").tobytes()
            yield parquet.Prediction(number, split, labels, blob, embedding, 1, [0] * words, False)  # type: ignore[arg-type]

    parquet.write_predictions(folder / "predictions.parquet", predictions())
    pool = range(len(of_split), documents)
    parquet.write(
        RunFolder(folder).dataset("pool"),
        (parquet.FrozenDocument(number, f"d{number}", f"v{number % 500}") for number in pool),
    )


def measure(folder: Path, strategy: str, size: int) -> dict[str, object]:
    """One selection in a process of its own: wall seconds and the largest resident memory."""
    selection = folder / "selections" / strategy
    selection.mkdir(parents=True)
    (selection / FILE).write_text(SelectionRequest(strategy, size, seed=0).text())
    started = time.monotonic()
    child = subprocess.Popen(machine.python(machine.SELECTION, str(selection)), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{strategy} ended with {child.returncode}")
    seconds = time.monotonic() - started
    return {
        "strategy": strategy,
        "seconds": round(seconds, 2),
        "memory_mb": round(usage.ru_maxrss / 1024),
        "picked": len(json.loads((selection / "choice.json").read_text())["items"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=120)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--size", type=int, default=50)
    parser.add_argument(
        "--strategies", default="combined,value_error,ranked_batch,density,k_centre,per_cluster,per_vendor,random"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        make(folder, given.documents, given.words, given.width)
        measurements = [measure(folder, strategy, given.size) for strategy in given.strategies.split(",")]
        megabytes = round((folder / "predictions.parquet").stat().st_size / 2**20)
    settings = {key: value for key, value in vars(given).items() if key != "strategies"}
    print(json.dumps({**settings, "file_mb": megabytes, "cores": os.cpu_count(), "results": measurements}, indent=2))


if __name__ == "__main__":
    main()
