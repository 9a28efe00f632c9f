"""A run's folder: the names of its files, and the state that its locks and events say the run is in."""

import errno
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Annotated, Any, Protocol, Required, TypedDict

import msgspec

from storage import locks
from storage.exceptions import InputProblem, RunProblem
from storage.files import SELECTIONS, NotRegular, read_regular
from storage.records import Run, RunState

_LOG_END = 1 << 20  # bytes of a log that are read: a run can print for days
LOG = "stderr.log"
"""What a child process writes as errors and warnings, in its folder."""
MEASURED_FIRST = ("test", "validation", "train")
"""The splits that people label, those that a model is judged on first."""
MODEL_DESCRIPTION = "workbench.json"
"""Of a model folder: what it says besides its weights."""
PUT_ASIDE = "put-aside"
"""The file that marks a run whose model is not used by itself."""

_ANEW = "Run `workbench evaluate` on it again, or resume the run."
_NO_MESSAGE = ("File ", "Traceback", "^", "~")


def regular(path: Path) -> Path:
    """A file of a run, which is a file: at a pipe in its place a library would wait for ever.

    Raises:
        OSError: it is none, or is not there.
    """
    if not S_ISREG(path.stat().st_mode):
        raise NotRegular(errno.EINVAL, "it is no regular file")
    return path


# -- report.json, as far as it is counted with; what else there is, is only shown

_Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _Figures(TypedDict, total=False):
    f1: Required[_Share]
    precision: _Share
    recall: _Share
    support: _Count
    documents: _Count
    ci95: tuple[float, float] | None


class _Slice(TypedDict):
    f1: _Share
    documents: _Count


class _Temperature(TypedDict):
    temperature: Annotated[float, msgspec.Meta(gt=0, le=1000)]
    own: bool


class _Calibration(TypedDict, total=False):
    temperature: Annotated[float, msgspec.Meta(gt=0, le=1000)]
    fields: dict[str, _Temperature] | None


class _Effect(TypedDict):
    repaired: float
    broke: float
    f1_with: float
    f1_without: float


class _Evaluation(TypedDict, total=False):
    split: str
    documents: _Count
    documents_right: _Share | None
    micro: _Figures | None
    fields: dict[str, _Figures] | None
    calibration: _Calibration | None
    postprocess: dict[str, _Effect] | None
    confusion: dict[str, dict[str, _Count]] | None
    slices: dict[str, dict[str, _Slice]] | None
    seen_vendors: _Figures | None
    unseen_vendors: _Figures | None
    unknown_vendors: _Figures | None


class _Class(TypedDict, total=False):
    f1: Required[_Share]
    recall: Required[_Share]
    support: Required[_Count]


class _Confusion(TypedDict):
    labels: list[str]
    counts: list[list[_Count]]


class _Classes(TypedDict, total=False):
    split: Required[str]
    documents: Required[_Count]
    accuracy: Required[_Share]
    macro: Required[_Figures]
    weighted: _Figures | None
    classes: dict[str, _Class] | None
    confusion: _Confusion | None


class _Rival(TypedDict, total=False):
    model: Required[str]
    documents: Required[_Count]
    certain: Required[bool]
    difference: float
    ci95: tuple[float, float] | None


class _Side(TypedDict, total=False):
    fields: dict[str, _Figures] | None


class _Report(TypedDict, total=False):
    evaluation: _Evaluation | None
    readers: dict[str, dict[str, tuple[_Count, _Count, _Count]]] | None
    classes: _Classes | None
    rival: _Rival | None
    documents: dict[str, _Count] | None
    figures: dict[str, _Side] | None
    test_unread: _Count


def _check_confusion(classes: Mapping[str, Any] | None) -> None:
    """See that there is a count for every pair of labels.

    Raises:
        ValueError: there is not.
    """
    known = (classes or {}).get("confusion")
    if known and {len(known["labels"])} != {len(known["counts"]), *map(len, known["counts"])}:
        raise ValueError("its confusion matrix has not a count for every pair of labels - at `$.classes.confusion`")


