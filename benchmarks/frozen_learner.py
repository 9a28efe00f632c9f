"""A cheap way to train the starter, so that loops can be simulated by the hundred on a small machine.

The lowest layers stay as they came (the product's `train.freeze: lowest`), so what they make of a document never
changes: it is computed once and kept in a file, and only the layers above and the head are trained, with the preset's
learning rate, schedule and batch. All else is the product's: the shipped starter and how its head is carried over, the
windows, the loss, the decoding to words, the files of a run folder.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from transformers import get_linear_schedule_with_warmup

from workbench.predictions.cases import labelled_once
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.training import word_predictions
from workbench.training.device import choose_device
from workbench.training.encoding import IGNORED, Collator, EncodedDocument, EncodedPage, Encoder, Window, batches
from workbench.training.models import starter
from workbench.training.models.loading import labels_of
from workbench.training.predictor import DocumentPrediction
from workbench.training.trainer import loss_function


@dataclass(frozen=True, slots=True)
class Part:
    """One window of a document with what the frozen layers made of it."""

    document: int  # position in the list of documents
    page: EncodedPage
    number: int
    window: Window
    hidden: torch.Tensor  # tokens x hidden
    labels: torch.Tensor  # tokens


class FrozenLearner:
    """Turns a run folder with a request and a dataset into one with predictions; stands where the worker does.

    Args:
        kept: the file of the frozen layers' output.
        layers: how many below the head are trained as well.
        epochs: passes over the training documents, from the base and on from another model.
        base: a folder to begin from with a new head; "": the starter, with the head that it has.
        least: steps at least, from the base and on from another model: few documents need more passes.
    """

    def __init__(
        self, kept: Path, layers: int, epochs: tuple[int, int], base: str = "", least: tuple[int, int] = (60, 30)
    ) -> None:
        self._kept, self._layers, self._epochs, self._base, self._least = kept, layers, epochs, base, least
        self._hidden: dict[str, torch.Tensor] = torch.load(kept) if kept.is_file() else {}
        self._device = choose_device("auto")

    def __call__(self, folder: Path) -> None:
        """Train, predict every document once, write predictions.parquet."""
        request = Request.read(folder)
        torch.manual_seed(request.config.train.seed)
        labels = labels_of(request.fields)
        model = request.config.model
        beginning = {"name": self._base, "carry_head": not self._base}
        plain = request.config.model_copy(update={"model": model.model_copy(update=beginning)})
        built = starter.build(plain, request.fields)  # what is frozen is the base's, wherever the rest comes from
        built.model.to(self._device)
        encoder = Encoder(built.tokenizer, labels, request.config.data, built.sep_box)
        splits = {s: rows for s in parquet.SPLITS if (rows := parquet.read(RunFolder(folder).dataset(s)))}
        parts = {s: self._parts(built, encoder, [encoder.encode(row) for row in rows]) for s, rows in splits.items()}
        top = torch.nn.ModuleList([*built.model.layoutlm.encoder.layer[self._frozen(built) :], built.model.classifier])
        if request.parent:
            top.load_state_dict(torch.load(Path(model.name) / "top.pt", map_location=self._device))
        self._train(top, parts["train"], request)
        (folder / "model").mkdir(exist_ok=True)
        torch.save(top.state_dict(), folder / "model" / "top.pt")
        predictions = [
            outcome.as_row(split, labels)
            for split, rows in splits.items()
            for outcome in _predicted(top, encoder, rows, parts[split])
        ]
        once = labelled_once(row.tags for row in splits["train"])
        parquet.write_predictions(folder / "predictions.parquet", predictions, once)

    def _frozen(self, built: Any) -> int:
        return len(built.model.layoutlm.encoder.layer) - self._layers

    def _parts(self, built: Any, encoder: Encoder, documents: Sequence[EncodedDocument]) -> list[Part]:
        collator = Collator(built.tokenizer, boxes=True)
        frozen = self._frozen(built)
        built.model.eval()
        windows, fresh = [], False
        for position, document in enumerate(documents):
            for page in document.pages:
                for number, window in enumerate(page.windows):
                    key = f"{frozen}-{document.row.document}-{page.number}-{number}"
                    features = encoder.features(document, page, window)
                    if key not in self._hidden:
                        fresh = True
                        tensors = collator([features])
                        tensors.pop("labels", None)
                        with torch.inference_mode():
                            tensors = {name: tensor.to(self._device) for name, tensor in tensors.items()}
                            states = built.model(**tensors, output_hidden_states=True).hidden_states
                        self._hidden[key] = states[frozen][0].half().cpu()
                    tags = features.labels if features.labels is not None else np.full(len(features.ids), IGNORED)
                    hidden = self._hidden[key]
                    labels = torch.from_numpy(tags.astype(np.int64))
                    windows.append(Part(position, page, number, window, hidden, labels))
        if fresh:
            draft = self._kept.with_suffix(".part")
            torch.save(self._hidden, draft)
            draft.replace(self._kept)
        return windows

    def _train(self, top: torch.nn.ModuleList, parts: Sequence[Part], request: Request) -> None:
        settings = request.config.train
        size = settings.per_device_train_batch_size
        chance = random.Random(settings.seed)
        a_pass = -(-len(parts) // size)
        further = bool(request.parent)
        steps = max(self._least[further], self._epochs[further] * a_pass)
        loss = loss_function(request.config.regularization, None)
        optimizer = torch.optim.AdamW(top.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
        schedule = get_linear_schedule_with_warmup(optimizer, round(settings.warmup_ratio * steps), steps)
        for done, batch in enumerate(_endless(parts, size, chance)):
            if done == steps:
                break
            logits, _ = _forward(top, [part.hidden for part in batch])
            labels = torch.nn.utils.rnn.pad_sequence([part.labels for part in batch], True, IGNORED).to(self._device)
            optimizer.zero_grad()
            loss(SimpleNamespace(logits=logits), labels).backward()
            torch.nn.utils.clip_grad_norm_(top.parameters(), settings.max_grad_norm)
            optimizer.step()
            schedule.step()


def _endless(parts: Sequence[Part], size: int, chance: random.Random) -> Iterator[list[Part]]:
    while True:
        mixed = chance.sample(parts, len(parts))
        yield from (mixed[start : start + size] for start in range(0, len(mixed), size))


def _forward(top: torch.nn.ModuleList, tensors: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits, and what the head saw."""
    hidden = torch.nn.utils.rnn.pad_sequence([tensor.float() for tensor in tensors], True)
    lengths = torch.tensor([len(tensor) for tensor in tensors])
    mask = torch.arange(hidden.shape[1])[None] < lengths[:, None]
    device = top[-1].weight.device
    hidden, mask = hidden.to(device), mask.to(device)
    for layer in list(top)[:-1]:
        hidden = layer(hidden, mask[:, None, None, :].expand(-1, 1, hidden.shape[1], -1))
    return top[-1](hidden), hidden


