"""Real pixels where the terminal can show them, half blocks elsewhere, and no answer is ever taken for a key."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time

import pytest
from PIL import Image

from screens.graphics import QUESTION, Graphics, PictureKind, parse_answer
from screens.widgets.picture_view import PARTS, Frame, draw
from tests.support import ROOT

KITTY = b"\x1b_Gi=31;OK\x1b\\"
CELL = b"\x1b[6;18;9t"
ASK = (
    "import os, select\n"
    "from screens.graphics import ask\n"
    "graphics = ask()\n"
    "left = os.read(0, 99) if select.select([0], [], [], 0.2)[0] else b''\n"
    "print('FOUND', graphics.kind.value, *graphics.cell, left)\n"
)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (KITTY + b"\x1b[?62;c", PictureKind.KITTY),
        (CELL + b"\x1b[?62;4;22c", PictureKind.SIXEL),
        (KITTY + b"\x1b[?65;4;6c", PictureKind.SIXEL),  # WezTerm and Konsole: Sixel is what they do well
        (b"\x1b[?1;2c", PictureKind.BLOCKS),  # tmux and most others
        (b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?62;22c", PictureKind.BLOCKS),
        (b"\x1b[?64;14;22c", PictureKind.BLOCKS),  # 14 is not 4
        (b"", PictureKind.BLOCKS),
    ],
)
def test_a_terminal_s_answer_names_its_graphics(answer, kind):
    assert parse_answer(answer).kind is kind


def test_the_size_of_a_cell_is_taken_from_the_answer():
    assert parse_answer(CELL + b"\x1b[?62;4c").cell == (9, 18)
    assert parse_answer(b"\x1b[?62;4c").cell == Graphics().cell


def asked(answer: bytes | None, delay: float = 0.0) -> str:
    """What a program in a terminal finds that answers so late (None: not at all)."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", ASK])
    output, answered, until = b"", answer is None, time.monotonic() + 30
    while b"\n" not in output.partition(b"FOUND")[2] and time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            with contextlib.suppress(OSError):
                output += os.read(terminal, 4096)
        if not answered and QUESTION in output:
            time.sleep(delay)
            os.write(terminal, answer or b"")
            answered = True
    os.waitpid(child, 0)
    os.close(terminal)
    return output.partition(b"FOUND ")[2].decode().strip()


@pytest.mark.parametrize("delay", [0.0, 0.4])
def test_a_kitty_is_known_also_over_a_slow_line_and_nothing_is_left_to_be_read_as_keys(delay):
    assert asked(KITTY + CELL + b"\x1b[?62;c", delay) == "kitty 9 18 b''"


def test_a_terminal_that_answers_nothing_gets_half_blocks():
    assert asked(None) == "blocks 10 20 b''"


def test_without_a_terminal_nothing_is_asked():
    done = subprocess.run(
        [sys.executable, "-c", "from screens.graphics import ask; print(ask().kind.value)"],
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
    )
    assert done.stdout.strip() == b"blocks"


def test_the_picture_s_widget_is_the_one_that_was_found_without_asking_again():
    program = (
        "from screens.graphics import Graphics, PictureKind\n"
        "from screens.widgets.picture_view import widget_of\n"
        "print([widget_of(Graphics(kind, (9, 18))).__name__ for kind in PictureKind])\n"
        "from textual_image._terminal import get_cell_size\n"
        "print(tuple(get_cell_size()))\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", program])
    output = b""
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 4096):
            output += data
    os.waitpid(child, 0)
    os.close(terminal)
    lines = output.decode().split("\r\n")
    assert lines[:2] == ["['Image', 'TGPImage', 'HalfcellImage']", "(9, 18)"], output


def test_a_picture_shows_the_region_around_the_cursor_the_width_or_the_whole_page(tmp_path):
    path = tmp_path / "page.png"
    Image.new("RGB", (1000, 1400), "white").save(path)
    sizes = {part: draw(Frame(path, 1000, 1400, (), (400, 700, 460, 720), part), 100, 60, 7).size for part in PARTS}
    assert sizes["page"] == (43, 60) and sizes["width"] == sizes["region"] == (100, 60)
    near = draw(Frame(path, 1000, 1400, (), (400, 700, 460, 720), "region"), 2000, 60, 7)
    assert near.size[0] == 350  # print 20 pixels high is shown 7 high
