"""Simulations of the relabel loop: planned and reported here, run by simulation_worker.py in the background.

On fully labelled documents the labels are hidden; a strategy chooses batch after batch, the true labels answer, and a
model is trained after each. A simulation is a folder named after its plan and its data: the same command goes on where
it was left.

    simulations/<key>/ plan.json  dataset/ (as in a run)  trained/<labels>/  cells.jsonl  lock  stderr.log
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import defstruct

from storage import events, locks
from storage.exceptions import InputProblem, RunProblem, UsageProblem, WorkbenchError
from storage.files import write_atomic
from workbench import warm_workers
from workbench.active_learning.stopping import Point, interval, labels_needed
from workbench.active_learning.strategies import registry as strategies
from workbench.evaluation import charts
from workbench.files import small_files
from workbench.runs import machine, progress, snapshot
from workbench.runs.config import files as config_files
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import LOG
from workbench.workspace import Workspace

WORKER = "workbench.active_learning.simulation_worker"
"""The module that carries a simulation out: `python -P -m WORKER FOLDER [--jobs N]`."""
CONTROL = "random"
TARGETS = (90, 95, 99)
"""Percent of the F1 that the full data gives."""
NOT_SIMULATED = ("committee", "similar")
"""Strategies that need more than one run and its pool."""

CELLS = "cells.jsonl"
"""Of a simulation's folder: what was measured, a line a model."""


_MOST = 1_000_000
"""Of each number of a plan."""


_Cell = defstruct("_Cell", [("strategy", str), ("seed", int), ("round", int), ("labels", int), ("f1", float)])


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What to simulate. Round 0 has `start` labelled documents, each further one `batch` more.

    With `warm` each round's training goes on from the model of the round before, as the queue screen offers it;
    otherwise every model begins at the base. `begin` is how all strategies but the control begin: at random, as it
    does, or with texts that are typical.
    """

    strategies: tuple[str, ...]
    rounds: int
    batch: int
    seeds: int
    start: int
    config: dict[str, Any]
    fields: tuple[dict[str, Any], ...]
    warm: bool = False
    begin: str = CONTROL

    @property
    def cells(self) -> int:
        """Models to train and measure, those that several strategies share counted for each."""
        return self.seeds * (len(self.strategies) * (self.rounds + 1) + 1)

    @property
    def task(self) -> str:
        """ "tokens" or "classes"."""
        return str(self.config["model"]["task"])

    @property
    def class_field(self) -> str:
        """The id of the field that is learned by classes; "" for tokens."""
        return str(self.fields[0]["id"]) if self.task == "classes" else ""

    @property
    def reads_with_dropout(self) -> bool:
        """Whether a strategy needs the models themselves, to read with parts of them switched off."""
        return any("dropout" in strategies.get(name).needs for name in self.strategies)

    @classmethod
    def read(cls, folder: Path) -> "SimulationPlan":
        """The plan of a simulation's folder.

        Raises:
            InputProblem: it is gone or damaged.
        """
        path, remedy = folder / "plan.json", f"Move {folder} away, then give the same command again."
        plan = small_files.read(path, cls, remedy)
        try:
            for name in plan.strategies:
                strategies.get(name)
            known, numbers = specs(plan), (plan.rounds, plan.batch, plan.seeds, plan.start)
            if not (known and "task" in plan.config["model"] and all(1 <= number <= _MOST for number in numbers)):
                raise ValueError("its numbers cannot be, or it has no fields")
            config_files.from_dict(plan.config)
        except (WorkbenchError, ValueError, LookupError, TypeError) as error:
            raise InputProblem(f"{path} is damaged: {str(error)[:200]}.", remedy) from error
        return plan


def prepare(
    workspace: Workspace,
    names: Sequence[str],
    config: TuneConfig,
    *,
    rounds: int = 5,
    batch: int = 10,
    seeds: int = 3,
    start: int | None = None,
    warm: bool = False,
    begin: str = CONTROL,
) -> Path:
    """Freeze the labelled documents and the plan into the simulation's folder; one of the same plan is kept as it is.

    Raises:
        UsageProblem: a strategy is unknown, not for the task or not simulated, the model cannot go on from another or
            has no dropout where that is asked for, or too few documents are labelled.
        RunProblem: nothing is labelled, or there is no class field, or several of which none was chosen.
    """
    chosen = tuple(dict.fromkeys([*names, CONTROL]))
    for name in chosen:
        strategies.get(name, config.model.task)
        if name in NOT_SIMULATED:
            raise UsageProblem(f"Strategy '{name}' cannot be simulated: it needs more than one run.")
    if min(rounds, batch, seeds, start or batch) < 1:
        raise UsageProblem("Rounds, batch, seeds and start must be 1 or more.")
    if warm and config.model.family == "baseline":
        raise UsageProblem("The baseline is trained anew every time.", "Leave out --warm, or choose another family.")
    fields = tuple(
        FieldSpec.of(field).model_dump(mode="json") for field in snapshot.learned_fields(workspace.schema, config.model)
    )
    if begin != CONTROL and config.model.task != "classes":
        raise UsageProblem("Only where texts are classified can a simulation begin with typical ones.")
    settings = config.model_dump(mode="json")
    plan = SimulationPlan(chosen, rounds, batch, seeds, start or batch, settings, fields, warm, begin)
    if plan.reads_with_dropout and not _has_dropout(config):
        raise UsageProblem(
            "A model without dropout cannot contradict itself.",
            "Leave out bald, or give --set regularization.hidden_dropout_prob=0.1 with a family that has it.",
        )
    home = _home(workspace)
    draft = home / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        frozen = snapshot.freeze(workspace, draft, 0, class_field=plan.class_field or None)
        labelled = frozen.documents.get("train", 0)
        if labelled <= plan.start:
            raise UsageProblem(
                f"{labelled} labelled training documents are too few to start with {plan.start} and choose from.",
                "Label more, or give smaller --start and --batch.",
            )
        facts = asdict(plan)
        if begin == CONTROL:
            del facts["begin"]  # plans of earlier versions have none
        write_atomic(draft / "plan.json", json.dumps(facts))
        key = hashlib.sha256((frozen.fingerprint + json.dumps(facts)).encode()).hexdigest()[:12]
        with suppress(OSError):  # it is there: kept with all that it has
            draft.rename(home / key)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return home / key


def _has_dropout(config: TuneConfig) -> bool:
    """Whether parts of the model can be switched off; a share that is not set is the base's own."""
    layers = config.regularization
    shares = (layers.hidden_dropout_prob, layers.attention_probs_dropout_prob, config.model.classifier_dropout)
    return config.model.family != "baseline" and any(share != 0 for share in shares)


