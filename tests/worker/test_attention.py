"""Attention by plain operations in bf16 learns and reads what exact attention does."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import LayoutLMConfig, LayoutLMForTokenClassification

from workbench.training.models import attention


def _parts() -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, 3, 40, 8).bfloat16().requires_grad_() for _ in range(3)]


def _mask() -> torch.Tensor:
    """The second window ends with padding."""
    mask = torch.zeros(2, 1, 1, 40)
    mask[1, ..., 30:] = torch.finfo(torch.float32).min
    return mask


def test_values_and_gradients_are_those_of_exact_attention() -> None:
    parts = _parts()
    exact = [part.detach().float().requires_grad_() for part in parts]
    output, _ = attention.attend(None, *parts, _mask(), scaling=8**-0.5, dropout=0.0)
    right = scaled_dot_product_attention(*exact, attn_mask=_mask()).transpose(1, 2)
    output.float().square().sum().backward()
    right.square().sum().backward()
    assert torch.allclose(output.float(), right, atol=0.02)
    for part, other in zip(parts, exact, strict=True):
        assert part.grad is not None and other.grad is not None
        assert torch.allclose(part.grad.float(), other.grad, atol=0.08)


@pytest.mark.parametrize("length", [0, 1, 30, 32, 40])
def test_what_is_only_read_is_what_exact_attention_gives_whatever_the_padding(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(attention, "sdpa_attention_forward")  # the library's is not asked
    parts = [part.detach() for part in _parts()]
    mask = torch.zeros(2, 1, 1, 40)
    mask[1, ..., length:] = torch.finfo(torch.float32).min
    output, _ = attention.attend(None, *parts, mask, scaling=8**-0.5, dropout=0.0)
    right = scaled_dot_product_attention(*[part.float() for part in parts], attn_mask=mask).transpose(1, 2)
    assert torch.allclose(output[0].float(), right[0], atol=0.02)
    assert torch.allclose(output[1, :length].float(), right[1, :length], atol=0.02)
    assert output.isfinite().all()


@pytest.mark.parametrize("how", ["fp32", "dropout", "large"])
def test_the_library_does_what_is_not_in_bf16_without_dropout(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def library(*parts: object, **options: object) -> tuple[torch.Tensor, None]:
        asked.append(how)
        return torch.zeros(1), None

    monkeypatch.setattr(attention, "sdpa_attention_forward", library)
    parts = _parts()
    if how == "fp32":
        parts = [part.detach().float().requires_grad_() for part in parts]
    if how == "large":
        monkeypatch.setattr(attention, "MOST_SCORES", 2 * 3 * 40 * 40 - 1)
    attention.attend(None, *parts, _mask(), scaling=8**-0.5, dropout=0.1 if how == "dropout" else 0.0)
    assert asked == [how]


def test_a_model_reads_so_in_fp32_as_before() -> None:
    settings = LayoutLMConfig(
        vocab_size=50, hidden_size=48, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = LayoutLMForTokenClassification(settings).eval()
    window = {"input_ids": torch.arange(1, 21)[None], "bbox": torch.zeros(1, 20, 4, dtype=torch.long)}
    with torch.no_grad():
        before = model(**window).logits
    attention.attend_in_bf16(model)
    with torch.no_grad():
        assert torch.equal(model(**window).logits, before)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(model(**window).logits.float(), before, atol=0.05)
