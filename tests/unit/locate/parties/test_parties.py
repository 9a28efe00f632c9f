"""The parties of a letter, a form and an order with two addresses are told apart."""

from storage.records import Token
from workbench.locate.context import Surroundings
from workbench.locate.parties.blocks import Party, PartyBlocks
from workbench.locate.parties.sides import PartySides, assign


def around(*lines: tuple[float, float, str]) -> Surroundings:
    """(x, y, text) in thousandths of the page, six units a letter and twelve a line."""
    tokens: list[Token] = []
    for number, (left, y, text) in enumerate(lines):
        x = left
        for word in text.split():
            tokens.append(Token(len(tokens), 0, number, word, (x, y, x + 6 * len(word), y + 11)))
            x += 6 * len(word) + 4
    return Surroundings(tokens)


def sides(page: Surroundings) -> tuple[str, ...]:
    """Seller's name and address, buyer's name and address."""
    seller, buyer, _ = assign(PartySides(PartyBlocks(page)).parties, {})

    def texts(party: Party | None) -> tuple[str, str]:
        return (page.text(party.name), page.text(party.address)) if party else ("", "")

    return *texts(seller), *texts(buyer)


def test_the_senders_line_stands_above_the_addressee() -> None:
    page = around(
        (100, 150, "Nordlicht Bau GmbH | Hafenweg 7 | 24103 Kiel"),
        (100, 175, "Frau"),
        (100, 188, "Ida Sommer"),
        (100, 201, "Birkenallee 12b"),
        (100, 214, "50667 Köln"),
        (100, 330, "Rechnung Nr. 4711"),
        (100, 360, "Sehr geehrte Frau Sommer,"),
        (100, 900, "info@nordlicht-bau.de"),
    )
    assert sides(page) == ("Nordlicht Bau GmbH", "Hafenweg 7 24103 Kiel", "Ida Sommer", "Birkenallee 12b 50667 Köln")


def test_a_forms_headings_decide() -> None:
    page = around(
        (100, 200, "Käufer"),
        (100, 220, "Name:"),
        (400, 220, "Alpha AG"),
        (100, 240, "Anschrift:"),
        (400, 240, "Gasse 1"),
        (400, 253, "DE 69117 Heidelberg"),
        (100, 320, "Verkäufer"),
        (100, 340, "Name:"),
        (400, 340, "Beta GmbH"),
        (100, 360, "Anschrift:"),
        (400, 360, "Weg 2"),
        (400, 373, "DE 80333 München"),
    )
    assert sides(page) == ("Beta GmbH", "Weg 2 80333 München", "Alpha AG", "Gasse 1 69117 Heidelberg")


def test_the_place_of_delivery_is_not_the_buyers_where_there_is_another() -> None:
    page = around(
        (180, 30, "Atelier Dubois SARL - 3 rue Haute - 59000 Lille"),
        (60, 150, "Adresse de livraison"),
        (60, 165, "Dépôt Sud"),
        (60, 178, "8 chemin du Lac"),
        (60, 191, "13001 Marseille"),
        (560, 165, "Librairie Martin"),
        (560, 178, "5 place Verte"),
        (560, 191, "75002 Paris"),
    )
    assert sides(page)[0] == "Atelier Dubois SARL"
    assert sides(page)[2:] == ("Librairie Martin", "5 place Verte 75002 Paris")


def test_british_and_american_addresses_are_addresses() -> None:
    page = around(
        (60, 60, "Harbour Tools Ltd"),
        (60, 73, "14 Mill Lane"),
        (60, 86, "Exeter EX4 3PL"),
        (60, 180, "Bill to:"),
        (60, 195, "Cactus Supplies Inc."),
        (60, 208, "410 Desert Road"),
        (60, 221, "Tucson, AZ 85701"),
    )
    assert sides(page) == (
        "Harbour Tools Ltd",
        "14 Mill Lane Exeter EX4 3PL",
        "Cactus Supplies Inc.",
        "410 Desert Road Tucson, AZ 85701",
    )


def test_lines_of_the_address_window_may_be_far_apart_and_code_and_town_may_touch() -> None:
    page = around(
        (600, 150, "Nordlicht Bau GmbH"),
        (600, 163, "Hafenweg 7"),
        (600, 176, "24103 Kiel"),
        (110, 185, "Nordlicht Bau GmbH ● Hafenweg 7 ● 24103 Kiel"),
        (90, 210, "Ida Sommer"),
        (90, 245, "Birkenallee 12"),
        (90, 280, "50667Köln"),
        (90, 400, "Rechnung Nr. 4711"),
    )
    assert sides(page)[2:] == ("Ida Sommer", "Birkenallee 12 50667Köln")


def test_a_forms_name_may_take_two_lines_and_stand_apart_from_its_address() -> None:
    page = around(
        (100, 200, "Verkäufer"),
        (400, 216, "NVB Nordischer"),
        (100, 230, "Name:"),
        (400, 230, "Versicherungsbund Kiel a.G."),
        (100, 266, "Anschrift:"),
        (400, 266, "Hafenweg 7"),
        (400, 284, "DE 24103 Kiel"),
        (100, 340, "Käufer"),
        (400, 356, "Frau"),
        (100, 369, "Name:"),
        (400, 369, "Ida Sommer"),
        (100, 405, "Anschrift:"),
        (400, 405, "Birkenallee 12"),
        (400, 423, "DE 50667 Köln"),
    )
    assert sides(page) == (
        "NVB Nordischer Versicherungsbund Kiel a.G.",
        "Hafenweg 7 24103 Kiel",
        "Ida Sommer",
        "Birkenallee 12 50667 Köln",
    )
