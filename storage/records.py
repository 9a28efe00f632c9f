"""The records that all layers share. Frozen; no behaviour beyond derived facts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any

from msgspec import Struct

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in the units of its page, x0 <= x1, y0 <= y1, origin top left."""


class Side(StrEnum):
    """On which side of the split a document's group stands."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Split(StrEnum):
    """What a document is used for. The pool is the training side's documents without labels."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    POOL = "pool"


class State(StrEnum):
    """How far the labelling of a document is. Only LABELLED documents train or test a model."""

    NEW = "new"
    STARTED = "started"
    LABELLED = "labelled"
    SKIPPED = "skipped"
    UNUSABLE = "unusable"


class Source(StrEnum):
    HUMAN = "human"
    IMPORT = "import"
    SUGGESTION = "suggestion"  # a suggestion that a person accepted
    TEMPLATE = "template"  # copied by a person from a similar document
    CONFIRMED = "confirmed"  # of a class: a person looked again where a model disagreed, and left it


class Decision(StrEnum):
    """What a person decided about a suggestion."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Token(Struct, frozen=True, gc=False):  # an import makes millions: a frozen dataclass takes six times as long
    """One word of a document. Immutable once imported; `original` is set when a person corrected the text."""

    id: int  # 0-based position in the document's reading order, across pages
    page: int  # 0-based
    line: int  # line number on the page, 0-based
    text: str
    box: Box
    confidence: float | None = None  # of the OCR, 0..1; None when the words came with the file
    original: str | None = None


TEXT = "text"
"""`Page.engine` of a text that stands on no page: its boxes only say where a screen shows its words."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `picture` names a file in the workspace's pages/; boxes are in width x height units."""

    number: int
    width: float
    height: float
    tokens: tuple[Token, ...]
    picture: str | None = None
    engine: str = "given"  # "given", "text-layer", or the OCR engine's name
    engine_version: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A label: a field and the ordered ids of its tokens (not necessarily contiguous).

    Raises:
        ValueError: a token is below 0, which Python would count from the document's end.
    """

    field: str  # the field's id, stable under renaming
    tokens: tuple[int, ...]
    source: Source = Source.HUMAN
    annotator: str = ""

    def __post_init__(self) -> None:
        if self.tokens and min(self.tokens) < 0:
            raise ValueError(f"no token is below 0: {self.tokens}")


@dataclass(frozen=True, slots=True)
class ClassLabel:
    """The label of a class field: the whole document is of this option. Several only where the field allows it."""

    field: str  # the field's id
    option: str
    source: Source = Source.HUMAN
    annotator: str = ""


@dataclass(frozen=True, slots=True)
class ClassSuggestion:
    """How likely a run takes an option of a class field to be a document's. Open as long as the field has no label."""

    field: str
    option: str
    probability: float  # 0..1
    run: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A model's (or a reference value's) proposal. It becomes a label only when a person accepts it."""

    id: int
    field: str
    tokens: tuple[int, ...]
    confidence: float  # calibrated where the model is, 0..1
    run: str  # the run's id, "starter", "values", "e-invoice", "template" or "correction"
    decision: Decision = Decision.OPEN


KNOWN_SOURCES = frozenset({"values", "e-invoice", "docile"})
"""The `run` of suggestions that are known values and where they are printed: they outrank every model and rule."""
CORRECTION = "correction"
"""The `run` of suggestions that carry what a person corrected on the vendor's last document: above known values."""
SURE = 0.7
"""From this likelihood on a suggestion is sure: it is accepted with the others, and a wrong one is counted apart."""


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """A value known from elsewhere (bookkeeping, e-invoice XML, a gold data set's keys)."""

    field: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Document:
    """A row of the document list."""

    id: int
    name: str
    source: str  # where it was imported from, for display
    digest: str  # SHA-256 of the content, unique in a workspace
    format: str
    language: str | None
    group: str  # vendor or template; documents of one group are never on two sides
    side: Side
    state: State
    note: str  # a flag with its reason; "" when not flagged
    page_count: int
    token_count: int
    version: int  # rises with every act; guards against lost updates
    labels: int = 0
    suggestions: int = 0  # open ones
    disagreements: int = 0  # labels that contradict a reference value
    problems: int = 0  # failed checks and import problems

    @property
    def split(self) -> Split:
        """The pool is derived: the training side's documents that are not labelled yet."""
        if self.side is Side.TRAIN and self.state is not State.LABELLED:
            return Split.POOL
        return Split(self.side.value)


