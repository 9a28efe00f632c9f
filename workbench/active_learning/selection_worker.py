"""Chooses what to label next from a run folder: scores, diversity, reasons.

    python -P -m workbench.active_learning.selection_worker RUN/selections/NAME

The terminal starts it as a child (selection.py). It reads the request in the selection's folder, the run folder and
those of the runs that vote, writes progress as JSON lines on standard output, and the choice as choice.json, which
appears whole or not at all.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.exceptions import InputProblem, RunProblem, WorkbenchError
from storage.files import CHOICE, write_atomic
from workbench import lifeline
from workbench.active_learning import acquisition, class_selection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.strategies import registry as strategies
from workbench.active_learning.strategies.clusters import number_of_cluster
from workbench.active_learning.strategies.pool import Floats, Indices, Pool, Vectors, unit
from workbench.evaluation.metrics import count, scores
from workbench.exchange import vendor_groups
from workbench.predictions.calibration import fit_temperature
from workbench.predictions.probabilities import fields_of
from workbench.predictions.run_reader import read_labelled
from workbench.runs import parquet
from workbench.runs.state import RunFolder
from workbench.training import mc_dropout

Progress = Callable[[int, int], None]

_BATCH = 512  # documents scored together: about 60,000 words
_COLUMNS = ("document", "split", "labels", "probabilities", "embedding")
_NEAR_MISSES = 2000
_UNSURE = 0.9  # fields with a lower confidence are named as unsure


@dataclass(slots=True)
class PoolScores:
    """The pool of a run with everything that was computed for it, row by row in the order of `documents`."""

    documents: NDArray[np.int64]
    fields: list[str]
    scored: acquisition.Scored
    embeddings: Vectors | None
    others: dict[int, Vectors] = field(default_factory=dict)  # embeddings of train and liked documents


def choose(folder: Path, request: SelectionRequest, progress: Progress = lambda done, total: None) -> dict[str, Any]:
    """The choice for a run folder, ready for JSON: `run, strategy, seed, size, pool, items, near_misses, figures`.

    Of a run that learned a class field, see `class_selection.choose`.

    Raises:
        UsageProblem: there is no such strategy.
        RunProblem: the run has not what the strategy needs.
        InputProblem: the predictions are missing or damaged.
    """
    if request.class_field:
        return class_selection.choose(folder, request, progress)
    strategy = strategies.get(request.strategy)
    seed = request.seed or 0
    f1, temperature = judged(folder)
    pool_scores = read_scores(folder, request, f1, temperature, progress)
    groups, known_groups = _groups(folder, pool_scores.documents, request.identifiers)
    pool = _pool(folder, request, strategy.needs, pool_scores, groups, known_groups, progress)
    picked = strategy.load()(pool, request.size, np.random.default_rng(seed)) if len(pool) else []
    explain = _Explainer(pool, pool_scores, seed)
    items = [
        {
            "document": int(pool.documents[index]),
            "score": round(score, 6),
            "rank": rank,
            "reasons": explain.reasons(index, strategy.why.format(score=score, vendor=pool.vendor(index) or "unknown")),
            "fields": explain.confidences(index),
        }
        for rank, (index, score) in enumerate(picked, start=1)
    ]
    error = pool_scores.scored.scores["value_error"]
    batch = [index for index, _ in picked]
    return {
        "run": folder.name,
        "strategy": request.strategy,
        "seed": seed,
        "size": request.size,
        "pool": len(pool),
        "items": items,
        "near_misses": _near_misses(pool_scores),
        "figures": {
            "expected_error_batch": round(float(error[batch].mean()), 4) if batch else None,
            "expected_error_pool": round(float(error.mean()), 4) if len(error) else None,
            "temperature": round(temperature, 3),
        },
    }


def judged(folder: Path) -> tuple[dict[str, tuple[float, int]], float]:
    """From the run's validation documents: each field's (F1, support), and the temperature (1 if unknown)."""
    cases = read_labelled(folder, "validation")
    f1 = {name: (score.f1, score.support) for name, score in scores(count(case) for case in cases).fields.items()}
    outcomes = [(chunk.confidence, chunk in case.gold) for case in cases for chunk in case.predicted]
    return f1, fit_temperature(outcomes) or 1.0


def read_scores(
    folder: Path, request: SelectionRequest, f1: Mapping[str, tuple[float, int]], temperature: float, progress: Progress
) -> PoolScores:
    """Read predictions.parquet batch by batch and score the pool's documents; probabilities are not kept.

    Raises:
        InputProblem: they are missing or damaged.
    """
    documents: list[NDArray[np.int64]] = []
    parts: list[acquisition.Scored] = []
    vectors: Vectors | None = None
    kept = 0
    others: dict[int, Vectors] = {}
    fields: list[str] = []
    only = None if request.only is None else np.array(sorted(request.only), np.int64)
    for batch, done, total in parquet.batches(RunFolder(folder).predictions, _COLUMNS, _BATCH):
        ids = batch.column("document").to_numpy()
        split = np.array(batch.column("split").to_pylist(), object)
        embedding = _embeddings(batch)
        if embedding is not None:
            for row in np.flatnonzero((split == "train") | np.isin(ids, request.like)):
                others[int(ids[row])] = embedding[row].copy()
        wanted = split == "pool" if only is None else (split == "pool") & np.isin(ids, only)
        rows = np.flatnonzero(wanted)
        if len(rows):
            labels = _labels(batch)
            fields = fields or fields_of(labels)
            blobs = batch.column("probabilities").take(_indices(rows)).to_pylist()
            parts.append(acquisition.score(blobs, labels, acquisition.weights(f1, fields, request.focus), temperature))
            documents.append(ids[rows])
            if embedding is not None:
                if vectors is None:  # once for all: parts that are joined later would stand in memory twice
                    vectors = np.empty((total, embedding.shape[1]), np.float32)
                vectors[kept : kept + len(rows)] = embedding[rows]
                kept += len(rows)
        progress(done, total)
    if not parts:
        return PoolScores(np.zeros(0, np.int64), fields, acquisition.score([], ["O"]), None, others)
    return PoolScores(
        np.concatenate(documents), fields, _joined(parts), None if vectors is None else vectors[:kept], others
    )


def _indices(rows: Indices) -> Any:
    import pyarrow as pa

    return pa.array(rows)


def _labels(batch: Any) -> list[str]:
    """The labels of a batch: every row has the same ones."""
    column = batch.column("labels")
    first: list[str] = column[0].as_py()
    codes = column.flatten().dictionary_encode().indices.to_numpy()
    if len(codes) != len(first) * batch.num_rows or (codes.reshape(batch.num_rows, -1) != codes[: len(first)]).any():
        raise InputProblem("The predictions of this run have different labels.", "Predict again with this run.")
    return first


def _embeddings(batch: Any) -> Vectors | None:
    column = batch.column("embedding")
    values: Vectors = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    if not len(values):
        return None
    if column.null_count or len(values) % batch.num_rows:
        raise InputProblem("The embeddings of this run differ in length.", "Predict again with this run.")
    return values.reshape(batch.num_rows, -1)


def _joined(parts: Sequence[acquisition.Scored]) -> acquisition.Scored:
    def join(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    return acquisition.Scored(
        {name: np.concatenate([part.scores[name] for part in parts]) for name in parts[0].scores},
        join("confidence"),
        join("places"),
        join("missed"),
        join("missed_places"),
        join("doubt_fields"),
        join("doubt"),
    )


def _groups(
    folder: Path, documents: NDArray[np.int64], identifiers: Mapping[int, Sequence[str]]
) -> tuple[list[str], frozenset[str]]:
    """The vendor or template of each pool document, and those of the training documents; one name for each vendor."""

    def read(split: str) -> dict[int, str]:
        path = RunFolder(folder).dataset(split)
        rows = parquet.rows(path, ["document", "group"]) if path.is_file() else []
        return {row["document"]: row["group"] for row in rows}

    train = read("train")
    vendors = vendor_groups.one_vendor({**read("pool"), **train}, identifiers)
    return [vendors.get(int(number), "") for number in documents], frozenset(
        filter(None, (vendors[number] for number in train))
    )


def _pool(
    folder: Path,
    request: SelectionRequest,
    needs: frozenset[str],
    pool_scores: PoolScores,
    groups: list[str],
    known_groups: frozenset[str],
    progress: Progress,
) -> Pool:
    extra: dict[str, Floats] = {}
    if "embeddings" in needs and pool_scores.embeddings is None and len(pool_scores.documents):
        raise RunProblem(
            f"Run {folder.name} stored no embeddings.", "Choose a strategy that needs none, such as value_error."
        )
    if "dropout" in needs:
        extra["bald"] = mc_dropout.bald(
            folder, pool_scores.documents, pool_scores.scored.scores["entropy"], request.size, progress
        )
    if "committee" in needs:
        extra["committee"] = _committee(folder, request, pool_scores)
    likes = None
    labelled = None
    if pool_scores.embeddings is not None:
        mean = pool_scores.embeddings.mean(axis=0)
        unit(pool_scores.embeddings, mean)
        labelled = _stacked([v for k, v in pool_scores.others.items() if k not in request.like], mean)
        inside = np.flatnonzero(np.isin(pool_scores.documents, request.like))
        outside = _stacked([pool_scores.others[k] for k in request.like if k in pool_scores.others], mean)
        likes = outside if len(inside) == 0 else pool_scores.embeddings[inside]
    if "likes" in needs and (likes is None or not len(likes)):
        raise RunProblem(
            "None of the documents to look for has predictions in this run.", "Choose documents that the run has seen."
        )
    every = {**pool_scores.scored.scores, **extra}
    return Pool(pool_scores.documents, every, pool_scores.embeddings, labelled, groups, known_groups, likes)


def _stacked(vectors: Sequence[Vectors], mean: Vectors) -> Vectors:
    return unit(np.array(vectors, np.float32), mean) if vectors else np.zeros((0, len(mean)), np.float32)


def _committee(folder: Path, request: SelectionRequest, pool_scores: PoolScores) -> Floats:
    if not request.committee:
        raise RunProblem("A committee needs a second run.", "Name one with --committee.")
    places = [pool_scores.scored.places]
    for run in request.committee:
        other = read_scores(folder.parent / run, request, {}, 1.0, lambda done, total: None)
        row_of = {int(number): row for row, number in enumerate(other.documents)}
        theirs = np.full_like(pool_scores.scored.places, -1)
        shared = [(f, other.fields.index(name)) for f, name in enumerate(pool_scores.fields) if name in other.fields]
        known = [(row, row_of[int(n)]) for row, n in enumerate(pool_scores.documents) if int(n) in row_of]
        if known and shared:
            ours, rows = np.array(known).T
            for f, g in shared:
                theirs[ours, f] = other.scored.places[rows, g]
        places.append(theirs)
    return acquisition.votes(places)


class _Explainer:
    """Reasons for a picked document, in words for the analyst."""

    def __init__(self, pool: Pool, pool_scores: PoolScores, seed: int) -> None:
        self._pool = pool
        self._scores = pool_scores
        self._seed = seed

    def confidences(self, index: int) -> dict[str, float]:
        """Confidence of each field's value, or of its near miss; fields that are simply absent are not named."""
        scored = self._scores.scored
        return {
            name: round(float(scored.confidence[index, f] if has_value else scored.missed[index, f]), 4)
            for f, name in enumerate(self._scores.fields)
            if (has_value := scored.places[index, f, 0] >= 0) or scored.missed[index, f] >= acquisition.NEAR_MISS
        }

    def reasons(self, index: int, why: str) -> list[str]:
        """The doubt, the unsure fields, the vendor, the cluster, and what the strategy says."""
        scored, pool = self._scores.scored, self._pool
        (first, second), (a, b) = scored.doubt_fields[index], scored.doubt[index]
        reasons = []
        if b > 0.05:
            reasons.append(f"{self._name(first)} {a:.2f} against {self._name(second)} {b:.2f}")
        unsure = sorted((sure, name) for name, sure in self.confidences(index).items() if sure < _UNSURE)
        if unsure:
            reasons.append("unsure of " + ", ".join(f"{name} {sure:.2f}" for sure, name in unsure[:3]))
        if (vendor := pool.vendor(index)) and vendor not in pool.known_groups:
            reasons.append("new vendor")
        if pool.embeddings is not None:
            reasons.append(f"cluster {number_of_cluster(pool, index, self._seed)}")
        if why:
            reasons.append(why)
        return reasons or ["no doubt stands out"]

    def _name(self, field: int) -> str:
        return self._scores.fields[field] if field >= 0 else "no field"


