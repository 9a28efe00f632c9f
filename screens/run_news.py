"""What the thread that looks after the runs tells the application."""

from typing import TYPE_CHECKING

from textual.message import Message

from storage.exceptions import WorkbenchError

if TYPE_CHECKING:
    from workbench.watching import News


class RunNews(Message):
    """What a look after the runs brought."""

    def __init__(self, news: "News") -> None:
        super().__init__()
        self.news = news


class RunTrouble(Message):
    """Why the runs could not be looked after, such as a full disk while one is collected."""

    def __init__(self, error: WorkbenchError) -> None:
        super().__init__()
        self.error = error
