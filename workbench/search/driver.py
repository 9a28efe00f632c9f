"""Carries a search out: `python -P -m workbench.search.driver WORKSPACE NAME`.

Optuna's journal has every trial, and a trial's run is found by its name: killed at any moment, the search goes on with
the runs that there are. Early trials, which train on a share of the documents, are a study of their own: their figures
are compared with each other alone, and the best of them are proposed to the trials on all documents.
"""

import json
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import LOCK_FILE_SUFFIX
from optuna.trial import FrozenTrial, Trial, TrialState

from storage import locks
from storage.exceptions import Busy, ConfigProblem, RunProblem, WorkbenchError
from storage.files import write_atomic
from storage.records import RunState
from workbench.runs.config.files import apply_sets
from workbench.search import plan as searches
from workbench.search.plan import PRESET_RUN, SearchFolder
from workbench.search.space import Dimension, applied
from workbench.search.trial_runs import Look, Runs, WorkspaceRuns
from workbench.workspace import Workspace

COMPARED_AT = 10
"""A run is compared with the others at each tenth of its steps."""
BEFORE_PRUNING = 4
"""Trials that end before one is compared, and tenths of each that pass before."""
LEAST_FOR_IMPORTANCE = 4
FAILURES = 3
"""Trials in a row that may fail before the search is given up."""
EARLY = "early"
"""What the name of the early trials' study ends with, and that of their runs has before the number."""
ORIGIN = "origin"
"""User attribute of a trial: why it was proposed, where not by the sampler."""


