"""`workbench fields`: the fields of the workspace: list, add, rename, retire."""

from collections.abc import Callable
from typing import Any

import click

from storage.exceptions import UsageProblem
from workbench.commands.support import argument_completion
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.fields import Field, FieldKind, FieldType, Schema

_TYPES = click.Choice([type.value for type in FieldType])


def _colour(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    import re

    if value is not None and not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise click.BadParameter(f"'{value}' is no colour of the form #rrggbb.", context, parameter)
    return value


def _key(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and (len(value) != 1 or value.isspace()):
        raise click.BadParameter("A key is one character.", context, parameter)
    return value


def _field(schema: Schema, name: str) -> Field:
    field = next((f for f in schema if name in (f.id, f.name)), None) or schema.resolve(name)
    if field is None:
        names = ", ".join(f.name for f in schema)
        raise UsageProblem(f"There is no field '{name}'.", f"Fields: {names}. Add one with `workbench fields add`.")
    return field


def _change(context: Context, change: Callable[[Schema], tuple[Schema, str]], as_json: bool) -> None:
    """Change the schema as it is in workbench.toml now, which another process may have changed since it was opened.

    Args:
        change: the changed schema, and the sentence that is printed about it.
    """
    workspace = context.open_workspace()
    message = ""

    def changed(schema: Schema) -> Schema:
        nonlocal message
        schema, message = change(schema)
        return schema

    try:
        workspace.change_schema(changed)
    finally:
        workspace.close()
    emit(_data(workspace.schema), as_json=as_json, text=message)


def _data(schema: Schema, labels: dict[str, int] | None = None) -> dict[str, Any]:
    return {
        "fields": [
            {
                "id": field.id,
                "name": field.name,
                "type": field.type.value,
                "key": field.key,
                "colour": field.colour,
                "aliases": list(field.aliases),
                "retired": field.retired,
                "kind": field.kind.value,
                **({"options": list(field.options), "multiple": field.multiple} if field.options else {}),
                **({} if labels is None else {"labels": labels.get(field.id, 0)}),
            }
            for field in schema
        ]
    }


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show and change the fields. A field's id never changes, so no change here loses a label.

    Keys of --json: fields [{id, name, type, key, colour, aliases, retired, kind, options, multiple, labels}], in their
    order; options and multiple are those of class fields.

    \b
    Examples:
      workbench fields
      workbench fields add delivery_date --type date --key d
      workbench fields rename amount_total total
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, as_json)


@command.command("list")
@json_option
@click.pass_obj
def list_(context: Context, as_json: bool) -> None:
    """Show the fields in their order, with their labels.

    \b
    Example:
      workbench fields list --json
    """
    _list(context, as_json)


def _list(context: Context, as_json: bool) -> None:
    from storage import document_list
    from workbench.field_changes import lost_fields

    workspace = context.open_workspace()
    with workspace.db.read() as connection:
        labels = document_list.status(connection)["fields"]
    rows = [
        (
            f.key,
            f.name,
            ", ".join(f.options) or f.type.value,
            f.colour,
            labels.get(f.id, 0),
            "retired" if f.retired else "",
        )
        for f in workspace.schema
    ]
    note = lost_fields.note(workspace)
    workspace.close()
    text = [*table(rows, ("key", "field", "type", "colour", "labels", ""), right=[4]), *([note] if note else [])]
    emit(_data(workspace.schema, labels), as_json=as_json, text=text)


_LONGEST = 100  # characters of a field's name


def _checked_name(context: click.Context, parameter: click.Parameter, name: str) -> str:
    name.encode()  # bytes that are no text are refused by the outer border
    name = " ".join(name.split())  # as the screens' dialog reads it: one line
    if not name:
        raise click.BadParameter("A field's name has at least one letter.", context, parameter)
    if len(name) > _LONGEST:
        raise click.BadParameter(f"A field's name has at most {_LONGEST} characters.", context, parameter)
    return name


@command.command
@click.argument("name", callback=_checked_name)
@click.option("--type", "type_", type=_TYPES, help="What it holds (default: guessed from the name).")
@click.option("--key", callback=_key, help="The key that labels with it (default: the next free one).")
@click.option("--colour", callback=_colour, metavar="#RRGGBB")
@click.option("--alias", "aliases", multiple=True, help="A name that other tools use for it; may be given again.")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in FieldKind]), default="span", show_default=True,
    help="Labels are words of the page, or say what the whole document is.",
)  # fmt: skip
@click.option("--options", default="", metavar="A,B,…", help="Of a class field: what a document can be.")
@click.option("--multiple", is_flag=True, help="Of a class field: a document can be several of them.")
@json_option
@click.pass_obj
def add(
    context: Context,
    /,
    name: str,
    type_: str | None,
    key: str | None,
    colour: str | None,
    aliases: tuple[str, ...],
    kind: str,
    options: str,
    multiple: bool,
    as_json: bool,
) -> None:
    """Add a field.

    \b
    Examples:
      workbench fields add delivery_date --type date --key d
      workbench fields add document_type --kind class --options "invoice,credit note,reminder,receipt"
    """
    from workbench.fields.label_names import type_of_name

    named_options = _options(options)
    if kind == FieldKind.SPAN and (named_options or multiple):
        raise UsageProblem("Only a class field has options.", "Add --kind class.")
    if kind == FieldKind.CLASS and type_:
        raise UsageProblem("A class field has no type: its values are its options.", "Leave --type out.")
    holds = FieldType(type_) if type_ else type_of_name(name)

    def change(schema: Schema) -> tuple[Schema, str]:
        if kind == FieldKind.CLASS:
            schema = schema.add_class(name, named_options, multiple=multiple, key=key or "")
            what = ", ".join(named_options) or "no options yet"
        else:
            schema = schema.add(name, holds, key or "", colour or "")
            what = holds.value
        added = schema.fields[-1]
        message = f"Added {added.name} ({what}), key {added.key or 'none'}."
        return schema.change(added.id, aliases=aliases, colour=colour or added.colour), message

    _change(context, change, as_json)


