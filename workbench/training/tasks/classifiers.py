"""A model folder that tells what whole documents are, ready to predict. [worker]"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from workbench.runs import parquet
from workbench.runs.config import families
from workbench.runs.model_folders import check as model_folders
from workbench.training import encoding
from workbench.training.device import bf16_pays, choose_device
from workbench.training.models import loading
from workbench.training.predictor import Description
from workbench.training.tasks.baseline import Baseline, text_of
from workbench.training.tasks.classes import ClassCollator, ClassPrediction, ClassPredictor


@dataclass(slots=True)
class BaselinePredictor:
    """A baseline, asked as other models are."""

    baseline: Baseline

    @property
    def labels(self) -> list[str]:
        """The order of the probabilities."""
        return self.baseline.labels

    def predict(self, documents: Iterable[parquet.FrozenDocument], chunk: int = 1000) -> Iterator[ClassPrediction]:
        """Predictions in the order of the documents."""
        remaining = iter(documents)
        while some := list(islice(remaining, chunk)):
            shares = self.baseline.probabilities([text_of(row) for row in some]).astype(np.float32)
            for row, probabilities in zip(some, shares, strict=True):
                yield ClassPrediction(row, probabilities, np.zeros(0, np.float32), 1)


def load(
    folder: Path, description: Description, device: torch.device | None = None
) -> ClassPredictor | BaselinePredictor:
    """The classifier of a model folder. The folder is not trusted: no pickles, no code.

    Raises:
        InputProblem: it is no model folder, not safe, or damaged.
    """
    if description.family == "baseline":
        return BaselinePredictor(Baseline.load(folder))
    model_folders.check_folder(folder, fine_tuned=True)
    model = loading.pretrained(AutoModelForSequenceClassification, str(folder), new_head=False)
    tokenizer = loading.fitting_tokenizer(model, str(folder))
    device = device or choose_device("auto")
    encoder = encoding.Encoder(tokenizer, ["O"], description.data, description.sep_box)
    collator = encoding.Collator(
        tokenizer,
        boxes=families.spec(description.family).boxes,
        picture=loading.picture_processor(model),
        most=description.data.max_length,
    )
    return ClassPredictor(
        model.to(device), encoder, ClassCollator(collator), device, bf16_pays(device, training=False), 32
    )
