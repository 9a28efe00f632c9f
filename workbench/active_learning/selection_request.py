"""What a selection is asked for: written by the terminal as request.json, read by the selecting process."""

from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.active_learning.strategies import registry as strategies
from workbench.files import small_files

FILE = "request.json"


class SelectionRequest(Struct, frozen=True):
    """Which documents to select.

    Attributes:
        run: id of the run whose predictions decide; None takes the newest run that ended with a model.
        seed: None takes the number of rounds that were begun, so that every round draws differently.
        focus: field ids whose doubt counts; empty: all.
        like: documents to find more of (strategy "similar").
        committee: ids of further runs that vote (strategy "committee"); empty: the newest ones that ended.
        only: the documents that may be chosen; None: the run's whole pool.
        class_field: id of the class field that documents are chosen for; "" chooses for the fields on words.
        options, several: of the class field, where there is no run that knows them; `several`: a document can have
            more than one.
        features: the workspace's folder of kept vectors, where there is no run.
        identifiers: document -> known tax ids and IBANs, which tell that two spellings are one vendor.
    """

    strategy: str = strategies.DEFAULT
    size: int = 20
    run: str | None = None
    seed: int | None = None
    focus: tuple[str, ...] = ()
    like: tuple[int, ...] = ()
    committee: tuple[str, ...] = ()
    only: tuple[int, ...] | None = None
    identifiers: dict[int, list[str]] = {}
    class_field: str = ""
    options: tuple[str, ...] = ()
    several: bool = False
    features: str = ""

    @classmethod
    def read(cls, folder: Path) -> "SelectionRequest":
        """The request of a selection's folder.

        Raises:
            InputProblem: it is gone or damaged.
        """
        return small_files.read(folder / FILE, cls, "Choose again.")

    def text(self) -> str:
        """The content of request.json."""
        return msgspec.json.encode(self).decode()
