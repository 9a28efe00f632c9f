"""Reads whole pages with an OCR engine: long ones in tiles, turned ones upright. Used in reader processes only."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any

from storage.files import temporary_folder
from storage.records import Box
from workbench.exchange.ocr_text import PageText
from workbench.exchange.reading.incoming import IncomingToken
from workbench.files import picture_kinds

_TILE = 2000  # pixels: what the engines work at without reducing the picture
_OVERLAP = 200  # of two tiles: more than a line is high
_DOUBTFUL = 0.85  # mean confidence below which other turns are tried
_TALL = 0.5  # share of longer words that stand on their side, from which other turns are tried
_LEAST = 3  # letters of a word whose shape says something
_SAMPLE = 8  # words around which a page is looked at for its turn
_BETTER = 1.15  # times the score of the page as it is

_LETTERS_HIGH = 8  # pixels: on a page that is not as wide or as high nothing can be read
_INK = 8  # of 255: levels of a colour between ink and paper, below which nothing can be read
_SLENDER = 8  # times as long as wide: the engines enlarge the shorter side, and the longer one with it

Read = Callable[[Path], PageText]


def size_of_blank(picture: Path) -> tuple[int, int] | None:
    """Width and height of a page on which nothing can be read: one of one colour, or a line; None for other pages.

    Looking at it takes a hundredth of what an engine takes.
    """
    from PIL import Image

    with Image.open(picture, formats=picture_kinds.STORED) as opened:
        colours: Any = opened.convert("RGB").getextrema()  # of each the darkest and the lightest
        is_blank = all(most - least < _INK for least, most in colours) or min(opened.size) < _LETTERS_HIGH
        return opened.size if is_blank else None


def read_page(read: Read, picture: Path, turn: int | None = None) -> PageText:
    """The words of a page. Where it was turned, `turn` says by how much, and `upright` is the picture to keep.

    Args:
        read: an engine, for pictures of at most _TILE pixels.
        picture: the page's picture.
        turn: degrees clockwise to turn it by, a multiple of 90; None finds out whether it stands upright.
    """
    from PIL import Image

    with Image.open(picture, formats=picture_kinds.STORED) as opened:
        image = opened.convert("RGB")
    with temporary_folder("ocr") as folder:
        reader = _Reader(read, folder)
        if turn is not None:
            return _turned(reader, image, turn)
        text = reader.whole(image, picture)
        if not _is_doubtful(text):
            return text
        likeliest = reader.likeliest_turn(image, text.tokens)
        return _turned(reader, image, likeliest) if likeliest else text


def _turned(reader: "_Reader", image: Any, turn: int) -> PageText:
    """The words of a page after it was turned, and the turned picture."""
    upright = image.rotate(-turn, expand=True)
    out = BytesIO()
    upright.save(out, "JPEG", quality=90)
    return replace(reader.whole(upright), turn=turn, upright=out.getvalue())


class _Reader:
    def __init__(self, read: Read, folder: Path) -> None:
        self._read, self._folder = read, folder

    def whole(self, image: Any, file: Path | None = None) -> PageText:
        """The words of a picture, which is read in overlapping tiles where it is long."""
        if (least := ceil(min(max(image.size), _TILE) / _SLENDER)) > min(image.size):
            wider = _on_paper(image, (max(image.width, least), max(image.height, least)))
            return replace(self.whole(wider), width=image.width, height=image.height)
        if max(image.size) <= _TILE:
            return self._read(file or self._saved(image))
        tokens: list[IncomingToken] = []
        line = 0
        texts = []
        for (left, upper, right, lower), core in _tiles(*image.size):
            text = self._read(self._saved(image.crop((left, upper, right, lower))))
            texts.append(text)
            moved = [replace(t, box=_moved(t.box, left, upper), line=(t.line or 0) + line) for t in text.tokens]
            tokens += [token for token in moved if _middle_in(token.box, core)]
            line += 1 + max((token.line or 0 for token in text.tokens), default=0)
        numbers = {old: new for new, old in enumerate(dict.fromkeys(token.line for token in tokens))}
        renumbered = tuple(replace(token, line=numbers[token.line]) for token in tokens)
        return replace(texts[0], width=image.width, height=image.height, tokens=renumbered)

    def likeliest_turn(self, image: Any, tokens: Sequence[IncomingToken]) -> int:
        """By how many degrees clockwise a page has to be turned to be upright, going by some of its words."""
        part = image.crop(_around_some(tokens, *image.size))
        scores = {turn: _score(self.whole(part.rotate(-turn, expand=True)).tokens) for turn in (0, 90, 180, 270)}
        best = max(scores, key=lambda turn: (scores[turn], -turn))
        return best if scores[best] > _BETTER * scores[0] else 0

    def _saved(self, image: Any) -> Path:
        file = self._folder / "part.png"
        image.save(file, "PNG", compress_level=1)
        return file


def _on_paper(image: Any, size: tuple[int, int]) -> Any:
    """A picture with white to its right and below it."""
    from PIL import Image

    paper = Image.new("RGB", size, "white")
    paper.paste(image)
    return paper


def _tiles(width: int, height: int) -> Iterator[tuple[tuple[int, int, int, int], Box]]:
    """(left, upper, right, lower) of overlapping tiles, and the core whose words count; the cores fill the picture."""
    step = _TILE - _OVERLAP
    for upper in range(0, max(height - _OVERLAP, 1), step):
        for left in range(0, max(width - _OVERLAP, 1), step):
            right, lower = min(left + _TILE, width), min(upper + _TILE, height)
            core = (
                left + _OVERLAP / 2 if left else 0.0,
                upper + _OVERLAP / 2 if upper else 0.0,
                right - _OVERLAP / 2 if right < width else float(width + 1),
                lower - _OVERLAP / 2 if lower < height else float(height + 1),
            )
            yield (left, upper, right, lower), core


def _moved(box: Box, left: int, upper: int) -> Box:
    return box[0] + left, box[1] + upper, box[2] + left, box[3] + upper


def _middle_in(box: Box, core: Box) -> bool:
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return core[0] <= across < core[2] and core[1] <= down < core[3]


def _is_doubtful(text: PageText) -> bool:
    """Whether a page may be turned: little confidence, or most words stand on their side."""
    if not text.tokens:
        return False
    longer = [token.box for token in text.tokens if len(token.text) >= _LEAST]
    tall = sum(_is_tall(box) for box in longer)
    return text.confidence < _DOUBTFUL or tall > _TALL * len(longer)


def _is_tall(box: Box) -> bool:
    return box[3] - box[1] > box[2] - box[0]


def _score(tokens: Sequence[IncomingToken]) -> float:
    """How well some words are read: letters of words that lie flat, by the square of their confidence."""
    return sum(
        len(token.text) * (token.confidence or 0.0) ** 2
        for token in tokens
        if len(token.text) < _LEAST or not _is_tall(token.box)
    )


def _around_some(tokens: Sequence[IncomingToken], width: int, height: int) -> tuple[int, int, int, int]:
    """A part of the page with some of its longer words."""
    longest = sorted(tokens, key=lambda token: -len(token.text))[:_SAMPLE]
    middle = sorted(longest, key=lambda token: (token.box[1], token.box[0]))[len(longest) // 2]
    across, down = (middle.box[0] + middle.box[2]) / 2, (middle.box[1] + middle.box[3]) / 2
    reach = 450
    left, upper = max(int(across) - reach, 0), max(int(down) - reach, 0)
    return left, upper, min(left + 2 * reach, width), min(upper + 2 * reach, height)
