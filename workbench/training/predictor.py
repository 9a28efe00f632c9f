"""A model folder and documents -> word probabilities, embeddings and spans. [worker]"""

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from transformers import AutoModelForTokenClassification

from storage.exceptions import InputProblem
from storage.files import read_regular
from workbench.fields import field_of_tag
from workbench.runs import parquet
from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import Data
from workbench.runs.model_folders import check as model_folders
from workbench.runs.state import MODEL_DESCRIPTION
from workbench.training import encoding, word_predictions
from workbench.training.device import bf16_pays, choose_device, padding
from workbench.training.models import loading
from workbench.training.models.attention import attend_in_bf16
from workbench.training.models.packed_reading import read_packed, unchanged_weights


class Description(BaseModel):
    """`workbench.json`: what a model folder says besides its weights."""

    model_config = ConfigDict(extra="ignore")

    format: int = 1
    run: str = ""
    family: str = ""
    base: str = ""
    fields: list[FieldSpec] = Field(default_factory=list)
    normalisers: dict[str, str] = Field(default_factory=dict)  # field id: type of its value
    data: Data = Field(default_factory=Data)
    sep_box: int = Field(default=0, ge=0, le=1000)
    engines: dict[str, str] = Field(default_factory=dict)
    fingerprint: str = ""
    f1: float | None = None
    task: str = parquet.TOKENS
    once: list[str] = Field(default_factory=list)  # fields of which a document has one value

    @model_validator(mode="after")
    def _a_classifier_has_one_field(self) -> Self:
        if self.task == parquet.CLASSES and len(self.fields) != 1:
            raise ValueError(f"a model of classes has one field, and this has {len(self.fields)}")
        return self


@dataclass(slots=True)
class DocumentPrediction:
    """The model's prediction for one document."""

    row: parquet.FrozenDocument
    probabilities: NDArray[np.float32]  # words × labels
    embedding: NDArray[np.float32]
    word_window: NDArray[np.int16]
    windows: int
    truncated: bool
    states: NDArray[np.float16] | None = None  # words × hidden, where the predictor keeps them

    def as_row(self, split: str, labels: Sequence[str]) -> parquet.Prediction:
        """The row for `predictions.parquet`."""
        return parquet.Prediction(
            self.row.document, split, list(labels), self.probabilities.astype("<f2").tobytes(),
            self.embedding.tolist(), self.windows, self.word_window.tolist(), self.truncated,
        )  # fmt: skip


@dataclass(slots=True)
class _Gathering:
    """A document whose windows are coming in."""

    document: encoding.EncodedDocument
    logprobs: NDArray[np.float32]
    word_window: NDArray[np.int16]
    total: NDArray[np.float64]
    count: int = 0
    states: NDArray[np.float16] | None = None

    def prediction(self) -> DocumentPrediction:
        return DocumentPrediction(
            self.document.row, np.exp(self.logprobs), (self.total / max(1, self.count)).astype(np.float32),
            self.word_window, self.document.windows, self.document.truncated, self.states,
        )  # fmt: skip


