"""The next round's model, on from the last one as the Queue screen advises, against one from the base again.

    python benchmarks/next_round.py [--data FOLDER] [--workspace DIR] [--start 20] [--more 6] [--seeds 3]

The receipts are divided as in relabel_loop.py; `--start` of the pool are learned by a worker, then `--more` that are
chosen at random come to them. For both ways and each seed: the strict F1 on receipts of unseen small vendors before and
after, and the seconds of the second training (the pool's predictions included). The same command goes on where it was
left. Prints one JSON object.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import mean, median

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from relabel_loop import opened  # noqa: E402

from storage.events import iterate  # noqa: E402
from workbench.active_learning import simulation  # noqa: E402
from workbench.active_learning.simulation_worker import Simulator  # noqa: E402
from workbench.runs.config import presets  # noqa: E402


def seconds(folder: Path) -> float:
    """What a training took, by its events."""
    moments = [event["time"] for event in iterate(folder / "events.jsonl")]
    return float(moments[-1] - moments[0])


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--workspace", type=Path, default=Path(tempfile.gettempdir()) / "next-round")
    parser.add_argument("--start", type=int, default=20)
    parser.add_argument("--more", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    workspace = opened(given.workspace, given.data)
    report = {}
    for way, warm in (("on from the last model", True), ("from the base again", False)):
        folder = simulation.prepare(
            workspace, ["random"], presets.preset("first model").config,
            rounds=1, batch=given.more, seeds=given.seeds, start=given.start, warm=warm,
        )  # fmt: skip
        simulator = Simulator(folder)
        chains = [list(simulator.rounds("random", seed)) for seed in range(given.seeds)]
        taken = [seconds(after.folder) for _, after in chains]
        report[way] = {
            "before": [round(before.f1, 3) for before, _ in chains],
            "after": [round(after.f1, 3) for _, after in chains],
            "mean_after": round(mean(after.f1 for _, after in chains), 3),
            "seconds": round(median(taken)),
        }
    workspace.close()
    print(json.dumps({"documents": [given.start, given.start + given.more], **report}, indent=2))


if __name__ == "__main__":
    main()
