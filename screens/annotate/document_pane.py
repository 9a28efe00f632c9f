"""The open document in the middle of the annotate screen: as text in space, as a picture, or as both."""

import mimetypes
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from screens import system_viewer
from screens.annotate import view_settings
from screens.annotate.page_view import PageView
from screens.annotate.view_settings import ViewSettings
from screens.base import screen_of
from screens.widgets.picture_view import PARTS, PictureView, frame_of
from storage import documents
from storage.exceptions import WorkbenchError
from storage.object_store.local_copies import here
from workbench.annotation.session import AnnotationSession
from workbench.annotation.session_state import SessionView
from workbench.annotation.text_grid import ZOOMS
from workbench.workspace import Workspace


class DocumentPane(Horizontal):
    """Owns how the document is looked at. The screen's classes, which its style follows, are set with it."""

    def __init__(self, workspace: Workspace, id: str) -> None:
        super().__init__(id=id)
        self._workspace = workspace
        self._schema = workspace.schema
        self._kept = workspace.files.view
        self._session: AnnotationSession | None = None
        self.settings = ViewSettings()

    def compose(self) -> ComposeResult:
        yield PageView(self._schema)
        yield PictureView()

    def on_mount(self) -> None:
        """Look at documents as the last time."""
        self.change(view_settings.read(self._kept), keep=False)

    @property
    def page(self) -> PageView:
        return self.query_one(PageView)

    @property
    def shows(self) -> str:
        """ "text", "picture" or "both". On a narrow screen there is no space for text and picture."""
        both_fit = not self.screen.has_class("-narrow")
        return self.settings.shows if both_fit or self.settings.shows != "both" else "picture"

    def open(self, workspace: Workspace, document: int, round_id: int | None) -> AnnotationSession:
        """Open a document, laid out as the pane is set, and look at its beginning.

        Raises:
            WorkspaceProblem: there is no such document any more.
        """
        self._session = AnnotationSession.open(workspace, document, round_id, self.page.columns, self.settings.zoom)
        self.page.schema = self._session.schema
        self.page.scroll_to(0, 0, animate=False, immediate=True)
        return self._session

    def show(self, session: AnnotationSession, view: SessionView, workspace: Workspace) -> None:
        if session.layout_is_stale:
            session.lay_out(self.page.columns, self.settings.zoom)
        self.page.show(session.layout, view)
        if self.shows != "text":
            frame = frame_of(view, workspace.schema, workspace.files, self.settings.picture, self.settings.picture_zoom)
            self.query_one(PictureView).show(frame)

    def change(self, settings: ViewSettings, keep: bool = True) -> None:
        """Look at documents otherwise, now and after a restart."""
        before, self.settings = self.settings, settings
        shows = self.shows
        self.screen.set_class(shows != "text", "-picture")
        self.screen.set_class(shows == "picture", "-only-picture")
        self.screen.set_class(not settings.list, "-unlisted")
        if settings.zoom != before.zoom:
            self._lay_out()
        self.call_after_refresh(self._give_keys)
        if keep and settings != before:
            view_settings.write(self._kept, settings)

    def _give_keys(self) -> None:
        """The page lost the keys when its picture alone was shown: as text it has them again."""
        if self.page.display and self.screen.focused is None:
            self.page.focus()

    def zoom(self, by: int) -> None:
        """Look closer (1) or from further away (-1) at the picture where it stands alone, else at the text."""
        if self.shows == "picture":
            step = min(max(self.settings.picture_zoom + by, -view_settings.PICTURE_ZOOM), view_settings.PICTURE_ZOOM)
            self.change(replace(self.settings, picture_zoom=step))
        elif self.settings.zoom + by in ZOOMS:
            self.change(replace(self.settings, zoom=self.settings.zoom + by))

    def turn(self) -> None:
        """Show text, both, picture in turn."""
        ways = ("text", "picture") if self.screen.has_class("-narrow") else ("text", "both", "picture")
        self.change(replace(self.settings, shows=_after(ways, self.shows)))

    def fit(self) -> None:
        """Show the picture's region around the cursor, the page's width, the whole page in turn."""
        self.change(replace(self.settings, picture=_after(PARTS, self.settings.picture), picture_zoom=0))

    def hide_list(self) -> None:
        """Show the page without the document list beside it, or with it again."""
        self.change(replace(self.settings, list=not self.settings.list))

    def open_outside(self) -> None:
        """Open the page's picture, or else the document's own file, in the system's viewer."""
        if self._session is None:
            return
        frame = frame_of(self._session.view, self._schema, self._workspace.files, "page", 0)
        path = frame.path if frame else None
        if path is None:
            with self._workspace.db.read() as connection:
                original = documents.original(connection, self._session.view.content.document.id)
            path = self._workspace.files.originals / original if original else None
        if path is None:
            self._session.show_message("This document has no picture and no file.")
        elif path.exists() or self._workspace.files.store is None:
            self._show_outside(path)
        else:
            self.run_worker(partial(self._bring, path), thread=True, exclusive=True, group="bring")

    def _bring(self, path: Path) -> None:
        """Bring a file from the object store, then open it."""
        try:
            here(self._workspace.files, path)
        except WorkbenchError as problem:
            self.app.call_from_thread(self._say, problem.message)
        else:
            self.app.call_from_thread(self._show_outside, path)

    def _say(self, message: str) -> None:
        if self._session is not None:
            self._session.show_message(message)

    def _show_outside(self, path: Path) -> None:
        if self.app.is_web:
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            self.app.deliver_binary(path, open_method="browser", mime_type=kind)
            self._say("The page opens in another tab of the browser.")
        else:
            self._say(system_viewer.show(path))

    @on(PageView.Moved)
    def _moved(self) -> None:
        def follow() -> None:
            if self.page.has_focus:  # the hints of the list and the search stay
                screen_of(self).refresh_status()

        self.call_after_refresh(follow)

    @on(PageView.Resized)
    def _lay_out(self) -> None:
        if self._session is not None:
            self._session.lay_out(self.page.columns, self.settings.zoom)
            self.page.show(self._session.layout, self._session.view)


def _after(ways: tuple[str, ...], current: str) -> str:
    at = ways.index(current) if current in ways else 0
    return ways[(at + 1) % len(ways)]


VIEW_ACTS: Mapping[str, Callable[[DocumentPane], None]] = {
    "closer": lambda pane: pane.zoom(1),
    "further": lambda pane: pane.zoom(-1),
    "picture": DocumentPane.turn,
    "fit": DocumentPane.fit,
    "hide_list": DocumentPane.hide_list,
    "open": DocumentPane.open_outside,
}
"""What the action `view(name)` does."""
