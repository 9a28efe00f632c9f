"""What is found in the background, while no key is pressed, because it will be of use on the document that is open."""

from asyncio import to_thread
from collections.abc import Sequence
from time import monotonic, sleep

from textual.message import Message

from screens.annotate import hints
from screens.base import ModeScreen
from storage.document_list import KINDS
from storage.records import Content
from workbench.annotation.editor import Proposal
from workbench.annotation.session import AnnotationSession
from workbench.annotation.vendors.similar import similar_to
from workbench.annotation.worklist import Worklist
from workbench.locate import templates

_LONG = 300  # tokens: likely places of a longer document are found beforehand
_PAUSE = 0.8  # seconds without an act: time enough to leaf through without a search for every document


class LookAhead:
    """Searches that wait for a pause in the work on a screen, and end with the document that they are for.

    Attributes:
        similar: a labelled document of the same vendor, once it was found.
    """

    class SimilarDocument(Message):
        """A labelled document of the same vendor was found. Posted to the screen."""

        def __init__(self, session: AnnotationSession, similar: Content) -> None:
            super().__init__()
            self.session, self.similar = session, similar

    def __init__(self, screen: ModeScreen) -> None:
        self._screen = screen
        self._session: AnnotationSession | None = None
        self._last_act = 0.0
        self.similar: Content | None = None

    def begin(self, session: AnnotationSession, following: Sequence[int]) -> None:
        """Look ahead on a document that was opened, and on those that probably come next."""
        self._session, self.similar = session, None
        self.postpone()
        number = session.content.document.id  # not the session: what a worker was given lives until the collector comes
        self._screen.workbench.live.look(number, following)
        self._screen.in_background(lambda: self._find(number), "look ahead")

    def postpone(self) -> None:
        """Something is being done: wait for the next pause."""
        self._last_act = monotonic()

    def end(self) -> None:
        """The document is being left."""
        self._session = self.similar = None

    def keep(self, result: SimilarDocument) -> bool:
        """Take what was found; False when it is for a document that was left meanwhile."""
        if result.session is not self._session:
            return False
        self.similar = result.similar
        return True

    async def template(self, session: AnnotationSession) -> tuple[list[Proposal], str]:
        """What the labels of a labelled document of the same vendor propose here, and what the analyst is shown."""
        if session.editor.blind:
            return [], hints.BLIND
        source = self.similar or await to_thread(similar_to, self._screen.workspace, session)
        if source is None:
            return [], "No other document of this vendor is labelled yet."
        proposals = await to_thread(templates.proposals, source, session.content, session.schema)
        return proposals, hints.proposed(source, proposals, session.schema)

    async def say_incomplete(self, session: AnnotationSession, worklist: Worklist) -> None:
        """Add to what is said at the list's end how many documents lack fields; of 100,000 that takes a moment."""
        screen = self._screen
        with screen.guarded():
            count = await to_thread(worklist.incomplete, screen.workspace)
            if count and session is self._session and session.view.message.endswith(hints.ALL_DONE):
                session.show_message(f"{session.view.message} {_incomplete(count, screen.key_of('list.filter'))}")
                screen.refresh_status()

    def _find(self, number: int) -> None:
        """In a thread: a document to take labels from, where there are none; the likely places of a long document."""
        session = self._session
        if session is None or session.content.document.id != number or session.classes.only:
            return
        if (
            session.view.untouched
            and not session.editor.blind
            and self._rests(session)
            and (similar := similar_to(self._screen.workspace, session))
        ):
            self._screen.post_message(self.SimilarDocument(session, similar))
        if len(session.tokens) > _LONG:
            session.warm(lambda: self._rests(session))

    def _rests(self, session: AnnotationSession) -> bool:
        """In a thread: wait for a pause; whether the document is still the open one."""
        while self._session is session and (left := self._last_act + _PAUSE - monotonic()) > 0:
            sleep(left)
        return self._session is session


def _incomplete(count: int, filter_key: str) -> str:
    """What is said after the list's last document where documents whose labels came with an import lack fields."""
    number = list(KINDS).index("incomplete") + 1
    return f"{count} with imported labels {'lacks' if count == 1 else 'lack'} fields: {filter_key} {number}."
