"""The dialog of the fields: add, rename, retire, and change keys and colours without leaving the page."""

import re
from collections.abc import Callable

from textual.app import App

from screens.widgets.dialogs import Choice, Prompt
from storage.exceptions import UsageProblem, WorkbenchError
from workbench.fields import Field, FieldKind, FieldType, Schema
from workbench.fields.label_names import type_of_name
from workbench.workspace import Workspace

_ADD, _CLASS = "=add", "=class"
_TYPES = {
    FieldType.TEXT: "any words",
    FieldType.ID: "a number or code, such as an invoice number",
    FieldType.DATE: "a date",
    FieldType.AMOUNT: "an amount of money",
    FieldType.RATE: "a rate in percent",
    FieldType.CURRENCY: "a currency",
    FieldType.PARTY: "the name of a company or person",
    FieldType.ADDRESS: "an address, on one line or several",
}

Change = tuple[Callable[[Schema], Schema], str]
"""What is done with the fields as they are then, and the sentence about it."""


async def ask_fields(app: App[object], workspace: Workspace) -> str | None:
    """Change fields until the dialog is closed; what was done last, None where nothing was."""
    done: str | None = None
    detail, current = "", _ADD
    while choice := await app.push_screen_wait(_fields(workspace.schema, detail, current)):
        try:
            if choice in (_ADD, _CLASS):
                change = await (_ask_class(app) if choice == _CLASS else _ask_new(app))
            else:
                change = await _ask_change(app, workspace.schema, choice)
            if change is None:
                continue
            before = {field.id for field in workspace.schema}
            workspace.change_schema(change[0])
            added = [field for field in workspace.schema if field.id not in before]
            current = added[0].id if added else choice
            done = detail = change[1] + (f" Its key: {added[0].key or 'none is free'}." if added else "")
        except WorkbenchError as error:
            detail = f"{error.message} {error.remedy}".strip()
    return done


def _fields(schema: Schema, detail: str, current: str) -> Choice:
    width = max((len(field.name) for field in schema), default=0)
    rows = [(field.id, f"{field.name:<{width}}  {_description(field)}", "") for field in schema]
    options = [(_ADD, "Add a field", "+"), (_CLASS, "Add a class field: what a whole document is", ""), *rows]
    return Choice("Fields", options, detail, current=current if schema.get(current) else _ADD)


def _description(field: Field) -> str:
    what = ", ".join(field.options) if field.kind is FieldKind.CLASS else field.type.value
    return f"{what}, retired" if field.retired else f"{what}, key {field.key or 'none'}"


async def _ask_name(app: App[object], title: str, value: str = "") -> str:
    name: str | None = await app.push_screen_wait(Prompt(title, value))
    return " ".join((name or "").split())


async def _ask_new(app: App[object]) -> Change | None:
    name = await _ask_name(app, "Name of the new field")
    if not name:
        return None
    types = [(kind.value, f"{kind.value:<9} {text}", "") for kind, text in _TYPES.items()]
    holds = await app.push_screen_wait(Choice(f"What does {name} hold?", types, current=type_of_name(name).value))
    if not holds:
        return None
    return lambda schema: schema.add(name, FieldType(holds)), f"Added {name} ({holds})."


async def _ask_class(app: App[object]) -> Change | None:
    name = await _ask_name(app, "Name of the new class field")
    text = await _ask_name(app, f"What can {name} be? Separate the options with commas") if name else ""
    options = tuple(dict.fromkeys(option.strip() for option in text.split(",") if option.strip()))
    if not options:
        return None
    message = f"Added {name} ({', '.join(options)})."
    return lambda schema: schema.add_class(name, options), message


async def _ask_change(app: App[object], schema: Schema, field_id: str) -> Change | None:
    field = schema.get(field_id)
    if field is None:
        return None
    retire = ("back", "Use it again", "u") if field.retired else ("retire", "Retire it: its labels stay", "x")
    options = [
        ("rename", "Rename it: labels stay, and the old name is still read in imports", "r"),
        ("key", f"Its key ({field.key or 'none'})", "k"),
        ("colour", f"Its colour ({field.colour})", "c"),
        retire,
    ]
    match await app.push_screen_wait(Choice(field.name, options)):
        case "rename":
            name = await _ask_name(app, f"The new name of {field.name}", field.name)
            aliases = tuple(dict.fromkeys((*field.aliases, field.name)))
            if not name or name == field.name:
                return None
            return lambda now: now.change(field_id, name=name, aliases=aliases), f"{field.name} is now called {name}."
        case "key":
            key = await _ask_name(app, f"Key of {field.name}: a letter or digit", field.key)
            return _with_key(field, key) if key else None
        case "colour":
            colour = await _ask_name(app, f"The colour of {field.name}, as #rrggbb", field.colour)
            return _with_colour(field, colour) if colour else None
        case "retire":
            return lambda now: now.change(field_id, retired=True), f"{field.name} is retired; its labels are kept."
        case "back":
            return lambda now: now.back(field_id), f"{field.name} is in use again."
    return None


def _with_key(field: Field, key: str) -> Change:
    if len(key) != 1 or not (key.isalnum() and key == key.lower()) or key in "aefghx":
        raise UsageProblem(f"{key} cannot be a field's key.", "Use a digit, or a small letter other than a e f g h x.")
    return lambda now: now.change(field.id, key=key), f"The key of {field.name} is {key}."


def _with_colour(field: Field, colour: str) -> Change:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise UsageProblem(f"{colour} is no colour.", "Write it as #rrggbb, such as #56B4E9.")
    return lambda now: now.change(field.id, colour=colour), f"The colour of {field.name} is {colour}."
