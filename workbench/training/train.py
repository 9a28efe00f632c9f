"""A run folder -> a trained model: data, model, Trainer, predictions, report. [worker]"""

import errno
import gc
import hashlib
import importlib
import json
import math
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from torch import distributed
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback, set_seed

from storage.exceptions import RunProblem
from workbench.evaluation import report as evaluation
from workbench.fields import FieldType
from workbench.predictions import suggestions
from workbench.runs import parquet
from workbench.runs.config import families
from workbench.runs.config.files import Request
from workbench.runs.config.tune import TuneConfig
from workbench.training import checkpoints, scoring
from workbench.training.callbacks import Control, Interrupted, Reporter, Write
from workbench.training.encoding import Collator, EncodedDocument, Encoder
from workbench.training.models import smooth
from workbench.training.models.loading import Built
from workbench.training.predictor import DESCRIPTION, Description, DocumentPrediction, Predictor, write_json
from workbench.training.preparation import TrainingInput, adam_then_sgd, arguments_of, prepare
from workbench.training.trainer import BestCheckpoint, DataOrder, Freezing, Tuner, Windows, class_weights, loss_function


def run(folder: Path, write: Write, control: Control) -> None:
    """Train, or go on from the last complete checkpoint; ends with the event `finished`.

    Raises:
        WorkbenchError: the run failed; what it says is for the event `failed`.
    """
    began = time.monotonic()
    request = Request.read(folder)
    prepared = prepare(request, folder)
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
        _let_go(prepared)  # not before the error is gone, whose frames hold the model
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


def _smaller(
    prepared: TrainingInput, batch: int, accumulation: int, write: Write, error: BaseException
) -> tuple[int, int]:
    """Half the batch and twice the accumulation, where that is allowed."""
    if not prepared.request.config.train.retry_on_oom or batch == 1:
        raise _out_of_memory(batch) from error
    write(
        "note",
        message=f"Memory ran out with {batch} windows at once: now {batch // 2}, accumulating {2 * accumulation}.",
    )
    return batch // 2, 2 * accumulation


def _let_go(prepared: TrainingInput) -> None:
    """Give back what a training that failed has held: the trainer, its model and optimizer refer to each other."""
    gc.collect()
    if prepared.device.type == "cuda":
        torch.cuda.empty_cache()


def _out_of_memory(batch: int) -> RunProblem:
    return RunProblem(
        f"Memory ran out with {batch} windows at once.",
        "In this order: data.max_length down (256; longer pages become windows), the batch down and "
        "gradient_accumulation_steps up, train.gradient_checkpointing on, a smaller family.",
    )


