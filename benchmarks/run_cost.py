"""What a run costs besides its steps: seconds to the first step, peak memory, and where the time goes.

    python benchmarks/run_cost.py [--documents 40] [--epochs 3] [--preset NAME] [--data FOLDER] [--model FOLDER]

A real run on receipts (see training_speed.py), four fifths to learn from and one to measure on, started as the program
starts it, by the side of the process that counts. "Start" is from the call that a key press makes to the first step's
event, split into loading (libraries, model, documents) and the step itself. Peak memory is what the system says of the
process and its children. With `--warm` the libraries are loaded before, as they are while a run is being set
up in the screens.
"""

import argparse
import itertools
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from training_speed import frozen  # noqa: E402

from storage import document_list, documents, events  # noqa: E402
from storage.records import Side  # noqa: E402
from workbench.runs import jobs, machine  # noqa: E402
from workbench.runs.config import files  # noqa: E402
from workbench.runs.reconcile import reconcile  # noqa: E402
from workbench.workspace import Workspace  # noqa: E402


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--documents", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--preset", default="first model")
    parser.add_argument("--model", type=Path, help="a LayoutLM's folder (default: the starter)")
    parser.add_argument("--warm", action="store_true", help="begin with the libraries loaded")
    parser.set_defaults(threads=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        _, request = frozen(given, Path(temporary))
        workspace = Workspace.open(Path(temporary) / "workspace")
        with workspace.db.read() as connection:
            listed = document_list.page(connection, document_list.Filter("labelled"), 0, -1)
        measured = {d.id for d in random.Random(0).sample(listed, len(listed) // 5)}
        with workspace.db.write() as connection:
            documents.regroup(connection, {d.id: "measured" if d.id in measured else "learnt" for d in listed})
            documents.assign_sides(connection, {"learnt": Side.TRAIN, "measured": Side.VALIDATION})
        settings = files.apply_sets(request.config, [f"train.num_train_epochs={given.epochs}", "train.logging_steps=1"])
        if given.warm:
            machine.warm_up()
            time.sleep(20)  # settings are being chosen
        pressed = time.time()
        run = jobs.prepare(workspace, settings, preset=given.preset)
        jobs.start(workspace, run.id)
        done = jobs.wait(workspace, run.id)
        if done.state.value != "finished":
            raise SystemExit(f"The run ended as {done.state.value}. {done.reason}")
        log = events.read(workspace.files.run(run.id) / "events.jsonl")[0]
        reconcile(workspace)  # the child is waited for: what it took is known now
        workspace.close()
    spent: dict[str, float] = {}
    for before, event in itertools.pairwise(log):
        spent[event["type"]] = spent.get(event["type"], 0.0) + event["time"] - before["time"]
    first: dict[str, float] = {}
    for event in log:
        first.setdefault(event["type"], event["time"])
    print(f"{os.cpu_count()} cores; {len(listed)} documents, {given.epochs} epochs, preset {given.preset!r}")
    print(
        f"start to first step: {first['step'] - pressed:.1f} s (data frozen after {first['queued'] - pressed:.1f}, "
        f"libraries loaded after {first['started'] - pressed:.1f}, model and documents after "
        f"{first['prepared'] - pressed:.1f})"
    )
    if not given.warm:  # a forked worker is no child of this process
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        print(f"peak memory of the run's process: {peak:.0f} MB")
    names = {
        "step": "learning",
        "evaluated": "evaluating",
        "saved": "checkpoints",
        "predicting": "the last predictions",
    }
    whole = log[-1]["time"] - first["prepared"]
    shares = ", ".join(f"{title} {spent.get(kind, 0.0) / whole:.0%}" for kind, title in names.items())
    print(f"after that {whole:.1f} s: {shares}, model and report {spent.get('finished', 0.0) / whole:.0%}")


if __name__ == "__main__":
    main()
