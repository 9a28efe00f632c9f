"""Reading windows behind one another instead of beside one another, in bf16 on a CPU. [worker]

A batch of windows is padded to its longest, and the library computes what is padded, too. Where nothing is learned, the
layers here get the windows' tokens as one long row without padding: only attention has to know where a window ends.
The row is worked on part by part, so that what is made of a part stays in the processor's cache and the same memory is
used again: large tensors are new memory each time, which took a tenth of reading (docs/measurements.md).
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.nn.functional import linear
from transformers.modeling_outputs import BaseModelOutput

from workbench.training.device import padding
from workbench.training.models.attention import MOST_SCORES, attended_to
from workbench.training.models.held_layers import is_held

_PART = 512  # tokens
_Weights = list[tuple[torch.Tensor, torch.Tensor]]
"""(weight, bias) of a layer's products."""


class _Kept(threading.local):
    """Weights in bf16, while a model is read and does not change."""

    layers: dict[Any, _Weights] | None = None

    def weights(self, layer: Any) -> _Weights:
        if self.layers is None:
            return _weights(layer)
        return self.layers.get(layer) or self.layers.setdefault(layer, _weights(layer))


_KEPT = _Kept()


@contextmanager
def unchanged_weights() -> Iterator[None]:
    """Until its end no weight of a model changes, so that each is made bf16 once."""
    before, _KEPT.layers = _KEPT.layers, {}
    try:
        yield
    finally:
        _KEPT.layers = before


def read_packed(model: Any) -> None:
    """Let a LayoutLM read in bf16 on a CPU without padding; where it learns, or in fp32, it stays as it was."""
    if getattr(model.config, "model_type", "") == "layoutlm":
        encoder = model.base_model.encoder
        encoder.forward = MethodType(_forward, encoder)  # a copy of the model asks its own layers


def _forward(
    encoder: Any, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, **options: Any
) -> Any:
    if attention_mask is None or not _can_be_packed(encoder, hidden_states):
        return type(encoder).forward(encoder, hidden_states, attention_mask, **options)
    lengths = (attention_mask[:, 0, 0] == 0).sum(-1).tolist()  # windows are padded at their end
    return BaseModelOutput(last_hidden_state=_read(encoder, hidden_states, lengths))


def _can_be_packed(encoder: Any, states: torch.Tensor) -> bool:
    """Whether only products of bf16 are asked for, without gradients and without dropout."""
    heads = encoder.config.num_attention_heads
    return (
        not torch.is_grad_enabled()
        and states.device.type == "cpu"
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") == torch.bfloat16
        and heads * states.shape[1] ** 2 <= MOST_SCORES
        and not any(module.training for module in encoder.modules() if isinstance(module, nn.Dropout))
    )


def _read(encoder: Any, states: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
    """What the layers make of windows, (windows, tokens, hidden); what is padded stays as it is."""
    multiple = padding(states.device, bf16=True)
    tokens = sum(lengths)
    # the last window's attention may read that much more
    row = states.new_zeros(tokens + multiple + -tokens % multiple, states.shape[-1])
    torch.cat([window[:length] for window, length in zip(states, lengths, strict=True)], out=row[:tokens])
    with torch.autocast("cpu", enabled=False):
        for layer in encoder.layer:
            if not is_held(layer):
                row = _layer(layer, row, lengths, multiple, _KEPT.weights(layer))
    output = states.clone()
    for window, length, read in zip(output, lengths, torch.split(row[:tokens], list(lengths)), strict=True):
        window[:length] = read
    return output


def _layer(layer: Any, row: torch.Tensor, lengths: Sequence[int], multiple: int, weights: _Weights) -> torch.Tensor:
    """What a layer makes of the windows in a row, (tokens, hidden)."""
    attention, queries = layer.attention.self, weights[0]
    parts = row.new_empty(len(row), len(queries[1]), dtype=torch.bfloat16)
    for part, tokens in zip(torch.split(parts, _PART), torch.split(row, _PART), strict=True):
        part.copy_(linear(tokens.bfloat16(), *queries))
    query, key, value = parts.view(len(row), 3, attention.num_attention_heads, -1).permute(1, 2, 0, 3)
    attended = parts.new_zeros(len(row), attention.num_attention_heads, query.shape[-1])
    for start, length in _places(lengths):
        end = start + length + -length % multiple  # what is read of the next window is written again for that one
        attended[start:end] = attended_to(
            query[:, start:end] * attention.scaling, key[:, start:end], value[:, start:end], length
        )
    output = torch.empty_like(row)
    divided = (torch.split(whole, _PART) for whole in (output, attended.flatten(1), row))
    for part, tokens, before in zip(*divided, strict=True):
        kept = layer.attention.output.LayerNorm(linear(tokens, *weights[1]) + before)
        wide = layer.intermediate.intermediate_act_fn(linear(kept.bfloat16(), *weights[2]))
        part.copy_(layer.output.LayerNorm(linear(wide, *weights[3]) + kept))
    return output


def _places(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(start, length) of each window in the row."""
    start = 0
    for length in lengths:
        if length:
            yield start, length
        start += length


def _weights(layer: Any) -> _Weights:
    """Of what makes queries, keys and values in one product, and of the three products behind it, in bf16."""
    attention = layer.attention.self
    together = [attention.query, attention.key, attention.value]
    products = [together, [layer.attention.output.dense], [layer.intermediate.dense], [layer.output.dense]]
    return [
        (torch.cat([part.weight.bfloat16() for part in parts]), torch.cat([part.bias.bfloat16() for part in parts]))
        for parts in products
    ]
