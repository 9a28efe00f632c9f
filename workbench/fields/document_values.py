"""What a value means on its document: the known value, and the other dates, say how 11/03/2017 is meant."""

from storage.records import Content
from workbench.fields.dates import day_first_on
from workbench.fields.schema import Field, FieldType
from workbench.fields.values import Value, normalise, readings


def read(content: Content, field: Field, text: str, day_first: bool | None = None) -> Value:
    """A value as it is shown and extracted, from its text on a document.

    What can be read in two ways is read as a known value has it, then as the workspace says, then as the document's
    other dates or its language have it. English alone says nothing: then the day is first, which is noted.

    Args:
        day_first: how 03/04/2024 is meant in the workspace, where that is known.
    """
    value = normalise(field.type, text, day_first=day_first)
    if not value.note:
        return value
    possible = readings(field.type, text)
    for reference in content.references:
        if reference.field == field.id and (known := normalise(field.type, reference.value).normal) in possible:
            return Value(value.text, known)
    if field.type is FieldType.DATE and (meant := _day_first(content)) is not None:
        return normalise(field.type, text, day_first=meant)
    return value


def _day_first(content: Content) -> bool | None:
    meant = day_first_on(token.text for token in content.tokens)
    return True if meant is None and (content.document.language or "en") != "en" else meant
