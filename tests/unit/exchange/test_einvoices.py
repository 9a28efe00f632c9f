"""Values are read from e-invoices; broken ones are refused with a reason."""

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfWriter

from storage.exceptions import InputProblem
from workbench.exchange.einvoices import document_values, kinds
from workbench.exchange.importers import registry as importers
from workbench.exchange.reading.incoming import Incoming, Options

XML = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
<rsm:ExchangedDocument><ram:ID>RE-1</ram:ID>
 <ram:IssueDateTime><udt:DateTimeString format="102">20240229</udt:DateTimeString></ram:IssueDateTime>
</rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>
 <ram:ApplicableHeaderTradeAgreement>
  <ram:SellerTradeParty><ram:Name>Bei Spiel GmbH</ram:Name>
   <ram:PostalTradeAddress><ram:PostcodeCode>12345</ram:PostcodeCode><ram:LineOne>Ecke 12</ram:LineOne>
    <ram:LineTwo>Hof</ram:LineTwo><ram:CityName>Stadthausen</ram:CityName></ram:PostalTradeAddress>
   <ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">22/815</ram:ID></ram:SpecifiedTaxRegistration>
   <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE136695976</ram:ID></ram:SpecifiedTaxRegistration>
  </ram:SellerTradeParty>
  <ram:BuyerTradeParty><ram:Name>Theodor Est</ram:Name></ram:BuyerTradeParty>
  <ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO-7</ram:IssuerAssignedID></ram:BuyerOrderReferencedDocument>
 </ram:ApplicableHeaderTradeAgreement>
 <ram:ApplicableHeaderTradeSettlement>
  <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
  <ram:SpecifiedTradeSettlementPaymentMeans><ram:PayeePartyCreditorFinancialAccount>
   <ram:IBANID>DE88200800000970375700</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>
  </ram:SpecifiedTradeSettlementPaymentMeans>
  <ram:ApplicableTradeTax><ram:RateApplicablePercent>19.00</ram:RateApplicablePercent></ram:ApplicableTradeTax>
  <ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime><udt:DateTimeString format="102">20240331</udt:DateTimeString>
  </ram:DueDateDateTime></ram:SpecifiedTradePaymentTerms>
  <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
   <ram:TaxBasisTotalAmount>100.00</ram:TaxBasisTotalAmount>
   <ram:TaxTotalAmount currencyID="CHF">18.00</ram:TaxTotalAmount>
   <ram:TaxTotalAmount currencyID="EUR">19.00</ram:TaxTotalAmount>
   <ram:GrandTotalAmount>119.00</ram:GrandTotalAmount>
  </ram:SpecifiedTradeSettlementHeaderMonetarySummation>
 </ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"""

BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<CrossIndustryInvoice><ExchangedDocument><ID>&d;</ID></ExchangedDocument></CrossIndustryInvoice>"""


def pdf(xml: bytes | None, name: str = "factur-x.xml") -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    if xml is not None:
        writer.add_attachment(name, xml)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


EXPECTED = {
    "invoice_no": "RE-1",
    "invoice_date": "2024-02-29",
    "due_date": "2024-03-31",
    "purchase_order": "PO-7",
    "seller_name": "Bei Spiel GmbH",
    "seller_address": "Ecke 12, Hof, 12345 Stadthausen",
    "seller_tax_id": "DE136695976",
    "buyer_name": "Theodor Est",
    "currency": "EUR",
    "amount_net": "100.00",
    "amount_tax": "19.00",
    "amount_total": "119.00",
    "tax_rate": "19.00",
    "iban": "DE88200800000970375700",
}


def test_every_value_is_read(tmp_path: Path) -> None:
    assert document_values.read(pdf(XML.encode())) == EXPECTED
    path = tmp_path / "invoice.pdf"
    path.write_bytes(pdf(XML.encode(), "ZUGFeRD-invoice.xml"))
    assert document_values.read(path) == EXPECTED


