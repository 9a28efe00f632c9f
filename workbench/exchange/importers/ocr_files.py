"""What OCR programs write: hOCR, ALTO, PAGE, Tesseract's TSV and PaddleOCR's results, with boxes and confidence."""

import re
from collections.abc import Iterator
from html.entities import name2codepoint
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading import ocr_results, page_xml, parsing
from workbench.exchange.reading.answers import companions, finish
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken, Options, Rejected

_BOX = re.compile(r"\bbbox\s+(-?[0-9.]+)\s+(-?[0-9.]+)\s+(-?[0-9.]+)\s+(-?[0-9.]+)")
_SURE = re.compile(r"\bx_wconf\s+([0-9.]+)")
_IMAGE = re.compile(r"\bimage\s+[\"']([^\"']+)[\"']")
_LINES = ("ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat", "ocrx_line")


class OcrFilesImporter:
    """One file is one document. The picture or PDF of its name is shown behind the words."""

    name = "ocr-files"

    def sniff(self, path: Path, head: bytes) -> float:
        """By hOCR's classes, ALTO's root, or the names of columns and keys."""
        if re.search(rb"class\s*=\s*[\"']ocr_(page|line|carea)", head):
            return 0.97
        if ocr_results.is_result(head.removeprefix(b"\xef\xbb\xbf")):
            return 0.97
        return 0.97 if re.search(rb"<(\w+:)?(alto|PcGts)[\s>]", head) else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The picture or PDF of the file's name, which Transkribus puts above its folder `page`."""
        yield from companions(path)
        if path.parent.name == "page":
            yield from companions(path.parent.parent / path.name)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        return parsing.only_document(path, lambda: self._read(path, options))

    def _read(self, path: Path, options: Options) -> Incoming:
        incoming, reference = _parsed(path, options)
        parsing.check_number_of_pages(len(incoming.pages), options)
        if not any(page.tokens for page in incoming.pages):
            raise InputProblem("there are no words in it")
        return finish(incoming, (), path, options, reference)


@in_reader_process
def _parsed(path: Path, options: Options) -> tuple[Incoming, str]:
    """The document without its pictures, and the name of the picture of its first page."""
    data = parsing.content(path, options.limits)
    incoming = Incoming(path.name.split(".")[0], str(path), [], OcrFilesImporter.name)
    if ocr_results.is_result(data):
        return incoming, ocr_results.read(incoming, data, options.limits)
    root = tree(data)
    readers = {"alto": _alto, "PcGts": page_xml.read}
    return incoming, readers.get(_name(root), _hocr)(incoming, root)


def tree(data: bytes) -> Any:
    """The root of XML or HTML; nothing is fetched, no entity is expanded but the names of HTML's signs.

    Raises:
        InputProblem: it is neither.
    """
    from lxml import etree

    if b"<html" in data[:4096]:
        data = re.sub(rb"&([A-Za-z][A-Za-z0-9]*);", _sign, data)
    safe = {"no_network": True, "remove_comments": True, "huge_tree": False}
    try:
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, load_dtd=False, **safe))
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:  # what libxml2 calls an unknown error
            raise MemoryError from error
    except ValueError:
        pass
    try:
        root = etree.fromstring(data, etree.HTMLParser(**safe))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputProblem(f"it is broken: {error}") from error
    if root is None:
        raise InputProblem("it is empty")
    return root


def _sign(match: re.Match[bytes]) -> bytes:
    """A sign of HTML by its number (&nbsp; as &#160;); anything else as it is."""
    number = name2codepoint.get(match[1].decode())
    return match[0] if number is None or number < 128 else f"&#{number};".encode()


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _hocr(incoming: Incoming, root: Any) -> str:
    """Put hOCR's pages into the document; the name of the picture of its first page."""
    reference = ""
    line = -1
    for element in root.iter():
        kinds = (element.get("class") or "").split() if isinstance(element.tag, str) else []
        title = element.get("title") or "" if kinds else ""
        if "ocr_page" in kinds:
            box = _box_of(title)
            width, height = (box[2] - min(box[0], 0), box[3] - min(box[1], 0)) if box else (0.0, 0.0)
            incoming.pages.append(IncomingPage(width, height, [], engine="hocr"))
            line = -1
            if not reference and (match := _IMAGE.search(title)):
                reference = match[1]
        elif any(kind in _LINES for kind in kinds):
            line += 1
            if incoming.pages:
                _add_line_without_words(incoming.pages[-1], element, title, line)
        elif "ocrx_word" in kinds and incoming.pages:
            box = _box_of(title)
            if box is None:
                raise InputProblem("a word has no bbox")
            sure = _SURE.search(title)
            confidence = min(_float(sure[1]) / 100, 1.0) if sure else None
            text = " ".join("".join(element.itertext()).split())
            tokens = incoming.pages[-1].tokens
            if tokens is not None:
                tokens.append(IncomingToken(text, box, line if line >= 0 else None, confidence))
    return reference


def _add_line_without_words(page: IncomingPage, element: Any, title: str, line: int) -> None:
    """Put a line into the page that has a box, and no words with boxes of their own."""
    box = _box_of(title)
    if box is None or page.tokens is None or any("ocrx_word" in (part.get("class") or "") for part in element.iter()):
        return
    text = " ".join("".join(element.itertext()).split())
    page.tokens += [IncomingToken(word, place, line) for word, place in parsing.words_in(text, box) if word]


def _box_of(title: str) -> Box | None:
    match = _BOX.search(title)
    return (_float(match[1]), _float(match[2]), _float(match[3]), _float(match[4])) if match else None


def _float(text: str | None) -> float:
    try:
        return float(text or "0")
    except ValueError:
        raise InputProblem(f"{(text or '')[:40]!r} stands where a number is expected") from None


def _alto(incoming: Incoming, root: Any) -> str:
    """Put ALTO's pages into the document; the name of its picture."""
    reference = ""
    for element in root.iter():
        name = _name(element)
        if name == "fileName" and element.text:
            reference = element.text.strip()
        if name != "Page":
            continue
        tokens: list[IncomingToken] = []
        line = -1
        for part in element.iter():
            if _name(part) == "TextLine":
                line += 1
            if _name(part) == "String":
                x, y, w, h = (_float(part.get(side)) for side in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
                sure = part.get("WC")
                confidence = min(max(_float(sure), 0.0), 1.0) if sure else None
                text = part.get("CONTENT") or ""
                tokens.append(IncomingToken(text, (x, y, x + w, y + h), line if line >= 0 else None, confidence))
        width, height = _float(element.get("WIDTH")), _float(element.get("HEIGHT"))
        if not width or not height:
            width, height = parsing.page_of_boxes(tokens)
            incoming.notes.append("page size taken from the boxes")
        incoming.pages.append(IncomingPage(width, height, tokens, engine="alto"))
    return reference


IMPORTER = OcrFilesImporter()
