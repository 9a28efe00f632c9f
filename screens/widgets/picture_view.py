"""The page as a picture: real pixels where the terminal can show them, half blocks where it cannot.

It is the part around the cursor's token, large enough to read small print, with the boxes of labels. A thread draws it.
"""

import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Static

from screens.graphics import Graphics, PictureKind
from screens.widgets.marks import marks_of
from storage.exceptions import WorkbenchError
from storage.files import Files
from storage.object_store.local_copies import here
from storage.records import Box
from workbench.annotation.session_state import SessionView
from workbench.fields import Schema, colours
from workbench.files import picture_kinds

if TYPE_CHECKING:
    from PIL.Image import Image

    from screens.base import Shell


PARTS = ("region", "width", "page")
"""What of a page is shown: the region around the cursor, the page's whole width there, the whole page."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the picture should show: boxes and the current one are in page units."""

    path: Path
    width: float
    height: float
    boxes: tuple[tuple[Box, str, bool], ...]  # box, colour, whether it is a label (else a suggestion)
    current: Box | None
    part: str = "region"  # one of PARTS
    zoom: int = 0
    files: Files | None = field(default=None, compare=False)  # of the workspace, which may have to bring the picture
    letters: float = float("inf")  # height of the page's usual print, in page units; inf: as the current box


def frame_of(view: SessionView, schema: Schema, files: Files, part: str, zoom: int) -> Frame | None:
    """What to show of the page that the cursor is on; None where it has no picture."""
    token = view.content.tokens[view.cursor] if view.cursor is not None else None
    page = view.content.pages[token.page if token else 0] if view.content.pages else None
    if page is None or page.picture is None:
        return None
    own = {t.id: t.box for t in page.tokens}
    marks = marks_of(view, schema)
    return Frame(
        files.picture(page.picture),
        page.width,
        page.height,
        tuple((own[t], m.colour, m.confidence is None) for t, m in sorted(marks.items()) if t in own and not m.ahead),
        token.box if token else None,
        part,
        zoom,
        files,
        median(t.box[3] - t.box[1] for t in page.tokens) if page.tokens else 1.0,
    )


_NO_PICTURE = "This page has no picture."


class PictureView(Container):
    """Shows the part of a page around the current token."""

    DEFAULT_CSS = """
    PictureView {
        background: $background; align: center middle;
        Image, HalfcellImage, TGPImage, SixelImage { width: auto; height: auto; }
        Static { width: auto; color: $text-muted; }
    }
    """

    class Ready(Message):
        def __init__(self, frame: Frame, picture: Any) -> None:
            super().__init__()
            self.frame, self.picture = frame, picture

    class Missing(Message):
        def __init__(self, frame: Frame, reason: str) -> None:
            super().__init__()
            self.frame, self.reason = frame, reason

    def __init__(self) -> None:
        super().__init__()
        self._frame: Frame | None = None
        self._pixels = Size(0, 0)

    def compose(self) -> ComposeResult:
        yield Static(_NO_PICTURE)

    def show(self, frame: Frame | None) -> None:
        """Show another part or page; the old one stays until it is ready."""
        pixels = self._space()
        if frame == self._frame and pixels == self._pixels:
            return
        self._frame, self._pixels = frame, pixels
        self.query_one(Static).display = frame is None
        if frame is None:
            self._say(_NO_PICTURE)
        elif pixels.area:
            self.run_worker(
                lambda: self._prepare(frame, pixels), thread=True, exclusive=True, group="picture", exit_on_error=False
            )

    def on_resize(self) -> None:
        frame, self._frame = self._frame, None
        if frame is not None:
            self.show(frame)

    @property
    def _graphics(self) -> Graphics:
        return cast("Shell", self.app).graphics

    def _space(self) -> Size:
        """Pixels that there is space for; half blocks have one across and two down a cell."""
        graphics = self._graphics
        across, down = graphics.cell if graphics.real else (1, 2)
        return Size(self.size.width * across, self.size.height * down)

    def _prepare(self, frame: Frame, pixels: Size) -> None:
        try:
            picture = draw(frame, pixels.width, pixels.height, 14 if self._graphics.real else 7)
        except WorkbenchError as problem:
            self.post_message(self.Missing(frame, problem.message))
        except OSError as error:
            self.post_message(self.Missing(frame, f"The picture cannot be read: {error.strerror or error}."))
        else:
            self.post_message(self.Ready(frame, picture))

    def on_picture_view_missing(self, event: Missing) -> None:
        """Say why a picture is not shown."""
        if event.frame == self._frame:
            self._say(event.reason)

    def _say(self, why: str) -> None:
        """Show a sentence in the picture's place."""
        note = self.query_one(Static)
        note.update(Content(why))
        note.display = True
        for image in self.query(".picture"):
            image.display = False

    def on_picture_view_ready(self, event: Ready) -> None:
        """Show what was prepared, unless another was asked for meanwhile."""
        if event.frame != self._frame:
            return
        shown = self.query(".picture")
        if shown:
            shown.first().image = event.picture  # type: ignore[attr-defined]
            shown.first().display = True
        else:
            self.mount(widget_of(self._graphics)(event.picture, classes="picture"))


