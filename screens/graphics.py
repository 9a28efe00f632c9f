"""Which graphics the terminal can show. It is asked once, before the application reads keys.

One query asks for Kitty's graphics, the size of a cell and, last, the kind of terminal. Every terminal answers the last
part, and answers in order: the wait is as long as the line takes, over SSH and in tmux too, and no late answer is taken
for keys.
"""

import os
import re
import select
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

QUESTION = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c"
SECONDS = 1.0
"""How long to wait for a terminal that answers nothing."""

_KIND = re.compile(rb"\x1b\[\?([0-9;]*)c")
_CELL = re.compile(rb"\x1b\[6;([0-9]+);([0-9]+)t")
_KITTY = re.compile(rb"\x1b_Gi=31[^\x1b]*;OK")
_HAS_SIXEL = b"4"


class PictureKind(StrEnum):
    SIXEL = "sixel"
    KITTY = "kitty"
    BLOCKS = "blocks"  # half blocks: two pixels a cell


@dataclass(frozen=True, slots=True)
class Graphics:
    kind: PictureKind = PictureKind.BLOCKS
    cell: tuple[int, int] = (10, 20)  # pixels across and down

    @property
    def real(self) -> bool:
        """Whether it shows real pixels, not half blocks."""
        return self.kind is not PictureKind.BLOCKS


def parse_answer(answer: bytes) -> Graphics:
    """What a terminal can do. WezTerm and Konsole claim Kitty's graphics but do Sixel better, so Sixel comes first."""
    kind = _KIND.search(answer)
    cell = _CELL.search(answer)
    size = (int(cell[2]), int(cell[1])) if cell and int(cell[1]) and int(cell[2]) else Graphics().cell
    if kind and _HAS_SIXEL in kind[1].split(b";"):
        return Graphics(PictureKind.SIXEL, size)
    return Graphics(PictureKind.KITTY if _KITTY.search(answer) else PictureKind.BLOCKS, size)


def ask(seconds: float = SECONDS) -> Graphics:
    """Ask the terminal; half blocks where there is none, or where it does not answer."""
    import termios
    import tty

    if not (sys.__stdin__ and sys.__stdout__ and sys.__stdin__.isatty() and sys.__stdout__.isatty()):
        return Graphics()
    stdin, stdout = sys.__stdin__.fileno(), sys.__stdout__.fileno()
    before = termios.tcgetattr(stdin)
    answer = b""
    try:
        tty.setcbreak(stdin)
        os.write(stdout, QUESTION)
        until = time.monotonic() + seconds
        while not _KIND.search(answer) and select.select([stdin], [], [], max(until - time.monotonic(), 0.0))[0]:
            answer += os.read(stdin, 1024)
    except OSError:
        pass
    finally:
        with suppress(OSError, termios.error):
            termios.tcsetattr(stdin, termios.TCSADRAIN, before)
    return parse_answer(answer)