def _train(
    folder: Path, prepared: TrainingInput, write: Write, control: Control, batch: int, accumulation: int
) -> Result:
    request, config = prepared.request, prepared.request.config
    resumed = checkpoints.newest(folder / "checkpoints", lambda message: write("note", message=message))
    write("started", **_started(prepared, config, resumed))
    set_seed(config.train.seed)
    module = importlib.import_module(families.spec(config.model.family).module)
    built: Built = module.build(config, request.fields)
    encoder = Encoder(built.tokenizer, prepared.labels, config.data, built.sep_box)
    encoded = {split: [encoder.encode(row) for row in found] for split, found in prepared.documents.items()}
    parties = [field.id for field in request.fields if field.type == FieldType.PARTY]
    dataset = Windows(encoder, encoded["train"], config.augmentation, config.train.seed, parties)
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
    # what is read at once shrinks as the batch does when memory runs out
    at_once = max(1, config.train.per_device_eval_batch_size * batch // config.train.per_device_train_batch_size)
    predictor = Predictor(built.model, encoder, collator, prepared.device, prepared.precision == "bf16", at_once)
    counts: dict[str, int] = {}
    for row in prepared.documents["train"]:
        for tag in row.tags or ():
            counts[tag] = counts.get(tag, 0) + 1
    weights = class_weights(prepared.labels, counts, config.regularization.class_weights)
    selection = BestCheckpoint(config.train.metric_for_best_model)

    def assess(step: int, epoch: float) -> dict[str, float]:
        figures = {
            side: scoring.figures(_predict_shared(predictor, documents), encoder.labels, prepared.once)
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
    arguments = arguments_of(folder, prepared, batch, accumulation, per_epoch)
    order = DataOrder(dataset.lengths, batch, config.train.seed, grouped=config.data.similar_length)
    callbacks: list[TrainerCallback] = [Freezing(built.model, config.train)]
    if arguments.load_best_model_at_end and config.train.early_stopping_patience:
        callbacks.append(
            EarlyStoppingCallback(config.train.early_stopping_patience, config.train.early_stopping_threshold)
        )
    switch = {}
    if config.train.optim == "adamw_then_sgd":
        switch["optimizer_cls_and_kwargs"] = adam_then_sgd(config)
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


def _started(prepared: TrainingInput, config: TuneConfig, resumed: Path | None) -> dict[str, Any]:
    return {
        "pid": os.getpid(), "host": os.uname().nodename, "device": str(prepared.device),
        "precision": prepared.precision,
        "threads": torch.get_num_threads(), "processes": int(os.environ.get("WORLD_SIZE", "1")),
        "seed": config.train.seed,
        "resumed_from": None if resumed is None else int(resumed.name.rpartition("-")[2]),
    }  # fmt: skip


def _tell(prepared: TrainingInput, built: Built, encoded: dict[str, list[EncodedDocument]], write: Write) -> None:
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
        documents=prepared.sizes,
        windows={split: sum(d.windows for d in found) for split, found in encoded.items()},
        tokens={split: sum(d.tokens for d in found) for split, found in encoded.items()},
        truncated=truncated,
        family=prepared.request.config.model.family,
        parameters=sum(p.numel() for p in built.model.parameters()),
        labels=prepared.labels,
    )


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def _predict_shared(predictor: Predictor, documents: Sequence[EncodedDocument]) -> list[DocumentPrediction]:
    """Predictions for all documents; under torchrun every process does its share and gets the others'."""
    if not distributed.is_initialized():
        return predictor.predict_encoded(documents)
    world, rank = distributed.get_world_size(), distributed.get_rank()
    mine = predictor.predict_encoded(documents[rank::world])
    shares: list[Any] = [None] * world
    distributed.all_gather_object(shares, mine)
    return [outcome for share in shares for outcome in share]


def _finish(
    folder: Path, prepared: TrainingInput, result: Result, write: Write, control: Control, began: float
) -> None:
    """Keep the model, predict, report; the event `finished` comes last."""
    request, config = prepared.request, prepared.request.config
    smooth_tables = config.model.family == "starter"
    if smooth_tables:
        smooth.bake(result.built.model)
    read: dict[str, list[DocumentPrediction]] = {}
    predictions = _predictions(folder, prepared, result.predictor, read, write)
    try:
        parquet.write_predictions(folder / "predictions.parquet", predictions, prepared.once)
    except OSError as error:
        raise _full_disk(error) from error
    figures = {split: scoring.figures(found, prepared.labels, prepared.once) for split, found in read.items()}
    f1 = figures["validation"]["f1"] if "validation" in figures else None
    description = Description(
        run=request.run, family=config.model.family, base=config.model.name or "starter", fields=request.fields,
        normalisers={f.id: f.type for f in request.fields}, data=config.data, sep_box=result.built.sep_box,
        engines=request.engines, fingerprint=request.fingerprint or fingerprint(prepared.documents["train"]), f1=f1,
        once=sorted(prepared.once),
    )  # fmt: skip
    try:
        save_model(result.built, description, folder / "model")
        state = "stopped" if control.stopped else "finished"
        seconds = round(time.monotonic() - began, 2)
        judged = evaluation.final(folder)
        report = {
            "run": request.run, "state": state, "family": config.model.family, "base": description.base,
            "preset": request.preset, "seconds": seconds, "steps": result.step, "epochs": round(result.epoch, 4),
            "best_step": result.best_step, "effective_batch": result.effective_batch,
            "tokens_per_second": round(result.tokens_per_second, 1), "device": str(prepared.device),
            "precision": prepared.precision, "documents": prepared.sizes,
            "labels": prepared.labels, "fingerprint": description.fingerprint, "f1": f1, "figures": figures,
            "evaluation": judged, "readers": suggestions.readers(folder, judged),
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }  # fmt: skip
        write_json(folder / "report.json", report)
        suggestions.write(folder, folder)
    except (OSError, SafetensorError) as error:
        raise _full_disk(error) from error
    write("finished", state=state, seconds=seconds, f1=f1, epochs=round(result.epoch, 4))
    if state == "finished":  # nothing is resumed from here, and a checkpoint is three times the model
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _predictions(
    folder: Path,
    prepared: TrainingInput,
    predictor: Predictor,
    judged: dict[str, list[DocumentPrediction]],
    write: Write,
) -> Iterator[parquet.Prediction]:
    """Document by document: a pool may have a hundred thousand, so only what is judged stays in memory (`judged`)."""
    labelled = {s: prepared.documents[s] for s in ("validation", "test")} | {"train": prepared.sample}
    pool = (parquet.anchored(row, folder) for row in parquet.stream(parquet.source(folder, "pool")))
    done, total = 0, sum(map(len, labelled.values())) + prepared.sizes["pool"]
    for split, documents in (*labelled.items(), ("pool", pool)):
        for outcome in predictor.predict(documents):
            yield outcome.prediction(split, prepared.labels)
            if split != "pool":
                judged.setdefault(split, []).append(outcome)
            done += 1
            if done % 20 == 0 or done == total:
                write("predicting", done=done, total=total)


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


def fingerprint(documents: Sequence[parquet.FrozenDocument]) -> str:
    """What a model was trained on, in 16 hexadecimal digits: the words, boxes and labels, whatever the order."""
    digests = sorted(
        hashlib.sha256(json.dumps([row.words, row.boxes, row.tags]).encode()).hexdigest() for row in documents
    )
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
