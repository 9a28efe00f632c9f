"""Scoring a pool: documents a second of our prediction against one document at a time, padded to 512.

    python benchmarks/scoring_speed.py [--documents 60] [--turn 10] [--repeats 5] [--threads N] [--data FOLDER]
                                       [--model FOLDER]

FOLDER is receipts_en (default: $WORKBENCH_REALDATA/receipts_en, else ../shared/data/receipts_en); the model is the
starter unless a model folder is named. Both ways read the words and give a label for each of them; the first does so as
tutorials do (tokenizer with padding="max_length" and truncation, one forward pass a document, fp32), ours as a run
scores its pool. The others are what could be taken instead: our way with other batch sizes, and with the linear layers
in int8 (torch's dynamic quantization; no other package is needed). For each: the speed, the ratio to the first (the
median of those within a round; the ways take turns), what preparing it costs, and on how many words, and words of
fields, its label is ours.
"""

import argparse
import dataclasses
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from training_speed import frozen, ratio  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402
from transformers.utils import logging  # noqa: E402

from workbench.runs import parquet  # noqa: E402
from workbench.training import predictor as predicting  # noqa: E402
from workbench.training.models import starter  # noqa: E402

Labels = dict[int, list[int]]
Way = Callable[[Sequence[parquet.FrozenDocument]], Labels]


def one_at_a_time(model: Any, source: Path) -> Way:
    """As tutorials predict: the first sub-token of a word decides; what is beyond 512 tokens gets no label."""
    tokenizer = AutoTokenizer.from_pretrained(source)

    @torch.inference_mode()
    def read(documents: Sequence[parquet.FrozenDocument]) -> Labels:
        labels_of = {}
        for row in documents:
            encoded = tokenizer(
                row.words, is_split_into_words=True, padding="max_length", truncation=True, max_length=512,
                return_tensors="pt",
            )  # fmt: skip
            words = encoded.word_ids()
            boxes = torch.tensor([[[0] * 4 if word is None else row.boxes[word] for word in words]])
            best = model(**encoded, bbox=boxes).logits[0].argmax(-1).tolist()
            labels = [0] * len(row.words)
            for word, label in zip(reversed(words), reversed(best), strict=True):
                if word is not None:
                    labels[word] = label
            labels_of[row.document] = labels
        return labels_of

    return read


def ours(predictor: predicting.Predictor, batch: int, int8: Any = None) -> Way:
    """As a run scores its pool; with a model in int8, whose layers take fp32 only, without bf16."""
    own = dataclasses.replace(
        predictor, batch_size=batch, model=int8 or predictor.model, bf16=predictor.bf16 and int8 is None, _hidden=[]
    )
    return lambda documents: {o.row.document: o.probabilities.argmax(1).tolist() for o in own.predict(documents)}


def agreement(some: Labels, others: Labels) -> tuple[float, float]:
    """The share of words with the same label: of all, and of those that either gives to a field."""
    pairs = [(a, b) for key in some for a, b in zip(some[key], others[key], strict=True)]
    fields = [(a, b) for a, b in pairs if a or b]
    return float(np.mean([a == b for a, b in pairs])), float(np.mean([a == b for a, b in fields] or [True]))


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--turn", type=int, default=20, help="documents that a way reads before the next one's turn")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--preset", default="first model")
    parser.add_argument("--model", type=Path, default=starter.SHIPPED)
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as temporary:
        folder, request = frozen(argparse.Namespace(**vars(given) | {"model": None}), Path(temporary))
        documents = parquet.read(folder / "dataset" / "train.parquet")
    torch.set_num_threads(request.threads or 1)
    cpu = torch.device("cpu")
    predictor, _ = predicting.load(given.model, cpu)
    predictor.model.eval()
    began = time.perf_counter()
    small = torch.ao.quantization.quantize_dynamic(predictor.model, {torch.nn.Linear}, dtype=torch.qint8)
    quantized = time.perf_counter() - began
    size = predictor.batch_size
    ways: dict[str, tuple[Way, float]] = {
        "one at a time, padded": (one_at_a_time(predictor.model, given.model), 0.0),
        "ours": (ours(predictor, size), 0.0),
        **{f"batches of {n}": (ours(predictor, n), 0.0) for n in (1, 4, 16) if n != size},
        "int8": (ours(predictor, size, small), quantized),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    labels: dict[str, Labels] = {name: {} for name in ways}
    for turn in range(given.repeats + 1):
        start = turn * given.turn % len(documents)
        some = [*documents, *documents][start : start + given.turn]
        for name, (way, _) in ways.items():
            began = time.perf_counter()
            labels[name] |= way(some)
            if turn:  # the first warms up
                speeds[name].append(len(some) / (time.perf_counter() - began))
    tokens = statistics.mean(predictor.encoder.encode(row).tokens for row in documents)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {request.threads or 1} thread(s); {len(documents)} documents "
        f"of {tokens:.0f} tokens; ours in {'bf16' if predictor.bf16 else 'fp32'}, batches of {size}"
    )
    first = speeds["one at a time, padded"]
    for name, (_, cost) in ways.items():
        all_words, of_fields = agreement(labels[name], labels["ours"])
        print(
            f"{name:22} {statistics.median(speeds[name]):6.2f} documents/s ({min(speeds[name]):.2f}–"
            f"{max(speeds[name]):.2f}), × {ratio(speeds[name], first):.2f}, {cost:.1f} s to prepare; "
            f"labels as ours: {all_words:.1%} of the words, {of_fields:.1%} of those of a field"
        )


if __name__ == "__main__":
    main()
