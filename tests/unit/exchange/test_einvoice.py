"""Values are read from e-invoices; broken ones are refused with a reason."""

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfWriter

from storage.exceptions import InputProblem
from workbench.exchange import einvoice

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
    assert einvoice.read(pdf(XML.encode())) == EXPECTED
    path = tmp_path / "invoice.pdf"
    path.write_bytes(pdf(XML.encode(), "ZUGFeRD-invoice.xml"))
    assert einvoice.read(path) == EXPECTED


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
    assert einvoice.values_of(old.encode()) == EXPECTED


def test_several_rates_are_no_one_rate() -> None:
    tax = "<ram:ApplicableTradeTax><ram:RateApplicablePercent>7</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
    values = einvoice.values_of(XML.replace("<ram:ApplicableTradeTax>", tax + "<ram:ApplicableTradeTax>", 1).encode())
    assert "tax_rate" not in values


def test_a_plain_pdf_has_no_values() -> None:
    assert einvoice.read(pdf(None)) == {}
    assert einvoice.read(pdf(b"hello", "notes.txt")) == {}


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
        einvoice.values_of(xml.encode(), "factur-x.xml")
    assert "factur-x.xml" in caught.value.message
    assert caught.value.remedy


def test_a_broken_attachment_is_not_taken_for_none() -> None:
    with pytest.raises(InputProblem, match="broken XML"):
        einvoice.read(pdf(XML[:900].encode()))


@pytest.mark.parametrize("data", [b"", b"no pdf", b"%PDF-1.7\n", pdf(XML.encode())[:300]])
def test_what_is_no_pdf_says_so(data: bytes) -> None:
    with pytest.raises(InputProblem, match="cannot be opened"):
        einvoice.read(data)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="cannot be opened"):
        einvoice.read(tmp_path / "none.pdf")


@pytest.mark.realdata
def test_real_invoices_are_read(realdata: Path) -> None:
    files = sorted((realdata / "einvoices").glob("*.pdf"))
    assert files
    for path in files:
        values = einvoice.read(path)
        assert {"invoice_no", "invoice_date", "seller_name", "buyer_name", "amount_total", "amount_tax"} <= set(values)
        assert len(values["invoice_date"]) == 10
