"""Key presets. A binding is known by its id; a preset maps ids to keys, and [bindings] of workbench.toml goes over it.

Keys that some terminals cannot send (Ctrl+Enter, Ctrl+Shift+Z, Ctrl+Space) never stand alone.
"""

import os
from collections.abc import Iterable, Mapping

from textual.binding import Binding, BindingType
from textual.keys import _character_to_key as _key_name

PRESETS: Mapping[str, Mapping[str, str]] = {
    "workbench": {},
    "prodigy": {
        "document.accept": "a",
        "label.reject": "x",
        "document.skip": "space",
        "select.toggle": "T",
        "fields.change": "X",
        "history.undo": "backspace,Z",
        "label.clear": "delete",
        "document.flag": "f",
        "app.help": "h,question_mark,f1",
        "history.show": "H",
        "view.open": "ctrl+o",
    },
    "label-studio": {
        "document.accept": "ctrl+enter,a",
        "document.skip": "ctrl+space,S",
        "history.undo": "ctrl+z,Z",
        "history.redo": "ctrl+shift+z,Y",
        "label.clear": "backspace,delete",
        "document.previous": "ctrl+left,K",
        "document.next": "ctrl+right,J",
        "move.phrase-left": "alt+left",
        "move.phrase-right": "alt+right",
        "select.none": "escape,u",
        "move.right": "right,alt+full_stop",
    },
    "doccano": {
        "document.accept": "enter,a",
        "label.confirm": "space",
        "select.toggle": "T",
        "fields.change": "X",
        "document.previous": "left,K",
        "document.next": "right,J",
        "move.left": "alt+left,h",
        "move.right": "alt+right,j",
        "history.show": "H",
        "view.open": "ctrl+o",
    },
}

_SHORT = {
    "question_mark": "?",
    "slash": "/",
    "ampersand": "&",
    "at": "@",
    "full_stop": ".",
    "comma": ",",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "backslash": "\\",
    "vertical_line": "|",
    "number_sign": "#",
    "semicolon": ";",
    "colon": ":",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Bksp",
    "delete": "Del",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}


# Keys that a terminal keeps to itself, or changes on the way; `:` is a character, and arrives everywhere.
_KEPT_BY_VSCODE = frozenset({"ctrl+q", "ctrl+p", "f1", "f5", "f6", "f10", "f11", "f12"})
_KEPT_BY_ZELLIJ = frozenset({"ctrl+g", "ctrl+h", "ctrl+n", "ctrl+o", "ctrl+p", "ctrl+q", "ctrl+s", "ctrl+t"})
_KEPT_BY_TMUX = frozenset({"f1", "f2", "f3", "f4"})
_KEPT_BY_GNOME = frozenset({"f1", "f10", "f11"})


def lost(environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The keys that never arrive in the terminal that the program runs in."""
    by_terminal = _KEPT_BY_VSCODE if environ.get("TERM_PROGRAM", "") == "vscode" else frozenset()
    return by_terminal | (_KEPT_BY_ZELLIJ if environ.get("ZELLIJ") else frozenset())


def kept(environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The keys that may not arrive: tmux passes F1 to F4 on, but not under every terminal; of the terminals on VTE,
    GNOME's has F1, F10 and F11 for itself."""
    by_tmux = _KEPT_BY_TMUX if environ.get("TMUX") else frozenset()
    return lost(environ) | by_tmux | (_KEPT_BY_GNOME if environ.get("VTE_VERSION") else frozenset())


def arriving(keys: str, environ: Mapping[str, str] = os.environ) -> str:
    """The first of a binding's keys that arrives; the first where none is known to."""
    listed = _split(keys)
    doubtful = kept(environ)
    return next((key for key in listed if key not in doubtful), listed[0] if listed else "")


RENAMED = {f"errand.{act}": f"error_walk.{act}" for act in ("next", "confirm", "queue")}
"""Ids of bindings that a workbench.toml of an older version may have under [bindings]."""


def keymap(preset: str, changed: Mapping[str, str]) -> dict[str, str]:
    """Binding id -> keys, for `App.set_keymap`. Characters may be written as they are ("?") in workbench.toml."""
    return {
        RENAMED.get(name, name): ",".join(_normal(key) for key in _split(keys))
        for name, keys in {**PRESETS.get(preset, {}), **changed}.items()
    }


def _split(keys: str) -> list[str]:
    """Keys divided by commas; a lone comma is a key itself."""
    return [","] if keys.strip() == "," else [key.strip() for key in keys.split(",") if key.strip()]


def _normal(key: str) -> str:
    return _key_name(key) if len(key) == 1 else key


def key_label(key: str) -> str:
    """A key as it is printed: ctrl+z -> Ctrl+Z, question_mark -> ?."""
    *modifiers, last = key.split("+") if key != "+" else [key]
    name = _SHORT.get(last, last.upper() if len(last) > 1 and last[0] == "f" and last[1:].isdigit() else last)
    if last.startswith("upper_"):
        name = last.removeprefix("upper_").upper()
    if modifiers and len(name) == 1:
        name = name.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])


def bindings(listed: Iterable[tuple[str, str, str, str]]) -> list[BindingType]:
    """Bindings from (id, keys, action, what it does); none is shown in a footer, the hint line says what matters."""
    return [Binding(keys, action, text, show=False, id=name) for name, keys, action, text in listed]
