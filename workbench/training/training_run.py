"""A run folder -> a trained model: training, predictions, report. [worker]"""

import gc
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from storage.exceptions import WorkbenchError
from storage.files import write_atomic
from workbench.predictions.run_reader import test_unread
from workbench.runs import parquet, progress
from workbench.runs.config import files as config_files
from workbench.runs.config.request import Request
from workbench.runs.state import MODEL_DESCRIPTION, RunFolder
from workbench.training.callbacks import Control, Interrupted, Write
from workbench.training.engines import sharding
from workbench.training.models import smooth_boxes
from workbench.training.models.loading import Built
from workbench.training.predictor import Description
from workbench.training.preparation import TrainingInput, distributed, prepare
from workbench.training.tasks import baseline, moved_weights, rival
from workbench.training.tasks.base import TaskPredictor
from workbench.training.tasks.classes import ClassPredictor, ClassTask
from workbench.training.training_attempt import Result, TrainingAttempt, full_disk_named, out_of_memory, tracked


def run(path: Path, write: Write, control: Control) -> None:
    """Train, or go on from the last complete checkpoint; ends with the event `finished`.

    Raises:
        WorkbenchError: the run failed; its message and remedy are for the event `failed`.
    """
    began = time.monotonic()
    folder = RunFolder(path)
    request = Request.read(path)
    prepared = prepare(request, path)
    for note in prepared.notes:
        write("note", message=note)
    if isinstance(prepared.task, ClassTask) and request.config.model.family == "baseline":
        baseline.run(folder, prepared.request, prepared.task, prepared.documents, write)
        return
    result = _train(folder, prepared, write, control)
    if control.signalled:
        raise Interrupted(
            f"The system ended the run at step {result.step}; a checkpoint was kept.",
            "Resume it: it goes on from there.",
        )
    if int(os.environ.get("RANK", "0")) == 0:
        _finish(folder, prepared, result, write, control, began)


def _train(folder: RunFolder, prepared: TrainingInput, write: Write, control: Control) -> Result:
    """Train with the batch of the configuration, or with half of it as often as memory runs out."""
    train = prepared.request.config.train
    batch, accumulation = train.per_device_train_batch_size, train.gradient_accumulation_steps
    while True:
        try:
            return TrainingAttempt.build(folder, prepared, write, control, batch, accumulation).fit()
        except torch.OutOfMemoryError as error:
            # one process of several cannot begin anew alone: the others would wait for it for ever
            if not train.retry_on_oom or batch == 1 or distributed():
                raise out_of_memory(batch) from error
            batch, accumulation = batch // 2, 2 * accumulation
            write(
                "note",
                message=f"Memory ran out with {2 * batch} windows at once: now {batch}, accumulating {accumulation}.",
            )
        _free_memory(prepared)  # not before the error is gone, whose frames hold the model


def _free_memory(prepared: TrainingInput) -> None:
    """Give back what a training that failed has held: the trainer, its model and optimizer refer to each other."""
    gc.collect()
    if prepared.device.type == "cuda":
        torch.cuda.empty_cache()


def _finish(
    folder: RunFolder, prepared: TrainingInput, result: Result, write: Write, control: Control, began: float
) -> None:
    """Keep the model, predict, report; the event `finished` comes last."""
    request, config = prepared.request, prepared.request.config
    if config.model.family == "starter":
        smooth_boxes.bake(result.built.model)
    cut = _move(prepared, result, write)
    judged: dict[str, list[Any]] = {}
    with full_disk_named():
        predictions = _predictions(folder, prepared, result, judged, write)
        parquet.write_predictions(folder.predictions, predictions, prepared.task.once, prepared.task.name)
    figures = {split: prepared.task.figures(rows) for split, rows in judged.items()}
    f1 = figures["validation"]["f1"] if "validation" in figures else None
    measured_on_test = tracked(figures["test"], "test") if "test" in figures else {}
    result.track(measured_on_test, config_files.dump(config))
    description = Description(
        run=request.run, family=config.model.family, base=config.model.name or config.model.family,
        fields=request.fields, normalisers={f.id: f.type for f in request.fields}, data=config.data,
        sep_box=result.built.sep_box, engines=request.engines, f1=f1,
        fingerprint=request.fingerprint or fingerprint(prepared.documents["train"]), once=sorted(prepared.task.once),
        task=prepared.task.name,
    )  # fmt: skip
    with full_disk_named():
        save_model(result.built, description, folder.model)
        state = "stopped" if control.stopped else "finished"
        seconds = round(time.monotonic() - began, 2)
        report = {
            "run": request.run, "state": state, "family": config.model.family, "base": description.base,
            "preset": request.preset, "seconds": seconds, "steps": result.step, "epochs": round(result.epoch, 4),
            "best_step": result.best_step, "effective_batch": result.effective_batch,
            "tokens_per_second": round(result.tokens_per_second, 1), "device": str(prepared.device),
            "precision": prepared.precision, "documents": prepared.sizes,
            "task": prepared.task.name,
            "labels": prepared.task.labels, "fingerprint": description.fingerprint, "f1": f1, "figures": figures,
            **test_unread(request, folder), **prepared.task.report(folder.path), **cut,
            **_against_rival(folder, request, write),
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }  # fmt: skip
        write_atomic(folder.report, json.dumps(report, ensure_ascii=False, indent=1))
        if request.explains:
            prepared.task.explain(folder.path, result.predictor, judged)
        prepared.task.suggest(folder.path)
    write("finished", state=state, seconds=seconds, f1=f1, epochs=round(result.epoch, 4))
    if state == "finished":  # nothing is resumed from here, and a checkpoint is three times the model
        shutil.rmtree(folder.checkpoints, ignore_errors=True)


