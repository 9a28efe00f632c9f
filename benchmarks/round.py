"""A round: from the key `t` to new suggestions, 40 labelled receipts and 100 to suggest on; where its seconds go.

    python benchmarks/round.py [--labelled 40] [--pool 100] [--epochs N] [--threads N]
                               [--arms ours,ahead,again,tutorial]

`ours` is a whole run of the product with the preset `first model`, in a process that has the libraries loaded: frozen
documents in, model, predictions, report and suggestions out. `ahead` is the same after the learner has encoded the
documents, as it does while nothing else is to do (not counted); `again` the same after a run: either way, what held
layers make of the documents is on the disk. `tutorial` is what tutorials do with the same model,
documents and epochs: Hugging Face's Trainer, padding="max_length" (512), batches of 2, everything that is labelled
evaluated after every epoch, then all documents read one at a time, padded. At the end the pool is scored again by both.
The product's arms run in the environment that it starts its workers in, the tutorials' in that of the shell.
Processor seconds are of the process, whatever else the machine has to do; clock seconds say little on a busy one.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ |= {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}

from training_speed import frozen  # noqa: E402

PARTS = {
    "prepared": "model and documents", "step": "learning", "evaluated": "evaluating", "saved": "checkpoints",
    "predicting": "the last predictions", "finished": "model, report, suggestions",
}  # fmt: skip
"""Event -> what the time before it went into."""


class Clock:
    """Processor and clock seconds by the event that ended them."""

    def __init__(self) -> None:
        self.parts: dict[str, list[float]] = {}
        self._at = (time.process_time(), time.perf_counter())

    def event(self, type: str, **facts: Any) -> None:
        now = (time.process_time(), time.perf_counter())
        row = self.parts.setdefault(PARTS.get(type, "other"), [0.0, 0.0])
        self.parts[PARTS.get(type, "other")] = [row[i] + now[i] - self._at[i] for i in (0, 1)]
        self._at = now
        if type == "evaluated" and "validation" in facts:
            self.f1 = facts["validation"]["f1"]

    @property
    def total(self) -> tuple[float, float]:
        """Processor and clock seconds."""
        cpu, clock = (sum(row[i] for row in self.parts.values()) for i in (0, 1))
        return cpu, clock


def ours(folder: Path) -> tuple[dict[str, Any], Callable[[], Any]]:
    """The product's run; and how its model scores the pool again."""
    from workbench.runs import parquet
    from workbench.runs.state import RunFolder
    from workbench.training import callbacks, predictor, training_attempt, training_run
    from workbench.training.models import held_layers

    clock = Clock()
    assess = training_attempt.TrainingAttempt._assess

    def timed(attempt: Any, step: int, epoch: float) -> dict[str, float]:
        clock.event("step")  # steps since the last event are learning, too
        return assess(attempt, step, epoch)

    training_attempt.TrainingAttempt._assess = timed  # type: ignore[method-assign]
    training_run.run(folder, clock.event, callbacks.Control(RunFolder(folder)))
    loaded, _ = predictor.load(folder / "model")
    held_layers.read_kept(loaded.model, folder)  # as the learner and `workbench suggest` do
    pool = parquet.read(folder / "dataset" / "pool.parquet")
    f1 = json.loads((folder / "report.json").read_text())["f1"]
    return {"parts": clock.parts, "total": clock.total, "f1": f1}, lambda: list(loaded.predict(pool))


def tutorial(folder: Path) -> tuple[dict[str, Any], Callable[[], Any]]:
    """The tutorials' way; and how it reads the pool."""
    import torch
    from scoring_speed import one_at_a_time
    from training_speed import Arm, tutorial_trainer

    from workbench.runs import parquet
    from workbench.runs.config.request import Request
    from workbench.training.models import starter

    clock = Clock()
    request = Request.read(folder)
    documents = {s: parquet.read(folder / "dataset" / f"{s}.parquet") for s in ("train", "validation", "pool")}
    trainer = tutorial_trainer(
        Arm("tutorial", ""), request, documents["train"], folder, epochs=request.config.train.num_train_epochs
    )
    trainer.model.train()
    source = request.config.model.name or starter.shipped()
    read = one_at_a_time(trainer.model, Path(source))
    clock.event("prepared")

    def evaluate() -> None:
        clock.event("step")
        trainer.model.eval()
        read([*documents["train"], *documents["validation"]])
        trainer.model.train()
        clock.event("evaluated")

    from transformers import TrainerCallback

    class AfterEpochs(TrainerCallback):  # type: ignore[misc]
        def on_epoch_end(self, *_: Any, **__: Any) -> None:
            evaluate()

    trainer.add_callback(AfterEpochs())
    trainer.train()
    trainer.model.eval()
    read([row for rows in documents.values() for row in rows])
    clock.event("predicting")
    torch.save(trainer.model.state_dict(), folder / "tutorial.pt")
    clock.event("saved")
    return {"parts": clock.parts, "total": clock.total}, lambda: read(documents["pool"])


