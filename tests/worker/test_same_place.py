"""A vendor's next invoice has another value beside the same header, or at the same place."""

from workbench.fields import FieldType, invoice_schema
from workbench.runs.parquet import FrozenDocument
from workbench.training.learner import readers
from workbench.training.learner.same_place import Pages, SamePlaces, page_of

_SCHEMA = invoice_schema().add("delivery_note", FieldType.ID)


def row(*lines: str, group: str = "a vendor", **labels: str) -> FrozenDocument:
    """A page of lines, ten thousandths a letter; `labels`: field -> the words that are labelled."""
    words, boxes, numbers = [], [], []
    for number, line in enumerate(lines):
        left = 50
        for word in line.split():
            words.append(word)
            boxes.append([left, 40 * number, left + 10 * len(word), 40 * number + 25])
            numbers.append(number)
            left += 10 * len(word) + 10
    tags = ["O"] * len(words)
    for field, value in labels.items():
        wanted = value.split()
        start = next(at for at in range(len(words)) if words[at : at + len(wanted)] == wanted)
        tags[start : start + len(wanted)] = [f"B-{field}", *[f"I-{field}"] * (len(wanted) - 1)]
    return FrozenDocument(
        1, "a page", group, words=words, boxes=boxes, lines=numbers, pages=[0] * len(words), tags=tags
    )


def offered(page: FrozenDocument, *before: FrozenDocument) -> dict[str, tuple[str, float]]:
    values = SamePlaces([page_of(document) for document in before], _SCHEMA).values(page_of(page))
    return {field: (" ".join(page.words[word] for word in words), sure) for field, (words, sure) in values.items()}


_LINES = ("Kunden AG", "Ringstr. 5", "69876 Frankfurt", "", "", "Invoice", "Our slip LS-77 of May")
_FIRST = row(*_LINES, delivery_note="LS-77", buyer_address="Ringstr. 5 69876 Frankfurt")


def test_a_field_of_ones_own_and_an_address_are_offered_where_the_vendor_had_them_before() -> None:
    page = row("Muster GmbH", "Am Markt 3 b", "12345 Berlin", "", "", "", "", "Invoice", "Our slip LS-91 of June")
    texts = {field: text for field, (text, _) in offered(page, _FIRST).items()}
    assert texts == {"delivery_note": "LS-91", "buyer_address": "Am Markt 3 b 12345 Berlin"}


def test_another_vendor_and_what_is_no_value_of_the_field_are_left_out() -> None:
    assert offered(row("Our slip LS-91", group="another"), _FIRST) == {}
    assert offered(row("Our slip missing"), _FIRST) == {}
    assert offered(row("Goods 3 pieces", "LS-91"), _FIRST) == {}


def test_a_page_is_laid_out_once_until_it_is_read_anew_and_has_no_labels() -> None:
    pages = Pages()
    first = pages.of(_FIRST)
    assert pages.of(row(*_LINES)) is first and not first.labels
    assert pages.of(row("Muster AG")).words == ["Muster", "AG"]
    assert pages.of(row("Muster AG", group="another")).group == "another"


def test_what_was_wrong_at_the_place_makes_it_less_likely() -> None:
    other, last = row("Our slip LS-80"), row("Our slip LS-81", delivery_note="LS-81")
    page = row("Our slip LS-91")
    (_, once), (_, right) = offered(page, _FIRST)["delivery_note"], offered(page, _FIRST, last)["delivery_note"]
    assert right > once
    assert "delivery_note" not in offered(page, last, other, other), "LS-80 was no value of the field, twice"


def test_an_order_that_was_learned_is_offered_only_where_something_speaks_for_it() -> None:
    page = page_of(row("Weitere Referenz: 42389", "Ihre Bestellung: 4711"))
    for word, is_kept, others in ((2, False, {}), (5, True, {}), (2, True, {"purchase_order": ((2,), 0.6)})):
        values = {"purchase_order": ((word,), 0.7), "seller_name": ((0,), 0.7)}
        kept = readers.without_guesses(values, page, _SCHEMA, [others])
        assert kept == (values if is_kept else {"seller_name": ((0,), 0.7)})


def test_what_tills_call_an_order_and_a_discount_are_learned_as_no_order_and_no_rate() -> None:
    lines = ("ORDER : 8557", "CASHIER : Ann", "TOTAL 9.00", "CASH 10.00", "CHANGE 1.00", "Ecke 12", "bar 3% Skonto")
    page = page_of(row(*lines, "USt 19 %"))
    at = {word: number for number, word in enumerate(page.words)}
    values = {"purchase_order": ((at["8557"],), 0.7)}
    assert readers.without_guesses(values, page, _SCHEMA, []) == {}
    assert readers.without_guesses(values, page, _SCHEMA, [values]) == values
    for word, is_kept in (("12", False), ("3%", False), ("19", True)):
        rate: readers.Values = {"tax_rate": ((at[word],), 0.6)}
        assert readers.without_guesses(rate, page, _SCHEMA, []) == (rate if is_kept else {}), word


def test_a_piece_of_a_number_that_dashes_join_is_learned_as_no_number() -> None:
    page = page_of(row("BILL 1204 - 311 - 7702", "TABLE 55"))
    at = {word: number for number, word in enumerate(page.words)}
    for words, is_kept in (((at["311"],), False), (tuple(range(1, 6)), True), ((at["55"],), True)):
        values: readers.Values = {"invoice_no": (words, 0.7)}
        assert readers.without_guesses(values, page, _SCHEMA, []) == (values if is_kept else {})


def test_a_number_with_another_caption_is_not_the_one_that_stood_there() -> None:
    first = row("Kunden AG", "Bestellung: 4711", purchase_order="4711")
    assert offered(row("Kunden AG", "Best. Ref: 4212"), first) == {}
    assert offered(row("Kunden AG", "Bestellnng: 4212"), first)["purchase_order"][0] == "4212"
