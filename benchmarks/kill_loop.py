"""Kill -9 at random moments of the relabel loop: what is lost, doubled, missing, or cannot be opened any more.

    python benchmarks/kill_loop.py [--terminal 50] [--training 50] [--seed 0]

Terminal: a child runs the loop as the screens do (select, open the round, label, close) and says each thing once it
has been told that it is saved; it is killed at a random moment, the workspace is opened as any program would, and
what was said is looked for. Training: a tiny model's process is killed at a random moment of waiting, starting,
training, evaluating or writing; the run must be shown as crashed, and is resumed, until it has ended well and its
suggestions are there. Prints one JSON object; `wrong` lists what was not as it should be.
"""

import argparse
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from storage import annotations, document_list, documents, locks, queue, runs  # noqa: E402
from storage.records import Annotations, RunState, State  # noqa: E402
from tests.support import predicted_pool, tiny_model, workspaces  # noqa: E402
from workbench.active_learning import selection  # noqa: E402
from workbench.active_learning.selection_request import SelectionRequest  # noqa: E402
from workbench.annotation import acts, rounds  # noqa: E402
from workbench.annotation.editor import DocumentEditor  # noqa: E402
from workbench.annotation.session import open_editor  # noqa: E402
from workbench.runs import jobs, progress  # noqa: E402
from workbench.runs.reconcile import reconcile  # noqa: E402
from workbench.runs.state import RunFolder, state_of  # noqa: E402
from workbench.workspace import Workspace  # noqa: E402

STRATEGIES = ("random", "per_vendor", "value_error")
ENDED_WELL = (RunState.FINISHED, RunState.STOPPED)


def work(folder: Path, seed: int, out: int) -> None:
    """The terminal's side of the loop, for ever; one JSON line for everything that is saved."""

    def say(**facts: Any) -> None:
        os.write(out, (json.dumps(facts) + "\n").encode())

    chance = random.Random(seed)
    workspace = Workspace.open(folder)
    while True:
        now = rounds.current(workspace)
        if now is None or not now.left:
            if now is not None:
                selection.close(workspace, now.round.id)
                say(closed=now.round.id)
            with workspace.db.read() as connection:
                free = document_list.count(connection, document_list.Filter("unlabelled"))
                done = document_list.ids(connection, document_list.Filter("labelled"))
            if free < 20:  # what was labelled first is unlabelled again, so that there is always something to do
                for number in done[:40]:
                    editor = DocumentEditor(workspace, number)
                    editor.act("clear", Annotations())
                    say(document=number, version=editor.content.document.version)
            request = SelectionRequest(chance.choice(STRATEGIES), size=15, seed=chance.randrange(1000))
            running = selection.start(workspace, request)
            running.wait()
            number = selection.open_round(workspace, running)
            with workspace.db.read() as connection:
                say(opened=number, documents=[e.document for e in queue.entries(connection, number)])
            continue
        for entry in now.left:
            if entry.blind:
                editor = open_editor(workspace, entry.document, now.round.id)
                editor.act("finish", acts.finish(editor.state))
                continue
            editor = DocumentEditor(workspace, entry.document)
            for name, tokens in predicted_pool.GOLD.items():
                editor.act("assign", acts.assign(editor.state, name, tokens, "ann"))
                say(document=entry.document, version=editor.content.document.version)
            editor.act("finish", acts.finish(editor.state))
            say(document=entry.document, version=editor.content.document.version)


def judge(folder: Path, facts: list[dict[str, Any]], known: dict[int, set[int]]) -> list[str]:
    """What is not as it should be after a kill. `known` are the rounds that were said, with their documents."""
    wrong = []
    workspace = Workspace.open(folder)
    try:
        rounds.current(workspace)
        with workspace.db.read() as connection:
            kept = {r.id: r for r in queue.listed(connection)}
            entries = {number: [e.document for e in queue.entries(connection, number)] for number in kept}
            free = set(document_list.ids(connection, document_list.Filter("unlabelled")))
            for fact in facts:
                if "version" in fact:
                    held = documents.get(connection, fact["document"]).version
                    if held < fact["version"]:
                        wrong.append(
                            f"document {fact['document']}: version {fact['version']} was said, {held} is there"
                        )
                elif "opened" in fact:
                    known[fact["opened"]] = set(fact["documents"])
                elif kept[fact["closed"]].closed is None:
                    wrong.append(f"round {fact['closed']} was closed and is open")
            for number in {fact["document"] for fact in facts if "document" in fact}:
                content = documents.open_document(connection, number)
                state = Annotations()
                log = annotations.history(connection, number)
                for event in log:
                    state = annotations.applied(state, event.change)
                if state != content.annotations or len(log) != content.document.version:
                    wrong.append(f"document {number}: its labels are not what its log says")
            waiting = Counter(d for number, r in kept.items() if r.closed is None for d in entries[number] if d in free)
        wrong += [f"document {d} stands {n} times in the queue" for d, n in waiting.items() if n > 1]
        for number, listed in entries.items():
            if len(listed) != len(set(listed)) or (number in known and set(listed) != known[number]):
                wrong.append(f"round {number} has {listed}, said were {sorted(known.get(number, ()))}")
            if not listed:
                wrong.append(f"round {number} is empty")
        wrong += [f"round {number} is gone" for number in known if number not in kept]
    finally:
        workspace.close()
    return wrong


