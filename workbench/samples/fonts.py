"""Fonts of this machine."""

from functools import lru_cache
from pathlib import Path

_CHINESE = (
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/wenquanyi/wqy-zenhei/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/simsun.ttc",
    "C:/Windows/Fonts/msyh.ttc",
)
"""Where systems keep a Chinese TrueType font that reportlab and pillow both read; the first one found is used."""


@lru_cache(maxsize=1)
def chinese_font() -> Path | None:
    """A Chinese font of this machine, or None."""
    return next((path for path in map(Path, _CHINESE) if path.is_file()), None)
