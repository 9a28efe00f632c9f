"""Pictures: upright, of a size for reading, and refused before they are decoded."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from storage.exceptions import InputProblem
from workbench.exchange import detection, pictures, reader_process
from workbench.exchange.importers.images import IMPORTER
from workbench.exchange.reading.incoming import Incoming, Options, Rejected
from workbench.settings import Limits


def _picture(path: Path, size: tuple[int, int] = (300, 400), mode: str = "RGB", **options: object) -> Path:
    Image.new(mode, size, 200 if mode in ("L", "I;16") else None).save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.webp"])
def test_every_kind_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    path = _picture(tmp_path / name)
    wrongly_named = path.rename(tmp_path / "scan.dat")
    assert IMPORTER.sniff(wrongly_named, wrongly_named.read_bytes()[:65536]) > 0.5
    (incoming,) = IMPORTER.read(wrongly_named, Options(tmp_path))
    assert isinstance(incoming, Incoming)
    (page,) = incoming.pages
    assert (page.width, page.height, page.tokens) == (300, 400, None)


def test_text_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("BMX are bicycles")
    assert IMPORTER.sniff(tmp_path / "a.png", b"BMX are bicycles") == 0
    (item,) = IMPORTER.read(tmp_path / "a.png", Options(tmp_path))
    assert isinstance(item, Rejected)


def test_a_tiff_of_several_pages(tmp_path: Path) -> None:
    pages = [Image.new("L", (100 + 10 * i, 200), i) for i in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    (incoming,) = IMPORTER.read(tmp_path / "a.tif", Options(tmp_path))
    assert isinstance(incoming, Incoming)
    assert [(page.width, page.picture_index) for page in incoming.pages] == [(100, 0), (110, 1), (120, 2)]
    content, suffix, size = pictures.for_reading(tmp_path / "a.tif", Limits(), 2)
    assert isinstance(content, bytes)
    assert (suffix, size) == (".jpg", (120, 200))


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_pictures_beside_the_first_are_said_to_be_left_out(tmp_path: Path, name: str) -> None:
    scans = [Image.new("RGB", (100, 200), colour) for colour in ("white", "red", "blue")]
    scans[0].save(tmp_path / name, save_all=True, append_images=scans[1:])
    scans[0].save(tmp_path / f"one {name}")
    (several,), (alone,) = (IMPORTER.read(tmp_path / file, Options(tmp_path)) for file in (name, f"one {name}"))
    assert isinstance(several, Incoming) and isinstance(alone, Incoming)
    assert [len(several.pages), len(alone.pages)] == [1, 1]
    assert ["the first was read" in note for note in several.notes] == [True] and alone.notes == []


def test_exif_rotation_is_honoured(tmp_path: Path) -> None:
    picture = Image.new("RGB", (400, 200), "white")
    picture.paste("black", (0, 0, 100, 50))  # top left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert pictures.measure(tmp_path / "a.jpg", Limits()) == [(200, 400)]
    content, _, size = pictures.for_reading(tmp_path / "a.jpg", Limits())
    assert isinstance(content, bytes)
    upright = Image.open(io.BytesIO(content)).convert("L")
    assert upright.size == size == (200, 400)
    assert upright.getpixel((180, 20)) < 60  # now top right
    assert upright.getpixel((20, 20)) > 200


def test_a_fit_picture_is_kept_as_it_is(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.png")
    assert pictures.for_reading(path, Limits()) == (path, ".png", (300, 400))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_large_pictures_of_every_mode_are_reduced(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.tif" if mode in ("CMYK", "I;16") else "a.png")
    white = Image.new(mode, (2600, 1300), 65535) if mode == "I;16" else Image.new("L", (2600, 1300), 255).convert(mode)
    white.save(path)
    content, suffix, size = pictures.for_reading(path, Limits())
    assert isinstance(content, bytes)
    reduced = Image.open(io.BytesIO(content))
    assert (reduced.size, suffix, size) == ((2000, 1000), ".jpg", (2600, 1300))
    assert reduced.convert("L").getpixel((1000, 500)) > 240  # paper stays white


def test_too_many_pixels_are_refused_by_the_header(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.png", (200, 100))
    for look in (pictures.measure, pictures.for_reading):
        with pytest.raises(InputProblem, match="200 × 100 pixels; the limit is 1,000"):
            look(path, Limits(picture_pixels=1000))


def test_cut_off_pictures_are_found_when_they_are_stored(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        path = tmp_path / name
        Image.effect_noise((400, 300), 90).save(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(InputProblem, match="damaged or cut off"):
            pictures.for_reading(path, Limits())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16", "CMYK", "1"])
def test_only_grey_and_coloured_pictures_are_kept_as_they_are(mode: str) -> None:
    if mode in ("RGBA", "LA"):
        picture = Image.new(mode, (60, 40), (0, 0, 0, 0) if mode == "RGBA" else (0, 0))  # type: ignore[arg-type]
    else:
        picture = Image.new("L", (60, 40), 255).convert("I;16" if mode == "I;16" else mode)
        if mode == "I;16":
            picture = picture.point(lambda value: value * 257)
    data = io.BytesIO()
    picture.save(data, "JPEG" if mode == "CMYK" else "PNG")
    stored = pictures.for_reading(data.getvalue(), Limits())[0]
    with Image.open(io.BytesIO(stored) if isinstance(stored, bytes) else stored) as kept:
        assert kept.mode in ("L", "RGB")
        assert kept.convert("L").getextrema()[0] > 200


def test_a_long_page_keeps_the_width_of_its_letters() -> None:
    assert pictures.scale_of(900, 9000) >= 1
    assert pictures.scale_of(2000, 3000) * 3000 == 2000
    assert pictures.scale_of(900, 90_000) * 900 * pictures.scale_of(900, 90_000) * 90_000 <= 12_000_001


def test_heic_is_named_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40)
    importer = detection.detect(path)
    assert importer is not None
    (item,) = importer.read(path, Options(tmp_path))
    assert isinstance(item, Rejected)
    assert "HEIC" in item.reason or "damaged" in item.reason  # read where pillow-heif is installed


@pytest.mark.parametrize("kind", ["GIF", "AVIF", "JPEG2000"])
def test_other_kinds_of_pictures_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.bin"
    Image.new("RGB", (60, 40), "white").save(path, kind)
    importer = detection.detect(path)
    assert importer is not None
    (item,) = importer.read(path, Options(tmp_path))
    assert isinstance(item, Incoming)
    assert (item.pages[0].width, item.pages[0].height) == (60, 40)


def test_light_ink_on_a_transparent_page_is_seen() -> None:
    for ink in (0, 255):
        page = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
        ImageDraw.Draw(page).rectangle((50, 50, 120, 60), fill=(ink, ink, ink, 255))
        with Image.open(io.BytesIO(pictures.encoded(page))) as kept:
            darkest, lightest = kept.convert("L").getextrema()
        assert lightest - darkest > 200, ink


def test_a_fax_is_stored_with_square_dots_and_keeps_its_size(tmp_path: Path) -> None:
    fax = tmp_path / "fax.tif"
    Image.new("1", (1728, 1037), 1).save(fax, compression="group4", dpi=(204, 98))
    kept, _, size = pictures.for_reading(fax, Limits())
    assert isinstance(kept, bytes)
    with Image.open(io.BytesIO(kept)) as stored:
        assert abs(stored.height / stored.width - 1037 / 98 / (1728 / 204)) < 0.01
    assert size == (1728, 1037)  # the page is measured in the dots of the file


@pytest.mark.parametrize("compression", [None, "tiff_adobe_deflate"])
def test_a_tiff_in_ycbcr_is_read(tmp_path: Path, compression: str | None) -> None:
    options = {} if compression is None else {"compression": compression}
    path = tmp_path / "a.tif"
    Image.new("RGB", (64, 32), (200, 30, 30)).convert("YCbCr").save(path, **options)  # type: ignore[arg-type]
    data, _, size = pictures.for_reading(path, Limits())
    assert isinstance(data, bytes) and size == (64, 32)
    red, green, blue = Image.open(io.BytesIO(data)).getpixel((5, 5))  # type: ignore[misc]
    assert red > 180 and green < 50 and blue < 50


def test_no_other_program_is_run_for_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("gs", "gswin64c"):
        (programs / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/run\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    reader_process.close()  # its readers know the surroundings that they were started in
    (tmp_path / "scan.png").write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\nshowpage\n%%EOF\n"
    )
    with pytest.raises(InputProblem, match="not a picture"):
        pictures.for_reading(tmp_path / "scan.png", Limits())
    assert not (tmp_path / "run").exists()
    reader_process.close()
