"""Hugging Face's Trainer with our data order, losses, freezing and evaluation. [worker]"""

import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional
from torch.utils.data import Dataset, Sampler
from transformers import Trainer, TrainerCallback

from storage.exceptions import RunProblem
from workbench.fields import field_of_tag
from workbench.runs import machine
from workbench.runs.augmentation import NO_NAMES, PartyNames, change
from workbench.runs.config.tune import Augmentation, Regularization, Train
from workbench.runs.model_folders import weights
from workbench.training import encoding
from workbench.training.engines import sharding


class Diverged(RunProblem):
    """The loss is no number any more, or far beyond what guessing would give."""

    title = "The training diverged"


class Windows(Dataset[encoding.Features]):
    """The windows of the training documents; with augmentation, changed anew in every epoch.

    `parties` are the fields that hold names of sellers and buyers.
    """

    def __init__(
        self,
        encoder: encoding.Encoder,
        documents: Sequence[encoding.EncodedDocument],
        augmentation: Augmentation,
        seed: int,
        parties: Iterable[str] = (),
    ) -> None:
        self._encoder = encoder
        self._names = NO_NAMES
        if augmentation.party_names:
            self._names = PartyNames.of(((d.row.words, d.row.tags or []) for d in documents), parties)
        self._items = [(d, page, window) for d in documents for page in d.pages for window in page.windows]
        self._augmentation = augmentation
        self._seed = seed
        self.epoch = 0
        self.lengths = [int(page.starts[w.end] - page.starts[w.start]) for _, page, w in self._items]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> encoding.Features:
        document, page, window = self._items[index]
        features = self._encoder.features(document, page, window)
        if not self._augmentation.active:
            return features
        units = slice(window.start, window.end)
        members = np.diff(page.word_starts)[units]
        order = [int(word) for word in self._encoder.window_words(page, window)]
        changed = change(
            [document.row.words[word] for word in order],
            np.repeat(page.boxes[units], members, axis=0).tolist(),
            encoding.retag(document.row.tags or [], order),
            self._augmentation,
            seed=hash((self._seed, self.epoch, index)),
            names=self._names,
        )
        picture = features.picture and (features.picture[0], changed.rotation, changed.blur)
        return self._encoder.features_of_words(changed.words, changed.boxes, changed.tags, picture)


