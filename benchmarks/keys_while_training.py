"""From a key to what is painted while a run trains beside the terminal; and what that costs the run.

    python benchmarks/keys_while_training.py [--data FOLDER] [--documents 12] [--blocks 6] [--keys 40] [--json]

FOLDER is receipts_en (default: $WORKBENCH_REALDATA/receipts_en, else ../shared/data/receipts_en). A run of the preset
`first model` goes on all the time; by turns it gives way (as it does while a terminal is open), has the priority that
it has without a terminal (nice 10), and is stopped. In each of its blocks the cursor of a page of 2,000 words is moved.
The processor time of the run is given beside the clock's: on a machine with other work the run gets what that leaves.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import screen  # noqa: E402
from training_speed import frozen  # noqa: E402

from workbench.runs import jobs  # noqa: E402
from workbench.runs.state import RunFolder  # noqa: E402
from workbench.workspace import Workspace  # noqa: E402

ARMS = ("gives way", "nice 10", "stopped")


def set_arm(worker: int, arm: str) -> None:
    """What another scheduling of the worker would be, for all of its threads."""
    os.kill(worker, signal.SIGSTOP if arm == "stopped" else signal.SIGCONT)
    for thread in Path(f"/proc/{worker}/task").iterdir():
        policy = os.SCHED_IDLE if arm == "gives way" else os.SCHED_OTHER
        os.sched_setscheduler(int(thread.name), policy, os.sched_param(0))


def used(worker: int) -> float:
    """Processor seconds of a process so far."""
    user, system = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--documents", type=int, default=12)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(model=None, threads=0, preset="first model")
    given = parser.parse_args()
    times: dict[str, list[float]] = {arm: [] for arm in ARMS}
    shares: dict[str, list[float]] = {arm: [] for arm in ARMS}
    with tempfile.TemporaryDirectory() as temporary:
        folder, _ = frozen(given, Path(temporary))
        run = RunFolder(folder)
        workspace = Workspace.open(Path(temporary) / "workspace")
        # labelled beside it: how far the run is would be painted at any moment, and taken for what a key did
        labelled = screen.workspace(Path(temporary) / "labelled", [2000] * 2)
        (labelled / "workbench.toml").write_text("learner = false\n")
        jobs.start(workspace, folder.name)
        while '"step"' not in run.events.read_text():
            time.sleep(0.5)
        worker = run.process() or 0
        terminal = screen.opened(labelled)
        for block in range(given.blocks):
            for arm in ARMS[block % 3 :] + ARMS[: block % 3]:
                set_arm(worker, arm)
                terminal.rest(0.5)
                began, before = time.perf_counter(), used(worker)
                times[arm] += [terminal.press(b"\x1b[C" if n % 50 < 25 else b"\x1b[D", 0.15) for n in range(given.keys)]
                shares[arm].append((used(worker) - before) / (time.perf_counter() - began))
        set_arm(worker, "nice 10")
        terminal.end()
        jobs.kill(workspace, folder.name)
        jobs.wait(workspace, folder.name)
        workspace.close()
    report = {
        arm: screen.p95(times[arm]) | {"cores_of_the_run": round(sum(s) / len(s), 2)} for arm, s in shares.items()
    }
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(json.dumps(report) if given.json else "\n".join([load, *(f"{arm}: {row}" for arm, row in report.items())]))


if __name__ == "__main__":
    main()
