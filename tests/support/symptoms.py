"""Tiny runs that are really trained and really have a fault, for the Doctor to name; and healthy ones."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage import events
from tests.support import tiny_model
from workbench.runs import parquet
from workbench.runs.config.files import from_dict
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.training import callbacks
from workbench.training import training_run as training

FIELDS = [
    {"id": "amount_total", "name": "TOTAL", "type": "amount"},
    {"id": "amount_net", "name": "NET", "type": "amount"},
    {"id": "invoice_date", "name": "DATE", "type": "date"},
    {"id": "invoice_no", "name": "NO", "type": "id"},
]
ADDRESS = {"id": "seller_address", "name": "ADDRESS", "type": "address"}
HEADS = {"amount_total": "total", "invoice_date": "date"}
Change = Callable[[parquet.FrozenDocument, random.Random], parquet.FrozenDocument]


def word(draw: random.Random) -> str:
    return "".join(draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(draw.randint(2, 4)))


def invoice(
    number: int, draw: random.Random, group: str, heads: dict[str, str], lines: int = 7
) -> parquet.FrozenDocument:
    """A head, its value, some word, line by line; which lines carry fields is drawn anew each time."""
    places = dict(zip(draw.sample(range(lines), len(heads)), heads.items(), strict=True))
    texts, tags, boxes, on = [], [], [], []
    for line in range(lines):
        name, head = places.get(line, ("", word(draw)))
        if name == "invoice_date":
            value = f"{draw.randint(1, 28)}/{draw.randint(1, 12)}"
        elif name == "invoice_no":
            value = f"{word(draw)}#{draw.randint(1, 99)}"
        elif name:
            value = f"{draw.randint(1, 99)}.{draw.randint(10, 99)}"
        else:
            value = word(draw)
        for x, text, tag in ((50, head, "O"), (400, value, f"B-{name}" if name else "O"), (750, word(draw), "O")):
            texts.append(text)
            tags.append(tag)
            boxes.append([x, 20 + line * 60, x + 150, 60 + line * 60])
            on.append(line)
    count = len(texts)
    return parquet.FrozenDocument(
        document=number, name=str(number), group=group, language="en", page_sizes=[[600.0, 800.0]], words=texts,
        boxes=boxes, lines=on, pages=[0] * count, confidences=[0.98] * count, tags=tags, pictures=[""],
    )  # fmt: skip


def as_it_is(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    return row


@dataclass(frozen=True)
class Scenario:
    """A run to be trained, and the rule that has to speak ("" for a healthy run)."""

    rule: str
    train: int = 120
    test: int = 60
    heads: dict[str, str] = field(default_factory=lambda: dict(HEADS))
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    trained: Change = as_it_is
    tested: Change = as_it_is
    vendors: int = 12
    leak: bool = False
    lines: int = 7
    fields: list[dict[str, str]] = field(default_factory=lambda: list(FIELDS))
    done: dict[str, dict[str, Any]] = field(default_factory=dict)  # data task -> the scenario after it


def prepare(folder: Path, scenario: Scenario, seed: int = 0) -> Path:
    """The run folder of a scenario."""
    number = 0
    for split, count, change in (
        ("train", scenario.train, scenario.trained),
        ("validation", scenario.test // 2, scenario.tested),
        ("test", scenario.test, scenario.tested),
    ):
        draw = random.Random(f"{seed} {split}")  # so that another training side leaves the others as they are
        made = []
        for _ in range(count):
            number += 1
            vendor = f"{'train' if scenario.leak else split} {number % scenario.vendors}"
            made.append(change(invoice(number, draw, vendor, scenario.heads, scenario.lines), draw))
        parquet.write(folder / "dataset" / f"{split}.parquet", made)
    config: dict[str, Any] = {
        "model": {"family": "layoutlm", "name": str(tiny_model.base(folder, "layoutlm", positions=128))},
        "train": {
            "learning_rate": 4e-3, "num_train_epochs": 14, "per_device_train_batch_size": 8, "logging_steps": 2,
            "gradient_accumulation_steps": 1, "device": "cpu", "bf16": False, "eval_strategy": "epoch",
            "early_stopping_patience": 0, "warmup_ratio": 0.1, "seed": 42 + seed,
        },
        "data": {"max_length": 128, "window_stride": 16},
    }  # fmt: skip
    for section, values in scenario.settings.items():
        config.setdefault(section, {}).update(values)
    request = Request(run=folder.name, fields=scenario.fields, config=from_dict(config), threads=1, niceness=0)
    (folder / "request.yaml").write_text(request.text(), encoding="utf-8")
    return folder


def train(folder: Path) -> None:
    """Train the run of a folder in this process, to its end or its failure."""
    from storage.exceptions import WorkbenchError

    writer = events.EventWriter(folder / "events.jsonl")
    try:
        training.run(folder, writer.write, callbacks.Control(RunFolder(folder)))
    except WorkbenchError as error:
        writer.write("failed", title=error.title, message=error.message, remedy=error.remedy)
    finally:
        writer.close()


# --- faults -----------------------------------------------------------------------------------------------------


def by_heart(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """Which value is the total is drawn: it can be learned by heart and not otherwise."""
    row.tags = ["O"] * len(row.words)
    for line in draw.sample(range(len(row.words) // 3), 2):
        row.tags[line * 3 + 1] = "B-amount_total"
    return row


def moved_labels(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """Every third document has its total labelled one word late."""
    if row.document % 3 == 0 and row.tags:
        at = row.tags.index("B-amount_total")
        row.tags[at : at + 2] = ["O", "B-amount_total"]
    return row


def unreadable(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    row.confidences = [0.6] * len(row.words)
    return row


def endless_word(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    if row.document % 8 == 0:
        row.words[2] = "a." * 100
    return row


def unlike(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """Heads have other names, and what they name is written otherwise: a date as amounts are elsewhere."""
    written = {"B-amount_total": f"{draw.randint(10, 99)}-{draw.randint(10, 99)}",
               "B-invoice_date": f"{draw.randint(1, 28)}.{draw.randint(1, 12)}"}  # fmt: skip
    heads = {"total": "summe", "date": "tag"}
    row.words = [written.get(tag, heads.get(text, text)) for text, tag in zip(row.words, row.tags or (), strict=True)]
    return row


def third_vendor_unlike(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    return unlike(row, draw) if row.group.endswith(" 3") else row


def with_some_of_the_third(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """Every fifteenth training document is of the vendor that was missing."""
    if row.document % 15:
        return row
    row.group = "test 3"
    return unlike(row, draw)


def other_vendors(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """A quarter of the training documents is of vendors that name fields otherwise."""
    if row.document % 4:
        return row
    row.group = f"other {row.document % 3}"
    return unlike(row, draw)


def with_address(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """An address over three lines that look like any others; only the word before it says where it begins."""
    row.tags = row.tags or []
    at = 3 * draw.randint(0, len(row.words) // 3)
    words = ["at", *(word(draw) for _ in range(8))]
    row.words[at:at] = words
    row.tags[at:at] = ["O", "B-seller_address", *["I-seller_address"] * 7]
    count = len(row.words)
    row.boxes = [[x := (50, 400, 750)[n % 3], y := 20 + n // 3 * 60, x + 150, y + 40] for n in range(count)]
    row.lines = [n // 3 for n in range(count)]
    row.pages, row.confidences = [0] * count, [0.98] * count
    return row


def rare_language(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    if row.document % 2:
        row.language = "de"
        return unlike(row, draw)
    return row


def amounts_alike(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """Net and total are named alike: nothing on the page tells them apart."""
    row.words = ["total" if text == "net" else text for text in row.words]
    return row


def seldom(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """The number is labelled on two training documents alone."""
    if row.document > 2 and row.tags:
        row.tags = ["O" if tag == "B-invoice_no" else tag for tag in row.tags]
    return row


def new_layout(row: parquet.FrozenDocument, draw: random.Random) -> parquet.FrozenDocument:
    """Half of the evaluated documents are of training vendors, the rest of new ones that name fields otherwise."""
    if row.document % 2:
        row.group = "train 1"
        return row
    return unlike(row, draw)


def some(**train: Any) -> dict[str, dict[str, Any]]:
    return {"train": train}


FAULTS = {
    "learned by heart": Scenario("overfitting", train=10, trained=by_heart, tested=by_heart, vendors=4,
                                 settings=some(num_train_epochs=70, learning_rate=6e-3, per_device_train_batch_size=5)),
    "rate far too high": Scenario("unstable", settings=some(learning_rate=0.1, max_grad_norm=0.0)),
    "rate far too low": Scenario("learning_rate_low", settings=some(learning_rate=2e-5, num_train_epochs=6)),
    "few documents and a low rate": Scenario("slow_convergence", train=40, settings=some(
        learning_rate=9e-4, num_train_epochs=24)),
    "too few epochs": Scenario("ended_early", settings=some(num_train_epochs=4)),
    "words that are cut": Scenario("truncation", trained=endless_word, tested=endless_word),
    "four documents to measure on": Scenario("small_evaluation", test=6, trained=moved_labels, tested=moved_labels),
    "one vendor is missing": Scenario("missing_vendor", tested=third_vendor_unlike, vendors=6,
                                      done={"label the vendor": {"trained": with_some_of_the_third}}),
    "vendors on both sides": Scenario("split_leakage", leak=True),
    "a field with two labels": Scenario("few_examples", heads=HEADS | {"invoice_no": "item"}, trained=seldom,
                                        done={"more examples": {"trained": as_it_is}}),
    "wrong labels": Scenario("label_noise", tested=moved_labels, done={"check labels": {"tested": as_it_is}}),
    "words read badly": Scenario("ocr_low", trained=unreadable),
    "amounts named alike": Scenario("amounts_confused", heads=HEADS | {"amount_net": "net"}, trained=amounts_alike,
                                    tested=amounts_alike),
    "a rare language": Scenario("languages", tested=rare_language,
                                done={"more of the language": {"trained": rare_language}}),
    "new layouts": Scenario("new_templates", tested=new_layout, done={"more vendors": {"trained": other_vendors}}),
    "values at the edges of windows": Scenario("values_cut", trained=with_address, tested=with_address,
                                               fields=[*FIELDS, ADDRESS],
                                               settings={"data": {"max_length": 32, "window_stride": 0}}),
}  # fmt: skip
HEALTHY = {
    f"healthy {n}": Scenario("", train=120 + 10 * (n % 4), lines=6 + n % 3,
                             heads=HEADS | ({"invoice_no": "item"} if n % 2 else {}),
                             settings=some(learning_rate=(4e-3, 5e-3, 6e-3)[n % 3]))
    for n in range(10)
}  # fmt: skip