@torch.inference_mode()
def _predicted(
    top: torch.nn.ModuleList, encoder: Encoder, documents: Sequence[parquet.FrozenDocument], parts: Sequence[Part]
) -> list[DocumentPrediction]:
    width = parts[0].hidden.shape[1]
    outcomes = [
        DocumentPrediction(
            row,
            np.zeros((len(row.words), len(encoder.labels)), np.float32),
            np.zeros(width, np.float32),
            np.zeros(len(row.words), np.int16),
            0,
            False,
        )
        for row in documents
    ]
    counts = np.zeros(len(documents))
    for batch in batches([len(part.hidden) for part in parts], 8):
        logits, hidden = (tensor.cpu() for tensor in _forward(top, [parts[i].hidden for i in batch]))
        for row, i in enumerate(batch):
            part, outcome = parts[i], outcomes[parts[i].document]
            words, logprobs, positions = word_predictions.decided(encoder, part.page, part.window, logits[row].numpy())
            outcome.probabilities[words] = np.exp(logprobs)
            outcome.word_window[words] = part.number
            outcome.windows += 1
            outcome.embedding += hidden[row, positions].sum(axis=0).numpy()
            counts[part.document] += len(positions)
    for outcome, count in zip(outcomes, counts, strict=True):
        outcome.embedding /= max(1, count)
    return outcomes
