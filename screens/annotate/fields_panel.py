"""The fields of the document: what will be extracted, how it is read, and what does not fit."""

from collections.abc import Collection

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Size
from textual.strip import Strip
from textual.widgets import Input

from screens.annotate.classes.lines import ClassLine, ClassLines
from screens.annotate.keys import Act, Work
from screens.base import screen_of
from screens.themes import legible
from screens.widgets.line_view import Drawn
from storage.records import Content
from workbench.annotation import field_states
from workbench.annotation.classes.states import NO_CLASSES, ClassView
from workbench.annotation.field_states import FieldRow, FieldState
from workbench.fields import Field, FieldType, Schema
from workbench.fields.amounts import marks_of

_SIGNS = {
    FieldState.LABELLED: "✓",
    FieldState.SUGGESTED: "?",
    FieldState.MISSING: "·",
    FieldState.ABSENT: "∅",
    FieldState.INVALID: "!",
}

_AGREES, _AGREES_SHORT = "✓ agrees with the known value", "✓ as the known value"
_LONGEST = 4  # lines that a value may take
_WHOLE = 12  # lines that the value in hand may take


class FieldsPanel(Drawn, can_focus=False):
    """One or more lines a field; a click is the field's key."""

    DEFAULT_CSS = "FieldsPanel { background: $surface; scrollbar-size-vertical: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Content, Schema, bool | None] | None = None  # what the rows are made of
        self._rows: tuple[FieldRow, ...] = ()
        self._armed: str | None = None
        self._brought: str | None = None  # the field that is in view
        self._class_view = NO_CLASSES
        self._class_lines: list[ClassLine] = []  # above the others
        self._lines: list[tuple[Field, Strip]] = []

    def show(
        self,
        content: Content,
        schema: Schema,
        day_first: bool | None,
        armed: str | None,
        classes: ClassView,
        in_hand: str | None = None,
    ) -> None:
        """Draw the fields of a document anew where anything changed; of a text that is only classified its classes.

        Args:
            armed: the current field, which is marked.
            in_hand: the field that is brought into view where none is current.
        """
        rows = self._rows
        if (content, schema, day_first) != self._shown:
            self._shown = (content, schema, day_first)
            rows = () if classes.only else field_states.rows(content, schema, day_first)
        shown = armed or in_hand
        if (rows, armed, classes, shown) != (self._rows, self._armed, self._class_view, self._brought):
            self._rows, self._armed, self._class_view, self._brought = rows, armed, classes, shown
            self._rebuild()

    def fields_in_view(self) -> set[str]:
        """The fields of which every line is in view."""
        return self._fields_from(int(self.scroll_y))

    def _fields_from(self, line: int) -> set[str]:
        """The fields of which every line is in view when the panel begins at a line."""
        top = line - len(self._class_lines)
        bottom = top + self.scrollable_content_region.height
        top, bottom = max(top, 0), max(bottom, 0)
        cut = {field.id for field, _ in (*self._lines[:top], *self._lines[bottom:])}
        return {field.id for field, _ in self._lines[top:bottom]} - cut

    def bring_most(self, fields: Collection[str]) -> None:
        """Scroll so that as many of some fields as possible are in view."""
        own = [len(self._class_lines) + n for n, (field, _) in enumerate(self._lines) if field.id in fields]
        tops = [min(line, int(self.max_scroll_y)) for line in own]
        if tops:
            most = max(tops, key=lambda top: len(self._fields_from(top).intersection(fields)))
            self.scroll_to(y=most, animate=False, immediate=True, force=True)

    def bring(self, fields: Collection[str]) -> None:
        """Scroll so that all rows of some fields are in view, where they all fit."""
        own = [len(self._class_lines) + n for n, (field, _) in enumerate(self._lines) if field.id in fields]
        if not own or own[-1] - own[0] >= self.size.height:
            return
        if own[0] < self.scroll_y or own[-1] >= self.scroll_y + self.size.height:
            self.scroll_to(y=own[0], animate=False, immediate=True, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other rows are in view: what is said of those that are not is something else, too."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value) and not isinstance(self.screen.focused, Input):  # a search's hint stays
            self.call_after_refresh(screen_of(self).refresh_status)

    def _rebuild(self) -> None:
        width = self.scrollable_content_region.width
        behind = self.background_colors[1].hex6
        self._class_lines = list(
            ClassLines(self.rich_style, behind, self.app.current_theme, width).lines(self._class_view)
        )
        above = len(self._class_lines)
        self._lines = self._lines_of(width)
        if above + len(self._lines) > self.size.height:  # a warning needs the space more than what agrees
            self._lines = self._lines_of(width, is_brief=True)
        self.virtual_size = Size(width, above + len(self._lines))
        if self._class_view.in_hand and not self._class_view.only:
            self.scroll_to(y=0, animate=False)
        elif self._brought:
            own = [above + n for n, (field, _) in enumerate(self._lines) if field.id == self._brought] or [above]
            if not self.scroll_y <= own[0] or not own[-1] < self.scroll_y + self.size.height:
                self.scroll_to(y=max(own[0] - 2, 0), animate=False, force=True)  # its scrollbar may come only now
        self.refresh()

    def _lines_of(self, width: int, is_brief: bool = False) -> list[tuple[Field, Strip]]:
        return [(row.field, strip) for row in self._rows for strip in self._strips(row, width, is_brief)]

    def warning(self, field_id: str | None) -> str:
        """What does not fit a field's label, or would not fit its surest suggestion; "" where it does."""
        rows = (row for row in self._rows if row.field.id == field_id and row.values)
        return next((row.problems[0] for row in rows if row.problems), "")

    def failed_labels(self) -> list[tuple[Field, str]]:
        """What does not fit of the labels shown, each with its field."""
        return field_states.failed_labels(self._rows)

    def on_resize(self, event: events.Resize) -> None:
        """Another width, other line ends."""
        self._rebuild()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self._rows or self._class_lines:
            self._rebuild()

    def render_line(self, y: int) -> Strip:
        number = y + int(self.scroll_y)
        strips = [*(line.strip for line in self._class_lines), *(strip for _, strip in self._lines)]
        strip = strips[number] if number < len(strips) else Strip([])
        return strip.crop_extend(0, self.size.width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """A click is the key of the field, or of the option."""
        number = event.y + int(self.scroll_y)
        if number < len(self._class_lines):
            self.post_message(Act(_class_act(self._class_lines[number])))
        elif number < len(self._class_lines) + len(self._lines):
            field = self._lines[number - len(self._class_lines)][0]
            self.post_message(Act(lambda session: session.field_key.press(field)))

    # drawing

    def _colour(self, name: str) -> Style:
        theme = self.app.current_theme
        value = {
            "good": theme.success,
            "warn": theme.warning,
            "bad": theme.error,
            "lead": theme.accent,
        }[name]
        return self.rich_style + Style(color=Color.parse(value or theme.primary).rich_color)

    def _strips(self, row: FieldRow, width: int, is_brief: bool = False) -> list[Strip]:
        base = self.rich_style
        quiet = base + Style(dim=True)
        own = Color.parse(row.field.colour)
        has_value = row.state in (FieldState.LABELLED, FieldState.INVALID)
        key = Style.from_color(own.get_contrast_text(1).rich_color, own.rich_color) + Style(bold=True)
        if not has_value:
            key = base + Style(color=legible(row.field.colour, self.background_colors[1].hex6).rich_color, bold=True)
        armed = row.field.id == self._armed
        name = base + Style(bold=armed or has_value, dim=row.state in (FieldState.MISSING, FieldState.ABSENT))
        sign = _SIGNS[row.state]
        if row.state is FieldState.SUGGESTED and row.confidence is not None:
            sign = f"{row.confidence:.0%} ?"
            if row.agrees:
                whole = f"known {sign}"
                sign = whole if cell_len(row.field.name) + cell_len(whole) + 6 <= width else "known ?"
        if is_brief and row.agrees and row.state is FieldState.LABELLED:
            sign = "known ✓"
        if row.state is FieldState.ABSENT:
            sign = "not there ∅" if cell_len(row.field.name) + 17 <= width else "∅"
        sign_style = {
            FieldState.LABELLED: self._colour("good"),
            FieldState.INVALID: self._colour("bad") + Style(bold=True),
            FieldState.SUGGESTED: self._colour("good" if row.agrees else "warn"),
        }.get(row.state, quiet)
        pointer = "▸" if armed else " "
        title = set_cell_size(row.field.name, max(width - 6 - cell_len(sign), 4))
        lines = [
            Strip(
                [
                    Segment(pointer, self._colour("lead")),
                    Segment(f"{row.field.key or ' '}", key),
                    Segment(f" {title} ", name),
                    Segment(sign + " ", sign_style),
                ]
            )
        ]
        for value in row.values:
            long = row.field.type in (FieldType.PARTY, FieldType.ADDRESS)
            style = base if has_value else base + Style(italic=True)
            parts = _parts(printed(row.field, value.text), width - 4, _WHOLE if armed else _LONGEST)
            normal = f"= {value.normal}"
            lines += [self._line(part, style, width) for part in parts]
            if value.normal is None or value.normal == _without_dots(row.field, value.text) or long:
                continue
            if len(parts) == 1 and cell_len(parts[0]) + cell_len(normal) + 2 <= width - 4:
                lines[-1] = self._line(parts[0], style, width, normal)
            else:
                lines.append(self._line(normal, quiet, width))
        if row.reference is not None:
            if row.agrees and has_value and not is_brief:
                agrees = _AGREES if cell_len(_AGREES) <= width - 4 else _AGREES_SHORT
                lines.append(self._line(agrees, self._colour("good"), width))
            elif row.agrees is not True:
                differs = row.agrees is False
                known, style = f"{'≠ ' * differs}known: {row.reference}", self._colour("bad") if differs else quiet
                lines += [self._line(part, style, width) for part in _parts(known, width - 4, _LONGEST)]
        second = [f"second opinion: {text}" for text in row.second_opinions]
        lines += [self._line(part, quiet, width) for text in second for part in _parts(text, width - 4, _LONGEST)]
        lines += [
            self._line(part, self._colour("warn"), width)
            for text in row.problems
            for part in _wrapped("! " + text, width - 4)
        ]
        return lines

    def _line(self, text: str, style: Style, width: int, after: str = "") -> Strip:
        space = max(width - 4, 4)
        shown = text if cell_len(text) <= space else set_cell_size(text, space - 1) + "…"
        rest = [Segment("  " + after, self.rich_style + Style(dim=True))] if after else []
        return Strip([Segment("   ", self.rich_style), Segment(shown, style), *rest])


def _class_act(line: ClassLine) -> Work:
    if line.option:
        return lambda session: session.classes.choose(line.option, line.field)
    return lambda session: session.classes.press(line.key)


def printed(field: Field, text: str) -> str:
    """A value as it is shown: of a currency that an amount has in its word only the sign ("RM" of "RM46.40")."""
    marks = marks_of(text) if field.type is FieldType.CURRENCY else []
    return marks[0] if marks else text


def _without_dots(field: Field, text: str) -> str:
    """A value as it is compared with its normal form: in an id, dots make no difference worth a word."""
    return text.replace(".", "") if field.type is FieldType.ID else text


def _parts(text: str, width: int, most: int) -> list[str]:
    """A value in at most so many lines; the last one holds the rest, and is cut where it is drawn."""
    lines = _wrapped(text, width)
    return [*lines[: most - 1], " ".join(line.strip() for line in lines[most - 1 :])] if len(lines) > most else lines


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at spaces, and inside words that are longer than a line."""
    lines = [""]
    for word in (part for whole in text.split() for part in chop_cells(whole, max(width, 2))):
        if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(word) > width:
            lines.append(" ")
        lines[-1] += (" " if lines[-1].strip() else "") + word
    return lines
