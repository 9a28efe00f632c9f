"""The dialog that turns a page which OCR read on its side or head."""

from asyncio import to_thread

from screens.base import ModeScreen
from screens.widgets.dialogs import Choice
from storage.exceptions import WorkbenchError
from workbench.annotation.session import AnnotationSession
from workbench.fields.plain_text import counted, harmless
from workbench.workspace import Workspace

_TURNS = [("90", "a quarter to the right", "r"), ("270", "a quarter to the left", "l"), ("180", "upside down", "u")]
_DETAIL = (
    "The turned page is read anew by OCR; labels go with their words where they are found again. "
    "Undo does not reach behind it: to take it back, turn the page back."
)


async def turn_page(screen: ModeScreen, session: AnnotationSession | None) -> str | None:
    """Turn the cursor's page and read it again; what became of it, None where nothing was done.

    Keys that are pressed while OCR reads wait for the new page.
    """
    if session is None:
        return None
    token = session.cursor.token
    page = session.tokens[token].page if token is not None else 0
    if not session.content.pages[page].picture:
        return "This page has no picture that could be turned."
    turn: str | None = await screen.app.push_screen_wait(Choice(f"Turn page {page + 1}", _TURNS, _DETAIL))
    if turn is None:
        return None
    screen.hint("The turned page is being read …")
    try:
        return await to_thread(_turned, screen.workspace, session.content.document.id, page, int(turn))
    except WorkbenchError as error:
        return f"{error.message} {error.remedy}".strip()


def _turned(workspace: Workspace, document: int, page: int, turn: int) -> str:
    from workbench.exchange import reocr  # rapidfuzz and the OCR engines' table: only where a page is turned

    result = reocr.reread(workspace, [document], workspace.settings.ocr_engine, jobs=1, turn=turn, page=page)
    if result.failed:
        return f"The page was left as it was: {harmless(result.failed[0].reason)}"
    lost = ", ".join(f"{field} “{text}”" for _, field, text in result.lost)
    lost_labels = f" Not found again: {lost}." if lost else ""
    return f"The page is turned and read again: {counted(result.tokens, 'word')}.{lost_labels}"
