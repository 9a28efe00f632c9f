"""PDFium: words of the text layer and pictures of the pages. Used in reader processes only.

A page without a usable text layer is left to OCR. PDFium is not thread-safe: one document is open at a time.
"""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
from pypdfium2 import raw

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange import pictures
from workbench.exchange.importers.base import IncomingPage, IncomingToken, Options
from workbench.locate.layout import Layout

_FINE = 100  # device units a point, for positions
_FEW_WORDS = 10  # a page that is one picture with fewer words than this is a scan with a stamp on it
_COVERED = 0.5  # share of the page that a picture covers on a scan
_GARBLED = 0.2  # a text layer with this share of undefined characters or more is not used
_WIDE_GAP = 0.9  # of the letters' height: a wider gap inside a word divides it
_REASONS = {
    "password": "it is encrypted; give its password with --password",
    "format": "it is not a PDF, or damaged or cut off",
    "security": "it is encrypted in a way that cannot be read",
}


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    box: Box
    page: int = 0
    line: int = 0


@contextmanager
def opened(path: Path, password: str | None = None) -> Iterator[Any]:
    """A PDF document, closed at the end.

    Raises:
        InputProblem: it cannot be opened; the message is a reason without the name.
    """
    try:
        document = pypdfium2.PdfDocument(path, password=password)
    except (pypdfium2.PdfiumError, FileNotFoundError) as error:
        text = str(error).casefold()
        reason = next((reason for key, reason in _REASONS.items() if key in text), f"it cannot be opened ({error})")
        if "password" in text and password:
            reason = "the password is wrong"
        raise InputProblem(reason) from error
    try:
        yield document
    except pypdfium2.PdfiumError as error:
        raise InputProblem(f"a page is damaged ({error})") from error
    finally:
        document.close()


def picture_of(page: Any) -> bytes:
    """A page rendered for reading: its longest side pictures.LONGEST pixels, as it is seen (turned pages upright)."""
    width, height = page.get_size()
    rendered = page.render(scale=pictures.LONGEST / max(width, height, 1.0))
    return pictures.encoded(rendered.to_pil())


def pages_of(path: Path, options: Options) -> Iterator[IncomingPage]:
    """The pages of a PDF with their words and pictures.

    Raises:
        InputProblem: it cannot be read, or is larger than the limits allow; the message is a reason without the name.
    """
    with opened(path, options.password) as document:
        _check_pages(len(document), options)
        for number in range(len(document)):
            page = document[number]
            yield _page(page, number + 1, options)
            page.close()


def pictures_of(path: Path, options: Options) -> Iterator[bytes]:
    """The pages' pictures.

    Raises:
        InputProblem: as `pages_of`.
    """
    with opened(path, options.password) as document:
        _check_pages(len(document), options)
        for number in range(len(document)):
            page = document[number]
            _check_size(page, number + 1, options)
            yield picture_of(page)
            page.close()


def _check_pages(pages: int, options: Options) -> None:
    if not pages:
        raise InputProblem("it has no pages")
    if pages > options.limits.pages:
        raise InputProblem(f"it has {pages:,} pages; the limit is {options.limits.pages:,} (pages under [limits])")


def _check_size(page: Any, number: int, options: Options) -> tuple[float, float]:
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise InputProblem(f"page {number} has no size ({width:g} × {height:g} points)")
    if max(width, height) > options.limits.page_points:
        raise InputProblem(
            f"page {number} is {width / 72 * 2.54:,.0f} × {height / 72 * 2.54:,.0f} cm large; the limit is "
            f"{options.limits.page_points / 72 * 2.54:,.0f} cm (page_points under [limits], 72 to the inch)"
        )
    return width, height


def _page(page: Any, number: int, options: Options) -> IncomingPage:
    width, height = _check_size(page, number, options)
    words = words_of(page)
    if len(words) > options.limits.tokens_per_page:
        raise InputProblem(
            f"page {number} has {len(words):,} words; the limit is {options.limits.tokens_per_page:,} "
            "(tokens_per_page under [limits])"
        )
    readable = bool(words) and not _is_scan(page, words)
    return IncomingPage(
        width,
        height,
        in_reading_order(words) if readable else None,
        picture_of(page),
        engine="text-layer" if readable else "given",
        engine_version=_VERSION if readable else "",
    )


