"""FUNSD: a folder with annotations/ and images/, one JSON a page.

Holds: texts, boxes in page units, labels (a label is an item, other words are items "other", line by line), the
reading order (a key of our own beside each word), the page size, whether labels are complete.
Cannot hold: which pages are one document (each page becomes one), line numbers, OCR confidences, suggestions,
reference values, group, language, labels of a field called "other" or "o"; a label over two pages is divided.
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from storage.records import Content, Page, Token
from workbench.exchange.exporters.base import (
    ExportReport,
    FileNames,
    copy_picture,
    ordered_spans,
    plain_number,
    whole_folder,
    words_are_complete,
)
from workbench.fields import Schema

NO_LABEL = frozenset({"other", "o"})
"""What FUNSD calls words without a label."""


class FunsdExporter:
    """annotations/NAME.json and images/NAME.*, NAME-p2 and so on for further pages."""

    name = "funsd"
    folder = True

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written, names = ExportReport(of_documents=False), FileNames()
        with whole_folder(target) as folder:
            (folder / "annotations").mkdir()
            for content in contents:
                if len(content.pages) > 1:
                    written.lost["every page became a document of its own"] += 1
                for index, page in enumerate(content.pages):
                    name = names.fresh(content.document.name + (f"-p{index + 1}" if index else ""))
                    form = _form(content, schema, page, written)
                    copied = copy_picture(page, pictures, folder / "images", name)
                    img = {"width": plain_number(page.width), "height": plain_number(page.height)}
                    record: dict[str, Any] = {"form": form, "img": {**img, "fname": copied} if copied else img}
                    if not words_are_complete(content):
                        record["labelled"] = False
                    (folder / "annotations" / f"{name}.json").write_bytes(msgspec.json.encode(record))
                written.count(content, pictures)
        return written


def _form(content: Content, schema: Schema, page: Page, written: ExportReport) -> list[dict[str, Any]]:
    by_id = {token.id: token for token in page.tokens}
    items: list[tuple[str, list[Token]]] = []
    labelled: set[int] = set()
    for span in ordered_spans(content):
        if schema.name(span.field).casefold() in NO_LABEL:
            written.lost[f"labels of the field {schema.name(span.field)} say no label in FUNSD: rename it"] += 1
        here = [by_id[number] for number in span.tokens if number in by_id]
        if here:
            items.append((schema.name(span.field), here))
            labelled.update(token.id for token in here)
            if len(here) < len(span.tokens) and here[0].id != span.tokens[0]:
                written.lost["labels over two pages were divided"] += 1
    free = [token for token in page.tokens if token.id not in labelled]
    items += [("other", list(tokens)) for _, tokens in groupby(free, key=lambda token: token.line)]
    items.sort(key=lambda item: item[1][0].id)
    first = page.tokens[0].id if page.tokens else 0
    return [
        {
            "id": number,
            "text": " ".join(token.text for token in tokens),
            "box": [plain_number(side) for side in _around(tokens)],
            "label": label,
            "linking": [],
            "words": [
                {"text": t.text, "box": [plain_number(side) for side in t.box], "order": t.id - first} for t in tokens
            ],
        }
        for number, (label, tokens) in enumerate(items)
    ]


def _around(tokens: list[Token]) -> tuple[float, float, float, float]:
    return (
        min(t.box[0] for t in tokens),
        min(t.box[1] for t in tokens),
        max(t.box[2] for t in tokens),
        max(t.box[3] for t in tokens),
    )


EXPORTER = FunsdExporter()
