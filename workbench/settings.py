"""workbench.toml: the fields, the key preset and the defaults of a workspace. Comments in the file are kept."""

import getpass
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from storage import locks
from storage.exceptions import Busy, ConfigProblem, WorkspaceProblem, remedy_of
from storage.files import write_atomic
from storage.object_store import store
from workbench import pool_order
from workbench.fields import Field, FieldKind, FieldType, Schema, colours, invoice_schema
from workbench.fields.plain_text import harmless

LOCK_SECONDS = 10.0
"""How long a change of workbench.toml waits for another process's change."""

KEY_PRESETS = ("workbench", "prodigy", "label-studio", "doccano")

REPAIR_RULES = ("iob_repair", "neighbourhood", "unsupported", "normalisation", "one_value", "cross_field")
"""The rules that repair predictions, in the order in which they work."""


_Count = Annotated[int, msgspec.Meta(ge=1, le=10**15)]
MOST_TRAIN_AFTER = 100_000


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on what is read, so that one file cannot take the machine down. Kept in workbench.toml under [limits]."""

    picture_pixels: _Count = 200_000_000
    page_points: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 14_400.0  # 200 inches: the PDF standard's largest page
    file_bytes: _Count = 500_000_000
    unpacked_bytes: _Count = 500_000_000  # of an Excel workbook, which is packed
    documents_bytes: _Count = 10_000_000_000  # of all documents of one file, which may be packed, too
    pages: _Count = 2_000
    tokens_per_page: _Count = 50_000
    features_gb: Annotated[float, msgspec.Meta(gt=0, le=1e6)] = 2.0  # that the learner keeps of documents it has read


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another machine that runs can train on; in workbench.toml its address alone, or a table."""

    address: str  # ssh:user@host, ssh:user@host:path, ray or ray:host:port
    python: str = ""  # there, with this program installed; "": an environment is made
    name: str = ""  # its key under [targets]
    gpus: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None  # of a cluster: of each process; None: one, if any

    @property
    def is_ray(self) -> bool:
        """Whether it is a Ray cluster, whose nodes share the workspace's storage."""
        return is_ray(self.address)


def is_ray(address: str) -> bool:
    """Whether an address is that of a Ray cluster."""
    return address.partition(":")[0] == "ray"


def is_address(text: str) -> bool:
    """Whether a text is the address of a target, and not its name."""
    return text.startswith("ssh:") or is_ray(text)


@dataclass(frozen=True)
class Settings:
    """All that an analyst can set for a workspace."""

    schema: Schema = field(default_factory=invoice_schema)
    keys: str = "workbench"  # key preset
    bindings: dict[str, str] = field(default_factory=dict)  # binding id -> keys, over the preset
    theme: str = ""  # "" means the terminal's own brightness decides
    annotator: str = ""
    database: str = ""  # "" means workbench.db in the workspace
    files: str = ""  # URL of an object store for originals and pictures; "" means the workspace's folder alone
    ocr_engine: str = "rapidocr"
    ocr_languages: tuple[str, ...] = ()  # Tesseract's names; the first four are read
    day_first: bool | None = None  # for dates that can be read both ways
    learner: bool = True  # whether suggestions learn from every label
    order: str = pool_order.LIST  # of undecided documents; "live": the learner's, new after every label
    train_after: Annotated[int, msgspec.Meta(ge=0, le=MOST_TRAIN_AFTER)] = 0  # documents until a run begins; 0: never
    limits: Limits = field(default_factory=Limits)
    postprocess: dict[str, bool] = field(default_factory=dict)  # rule -> on; the others as measured on validation
    targets: dict[str, str | Target] = field(default_factory=dict)  # name -> address, or more of it
    notes: tuple[str, ...] = ()  # what of the file could not be used, and what is used instead; never written

    def target(self, name: str, gpus: float | None = None) -> Target:
        """A target by its name, or by its address; with GPUs where others are asked for than it says.

        Raises:
            ConfigProblem: there is none, or GPUs are asked for that are not a cluster's.
        """
        if name in self.targets or is_address(name):
            known = self.targets.get(name, name)
            target = Target(known) if isinstance(known, str) else known
            target = msgspec.structs.replace(target, name=name if name in self.targets else target.name)
            if gpus is not None:
                target = msgspec.structs.replace(target, gpus=gpus)
            if target.gpus is not None and not target.is_ray:
                raise ConfigProblem(f"Target {name} is no Ray cluster: gpus is not for it.", _OF_A_CLUSTER)
            if target.gpus is not None and not 0 <= target.gpus <= 1:  # one that no file of settings says
                raise ConfigProblem(f"{target.gpus} GPUs cannot be asked for: a process uses one.", _OF_A_PROCESS)
            return target
        names = ", ".join(self.targets) or "none yet"
        raise ConfigProblem(
            f"There is no target '{name}'; there are: {names}.",
            'Name it in workbench.toml under [targets], as in  box = "ssh:me@box", or give ssh:user@host, or '
            "ray:host:port.",
        )

    @property
    def who(self) -> str:
        """The name in every event: WORKBENCH_ANNOTATOR (two may share a workspace), the setting, or the login name."""
        name = os.environ.get("WORKBENCH_ANNOTATOR", "").strip() or self.annotator
        try:
            name = name or getpass.getuser()
        except (OSError, KeyError):  # a container without a user database
            name = "annotator"
        return name.encode(errors="surrogateescape").decode(errors="replace")  # a variable may have any bytes


