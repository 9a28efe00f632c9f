"""What a run that is started now would learn from, and what would measure it. Loads no more than the database does."""

from dataclasses import dataclass

from sqlalchemy import Connection

from storage import document_list, label_queries
from storage.document_list import Filter
from storage.records import Side, Split
from workbench.fields.plain_text import counted
from workbench.runs.splits import SEED, hold_out, vendor_order

_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class NextRun:
    """Labelled documents, by what they would be to a run."""

    train: int = 0
    validation: int = 0
    test: int = 0

    @property
    def sentence(self) -> str:
        """Such as: 16 labelled documents, measured by 4 more."""
        measured = f"measured by {self.validation:,} more" if self.validation else "measured by none"
        return f"{counted(self.train, 'labelled document')}, {measured}"


def sides(connection: Connection, class_field: str = "") -> NextRun:
    """The sides as a run with the usual seed would get them (`runs.snapshot.select`): it takes some of the training
    documents for measuring where no validation document is labelled.

    Args:
        connection: of the workspace.
        class_field: id of the class field that it would learn; "": the fields on words.
    """
    alone = label_queries.classified_alone(connection)
    train, validation, test = (_chosen(split, class_field) for split in (Split.TRAIN, Split.VALIDATION, Split.TEST))
    classified = label_queries.classified(connection, class_field) if class_field else set()

    def counts(number: int) -> bool:
        return number in classified if class_field else number not in alone

    if class_field or alone:
        numbers = [sum(map(counts, document_list.ids(connection, chosen))) for chosen in (train, validation, test)]
    else:  # as nearly everywhere: a list is long
        numbers = [document_list.count(connection, chosen) for chosen in (train, validation, test)]
    held = 0
    if not numbers[1] and numbers[0] > 1:
        listed = [d for d in document_list.page(connection, train, 0, _ALL) if counts(d.id)]
        held = len(hold_out(vendor_order(listed, SEED), SEED)[0])
    return NextRun(numbers[0] - held, numbers[1] or held, numbers[2])


def _chosen(split: Split, class_field: str) -> Filter:
    return Filter(side=Side(split.value)) if class_field else Filter("labelled", split=split)
