"""The model of a server, ready to read documents; the only module here that loads torch. [worker]"""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from storage.records import Content
from workbench import __version__
from workbench.evaluation import prediction_process
from workbench.evaluation.classes.several import THRESHOLD
from workbench.fields import Field, Schema
from workbench.fields.values import joined
from workbench.predictions import extraction, run_reader, suggestions
from workbench.predictions.cases import Case
from workbench.runs import parquet, snapshot
from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec
from workbench.runs.model_folders import onnx_form
from workbench.runs.state import RunFolder
from workbench.runs.suggestions_file import Proposal
from workbench.serving.documents import Sent
from workbench.serving.schemas import RECEIPT, SENTENCE, FieldInfo, FieldValue, Info, Prediction, Refused, Score
from workbench.settings import Settings
from workbench.training.device import has_bf16
from workbench.training.onnx_model import form_check
from workbench.training.onnx_model.session import OnnxSession
from workbench.training.prediction_run import load_any
from workbench.training.predictor import Description

UNSURE_OCR = 0.8
"""Below this mean confidence of the OCR, an answer has a warning."""
_TURNS = 3
"""Of each form of the model at the warm-up, of which the fastest counts."""
_COPIES = 10
"""Of the example's words on the page of the warm-up: few words are read equally fast by every form."""
_COLOUR = "#888888"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document as the model reads it."""

    sent: Sent
    row: parquet.FrozenDocument
    encoded: Any  # EncodedDocument; None for a model that counts words
    tokens: int


@dataclass(frozen=True, slots=True)
class Read:
    """What the model made of a document."""

    proposals: tuple[Proposal, ...]
    probabilities: dict[str, float]  # of the options of a class
    case: Case | None
    windows: int
    truncated: bool


class Engine:
    """A model with what its run learned about itself. `prepare` and `answer` may be called from several threads.

    Args:
        model: "starter" or the path of a model folder.
        name: as the model was named.
        settings: the workspace's; where there is none, the model's own fields are read.

    Raises:
        InputProblem: the model cannot be used.
    """

    def __init__(self, model: str, name: str, settings: Settings | None) -> None:
        self.name = name
        self.predictor, self.description = load_any(model)
        self._model = model
        if model == prediction_process.STARTER:
            self.description = self.description.model_copy(update={"family": "starter"})
        self.task = self.description.task
        self._run = suggestions.source_run(model)
        self.settings = _fitting(settings, self.description)
        self.classifies = self.task == parquet.CLASSES
        self.several = self.classifies and any(field.multiple for field in self.description.fields)
        self._trust = None if self.classifies else suggestions.trust_of(self.settings, self._run)
        self._fields = {field.id for field in self.settings.schema.spans}
        self.warm_up_seconds = 0.0
        self.speed = 0.0  # tokens a second, measured by the warm-up
        self.onnx_speed: float | None = None  # times the model's own; None where it was not measured

    def prepare(self, sent: Sent) -> Prepared:
        """The windows of a document."""
        row = snapshot.row_of(sent.content, set(), sent.picture)
        if not hasattr(self.predictor, "encoder"):
            return Prepared(sent, row, None, len(row.words))
        encoded = self.predictor.encoder.encode(row)
        return Prepared(sent, row, encoded, encoded.tokens + 2 * encoded.windows)

    def run(self, documents: Sequence[Prepared]) -> list[Any]:
        """The model's predictions, in order; in one thread at a time."""
        if documents[0].encoded is None:
            return list(self.predictor.predict([document.row for document in documents]))
        return list(self.predictor.predict_encoded([document.encoded for document in documents]))

    def warm_up(self, sent: Iterable[Sent]) -> None:
        """Read documents, so that the first request waits for nothing."""
        began = time.monotonic()
        prepared = [self.prepare(document) for document in sent]
        for document, prediction in zip(prepared, self.run(prepared), strict=True):
            self.answer(document.sent, self.read(document, prediction), raw=False)
        self._choose_runtime(prepared)
        ready = time.monotonic()
        self.run(prepared)
        self.speed = sum(document.tokens for document in prepared) / max(time.monotonic() - ready, 1e-6)
        self.warm_up_seconds = round(time.monotonic() - began, 3)

    def _choose_runtime(self, prepared: Sequence[Prepared]) -> None:
        """Of fp32, bf16 where the processor has it, and the model's ONNX form where there is one: the fastest here.

        Raises:
            InputProblem: the ONNX form is not this model.
        """
        if not hasattr(self.predictor, "encoder") or self.predictor.device.type != "cpu":
            return
        forms: dict[str, tuple[bool, OnnxSession | None]] = {"fp32": (False, None)}
        if has_bf16(self.predictor.device):
            forms["bf16"] = (True, None)
        encoded = [document.encoded for document in prepared]
        folder = Path(self._model)
        if onnx_form.read(folder) is not None:
            session = OnnxSession(folder / onnx_form.FILE, torch.get_num_threads())
            form_check.hold_to_model(self.predictor, session, encoded, folder / onnx_form.FILE)
            forms["onnx"] = (False, session)
        if len(forms) == 1:
            self.predictor.bf16 = False
            return
        seconds = dict.fromkeys(forms, math.inf)
        for _ in range(_TURNS):
            for name, form in forms.items():
                self.predictor.bf16, self.predictor.session = form
                began = time.perf_counter()
                self.predictor.predict_encoded(encoded)
                seconds[name] = min(seconds[name], time.perf_counter() - began)
        fastest = min(seconds, key=lambda name: seconds[name])
        self.predictor.bf16, self.predictor.session = forms[fastest]
        if onnx := seconds.pop("onnx", None):
            self.onnx_speed = round(min(seconds.values()) / onnx, 2)

    @property
    def runtime(self) -> str:
        """What computes: "onnx" or "torch"."""
        return "onnx" if getattr(self.predictor, "session", None) is not None else "torch"

    def read(self, document: Prepared, prediction: Any) -> Read:
        """What a prediction means: proposals of fields, or the probabilities of options."""
        stored = prediction.as_row("pool", self.predictor.labels)
        if self.classifies:
            probabilities = parquet.probabilities_of(stored.labels, stored.probabilities)
            return Read((), probabilities, None, stored.windows, stored.truncated)
        row = {name: getattr(document.row, name) for name in document.row.__slots__}
        row_of_prediction = {name: getattr(stored, name) for name in stored.__slots__}
        [case] = run_reader.predicted_cases([(row, row_of_prediction)], frozenset(self.description.once))
        proposals = [p for p in suggestions.proposals(case, self._trust) if p[0] in self._fields]
        return Read(tuple(proposals), {}, case, stored.windows, stored.truncated)

    def answer(self, sent: Sent, read: Read, *, raw: bool) -> Prediction:
        """What is answered for a document."""
        content = sent.content
        warnings = [*sent.notes, *_warnings(content, read)]
        name = content.document.name
        if self.classifies:
            shares = read.probabilities
            return Prediction.model_validate(
                {
                    "document": name,
                    "class": max(shares, key=lambda option: shares[option]),
                    "classes": [o for o, share in shares.items() if share >= THRESHOLD] if self.several else None,
                    "probabilities": {option: share if raw else round(share, 4) for option, share in shares.items()},
                    "warnings": warnings,
                }
            )
        day_first = self.settings.day_first
        result = extraction.extracted(content, read.proposals, self.settings.schema, day_first)
        return Prediction(
            document=name,
            fields={field: _value(content, entry) for field, entry in extraction.by_field(result).items()},
            refused=[Refused(field=r.field, value=r.value, reason=r.reason) for r in result.refused],
            warnings=warnings,
            scores=_scores(read.case) if raw and read.case is not None else None,
        )

    def info(self, limits: dict[str, float], keeps: str) -> Info:
        """What `/info` answers."""
        family = families.FAMILIES.get(self.description.family)
        report = (RunFolder(self._run).read_report() if self._run else None) or {}
        device = getattr(self.predictor, "device", torch.device("cpu"))
        return Info(
            model=self.name,
            version=self.version,
            program=__version__,
            task=self.task,
            family=self.description.family,
            base=Path(self.description.base).name if self.description.base.startswith("/") else self.description.base,
            licence=family.licence if family else "unknown",
            fields=[] if self.classifies else [
                FieldInfo(id=f.id, name=f.name, type=f.type.value) for f in self.settings.schema.spans
            ],
            classes=list(self.predictor.labels) if self.classifies else [],
            figures={name: value for name in ("f1", "documents_right") if (value := _figure(report, name)) is not None},
            device=str(device),
            precision=self._precision(),
            runtime=self.runtime,
            onnx_speed=self.onnx_speed,
            warm_up_seconds=self.warm_up_seconds,
            limits=limits,
            keeps=keeps,
        )  # fmt: skip

    def _precision(self) -> str:
        if self.runtime == "onnx" and (form := onnx_form.read(Path(self._model))):
            return form.precision
        return "bf16" if getattr(self.predictor, "bf16", False) else "fp32"

    @property
    def version(self) -> str:
        """Which training the model is of."""
        return self.description.run or self.description.fingerprint[:12] or __version__

    def samples(self) -> tuple[str, dict[str, Any]]:
        """A text, and a page with as many words as most have, to warm up with and to measure on."""
        height = RECEIPT["height"]
        boxes = [
            [x0, y0 + number * height, x1, y1 + number * height]
            for number in range(_COPIES)
            for x0, y0, x1, y1 in RECEIPT["boxes"]
        ]
        return SENTENCE, {**RECEIPT, "words": RECEIPT["words"] * _COPIES, "boxes": boxes, "height": _COPIES * height}


