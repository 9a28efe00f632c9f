"""A label finds its field by id, name or alias, however many fields there are."""

import unicodedata
from dataclasses import replace

import pytest

from storage.exceptions import ConfigProblem
from workbench.fields import Field, FieldType, Schema
from workbench.fields.label_names import LabelMap


def field(name: str, *aliases: str) -> Field:
    return Field(name, name, FieldType.TEXT, "", "#56B4E9", aliases)


def test_many_labels_are_resolved_without_reading_every_name_for_each() -> None:
    """A table of 1,000 columns, or a label file of 1,000 labels, took the square of that."""
    read: list[str] = []

    class Name(str):
        __slots__ = ()

        def strip(self, chars: str | None = None) -> str:
            read.append(str(self))
            return str(self).strip(chars)

    schema = Schema(tuple(replace(field(f"id{n}", Name(f"Spalte {n}")), name=Name(f"Column {n}")) for n in range(200)))
    assert all(schema.resolve(f"spalte-{n}") is schema.fields[n] for n in range(200))
    assert schema.resolve("none of them") is None
    assert len(read) < 5 * 200


def test_a_name_is_resolved_before_an_alias_and_an_earlier_field_before_a_later_one() -> None:
    first, second, third = field("a", "c", "x"), field("b", "x"), field("c")
    schema = Schema((first, second, third))
    assert [schema.resolve(name) for name in ("C", "x", "B", "d")] == [third, first, second, None]


NFD = unicodedata.normalize("NFD", "Käufer")


@pytest.mark.parametrize("name", [NFD, "Ｋäufer", "KÄUFER", unicodedata.normalize("NFD", "käu-fer").replace("-", "")])
def test_a_name_that_differs_by_the_form_of_its_letters_is_refused_for_a_new_field_and_a_renamed_one(name: str) -> None:
    schema = Schema((field("Käufer"), field("other")))
    for change in (lambda: schema.add(name), lambda: schema.change("other", name=name)):
        with pytest.raises(ConfigProblem, match="There is a field Käufer already"):
            change()
    assert schema.change("Käufer", name=name).name("Käufer") == name  # its own
    assert schema.resolve(name) is schema.fields[0]


def test_superscripts_make_another_name() -> None:
    assert len(Schema((field("m2"),)).add("m²").fields) == 2


def test_fields_of_an_older_version_that_differ_by_form_alone_are_still_two() -> None:
    schema = Schema((field("Käufer"), field(NFD)))
    assert [schema.resolve(name) for name in ("Käufer", NFD)] == list(schema.fields)


def test_a_label_in_another_form_means_the_field_that_there_is() -> None:
    labels = LabelMap(Schema((field("Käufer"),)))
    assert labels.field(NFD) == labels.field("Ｋäufer") == "Käufer"
    assert not labels.added
    kept = LabelMap(Schema((field("Käufer"),)), keep_names=True)
    made = kept.field(NFD)
    assert kept.schema.name(made) == f"{NFD}_2"
