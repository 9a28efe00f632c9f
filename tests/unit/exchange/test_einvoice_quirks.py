"""E-invoices as programs write them in practice: dates with zones, wrong encodings, several terms, rates and files."""

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfWriter

from storage.exceptions import InputProblem
from tests.unit.exchange.test_einvoice_kinds import cms
from tests.unit.exchange.test_einvoices import BODY, EXPECTED, FATTURA, UBL, XML, pdf
from workbench.exchange import detection
from workbench.exchange.einvoices import document_values, kinds
from workbench.exchange.einvoices.xml import Invoice
from workbench.exchange.importers import registry as importers
from workbench.exchange.importers.einvoice_files import MOST_LINES
from workbench.exchange.reading.incoming import Incoming, Options
from workbench.fields import FieldType
from workbench.fields.values import Value, normalise

INVOICE = UBL.format(root="Invoice")


def read(xml: str) -> Invoice:
    (invoice,) = kinds.invoices_of(xml.encode())
    return invoice


def test_dates_lose_their_zone_and_time() -> None:
    assert (
        read(INVOICE.replace("2024-02-29", "2024-02-29+01:00").replace("2024-03-31", "2024-03-31Z")).values == EXPECTED
    )
    moment = "<udt:DateTime>2024-02-29T10:00:00+01:00</udt:DateTime></ram:IssueDateTime>"
    string = '<udt:DateTimeString format="102">20240229</udt:DateTimeString></ram:IssueDateTime>'
    assert read(XML.replace(string, moment)).values == EXPECTED
    italian = FATTURA.format(bodies=BODY.format(number="7")).replace("2024-02-29", "2024-02-29+01:00")
    assert kinds.invoices_of(italian.encode("cp1252"))[0].values["invoice_date"] == "2024-02-29"


def test_windows_1252_that_is_called_utf_8_is_read() -> None:
    italian = FATTURA.format(bodies=BODY.format(number="7"))
    for declared in ('encoding="UTF-8"', ""):
        (invoice,) = kinds.invoices_of(italian.replace('encoding="windows-1252"', declared).encode("cp1252"))
        assert invoice.values["seller_name"] == "Società Alfa"


def test_the_due_date_is_that_without_a_discount() -> None:
    terms = "<ram:SpecifiedTradePaymentTerms>"
    early = (
        f'{terms}<ram:DueDateDateTime><udt:DateTimeString format="102">20240310</udt:DateTimeString>'
        "</ram:DueDateDateTime><ram:ApplicableTradePaymentDiscountTerms/></ram:SpecifiedTradePaymentTerms>"
    )
    assert read(XML.replace(terms, early + terms)).values == EXPECTED
    only = XML.replace(terms, early + terms).replace("20240331", "")
    assert read(only).values["due_date"] == "2024-03-10"  # where all have a discount


def test_one_rate_is_one_however_it_is_written() -> None:
    tax = (
        "<ram:ApplicableTradeTax><ram:RateApplicablePercent>19.00</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
    )
    assert float(read(XML.replace(tax, tax + tax.replace("19.00", "19"))).values["tax_rate"]) == 19
    assert "tax_rate" not in read(XML.replace(tax, tax + tax.replace("19.00", "7"))).values


def test_charges_may_be_true_by_a_one_and_nothing_paid_is_not_printed() -> None:
    charge = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator> 1 </cbc:ChargeIndicator><cbc:AllowanceChargeReason>Freight"
        "</cbc:AllowanceChargeReason><cbc:Amount>5</cbc:Amount></cac:AllowanceCharge><cac:TaxTotal>"
    )
    paid = "<cbc:PrepaidAmount>0.00</cbc:PrepaidAmount><cbc:PayableAmount>119.00</cbc:PayableAmount>"
    xml = INVOICE.replace("<cac:TaxTotal>", charge, 1).replace(
        "</cac:LegalMonetaryTotal>", f"{paid}</cac:LegalMonetaryTotal>"
    )
    invoice = read(xml)
    assert invoice.additions == (("Freight", "5"),)
    assert invoice.payments == ()
    assert read(xml.replace(">0.00<", ">19.00<")).payments == (("Prepaid", "19.00"), ("Amount due", "119.00"))


