"""Simulates scanning and OCR: wrong characters, split and joined words, inexact boxes."""

from dataclasses import dataclass, replace
from math import cos, radians, sin
from random import Random

from workbench.samples.grammar import words
from workbench.samples.placed_words import PrintedWord, Sheet, wide

_CONFUSED = {
    pair[0]: pair[1:]
    for pair in words(
        "0OoQ O0Q 1lI7 l1I I1l! 5S S5 8B3 B8 6G G6 2Z Z2 ., ,. :;. -~_ ec ce ao oa uv nr mrn EF DO /1 '` (C g9 tf hb "
        "äa öo üu ée ßB 未末 己已 日曰 ：: ，,"
    )
}
"""character -> what it is taken for"""


@dataclass(frozen=True, slots=True)
class ScanNoise:
    """How one document is read; drawn once per document, so that its pages are consistent."""

    level: float  # 0 nothing is misread, 1 a bad scan
    rows: bool  # True: a printed row is one line; False: every cell is a line of its own
    characters: bool  # Chinese: one token a character, as from some OCR engines
    even: bool  # boxes are shares of the line's box, as from an engine that has boxes for lines only
    as_written: bool  # block by block, as a text layer or a layout analysis has it, instead of top to bottom
    loose: bool = False  # cells of a row in any order, as when a reader sorts them by their upper edges

    @classmethod
    def draw(cls, rng: Random, noise: float, chinese: bool) -> "ScanNoise":
        """A random way of reading; with `noise` 0 only the order and the lines vary."""
        level = noise * rng.choice((0, 0.2, 0.5, 1, 1, 2))
        return cls(
            level=level,
            rows=rng.random() < 0.5,
            characters=chinese and noise > 0 and rng.random() < 0.4,
            even=noise > 0 and rng.random() < 0.4,
            as_written=noise > 0 and rng.random() < 0.12,
            loose=noise > 0 and rng.random() < 0.1,
        )


CLEAN = ScanNoise(0.0, rows=True, characters=False, even=False, as_written=False)
"""Every word as printed, row by row."""
BLOCKS = ScanNoise(0.0, rows=True, characters=False, even=False, as_written=True)
"""Every word as printed, block by block: two addresses side by side stay whole."""


def order(sheet: Sheet, reading: ScanNoise, rng: Random) -> list[PrintedWord]:
    """The words of a page in reading order, with their line numbers set."""
    cells: dict[int, list[PrintedWord]] = {}
    for word in sheet.words:
        cells.setdefault(word.cell, []).append(word)
    groups = list(cells.values())
    if not reading.as_written:
        groups.sort(key=lambda cell: (cell[0].y0 + cell[0].y1, cell[0].x0))
        rows: list[list[list[PrintedWord]]] = []
        for cell in groups:
            first = rows[-1][0][0] if rows else None
            middle = (cell[0].y0 + cell[0].y1) / 2
            if first and middle < first.y1 - (first.y1 - first.y0) * 0.3 and middle > first.y0:
                rows[-1].append(cell)
            else:
                rows.append([cell])
        for row in rows:
            row.sort(key=lambda cell: rng.random() if reading.loose else cell[0].x0)
        groups = [cell for row in rows for cell in row]
        lines = [number for number, row in enumerate(rows) for _ in row] if reading.rows else range(len(groups))
    else:
        lines = _lines_as_written(groups) if reading.rows else range(len(groups))
    ordered: list[PrintedWord] = []
    for line, cell in zip(lines, groups, strict=True):
        for word in cell:
            word.line = line
        ordered.extend(cell)
    return ordered


def _lines_as_written(groups: list[list[PrintedWord]]) -> list[int]:
    """Line numbers of cells in the order of writing: what follows to the right at the same height shares a line."""
    lines = [0] * len(groups)
    for number in range(1, len(groups)):
        before, first = groups[number - 1][-1], groups[number][0]
        middle = (first.y0 + first.y1) / 2
        lines[number] = lines[number - 1] + (not (before.y0 < middle < before.y1 and first.x0 >= before.x1))
    return lines


def read(words: list[PrintedWord], reading: ScanNoise, rng: Random) -> list[PrintedWord]:
    """The words after such a reading; labels stay on what is left of their words."""
    if reading.characters:
        words = _to_characters(words)
    if reading.even:
        _even_boxes(words)
    if reading.level > 0:
        words = _misread(words, reading.level, rng)
    return words


def _to_characters(words: list[PrintedWord]) -> list[PrintedWord]:
    out: list[PrintedWord] = []
    for word in words:
        if len(word.text) < 2 or not any(wide(character) for character in word.text):
            out.append(word)
            continue
        chunks: list[str] = []
        for character in word.text:
            if chunks and not wide(character) and not wide(chunks[-1][-1]):
                chunks[-1] += character
            else:
                chunks.append(character)
        out.extend(_cut(word, chunks))
    return out


