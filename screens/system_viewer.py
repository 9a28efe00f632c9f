"""A page's picture or a document's own file in the viewer that the system opens it with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def command() -> str | None:
    """The program that opens a file in its viewer; None where there is none, or no display to open it on."""
    if sys.platform == "darwin":
        return shutil.which("open")
    if os.environ.get("WSL_DISTRO_NAME") and (viewer := shutil.which("wslview")):
        return viewer
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return shutil.which("xdg-open")
    return None


def show(path: Path) -> str:
    """Open the file; gives what happened, as a sentence for the hint line."""
    viewer = command()
    if viewer is None:
        return f"No viewer can be opened from here (no display). The file is {path}"
    try:
        subprocess.Popen(
            [viewer, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"{viewer} cannot be started: {error.strerror}. The file is {path}"
    return "The page opens in the system's viewer."