def encode_ahead(folder: Path) -> None:
    """What the learner's process does beside the terminal, before `t` is pressed."""
    import torch

    from workbench.runs import parquet
    from workbench.training.learner.readers import Base
    from workbench.workspace import Workspace

    torch.set_num_threads(1)
    base = Base(Workspace.open(folder.parent.parent), "starter", print)
    for split in ("train", "validation", "pool"):
        for row in parquet.read(folder / "dataset" / f"{split}.parquet"):
            base.keep_ahead(row)


def child(arm: str, folder: str, threads: int, pipe: Connection) -> None:
    """One arm, with the libraries loaded before its clock begins."""
    import torch
    from transformers.utils import logging

    from workbench.runs import machine
    from workbench.training import warm_server

    warm_server.load(machine.LOADED)  # as a run begins that is forked from the warm server
    torch.set_num_threads(threads)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    measured, score = (tutorial if arm == "tutorial" else ours)(Path(folder))
    score()
    began = time.process_time()
    score()
    measured["scoring"] = time.process_time() - began
    pipe.send(measured)


def split(folder: Path, labelled: int, pool: int) -> None:
    """Of the frozen labelled documents, a fifth to measure on and the last ones as the pool, without labels.

    Raises:
        SystemExit: there are too few.
    """
    import dataclasses

    from workbench.runs import parquet

    rows = parquet.read(folder / "dataset" / "train.parquet")
    if len(rows) < labelled + pool:
        raise SystemExit(f"There are only {len(rows)} labelled documents.")
    measured = labelled // 5
    parts = {
        "train": rows[: labelled - measured],
        "validation": rows[labelled - measured : labelled],
        "pool": [dataclasses.replace(row, tags=None) for row in rows[labelled : labelled + pool]],
    }
    for name, documents in parts.items():
        parquet.write(folder / "dataset" / f"{name}.parquet", documents)


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--labelled", type=int, default=40)
    parser.add_argument("--pool", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=0, help="other than the preset's")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--preset", default="first model")
    parser.add_argument("--arms", default="ours,tutorial")
    parser.set_defaults(model=None)
    given = parser.parse_args()
    given.documents = 2 * (given.labelled + given.pool)  # of some, the values are not found where they are printed
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder, request = frozen(given, Path(temporary))
        split(folder, given.labelled, given.pool)
        features = folder.parent.parent / "features"
        features.mkdir(exist_ok=True)  # as where documents are labelled
        from workbench.runs.config import files, presets
        from workbench.runs.machine import worker_environment

        epochs = given.epochs or presets.preset(given.preset).config.train.num_train_epochs
        config = files.apply_sets(request.config, [f"train.num_train_epochs={epochs}"])
        request = request.model_copy(update={"config": config})
        (folder / "request.yaml").write_text(request.text(), encoding="utf-8")
        context = multiprocessing.get_context("spawn")
        for arm in given.arms.split(","):
            here, there = context.Pipe()
            for name in ("checkpoints", "model", "events.jsonl"):  # of the arm before
                path = folder / name
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            if arm == "ahead":
                shutil.rmtree(features)
                features.mkdir()
                before = context.Process(target=encode_ahead, args=(folder,))
                before.start()
                before.join()
            process = context.Process(target=child, args=(arm, str(folder), given.threads, there), daemon=True)
            before_arm = dict(os.environ)
            if arm != "tutorial":
                os.environ |= worker_environment(given.threads)
            process.start()
            os.environ.clear()
            os.environ |= before_arm
            there.close()
            results[arm] = here.recv()
            process.join()
            cpu, clock = results[arm]["total"]
            print(
                f"{arm}: {cpu:.1f} processor seconds ({clock:.1f} by the clock), {epochs} epochs, "
                f"{given.labelled} labelled, {given.pool} in the pool, {given.threads} thread(s), "
                f"F1 {results[arm].get('f1', float('nan')):.3f}"
            )
            for name, (seconds, _) in results[arm]["parts"].items():
                print(f"    {name:28} {seconds:6.1f} s  {seconds / cpu:4.0%}")
            print(f"    scoring the pool again       {results[arm]['scoring']:6.2f} s", flush=True)
    for arm in results.keys() - {"tutorial"} if "tutorial" in results else ():
        ratio = results["tutorial"]["total"][0] / results[arm]["total"][0]
        again = results["tutorial"]["scoring"] / results[arm]["scoring"]
        print(
            f"the tutorials' way takes × {ratio:.1f} of {arm} for the round, × {again:.1f} for scoring the pool again"
        )


if __name__ == "__main__":
    main()