def _options(text: str) -> tuple[str, ...]:
    """The options of `A,B,…`, in their order."""
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := " ".join(part.split()))))


@command.command("options")
@click.argument("field", shell_complete=argument_completion.field)
@click.argument("options")
@json_option
@click.pass_obj
def options_(context: Context, field: str, options: str, as_json: bool) -> None:
    """Give the class FIELD these OPTIONS, in this order. One that a document has cannot be left out.

    \b
    Example:
      workbench fields options document_type "invoice,credit note,reminder"
    """
    from storage import label_queries

    workspace = context.open_workspace()
    with workspace.db.read() as connection:
        counted = label_queries.class_counts(connection)
    workspace.close()

    def change(schema: Schema) -> tuple[Schema, str]:
        target = _field(schema, field)
        if target.kind is not FieldKind.CLASS:
            raise UsageProblem(f"{target.name} is no class field.", "Add one: workbench fields add NAME --kind class.")
        wanted = _options(options)
        if missing := {name: n for name, n in counted.get(target.id, {}).items() if name not in wanted}:
            used = ", ".join(f"{name} ({n})" for name, n in missing.items())
            raise UsageProblem(f"Documents have options that would be gone: {used}.", "Name these too.")
        return schema.change(target.id, options=wanted), f"{target.name} is one of {', '.join(wanted)}."

    _change(context, change, as_json)


@command.command
@click.argument("field", shell_complete=argument_completion.field)
@click.argument("name", callback=_checked_name)
@json_option
@click.pass_obj
def rename(context: Context, field: str, name: str, as_json: bool) -> None:
    """Give FIELD another NAME. The old name becomes an alias, so that old files still mean the same field.

    \b
    Example:
      workbench fields rename amount_total total
    """

    def change(schema: Schema) -> tuple[Schema, str]:
        target = _field(schema, field)
        aliases = tuple(dict.fromkeys((*target.aliases, target.name)))
        return schema.change(target.id, name=name, aliases=aliases), f"{target.name} is now called {name}."

    _change(context, change, as_json)


