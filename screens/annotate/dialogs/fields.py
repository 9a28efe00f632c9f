"""The dialog of the fields: add, rename, retire, delete, change kinds, keys and colours without leaving the page."""

import re
from collections.abc import Callable

from textual.app import App

from screens.annotate.undo_trail import UndoTrail
from screens.widgets.dialogs import Choice, Prompt
from storage.exceptions import UsageProblem, WorkbenchError
from workbench.field_changes import field_removal
from workbench.fields import Field, FieldKind, FieldType, Schema
from workbench.fields.label_names import type_of_name
from workbench.fields.schema import folded
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


async def ask_fields(app: App[object], workspace: Workspace, trail: UndoTrail) -> str | None:
    """Change fields until the dialog is closed; what was done last, None where nothing was. Undo takes each back."""
    done: str | None = None
    detail, current = "", _ADD
    while choice := await app.push_screen_wait(_fields(workspace.schema, detail, current)):
        try:
            if choice in (_ADD, _CLASS):
                change = await (_ask_class if choice == _CLASS else _ask_new)(app, workspace.schema)
            else:
                has_labels = field_removal.has_labels(workspace, choice)
                change = await _ask_change(app, workspace.schema, choice, has_labels)
            if change is None:
                continue
            before = {field.id for field in workspace.schema}
            trail.change_fields(workspace, *change)
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


async def _ask_new(app: App[object], schema: Schema) -> Change | None:
    name = await _ask_name(app, "Name of the new field")
    if taken := _called(schema, name):
        return await _ask_back(app, taken)
    holds = await _ask_type(app, name, type_of_name(name)) if name else ""
    return (lambda now: now.add(name, FieldType(holds)), f"Added {name} ({holds}).") if holds else None


async def _ask_type(app: App[object], name: str, current: FieldType) -> str:
    types = [(kind.value, f"{kind.value:<9} {text}", "") for kind, text in _TYPES.items()]
    return await app.push_screen_wait(Choice(f"What does {name} hold?", types, current=current.value)) or ""


def _called(schema: Schema, name: str) -> Field | None:
    """The field that has a name already, retired or not."""
    return next((field for field in schema if name and folded(field.name) == folded(name)), None)


async def _ask_back(app: App[object], field: Field) -> Change | None:
    """What is done where a new field would have the name of another one.

    Raises:
        UsageProblem: that one is in use.
    """
    if not field.retired:
        raise UsageProblem(f"There is a field {field.name} already.", "Choose another name.")
    options = [("back", "Use it again", "u"), ("", "Choose another name for the new field", "n")]
    title = f"{field.name} is there already: it is retired"
    return _back(field) if await app.push_screen_wait(Choice(title, options)) == "back" else None


def _back(field: Field) -> Change:
    return lambda now: now.back(field.id), f"{field.name} is in use again."


async def _ask_class(app: App[object], schema: Schema) -> Change | None:
    name = await _ask_name(app, "Name of the new class field")
    if taken := _called(schema, name):
        return await _ask_back(app, taken)
    text = await _ask_name(app, f"What can {name} be? Separate the options with commas") if name else ""
    options = tuple(dict.fromkeys(option.strip() for option in text.split(",") if option.strip()))
    if not options:
        return None
    message = f"Added {name} ({', '.join(options)})."
    return lambda schema: schema.add_class(name, options), message


async def _ask_change(app: App[object], schema: Schema, field_id: str, has_labels: bool) -> Change | None:
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
    if not has_labels:
        if field.kind is not FieldKind.CLASS:
            options.append(("type", f"What it holds ({field.type.value})", "h"))
        options.append(("delete", "Delete it: no document has a label of it", "d"))
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
            return _back(field)
        case "type":
            holds = await _ask_type(app, field.name, field.type)
            what = f"{field.name} holds {_TYPES[FieldType(holds)]} now." if holds else ""
            return (lambda now: now.change(field_id, type=FieldType(holds)), what) if holds else None
        case "delete":
            return field_removal.without(field_id), f"{field.name} is deleted."
    return None


def _with_key(field: Field, key: str) -> Change:
    if len(key) != 1 or not (key.isalnum() and key == key.lower()) or key in "aefghx":
        raise UsageProblem(f"{key} cannot be a field's key.", "Use a digit, or a small letter other than a e f g h x.")
    return lambda now: now.change(field.id, key=key), f"The key of {field.name} is {key}."


def _with_colour(field: Field, colour: str) -> Change:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise UsageProblem(f"{colour} is no colour.", "Write it as #rrggbb, such as #56B4E9.")
    return lambda now: now.change(field.id, colour=colour), f"The colour of {field.name} is {colour}."