class RunFolder:
    """The files of a run's folder; docs/architecture.md says what is in each.

    Args:
        path: the folder, in a workspace or copied from one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.request = path / "request.yaml"
        self.datasets = path / "dataset"
        self.pictures = path / "dataset" / "pictures"
        self.events = path / "events.jsonl"
        self.log = path / LOG
        self.checkpoints = path / "checkpoints"
        self.logs = path / "logs"
        self.model = path / "model"
        self.predictions = path / "predictions.parquet"
        self.report = path / "report.json"
        self.suggestions = path / "suggestions.jsonl"
        self.words = path / "words.jsonl"
        self.dropout = path / "dropout.parquet"
        self.selections = path / SELECTIONS
        self.simulated_figures = path / "measured.json"  # of a model of a simulation, and on which side
        # held, not only there
        self.waiting = path / "waiting"
        self.lock = path / "lock"
        # there or not
        self.queued = path / "queued"  # it waits for its turn; in it: how many runs may work at a time
        self.stop = path / "stop"
        self.pause = path / "pause"
        self.killed = path / "killed"
        self.prepared = path / "prepared"
        self.adopted = path / "adopted"
        self.put_aside = path / PUT_ASIDE  # its model is not used by itself
        self.target = path / "target.json"  # of a run on another machine: which, and where there

    def dataset(self, split: str) -> Path:
        """The file of a split's documents; missing when there are none. "*" makes a pattern."""
        return self.datasets / f"{split}.parquet"

    def at_work(self) -> bool:
        """Whether a living process has the run: one that waits for its turn, or the worker."""
        return locks.held(self.waiting) or locks.held(self.lock)

    def process(self) -> int | None:
        """The process that has the run; None when none has, or it waits or is just being started."""
        return locks.holder(self.lock) if locks.held(self.lock) else locks.holder(self.waiting)

    def withdraw(self) -> bool:
        """End a run that waits for its turn; False when it does not, or its turn has just come."""
        try:
            self.queued.unlink()
        except FileNotFoundError:
            return False
        self.killed.touch()
        return True

    def kill(self) -> bool:
        """End a run's process at once, or its waiting; False when it has none, or is just being started."""
        if self.withdraw():
            return True
        # of a run on another machine only the courier is a process of this one
        pid = locks.holder(self.waiting) if self.target.exists() else self.process()
        if pid is None:
            return False
        self.killed.touch()
        with suppress(ProcessLookupError):  # it ended by itself in between
            if os.getpgid(pid) == pid:  # the whole session: a tokenizer's or a loader's processes go with it
                os.killpg(pid, signal.SIGKILL)
            else:  # started by hand, in a group with other processes
                os.kill(pid, signal.SIGKILL)
        return True

    def is_paused(self) -> bool:
        """Whether the run was asked to pause; it does so after its current step."""
        return self.pause.exists()

    def has_model(self) -> bool:
        """Whether a model was saved that can be loaded."""
        return any((self.model / name).is_file() for name in ("config.json", MODEL_DESCRIPTION))

    def test_unread(self) -> int:
        """How many test documents its model has left unread, as those of a search's runs do.

        Raises:
            InputProblem: the report is damaged.
        """
        return int(self.read_report().get("test_unread") or 0)

    def read_report(self) -> dict[str, Any]:
        """report.json; empty where there is none.

        Raises:
            InputProblem: it is damaged.
        """
        try:
            report = json.loads(read_regular(self.report))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise InputProblem(f"{self.report} cannot be read: {str(error)[:200]}.", _ANEW) from error
        try:
            msgspec.convert(report, _Report)
            _check_confusion(report.get("classes"))
        except (ValueError, RecursionError, OverflowError) as error:  # msgspec's are ValueErrors
            raise InputProblem(f"{self.report} is damaged: {error}.", _ANEW) from error
        return dict(report)

    def read_log(self, last: int | None = None) -> bytes:
        """What the processes printed, or its last bytes; nothing where there is no file of it."""
        try:
            return read_regular(self.log, last)
        except (FileNotFoundError, NotRegular):
            return b""

    def log_tail(self) -> str:
        """The end of the log as a person would want it: the last error's line, else the last line; "" without any."""
        try:
            end = self.read_log(_LOG_END).decode(errors="replace")
        except OSError:
            return ""
        lines = [line.strip() for line in end.splitlines()]
        messages = [line for line in lines[-200:] if line and not line.startswith(_NO_MESSAGE)]
        errors = [line for line in messages if "Error" in line or "Killed" in line or "error:" in line]
        return (errors or messages or [""])[-1][:300]


def check_model(run: Run, folder: RunFolder) -> None:
    """See that a run has its model.

    Raises:
        RunProblem: it has none yet, or none any more.
    """
    if folder.has_model():
        return
    if run.state in (RunState.FINISHED, RunState.STOPPED):
        raise RunProblem(f"The model of run {run.name} is not in its folder any more.", "Start a new run.")
    raise RunProblem(f"Run {run.name} has no model yet.", "Wait until it has finished.")


def any_predictions(runs: Path) -> bool:
    """Whether a run in the folder of runs has predictions."""
    return any(RunFolder(folder).predictions.is_file() for folder in runs.glob("*"))


class RunEvents(Protocol):
    """What a run's events say of its end so far (`progress.Progress`)."""

    @property
    def paused(self) -> bool:
        """Between the events `paused` and `resumed`."""

    @property
    def finished(self) -> Mapping[str, Any] | None:
        """The event `finished`."""

    @property
    def failed(self) -> Mapping[str, Any] | None:
        """The event `failed`."""


def state_of(folder: RunFolder, events: RunEvents) -> RunState:
    """The run's state: which locks a living process holds, and how the last process ended."""
    if locks.held(folder.lock):
        return RunState.PAUSED if events.paused else RunState.RUNNING
    if locks.held(folder.waiting):  # also by a worker that has ended, until its process is gone
        return RunState.RUNNING if events.finished or events.failed else RunState.QUEUED
    if folder.queued.exists():  # what was to start it was killed: the next look at the runs has it wait again
        return RunState.QUEUED
    if events.finished:
        return RunState.STOPPED if events.finished.get("state") == "stopped" else RunState.FINISHED
    if folder.killed.exists():
        return RunState.KILLED
    if folder.prepared.exists() and not events.failed:
        return RunState.PREPARED
    return RunState.FAILED if events.failed else RunState.CRASHED