class DataOrder(Sampler[int]):
    """A new order every epoch, from the seed alone (so that a resumed run goes on where it was).

    With `grouped`, windows of similar length stand together, batch by batch; the batches are shuffled.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int, *, grouped: bool) -> None:
        self._lengths, self._batch, self._seed, self._grouped = lengths, batch, seed, grouped
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng((self._seed, self.epoch))
        order = random.permutation(len(self._lengths))
        if not self._grouped:
            return iter(order.tolist())
        whole = len(order) - len(order) % self._batch
        span = 32 * self._batch
        batches: list[Any] = []
        for start in range(0, whole, span):
            near = sorted(order[start : min(start + span, whole)], key=lambda i: self._lengths[i])
            batches += [near[i : i + self._batch] for i in range(0, len(near), self._batch)]
        random.shuffle(batches)
        return iter([int(i) for batch in (*batches, order[whole:]) for i in batch])


def class_weights(
    labels: Sequence[str], counts: Mapping[str, int], how: str | Mapping[str, float]
) -> list[float] | None:
    """The weight of each label, so that a word weighs 1 on average; None for all the same.

    Args:
        counts: words of each label in the training documents.
        how: "none", "inverse" (frequency; at most a hundredfold), or label or field id -> weight (1 where not named).
    """
    if how == "none":
        return None
    total = sum(counts.values())
    if how == "inverse":
        raw = [total / (counts.get(label, 0) + 1) for label in labels]
        raw = [min(weight, 100 * min(raw)) for weight in raw]
    else:
        assert not isinstance(how, str)
        raw = [how.get(label, how.get(field_of_tag(label), 1.0)) for label in labels]
    mean = sum(w * counts.get(label, 0) for w, label in zip(raw, labels, strict=True)) / max(1, total)
    return [weight / mean for weight in raw] if mean > 0 else None


def loss_function(settings: Regularization, weights: Sequence[float] | None) -> Callable[..., torch.Tensor]:
    """The loss summed over what is labelled (tokens, or windows), divided by its number in the effective batch.

    Labels that are numbers of type float say of each option whether it is so: its binary cross-entropy counts.
    """
    weight = None if weights is None else torch.tensor(weights)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
        logits = outputs.logits.float()
        if labels.is_floating_point():
            return _binary_loss(logits, labels, settings, weight, num_items_in_batch)
        logits, labels = logits.reshape(-1, logits.shape[-1]), labels.flatten()
        count = (labels != encoding.IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
        each = functional.cross_entropy(
            logits, labels, None if weight is None else weight.to(logits.device),
            ignore_index=encoding.IGNORED, label_smoothing=settings.label_smoothing_factor, reduction="none",
        )  # fmt: skip
        if settings.loss == "focal":
            sure = logits.log_softmax(-1).gather(1, labels.clamp(min=0)[:, None])[:, 0].exp()
            each = (1 - sure) ** settings.focal_gamma * each
        total: torch.Tensor = each.sum() / count
        return total

    return loss


def _binary_loss(
    logits: torch.Tensor, labels: torch.Tensor, settings: Regularization, weight: torch.Tensor | None, count: Any
) -> torch.Tensor:
    """Binary cross-entropy of each option, summed and divided by their number in the effective batch."""
    smoothing = settings.label_smoothing_factor
    wanted = labels * (1 - smoothing) + smoothing / 2
    each = functional.binary_cross_entropy_with_logits(
        logits, wanted, None if weight is None else weight.to(logits.device), reduction="none"
    )
    if settings.loss == "focal":
        right = torch.where(labels > 0.5, logits, -logits).sigmoid()
        each = (1 - right) ** settings.focal_gamma * each
    total: torch.Tensor = each.sum() / (labels.numel() if count is None else count)
    return total


class AdamThenSGD(torch.optim.AdamW):
    """AdamW for the first k steps, then SGD with momentum. The state survives a checkpoint."""

    def __init__(self, params: Any, *, after: int, ratio: float, momentum: float, **adam: Any) -> None:
        super().__init__(params, **adam)
        for group in self.param_groups:
            group |= {"after": after, "ratio": ratio, "momentum": momentum, "done": 0}

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step by whichever rule it is the time of."""
        if self.param_groups[0]["done"] < self.param_groups[0]["after"]:
            result = super().step(closure)
        else:
            result = None if closure is None else closure()
            for group in self.param_groups:
                for weight in group["params"]:
                    if weight.grad is not None:
                        self._descend(weight, group)
        for group in self.param_groups:
            group["done"] += 1
        return result

    def _descend(self, weight: torch.Tensor, group: dict[str, Any]) -> None:
        assert weight.grad is not None
        gradient = weight.grad.add(weight, alpha=group["weight_decay"])
        state = self.state[weight]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        state["velocity"].mul_(group["momentum"]).add_(gradient)
        weight.add_(state["velocity"], alpha=-group["lr"] * group["ratio"])


class Freezing(TrainerCallback):  # type: ignore[misc]
    """Holds and thaws weights by epoch. What the family holds for good (smooth tables) stays held."""

    def __init__(self, model: Any, settings: Train) -> None:
        self._settings = settings
        own = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
        self._head = [weight for name, weight in own if name.startswith("classifier")]
        layers = int(model.config.num_hidden_layers)
        self._layers: list[list[Any]] = [[] for _ in range(layers + 1)]  # 0: embeddings and the rest
        for name, weight in own:
            if not name.startswith("classifier"):
                parts = name.split(".")
                numbers = [
                    int(p) for before, p in itertools.pairwise(parts) if before in ("layer", "layers") and p.isdigit()
                ]
                self._layers[numbers[0] + 1 if numbers and numbers[0] < layers else 0].append(weight)

    def held(self, epoch: float) -> int:
        """How many of the embeddings (1) and layers (counted from the bottom) are held at this point."""
        how, after = self._settings.freeze, self._settings.unfreeze_after_epochs
        everything = len(self._layers)
        if how == "none" or (how != "gradual" and after and epoch >= after):
            return 0
        if how == "head_only":
            return everything
        if how == "lowest":
            return min(self._settings.freeze_layers + 1, everything)
        return max(0, everything - int(epoch / (after or 1)))

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        held = self.held(round(state.epoch or 0, 6))
        for i, layer in enumerate(self._layers):
            for weight in layer:
                weight.requires_grad_(i >= held)