@dataclass
class Driver:
    """A search at work.

    Args:
        folder: of the search; its plan is written.
        runs: that try the trials.
        seconds: between two looks at them.
    """

    folder: SearchFolder
    runs: Runs
    seconds: float = 0.5

    def __post_init__(self) -> None:
        self.plan = self.folder.read_plan()
        self.space: tuple[Dimension, ...] = self.plan.dimensions
        self._pause = threading.Event()
        self._active: dict[str, Trial | None] = {}  # run -> its trial; None: the preset outside the space
        self._beside = ""  # the preset's run, where the preset lies outside of what is searched
        self._failures: list[str] = []  # reasons of the last trials, as long as each failed

    def study(self, name: str = "", trials: int = 0) -> optuna.Study:
        """The search's study, from its journal; with a name that of its early trials, and how many these are.

        Raises:
            RunProblem: the journal is damaged.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        _mend(self.folder.journal)
        try:
            study = optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(self.folder.journal))),
                study_name=f"{self.plan.name} {name}".strip(),
                direction="maximize",
                pruner=optuna.pruners.MedianPruner(n_startup_trials=BEFORE_PRUNING, n_warmup_steps=BEFORE_PRUNING),
                load_if_exists=True,
            )
            known = len(study.get_trials(deepcopy=False))
        except Exception as error:  # optuna believes its file: whatever it stumbles over is damage
            raise RunProblem(
                f"{self.folder.journal} is damaged ({type(error).__name__}: {str(error)[:100]}).",
                "Its runs are whole. Start another search: choose another --name.",
            ) from error
        study.sampler = optuna.samplers.TPESampler(
            # another one at each start, and for each study: the same draws would be tried twice
            seed=self.plan.seed + known + (0 if name else self.plan.early_trials),
            n_startup_trials=max(3, (trials or self.plan.trials) // 4),
            constant_liar=self.plan.slots > 1,
        )
        return study

    def run(self) -> dict[str, Any]:
        """Try what there is to try, and report.

        Raises:
            WorkbenchError: no run can be started, or several in a row failed.
        """
        study, began = self.study(), time.monotonic()
        early = self.study(EARLY, self.plan.early_trials) if self.plan.early_trials else None
        self._begin_preset(study)
        for known in filter(None, (study, early)):
            for frozen in known.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                self._take_up(Trial(known, frozen._trial_id))
        while True:
            late = bool(self.plan.hours) and time.monotonic() - began > self.plan.hours * 3600
            stopped = self.folder.stop.exists()
            while len(self._active) < self.plan.slots and not (late or stopped):
                if (asked := self._next(study, early)) is None:
                    break
                self._take_up(asked.ask())
            if not self._active:
                break
            for run in tuple(self._active):
                if stopped:
                    self.runs.stop(run)
                self._follow(study, early, run)
            if self._active:
                self._pause.wait(self.seconds)
        return self._report(study, early, "hours" if late else "stopped" if stopped else "trials")

    def _next(self, study: optuna.Study, early: optuna.Study | None) -> optuna.Study | None:
        """The study whose turn it is to propose a trial; None where there is nothing to begin now.

        The preset's comes first, then the early ones, then those on all documents, which the early ones must have ended
        for.
        """
        begun, begun_early = len(_begun(study)), len(_begun(early))
        if len(self._failures) >= FAILURES or begun + begun_early >= self.plan.trials:
            return None
        if early is None or (not begun and not self._beside):
            return study
        if begun_early < self.plan.early_trials:
            return early
        if early.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            return None
        self._enqueue_early(study, early)
        return study

    def _enqueue_early(self, study: optuna.Study, early: optuna.Study) -> None:
        """Have the best of the early trials tried on all documents: as many as half of the trials that are left."""
        complete = early.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        best = sorted(complete, key=lambda trial: -float(trial.value or 0.0))
        for trial in best[: max(1, (self.plan.trials - self.plan.early_trials) // 2)]:
            reason = f"best of {self.plan.early_documents} documents"
            study.enqueue_trial(trial.params, user_attrs={ORIGIN: reason}, skip_if_exists=True)

    def _begin_preset(self, study: optuna.Study) -> None:
        """The configuration as it is, tried first: what the search gained is measured against it."""
        places = {dimension.key: dimension.place_of(self.plan.base) for dimension in self.space}
        if all(place is not None for place in places.values()):
            if not study.get_trials(deepcopy=False):
                study.enqueue_trial(places, user_attrs={ORIGIN: PRESET_RUN})
        else:  # it lies outside of what is searched
            self._beside = self.runs.begin(self.plan.base, f"{self.plan.name} {PRESET_RUN}")
            self._active[self._beside] = None

    def _preset(self, study: optuna.Study) -> str | None:
        """The run that varies nothing."""
        if self._beside:
            return self._beside
        attributes = (trial.user_attrs for trial in study.get_trials(deepcopy=False))
        return next((known.get("run") for known in attributes if known.get(ORIGIN) == PRESET_RUN), None)

    def _take_up(self, trial: Trial) -> None:
        """Start the run of a trial, or go on with it."""
        values = {dimension.key: _suggest(trial, dimension) for dimension in self.space}
        is_preset = trial.user_attrs.get(ORIGIN) == PRESET_RUN
        is_early = trial.study.study_name != self.plan.name
        number = f"{EARLY} {trial.number + 1}" if is_early else trial.number + 1
        name = f"{self.plan.name} {PRESET_RUN if is_preset else number}"
        try:
            config = applied(self.plan.base, self.space, values)
            if is_early:
                config = apply_sets(config, [f"data.max_train_documents={self.plan.early_documents}"])
        except ConfigProblem as problem:  # values that do not fit each other
            trial.set_user_attr("reason", problem.message)
            trial.study.tell(trial, state=TrialState.FAIL)
            return
        run = self.runs.begin(config, name)
        trial.set_user_attr("run", run)
        self._active[run] = trial

    def _follow(self, study: optuna.Study, early: optuna.Study | None, run: str) -> None:
        """Hand what a run measured to its trial, stop the run that is worse than most, and close what ended."""
        look, trial = self.runs.look(run), self._active[run]
        if trial is not None and self._is_worse(trial, look) and look.state in searches.WORKING:
            trial.set_user_attr("pruned", True)
            self.runs.stop(run)
        if look.state in searches.WORKING:
            return
        del self._active[run]
        ended_well = look.state in (RunState.FINISHED, RunState.STOPPED) and look.f1 is not None
        self._failures = [] if ended_well else [*self._failures, look.reason or look.state.value]
        if ended_well and run == self._preset(study):  # before it is told: a search that is killed here does it again
            self._enqueue_advice(study, run)
        if trial is not None:
            if not ended_well:
                trial.set_user_attr("reason", look.reason)
                trial.study.tell(trial, state=TrialState.FAIL)
            elif trial.user_attrs.get("pruned"):
                trial.study.tell(trial, state=TrialState.PRUNED)
            else:
                trial.study.tell(trial, look.f1)
        known = {"trials": self._rows(study, early), "importance": _importance(study)}
        write_atomic(self.folder.progress, json.dumps(known))

    def _is_worse(self, trial: Trial, look: Look) -> bool:
        known = trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        for share, f1 in look.evaluations:
            tenth = int(share * COMPARED_AT + 1e-9)
            if 0 < tenth < COMPARED_AT and tenth not in known:
                trial.report(f1, tenth)
                known = {**known, tenth: f1}
        is_preset = trial.user_attrs.get(ORIGIN) == PRESET_RUN  # what all are compared with runs to its end
        return bool(known) and not is_preset and not trial.user_attrs.get("pruned") and trial.should_prune()

    def _enqueue_advice(self, study: optuna.Study, preset: str) -> None:
        """What the Doctor advises after the preset's run is tried next, where it lies inside the space."""
        before = {dimension.key: dimension.place_of(self.plan.base) for dimension in self.space}
        for reason, config in self.runs.advice(preset).items():
            places = {dimension.key: dimension.place_of(config) for dimension in self.space}
            if places != before and all(place is not None for place in places.values()):
                study.enqueue_trial(places, user_attrs={ORIGIN: reason}, skip_if_exists=True)

    def _rows(self, study: optuna.Study, early: optuna.Study | None) -> list[dict[str, Any]]:
        """The trials that began, the preset's first, the early ones last."""
        trials = [_row(trial) for trial in _begun(study)]
        trials += [_row(trial, self.plan.early_documents) for trial in _begun(early)]
        return [_row_beside(self.runs.look(self._beside)), *trials] if self._beside else trials

    def _report(self, study: optuna.Study, early: optuna.Study | None, ended: str) -> dict[str, Any]:
        """The report, written to result.json.

        Raises:
            WorkbenchError: no trial ended well.
        """
        trials = self._rows(study, early)
        complete = [row for row in trials if row["state"] == "complete" and row["documents"] is None]
        if not complete:
            reasons = "; ".join(dict.fromkeys(self._failures)) or "it was stopped early"
            raise ConfigProblem(f"No trial of the search ended well: {reasons}.", "Look at the log of its runs.")
        best, preset, gain = max(complete, key=lambda row: row["value"]), self._preset(study), None
        has_both = preset != best["run"] and preset in [row["run"] for row in complete]
        if best["run"] == preset:
            gain = {"difference": 0.0, "ci95": None, "sentence": "Nothing was better than the preset."}
        elif has_both:
            gain = self.runs.gain(str(preset), best["run"], "validation")
        test, problem = self._tested(best["run"], str(preset) if has_both else "")
        report = {
            "name": self.plan.name,
            "ended": ended,
            "best": {key: best[key] for key in ("run", "value", "params")} | {"ci95": self.runs.interval(best["run"])},
            "preset": preset,
            "gain": gain,
            "test": test,
            "test_problem": problem,
            "importance": _importance(study),
            "trials": trials,
        }
        write_atomic(self.folder.result, json.dumps(report, indent=1))
        return report

    def _tested(self, best: str, preset: str) -> tuple[dict[str, Any] | None, str]:
        """The best run's figures on the test side, which only now is read; and why there are none.

        Args:
            best: run that was chosen by validation.
            preset: run that its gain is measured against: it reads the test side, too, and nothing is chosen by that.
                "": none.
        """
        try:
            test = self.runs.test_figures(best)
            if test is not None and preset:
                self.runs.test_figures(preset)
                test["gain"] = self.runs.gain(preset, best, "test")
        except WorkbenchError as problem:  # the search has ended well all the same
            return None, f"{problem.message} {problem.remedy}".strip()
        return test, ""