def test_zugferd_1_has_other_names() -> None:
    old = (
        XML.replace("CrossIndustryInvoice", "CrossIndustryDocument")
        .replace("rsm:ExchangedDocument", "rsm:HeaderExchangedDocument")
        .replace("rsm:SupplyChainTradeTransaction", "rsm:SpecifiedSupplyChainTradeTransaction")
        .replace("ApplicableHeaderTrade", "ApplicableSupplyChainTrade")
        .replace("HeaderMonetarySummation", "MonetarySummation")
        .replace("RateApplicablePercent", "ApplicablePercent")
        .replace("IssuerAssignedID", "ID")
    )
    assert document_values.values_of(old.encode()) == EXPECTED


def test_several_rates_are_no_one_rate() -> None:
    tax = "<ram:ApplicableTradeTax><ram:RateApplicablePercent>7</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
    values = document_values.values_of(
        XML.replace("<ram:ApplicableTradeTax>", tax + "<ram:ApplicableTradeTax>", 1).encode()
    )
    assert "tax_rate" not in values


def test_a_plain_pdf_has_no_values() -> None:
    assert document_values.read(pdf(None)) == {}
    assert document_values.read(pdf(b"hello", "notes.txt")) == {}


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (XML[:900], "broken XML"),
        ("", "broken XML"),
        ("\x00\x01", "broken XML"),
        (BOMB, "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "document type"),
        ("<html/>", "starts with <html>"),
    ],
)
def test_broken_invoices_say_why(xml: str, reason: str) -> None:
    with pytest.raises(InputProblem, match=reason) as caught:
        document_values.values_of(xml.encode(), "factur-x.xml")
    assert "factur-x.xml" in caught.value.message
    assert caught.value.remedy


def test_a_broken_attachment_is_not_taken_for_none() -> None:
    with pytest.raises(InputProblem, match="broken XML"):
        document_values.read(pdf(XML[:900].encode()))


@pytest.mark.parametrize("data", [b"", b"no pdf", b"%PDF-1.7\n", pdf(XML.encode())[:300]])
def test_what_is_no_pdf_says_so(data: bytes) -> None:
    with pytest.raises(InputProblem, match="cannot be opened"):
        document_values.read(data)


def test_a_picture_that_is_called_a_pdf_has_no_invoice_that_could_not_be_read(tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"\x89PNG\r\n\x1a\n and so on")
    assert document_values.values_for(scan, Options(tmp_path), []) == {}


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="cannot be opened"):
        document_values.read(tmp_path / "none.pdf")


@pytest.mark.realdata
def test_real_invoices_are_read(realdata: Path) -> None:
    files = sorted((realdata / "einvoices").glob("*.pdf"))
    assert files
    for path in files:
        values = document_values.read(path)
        assert {"invoice_no", "invoice_date", "seller_name", "buyer_name", "amount_total", "amount_tax"} <= set(values)
        assert len(values["invoice_date"]) == 10


UBL = """<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:ID>RE-1</cbc:ID><cbc:IssueDate>2024-02-29</cbc:IssueDate><cbc:DueDate>2024-03-31</cbc:DueDate>
<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cac:OrderReference><cbc:ID>PO-7</cbc:ID></cac:OrderReference>
<cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>Bei Spiel</cbc:Name></cac:PartyName>
 <cac:PostalAddress><cbc:StreetName>Ecke 12</cbc:StreetName><cbc:AdditionalStreetName>Hof</cbc:AdditionalStreetName>
  <cbc:CityName>Stadthausen</cbc:CityName><cbc:PostalZone>12345</cbc:PostalZone></cac:PostalAddress>
 <cac:PartyTaxScheme><cbc:CompanyID>DE136695976</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
 </cac:PartyTaxScheme><cac:PartyLegalEntity><cbc:RegistrationName>Bei Spiel GmbH</cbc:RegistrationName>
 </cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>Theodor Est</cbc:Name></cac:PartyName></cac:Party>
</cac:AccountingCustomerParty>
<cac:PaymentMeans><cac:PayeeFinancialAccount><cbc:ID>DE88200800000970375700</cbc:ID></cac:PayeeFinancialAccount>
</cac:PaymentMeans>
<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">19.00</cbc:TaxAmount><cac:TaxSubtotal><cac:TaxCategory>
 <cbc:Percent>19.00</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount currencyID="EUR">100.00</cbc:TaxExclusiveAmount>
 <cbc:TaxInclusiveAmount currencyID="EUR">119.00</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal>
<cac:{root}Line><cbc:LineExtensionAmount>100.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>Desk lamp</cbc:Name>
 </cac:Item></cac:{root}Line></{root}>"""

