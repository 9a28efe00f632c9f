"""What training needs, made from the run folder: documents, device, precision, the Trainer's arguments. [worker]"""

import os
import random
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from storage.exceptions import RunProblem
from workbench.runs import machine, parquet
from workbench.runs.config import families, trackers
from workbench.runs.config import sharding as sharding_settings
from workbench.runs.config.request import Request
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import RunFolder
from workbench.training.device import device_of, precision_of
from workbench.training.engines import sharding
from workbench.training.tasks.base import Task
from workbench.training.tasks.classes import ClassTask
from workbench.training.tasks.tokens import TokenTask
from workbench.training.trainer import AdamThenSGD

_LEAST_COMPARED = 10  # training documents in an evaluation, where there are as many


@dataclass(slots=True)
class TrainingInput:
    """What training needs, made from the run folder."""

    request: Request
    documents: dict[str, list[parquet.FrozenDocument]]  # the labelled ones; the pool may be too large for the memory
    pool: int  # how many documents it has
    task: Task
    sample: list[parquet.FrozenDocument]  # training documents that are evaluated
    device: torch.device
    precision: str  # "fp32", "bf16" or "fp16"
    notes: list[str] = field(default_factory=list)

    @property
    def compared(self) -> list[parquet.FrozenDocument]:
        """The training documents of each evaluation: as many as there are of validation, which decide everything."""
        measured = len(self.documents["validation"])
        return self.sample[: max(_LEAST_COMPARED, measured)] if measured else self.sample

    @property
    def sizes(self) -> dict[str, int]:
        """Documents by split."""
        return {**{split: len(rows) for split, rows in self.documents.items()}, "pool": self.pool}


def prepare(request: Request, path: Path) -> TrainingInput:
    """Read the folder and settle what follows from it.

    Raises:
        WorkbenchError: nothing can be trained with it.
    """
    config, folder = request.config, RunFolder(path)
    if config.train.report_to:
        trackers.check(config.train.report_to, loaded=True)
        folder.logs.mkdir(exist_ok=True)
        os.environ.update(trackers.environment(folder.logs, request.name or request.run))
    task: Task = ClassTask.of(request) if config.model.task == "classes" else TokenTask.of(request, path)
    data: dict[str, list[parquet.FrozenDocument]] = {"test": []} | {
        split: [row.anchor(path) for row in parquet.stream(folder.dataset(split)) if task.is_labelled(row)]
        for split in ("train", *request.measured_on)
    }
    data["train"] = limited(data["train"], config.data.max_train_documents, config.train.seed)
    if not data["train"]:
        raise RunProblem(
            "There is no labelled document to train on.", "Label a few documents of the training side first."
        )
    notes = task.notes(data)
    if families.spec(config.model.family).picture:
        missing = sum(not path or not Path(path).is_file() for d in data.values() for row in d for path in row.pictures)
        if missing:
            notes.append(f"The pictures of {missing} pages are missing: the model sees these pages as white.")
    if not data["validation"]:
        notes.append("There are no validation documents: the last model is kept, and nothing stops the run early.")
    device = device_of(config)
    precision = precision_of(config, device, folder, notes)
    for key in ("fsdp", "deepspeed"):
        if (asked := getattr(config.train, key)) and not distributed():
            notes.append(
                f"train.{key} ({asked}) is left out: this run is one process, and only several (train.processes) can "
                "share a model."
            )
    if distributed():
        sharding_settings.check(config.train)
    if config.train.engine == "loop" and distributed():
        raise RunProblem(
            "The training loop is one process, and several were started.", "Set train.engine to trainer for this run."
        )
    sample = list(data["train"])
    random.Random(config.train.seed).shuffle(sample)
    pool = parquet.count(folder.dataset("pool"))
    return TrainingInput(request, data, pool, task, sample[: config.train.train_sample], device, precision, notes)


