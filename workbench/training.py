"""A run folder -> a trained model: data, model, Trainer, predictions, report. [worker]"""

import errno
import hashlib
import importlib
import json
import math
import os
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
import torch
import transformers
from safetensors import SafetensorError
from torch import distributed
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback, TrainingArguments, set_seed

from storage.exceptions import MissingTool, RunProblem
from workbench import checkpoints, families, rows, scoring
from workbench.config import Request
from workbench.encoding import Collator, Document, Encoder
from workbench.families import smooth
from workbench.families.loading import Built, labels_of
from workbench.knobs import TuneConfig
from workbench.predicting import DESCRIPTION, Description, Outcome, Predictor, bf16_pays, choose_device, write_json
from workbench.trainer import DataOrder, Freezing, Tuner, Windows, class_weights, loss_function

Write = Callable[..., None]
"""EventWriter.write, or nothing at all on other ranks."""


class Interrupted(RunProblem):
    """The system asked the worker to end (SIGTERM); a checkpoint was kept."""

    title = "The run was interrupted"


@dataclass(slots=True)
class Control:
    """What was asked of the run from outside. Files are looked at between steps; a signal sets `signalled`."""

    folder: Path
    signalled: bool = False
    stopped: bool = False

    def wishes(self) -> int:
        """0 go on, 1 pause, 2 stop, 3 signalled; the same on every rank."""
        wish = 3 if self.signalled else 2 if (self.folder / "stop").exists() else int((self.folder / "pause").exists())
        if distributed.is_initialized():
            agreed = torch.tensor(wish)
            distributed.all_reduce(agreed, op=distributed.ReduceOp.MAX)
            wish = int(agreed)
        return wish


@dataclass(slots=True)
class Prepared:
    """What training needs, made from the run folder."""

    request: Request
    documents: dict[str, list[rows.Row]]
    sample: list[rows.Row]  # training documents that are evaluated
    labels: list[str]
    device: torch.device
    precision: str  # "fp32", "bf16" or "fp16"
    notes: list[str] = field(default_factory=list)


def run(folder: Path, write: Write, control: Control) -> None:
    """Train, or go on from the last complete checkpoint; ends with the event `finished`.

    Raises:
        WorkbenchError: the run failed; what it says is for the event `failed`.
    """
    began = time.monotonic()
    request = Request.read(folder)
    prepared = _prepare(request, folder)
    for note in prepared.notes:
        write("note", message=note)
    batch, accumulation = (
        request.config.train.per_device_train_batch_size,
        request.config.train.gradient_accumulation_steps,
    )
    while True:
        try:
            result = _train(folder, prepared, write, control, batch, accumulation)
            break
        except torch.OutOfMemoryError as error:
            batch, accumulation = _smaller(prepared, batch, accumulation, write, error)
    if control.signalled:
        raise Interrupted(
            f"The system ended the run at step {result.step}; a checkpoint was kept.",
            "Resume it: it goes on from there.",
        )
    if _rank() == 0:
        _finish(folder, prepared, result, write, control, began)


@dataclass(slots=True)
class Result:
    """What came out of the Trainer."""

    built: Built
    encoder: Encoder
    predictor: Predictor
    step: int
    epoch: float
    best_step: int | None
    effective_batch: int
    tokens_per_second: float


def _prepare(request: Request, folder: Path) -> Prepared:
    config = request.config
    data = {split: rows.portable(found, folder) for split, found in rows.read_all(folder).items()}
    for split in ("train", "validation", "test"):
        data[split] = [row for row in data[split] if row.tags is not None]
    data["train"] = _limited(data["train"], config.data.max_train_documents, config.train.seed)
    if not data["train"]:
        raise RunProblem(
            "There is no labelled document to train on.", "Label a few documents of the training side first."
        )
    labels = labels_of(request.fields)
    used = {tag[2:] for row in data["train"] for tag in row.tags or () if tag != "O"}
    known = {f.id for f in request.fields}
    if not used & known:
        raise RunProblem("No word of the training documents carries a label.", "Label a few documents first.")
    notes = []
    unlearnt = {t[2:] for s in ("validation", "test") for row in data[s] for t in row.tags or () if t != "O"} - used
    if unlearnt & known:
        notes.append(
            f"Only outside the training documents, so it cannot be learnt: {', '.join(sorted(unlearnt & known))}."
        )
    if not data["validation"]:
        notes.append("There are no validation documents: the last model is kept, and nothing stops the run early.")
    device = _device(config.train.device)
    precision = _precision(config, device, notes)
    sample = list(data["train"])
    random.Random(config.train.seed).shuffle(sample)
    return Prepared(request, data, sample[: config.train.train_sample], labels, device, precision, notes)


