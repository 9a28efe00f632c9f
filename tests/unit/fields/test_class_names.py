"""Class labels of other tools become fields and options."""

import unicodedata

import pytest

from storage.exceptions import ConfigProblem
from workbench.fields import FieldKind, invoice_schema
from workbench.fields.class_names import ClassMap
from workbench.fields.label_names import LabelMap


def test_a_label_column_becomes_a_class_field_with_its_options_in_their_order():
    names = ClassMap(invoice_schema())
    assert names.label("verdict", "claim") == ("verdict", "claim")
    assert names.label("verdict", "no claim") == ("verdict", "no claim")
    field = names.onto(invoice_schema()).get("verdict")
    assert (field.kind, field.options, field.multiple) == (FieldKind.CLASS, ("claim", "no claim"), False)


def test_a_column_called_label_means_the_only_class_field():
    schema = invoice_schema().add_class("document type", ("invoice", "credit note"))
    names = ClassMap(schema)
    assert names.label("label", "Invoice") == ("document_type", "invoice")  # the same name but for its case
    assert names.label("label", "credit-note") == ("document_type", "credit note")
    assert not names.is_ahead
    assert (
        names.notes()["the column label was taken for document type (--map label=NAME makes it another class field)"]
        == 2
    )


def test_a_column_called_label_with_other_classes_is_a_field_of_its_own_and_stays_the_same_one():
    schema = invoice_schema().add_class("document type", ("invoice", "credit note"))
    names = ClassMap(schema)
    assert names.label("label", "claim") == ("class", "claim")
    assert any("'claim' is no class of document type" in note for note in names.notes())
    later = ClassMap(names.onto(schema))
    assert later.label("label", "no claim")[0] == "class"
    assert not later.notes()


def test_a_wish_for_the_field_of_a_column_outranks_its_classes():
    schema = invoice_schema().add_class("document type", ("invoice", "credit note"))
    assert ClassMap(schema, {"label": "document type"}).label("label", "claim")[0] == "document_type"
    assert ClassMap(schema, {"label": "mood"}).label("label", "invoice")[0] == "mood"


def test_of_several_class_fields_a_column_called_label_means_the_one_with_its_classes():
    schema = invoice_schema().add_class("document type", ("invoice",)).add_class("account", ("4400", "4930"))
    assert ClassMap(schema).label("label", "4930")[0] == "account"
    assert ClassMap(schema).label("label", "claim")[0] == "class"


def test_of_several_columns_that_were_asked_for_each_is_a_field_of_its_own():
    names = ClassMap(invoice_schema(), columns=("Label", "category"))
    assert names.label("label", "claim") == ("label", "claim")
    assert names.label("category", "sport") == ("category", "sport")
    assert [(field.name, field.options) for field in names.schema.classes] == [
        ("label", ("claim",)),
        ("category", ("sport",)),
    ]


def test_a_span_field_of_the_same_name_stays_what_it_is():
    names = ClassMap(invoice_schema())
    field_id, _ = names.label("currency", "euro")
    assert field_id != "currency"
    assert names.schema.get("currency").kind is FieldKind.SPAN


def test_options_added_meanwhile_by_another_process_stay():
    begun = invoice_schema().add_class("type", ("a",))
    names = ClassMap(begun)
    names.label("type", "b")
    meanwhile = begun.change("type", options=("a", "c"))
    assert names.onto(meanwhile).get("type").options == ("a", "c", "b")


def test_options_that_differ_only_in_case_are_refused():
    with pytest.raises(ConfigProblem, match="different names"):
        invoice_schema().add_class("type", ("Invoice", "invoice"))


def test_a_label_of_words_never_becomes_one_of_a_class_field():
    schema = invoice_schema().add_class("document type", ("invoice",))
    labels = LabelMap(schema)
    field = labels.field("document type")
    assert labels.schema.get(field).kind is FieldKind.SPAN
    assert labels.schema.get("document_type").kind is FieldKind.CLASS


@pytest.mark.parametrize(
    "options", [("-1", "0", "1"), ("+", "-"), ("A-", "A", "A+"), ("?", "!", "."), ("C", "C++", "C#"), ("1.5", "15")]
)
def test_classes_that_differ_in_a_sign_are_different(options: tuple[str, ...]) -> None:
    names = ClassMap(invoice_schema())
    assert [names.label("rating", option)[1] for option in options] == list(options)
    assert names.onto(invoice_schema()).get("rating").options == options
    assert not names.spellings


def test_dashes_inside_a_name_do_not_make_it_another() -> None:
    names = ClassMap(invoice_schema())
    spellings = ("credit note", "Credit-Note", "credit_note.", " credit  note ")
    assert {names.label("type", name)[1] for name in spellings} == {"credit note"}


def test_a_class_in_another_form_of_unicode_is_the_class_that_there_is_and_is_noted() -> None:
    names = ClassMap(invoice_schema())
    forms = ("Prüfung", unicodedata.normalize("NFD", "Prüfung"), "Ｐrüfung")
    assert {names.label("type", name)[1] for name in forms} == {"Prüfung"}
    assert sum(names.spellings.values()) == 2
