"""A list of lines with a cursor, and how the queue screen's panes write bars, columns and sentences."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

MUTED = "$foreground 60%"
"""What is less important, inside of a Content."""


class Rows(OptionList):
    """Lines with ids. The cursor stays on the same id when the lines change, or at its place where that id is gone."""

    DEFAULT_CSS = """
    Rows {
        background: $background; border: none; padding: 0; height: 1fr; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
        &:focus { border: none; background: $background; background-tint: $foreground 0%; }
        & > .option-list--option { padding: 0 1; }
        & > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: none; }
        &:focus > .option-list--option-highlighted { background: $primary 30%; color: $foreground; text-style: none; }
    }
    """

    def show(self, lines: Sequence[tuple[str, Content]]) -> None:
        """Show (id, line); what was under the cursor stays there."""
        before, place = self.at, self.highlighted or 0
        self.clear_options()
        self.add_options([Option(line, id=name) for name, line in lines])
        names = [name for name, _ in lines]
        if names:
            self.highlighted = names.index(before) if before in names else min(place, len(names) - 1)

    @property
    def at(self) -> str | None:
        return self.get_option_at_index(self.highlighted).id if self.highlighted is not None else None


def fit(text: str, width: int) -> str:
    """A text in exactly so many cells."""
    short = text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"
    return set_cell_size(short, width)


def sentence(text: str) -> str:
    """A forecast's sentence without its lead, with a capital and a full stop."""
    text = text.removeprefix("All fields: ").removeprefix("too little to say: ").strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
