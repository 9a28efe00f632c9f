"""How documents are looked at, kept over restarts: how close, text or picture, with the list or without."""

from contextlib import suppress
from pathlib import Path

import msgspec

from storage.exceptions import InputProblem
from storage.files import write_atomic
from workbench.annotation.text_grid import ZOOMS
from workbench.files import small_files

PICTURE_ZOOM = 4
"""Steps closer, or further away, at most."""


class ViewSettings(msgspec.Struct, frozen=True, kw_only=True):
    zoom: int = 0  # of the text
    picture_zoom: int = 0
    picture: str = "region"  # what of a page the picture shows: one of `picture_view.PARTS`
    shows: str = "text"  # "text", "picture" or "both"
    list: bool = True


def read(path: Path) -> ViewSettings:
    """The kept settings; the usual ones where there is none that can be used."""
    with suppress(InputProblem):
        settings = small_files.read(path, ViewSettings, "")
        if settings.zoom in ZOOMS and abs(settings.picture_zoom) <= PICTURE_ZOOM:
            return settings
    return ViewSettings()


def write(path: Path, settings: ViewSettings) -> None:
    """Keep settings; where the folder cannot be written they last as long as the program."""
    with suppress(OSError):
        write_atomic(path, msgspec.json.encode(settings).decode())
