"""Values that a vendor prints on each of its invoices are known again without a model."""

from workbench.fields import invoice_schema
from workbench.runs.parquet import FrozenDocument
from workbench.training.learner.remembered import Printed, Remembered

_SCHEMA = invoice_schema()


def printed(text: str, **labels: str) -> Printed:
    """A page with a line for each line of a text; `labels`: field -> the words that are labelled."""
    lines = [line.split() for line in text.splitlines()]
    words = [word for line in lines for word in line]
    tags = ["O"] * len(words)
    for field, value in labels.items():
        wanted = value.split()
        start = next(at for at in range(len(words)) if words[at : at + len(wanted)] == wanted)
        tags[start : start + len(wanted)] = [f"B-{field}", *[f"I-{field}"] * (len(wanted) - 1)]
    numbers = [number for number, line in enumerate(lines) for _ in line]
    row = FrozenDocument(
        1, "a page", words=words, boxes=[[0, 50 * number, 900, 50 * number + 40] for number in numbers], lines=numbers,
        pages=[0] * len(words), tags=tags,
    )  # fmt: skip
    return Printed.of(row)


def offered(documents: list[Printed], page: Printed) -> dict[str, str]:
    values = Remembered(documents, _SCHEMA).values(page)
    return {field: " ".join(page.words[word] for word in words) for field, (words, _) in values.items()}


FIRST = printed(
    "99 SPEED MART S/B\nLOT 2811, JALAN ANGSA\n12.03.2018\nTOTAL 5.00",
    seller_name="99 SPEED MART S/B", seller_address="LOT 2811, JALAN ANGSA", invoice_date="12.03.2018",
    amount_total="5.00",
)  # fmt: skip


def test_a_name_and_an_address_that_were_labelled_once_are_offered_on_the_next_invoice() -> None:
    assert offered([FIRST], printed("OTHER SHOP\nTOTAL 7.20")) == {}
    page = printed("99 Speed Mart S/B\nLOT 2811 JALAN ANGSA\n30.04.2018\nTOTAL 7.20")
    assert offered([FIRST], page) == {"seller_name": "99 speed mart sb", "seller_address": "lot 2811 jalan angsa"}


def test_dates_and_sums_are_never_offered_again() -> None:
    assert offered([FIRST], printed("12.03.2018\nTOTAL 5.00")) == {}


def test_words_that_stand_on_pages_without_being_the_value_are_not_offered() -> None:
    buys = printed("Ship to\n99 SPEED MART S/B", buyer_name="99 SPEED MART S/B")
    page = printed("Ship to\n99 SPEED MART S/B")
    assert offered([buys, FIRST], page) == {}, "one label says the buyer, one the seller"
    assert offered([buys, buys, buys, FIRST], page) == {"buyer_name": "99 speed mart sb"}


def test_of_two_values_that_begin_alike_the_one_that_was_always_right_is_offered() -> None:
    short = printed("99 SPEED MART S/B\nTOTAL 5.00", seller_name="99 SPEED MART")
    assert offered([short, FIRST, FIRST, FIRST, FIRST], FIRST)["seller_name"] == "99 speed mart sb"


def test_a_value_that_is_printed_twice_is_offered_where_it_was_labelled() -> None:
    text = "ACME TRADING\nLetter\nof\nthanks\nACME TRADING"
    known = Remembered([printed(text, seller_name="ACME TRADING")], _SCHEMA)
    assert known.values(printed(text))["seller_name"][0] == (0, 1)


def test_an_address_in_two_pieces_is_offered_as_both() -> None:
    words = ["ACME", "Tel:", "1234", "LANE", "7", "Fax:", "99", "4711", "TOWN"]
    tags = ["O", "O", "O", "B-seller_address", "I-seller_address", "O", "O", "B-seller_address", "I-seller_address"]
    labelled = FrozenDocument(1, "a page", words=words, boxes=[[0, 0, 9, 9]] * 9, pages=[0] * 9, tags=tags)
    again = printed("ACME Tel: 8888 LANE 7 Fax: 77 4711 TOWN")
    place, sure = Remembered([Printed.of(labelled)], _SCHEMA).values(again)["seller_address"]
    assert place == (3, 4, 7, 8)
    assert sure > 0.9