def _home(workspace: Workspace) -> Path:
    return workspace.files.simulations


def start(folder: Path, jobs: int = 1) -> "subprocess.Popen[bytes] | None":
    """Run or go on with a simulation in a session of its own; None when it is running already."""
    if locks.held(folder / "lock"):
        return None
    variables, descriptors = warm_workers.passed_on()
    with locks.open_own(folder / LOG, "ab") as log:
        return subprocess.Popen(
            machine.python(WORKER, str(folder), "--jobs", str(jobs)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=os.environ | variables,
            pass_fds=descriptors,
            start_new_session=True,
        )


def stop(folder: Path, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """End a simulation with everything it started; what was measured is kept.

    Args:
        process: what `start` gave, where this process started it.

    Raises:
        RunProblem: it is not running.
    """
    pid = process.pid if process else locks.holder(folder / "lock") if locks.held(folder / "lock") else None
    if pid is None:
        raise RunProblem(f"Simulation {folder.name} is not running.")
    with suppress(ProcessLookupError):  # it ended by itself in between
        os.killpg(pid, signal.SIGTERM)
    if process:
        process.wait()


def at_work(workspace: Workspace) -> list[Path]:
    """The folders of the simulations that are at work."""
    return sorted(lock.parent for lock in _home(workspace).glob("*/lock") if locks.held(lock))


def wait(
    folder: Path,
    process: "subprocess.Popen[bytes] | None",
    tick: Callable[[float, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Follow a simulation to its end; `tick(done, total)` in cells, of one that is being trained its share. Its report.

    Raises:
        RunProblem: it ended before it was done.
    """
    total = SimulationPlan.read(folder).cells
    pause = threading.Event()
    shown = 0.0
    while process.poll() is None if process else locks.held(folder / "lock"):
        shown = max(shown, len(cells(folder)) + _under_way(folder))  # a model whose reading chooses is not counted yet
        tick(shown, total)
        pause.wait(0.5)
    done = len(cells(folder))
    tick(done, total)
    if done < total:
        failed = events.last(folder / CELLS, frozenset({"failed"}))
        raise RunProblem(
            f"The simulation ended after {done} of {total} models. {failed['message'] if failed else ''}".strip(),
            f"Give the same command to go on; {folder / 'stderr.log'} says more.",
        )
    return report(folder)


def _under_way(folder: Path) -> float:
    """How much of the models that are being trained is done; the last tenth is reading the pool with them."""
    return sum(0.9 * progress.of(lock.parent).share for lock in folder.glob("trained/*/lock") if locks.held(lock))


def cells(folder: Path) -> list[dict[str, Any]]:
    """What was measured: `{strategy, seed, round, labels, f1}`, each cell once; strategy "" is the full data.

    Of classes, `f1` is the mean over the classes, and `accuracy` stands beside it.
    """
    measured: dict[tuple[Any, ...], dict[str, Any]] = {}
    for event in events.iterate(folder / CELLS):
        with suppress(msgspec.ValidationError, KeyError):  # of a damaged line
            if event["type"] == "cell":
                msgspec.convert(event, _Cell)
                measured[event["strategy"], event["seed"], event["round"]] = event
    return list(measured.values())


def report(folder: Path) -> dict[str, Any]:
    """What was measured so far, with stable keys.

    `simulation, task, done, total, full{labels, f1, ci95}, strategies{S: {curve[{labels, f1, ci95}], needed{"95":
    {labels, ci95, reached, of}}, against_random{"95": ratio}}}`. `needed.labels` is the mean over the seeds that
    reached the target (None where none did); the ratio compares the seeds that both reached, so 0.5 is half of the
    labels. `ci95` is over the seeds, cut to what is possible, and None below three of them. Of classes, `f1` is the
    mean over the classes (macro), and `full` and the curves have `accuracy` too.
    """
    plan = SimulationPlan.read(folder)
    measured = cells(folder)
    full = [cell for cell in measured if cell["strategy"] == ""]
    result: dict[str, Any] = {
        "simulation": folder.name,
        "task": plan.task,
        "done": len(measured),
        "total": plan.cells,
        "full": {**_summary(full), "labels": full[0]["labels"] if full else None},
        "strategies": {},
    }
    target = result["full"]["f1"]
    needed = {name: _needed(plan, name, measured, target) for name in plan.strategies} if target is not None else {}
    for name in plan.strategies:
        mine = [cell for cell in measured if cell["strategy"] == name]
        labels = sorted({cell["labels"] for cell in mine})
        # a pool that emptied leaves several rounds with the same labels: they are one measurement
        once = {(cell["labels"], cell["seed"]): cell for cell in mine}
        curve = [{"labels": n, **_summary([cell for (of, _), cell in once.items() if of == n])} for n in labels]
        result["strategies"][name] = {"curve": curve, "needed": {}, "against_random": {}}
        for percent, by_seed in needed.get(name, {}).items():
            reached = [number for number in by_seed.values() if number is not None]
            both = [
                (a, b)
                for s, a in by_seed.items()
                if a is not None and (b := needed[CONTROL][percent].get(s)) is not None
            ]
            result["strategies"][name]["needed"][percent] = {
                "labels": round(sum(reached) / len(reached), 1) if reached else None,
                "ci95": interval(reached, plan.start, result["full"]["labels"]),
                "reached": len(reached),
                "of": len(by_seed),
            }
            result["strategies"][name]["against_random"][percent] = (
                round(sum(a for a, _ in both) / sum(b for _, b in both), 3) if both else None
            )
    return result


def _needed(
    plan: SimulationPlan, name: str, measured: Sequence[Mapping[str, Any]], target: float
) -> dict[str, dict[int, float | None]]:
    by_seed = {
        seed: [Point(c["labels"], c["f1"]) for c in measured if (c["strategy"], c["seed"]) == (name, seed)]
        for seed in range(plan.seeds)
    }
    return {
        # a full-data model that finds nothing sets no target
        str(percent): {
            s: labels_needed(points, target * percent / 100) if target else None
            for s, points in by_seed.items()
            if points
        }
        for percent in TARGETS
    }


def _summary(measured: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    f1 = [cell["f1"] for cell in measured]
    summary = {"f1": _mean(f1), "ci95": interval(f1, 0, 1)}
    accuracy = [cell["accuracy"] for cell in measured if "accuracy" in cell]
    return {**summary, "accuracy": _mean(accuracy)} if accuracy else summary


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def measure(report: Mapping[str, Any]) -> str:
    """What the figures of a report are, in words."""
    return "macro F1" if report["task"] == "classes" else "F1"


def chart(report: Mapping[str, Any]) -> charts.Curves:
    """A report's curves, F1 by labels, with the intervals over seeds as bars, and the F1 of all labels as a line."""
    lines = [
        charts.Series(
            strategies.get(name).title,
            tuple((point["labels"], point["f1"]) for point in row["curve"]),
            spread=tuple((point["labels"], *point["ci95"]) for point in row["curve"] if point["ci95"]),
        )
        for name, row in report["strategies"].items()
    ]
    full = report["full"]
    last = max((labels for line in lines for labels, _ in line.points), default=0)
    if full["f1"] is not None and last:
        lines.append(charts.Series(f"all {full['labels']} labels", ((0, full["f1"]), (last, full["f1"])), "#777777"))
    bars = "; bars: 95 % intervals over seeds" if any(line.spread for line in lines) else ""
    title = f"{measure(report)} by labelled documents{bars}"
    return charts.Curves(title[0].upper() + title[1:], lines, "labels")


def specs(plan: SimulationPlan) -> list[FieldSpec]:
    """The plan's fields as a run's request wants them."""
    return [FieldSpec.model_validate(field) for field in plan.fields]
