"""A folder for `datasets.load_from_disk` with a text a row: a DatasetDict where the documents are of several splits.

Holds and cannot hold what `texts.parquet` says.
"""

from collections.abc import Iterable
from pathlib import Path

from storage.files import temporary_folder
from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, whole_folder
from workbench.exchange.exporters.hf_dataset import convert
from workbench.exchange.exporters.texts.parquet import write_rows
from workbench.fields import Schema


class TextDatasetExporter:
    """The folder is written by the datasets library."""

    name = "texts-hf-dataset"
    folder = True

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        with whole_folder(target) as folder, temporary_folder("export") as scratch:
            source = scratch / "rows.parquet"
            with source.open("wb") as file:
                written = write_rows(contents, schema, file)
            convert(source, folder, scratch)
        return written


EXPORTER = TextDatasetExporter()