def _limited(documents: list[rows.Row], most: int | None, seed: int) -> list[rows.Row]:
    """So many documents at most: whole vendors, one after the other, in an order set by the seed."""
    if most is None or len(documents) <= most:
        return documents
    groups: dict[str, list[rows.Row]] = {}
    for row in documents:
        groups.setdefault(row.group or f"\0{row.document}", []).append(row)
    order = sorted(groups)
    random.Random(seed).shuffle(order)
    return list(chain.from_iterable(groups[name] for name in order))[:most]


def _device(wanted: str) -> torch.device:
    device = choose_device(wanted)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}.get(device.type, True)
    if not there:
        raise MissingTool(f"There is no {device.type} device on this machine.", "Set train.device to auto or cpu.")
    return device


def _precision(config: TuneConfig, device: torch.device, notes: list[str]) -> str:
    if config.train.bf16:
        return "bf16"
    if config.train.fp16:
        if device.type == "cuda":
            return "fp16"
        chosen = "bf16" if bf16_pays(device) else "fp32"
        notes.append(f"fp16 does not work on a {device.type}: {chosen} is used instead.")
        return chosen
    if config.train.bf16 is None and config.train.fp16 is None:
        return "bf16" if bf16_pays(device) else "fp16" if device.type == "cuda" else "fp32"
    return "fp32"


def _smaller(prepared: Prepared, batch: int, accumulation: int, write: Write, error: BaseException) -> tuple[int, int]:
    """Half the batch and twice the accumulation, where that is allowed."""
    if not prepared.request.config.train.retry_on_oom or batch == 1:
        raise _out_of_memory(batch) from error
    if prepared.device.type == "cuda":
        torch.cuda.empty_cache()
    write(
        "note",
        message=f"Memory ran out with {batch} windows at once: now {batch // 2}, accumulating {2 * accumulation}.",
    )
    return batch // 2, 2 * accumulation


def _out_of_memory(batch: int) -> RunProblem:
    return RunProblem(
        f"Memory ran out with {batch} windows at once.",
        "In this order: data.max_length down (256; longer pages become windows), the batch down and "
        "gradient_accumulation_steps up, train.gradient_checkpointing on, a smaller family.",
    )


