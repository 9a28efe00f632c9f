"""How far a run is: one immutable snapshot, folded from its events. Screens and commands read nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storage import events
from workbench.fields.plain_text import counted
from workbench.runs.state import RunFolder


@dataclass(frozen=True, slots=True)
class Step:
    """A logging step. Figures that the worker did not give are None."""

    step: int
    epoch: float
    loss: float | None
    learning_rate: float | None
    grad_norm: float | None
    tokens_per_second: float | None
    documents_per_second: float | None
    memory_mb: float | None
    device_memory_mb: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures on validation and on a fixed sample of the training documents: {loss, f1, fields{F: {…}}}."""

    step: int
    epoch: float
    train: Mapping[str, Any]
    validation: Mapping[str, Any]
    best: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """What the events of a run report so far."""

    started: bool = False
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    seconds_left: float | None = None
    steps: tuple[Step, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    prepared: Mapping[str, Any] | None = None
    device: str = ""
    notes: tuple[str, ...] = ()
    paused: bool = False
    predicting: tuple[int, int] | None = None
    failed: Mapping[str, Any] | None = None
    finished: Mapping[str, Any] | None = None
    first_time: float | None = None
    last_time: float | None = None
    threads: int = 1  # of a process
    processes: int = 1  # one a GPU, where there are several
    seconds: float = 0.0  # at work: not waiting for its turn, not paused, not between a crash and the resumption
    core_seconds: float = 0.0  # the same times the processor's cores that it kept busy
    gpu_seconds: float = 0.0  # the same times the GPUs; cores beside a GPU are not counted

    @property
    def share(self) -> float:
        """How much is done, 0..1."""
        if self.finished:
            return 1.0
        return min(1.0, self.step / self.total_steps) if self.total_steps else 0.0

    @property
    def best(self) -> Evaluation | None:
        """The evaluation whose model is kept."""
        marked = [e for e in self.evaluations if e.best]
        return marked[-1] if marked else None

    def after(self, new: Iterable[Mapping[str, Any]]) -> "Progress":
        """The snapshot after more events. A resumed run's curves go back to the step it resumed from."""
        state, steps = self, list(self.steps)
        for event in new:
            if event["type"] == "started":
                steps = [s for s in steps if s.step <= (event.get("resumed_from") or 0)]
            elif event["type"] == "step":
                steps.append(_step(event))
            state = _after(state, event)
        return replace(state, steps=tuple(steps))


def _after(state: Progress, event: Mapping[str, Any]) -> Progress:
    get = event.get
    if moment := get("time"):
        rested = state.last_time is None or state.paused or event["type"] in ("queued", "started")
        passed = 0.0 if rested else max(0.0, moment - (state.last_time or 0.0))  # a clock may be set back
        cores = state.threads * state.processes if state.device == "cpu" else 0
        gpus = state.processes if state.device not in ("", "cpu") else 0
        state = replace(
            state,
            first_time=state.first_time or moment,
            last_time=moment,
            seconds=state.seconds + passed,
            core_seconds=state.core_seconds + passed * cores,
            gpu_seconds=state.gpu_seconds + passed * gpus,
        )
    match event["type"]:
        case "queued":
            return replace(state, failed=None, finished=None, paused=False)
        case "started":
            resumed = get("resumed_from") or 0
            return replace(
                state,
                started=True,
                device=str(get("device") or ""),
                threads=int(get("threads") or 1),
                processes=int(get("processes") or 1),
                failed=None,
                finished=None,
                paused=False,
                evaluations=tuple(e for e in state.evaluations if e.step <= resumed),
                step=resumed,
            )
        case "prepared":
            return replace(state, prepared=dict(event))
        case "step":
            point = _step(event)
            return replace(
                state,
                step=point.step,
                epoch=point.epoch,
                total_steps=int(get("total_steps") or state.total_steps),
                seconds_left=get("seconds_left"),
                paused=False,
            )
        case "evaluated":
            evaluation = Evaluation(
                int(get("step") or 0),
                float(get("epoch") or 0.0),
                get("train") or {},
                get("validation") or {},
                bool(get("best")),
            )
            # not every step is logged, the last one is always evaluated
            return replace(state, step=max(state.step, evaluation.step), evaluations=(*state.evaluations, evaluation))
        case "note":
            return replace(state, notes=(*state.notes, str(get("message", ""))))
        case "paused" | "resumed":
            return replace(state, paused=event["type"] == "paused")
        case "predicting":
            return replace(state, predicting=(int(get("done") or 0), int(get("total") or 0)))
        case "failed":
            return replace(state, failed=dict(event), finished=None)
        case "finished":
            return replace(state, finished=dict(event), predicting=None)
    return state


def _step(event: Mapping[str, Any]) -> Step:
    get = event.get
    return Step(
        int(get("step") or 0),
        float(get("epoch") or 0.0),
        get("loss"),
        get("learning_rate"),
        get("grad_norm"),
        get("tokens_per_second"),
        get("documents_per_second"),
        get("memory_mb"),
        get("device_memory_mb"),
    )


class Follower:
    """Reads a run's events as they come."""

    def __init__(self, folder: Path) -> None:
        self._path = RunFolder(folder).events
        self._offset = 0
        self.progress = Progress()

    def poll(self) -> bool:
        """Take in new events; True when there were any."""
        new, self._offset = events.read(self._path, self._offset)
        if new:
            self.progress = self.progress.after(new)
        return bool(new)


def of(folder: Path) -> Progress:
    """The snapshot of a run folder as it is now."""
    follower = Follower(folder)
    follower.poll()
    return follower.progress


def trained_on(folder: Path) -> int | None:
    """How many documents a run was trained on; None where its events do not say."""
    event = events.last(RunFolder(folder).events, frozenset({"prepared"}))
    number = ((event or {}).get("documents") or {}).get("train")
    return int(number) if number is not None else None


def verdict(report: Mapping[str, Any] | None) -> str:
    """How a run that began by itself stands to the model that it was to replace, and what follows; "" of others.

    Args:
        report: a run's report.json.
    """
    rival = (report or {}).get("rival")
    if not rival:
        return ""
    name = "the starter" if rival["model"] == "starter" else f"run {Path(rival['model']).parent.name}"
    if not rival["documents"]:
        return f"No validation document can tell whether it is better than {name}: its model is put aside."
    number = counted(rival["documents"], "validation document")
    low, high = rival.get("ci95") or (-1.0, 1.0)
    measured = f"F1 {rival.get('difference', 0.0):+.3f}, 95 %: {low:+.3f} to {high:+.3f}"
    if beats_rival(rival):
        return f"Better than {name} on {number} ({measured}): suggestions come from it now."
    return f"Not surely better than {name} on {number} ({measured}): its model is put aside."


def beats_rival(rival: Mapping[str, Any]) -> bool:
    """Whether a run is better than the model that it was to replace, beyond chance: `rival` of its report.json."""
    return bool(rival["certain"]) and rival.get("difference", 0.0) > 0


def headline(report: Mapping[str, Any] | None) -> str:
    """What is said first of a model: "21 of 30 test documents need no correction"; "" where it was not evaluated.

    Args:
        report: a run's report.json, or an evaluation alone.
    """
    if classes := (report or {}).get("classes"):
        right = round(classes["accuracy"] * classes["documents"])
        what = "all their classes, and no other" if classes.get("multiple") else "the right class"
        return f"{right} of {counted(classes['documents'], classes['split'] + ' document')} get {what}"
    evaluation = (report or {}).get("evaluation") or report or {}
    if evaluation.get("documents_right") is None or not evaluation.get("documents"):
        return ""
    count = untouched(evaluation)
    documents = "document needs" if evaluation["documents"] == 1 else "documents need"
    return f"{count} {evaluation['split']} {documents} no correction"


def untouched(report: Mapping[str, Any] | None) -> str:
    evaluation = (report or {}).get("evaluation") or report or {}
    if evaluation.get("documents_right") is None or not evaluation.get("documents"):
        return ""
    return f"{round(evaluation['documents_right'] * evaluation['documents'])} of {evaluation['documents']}"


def side_of(split: str, report: Mapping[str, Any] | None) -> str:
    """A run's side as a screen names it; of a run of a search with a word that the test side was not read."""
    return f"{split} (test side not read)" if (report or {}).get("test_unread") else split


def unread_line(report: Mapping[str, Any] | None) -> str:
    """That a run of a search has not read its test side; "" of a run that has, or has none.

    Args:
        report: a run's report.json, or an evaluation with its `test_unread`.
    """
    left = (report or {}).get("test_unread")
    return (
        f"The test side ({counted(left, 'document')}) has not been read: `workbench evaluate RUN --on test`"
        if left
        else ""
    )


def figures_line(report: Mapping[str, Any] | None, f1: float | None) -> str:
    """The headline and the F1s with the sides that they are of; "" where nothing was measured.

    Args:
        report: a run's report.json.
        f1: on validation.
    """
    if classes := (report or {}).get("classes"):
        figures = f"accuracy {classes['accuracy']:.3f}, macro F1 {classes['macro']['f1']:.3f} on {classes['split']}"
        validation = f", macro F1 {f1:.3f} on validation" if f1 is not None and classes["split"] != "validation" else ""
        return f"{headline(report)} · {figures}{validation}"
    evaluation = (report or {}).get("evaluation") or {}
    f1s = {"validation": f1} if f1 is not None else {}
    if evaluation.get("micro"):
        f1s = {evaluation["split"]: evaluation["micro"]["f1"], **f1s}
    named = ", ".join(f"{value:.3f} on {side}" for side, value in f1s.items())
    return " · ".join(filter(None, [headline(report), f"F1 {named}" if named else ""]))