def _mend(journal: Path) -> None:
    """Take off what a driver left that was killed: a line that was not written whole, to which optuna would append,
    and the lock, for which it would wait. The search's own lock is held.
    """
    journal.with_name(f"{journal.name}{LOCK_FILE_SUFFIX}").unlink(missing_ok=True)
    if journal.is_file() and (content := journal.read_bytes()) and not content.endswith(b"\n"):
        os.truncate(journal, content.rfind(b"\n") + 1)


def _suggest(trial: Trial, dimension: Dimension) -> Any:
    if dimension.choices:
        return trial.suggest_categorical(dimension.key, dimension.choices)
    if dimension.whole:
        return trial.suggest_int(dimension.key, int(dimension.low), int(dimension.high), log=dimension.log)
    return trial.suggest_float(dimension.key, dimension.low, dimension.high, log=dimension.log)


def _begun(study: optuna.Study | None) -> list[FrozenTrial]:
    """A study's trials that are not only enqueued."""
    trials = [] if study is None else study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.state is not TrialState.WAITING]


def _row(trial: FrozenTrial, documents: int | None = None) -> dict[str, Any]:
    """A trial as the report has it. A pruned one's value is the last that was compared; early ones have documents."""
    attributes = trial.user_attrs
    return {
        "run": attributes.get("run"),
        "state": trial.state.name.lower(),
        "value": trial.value,
        "documents": documents,
        "params": dict(trial.params),
        "origin": attributes.get(ORIGIN, ""),
        "reason": attributes.get("reason", ""),
    }