def _train(folder: Path, prepared: Prepared, write: Write, control: Control, batch: int, accumulation: int) -> Result:
    request, config = prepared.request, prepared.request.config
    resumed = checkpoints.newest(folder / "checkpoints", lambda message: write("note", message=message))
    write("started", **_started(prepared, config, resumed))
    set_seed(config.train.seed)
    module = importlib.import_module(families.spec(config.model.family).module)
    built: Built = module.build(config, request.fields)
    encoder = Encoder(built.tokenizer, prepared.labels, config.data, built.sep_box)
    encoded = {
        split: [encoder.encode(row) for row in found] for split, found in prepared.documents.items() if split != "pool"
    }
    dataset = Windows(encoder, encoded["train"], config.augmentation, config.train.seed)
    if not len(dataset):
        raise RunProblem(
            "The training documents hold no words.", "Import them again, with OCR where they are pictures."
        )
    _tell(prepared, built, encoded, write)
    train_sample = {row.document for row in prepared.sample}
    sides = {
        "train": [d for d in encoded["train"] if d.row.document in train_sample],
        "validation": encoded["validation"],
    }
    collator = Collator(
        built.tokenizer, boxes=families.spec(config.model.family).boxes, picture=built.picture,
        multiple=8 if prepared.device.type == "cuda" else 1,
    )  # fmt: skip
    predictor = Predictor(
        built.model, encoder, collator, prepared.device, prepared.precision != "fp32" and bf16_pays(prepared.device),
        config.train.per_device_eval_batch_size,
    )  # fmt: skip
    counts: dict[str, int] = {}
    for row in prepared.documents["train"]:
        for tag in row.tags or ():
            counts[tag] = counts.get(tag, 0) + 1
    weights = class_weights(prepared.labels, counts, config.regularization.class_weights)
    selection = _Selection(config.train.metric_for_best_model)

    def assess(step: int, epoch: float) -> dict[str, float]:
        figures = {
            side: scoring.figures(_predict_shared(predictor, documents), encoder.labels)
            for side, documents in sides.items()
        }
        facts = {side: found for side, found in figures.items() if found["documents"]}
        write("evaluated", step=step, epoch=round(epoch, 4), best=selection.better(facts.get("validation")), **facts)
        side = facts.get("validation") or facts.get("train")
        if side is None:
            return {}
        return {"eval_f1": side["f1"], "eval_loss": side["loss"], "eval_selection": selection.value(side)}

    world = int(os.environ.get("WORLD_SIZE", "1"))
    per_epoch = math.ceil(math.ceil(len(dataset) / batch / world) / accumulation)
    arguments = _arguments(folder, prepared, batch, accumulation, per_epoch)
    order = DataOrder(dataset.lengths, batch, config.train.seed, grouped=config.data.similar_length)
    callbacks: list[TrainerCallback] = [Freezing(built.model, config.train)]
    if arguments.load_best_model_at_end and config.train.early_stopping_patience:
        callbacks.append(
            EarlyStoppingCallback(config.train.early_stopping_patience, config.train.early_stopping_threshold)
        )
    switch = {}
    if config.train.optim == "adamw_then_sgd":
        switch["optimizer_cls_and_kwargs"] = _adam_then_sgd(config)
    tuner = Tuner(
        order=order, assess=assess, guess=math.log(len(prepared.labels)), model=built.model, args=arguments,
        train_dataset=dataset, eval_dataset=[], data_collator=collator, processing_class=built.tokenizer,
        compute_loss_func=loss_function(config.regularization, weights), callbacks=callbacks, **switch,
    )  # fmt: skip
    reporter = Reporter(tuner, control, write, len(prepared.documents["train"]) / len(dataset), config)
    tuner.add_callback(reporter)
    tuner.remove_callback(PrinterCallback)
    selection.best = checkpoints.best_metric(resumed)
    try:
        tuner.train(resume_from_checkpoint=None if resumed is None else str(resumed))
    except (OSError, SafetensorError) as error:
        raise _full_disk(error) from error
    except MemoryError as error:
        raise _out_of_memory(batch) from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error):
            raise _out_of_memory(batch) from error
        raise
    state = tuner.state
    return Result(
        built, encoder, predictor, state.global_step, float(state.epoch or 0), state.best_global_step or None,
        batch * accumulation * world, reporter.speed(),
    )  # fmt: skip


def _full_disk(error: Exception) -> Exception:
    full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
    if not full:
        return error
    return RunProblem(
        "The disk is full: the checkpoint could not be kept.",
        "Free some space and resume: the run goes on from the last one.",
    )


class _Selection:
    """Which evaluation is the best: by F1 (ties go to the lower loss) or by loss. Higher is better."""

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self.best: float | None = None

    def value(self, figures: dict[str, Any]) -> float:
        loss = min(float(figures["loss"]), 100.0)
        return -loss if self._metric == "loss" else float(figures["f1"]) - 1e-4 * loss

    def better(self, figures: dict[str, Any] | None) -> bool:
        """Whether these are the best so far."""
        if figures is None or (self.best is not None and self.value(figures) <= self.best):
            return False
        self.best = self.value(figures)
        return True


def _adam_then_sgd(config: TuneConfig) -> tuple[Any, dict[str, Any]]:
    from workbench.trainer import AdamThenSGD

    train = config.train
    return AdamThenSGD, {
        "lr": train.learning_rate, "betas": (train.adam_beta1, train.adam_beta2), "eps": train.adam_epsilon,
        "after": train.sgd_after_steps, "ratio": train.sgd_learning_rate / train.learning_rate,
        "momentum": train.sgd_momentum,
    }  # fmt: skip


