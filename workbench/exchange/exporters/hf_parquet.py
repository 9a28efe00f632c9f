"""Parquet with the columns that LayoutLMv3's data sets have; `datasets.load_dataset("parquet", …)` knows the labels.

Holds: texts, lines, labels as ClassLabel tags, whether they are complete, page sizes, split, group, language,
pictures.
Cannot hold: boxes finer than 1/1000 of the page, OCR confidences, suggestions, known values, who labelled; a label
with gaps or over two pages is divided.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from storage.records import Content
from workbench.exchange.exporters.base import (
    ExportReport,
    has_labels,
    picture_of,
    tags_by_page,
    thousandths,
    whole_file,
    words_are_complete,
)
from workbench.fields import Schema

_ROWS = 256  # a batch


WriteRows = Callable[[Iterable[Content], Schema, IO[bytes], Path | None], ExportReport]
"""Writes documents as Parquet into an open file; the last argument is the folder of the pictures, None for none."""


@dataclass(frozen=True, slots=True)
class ParquetExporter:
    """One file; pictures are inside it."""

    name: str
    write_rows: WriteRows
    folder: bool = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        with whole_file(target) as file:
            return self.write_rows(contents, schema, file, pictures)


def write_rows(contents: Iterable[Content], schema: Schema, file: IO[bytes], pictures: Path | None) -> ExportReport:
    """Write documents as Parquet into an open file, a row a page."""
    import pyarrow as pa  # heavy: only for this format
    from pyarrow import parquet

    written = ExportReport(of_documents=False)
    tags = ["O", *(f"{prefix}-{entry.name}" for entry in schema for prefix in "BI")]
    numbers = {tag: number for number, tag in enumerate(tags)}
    columns = {
        "id": pa.string(),
        "page": pa.int32(),
        "tokens": pa.list_(pa.string()),
        "bboxes": pa.list_(pa.list_(pa.int64())),
        "ner_tags": pa.list_(pa.int64()),
        "lines": pa.list_(pa.int32()),
        "page_width": pa.float64(),
        "page_height": pa.float64(),
        "labelled": pa.bool_(),
        "split": pa.string(),
        "group": pa.string(),
        "language": pa.string(),
    }
    if pictures is not None:
        columns["image"] = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    metadata = {"huggingface": json.dumps({"info": {"features": _features(tags, pictures is not None)}})}
    shape = pa.schema(list(columns.items()), metadata=metadata)
    rows = _rows(contents, schema, numbers, written, pictures)
    with parquet.ParquetWriter(file, shape) as writer:
        while batch := list(islice(rows, _ROWS)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=shape))
    return written


def _rows(
    contents: Iterable[Content], schema: Schema, numbers: dict[str, int], written: ExportReport, pictures: Path | None
) -> Iterator[dict[str, Any]]:
    for content in contents:
        tags = tags_by_page(content, schema, written) if has_labels(content) else None
        for index, page in enumerate(content.pages):
            row: dict[str, Any] = {
                "id": content.document.name,
                "page": index,
                "tokens": [token.text for token in page.tokens],
                "bboxes": [thousandths(token.box, page) for token in page.tokens],
                "ner_tags": None if tags is None else [numbers[tag] for tag in tags[index]],
                "lines": [token.line for token in page.tokens],
                "page_width": page.width,
                "page_height": page.height,
                "labelled": words_are_complete(content),
                "split": content.document.split.value,
                "group": content.document.group or None,
                "language": content.document.language,
            }
            if (picture := picture_of(page, pictures)) is not None:
                row["image"] = {"bytes": picture.read_bytes(), "path": None}
            yield row
        written.count(content, pictures)


def _features(tags: list[str], images: bool) -> dict[str, Any]:
    def value(kind: str) -> dict[str, Any]:
        return {"dtype": kind, "_type": "Value"}

    def several(feature: dict[str, Any]) -> dict[str, Any]:
        return {"feature": feature, "_type": "List"}

    features = {
        "id": value("string"),
        "page": value("int32"),
        "tokens": several(value("string")),
        "bboxes": several(several(value("int64"))),
        "ner_tags": several({"names": tags, "_type": "ClassLabel"}),
        "lines": several(value("int32")),
        "page_width": value("float64"),
        "page_height": value("float64"),
        "labelled": value("bool"),
        "split": value("string"),
        "group": value("string"),
        "language": value("string"),
    }
    return {**features, "image": {"_type": "Image"}} if images else features


EXPORTER = ParquetExporter("parquet", write_rows)
