"""Kills training workers at random moments of every stage, and looks at what is left.

    python tests/support/kill_training.py [--kills 50] [--seed 0] [--each 5]

Each run (a tiny model) is killed several times with SIGKILL, resumed after each, and led to its end. After a kill the
run must be known as crashed; in the end it must be finished, with every step once, and collected once. The workers are
forked from this process, which has the libraries loaded: a start takes a second instead of ten. What happens before
that (the launcher, loading) is tested with real processes in tests/unit/test_jobs.py. Prints a line a kill and a sum;
the exit code is 1 when anything was not as it should be.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}

from storage import document_list, events, runs
from storage.records import RunState
from tests.support import tiny_model, workspaces
from workbench.runs import jobs, progress
from workbench.runs.reconcile import collect, reconcile
from workbench.runs.state import RunFolder
from workbench.training import worker
from workbench.workspace import Workspace

STAGES = {
    "building the model": ("queued", 0.6), "encoding": ("started", 0.3), "training": ("step", 0.2),
    "evaluating": ("step", 0.05), "saving": ("evaluated", 0.1), "after saving": ("saved", 0.05),
    "predicting and keeping the model": ("predicting", 0.5),
}  # fmt: skip
"""What a worker is about to do: the event before it, and how many seconds later at most it is killed."""


def start(workspace: Workspace, run_id: str) -> int:
    """As `jobs.start`, with a worker that is forked; gives its process id."""
    folder = workspace.files.run(run_id)
    with events.EventWriter(folder / "events.jsonl") as writer:
        writer.write("queued")
    with workspace.db.write() as connection:
        runs.change(connection, run_id, state=RunState.QUEUED, reason="", ended=None)
    child = os.fork()
    if child == 0:
        log = os.open(folder / "stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = 1
        try:
            code = worker.main([str(folder)])
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def told(folder: Path) -> list[str]:
    """The events of the last process."""
    found = [event["type"] for event in events.iterate(folder / "events.jsonl")]
    return found[len(found) - found[::-1].index("queued") - 1 :]


def ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == child


def state(workspace: Workspace, run_id: str) -> RunState:
    reconcile(workspace)
    with workspace.db.read() as connection:
        return runs.get(connection, run_id).state


def suggestions(workspace: Workspace) -> list[int]:
    with workspace.db.read() as connection:
        return [d.suggestions for d in document_list.page(connection, document_list.Filter(), 0, 100)]


def kill_at(workspace: Workspace, run_id: str, stage: str, draw: random.Random) -> bool:
    """Start the run and kill it in a stage; False when it had ended before."""
    child, folder = start(workspace, run_id), workspace.files.run(run_id)
    event, seconds = STAGES[stage]
    wanted = draw.randint(1, 3) if event in ("step", "evaluated", "saved") else 1
    while told(folder).count(event) < wanted:
        if ended(child):
            return False
        time.sleep(0.005)
    time.sleep(draw.uniform(0.0, seconds))
    if ended(child):
        return False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def one_run(workspace: Workspace, base: Path, draw: random.Random, kills: int, hit: Counter[str]) -> list[str]:
    """A run that is killed so often, led to its end; what was wrong."""
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=8, save_steps=1))
    folder, wrong = workspace.files.run(run.id), []
    chosen = sorted(draw.choices(list(STAGES), k=kills), key=lambda stage: stage == list(STAGES)[-1])
    for stage in chosen:
        if not kill_at(workspace, run.id, stage, draw):
            break
        hit[stage] += 1
        found = state(workspace, run.id)
        print(f"{run.id}: killed while {stage}, after {told(folder)[-1]!r}: {found.value}", flush=True)
        if found is RunState.FINISHED and told(folder)[-1] == "finished":
            break
        if found is not RunState.CRASHED:
            wrong.append(f"{run.id}: {found.value} after a kill while {stage}")
    if state(workspace, run.id) is not RunState.FINISHED:
        os.waitpid(start(workspace, run.id), 0)
    found = state(workspace, run.id)
    if found is not RunState.FINISHED:
        return [*wrong, f"{run.id}: ended as {found.value}: {RunFolder(folder).log_tail()}"]
    seen = progress.of(folder)
    if [s.step for s in seen.steps] != list(range(1, seen.total_steps + 1)):
        wrong.append(f"{run.id}: its steps are {[s.step for s in seen.steps]}")
    before = suggestions(workspace)
    collect(workspace, run.id)
    if suggestions(workspace) != before:
        wrong.append(f"{run.id}: collecting again changed the suggestions")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--each", type=int, default=5, help="kills of a run")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    from workbench.training import (
        predict,  # noqa: F401 (loaded once, for all that are forked)
        train,  # noqa: F401 (loaded once, for all that are forked)
    )

    draw, hit, wrong = random.Random(given.seed), Counter[str](), []
    with tempfile.TemporaryDirectory() as temporary:
        workspace = workspaces.workspace(Path(temporary) / "workspace")
        base = tiny_model.base(Path(temporary), "layoutlm")
        while (left := given.kills - hit.total()) > 0:
            found = one_run(workspace, base, draw, min(left, given.each), hit)
            print(*(f"WRONG: {fault}" for fault in found) if found else ["… resumed to its end, all as it should be"])
            wrong += found
        workspace.close()
    for stage, count in hit.items():
        print(f"{count:4} {stage}")
    print(f"{hit.total()} kills, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
