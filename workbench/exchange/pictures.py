"""Pictures of pages: measured before they are decoded, turned upright, and stored at a size fit for reading."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from storage.exceptions import InputProblem
from workbench.exchange.reader_process import in_reader_process
from workbench.settings import Limits

LONGEST = 2000
"""Pixels of a stored picture's longest side: what the OCR engine works at, and more than a screen shows."""
_QUALITY = 85
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
# Our own bound is checked from the header before anything is decoded; Pillow's would only warn at other sizes.
Image.MAX_IMAGE_PIXELS = None


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Image.Image]:
    """A picture, its header read; whatever is wrong with the data becomes an InputProblem."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning about damaged EXIF data would be printed into a screen
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
                yield picture
    except UnidentifiedImageError as error:
        raise InputProblem("it is not a picture, or a picture of an unknown kind") from error
    except FileNotFoundError as error:
        raise InputProblem("the picture does not exist") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow raises for damaged files
        raise InputProblem(f"the picture is damaged or cut off ({error})") from error


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    width, height = picture.size
    return (height, width) if picture.getexif().get(0x0112) in _TURNED else (width, height)


def _check(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.picture_pixels:
        raise InputProblem(
            f"the picture has {width:,} × {height:,} pixels; the limit is {limits.picture_pixels:,} in all "
            "(picture_pixels under [limits] in workbench.toml)"
        )


@in_reader_process
def measure(source: Path | bytes, limits: Limits) -> list[tuple[int, int]]:
    """Width and height in pixels of every page of a picture file, upright, without decoding it.

    Raises:
        InputProblem: it is no picture, or larger than the limits allow; the message is a reason without the name.
    """
    sizes = []
    with _opened(source) as picture:
        # A GIF or WebP may be animated; only a TIFF's frames are pages.
        frames = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
        if frames > limits.pages:
            raise InputProblem(f"it has {frames:,} pages; the limit is {limits.pages:,} (pages under [limits])")
        for number in range(frames):
            picture.seek(number)
            _check(*picture.size, limits)
            sizes.append(_upright_size(picture))
    return sizes


@in_reader_process
def for_reading(source: Path | bytes, limits: Limits, index: int = 0) -> tuple[bytes | Path, str, tuple[int, int]]:
    """A page's picture as it is stored: upright, its longest side at most LONGEST pixels.

    Returns:
        (picture, suffix, (width, height)): an encoded picture, or the file itself where it is fit as it is; the size
        is that of the upright original in pixels.

    Raises:
        InputProblem: it cannot be decoded, or is larger than the limits allow.
    """
    with _opened(source) as picture:
        _check(*picture.size, limits)
        if index:
            picture.seek(index)
            _check(*picture.size, limits)
        size = _upright_size(picture)
        suffix = _SUFFIXES.get(picture.format or "")
        turned = picture.getexif().get(0x0112, 1) != 1
        if suffix and not turned and max(size) <= LONGEST and not index:
            picture.draft("L", (size[0] // 8 or 1, size[1] // 8 or 1))  # JPEG: enough to know that it is whole
            picture.load()
            return source, suffix, size
        picture.draft("RGB", (LONGEST, LONGEST))  # JPEG: decoded at half size or less where that is enough
        upright = ImageOps.exif_transpose(picture) if turned else picture
        return encoded(upright), ".jpg", size


def encoded(picture: Image.Image) -> bytes:
    """A picture reduced to LONGEST, as JPEG on white."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        picture = Image.new("RGB", layered.size, "white")
        picture.paste(layered, mask=layered.getchannel("A"))
    elif picture.mode in ("I", "I;16", "F"):  # 16 bits a pixel
        picture = picture.convert("F").point(lambda value: value / 256).convert("L")
    elif picture.mode not in ("L", "RGB"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    if max(picture.size) > LONGEST:
        scale = LONGEST / max(picture.size)
        reduced = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        picture = picture.resize(reduced, Image.Resampling.HAMMING)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