FATTURA = """<?xml version="1.0" encoding="windows-1252"?>
<p:FatturaElettronica versione="FPR12" xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2">
<FatturaElettronicaHeader><CedentePrestatore><DatiAnagrafici><IdFiscaleIVA><IdPaese>IT</IdPaese>
<IdCodice>01234567890</IdCodice></IdFiscaleIVA><Anagrafica><Denominazione>Società Alfa</Denominazione></Anagrafica>
</DatiAnagrafici><Sede><Indirizzo>Via Roma</Indirizzo><NumeroCivico>5</NumeroCivico><CAP>00100</CAP>
<Comune>Roma</Comune></Sede></CedentePrestatore><CessionarioCommittente><DatiAnagrafici><Anagrafica><Nome>Ada</Nome>
<Cognome>Bo</Cognome></Anagrafica></DatiAnagrafici></CessionarioCommittente></FatturaElettronicaHeader>
{bodies}</p:FatturaElettronica>"""
BODY = """<FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento><TipoDocumento>TD01</TipoDocumento>
<Divisa>EUR</Divisa><Data>2024-02-29</Data><Numero>{number}</Numero></DatiGeneraliDocumento></DatiGenerali>
<DatiBeniServizi><DettaglioLinee><Descrizione>Caffè</Descrizione><PrezzoTotale>100.00</PrezzoTotale></DettaglioLinee>
<DatiRiepilogo><AliquotaIVA>22.00</AliquotaIVA><ImponibileImporto>100.00</ImponibileImporto><Imposta>22.00</Imposta>
</DatiRiepilogo></DatiBeniServizi></FatturaElettronicaBody>"""


@pytest.mark.parametrize("root", ["Invoice", "CreditNote"])
def test_ubl_says_the_same_as_cii(root: str) -> None:
    (invoice,) = kinds.invoices_of(UBL.format(root=root).encode())
    assert invoice.values == EXPECTED
    assert (invoice.title, [line.text for line in invoice.lines]) == (
        "Credit note" if root == "CreditNote" else "Invoice",
        ["Desk lamp"],
    )


def test_an_invoice_is_read_in_the_envelope_that_peppol_delivers_it_in(tmp_path: Path) -> None:
    header = "<StandardBusinessDocumentHeader><HeaderVersion>1.0</HeaderVersion></StandardBusinessDocumentHeader>"
    inside = UBL.format(root="Invoice").partition("?>")[2]
    envelope = f'<StandardBusinessDocument xmlns="urn:x">{header}{inside}</StandardBusinessDocument>'.encode()
    assert kinds.looks_like(envelope)
    (invoice,) = kinds.invoices_of(envelope)
    assert invoice.values == EXPECTED
    several = envelope.replace(inside.encode(), (inside + inside.replace("RE-1", "RE-2")).encode())
    assert [invoice.values["invoice_no"] for invoice in kinds.invoices_of(several)] == ["RE-1", "RE-2"]


def test_fatturapa_in_windows_1252_with_two_invoices() -> None:
    bodies = BODY.format(number="1/A") + BODY.format(number="2/A")
    first, second = kinds.invoices_of(FATTURA.format(bodies=bodies).encode("cp1252"))
    assert (first.values["invoice_no"], second.values["invoice_no"]) == ("1/A", "2/A")
    assert first.values["seller_name"] == "Società Alfa"
    assert first.values["seller_address"] == "Via Roma 5, 00100 Roma"
    assert (first.values["buyer_name"], first.values["seller_tax_id"]) == ("Ada Bo", "IT01234567890")
    assert (first.values["amount_total"], first.values["tax_rate"]) == ("122.00", "22.00")
    assert first.lines[0].text == "Caffè"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (XML.encode(), "Rechnung 7.xml"),
        (b"\xef\xbb\xbf\n" + XML.encode(), "factur-x.xml"),
        (XML.replace("UTF-8", "UTF-16").encode("utf-16"), "factur-x.xml"),
        (UBL.format(root="Invoice").encode(), "xrechnung.xml"),
    ],
)
def test_an_attachment_counts_by_its_root(data: bytes, name: str) -> None:
    assert document_values.read(pdf(data, name)) == EXPECTED


