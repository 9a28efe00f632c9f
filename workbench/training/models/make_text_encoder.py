"""The making of the text encoder that comes with the program, from all-MiniLM-L6-v2. [worker]

    python -m workbench.training.models.make_text_encoder MINILM FOLDER [--texts 80000]

BERT's classifier sees the first token alone, and what that says of a text tells classes apart badly: MiniLM was made
to be read by the mean of its tokens, and its middle layers tell classes apart better than its last one
(docs/measurements.md, "Classes"). So the last three layers learn to put the means of the third and the fifth layer of
MiniLM into the first token, by sentences that are on any machine: the docstrings of the installed packages. The other
tokens keep what they say up to the fifth layer, which the learner reads (`workbench.training.learner.text_encoder`).
"""

import argparse
import ast
import random
import re
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import torch
from torch.nn import functional
from transformers import AutoTokenizer, BertModel

from workbench.training.models import embedded

LAYERS = (3, 5)
"""Whose means are learned, counted as hidden states are: 0 is the embeddings."""
_HELD = 3  # layers that stay as they are
_BATCH = 32
_TOKENS = 96  # of a text
_BASIS = 4000  # texts that the directions are taken from
_RATE = 3e-4
_KEEP = 10.0
"""Weight of the other tokens' change in the loss."""

Batch = tuple[torch.Tensor, torch.Tensor]
"""Token ids and attention mask, texts × tokens."""


def docstring_sentences(folder: Path) -> list[str]:
    """The different English sentences in the docstrings of Python files, sorted."""
    sentences: set[str] = set()
    for path in folder.rglob("*.py"):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError, OSError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                    sentences.update(_sentences(paragraph))
    return sorted(sentences)


def _sentences(paragraph: str) -> Iterator[str]:
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z\"'(])", re.sub(r"\s+", " ", paragraph)):
        letters = sum(character.isalpha() or character == " " for character in sentence)
        if 4 <= len(sentence.split()) <= 60 and sentence[0].isalpha() and letters > 0.82 * len(sentence):
            yield sentence.strip()


def varied(sentences: Sequence[str], draw: random.Random) -> list[str]:
    """The sentences, some of them with other words in between, cut off, or in small letters."""
    words = sorted({word for sentence in sentences for word in sentence.split()})
    changed = []
    for sentence in sentences:
        parts = sentence.split()
        if draw.random() < 0.25:
            parts = [draw.choice(words) if draw.random() < 0.3 else word for word in parts]
        if draw.random() < 0.3:
            parts = parts[: draw.randint(2, len(parts))]
        text = " ".join(parts)
        changed.append(text.lower() if draw.random() < 0.2 else text)
    return changed


class Lesson:
    """What the first token has to say, and how far a model is from it.

    Args:
        teacher: MiniLM.
        basis: texts that show in which directions the means differ.
    """

    def __init__(self, teacher: BertModel, basis: Sequence[Batch]) -> None:
        self._teacher = teacher.eval()
        width = int(teacher.config.hidden_size)
        means = torch.cat([self._of_teacher(batch)[0] for batch in basis])
        self._middle = means.mean(0)
        _, _, directions = torch.linalg.svd(means - self._middle, full_matrices=False)
        # Turned at random, all units vary alike; at a half, tanh of BERT's pooler changes them little.
        turn = torch.linalg.qr(torch.randn(width, width, generator=torch.Generator().manual_seed(0)))[0]
        scale = 0.5 * width**0.5 / float((means - self._middle).norm(dim=1).mean())
        self._directions = directions[:width].T @ turn * scale

    @torch.no_grad()
    def _of_teacher(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        ids, mask = batch
        states = self._teacher(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        counted = mask[..., None].float()
        sums = [functional.normalize((states[layer] * counted).sum(1), dim=1) for layer in LAYERS]
        return torch.cat(sums, 1), states[max(LAYERS)]

    def losses(self, model: BertModel, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """(squared error of the first token, that of the others at the last of LAYERS), as shares of what varies."""
        ids, mask = batch
        means, kept = self._of_teacher(batch)
        wanted = (means - self._middle) @ self._directions
        states = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        error = ((states[-1][:, 0] - wanted) ** 2).sum() / (wanted**2).sum()
        counted = mask[..., None].float()
        change = (((states[max(LAYERS)] - kept) ** 2) * counted).sum() / ((kept**2) * counted).sum()
        return error, change


def learn(minilm: Path, texts: int, report: Callable[[str], None], seed: int = 1) -> BertModel:
    """The encoder, taught by so many sentences.

    Raises:
        InputProblem: the weights are not the published ones.
    """
    state = embedded.published(minilm)
    tokenizer = AutoTokenizer.from_pretrained(str(minilm))
    draw = random.Random(seed)
    sentences = docstring_sentences(Path(sysconfig.get_paths()["purelib"]))
    draw.shuffle(sentences)
    encoded = tokenizer(varied(sentences[: texts + _BASIS], draw), truncation=True, max_length=_TOKENS)["input_ids"]
    lesson = Lesson(embedded.bare(state), batches(encoded[:_BASIS], draw))
    model = embedded.bare(state)
    teach(model, lesson, batches(encoded[_BASIS:], draw), report)
    return model


def teach(
    model: BertModel, lesson: Lesson, batches: Sequence[Batch], report: Callable[[str], None], rate: float = _RATE
) -> None:
    """Train the layers that are not held, one step a batch; `report` gets a line now and then."""
    model.train()
    for part in (model.embeddings, *model.encoder.layer[:_HELD]):
        part.requires_grad_(False)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, weight_decay=0.0)
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 100) * max(0.02, 1 - step / len(batches))
        error, change = lesson.losses(model, batch)
        optimizer.zero_grad()
        (error + _KEEP * change).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        if step % 200 == 0 or step == len(batches) - 1:
            learned = f"first token {error.item():.3f}, others {change.item():.5f}"
            report(f"{step + 1} of {len(batches)}: {learned}")
    model.eval()


def batches(encoded: Sequence[Sequence[int]], draw: random.Random) -> list[Batch]:
    """Batches of texts of about the same length, in any order."""
    order = sorted(range(len(encoded)), key=lambda number: len(encoded[number]) + draw.random() * 6)
    padded = [_padded([encoded[number] for number in order[at : at + _BATCH]]) for at in range(0, len(order), _BATCH)]
    draw.shuffle(padded)
    return padded


def _padded(texts: Sequence[Sequence[int]]) -> Batch:
    longest = max(map(len, texts))
    ids, mask = torch.zeros(2, len(texts), longest, dtype=torch.long)
    for row, tokens in enumerate(texts):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
    return ids, mask


def main() -> None:
    """Make the encoder and write it."""
    parser = argparse.ArgumentParser(description="Make the text encoder that comes with the program.")
    parser.add_argument("minilm", type=Path, help="folder of all-MiniLM-L6-v2 as its makers published it")
    parser.add_argument("folder", type=Path, help="where to write the encoder")
    parser.add_argument("--texts", type=int, default=80_000, help="sentences to learn from (default 80,000)")
    arguments = parser.parse_args()
    embedded.save_shipped(learn(arguments.minilm, arguments.texts, click.echo), arguments.folder)


if __name__ == "__main__":
    main()
