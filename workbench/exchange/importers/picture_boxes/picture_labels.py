"""Labelled boxes on pictures without words: COCO and labelme. Words come from OCR, or from the PDF that is named."""

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.answers import get, listed, share
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingRegion, Options, Rejected


class PictureLabelsImporter:
    """COCO: a picture is a document. labelme: a file is a document."""

    name = "picture-labels"

    def sniff(self, path: Path, head: bytes) -> float:
        """By COCO's lists, or labelme's shapes."""
        if not parsing.is_json(head):
            return 0.0
        coco = re.search(rb'"images"\s*:\s*\[', head) and re.search(rb'"(annotations|categories)"\s*:\s*\[', head)
        shapes = re.search(rb'"shapes"\s*:', head) and (b'"imagePath"' in head or b'"shape_type"' in head)
        return 0.96 if coco or shapes else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that are named."""
        try:
            data = parsing.json_of(path, Options(path.parent).limits)
            names = [get(image, "file_name") for image in listed(data, "images")] + [get(data, "imagePath")]
        except InputProblem:
            return
        for name in names:
            if isinstance(name, str):
                yield from named_files.companions(path.parent, name)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            data = parsing.json_of(path, options.limits)
            if not isinstance(data, dict):
                raise InputProblem("it is no object")
            if "shapes" in data:
                yield _labelme(path, data, options)
            else:
                yield from _coco(path, data, options)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)


def _coco(path: Path, data: dict[str, Any], options: Options) -> Iterator[Incoming | Rejected]:
    names = {str(get(entry, "id")): str(get(entry, "name")) for entry in listed(data, "categories")}
    boxes: dict[str, list[dict[str, Any]]] = {}
    for annotation in listed(data, "annotations"):
        boxes.setdefault(str(annotation.get("image_id")), []).append(annotation)
    images = listed(data, "images")
    if not images:
        yield Rejected(str(path), "", "it names no pictures")
    named = {str(image.get("id")) for image in images}
    if images and (unknown := sum(len(own) for image, own in boxes.items() if image not in named)):
        yield Rejected(str(path), "annotations", f"{unknown} are of pictures that it does not name, and were left out")
    for number, image in enumerate(images, 1):
        where = f"picture {number}"
        try:
            name = parsing.need(image, "file_name", str)
            incoming = Incoming(Path(parsing.local_name(name)).stem, f"{path} {where}", [], "picture-labels")
            own = boxes.get(str(image.get("id")), [])
            size = parsing.number(image.get("width") or 0), parsing.number(image.get("height") or 0)
            regions = []
            for annotation in own:
                label = names.get(str(annotation.get("category_id")), str(annotation.get("category_id")))
                box = annotation.get("bbox")
                outline = annotation.get("segmentation")
                if box is None and isinstance(outline, list) and outline and isinstance(outline[0], list):
                    sides = [side for part in outline for side in part]
                    x0, y0, x1, y1 = parsing.around([sides[at : at + 2] for at in range(0, len(sides) - 1, 2)])
                    box = [x0, y0, x1 - x0, y1 - y0]
                if not isinstance(box, list) or len(box) != 4:
                    incoming.notes.append(f"a box labelled {label} has no bbox and was left out")
                    continue
                x, y, w, h = map(parsing.number, box)
                score = share(annotation.get("score"))
                regions.append(IncomingRegion(0, (x, y, x + w, y + h), label, 0, score, "coco" if score else "import"))
            yield placed(incoming, path, options, name, size, regions)
        except InputProblem as problem:
            yield parsing.rejected(path, where, problem)


def _labelme(path: Path, data: dict[str, Any], options: Options) -> Incoming:
    incoming = Incoming(path.stem, str(path), [], "picture-labels")
    size = parsing.number(data.get("imageWidth") or 0), parsing.number(data.get("imageHeight") or 0)
    regions = []
    for shape in listed(data, "shapes"):
        label = parsing.need(shape, "label", str, "a shape")
        points = parsing.need(shape, "points", list, "a shape")
        if len(points) < 2:
            incoming.notes.append(f"a shape labelled {label} has no area and was left out")
            continue
        regions.append(IncomingRegion(0, parsing.around(points), label))
    inside = data.get("imageData")
    picture = None
    try:
        picture = base64.b64decode(inside, validate=True) if isinstance(inside, str) and inside else None
    except (binascii.Error, ValueError):
        incoming.notes.append("picture left out: the one inside the file is damaged")
    name = data.get("imagePath")
    return placed(incoming, path, options, name if isinstance(name, str) else "", size, regions, picture)


def placed(
    incoming: Incoming,
    path: Path,
    options: Options,
    name: str,
    size: tuple[float, float],
    regions: list[IncomingRegion],
    inside: bytes | None = None,
) -> Incoming:
    """Put labelled boxes, in pixels of a picture of this size, on the pages of the file that is named.

    Raises:
        InputProblem: there is no picture: a box without words labels nothing.
    """
    pages = named_files.pages(options, path.parent, name, incoming.notes) if name else []
    if not pages and inside is not None:
        pages = [IncomingPage(size[0], size[1], None, inside)]
    if not pages:
        raise InputProblem(f"its picture {Path(parsing.local_name(name)).name} is not there, and it has no words")
    page = pages[0]
    across = page.width / size[0] if size[0] and page.width else 1.0
    down = page.height / size[1] if size[1] and page.height else 1.0
    incoming.pages = pages
    incoming.regions = [
        IncomingRegion(
            region.page,
            (region.box[0] * across, region.box[1] * down, region.box[2] * across, region.box[3] * down),
            region.label,
            region.rank,
            region.confidence,
            region.run,
        )
        for region in regions
    ]
    incoming.labelled = bool(regions) and all(region.confidence is None for region in regions)
    return incoming


IMPORTER = PictureLabelsImporter()
