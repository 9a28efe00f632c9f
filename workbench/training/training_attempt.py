"""One attempt at training: model, data and Trainer of a run, with a batch that may or may not fit. [worker]"""

import errno
import importlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import distributed
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback, set_seed

from storage.exceptions import RunProblem, WorkspaceProblem
from workbench.runs.config import families
from workbench.runs.model_folders import weights
from workbench.runs.state import RunFolder
from workbench.training import checkpoints, tracking
from workbench.training.callbacks import Control, Reporter, Write
from workbench.training.device import padding
from workbench.training.encoding import EncodedDocument
from workbench.training.engines import sharding
from workbench.training.engines.accelerate_loop import Loop
from workbench.training.models.attention import attend_in_bf16
from workbench.training.models.held_layers import HeldLayers, layers_held
from workbench.training.models.loading import Built
from workbench.training.models.packed_reading import read_packed
from workbench.training.preparation import TrainingInput, adam_then_sgd, arguments_of
from workbench.training.tasks import moved_weights
from workbench.training.tasks.base import TaskPredictor
from workbench.training.tasks.classes import ClassPredictor, ClassTask
from workbench.training.trainer import (
    BestCheckpoint,
    DataOrder,
    Freezing,
    Tuner,
    WhereTheBestIs,
    class_weights,
    loss_function,
)


@dataclass(slots=True)
class Result:
    """What came out of the Trainer."""

    built: Built
    predictor: TaskPredictor
    step: int
    epoch: float
    best_step: int | None
    effective_batch: int
    tokens_per_second: float
    held: HeldLayers | None  # in the model, where what held layers make of windows is kept
    start: dict[str, torch.Tensor]  # the weights that it was trained from, where they are needed
    assessed: dict[str, list[Any]]  # of the model as it is: predictions of evaluated splits, where they are known
    track: Callable[[dict[str, Any], str], None]  # gives figures to the trackers, after the training