_PLAIN = (
    "keys", "theme", "annotator", "database", "files", "ocr_engine", "day_first", "learner", "order", "train_after",
)  # fmt: skip
_USUAL = {"learner": True, "order": pool_order.LIST, "train_after": 0}
_KNOWN = {"fields", *(f.name for f in fields(Settings))} - {"schema", "notes"}
_REMEDIES = {
    "fields": f"It needs an id, and a type of {', '.join(FieldType)}.",
    "bindings": "Write a binding's id and its keys, both in quotes.",
    "files": f"Write {store.EXAMPLE}, or leave it out.",
    "day_first": "Write true or false, or leave it out.",
    "learner": "Write true or false, or leave it out.",
    "order": f"Write one of {', '.join(pool_order.ORDERS)}, or leave it out.",
    "train_after": "Write a number of documents; 0, or without the line: no run begins by itself.",
    "ocr_languages": 'Write a list of Tesseract\'s names, such as ["deu", "eng"].',
    "limits": f"It has numbers for {', '.join(sorted(Limits.__struct_fields__))}.",
    "targets": 'Write name = "ssh:user@host" or "ray:host:port", or a table with address, python, and gpus (0 to 1).',
    "postprocess": f"Write true or false for one of {', '.join(REPAIR_RULES)}.",
}
_OF_A_CLUSTER = "Over ssh a run takes the machine's GPUs, and runs at work at a time (--slots) divide them."
_OF_A_PROCESS = "Give 0 to 1. For a run on several, set train.processes: each process asks for as much."
_ENCODING = "utf-8-sig"  # with the mark that Windows' editor puts first, or without
_START_OVER = "Correct the line, or move the file away to start over."
_AS_UTF_8 = "Save it as UTF-8 (in an editor: Save as, encoding UTF-8), or move the file away to start over."
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)")
_KEY = re.compile(r"""\s*["']?([\w.-]+)["']?\s*=""")
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_FIELD_DEFAULTS = {"type": "text", "key": "", "colour": colours.SKY_BLUE}


