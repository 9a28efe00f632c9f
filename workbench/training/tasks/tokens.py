"""Fields on the words of a page. [worker]"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.exceptions import RunProblem
from workbench.evaluation import report as evaluation
from workbench.fields import FieldType, field_of_tag
from workbench.predictions import suggestions
from workbench.predictions.cases import labelled_once
from workbench.predictions.run_reader import fields_labelled, in_pieces
from workbench.runs import parquet
from workbench.runs.config import families
from workbench.runs.config.request import Request
from workbench.training import scoring
from workbench.training.encoding import Collator, EncodedDocument, Encoder
from workbench.training.models.loading import Built, labels_of
from workbench.training.predictor import DocumentPrediction, Predictor
from workbench.training.tasks.base import Documents, TaskPredictor
from workbench.training.trainer import Windows


@dataclass(slots=True)
class TokenTask:
    """Labels are BIO tags."""

    labels: list[str]
    fields: frozenset[str]
    labelled: frozenset[str]  # fields with a label on some document: predictions of others cannot be judged
    name: str = parquet.TOKENS
    once: frozenset[str] = frozenset()  # fields of which a training document has one value
    in_pieces: frozenset[str] = frozenset()  # fields whose values may be printed in several pieces

    @classmethod
    def of(cls, request: Request, folder: Path) -> "TokenTask":
        fields = frozenset(f.id for f in request.fields)
        return cls(labels_of(request.fields), fields, fields_labelled(folder), in_pieces=in_pieces(folder))

    @property
    def guess(self) -> float:
        """The logarithm of the number of labels."""
        return math.log(len(self.labels))

    def is_labelled(self, row: parquet.FrozenDocument) -> bool:
        """Whether it has tags, be they all O."""
        return row.tags is not None

    def notes(self, documents: Documents) -> list[str]:
        """Fields that cannot be learnt.

        Raises:
            RunProblem: no word carries a label.
        """
        self.once = labelled_once(row.tags for row in documents["train"])
        used = {field_of_tag(tag) for row in documents["train"] for tag in row.tags or () if tag != "O"}
        if not used & self.fields:
            raise RunProblem("No word of the training documents carries a label.", "Label a few documents first.")
        measured = {
            field_of_tag(tag)
            for side in ("validation", "test")
            for row in documents[side]
            for tag in row.tags or ()
            if tag != "O"
        }
        unlearnt = sorted((measured - used) & self.fields)
        if not unlearnt:
            return []
        return [f"Only outside the training documents, so it cannot be learnt: {', '.join(unlearnt)}."]

    def counts(self, documents: Sequence[parquet.FrozenDocument]) -> Counter[str]:
        """Words by tag."""
        return Counter(tag for row in documents for tag in row.tags or ())

    def encoder(self, built: Built, request: Request) -> Encoder:
        """Windows with a tag a token."""
        return Encoder(built.tokenizer, self.labels, request.config.data, built.sep_box)

    def training_set(self, encoder: Encoder, documents: Sequence[EncodedDocument], request: Request) -> Windows:
        """The windows, changed anew in every epoch where there is augmentation."""
        config = request.config
        parties = [field.id for field in request.fields if field.type == FieldType.PARTY]
        return Windows(encoder, documents, config.augmentation, config.train.seed, parties)

    def predictor(self, built: Built, encoder: Encoder, request: Request, **options: Any) -> Predictor:
        """Probabilities word by word."""
        family = families.spec(request.config.model.family)
        collator = Collator(
            built.tokenizer, boxes=family.boxes, picture=built.picture, multiple=options.pop("multiple"),
            most=request.config.data.max_length,
        )  # fmt: skip
        return Predictor(built.model, encoder, collator, **options)

    def report(self, folder: Path) -> dict[str, Any]:
        """The full evaluation, and how the model and the rules about places stood to each other."""
        measured = evaluation.final(folder, scoring.strict_scores)
        return {"evaluation": measured, "readers": suggestions.readers(folder, measured)}

    def suggest(self, folder: Path) -> None:
        """Weigh the predictions of the pool."""
        suggestions.write(folder, folder)

    def explain(self, folder: Path, predictor: TaskPredictor, judged: Mapping[str, Sequence[Any]]) -> None:
        """Nothing: what is read of a place stands at that place."""

    def figures(self, predictions: Sequence[DocumentPrediction]) -> dict[str, Any]:
        """Strict figures, by the definition of `workbench evaluate`."""
        return scoring.figures(predictions, self.labels, self.once, self.labelled, self.in_pieces)
