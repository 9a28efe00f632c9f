"""Attention that learns faster than the library's on a CPU with instructions for bf16. [worker]

PyTorch's attention for CPUs is made for long windows: it keeps no table of scores and computes it again for the
gradient. Pages are short, and three plain operations in bf16 take half of its time (docs/measurements.md).
"""

from typing import Any

import torch
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NAME = "bf16_products"
MOST_SCORES = 16_000_000
"""Scores of a layer, which are kept until its gradient: five windows of 512 tokens have as many."""


def learn_in_bf16(model: Any) -> None:
    """Let a LayoutLM, which learns in bf16 on a CPU, compute its attention so; what it reads stays as it was."""
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
    """What a layer attends to, (windows, tokens, heads, width): plain operations where something is learned in bf16.

    Args:
        module: of the layer.
        query, key, value: (windows, heads, tokens, width).
        attention_mask: what is added to the scores; a LayoutLM always makes one.
        scaling: of the scores.
        dropout: share of the scores.
        options: of the library's attention.
    """
    windows, heads, tokens, _ = query.shape
    is_small = windows * heads * tokens**2 <= MOST_SCORES
    if dropout or query.dtype != torch.bfloat16 or not query.requires_grad or not is_small:
        output, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
        return output, None
    scores = (query * scaling) @ key.transpose(2, 3) + attention_mask.to(query.dtype)
    return (scores.softmax(-1) @ value).transpose(1, 2).contiguous(), None
