"""Searches from the terminal's side: planned, started, followed and reported here; driver.py carries one out.

searches/<name>/ plan.json  journal.log (Optuna's)  lock  stop  progress.json (as each run ends)
result.json (written last)  stderr.log
"""

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from storage import document_list, locks
from storage import runs as run_store
from storage.exceptions import InputProblem, RunProblem, UsageProblem
from storage.files import read_regular, write_atomic
from storage.records import Run, RunState, Split
from workbench import warm_workers
from workbench.runs import jobs, machine, progress
from workbench.runs.config.files import apply_sets, from_dict
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import LOG, RunFolder
from workbench.search.space import Dimension, default, space_of
from workbench.workspace import Workspace

DRIVER = "workbench.search.driver"
"""The module that carries a search out: `python -P -m DRIVER WORKSPACE NAME`."""
PRESET_RUN = "preset"
"""What the name of the run that varies nothing ends with."""
MOST_TRIALS = 1000
WORKING = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)
_NAME = re.compile(r"[\w][\w .+-]{0,79}")


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What is searched. `hours` count from each start of the search; 0: without an end other than `trials`."""

    name: str
    config: dict[str, Any]
    space: list[str]
    trials: int
    hours: float = 0.0
    slots: int = 1
    seed: int = 0
    preset: str = ""
    target: str = ""  # another machine that the runs train on, as `Settings.target` takes it; "": this one
    gpus: float | None = None  # of each process there, where others are asked for than the target says
    early_trials: int = 0  # on a share of the documents, to find what is worth training on all
    early_documents: int = 0  # training documents of these

    @property
    def base(self) -> TuneConfig:
        """The configuration that is varied."""
        return from_dict(self.config)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return space_of(self.space, self.base)

    def ended(self, runs: Sequence[Run]) -> int:
        """How many of the planned runs have ended; a preset that lies outside of what is searched is none of them.

        Args:
            runs: of this search.
        """
        base = self.base
        is_beside = any(dimension.place_of(base) is None for dimension in self.dimensions)
        beside = f"{self.name} {PRESET_RUN}" if is_beside else ""
        return sum(run.state not in WORKING and run.name != beside for run in runs)


class _Trial(msgspec.Struct):
    """What is read of a trial in a report."""

    run: str | None
    state: str
    value: float | None
    params: dict[str, Any]
    documents: int | None = None  # this one and others with a default: a report of an older version has none
    origin: str = ""
    reason: str = ""


class _Best(msgspec.Struct):
    run: str | None
    value: float
    params: dict[str, Any]
    ci95: tuple[float, float] | None = None


class _Gain(msgspec.Struct):
    sentence: str


class _Figures(msgspec.Struct):
    f1: float
    gain: _Gain | None = None


class _Progress(msgspec.Struct):
    importance: dict[str, float]
    trials: list[_Trial]


class _Report(msgspec.Struct):
    """What is read of a report: a file that lacks it is none."""

    best: _Best
    gain: _Gain | None
    test: _Figures | None
    importance: dict[str, float]
    trials: list[_Trial]
    test_problem: str = ""


class SearchFolder:
    """The files of a search."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plan = path / "plan.json"
        self.journal = path / "journal.log"
        self.lock = path / "lock"
        self.stop = path / "stop"
        self.progress = path / "progress.json"
        self.result = path / "result.json"
        self.log = path / LOG

    def at_work(self) -> bool:
        """Whether a living process carries the search out."""
        return locks.held(self.lock)

    def read_plan(self) -> SearchPlan:
        """The plan.

        Raises:
            InputProblem: it is gone or damaged.
        """
        try:
            plan = msgspec.json.decode(read_regular(self.plan), type=SearchPlan)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InputProblem(f"{self.plan} cannot be read: {str(error)[:200]}.", "Start a search anew.") from error
        if (
            plan.name != self.path.name
            or not _is_possible(plan.trials, plan.hours, plan.slots)
            or not 0 <= plan.early_trials <= MOST_TRIALS
            or (plan.early_trials and plan.early_documents < 1)
        ):
            raise InputProblem(f"{self.plan} is damaged: its name or numbers cannot be.", "Start a search anew.")
        return plan

    def read_progress(self) -> dict[str, Any]:
        """{"trials", "importance"} as of the run that ended last; {} before that, or where the file is damaged."""
        if (report := self.read_result()) is not None:
            return report
        try:
            known = json.loads(read_regular(self.progress))
            msgspec.convert(known, _Progress)
        except (OSError, ValueError, RecursionError):
            return {}
        return dict(known)

    def read_result(self) -> dict[str, Any] | None:
        """The report of a search that ended; None while there is none."""
        try:
            report = json.loads(read_regular(self.result))
            msgspec.convert(report, _Report)
        except (OSError, ValueError, RecursionError):  # ValidationError is a ValueError
            return None
        return dict(report)