def _near_misses(pool_scores: PoolScores) -> list[dict[str, Any]]:
    """The most likely of the fields that were nearly found, over the whole pool: yes/no review asks about them, too."""
    scored = pool_scores.scored
    rows, fields = np.nonzero(scored.missed_places[..., 0] >= 0)
    best = np.argsort(-scored.missed[rows, fields], kind="stable")[:_NEAR_MISSES]
    return [
        {
            "document": int(pool_scores.documents[row]),
            "field": pool_scores.fields[f],
            "tokens": list(range(*scored.missed_places[row, f].tolist())),
            "confidence": round(float(scored.missed[row, f]), 4),
        }
        for row, f in zip(rows[best].tolist(), fields[best].tolist(), strict=True)
    ]


def _write(type: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"type": type, **facts}) + "\n")
    sys.stdout.flush()


def _report(done: int, total: int) -> None:
    _write("scoring", done=done, total=total)


def main(arguments: Sequence[str]) -> int:
    """The process's entry. Its last line is `finished` or `failed`; without one it was ended from outside."""
    folder = Path(arguments[0])
    started = time.monotonic()
    try:
        request = SelectionRequest.read(folder)
        if request.run is None:
            choice = class_selection.choose_by_texts(folder, request, _report)
        else:
            choice = choose(folder.parent.parent, request, _report)
        choice["figures"]["seconds"] = round(time.monotonic() - started, 2)
        write_atomic(folder / CHOICE, json.dumps(choice, ensure_ascii=False))
    except WorkbenchError as error:
        _write("failed", **error.as_dict())
        return error.exit_code
    _write("finished", items=len(choice["items"]), seconds=choice["figures"]["seconds"])
    return 0


if __name__ == "__main__":
    lifeline.leave(main(sys.argv[1:]))
