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
    """A class is a text, or a list of them where the field allows several; a text without one has no such key."""

    name = "texts-jsonl"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written, columns = ExportReport(of_words=False, retired=schema.retired(FieldKind.CLASS)), Columns.of(schema)
        encode = msgspec.json.Encoder().encode
        with whole_file(target) as file:
            for row in rows(contents, columns, written):
                for name, field in columns.fields:
                    row[name] = row[name] if field.multiple or not row[name] else row[name][0]
                file.write(encode({key: value for key, value in row.items() if value not in (None, [])}) + b"\n")
        return written


EXPORTER = TextJsonlExporter()
