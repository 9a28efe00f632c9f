"""The texts of a sheet: how each stands with a class field, which are listed, and in what order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from storage import label_queries
from storage.label_queries import ClassStanding
from storage.records import State
from workbench.annotation.classes.states import LIKELY
from workbench.fields import Field


class Show(StrEnum):
    """Which documents a sheet lists."""

    OPEN = "not labelled"
    ALL = "all"
    LABELLED = "labelled"


class Order(StrEnum):
    """How a sheet is sorted."""

    LIST = "as imported"
    PROBABILITY = "surest first"
    DOUBT = "least sure first"
    SIMILARITY = "like this one"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A line of the sheet."""

    document: int
    state: State
    version: int
    options: tuple[str, ...]
    cannot_say: bool
    likely: str = ""  # the likeliest option, or all that are suggested; "" where no run read the document
    probability: float = 0.0  # that what is suggested is right
    margin: float = 1.0  # between the two likeliest options; of several between yes and no of the least sure one
    suggested: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the field still wants a label here."""
        return not (self.options or self.cannot_say) and self.state not in (State.SKIPPED, State.UNUSABLE)


def row_of(standing: ClassStanding, options: Sequence[str], *, multiple: bool = False) -> SheetRow:
    """The line of a document; options that are no longer in the schema are not suggested."""
    likely = [share for share in standing.likely if share[0] in options]
    first, second = (*likely, ("", 0.0), ("", 0.0))[:2]
    if multiple and likely:
        suggested = tuple(option for option, share in likely if share >= LIKELY) or (first[0],)
        sure = min(max(share, 1 - share) for _, share in likely)
        return SheetRow(
            standing.document, standing.state, standing.version, standing.options, standing.cannot_say,
            ", ".join(suggested), sure, 2 * sure - 1, suggested,
        )  # fmt: skip
    return SheetRow(
        standing.document,
        standing.state,
        standing.version,
        standing.options,
        standing.cannot_say,
        first[0],
        first[1],
        first[1] - second[1] if first[0] else 1.0,
        (first[0],) if first[0] else (),
    )


def read(connection: Connection, field: Field, documents: Sequence[int] | None = None) -> dict[int, SheetRow]:
    """Document -> its line, in the order of the list; of these documents alone, where they are named."""
    standings = label_queries.class_standings(connection, field.id, documents)
    return {s.document: row_of(s, field.options, multiple=field.multiple) for s in standings}


def newest(rows: dict[int, SheetRow], shown: Mapping[int, SheetRow]) -> dict[int, SheetRow]:
    """`rows`, in which what was labelled since they were read is now as shown: reading many texts takes a moment."""
    if rows is not shown:
        rows.update({n: shown[n] for n, row in rows.items() if n in shown and shown[n].version > row.version})
    return rows


def arranged(rows: Mapping[int, SheetRow], show: Show, order: Order, nearness: Mapping[int, float]) -> list[int]:
    """The documents of a sheet in its order; equal ones in that of the list.

    Args:
        rows: all documents.
        nearness: of every document to the one that others are compared with, for the order by similarity.
    """
    listed: Iterable[SheetRow] = rows.values()
    if show is Show.OPEN:
        listed = (row for row in listed if row.is_open)
    elif show is Show.LABELLED:
        listed = (row for row in listed if row.options)
    if order is Order.PROBABILITY:
        listed = sorted(listed, key=lambda row: -row.probability)
    elif order is Order.DOUBT:
        listed = sorted(listed, key=lambda row: row.margin)
    elif order is Order.SIMILARITY:
        listed = sorted(listed, key=lambda row: -nearness.get(row.document, 0.0))
    return [row.document for row in listed]
