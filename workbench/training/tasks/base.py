"""What training asks of a task. [worker]"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.training.encoding import EncodedDocument, Encoder
from workbench.training.models.loading import Built

Documents = Mapping[str, Sequence[parquet.FrozenDocument]]
"""The labelled documents of each split."""


class TaskPredictor(Protocol):
    """A model on its device, ready to predict documents."""

    collator: Any

    def predict(self, documents: Iterable[parquet.FrozenDocument]) -> Iterator[Any]:
        """Predictions in the order of the documents."""
        ...

    def predict_encoded(self, documents: Sequence[EncodedDocument]) -> list[Any]:
        """Predictions for documents that are encoded already."""
        ...


class Task(Protocol):
    """What a run learns, and how its predictions are measured."""

    name: str
    labels: list[str]
    once: frozenset[str]  # fields of which a document has one value

    @property
    def guess(self) -> float:
        """The loss of a model that takes all labels for equally likely."""
        ...

    def is_labelled(self, row: parquet.FrozenDocument) -> bool:
        """Whether a document has a label that the run learns."""
        ...

    def notes(self, documents: Documents) -> list[str]:
        """What is worth a note about the documents.

        Raises:
            RunProblem: nothing can be learned from them.
        """
        ...

    def counts(self, documents: Sequence[parquet.FrozenDocument]) -> Counter[str]:
        """How often each label occurs, for class weights."""
        ...

    def encoder(self, built: Built, request: Request) -> Encoder:
        """What makes windows of documents."""
        ...

    def training_set(self, encoder: Encoder, documents: Sequence[EncodedDocument], request: Request) -> Any:
        """The windows to learn from: a torch Dataset with `lengths` and `epoch`."""
        ...

    def predictor(self, built: Built, encoder: Encoder, request: Request, **options: Any) -> TaskPredictor:
        """The model, ready to predict; `options` are device, bf16, batch_size and multiple (of padding)."""
        ...

    def report(self, folder: Path) -> dict[str, Any]:
        """What the run's report keeps besides the figures, from its stored predictions."""
        ...

    def suggest(self, folder: Path) -> None:
        """Leave suggestions for the pool in the folder, where its predictions are not enough."""
        ...

    def explain(self, folder: Path, predictor: TaskPredictor, judged: Mapping[str, Sequence[Any]]) -> None:
        """Leave in the folder what made the model judge documents wrongly, where the task shows that."""
        ...

    def figures(self, predictions: Sequence[Any]) -> dict[str, Any]:
        """`documents`, `loss`, `precision`, `recall`, `f1`, `support`, and `fields`: the same for each of them."""
        ...
