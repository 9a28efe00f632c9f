"""Label Studio's flat exports: JSON_MIN, and CSV whose cells hold JSON."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.importers.label_studio.texts import has_offsets
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Options

_SIZES = ("original_width", "original_height", "item_index")
_PLACE = ("x", "y", "width", "height", "points", "item_index", "start", "end")
_CSV = re.compile(rb"(?=[^\n]*\bannotation_id\b)[^\n]*\b(lead_time|annotator|created_at)\b")


def is_csv(head: bytes) -> bool:
    """Whether a file is Label Studio's CSV, by the columns that it always has."""
    return _CSV.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def rows(path: Path, options: Options) -> Iterator[tuple[str, Any]]:
    """(where, task as JSON_MIN has it) of every row of a CSV.

    Raises:
        InputProblem: the file cannot be read.
    """
    text = parsing.text_of(parsing.content(path, options.limits))
    dialect = csv.excel_tab if "\t" in text.split("\n", 1)[0] else csv.excel
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, strict=True), 1):
            yield f"row {number}", {key: _cell(value) for key, value in row.items() if key and value}
    except csv.Error as error:
        raise InputProblem(f"it is no CSV ({error})") from error


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def results_of(task: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of JSON_MIN, which has no ids: boxes, labels and texts at one place belong together."""
    shapes: dict[str, list[dict[str, Any]]] = {}
    texts: list[Any] = []
    for key, value in task.items():
        listed = value if isinstance(value, list) else [value]
        if listed and all(isinstance(v, dict) and ("x" in v or "points" in v or has_offsets(v)) for v in listed):
            shapes[key] = listed
        elif key in ("transcription", "text", "texts") or (key.endswith("transcription")):
            texts = listed
    if not shapes:
        raise InputProblem('it has neither "data" nor regions')
    ids: dict[Any, str] = {}
    results: list[dict[str, Any]] = []
    for listed in shapes.values():
        for shape in listed:
            place_of = tuple(str(shape.get(part)) for part in _PLACE)
            region = ids.setdefault(place_of, f"region {len(ids)}")
            results.append({"id": region, "value": shape, **{k: shape.get(k) for k in _SIZES}})
    if all(map(has_offsets, (shape for listed in shapes.values() for shape in listed))):
        return results  # of a text; a text beside them is the whole
    if texts and len(texts) != len(ids):
        raise InputProblem(f"it has {len(ids)} regions but {len(texts)} transcriptions")
    for region, text in zip(list(ids.values()), texts, strict=False):
        results.append({"id": region, "value": {"text": text}})
    return results
