"""Windows that are read in a row without padding give what they give one by one."""

import copy

import pytest
import torch
from transformers import LayoutLMConfig, LayoutLMForTokenClassification

from workbench.training.models import attention, packed_reading
from workbench.training.models.packed_reading import read_packed, unchanged_weights


def _model(layers: int = 2) -> LayoutLMForTokenClassification:
    settings = LayoutLMConfig(
        vocab_size=50, hidden_size=48, num_hidden_layers=layers, num_attention_heads=3, intermediate_size=64,
        attention_probs_dropout_prob=0.1, hidden_dropout_prob=0.1, max_position_embeddings=128, num_labels=5,
    )  # fmt: skip
    torch.manual_seed(0)
    model = LayoutLMForTokenClassification(settings).eval()
    for parameter in model.parameters():  # as published weights are, far from zero
        torch.nn.init.normal_(parameter, std=0.2) if parameter.ndim > 1 else None
    return model


def _batch(lengths: list[int]) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    longest = max(lengths)
    mask = torch.tensor([[int(position < length) for position in range(longest)] for length in lengths])
    corners = torch.randint(0, 500, (len(lengths), longest, 2))
    boxes = torch.cat([corners, corners + 20], dim=-1)
    return {
        "input_ids": torch.randint(1, 50, mask.shape) * mask, "attention_mask": mask, "bbox": boxes * mask[..., None]
    }  # fmt: skip


@torch.inference_mode()
def _logits(model: LayoutLMForTokenClassification, batch: dict[str, torch.Tensor], *, bf16: bool) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        return model(**batch).logits.float()


@pytest.mark.parametrize("part", [512, 16])
@pytest.mark.parametrize("lengths", [[1], [64, 64], [40, 32, 33, 7, 1]])
def test_a_window_is_read_as_in_fp32_whatever_stands_beside_it(
    lengths: list[int], part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_reading, "_PART", part)
    model, batch = _model(), _batch(lengths)
    right = _logits(model, batch, bf16=False)
    attention.attend_in_bf16(model)
    read_packed(model)
    model.base_model.encoder.layer[0].register_forward_hook(lambda *_: pytest.fail("the library's layer was asked"))
    packed = _logits(model, batch, bf16=True)
    for number, length in enumerate(lengths):
        assert torch.allclose(packed[number, :length], right[number, :length], atol=0.05 * right.abs().max().item())
        alone = _logits(model, {name: rows[number : number + 1, :length] for name, rows in batch.items()}, bf16=True)
        assert torch.allclose(packed[number, :length], alone[0], atol=0.02 * right.abs().max().item())


@pytest.mark.parametrize("how", ["fp32", "gradients", "dropout", "large"])
def test_the_library_reads_where_it_must(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = _model(), _batch([20, 12])
    read_packed(model)
    if how == "large":
        monkeypatch.setattr(packed_reading, "MOST_SCORES", 3 * 20 * 20 - 1)
    if how == "dropout":
        model.base_model.encoder.layer[0].output.dropout.train()
    asked: list[int] = []
    model.base_model.encoder.layer[0].register_forward_hook(lambda *_: asked.append(1))
    with torch.set_grad_enabled(how == "gradients"), torch.autocast("cpu", torch.bfloat16, enabled=how != "fp32"):
        model(**batch)
    assert asked


def test_a_copy_of_a_model_reads_by_its_own_layers() -> None:
    model, batch = _model(), _batch([20, 12])
    read_packed(model)
    before = _logits(model, batch, bf16=True)
    other = copy.deepcopy(model)
    for parameter in model.base_model.encoder.parameters():
        torch.nn.init.zeros_(parameter)
    assert torch.equal(_logits(other, batch, bf16=True), before)
    assert not torch.equal(_logits(model, batch, bf16=True), before)


def test_weights_that_changed_are_seen_by_the_next_reading() -> None:
    model, batch = _model(), _batch([20, 12])
    read_packed(model)
    with unchanged_weights():
        before = _logits(model, batch, bf16=True)
        assert torch.equal(_logits(model, batch, bf16=True), before)
    for parameter in model.base_model.encoder.parameters():
        parameter.data.zero_()
    with unchanged_weights():
        assert not torch.equal(_logits(model, batch, bf16=True), before)
    assert not torch.equal(_logits(model, batch, bf16=True), before)
