"""A search against a grid on receipts: the best validation F1 for the same machine time, and what test says of it.

    python benchmarks/search.py [--data FOLDER] [--documents 120] [--trials 12] [--seed 0]

FOLDER is receipts_en (default: $WORKBENCH_REALDATA/receipts_en, else ../shared/data/receipts_en). Of the receipts,
drawn by seed, a third each is for training, validation and test. First `tune --search`, which begins with the preset
and stops runs that fall behind; then a grid of learning rates and schedules around the preset, in an order drawn by
seed, run after run until it has had as many epochs. Epochs are the machine time that other work does not change;
seconds are given beside them. Each way's best run by validation is then read on the test side. Prints one JSON object.
"""

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.first_model import files  # noqa: E402
from storage.records import Run  # noqa: E402
from workbench.runs import jobs, machine  # noqa: E402
from workbench.runs.config import files as config_files  # noqa: E402
from workbench.runs.config import presets  # noqa: E402
from workbench.runs.state import RunFolder  # noqa: E402
from workbench.workspace import Workspace  # noqa: E402

RATES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Times the preset's learning rate: the range that a search has by default."""
SCHEDULES = ("linear", "cosine")


def command(folder: Path, *arguments: str) -> dict[str, Any]:
    """What `workbench` prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "workbench.cli", "-w", str(folder), *arguments, "--json"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def cost(workspace: Workspace, run_id: str) -> tuple[float, float]:
    """Epochs and seconds of a run."""
    report = RunFolder(workspace.files.run(run_id)).read_report()
    return float(report["epochs"]), float(report["seconds"])


def searched(workspace: Workspace, trials: int, preset: str) -> dict[str, Any]:
    """The search's runs."""
    result = command(
        workspace.files.root, "tune", "--search", "--trials", str(trials), "--name", "searched", "--preset", preset,
        "--wait",
    )  # fmt: skip
    spent = [cost(workspace, trial["run"]) for trial in result["trials"] if trial["run"]]
    states = [trial["state"] for trial in result["trials"]]
    best = result["best"]  # no trial that was stopped early
    return {
        "runs": len(states), "states": {state: states.count(state) for state in sorted(set(states))},
        "epochs": sum(epochs for epochs, _ in spent), "seconds": sum(seconds for _, seconds in spent),
        "best": best["run"], "validation": best["value"], "preset": result["trials"][0]["value"],
    }  # fmt: skip


def gridded(workspace: Workspace, epochs: float, preset: str, seed: int) -> dict[str, Any]:
    """Runs of a grid, until they have had so many epochs."""
    base = presets.preset(preset, machine.device()).config
    combinations = list(itertools.product(RATES, SCHEDULES))
    random.Random(seed).shuffle(combinations)
    ended: list[Run] = []
    spent, seconds = 0.0, 0.0
    for factor, schedule in combinations:
        if spent >= epochs:
            break
        sets = (f"train.learning_rate={base.train.learning_rate * factor}", f"train.lr_scheduler_type={schedule}")
        run = jobs.prepare(workspace, config_files.apply_sets(base, sets))
        jobs.start(workspace, run.id)
        ended.append(jobs.wait(workspace, run.id))
        taken = cost(workspace, run.id)
        spent, seconds = spent + taken[0], seconds + taken[1]
    best = max(ended, key=lambda run: run.f1 or 0.0)
    return {"runs": len(ended), "epochs": spent, "seconds": seconds, "best": best.id, "validation": best.f1}


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--documents", type=int, default=120)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--preset", default="first model")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files(given.data, given.documents, given.seed, folder / "receipts")
        Workspace.create(folder / "ws").close()
        command(folder / "ws", "import", str(folder / "receipts"))
        command(folder / "ws", "split", "--test", "0.33", "--validation", "0.33", "--seed", str(given.seed))
        workspace = Workspace.open(folder / "ws")
        search = searched(workspace, given.trials, given.preset)
        print(json.dumps(search), file=sys.stderr)
        ways = {"search": search, "grid": gridded(workspace, search["epochs"], given.preset, given.seed)}
        for way in ways.values():
            figures = command(folder / "ws", "evaluate", way["best"], "--on", "test")
            way["test"] = figures["micro"]["f1"]
        workspace.close()
    print(json.dumps(ways, indent=1))


if __name__ == "__main__":
    main()
