"""The relabel loop from the terminal's side: select in a child process, keep the batch as a round, close it.

A selection is a folder of files inside the run it reads; a round is opened from it in one transaction, once. Whichever
process is killed, and when: a round has all of its documents or does not exist, and a document is in one open round at
most.
"""

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import Connection

from storage import document_list, events, label_queries, locks, opinions, queue, runs
from storage.exceptions import RunProblem, UsageProblem
from storage.files import CHOICE, read_regular, write_atomic
from storage.records import QueueEntry, Round, Run, RunState, Side, Split
from workbench import warm_workers
from workbench.active_learning import loop_task, pool_texts, round_figures
from workbench.active_learning.loop_task import LoopTask
from workbench.active_learning.selection_request import FILE, SelectionRequest
from workbench.active_learning.strategies import registry as strategies
from workbench.annotation import rounds
from workbench.annotation.rounds import RoundProgress
from workbench.exchange import vendor_groups
from workbench.files import small_files
from workbench.runs import machine
from workbench.runs.reconcile import still_there
from workbench.runs.state import LOG, RunFolder
from workbench.workspace import Workspace

BLIND_SHARE = 0.05
_IDENTIFIERS = ("seller_tax_id", "iban")
"""Fields whose value is a vendor's alone."""
UNLEARNED = ("per_vendor", "random")
"""Strategies that can choose before there is a model; documents are drawn at random then."""
COMMITTEE = 3
"""Runs that vote besides the one that was asked for, where none are named."""


class _Chosen(Struct):
    """What an entry of a choice must have."""

    document: int
    score: float
    reasons: list[str]
    fields: dict[str, Any]


class _Choice(Struct):
    """What a choice must have."""

    run: str
    strategy: str
    seed: int
    size: int
    pool: int
    items: list[_Chosen]
    figures: dict[str, Any]
    class_field: str = ""


class RunningSelection:
    """A selection at work. Its files stay: the same request of the same pool finds them."""

    def __init__(self, folder: Path, process: "warm_workers.Worker | None") -> None:
        self.folder = folder
        self._process = process
        self._offset = 0
        self._failed: dict[str, Any] | None = None
        self.done = 0
        self.total = 0

    def poll(self) -> bool:
        """Read the progress; True as long as the child works."""
        running = self._process is not None and self._process.poll() is None
        news, self._offset = events.read(self.folder / "progress.jsonl", self._offset)
        for event in news:
            if event["type"] == "scoring":
                self.done, self.total = event["done"], event["total"]
            elif event["type"] == "failed":
                self._failed = event
        return running

    def stop(self) -> None:
        """End the child; nothing was changed by it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def wait(self, tick: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Any]:
        """Follow the child to its end; `tick(done, total)` in documents. The choice, as `choice` gives it."""
        pause = threading.Event()
        while self.poll():
            tick(self.done, self.total)
            pause.wait(0.05)
        return self.choice()

    def choice(self) -> dict[str, Any]:
        """What was chosen (see workbench/active_learning/selection_worker.py).

        Raises:
            RunProblem: the selection failed, or was ended before it was done.
            InputProblem: what it chose is damaged.
        """
        self.poll()
        path = self.folder / CHOICE
        if path.is_file():
            return dict(small_files.read_as_it_is(path, _Choice, f"Delete {self.folder}, then choose again."))
        if self._failed:
            raise RunProblem(self._failed["message"], self._failed["remedy"])
        raise RunProblem("The selection was ended before it was done. Nothing was changed.", "Start it again.")


def start(workspace: Workspace, request: SelectionRequest) -> RunningSelection:
    """Start a selection in a child process.

    Raises:
        UsageProblem: there is no such strategy for the task, or nothing is left to label.
        RunProblem: there is no run to select with (those of UNLEARNED need none), or it was deleted just now.
    """
    if request.size < 1:
        raise UsageProblem(f"A batch of {request.size} documents cannot be selected.", "Give a size of 1 or more.")
    with workspace.db.read() as connection:
        if request.class_field and request.strategy == strategies.DEFAULT and request.run is None:
            task = LoopTask(request.class_field, workspace.schema.name(request.class_field))
            if not (
                loop_task.ended_runs(connection, task) or request.class_field in label_queries.class_fields(connection)
            ):
                request = structs.replace(request, strategy=strategies.CLASSES_UNLEARNED[0])
        run, committee = _models(workspace, connection, request)
        vendors = _vendors(connection) if run is None and request.strategy == "per_vendor" else {}
        identifiers = document_list.known_values(connection, _IDENTIFIERS) if run is not None else {}
        # a round without any decision gives way, so that the same request gives the same batch
        begun = len(queue.listed(connection)) - len(queue.untouched(connection))
        free = sorted(_free(connection, request.class_field))
    if not free:
        raise UsageProblem(
            "Every document of the pool is labelled or queued already.", "Import more documents, or finish the round."
        )
    request = structs.replace(request, committee=tuple(committee))
    seed = begun if request.seed is None else request.seed
    with still_there(workspace, run.id if run else ""):
        place = workspace.files.selections(run.id if run else None)
        folder = place / _name(request, seed, begun, run.id if run else "", free)
        for made in (place, folder):  # not the run's own, which would come back without the run
            made.mkdir(exist_ok=True)
        if (folder / CHOICE).is_file():
            return RunningSelection(
                folder, None
            )  # selected before, by a terminal that ended before it opened the round
        if run is None and request.strategy not in strategies.CLASSES_BY_TEXTS:
            choice = _at_random(request.strategy, free, request.size, seed, vendors)
            write_atomic(folder / CHOICE, json.dumps(choice))
            return RunningSelection(folder, None)
        if run is None:
            with workspace.db.read() as connection:
                pool_texts.write(connection, folder, free, request.class_field, seed)
            if (field := workspace.schema.get(request.class_field)) is not None:
                request = structs.replace(request, options=field.options, several=field.multiple)
            request = structs.replace(request, features=str(workspace.files.features))
        of_run = run.id if run is not None else None
        request = structs.replace(request, run=of_run, seed=seed, only=tuple(free), identifiers=identifiers)
        write_atomic(folder / FILE, request.text())
        with locks.open_own(folder / "progress.jsonl", "wb") as progress, locks.open_own(folder / LOG, "wb") as log:
            process = machine.start(machine.SELECTION, str(folder), cwd=folder, output=progress, errors=log)
        return RunningSelection(folder, process)


def _name(request: SelectionRequest, seed: int, begun: int, run: str, free: Sequence[int]) -> str:
    """The folder's name: the same request of the same pool finds the selection that was made before."""
    asked = structs.asdict(request)
    for name in ("only", "identifiers", "options", "several", "features"):
        del asked[name]  # the free documents, which stand below, and facts about the workspace
    if not request.class_field:
        del asked["class_field"]  # selections of earlier versions have none
    facts = [asked, seed, begun, run, hashlib.sha256(repr(list(free)).encode()).hexdigest()]
    return f"{request.strategy}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"


