"""Known values that are read right, before anything is labelled."""

from storage.records import Annotations, Content, Document, Page, ReferenceValue, Side, State, Token
from workbench.evaluation import known_value_figures
from workbench.fields import invoice_schema

TYPES = {field.id: field.type for field in invoice_schema()}


def content(name: str, text: str, group: str = "", **known: str) -> Content:
    words = text.split()
    tokens = tuple(Token(i, 0, 0, word, (10.0 * i, 0, 10.0 * i + 9, 9)) for i, word in enumerate(words))
    document = Document(1, name, name, name, "pdf", None, group, Side.TRAIN, State.NEW, "", 1, len(words), 0)
    references = tuple(ReferenceValue(field, value, "einvoice") for field, value in known.items())
    return Content(document, (Page(0, 100, 100, tokens),), Annotations(), (), references)


def test_values_are_compared_by_their_meaning_and_wrong_ones_that_look_sure_are_counted_apart() -> None:
    first = content("a", "Rechnung R-7 1.234,50 20.01.2024", "Acme", amount_total="1234.5", invoice_no="R-8")
    second = content("b", "Rechnung R-9 5,00", "Acme", amount_total="5.00", invoice_date="2024-01-20")
    rows = known_value_figures.judge(first, [("amount_total", (2,), 0.9), ("invoice_no", (1,), 0.8)], TYPES)
    rows += known_value_figures.judge(second, [("amount_total", (2,), 0.6)], TYPES)
    figures = known_value_figures.figures(rows)
    assert (figures["right"], figures["known"], figures["wrong"], figures["missing"]) == (2, 4, 1, 1)
    assert (figures["sure"], figures["sure_wrong"]) == (2, 1)
    assert figures["fields"]["invoice_date"]["missing"] == 1
    assert figures["layouts"]["Acme"]["known"] == 4
    assert (figures["one_a_layout"]["right"], figures["one_a_layout"]["known"]) == (1, 2)
    assert [(row["document"], row["offered"]) for row in figures["wrong_values"]] == [("a", "R-7")]


def test_each_of_several_known_values_of_a_field_is_right() -> None:
    document = content("a", "Total 5,00", amount_total="6.00")
    second = ReferenceValue("amount_total", "5.00", "values")
    both = Content(document.document, document.pages, document.annotations, (), (*document.references, second))
    (row,) = known_value_figures.judge(both, [("amount_total", (1,), 0.5)], TYPES)
    assert row.right


def test_a_date_is_read_as_the_other_dates_of_its_page_are() -> None:
    american = content("a", "Date 11/03/2017 paid 11/17/2017", invoice_date="2017-11-03")
    (row,) = known_value_figures.judge(american, [("invoice_date", (1,), 0.9)], TYPES)
    assert row.right
    european = content("b", "Date 11/03/2017 paid 17/11/2017", invoice_date="2017-03-11")
    (row,) = known_value_figures.judge(european, [("invoice_date", (1,), 0.9)], TYPES)
    assert row.right
