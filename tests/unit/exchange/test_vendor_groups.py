"""Documents of one vendor or one template come together, others stay apart."""

import shutil
import sqlite3
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from storage.records import Page, Token
from tests.support import workspaces
from workbench.exchange.vendor_groups import GUESSED, Grouper, by_sellers, one_vendor, seller_key, shown_vendor


def _tokens(text: str, left: float = 0.0, size: float = 10.0) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for line, words in enumerate(text.strip().splitlines()):
        x = left
        for word in words.split():
            width = 0.6 * size * len(word)
            tokens.append(
                Token(len(tokens), 0, line, word, (x, line * 1.5 * size, x + width, line * 1.5 * size + size))
            )
            x += width + 0.6 * size
    return tuple(tokens)


_ACME = (
    "Acme Trading Company\nHigh Street London\nInvoice Number {0}\nDate {0}/03/2024\nDescription Quantity Price Total"
)
_OTHER = "Müller Söhne Werkzeuge\nRechnung Nummer {0}\nKunde Datum Betrag\nArtikel Menge Einzelpreis Gesamtpreis Summe"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Acme Sdn Bhd", "ACME SDN. BHD."),
        ("Lieferant GmbH", "lieferant"),
        ("MR. D.I.Y. (M) SDN BHD", "MR D.I.Y (M) SDN BHD"),
        ("Ünal  Ltd.", "ünal limited"),
        ("Hölty e.K.", "Hölty"),
    ],
)
def test_spellings_of_one_seller(a: str, b: str) -> None:
    grouper = Grouper("seller")
    assert grouper.group("1", (), seller=a) == grouper.group("2", (), seller=b) == a.replace("  ", " ")


def test_misread_sellers_are_merged_and_others_are_not() -> None:
    grouper = Grouper("seller")
    first = grouper.group("1", (), seller="SANYU STATIONERY SHOP")
    assert grouper.group("2", (), seller="SANYU STATI0NERY SHOP") == first
    assert grouper.group("3", (), seller="SUNSHINE STATIONERY") != first
    assert grouper.group("4", (), seller="B & B") != grouper.group("5", (), seller="A & A")


def test_one_template_comes_together_by_its_looks() -> None:
    grouper = Grouper("seller")
    first = grouper.group("1", _tokens(_ACME.format(1001)))
    assert first.startswith(GUESSED)
    assert grouper.group("2", _tokens(_ACME.format(2077), left=40, size=14)) == first  # another scan, another margin
    assert grouper.group("3", _tokens(_OTHER.format(7))) != first


def test_an_unknown_seller_joins_the_known_one_of_its_template() -> None:
    grouper = Grouper("seller")
    assert grouper.group("1", _tokens(_ACME.format(1)), seller="Acme Trading") == "Acme Trading"
    assert grouper.group("2", _tokens(_ACME.format(2))) == "Acme Trading"


def test_groups_of_the_workspace_go_on() -> None:
    page = Page(0, 500, 700, _tokens(_ACME.format(1)))
    grouper = Grouper("seller", [("Acme Trading", page)])
    assert grouper.group("2", _tokens(_ACME.format(2))) == "Acme Trading"
    assert grouper.group("3", (), seller="ACME TRADING LTD") == "Acme Trading"


def test_by_folder_and_by_nothing() -> None:
    assert Grouper("folder").group("1", (), source=Path("in/vendor a/1.pdf")) == "vendor a"
    grouper = Grouper("none")
    assert {grouper.group("same", ()) for _ in range(3)} == {"same", "same (2)", "same (3)"}


def test_a_page_without_words_is_a_group_of_its_own() -> None:
    grouper = Grouper("seller")
    assert grouper.group("a", ()) != grouper.group("b", ())


def test_legal_forms_alone_are_still_a_name() -> None:
    assert seller_key("Co. Ltd.")


