"""Labels needed to reach 95 % of the full-data F1 on real receipts, strategy by strategy, against random choice.

    python benchmarks/relabel_loop.py [--data FOLDER] [--workspace DIR] [--rounds 7] [--batch 15] [--seeds 3]
                                      [--minutes M] [--layers 1] [--new-head | --minilm FOLDER] [--cold] [--worker]

FOLDER is receipts_en (default: $WORKBENCH_REALDATA/receipts_en, else ../shared/data/receipts_en). The receipts are
imported with their known values as labels and divided by vendor: 80 of small vendors measure, 30 of other small
vendors validate, and no vendor of these is ever labelled; 200 of the others are the pool. The loop itself is
`workbench simulate --warm`'s: each round goes on from the model of the round before (with --cold: from the base).
Because it needs more than a hundred models, only the head and `--layers` layers of the starter are trained
(frozen_learner.py); `--worker` trains all of it as the product does, in minutes each. The starter is nearly as good
with ten labels as with two hundred, so that strategies differ little; `--new-head` takes away what it knows of the
fields, as where the fields are new to it; `--minilm` begins from a model that knows nothing of invoices.
After `--minutes` it ends and prints what is known so far; the same command goes on. Prints one JSON object.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from frozen_learner import FrozenLearner  # noqa: E402

from storage import document_list, documents, import_index  # noqa: E402
from storage.exceptions import RunProblem  # noqa: E402
from storage.records import Annotations, Side, Split  # noqa: E402
from workbench.active_learning import simulation  # noqa: E402
from workbench.active_learning.simulation_worker import Simulator  # noqa: E402
from workbench.annotation.editor import DocumentEditor  # noqa: E402
from workbench.exchange import pipeline  # noqa: E402
from workbench.exchange.sources import ImportRequest  # noqa: E402
from workbench.runs.config import files, presets  # noqa: E402
from workbench.training.models import starter  # noqa: E402
from workbench.workspace import Workspace  # noqa: E402

STRATEGIES = "combined,value_error,margin,k_centre,ranked_batch"
SMALL = 8
"""Receipts of a vendor at most that measures: no vendor outweighs the others."""
TEST, VALIDATION, POOL = 80, 30, 200


class TimeIsUp(RunProblem):
    """The minutes are over; what was measured is kept."""


def opened(folder: Path, data: Path) -> Workspace:
    """The workspace with the receipts, divided."""
    if (folder / "workbench.toml").is_file():
        return Workspace.open(folder)
    workspace = Workspace.create(folder)
    pipeline.run(workspace, ImportRequest((data,)))
    chance = random.Random(0)
    with workspace.db.write() as connection:
        sizes = {name: count for name, (count, _) in import_index.counts(connection).items()}
        small = sorted(name for name, count in sizes.items() if count <= SMALL)
        chance.shuffle(small)
        sides = dict.fromkeys(sizes, Side.TRAIN)
        for side, wanted in ((Side.TEST, TEST), (Side.VALIDATION, VALIDATION)):
            while sum(sizes[name] for name in sides if sides[name] is side) < wanted:
                sides[small.pop()] = side
        documents.assign_sides(connection, sides)
        labelled = document_list.ids(connection, document_list.Filter("labelled", split=Split.TRAIN))
    for number in chance.sample(labelled, max(0, len(labelled) - POOL)):
        DocumentEditor(workspace, number).act("clear", Annotations())
    return workspace


def plain(minilm: Path, folder: Path) -> Path:
    """A LayoutLM folder with MiniLM's text weights and nothing else."""
    from workbench.training import make_starter

    if not folder.is_dir():
        starter.save_shipped(starter.build_from_minilm(minilm, make_starter.labels()), folder)
    return folder


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--workspace", type=Path, default=Path(tempfile.gettempdir()) / "relabel-loop")
    parser.add_argument("--strategies", default=STRATEGIES)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=15)
    parser.add_argument("--start", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--layers", type=int, default=1, help="layers below the head that are trained as well")
    parser.add_argument("--epochs", type=int, nargs=2, default=(8, 2), help="from the base, and on from a model")
    parser.add_argument("--steps", type=int, nargs=2, default=(60, 30), help="at least, the same")
    parser.add_argument("--new-head", action="store_true", help="begin from the starter without its head")
    parser.add_argument("--minilm", type=Path, help="all-MiniLM-L6-v2: begin from it, with a new head and no layout")
    parser.add_argument("--cold", action="store_true", help="every model begins at the base")
    parser.add_argument("--worker", action="store_true", help="train as the product does")
    parser.add_argument("--set", dest="sets", action="append", default=[], help="as in `workbench simulate`")
    given = parser.parse_args()
    began = time.monotonic()
    workspace = opened(given.workspace, given.data)
    folder = simulation.prepare(
        workspace, given.strategies.split(","), files.apply_sets(presets.preset("first model").config, given.sets),
        rounds=given.rounds, batch=given.batch, seeds=given.seeds, start=given.start, warm=not given.cold,
    )  # fmt: skip
    workspace.close()
    base = str(starter.SHIPPED) if given.new_head else ""
    if given.minilm:
        base = str(plain(given.minilm, given.workspace / "plain"))
    kept = given.workspace / "frozen.pt"
    learner = FrozenLearner(kept, given.layers, tuple(given.epochs), base, tuple(given.steps))

    def train(run: Path) -> None:
        if time.monotonic() - began > 60 * given.minutes:
            raise TimeIsUp("The minutes are over.", "Give the same command to go on.")
        learner(run)

    simulator = Simulator(folder, None if given.worker else train)
    try:
        simulator.run()
    except TimeIsUp as error:
        print(error.remedy, file=sys.stderr)
    report = simulation.report(folder)
    print(json.dumps({**report, "seconds": round(time.monotonic() - began), "cores": os.cpu_count()}, indent=2))


if __name__ == "__main__":
    main()
