"""A label finds its field by id, name or alias, however many fields there are."""

from dataclasses import replace

from workbench.fields import Field, FieldType, Schema


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
