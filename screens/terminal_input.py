"""What is typed, made safe: bytes that are not UTF-8 are left out, where Textual's driver would end the program."""

import codecs
from collections.abc import Callable
from functools import partial


def tolerate_stray_bytes() -> None:
    """Have the driver decode as UTF-8 with what cannot be decoded left out: a terminal in Latin-1, a pasted binary."""
    try:
        from textual.drivers import linux_driver
    except ImportError:  # Windows: its driver reads characters, not bytes
        return
    linux_driver.getincrementaldecoder = _forgiving  # type: ignore[assignment,attr-defined]


def _forgiving(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    return partial(codecs.getincrementaldecoder(encoding), errors="ignore")
