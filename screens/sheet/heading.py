"""The sheet's first line: the options with their keys, and which texts are listed in which order."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from screens.widgets.status_lines import key_part
from workbench.annotation.classes.states import OPTION_KEYS
from workbench.fields import Field

_SHORTEST = 3  # cells of an option's name


def heading(field: Field, listed: str, width: int, *, no_color: bool) -> Content:
    """One line; where it is too long, the options are cut and what is listed is not.

    Args:
        field: whose options they are.
        listed: which texts are shown, and their order.
        width: cells that there are.
        no_color: the terminal has no colours.
    """
    keyed = list(zip(OPTION_KEYS, field.options, strict=False))
    parts = [key_part(key, no_color) for key, _ in keyed]
    taken = cell_len(field.name) + cell_len(listed) + 4 + sum(cell_len(text) + 3 for text, _ in parts)
    names = _shortened([option for _, option in keyed], width - taken)
    shown = [piece for part, name in zip(parts, names, strict=True) for piece in (part, f" {name}  ")]
    return Content.assemble((f" {field.name}  ", "bold"), *shown, (f" {listed}", "$text-muted"))


def _shortened(names: Sequence[str], space: int) -> list[str]:
    """The names in so many cells, the longest cut first; each keeps a few."""
    lengths = [cell_len(name) for name in names]
    longest = max(lengths, default=0)
    while longest > _SHORTEST and sum(min(length, longest) for length in lengths) > space:
        longest -= 1
    return [
        name if length <= longest else set_cell_size(name, longest - 1).rstrip() + "…"
        for name, length in zip(names, lengths, strict=True)
    ]
