"""The making of the starter: MiniLM learns where things stand on generated invoices. [worker]

    python -m workbench.training.make_starter SOURCE_FOLDER OUT_FOLDER --minutes 60

Two tasks at once, on documents that are generated as they are needed and never used twice: naming the field of every
token, and guessing words that were hidden (masked-language modelling), which keeps MiniLM's knowledge of words and
keeps the model from learning the generator by heart. Whole templates are held out; their F1 is what is watched.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from storage.records import Span
from workbench.fields import invoice_schema, tags_of
from workbench.predictions import model_and_rules, suggestions
from workbench.predictions.cases import Case
from workbench.predictions.run_reader import predicted_cases
from workbench.runs.config.tune import Data
from workbench.runs.parquet import FrozenDocument
from workbench.runs.snapshot import thousandths
from workbench.samples.generator import Sample, generate, template_ids
from workbench.training import scoring
from workbench.training.device import bf16_pays
from workbench.training.encoding import Collator, Encoder, Features
from workbench.training.models import starter
from workbench.training.predictor import Predictor

LANGUAGES = (*("en",) * 5, *("de", "nl", "zh") * 3, *("fr", "es", "it", "pl") * 2)
HIDDEN_SHARE = 0.12  # of the tokens, hidden from the model
RECORDED = 300
"""Held-out documents on which the model and the rules about likely places are compared."""
MASKED_WEIGHT = 0.3  # of the masked-language loss beside the fields' loss


@dataclass(frozen=True)
class StarterPlan:
    """How the starter is made. Tokens are counted with padding."""

    minutes: float
    seed: int = 0
    batch_tokens: int = 1536
    pool: int = 256  # documents that are generated at a time, then sorted by length
    learning_rate: float = 3e-4
    held_out: float = 0.12  # of the templates
    log_every: int = 50


def labels() -> list[str]:
    """The head's labels: BIO over the built-in schema."""
    return ["O", *(f"{prefix}-{field.id}" for field in invoice_schema() for prefix in "BI")]


def row_of(number: int, sample: Sample) -> FrozenDocument:
    """A generated document as the encoder reads it."""
    words, boxes, lines, pages = [], [], [], []
    for page, (width, height, tokens) in enumerate(sample.pages):
        for text, box, line in tokens:
            words.append(text)
            boxes.append(thousandths(box, width, height))
            lines.append(line)
            pages.append(page)
    tags = tags_of((Span(field, tokens) for field, tokens in sample.spans), len(words))
    return FrozenDocument(
        number, sample.name, sample.group, sample.language, [[w, h] for w, h, _ in sample.pages], words, boxes, lines,
        pages, [1.0] * len(words), tags, [""] * len(sample.pages),
    )  # fmt: skip


def held_out_templates(plan: StarterPlan) -> tuple[list[str], list[str]]:
    """(templates to train on, templates held out); the same for the same seed."""
    every = sorted({template for language in dict.fromkeys(LANGUAGES) for template in template_ids(language)})
    random.Random(0).shuffle(every)  # whatever the seed: a starter that is gone on with must not meet them
    count = max(1, round(len(every) * plan.held_out))
    return every[count:], every[:count]


def stream(encoder: Encoder, plan: StarterPlan, templates: list[str]) -> Iterator[list[Features]]:
    """Batches of windows of similar length, without end."""
    rng = random.Random(plan.seed)
    part = 0
    while True:
        windows = []
        generated = generate(plan.seed * 1_000_003 + part, plan.pool, LANGUAGES, templates)
        for number, sample in enumerate(generated):
            document = encoder.encode(row_of(number, sample))
            windows += [encoder.features(document, page, w) for page in document.pages for w in page.windows]
        part += 1
        windows.sort(key=lambda item: len(item.ids))
        batches: list[list[Features]] = []
        for window in windows:
            if batches and (len(batches[-1]) + 1) * len(window.ids) <= plan.batch_tokens:
                batches[-1].append(window)
            else:
                batches.append([window])
        rng.shuffle(batches)
        yield from batches