def _arguments(folder: Path, prepared: Prepared, batch: int, accumulation: int, per_epoch: int) -> TrainingArguments:
    train = prepared.request.config.train
    validated = bool(prepared.documents["validation"])
    eval_steps = min(train.eval_steps, per_epoch)
    save_steps = eval_steps * max(1, train.save_steps // train.eval_steps)
    optional: dict[str, Any] = {
        name: value for name in ("deepspeed", "fsdp", "fsdp_config") if (value := getattr(train, name))
    }
    if train.lr_scheduler_type == "reduce_lr_on_plateau":
        optional["lr_scheduler_kwargs"] = {"mode": "max", "patience": 2, "factor": 0.5}
    if prepared.device.type == "cpu" and "WORLD_SIZE" in os.environ:
        optional["ddp_backend"] = "gloo"
    if train.gradient_checkpointing:
        optional["gradient_checkpointing"] = True
    return TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        run_name=prepared.request.run,
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
        eval_strategy=train.eval_strategy,
        eval_steps=eval_steps,
        save_strategy=train.eval_strategy,
        save_steps=save_steps,
        save_total_limit=train.save_total_limit,
        load_best_model_at_end=train.load_best_model_at_end and validated,
        metric_for_best_model="selection",
        greater_is_better=True,
        logging_steps=train.logging_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        seed=train.seed,
        data_seed=train.seed,
        ddp_find_unused_parameters=train.freeze != "none",
        dataloader_pin_memory=prepared.device.type == "cuda",
        remove_unused_columns=False,
        disable_tqdm=True,
        log_level="error",
        report_to=list(train.report_to) or "none",
        **optional,
    )


def _started(prepared: Prepared, config: TuneConfig, resumed: Path | None) -> dict[str, Any]:
    return {
        "pid": os.getpid(), "host": os.uname().nodename, "device": str(prepared.device),
        "precision": prepared.precision,
        "threads": torch.get_num_threads(), "seed": config.train.seed,
        "resumed_from": None if resumed is None else int(resumed.name.rpartition("-")[2]),
    }  # fmt: skip


def _tell(prepared: Prepared, built: Built, encoded: dict[str, list[Document]], write: Write) -> None:
    """The event `prepared`, and what is worth a note."""
    for note in built.notes:
        write("note", message=note)
    truncated = sum(document.truncated for found in encoded.values() for document in found)
    if truncated:
        write(
            "note",
            message=f"{truncated} documents have a word longer than a window; it was cut to fit, yet gets a label.",
        )
    write(
        "prepared",
        documents={split: len(found) for split, found in prepared.documents.items()},
        windows={split: sum(d.windows for d in found) for split, found in encoded.items()},
        tokens={split: sum(d.tokens for d in found) for split, found in encoded.items()},
        truncated=truncated,
        family=prepared.request.config.model.family,
        parameters=sum(p.numel() for p in built.model.parameters()),
        labels=prepared.labels,
    )


class Reporter(TrainerCallback):  # type: ignore[misc]
    """Events, and the wishes from outside: between steps it looks for stop, pause and signals."""

    def __init__(
        self, tuner: Tuner, control: Control, write: Write, documents_per_window: float, config: TuneConfig
    ) -> None:
        self._tuner = tuner
        self._asked = control
        self._write = write
        self._share = documents_per_window
        self._config = config
        self._process = psutil.Process()
        self._began = self._last = time.monotonic()
        self._first_step = 0
        self._idle = 0.0
        self._tokens = 0
        self._evaluated = self._saved = -1

    def speed(self) -> float:
        """Real tokens a second, training and evaluation together."""
        return self._tokens / max(1e-9, time.monotonic() - self._began - self._idle)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self._began = self._last = time.monotonic()
        self._first_step = state.global_step

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the data which epoch it is: the order and the augmentation follow from it."""
        epoch = int((state.epoch or 0) + 1e-6)
        self._tuner.train_dataset.epoch = epoch
        self._tuner._order.epoch = epoch

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

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Do not do again what the last step of the epoch did already."""
        if self._evaluated == state.global_step or self._asked.signalled:
            control.should_evaluate = False
        if self._saved == state.global_step:
            control.should_save = False

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Remember where the last evaluation was."""
        self._evaluated = state.global_step

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Seal the checkpoint: only a sealed one is resumed from."""
        self._saved = state.global_step
        if args.should_save:
            path = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            checkpoints.seal(path)
            self._write("saved", step=state.global_step, path=f"checkpoints/{path.name}")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **kwargs: Any) -> None:
        """The event `step`."""
        if "loss" not in logs:
            return
        now = time.monotonic()
        tokens, windows = int(self._tuner.meter.tokens), self._tuner.meter.windows
        self._tuner.meter.tokens = self._tuner.meter.windows = 0
        self._tokens += tokens
        seconds = max(1e-9, now - self._last)
        self._last = now
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

    def _pause(self) -> int:
        began = time.monotonic()
        self._write("paused")
        while (wish := self._asked.wishes()) == 1:
            time.sleep(0.2)
        self._write("resumed")
        self._idle += time.monotonic() - began
        self._last += time.monotonic() - began
        return wish


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def _predict_shared(predictor: Predictor, documents: Sequence[Document]) -> list[Outcome]:
    """Predictions for all documents; under torchrun every process does its share and gets the others'."""
    if not distributed.is_initialized():
        return predictor.predict_encoded(documents)
    world, rank = distributed.get_world_size(), distributed.get_rank()
    mine = predictor.predict_encoded(documents[rank::world])
    shares: list[Any] = [None] * world
    distributed.all_gather_object(shares, mine)
    return [outcome for share in shares for outcome in share]


