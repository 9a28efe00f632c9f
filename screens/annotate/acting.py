"""How a pane of the annotate screen has something done with the open document."""

from collections.abc import Callable

from textual.message import Message

from workbench.annotation.session import AnnotationSession

Work = Callable[[AnnotationSession], object]
"""What is to be done with the session."""


class Act(Message):
    """Do this with the session. Posted to the screen, which commits it and shows what changed."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work
