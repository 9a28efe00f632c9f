"""Fields that no document has a label of: removed, or of another kind, with what was suggested for them."""

from collections.abc import Callable

from storage import label_queries
from storage.exceptions import UsageProblem
from storage.suggestions import drop_open
from workbench.fields import Field, Schema
from workbench.workspace import Workspace


def has_labels(workspace: Workspace, field_id: str) -> bool:
    """Whether any document has a label of a field."""
    with workspace.db.read() as connection:
        return field_id in label_queries.fields(connection) | label_queries.class_fields(connection)


def without(field_id: str) -> Callable[[Schema], Schema]:
    """The change of the schema by which a field is gone."""
    return lambda now: Schema(tuple(field for field in now.fields if field.id != field_id))


def change(workspace: Workspace, changed: Callable[[Schema], Schema]) -> None:
    """Change the fields; of one that is gone or is of another kind by it the open suggestions are dropped.

    Raises:
        UsageProblem: such a field has labels.
        Busy, ConfigProblem: as for `Workspace.change_schema`.
    """
    other = list[Field]()

    def checked(before: Schema) -> Schema:  # another process may have changed the fields, too
        after = changed(before)
        other[:] = [field for field in before if (now := after.get(field.id)) is None or now.type is not field.type]
        for field in other:
            if has_labels(workspace, field.id):
                raise UsageProblem(f"{field.name} has labels.", "T retires it: its labels stay.")
        return after

    workspace.change_schema(checked)
    if other:
        with workspace.db.write() as connection:
            for field in other:
                drop_open(connection, field.id)