@dataclass(slots=True)
class Throughput:
    """What has gone through the model since the last log. Tokens are real ones, without padding."""

    tokens: Any = 0
    windows: int = 0

    def add(self, inputs: Any) -> None:
        """Count a batch."""
        self.tokens = self.tokens + inputs["attention_mask"].sum()
        self.windows += len(inputs["input_ids"])


class WhereTheBestIs(TrainerCallback):  # type: ignore[misc]
    """Finds the best checkpoint of a run that goes on in another folder: the state has the path that it began in."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        place = Path(args.output_dir) / f"checkpoint-{state.best_global_step}"
        if state.best_global_step and (place / weights.FILE).is_file():
            state.best_model_checkpoint = str(place)


class Tuner(Trainer):  # type: ignore[misc]
    def __init__(
        self, *, order: DataOrder, assess: Callable[[int, float], dict[str, float]], guess: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.control: Any
        self.order = order
        self._assess = assess
        self._guess = guess  # the loss of guessing
        self._recent: list[float] = []
        self.meter = Throughput()
        # Several GPUs are used by as many processes; one process uses one.
        self.args._n_gpu = min(1, self.args.n_gpu)

    def _build_accelerator_args(self, **kwargs: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = super()._build_accelerator_args(**kwargs)
        if arguments.get("fsdp_plugin") is not None:
            sharding.prepare(self.model, arguments["fsdp_plugin"], arguments.get("mixed_precision"))
        return arguments

    def _get_train_sampler(self, train_dataset: Any = None) -> DataOrder:
        return self.order

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """One batch, forward and backward; counts its real tokens and watches the loss.

        Raises:
            Diverged: the loss is no number, or has been far worse than guessing for twenty batches.
        """
        self.meter.add(inputs)
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        self.watch(float(loss))
        return loss

    def _get_learning_rate(self) -> float:
        """The rate of the rule in force: SGD has its own."""
        rate: float = super()._get_learning_rate()
        group = self.optimizer.param_groups[0]
        return rate * group["ratio"] if "after" in group and group["done"] > group["after"] else rate

    def watch(self, share: float) -> None:
        """Look at the loss of a batch, as its share of the effective batch's.

        Raises:
            Diverged: as `training_step`.
        """
        loss = share * self.args.gradient_accumulation_steps
        self._recent = [*self._recent[-19:], loss]
        where = f"at step {self.state.global_step + 1}"
        remedy = (
            "Lower the learning rate (×0.3), set warmup_ratio to 0.1 and max_grad_norm to 1; bf16 instead of fp16. "
            "The checkpoints before it are kept."
        )
        if not math.isfinite(loss):
            raise Diverged(f"The loss was no number any more {where}.", remedy)
        if len(self._recent) == 20 and sum(self._recent) / 20 > 4 * self._guess:
            raise Diverged(
                f"The loss rose to {sum(self._recent) / 20:.1f} {where}; guessing gives {self._guess:.1f}.", remedy
            )

    def _load_best_model(self) -> None:
        """Have the weights of the best evaluation; with a folder for each process only the first has DeepSpeed's."""
        if self.is_deepspeed_enabled and machine.SEPARATE in os.environ:
            best = Path(self.state.best_model_checkpoint) / weights.FILE
            if best.is_file():  # what follows is the first process's alone
                self.model.load_state_dict(load_file(best), strict=False)  # tied weights stand there once
        else:
            super()._load_best_model()

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Figures over whole documents instead of the Trainer's own over windows."""
        metrics = self._assess(self.state.global_step, float(self.state.epoch or 0))
        self.log({name: figure for name, figure in metrics.items() if name != "eval_selection"})
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class BestCheckpoint:
    """Which evaluation is the best: by F1 (ties go to the lower loss) or by loss. Higher is better."""

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self.best: float | None = None

    def value(self, figures: dict[str, Any]) -> float:
        """The figure that the Trainer compares."""
        loss = min(float(figures["loss"]), 100.0)
        return -loss if self._metric == "loss" else float(figures["f1"]) - 1e-4 * loss

    def better(self, figures: dict[str, Any] | None) -> bool:
        """Whether these are the best so far."""
        if figures is None or (self.best is not None and self.value(figures) <= self.best):
            return False
        self.best = self.value(figures)
        return True