def _finish(folder: Path, prepared: Prepared, result: Result, write: Write, control: Control, began: float) -> None:
    """Keep the model, predict, report; the event `finished` comes last."""
    request, config = prepared.request, prepared.request.config
    smooth_tables = config.model.family == "starter"
    if smooth_tables:
        smooth.bake(result.built.model)
    parts: dict[str, list[rows.Row]] = {s: prepared.documents[s] for s in ("validation", "test", "pool")}
    parts["train"] = prepared.sample
    total, done = sum(map(len, parts.values())), 0
    predictions, figures = [], {}
    for split, documents in parts.items():
        outcomes = []
        for outcome in result.predictor.predict(documents):
            predictions.append(outcome.prediction(split, prepared.labels))
            if split != "pool":
                outcomes.append(outcome)
            done += 1
            if done % 20 == 0 or done == total:
                write("predicting", done=done, total=total)
        if outcomes:
            figures[split] = scoring.figures(outcomes, prepared.labels)
    f1 = figures["validation"]["f1"] if "validation" in figures else None
    description = Description(
        run=request.run, family=config.model.family, base=config.model.name or "starter", fields=request.fields,
        normalisers={f.id: f.type for f in request.fields}, data=config.data, sep_box=result.built.sep_box,
        engines=request.engines, fingerprint=request.fingerprint or fingerprint(prepared.documents["train"]), f1=f1,
    )  # fmt: skip
    try:
        save_model(result.built, description, folder / "model")
        rows.write_predictions(folder / "predictions.parquet", predictions)
        state = "stopped" if control.stopped else "finished"
        seconds = round(time.monotonic() - began, 2)
        report = {
            "run": request.run, "state": state, "family": config.model.family, "base": description.base,
            "preset": request.preset, "seconds": seconds, "steps": result.step, "epochs": round(result.epoch, 4),
            "best_step": result.best_step, "effective_batch": result.effective_batch,
            "tokens_per_second": round(result.tokens_per_second, 1), "device": str(prepared.device),
            "precision": prepared.precision, "documents": {s: len(found) for s, found in prepared.documents.items()},
            "labels": prepared.labels, "fingerprint": description.fingerprint, "f1": f1, "figures": figures,
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }  # fmt: skip
        write_json(folder / "report.json", report)
    except (OSError, SafetensorError) as error:
        raise _full_disk(error) from error
    write("finished", state=state, seconds=seconds, f1=f1, epochs=round(result.epoch, 4))


def save_model(built: Built, description: Description, folder: Path) -> None:
    """Write a plain Hugging Face folder with `workbench.json`, all at once or not at all."""
    draft = folder.with_name(folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    built.model.save_pretrained(draft)
    built.tokenizer.save_pretrained(draft)
    if built.picture is not None:
        built.picture.save_pretrained(draft)
    write_json(draft / DESCRIPTION, description.model_dump(mode="json"))
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def fingerprint(documents: Sequence[rows.Row]) -> str:
    """What a model was trained on, in 16 hexadecimal digits: the words, boxes and labels, whatever the order."""
    digests = sorted(
        hashlib.sha256(json.dumps([row.words, row.boxes, row.tags]).encode()).hexdigest() for row in documents
    )
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