def distributed() -> bool:
    """Whether this process is one of several, that train one run."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def limited(documents: list[parquet.FrozenDocument], most: int | None, seed: int) -> list[parquet.FrozenDocument]:
    """So many documents at most: whole vendors, one after the other, in an order set by the seed."""
    if most is None or len(documents) <= most:
        return documents
    groups: dict[str, list[parquet.FrozenDocument]] = {}
    for row in documents:
        groups.setdefault(row.group or f"\0{row.document}", []).append(row)
    order = sorted(groups)
    random.Random(seed).shuffle(order)
    return list(chain.from_iterable(groups[name] for name in order))[:most]


def adam_then_sgd(config: TuneConfig) -> tuple[Any, dict[str, Any]]:
    """The optimiser that switches, and its settings, as the Trainer wants them; for the loop the first of its two."""
    train = config.train
    adam = {"lr": train.learning_rate, "betas": (train.adam_beta1, train.adam_beta2), "eps": train.adam_epsilon}
    if train.engine == "loop":
        return torch.optim.AdamW, adam
    return AdamThenSGD, adam | {
        "after": train.sgd_after_steps, "ratio": train.sgd_learning_rate / train.learning_rate,
        "momentum": train.sgd_momentum,
    }  # fmt: skip


def _epochs_between_evaluations(prepared: TrainingInput) -> int:
    """How many epochs lie between evaluations, so that few documents to learn from are not outweighed by many to test.

    Reading a word costs about a third of learning from it; evaluations may take a third of the learning's time, but
    there are five of them at least. In a run that is too short to be stopped early every second epoch is enough, where
    they would take more than a tenth: the last ones decide, and these hardly differ (docs/measurements.md).
    """
    train = prepared.request.config.train
    evaluated = sum(len(row.words) for row in (*prepared.documents["validation"], *prepared.compared))
    learnt = sum(len(row.words) for row in prepared.documents["train"])
    apart = evaluated // max(1, learnt)
    if train.num_train_epochs <= 2 * train.early_stopping_patience and 10 * evaluated > 3 * learnt:
        apart = max(2, apart)
    return max(1, min(int(train.num_train_epochs // 5), apart))


def arguments_of(
    folder: RunFolder, prepared: TrainingInput, batch: int, accumulation: int, per_epoch: int
) -> TrainingArguments:
    """The Trainer's arguments, in the names of transformers 5.

    Args:
        batch, accumulation: those in force (they change after running out of memory).
        per_epoch: steps in an epoch.
    """
    train = prepared.request.config.train
    validated = bool(prepared.documents["validation"])
    strategy = train.eval_strategy
    eval_steps = min(train.eval_steps, per_epoch)
    save_steps = eval_steps * max(1, train.save_steps // train.eval_steps)
    apart = _epochs_between_evaluations(prepared)
    if strategy == "epoch" and apart > 1:
        strategy, eval_steps, save_steps = "steps", apart * per_epoch, apart * per_epoch
    dividing = ("deepspeed", "fsdp", "fsdp_config") if distributed() else ()
    optional: dict[str, Any] = {name: value for name in dividing if (value := getattr(train, name))}
    if train.lr_scheduler_type == "reduce_lr_on_plateau":
        optional["lr_scheduler_kwargs"] = {"mode": "max", "patience": 2, "factor": 0.5}
    if prepared.device.type == "cpu" and "WORLD_SIZE" in os.environ:
        optional["ddp_backend"] = "gloo"
        if train.deepspeed:
            sharding.exchange_by_gloo()
    if train.gradient_checkpointing:
        optional["gradient_checkpointing"] = True
    return TrainingArguments(
        output_dir=str(folder.checkpoints),
        run_name=prepared.request.name or prepared.request.run,
        num_train_epochs=train.num_train_epochs,
        max_steps=train.max_steps,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=accumulation,
        learning_rate=train.learning_rate,
        warmup_steps=train.warmup_steps or train.warmup_ratio,
        lr_scheduler_type=train.lr_scheduler_type,
        weight_decay=train.weight_decay,
        adam_beta1=train.adam_beta1,
        adam_beta2=train.adam_beta2,
        adam_epsilon=train.adam_epsilon,
        max_grad_norm=train.max_grad_norm,
        optim={"sgd": "sgd", "adafactor": "adafactor"}.get(train.optim, "adamw_torch_fused"),
        bf16=prepared.precision == "bf16",
        fp16=prepared.precision == "fp16",
        use_cpu=prepared.device.type == "cpu",
        eval_strategy=strategy,
        eval_steps=eval_steps,
        save_strategy=strategy,
        save_steps=save_steps,
        save_total_limit=train.save_total_limit,
        save_on_each_node=machine.SEPARATE in os.environ,
        load_best_model_at_end=train.load_best_model_at_end and validated,
        metric_for_best_model="selection",
        greater_is_better=True,
        logging_steps=train.logging_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        seed=train.seed,
        data_seed=train.seed,
        # some bases have parameters that no loss reaches, and frozen ones may thaw
        ddp_find_unused_parameters=True,
        dataloader_pin_memory=prepared.device.type == "cuda",
        remove_unused_columns=False,
        disable_tqdm=True,
        log_level="error",
        report_to=list(train.report_to) or "none",
        restore_callback_states_from_checkpoint=True,  # patience goes on where a pause left it
        **optional,
    )
