"""What is typed and pasted, made safe before Textual reads it.

Bytes that are not UTF-8 are left out, where Textual's driver would end the program, and so are keys whose number is
none. In what is pasted, ESC is left out: Textual takes the first one for the end of the paste, and what follows for
keys, which label documents.
"""

import codecs
import os
import signal
from collections.abc import Callable
from functools import partial, wraps
from time import sleep
from typing import Any

from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.keys import Keys

_ESC = "\x1b"
_START, _END = f"{_ESC}[200~", f"{_ESC}[201~"
"""What a terminal puts around a paste (bracketed paste of xterm)."""
_MOMENT = 1.0  # seconds


def make_safe() -> None:
    """Have the drivers of a terminal and of a browser decode as `SafeDecoder` does."""
    try:
        from textual.drivers import linux_driver, web_driver
    except ImportError:  # Windows: its driver reads characters, not bytes
        return
    for driver, at_end in ((linux_driver, _end), (web_driver, _go_on)):
        driver.getincrementaldecoder = partial(partial, SafeDecoder, at_end=at_end)  # type: ignore[attr-defined]
    XTermParser._parse_extended_key = _no_fault(XTermParser._parse_extended_key)  # type: ignore[method-assign]


def _no_fault(parse: Callable[[XTermParser, str], list[Key] | None]) -> Any:
    """Textual's reading of a key as Kitty sends it, for which a number of no character is no key."""

    @wraps(parse)
    def read(parser: XTermParser, sequence: str) -> list[Key] | None:
        try:
            keys = parse(parser, sequence)
            for key in keys or ():
                (key.character or "").encode()  # half a character cannot be kept
        except (ValueError, OverflowError):
            return [Key(Keys.Ignore, None)]  # the parser would wait for the rest of None
        return keys

    return read


def _go_on() -> None:
    """Nothing to read is nothing that was typed."""


def _end() -> None:
    """Nothing to read is a terminal that is closed: Textual would ask it without a pause, for good."""
    sleep(_MOMENT)  # the signal that it is closed ends the program in order, unless it is ignored
    os.kill(os.getpid(), signal.SIGTERM)


class SafeDecoder(codecs.IncrementalDecoder):
    """Decodes a terminal's input, in pieces of any length.

    Args:
        encoding: of the input.
        at_end: called where there is nothing to read.
    """

    def __init__(self, encoding: str, at_end: Callable[[], None] = _go_on) -> None:
        super().__init__()
        self._at_end = at_end
        self._decode: Callable[[bytes, bool], str] = codecs.getincrementaldecoder(encoding)(errors="ignore").decode
        self._pasting = False
        self._before = ""  # the end of what was typed: it may be the beginning of a paste's mark
        self._held = ""  # of a paste: it may be the beginning of its end

    def decode(self, input: bytes, final: bool = False) -> str:  # type: ignore[override]
        """The characters of a piece of input; the last few of an unfinished paste come with the next piece."""
        if not input and not final:
            self._at_end()
        text = self._held + self._decode(input, final)
        self._held = ""
        safe = ""
        while text:
            part, text = self._of_paste(text, final) if self._pasting else self._typed(text)
            safe += part
        return safe

    def _typed(self, text: str) -> tuple[str, str]:
        """What was typed up to the beginning of a paste, with its mark; what follows."""
        joined = self._before + text
        at = joined.find(_START)
        if at < 0:
            self._before = joined[-len(_START) + 1 :]
            return text, ""
        end = at + len(_START) - len(self._before)
        self._before, self._pasting = "", True
        return text[:end], text[end:]

    def _of_paste(self, text: str, final: bool) -> tuple[str, str]:
        """What was pasted without ESC, with the mark of its end; what follows."""
        content, mark, rest = text.partition(_END)
        if mark:
            self._pasting = False
        elif not final:
            unfinished = next((n for n in range(len(_END) - 1, 0, -1) if content.endswith(_END[:n])), 0)
            self._held = content[len(content) - unfinished :]
            content = content[: len(content) - unfinished]
        return content.replace(_ESC, "") + mark, rest