def _cut(word: PrintedWord, chunks: list[str]) -> list[PrintedWord]:
    """A word as several, its box divided by their characters."""
    weights = [sum(1.0 if wide(character) else 0.55 for character in chunk) for chunk in chunks]
    unit = (word.x1 - word.x0) / sum(weights)
    out, x = [], word.x0
    for chunk, weight in zip(chunks, weights, strict=True):
        out.append(replace(word, text=chunk, x0=x, x1=x + weight * unit))
        x += weight * unit
    return out


def _even_boxes(words: list[PrintedWord]) -> None:
    """Spread each cell's words over the cell's box by their number of characters."""
    start = 0
    for end in range(1, len(words) + 1):
        if end < len(words) and words[end].cell == words[start].cell:
            continue
        cell = words[start:end]
        start = end
        count = sum(len(word.text) for word in cell) + len(cell) - 1
        x, unit = cell[0].x0, (cell[-1].x1 - cell[0].x0) / count
        if unit <= 0:
            continue
        for word in cell:
            word.x0, word.x1 = x, x + unit * len(word.text)
            x += unit * (len(word.text) + 1)


def _misread(words: list[PrintedWord], level: float, rng: Random) -> list[PrintedWord]:
    chance = rng.random
    out: list[PrintedWord] = []
    joining = chance() < 0.5
    for word in words:
        roll = chance()
        if roll < 0.006 * level and word.mark is None:
            continue
        before = out[-1] if out else None
        if (
            joining
            and before is not None
            and before.cell == word.cell
            and (before.mark is None or before.mark is word.mark or word.mark is None)
            and chance() < 0.05 * level
        ):
            before.text += word.text
            before.x1 = word.x1
            before.mark = before.mark or word.mark
            continue
        if roll > 1 - 0.02 * level and len(word.text) > 3:
            at = rng.randrange(1, len(word.text))
            out.extend(_cut(word, [word.text[:at], word.text[at:]]))
        else:
            out.append(word)
        if chance() < 0.05 * level:
            out[-1].text = _garble(out[-1].text, rng)
    return out


def _garble(text: str, rng: Random) -> str:
    at = rng.randrange(len(text))
    character = text[at]
    if not character.isalnum() and len(text) > 1 and rng.random() < 0.5:
        return text[:at] + text[at + 1 :]
    options = _CONFUSED.get(character)
    if options:
        new = options if options == "rn" else rng.choice(options)
        return text[:at] + new + text[at + 1 :]
    return text.swapcase() if rng.random() < 0.2 and not text.isupper() else text


Placed = tuple[str, tuple[float, float, float, float], int]


def place(words: list[PrintedWord], width: float, height: float, reading: ScanNoise, rng: Random) -> list[Placed]:
    """(text, box, line) with the page turned and the boxes shaken as this reading has it, inside the page."""
    level = reading.level
    if level <= 0:
        return [
            (word.text, (round(word.x0, 2), round(word.y0, 2), round(word.x1, 2), round(word.y1, 2)), word.line)
            for word in words
        ]
    angle = radians(rng.gauss(0, 0.6) * min(level, 1))
    c, s = cos(angle), sin(angle)
    cx, cy = width / 2, height / 2
    shake = 0.05 * level
    uniform = rng.uniform
    scale = uniform(0.75, 1) if rng.random() < 0.2 else 1.0  # the sheet is smaller than the scanned area
    left, top = uniform(0, (1 - scale) * width), uniform(0, (1 - scale) * height)
    placed: list[Placed] = []
    for word in words:
        jitter = shake * word.size
        mx, my = (word.x0 + word.x1) / 2 - cx, (word.y0 + word.y1) / 2 - cy
        half_w, half_h = (word.x1 - word.x0) / 2, (word.y1 - word.y0) / 2
        x, y = left + scale * (cx + mx * c - my * s), top + scale * (cy + mx * s + my * c)
        half_w, half_h = scale * half_w, scale * (half_h + abs(half_w * s))
        x0 = min(max(x - half_w + uniform(-jitter, jitter), 0.0), width - 1)
        y0 = min(max(y - half_h + uniform(-jitter, jitter), 0.0), height - 1)
        x1 = min(max(x + half_w + uniform(-jitter, jitter), x0 + 0.5), width)
        y1 = min(max(y + half_h + uniform(-jitter, jitter), y0 + 0.5), height)
        placed.append((word.text, (round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2)), word.line))
    return placed