def test_an_instruction_in_a_value_and_an_allowance_below_zero_are_read() -> None:
    allowance = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:Amount>-5</cbc:Amount>"
        "</cac:AllowanceCharge><cac:TaxTotal>"
    )
    number = EXPECTED["invoice_no"]
    xml = INVOICE.replace("<cac:TaxTotal>", allowance, 1).replace(number, f"{number[:2]}<?x y?>{number[2:]}")
    invoice = read(xml)
    assert (invoice.values["invoice_no"], invoice.additions) == (number, (("Allowance", "-5"),))


@pytest.mark.parametrize(
    ("field", "wrong"), [("amount_total", "NaN"), ("amount_net", "1e400"), ("invoice_date", "2024-02-30")]
)
def test_what_is_no_value_is_no_known_one_and_it_is_said(tmp_path: Path, field: str, wrong: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(INVOICE.replace(EXPECTED[field], wrong))
    [document] = importers.load("e-invoice").read(path, Options(tmp_path))
    assert document.values == {name: value for name, value in EXPECTED.items() if name != field}
    assert any(field in note and "no known value" in note for note in document.notes)
    assert wrong in [token.text for token in document.pages[0].tokens]


def test_placeholders_are_no_values_and_people_sell_too() -> None:
    assert "purchase_order" not in read(INVOICE.replace("PO-7", "NA")).values
    person = "<cac:Person><cbc:FirstName>Ada</cbc:FirstName><cbc:FamilyName>Bo</cbc:FamilyName></cac:Person>"
    named = "<cac:PartyName><cbc:Name>Theodor Est</cbc:Name></cac:PartyName>"
    assert read(INVOICE.replace(named, person)).values["buyer_name"] == "Ada Bo"


@pytest.mark.parametrize(
    ("schemes", "number"),
    [
        ([("Godkänd för F-skatt", "TAX"), ("DE1", "VAT")], "DE1"),
        ([("Godkänd för F-skatt", "TAX")], None),
        ([("201/113", "FC")], "201/113"),
    ],
)
def test_a_tax_number_is_a_number(schemes: list[tuple[str, str]], number: str | None) -> None:
    start, end = INVOICE.index("<cac:PartyTaxScheme>"), INVOICE.index("<cac:PartyLegalEntity>")
    written = "".join(
        f"<cac:PartyTaxScheme><cbc:CompanyID>{text}</cbc:CompanyID><cac:TaxScheme><cbc:ID>{scheme}</cbc:ID>"
        "</cac:TaxScheme></cac:PartyTaxScheme>"
        for text, scheme in schemes
    )
    assert read(INVOICE[:start] + written + INVOICE[end:]).values.get("seller_tax_id") == number


def test_turkish_tax_numbers_stand_among_the_identifications() -> None:
    start, end = INVOICE.index("<cac:PartyTaxScheme>"), INVOICE.index("<cac:PartyLegalEntity>")
    numbers = "".join(
        f'<cac:PartyIdentification><cbc:ID schemeID="{scheme}">{text}</cbc:ID></cac:PartyIdentification>'
        for scheme, text in (("MERSISNO", "0123"), ("VKN", "1234567890"))
    )
    assert read(INVOICE[:start] + numbers + INVOICE[end:]).values["seller_tax_id"] == "1234567890"


def test_of_several_attachments_the_one_that_is_named_as_the_standards_do_counts() -> None:
    writer = PdfWriter(BytesIO(pdf(None)))
    for name, data in (("notes.xml", "<a/>"), ("order.xml", INVOICE.replace("RE-1", "OTHER")), ("factur-x.xml", XML)):
        writer.add_attachment(name, data.encode())
    out = BytesIO()
    writer.write(out)
    assert document_values.read(out.getvalue()) == EXPECTED


def test_a_cut_file_is_said_without_the_parsers_words() -> None:
    with pytest.raises(InputProblem, match=r"a\.xml is broken XML: it is damaged or cut off at line [67]$"):
        kinds.invoices_of("\n".join(INVOICE.splitlines()[:6]).encode(), "a.xml")


def test_an_encoding_that_there_is_none_of_is_named() -> None:
    with pytest.raises(InputProblem, match=r"a\.xml is in an encoding that cannot be read \(.*klingon-8"):
        kinds.invoices_of(b"<?xml version='1.0' encoding='klingon-8'?><a/>", "a.xml")


def test_notices_of_the_exchange_system_are_named(tmp_path: Path) -> None:
    path = tmp_path / "IT01_NS_001.xml"
    path.write_text('<ns3:NotificaScarto xmlns:ns3="http://www.fatturapa.gov.it/sdi/messaggi/v1.0"/>')
    assert "a notice of Italy's exchange system" in detection.unrecognised(path)


def test_a_file_that_is_signed_twice_is_called_as_before(tmp_path: Path) -> None:
    path = tmp_path / "a.xml.p7m.p7m"
    path.write_text(INVOICE)
    (item,) = importers.load("e-invoice").read(path, Options(tmp_path))
    assert getattr(item, "name", "") == "a"


def test_of_very_many_lines_the_first_are_set_and_it_is_said(tmp_path: Path) -> None:
    line = "<cac:InvoiceLine><cac:Item><cbc:Name>Bolts</cbc:Name></cac:Item></cac:InvoiceLine>"
    path = tmp_path / "long.xml"
    path.write_text(INVOICE.replace("</Invoice>", line * MOST_LINES + "</Invoice>"))
    [document] = importers.load("e-invoice").read(path, Options(tmp_path))
    assert f"the page shows the first {MOST_LINES:,} of {MOST_LINES + 1:,} line items" in document.notes
    assert document.pages[0].height < 25 * (MOST_LINES + 50)
    assert document.values == EXPECTED


@pytest.mark.parametrize("text", ["_" * 2_000_000, "- " * 400_000])
def test_a_page_that_words_make_huge_is_not_drawn(tmp_path: Path, text: str) -> None:
    path = tmp_path / "huge.xml"
    path.write_text(INVOICE.replace("Desk lamp", text))
    [document] = importers.load("e-invoice").read(path, Options(tmp_path))
    assert document.pages[0].picture is None
    assert "the page is too large for a picture" in document.notes


@pytest.mark.parametrize(
    ("printed", "meant"), [("1.358", "1.358"), ("-12.500", "-12.50"), ("120.000", "120.00"), ("1358.125", "1358.125")]
)
def test_three_decimals_of_an_amount_are_no_thousands(printed: str, meant: str) -> None:
    values = read(INVOICE.replace(EXPECTED["amount_total"], printed)).values
    assert normalise(FieldType.AMOUNT, values["amount_total"]) == Value(values["amount_total"], meant)


def _said(tmp_path: Path, **files: bytes) -> tuple[str, list[str]]:
    """The number that a PDF's e-invoice has, and what is said of it or of its refusal."""
    for name, content in files.items():
        (tmp_path / name.replace("_", ".")).write_bytes(content)
    (item,) = importers.load("pdf").read(tmp_path / "a.pdf", Options(tmp_path))
    return (item.values.get("invoice_no", ""), item.notes) if isinstance(item, Incoming) else ("", [item.reason])


def test_an_e_invoice_beside_another_or_a_broken_one_is_not_left_out_without_a_word(tmp_path: Path) -> None:
    mine, other = XML.encode(), XML.replace("RE-1", "RE-2").encode()
    assert _said(tmp_path, a_pdf=pdf(mine), a_xml=mine) == ("RE-1", [])
    number, (note,) = _said(tmp_path, a_pdf=pdf(mine), a_xml=other)
    assert number == "RE-1" and "beside it was left out" in note
    number, (note,) = _said(tmp_path, a_pdf=pdf(b"<broken", "factur-x.xml"), a_xml=other)
    assert number == "RE-2" and "inside was not read, the one beside it was" in note
    _, (reason,) = _said(tmp_path, a_pdf=b"%PDF-1.4 broken", a_xml=other)
    assert "a.xml beside it was not read either" in reason
    number, (note,) = _said(tmp_path, a_pdf=pdf(None), a_xml=mine, a_xml_p7m=cms(other))
    assert number == "RE-1" and "the signed e-invoice beside it was left out" in note


def test_a_second_e_invoice_inside_a_pdf_is_said(tmp_path: Path) -> None:
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(100, 100)
    writer.add_attachment("factur-x.xml", XML.encode())
    writer.add_attachment("second.xml", XML.replace("RE-1", "RE-2").encode())
    writer.write(out)
    number, (note,) = _said(tmp_path, a_pdf=out.getvalue())
    assert number == "RE-1" and "several e-invoices" in note
