"""Kills training workers at random moments of every stage, and looks at what is left.

    python tests/support/kill_training.py [--kills 50] [--seed 0] [--each 5]

Each run (a tiny model) is killed several times with SIGKILL, resumed after each, and led to its end. After a kill the
run must be known as crashed; in the end it must be finished, with every step once, and collected once. The workers are
forked from this process, which has the libraries loaded: a start takes a second instead of ten. What happens before
that (the launcher, loading) is tested with real processes in tests/worker/test_jobs.py. Prints a line a kill and a
sum; the exit code is 1 when anything was not as it should be.
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
    folder = RunFolder(workspace.files.run(run_id))
    with events.EventWriter(folder.events) as writer:
        writer.write("queued")
    with workspace.db.write() as connection:
        runs.change(connection, run_id, state=RunState.QUEUED, reason="", ended=None)
    child = os.fork()
    if child == 0:
        log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = 1
        try:
            code = worker.main([str(folder.path)])
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def last_events(folder: RunFolder) -> list[str]:
    """The events of the last process."""
    types = [event["type"] for event in events.iterate(folder.events)]
    return types[len(types) - types[::-1].index("queued") - 1 :]


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
    child, folder = start(workspace, run_id), RunFolder(workspace.files.run(run_id))
    event, seconds = STAGES[stage]
    wanted = draw.randint(1, 3) if event in ("step", "evaluated", "saved") else 1
    while last_events(folder).count(event) < wanted:
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
    folder, wrong = RunFolder(workspace.files.run(run.id)), []
    chosen = sorted(draw.choices(list(STAGES), k=kills), key=lambda stage: stage == list(STAGES)[-1])
    for stage in chosen:
        if not kill_at(workspace, run.id, stage, draw):
            break
        hit[stage] += 1
        now = state(workspace, run.id)
        print(f"{run.id}: killed while {stage}, after {last_events(folder)[-1]!r}: {now.value}", flush=True)
        if now is RunState.FINISHED and last_events(folder)[-1] == "finished":
            break
        if now is not RunState.CRASHED:
            wrong.append(f"{run.id}: {now.value} after a kill while {stage}")
    if state(workspace, run.id) is not RunState.FINISHED:
        os.waitpid(start(workspace, run.id), 0)
    now = state(workspace, run.id)
    if now is not RunState.FINISHED:
        return [*wrong, f"{run.id}: ended as {now.value}: {folder.log_tail()}"]
    known = progress.of(folder.path)
    if [s.step for s in known.steps] != list(range(1, known.total_steps + 1)):
        wrong.append(f"{run.id}: its steps are {[s.step for s in known.steps]}")
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
    options = parser.parse_args()
    from workbench.training import (
        prediction_run,  # noqa: F401 (loaded once, for all that are forked)
        training_run,  # noqa: F401 (loaded once, for all that are forked)
    )

    draw, hit, wrong = random.Random(options.seed), Counter[str](), []
    with tempfile.TemporaryDirectory() as temporary:
        workspace = workspaces.workspace(Path(temporary) / "workspace")
        base = tiny_model.base(Path(temporary), "layoutlm")
        while (left := options.kills - hit.total()) > 0:
            faults = one_run(workspace, base, draw, min(left, options.each), hit)
            print(*(f"WRONG: {fault}" for fault in faults) if faults else ["… resumed to its end, all as it should be"])
            wrong += faults
        workspace.close()
    for stage, count in hit.items():
        print(f"{count:4} {stage}")
    print(f"{hit.total()} kills, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
