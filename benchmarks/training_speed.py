"""Training speed: real tokens a second of our run against the tutorial's way, and what the ratio is made of.

    python benchmarks/training_speed.py [--documents 60] [--batches 6] [--repeats 5] [--threads N] [--preset NAME]
                                        [--data FOLDER] [--model FOLDER] [--arms tutorial,ours]

FOLDER is receipts_en (default: $WORKBENCH_REALDATA/receipts_en, else ../shared/data/receipts_en). The tutorial's way is
Hugging Face's Trainer with padding="max_length" (512), batches of 2, fp32 and the configuration's dropout of 0.1. Each
arm changes one thing more; the last is a whole run of the product with the preset's settings. Same model (the starter),
documents and threads (those of a run here, unless --threads says otherwise). Padding is not counted.

Every arm is a process of its own; they work in turns, some batches each, and the others sleep meanwhile, so that noise
hits all alike. A ratio is taken within a round, and its median over the rounds is printed. Evaluations and checkpoints
are not in it: see run_cost.py.
"""

import argparse
import multiprocessing
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


@dataclass(frozen=True)
class Arm:
    """One way of training; the product's own is not described by this but by the preset."""

    name: str
    title: str
    longest: bool = False  # padded to the longest of the batch, not to 512
    batches: bool = False  # the preset's size, of similar length, not 2 at random
    still: bool = False  # without dropout
    bf16: bool = False


ARMS = (
    Arm("tutorial", "the tutorial's way"),
    Arm("padding", "+ padded to the batch's longest", True),
    Arm("batches", "+ larger batches of similar length", True, True),
    Arm("dropout", "+ no dropout", True, True, True),
    Arm("bf16", "+ bf16", True, True, True, True),
    Arm("ours", "our run"),
)


class Turns:
    """Stands before every batch: counts real tokens, and lets the others have their turn."""

    def __init__(self, pipe: Connection, batches: int) -> None:
        self._pipe, self._batches = pipe, batches
        self._left = 0
        self._since = self._tokens = self._cells = 0.0

    def before(self, mask: Any) -> None:
        """The batch before this one is done; the first of a turn warms up and does not count."""
        if self._left == 0:
            if self._since:
                self._pipe.send((self._tokens, self._cells, time.perf_counter() - self._since))
            self._pipe.recv()
            self._left = self._batches + 1
        elif self._left == self._batches:
            self._since, self._tokens, self._cells = time.perf_counter(), 0.0, 0.0
        self._left -= 1
        self._tokens += int(mask.sum())
        self._cells += mask.numel()


def child(arm: Arm, folder: str, pipe: Connection, batches: int) -> None:
    """One arm, until it is ended from outside."""
    import torch
    from transformers import Trainer
    from transformers.utils import logging

    from workbench.runs.config.request import Request

    request = Request.read(Path(folder))
    torch.set_num_threads(request.threads or 1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    turns, step = Turns(pipe, batches), Trainer.training_step

    def counted(self: Any, model: Any, inputs: Any, *rest: Any) -> Any:
        turns.before(inputs["attention_mask"])
        return step(self, model, inputs, *rest)

    Trainer.training_step = counted
    Trainer._maybe_log_save_evaluate = lambda *_, **__: None
    if arm.name == "ours":
        from workbench.runs.state import RunFolder
        from workbench.training import callbacks, training_run

        training_run.run(Path(folder), lambda *_, **__: None, callbacks.Control(RunFolder(Path(folder))))
    else:
        tutorial(arm, request, Path(folder))


def tutorial(arm: Arm, request: Any, folder: Path) -> None:
    """Train by what `tutorial_trainer` gives, for ever."""
    from workbench.runs import parquet

    rows = parquet.read(folder / "dataset" / "train.parquet")
    tutorial_trainer(arm, request, rows, folder, epochs=1e5).train()


def tutorial_trainer(arm: Arm, request: Any, rows: Any, folder: Path, epochs: float) -> Any:
    """Hugging Face's Trainer on LayoutLM, as tutorials show it, with what the arm changes."""
    import torch
    from transformers import AutoTokenizer, LayoutLMForTokenClassification, Trainer, TrainingArguments

    from workbench.training.models import loading, starter

    source = request.config.model.name or starter.shipped()
    tokenizer = AutoTokenizer.from_pretrained(source)
    dropout = 0.0 if arm.still else 0.1
    labels_of = loading.labels_of(request.fields)
    ids = {label: i for i, label in enumerate(labels_of)}
    model = LayoutLMForTokenClassification.from_pretrained(
        source, dtype=torch.float32, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout, label2id=ids,
        id2label=dict(enumerate(labels_of)), ignore_mismatched_sizes=True,
    )  # fmt: skip
    examples = []
    for row in rows:
        encoded = tokenizer(row.words, is_split_into_words=True, truncation=True, max_length=512)
        words = encoded.word_ids()
        labels = [-100 if w is None else ids.get((row.tags or [])[w], 0) for w in words]
        boxes = [[0] * 4 if w is None else row.boxes[w] for w in words]
        examples.append((encoded["input_ids"], boxes, labels))

    def collate(batch: Any) -> dict[str, Any]:
        length = max(len(ids) for ids, _, _ in batch) if arm.longest else 512
        missing = [length - len(ids) for ids, _, _ in batch]
        padded = list(zip(batch, missing, strict=True))
        return {
            "input_ids": torch.tensor([ids + [tokenizer.pad_token_id] * n for (ids, _, _), n in padded]),
            "bbox": torch.tensor([boxes + [[0] * 4] * n for (_, boxes, _), n in padded]),
            "labels": torch.tensor([labels + [-100] * n for (_, _, labels), n in padded]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * n for (ids, _, _), n in padded]),
        }

    size = request.config.train.per_device_train_batch_size
    options: dict[str, Any] = {"per_device_train_batch_size": 2}
    if arm.batches:
        options = {"per_device_train_batch_size": size, "train_sampling_strategy": "group_by_length"}
    arguments = TrainingArguments(
        output_dir=str(folder / arm.name), num_train_epochs=epochs, learning_rate=3e-5, bf16=arm.bf16, use_cpu=True,
        save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True, remove_unused_columns=False,
        dataloader_pin_memory=False, **options,
    )  # fmt: skip
    dataset: Any = [{"input_ids": e[0], "all": e} for e in examples]  # the sampler looks at input_ids
    return Trainer(
        model=model, args=arguments, train_dataset=dataset, processing_class=tokenizer,
        data_collator=lambda batch: collate([item["all"] for item in batch]),
    )  # fmt: skip