@pytest.mark.realdata
def test_receipts_of_a_vendor_are_rarely_torn_apart(realdata: Path, tmp_path: Path) -> None:
    """Without sellers, by looks alone: few vendors' receipts mix, most of a vendor's stay together."""
    from workbench.exchange.pipeline import run
    from workbench.exchange.sources import ImportRequest

    for kind in ("box", "key"):
        (tmp_path / "in" / kind).mkdir(parents=True)
        for path in sorted((realdata / "receipts_en" / kind).iterdir())[:150]:
            shutil.copy(path, tmp_path / "in" / kind)
    workspace = workspaces.empty(tmp_path / "ws")
    run(workspace, ImportRequest((tmp_path / "in",), group_by="template", ocr=False))
    workspace.close()
    with sqlite3.connect(tmp_path / "ws" / "workbench.db") as connection:
        rows = connection.execute(
            "select d.group_name, r.value from documents d join reference_values r on r.document_id = d.id "
            "where r.field = 'seller_name'"
        ).fetchall()
    vendors: dict[str, Counter[str]] = defaultdict(Counter)
    for group, seller in rows:
        vendors[group][seller_key(seller)] += 1
    pure = sum(max(counts.values()) for counts in vendors.values()) / len(rows)
    pairs = Counter(group for group, _ in rows)
    assert pure > 0.85
    assert len(pairs) < 100  # of 150 receipts


def test_a_guessed_vendor_is_named_by_its_labelled_seller_and_joins_it() -> None:
    groups = {1: "~ ACME", 2: "~ ACME", 3: "~ ACME (2)", 4: "Bolt Ltd", 5: "~ posted", 6: "~ posted", 7: "~ posted"}
    sellers = {1: "Acme Sdn Bhd", 3: "ACME SDN. BHD.", 4: "Another", 5: "Bolt Limited", 6: "Dorn GmbH"}
    assert by_sellers(groups, sellers) == {
        **dict.fromkeys((1, 2, 3), "Acme Sdn Bhd"),  # one seller: the whole group, and both of its spellings
        5: "Bolt Ltd",  # several in one guess: each labelled document leaves it for its own seller
        6: "Dorn GmbH",
    }


def test_near_equal_names_and_equal_identifiers_are_one_vendor() -> None:
    groups = {
        1: "Sanyu Stationery Shop Sdn Bhd", 2: "SANYU STATI0NERY SHOP", 3: f"{GUESSED}Sanyu Stationery Shop (2)",
        4: "Sunshine Stationery", 5: "Muster GmbH", 6: "Muster Handelsgesellschaft", 7: f"{GUESSED}Rechnung",
        8: f"{GUESSED}Rechnung (2)", 9: "", 10: "",
    }  # fmt: skip
    vendors = one_vendor(groups, {5: ["DE 123 456 789"], 6: ["de123456789"], 9: ["DE123456789"]})
    assert vendors[1] == vendors[2] == vendors[3] and vendors[5] == vendors[6]
    assert len({vendors[n] for n in (1, 4, 5, 7, 8)}) == 5, "other vendors, and templates of one headline, stay apart"
    assert vendors[9] == vendors[10] == ""
    assert len(set(one_vendor({1: "Supplier Number 12", 2: "Supplier Number 13"}).values())) == 2


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("tan woon yann\nBOOK TA .K SDN BHD\nNo 5 Jalan Ros", "BOOK TA .K SDN BHD"),
        ("Tax Invoice\nGrocery Corner\nHigh Street", "Grocery Corner"),
        ("Grocery Corner\nHigh Street", "Grocery Corner"),
    ],
)
def test_a_template_is_named_by_the_company_and_not_by_what_stands_above_it(head: str, name: str) -> None:
    assert Grouper("template").group("d1", _tokens(head)) == GUESSED + name


@pytest.mark.parametrize("group", ["~ COMPANY REG", "~ Co. Reg No : 76543", "~ GST ID NO 001234", "~ r001 (2)"])
def test_a_guessed_vendor_that_can_be_no_name_is_not_shown(group: str) -> None:
    assert shown_vendor(group) == ""


@pytest.mark.parametrize("group", ["COMPANY REG", "~ tan woon yann", "~ THE COFFEE COMPANY", "~ 明达科技有限公司"])
def test_a_vendor_that_can_be_a_name_is_shown(group: str) -> None:
    assert shown_vendor(group) == group


def test_a_document_is_not_called_after_the_number_of_a_register() -> None:
    tokens = _tokens("COMPANY REG NO: 12345-X\nTHE CORNER SHOP\n12 ROAD")
    assert Grouper("template").group("r1", tokens) == "~ THE CORNER SHOP"
