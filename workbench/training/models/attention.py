"""Attention that is faster than the library's on a CPU with instructions for bf16. [worker]

PyTorch's attention for CPUs is made for long windows: it keeps no table of scores, computes it again for the gradient,
and multiplies in fp32. Pages are short, and three plain operations in bf16 take half of its time where something is
learned, and three quarters where windows are read one by one (docs/measurements.md).
"""

from typing import Any

import torch
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from workbench.training.device import padding

NAME = "bf16_products"
MOST_SCORES = 16_000_000
"""Scores of a layer, which are kept until its gradient: five windows of 512 tokens have as many."""


def attend_in_bf16(model: Any) -> None:
    """Let a LayoutLM that learns or reads in bf16 on a CPU compute its attention so; in fp32 it stays as it was."""
    if getattr(model.config, "model_type", "") == "layoutlm":
        AttentionInterface.register(NAME, attend)
        model.set_attn_implementation(NAME)


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    *,
    scaling: float,
    dropout: float,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """What a layer attends to, (windows, tokens, heads, width): plain operations in bf16.

    Args:
        module: of the layer.
        query, key, value: (windows, heads, tokens, width).
        attention_mask: what is added to the scores; a LayoutLM always makes one. Windows are padded at their end.
        scaling: of the scores.
        dropout: share of the scores.
        options: of the library's attention.
    """
    windows, heads, tokens, _ = query.shape
    at_once = windows if query.requires_grad else 1
    if dropout or query.dtype != torch.bfloat16 or at_once * heads * tokens**2 > MOST_SCORES:
        output, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
        return output, None
    if not query.requires_grad:
        return _read(query * scaling, key, value, (attention_mask[:, 0, 0] == 0).sum(-1).tolist()), None
    scores = (query * scaling) @ key.transpose(2, 3) + attention_mask.to(query.dtype)
    return (scores.softmax(-1) @ value).transpose(1, 2).contiguous(), None


def _read(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    """As `attend`, where nothing is learned: one window after the other, whose scores stay in the CPU's cache.

    Args:
        query: scaled.
        key, value: (windows, heads, tokens, width).
        lengths: of the windows, without padding.
    """
    output = query.new_zeros(query.transpose(1, 2).shape)
    multiple = padding(query.device, bf16=True)
    for of_window, q, k, v, length in zip(output, query, key, value, lengths, strict=True):
        end = length + -length % multiple
        of_window[:end] = attended_to(q[:, :end], k[:, :end], v[:, :end], length)
    return output


def attended_to(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, length: int) -> torch.Tensor:
    """What a window attends to, (tokens, heads, width): three plain operations, whose scores stay in the cache.

    Args:
        query: scaled.
        key, value: (heads, tokens, width).
        length: of the window, without what is behind it.
    """
    scores = torch.bmm(query, key.transpose(1, 2))
    scores[..., length:] = -torch.inf
    torch.softmax(scores, -1, out=scores)
    return torch.bmm(scores, value).transpose(0, 1)
