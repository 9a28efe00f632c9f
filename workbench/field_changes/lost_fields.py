"""Fields that have labels and are gone from workbench.toml, as where an editor wrote what it had read before."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from storage import label_queries
from workbench.fields import Field, FieldKind, FieldType, Schema, invoice_schema
from workbench.fields.label_names import free_name, type_of_name
from workbench.fields.plain_text import harmless
from workbench.workspace import Workspace

_NAMED = 5


def ids(workspace: Workspace) -> list[str]:
    """Their ids, in alphabetical order."""
    with workspace.db.read() as connection:
        return _ids(connection, workspace.schema)


def _ids(connection: Connection, schema: Schema) -> list[str]:
    known = {field.id for field in schema}
    labelled = label_queries.fields(connection) | label_queries.class_fields(connection)
    return sorted(labelled - known)


def note(workspace: Workspace) -> str:
    """A sentence about them; "" where there are none."""
    lost = ids(workspace)
    return sentence(lost) if lost else ""


def sentence(lost: Sequence[str]) -> str:
    """Which fields are lost, and the way back."""
    names = ", ".join(lost[:_NAMED]) + (f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else "")
    what = "has labels, but is" if len(lost) == 1 else "have labels, but are"
    return f"{harmless(names)} {what} no longer in workbench.toml: `workbench fields restore` brings back what is gone."


def restore(workspace: Workspace) -> list[str]:
    """Bring them back into workbench.toml, a field of the invoice schema as it is there; their names.

    Raises:
        Busy, ConfigProblem: as for `Workspace.change_settings`.
    """
    with workspace.db.read() as connection:
        options = label_queries.class_counts(connection)
        several = label_queries.fields_with_several(connection)

    def grown(schema: Schema) -> Schema:
        with workspace.db.read() as connection:
            lost = _ids(connection, schema)
        for field_id in lost:
            made = invoice_schema().get(field_id) or Field(field_id, field_id, type_of_name(field_id), "", "")
            if field_id in options:
                kind, chosen = FieldKind.CLASS, tuple(sorted(options[field_id]))
                made = replace(made, kind=kind, type=FieldType.TEXT, options=chosen, multiple=field_id in several)
            key, colour = schema.free_key(made.key), schema.free_colour(made.colour)
            made = replace(made, name=free_name(schema, made.name), key=key, colour=colour)
            schema = Schema((*schema.fields, made))
        brought.extend(schema.name(field_id) for field_id in lost)
        return schema

    brought: list[str] = []
    workspace.change_schema(grown)
    return brought
