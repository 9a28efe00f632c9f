"""Bars and small curves inside a line of text; Textual's ProgressBar and Sparkline take a line of their own."""

from collections.abc import Sequence


def bar(share: float, width: int) -> str:
    """A bar of eighths for a share of 0..1."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(width, "·")


def spark(values: Sequence[float], width: int = 12, span: tuple[float, float] | None = None) -> str:
    """A small curve of one line, from the first value to the last; `span` is its range, else the values' own."""
    if not values:
        return "·" * width
    cells = min(width, len(values))
    taken = [values[round(i * (len(values) - 1) / max(1, cells - 1))] for i in range(cells)]
    low, high = span or (min(taken), max(taken))
    scale = 6 / (high - low) if high > low else 0.0  # never a full block: curves below each other would run together
    return "".join("▁▂▃▄▅▆▇"[round((min(high, max(low, value)) - low) * scale)] for value in taken)