@dataclass(slots=True)
class TrainingAttempt:
    """What a run is trained with. `batch` is windows at once; they and `accumulation` may be smaller than asked for."""

    folder: RunFolder
    prepared: TrainingInput
    write: Write
    control: Control
    batch: int
    accumulation: int
    resumed: Path | None
    built: Built
    dataset: Any  # a torch Dataset of windows
    predictor: TaskPredictor
    evaluated: dict[str, list[EncodedDocument]]  # "validation", and some of "train"
    selection: BestCheckpoint
    start: dict[str, torch.Tensor]  # as `Result` has it
    assessed: dict[int, dict[str, list[Any]]] = field(default_factory=dict)  # step -> split -> predictions
    best_step: int = -1  # of this process: the one that was resumed may have had a better one

    @classmethod
    def build(
        cls,
        folder: RunFolder,
        prepared: TrainingInput,
        write: Write,
        control: Control,
        batch: int,
        accumulation: int,
    ) -> "TrainingAttempt":
        """Load the model and encode the documents; writes the events `started` and `prepared`.

        Raises:
            WorkbenchError: there is nothing to train on, or the model cannot be built.
        """
        request, config = prepared.request, prepared.request.config
        resumed = checkpoints.newest(folder.checkpoints, lambda message: write("note", message=message))
        write("started", **_started(prepared, resumed))
        set_seed(config.train.seed)
        built: Built = importlib.import_module(families.spec(config.model.family).module).build(config, request.fields)
        if prepared.precision == "bf16" and prepared.device.type == "cpu":
            attend_in_bf16(built.model)
            read_packed(built.model)
        task = prepared.task
        encoder = task.encoder(built, request)
        encoded = {split: [encoder.encode(row) for row in rows] for split, rows in prepared.documents.items()}
        dataset = task.training_set(encoder, encoded["train"], request)
        if not len(dataset):
            raise RunProblem(
                "The training documents hold no words.", "Import them again, with OCR where they are pictures."
            )
        _report_prepared(prepared, built, encoded, write)
        # what is read at once shrinks as the batch does when memory runs out
        at_once = max(1, config.train.per_device_eval_batch_size * batch // config.train.per_device_train_batch_size)
        predictor = task.predictor(
            built, encoder, request, device=prepared.device, bf16=prepared.precision == "bf16", batch_size=at_once,
            multiple=padding(prepared.device, bf16=prepared.precision == "bf16"),
        )  # fmt: skip
        start = _begin(prepared, predictor, encoded["train"], built)
        sample = {row.document for row in prepared.compared}
        evaluated = {
            "train": [document for document in encoded["train"] if document.row.document in sample],
            "validation": encoded["validation"],
        }
        selection = BestCheckpoint(config.train.metric_for_best_model)
        selection.best = checkpoints.best_metric(resumed)
        return cls(
            folder, prepared, write, control, batch, accumulation, resumed, built, dataset, predictor, evaluated,
            selection, start,
        )  # fmt: skip

    def callbacks(self, early_stopping: bool) -> list[TrainerCallback]:
        """What the Trainer calls besides the reporter, which needs the Trainer."""
        train = self.prepared.request.config.train
        callbacks: list[TrainerCallback] = [Freezing(self.built.model, train), WhereTheBestIs()]
        if early_stopping and train.early_stopping_patience:
            callbacks.append(EarlyStoppingCallback(train.early_stopping_patience, train.early_stopping_threshold))
        return callbacks

    def fit(self) -> Result:
        """Train to the end, or until the run is asked to stop.

        Raises:
            torch.OutOfMemoryError: the device's memory ran out; a smaller batch may fit.
            RunProblem: the machine's memory or the disk is full, or the training diverged.
        """
        tuner = self._tuner()
        documents_per_window = len(self.prepared.documents["train"]) / len(self.dataset)
        reporter = Reporter(tuner, self.control, self.write, documents_per_window, self.prepared.request.config)
        tuner.add_callback(reporter)
        tuner.remove_callback(PrinterCallback)
        tuner.add_callback(tracking.OneMLflowRun(tuner.callback_handler.callbacks))
        layers = 0 if distributed.is_initialized() else layers_held(self.built.model, self.prepared.request.config)
        held = HeldLayers(self.built.model, layers, self.folder.path) if layers else None
        with _resources_named(self.batch):
            self._train(tuner)
        if stage := sharding.stage(tuner):
            self.write("note", message=f"Divided among {_world()} processes (DeepSpeed, ZeRO stage {stage}).")
        if parts := sharding.gather(self.built.model):  # what follows is the first process's alone
            self.write("note", message=f"The model was divided among {_world()} processes, in {parts} parts (FSDP).")
        state = tuner.state
        return Result(
            self.built, self.predictor, state.global_step, float(state.epoch or 0), state.best_global_step or None,
            self.batch * self.accumulation * _world(), reporter.speed(), held,
            self.start, self.assessed.get(self._step_of_model(tuner), {}), self._track(tuner),
        )  # fmt: skip

    def _step_of_model(self, tuner: Tuner) -> int:
        """The step that the model was at: after the training it is the best one again; -1 where that is not sure."""
        state = tuner.state
        if not tuner.args.load_best_model_at_end:
            return int(state.global_step)
        best = f"checkpoint-{state.best_global_step}"
        return int(state.best_global_step) if (self.folder.checkpoints / best / weights.FILE).is_file() else -1

    def _train(self, tuner: Tuner) -> None:
        train = self.prepared.request.config.train
        if train.engine == "loop":
            Loop(tuner, train).train(self.resumed)
        else:
            tuner.train(resume_from_checkpoint=None if self.resumed is None else str(self.resumed))

    def _track(self, tuner: Tuner) -> Callable[[dict[str, Any], str], None]:
        if not self.prepared.request.config.train.report_to:
            return lambda figures, configuration: None
        # the optimiser is twice the model, and no tracker wants it
        tuner.optimizer = tuner.lr_scheduler = None
        tuner.callback_handler.optimizer = tuner.callback_handler.lr_scheduler = None
        return partial(tracking.log, tuner)

    def _tuner(self) -> Tuner:
        config = self.prepared.request.config
        task = self.prepared.task
        counts = task.counts(self.prepared.documents["train"])
        of_labels = class_weights(task.labels, counts, config.regularization.class_weights)
        per_epoch = math.ceil(math.ceil(len(self.dataset) / self.batch / _world()) / self.accumulation)
        arguments = arguments_of(self.folder, self.prepared, self.batch, self.accumulation, per_epoch)
        optimizer = {}
        if config.train.optim == "adamw_then_sgd":
            optimizer["optimizer_cls_and_kwargs"] = adam_then_sgd(config)
        return Tuner(
            order=DataOrder(self.dataset.lengths, self.batch, config.train.seed, grouped=config.data.similar_length),
            assess=self._assess,
            guess=task.guess,
            model=self.built.model,
            args=arguments,
            train_dataset=self.dataset,
            eval_dataset=[],
            data_collator=self.predictor.collator,
            processing_class=self.built.tokenizer,
            compute_loss_func=loss_function(config.regularization, of_labels),
            callbacks=self.callbacks(early_stopping=arguments.load_best_model_at_end),
            **optimizer,
        )

    def _assess(self, step: int, epoch: float) -> dict[str, float]:
        """The event `evaluated`, and the figures that the Trainer compares checkpoints by."""
        with sharding.whole(self.built.model):
            predictions = {side: _predict_shared(self.predictor, rows) for side, rows in self.evaluated.items()}
        figures = {side: self.prepared.task.figures(rows) for side, rows in predictions.items()}
        measured = {side: row for side, row in figures.items() if row["documents"]}
        best = self.selection.better(measured.get("validation"))
        self.best_step = step if best else self.best_step
        self.assessed = {at: known for at, known in self.assessed.items() if at == self.best_step} | {step: predictions}
        self.write("evaluated", step=step, epoch=round(epoch, 4), best=best, **measured)
        row = measured.get("validation") or measured.get("train")
        if row is None:
            return {}
        return {**tracked(row, "eval"), "eval_selection": self.selection.value(row)}


def _begin(
    prepared: TrainingInput, predictor: TaskPredictor, documents: Sequence[EncodedDocument], built: Built
) -> dict[str, torch.Tensor]:
    """Give a class model the head that it begins with; the weights of the start where the model goes back to them.

    A run that is resumed makes them anew: they follow from the base and the documents.
    """
    config, task = prepared.request.config, prepared.task
    if isinstance(task, ClassTask) and isinstance(predictor, ClassPredictor):
        if config.model.head_start == "regression":
            counts = task.counts(prepared.documents["train"])
            of_labels = class_weights(task.labels, counts, config.regularization.class_weights)
            moved_weights.begin_with_regression(task, predictor, documents, of_labels)
        if config.train.back_to_start:
            return moved_weights.weights_of(built.model)
    return {}


def tracked(figures: Mapping[str, Any], side: str) -> dict[str, float]:
    """Figures of one side ("eval", "test") as trackers get them: loss and F1 of all, and the F1 of each field."""
    fields = {f"{side}_{field}_f1": row["f1"] for field, row in figures["fields"].items()}
    return {f"{side}_f1": figures["f1"], f"{side}_loss": figures["loss"], **fields}


def out_of_memory(batch: int) -> RunProblem:
    """The error of a run that needs more memory than there is."""
    return RunProblem(
        f"Memory ran out with {batch} windows at once.",
        "In this order: data.max_length down (256; longer pages become windows), the batch down and "
        "gradient_accumulation_steps up, train.gradient_checkpointing on, a smaller family.",
    )


@contextmanager
def full_disk_named() -> Iterator[None]:
    """Turn the errors of a full disk, which come in several forms, into one that says so.

    Raises:
        RunProblem: the disk is full.
    """
    try:
        yield
    except (OSError, SafetensorError, WorkspaceProblem) as error:
        if getattr(error, "errno", None) != errno.ENOSPC and "No space left" not in str(error):
            raise
        raise RunProblem(
            "The disk is full: the checkpoint could not be kept.",
            "Free some space and resume: the run goes on from the last one.",
        ) from error


@contextmanager
def _resources_named(batch: int) -> Iterator[None]:
    try:
        with full_disk_named():
            yield
    except MemoryError as error:
        raise out_of_memory(batch) from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error):
            raise out_of_memory(batch) from error
        raise


