"""A name and an address end where they end: foreign lines are left out, and lines that are theirs come in."""

import pytest

from tests.unit.locate.test_parties import around
from workbench.fields import FieldType
from workbench.locate import party_words
from workbench.locate.context import Surroundings


def tidied(field: FieldType, lines: tuple[str, ...], read: str) -> str:
    """What becomes of the words `read` on a page of lines below each other."""
    page: Surroundings = around(*((100, 100 + 13 * number, line) for number, line in enumerate(lines)))
    words = [token.text for token in page.tokens]
    wanted = read.split()
    first = next(at for at in range(len(words)) if words[at : at + len(wanted)] == wanted)
    return page.text(party_words.tidied(page, field, tuple(range(first, first + len(wanted)))))


@pytest.mark.parametrize(
    "last",
    [
        "Tel. 0561 48213",
        "03-41318972",
        "WHATSAPP :",
        "Hotline 0800 1234567",
        "info@example.org",
        "HRB 4711",
        "Rechnung Nr.",
    ],
)
def test_a_line_of_something_else_below_an_address_is_none_of_it(last: str) -> None:
    lines = ("Lindenweg 4", "34117 Kassel", last)
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == "Lindenweg 4 34117 Kassel"


@pytest.mark.parametrize("first", ["HRB 4711", "Molitor Feinkost GmbH", "z. Hd. Ida Sommer"])
def test_a_line_of_something_else_above_an_address_is_none_of_it(first: str) -> None:
    lines = (first, "Lindenweg 4", "34117 Kassel")
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == "Lindenweg 4 34117 Kassel"


def test_a_postcode_alone_in_the_last_line_stays() -> None:
    lines = ("5/64 Jooma Drive Cairns", "2313")
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == "5/64 Jooma Drive Cairns 2313"


def test_a_street_takes_its_town_and_a_town_its_street() -> None:
    lines = ("Lindenweg 4", "34117 Kassel", "Tel. 0561 48213")
    assert tidied(FieldType.ADDRESS, lines, "Lindenweg 4") == "Lindenweg 4 34117 Kassel"
    assert tidied(FieldType.ADDRESS, lines, "34117 Kassel") == "Lindenweg 4 34117 Kassel"


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        (("Molitor Feinkost-", "gesellschaft mbH"), "gesellschaft mbH"),
        (("Molitor Feinkost-", "gesellschaft mbH"), "Molitor Feinkost-"),
        (("Molitor &", "Sommer Feinkost GmbH"), "Sommer Feinkost GmbH"),
        (("FERRETERÍA", "DAIPEIN S.L."), "DAIPEIN S.L."),
        (("Molitor Feinkost", "Handels GmbH"), "Molitor Feinkost"),
    ],
)
def test_a_name_of_two_lines_is_read_whole(lines: tuple[str, str], read: str) -> None:
    assert tidied(FieldType.PARTY, lines, read) == " ".join(lines)


@pytest.mark.parametrize("above", ["KOPITIAM", "Rechnung", "ACCOUNT'S COPY", "Zeta Ltd"])
def test_the_line_above_a_company_that_is_whole_is_none_of_its_name(above: str) -> None:
    assert tidied(FieldType.PARTY, (above, "OLD TOWN DELI SDN BHD"), "OLD TOWN DELI SDN BHD") == "OLD TOWN DELI SDN BHD"


@pytest.mark.parametrize(
    ("read", "name"),
    [
        ("Molitor Feinkost GmbH HRB 4711", "Molitor Feinkost GmbH"),
        ("Molitor Foods Ltd. Registered in", "Molitor Foods Ltd."),
        ("Rechnung an: Molitor Feinkost GmbH", "Molitor Feinkost GmbH"),
        ("Molitor GmbH & Co. KG", "Molitor GmbH & Co. KG"),
        ("Molitor Foods (M) Sdn Bhd", "Molitor Foods (M) Sdn Bhd"),
    ],
)
def test_what_a_caption_or_a_register_says_is_none_of_a_name(read: str, name: str) -> None:
    assert tidied(FieldType.PARTY, (read,), read) == name


@pytest.mark.parametrize("first", ["NO.17,18 & 41,", "LOT B-005-006,BASEMENT"])
def test_the_lots_and_houses_above_a_town_stay(first: str) -> None:
    lines = (first, "39100 Brinchang")
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == f"{first} 39100 Brinchang"
