"""The runs of a search: each trial is an ordinary run of one group, known by its name."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from storage import runs as run_store
from storage.exceptions import ConfigProblem, InputProblem, WorkbenchError
from storage.records import Run, RunState
from workbench.evaluation import comparison, report
from workbench.evaluation.doctor import consultation, findings
from workbench.runs import jobs, machine, progress
from workbench.runs.config.tune import TuneConfig
from workbench.runs.reconcile import reconcile
from workbench.runs.state import RunFolder
from workbench.search import late_reading
from workbench.search import plan as searches
from workbench.search.plan import SearchPlan
from workbench.settings import Target
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Look:
    """A trial's run as it is now: its state, the F1 that it will be kept for, and (share of its steps, F1) so far."""

    run: str
    state: RunState
    f1: float | None
    evaluations: tuple[tuple[float, float], ...] = ()
    reason: str = ""


class Runs(Protocol):
    """What a search needs of the workspace's runs."""

    def begin(self, config: TuneConfig, name: str) -> str:
        """Start the run of this name, or go on with it, or leave it as it ended; its id."""

    def look(self, run: str) -> Look: ...

    def stop(self, run: str) -> None:
        """Ask a run to end well."""

    def advice(self, run: str) -> Mapping[str, TuneConfig]:
        """What the Doctor advises after a run that ended: reason -> configuration."""

    def gain(self, before: str, after: str, on: str) -> dict[str, Any]:
        """The difference in F1 on the documents of a split: {"difference", "ci95", "sentence"}."""

    def interval(self, run: str) -> list[float] | None:
        """The 95 % interval of a run's F1 on validation; None where there is none, as for classes."""

    def test_figures(self, run: str) -> dict[str, Any] | None:
        """A run's micro figures on the test side, which its model reads now; None where there is none.

        Raises:
            WorkbenchError: the model could not read it.
        """


@dataclass
class WorkspaceRuns:
    """The runs of a search in a workspace."""

    workspace: Workspace
    plan: SearchPlan
    _followers: dict[str, progress.Follower] = field(default_factory=dict)  # of the runs that were looked at

    def begin(self, config: TuneConfig, name: str) -> str:
        reconcile(self.workspace)
        run = next((run for run in searches.runs_of(self.workspace, self.plan.name) if run.name == name), None)
        if run is None:
            run = jobs.prepare(
                self.workspace, config, preset=self.plan.preset, name=name, batch=self.plan.name,
                slots=self.plan.slots, on=self._on(), once=True, reads_test=False,
            )  # fmt: skip
            self._start(run.id)
        elif run.state is RunState.CRASHED or (run.state is RunState.QUEUED and not self._has_process(run.id)):
            self._start(run.id)
        return run.id

    def _on(self) -> Target | None:
        """The machine that the runs train on; None: this one."""
        plan = self.plan
        return self.workspace.settings.target(plan.target, plan.gpus) if plan.target else None

    def _start(self, run: str) -> None:
        if not self.plan.target:  # else nothing is computed here
            machine.warm_up()  # anew, where the terminal was closed whose libraries the runs began with
        jobs.start(self.workspace, run, self.plan.slots)

    def _has_process(self, run: str) -> bool:
        return RunFolder(self.workspace.files.run(run)).at_work()

    def look(self, run: str) -> Look:
        is_at_work = self._has_process(run)  # asked before its events are read, so that none is missed
        if not is_at_work:
            reconcile(self.workspace)
        follower = self._followers.setdefault(run, progress.Follower(self.workspace.files.run(run)))
        follower.poll()
        state, kept = follower.progress, self._kept(run)
        now = RunState.RUNNING if is_at_work else kept.state
        best = state.best.validation.get("f1") if state.best else None
        shares = ((e.step / state.total_steps, e.validation.get("f1")) for e in state.evaluations if state.total_steps)
        return Look(run, now, best, tuple((share, f1) for share, f1 in shares if f1 is not None), kept.reason)

    def stop(self, run: str) -> None:
        with suppress(WorkbenchError):  # it has just ended
            jobs.stop(self.workspace, run)

    def _kept(self, run: str) -> Run:
        with self.workspace.db.read() as connection:
            return run_store.get(connection, run)

    def advice(self, run: str) -> Mapping[str, TuneConfig]:
        proposals: dict[str, TuneConfig] = {}
        for finding in consultation.consult(self.workspace, self._kept(run)).diagnosis.findings:
            for action in (action for action in finding.actions if action.target is findings.Target.CONFIG):
                with suppress(ConfigProblem):  # its changes do not fit the rest
                    proposals[action.title] = consultation.proposed(self.plan.base, action)
        return proposals

    def gain(self, before: str, after: str, on: str) -> dict[str, Any]:
        a, b = self._kept(before), self._kept(after)
        compared = comparison.compare(self.workspace, a, b, on)
        micro = compared["differences"].get("micro") or {}
        return {
            "difference": micro.get("difference"),
            "ci95": micro.get("ci95"),
            "sentence": comparison.sentence(compared, (a.name, b.name)),
        }

    def interval(self, run: str) -> list[float] | None:
        with suppress(InputProblem):
            figures = report.evaluate_run(self.workspace.files.run(run), "validation")
            interval = figures["micro"].get("ci95")
            return None if interval is None else [*interval]
        return None

    def test_figures(self, run: str) -> dict[str, Any] | None:
        late_reading.read_test(self.workspace, self._kept(run), on=self._on())
        kept = RunFolder(self.workspace.files.run(run)).read_report()
        figures = kept.get("evaluation") or kept.get("classes") or {}
        if figures.get("split") != "test":
            return None
        return dict(figures.get("micro") or figures.get("macro") or {}) or None
