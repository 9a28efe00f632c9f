"""The cursor and the selection over a laid-out document."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from storage.records import Token
from workbench.annotation import movement
from workbench.annotation.movement import Direction
from workbench.annotation.text_grid import PageLayout
from workbench.fields import FieldType


class Cursor(ABC):
    """Where the session are.

    Args:
        layout: where the tokens stand; replaced whenever the screen lays them out anew.
    """

    def __init__(self, layout: PageLayout) -> None:
        self.layout = layout
        self.cursor: int | None = next((row.placed[0].token for row in layout.rows if row.placed), None)
        self.selection: frozenset[int] = frozenset()
        self._anchor: int | None = None
        self._column: int | None = None
        self._gathering = False  # words are picked one by one: moving on keeps them

    @property
    @abstractmethod
    def tokens(self) -> Sequence[Token]:
        """The document's tokens."""

    def moved(self) -> None:  # noqa: B027 - nothing to do is the usual answer
        """Called after the cursor went somewhere by itself."""

    def move(self, way: Direction, extend: bool = False) -> None:
        """Move the cursor; with `extend`, the selection goes from where it began to the cursor."""
        if self.cursor is None:
            return
        vertical = way in (Direction.UP, Direction.DOWN)
        if vertical and self._column is None:
            _, placed = self.layout.place(self.cursor)
            self._column = placed.x + placed.width // 2
        column = self._column
        self.go_to(movement.step(self.layout, self.tokens, self.cursor, way, column if vertical else None), extend)
        if vertical:
            self._column = column

    def go_to(self, token: int, extend: bool = False) -> None:
        """Put the cursor on a token; with `extend`, select from where the selection began."""
        if extend:
            if self._anchor is None:
                self._anchor = token if self.cursor is None else self.cursor
            self.selection = frozenset(self.layout.between(self._anchor, token))
        elif not self._gathering:
            self.drop_selection()
        self.cursor = token
        self._column = None
        self.moved()

    def drop_selection(self) -> None:
        """Nothing is selected any more."""
        self.selection, self._anchor, self._gathering = frozenset(), None, False

    def select(self, tokens: Iterable[int]) -> None:
        """Select these tokens, and go to the first."""
        chosen = frozenset(tokens)
        if chosen:
            self.drop_selection()
            self.go_to(min(chosen, key=lambda t: self.layout.where[t]))
            self._anchor, self.selection = self.cursor, chosen

    def select_phrase(self) -> None:
        """Select the cursor's phrase; pressed again, the phrase below as well."""
        if self.cursor is None:
            return
        at, part = self.cursor, movement.phrase(self.layout, self.tokens, self.cursor)
        if self.selection.issuperset(part):
            last = max(self.selection, key=lambda t: self.layout.where[t])
            lowest = movement.phrase(self.layout, self.tokens, last)
            part = (*self.selection, *movement.phrase_beside(self.layout, self.tokens, lowest, 1))
        self.select(part)
        self.cursor = at

    def select_block(self) -> None:
        """Select the cursor's phrase and those that follow below it without a gap."""
        if self.cursor is not None:
            self.select(movement.block(self.layout, self.tokens, self.cursor))

    def toggle(self) -> None:
        """Put the cursor's token into the selection, or take it out: spans may have gaps."""
        if self.cursor is not None:
            self.selection = self.selection ^ {self.cursor}
            self._anchor = self.cursor
            self._gathering = bool(self.selection)

    def seek(self, type: FieldType, backwards: bool = False) -> None:
        """Go to the next token that looks like a value of this type."""
        if self.cursor is not None:
            self.go_to(movement.next_like(self.layout, self.tokens, self.cursor, type, backwards))

    def show(self, tokens: Sequence[int]) -> None:
        """Put the cursor on the first of some tokens without touching the selection."""
        if tokens:
            self.cursor = min(tokens, key=lambda t: self.layout.where[t])
            self._column = None

    def adjusted(self, tokens: Sequence[int], more: bool, at_end: bool, phrase: bool) -> list[int] | None:
        """The tokens that `adjust` would make of these; None where it can do nothing."""
        listed = sorted(tokens, key=lambda t: self.layout.where[t])
        edge = listed[-1] if at_end else listed[0]
        part = movement.phrase(self.layout, self.tokens, edge)
        if not more:
            gone = set(part) if phrase else {edge}
            return [t for t in listed if t not in gone] or None
        position = part.index(edge)
        rest = part[position + 1 :] if at_end else part[:position]
        if not rest:
            rest = movement.phrase_beside(self.layout, self.tokens, part, 1 if at_end else -1)
        if not phrase:
            rest = rest[:1] if at_end else rest[-1:]
        return ([*listed, *rest] if at_end else [*rest, *listed]) if rest else None