class Reader(nn.Module):
    """The token classifier with a second head that guesses hidden words; the latter is thrown away at the end."""

    def __init__(self, classifier: Any) -> None:
        super().__init__()
        self.classifier = classifier
        hidden = classifier.config.hidden_size
        self.transform = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden))
        self.bias = nn.Parameter(torch.zeros(classifier.config.vocab_size))

    def forward(self, inputs: dict[str, torch.Tensor], hidden: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The loss of a batch.

        Args:
            inputs: input_ids with the hidden ones masked, attention_mask, bbox, labels.
            hidden: (batch, length) the ids of the hidden tokens, -100 elsewhere.
            weights: (labels,) of the classes in the fields' loss.
        """
        states = self.classifier.layoutlm(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], bbox=inputs["bbox"]
        )[0]
        logits = self.classifier.classifier(states)
        loss = functional.cross_entropy(logits.flatten(0, 1).float(), inputs["labels"].flatten(), weight=weights)
        chosen = hidden >= 0
        if chosen.any():
            table = self.classifier.layoutlm.embeddings.word_embeddings.weight
            guessed = functional.linear(self.transform(states[chosen]), table, self.bias)
            loss = loss + MASKED_WEIGHT * functional.cross_entropy(guessed.float(), hidden[chosen])
        return loss


def hide(inputs: dict[str, torch.Tensor], mask_id: int, generator: torch.Generator) -> torch.Tensor:
    """Hide some tokens in place (8 of 10 masked, 1 of 10 random, 1 of 10 left); returns what they were."""
    ids = inputs["input_ids"]
    draw = torch.rand(ids.shape, generator=generator)
    chosen = (draw < HIDDEN_SHARE) & (inputs["labels"] >= 0)
    hidden = torch.where(chosen, ids, torch.full_like(ids, -100))
    how = torch.rand(ids.shape, generator=generator)
    ids[chosen & (how < 0.8)] = mask_id
    replaced = chosen & (how >= 0.8) & (how < 0.9)
    ids[replaced] = torch.randint(1000, 30522, (int(replaced.sum()),), generator=generator)
    return hidden


def evaluate(predictor: Predictor, rows: list[FrozenDocument]) -> dict[str, float]:
    """Strict span F1 of each field, and micro, over words."""
    figures = scoring.figures(list(predictor.predict(rows)), predictor.labels, predictor.fields)
    return {"micro": figures["f1"], **{name: row["f1"] for name, row in figures["fields"].items()}}


def record(predictor: Predictor, rows: list[FrozenDocument]) -> model_and_rules.Counts:
    """How the model and the rules about likely places stand to each other on documents that it was not trained on."""
    schema = invoice_schema()
    trust = suggestions.Trust(types={field.id: field.type for field in schema})
    return model_and_rules.measure(
        cases_of(predictor, rows), schema.spans, lambda case: suggestions.values_of(case, trust)
    )


def cases_of(predictor: Predictor, rows: list[FrozenDocument]) -> list[Case]:
    """Documents with the model's predictions."""
    pairs = ((asdict(outcome.row), asdict(outcome.as_row("", predictor.labels))) for outcome in predictor.predict(rows))
    return list(predicted_cases(pairs, predictor.fields))


def held_out_rows(
    templates: list[str], seed: int, count: int, languages: Sequence[str] = LANGUAGES
) -> list[FrozenDocument]:
    """Made-up documents of these templates."""
    return [row_of(i, s) for i, s in enumerate(generate(seed, count, languages, templates))]


def pretrain(source: Path, out: Path, plan: StarterPlan) -> dict[str, Any]:
    """Make the starter and write it to `out`; returns the facts about the making that the model card has.

    Args:
        source: MiniLM as it was published, or a starter to go on from.
        out: the folder to write; a usable starter lies there after every evaluation.
        plan: see `StarterPlan`.
    """
    torch.manual_seed(plan.seed)
    generator = torch.Generator().manual_seed(plan.seed)
    bf16 = bf16_pays(torch.device("cpu"), training=True)
    again = (source / "SHA256").exists()
    built = starter.reopen(source) if again else starter.build_from_minilm(source, labels())
    encoder = Encoder(built.tokenizer, labels(), Data(), built.sep_box)
    collator = Collator(built.tokenizer, boxes=True, multiple=8)
    training, held = held_out_templates(plan)
    tests = held_out_rows(held, 987_654, 80)
    predictor = Predictor(built.model, encoder, collator, torch.device("cpu"), bf16)
    starter.without_dropout(built.model)  # random numbers cost half of a step; no document is used twice anyway
    reader = Reader(built.model).train()
    fresh = [p for n, p in reader.named_parameters() if p.requires_grad and ("parametrizations" in n or "transform" in n
             or n.endswith("classifier.weight") or n.endswith("classifier.bias") or n == "bias")]  # fmt: skip
    known = {id(p) for p in fresh}
    old = [p for p in reader.parameters() if p.requires_grad and id(p) not in known]
    groups = [{"params": old, "top": plan.learning_rate}, {"params": fresh, "top": 5 * plan.learning_rate}]
    optimizer = torch.optim.AdamW(groups, lr=plan.learning_rate, weight_decay=0.01, fused=True)
    weights = torch.tensor([0.4] + [1.0] * (len(labels()) - 1))
    started, step, windows, smoothed = time.monotonic(), 0, 0, 0.0
    history: list[dict[str, Any]] = []
    evaluated = started
    for batch in stream(encoder, plan, training):
        share = (time.monotonic() - started) / (60 * plan.minutes)
        if share >= 1:
            break
        rate = min(1.0, (step + 1) / 60) * (1 - share) ** 0.7  # warm up, then down to nothing when the time is up
        for group in optimizer.param_groups:
            group["lr"] = group["top"] * rate
        inputs = collator(batch)
        hidden = hide(inputs, built.tokenizer.mask_token_id, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = reader(inputs, hidden, weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        step, windows = step + 1, windows + len(batch)
        smoothed = loss.item() if step == 1 else 0.98 * smoothed + 0.02 * loss.item()
        if step % plan.log_every == 0:
            _log(step=step, windows=windows, share=round(share, 3), loss=round(smoothed, 4))
        if time.monotonic() - evaluated > max(60.0, plan.minutes * 12):
            figures = evaluate(predictor, tests)
            history.append({"step": step, "windows": windows, "held_out_f1": figures})
            _log(step=step, held_out=figures)
            starter.save_shipped(built, out)
            evaluated = time.monotonic()
    figures = evaluate(predictor, tests)
    facts = {
        "minutes": plan.minutes, "steps": step, "windows": windows, "seed": plan.seed, "languages": list(LANGUAGES),
        "templates": len(training), "held_out_templates": held, "held_out_f1": figures, "history": history,
    }  # fmt: skip
    _log(**{"final": figures})
    starter.save_shipped(built, out)
    write_record(predictor, held, out)
    (out / "MAKING.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts


def write_record(predictor: Predictor, held: list[str], out: Path) -> None:
    """Measure the model and the rules on made-up documents of the held-out templates; write it beside the weights."""
    counts = record(predictor, held_out_rows(held, 31_337, RECORDED))
    (out / model_and_rules.SHIPPED.name).write_text(json.dumps(counts) + "\n")


def measure_again(folder: Path, plan: StarterPlan) -> None:
    """Write the record of a starter anew, after the rules have changed."""
    built = starter.reopen(folder)
    encoder = Encoder(built.tokenizer, labels(), Data(), built.sep_box)
    collator = Collator(built.tokenizer, boxes=True, multiple=8)
    predictor = Predictor(built.model, encoder, collator, torch.device("cpu"), False)
    write_record(predictor, held_out_templates(plan)[1], folder)


def _log(**facts: Any) -> None:
    print(json.dumps(facts, ensure_ascii=False), flush=True)  # noqa: T201 - a program of its own


def main() -> None:
    """Command line of `make starter`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder of all-MiniLM-L6-v2, or a starter to go on from")
    parser.add_argument("out", type=Path, nargs="?", help="the folder to write")
    parser.add_argument("--record", action="store_true", help="only measure the record of SOURCE anew")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    np.random.seed(options.seed)
    if options.record:
        measure_again(options.source, StarterPlan(options.minutes, options.seed))
        return
    if options.out is None:
        parser.error("which folder is to be written?")
    pretrain(options.source, options.out, StarterPlan(options.minutes, options.seed))


if __name__ == "__main__":
    main()
