"""The formats that can be written: a format is one module of this package and one line of `EXPORTERS`."""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Protocol

from storage.exceptions import UsageProblem
from storage.records import Content
from workbench.exchange.exporters.base import ExportReport
from workbench.fields import Schema

EXPORTERS: dict[str, tuple[str, str]] = {
    # name: (module of this package, what it writes)
    "word-list": ("wordlists", "JSONL, one object a page: words, bboxes, labels"),
    "hf-dataset": ("hf_dataset", "a folder for datasets.load_from_disk, boxes 0-1000, ready for LayoutLM"),
    "parquet": ("hf_parquet", "the same columns as one Parquet file"),
    "label-studio": ("label_studio", "Label Studio tasks with annotations and predictions"),
    "funsd": ("funsd", "annotations/ and images/, one JSON a page"),
    "conll": ("conll", "a word and its tag a line; no boxes"),
    "doccano": ("doccano", "JSONL: text with labelled character ranges; no boxes"),
    "texts-csv": ("texts.csv_file", "CSV: a text a row with its classes"),
    "texts-xlsx": ("texts.xlsx", "the same as a workbook"),
    "texts-jsonl": ("texts.jsonl", "JSONL: a text a line with its classes"),
    "texts-parquet": ("texts.parquet", "Parquet: a text a row with its classes as ClassLabel"),
    "texts-hf-dataset": ("texts.hf_dataset", "a folder for datasets.load_from_disk: a text a row with its classes"),
    "prodigy": ("texts.prodigy", "Prodigy: JSONL, a text a line with its options and the accepted ones"),
    "class-folders": ("texts.folders", "one folder a class, in one folder a side: texts and pictures"),
    "values-csv": ("values_csv", "one row a document, one column a field"),
    "values-xlsx": ("values_xlsx", "the same as a workbook"),
}


class Exporter(Protocol):
    """One format. `write` makes `target` (a file, or a folder if `folder` is set) whole or not at all."""

    name: str
    folder: bool

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write documents.

        Args:
            contents: the documents, read one after the other.
            schema: has the fields' names; labels are written with names, not ids.
            target: the new file or folder.
            pictures: the folder that the pages' pictures are in; None leaves them out.

        Raises:
            WorkspaceProblem: the target cannot be written; nothing of it remains.
        """
        ...


def load(name: str) -> Exporter:
    """The exporter of this name.

    Raises:
        UsageProblem: there is none.
    """
    if name not in EXPORTERS:
        raise UsageProblem(f"There is no export format '{name}'.", f"Formats: {', '.join(EXPORTERS)}.")
    exporter: Exporter = import_module(f"workbench.exchange.exporters.{EXPORTERS[name][0]}").EXPORTER
    return exporter


def load_values(name: str, day_first: bool | None, excel: str | None = None) -> Exporter:
    """The exporter of a table of values.

    Args:
        name: values-csv or values-xlsx.
        day_first: how 03/04/2024 is meant in the workspace, where that is known.
        excel: the locale of the Excel that the CSV is for, such as de.

    Raises:
        UsageProblem: there is no such locale, or it is not asked of a CSV.
    """
    from workbench.exchange.exporters.values_csv import CsvExporter, for_excel
    from workbench.exchange.exporters.values_xlsx import XlsxExporter

    if name == XlsxExporter.name:
        if excel is not None:
            raise UsageProblem("--excel is for values-csv.", "values-xlsx opens in every Excel as it is.")
        return XlsxExporter(day_first)
    return CsvExporter(day_first=day_first) if excel is None else for_excel(excel, day_first)