def folder_of(workspace: Workspace, name: str) -> SearchFolder:
    return SearchFolder(workspace.files.searches / name)


def listed(workspace: Workspace) -> list[SearchFolder]:
    """The searches of a workspace, the latest first."""
    plans = [plan for plan in workspace.files.searches.glob("*/plan.json") if plan.is_file()]
    return [SearchFolder(plan.parent) for plan in sorted(plans, key=_changed, reverse=True)]


def _changed(path: Path) -> float:
    """When a file was written last; 0 where it has just been deleted."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _is_possible(trials: int, hours: float, slots: int) -> bool:
    return 1 <= trials <= MOST_TRIALS and 0 <= hours < 10_000 and 1 <= slots <= MOST_TRIALS


def get(workspace: Workspace, name: str) -> SearchFolder:
    """The search of this name.

    Raises:
        RunProblem: there is none.
    """
    folder = folder_of(workspace, name)
    if not _NAME.fullmatch(name) or not folder.plan.is_file():
        names = ", ".join(search.path.name for search in listed(workspace)[:5])
        raise RunProblem(
            f"There is no search called {name!r}.", f"There are: {names}." if names else "Start one: tune --search."
        )
    return folder


def prepare(
    workspace: Workspace,
    base: TuneConfig,
    space: Sequence[Dimension],
    *,
    name: str = "",
    preset: str = "",
    trials: int,
    hours: float = 0.0,
    slots: int = 1,
    seed: int = 0,
    target: str = "",
    gpus: float | None = None,
    early_share: float = 1.0,
) -> SearchFolder:
    """Write the plan of a search; one of this name, configuration and space goes on, with the trials and hours given.
    Without a space the default one is searched; with a target its runs train on that machine; with a share below 1 the
    first half of the trials train on so much of the training documents.

    Raises:
        UsageProblem: the name, the number of trials or the share cannot be.
        RunProblem: nothing is labelled for validation, the search is at work, or the name has another use.
        WorkbenchError: a run of the configuration, or of a choice, could not begin here.
    """
    if not _is_possible(trials, hours, slots):
        raise UsageProblem(
            f"A search has 1 to {MOST_TRIALS:,} trials, as many at a time, and hours from 0.",
            "Change --trials, --hours or --slots.",
        )
    if not 0 < early_share <= 1:
        raise UsageProblem(
            "The share of early trials is above 0 and at most 1.", "Give --early-share 0.3, or leave it out."
        )
    name = name or datetime.now(UTC).astimezone().strftime("search-%Y%m%d-%H%M%S")
    if not _NAME.fullmatch(name):
        raise UsageProblem(f"{name[:80]!r} cannot name a search.", "Use up to 80 letters, digits, spaces, and . + -")
    with workspace.db.read() as connection:
        validation = document_list.Filter("labelled", split=Split.VALIDATION)
        if not document_list.count(connection, validation):
            raise RunProblem(
                "A search compares runs by their validation documents, and none is labelled.",
                "Label some, or move some there: workbench split --validation 0.2 (only a run alone sets some apart)",
            )
        learned = document_list.count(connection, document_list.Filter("labelled", split=Split.TRAIN))
        if not space:
            space = default(base, learned)
        taken = any(run.batch == name for run in run_store.listed(connection))
    jobs.check(base, elsewhere=bool(target))
    for dimension in space:
        for choice in dimension.choices:
            jobs.check(apply_sets(base, [f"{dimension.key}={choice}"]), elsewhere=bool(target))
    folder = folder_of(workspace, name)
    config, texts = base.model_dump(mode="json"), [dimension.text() for dimension in space]
    plan = SearchPlan(name, config, texts, trials, hours, slots, seed, preset, target, gpus)
    if early_share < 1:
        learned = min(learned, base.data.max_train_documents or learned)
        plan = replace(plan, early_trials=trials // 2, early_documents=max(1, round(early_share * learned)))
    if folder.plan.is_file():
        if folder.at_work():
            raise RunProblem(f"Search {name!r} is running.", f"Follow it: workbench searches show {name!r}")
        before = folder.read_plan()
        if early_share == 1 or before.early_trials:  # they stay as they were planned
            plan = replace(plan, early_trials=before.early_trials, early_documents=before.early_documents)
        if plan != replace(before, trials=trials, hours=hours, slots=slots, target=target, gpus=gpus):
            raise RunProblem(f"There is a search called {name!r} that varies something else.", "Choose another --name.")
    elif taken:
        raise RunProblem(f"There is a group of runs called {name!r} already.", "Choose another --name.")
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.result.unlink(missing_ok=True)
    folder.stop.unlink(missing_ok=True)
    write_atomic(folder.plan, json.dumps(asdict(plan), indent=1))
    return folder


def go_on(
    workspace: Workspace,
    name: str,
    *,
    trials: int | None,
    hours: float | None,
    slots: int,
    target: str = "",
    gpus: float | None = None,
) -> SearchFolder:
    """Prepare to go on with a search as it was planned, or with more trials, or on another machine.

    Raises:
        RunProblem: there is no such search, or it is running.
    """
    plan = get(workspace, name).read_plan()
    return prepare(
        workspace,
        plan.base,
        plan.dimensions,
        name=name,
        preset=plan.preset,
        trials=plan.trials if trials is None else trials,
        hours=plan.hours if hours is None else hours,
        slots=slots,
        seed=plan.seed,
        target=target or plan.target,
        gpus=plan.gpus if gpus is None and not target else gpus,
    )


def start(workspace: Workspace, folder: SearchFolder) -> "subprocess.Popen[bytes]":
    """Carry a search out in a process and session of its own; it outlives this terminal.

    As long as the terminal is open, its runs begin with the libraries that are loaded here.

    Raises:
        RunProblem: the process cannot be started.
    """
    variables, descriptors = warm_workers.passed_on()
    try:
        with locks.open_own(folder.log, "ab") as log:
            return subprocess.Popen(
                machine.python(DRIVER, str(workspace.files.root), folder.path.name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder.path,
                env=os.environ | variables,
                pass_fds=descriptors,
                start_new_session=True,
            )
    except OSError as error:
        raise RunProblem(f"The search cannot be started: {error}.", "Free some space, then try again.") from error


def stop(folder: SearchFolder) -> None:
    """Ask a search to end: its runs stop well, and the report is made of what there is.

    Raises:
        RunProblem: it is not running.
    """
    if not folder.at_work():
        raise RunProblem(f"Search {folder.path.name!r} is not running.", "There is nothing to stop.")
    folder.stop.touch()


def runs_of(workspace: Workspace, name: str) -> list[Run]:
    """The runs of a search, in the order of their beginning."""
    with workspace.db.read() as connection:
        runs = [run for run in run_store.listed(connection) if run.batch == name]
    return sorted(runs, key=lambda run: (run.created, run.id))


def wait(
    workspace: Workspace,
    folder: SearchFolder,
    process: "subprocess.Popen[bytes]",
    tick: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Follow a search to its end; `tick` gets the share that is done. Its report.

    Raises:
        RunProblem: it ended without a report.
    """
    plan, pause = folder.read_plan(), threading.Event()
    followers: dict[str, progress.Follower] = {}
    while process.poll() is None or folder.at_work():  # one that was begun before may lead it
        runs, under_way = runs_of(workspace, plan.name), 0.0
        for run in (run for run in runs if run.state in WORKING):
            follower = followers.setdefault(run.id, progress.Follower(workspace.files.run(run.id)))
            follower.poll()
            under_way += follower.progress.share
        tick(min(1.0, (sum(run.state not in WORKING for run in runs) + 0.9 * under_way) / plan.trials))
        pause.wait(0.5)
    report = folder.read_result()
    if report is None:
        reason = RunFolder(folder.path).log_tail()
        raise RunProblem(
            f"Search {plan.name!r} ended without a report. {reason}".strip(),
            f"Give the same command again to go on; {folder.log} says more.",
        )
    return report
