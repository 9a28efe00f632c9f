"""Requests from one screen to another, handed over with `Shell.visit` and received with `ModeScreen.receive`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from screens.widgets.status_lines import Hint

if TYPE_CHECKING:
    from storage.document_list import Filter
    from workbench.runs.config.tune import TuneConfig


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """Open a document in the annotate screen."""

    document: int
    round: int | None = None  # a relabel round, whose order `next` follows
    tokens: tuple[int, ...] = ()  # the cursor goes there
    task: Hint | None = None  # what is to be decided there, for the hint line


@dataclass(frozen=True, slots=True)
class ListDocuments:
    """Go through other documents in the annotate screen."""

    filter: "Filter"


@dataclass(frozen=True, slots=True)
class ProposeRun:
    """Fill the tune screen's form with a run's configuration and changes to it, which are marked."""

    config: "TuneConfig"
    changed: "TuneConfig"
    preset: str
    parent: str  # the run's id


@dataclass(frozen=True, slots=True)
class CloneRun:
    """Fill the tune screen's form with a run's configuration."""

    config: "TuneConfig"
    preset: str
    parent: str  # the run's id


@dataclass(frozen=True, slots=True)
class ChooseLike:
    """Order a batch of documents like these in the queue screen."""

    documents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShowSheet:
    """List some texts in the sheet screen."""

    documents: tuple[int, ...] | None = None  # in this order; None: all
    title: str = ""  # what these have in common
    field: str = ""  # id of the class field


Request = OpenDocument | ListDocuments | ProposeRun | CloneRun | ChooseLike | ShowSheet
