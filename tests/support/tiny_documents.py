"""Invoices of a few words, a date and a total among them, for models that learn in seconds. Loads no model library."""

import random
from pathlib import Path
from typing import Any

from workbench.runs import parquet

FIELDS = [
    {"id": "amount_total", "name": "TOTAL", "type": "amount"},
    {"id": "invoice_date", "name": "DATE", "type": "date"},
]

CLASS: dict[str, Any] = {"id": "type", "name": "type", "options": ["invoice", "receipt"]}
"""A class field, for runs that learn what a document is."""


def documents(count: int, seed: int = 0, words: int = 12, picture: Path | None = None) -> list[parquet.FrozenDocument]:
    """Invoices of a few words: a date after `date:` and a total after `total:`, on the right and low."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        text, boxes, tags, lines = [], [], [], []
        for line in range(words // 3):
            kind = {0: "date", words // 3 - 1: "total"}.get(line, "item")
            value = (
                f"{draw.randint(1, 28)}/{draw.randint(1, 12)}"
                if kind == "date"
                else f"{draw.randint(1, 99)}.{draw.randint(10, 99)}"
            )
            for x, word, tag in ((50, f"{kind}:", "O"), (400, value, kind), (800, draw.choice("abc"), "O")):
                text.append(word)
                boxes.append([x, 20 + line * 40, x + 120, 50 + line * 40])
                tags.append({"date": "B-invoice_date", "total": "B-amount_total"}.get(tag, "O"))
                lines.append(line)
        rows.append(
            parquet.FrozenDocument(
                document=seed * 1000 + number,
                name=f"{seed}-{number}",
                group=f"v{number % 4}",
                language="en",
                page_sizes=[[600.0, 800.0]],
                words=text,
                boxes=boxes,
                lines=lines,
                pages=[0] * len(text),
                confidences=[1.0] * len(text),
                tags=tags,
                pictures=[str(picture or "")],
            )
        )
    return rows
