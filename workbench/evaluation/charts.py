"""Curves of runs as data, and drawn into SVG and PNG files. Pure but for `save`."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from storage.exceptions import UsageProblem
from storage.files import write_atomic
from workbench.fonts import chinese_font
from workbench.runs.progress import Progress

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Of Okabe and Ito: told apart by the colour-blind, and dark enough for white paper."""

BARS = "F1 of fields on validation"
"""What the bar chart shows."""

WIDTH, HEIGHT = 900, 420
_LEFT, _BOTTOM = 64, 40
_NAMED, _ACROSS, _WIDE = 30, 3, 270  # of the legend: names at most, names in a row, how wide each


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: (step, value) points in order, and (step, low, high) where an interval is known."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str = ""
    spread: tuple[tuple[float, float, float], ...] = ()


KINDS: dict[str, str] = {
    "loss": "Loss",
    "f1": "F1",
    "learning_rate": "Learning rate",
    "grad_norm": "Gradient norm",
    "tokens_per_second": "Tokens a second",
    "memory_mb": "Memory, MiB",
}
"""What can be drawn of a run."""


def series(progress: Progress, kind: str, name: str = "") -> list[Series]:
    """A run's curves of one kind; a name goes before each (to tell runs apart)."""
    before = f"{name} " if name else ""
    if kind == "f1":
        return [
            Series(f"{before}validation", _evaluated(progress, "validation", "f1")),
            Series(f"{before}train", _evaluated(progress, "train", "f1")),
        ]
    found = [
        Series(
            f"{before}train" if kind == "loss" else name or KINDS[kind].lower(),
            tuple((s.step, value) for s in progress.steps if (value := getattr(s, kind)) is not None),
        )
    ]
    if kind == "loss":
        found.append(Series(f"{before}validation", _evaluated(progress, "validation", "loss")))
    return found


def _evaluated(progress: Progress, side: str, figure: str) -> tuple[tuple[float, float], ...]:
    sides = ((e.step, e.validation if side == "validation" else e.train) for e in progress.evaluations)
    return tuple((step, value) for step, figures in sides if (value := figures.get(figure)) is not None)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to draw: a line through points, a filled box (two corners), or a text at a point."""

    kind: str  # "line", "box" or "text"
    points: tuple[tuple[float, float], ...]
    colour: str
    text: str = ""


def _legend(named: Sequence[tuple[str, str]]) -> tuple[list[Mark], float]:
    """Names with their colours, in rows below the title, and where the drawing begins: nothing is covered."""
    marks = []
    for number, (name, colour) in enumerate(named[:_NAMED]):
        x, y = _LEFT + _WIDE * (number % _ACROSS), 34 + 18 * (number // _ACROSS)
        marks.append(Mark("box", ((x, y), (x + 12, y + 10)), colour))
        marks.append(Mark("text", ((x + 18, y + 10),), "#222222", _short(name, 34)))
    rows = -(-min(len(named), _NAMED) // _ACROSS)
    return marks, 40 + 18 * rows


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers, evenly apart, with all from `low` to `high` between the first and the last."""
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-9):  # flat, but for what floats make of it
        low, high = low - 0.5, high + 0.5
    power = 10.0 ** math.floor(math.log10((high - low) / 5))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if (high - low) / (power * one) <= 5)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [step * number for number in range(first, last + 1)]


def curves(title: str, lines: Sequence[Series], unit: str = "step") -> list[Mark]:
    """Marks of curves over each other, with axes and a legend; `unit` is what is counted to the right."""
    drawn = [line for line in lines if line.points]
    marks = [Mark("text", ((_LEFT, 22),), "#222222", title)]
    if not drawn:
        return [*marks, Mark("text", ((_LEFT, HEIGHT / 2),), "#777777", "nothing to draw")]
    values = [value for line in drawn for _, value in line.points]
    values += [end for line in drawn for _, *ends in line.spread for end in ends]
    steps = [step for line in drawn for step, _ in line.points]
    places = ticks(min(values), max(values))
    low, high = places[0], places[-1]
    last = max(steps) or 1
    colours = [line.colour or COLOURS[number % len(COLOURS)] for number, line in enumerate(drawn)]
    legend, top = _legend([(line.name, colour) for line, colour in zip(drawn, colours, strict=True)])
    marks += legend
    right, bottom = WIDTH - 20, HEIGHT - _BOTTOM

    def place(step: float, value: float) -> tuple[float, float]:
        return (
            _LEFT + (right - _LEFT) * step / last,
            bottom - (bottom - top) * (value - low) / (high - low),
        )

    for value in places:
        y = place(0, value)[1]
        marks.append(Mark("line", ((_LEFT, y), (right, y)), "#DDDDDD"))
        marks.append(Mark("text", ((6, y + 4),), "#555555", f"{value:.4g}"))
    marks.append(Mark("text", ((_LEFT, HEIGHT - 14),), "#555555", "0"))
    marks.append(Mark("text", ((right - 90, HEIGHT - 14),), "#555555", f"{unit} {last:g}"))
    for number, (line, colour) in enumerate(zip(drawn, colours, strict=True)):
        marks.append(Mark("line", tuple(place(*point) for point in line.points), colour))
        aside = 3 * (number - (len(drawn) - 1) / 2)  # bars of several curves stand beside each other
        for step, least, most in line.spread:
            x = min(max(place(step, least)[0] + aside, _LEFT), right)
            marks.append(Mark("line", ((x, place(step, least)[1]), (x, place(step, most)[1])), colour))
    return marks


