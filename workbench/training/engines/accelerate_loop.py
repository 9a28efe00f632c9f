"""A training loop of our own over accelerate, step by step what the Trainer does. [worker]

Model, data order, losses, callbacks and figures are those of a `Tuner`, so that both engines can be compared: with the
same seed they give the same losses. AdamW and the SGD that follows it are two optimisers here, each with a schedule.
"""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import skip_first_batches
from safetensors.torch import load_model
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader
from transformers import TrainerState, get_scheduler
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import rotate_checkpoints

from workbench.runs.config.tune import Train
from workbench.runs.model_folders import weights
from workbench.training.encoding import IGNORED
from workbench.training.trainer import Tuner

STATE = "trainer_state.json"


class Loop:
    """Epochs, steps and batches of one training; what they work on is the tuner's."""

    def __init__(self, tuner: Tuner, settings: Train) -> None:
        self.tuner = tuner
        self._settings = settings
        args = tuner.args
        self._loader = tuner.accelerator.prepare(
            DataLoader(
                tuner.train_dataset, args.train_batch_size, sampler=tuner.order, collate_fn=tuner.data_collator,
                pin_memory=args.dataloader_pin_memory,
            )
        )  # fmt: skip
        self._steps_per_epoch = math.ceil(len(self._loader) / args.gradient_accumulation_steps)
        if args.max_steps > 0:
            self._most_steps, self._epochs = args.max_steps, math.ceil(args.max_steps / self._steps_per_epoch)
        else:
            self._most_steps = math.ceil(args.num_train_epochs * self._steps_per_epoch)
            self._epochs = math.ceil(args.num_train_epochs)
        if args.gradient_checkpointing:
            tuner.model.gradient_checkpointing_enable()
        first = tuner.create_optimizer()
        optimizers = [first]
        if settings.optim == "adamw_then_sgd":
            groups = [
                {"params": group["params"], "weight_decay": group["weight_decay"]} for group in first.param_groups
            ]
            optimizers.append(torch.optim.SGD(groups, lr=settings.sgd_learning_rate, momentum=settings.sgd_momentum))
        self._model, *self._optimizers = tuner.accelerator.prepare(tuner.model, *optimizers)
        self._schedules = [self._schedule(optimizer) for optimizer in self._optimizers]
        tuner.accelerator.register_for_checkpointing(*self._schedules)
        self._loss = torch.zeros((), device=args.device)  # summed since the last log
        self._logged = 0  # the step of the last log

    def _schedule(self, optimizer: Any) -> Any:
        args = self.tuner.args
        return get_scheduler(
            args.lr_scheduler_type, optimizer, args.get_warmup_steps(self._most_steps), self._most_steps,
            scheduler_specific_kwargs=args.lr_scheduler_kwargs or {},
        )  # fmt: skip

    def train(self, resumed: Path | None) -> None:
        """Train to the end, or until a callback ends it; the model is then the best where that is asked for."""
        tuner = self.tuner
        self._begin(resumed)
        tuner.model.zero_grad()
        self._call("on_train_begin")
        first, skipped = divmod(tuner.state.global_step, self._steps_per_epoch)
        for epoch in range(first, self._epochs):
            self._call("on_epoch_begin")
            self._epoch(epoch, skipped if epoch == first else 0, resumed if epoch == first else None)
            if tuner.control.should_training_stop:
                break
        best = tuner.state.best_global_step
        if tuner.args.load_best_model_at_end and best and (self._checkpoint(best) / weights.FILE).is_file():
            load_model(tuner.model, self._checkpoint(best) / weights.FILE)
        self._call("on_train_end")

    def _begin(self, resumed: Path | None) -> None:
        tuner = self.tuner
        if resumed is None:
            tuner.state = TrainerState(train_batch_size=tuner.args.train_batch_size)
        else:
            tuner.state = TrainerState.load_from_json(str(resumed / STATE))
            tuner._load_callback_state()
        tuner.state.compute_steps(tuner.args, self._most_steps)
        tuner.state.init_training_references(tuner, self._most_steps, self._epochs, None)
        tuner.optimizer, tuner.lr_scheduler = self._optimizers[0], self._schedules[0]
        handler = tuner.callback_handler
        handler.model, handler.optimizer, handler.lr_scheduler = tuner.model, tuner.optimizer, tuner.lr_scheduler
        handler.train_dataloader = self._loader
        self._logged = tuner.state.global_step

    def _epoch(self, epoch: int, skipped: int, resumed: Path | None) -> None:
        """All steps of an epoch but the first `skipped`; weights and random state come from `resumed`."""
        tuner = self.tuner
        accumulation = tuner.args.gradient_accumulation_steps
        loader = skip_first_batches(self._loader, skipped * accumulation) if skipped else self._loader
        if resumed is not None and not skipped:
            tuner.accelerator.load_state(str(resumed))
        batches = iter(loader)
        for step in range(skipped, self._steps_per_epoch):
            count = min(accumulation, len(self._loader) - step * accumulation)
            together = [next(batches) for _ in range(count)]
            if resumed is not None and skipped and step == skipped:
                # only now: the loader draws a random number with its first batch, and did so before the checkpoint
                tuner.accelerator.load_state(str(resumed))
            self._call("on_step_begin")
            norm, rate = self._step(together)
            tuner.state.global_step += 1
            tuner.state.epoch = epoch + min((step + 1) * accumulation, len(self._loader)) / len(self._loader)
            self._call("on_step_end")
            self._log_evaluate_save(norm, rate)
            if tuner.control.should_epoch_stop or tuner.control.should_training_stop:
                break
        self._call("on_epoch_end")
        self._log_evaluate_save(None, self._rate())

    def _step(self, together: Sequence[Any]) -> tuple[float, float]:
        """One move of the weights by these batches; the gradient's length before clipping, and the learning rate."""
        tuner = self.tuner
        accelerator, args = tuner.accelerator, tuner.args
        labelled = sum((batch["labels"] != IGNORED).sum() for batch in together)
        for number, batch in enumerate(together, start=1):
            tuner.meter.add(batch)
            tuner.model.train()
            loss = tuner.compute_loss(self._model, batch, num_items_in_batch=labelled)
            accelerator.backward(loss)
            self._loss += loss.detach()
            tuner.watch(float(loss.detach()))
            if number < len(together):
                self._call("on_substep_end")
        optimizer = self._optimizers[self._now()]
        accelerator.unscale_gradients(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(tuner.model.parameters(), args.max_grad_norm or math.inf)
        self._call("on_pre_optimizer_step")
        optimizer.step()
        self._call("on_optimizer_step")
        rate = self._rate()
        if not optimizer.step_was_skipped:
            self._advance_schedules()
        tuner.model.zero_grad()
        return float(norm), rate

    def _advance_schedules(self) -> None:
        with warnings.catch_warnings():
            # torch warns of a schedule that goes on before its optimiser's first step, as SGD's does
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            for schedule in self._schedules:
                if not isinstance(schedule, ReduceLROnPlateau):
                    schedule.step()

    def _now(self) -> int:
        """The index of the optimiser whose time it is."""
        return int(len(self._optimizers) > 1 and self.tuner.state.global_step >= self._settings.sgd_after_steps)

    def _rate(self) -> float:
        return float(self._optimizers[self._now()].param_groups[0]["lr"])

    def _call(self, event: str) -> None:
        tuner = self.tuner
        tuner.control = getattr(tuner.callback_handler, event)(tuner.args, tuner.state, tuner.control)

    def _log_evaluate_save(self, norm: float | None, rate: float) -> None:
        """Do what the callbacks asked for in `control`."""
        tuner = self.tuner
        steps = tuner.state.global_step - self._logged
        if tuner.control.should_log and steps:
            logs = {"loss": float(self._loss) / steps, "learning_rate": rate}
            self._loss.zero_()
            self._logged = tuner.state.global_step
            tuner.log(logs if norm is None else {**logs, "grad_norm": norm})
        if tuner.control.should_evaluate:
            self._compare(tuner.evaluate().get("eval_selection"))
        if tuner.control.should_save:
            self._save()
            self._call("on_save")

    def _compare(self, figure: float | None) -> None:
        """Remember the best evaluation."""
        if figure is None:
            return
        state = self.tuner.state
        for schedule in self._schedules:
            if isinstance(schedule, ReduceLROnPlateau):
                schedule.step(figure)
        if state.best_metric is None or figure > state.best_metric:
            state.best_metric, state.best_global_step = figure, state.global_step

    def _checkpoint(self, step: int) -> Path:
        return Path(self.tuner.args.output_dir) / f"checkpoint-{step}"

    def _save(self) -> None:
        """Keep weights, optimisers, schedules and random states; with TrainerState, under the Trainer's names."""
        tuner = self.tuner
        folder = self._checkpoint(tuner.state.global_step)
        tuner.accelerator.save_state(str(folder))
        best = tuner.state.best_global_step
        if best and self._checkpoint(best).is_dir():
            tuner.state.best_model_checkpoint = str(self._checkpoint(best))
        exported = [*tuner.callback_handler.callbacks, tuner.control]
        tuner.state.stateful_callbacks = {
            type(part).__name__: part.state() for part in exported if isinstance(part, ExportableState)
        }
        tuner.state.save_to_json(str(folder / STATE))
        rotate_checkpoints(
            output_dir=tuner.args.output_dir,
            save_total_limit=tuner.args.save_total_limit,
            best_model_checkpoint=tuner.state.best_model_checkpoint,
            use_mtime=True,
        )
