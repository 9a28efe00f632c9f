"""The documents that the screen went on from by itself: undo goes back to them."""


class UndoTrail:
    """Attributes:
    is_fresh: the screen went on from a document, and nothing was done since: an undo is meant for that document.
    """

    def __init__(self) -> None:
        self.is_fresh = False
        self._left: list[int] = []

    def went_on(self, document: int) -> None:
        """The screen left a document after an act."""
        self._left.append(document)
        self.is_fresh = True

    def back(self) -> int | None:
        """The document that was left last; None where there is none."""
        self.is_fresh = False
        return self._left.pop() if self._left else None
