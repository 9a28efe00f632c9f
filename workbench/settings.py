"""workbench.toml: the fields, the key preset and the defaults of a workspace. Comments in the file are kept."""

import getpass
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import msgspec

from storage import locks
from storage.exceptions import Busy, ConfigProblem, WorkspaceProblem
from storage.files import write_atomic
from workbench.fields import FieldKind, FieldType, Schema, colours, invoice_schema

LOCK_SECONDS = 10.0
"""How long a change of workbench.toml waits for another process's change."""

KEY_PRESETS = ("workbench", "prodigy", "label-studio", "doccano")

REPAIR_RULES = ("iob_repair", "neighbourhood", "unsupported", "normalisation", "one_value", "cross_field")
"""The rules that repair predictions, in the order in which they work."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on what is read, so that one file cannot take the machine down. Kept in workbench.toml under [limits]."""

    picture_pixels: int = 200_000_000
    page_points: float = 14_400.0  # 200 inches: the PDF standard's largest page
    file_bytes: int = 500_000_000
    pages: int = 2_000
    tokens_per_page: int = 50_000


@dataclass(frozen=True)
class Settings:
    """All that an analyst can set for a workspace."""

    schema: Schema = field(default_factory=invoice_schema)
    keys: str = "workbench"  # key preset
    bindings: dict[str, str] = field(default_factory=dict)  # binding id -> keys, over the preset
    theme: str = ""  # "" means the terminal's own brightness decides
    annotator: str = ""
    database: str = ""  # "" means workbench.db in the workspace
    ocr_engine: str = "rapidocr"
    day_first: bool | None = None  # for dates that can be read both ways
    limits: Limits = field(default_factory=Limits)
    postprocess: dict[str, bool] = field(default_factory=dict)  # rule -> on; the others as measured on validation

    @property
    def who(self) -> str:
        """The name in every event: WORKBENCH_ANNOTATOR (two may share a workspace), the setting, or the login name."""
        if chosen := os.environ.get("WORKBENCH_ANNOTATOR", "").strip() or self.annotator:
            return chosen
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # a container without a user database
            return "annotator"


_PLAIN = ("keys", "theme", "annotator", "database", "ocr_engine", "day_first")
_KNOWN = {"fields", *(f.name for f in fields(Settings))} - {"schema"}
_REMEDIES = {
    "fields": f"It needs an id, and a type of {', '.join(FieldType)}.",
    "bindings": "Write a binding's id and its keys, both in quotes.",
    "day_first": "Write true or false, or leave it out.",
    "limits": f"It has numbers for {', '.join(sorted(Limits.__struct_fields__))}.",
    "postprocess": f"Write true or false for one of {', '.join(REPAIR_RULES)}.",
}
_FIELD_DEFAULTS = {"type": "text", "key": "", "colour": colours.SKY_BLUE}


def read(path: Path) -> Settings:
    """The settings of a file; what is missing has its default.

    Raises:
        ConfigProblem: the file is not TOML, or a value cannot be used.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigProblem(
            f"{path} cannot be read: {error}.", "Correct the line, or move the file away to start over."
        ) from error
    if unknown := set(data) - _KNOWN:
        raise ConfigProblem(
            f"{path} has settings that are not known: {', '.join(sorted(unknown))}.", "Remove or correct them."
        )
    if (keys := data.get("keys", "workbench")) not in KEY_PRESETS:
        raise ConfigProblem(f"{path}: there is no key preset '{keys}'.", f"Use one of {', '.join(KEY_PRESETS)}.")
    if wrong := [name for name in data.get("postprocess", ()) if name not in REPAIR_RULES]:
        raise ConfigProblem(f"{path}: [postprocess] {', '.join(wrong)} cannot be used.", _REMEDIES["postprocess"])
    if entries := data.pop("fields", None):
        listed = [_with_defaults(entry) for entry in entries] if isinstance(entries, list) else entries
        data["schema"] = {"fields": listed}
    try:
        return msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise _problem(path, error) from error


def _with_defaults(entry: Any) -> Any:
    """A field's table with what may be left out, and with quotes around numbers."""
    if not isinstance(entry, dict):
        return entry
    complete = {**_FIELD_DEFAULTS, **({"name": entry["id"]} if "id" in entry else {}), **entry}
    return {name: [*map(_text, value)] if isinstance(value, list) else _text(value) for name, value in complete.items()}


def _text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _problem(path: Path, error: msgspec.ValidationError) -> ConfigProblem:
    """What msgspec says ("Expected `bool`, got `int` - at `$.day_first`") in the terms of the file."""
    reason, _, place = str(error).replace("$.schema.fields", "$.fields").partition(" - at ")
    key = re.search(r"\$\.([^`]+)", place)
    name = key[1].removesuffix("[...]") if key else "a setting"
    remedy = _REMEDIES.get(re.split(r"[.\[]", name)[0], "Write it in quotes.")
    return ConfigProblem(f"{path}: {name} cannot be used ({reason}).", remedy)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the file against other processes between reading and writing it.

    Raises:
        Busy: another process holds the lock for longer than `LOCK_SECONDS`.
        WorkspaceProblem: the folder cannot be written.
    """
    try:
        lock = locks.acquire(path.with_name(".settings.lock"), named=False, patience=LOCK_SECONDS)
    except OSError as error:
        raise WorkspaceProblem(
            f"{path} cannot be changed: {error.strerror}.", "Check the folder's permissions and the space on its disk."
        ) from error
    if lock is None:
        raise Busy(f"Another process is changing {path.name}.", "Try again in a moment.")
    try:
        yield
    finally:
        os.close(lock)


def write(path: Path, settings: Settings) -> None:
    """Write the settings; the comments and the order of an existing file are kept."""
    import tomlkit  # only when something changes

    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else _fresh()
    for name in _PLAIN:
        value = getattr(settings, name)
        if value is None or (value == "" and name not in document):
            document.pop(name, None)
        elif document.get(name) != value:
            document[name] = value
    if settings.bindings or "bindings" in document:
        document["bindings"] = settings.bindings
    if settings.postprocess or "postprocess" in document:
        document["postprocess"] = settings.postprocess
    if settings.limits != Limits():
        document["limits"] = msgspec.structs.asdict(settings.limits)
    listed = tomlkit.aot()
    for entry in settings.schema:
        table = tomlkit.table()
        table.update(
            {"id": entry.id, "name": entry.name, "type": entry.type.value, "key": entry.key, "colour": entry.colour}
        )
        table["aliases"] = list(entry.aliases)
        if entry.kind is FieldKind.CLASS:
            table.update({"kind": entry.kind.value, "options": list(entry.options)})
            if entry.multiple:
                table["multiple"] = True
        if entry.retired:
            table["retired"] = True
        listed.append(table)
    document["fields"] = listed
    write_atomic(path, tomlkit.dumps(document))


def _fresh() -> Any:
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Settings of this workspace. `workbench fields` changes the fields for you."))
    document.add(tomlkit.comment("keys: workbench, prodigy, label-studio or doccano; single keys under [bindings]."))
    return document