@dataclass(frozen=True, slots=True)
class Annotations:
    """Everything that people annotated on one document; every act maps one of these to the next."""

    spans: frozenset[Span] = frozenset()
    absent: frozenset[str] = frozenset()  # fields that were marked as not on the document
    state: State = State.NEW
    note: str = ""
    texts: frozenset[tuple[int, str]] = frozenset()  # corrected token texts
    decisions: frozenset[tuple[int, Decision]] = frozenset()  # decided suggestions only
    classes: frozenset[ClassLabel] = frozenset()


@dataclass(frozen=True, slots=True)
class Content:
    """A document opened for work."""

    document: Document
    pages: tuple[Page, ...]
    annotations: Annotations
    suggestions: tuple[Suggestion, ...]
    references: tuple[ReferenceValue, ...]
    class_suggestions: tuple[ClassSuggestion, ...] = ()

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens; tokens[i].id == i."""
        if len(self.pages) == 1:
            return self.pages[0].tokens
        return tuple(chain.from_iterable(page.tokens for page in self.pages))


@dataclass(frozen=True, slots=True)
class Event:
    """One act, as it is stored: for the audit trail and for undo."""

    id: int
    document: int
    at: datetime
    annotator: str
    act: str
    change: dict[str, Any]
    target: int | None = None  # the event that an undo or redo refers to


class RunState(StrEnum):
    PREPARED = "prepared"  # frozen, to be started later or on another machine
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"  # ended early on request, with a model
    FAILED = "failed"  # ended with a diagnosis
    CRASHED = "crashed"  # ended without an event
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class Run:
    """A row of the run list. The folder runs/<id>/ holds everything else."""

    id: str
    name: str
    state: RunState
    family: str
    preset: str
    config: dict[str, Any]
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    parent: str | None = None
    batch: str | None = None  # runs started together as a grid
    f1: float | None = None  # micro F1 on validation
    report: dict[str, Any] | None = None
    reason: str = ""  # why it failed, for display
    note: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False

    @property
    def task(self) -> str:
        """What it learned: "tokens" (fields on the words of a page) or "classes"; older runs learned fields."""
        return str((self.config.get("model") or {}).get("task", "tokens"))


@dataclass(frozen=True, slots=True)
class FieldScore:
    """Strict span-level figures of one field."""

    field: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One document of a relabel batch, with the reasons it was picked."""

    round: int
    document: int
    rank: int
    score: float
    reasons: tuple[str, ...] = ()
    fields: dict[str, float] = field(default_factory=dict)  # confidence per field
    done: bool = False
    blind: bool = False  # labelled already; shown without its labels, to measure agreement


@dataclass(frozen=True, slots=True)
class Opinion:
    """A second labelling of a document, made without seeing the first. It never trains a model by itself."""

    document: int
    annotator: str
    round: int  # 0: outside a round
    spans: frozenset[Span]
    absent: frozenset[str] = frozenset()
    done: bool = False  # marked as complete by the annotator
    settled: bool = False  # its differences from the document's labels were decided
    at: datetime | None = None  # when it was last changed; None before it is stored
    classes: frozenset[ClassLabel] = frozenset()


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of the relabel loop."""

    id: int
    run: str
    strategy: str
    seed: int
    created: datetime
    closed: datetime | None = None
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def class_field(self) -> str:
        """The class field that its documents were chosen for; "" where they were chosen for the fields on words."""
        return str(self.figures.get("class_field", ""))
