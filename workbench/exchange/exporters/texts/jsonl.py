"""JSON lines: a text a line with its classes.

Holds: texts with their lines, classes, split, group, language.
Cannot hold: pages, boxes, labels of words, suggestions, who labelled.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, whole_file
from workbench.exchange.exporters.texts.rows import Columns, rows
from workbench.fields import FieldKind, Schema


class TextJsonlExporter:
    """A class is a text, or a list of them where the field allows several; null where a text has none."""

    name = "texts-jsonl"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written, columns = ExportReport(of_words=False, retired=schema.retired(FieldKind.CLASS)), Columns.of(schema)
        encode = msgspec.json.Encoder().encode
        with whole_file(target) as file:
            for row in rows(contents, columns, written):
                classes = {
                    name: None if not row[name] else row[name] if field.multiple else row[name][0]
                    for name, field in columns.fields
                }
                kept = {key: value for key, value in (row | classes).items() if value is not None or key in classes}
                file.write(encode(kept) + b"\n")
        return written


EXPORTER = TextJsonlExporter()