def _move(prepared: TrainingInput, result: Result, write: Write) -> dict[str, Any]:
    """Move the weights of a class model as it was asked for; for the report: where its two classes are cut, if so."""
    train, task, predictor = prepared.request.config.train, prepared.task, result.predictor
    if not (isinstance(task, ClassTask) and isinstance(predictor, ClassPredictor)):
        return {}
    if train.back_to_start:
        moved_weights.move_back(predictor.model, result.start, train.back_to_start)
        result.assessed = {}  # what was read, was read with other weights
    if train.cut == "half":
        return {}
    validation = [predictor.encoder.encode(row) for row in prepared.documents["validation"]]
    at = moved_weights.move_cut(task, predictor, validation, train.cut, write)
    if at is None:
        return {}
    result.assessed = {}
    moved = f"what was {task.labels[0]} from {at:.2f} on is so from 0.5 on"
    write("note", message=f"The cut was chosen on validation, by {train.cut}: {moved}.")
    return {"cut": {"by": train.cut, "class": task.labels[0], "at": round(at, 4)}}


def _against_rival(folder: RunFolder, request: Request, write: Write) -> dict[str, Any]:
    """For the report: whether the model is better than the one that it is to replace. If it is not, it is put aside."""
    folder.put_aside.unlink(missing_ok=True)  # the run was resumed
    if not request.rival or request.config.model.task != parquet.TOKENS:
        return {}
    try:
        compared = rival.compare(folder.path, request.rival)
    except (WorkbenchError, OSError) as problem:  # its run was deleted meanwhile
        reason = problem.message if isinstance(problem, WorkbenchError) else str(problem)
        write("note", message=f"The model that was to be replaced cannot be read, so this one is used: {reason}")
        return {}
    if not progress.beats_rival(compared):
        folder.put_aside.touch()
    return {"rival": compared}


def _predictions(
    folder: RunFolder,
    prepared: TrainingInput,
    result: Result,
    judged: dict[str, list[Any]],
    write: Write,
) -> Iterator[parquet.Prediction]:
    """Document by document: a pool may have a hundred thousand, so only what is judged stays in memory (`judged`)."""
    if result.held is not None:
        result.held.keeps = False  # what is read from here on is read once
    labelled = {s: prepared.documents[s] for s in ("validation", "test")} | {"train": prepared.sample}
    pool = (row.anchor(folder.path) for row in parquet.stream(folder.dataset("pool")))
    done, total = 0, sum(map(len, labelled.values())) + prepared.sizes["pool"]
    for split, documents in (*labelled.items(), ("pool", pool)):
        for prediction in _read(result.predictor, result.assessed.get(split, ()), documents):
            yield prediction.as_row(split, prepared.task.labels)
            if split != "pool":
                judged.setdefault(split, []).append(prediction)
            done += 1
            if done % 20 == 0 or done == total:
                write("predicting", done=done, total=total)


def _read(
    predictor: TaskPredictor, assessed: Sequence[Any], documents: Iterable[parquet.FrozenDocument]
) -> Iterator[Any]:
    """Predictions in the documents' order; those that the model was evaluated on last are not read again."""
    known = {prediction.row.document: prediction for prediction in assessed}
    if not known:
        yield from predictor.predict(documents)  # of the pool, part by part
        return
    listed = list(documents)
    others = predictor.predict([row for row in listed if row.document not in known])
    for row in listed:
        yield known[row.document] if row.document in known else next(others)


def save_model(built: Built, description: Description, folder: Path) -> None:
    """Write a plain Hugging Face folder with `workbench.json`, all at once or not at all."""
    draft = folder.with_name(folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    built.model.save_pretrained(draft, state_dict=sharding.weights_of(built.model))
    built.tokenizer.save_pretrained(draft)
    if built.picture is not None:
        built.picture.save_pretrained(draft)
    write_atomic(
        draft / MODEL_DESCRIPTION, json.dumps(description.model_dump(mode="json"), ensure_ascii=False, indent=1)
    )
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def fingerprint(documents: Sequence[parquet.FrozenDocument]) -> str:
    """What a model was trained on, in 16 hexadecimal digits: the words, boxes and labels, whatever the order."""
    facts = ([row.words, row.boxes, row.tags, *([row.classes] if row.classes else ())] for row in documents)
    digests = sorted(hashlib.sha256(json.dumps(part).encode()).hexdigest() for part in facts)
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
