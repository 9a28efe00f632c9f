"""Boxes in the shapes in which tools write them: four numbers, four points, or an object of named sides."""

import re
from collections.abc import Mapping
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box

KEYS = ("bboxes", "boxes", "bbox")
"""Under which a record has the boxes of its words."""

_FIRST = re.compile(rb'"(?:bboxes|boxes|bbox)"\s*:\s*\[\s*(?P<box>\{|\[\s*[\[{"]|\[(?P<numbers>[^\[\]{}"]*)\])')
_POINTS = ("vertices", "normalizedvertices", "points", "polygon", "quad")
_NESTED = ("boundingbox", "bbox", "box")
_SIDES = {
    # of names that mean the same the first one present is used
    "left": ("x0", "xmin", "left", "l", "x1", "x"),
    "top": ("y0", "ymin", "top", "t", "y1", "y"),
    "right": ("x1", "x2", "xmax", "right", "r"),
    "bottom": ("y1", "y2", "ymax", "bottom", "b"),
    "width": ("width", "w"),
    "height": ("height", "h"),
}


def is_other(head: bytes) -> bool:
    """Whether the first box of a file's beginning is anything but four numbers."""
    match = _FIRST.search(head)
    return match is not None and (match["numbers"] is None or match["numbers"].count(b",") != 3)


def with_corners(record: Any) -> Any:
    """A record with its boxes as corners.

    Raises:
        InputProblem: one of them is in no shape that is known.
    """
    if not isinstance(record, dict):
        return record
    changed = {key: [_corners(box) for box in record[key]] for key in KEYS if isinstance(record.get(key), list)}
    return {**record, **changed}


def _corners(box: Any) -> Box:
    if isinstance(box, Mapping):
        return _of_sides({re.sub(r"[\W_]", "", str(name)).lower(): value for name, value in box.items()})
    if isinstance(box, list) and len(box) == 4 and not any(isinstance(part, list | Mapping) for part in box):
        x0, y0, x1, y1 = map(_number, box)
        return x0, y0, x1, y1
    return _around(box)


def _around(points: Any) -> Box:
    """The box around points: pairs, objects with x and y, or one list x, y, x, y, …"""
    if not isinstance(points, list) or len(points) < 2:
        raise _unknown(points)
    if all(isinstance(point, Mapping) for point in points):
        pairs = [(point.get("x", point.get("X")), point.get("y", point.get("Y"))) for point in points]
    elif all(isinstance(point, list) and len(point) == 2 for point in points):
        pairs = [(x, y) for x, y in points]
    elif len(points) >= 6 and len(points) % 2 == 0:
        pairs = list(zip(points[::2], points[1::2], strict=True))
    else:
        raise _unknown(points)
    across, down = [_number(x) for x, _ in pairs], [_number(y) for _, y in pairs]
    return min(across), min(down), max(across), max(down)


def _of_sides(box: Mapping[str, Any]) -> Box:
    for name in (*_NESTED, *_POINTS):
        if name in box:
            return _corners(box[name]) if name in _NESTED else _around(box[name])
    sides: dict[str, float] = {}
    used: set[str] = set()
    for side, names in _SIDES.items():
        # x1 is the left side beside x2, and the right side beside x0
        if named := next((name for name in names if name in box and name not in used), None):
            sides[side] = _number(box[named])
            used.add(named)
    if not {"left", "top"} <= sides.keys():
        raise _unknown(box)
    if {"right", "bottom"} <= sides.keys():
        return sides["left"], sides["top"], sides["right"], sides["bottom"]
    if {"width", "height"} <= sides.keys():
        return sides["left"], sides["top"], sides["left"] + sides["width"], sides["top"] + sides["height"]
    raise _unknown(box)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _unknown(value) from None


def _unknown(box: Any) -> InputProblem:
    return InputProblem(
        f"it has a box in no shape that is known: {str(box)[:80]} (corners x0, y0, x1, y1, four points, or named sides)"
    )
