"""How documents are looked at, kept over restarts: how close, text or picture, with the list or without."""

from contextlib import suppress
from pathlib import Path

import msgspec

from storage.files import write_atomic
from workbench.annotation.text_grid import ZOOMS

PICTURE_ZOOM = 4
"""Steps closer, or further away, at most."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    zoom: int = 0  # of the text
    picture_zoom: int = 0
    picture: str = "region"  # what of a page the picture shows: one of `picture_view.PARTS`
    shows: str = "text"  # "text", "picture" or "both"
    list: bool = True


def read(path: Path) -> Look:
    """The kept look; the usual one where there is none that can be used."""
    with suppress(OSError, msgspec.DecodeError):
        look = msgspec.json.decode(path.read_bytes(), type=Look)
        if look.zoom in ZOOMS and abs(look.picture_zoom) <= PICTURE_ZOOM:
            return look
    return Look()


def write(path: Path, look: Look) -> None:
    """Keep a look; where the folder cannot be written it lasts as long as the program."""
    with suppress(OSError):
        write_atomic(path, msgspec.json.encode(look).decode())
