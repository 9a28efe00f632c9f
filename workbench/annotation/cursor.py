"""The cursor and the selection over a laid-out document."""

from collections.abc import Callable, Iterable, Sequence

from storage.records import Token
from workbench.annotation import movement
from workbench.annotation.document_words import DocumentWords
from workbench.annotation.movement import Direction
from workbench.annotation.text_grid import PageLayout
from workbench.fields import FieldType

_READING = (Direction.START, Direction.END, Direction.PAGE_BEFORE, Direction.PAGE_AFTER)
"""Ways that lead to another page to read there: the cursor points at no word afterwards."""


class Cursor:
    """A token of the document, and the tokens selected from it.

    Args:
        layout: where the tokens stand; replaced whenever the screen lays them out anew.
        words: the document's.
        moved: called after the cursor went to a token, with the token and whether it now points at that word.

    Attributes:
        token: None on a document without tokens.
    """

    def __init__(
        self,
        layout: PageLayout,
        words: DocumentWords,
        moved: Callable[[int, bool], None] = lambda token, pointing: None,
    ) -> None:
        self.layout = layout
        self.token: int | None = next((row.placed[0].token for row in layout.rows if row.placed), None)
        self.selection: frozenset[int] = frozenset()
        self._words = words
        self._moved = moved
        self._anchor: int | None = None  # where the selection began
        self._column: int | None = None  # that moving up and down keeps to
        self._gathering = False  # words are picked one by one: going to others keeps them
        self._kept = False  # the selection was taken up as a whole: the arrows keep it

    @property
    def _tokens(self) -> Sequence[Token]:
        return self._words.tokens

    def move(self, way: Direction, extend: bool = False) -> None:
        """Move the cursor; with `extend`, the selection goes from where it began to the cursor."""
        self._step(way, extend, pointing=way not in _READING)

    def scroll(self, rows: int) -> None:
        """Go some rows down (or up) to read, not to point at a word."""
        for _ in range(abs(rows)):
            self._step(Direction.DOWN if rows > 0 else Direction.UP, extend=False, pointing=False)

    def _step(self, way: Direction, extend: bool, pointing: bool) -> None:
        if self.token is None:
            return
        vertical = way in (Direction.UP, Direction.DOWN)
        if vertical and self._column is None:
            _, placed = self.layout.place(self.token)
            self._column = placed.x + placed.width // 2
        column = self._column
        target = movement.step(self.layout, self._tokens, self.token, way, column if vertical else None)
        self._go(target, extend, pointing, keeps=True)
        if vertical:
            self._column = column

    def go_to(self, token: int, extend: bool = False) -> None:
        """Put the cursor on a token; with `extend`, select from where the selection began."""
        self._go(token, extend, pointing=True)

    def _go(self, token: int, extend: bool, pointing: bool, keeps: bool = False) -> None:
        if extend:
            if self._anchor is None:
                self._anchor = token if self.token is None else self.token
            reached = frozenset(self.layout.between(self._anchor, token))
            self.selection = self.selection | reached if self._kept else reached
        elif not (self._gathering or (self._kept and keeps)):
            self.drop_selection()
        self.token = token
        self._column = None
        self._moved(token, pointing)

    def seek(self, type: FieldType, backwards: bool = False) -> None:
        """Go to the next token that looks like a value of this type."""
        if self.token is not None:
            self.go_to(movement.next_like(self.layout, self._tokens, self.token, type, backwards))

    def show(self, tokens: Sequence[int]) -> None:
        """Put the cursor on the first of some tokens without touching the selection."""
        if tokens:
            self.token = min(tokens, key=lambda t: self.layout.where[t])
            self._column = None

    def drop_selection(self) -> None:
        """Select nothing; the cursor stays."""
        self.selection, self._anchor = frozenset(), None
        self._gathering = self._kept = False

    def select(self, tokens: Iterable[int]) -> None:
        """Select these tokens, and go to the first; no tokens change nothing."""
        chosen = frozenset(tokens)
        if chosen:
            self.drop_selection()
            self.go_to(min(chosen, key=lambda t: self.layout.where[t]))
            self._anchor, self.selection = self.token, chosen

    def take_up(self, tokens: Iterable[int]) -> None:
        """Select these tokens so that the arrows keep them selected, and add to them with Shift."""
        self.select(tokens)
        self._kept = bool(self.selection)

    def select_line(self) -> None:
        """Select the cursor's line, up to a wide gap, with what is selected there; pressed again, the next one, too."""
        if self.token is None:
            return
        at, part = self.token, movement.line(self.layout, self._tokens, self.token)
        if self.selection.issuperset(part):
            last = max(self.selection, key=lambda t: self.layout.where[t])
            lowest = movement.line(self.layout, self._tokens, last)
            below = movement.phrase_beside(self.layout, self._tokens, lowest, 1)
            part = (*self.selection, *(movement.line(self.layout, self._tokens, below[0]) if below else ()))
        elif at in self.selection:
            part = (*self.selection, *part)
        self.take_up(part)
        self.token = at

    def select_block(self) -> None:
        """Select the cursor's phrase and those that follow below it without a gap."""
        if self.token is not None:
            self.take_up(movement.block(self.layout, self._tokens, self.token))

    def toggle(self) -> None:
        """Put the cursor's token into the selection, or take it out: spans may have gaps."""
        if self.token is not None:
            self.selection = self.selection ^ {self.token}
            self._anchor = self.token
            self._gathering = bool(self.selection)
