"""What a whole document or text is: one class field. [worker]"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from storage.exceptions import RunProblem
from workbench.evaluation.classes import class_report, several
from workbench.evaluation.classes import figures as class_figures
from workbench.runs import parquet
from workbench.runs.config import families
from workbench.runs.config.request import Request
from workbench.training import encoding
from workbench.training.device import padding
from workbench.training.encoding import EncodedDocument, Encoder, Features
from workbench.training.models.loading import SEVERAL, Built
from workbench.training.tasks import baseline, occlusion
from workbench.training.tasks.base import Documents, TaskPredictor

Target = int | list[float]
"""The index of a document's option; where it can have several, 1 or 0 for each option."""


@dataclass(frozen=True, slots=True)
class Example:
    """A window and what its document is; None where that is to be found out."""

    features: Features
    target: "Target | None"


class ClassCollator:
    """Pads windows; `labels` are the classes of the windows' documents."""

    def __init__(self, collator: encoding.Collator) -> None:
        self._collator = collator

    def __call__(self, batch: Sequence[Example], multiple: int = 0) -> dict[str, torch.Tensor]:
        """Tensors (batch, longest) and, where all are known, labels (batch,) or (batch, options)."""
        tensors = self._collator([example.features for example in batch], multiple)
        tensors.pop("labels", None)  # those of words
        targets = [example.target for example in batch if example.target is not None]
        if len(targets) == len(batch):
            tensors["labels"] = torch.tensor(targets)
        return tensors


class Texts(Dataset[Example]):
    """The windows of the training documents, each with its document's class."""

    def __init__(self, encoder: Encoder, documents: Sequence[EncodedDocument], targets: Sequence[Target]) -> None:
        self._encoder = encoder
        self._items = [
            (document, target, page, window)
            for document, target in zip(documents, targets, strict=True)
            for page in document.pages
            for window in page.windows
        ]
        self.lengths = [int(page.starts[w.end] - page.starts[w.start]) for *_, page, w in self._items]
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Example:
        document, target, page, window = self._items[index]
        return Example(self._encoder.features(document, page, window), target)


@dataclass(slots=True)
class ClassPrediction:
    """What the model takes a document to be."""

    row: parquet.FrozenDocument
    probabilities: NDArray[np.float32]  # options
    embedding: NDArray[np.float32]
    windows: int
    truncated: bool = False

    def as_row(self, split: str, labels: Sequence[str]) -> parquet.Prediction:
        """The row for `predictions.parquet`: one row of probabilities, as of a single word."""
        return parquet.Prediction(
            self.row.document, split, list(labels), self.probabilities.astype("<f2").tobytes(),
            self.embedding.tolist(), self.windows, [0], self.truncated,
        )  # fmt: skip


