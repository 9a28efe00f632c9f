"""The text encoder that is shipped: its first token says what a text is about, and the making of it."""

import random
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from workbench.training.models import embedded, make_text_encoder


def test_the_first_token_tells_texts_apart_as_the_middle_layers_do() -> None:
    texts = ["Please pay the invoice by Friday.", "The invoice is due on Friday.", "A cat sleeps in the sun.",
             "Cats like to lie in the sunshine."]  # fmt: skip
    model, tokenizer = embedded.encoder(layers=6)
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = model(**batch, output_hidden_states=True).hidden_states
    counted = batch["attention_mask"][..., None]
    means = [
        torch.nn.functional.normalize((states[layer] * counted).sum(1), dim=1) for layer in make_text_encoder.LAYERS
    ]
    pairs = np.triu_indices(4, 1)
    middle = torch.cdist(torch.cat(means, 1), torch.cat(means, 1)).numpy()[pairs]
    first = torch.cdist(states[-1][:, 0], states[-1][:, 0]).numpy()[pairs]
    assert np.corrcoef(middle, first)[0, 1] > 0.9
    assert first.argmin() in (0, 5), "the two texts on one subject are the nearest"


def test_learning_brings_the_first_token_nearer_and_holds_the_lowest_layers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=60, hidden_size=16, num_hidden_layers=6, num_attention_heads=2, intermediate_size=32,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    teacher, model = BertModel(config, add_pooling_layer=False), BertModel(config, add_pooling_layer=False)
    model.load_state_dict(teacher.state_dict())
    draw = random.Random(0)
    texts = [[1, *(draw.randrange(5, 60) for _ in range(draw.randint(3, 9))), 2] for _ in range(320)]
    batches = make_text_encoder.batches(texts, draw)
    lesson = make_text_encoder.Lesson(teacher, batches[:4])
    before = float(lesson.losses(model, batches[0])[0].detach())
    make_text_encoder.teach(model, lesson, batches * 20, lambda line: None, rate=1e-2)
    error, change = lesson.losses(model, batches[0])
    assert float(error.detach()) < 0.8 * before and float(change.detach()) < 0.1
    for name, weight in model.named_parameters():
        if name.startswith(("embeddings", "encoder.layer.0.", "encoder.layer.2.")):
            assert torch.equal(weight, teacher.state_dict()[name])
    embedded.save_shipped(model, tmp_path)
    kept = embedded.restored(load_file(tmp_path / "model.safetensors"))
    assert torch.allclose(kept["pooler.dense.weight"], torch.eye(16))


def test_sentences_come_from_docstrings(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        '"""Read a file of any length. It is closed afterwards, whatever happens."""\n'
        'def f():\n    """Short."""\n    return "This is no docstring at all."\n'
    )
    (tmp_path / "b.py").write_text("def broken(:\n")
    assert make_text_encoder.docstring_sentences(tmp_path) == [
        "It is closed afterwards, whatever happens.", "Read a file of any length.",
    ]  # fmt: skip