@command.command
@click.argument("field", shell_complete=argument_completion.field)
@click.argument("colour", callback=_colour)
@json_option
@click.pass_obj
def recolour(context: Context, field: str, colour: str, as_json: bool) -> None:
    """Give FIELD another COLOUR (#rrggbb).

    \b
    Example:
      workbench fields recolour amount_total "#cc3300"
    """

    def change(schema: Schema) -> tuple[Schema, str]:
        target = _field(schema, field)
        return schema.change(target.id, colour=colour), f"{target.name} is now {colour}."

    _change(context, change, as_json)


@command.command
@click.argument("field", shell_complete=argument_completion.field)
@click.argument("key", callback=_key)
@json_option
@click.pass_obj
def key(context: Context, field: str, key: str, as_json: bool) -> None:
    """Give FIELD another KEY; a field that had it gets this one's.

    \b
    Example:
      workbench fields key amount_total t
    """

    def change(schema: Schema) -> tuple[Schema, str]:
        target = _field(schema, field)
        other = next((f for f in schema.active if f.key == key and f.id != target.id), None)
        if other is not None:  # two fields may never share a key
            schema = schema.change(other.id, key="")
        schema = schema.change(target.id, key=key)
        message = f"{target.name} has the key {key}."
        if other is not None:
            schema = schema.change(other.id, key=target.key)
            message += f" {other.name} has {target.key or 'none'} now."
        return schema, message

    _change(context, change, as_json)


@command.command
@click.argument("fields", nargs=-1, required=True, shell_complete=argument_completion.field)
@json_option
@click.pass_obj
def reorder(context: Context, fields: tuple[str, ...], as_json: bool) -> None:
    """Put FIELDS first, in this order; the others follow as they were.

    \b
    Example:
      workbench fields reorder invoice_number invoice_date amount_total
    """

    def change(schema: Schema) -> tuple[Schema, str]:
        schema = schema.reorder([_field(schema, name).id for name in fields])
        return schema, "Order: " + ", ".join(f.name for f in schema.active)

    _change(context, change, as_json)


@command.command
@click.argument("field", shell_complete=argument_completion.field)
@click.option("--back", is_flag=True, help="Take it back into use.")
@json_option
@click.pass_obj
def retire(context: Context, field: str, back: bool, as_json: bool) -> None:
    """Take FIELD out of use. Its labels are kept, and are there again with --back.

    \b
    Example:
      workbench fields retire purchase_order
    """

    def change(schema: Schema) -> tuple[Schema, str]:
        target = _field(schema, field)
        schema = schema.back(target.id) if back else schema.change(target.id, retired=True)
        return schema, f"{target.name} is {'in use again' if back else 'retired; its labels are kept'}."

    _change(context, change, as_json)


@command.command
@json_option
@click.pass_obj
def restore(context: Context, as_json: bool) -> None:
    """Bring fields back that have labels and are gone from workbench.toml.

    So they are where an editor wrote the file as it had read it, before the fields were added.

    \b
    Example:
      workbench fields restore
    """
    from workbench.field_changes import lost_fields

    workspace = context.open_workspace()
    try:
        names = lost_fields.restore(workspace)
    finally:
        workspace.close()
    text = f"In use again: {', '.join(names)}." if names else "No field is gone that has labels."
    emit(_data(workspace.schema), as_json=as_json, text=text)


@command.command("type")
@click.argument("field", shell_complete=argument_completion.field)
@click.argument("kind", type=_TYPES)
@json_option
@click.pass_obj
def type_(context: Context, field: str, kind: str, as_json: bool) -> None:
    """Say what FIELD holds: it decides how its values are read and checked.

    \b
    Example:
      workbench fields type amount_total amount
    """

    def change(schema: Schema) -> tuple[Schema, str]:
        target = _field(schema, field)
        return schema.change(target.id, type=FieldType(kind)), f"{target.name} holds a value of type {kind}."

    _change(context, change, as_json)
