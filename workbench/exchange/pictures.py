"""Pictures of pages: measured before they are decoded, turned upright, and stored at a size fit for reading."""

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps, ImageStat, TiffImagePlugin, UnidentifiedImageError

from storage.exceptions import InputProblem
from workbench.exchange.reader_process import in_reader_process
from workbench.files import picture_kinds
from workbench.files.import_root import opened
from workbench.settings import Limits

LONGEST = 2000
"""Pixels of a stored picture's longest side: what the OCR engine works at, and more than a screen shows."""
_SHORTEST = 1000  # pixels of the shorter side that a long page keeps, as its letters are as large as on A4
_PIXELS = 12_000_000  # of a long page
_QUALITY = 92  # below it, OCR joins words of printed pages
_SLENDER = 1.3  # times as many dots to the inch across as down, or the other way: a fax; less is a wrong header
_LIGHT = 160  # grey from which what is drawn on a transparent page was meant for a dark one
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_COMPRESSION, _PHOTOMETRIC, _YCBCR = 259, 262, 6  # tags of a TIFF
_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
# Our own bound is checked from the header before anything is decoded; Pillow's would only warn at other sizes.
Image.MAX_IMAGE_PIXELS = None


_AVIF = frozenset({b"avif", b"avis"})
_HEIC = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_NO_HEIC = "it is a HEIC picture, as iPhones take them: pip install pillow-heif, or save it as JPEG"


def container_of(head: bytes) -> str:
    """ "AVIF" or "HEIC" where a file begins as one, whatever its name is; "" for anything else."""
    if head[4:8] != b"ftyp":
        return ""
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4], "big"), 64), 4))}
    return "AVIF" if brands & _AVIF else "HEIC" if brands & _HEIC else ""


@lru_cache(maxsize=1)
def _reads_heic() -> bool:
    """Whether Pillow can read HEIC pictures, by the extra package."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Image.Image]:
    """A picture, its header read; whatever is wrong with the data becomes an InputProblem."""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else opened(source) as file, warnings.catch_warnings():
            kinds: tuple[str, ...] = picture_kinds.READ
            if container_of(file.read(64)) == "HEIC":
                if not _reads_heic():
                    raise InputProblem(_NO_HEIC)
                kinds = (picture_kinds.HEIC,)
            warnings.simplefilter("ignore")  # a warning about damaged EXIF data would be printed into a screen
            file.seek(0)
            with Image.open(file, formats=kinds) as picture:
                if not _is_plain_ycbcr(picture):
                    yield picture
                    return
            file.seek(0)
            with _by_libtiff(), Image.open(file, formats=kinds) as picture:
                yield picture
    except UnidentifiedImageError as error:
        raise InputProblem("it is not a picture, or a picture of an unknown kind") from error
    except FileNotFoundError as error:
        raise InputProblem("the picture does not exist") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow raises for damaged files
        why = "" if "truncated" in str(error) else f" ({error})"
        raise InputProblem(f"the picture is damaged or cut off{why}") from error


def _is_plain_ycbcr(picture: Image.Image) -> bool:
    """Whether it is an uncompressed YCbCr TIFF, which Pillow's own decoder takes for one that is cut off."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return False
    tags = picture.tag_v2
    return tags.get(_PHOTOMETRIC) == _YCBCR and tags.get(_COMPRESSION, 1) == 1


@contextmanager
def _by_libtiff() -> Iterator[None]:
    """Have Pillow decode uncompressed TIFFs by libtiff. A switch of the module: each page of a file looks at it."""
    before = TiffImagePlugin.READ_LIBTIFF
    TiffImagePlugin.READ_LIBTIFF = True
    try:
        yield
    finally:
        TiffImagePlugin.READ_LIBTIFF = before


def scale_of(width: float, height: float) -> float:
    """By what a page is multiplied for its stored picture.

    The longest side becomes LONGEST pixels; of a long page the shorter one becomes _SHORTEST, within _PIXELS.
    """
    longest, shortest = max(width, height, 1.0), max(min(width, height), 1.0)
    return max(LONGEST / longest, min(_SHORTEST / shortest, math.sqrt(_PIXELS / (longest * shortest))))


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
def has_others(source: Path) -> bool:
    """Whether a file holds pictures beside the first, which alone is read.

    The frames of a TIFF are pages, and the second picture of a photo (MPO) is the same one for other screens.
    """
    with _opened(source) as picture:
        return picture.format not in ("TIFF", "MPO") and bool(getattr(picture, "is_animated", False))


@in_reader_process
def for_reading(
    source: Path | bytes, limits: Limits, index: int = 0, turn: int = 0
) -> tuple[bytes | Path, str, tuple[int, int]]:
    """A page's picture as it is stored: upright, its longest side at most LONGEST pixels.

    Args:
        source: a file or an encoded picture.
        limits: of the workspace.
        index: which frame of a TIFF.
        turn: degrees clockwise by which it is turned, a multiple of 90.

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
        plain = picture.mode in ("L", "RGB") and "transparency" not in picture.info
        if suffix and plain and not turned and not turn and scale_of(*size) >= 1 and not index:
            picture.draft("L", (size[0] // 8 or 1, size[1] // 8 or 1))  # JPEG: enough to know that it is whole
            picture.load()
            return source, suffix, size
        reduced = [max(round(side * min(scale_of(*picture.size), 1.0)), 1) for side in picture.size]
        picture.draft("RGB", (reduced[0], reduced[1]))  # JPEG: decoded at half size or less where that is enough
        upright = ImageOps.exif_transpose(picture) if turned else picture
        square = _with_square_pixels(upright, picture)
        if turn % 180:
            size = size[1], size[0]
        return encoded(square.rotate(-turn, expand=True) if turn else square), ".jpg", size


def _with_square_pixels(image: Image.Image, source: Image.Image) -> Image.Image:
    """A fax as it was seen: its dots are twice as high as wide, or so."""
    resolution = source.info.get("dpi", (0, 0)) if source.format == "TIFF" else (0, 0)
    across, down = map(float, resolution)
    if not (across > 0 and down > 0) or not _SLENDER < max(across / down, down / across) < 3:
        return image
    finer = max(across, down)
    size = round(image.width * finer / across), round(image.height * finer / down)
    return (image.convert("L") if image.mode == "1" else image).resize(size, Image.Resampling.HAMMING)


def _is_for_dark_pages(layered: Image.Image) -> bool:
    """Whether a mostly transparent picture has light ink, which nothing would be seen of on white."""
    opaque = layered.getchannel("A")
    if ImageStat.Stat(opaque).mean[0] > 127 or not opaque.getbbox():
        return False
    return bool(ImageStat.Stat(layered.convert("L"), opaque).mean[0] > _LIGHT)


def encoded(picture: Image.Image) -> bytes:
    """A picture reduced to LONGEST, as JPEG; what is transparent becomes white, or black under light ink."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        picture = Image.new("RGB", layered.size, "black" if _is_for_dark_pages(layered) else "white")
        picture.paste(layered, mask=layered.getchannel("A"))
    elif picture.mode in ("I", "I;16", "F"):  # 16 bits a pixel
        picture = picture.convert("F").point(lambda value: value / 256).convert("L")
    elif picture.mode not in ("L", "RGB"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    if (scale := scale_of(*picture.size)) < 1:
        reduced = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        picture = picture.resize(reduced, Image.Resampling.HAMMING)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
