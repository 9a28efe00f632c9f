"""Words on pages: position, width, and the value that a word belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from reportlab.pdfbase import pdfmetrics

SANS, SERIF, MONO = "Helvetica", "Times-Roman", "Courier"
BOLD = {SANS: "Helvetica-Bold", SERIF: "Times-Bold", MONO: "Courier-Bold"}
BASELINE = 0.79
"""Where the baseline runs, as a share of the font size below a word's upper edge."""


@dataclass(eq=False, slots=True)
class ValueMark:
    """One labelled value of a document; every word that carries the mark belongs to its span."""

    field: str
    value: str


@dataclass(eq=False, slots=True)
class PrintedWord:
    """A printed word; coordinates in points from the top left corner."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    mark: ValueMark | None
    cell: int
    font: str
    size: float
    line: int = 0


@dataclass(frozen=True, slots=True)
class Stroke:
    """A ruled line or a filled area (grey from 0, black, to 1, white); only pictures and PDFs show it."""

    x0: float
    y0: float
    x1: float
    y1: float
    grey: float = 0.0
    fill: bool = False


@dataclass(slots=True)
class Sheet:
    """One page as it is composed."""

    width: float
    height: float
    words: list[PrintedWord] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)


Piece = tuple[str, ValueMark | None]
Pieces = Sequence[Piece]


def wide(character: str) -> bool:
    """Whether a character is set in the Chinese font, one em wide."""
    return character > "\u2e7f"


@cache
def _advances(font: str) -> dict[str, float]:
    widths = pdfmetrics.getFont(font).widths
    return {bytes([code]).decode("cp1252", "ignore"): width / 1000 for code, width in enumerate(widths) if width}


def has_letter(font: str, character: str) -> bool:
    """Whether a font of the program has a letter; Polish ones are not all there."""
    return wide(character) or character in _advances(font)


@lru_cache(maxsize=60_000)
def text_width(font: str, text: str) -> float:
    """Width of a text in ems: the sum of the font's advance widths."""
    advances = _advances(font)
    return sum(1.0 if wide(character) else advances.get(character, 0.556) for character in text)


def plain(text: str) -> list[Piece]:
    """A text without a label as pieces."""
    return [(text, None)]


class Paper:
    """The document's pages while they are written, cell by cell.

    A cell is what is printed together (a label and its value, a line of an address); OCR sees it as one line.
    """

    def __init__(
        self, width: float, height: float, font: str, size: float, *, glued: bool = False, upper: bool = False
    ):
        self.sheets = [Sheet(width, height)]
        self.width, self.height = width, height
        self.font, self.size = font, size
        self.glued = glued  # Chinese: no gap between a label and its value
        self.upper = upper
        self._cell = 0

    @property
    def sheet(self) -> Sheet:
        return self.sheets[-1]

    def turn(self) -> None:
        self.sheets.append(Sheet(self.width, self.height))

    def measure(self, pieces: Iterable[Piece], size: float = 0, bold: bool = False) -> float:
        """Width in points of the pieces as one line."""
        size = size or self.size
        font = BOLD[self.font] if bold else self.font
        gap = 0.0 if self.glued else text_width(font, " ")
        total = -gap
        for text, _ in pieces:
            total += text_width(font, text.upper() if self.upper else text) + gap
        return max(total, 0.0) * size

    def put(
        self, x: float, y: float, pieces: Iterable[Piece], *, size: float = 0, bold: bool = False, align: str = "l"
    ) -> float:
        """Set one cell at x (its left edge, right edge with align "r", middle with "c"); returns its right edge."""
        size = size or self.size
        font = BOLD[self.font] if bold else self.font
        space = text_width(font, " ") * size
        if align != "l":
            width = self.measure(pieces, size, bold)
            x -= width if align == "r" else width / 2
        self._cell += 1
        words = self.sheets[-1].words
        start = x
        for text, mark in pieces:
            if self.upper:
                text = text.upper()
            for part in text.split(" "):
                if not part:
                    x += space if self.glued and text else 0.0
                else:
                    end = x + text_width(font, part) * size
                    words.append(PrintedWord(part, x, y, end, y + size, mark, self._cell, font, size))
                    x = end + space
            if self.glued and x > start and text:
                x -= space
        return x if self.glued or x == start else x - space

    def wrap(self, pieces: Iterable[Piece], width: float, size: float = 0, bold: bool = False) -> list[list[Piece]]:
        """The pieces as lines that are at most `width` wide; a word that is wider alone is broken only in Chinese."""
        size = size or self.size
        font = BOLD[self.font] if bold else self.font
        space = text_width(font, " ") * size
        lines: list[list[Piece]] = [[]]
        used = 0.0
        for text, mark in pieces:
            for part in text.split(" "):
                for chunk in self._chunks(part, width, size, font):
                    length = text_width(font, chunk.upper() if self.upper else chunk) * size
                    if lines[-1] and used + length > width:
                        lines.append([])
                        used = 0.0
                    lines[-1].append((chunk, mark))
                    used += length + (0 if self.glued else space)
        return [self._joined(line) for line in lines if line]

    @staticmethod
    def _chunks(part: str, width: float, size: float, font: str) -> list[str]:
        if not part or not wide(part[-1]) or text_width(font, part) * size <= width:
            return [part] if part else []
        count = max(int(width / size), 1)
        return [part[start : start + count] for start in range(0, len(part), count)]

    def _joined(self, line: list[Piece]) -> list[Piece]:
        out: list[Piece] = []
        for text, mark in line:
            if out and out[-1][1] is mark and not self.glued:
                out[-1] = (f"{out[-1][0]} {text}", mark)
            else:
                out.append((text, mark))
        return out

    def column(
        self,
        x: float,
        y: float,
        width: float,
        lines: Iterable[Pieces],
        *,
        size: float = 0,
        bold: bool = False,
        align: str = "l",
        leading: float = 1.25,
    ) -> float:
        """Lines below one another, wrapped to the width; returns the y below the last one."""
        size = size or self.size
        anchor = x if align == "l" else x + width if align == "r" else x + width / 2
        for line in lines:
            fits = self.measure(line, size, bold) <= width
            for part in [line] if fits else self.wrap(line, width, size, bold):
                # a single word that is too wide is set smaller
                shrunk = size * min(1.0, width / max(self.measure(part, size, bold), 1e-6))
                self.put(anchor, y, part, size=shrunk, bold=bold, align=align)
                y += size * leading
        return y

    def rule(self, x0: float, y: float, x1: float, grey: float = 0.3) -> None:
        self.sheets[-1].strokes.append(Stroke(x0, y, x1, y, grey))

    def box(self, x0: float, y0: float, x1: float, y1: float, grey: float = 0.3, fill: bool = False) -> None:
        """A frame, or a filled area when `fill`."""
        if fill:
            self.sheets[-1].strokes.append(Stroke(x0, y0, x1, y1, grey, True))
            return
        for edge in ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)):
            self.sheets[-1].strokes.append(Stroke(*edge, grey))
