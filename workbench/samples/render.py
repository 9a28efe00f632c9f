"""Pages as files: PDFs with a text layer, and pictures that look scanned.

The Latin fonts are the ones inside the reportlab package, with exactly the metrics that the words were measured
with. Chinese needs a font of the system; without one PDFs use a font that PDF readers have, and pictures
cannot be made.
"""

import io
from collections.abc import Sequence
from functools import lru_cache
from math import cos, radians, sin
from pathlib import Path
from random import Random

import reportlab
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from workbench.samples.placed_words import BASELINE, PrintedWord, Sheet, text_width, wide

_CHINESE_FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/wenquanyi/wqy-zenhei/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/simsun.ttc",
    "C:/Windows/Fonts/msyh.ttc",
)
"""Where systems keep a Chinese TrueType font that reportlab and pillow both read; the first one found is used."""
_TYPE1 = {
    "Helvetica": "_a______",
    "Helvetica-Bold": "_ab_____",
    "Times-Roman": "_er_____",
    "Times-Bold": "_eb_____",
    "Courier": "com_____",
    "Courier-Bold": "cob_____",
}


@lru_cache(maxsize=1)
def chinese_font() -> Path | None:
    """A Chinese font of this machine, or None."""
    return next((path for path in map(Path, _CHINESE_FONTS) if path.is_file()), None)


@lru_cache(maxsize=1)
def _pdf_chinese() -> str:
    path = chinese_font()
    if path is not None:
        try:
            pdfmetrics.registerFont(TTFont("chinese", str(path), subfontIndex=0))
        except TTFError:  # reportlab cannot embed its outlines: the PDF reader's own font is used
            pass
        else:
            return "chinese"
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return "STSong-Light"


def _runs(text: str) -> list[tuple[str, bool]]:
    """The text as stretches of one script: (stretch, Chinese)."""
    runs: list[tuple[str, bool]] = []
    for character in text:
        if runs and runs[-1][1] == wide(character):
            runs[-1] = (runs[-1][0] + character, runs[-1][1])
        else:
            runs.append((character, wide(character)))
    return runs


