"""VGG Image Annotator: labelled shapes on pictures, as a project, as exported JSON or as CSV."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.importers.picture_boxes.picture_labels import placed
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.answers import get
from workbench.exchange.reading.incoming import Incoming, IncomingRegion, Options, Rejected

_LABELS = ("label", "name", "type", "class", "category", "field")  # how people call the attribute that says what it is
_Shapes = list[tuple[dict[str, Any], dict[str, Any]]]  # the shape's and the region's attributes


class ViaImporter:
    """A picture is a document; a region's label is the attribute called label, name, type or class, or the only one."""

    name = "via"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the keys or columns that every export has."""
        return 0.97 if b"shape_attributes" in head and b"region_attributes" in head else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that are named."""
        for name in _pictures(path, Options(path.parent)):
            yield from named_files.companions(path.parent, name)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            pictures = _pictures(path, options)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        for number, (name, shapes) in enumerate(pictures.items(), 1):
            where = f"picture {number}"
            try:
                incoming = Incoming(Path(parsing.local_name(name)).stem, f"{path} {where}", [], self.name)
                regions = [IncomingRegion(0, _box(shape), label) for shape, about in shapes if (label := _label(about))]
                if len(regions) < len(shapes):
                    incoming.notes.append("shapes without a label were left out")
                yield placed(incoming, path, options, name, (0.0, 0.0), regions)
            except InputProblem as problem:
                yield parsing.rejected(path, where, problem)


def _pictures(path: Path, options: Options) -> dict[str, _Shapes]:
    """Name of each picture -> its shapes.

    Raises:
        InputProblem: it is neither JSON nor CSV of this form.
    """
    data = parsing.content(path, options.limits)
    pictures: dict[str, _Shapes] = {}
    if not parsing.is_json(data):
        for row in _rows(parsing.text_of(data)):
            shapes = pictures.setdefault(str(row.get("filename") or "").strip(), [])
            shape, about = (_object(row.get(f"region_{name}attributes")) for name in ("shape_", ""))
            if shape:
                shapes.append((shape, about))
        return pictures
    loaded = parsing.decode(data)
    files = get(loaded, "_via_img_metadata") or loaded
    for file in files.values() if isinstance(files, dict) else ():
        name = get(file, "filename")
        regions = get(file, "regions")
        parts = list(regions.values()) if isinstance(regions, dict) else regions or []  # version 1 numbers them
        if isinstance(name, str):
            pictures.setdefault(name, []).extend(
                (get(part, "shape_attributes") or {}, get(part, "region_attributes") or {})
                for part in (parts if isinstance(parts, list) else [None])  # what is no region has no label
            )
    if not pictures:
        raise InputProblem("it names no pictures")
    return pictures


def _rows(text: str) -> Iterator[dict[str | Any, str | Any]]:
    """The rows of a CSV, which one with a quote that is not closed would otherwise take into one of its cells."""
    try:
        yield from csv.DictReader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise InputProblem(f"it is no CSV ({error})") from error


def _object(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError, TypeError):
        raise InputProblem("a row's attributes are no JSON") from None
    return value if isinstance(value, dict) else {}


def _label(about: dict[str, Any]) -> str:
    """What a region is: a text, or the only choice that is ticked."""
    keys = {str(key).casefold(): value for key, value in about.items()}
    value = next((keys[name] for name in _LABELS if name in keys), None)
    if value is None and len(keys) == 1:
        value = next(iter(keys.values()))
    if isinstance(value, dict):
        ticked = [str(option) for option, is_on in value.items() if is_on]
        return ticked[0] if len(ticked) == 1 else ""
    return str(value).strip() if isinstance(value, str | int) else ""


def _box(shape: dict[str, Any]) -> Box:
    """The upright box around a shape, in pixels of the picture."""
    if "all_points_x" in shape:
        across, down = shape["all_points_x"], shape.get("all_points_y")
        if not isinstance(across, list) or not isinstance(down, list) or len(across) != len(down):
            raise InputProblem("a shape has not as many x as y")
        return parsing.around([[x, y] for x, y in zip(across, down, strict=True)])
    if "width" in shape:
        x, y, width, height = (parsing.number(shape.get(side)) for side in ("x", "y", "width", "height"))
        return x, y, x + width, y + height
    if "cx" in shape:
        x, y = parsing.number(shape.get("cx")), parsing.number(shape.get("cy"))
        across = parsing.number(shape.get("rx", shape.get("r", 0)))
        down = parsing.number(shape.get("ry", shape.get("r", 0)))
        return x - across, y - down, x + across, y + down
    raise InputProblem("a shape is neither a rectangle, an ellipse nor a polygon")


IMPORTER = ViaImporter()
