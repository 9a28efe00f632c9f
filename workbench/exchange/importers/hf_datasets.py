"""Hugging Face datasets: folders of save_to_disk, Arrow and Parquet files, of pages as for LayoutLMv3 or of texts.

They are read with pyarrow; the names of ClassLabel columns come from the metadata in the file's schema.
JSON lines of the same columns are word lists (see `wordlists`).
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.importers import wordlists
from workbench.exchange.importers.wordlists import Record
from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading import parsing, text_tables
from workbench.exchange.reading.incoming import Incoming, Options, Rejected
from workbench.exchange.reading.sides import side_of_dataset
from workbench.exchange.reading.text_records import TEXT_COLUMNS, TextRecords, columns_of
from workbench.files.import_root import opened

_ROWS = 64  # a batch; rows may hold pictures
_TEXT_ROWS = 1024
_PAGE_COLUMNS = frozenset({"words", "tokens", "ground_truth", "image_path", "file_name"})
_ARROW_FILE = b"ARROW1"
_ARROW_STREAM = b"\xff\xff\xff\xff"


class HFDatasetImporter:
    """Rows are pages, as in word lists. `read` takes a dataset's state.json, an .arrow or a .parquet file."""

    name = "hf-dataset"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the signatures of Parquet and Arrow, or the keys of a saved dataset's state.json."""
        if head.startswith((b"PAR1", _ARROW_FILE)) or (head.startswith(_ARROW_STREAM) and path.suffix == ".arrow"):
            return 0.99
        return 0.99 if path.name == "state.json" and b'"_data_files"' in head else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that rows name by path."""
        options = Options(path.parent)
        try:
            for part in _parts(path, options):
                for _, row in _rows(part, ("image_path", "file_name")):
                    named = row.picture() if isinstance(row, Record) else None
                    if isinstance(named, str):
                        yield path.parent / named
        except InputProblem:
            return

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one dataset."""
        try:
            for part in _parts(path, options):
                columns, names = _schema(part)
                documents = (
                    _texts(part, columns, names, options)
                    if _is_of_texts(columns, options)
                    else wordlists.documents(part, _rows(part), options, self.name, names)
                )
                for item in documents:
                    if isinstance(item, Incoming):
                        item.side = item.side or side_of_dataset(part)
                    yield item
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)


def _parts(path: Path, options: Options) -> list[Path]:
    if path.name != "state.json":
        parsing.content_size(path, options.limits)
        return [path]
    state = parsing.json_of(path, options.limits)
    parts: list[Path] = []
    for entry in parsing.need(state, "_data_files", list):
        name = parsing.need(entry, "filename", str)
        part = parsing.inside(options, path.parent, name)
        if part is None:
            raise InputProblem(f"the part {name[:120]!r} of the dataset is not there")
        parsing.content_size(part, options.limits)
        parts.append(part)
    return parts


def _is_of_texts(columns: Sequence[str], options: Options) -> bool:
    """Whether rows are texts, not pages of words."""
    names = {column.casefold() for column in columns}
    return bool(options.text_column) or (not names & _PAGE_COLUMNS and bool(names & set(TEXT_COLUMNS)))


def _texts(
    part: Path, columns: list[str], names: dict[str, list[str]], options: Options
) -> Iterator[Incoming | Rejected]:
    """Rows of a text and its class; pictures and the like are left alone."""
    wanted = columns_of(columns, options)
    used = [
        wanted.text,
        *(column for column, _ in wanted.labels),
        wanted.id,
        wanted.group,
        wanted.side,
        wanted.language,
    ]
    read = tuple(column for column in columns if column in used)
    beside = text_tables.names_beside(part, options)
    numbers = {column: dict(enumerate(listed)) for column, listed in names.items()}
    records = TextRecords(
        part,
        options,
        {**numbers, **({} if beside is None else {"": beside})},
        format=HFDatasetImporter.name,
        title=_title(part),
    )
    yield from parsing.each(part, _text_rows(part, read), records.document)


def _title(part: Path) -> str:
    """What the texts of a file are called: the files of a saved data set have the same names in every folder."""
    return f"{part.parent.name} {part.stem}" if part.stem.startswith("data-") else part.stem


@in_reader_process
def _text_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, row) of these columns."""
    import pyarrow as pa

    number = 0
    try:
        with opened(path) as file:
            for batch in _batches(file, columns, _TEXT_ROWS)[1]:
                batch.validate(full=True)
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(number, error) from error


@in_reader_process
def _schema(path: Path) -> tuple[list[str], dict[str, list[str]]]:
    """The columns; and column -> label names, from the features that the datasets library writes into a schema."""
    import pyarrow as pa

    try:
        with opened(path) as file:
            schema = _batches(file, ())[0]
            return list(schema.names), _names_in(schema)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(0, error) from error


@in_reader_process
def _rows(path: Path, only: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(where, Record or InputProblem) of every row."""
    import pyarrow as pa  # heavy: only when there is such a file

    number = 0
    try:
        with opened(path) as file:
            for batch in _batches(file, only)[1]:
                batch.validate(full=True)  # offsets that lead out of a buffer
                for row in batch.to_pylist():
                    number += 1
                    try:
                        yield f"row {number}", parsing.convert(row, Record)
                    except InputProblem as problem:
                        yield f"row {number}", problem
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(number, error) from error


def _damaged(row: int, error: Exception) -> InputProblem:
    return InputProblem(f"it is damaged or cut off after row {row} ({str(error)[:200]})")


def _batches(file: Any, only: tuple[str, ...], size: int = _ROWS) -> tuple[Any, Iterator[Any]]:
    import pyarrow as pa
    from pyarrow import ipc, parquet

    pa.set_cpu_count(1)
    signature = file.read(6)
    file.seek(0)
    if signature.startswith(b"PAR1"):
        parts = parquet.ParquetFile(file)
        schema = parts.schema_arrow
        return schema, parts.iter_batches(size, columns=_columns(schema.names, only))
    reader = ipc.open_stream(file) if signature.startswith(_ARROW_STREAM) else ipc.open_file(file)
    schema = reader.schema
    whole = (
        iter(reader)
        if signature.startswith(_ARROW_STREAM)
        else (reader.get_batch(number) for number in range(reader.num_record_batches))
    )
    columns = _columns(schema.names, only)
    return schema, (
        batch.select(columns).slice(start, size) for batch in whole for start in range(0, batch.num_rows, size)
    )


def _columns(present: list[str], only: tuple[str, ...]) -> list[str]:
    """The columns to read; others (such as encoded pixel values) are skipped."""
    return [name for name in present if name in (only or Record.__struct_fields__)]


def _names_in(schema: Any) -> dict[str, list[str]]:
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        items = features.items()
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    names: dict[str, list[str]] = {}
    for column, feature in items:
        inner = feature.get("feature", feature) if isinstance(feature, dict) else None
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if isinstance(feature, list) and feature:
            inner = feature[0]
        if isinstance(inner, dict) and isinstance(inner.get("names"), list):
            names[column] = [str(name) for name in inner["names"]]
    return names


IMPORTER = HFDatasetImporter()
