"""The base of views that draw their lines themselves."""

from rich.segment import Segment
from rich.style import Style
from textual.scroll_view import ScrollView
from textual.strip import Strip

from storage.exceptions import WAITING


class Drawn(ScrollView):
    """A scrolling view that keeps its own style until a theme or a class changes.

    Textual composes the style from all ancestors at every access, which on a dense page was most of the drawing.
    """

    _own_style: Style | None = None

    @property
    def rich_style(self) -> Style:
        """The view's text on its background."""
        if self._own_style is None:
            self._own_style = super().rich_style
        return self._own_style

    def notify_style_update(self) -> None:
        """Another theme, or another class."""
        self._own_style = None
        super().notify_style_update()


class ReadWhenDrawn(Drawn):
    """A view whose lines are read from the database as they are drawn."""

    def line(self, y: int) -> Strip:
        """A line of it."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """A line; "…" where the database is out of reach: it is read when the view is drawn anew."""
        try:
            return self.line(y)
        except WAITING:
            return Strip([Segment(" …", self.rich_style)]).adjust_cell_length(self.size.width, self.rich_style)
