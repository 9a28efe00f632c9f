"""The class fields in the fields panel: one line a field, and its options with keys and probabilities."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.theme import Theme

from screens.themes import legible
from workbench.annotation.classes.class_acts import shown_probability
from workbench.annotation.classes.states import ClassRow, ClassView, OptionRow

_BAR = 8  # cells of the bar of a probability, where there is space
_MOST_OPEN = 40  # options that are listed of the field in hand


@dataclass(frozen=True, slots=True)
class ClassLine:
    """A line of the panel: of a field, or of one of its options (option "" is the field's own line)."""

    field: str
    key: str  # of the field
    option: str
    strip: Strip


class ClassLines:
    """Draws the class fields for a width, in a panel's style and theme."""

    def __init__(self, base: Style, behind: str, theme: Theme, width: int) -> None:
        self._base, self._behind, self._width = base, behind, width
        self._lead = base + Style(color=Color.parse(theme.accent or theme.primary).rich_color)
        self._good = base + Style(color=Color.parse(theme.success or theme.primary).rich_color)
        self._warn = base + Style(color=Color.parse(theme.warning or theme.primary).rich_color)

    def lines(self, view: ClassView) -> Iterator[ClassLine]:
        """The lines of all class fields; the options stand below the field in hand, and below those of a text."""
        for row in view.rows:
            is_in_hand = row.field.id == view.in_hand
            yield ClassLine(row.field.id, row.field.key, "", self._heading(row, is_in_hand))
            if is_in_hand or view.only:
                likeliest = {likely.option for likely in row.suggested}
                for option in row.options[:_MOST_OPEN]:
                    strip = self._option(row, option, option.option in likeliest, is_in_hand)
                    yield ClassLine(row.field.id, row.field.key, option.option, strip)
            elif row.labels or row.suggested:
                yield ClassLine(row.field.id, row.field.key, "", self._value(row))

    def _heading(self, row: ClassRow, is_in_hand: bool) -> Strip:
        colour = Style(color=legible(row.field.colour, self._behind).rich_color, bold=True)
        sign, style = "·", self._base + Style(dim=True)
        if row.labels:
            sign, style = "✓", self._good
        elif row.cannot_say:
            sign, style = "cannot say ∅", self._base
        elif row.suggested:
            sign, style = "?", self._warn
        title = set_cell_size(row.field.name, max(self._width - 6 - cell_len(sign), 4))
        return Strip(
            [
                Segment("▸" if is_in_hand else " ", self._lead),
                Segment(row.field.key or " ", self._base + colour),
                Segment(f" {title} ", self._base + Style(bold=is_in_hand or row.is_decided)),
                Segment(sign + " ", style),
            ]
        )

    def _value(self, row: ClassRow) -> Strip:
        if row.labels:
            return self._line(", ".join(row.labels), self._base + Style(bold=True))
        likely = row.suggested[0]
        return self._line(f"{likely.option}  {shown_probability(likely)} ?", self._base + Style(italic=True))

    def _line(self, text: str, style: Style) -> Strip:
        space = max(self._width - 4, 4)
        return Strip([Segment("   ", self._base), Segment(_cut(text, space), style)])

    def _option(self, row: ClassRow, option: OptionRow, is_likeliest: bool, has_keys: bool) -> Strip:
        own = Color.parse(row.field.colour)
        key = self._base + Style(bold=True) if has_keys else self._base + Style(dim=True)
        name = self._base
        if option.is_label:
            key = Style.from_color(own.get_contrast_text(1).rich_color, own.rich_color) + Style(bold=True)
            name += Style(bold=True)
        elif is_likeliest:
            name += Style(italic=True, underline=True)
        share = shown_probability(option)
        bar = ""
        if option.probability is not None and self._width >= 36:
            bar = ("█" * round(option.probability * _BAR)).ljust(_BAR) + " "
        after = f" {bar}{share.rjust(4) if share else '':<4}"
        space = max(self._width - 6 - cell_len(after) - 2, 4)
        sign = "✓" if option.is_label else "?" if is_likeliest else " "
        return Strip(
            [
                Segment("   ", self._base),
                Segment(f"{option.key or ' '}", key),
                Segment(" ", self._base),
                Segment(set_cell_size(_cut(option.option, space), space), name),
                Segment(after, self._warn if is_likeliest else self._base + Style(dim=True)),
                Segment(f" {sign}", self._good if option.is_label else self._warn),
            ]
        )


def _cut(text: str, space: int) -> str:
    return text if cell_len(text) <= space else set_cell_size(text, space - 1) + "…"