def frozen(given: argparse.Namespace, folder: Path) -> tuple[Path, Any]:
    """A run folder with labelled receipts on the training side, and its request."""
    from storage import document_list, documents
    from storage.records import Side
    from workbench.exchange import pipeline
    from workbench.exchange.sources import ImportRequest
    from workbench.runs import jobs
    from workbench.runs.config import files, presets
    from workbench.runs.config.request import Request
    from workbench.workspace import Workspace

    names = sorted(path.stem for path in (given.data / "box").iterdir())
    for name in random.Random(0).sample(names, min(given.documents, len(names))):
        for part in ("box", "key", "img"):
            for path in (given.data / part).glob(f"{name}.*"):
                (folder / "receipts" / part).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, folder / "receipts" / part / path.name)
    workspace = Workspace.create(folder / "workspace")
    pipeline.run(workspace, ImportRequest((folder / "receipts",)))
    with workspace.db.read() as connection:
        listed = document_list.page(connection, document_list.Filter("labelled"), 0, -1)
    with workspace.db.write() as connection:
        documents.regroup(connection, {d.id: "all" for d in listed})
        documents.assign_sides(connection, {"all": Side.TRAIN})
    sets = ["train.num_train_epochs=1000", *([f"model.name={given.model.absolute()}"] if given.model else [])]
    settings = files.apply_sets(presets.preset(given.preset).config, sets)
    run = jobs.prepare(workspace, settings)
    run_folder = workspace.files.run(run.id)
    workspace.close()
    for split in ("validation", "test", "pool"):
        (run_folder / "dataset" / f"{split}.parquet").unlink(missing_ok=True)
    request = Request.read(run_folder)
    request = request.model_copy(update={"threads": given.threads or request.threads})
    (run_folder / "request.yaml").write_text(request.text(), encoding="utf-8")
    return run_folder, request


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--batches", type=int, default=6, help="an arm's turn")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--preset", default="first model")
    parser.add_argument("--model", type=Path, help="a LayoutLM's folder (default: the starter)")
    parser.add_argument("--arms", default=",".join(arm.name for arm in ARMS))
    given = parser.parse_args()
    arms = [arm for arm in ARMS if arm.name in given.arms.split(",")]
    os.environ |= {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}  # as the worker has it
    with tempfile.TemporaryDirectory() as temporary:
        folder, request = frozen(given, Path(temporary))
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            pays = pool.apply(bf16)
        arms = [arm for arm in arms if pays or not arm.bf16]
        pipes, processes = [], []
        for arm in arms:
            here, there = context.Pipe()
            process = context.Process(target=child, args=(arm, str(folder), there, given.batches), daemon=True)
            process.start()
            pipes.append(here)
            processes.append(process)
            there.close()
        measured: dict[str, list[tuple[float, float, float]]] = {arm.name: [] for arm in arms}
        for turn in range(given.repeats):
            print(f"round {turn + 1} of {given.repeats}", file=sys.stderr, flush=True)
            for arm, pipe in zip(arms, pipes, strict=True):
                pipe.send("go")
                measured[arm.name].append(pipe.recv())
        for process in processes:
            process.kill()
            process.join()
    batch = request.config.train.per_device_train_batch_size
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {request.threads} thread(s) an arm; preset {given.preset!r}, "
        f"batches of {batch}; precision {'bf16' if pays else 'fp32 (bf16 does not pay on this machine)'}"
    )
    first = [tokens / seconds for tokens, _, seconds in measured[arms[0].name]]
    before = first
    for arm in arms:
        speeds = [tokens / seconds for tokens, _, seconds in measured[arm.name]]
        padding = 1 - sum(row[0] for row in measured[arm.name]) / sum(row[1] for row in measured[arm.name])
        print(
            f"{arm.title:36} {statistics.median(speeds):6.0f} tokens/s ({min(speeds):.0f}–{max(speeds):.0f}), "
            f"padding {padding:4.0%}, × {ratio(speeds, first):.2f} of the first, "
            f"× {ratio(speeds, before):.2f} of the one before"
        )
        before = speeds


def ratio(some: list[float], others: list[float]) -> float:
    """The median of the ratios within a round."""
    return statistics.median(a / b for a, b in zip(some, others, strict=True))


def bf16() -> bool:
    """Whether the product would choose bf16 here."""
    import torch

    from workbench.training.device import bf16_pays

    torch.set_num_threads(1)
    return bf16_pays(torch.device("cpu"), training=True)


if __name__ == "__main__":
    main()
