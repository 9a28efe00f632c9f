"""What the layers that a run holds make of a window is computed once. [worker]

The embeddings and the lowest layers of a LayoutLM that are held from the first step to the last give the same for the
same window in every epoch, evaluation and prediction, as long as nothing is dropped in them. So it is kept, window by
window without padding, and only the layers above are computed again. A window's numbers depend on nothing but the
window: a run that is resumed, or that has other batches, gets the same. So does the next run that holds these layers,
for which they are kept on the disk.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from storage.exceptions import ConfigProblem
from workbench.live.feature_files import FeatureFiles
from workbench.runs.config import presets
from workbench.runs.config.request import Request
from workbench.runs.config.tune import TuneConfig
from workbench.training.device import padding
from workbench.training.models import held_files

MOST_BYTES = 512_000_000
"""Of what is kept in memory; of windows beyond, what the held layers make is computed again."""


def layers_held(model: Any, config: TuneConfig) -> int:
    """How many layers a run holds from its first step to its last, and gives the same in; 0: nothing can be kept."""
    layers = _layers_held(model, config)
    held = held_parts(model, layers) if layers else []
    return 0 if any(_drops(part) for module in held for part in module.modules()) else layers


def _layers_held(model: Any, config: TuneConfig) -> int:
    """As `layers_held`, of a model that is only read: nothing is dropped."""
    train = config.train
    if (
        train.freeze != "lowest"
        or train.unfreeze_after_epochs
        or train.gradient_checkpointing
        or config.augmentation.active
        or getattr(model.config, "model_type", "") != "layoutlm"
        or model.device.type != "cpu"
    ):
        return 0
    return min(train.freeze_layers, len(model.base_model.encoder.layer))


def _drops(module: Any) -> bool:
    return (isinstance(module, nn.Dropout) and module.p > 0) or getattr(module, "attention_dropout", 0) > 0


def read_kept(model: Any, folder: Path) -> None:
    """Let a run's model, which is to read documents, take what the run kept of windows; others it computes.

    Args:
        model: loaded, on its device.
        folder: the run's, or any other.
    """
    try:
        layers = _layers_held(model, Request.read(folder).config)
    except (ConfigProblem, OSError):  # no run
        return
    if layers and (files := held_files.of_workspace(folder, held_parts(model, layers))) and files.are_any:
        HeldLayers(model, layers, folder, reads_only=True)


def keep_ahead(model: Any, run: Path | None, features: FeatureFiles) -> None:
    """Let the learner's model keep of the documents that it encodes what the next run needs, and take what was kept.

    Args:
        model: loaded, on its device.
        run: that the model is of; None for the starter, which the preset for a first model begins with.
        features: that the learner keeps.
    """
    try:
        config = presets.preset(presets.FIRST).config if run is None else Request.read(run).config
    except (ConfigProblem, OSError):  # no run
        return
    if layers := _layers_held(model, config):
        HeldLayers(model, layers, beside=features).keeps = False  # in memory: a document is read once


def is_held(layer: Any) -> bool:
    """Whether a layer's work is done before the layers are asked."""
    return layer.forward is _unchanged


def held_parts(model: Any, layers: int) -> list[Any]:
    """The embeddings and the lowest layers."""
    return [model.base_model.embeddings, *model.base_model.encoder.layer[:layers]]


class HeldLayers:
    """Stands in the model for its embeddings and lowest layers. The model's weights and their names stay as they are.

    Args:
        model: a LayoutLM on the CPU.
        layers: how many of its layers, from the bottom, never change from here on.
        run: the run's folder; what its workspace keeps of these layers is read and added to.
        most_bytes: of what is kept in memory.
        beside: features of documents that what is kept lies beside; without a run.
        reads_only: keep nothing of what is computed.

    Attributes:
        keeps: whether what is computed is kept: of the pool every window is read once.
    """

    def __init__(
        self,
        model: Any,
        layers: int,
        run: Path | None = None,
        most_bytes: int = MOST_BYTES,
        *,
        beside: FeatureFiles | None = None,
        reads_only: bool = False,
    ) -> None:
        self.keeps, self._reads_only = not reads_only, reads_only
        self._most, self._bytes = most_bytes, 0
        self._kept: dict[bytes, torch.Tensor] = {}
        self._padding, self._positions = int(model.config.pad_token_id or 0), model.config.max_position_embeddings
        base, held = model.base_model, held_parts(model, layers)
        self._files = held_files.of_workspace(run, held) if run is not None else None
        if beside is not None:
            self._files = held_files.beside(beside, held)
        self._embed: Callable[..., torch.Tensor] = base.embeddings.forward
        self._layers: list[Callable[..., torch.Tensor]] = [layer.forward for layer in base.encoder.layer[:layers]]
        base.embeddings.forward = self._output
        for layer in base.encoder.layer[:layers]:
            layer.forward = _unchanged

    def _output(self, input_ids: torch.Tensor, bbox: torch.Tensor, **_: Any) -> torch.Tensor:
        """What the held layers make of a batch, (windows, tokens, hidden), zeros where a window is padded."""
        lengths = [int(row.nonzero()[-1]) + 1 if row.any() else 0 for row in input_ids != self._padding]
        outputs = [
            self._of_window(ids[:length], boxes[:length])
            for ids, boxes, length in zip(input_ids, bbox, lengths, strict=True)
        ]
        batch = outputs[0].new_zeros(*input_ids.shape, outputs[0].shape[-1])
        for row, output in zip(batch, outputs, strict=True):
            row[: len(output)] = output
        return batch

    @torch.no_grad()
    def _of_window(self, ids: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        bf16 = torch.is_autocast_enabled(ids.device.type)
        key = _key(ids, boxes, bf16=bf16)
        known = self._kept.get(key)
        if known is None and self._files is not None:
            known = self._files.read(key, len(ids))
            if known is None and self._reads_only:  # a run's model is read in the precision that is faster here
                known = self._files.read(_key(ids, boxes, bf16=not bf16), len(ids))
            if known is not None:
                self._keep(key, known)
        if known is not None:
            return known
        more = -len(ids) % padding(ids.device, bf16=bf16)
        more = min(more, self._positions - len(ids))
        padded = functional.pad(ids, (0, more), value=self._padding)
        states = self._embed(input_ids=padded[None], bbox=functional.pad(boxes, (0, 0, 0, more))[None])
        hidden = states.new_zeros(1, 1, 1, len(ids) + more)  # without a mask, attention would look back only
        hidden[..., len(ids) :] = torch.finfo(states.dtype).min
        for layer in self._layers:
            states = layer(states, hidden)
        output = states[0, : len(ids)].contiguous()
        self._keep(key, output)
        if self._files is not None and not self._reads_only:
            self._files.keep(key, output)
        return output

    def _keep(self, key: bytes, output: torch.Tensor) -> None:
        size = output.numel() * output.element_size()
        if self.keeps and self._bytes + size <= self._most:
            self._kept[key] = output
            self._bytes += size


def _key(ids: torch.Tensor, boxes: torch.Tensor, *, bf16: bool) -> bytes:
    """Of a window, and of the precision that it was computed in."""
    content = ids.numpy().tobytes() + boxes.numpy().tobytes() + (b"bf16" if bf16 else b"")
    return hashlib.blake2b(content, digest_size=16).digest()


def _unchanged(hidden_states: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    """The forward of a layer whose work is done already."""
    return hidden_states