def widget_of(graphics: Graphics) -> Any:
    """The class of the picture's widget.

    Importing textual-image asks the terminal, which is too late here: the answer would be taken for keys. It gets what
    `graphics.ask` learned. It also loads numpy where it can, to pack Sixel faster; the terminal process stays light.
    """
    from textual_image import _terminal

    def no_answer(*_: object, **__: object) -> NoReturn:
        raise _terminal.TerminalError("asked before")

    _terminal.capture_terminal_response = no_answer
    _terminal.get_cell_size._result = _terminal.CellSize(*graphics.cell)
    is_absent = "numpy" not in sys.modules
    if is_absent:
        sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        from textual_image import widget
    finally:
        if is_absent:
            del sys.modules["numpy"]
    return {
        PictureKind.SIXEL: widget.SixelImage,
        PictureKind.KITTY: widget.TGPImage,
        PictureKind.BLOCKS: widget.HalfcellImage,
    }[graphics.kind]


_CACHE: "OrderedDict[Path, Image]" = OrderedDict()
_LOCK = Lock()
_KEPT = 4


def _open(path: Path) -> "Image":
    """A picture, decoded; the last few are kept."""
    from PIL import Image

    with _LOCK:
        if path in _CACHE:
            _CACHE.move_to_end(path)
            return _CACHE[path]
    with Image.open(path, formats=picture_kinds.STORED) as file:
        picture = file.convert("RGB")
    with _LOCK:
        _CACHE[path] = picture
        while len(_CACHE) > _KEPT:
            _CACHE.popitem(last=False)
    return picture


def draw(frame: Frame, width: int, height: int, letters: int) -> "Image":
    """The part of a page around the current token, `width` x `height` pixels at most, with boxes.

    Args:
        frame: what to show.
        width, height: space in pixels.
        letters: how many pixels high the usual print should be at zoom 0; a page is never shown smaller than fitted.
    """
    from PIL import Image, ImageDraw

    picture = _open(frame.path if frame.files is None else here(frame.files, frame.path))
    across, down = picture.width / (frame.width or 1), picture.height / (frame.height or 1)
    fitted = min(width / picture.width, height / picture.height)
    scale = fitted
    middle = (picture.width / 2, picture.height / 2)
    if frame.current is not None:
        x0, y0, x1, y1 = frame.current
        letter = max(min(y1 - y0, frame.letters) * down, 1.0)
        least = {"region": letters / letter, "width": width / picture.width, "page": fitted}[frame.part]
        scale = max(least * 1.4**frame.zoom, fitted)
        middle = ((x0 + x1) / 2 * across, (y0 + y1) / 2 * down)
    part_width, part_height = min(width / scale, picture.width), min(height / scale, picture.height)
    left = min(max(middle[0] - part_width / 2, 0), picture.width - part_width)
    top = min(max(middle[1] - part_height / 2, 0), picture.height - part_height)
    size = (max(round(part_width * scale), 1), max(round(part_height * scale), 1))
    part = picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + part_width, top + part_height))
    pen = ImageDraw.Draw(part)

    def placed(box: Sequence[float]) -> tuple[float, float, float, float]:
        return (
            (box[0] * across - left) * scale - 1,
            (box[1] * down - top) * scale - 1,
            (box[2] * across - left) * scale + 1,
            (box[3] * down - top) * scale + 1,
        )

    thick = 1 if letters < 10 else 2
    for box, colour, label in frame.boxes:
        pen.rectangle(placed(box), outline=colour, width=thick if label else 1)
    if frame.current is not None:
        pen.rectangle(placed(frame.current), outline=colours.RED, width=thick)
    return part
