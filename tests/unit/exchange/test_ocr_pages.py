"""Long pages are read in tiles and turned pages upright, whatever the engine."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from storage.exceptions import MissingTool
from workbench.exchange import ocr
from workbench.exchange.ocr import Readers, chosen_languages, tesseract_version
from workbench.exchange.ocr_pages import read_page
from workbench.exchange.ocr_text import PageText, turned
from workbench.exchange.reading.incoming import IncomingToken


def marks(picture: Path) -> PageText:
    """An engine that reads black marks of 60 × 20 points; one with its grey end on the left is upright."""
    with Image.open(picture) as opened:
        image = opened.convert("L")
    width, height = image.size
    tokens = []
    for y in range(0, height, 20):
        for x in range(0, width, 20):
            if image.getpixel((min(x + 10, width - 1), min(y + 10, height - 1))) == 128:
                right = image.getpixel((min(x + 30, width - 1), min(y + 10, height - 1))) == 0
                down = image.getpixel((min(x + 10, width - 1), min(y + 30, height - 1))) == 0
                up = image.getpixel((min(x + 10, width - 1), max(y - 10, 0))) == 0
                size = (20, 60) if (down or up) and not right else (60, 20)
                left, top = (x, y) if right or down else (x - 40, y) if not up else (x, y - 40)
                box = (float(left), float(top), float(left + size[0]), float(top + size[1]))
                tokens.append(IncomingToken(f"word{y}", box, y // 20, 0.99 if right else 0.4))
    return PageText(width, height, tuple(tokens), "marks", "1")


def page(path: Path, size: tuple[int, int], places: list[tuple[int, int]]) -> Image.Image:
    image = Image.new("L", size, 255)
    for x, y in places:
        image.paste(0, (x, y, x + 60, y + 20))
        image.paste(128, (x, y, x + 20, y + 20))
    image.save(path)
    return image


def test_every_word_of_a_long_page_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    places = [(100, y) for y in range(0, 8980, 40)]
    page(path, (900, 9000), places)
    text = read_page(marks, path)
    assert [(int(token.box[0]), int(token.box[1])) for token in text.tokens] == places
    assert (text.width, text.height, text.turn) == (900, 9000, 0)
    assert [token.line for token in text.tokens] == list(range(len(places)))


@pytest.mark.parametrize("size", [(1900, 30), (80, 1900), (9000, 40), (80, 9000)])
def test_a_slender_strip_is_given_to_the_engine_on_wider_paper(tmp_path: Path, size: tuple[int, int]) -> None:
    """The engines enlarge a picture by its shorter side: a row of text took more memory than there is."""
    sizes = []

    def engine(picture: Path) -> PageText:
        with Image.open(picture) as opened:
            sizes.append(opened.size)
        return marks(picture)

    page(tmp_path / "a.png", size, [(0, 0)])
    text = read_page(engine, tmp_path / "a.png", 0)
    assert (text.width, text.height) == size and text.tokens[0].box[:2] == (0.0, 0.0)
    assert all(max(given) <= 8 * min(given) for given in sizes)


@pytest.mark.parametrize(
    ("size", "places"), [((600, 800), []), ((1, 20_000), []), ((20_000, 1), []), ((2, 2), []), ((5, 900), [(0, 0)])]
)
def test_a_page_on_which_nothing_can_be_read_is_given_to_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], places: list[tuple[int, int]]
) -> None:
    given: list[str] = []

    def engine(name: str, *_: object) -> SimpleNamespace:
        given.append(name)
        return SimpleNamespace(read=marks)

    monkeypatch.setattr(ocr, "_engine", engine)
    page(tmp_path / "blank.png", size, places)
    text = ocr._read("rapidocr", (), tmp_path / "blank.png", None)
    assert ((text.width, text.height), text.tokens, text.engine, given) == (size, (), "rapidocr", [])
    page(tmp_path / "full.png", (600, 800), [(100, 100)])
    assert len(ocr._read("rapidocr", (), tmp_path / "full.png", None).tokens) == 1 and given == ["rapidocr"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_read_upright(tmp_path: Path, turn: int) -> None:
    path = tmp_path / "a.png"
    places = [(100, y) for y in range(100, 700, 40)]
    page(path, (600, 800), places).rotate(turn, expand=True).save(path)
    text = read_page(marks, path)
    assert text.turn == turn
    assert text.upright is not None
    assert (text.width, text.height) == (600, 800)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_boxes_turn_with_their_page(turn: int) -> None:
    once = turned((10, 20, 30, 50), turn, *((200, 100) if turn % 180 == 0 else (100, 200)))
    assert once[0] < once[2] and once[1] < once[3]
    back = turned(once, -turn, 200, 100)
    assert back == (10, 20, 30, 50)


def test_tesseract_reads_a_few_languages() -> None:
    installed = ["afr", "deu", "eng", "equ", "fra", "heb", "ita", "nld", "osd", "spa"]
    assert chosen_languages(installed) == ["eng", "deu", "fra", "nld"]
    assert chosen_languages(installed, ["heb", "eng"]) == ["heb", "eng"]
    assert chosen_languages(installed, ["de", "ENG", "fra+nld+spa"]) == ["deu", "eng", "fra", "nld"]
    assert chosen_languages(["osd", "tha"]) == ["tha"]
    assert chosen_languages([]) == ["eng"]
    with pytest.raises(MissingTool, match="has not the language xyz") as missing:
        chosen_languages(installed, ["heb", "xyz"])
    assert "tesseract-ocr-xyz" in missing.value.remedy
    assert "osd" not in missing.value.remedy


def test_a_language_that_is_not_installed_is_said_before_a_page_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    languages = 'printf "List:\\ndeu\\neng\\n"'
    program.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo tesseract 5.3.0; else {languages}; fi\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    tesseract_version.cache_clear()
    with pytest.raises(MissingTool, match="has not the language fra"):
        Readers("tesseract", 1, ["deu", "fra"])
    with Readers("tesseract", 1, ["de"]) as readers:
        assert readers.kind.name == "tesseract"
    tesseract_version.cache_clear()


def test_a_page_is_turned_as_ordered_and_not_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    page(path, (600, 800), [(100, y) for y in range(100, 700, 40)]).rotate(90, expand=True).save(path)
    text = read_page(marks, path, turn=180)
    assert (text.turn, text.width, text.height) == (180, 800, 600)
    assert text.upright is not None
    assert read_page(marks, path, turn=0).turn == 0