def bars(title: str, names: Sequence[str], runs: Sequence[tuple[str, Sequence[float]]]) -> list[Mark]:
    """Marks of a bar chart of fields: values 0..1, a colour for each run."""
    colours = [COLOURS[number % len(COLOURS)] for number in range(len(runs))]
    legend, first = _legend([(name, colour) for (name, _), colour in zip(runs, colours, strict=True)])
    marks = [Mark("text", ((_LEFT, 22),), "#222222", title), *legend]
    left, right = 180, WIDTH - 60
    space = (HEIGHT - first - 20) / max(1, len(names))
    thick = min(16.0, space / (len(runs) + 0.5))
    for row, name in enumerate(names):
        top = first + row * space
        marks.append(Mark("text", ((10, top + thick * len(runs) / 2 + 4),), "#222222", _short(name, 24)))
        for number, ((_, values), colour) in enumerate(zip(runs, colours, strict=True)):
            y = top + number * thick
            end = left + (right - left) * values[row]
            marks.append(Mark("box", ((left, y), (end, y + thick - 2)), colour))
            marks.append(Mark("text", ((end + 4, y + thick - 3),), "#555555", f"{values[row]:.2f}"))
    return marks


def svg(marks: Iterable[Mark]) -> str:
    """The marks as an SVG picture."""
    parts = []
    for mark in marks:
        x, y = mark.points[0]
        if mark.kind == "line":
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in mark.points)
            parts.append(f'<polyline fill="none" stroke="{mark.colour}" stroke-width="1.6" points="{path}"/>')
        elif mark.kind == "box":
            (_, _), (x1, y1) = mark.points
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{x1 - x:.1f}" height="{y1 - y:.1f}" fill="{mark.colour}"/>'
            )
        else:
            parts.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{mark.colour}">{escape(mark.text)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{"".join(parts)}</svg>\n'
    )


def png(marks: Iterable[Mark]) -> bytes:
    """The marks as a PNG picture, at twice the size."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (2 * WIDTH, 2 * HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    latin, chinese = ImageFont.load_default(26), chinese_font()
    for mark in marks:
        points = [(2 * x, 2 * y) for x, y in mark.points]
        if mark.kind == "line" and len(points) > 1:
            draw.line(points, fill=mark.colour, width=3, joint="curve")
        elif mark.kind == "line":
            (x, y) = points[0]
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=mark.colour)
        elif mark.kind == "box":
            draw.rectangle([points[0], (max(points[0][0], points[1][0]), points[1][1])], fill=mark.colour)
        else:
            font = latin if chinese is None or mark.text.isascii() else ImageFont.truetype(str(chinese), 26)
            draw.text(points[0], mark.text, fill=mark.colour, font=font, anchor="ls")
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


_WAYS: dict[str, Callable[[Iterable[Mark]], str | bytes]] = {".svg": svg, ".png": png}


def check(path: Path) -> None:
    """See that a chart can be written into a file of this name, before work is spent on it.

    Raises:
        UsageProblem: it ends neither in .svg nor in .png.
    """
    if path.suffix.lower() not in _WAYS:
        raise UsageProblem(f"{path.name} is neither .svg nor .png.", "Name the file with one of these endings.")


def save(marks: Sequence[Mark], path: Path) -> None:
    """Write the marks to a file; its ending says how.

    Raises:
        UsageProblem: neither .svg nor .png.
        WorkspaceProblem: it cannot be written.
    """
    check(path)
    write_atomic(path, _WAYS[path.suffix.lower()](marks))
