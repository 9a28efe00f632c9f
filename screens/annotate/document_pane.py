"""The open document in the middle of the annotate screen: as text in space, as a picture, or as both."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from screens.annotate.page_view import PageView
from screens.widgets.picture_view import PictureView, frame_of
from workbench.annotation.session import AnnotationSession
from workbench.annotation.session_state import SessionView
from workbench.annotation.text_grid import ZOOMS
from workbench.fields import Schema
from workbench.workspace import Workspace

_PICTURE_ZOOM = 4  # steps closer, or further away, at most


class DocumentPane(Horizontal):
    """Owns how the document is looked at: text or picture, and how close. The screen's style follows `shows`.

    Attributes:
        shows: "text", "picture" or "both".
    """

    def __init__(self, schema: Schema, id: str) -> None:
        super().__init__(id=id)
        self._schema = schema
        self._session: AnnotationSession | None = None
        self._zoom = 0
        self._picture_zoom = 0
        self.shows = "text"

    def compose(self) -> ComposeResult:
        yield PageView(self._schema)
        yield PictureView()

    @property
    def page(self) -> PageView:
        """The document as text."""
        return self.query_one(PageView)

    def open(self, workspace: Workspace, document: int, round_id: int | None) -> AnnotationSession:
        """Open a document, laid out as the pane is set, and look at its beginning.

        Raises:
            WorkspaceProblem: there is no such document any more.
        """
        self._session = AnnotationSession.open(workspace, document, round_id, self.page.columns, self._zoom)
        self.page.schema = self._session.schema
        self.page.scroll_to(0, 0, animate=False, immediate=True)
        return self._session

    def show(self, session: AnnotationSession, view: SessionView, workspace: Workspace) -> None:
        """Draw what changed."""
        if session.layout_is_stale:
            session.lay_out(self.page.columns, self._zoom)
        self.page.show(session.layout, view)
        if self.shows != "text":
            frame = frame_of(view, workspace.schema, workspace.files, self._picture_zoom)
            self.query_one(PictureView).show(frame)

    def zoom(self, by: int) -> None:
        """Look closer (1) or from further away (-1) at the picture where it stands alone, else at the text."""
        if self.shows == "picture":
            self._picture_zoom = min(max(self._picture_zoom + by, -_PICTURE_ZOOM), _PICTURE_ZOOM)
        elif self._zoom + by in ZOOMS:
            self._zoom += by
            self._lay_out()

    def turn(self, narrow: bool) -> None:
        """Show text, both, picture in turn; on a narrow screen there is no space for both."""
        ways = ("text", "picture") if narrow else ("text", "both", "picture")
        at = ways.index(self.shows) if self.shows in ways else 0
        self.shows = ways[(at + 1) % len(ways)]

    @on(PageView.Resized)
    def _lay_out(self) -> None:
        if self._session is not None:
            self._session.lay_out(self.page.columns, self._zoom)
            self.page.show(self._session.layout, self._session.view)