def _fitting(settings: Settings | None, description: Description) -> Settings:
    """The workspace's settings, or those with the model's own fields."""
    if settings is not None:
        return settings
    specs = description.fields if description.task == parquet.TOKENS else []
    return replace(Settings(), schema=Schema(tuple(map(_field, specs)))) if specs else Settings()


def _field(spec: FieldSpec) -> Field:
    return Field(spec.id, spec.name or spec.id, spec.type, "", _COLOUR, spec.aliases)


def _value(content: Content, entry: extraction.ExtractedField) -> FieldValue:
    return FieldValue(
        value=entry.value,
        normalised=entry.normalised,
        confidence=min(1.0, max(0.0, entry.confidence)),
        page=entry.page,
        box=entry.box,
        words=[content.tokens[token].text for token in entry.tokens],
        source=entry.source,
        second_opinion=entry.second_opinion,
        warnings=list(entry.warnings),
    )


def _warnings(content: Content, read: Read) -> list[str]:
    warnings = []
    if read.windows > len({token.page for token in content.tokens}):
        warnings.append(f"it is longer than the model reads at once: it was read in {read.windows} windows")
    if read.truncated:
        warnings.append("a word was cut to fit into the model")
    sure = [token.confidence for token in content.tokens if token.confidence is not None]
    if sure and (mean := sum(sure) / len(sure)) < UNSURE_OCR:
        warnings.append(f"the OCR is unsure of the words (mean confidence {mean:.2f})")
    return warnings


def _scores(case: Case) -> list[Score]:
    return [
        Score(word=joined([word]), page=page + 1, label=tag, score=round(float(score), 6))
        for word, page, tag, score in zip(case.words, case.pages, case.tags, case.certainty, strict=True)
    ]


def _figure(report: dict[str, Any], name: str) -> float | None:
    value = report.get(name, (report.get("evaluation") or {}).get(name))
    return float(value) if isinstance(value, int | float) else None
