"""workbench.toml: the fields, the key preset and the defaults of a workspace. Comments in the file are kept."""

import getpass
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from storage import locks
from storage.exceptions import Busy, ConfigProblem, WorkspaceProblem
from storage.files import write_atomic
from workbench.exchange.importers.base import Limits
from workbench.fields import Field, FieldType, Schema, invoice_schema

KEY_PRESETS = ("workbench", "prodigy", "label-studio", "doccano")


@dataclass(frozen=True)
class Settings:
    """All that an analyst can set for a workspace."""

    schema: Schema
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


def read(path: Path) -> Settings:
    """The settings of a file; what is missing has its default.

    Raises:
        ConfigProblem: the file is not TOML, or a value cannot be used.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(invoice_schema())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigProblem(
            f"{path} cannot be read: {error}.", "Correct the line, or move the file away to start over."
        ) from error
    unknown = set(data) - {*_PLAIN, "fields", "bindings", "limits", "postprocess"}
    if unknown:
        raise ConfigProblem(
            f"{path} has settings that are not known: {', '.join(sorted(unknown))}.", "Remove or correct them."
        )
    plain = {name: data[name] for name in _PLAIN if name in data}
    keys = plain.get("keys", "workbench")
    if keys not in KEY_PRESETS:
        raise ConfigProblem(f"{path}: there is no key preset '{keys}'.", f"Use one of {', '.join(KEY_PRESETS)}.")
    schema = Schema(tuple(_field(path, entry) for entry in data["fields"])) if data.get("fields") else invoice_schema()
    known_limits = {f.name for f in fields(Limits)}
    limits = data.get("limits", {})
    if set(limits) - known_limits:
        raise ConfigProblem(f"{path}: [limits] knows only {', '.join(sorted(known_limits))}.")
    return Settings(
        schema,
        bindings=dict(data.get("bindings", {})),
        limits=replace(Limits(), **limits),
        postprocess=_rules(path, data.get("postprocess", {})),
        **plain,
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing the file between reading it and writing it.

    Raises:
        Busy: another process holds it for long.
        WorkspaceProblem: the folder cannot be written.
    """
    try:
        lock = locks.acquire(path.with_name(".settings.lock"), named=False)
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


def _rules(path: Path, switched: dict[str, Any]) -> dict[str, bool]:
    if switched:
        from workbench.predictions import repair_rules  # only when something is set

        wrong = [name for name, on in switched.items() if name not in repair_rules.NAMES or not isinstance(on, bool)]
        if wrong:
            raise ConfigProblem(
                f"{path}: [postprocess] {', '.join(wrong)} cannot be used.",
                f"Write true or false for one of {', '.join(repair_rules.NAMES)}.",
            )
    return dict(switched)


def _field(path: Path, entry: dict[str, Any]) -> Field:
    try:
        return Field(
            str(entry["id"]),
            str(entry.get("name", entry["id"])),
            FieldType(entry.get("type", "text")),
            str(entry.get("key", "")),
            str(entry.get("colour", "#56B4E9")),
            tuple(str(alias) for alias in entry.get("aliases", ())),
            bool(entry.get("retired", False)),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigProblem(
            f"{path}: a field cannot be used ({error}).", f"It needs an id, and a type of {', '.join(FieldType)}."
        ) from error


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
        document["limits"] = asdict(settings.limits)
    listed = tomlkit.aot()
    for entry in settings.schema:
        table = tomlkit.table()
        table.update(
            {"id": entry.id, "name": entry.name, "type": entry.type.value, "key": entry.key, "colour": entry.colour}
        )
        table["aliases"] = list(entry.aliases)
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
