"""Word lists (JSONL): one object a page with words, boxes, labels.

Holds: texts, boxes in page units, lines, OCR confidences, page sizes, labels as BIO tags, whether they are complete,
split, group, language.
Cannot hold: suggestions, known values, who labelled, the OCR engine; a label with gaps or over two pages is
divided.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from storage.records import Content
from workbench.exchange.exporters.base import (
    Companion,
    ExportReport,
    FileNames,
    copy_picture,
    file_with_pictures,
    has_labels,
    pictures_beside,
    plain_number,
    tags_by_page,
    words_are_complete,
)
from workbench.fields import Schema


class WordListExporter:
    """One JSON object a line, one line a page."""

    name = "word-list"
    folder = False

    def beside(self, target: Path, pictures: bool) -> list[Companion]:
        """What is written besides the file."""
        return [Companion(pictures_beside(target))] if pictures else []

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write one file; pictures go into a folder beside it."""
        written, names = ExportReport(of_documents=False), FileNames()
        encode = msgspec.json.Encoder().encode
        with file_with_pictures(target) as (file, folder):
            for content in contents:
                for record in _records(content, schema, written, names, target, pictures, folder):
                    file.write(encode(record) + b"\n")
                written.count(content, pictures)
        return written


def _records(
    content: Content,
    schema: Schema,
    written: ExportReport,
    names: FileNames,
    target: Path,
    pictures: Path | None,
    folder: Path,
) -> Iterator[dict[str, Any]]:
    tags = tags_by_page(content, schema, written) if has_labels(content) else None
    base = names.fresh(content.document.name)
    for index, page in enumerate(content.pages):
        record: dict[str, Any] = {
            "id": content.document.name,
            "page": index,
            "width": plain_number(page.width),
            "height": plain_number(page.height),
            "words": [token.text for token in page.tokens],
            "bboxes": [[plain_number(side) for side in token.box] for token in page.tokens],
            "lines": [token.line for token in page.tokens],
        }
        if any(token.confidence is not None for token in page.tokens):
            record["confidences"] = [token.confidence for token in page.tokens]
        if tags is not None:
            record["labels"] = tags[index]
            record["labelled"] = words_are_complete(content)
        record["split"] = content.document.split.value
        if content.document.group:
            record["group"] = content.document.group
        if content.document.language:
            record["language"] = content.document.language
        if copied := copy_picture(page, pictures, folder, f"{base}-{index + 1}"):
            record["image_path"] = f"{pictures_beside(target).name}/{copied}"
        yield record


EXPORTER = WordListExporter()
