"""Runs a simulation's folder to its end: `python -P -m workbench.active_learning.simulation_worker FOLDER [--jobs N]`.

Everything that was measured is one line in cells.jsonl, and every trained set of documents keeps its predictions under
trained/: killed at any moment, it goes on with at most one model per job to train again.
"""

import argparse
import hashlib
import json
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage import locks
from storage.events import EventWriter, last
from storage.exceptions import RunProblem, WorkbenchError
from storage.files import Files, write_atomic
from workbench import lifeline
from workbench.active_learning.retraining import further
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.simulation import CELLS, CONTROL, SimulationPlan, cells, specs
from workbench.active_learning.strategies import registry as strategies
from workbench.evaluation.classes import class_report
from workbench.evaluation.metrics import micro
from workbench.files import small_files
from workbench.predictions.run_reader import read_cases
from workbench.runs import machine, parquet
from workbench.runs.config.files import from_dict
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder

if TYPE_CHECKING:
    from workbench.active_learning.strategies.pool import Pool

Train = Callable[[Path], None]
"""Turns a run folder with a request and a dataset into one with predictions."""
_ANEW = "Delete it, then give the same command to go on."
Figures = dict[str, float]
"""`f1`, and of classes `accuracy`."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A round of a chain: the model of these labelled documents, and what it chose to label next."""

    folder: Path
    figures: Figures
    labelled: tuple[int, ...]
    chosen: tuple[int, ...]

    @property
    def f1(self) -> float:
        """F1 of fields, or the mean over the classes."""
        return self.figures["f1"]


