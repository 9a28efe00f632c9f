"""Three themes: dark, light and high contrast. Field colours are the schema's; see `legible`."""

import os
from functools import lru_cache

from textual.color import Color
from textual.theme import Theme

from workbench.fields import colours

DARK = Theme(
    name="workbench-dark",
    primary=colours.SKY_BLUE,
    secondary="#7A8FA6",
    accent=colours.ORANGE,
    warning=colours.ORANGE,
    error="#FF7A6B",
    success=colours.LIGHT_GREEN,
    foreground="#DDE3EA",
    background="#11151A",
    surface="#171C23",
    panel="#202731",
    variables={"block-cursor-text-style": "none"},
)
LIGHT = Theme(
    name="workbench-light",
    primary="#005A9C",
    secondary="#5A6B7B",
    accent="#9A5B00",
    warning="#8A5200",
    error="#B3261E",
    success="#00684A",
    foreground="#1B2026",
    background="#FBFBF8",
    surface="#F1F2EE",
    panel="#E4E7E6",
    dark=False,
    variables={"block-cursor-text-style": "none"},
)
CONTRAST = Theme(
    name="high-contrast",
    primary="#FFFF00",
    secondary="#00FFFF",
    accent="#FFFF00",
    warning="#FFB000",
    error="#FF6060",
    success="#00FF80",
    foreground="#FFFFFF",
    background="#000000",
    surface="#000000",
    panel="#1A1A1A",
    text_alpha=1.0,
    variables={"block-cursor-text-style": "bold"},
)
THEMES = (DARK, LIGHT, CONTRAST)


def preferred(setting: str) -> str:
    """The theme to start with: the setting, or what the terminal's background asks for (COLORFGBG, where it is set)."""
    names = {theme.name for theme in THEMES}
    for name in (setting, f"workbench-{setting}"):
        if name in names:
            return name
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT.name if background in ("7", "15") else DARK.name


@lru_cache(maxsize=512)
def legible(colour: str, background: str) -> Color:
    """A field's colour, moved towards black or white until it can be read on the background (contrast of 4.5)."""
    behind = Color.parse(background)
    own = Color.parse(colour)
    extreme = Color.parse("#FFFFFF" if behind.brightness < 0.5 else "#000000")
    for step in range(11):
        shade = own.blend(extreme, step / 10)
        if contrast(shade, behind) >= 4.5:
            return shade
    return extreme


def contrast(a: Color, b: Color) -> float:
    """The contrast ratio of WCAG, 1 to 21."""

    def luminance(colour: Color) -> float:
        parts = [
            side / 12.92 if side <= 0.03928 else ((side + 0.055) / 1.055) ** 2.4
            for side in (colour.r / 255, colour.g / 255, colour.b / 255)
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def following(name: str) -> str:
    """The theme after this one; the first after the last, and after one that is not ours."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names) if name in names else 0]
