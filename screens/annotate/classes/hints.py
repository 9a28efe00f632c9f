"""What the next key does where a class field is in hand. Pure."""

from screens.widgets.status_lines import Hint
from workbench.annotation.classes.class_acts import shown_probability
from workbench.annotation.classes.states import ClassRow
from workbench.annotation.session_state import SessionView

_MOST_OPTIONS = 6


def hint_of_classes(view: SessionView) -> Hint:
    """The hint for a view with a class field in hand. Names with a dot are binding ids."""
    row = view.classes.row
    if row is None:
        return "", ()
    keys = tuple((option.key, option.option) for option in row.options if option.key)
    shown = keys if len(keys) <= _MOST_OPTIONS else (("option key", "label it"),)
    back = (("select.none", "drop selection"),) if not view.classes.only else (("history.undo", "undo"),)
    rest = (*back, ("label.absent", "cannot say"), *(() if not view.classes.only else _TEXT))
    if view.message:
        return view.message, (*_accept(row), *shown, *rest)
    if row.suggested:
        return f"{_name(view, row)}{_suggested(row)}?", (*_accept(row), *shown, *rest)
    if row.labels:
        on = (("label.confirm", "next"),) if view.classes.only else ()
        return f"{_name(view, row)}{', '.join(row.labels)}.", (*on, *shown, ("label.clear", "clear"), *rest)
    if row.cannot_say:
        return f"{_name(view, row)}it cannot be said.", (*shown, ("label.absent", "undo that"), *rest)
    several = "several, then Enter: " if row.field.multiple else ""
    return f"{row.field.name}: {several}".rstrip(), (*shown, *rest)


_TEXT = (("document.skip", "skip"), ("document.flag", "note"), ("mode.sheet", "many at once"))


def _name(view: SessionView, row: ClassRow) -> str:
    """The field's name, where the document has other fields, too."""
    return "" if view.classes.only and len(view.classes.rows) == 1 else f"{row.field.name}: "


def _suggested(row: ClassRow) -> str:
    return ", ".join(f"{likely.option} {shown_probability(likely)}" for likely in row.suggested)


def _accept(row: ClassRow) -> tuple[tuple[str, str], ...]:
    return (("label.confirm", "yes"),) if row.suggested else ()