@pytest.mark.parametrize("by", ["/AF", "annotation"])
@pytest.mark.parametrize("password", ["", "secret"])
def test_files_that_pdfium_does_not_list(by: str, password: str) -> None:
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject, TextStringObject

    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    stream = StreamObject()
    stream.set_data(XML.encode())
    stream[NameObject("/Type")] = NameObject("/EmbeddedFile")
    files = DictionaryObject({NameObject("/F"): writer._add_object(stream)})
    specification = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Filespec"),
            NameObject("/F"): TextStringObject("a.xml"),
            NameObject("/EF"): files,
        }
    )
    reference = writer._add_object(specification)
    if by == "/AF":
        writer._root_object[NameObject("/AF")] = ArrayObject([reference])
    else:
        note = {NameObject("/Subtype"): NameObject("/FileAttachment"), NameObject("/FS"): reference}
        page[NameObject("/Annots")] = ArrayObject([writer._add_object(DictionaryObject(note))])
    if password:
        writer.encrypt(password)
    out = BytesIO()
    writer.write(out)
    assert document_values.read(out.getvalue(), password or None) == EXPECTED


def test_a_password_for_another_file_does_no_harm(tmp_path: Path) -> None:
    assert document_values.read(pdf(XML.encode()), "of another file") == EXPECTED


def test_xml_beside_a_pdf_gives_its_values_and_alone_becomes_a_page(tmp_path: Path) -> None:
    from workbench.exchange import detection, discovery
    from workbench.exchange.importers import registry as importers
    from workbench.exchange.reading.incoming import Incoming, Options

    options = Options(tmp_path)
    xml, document = tmp_path / "a.xml", tmp_path / "a.pdf"
    xml.write_bytes(UBL.format(root="Invoice").encode())
    (item,) = importers.load("e-invoice").read(xml, options)
    assert isinstance(item, Incoming)
    assert item.values == EXPECTED
    words = [token.text for token in item.pages[0].tokens or ()]
    assert {"RE-1", "Spiel", "119.00", "lamp"} <= set(words)
    assert isinstance(item.pages[0].picture, bytes)
    assert detection.detect(xml) is importers.load("e-invoice")
    document.write_bytes(pdf(None))
    assert discovery.discover([tmp_path]).files == [document]
    (item,) = importers.load("pdf").read(document, options)
    assert isinstance(item, Incoming)
    assert (item.values, item.values_source) == (EXPECTED, "e-invoice")
    xml.write_text("<x/>")
    assert discovery.discover([tmp_path]).files == [document, xml]


def test_a_credit_notes_amounts_have_the_sign_that_the_page_prints() -> None:
    values = {"amount_total": "233.47", "amount_net": "218.48", "invoice_no": "15"}
    page = "Gutschrift 15 netto -218,48 Summe -233,47"
    assert document_values.with_printed_signs(values, page) == {
        "amount_total": "-233.47",
        "amount_net": "-218.48",
        "invoice_no": "15",
    }
    assert (
        document_values.with_printed_signs(values, "Gutschrift 15 netto 218,48 abzüglich -218,48")["amount_net"]
        == "218.48"
    )


@pytest.mark.parametrize(("name", "is_said"), [("invoice 2.PDF", True), ("scan.jpg", True), ("factur-x.xml", False)])
def test_documents_inside_a_pdf_are_said_to_be_left_out(tmp_path: Path, name: str, is_said: bool) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(XML.encode(), name))
    (incoming,) = importers.load("pdf").read(tmp_path / "a.pdf", Options(tmp_path))
    assert isinstance(incoming, Incoming)
    assert any("carries other PDFs or pictures" in note for note in incoming.notes) == is_said