@dataclass
class Simulator:
    """A simulation at work.

    Args:
        folder: as simulation.prepare makes it.
        train: how a model is trained; by default in a worker process.
        threads: CPU threads of one training.
    """

    folder: Path
    train: "Train | None" = None
    threads: int = 1
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _reading: threading.Lock = field(default_factory=threading.Lock)
    _guards: dict[str, threading.Lock] = field(default_factory=dict)
    _users: Counter[str] = field(default_factory=Counter)  # folder -> trainings that go on from its model now
    _pool: "Pool | None" = None  # all texts, where strategies begin with typical ones

    def __post_init__(self) -> None:
        self.plan = SimulationPlan.read(self.folder)
        self.documents = {row.document: row for row in parquet.read(RunFolder(self.folder).dataset("train"))}
        self._keeps_models = self.plan.warm or self.plan.reads_with_dropout
        self._known = {(c["strategy"], c["seed"], c["round"]) for c in cells(self.folder)}

    def run(self, jobs: int = 1) -> None:
        """Measure every cell that is missing; chains of different strategies and seeds side by side."""
        chains: list[Callable[[], None]] = [lambda s=s: self._full(s) for s in range(self.plan.seeds)]  # type: ignore[misc]
        chains += [
            lambda name=name, s=s: self._chain(name, s)  # type: ignore[misc]
            for s in range(self.plan.seeds)
            for name in self.plan.strategies
        ]
        with ThreadPoolExecutor(jobs) as pool:
            for done in [pool.submit(chain) for chain in chains]:
                done.result()
        for folder in self.folder.glob("trained/*"):
            _clear(folder)

    def _full(self, seed: int) -> None:
        """The F1 that all labels give."""
        if ("", seed, 0) not in self._known:
            self._note("", seed, 0, len(self.documents), self._trained(sorted(self.documents), seed)[1])

    def _chain(self, name: str, seed: int) -> None:
        for turn, trained in enumerate(self.rounds(name, seed)):
            if (name, seed, turn) not in self._known:
                self._note(name, seed, turn, len(trained.labelled), trained.figures)

    def rounds(self, name: str, seed: int) -> Iterator["Trained"]:
        """One strategy with one seed, round after round; strategies that begin alike begin with the same documents."""
        typical = self.plan.begin != CONTROL and name != CONTROL
        labelled = self._typical(seed) if typical else self._first(seed)
        before: list[Path] = []  # the models of this chain, which its next one may go on from
        for turn in range(self.plan.rounds + 1):
            folder, figures = self._trained(labelled, seed, before if self.plan.warm else ())
            if self._keeps_models:
                if len(before) > 1:  # the first one is shared by all strategies
                    with self._guard(before[-1]):
                        if not self._users[before[-1].name]:  # else their chain clears it
                            _clear(before[-1])
                before = [*before, folder]
            more = turn < self.plan.rounds and len(labelled) < len(self.documents)
            chosen = self._choice(folder, name, seed, turn) if more else []
            yield Trained(folder, figures, tuple(labelled), tuple(chosen))
            labelled = [*labelled, *chosen]

    def _first(self, seed: int) -> list[int]:
        """The documents that a seed begins with: drawn at random, with two classes among them at least."""
        order = sorted(self.documents)
        random.Random(seed).shuffle(order)
        first, others = order[: self.plan.start], order[self.plan.start :]
        return self._with_two_classes(first, others) if self.plan.task == "classes" else first

    def _with_two_classes(self, first: list[int], others: Iterable[int]) -> list[int]:
        """The first texts; where all are alike, the last one gives way to one of the others that is not."""
        only = self.documents[first[0]].classes
        if all(self.documents[number].classes == only for number in first):
            first[-1] = next((number for number in others if self.documents[number].classes != only), first[-1])
        return first

    def _typical(self, seed: int) -> list[int]:
        """The texts that a seed begins with: typical ones, as they are chosen before there is a run."""
        from workbench.active_learning import class_selection  # loads modAL and scikit-learn

        with self._reading:
            if self._pool is None:
                bodies = {number: " ".join(row.words).casefold() for number, row in sorted(self.documents.items())}
                features = Files(self.folder.parent.parent).features
                self._pool = class_selection.by_texts(bodies, features)
            first = class_selection.first_texts(self._pool, self.plan.start, seed)
        return self._with_two_classes(first, sorted(self.documents.keys() - set(first)))

    def _trained(self, labelled: Iterable[int], seed: int, before: Sequence[Path] = ()) -> tuple[Path, Figures]:
        """The folder of the model trained on these documents, and its figures on the test side.

        Args:
            before: the folders that it goes on from, the last one directly; none: from the base.
        """
        ids = sorted(labelled)
        facts = [seed, ids, *([before[-1].name] if before else [])]
        folder = self.folder / "trained" / hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
        run = RunFolder(folder)
        with self._guard(folder):  # strategies that chose the same documents share the model
            if not run.simulated_figures.is_file():
                with self._model_of(before) as model:
                    self._request(folder, set(ids), seed, model)
                    (self.train or self._in_worker)(folder)
                side = "test" if run.dataset("test").is_file() else "validation"
                figures = self._figures(folder, side)
                shutil.rmtree(run.checkpoints, ignore_errors=True)
                if not self._keeps_models:
                    shutil.rmtree(run.model, ignore_errors=True)
                write_atomic(run.simulated_figures, json.dumps({**figures, "side": side}))
        known = small_files.read(run.simulated_figures, dict[str, Any], _ANEW)
        return folder, {name: float(known[name]) for name in ("f1", "accuracy") if name in known}

    def _figures(self, folder: Path, side: str) -> Figures:
        if self.plan.task == "tokens":
            return {"f1": micro(read_cases(folder, side, boxes=False)).f1}
        measured = class_report.evaluate_run(folder, side)["splits"][side]
        return {name: measured[name] for name in ("f1", "accuracy")}

    def _guard(self, folder: Path) -> threading.Lock:
        with self._writing:
            return self._guards.setdefault(folder.name, threading.Lock())

    @contextmanager
    def _model_of(self, chain: Sequence[Path]) -> Iterator[Path | None]:
        """The model of a chain's last folder, which stays as long as it is needed; None where there is no chain.

        One that was cleared away is trained again: it happens when two chains part late, or a simulator was killed.
        """
        if not chain:
            yield None
            return
        folder = chain[-1]
        with self._guard(folder):
            if not RunFolder(folder).model.is_dir():
                with self._model_of(chain[:-1]):
                    RunFolder(folder).events.unlink(missing_ok=True)  # their last line is "finished"
                    (self.train or self._in_worker)(folder)
            self._users[folder.name] += 1
        try:
            yield RunFolder(folder).model
        finally:
            with self._guard(folder):
                self._users[folder.name] -= 1

    def _request(self, folder: Path, labelled: set[int], seed: int, model: Path | None) -> None:
        if RunFolder(folder).request.is_file():
            return  # begun before: the worker goes on from its last checkpoint
        config = from_dict(self.plan.config).kept_here()
        if model is not None:
            config = further(config, model)
        request = Request(
            run=folder.name,
            fields=specs(self.plan),
            config=config.model_copy(update={"train": config.train.model_copy(update={"seed": seed})}),
            parent="" if model is None else model.parent.name,
            threads=self.threads,
            explains=False,
        )
        run = RunFolder(folder)
        run.datasets.mkdir(parents=True, exist_ok=True)
        parquet.write(run.dataset("train"), [row for number, row in self.documents.items() if number in labelled])
        others = (row for number, row in self.documents.items() if number not in labelled)
        pool = [replace(row, tags=None, classes=None) for row in others]
        if pool:
            parquet.write(run.dataset("pool"), pool)
        for split in ("validation", "test"):
            source = RunFolder(self.folder).dataset(split)
            if source.is_file():
                shutil.copy2(source, run.dataset(split))
        write_atomic(run.request, request.text())

    def _in_worker(self, folder: Path) -> None:
        """Train in a process of its own, which ends with this one.

        Raises:
            RunProblem: it ended without predictions.
        """
        while locks.held(RunFolder(folder).lock):  # the worker of a killed simulator is about to end
            time.sleep(0.1)
        ended = last(RunFolder(folder).events, frozenset({"finished"}))
        if ended:
            return
        with locks.open_own(RunFolder(folder).log, "ab") as log:
            code = machine.start(
                machine.WORKER, str(folder), cwd=folder, output=log, errors=log, threads=self.threads, tied=True
            ).wait()
        if code or not RunFolder(folder).predictions.is_file():
            failed = last(RunFolder(folder).events, frozenset({"failed"})) or {}
            raise RunProblem(
                failed.get("message") or f"Training in {folder} ended with {code}.",
                failed.get("remedy") or f"{RunFolder(folder).log} says why.",
            )

    def _choice(self, folder: Path, name: str, seed: int, turn: int) -> list[int]:
        path = folder / f"choice-{name}.json"
        if not path.is_file():
            request = SelectionRequest(
                name, self.plan.batch, seed=seed * 1000 + turn, class_field=self.plan.class_field
            )
            needs_model = "dropout" in strategies.get(name).needs  # its masks are drawn from one generator
            with self._model_of([folder] if needs_model else ()), self._reading if needs_model else nullcontext():
                from workbench.active_learning import selection_worker  # loads modAL and scikit-learn for 2 seconds

                items = selection_worker.choose(folder, request)["items"]
            write_atomic(path, json.dumps([item["document"] for item in items]))
        return small_files.read(path, list[int], _ANEW)

    def _note(self, name: str, seed: int, turn: int, labels: int, figures: Figures) -> None:
        with self._writing:
            writer = EventWriter(self.folder / CELLS)
            writer.write("cell", strategy=name, seed=seed, round=turn, labels=labels, **figures)
            writer.close()


def _clear(folder: Path) -> None:
    """Delete a folder's model; renamed first, as what a kill leaves of it would be taken for a whole model."""
    gone = folder / "model.gone"
    if RunFolder(folder).model.is_dir():
        shutil.rmtree(gone, ignore_errors=True)  # what is left of an earlier model
        RunFolder(folder).model.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """Run until everything is measured; 0 then."""
    parser = argparse.ArgumentParser(prog="workbench.active_learning.simulation_worker", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    folder = options.folder.resolve()
    if locks.acquire(RunFolder(folder).lock) is None:
        return 0  # another process runs it
    threads = max(1, machine.cores() // options.jobs)
    machine.warm_up()
    try:
        Simulator(folder, threads=threads).run(options.jobs)
    except WorkbenchError as error:
        writer = EventWriter(folder / CELLS)
        facts: dict[str, Any] = error.as_dict()
        writer.write("failed", message=facts["message"], remedy=facts["remedy"])
        writer.close()
        return error.exit_code
    return 0


if __name__ == "__main__":
    lifeline.leave(main())
