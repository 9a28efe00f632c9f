"""The kind of document that a title names, and the options of a class field that are called after kinds."""

import pytest

from workbench.predictions.document_kinds import kind_named, kind_of, shares


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Weber GmbH Lindenweg 3 50667 Köln Rechnung Nr. 117 Summe 12,00 EUR", "invoice"),
        ("Weber GmbH Lindenweg 3 50667 Köln Gutschrift 9 zu Rechnung Nr. 117", "credit note"),
        ("Weber GmbH Letzte MAHNUNG Unsere Rechnung 117 vom 2. Mai", "reminder"),
        ("Société Martin Mise en demeure facture 20-11 impayée", "reminder"),
        ("Szkoła Sp. z o.o. Faktura korygująca do faktury 12/2024", "credit note"),
        ("华 东 商 贸 催 款 通 知 发 票 号 码 20231", "reminder"),
        ("KEDAI BUKU SDN BHD TAX INVOICE Total RM 12.00 CASH 20.00 CHANGE 8.00", "receipt"),
        ("Trattoria Da Gino Scontrino Totale 18,00", "receipt"),
        ("Weber GmbH Lieferschein 55 12 Kartons", "delivery note"),
        ("Weber GmbH Angebot 2024-7 gültig bis 1. März", "quote"),
        ("Guten Tag, wann kommt das Paket?", None),
        ("", None),
    ],
)
def test_a_title_says_what_a_document_is(text: str, kind: str | None) -> None:
    assert kind_of(text) == kind
    assert kind_of(text.casefold()) == kind


def test_a_reminder_fee_below_an_invoice_makes_no_reminder() -> None:
    goods = " ".join(f"{n} Schrauben {n},00" for n in range(1, 30))
    assert (
        kind_of(f"Weber GmbH Rechnung 117 {goods} Bei Zahlungsverzug berechnen wir eine Mahngebühr von 5,00")
        == "invoice"
    )


@pytest.mark.parametrize(
    ("option", "kind"),
    [("Credit notes", "credit note"), ("credit_note", "credit note"), ("Rechnung", "invoice"), ("Beleg", "receipt"),
     ("office supplies", None), ("cash", None), ("", None)],
)  # fmt: skip
def test_options_are_called_after_kinds(option: str, kind: str | None) -> None:
    assert kind_named(option) == kind


def test_titles_say_nothing_of_options_that_are_called_otherwise() -> None:
    assert shares(["travel", "receipt", "rent"], ["receipt"]) == {}
    assert shares(["claim", "other"], ["claim"]) == {}


def test_two_options_of_one_kind_are_not_told_apart_by_titles() -> None:
    by_kind = shares(["invoice", "Rechnung", "reminder"], ["invoice", "Rechnung", "reminder"])
    assert list(by_kind) == ["reminder"]
    assert by_kind["reminder"]["reminder"] == 0.9 and sum(by_kind["reminder"].values()) == pytest.approx(1)


def test_only_wanted_options_are_told() -> None:
    assert list(shares(["invoice", "credit note", "reminder"], ["reminder"])) == ["reminder"]


def test_of_a_long_text_the_beginning_is_looked_at() -> None:
    assert kind_of("Some words of a report. " * 1000 + "invoice") is None