def pdf(sheets: Sequence[Sheet], title: str) -> bytes:
    """A PDF with a text layer, one text object a word. The same sheets give the same bytes."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(sheets[0].width, sheets[0].height), invariant=True, pageCompression=1)
    canvas.setTitle(title)
    for sheet in sheets:
        canvas.setPageSize((sheet.width, sheet.height))
        for stroke in sheet.strokes:
            if stroke.fill:
                canvas.setFillGray(stroke.grey)
                canvas.rect(
                    stroke.x0, sheet.height - stroke.y1, stroke.x1 - stroke.x0, stroke.y1 - stroke.y0, stroke=0, fill=1
                )
            else:
                canvas.setStrokeGray(stroke.grey)
                canvas.setLineWidth(0.6)
                canvas.line(stroke.x0, sheet.height - stroke.y0, stroke.x1, sheet.height - stroke.y1)
        canvas.setFillGray(0)
        for word in sheet.words:
            x, y = word.x0, sheet.height - word.y0 - BASELINE * word.size
            for run, chinese in _runs(word.text):
                canvas.setFont(_pdf_chinese() if chinese else word.font, word.size)
                canvas.drawString(x, y, run)
                x += text_width(word.font, run) * word.size
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@lru_cache(maxsize=200)
def _font(name: str, size: float) -> ImageFont.FreeTypeFont:
    folder = Path(reportlab.__file__).parent / "fonts"
    if name == "chinese":
        return ImageFont.truetype(str(chinese_font()), size, layout_engine=ImageFont.Layout.BASIC)
    return ImageFont.truetype(str(folder / f"{_TYPE1[name]}.pfb"), size, layout_engine=ImageFont.Layout.BASIC)


def picture(sheet: Sheet, scale: float) -> Image.Image:
    """The page as a clean greyscale picture, `scale` pixels a point. Every word stands inside its box.

    Raises:
        OSError: the page has Chinese words and the machine has no Chinese font; see `chinese_font`.
    """
    image = Image.new("L", (round(sheet.width * scale), round(sheet.height * scale)), 255)
    draw = ImageDraw.Draw(image)
    for stroke in sheet.strokes:
        edges = [edge * scale for edge in (stroke.x0, stroke.y0, stroke.x1, stroke.y1)]
        if stroke.fill:
            draw.rectangle(edges, fill=round(stroke.grey * 255))
        else:
            draw.line(edges, fill=round(stroke.grey * 255), width=max(round(scale * 0.5), 1))
    for word in sheet.words:
        _write(draw, word, scale)
    return image


def _write(draw: ImageDraw.ImageDraw, word: PrintedWord, scale: float) -> None:
    """One word, glyph by glyph at the metric positions, so that rounding to pixels does not add up."""
    x, baseline = word.x0, word.y0 + BASELINE * word.size
    for character in word.text:
        chinese = wide(character)
        font = _font("chinese" if chinese else word.font, round(word.size * scale * (0.94 if chinese else 1), 1))
        drop = 0.04 * word.size if chinese else 0
        draw.text((x * scale, (baseline + drop) * scale), character, fill=0, font=font, anchor="ls")
        x += text_width(word.font, character) * word.size


def scanned(image: Image.Image, rng: Random, *, strength: float = 1.0) -> tuple[Image.Image, float]:
    """The picture as from a scanner or camera, and the angle in degrees by which it was turned (clockwise)."""
    angle = rng.uniform(-1.2, 1.2) * strength
    image = image.rotate(-angle, resample=Image.Resampling.BICUBIC, fillcolor=255)
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.8) * strength))
    fall = rng.randrange(9, 20)
    shade = Image.linear_gradient("L").resize(image.size).point(lambda value: 255 - value // fall)
    image = ImageChops.multiply(image, shade)
    tile = Image.frombytes("L", (128, 128), rng.randbytes(128 * 128))
    grain = Image.new("L", image.size)
    for left in range(0, image.width, 128):
        for top in range(0, image.height, 128):
            grain.paste(tile.rotate(rng.choice((0, 90, 180, 270))), (left, top))
    image = Image.blend(image, ImageChops.add(image, grain, scale=2), 0.06 * strength)
    return image.point(lambda value: min(255, int(value * 0.94) + 14)), angle


def turned(
    box: tuple[float, float, float, float], angle: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """The upright box around a box that was turned by `angle` degrees (clockwise) about the page's middle."""
    c, s = cos(radians(angle)), sin(radians(angle))
    xs, ys = [], []
    for x, y in ((box[0], box[1]), (box[2], box[1]), (box[0], box[3]), (box[2], box[3])):
        dx, dy = x - width / 2, y - height / 2
        xs.append(width / 2 + dx * c - dy * s)
        ys.append(height / 2 + dx * s + dy * c)
    return max(min(xs), 0.0), max(min(ys), 0.0), min(max(xs), width), min(max(ys), height)


def stamp(image: Image.Image, text: str, place: tuple[float, float], size: float, rng: Random) -> Image.Image:
    """The picture with a rubber stamp pressed on it (in grey, at `place`, shares of width and height)."""
    font = _font("chinese" if wide(text[0]) else "Helvetica-Bold", round(size, 1))
    box = font.getbbox(text)
    pad = size * 0.4
    mark = Image.new("L", (round(box[2] + 2 * pad), round(size + 2 * pad)), 0)
    draw = ImageDraw.Draw(mark)
    draw.rounded_rectangle(
        (2, 2, mark.width - 3, mark.height - 3), radius=size * 0.3, outline=150, width=max(round(size / 9), 2)
    )
    draw.text((mark.width / 2, mark.height / 2), text, fill=150, font=font, anchor="mm")
    mark = mark.rotate(rng.uniform(4, 18), expand=True, resample=Image.Resampling.BICUBIC)
    layer = Image.new("L", image.size, 0)
    layer.paste(mark, (round(image.width * place[0]), round(image.height * place[1])))
    return ImageChops.subtract(image, layer)
