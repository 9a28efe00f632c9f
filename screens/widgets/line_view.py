"""The base of views that draw their lines themselves."""

from rich.style import Style
from textual.scroll_view import ScrollView


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