@dataclass(slots=True)
class Predictor:
    """A model on its device, ready to predict documents."""

    model: Any
    encoder: encoding.Encoder
    collator: encoding.Collator
    device: torch.device
    bf16: bool
    batch_size: int = 16
    session: Callable[[Mapping[str, torch.Tensor]], NDArray[np.float32]] | None = None  # its ONNX form: no embeddings
    keeps_states: bool = False  # give what the head sees of each word, the mean over its sub-tokens, with a prediction
    _hidden: list[Any] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """The order of the probabilities' columns."""
        return self.encoder.labels

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it knows. Of each, the starter's made-up documents have one value."""
        return frozenset(field_of_tag(label) for label in self.labels if label != "O")

    def predict(
        self,
        documents: Iterable[parquet.FrozenDocument],
        progress: Callable[[int], None] = lambda done: None,
        chunk: int = 128,
    ) -> Iterator[DocumentPrediction]:
        """Predictions in the order of the documents, worked on in chunks, batched by similar length."""
        remaining, done = iter(documents), 0
        while some := list(islice(remaining, chunk)):
            yield from self.predict_encoded([self.encoder.encode(row) for row in some])
            done += len(some)
            progress(done)

    @torch.inference_mode()
    def predict_encoded(self, documents: Sequence[encoding.EncodedDocument]) -> list[DocumentPrediction]:
        """Predictions for documents that are encoded already."""
        was_training = self.model.training
        self.model.eval()
        hook = self.model.classifier.register_forward_pre_hook(lambda module, args: self._hidden.append(args[0]))
        gathered = [self._gathering(document) for document in documents]
        windows = [
            (g, page, number, window)
            for g in gathered
            for number, (page, window) in enumerate((p, w) for p in g.document.pages for w in p.windows)
        ]
        lengths = [int(page.starts[w.end] - page.starts[w.start]) for _, page, _, w in windows]
        try:
            # a CPU's caches hold a few windows: batches of 16 take a fifth longer (benchmarks/scoring_speed.py)
            size = min(self.batch_size, 4) if self.device.type == "cpu" else self.batch_size
            with unchanged_weights():
                for batch in encoding.batches(lengths, size):
                    self._run([windows[i] for i in batch])
        finally:
            hook.remove()
            self.model.train(was_training)
        return [g.prediction() for g in gathered]

    def _gathering(self, document: encoding.EncodedDocument) -> _Gathering:
        words, labels = len(document.row.words), len(self.labels)
        hidden = self.model.config.hidden_size
        gathering = _Gathering(
            document, np.zeros((words, labels), np.float32), np.zeros(words, np.int16), np.zeros(hidden, np.float64)
        )
        if self.keeps_states:
            gathering.states = np.zeros((words, hidden), np.float16)
        return gathering

    def _run(self, windows: list[Any]) -> None:
        logits, hidden = self._computed([(g.document, page, window) for g, page, _, window in windows])
        for i, (g, page, number, window) in enumerate(windows):
            words, logprobs, positions = word_predictions.decided(self.encoder, page, window, logits[i])
            g.logprobs[words] = logprobs
            g.word_window[words] = number
            if hidden is not None:
                g.total += hidden[i, positions].sum(axis=0)
                if g.states is not None:
                    g.states[words] = word_predictions.averaged(self.encoder, page, window, hidden[i, positions])
            g.count += len(positions)

    def _computed(self, windows: Sequence[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Logits, and what the head saw: (windows, tokens, labels or hidden)."""
        features = [self.encoder.features(*window) for window in windows]
        padded = self.collator(features, padding(self.device, bf16=self.bf16))
        tensors = {name: t.to(self.device) for name, t in padded.items() if name != "labels"}
        if self.session is not None:
            return self.session(tensors), None
        self._hidden.clear()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            logits = self.model(**tensors).logits.float().cpu().numpy()
        return logits, self._hidden.pop().float().cpu().numpy()

    def tensors(self, documents: Sequence[encoding.EncodedDocument]) -> dict[str, torch.Tensor]:
        """What the model is given for the first two windows of documents; a single one is repeated."""
        windows = [(d, page, w) for d in documents for page in d.pages for w in page.windows]
        features = [self.encoder.features(*window) for window in (windows * 2)[:2]]
        return {name: tensor for name, tensor in self.collator(features).items() if name != "labels"}


def load(folder: Path, device: torch.device | None = None, batch_size: int = 16) -> tuple[Predictor, Description]:
    """A model folder, ready to predict. The folder is not trusted: no pickles, no code.

    Raises:
        InputProblem: it is no model folder, not safe, or damaged.
    """
    model_folders.check_folder(folder, fine_tuned=True)
    model = loading.pretrained(AutoModelForTokenClassification, str(folder), new_head=False)
    labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
    if "O" not in labels:
        raise InputProblem(
            f"{folder} is no model of fields: its labels are {', '.join(repr(label[:40]) for label in labels[:5])} …",
            "Fine-tune it first.",
        )
    description = describe(folder, model.config.model_type)
    tokenizer = loading.fitting_tokenizer(model, str(folder))
    device = device or choose_device("auto")
    encoder = encoding.Encoder(tokenizer, labels, description.data, description.sep_box)
    collator = encoding.Collator(
        tokenizer,
        boxes=families.spec(description.family).boxes,
        picture=loading.picture_processor(model),
        most=description.data.max_length,
    )
    bf16 = bf16_pays(device, training=False)
    if bf16 and device.type == "cpu":
        attend_in_bf16(model)
        read_packed(model)
    return Predictor(model.to(device), encoder, collator, device, bf16, batch_size), description


def describe(folder: Path, model_type: str) -> Description:
    """What a model folder says of itself; sensible assumptions where it is a plain Hugging Face folder."""
    path = folder / MODEL_DESCRIPTION
    if not path.exists():
        family = families.infer(str(folder))
        positions = families.base(family, str(folder))
        length = min(512, positions.positions) if positions else 512
        return Description(family=family, data=Data(max_length=length), sep_box=1000 if model_type == "layoutlm" else 0)
    try:
        description = Description.model_validate(json.loads(read_regular(path)))
    except (OSError, ValueError, RecursionError) as error:
        raise InputProblem(f"{path} cannot be read: {error}", "Copy the model folder again.") from error
    known = families.base(description.family, str(folder))
    if known and description.data.max_length > known.positions:
        raise InputProblem(
            f"{path} reads {description.data.max_length} tokens at once, its model {known.positions}.",
            "Copy the model folder again.",
        )
    return description


def load_named(name: str, device: torch.device | None = None) -> tuple[Predictor, Description]:
    """The model of a folder, or the starter as it came with the program ("starter")."""
    if name != "starter":
        return load(Path(name), device)
    module = importlib.import_module(families.spec("starter").module)
    predictor, description = load(module.shipped(), device)
    return predictor, description.model_copy(update={"once": sorted(predictor.fields)})
