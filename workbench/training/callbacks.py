"""What a run reports as events, and what is asked of it from outside. [worker]"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import torch
from torch import distributed
from transformers import TrainerCallback

from storage.exceptions import RunProblem
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import RunFolder
from workbench.training import checkpoints

if TYPE_CHECKING:  # with it comes Transformers' Trainer, and what that loads; predicting asks for `Control` alone
    from workbench.training.trainer import Tuner

Write = Callable[..., None]
"""EventWriter.write, or nothing at all on other ranks."""


class Interrupted(RunProblem):
    """The system asked the worker to end (SIGTERM); a checkpoint was kept."""

    title = "The run was interrupted"


@dataclass(slots=True)
class Control:
    """What was asked of the run from outside. Files are looked at between steps; a signal sets `signalled`."""

    folder: RunFolder
    signalled: bool = False
    stopped: bool = False

    def wishes(self) -> int:
        """0 go on, 1 pause, 2 stop, 3 signalled; the same on every rank.

        Raises:
            RunProblem: the run's folder was deleted: the run cannot be followed any more, or ended.
        """
        if not self.folder.request.exists():
            raise RunProblem(f"{self.folder.path} was deleted while the run was at work.", "Start a new run.")
        wish = 3 if self.signalled else 2 if self.folder.stop.exists() else int(self.folder.is_paused())
        if distributed.is_initialized():
            agreed = torch.tensor(wish, device=group_device())
            distributed.all_reduce(agreed, op=distributed.ReduceOp.MAX)
            wish = int(agreed)
        return wish


def group_device() -> torch.device:
    """The device on which the processes of a run exchange tensors: NCCL takes only those of a GPU."""
    if distributed.get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def _of_all_processes(*counts: int) -> list[int]:
    """The sums of counts over the processes of a run; each of them asks at the same time."""
    if not distributed.is_initialized():
        return [*counts]
    summed = torch.tensor(counts, device=group_device())
    distributed.all_reduce(summed)
    return [int(count) for count in summed]


class Reporter(TrainerCallback):  # type: ignore[misc]
    """Events, and the wishes from outside: between steps it looks for stop, pause and signals."""

    def __init__(
        self, tuner: "Tuner", control: Control, write: Write, documents_per_window: float, config: TuneConfig
    ) -> None:
        self._tuner = tuner
        self._asked = control
        self._write = write
        self._share = documents_per_window
        self._config = config
        self._process = psutil.Process()
        self._began = self._last = time.monotonic()
        self._first_step = 0
        self._idle = 0.0  # seconds in which nothing was asked of the machine
        self._aside = self._stepped = 0.0  # evaluating and saving; the end of the last step
        self._tokens = 0
        self._seconds = 0.0
        self._evaluated = self._saved = -1

    def speed(self) -> float:
        """Real tokens a second of training; evaluating, saving and waiting do not count."""
        return self._tokens / max(1e-9, self._seconds)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock; a resumed run starts at its step."""
        self._began = self._last = time.monotonic()
        self._first_step = state.global_step

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Set the epoch of the data: the order and the augmentation follow from it."""
        epoch = int((state.epoch or 0) + 1e-6)
        self._tuner.train_dataset.epoch = epoch
        self._tuner.order.epoch = epoch

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look for wishes; the last step is always evaluated and kept."""
        wish = self._asked.wishes()
        if wish == 1:
            wish = self._pause()
        if wish == 2:
            self._asked.stopped = True
            control.should_evaluate = True
        if wish >= 2:
            self._asked.signalled = wish == 3
            control.should_save = control.should_training_stop = True
        if state.global_step >= state.max_steps:
            control.should_evaluate = control.should_save = True
        if self._config.train.eval_strategy == "epoch" and state.global_step % self._config.train.save_steps == 0:
            control.should_save = True
        self._stepped = time.monotonic()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Do not do again what the last step of the epoch did already."""
        if self._evaluated == state.global_step or self._asked.signalled:
            control.should_evaluate = False
        if self._saved == state.global_step:
            control.should_save = False

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Remember where the last evaluation was."""
        self._evaluated = state.global_step
        self._rest()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Seal the checkpoint: only a sealed one is resumed from."""
        self._saved = state.global_step
        if args.should_save:
            path = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            checkpoints.seal(path)
            self._write("saved", step=state.global_step, path=f"checkpoints/{path.name}")
        self._rest()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **kwargs: Any) -> None:
        """The event `step`."""
        if "loss" not in logs:
            return
        now = time.monotonic()
        tokens, windows = _of_all_processes(int(self._tuner.meter.tokens), self._tuner.meter.windows)
        self._tuner.meter.tokens = self._tuner.meter.windows = 0
        self._tokens += tokens
        seconds = max(1e-9, now - self._last - self._aside)
        self._last, self._aside = now, 0.0
        self._seconds += seconds
        done = max(1, state.global_step - self._first_step)
        left = (now - self._began - self._idle) / done * (state.max_steps - state.global_step)
        device = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
        self._write(
            "step", step=state.global_step, total_steps=state.max_steps, epoch=round(float(state.epoch or 0), 4),
            loss=float(logs["loss"]), learning_rate=float(logs["learning_rate"]), grad_norm=logs.get("grad_norm"),
            tokens_per_second=round(tokens / seconds, 1),
            documents_per_second=round(windows * self._share / seconds, 3),
            memory_mb=round(self._process.memory_info().rss / 2**20, 1), device_memory_mb=round(device, 1),
            seconds_left=round(left, 1),
        )  # fmt: skip

    def _rest(self) -> None:
        now = time.monotonic()
        self._aside += now - self._stepped
        self._stepped = now

    def _pause(self) -> int:
        began = time.monotonic()
        self._write("paused")
        while (wish := self._asked.wishes()) == 1:
            time.sleep(0.2)
        self._write("resumed")
        self._idle += time.monotonic() - began
        self._aside += time.monotonic() - began
        return wish