def check(workspace: Workspace, request: SelectionRequest) -> None:
    """Check that there is all that a selection needs, before a round is closed for it.

    Raises:
        UsageProblem, RunProblem: as for `start`.
    """
    with workspace.db.read() as connection:
        _models(workspace, connection, request)


def _models(workspace: Workspace, connection: Connection, request: SelectionRequest) -> tuple[Run | None, list[str]]:
    """The run to select with, and the runs that vote with it."""
    task = LoopTask(request.class_field, workspace.schema.name(request.class_field))
    needs = strategies.get(request.strategy, task.kind).needs
    run = _run(connection, request, needs, task)
    committee = [runs.get(connection, name).id for name in request.committee]
    if "committee" in needs and not committee:
        committee = _others(workspace, connection, run)
    if "dropout" in needs and run is not None:
        _check_dropout(workspace.files.run(run.id))
    return run, committee


def _run(connection: Connection, request: SelectionRequest, needs: frozenset[str], task: LoopTask) -> Run | None:
    if request.run is not None:
        return runs.get(connection, request.run)
    unlearned = UNLEARNED if not request.class_field else strategies.CLASSES_UNLEARNED
    ended = loop_task.ended_runs(connection, task)
    able = {*unlearned, *(strategies.CLASSES_BY_TEXTS if request.class_field else ())}
    if not ended and needs and request.strategy not in able:
        raise RunProblem(
            "No run has ended with a model yet, so there is nothing to be unsure.",
            f"Train a first model, or take --strategy {' or '.join(unlearned)}.",
        )
    return ended[0] if ended else None


def _others(workspace: Workspace, connection: Connection, main: Run | None) -> list[str]:
    """The newest runs, besides the main one, whose predictions can vote.

    Raises:
        RunProblem: there is none.
    """
    ended = runs.listed(connection, [RunState.FINISHED, RunState.STOPPED], task="tokens")
    able = [run.id for run in ended if RunFolder(workspace.files.run(run.id)).predictions.is_file()]
    others = [name for name in able if main is not None and name != main.id]
    if not others:
        raise RunProblem("A committee needs a second run.", "Train another model, with another seed or base.")
    return others[:COMMITTEE]


def _check_dropout(folder: Path) -> None:
    """Check a run's model before a child process loads it.

    Raises:
        RunProblem: the run's model has no dropout that could make it contradict itself.
    """
    path = RunFolder(folder).model / "config.json"
    if not path.is_file():
        return  # its figures under dropout may be stored from before
    try:
        config = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return  # the process that loads it says what is wrong with it
    shares = [share for name, share in config.items() if "dropout" in name] if isinstance(config, dict) else []
    if shares and not any(shares):
        raise RunProblem(
            f"The model of run {folder.name} has no dropout, so it cannot contradict itself.",
            "Choose another strategy, or train with a dropout above 0.",
        )


def _free(connection: Connection, class_field: str) -> set[int]:
    """The training side's documents that want labels and stand in no round that was begun."""
    return label_queries.wanting(connection, class_field) - _taken(connection)


def _vendors(connection: Connection) -> dict[int, str]:
    """The vendor of every document to train on; near-equal names, and equal tax ids or IBANs, are one vendor."""
    of_side = document_list.Filter(side=Side.TRAIN)
    groups = {document.id: document.group for document in document_list.page(connection, of_side, 0, None)}
    return vendor_groups.one_vendor(groups, document_list.known_values(connection, _IDENTIFIERS))


