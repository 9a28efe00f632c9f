"""Counts of words and pairs of words, with logistic regression: what a class model has to beat. [worker]

TF-IDF over lower-cased words and pairs of neighbours, and L2-regularised logistic regression, both by scikit-learn.
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from storage.exceptions import InputProblem
from storage.files import read_regular, write_atomic
from workbench.evaluation.classes import class_report
from workbench.predictions.run_reader import test_unread
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.model_folders.check import VOCABULARY
from workbench.runs.state import MODEL_DESCRIPTION, RunFolder
from workbench.training.predictor import Description
from workbench.training.tasks import occlusion

if TYPE_CHECKING:  # half a second of processor time, which most models are read and served without
    from sklearn.feature_extraction.text import TfidfVectorizer

WEIGHTS = "baseline.safetensors"
FEATURES = 200_000
"""At most so many words and pairs, the commonest."""
STRENGTH = 10.0
"""Inverse of the regularisation (C): 10 was better than 1 with all labels of the claims data, the same with 100."""


class Classes(Protocol):
    """The options that are learned, and which of them documents have."""

    labels: list[str]
    multiple: bool
    name: str

    def is_labelled(self, row: parquet.FrozenDocument) -> bool:
        """Whether its class is known."""
        ...

    def indices(self, row: parquet.FrozenDocument) -> list[int]:
        """The indices of a labelled document's options."""
        ...

    def brief(self, rows: Sequence[parquet.FrozenDocument], probabilities: NDArray[Any]) -> dict[str, Any]:
        """Figures of labelled documents and the probabilities of their options."""
        ...


@dataclass(slots=True)
class Baseline:
    vectorizer: "TfidfVectorizer"
    coefficients: NDArray[np.float64]  # classes × features
    intercepts: NDArray[np.float64]
    labels: list[str]
    multiple: bool = False  # each class by itself, against the rest

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        targets: Sequence[Sequence[int]],
        labels: Sequence[str],
        *,
        multiple: bool = False,
        balanced: bool = False,
    ) -> "Baseline":
        """Learn from texts and the indices of their classes; classes without any text are never predicted."""
        from sklearn.linear_model import LogisticRegression

        vectorizer = _vectorizer(max_features=FEATURES)
        features = vectorizer.fit_transform(texts)
        model = LogisticRegression(C=STRENGTH, max_iter=1000, class_weight="balanced" if balanced else None)
        coefficients = np.zeros((len(labels), features.shape[1]))
        intercepts = np.full(len(labels), -1e9)  # of a class without a text
        if multiple:
            for label in range(len(labels)):
                is_so = np.array([label in indices for indices in targets])
                if is_so.all():
                    intercepts[label] = 1e9
                elif is_so.any():
                    model.fit(features, is_so)
                    coefficients[label], intercepts[label] = model.coef_[0], model.intercept_[0]
            return cls(vectorizer, coefficients, intercepts, list(labels), multiple=True)
        model.fit(features, [first for first, *_ in targets])
        if len(model.classes_) == 2:  # one row for the two of them
            first, second = model.classes_
            coefficients[second], intercepts[second], intercepts[first] = model.coef_[0], model.intercept_[0], 0.0
        else:
            coefficients[model.classes_], intercepts[model.classes_] = model.coef_, model.intercept_
        return cls(vectorizer, coefficients, intercepts, list(labels))

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Texts × classes."""
        if not texts:
            return np.zeros((0, len(self.labels)))
        scores = self.vectorizer.transform(texts) @ self.coefficients.T + self.intercepts
        if self.multiple:
            return np.asarray(1 / (1 + np.exp(-np.clip(scores, -60, 60))))
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        result: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
        return result

    def save(self, folder: Path) -> None:
        """Write the weights and the vocabulary; no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        names = {name: int(column) for name, column in self.vectorizer.vocabulary_.items()}
        kept = {"labels": self.labels, "words": names, "multiple": self.multiple}
        (folder / VOCABULARY).write_text(json.dumps(kept), encoding="utf-8")
        arrays = {"idf": self.vectorizer.idf_, "coefficients": self.coefficients, "intercepts": self.intercepts}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> "Baseline":
        """A baseline that was saved.

        Raises:
            InputProblem: the folder is damaged.
        """
        try:
            kept = json.loads(read_regular(folder / VOCABULARY))
            arrays = load_file(folder / WEIGHTS)
            vectorizer = _vectorizer(vocabulary=kept["words"])
            vectorizer.idf_ = arrays["idf"]  # sees that the words are numbered from 0
            labels, shapes = list(kept["labels"]), {name: array.shape for name, array in arrays.items()}
            if shapes["coefficients"] != (len(labels), len(kept["words"])) or shapes["intercepts"] != (len(labels),):
                raise ValueError(f"its weights are not those of {len(labels)} classes and {len(kept['words'])} words")
            if not (
                all(isinstance(label, str) for label in labels) and all(np.isfinite(a).all() for a in arrays.values())
            ):
                raise ValueError("a class has no name, or a weight is no number")
            multiple = bool(kept.get("multiple"))
            return cls(vectorizer, arrays["coefficients"], arrays["intercepts"], labels, multiple=multiple)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
            raise InputProblem(f"{folder} is no whole baseline: {error}", "Train it again.") from error


