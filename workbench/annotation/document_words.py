"""The words of the document that a session works on, and where its fields' values probably stand among them."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import get_ident

from storage.records import Content, Page, Span, Token
from workbench.annotation.editor import Editor
from workbench.annotation.field_states import seller_of, text_of
from workbench.fields import Field, Schema
from workbench.locate.candidates import Finder
from workbench.locate.places import LikelyPlaces, likely_places


class _Interrupted(Exception):
    """Places that are searched for beforehand are of no use any more."""


class DocumentWords:
    """Tokens and likely places of an editor's document; both are made anew when the text of a word changes."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._pages: tuple[Page, ...] | None = None  # those that the tokens and the finder are of
        self._tokens: tuple[Token, ...] = ()
        self._finder: Finder | None = None

    @property
    def _content(self) -> Content:
        return self._editor.content

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The document's tokens, with corrected texts."""
        pages = self._content.pages
        if self._pages is not pages:
            self._pages, self._tokens, self._finder = pages, self._content.tokens, None
        return self._tokens

    @property
    def finder(self) -> Finder:
        """What finds places; it keeps what it found."""
        tokens = self.tokens
        if self._finder is None:
            self._finder = Finder(tokens)
        return self._finder

    def places(self, field: Field, own: Span | None) -> LikelyPlaces:
        """Where the field's value may stand, the likeliest place first; `own` is the field's label."""
        return likely_places(self._content, self.finder, field, own)

    def seller(self, schema: Schema) -> str:
        """The seller's name: as labelled, else what its field's key would label."""
        field = schema.get("seller_name")
        if (labelled := seller_of(self._content)) or field is None:
            return labelled
        likely = self.places(field, None)
        places = [place for place in likely.places if place not in likely.rejected]
        return text_of(self.tokens, places[0]) if places else ""

    def warm(self, fields: Iterable[Field], goes_on: Callable[[], bool]) -> None:
        """Find the fields' likely places beforehand, in a thread; `goes_on` is asked at every step, and may wait."""
        finder, thread = self.finder, get_ident()

        def step() -> None:
            if get_ident() == thread and not goes_on():  # a search for a key, in another thread, is not held up
                raise _Interrupted

        finder.pace(step)
        try:
            with suppress(_Interrupted):  # the places found so far stay
                for field in fields:
                    step()
                    finder.ranked(field)
        finally:
            finder.pace(None)
