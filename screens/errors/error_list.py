"""A list of errors, one line each, and all that is known of an error."""

from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

from screens.errors.table_contents import elided
from screens.themes import legible
from workbench.evaluation.error_review import ErrorItem, Verdict
from workbench.exchange.vendor_groups import shown_vendor
from workbench.fields import Schema, colours
from workbench.fields.plain_text import counted
from workbench.predictions.cases import NONE

KINDS = {
    "missing": "missing",
    "spurious": "spurious",
    "wrong_field": "wrong field",
    "boundary": "boundary",
    "doubt": "doubt",
}
_VENDOR, _NAME = 24, 14  # cells
_BOTH = 80  # cells, from which on values leave space for the vendor
_SIGNS = {Verdict.OPEN: " ", Verdict.FIXED: "✎", Verdict.CONFIRMED: "=", Verdict.QUEUED: "»", None: "·"}
_DONE = {
    Verdict.OPEN: "",
    Verdict.FIXED: "the label was wrong and has been changed since",
    Verdict.CONFIRMED: "the label was confirmed: the model is wrong",
    Verdict.QUEUED: "waits in the relabel queue",
    None: "this document is not in the workspace",
}


class ErrorList(ScrollView, can_focus=True, inherit_bindings=False):
    """Errors in a fixed order; posts `Pointed` when the pointer moves and `Chosen` on Enter or a second click."""

    DEFAULT_CSS = "ErrorList { background: $surface; scrollbar-size-vertical: 1; }"

    class Pointed(Message):
        """The pointer stands on another error."""

    class Chosen(Message):
        """Enter was pressed on an error."""

    def __init__(self, schema: Callable[[], Schema]) -> None:
        super().__init__()
        self._schema = schema
        self._items: Sequence[ErrorItem] = ()
        self._verdicts: Mapping[int, Verdict | None] = {}
        self._at = 0
        self._if_empty = ""  # what is in place of a list: the tables say it where no run was measured
        self._named = 0  # cells of the column of documents

    @property
    def item(self) -> ErrorItem | None:
        """The error under the pointer."""
        return self._items[self._at] if 0 <= self._at < len(self._items) else None

    @property
    def place(self) -> tuple[int, int]:
        """(number of the error under the pointer, from 1; how many there are)."""
        return (self._at + 1 if self._items else 0, len(self._items))

    def show(self, items: Sequence[ErrorItem], verdicts: Mapping[int, Verdict | None]) -> None:
        """Show errors; the pointer stays on the same one where it is still there."""
        before = self.item
        self._verdicts, self._if_empty = verdicts, "Nothing is wrong here."
        if items is not self._items:
            self._items = items
            self._named = min(max((cell_len(item.name) for item in items), default=0), _NAME)
            self._at = next((n for n, item in enumerate(items) if item is before), 0)
            self.virtual_size = Size(1, len(items))
            self._follow()
        self.refresh(layout=True)
        self.post_message(self.Pointed())

    def step(self, by: int, only_open: bool = False) -> bool:
        """Move the pointer; with `only_open` to the next error that nothing was done about. False at the end."""
        at = self._at + by
        while only_open and 0 <= at < len(self._items) and self._verdicts.get(id(self._items[at])):
            at += by
        if not 0 <= at < len(self._items):
            return False
        self._at = at
        self._follow()
        self.refresh()
        self.post_message(self.Pointed())
        return True

    def _follow(self) -> None:
        if self._items and self.size.height:
            self.scroll_to_region(Region(0, max(self._at - 1, 0), 1, 3), animate=False, immediate=True, force=True)

    def on_key(self, event: events.Key) -> None:
        """Arrows, page keys and Enter."""
        page = max(self.size.height - 1, 1)
        steps = {"up": -1, "down": 1, "pageup": -page, "pagedown": page, "home": -len(self._items)}
        steps["end"] = len(self._items)
        if event.key == "enter":
            if self.item is not None:
                self.post_message(self.Chosen())
        elif event.key in steps:
            by = min(max(self._at + steps[event.key], 0), max(len(self._items) - 1, 0)) - self._at
            self.step(by)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        """A click points; a click on what is pointed at opens it."""
        row = event.y + int(self.scroll_y)
        if row == self._at and self.item is not None:
            self.post_message(self.Chosen())
        elif row < len(self._items):
            self.step(row - self._at)

    def on_focus(self) -> None:
        """The pointer is drawn otherwise where the keys are."""
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One error: what was done, confidence, field, what is wrong, the document."""
        row = y + int(self.scroll_y)
        width = self.size.width
        if row >= len(self._items):
            text = f"  {self._if_empty}" if not self._items and y == 0 else ""
            return Strip([Segment(text, self.rich_style + Style(dim=True))]).adjust_cell_length(width, self.rich_style)
        item = self._items[row]
        verdict = self._verdicts.get(id(item))
        here = row == self._at
        base = self.rich_style + Style(dim=bool(verdict))
        theme = self.app.current_theme
        behind = self.background_colors[1]
        if here:
            behind = behind.blend(Color.parse(theme.primary), 0.4 if self.has_focus else 0.2)
            base = Style.from_color(behind.get_contrast_text(1).rich_color, behind.rich_color) + Style(bold=True)
        field = self._schema().get(item.field)
        coloured = base + Style(color=legible(field.colour if field else colours.GREY, behind.hex6).rich_color)
        sign = base + Style(color=legible(theme.success or theme.primary, behind.hex6).rich_color)
        name = self._schema().name(item.field)
        wide = width >= 74
        segments = [
            Segment("▸" if here else " ", base),
            Segment(_SIGNS[verdict] + " ", sign),
            Segment(f"{item.confidence:4.0%} ", base),
            Segment(set_cell_size(name, 14) + " ", coloured),
        ]
        if wide:
            segments.append(Segment(set_cell_size(KINDS[item.kind], 11) + " ", base))
        left = width - sum(segment.cell_length for segment in segments)
        document = set_cell_size(elided(item.name, _NAME), self._named) + (" ⋯" if item.marks else "  ")
        vendor = set_cell_size(elided(shown_vendor(item.group), _VENDOR), _VENDOR) + " " if left >= _BOTH else ""
        space = max(left - cell_len(document) - 2 - cell_len(vendor), 8)
        segments.append(Segment(set_cell_size(what(item, self._schema(), space), space) + " ", base))
        segments.append(Segment(vendor + document + " ", base + Style(dim=not here)))
        return Strip(segments).adjust_cell_length(width, base)


def what(item: ErrorItem, schema: Schema, space: int = 80) -> str:
    """Gold and prediction in so many cells, neither at the other's cost."""
    gold, predicted = item.gold_value or "–", item.predicted_value or "–"
    if item.gold_field not in (item.predicted_field, NONE) and item.predicted_field != NONE:
        predicted = f"{schema.name(item.predicted_field)} {predicted}"
    left = space - 3
    shorter = min(cell_len(gold), cell_len(predicted), left // 2)
    most = left - shorter if shorter < left // 2 else left // 2
    shown = elided(gold, most), elided(predicted, most)
    if shown[0] == shown[1] and (differs := difference(item)):
        return f"{elided(gold, max(space - cell_len(differs) - 2, 8))}: {differs}"
    return f"{shown[0]} → {shown[1]}"


def difference(item: ErrorItem) -> str:
    """How the words of a prediction differ from those of the label of its field; "" where they have none in common."""
    gold, predicted = (set(place[1]) if place is not None else set[int]() for place in (item.gold, item.predicted))
    if item.gold_field != item.predicted_field or gold.isdisjoint(predicted):
        return ""
    parts = [
        f"{counted(count, 'word')} {how} {where}"
        for how, words, of in (("more", predicted - gold, gold), ("fewer", gold - predicted, predicted))
        for where, count in (
            ("on the left", sum(word < min(of) for word in words)),
            ("on the right", sum(word > max(of) for word in words)),
            ("inside", sum(min(of) < word < max(of) for word in words)),
        )
        if count
    ]
    return ", ".join(parts) or "the same words, divided into values otherwise"


class ErrorDetail(Static):
    """All that is known of one error."""

    DEFAULT_CSS = "ErrorDetail { height: auto; background: $panel; padding: 0 1; }"

    def show(self, item: ErrorItem | None, verdict: Verdict | None, schema: Schema, place: tuple[int, int]) -> None:
        if item is None:
            self.update("")
            return
        vendor = f" · {name}" if (name := shown_vendor(item.group)) else ""
        parts: list[Content | str | tuple[str, str]] = [
            (f"{item.name}{vendor}", "bold"),
            (f"   {place[0]}/{place[1]}\n", "$text-muted"),
            ("labelled  ", "$text-muted"),
            *self._value(item.gold_field, item.gold_value, schema),
            ("\npredicted ", "$text-muted"),
            *self._value(item.predicted_field, item.predicted_value, schema),
            (f"  {item.confidence:.0%}", "bold"),
            (f"  {difference(item)}\n" if item.kind == "boundary" else "\n", "$text-muted"),
            (f"… {item.snippet[0]} ", "$text-muted"),
            (item.snippet[1], "bold $warning"),
            (f" {item.snippet[2]} …", "$text-muted"),
        ]
        if notes := [*item.marks, *([_DONE[verdict]] if _DONE[verdict] else [])]:
            parts += ["\n", ("! " + " · ".join(notes), "$warning")]
        self.update(Content.assemble(*parts))

    def _value(self, field: str, value: str, schema: Schema) -> list[tuple[str, str]]:
        if field == NONE:
            return [("nothing", "italic $text-muted")]
        return [(schema.name(field), "bold"), (f" “{value}”", "")]