def _vectorizer(**options: Any) -> "TfidfVectorizer":
    """Words and pairs of neighbours."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", **options)


def text_of(row: parquet.FrozenDocument) -> str:
    """The words of a document, as the baseline reads them."""
    return " ".join(row.words)


def beside(folder: Path, task: Classes) -> dict[str, Any] | None:
    """What a baseline trained on a run's training documents reaches on its validation and test documents.

    Returns:
        {side: figures of `Classes.brief`, without those of each class}, and seconds.
    """
    began = time.monotonic()
    run, measured_on = RunFolder(folder), Request.read(folder).measured_on
    sides = {
        side: [row for row in parquet.stream(run.dataset(side)) if task.is_labelled(row)]
        for side in ("train", *measured_on)
    }
    fitted = _fitted(sides["train"], task, balanced=False)
    measured: dict[str, Any] = {}
    for side in measured_on:
        if sides[side]:
            brief = task.brief(sides[side], fitted.probabilities([text_of(row) for row in sides[side]]))
            measured[side] = {name: value for name, value in brief.items() if name != "fields"}
    return {**measured, "seconds": round(time.monotonic() - began, 2)}


def run(
    folder: RunFolder,
    request: Request,
    task: Classes,
    documents: Mapping[str, Sequence[parquet.FrozenDocument]],
    write: Callable[..., None],
) -> None:
    """Train the baseline as a run of its own; ends with the event `finished`."""
    began = time.monotonic()
    write("started", device="cpu", precision="fp64", seed=request.config.train.seed, resumed_from=None)
    fitted = _fitted(documents["train"], task, balanced=request.config.regularization.class_weights == "inverse")
    pool = parquet.count(folder.dataset("pool"))
    sizes = {**{side: len(rows) for side, rows in documents.items()}, "pool": pool}
    write(
        "prepared", documents=sizes, windows=sizes, tokens={}, truncated=0, family="baseline",
        parameters=int(fitted.coefficients.size + fitted.intercepts.size), labels=task.labels,
    )  # fmt: skip
    parquet.write_predictions(folder.predictions, _predictions(fitted, folder, request.measured_on), task=task.name)
    figures = {
        side: task.brief(rows, fitted.probabilities([text_of(row) for row in rows]))
        for side, rows in documents.items()
        if rows
    }
    measured = {side: figures[side] for side in ("train", "validation") if side in figures}
    write("evaluated", step=1, epoch=1.0, best=True, **measured)
    f1 = figures["validation"]["f1"] if "validation" in figures else None
    if request.explains:
        _explain(fitted, folder.path, task, documents)
    _save(fitted, folder, request, f1)
    seconds = round(time.monotonic() - began, 2)
    report = {
        "run": request.run, "state": "finished", "family": "baseline", "base": "", "preset": request.preset,
        "seconds": seconds, "task": task.name, "labels": task.labels, "documents": sizes, "f1": f1,
        "figures": figures, "classes": class_report.final(folder.path), **test_unread(request, folder),
    }  # fmt: skip
    write_atomic(folder.report, json.dumps(report, ensure_ascii=False, indent=1))
    write("finished", state="finished", seconds=seconds, f1=f1, epochs=1.0)


def _fitted(rows: Sequence[parquet.FrozenDocument], task: Classes, *, balanced: bool) -> Baseline:
    texts, targets = [text_of(row) for row in rows], [task.indices(row) for row in rows]
    return Baseline.fit(texts, targets, task.labels, multiple=task.multiple, balanced=balanced)


def _explain(
    fitted: Baseline, folder: Path, task: Classes, documents: Mapping[str, Sequence[parquet.FrozenDocument]]
) -> None:
    """Which words speak for what documents were wrongly taken for."""

    def ask(rows: Sequence[parquet.FrozenDocument]) -> NDArray[np.float64]:
        return fitted.probabilities([text_of(row) for row in rows])

    sides = {}
    for side in ("validation", "test"):
        rows = [row for row in documents.get(side, ()) if task.is_labelled(row)]
        sides[side] = [(row, task.indices(row), own) for row, own in zip(rows, ask(rows), strict=True)]
    occlusion.write(folder, sides, fitted.labels, ask, multiple=task.multiple)


def _predictions(fitted: Baseline, folder: RunFolder, measured_on: Sequence[str]) -> Any:
    for split in (*measured_on, "train", "pool"):
        part: list[parquet.FrozenDocument] = []
        for row in parquet.stream(folder.dataset(split)):
            part.append(row)
            if len(part) == 1000:
                yield from _rows(fitted, part, split)
                part = []
        yield from _rows(fitted, part, split)


def _rows(fitted: Baseline, rows: Sequence[parquet.FrozenDocument], split: str) -> Any:
    for row, probabilities in zip(rows, fitted.probabilities([text_of(row) for row in rows]), strict=True):
        stored = probabilities.astype("<f2").tobytes()
        yield parquet.Prediction(row.document, split, fitted.labels, stored, [], 1, [0], truncated=False)


def _save(fitted: Baseline, folder: RunFolder, request: Request, f1: float | None) -> None:
    """Write the model folder, all at once or not at all."""
    draft = folder.model.with_name(folder.model.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    fitted.save(draft)
    description = Description(
        run=request.run, family="baseline", fields=request.fields, data=request.config.data, f1=f1,
        fingerprint=request.fingerprint, task=parquet.CLASSES,
    )  # fmt: skip
    write_atomic(
        draft / MODEL_DESCRIPTION, json.dumps(description.model_dump(mode="json"), ensure_ascii=False, indent=1)
    )
    shutil.rmtree(folder.model, ignore_errors=True)
    draft.rename(folder.model)