def read(path: Path) -> Settings:
    """The settings of a file; what is missing has its default.

    Raises:
        ConfigProblem: the file is not TOML, or a value cannot be used; the message names the line and the setting.
    """
    try:
        text = path.read_text(encoding=_ENCODING)
    except FileNotFoundError:
        return Settings()
    except UnicodeDecodeError as error:
        raise ConfigProblem(f"{path} is not UTF-8 text (byte {error.start + 1}).", _AS_UTF_8) from error
    except OSError as error:
        raise ConfigProblem(f"{path} cannot be read: {error}.", _START_OVER) from error
    if "\0" in text[:4]:  # plain letters of UTF-16 are UTF-8 with a zero beside each
        raise ConfigProblem(f"{path} is not UTF-8 text, but UTF-16 or UTF-32.", _AS_UTF_8)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of 5,000 digits and deep nesting among them
        raise ConfigProblem(f"{path} cannot be read: {_why_no_toml(text, error)}.", _START_OVER) from error
    if unknown := sorted(set(data) - _KNOWN):
        raise ConfigProblem(
            f"{_place(path, text, unknown[0])} has settings that are not known: {', '.join(unknown)}.",
            "Remove or correct them.",
        )
    fields_given = data.pop("fields", None)
    settings = _converted(path, text, data, Settings)
    if settings.keys not in KEY_PRESETS:
        raise ConfigProblem(
            f"{_place(path, text, 'keys')}: there is no key preset '{settings.keys}'.",
            f"Use one of {', '.join(KEY_PRESETS)}.",
        )
    if settings.order not in pool_order.ORDERS:
        raise ConfigProblem(
            f"{_place(path, text, 'order')}: there is no order '{harmless(settings.order)}'.", _REMEDIES["order"]
        )
    if wrong := [name for name in settings.postprocess if name not in REPAIR_RULES]:
        raise ConfigProblem(
            f"{_place(path, text, f'postprocess.{wrong[0]}')}: [postprocess] {', '.join(wrong)} cannot be used.",
            _REMEDIES["postprocess"],
        )
    if settings.files and (fault := store.fault_of(settings.files)):
        raise ConfigProblem(f"{_place(path, text, 'files')}: the address of the files {fault}.", _REMEDIES["files"])
    for name in settings.targets:
        if not is_address(settings.target(name).address):
            raise ConfigProblem(
                f"{_place(path, text, f'targets.{name}')}: targets.{name} is no address of a machine.",
                'Write name = "ssh:user@host", and [targets] below the settings that stand in no table.',
            )
    if not fields_given:
        return settings
    schema, notes = _schema(path, text, fields_given)
    return replace(settings, schema=schema, notes=notes)


def _schema(path: Path, text: str, entries: Any) -> tuple[Schema, tuple[str, ...]]:
    """The fields, and notes on what is used in place of a colour that is none: a colour is worth no refusal."""
    if not isinstance(entries, list):
        place = _place(path, text, "fields")
        raise ConfigProblem(f"{place}: fields cannot be used (it is no list of tables).", _REMEDIES["fields"])
    fields_read, notes = [], []
    for number, entry in enumerate(entries):
        name = f"fields[{number}]"
        declared = _converted(path, text, _with_defaults(entry), Field, name)
        if not declared.id.strip():
            raise ConfigProblem(f"{_place(path, text, name)}: {name}.id is empty.", _REMEDIES["fields"])
        if not _COLOUR.fullmatch(declared.colour):
            usual = colours.ON_DARK[number % len(colours.ON_DARK)]
            notes.append(
                f"{_place(path, text, f'{name}.colour')}: {name}.colour '{harmless(declared.colour)}' is no colour; "
                f"{usual} is used. Write it as #rrggbb, such as #cc3300."
            )
            declared = replace(declared, colour=usual)
        fields_read.append(declared)
    try:
        return Schema(tuple(fields_read)), tuple(notes)
    except ConfigProblem as problem:
        raise ConfigProblem(f"{path}: {problem.message}", problem.remedy) from problem


def _why_no_toml(text: str, error: Exception) -> str:
    if isinstance(error, tomllib.TOMLDecodeError):
        return str(error)
    cause = re.search(r"[0-9_]{1000,}" if isinstance(error, ValueError) else r"([\[{]\s*){50,}", text)
    where = f" (at line {text.count(chr(10), 0, cause.start()) + 1})" if cause else ""
    return f"{'a number is too long' if isinstance(error, ValueError) else 'it is nested too deeply'}{where}"


def _place(path: Path, text: str, name: str) -> str:
    """The file, and the line of a setting ("limits.pages", "fields[2].colour"), or of its table."""
    lines = _lines_of(text)
    line = lines.get(name) or lines.get(name.rpartition(".")[0])
    return f"{path}, line {line}" if line else str(path)


