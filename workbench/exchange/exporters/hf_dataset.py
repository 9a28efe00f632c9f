"""A folder for `datasets.load_from_disk`, with the columns of the Parquet export: a DatasetDict with a data set a split
where the documents are of several, else one data set.

Holds and cannot hold what `hf_parquet` says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from storage.files import temporary_folder
from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, whole_folder
from workbench.exchange.exporters.hf_parquet import WriteRows, write_rows
from workbench.fields import Schema


@dataclass(frozen=True, slots=True)
class HFDatasetExporter:
    """The folder is written by the datasets library, from rows of Parquet; pictures are inside the Arrow files."""

    name: str
    write_rows: WriteRows
    folder: bool = True

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        with whole_folder(target) as folder, temporary_folder("export") as scratch:
            source = scratch / "rows.parquet"
            with source.open("wb") as file:
                written = self.write_rows(contents, schema, file, pictures)
            _convert(source, folder, scratch)
        return written


def _convert(source: Path, folder: Path, scratch: Path) -> None:
    """Have the datasets library save the rows of a Parquet file, by their column `split`."""
    import datasets  # heavy: only for this format

    # Its progress bars would write into the terminal; the setting is restored for other users of the library.
    shown = datasets.are_progress_bars_disabled() is False
    datasets.disable_progress_bars()
    try:
        rows = datasets.Dataset.from_parquet(str(source), cache_dir=str(scratch / "cache"))
        sides = rows.unique("split")
        if len(sides) > 1:
            parts = {side: rows.filter(lambda split, side=side: split == side, input_columns="split") for side in sides}
            datasets.DatasetDict(parts).save_to_disk(str(folder))
        else:
            rows.save_to_disk(str(folder))
    finally:
        if shown:
            datasets.enable_progress_bars()


EXPORTER = HFDatasetExporter("hf-dataset", write_rows)
