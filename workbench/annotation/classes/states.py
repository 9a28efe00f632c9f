"""What is seen of a document's class fields: options with their keys, labels, and how likely each is. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from storage.records import TEXT, Annotations, Content, State
from workbench.fields import Field, Schema

OPTION_KEYS = "1234567890bcdijklmnopqrstuvwyz"
"""The keys of a class field's options, in their order; further options have none."""
LIKELY = 0.5
"""From which probability on several options of a field are suggested together."""


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option of a class field on a document."""

    option: str
    key: str  # "" where there are more options than keys
    is_label: bool
    probability: float | None = None  # as the last run has it; None where no run read the document


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class field on a document."""

    field: Field
    options: tuple[OptionRow, ...]
    cannot_say: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The options that the document has."""
        return tuple(row.option for row in self.options if row.is_label)

    @property
    def is_decided(self) -> bool:
        """Whether it has a label, or cannot have one."""
        return bool(self.labels) or self.cannot_say

    @property
    def suggested(self) -> tuple[OptionRow, ...]:
        """The likeliest option, or several where a document can have them; none once it is decided."""
        likely = sorted(
            (row for row in self.options if row.key and row.probability is not None), key=_probability, reverse=True
        )
        if self.is_decided or not likely:
            return ()
        above = tuple(row for row in likely if self.field.multiple and _probability(row) >= LIKELY)
        return above or (likely[0],)


def _probability(row: OptionRow) -> float:
    return row.probability or 0.0


@dataclass(frozen=True, slots=True)
class ClassView:
    """All class fields of a document.

    Attributes:
        rows: in the schema's order.
        only: it is a text without labels on words, so that keys are those of options.
        in_hand: id of the field whose options the keys choose from; None where keys label words.
    """

    rows: tuple[ClassRow, ...] = ()
    only: bool = False
    in_hand: str | None = None

    @property
    def row(self) -> ClassRow | None:
        """The field whose options the keys choose from."""
        return next((row for row in self.rows if row.field.id == self.in_hand), None)

    @property
    def is_decided(self) -> bool:
        """Whether every class field is decided."""
        return all(row.is_decided for row in self.rows)


NO_CLASSES = ClassView()


def is_text(content: Content) -> bool:
    """Whether a document is a text that stands on no page."""
    return bool(content.pages) and all(page.engine == TEXT for page in content.pages)


def is_only_classified(content: Content, schema: Schema) -> bool:
    """Whether a document is labelled as a whole alone: a text without labels or suggestions on its words."""
    return bool(schema.classes) and is_text(content) and not (content.annotations.spans or content.suggestions)


def state_of_text(annotations: Annotations, fields: Collection[str]) -> State:
    """How far the labelling of a text is that is only classified; nothing can be said of a skipped one.

    Args:
        fields: the class fields in use.
    """
    decided = {label.field for label in annotations.classes} | annotations.absent
    if not decided.issuperset(fields):
        return State.STARTED if annotations.classes or annotations.absent else State.NEW
    return State.LABELLED if annotations.classes else State.SKIPPED


def rows(content: Content, schema: Schema) -> tuple[ClassRow, ...]:
    """The class fields in use; an option that was taken out of the schema stays where it is a label."""
    return tuple(_row(content, field) for field in schema.classes)


def _row(content: Content, field: Field) -> ClassRow:
    labels = {label.option for label in content.annotations.classes if label.field == field.id}
    likely = {s.option: s.probability for s in content.class_suggestions if s.field == field.id}
    keys = dict(zip(field.options, OPTION_KEYS, strict=False))
    options = [
        OptionRow(option, keys.get(option, ""), option in labels, likely.get(option)) for option in field.options
    ]
    options += [OptionRow(option, "", True) for option in sorted(labels.difference(field.options))]
    return ClassRow(field, tuple(options), field.id in content.annotations.absent)