def _row_beside(look: Look) -> dict[str, Any]:
    """The preset's run, which is no trial of the study: it varies nothing."""
    state = "fail" if look.f1 is None else "complete"
    return {
        "run": look.run, "state": state, "value": look.f1, "documents": None, "params": {}, "origin": PRESET_RUN,
        "reason": look.reason,
    }  # fmt: skip


def _importance(study: optuna.Study) -> dict[str, float]:
    """Setting -> its share of the difference between good trials and the others (PED-ANOVA, Watanabe et al. 2023).

    Empty where there are too few trials to say.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < LEAST_FOR_IMPORTANCE:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # loads scikit-learn for a second

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # too many trials as good as the best to tell settings apart
            shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    except (ValueError, RuntimeError, UserWarning):
        return {}
    return {key: round(float(share), 4) for key, share in shares.items()}


@contextmanager
def _locked(folder: SearchFolder) -> Iterator[None]:
    """Hold a search.

    Raises:
        Busy: another process carries it out.
    """
    descriptor = locks.acquire(folder.lock)
    if descriptor is None:
        raise Busy(
            "The search is running in another process.", f"Follow it: workbench searches show {folder.path.name!r}"
        )
    try:
        yield
    finally:
        os.close(descriptor)


def main(arguments: list[str]) -> int:
    """Carry the search out; 0 when it ended with a report."""
    root, name = arguments
    try:
        with closing(Workspace.open(Path(root))) as workspace:
            folder = searches.folder_of(workspace, name)
            with _locked(folder):
                Driver(folder, WorkspaceRuns(workspace, folder.read_plan())).run()
    except WorkbenchError as error:
        print(f"{error.message} {error.remedy}", file=sys.stderr)  # noqa: T201 (stderr.log is where it is read)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
