"""PDFium: words of the text layer and pictures of the pages. Used in reader processes only.

A page without a usable text layer is left to OCR. PDFium is not thread-safe: one document is open at a time.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2
from pypdfium2 import raw

from storage.exceptions import InputProblem
from workbench.exchange import pictures
from workbench.exchange.pdf.opening import open_pdf
from workbench.exchange.pdf.words import PdfWord, in_reading_order, words_of
from workbench.exchange.reader_process import processor_limit
from workbench.exchange.reading.incoming import IncomingPage, Options

_FEW_WORDS = 10  # a page that is one picture with fewer words than this is a scan with a stamp on it
_COVERED = 0.5  # share of the page that a picture covers on a scan
_DRAWN = frozenset({raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP})
"""Annotations whose text is part of what the page shows."""

_NO_INK = 8  # levels of grey: where a word's place varies by less, nothing is seen of it
_REASONS = {
    "password": "it is encrypted; give its password with --password",
    "format": "it is not a PDF, or damaged or cut off",
    "security": "it is encrypted in a way that cannot be read",
}


@contextmanager
def opened(path: Path, password: str | None = None) -> Iterator[Any]:
    """A PDF document, closed at the end.

    Raises:
        InputProblem: it cannot be opened; the message is a reason without the name.
    """
    try:
        document = open_pdf(path, password)
        document.init_forms()  # before the first page, else filled fields are not drawn
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
    """A page rendered for reading, as it is seen (turned pages upright)."""
    return pictures.encoded(_rendered(page))


def _rendered(page: Any) -> Any:
    return page.render(scale=pictures.scale_of(*page.get_size())).to_pil()


def pages_of(
    path: Path, options: Options, first: int = 0, last: int | None = None, *, drawing: float
) -> Iterator[IncomingPage]:
    """The pages of a PDF with their words and pictures.

    Args:
        path: the file.
        options: of the import.
        first: index of the first page that is wanted.
        last: index of the page after the last; None: all.
        drawing: seconds of the processor in which a page is drawn, else this process ends; 0: no page is drawn, and
            each has its words alone.

    Raises:
        InputProblem: it cannot be read, or is larger than the limits allow, or a page without words is not drawn; the
            message is a reason without the name.
    """
    with opened(path, options.password) as document:
        _check_pages(len(document), options)
        for number in range(len(document))[first:last]:
            page = _with_annotations(document, number)
            yield _page(page, number + 1, options, drawing)
            page.close()


def pictures_of(
    path: Path, options: Options, first: int = 0, last: int | None = None, *, drawing: float
) -> Iterator[bytes | None]:
    """The pages' pictures; None where no page is drawn.

    Args and errors as of `pages_of`.
    """
    with opened(path, options.password) as document:
        _check_pages(len(document), options)
        for number in range(len(document))[first:last]:
            page = document[number]
            _check_size(page, number + 1, options)
            with processor_limit(drawing):
                picture = picture_of(page) if drawing else None
            yield picture
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


def _page(page: Any, number: int, options: Options, drawing: float) -> IncomingPage:
    width, height = _check_size(page, number, options)
    words = words_of(page)
    if len(words) > options.limits.tokens_per_page:
        raise InputProblem(
            f"page {number} has {len(words):,} words; the limit is {options.limits.tokens_per_page:,} "
            "(tokens_per_page under [limits])"
        )
    notes: list[str] = []
    picture: bytes | None = None
    if drawing:
        with processor_limit(drawing):
            drawn = _rendered(page)
        words = _visible(words, drawn, width, height, notes)
        picture = pictures.encoded(drawn)
    readable = bool(words) and not _is_scan(page, words)
    if not (drawing or readable):
        raise InputProblem(f"page {number} takes too long to draw, and has no text layer")
    return IncomingPage(
        width,
        height,
        in_reading_order(words) if readable else None,
        picture,
        engine="text-layer" if readable else "given",
        engine_version=_VERSION if readable else "",
        notes=notes,
    )


def _with_annotations(document: Any, number: int) -> Any:
    """A page on which filled form fields, notes and stamps are part of the content, so that their texts are words."""
    page = document[number]
    count = raw.FPDFPage_GetAnnotCount(page)
    kinds = set()
    for position in range(count):
        annotation = raw.FPDFPage_GetAnnot(page, position)
        kinds.add(raw.FPDFAnnot_GetSubtype(annotation))
        raw.FPDFPage_CloseAnnot(annotation)
    if kinds & _DRAWN and raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS:
        page.close()
        page = document[number]
    return page


def _visible(words: list[PdfWord], picture: Any, width: float, height: float, notes: list[str]) -> list[PdfWord]:
    """Words without those outside of the page and those of which nothing is seen; both are counted in `notes`.

    Text without ink over a picture (render mode 3, as OCR programs write it over a scan) stays.
    """
    on_page = [word for word in words if _lies_on(word, width, height)]
    grey = picture.convert("L")
    across, down = grey.width / max(width, 1.0), grey.height / max(height, 1.0)

    def has_ink(word: PdfWord) -> bool:
        x0, y0, x1, y1 = word.box
        left, upper = max(int(x0 * across) - 1, 0), max(int(y0 * down) - 1, 0)
        right, lower = min(int(x1 * across) + 2, grey.width), min(int(y1 * down) + 2, grey.height)
        if right <= left or lower <= upper:
            return True
        darkest, lightest = grey.crop((left, upper, right, lower)).getextrema()
        return bool(lightest - darkest >= _NO_INK)

    visible = [word for word in on_page if word.is_layer or has_ink(word)]
    if len(on_page) < len(words):
        notes.append(f"{len(words) - len(on_page)} words outside of their page were left out")
    if len(visible) < len(on_page):
        notes.append(f"{len(on_page) - len(visible)} invisible words were left out")
    return visible


def _lies_on(word: PdfWord, width: float, height: float) -> bool:
    """Whether a word's middle is on the page."""
    x0, y0, x1, y1 = word.box
    return 0 <= (x0 + x1) / 2 <= width and 0 <= (y0 + y1) / 2 <= height


def _is_scan(page: Any, words: Sequence[PdfWord]) -> bool:
    """A page that is one picture with hardly a word on it: the words are a stamp, the text is in the picture."""
    if len(words) >= _FEW_WORDS:
        return False
    width, height = page.get_size()
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > _COVERED * width * height:
            return True
    return False


_VERSION = "pdfium " + ".".join(re.findall(r"\d+", str(pypdfium2.PDFIUM_INFO.version))[:4])