@dataclass(slots=True)
class ClassPredictor:
    """A classifier on its device. The windows of a long document are merged by the mean of their logits."""

    model: Any
    encoder: Encoder
    collator: ClassCollator
    device: torch.device
    bf16: bool
    batch_size: int = 16
    session: Callable[[Mapping[str, torch.Tensor]], NDArray[np.float32]] | None = None  # its ONNX form: no embeddings
    _hidden: list[Any] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """The order of the probabilities."""
        return [self.model.config.id2label[i] for i in range(self.model.config.num_labels)]

    def _shares(self, logits: NDArray[Any]) -> NDArray[Any]:
        """Probabilities: of one option among all, or of each option by itself."""
        if self.model.config.problem_type == SEVERAL:
            return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))
        shares = np.exp(logits - logits.max())
        return np.asarray(shares / shares.sum())

    def predict(self, documents: Iterable[parquet.FrozenDocument], chunk: int = 512) -> Iterator[ClassPrediction]:
        """Predictions in the order of the documents, worked on in chunks, batched by similar length."""
        remaining = iter(documents)
        while some := list(islice(remaining, chunk)):
            yield from self.predict_encoded([self.encoder.encode(row) for row in some])

    @torch.inference_mode()
    def predict_encoded(self, documents: Sequence[EncodedDocument]) -> list[ClassPrediction]:
        """Predictions for documents that are encoded already."""
        was_training = self.model.training
        self.model.eval()
        hook = self.model.classifier.register_forward_pre_hook(lambda module, args: self._hidden.append(args[0]))
        windows = [(i, d, page, w) for i, d in enumerate(documents) for page in d.pages for w in page.windows]
        lengths = [int(page.starts[w.end] - page.starts[w.start]) for *_, page, w in windows]
        logits = np.zeros((len(documents), self.model.config.num_labels))
        hidden = np.zeros((len(documents), self.model.config.hidden_size))
        try:
            for batch in encoding.batches(lengths, self.batch_size):
                own = [windows[i] for i in batch]
                output, pooled = self._computed([window for _, *window in own])
                for row, (i, *_) in enumerate(own):
                    logits[i] += output[row]
                    if pooled is not None:
                        hidden[i] += pooled[row]
        finally:
            hook.remove()
            self.model.train(was_training)
        predictions = []
        for i, document in enumerate(documents):
            count = max(1, document.windows)
            mean = logits[i] / count
            predictions.append(
                ClassPrediction(
                    document.row, self._shares(mean).astype(np.float32), (hidden[i] / count).astype(np.float32),
                    document.windows, document.truncated,
                )
            )  # fmt: skip
        return predictions

    def _computed(self, windows: Sequence[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Logits (windows, options), and what the head saw (windows, hidden)."""
        examples = [Example(self.encoder.features(*window), None) for window in windows]
        padded = self.collator(examples, padding(self.device, bf16=self.bf16))
        tensors = {name: tensor.to(self.device) for name, tensor in padded.items()}
        if self.session is not None:
            return self.session(tensors), None
        self._hidden.clear()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            output = self.model(**tensors).logits.float().cpu().numpy()
        pooled = self._hidden.pop().float()
        return output, (pooled[:, 0] if pooled.ndim == 3 else pooled).cpu().numpy()  # RoBERTa's head pools itself

    def tensors(self, documents: Sequence[EncodedDocument]) -> dict[str, torch.Tensor]:
        """What the model is given for the first two windows of documents; a single one is repeated."""
        windows = [(d, page, w) for d in documents for page in d.pages for w in page.windows]
        return self.collator([Example(self.encoder.features(*window), None) for window in (windows * 2)[:2]])


@dataclass(slots=True)
class ClassTask:
    """Labels are the options of one class field, of which a document has one, or several where `multiple`."""

    labels: list[str]
    multiple: bool = False
    name: str = parquet.CLASSES
    once: frozenset[str] = frozenset()

    @classmethod
    def of(cls, request: Request) -> "ClassTask":
        """The task of a run's request.

        Raises:
            RunProblem: it names no class field.
        """
        if len(request.fields) != 1 or len(request.fields[0].options) < 2:
            raise RunProblem("The run has no class field to learn.", "Start it anew.")
        spec = request.fields[0]
        return cls(list(spec.options), spec.multiple)

    @property
    def guess(self) -> float:
        """The loss of guessing: of each option whether it is so, or of all options which one."""
        return math.log(2 if self.multiple else len(self.labels))

    def indices(self, row: parquet.FrozenDocument) -> list[int]:
        """The indices of a labelled document's options."""
        return [self.labels.index(option) for option in row.classes or () if option in self.labels]

    def target(self, row: parquet.FrozenDocument) -> Target:
        """What the model is to say of a labelled document."""
        indices = self.indices(row)
        return [float(i in indices) for i in range(len(self.labels))] if self.multiple else indices[0]

    def is_labelled(self, row: parquet.FrozenDocument) -> bool:
        """Whether its class is known."""
        known = row.classes or [""]
        return any(option in self.labels for option in known) if self.multiple else known[0] in self.labels

    def notes(self, documents: Documents) -> list[str]:
        """Classes that cannot be learned, or whose figures say little.

        Raises:
            RunProblem: the training documents are all of one class.
        """
        counted = self.counts(documents["train"])
        if len(counted) < 2:
            [(only, number)] = counted.items()
            raise RunProblem(
                f"All {number} training documents are {only}: there is nothing to tell apart.",
                "Label documents of another class, or `workbench split`.",
            )
        notes = []
        if missing := [name for name in self.labels if not counted[name]]:
            notes.append(f"No training document is {', '.join(missing)}: it cannot be learnt.")
        if rare := [f"{name} ({counted[name]})" for name in self.labels if 0 < counted[name] < 5]:
            notes.append(f"Few training documents: {', '.join(rare)}.")
        return notes

    def counts(self, documents: Sequence[parquet.FrozenDocument]) -> Counter[str]:
        """Documents by class."""
        return Counter(self.labels[i] for row in documents for i in self.indices(row))

    def encoder(self, built: Built, request: Request) -> Encoder:
        """Windows; what is on them is not told apart."""
        return Encoder(built.tokenizer, ["O"], request.config.data, built.sep_box)

    def training_set(self, encoder: Encoder, documents: Sequence[EncodedDocument], request: Request) -> Texts:
        """The windows with the classes of their documents."""
        return Texts(encoder, documents, [self.target(document.row) for document in documents])

    def predictor(self, built: Built, encoder: Encoder, request: Request, **options: Any) -> ClassPredictor:
        """Probabilities document by document."""
        family = families.spec(request.config.model.family)
        collator = encoding.Collator(
            built.tokenizer, boxes=family.boxes, picture=built.picture, multiple=options.pop("multiple"),
            most=request.config.data.max_length,
        )  # fmt: skip
        return ClassPredictor(built.model, encoder, ClassCollator(collator), **options)

    def report(self, folder: Path) -> dict[str, Any]:
        """The full evaluation (`evaluation` is that of fields), and what counting words alone reaches."""
        return {"classes": class_report.final(folder), "baseline": baseline.beside(folder, self)}

    def suggest(self, folder: Path) -> None:
        """Nothing: the stored probabilities of the pool are its suggestions."""

    def explain(self, folder: Path, predictor: TaskPredictor, judged: Mapping[str, Sequence[ClassPrediction]]) -> None:
        """Which words speak for what documents were wrongly taken for."""
        sides = {
            side: [
                (p.row, self.indices(p.row), p.probabilities) for p in judged.get(side, ()) if self.is_labelled(p.row)
            ]
            for side in ("validation", "test")
        }
        ask = lambda rows: np.stack([prediction.probabilities for prediction in predictor.predict(rows)])  # noqa: E731
        occlusion.write(folder, sides, self.labels, ask, multiple=self.multiple)

    def figures(self, predictions: Sequence[ClassPrediction]) -> dict[str, Any]:
        """Macro figures and those of each class; `f1` is the mean over the classes."""
        judged = [prediction for prediction in predictions if self.is_labelled(prediction.row)]
        shares = [prediction.probabilities for prediction in judged]
        return self.brief([p.row for p in judged], np.stack(shares) if judged else np.zeros((0, len(self.labels))))

    def brief(self, rows: Sequence[parquet.FrozenDocument], probabilities: NDArray[Any]) -> dict[str, Any]:
        """Figures of labelled documents and the probabilities of their options."""
        gold = [self.indices(row) for row in rows]
        if self.multiple:
            return several.brief(gold, probabilities, self.labels)
        return class_figures.brief([first for first, *_ in gold], probabilities, self.labels)
