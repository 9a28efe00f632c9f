"""Labelled boxes on pictures as XML: Pascal VOC (LabelImg) and CVAT. Words come from OCR, or from the PDF."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.importers.picture_boxes.picture_labels import placed
from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.incoming import Incoming, IncomingRegion, Options, Rejected

_VOC = re.compile(rb"<annotation[\s>].*<(object|size|filename)[\s>/]", re.DOTALL)
_CVAT = re.compile(rb"<annotations[\s>].*<(image|meta)[\s>]", re.DOTALL)
_Picture = tuple[str, tuple[float, float], list[tuple[Box, str]]]  # name, size, boxes with their labels


class BoxXmlImporter:
    """Pascal VOC: a file is a document. CVAT: a picture is a document."""

    name = "box-xml"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the root and what is in it."""
        if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            return 0.0
        return 0.97 if _VOC.search(head) or _CVAT.search(head) else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that are named."""
        for name, _, _ in _pictures(path, Options(path.parent)):
            yield from named_files.companions(path.parent, name)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            pictures = _pictures(path, options)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        for number, (name, size, boxes) in enumerate(pictures, 1):
            where = f"picture {number}" if len(pictures) > 1 else ""
            try:
                stem = Path(parsing.local_name(name)).stem or path.stem
                incoming = Incoming(stem, f"{path} {where}".strip(), [], self.name)
                regions = [IncomingRegion(0, box, label) for box, label in boxes]
                yield placed(incoming, path, options, name, size, regions)
            except InputProblem as problem:
                yield parsing.rejected(path, where, problem)


@in_reader_process
def _pictures(path: Path, options: Options) -> list[_Picture]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(parsing.content(path, options.limits), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:  # what libxml2 calls an unknown error
            raise MemoryError from error
        raise InputProblem(f"it is broken XML: {error}") from error
    if root.tag == "annotation":
        return [_voc(root)]
    pictures = [_cvat(image) for image in root.iterfind("image")]
    if not pictures:
        raise InputProblem("it names no pictures; of CVAT's forms 'CVAT for images' is read")
    return pictures


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        raise InputProblem(f"{str(text)[:40]!r} stands where a number is expected") from None


def _voc(root: Any) -> _Picture:
    boxes = [
        (
            (_side(part, "xmin"), _side(part, "ymin"), _side(part, "xmax"), _side(part, "ymax")),
            (part.findtext("name") or "").strip(),
        )
        for part in root.iterfind("object")
    ]
    size = _number(root.findtext("size/width")), _number(root.findtext("size/height"))
    name = root.findtext("filename") or root.findtext("path") or ""
    return name.strip(), size, [(box, label) for box, label in boxes if label]


def _side(part: Any, name: str) -> float:
    return _number(part.findtext(f"bndbox/{name}"))


def _cvat(image: Any) -> _Picture:
    boxes: list[tuple[Box, str]] = []
    for part in image:
        label = part.get("label") if isinstance(part.tag, str) else None
        if not label:
            continue
        if part.tag == "box":
            x0, y0, x1, y1 = (_number(part.get(side)) for side in ("xtl", "ytl", "xbr", "ybr"))
            boxes.append(((x0, y0, x1, y1), label))
        elif part.tag == "polygon":
            points = [[_number(n) for n in point.split(",")] for point in (part.get("points") or "").split(";")]
            boxes.append((parsing.around(points), label))
    return str(image.get("name") or ""), (_number(image.get("width")), _number(image.get("height"))), boxes


IMPORTER = BoxXmlImporter()
