"""doccano (JSONL): the words of a document as text with labelled character ranges; of a text its classes.

Holds: texts, lines as line breaks, labels, the classes of one field (`label`, beside ranges `cats`), split, group,
language.
Cannot hold: other class fields, boxes, page sizes, pictures, OCR confidences, suggestions, known values, who
labelled; a label with gaps is divided.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from storage.records import Content
from workbench.annotation.classes import running_text
from workbench.exchange.exporters.base import ExportReport, has_labels, ordered_spans, write_lines
from workbench.exchange.exporters.texts.rows import is_text, only_field, options_of, text_of
from workbench.fields import Field, FieldKind, Schema


class DoccanoExporter:
    """One JSON object a line, one line a document."""

    name = "doccano"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written = ExportReport(retired=schema.retired(FieldKind.CLASS))
        field = only_field(schema, written)
        return write_lines(target, contents, lambda content: _record(content, schema, written, field), written)


def _record(content: Content, schema: Schema, written: ExportReport, field: Field | None) -> dict[str, Any]:
    text, ranges, before, word = "", [], None, ""
    for token in content.tokens:
        line = (token.page, token.line)
        text += "" if before is None else _between(word, token.text) if before == line else "\n"
        ranges.append((len(text), len(text) + len(token.text)))
        text += token.text
        before, word = line, token.text
    document = content.document
    record: dict[str, Any] = {"id": document.name, "text": text, "split": document.split.value}
    options = [] if field is None else options_of(content, field)
    if is_text(content) and not content.annotations.spans:  # a project of document classification
        record |= {"text": text_of(content), "label": options}
    elif has_labels(content):
        labels = []
        for span in ordered_spans(content):
            parts = _unbroken(span.tokens)
            if len(parts) > 1:
                written.lost["labels with gaps were divided"] += 1
            labels += [[ranges[first][0], ranges[last][1], schema.name(span.field)] for first, last in parts]
        record["label"] = labels
        record |= {"cats": options} if options else {}
    group = document.group if document.group != document.name else ""
    return record | {key: value for key, value in (("group", group), ("language", document.language)) if value}


def _between(word: str, other: str) -> str:
    """What stands between two words of a line: nothing between characters that an import made words of."""
    return " " if len(word) > 1 or len(other) > 1 else " " * running_text.gap(word, other)


def _unbroken(tokens: tuple[int, ...]) -> list[tuple[int, int]]:
    """(first, last) of the runs of words that follow each other."""
    parts: list[tuple[int, int]] = []
    for token in tokens:
        if parts and token == parts[-1][1] + 1:
            parts[-1] = (parts[-1][0], token)
        else:
            parts.append((token, token))
    return parts


EXPORTER = DoccanoExporter()
