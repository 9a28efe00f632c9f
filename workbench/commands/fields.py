"""`workbench fields` and its subcommands."""

from collections.abc import Callable
from typing import Any

import click

from storage.exceptions import UsageProblem
from workbench.commands import Context
from workbench.commands.support import argument_completion
from workbench.commands.support.output import emit, json_option, table
from workbench.fields import Field, FieldType, Schema

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

    Keys of --json: fields [{id, name, type, key, colour, aliases, retired, labels}], in their order.

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

    workspace = context.open_workspace()
    with workspace.db.read() as connection:
        labels = document_list.status(connection)["fields"]
    rows = [
        (f.key, f.name, f.type.value, f.colour, labels.get(f.id, 0), "retired" if f.retired else "")
        for f in workspace.schema
    ]
    workspace.close()
    text = table(rows, ("key", "field", "type", "colour", "labels", ""), right=[4])
    emit(_data(workspace.schema, labels), as_json=as_json, text=text)


@command.command
@click.argument("name")
@click.option("--type", "type_", type=_TYPES, help="What it holds (default: guessed from the name).")
@click.option("--key", callback=_key, help="The key that labels with it (default: the next free one).")
@click.option("--colour", callback=_colour, metavar="#RRGGBB")
@click.option("--alias", "aliases", multiple=True, help="A name that other tools use for it; may be given again.")
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
    as_json: bool,
) -> None:
    """Add a field.

    \b
    Example:
      workbench fields add delivery_date --type date --key d
    """
    from workbench.fields.label_names import type_of_name

    kind = FieldType(type_) if type_ else type_of_name(name)

    def change(schema: Schema) -> tuple[Schema, str]:
        schema = schema.add(name, kind, key or "", colour or "")
        added = schema.fields[-1]
        message = f"Added {added.name} ({kind.value}), key {added.key or 'none'}."
        return schema.change(added.id, aliases=aliases), message

    _change(context, change, as_json)


@command.command
@click.argument("field", shell_complete=argument_completion.field)
@click.argument("name")
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