def terminal(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    workspace, pool, labelled = predicted_pool.workspace(folder, pool=60, labelled=8)
    predicted_pool.add_run(workspace, pool, labelled, width=0)
    workspace.close()
    wrong: list[str] = []
    known: dict[int, set[int]] = {}
    things: Counter[str] = Counter()
    for number in range(kills):
        listen, out = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(listen)
            work(folder / "w", seed * 10_000 + number, out)
        os.close(out)
        heard = b""
        if chance.random() < 0.8 and select.select([listen], [], [], 300.0)[0]:  # now and then while it is opened
            heard = os.read(listen, 1 << 16)
        time.sleep(chance.uniform(0.0, chance.choice((0.05, 0.5, 3.0))))  # inside an act, a batch, a selection
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(listen) as rest:
            printed = heard.decode() + rest.read()
        facts = [json.loads(line) for line in printed.splitlines(keepends=True) if line.endswith("\n")]
        things.update(next(iter(fact)) for fact in facts)
        wrong += [f"kill {number + 1}: {text}" for text in judge(folder / "w", facts, known)]
    return {"kills": kills, "said": dict(things), "rounds": len(known), "wrong": wrong}


def training(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    workspace = workspaces.workspace(folder / "w")
    config = workspaces.config(tiny_model.base(folder, "layoutlm"), num_train_epochs=40)
    with workspace.db.read() as connection:
        labels = _labels(connection)
    moments: Counter[str] = Counter()
    wrong: list[str] = []
    finished = 0
    took = 20.0  # seconds from the start to the end of a run; corrected when one ends by itself
    run = None
    done = 0
    while done < kills or run is not None:
        if run is None:
            run = jobs.prepare(workspace, config).id
            place = workspace.files.run(run)
            jobs.start(workspace, run)
        elif state_of(RunFolder(place), progress.of(place)) is not RunState.FINISHED:
            jobs.resume(workspace, run)
        began = time.monotonic()
        until = began + (chance.uniform(0, took) if done < kills else 600)
        while time.monotonic() < until and RunFolder(place).at_work():
            time.sleep(0.01)
        pid = locks.holder(place / "lock") if locks.held(place / "lock") else locks.holder(place / "waiting")
        if RunFolder(place).at_work() and pid:
            moments[_moment(place)] += 1
            os.kill(pid, signal.SIGKILL)
            done += 1
            while RunFolder(place).at_work():
                time.sleep(0.01)
        else:
            took = max(5.0, 0.9 * (time.monotonic() - began))
        reconcile(workspace)
        with workspace.db.read() as connection:
            state = runs.get(connection, run).state
            if _labels(connection) != labels:
                wrong.append(f"kill {done}: the labels changed")
        Workspace.open(folder / "w").close()
        if state in ENDED_WELL:
            finished += 1
            with workspace.db.read() as connection:
                pool = document_list.ids(connection, document_list.Filter("unlabelled"))
                offered = sum(len(documents.open_document(connection, d).suggestions) for d in pool)
            if not offered:
                wrong.append(f"run {run} ended well and suggests nothing")
            run = None
        elif state is not RunState.CRASHED:
            wrong.append(f"kill {done}: the run is shown as {state.value}")
    workspace.close()
    return {"kills": done, "at": dict(moments), "runs_ended_well": finished, "wrong": wrong}


def _labels(connection: Any) -> dict[int, Any]:
    listed = document_list.page(connection, document_list.Filter("labelled"), 0, -1)
    assert all(d.state is State.LABELLED for d in listed)
    return {d.id: documents.open_document(connection, d.id).annotations for d in listed}


def _moment(place: Path) -> str:
    """What the run was doing, from its last event."""
    if not locks.held(place / "lock"):
        return "waiting"
    lines = (place / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return str(json.loads(lines[-1])["type"]) if lines else "starting"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terminal", type=int, default=50)
    parser.add_argument("--training", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    results = {}
    for name, part, kills in (("terminal", terminal, given.terminal), ("training", training, given.training)):
        if kills:
            with tempfile.TemporaryDirectory() as folder:
                results[name] = part(Path(folder), kills, given.seed)
    print(json.dumps(results, indent=2))
    if any(result["wrong"] for result in results.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
