"""A number where a record belongs, in lists of service answers and of labels: nothing is lost without a word."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.unit.exchange.importers.test_service_answers import textract
from workbench.exchange.importers.registry import load
from workbench.exchange.reading.incoming import Options, Rejected

_CORNERS = [10, 10, 60, 10, 60, 20, 10, 20]
_POINTS = [{"x": 10, "y": 10}, {"x": 60, "y": 20}]
_FIELD = {"type": "string", "content": "Total", "confidence": 0.9, "spans": [{"offset": 0, "length": 5}]}
_AZURE = {
    "analyzeResult": {
        "pages": [{"width": 90, "height": 60, "words": [
            {"content": "Total", "polygon": _CORNERS, "confidence": 0.9, "span": {"offset": 0, "length": 5}}]}],
        "documents": [{"fields": {"Total": _FIELD}}],
    }
}  # fmt: skip
_WORD = {"boundingBox": {"vertices": _POINTS}, "symbols": [{"text": "A"}]}
_BLOCK = {"paragraphs": [{"words": [_WORD]}]}
_VISION = {"responses": [{"fullTextAnnotation": {"pages": [{"width": 90, "height": 60, "blocks": [_BLOCK]}]}}]}
_ANCHOR = {"textSegments": [{"startIndex": 0, "endIndex": 5}]}
_DOCUMENT_AI = {
    "text": "Total",
    "pages": [{"dimension": {"width": 90, "height": 60}, "tokens": [
        {"layout": {"textAnchor": _ANCHOR, "boundingPoly": {"vertices": _POINTS}}}]}],
    "entities": [{"type": "total", "textAnchor": _ANCHOR, "mentionText": "Total", "confidence": 0.9}],
}  # fmt: skip
_COCO = {
    "images": [{"id": 1, "file_name": "pic.png", "width": 90, "height": 60}],
    "annotations": [{"image_id": 1, "category_id": 3, "bbox": [7, 1, 4, 4]}],
    "categories": [{"id": 3, "name": "total"}],
}
_LABELME = {"imagePath": "pic.png", "shapes": [{"label": "total", "points": [[1, 1], [9, 9]]}]}


def _lists(value: Any) -> Iterator[list[Any]]:
    """The lists of objects in a value, at any depth, but those of points."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _lists(inner)
    if isinstance(value, list) and value and isinstance(value[0], dict) and not {"x", "X"} & set(value[0]):
        yield value


def _read(folder: Path, importer: str, data: Any) -> list[Any]:
    path = folder / "pic.json"
    path.write_text(json.dumps(data))
    assert load(importer).sniff(path, path.read_bytes()) > 0.5
    return list(load(importer).read(path, Options(folder)))


@pytest.mark.parametrize(
    ("importer", "data"),
    [
        ("textract", textract(0)),
        ("azure", _AZURE),
        ("google-vision", _VISION),
        ("document-ai", _DOCUMENT_AI),
        ("picture-labels", _COCO),
        ("picture-labels", _LABELME),
    ],
    ids=["textract", "azure", "vision", "document-ai", "coco", "labelme"],
)
def test_an_entry_that_is_no_object_refuses_the_file_and_null_does_not(
    importer: str, data: dict[str, Any], tmp_path: Path
) -> None:
    Image.new("RGB", (90, 60), "white").save(tmp_path / "pic.png")
    assert not any(isinstance(item, Rejected) for item in _read(tmp_path, importer, data))
    counted = len(list(_lists(data)))
    assert counted > 0
    for number in range(counted):
        for entry in (7, None):
            changed = json.loads(json.dumps(data))
            list(_lists(changed))[number].append(entry)
            refused = [item.reason for item in _read(tmp_path, importer, changed) if isinstance(item, Rejected)]
            assert bool(refused) == (entry is not None), (number, entry)


def test_labelmes_shapes_that_are_no_list_are_refused_by_name(tmp_path: Path) -> None:
    (refused,) = _read(tmp_path, "picture-labels", {**_LABELME, "shapes": 7})
    assert isinstance(refused, Rejected) and refused.reason == '"shapes" is no list'
