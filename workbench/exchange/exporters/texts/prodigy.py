"""Prodigy: a text a line with its options, and those that were accepted (the recipe `textcat.manual`).

Holds: texts with their lines, the classes of one field, split, group, language.
Cannot hold: other class fields, pages, boxes, labels of words, who labelled.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, write_lines
from workbench.exchange.exporters.texts.rows import only_field, options_of, text_of
from workbench.fields import Field, FieldKind, Schema


class ProdigyExporter:
    """What is not labelled has no answer."""

    name = "prodigy"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written = ExportReport(of_words=False, retired=schema.retired(FieldKind.CLASS))
        field = only_field(schema, written)
        return write_lines(target, contents, lambda content: _record(content, field), written)


def _record(content: Content, field: Field | None) -> dict[str, Any]:
    document = content.document
    record: dict[str, Any] = {"id": document.name, "text": text_of(content), "split": document.side.value}
    if document.group not in ("", document.name):
        record["group"] = document.group
    if document.language:
        record["language"] = document.language
    if field is not None:
        record["options"] = [{"id": option, "text": option} for option in field.options]
        record["config"] = {"choice_style": "multiple" if field.multiple else "single"}
        record["accept"] = options_of(content, field)
        if record["accept"]:
            record["answer"] = "accept"
    return record


EXPORTER = ProdigyExporter()