def _lines_of(text: str) -> dict[str, int]:
    """Setting -> its line, for tables and keys that stand at the beginning of a line."""
    lines: dict[str, int] = {}
    tables: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = header[2]
            if header[1] == "[[":
                table, tables[header[2]] = f"{table}[{tables[table]}]", tables[table] + 1
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(f"{table}.{key[1]}" if table else key[1], number)
    return lines


T = TypeVar("T")


def _converted(path: Path, text: str, data: Any, kind: type[T], within: str = "") -> T:
    """The data as a kind of settings.

    Raises:
        ConfigProblem: what msgspec says ("Expected `bool`, got `int` - at `$.day_first`") in the terms of the file.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at ")
        key = re.search(r"\$\.([^`]+)", place)
        inner = key[1].removesuffix("[...]") if key else ""
        name = ".".join(part for part in (within, inner) if part) or "a setting"
        if unknown := re.search(r"unknown field `(.*)`", reason):
            inner = f"{name}.{unknown[1]}"
        remedy = _REMEDIES.get(re.split(r"[.\[]", name)[0], "Write it in quotes.")
        place = _place(path, text, inner if unknown else name)
        raise ConfigProblem(f"{place}: {name} cannot be used ({reason}).", remedy) from error


def _with_defaults(entry: Any) -> Any:
    """A field's table with what may be left out, and with quotes around numbers."""
    if not isinstance(entry, dict):
        return entry
    complete = {**_FIELD_DEFAULTS, **({"name": entry["id"]} if "id" in entry else {}), **entry}
    return {name: [*map(_text, value)] if isinstance(value, list) else _text(value) for name, value in complete.items()}


def _text(value: Any) -> Any:
    return str(value) if type(value) is int else value


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
            f"{path} cannot be changed: {error.strerror}.",
            remedy_of(error, "Check the folder's permissions and the space on its disk."),
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

    document = tomlkit.parse(path.read_text(encoding=_ENCODING)) if path.exists() else _fresh()
    for name in _PLAIN:
        value = getattr(settings, name)
        is_usual = value == "" or (name in _USUAL and value == _USUAL[name])
        if value is None or (is_usual and name not in document):
            document.pop(name, None)
        elif document.get(name) != value:
            document[name] = value
    for name, value in (
        ("ocr_languages", list(settings.ocr_languages)),
        ("bindings", settings.bindings),
        ("postprocess", settings.postprocess),
    ):
        if document.get(name, type(value)()) != value:
            document[name] = value
    if msgspec.convert(document.unwrap().get("limits", {}), Limits) != settings.limits:
        document["limits"] = msgspec.structs.asdict(settings.limits)
    tables = [_table(entry) for entry in settings.schema]
    if (given := document.get("fields")) != tables:
        kept = {str(table.get("id")): table for table in given} if isinstance(given, tomlkit.items.AoT) else {}
        listed = tomlkit.aot()
        for table in tables:
            listed.append(_brought_up(kept[table["id"]], table) if table["id"] in kept else tomlkit.item(table))
        document["fields"] = listed
    # tomlkit puts an empty line before every table again
    write_atomic(path, re.sub(r"\n{3,}(?=\[\[fields\]\]\n)", "\n\n", tomlkit.dumps(document)))


def _brought_up(kept: Any, table: dict[str, Any]) -> Any:
    """A field's table of the file with other values; its comments, and those below it, stay."""
    for name in set(kept) - set(table):
        del kept[name]
    for name, value in table.items():
        if kept.get(name) != value:
            kept[name] = value
    return kept


def _table(entry: Field) -> dict[str, Any]:
    """A field as it stands in the file."""
    table = {"id": entry.id, "name": entry.name, "type": entry.type.value, "key": entry.key, "colour": entry.colour}
    more: dict[str, Any] = {"aliases": list(entry.aliases)}
    if entry.kind is FieldKind.CLASS:
        more |= {"kind": entry.kind.value, "options": list(entry.options)}
        if entry.multiple:
            more["multiple"] = True
    if entry.retired:
        more["retired"] = True
    return table | more


def _fresh() -> Any:
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Settings of this workspace. `workbench fields` changes the fields for you."))
    document.add(tomlkit.comment("keys: workbench, prodigy, label-studio or doccano; single keys under [bindings]."))
    return document