def _taken(connection: Connection) -> set[int]:
    open_rounds, idle = queue.waiting(connection), queue.untouched(connection)
    return {document for number, listed in open_rounds.items() if number not in idle for document in listed}


def _at_random(strategy: str, free: list[int], size: int, seed: int, groups: Mapping[int, str]) -> dict[str, Any]:
    """A choice without a model; with groups, their documents come in turn, so that a batch shows many vendors."""
    mixed = random.Random(seed).sample(free, len(free))
    turns: Counter[str] = Counter()
    turn_of = {}
    for number in mixed:
        name = groups.get(number) or f"{number}"  # without a vendor, a group of its own
        turn_of[number] = turns[name] if groups else 0
        turns[name] += 1
    picked = sorted(mixed, key=lambda number: turn_of[number])[:size]
    items = [
        {
            "document": number, "score": 0.0, "rank": rank, "fields": {},
            "reasons": [f"vendor {groups[number]}" if groups.get(number) else "drawn at random"],
        }
        for rank, number in enumerate(picked, start=1)
    ]  # fmt: skip
    return {
        "run": "", "strategy": strategy, "seed": seed, "size": size, "pool": len(free), "items": items,
        "near_misses": [], "figures": {},
    }  # fmt: skip


def open_round(workspace: Workspace, selection: RunningSelection, blind_share: float = BLIND_SHARE) -> int:
    """Keep a finished selection as a round, with some labelled documents mixed in blind; returns the round's id.

    Safe to repeat: a selection becomes one round. Documents that were labelled or queued since are left out. An open
    round in which nothing happened yet gives way to this one.

    Raises:
        RunProblem: the selection was not finished.
        UsageProblem: none of its documents is free any more.
    """
    choice = selection.choice()
    key = selection.folder.name
    with workspace.db.write() as connection:
        known = next((r for r in queue.listed(connection) if r.figures.get("selection") == key), None)
        if known:
            return known.id
        free = _free(connection, choice.get("class_field", ""))
        items = [item for item in choice["items"] if item["document"] in free]
        if not items:
            raise UsageProblem("The selected documents were labelled or queued meanwhile.", "Select again.")
        draw = random.Random(choice["seed"])
        for number in queue.untouched(connection):
            queue.remove(connection, number)
        entries = [QueueEntry(0, i["document"], 0, i["score"], tuple(i["reasons"]), i["fields"]) for i in items]
        for number in _blind(connection, workspace, len(items), blind_share, draw):
            entries.insert(draw.randint(0, len(entries)), QueueEntry(0, number, 0, 0.0, blind=True))
        of_classes = {"class_field": choice["class_field"]} if choice.get("class_field") else {}
        figures = {**choice["figures"], **of_classes, "selection": key, "size": choice["size"], "pool": choice["pool"]}
        ranked = [replace(entry, rank=rank) for rank, entry in enumerate(entries, start=1)]
        return queue.open_round(connection, choice["run"], choice["strategy"], choice["seed"], ranked, figures)


def _blind(connection: Connection, workspace: Workspace, size: int, share: float, draw: random.Random) -> list[int]:
    """Labelled documents of the training side that come back; shares of a document become chances."""
    wanted = int(size * share + draw.random())
    mine = {o.document for o in opinions.listed(connection) if o.annotator == workspace.settings.who}
    labelled = document_list.ids(connection, document_list.Filter("labelled", split=Split.TRAIN))
    fresh = sorted(set(labelled) - mine - _taken(connection))
    return draw.sample(fresh, min(wanted, len(fresh)))


def close(workspace: Workspace, round_id: int) -> Round:
    """Close a round with its figures (see round_figures.py); what is left of it goes back to the pool.

    Closing twice keeps the first figures.
    """
    progress = rounds.look(workspace, round_id)
    if progress.round.closed is None:
        figures = {**progress.round.figures, **round_figures.figures(workspace, progress.round, progress.entries)}
        with workspace.db.write() as connection:
            queue.close_round(connection, round_id, figures)
    return rounds.look(workspace, round_id).round


def as_dict(progress: RoundProgress) -> dict[str, Any]:
    """The stable keys of `workbench queue --json`; `rank` counts the selected documents, without the blind ones."""
    chosen = [entry for entry in progress.entries if not entry.blind]
    return {
        "round": progress.round.id,
        "run": progress.round.run,
        "strategy": progress.round.strategy,
        "seed": progress.round.seed,
        "items": [
            {
                "document": e.document,
                "score": e.score,
                "rank": rank,
                "reasons": list(e.reasons),
                "fields": e.fields,
                "done": e.done,
            }
            for rank, e in enumerate(chosen, start=1)
        ],
        "blind": [entry.document for entry in progress.entries if entry.blind],
    }


def names(connection: Connection, progress: RoundProgress) -> dict[int, str]:
    """The names of a round's documents, with a folder where others share one."""
    return document_list.names_of(connection, [entry.document for entry in progress.entries])
