"""The screens of the application. A new one is a folder with a `ModeScreen` and one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from textual.screen import Screen


@dataclass(frozen=True, slots=True)
class Mode:
    """Where a screen's class is, and the key that leads to it."""

    id: str
    title: str
    key: str
    module: str
    screen: str  # the class's name in the module
    summary: str
    of_classes: bool = False  # named only where there is a class field

    @property
    def exists(self) -> bool:
        """Whether the module is there; a screen without one is not offered."""
        return find_spec(self.module) is not None

    def bring(self) -> None:
        """Import the screen's module."""
        import_module(self.module)

    @property
    def load(self) -> Callable[[], Screen[None]]:
        """Makes the screen, importing its module first."""

        def make() -> Screen[None]:
            screen: Screen[None] = getattr(import_module(self.module), self.screen)()
            return screen

        return make


MODES = (
    Mode("annotate", "Annotate", "f2", "screens.annotate.screen", "AnnotateScreen", "Label the tokens of a document"),
    Mode(
        "queue", "Queue", "f3", "screens.queue.screen", "QueueScreen", "What the model is least sure of, round by round"
    ),
    Mode("tune", "Tune", "f4", "screens.tune.screen", "TuneScreen", "Set up and start a training run"),
    Mode("runs", "Runs", "f5", "screens.runs.screen", "RunsScreen", "Follow and compare training runs"),
    Mode("errors", "Errors", "f6", "screens.errors.screen", "ErrorsScreen", "Read a model's errors, field by field"),
    Mode("sheet", "Sheet", "f7", "screens.sheet.screen", "SheetScreen", "Many texts at once, one key each", True),
)


def available() -> tuple[Mode, ...]:
    """The screens that exist, in their order."""
    return tuple(mode for mode in MODES if mode.exists)


def named(has_classes: bool) -> tuple[Mode, ...]:
    """The screens that are named: in the status line, on the page of keys and among the commands."""
    return tuple(mode for mode in available() if has_classes or not mode.of_classes)
