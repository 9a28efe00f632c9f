"""The rows of documents with their classes, as all such tables have them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from storage import token_blob
from storage.records import TEXT, Content
from workbench.annotation.classes import running_text
from workbench.exchange.exporters.base import ExportReport, own_columns
from workbench.fields import Field, Schema

_OWN = ("id", "text", "split", "group", "language")


@dataclass(frozen=True)
class Columns:
    """The class fields of a table: a single one stands in the column `label`, several under their names."""

    fields: tuple[tuple[str, Field], ...]

    @classmethod
    def of(cls, schema: Schema) -> "Columns":
        if len(schema.classes) == 1:
            return cls((("label", schema.classes[0]),))
        names = own_columns([field.name for field in schema.classes], _OWN, " class")
        return cls(tuple(zip(names, schema.classes, strict=True)))

    @property
    def names(self) -> list[str]:
        return ["id", "text", *(name for name, _ in self.fields), "split", "group", "language"]


def rows(contents: Iterable[Content], columns: Columns, written: ExportReport) -> Iterator[dict[str, Any]]:
    """A row a document: id, text, the options of each field as a list, split, group (where it has one) and language."""
    for content in contents:
        document = content.document
        yield {
            "id": document.name,
            "text": text_of(content),
            **{name: options_of(content, field) for name, field in columns.fields},
            "split": document.side.value,
            "group": document.group if document.group not in ("", document.name) else None,
            "language": document.language,
        }
        written.count(content)


def options_of(content: Content, field: Field) -> list[str]:
    """A document's options of a field, in the order of the field."""
    options = {label.option for label in content.annotations.classes if label.field == field.id}
    return [option for option in field.options if option in options] + sorted(options.difference(field.options))


def only_field(schema: Schema, written: ExportReport) -> Field | None:
    """The class field of a format that holds one: the first one; the others are lost, and said."""
    for other in schema.classes[1:]:
        written.lost[f"{other.name} was left out: the format holds one class field"] += 1
    return next(iter(schema.classes), None)


def is_text(content: Content) -> bool:
    """Whether a document is a text that stands on no page."""
    return bool(content.pages) and all(page.engine == TEXT for page in content.pages)


def text_of(content: Content) -> str:
    """The words of a document with its lines. Where only the screen's width began a row there is a space.

    Between the Chinese or Japanese characters of a text there is none: the import made words of them.
    """
    text, right, before, word = "", 0.0, None, ""
    plain = is_text(content)
    width = token_blob.COLUMNS * token_blob.CHARACTER
    for token in content.tokens:
        line = (token.page, token.line)
        if before is not None:
            fits = right + token_blob.CHARACTER + token.box[2] - token.box[0] <= width
            is_same = line == before or (plain and not fits)
            text += " " * (running_text.gap(word, token.text) if plain else 1) if is_same else "\n"
        text += token.text
        before, right, word = line, token.box[2], token.text
    return text
