"""Maps label names of other tools to the fields of the workspace's schema. Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace

from workbench.fields.schema import Field, FieldKind, FieldType, Schema, folded

# The type of a new field by words of its name; the first match counts.
_TYPES = (
    (re.compile(r"date|datum|日期"), FieldType.DATE),
    (re.compile(r"currency|währung|devise|币"), FieldType.CURRENCY),
    (re.compile(r"rate|satz|税率"), FieldType.RATE),
    (re.compile(r"address|adresse|anschrift|地址"), FieldType.ADDRESS),
    (re.compile(r"price|amount|total|tax|sum|betrag|montant|金额|cash|change"), FieldType.AMOUNT),
    (re.compile(r"(^|[_. ])(id|no|nr|num|number|code|iban)($|[_. ])|号"), FieldType.ID),
)

_NO_LABEL = frozenset(
    {
        "",
        "other",
        "others",
        "none",
        "null",
        "nil",
        "nan",
        "n/a",
        "ignore",
        "background",
        "no_label",
        "outside",
        "na",
        "-",
        "_",
        "–",
        "—",
        "unlabeled",
        "unlabelled",
    }
)
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # InvoiceDate is invoice_date
_NUMBER = re.compile(r"-?[0-9]+")  # the number of a label whose name is not known


def type_of_name(name: str) -> FieldType:
    """The likely type of a field of this name; TEXT where the name does not tell."""
    plain = re.sub(r"[\s\-/]+", "_", name.casefold())
    return next((kind for pattern, kind in _TYPES if pattern.search(plain)), FieldType.TEXT)


class LabelMap:
    """Gives every label its field, and adds missing fields; `onto` brings these into the current schema.

    Args:
        schema: the present fields. The attribute `schema` also has the added ones.
        mapping: label -> field, from `--map`; unknown fields are added.
        keep_names: only a field of exactly this id or name is the label's; aliases do not count.
    """

    def __init__(self, schema: Schema, mapping: Mapping[str, str] | None = None, *, keep_names: bool = False) -> None:
        self.schema = schema
        self.used: dict[str, str] = {}  # label -> field id, of the labels so far
        self.added: list[str] = []  # ids of new fields
        self.put_back: list[str] = []  # ids of retired fields that are in use again
        self.notes: list[str] = []  # which retired fields are in use again
        self._begun = schema
        self._pending: list[Field] = []  # added or in use again here, and not in what `onto` returned yet
        self._mapping = {label.casefold(): field for label, field in (mapping or {}).items()}
        self._keep = keep_names

    def field(self, label: str) -> str:
        """The id of the label's field."""
        if label not in self.used:
            self.used[label] = self._resolve(label)
        return self.used[label]

    def mean(self, label: str, field_id: str) -> None:
        """Give a label a field, unless it is mapped or is called as a field."""
        if label.casefold() not in self._mapping and self.schema.resolve(label) is None:
            self._mapping[label.casefold()] = field_id

    def means_none(self, label: str) -> bool:
        """Whether a label says that its words have none ("other", "None", "0"), and is neither mapped nor a field."""
        plain = label.strip().casefold()
        return (
            (plain in _NO_LABEL or _NUMBER.fullmatch(plain) is not None)
            and label.casefold() not in self._mapping
            and self.schema.resolve(label) is None
        )

    def _resolve(self, label: str) -> str:
        wanted = self._mapping.get(label.casefold(), label)
        field = self.schema.resolve(wanted) or self.schema.resolve(_CAPITALS.sub("_", wanted))
        if field is not None and field.kind is FieldKind.CLASS:  # words are no options of it
            field = None
        # A label becomes a field of its own, also where an alias would give it to another field.
        if field is not None and self._keep and wanted == label and label not in (field.id, field.name):
            field = None
        if field is None:
            self.schema = self.schema.add(free_name(self.schema, wanted), type_of_name(wanted))
            field = self.schema.fields[-1]
            self.added.append(field.id)
            self._pending.append(field)
        elif field.retired:  # labels of a field that is not shown would not be seen
            self.schema = self.schema.back(field.id)
            self.put_back.append(field.id)
            self.notes.append(f"the retired field {field.name} is in use again")
            self._pending.append(field)
        return field.id

    @property
    def is_ahead(self) -> bool:
        """Whether there are fields that `onto` would add."""
        return bool(self._pending)

    def onto(self, now: Schema) -> Schema:
        """The fields as they are now, with those that were added or put back into use here since the last call.

        What other processes changed meanwhile stays: a field that one of them retired after this map was made stays so.
        """
        for field in self._pending:
            if now.get(field.id) is None:
                name, key, colour = free_name(now, field.name), now.free_key(field.key), now.free_colour(field.colour)
                now = Schema((*now.fields, replace(field, name=name, key=key, colour=colour)))
            elif self._begun.get(field.id) is not None:
                now = now.back(field.id)
        self._pending = []
        return now


def free_name(schema: Schema, wanted: str) -> str:
    """This name for a new field, with an ending where another field has it."""
    plain = wanted.strip() or "field"
    # What is the same to `resolve` may still be the name of another field with --keep-names.
    while schema.resolve(plain) is not None and any(folded(f.name) == folded(plain) for f in schema):
        plain += "_2"
    return plain
