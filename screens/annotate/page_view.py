"""The page as text in space, drawn line by line: a key press repaints only the rows that changed."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from screens.annotate.keys import Act, Work
from screens.themes import legible
from screens.widgets.line_view import Drawn
from screens.widgets.marks import TokenMark, marks_of
from workbench.annotation.session_state import SessionView
from workbench.annotation.text_grid import GridRow, PageLayout, PlacedToken
from workbench.fields import Schema


class PageView(Drawn, can_focus=True, inherit_bindings=False):
    """All pages of a document. Shows a layout and a view; posts `Act` for the mouse, and `Resized`."""

    DEFAULT_CSS = "PageView { background: $background; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }"

    class Resized(Message):
        """The view has another width: the layout should follow."""

    class Moved(Message):
        """Other words are in view: what is accepted with them is others, too."""

    def __init__(self, schema: Schema) -> None:
        super().__init__()
        self.schema = schema
        self._layout: PageLayout | None = None
        self._view: SessionView | None = None
        self._marks: dict[int, TokenMark] = {}
        self._strips: dict[int, Strip] = {}
        self._styles: dict[tuple[object, ...], Style] = {}
        self._dragging = False

    @property
    def columns(self) -> int:
        """Cells that a row may take without scrolling."""
        return max(self.scrollable_content_region.width, 20)

    def show(self, layout: PageLayout, view: SessionView) -> None:
        """Draw what differs from what is drawn."""
        marks = self._marks
        before = self._view
        if (
            before is None
            or before.content.annotations != view.content.annotations
            or (before.content.suggestions != view.content.suggestions or before.focus != view.focus)
            or before.proposals != view.proposals
            or layout is not self._layout
        ):
            marks = marks_of(view, self.schema)
        if layout is not self._layout or before is None or before.content.pages != view.content.pages:
            same_size = self._layout is not None and self._layout.height == layout.height
            self._layout, self._view, self._marks = layout, view, marks
            self._strips.clear()
            self.virtual_size = Size(layout.width, layout.height)
            self.scroll_to(x=0, animate=False, immediate=True)  # lines begin in view again where they can
            if not same_size:
                self.refresh(layout=True)
            self.refresh()
            self._follow()
        elif view != before:  # else the mouse wheel is left where it scrolled to
            rows = self._changed(before, view, marks)
            self._view, self._marks = view, marks
            for row in rows:
                self._strips.pop(row, None)
                self.refresh_lines(row)
            self._follow()

    def _changed(self, before: SessionView, after: SessionView, marks: dict[int, TokenMark]) -> set[int]:
        assert self._layout is not None
        tokens = set(before.selection ^ after.selection)
        if before.cursor != after.cursor:
            tokens |= {t for t in (before.cursor, after.cursor) if t is not None}
        if marks is not self._marks:
            tokens |= {t for t in self._marks.keys() | marks.keys() if self._marks.get(t) != marks.get(t)}
        return {self._layout.where[t][0] for t in tokens}

    def begin_at(self, token: int) -> None:
        """Scroll so that a token's row is the first one that the cursor does not scroll away."""
        if self._layout is not None:
            self.scroll_to(y=self._top(token), animate=False, immediate=True, force=True)

    def tokens_from(self, token: int) -> set[int]:
        """The tokens that are in view when the page begins at a token's row."""
        return self._tokens_below(min(self._top(token), int(self.max_scroll_y)))

    def _top(self, token: int) -> int:
        return max(self._layout.where[token][0] - self._margin, 0) if self._layout is not None else 0

    @property
    def _margin(self) -> int:
        """Rows around the cursor that stay in view."""
        return min(3, self.size.height // 4)

    def _follow(self) -> None:
        """Scroll so that the cursor is in view, with some rows around it."""
        if self._layout is None or self._view is None or self._view.cursor is None or not self.size.height:
            return
        row, placed = self._layout.place(self._view.cursor)
        margin = self._margin
        top, left = max(row - margin, 0), max(placed.x - 2, 0)
        # Nothing beyond the word's end: a word at the page's right edge would push the left one out of view.
        region = Region(left, top, placed.end - left, min(row + margin, self._layout.height - 1) - top + 1)
        self.scroll_to_region(region, animate=False, immediate=True, force=True)

    def visible_tokens(self) -> set[int]:
        """The tokens whose rows are in view."""
        return self._tokens_below(int(self.scroll_y))

    def suggestions_in_view(self) -> set[int]:
        """The ids of the suggestions that are marked in view with their whole value, no word of it beyond an edge or
        hidden by another mark.
        """
        if self._view is None or not self.display:  # its picture alone is shown
            return set()
        left, right = int(self.scroll_x), int(self.scroll_x) + self.scrollable_content_region.width
        marked = {
            (mark.owner, placed.token)
            for row in self._rows_from(int(self.scroll_y))
            for placed in row.placed
            if left <= placed.x and placed.end <= right and (mark := self._marks.get(placed.token)) is not None
        }
        return {s.id for s in self._view.open_suggestions if all((s.id, token) in marked for token in s.tokens)}

    def _tokens_below(self, top: int) -> set[int]:
        return {placed.token for row in self._rows_from(top) for placed in row.placed}

    def _rows_from(self, top: int) -> Sequence[GridRow]:
        rows = self._layout.rows if self._layout is not None else ()
        return rows[top : top + self.scrollable_content_region.height]

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Moved())

    def page_rows(self) -> int:
        """Rows that a screenful has."""
        return max(self.scrollable_content_region.height - 2, 1)

    # drawing

    def render_line(self, y: int) -> Strip:
        row = y + int(self.scroll_y)
        width = self.size.width
        if self._layout is None or row >= self._layout.height:
            return Strip.blank(width, self.rich_style)
        strip = self._strips.get(row)
        if strip is None:
            strip = self._strips[row] = self._draw(self._layout.rows[row])
        x = int(self.scroll_x)
        return strip.crop_extend(x, x + width, self.rich_style)

    def notify_style_update(self) -> None:
        """Another theme: everything is drawn anew."""
        self._strips.clear()
        self._styles.clear()
        super().notify_style_update()

    def _draw(self, row: GridRow) -> Strip:
        base = self.rich_style
        if row.heading:
            return Strip([Segment(f" ── {row.heading} " + "─" * 40, base + Style(dim=True))])
        segments: list[Segment] = []
        x = 0
        previous: TokenMark | None = None
        for position, placed in enumerate(row.placed):
            mark = self._marks.get(placed.token)
            lead = placed.x - x
            here = self._view is not None and placed.token == self._view.cursor and not self._view.classes.only
            joined = mark is not None and previous is not None and mark.owner == previous.owner
            if lead > 1:
                segments.append(Segment(" " * (lead - 1), self._gap(previous) if joined and lead <= 2 else base))
            if lead > 0:
                segments.append(self._before(mark, joined, here))
            segments.append(Segment(placed.text, self._token_style(placed, mark, here)))
            x = placed.end
            if mark is not None and mark.confidence is not None:
                x += self._confidence(segments, row, position, mark)
            previous = mark
        return Strip(segments)

    def _before(self, mark: TokenMark | None, joined: bool, here: bool) -> Segment:
        """The cell before a token: the field's key where a label or suggestion begins, a pointer at the cursor."""
        if mark is None:
            return Segment("▸" if here else " ", self._style("pointer") if here else self.rich_style)
        if joined:
            return Segment(" ", self._gap(mark))
        if mark.ahead:
            return Segment("▸" if here else mark.key, self._style("ahead", mark.colour))
        if self.app.no_color:  # a colour of its own would be a shade beside the value's ground
            return Segment(mark.key, self.rich_style + Style(bold=True, reverse=not here, underline=here))
        return Segment(mark.key, self._style("key", mark.colour, mark.confidence is None))

    def _gap(self, mark: TokenMark | None) -> Style:
        if mark is None:
            return self.rich_style
        return self._style("mark", mark.colour, mark.confidence is None, mark.focused)

    def _confidence(self, segments: list[Segment], row: GridRow, position: int, mark: TokenMark) -> int:
        """Draw the confidence of a suggestion; returns its width."""
        if text := self._confidence_text(row, position, mark):
            segments.append(Segment(text, self._style("sure", mark.colour)))
        return len(text)

    def _confidence_text(self, row: GridRow, position: int, mark: TokenMark) -> str:
        """The confidence of a suggestion behind its last token in the row; "" without space: the panel has it."""
        after = row.placed[position + 1] if position + 1 < len(row.placed) else None
        if after is not None and (following := self._marks.get(after.token)) and following.owner == mark.owner:
            return ""
        end = row.placed[position].end
        edge = max(self.columns, self._layout.width if self._layout is not None else 0)
        space = after.x - end - 1 if after is not None else edge - end
        text = f" {mark.confidence or 0.0:.0%}"
        return text if len(text) <= space else ""

    def _token_style(self, placed: PlacedToken, mark: TokenMark | None, here: bool) -> Style:
        if here:
            return self._style("cursor")
        if self._view is not None and placed.token in self._view.selection:
            return self._style("selected")
        if mark is not None and not mark.ahead:
            return self._style("mark", mark.colour, mark.confidence is None, mark.focused)
        return self.rich_style

    def _style(self, kind: str, colour: str = "", label: bool = False, focused: bool = False) -> Style:
        wanted = (kind, colour, label, focused)
        if (style := self._styles.get(wanted)) is None:
            style = self._styles[wanted] = self._make(kind, colour, label, focused)
        return style

    def _make(self, kind: str, colour: str, label: bool, focused: bool) -> Style:
        behind = self.background_colors[1]
        theme = self.app.current_theme
        if kind == "cursor":
            accent = Color.parse(theme.accent or theme.primary)
            return Style.from_color(accent.get_contrast_text(1).rich_color, accent.rich_color) + Style(bold=True)
        if kind == "pointer":
            return self.rich_style + Style(color=Color.parse(theme.accent or theme.primary).rich_color, bold=True)
        if kind == "selected":
            primary = behind.blend(Color.parse(theme.primary), 0.45)
            return Style.from_color(primary.get_contrast_text(1).rich_color, primary.rich_color) + Style(underline=True)
        own = Color.parse(colour)
        if kind == "key" and label:
            return Style.from_color(own.get_contrast_text(1).rich_color, own.rich_color) + Style(bold=True)
        readable = legible(colour, behind.hex6)
        if kind == "mark" and label:
            back = behind.blend(own, 0.28)
            text = legible(colour, back.hex6)
            return Style.from_color(text.rich_color, back.rich_color) + Style(bold=True)
        style = self.rich_style + Style(color=readable.rich_color)
        if kind == "ahead":
            return style + Style(bold=True)
        if kind == "key":
            # a cap, as of a label: on the value's own ground the key would be read as a part of it (205.03.2018)
            return style + Style(bold=True, reverse=True)
        if kind == "sure":
            return style + Style(dim=True)
        return style + Style(underline=True, italic=True, reverse=focused)

    # the mouse, and the size

    def _token_at(self, event: events.MouseEvent) -> int | None:
        offset = event.get_content_offset(self)
        if offset is None or self._layout is None:
            return None
        return self._layout.at(offset.x + int(self.scroll_x), offset.y + int(self.scroll_y))

    def _ask(self, work: Work) -> None:
        """Have something done with the page as it is drawn; not where another document opens meanwhile."""
        layout = self._layout
        self.post_message(Act(lambda session: work(session) if session.layout is layout else None))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A token is clicked; with Shift the selection goes up to it."""
        token = self._token_at(event)
        if token is not None and event.button == 1:
            self._dragging = True
            self.capture_mouse()
            self.focus()
            self._ask(lambda session: session.field_key.click(token, event.shift))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            token = self._token_at(event)
            if token is not None and self._view is not None and token != self._view.cursor:
                self._ask(lambda session: session.cursor.go_to(token, extend=True))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """After a drag, what it went over is labelled where a field is armed; else it stays selected."""
        if self._dragging:
            self._dragging = False
            self.release_mouse()
            if self._view is not None and self._view.selection:
                self._ask(lambda session: session.field_key.confirm() if session.view.armed else None)

    def on_resize(self, event: events.Resize) -> None:
        """Ask for another layout where the page was laid out for another width, also while it was hidden."""
        self.post_message(self.Moved())
        if self._layout is None or self._layout.columns != self.columns:
            self.post_message(self.Resized())
        else:
            self._follow()