def words_of(page: Any) -> list[tuple[str, Box]]:
    """The words of a page's text layer with boxes in points from the top left of the page as it is seen.

    An empty list where there is no text, or where it is garbled (fonts without a character map).
    """
    text = page.get_textpage()
    try:
        words = list(_words(text, page))
    finally:
        text.close()
    letters = "".join(word for word, _ in words)
    meaningless = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" or c < " " for c in letters)
    return [] if not letters or meaningless > _GARBLED * len(letters) else words


def _words(text: Any, page: Any) -> Iterator[tuple[str, Box]]:
    sides = [ctypes.c_double() for _ in range(4)]
    loose = raw.FS_RECTF()
    place = _Placement(page)
    characters = text.get_text_range()
    count = text.count_chars()
    if len(characters) != count:  # surrogates and control characters: one by one
        characters = "".join(chr(raw.FPDFText_GetUnicode(text, i) or 0x20) for i in range(count))
    letters: list[str] = []
    bounds: list[float] = []
    for i, character in enumerate(characters):
        if character.isspace() or character == "\0":
            if letters:
                yield _text(letters), place.box(bounds)
                letters, bounds = [], []
            continue
        if not raw.FPDFText_GetLooseCharBox(text, i, loose):
            continue
        # Height from the loose box (as high as the font), width from the ink, which keeps the gaps between words.
        raw.FPDFText_GetCharBox(text, i, *sides)
        left, right, bottom, top = (side.value for side in sides)
        box = (
            [left, loose.bottom, right, loose.top]
            if right > left
            else [loose.left, loose.bottom, loose.right, loose.top]
        )
        if top - bottom > 3 * (loose.top - loose.bottom):  # a font with a wrong height
            box[1], box[3] = bottom, top
        if letters and _apart(bounds, box):
            yield _text(letters), place.box(bounds)
            letters, bounds = [], []
        letters.append(character)
        bounds = (
            [min(bounds[0], box[0]), min(bounds[1], box[1]), max(bounds[2], box[2]), max(bounds[3], box[3])]
            if bounds
            else box
        )
    if letters:
        yield _text(letters), place.box(bounds)


def _text(letters: list[str]) -> str:
    """The text of characters; PDFium returns those beyond 16 bits as two surrogates."""
    return "".join(letters).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _apart(word: list[float], box: list[float]) -> bool:
    """Whether a character stands too far from the word before it to belong to it, without a space between them."""
    height = min(word[3] - word[1], box[3] - box[1])
    across = max(word[0], box[0]) - min(word[2], box[2])
    upwards = max(word[1], box[1]) - min(word[3], box[3])
    far_across = across > max(_WIDE_GAP * height, 1.0) and upwards < 0
    return far_across or (upwards > height and across > -height)


class _Placement:
    """From PDF space (origin bottom left, before the page is turned) to the page as it is seen."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._width, self._height = page.get_size()
        self._x, self._y = ctypes.c_int(), ctypes.c_int()

    def box(self, bounds: list[float]) -> Box:
        corners = [self._point(bounds[0], bounds[1]), self._point(bounds[2], bounds[3])]
        (ax, ay), (bx, by) = corners
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        size = round(self._width * _FINE), round(self._height * _FINE)
        raw.FPDF_PageToDevice(self._page, 0, 0, *size, 0, x, y, self._x, self._y)
        return self._x.value / _FINE, self._y.value / _FINE


def _is_scan(page: Any, words: list[tuple[str, Box]]) -> bool:
    """A page that is one picture with hardly a word on it: the words are a stamp, the text is in the picture."""
    if len(words) >= _FEW_WORDS:
        return False
    width, height = page.get_size()
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > _COVERED * width * height:
            return True
    return False


def in_reading_order(words: list[tuple[str, Box]]) -> list[IncomingToken]:
    """Words as tokens, row by row from top to bottom: a PDF keeps them in the order in which they were drawn."""
    drawn = [_Word(text, box) for text, box in words]
    return [
        IncomingToken(drawn[index].text, drawn[index].box, line)
        for line, row in enumerate(Layout(drawn).rows)
        for index in row
    ]


_VERSION = "pdfium " + ".".join(re.findall(r"\d+", str(pypdfium2.PDFIUM_INFO.version))[:4])