def _world() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def _started(prepared: TrainingInput, resumed: Path | None) -> dict[str, Any]:
    return {
        "pid": os.getpid(), "host": os.uname().nodename, "device": str(prepared.device),
        "precision": prepared.precision,
        "threads": torch.get_num_threads(), "processes": _world(),
        "seed": prepared.request.config.train.seed,
        "resumed_from": None if resumed is None else int(resumed.name.rpartition("-")[2]),
    }  # fmt: skip


def _report_prepared(
    prepared: TrainingInput, built: Built, encoded: dict[str, list[EncodedDocument]], write: Write
) -> None:
    """The event `prepared`, and what is worth a note."""
    for note in built.notes:
        write("note", message=note)
    truncated = sum(document.truncated for documents in encoded.values() for document in documents)
    if truncated:
        write(
            "note",
            message=f"{truncated} documents have a word longer than a window; it was cut to fit, yet gets a label.",
        )
    write(
        "prepared",
        documents=prepared.sizes,
        windows={split: sum(d.windows for d in documents) for split, documents in encoded.items()},
        tokens={split: sum(d.tokens for d in documents) for split, documents in encoded.items()},
        truncated=truncated,
        family=prepared.request.config.model.family,
        parameters=sum(p.numel() for p in built.model.parameters()),
        labels=prepared.task.labels,
    )


def _predict_shared(predictor: TaskPredictor, documents: Sequence[EncodedDocument]) -> list[Any]:
    """Predictions for all documents; each of several processes does its share and gets the others'."""
    if not distributed.is_initialized():
        return predictor.predict_encoded(documents)
    world, rank = distributed.get_world_size(), distributed.get_rank()
    mine = predictor.predict_encoded(documents[rank::world])
    shares: list[Any] = [None] * world
    distributed.all_gather_object(shares, mine)
    return [prediction for share in shares for prediction in share]
