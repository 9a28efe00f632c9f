"""Options that are still those of their field: another terminal may have taken one out."""

from collections.abc import Iterable

from storage.exceptions import InputProblem
from storage.records import ClassLabel
from workbench.workspace import Workspace


def check(workspace: Workspace, labels: Iterable[ClassLabel]) -> None:
    """Refuse new labels whose option is gone.

    Raises:
        InputProblem: an option was taken out of its field since the screen showed it.
    """
    listed = list(labels)
    if not listed:
        return
    schema = workspace.schema_now()
    for label in listed:
        field = schema.get(label.field)
        if field is None or label.option not in field.options:
            raise InputProblem(
                f"'{label.option}' is no option of {schema.name(label.field)} any more: it was taken out in another "
                "terminal. Nothing was labelled.",
                f"Choose another one, or put it back: workbench fields options {schema.name(label.field)} A,B.",
            )
