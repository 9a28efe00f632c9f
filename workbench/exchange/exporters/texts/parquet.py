"""Parquet with a text a row; `datasets.load_dataset("parquet", …)` knows the names of the classes.

Holds: texts with their lines, classes as ClassLabel (-1 without one; a list where the field allows several), split,
group, language.
Cannot hold: pages, boxes, labels of words, suggestions, who labelled; options that were taken out of the field.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport
from workbench.exchange.exporters.hf_parquet import ParquetExporter
from workbench.exchange.exporters.texts.rows import Columns, rows
from workbench.fields import FieldKind, Schema

_ROWS = 4096  # a batch


def write_rows(
    contents: Iterable[Content], schema: Schema, file: IO[bytes], pictures: Path | None = None
) -> ExportReport:
    """Write documents as Parquet into an open file, a row a document, with the features that datasets reads."""
    import pyarrow as pa  # heavy: only for this format
    from pyarrow import parquet

    written, columns = ExportReport(of_words=False, retired=schema.retired(FieldKind.CLASS)), Columns.of(schema)
    types: dict[str, Any] = dict.fromkeys(columns.names, pa.string())
    features: dict[str, Any] = {name: {"dtype": "string", "_type": "Value"} for name in columns.names}
    for name, field in columns.fields:
        label = {"names": list(field.options), "_type": "ClassLabel"}
        types[name] = pa.list_(pa.int64()) if field.multiple else pa.int64()
        features[name] = {"feature": label, "_type": "List"} if field.multiple else label
    shape = pa.schema(list(types.items()), metadata={"huggingface": json.dumps({"info": {"features": features}})})
    numbered = _numbered(rows(contents, columns, written), columns, written)
    with parquet.ParquetWriter(file, shape) as writer:
        while batch := list(islice(numbered, _ROWS)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=shape))
    return written


def _numbered(listed: Iterable[dict[str, Any]], columns: Columns, written: ExportReport) -> Iterator[dict[str, Any]]:
    numbers = {name: {option: at for at, option in enumerate(field.options)} for name, field in columns.fields}
    for row in listed:
        for name, field in columns.fields:
            known = [numbers[name][option] for option in row[name] if option in numbers[name]]
            if len(known) < len(row[name]):
                written.lost["options that the field has no more were left out"] += 1
            row[name] = known if field.multiple else next(iter(known), -1)
        yield row


EXPORTER = ParquetExporter("texts-parquet", write_rows)
