"""The page as a picture: real pixels where the terminal can show them, half blocks where it cannot."""

import sys


def ask_terminal() -> None:
    """Find out which graphics the terminal can show; only possible before the application starts."""
    # textual-image takes numpy where it finds it, to pack Sixel faster; the terminal process stays light without.
    absent = "numpy" not in sys.modules
    if absent:
        sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        import textual_image.widget  # noqa: F401 - importing asks
    finally:
        if absent:
            del sys.modules["numpy"]
