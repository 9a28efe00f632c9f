"""E-invoices as they are sent: signed, with files inside, in simplified forms, with allowances and payments."""

import base64
from pathlib import Path

import pytest

from storage.exceptions import InputProblem
from tests.unit.exchange.test_einvoices import BODY, EXPECTED, FATTURA, UBL, XML, pdf
from workbench.exchange import detection, discovery
from workbench.exchange.einvoices import document_values, kinds, signed
from workbench.exchange.importers import registry as importers
from workbench.exchange.reading.incoming import Incoming, Options

_KIND = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_INVOICE = FATTURA.format(bodies=BODY.format(number="1/A")).encode("cp1252")


def _part(kind: int, content: bytes) -> bytes:
    length = len(content)
    size = bytes([length]) if length < 128 else b"\x83" + length.to_bytes(3, "big")
    return bytes([kind]) + size + content


def _open_part(kind: int, content: bytes) -> bytes:
    return bytes([kind, 0x80]) + content + b"\0\0"


def cms(content: bytes, *, streamed: bool = False) -> bytes:
    """Signed data without certificates, with known lengths or as a stream of pieces."""
    part = _open_part if streamed else _part
    pieces = [content[at : at + 700] for at in range(0, len(content), 700)]
    octets = _open_part(0x24, b"".join(_part(4, piece) for piece in pieces)) if streamed else _part(4, content)
    inner = part(0x30, _DATA + part(0xA0, octets))
    return part(0x30, _KIND + part(0xA0, part(0x30, b"\x02\x01\x01" + _part(0x31, b"") + inner + _part(0x31, b""))))


def _pem(data: bytes) -> bytes:
    return b"-----BEGIN PKCS7-----\n" + base64.encodebytes(data) + b"-----END PKCS7-----\n"


@pytest.mark.parametrize(
    "data",
    [
        cms(_INVOICE),
        cms(_INVOICE, streamed=True),
        base64.b64encode(cms(_INVOICE)),
        _pem(cms(_INVOICE)),
        cms(cms(_INVOICE)),
    ],
)
def test_a_signed_invoice_is_read_out_of_its_signature(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "IT01234567890_1.xml.p7m"
    path.write_bytes(data)
    importer = detection.detect(path)
    assert importer is importers.load("e-invoice")
    (item,) = importer.read(path, Options(tmp_path))
    assert isinstance(item, Incoming)
    assert (item.name, item.values["invoice_no"], item.values["seller_name"]) == (
        "IT01234567890_1",
        "1/A",
        "Società Alfa",
    )


@pytest.mark.parametrize("data", [cms(_INVOICE)[:300], cms(b"")[:40], cms(_INVOICE, streamed=True)[:-200]])
def test_a_cut_signed_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputProblem, match="signed"):
        signed.unsigned(data)


def test_a_signed_file_that_is_no_xml_is_said() -> None:
    with pytest.raises(InputProblem, match="holds a PDF"):
        kinds.invoices_of(cms(b"%PDF-1.7 and so on"), "contract.pdf.p7m")


@pytest.mark.parametrize(
    ("document", "other", "data"),
    [("INV.PDF", "inv.xml", XML.encode()), ("a.pdf", "A.XML", XML.encode()), ("a.pdf", "a.xml.p7m", cms(XML.encode()))],
)
def test_an_e_invoice_beside_is_found_in_any_case_and_signed(
    document: str, other: str, data: bytes, tmp_path: Path
) -> None:
    (tmp_path / document).write_bytes(pdf(None))
    (tmp_path / other).write_bytes(data)
    assert [path.name for path in discovery.discover([tmp_path]).files] == [document]
    assert document_values.values_for(tmp_path / document, Options(tmp_path), []) == EXPECTED


def test_a_large_file_inside_an_invoice_is_no_reason_to_refuse_it() -> None:
    attached = b"<cbc:EmbeddedDocumentBinaryObject>" + b"JVBERi0x" * 1_500_000 + b"</cbc:EmbeddedDocumentBinaryObject>"
    data = UBL.format(root="Invoice").encode().replace(b"<cac:OrderReference>", attached + b"<cac:OrderReference>")
    assert kinds.invoices_of(data)[0].values == EXPECTED


def test_an_invoice_is_known_behind_a_long_comment() -> None:
    assert kinds.looks_like(
        b'<?xml version="1.0"?>\n<!-- ' + b"licence " * 2000 + b"-->\n" + XML.partition("?>")[2].encode()
    )


def test_debit_notes_allowances_taxes_and_payments_are_on_the_page(tmp_path: Path) -> None:
    more = """<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:AllowanceChargeReason>Rebate
    </cbc:AllowanceChargeReason><cbc:Amount>10.00</cbc:Amount></cac:AllowanceCharge><cac:TaxTotal><cac:TaxSubtotal>
    <cbc:TaxableAmount>60</cbc:TaxableAmount><cbc:TaxAmount>15</cbc:TaxAmount><cac:TaxCategory><cbc:Percent>25
    </cbc:Percent></cac:TaxCategory></cac:TaxSubtotal><cac:TaxSubtotal><cbc:TaxableAmount>40</cbc:TaxableAmount>
    <cbc:TaxAmount>4</cbc:TaxAmount></cac:TaxSubtotal></cac:TaxTotal>"""
    ubl = UBL.format(root="DebitNote").replace("<cac:LegalMonetaryTotal>", more + "<cac:RequestedMonetaryTotal>")
    ubl = ubl.replace("</cac:LegalMonetaryTotal>", "<cbc:PrepaidAmount>100</cbc:PrepaidAmount><cbc:PayableAmount>19"
                      "</cbc:PayableAmount></cac:RequestedMonetaryTotal>")  # fmt: skip
    path = tmp_path / "debit.xml"
    path.write_text(ubl)
    (item,) = importers.load("e-invoice").read(path, Options(tmp_path))
    assert isinstance(item, Incoming)
    page = " ".join(token.text for token in item.pages[0].tokens or ())
    assert page.startswith("Debit note")
    assert "Rebate: -10.00 EUR Tax 25 % on 60: 15 EUR Tax 0 % on 40: 4 EUR Net amount: 100.00" in page
    assert "Total: 119.00 EUR Prepaid: 100 EUR Amount due: 19 EUR" in page


def test_zugferd_1_and_factur_x_say_what_is_paid_and_taken_off() -> None:
    more = """<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>true</udt:Indicator>
    </ram:ChargeIndicator><ram:ActualAmount>5.00</ram:ActualAmount></ram:SpecifiedTradeAllowanceCharge>"""
    cii = XML.replace("<ram:SpecifiedTradePaymentTerms>", more + "<ram:SpecifiedTradePaymentTerms>").replace(
        "</ram:GrandTotalAmount>",
        "</ram:GrandTotalAmount><ram:TotalPrepaidAmount>19</ram:TotalPrepaidAmount>"
        "<ram:DuePayableAmount>100</ram:DuePayableAmount>",
    )
    (invoice,) = kinds.invoices_of(cii.encode())
    assert invoice.additions == (("Charge", "5.00"),)
    assert invoice.payments == (("Prepaid", "19"), ("Amount due", "100"))
    assert invoice.values == EXPECTED


def test_the_simplified_form_of_fatturapa_is_read() -> None:
    simplified = """<p:FatturaElettronicaSemplificata versione="FSM10" xmlns:p="http://ivaservizi.agenziaentrate.gov.it/">
<FatturaElettronicaHeader><CedentePrestatore><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>01234567890</IdCodice>
</IdFiscaleIVA><Denominazione>Bar Roma</Denominazione><Sede><Indirizzo>Via Po</Indirizzo><CAP>10100</CAP>
<Comune>Torino</Comune></Sede></CedentePrestatore><CessionarioCommittente><IdentificativiFiscali><CodiceFiscale>RSS
</CodiceFiscale></IdentificativiFiscali><AltriDatiIdentificativi><Nome>Ada</Nome><Cognome>Bo</Cognome>
</AltriDatiIdentificativi></CessionarioCommittente></FatturaElettronicaHeader><FatturaElettronicaBody><DatiGenerali>
<DatiGeneraliDocumento><TipoDocumento>TD08</TipoDocumento><Divisa>EUR</Divisa><Data>2024-02-29</Data><Numero>7</Numero>
</DatiGeneraliDocumento></DatiGenerali><DatiBeniServizi><Descrizione>Pranzo</Descrizione><Importo>110.00</Importo>
<DatiIVA><Imposta>10.00</Imposta><Aliquota>10.00</Aliquota></DatiIVA></DatiBeniServizi></FatturaElettronicaBody>
</p:FatturaElettronicaSemplificata>"""
    assert kinds.looks_like(simplified.encode())
    (invoice,) = kinds.invoices_of(simplified.encode())
    assert invoice.title == "Credit note"
    assert invoice.values == {
        "seller_name": "Bar Roma", "seller_address": "Via Po, 10100 Torino", "seller_tax_id": "IT01234567890",
        "buyer_name": "Ada Bo", "buyer_tax_id": "RSS", "invoice_no": "7", "invoice_date": "2024-02-29",
        "currency": "EUR", "amount_net": "100.00", "amount_tax": "10.00", "amount_total": "110.00", "tax_rate": "10.00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ('<fe:Facturae xmlns:fe="http://www.facturae.es/Facturae/2014/v3.2.1/Facturae"/>', "Facturae of Spain: print"),
        ('<Invoice xmlns="http://www.ebinterface.at/schema/6p1/"/>', "ebInterface invoice of Austria"),
        ('<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', "a UBL order: only invoices"),
    ],
)
def test_invoices_of_other_standards_are_named(xml: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(xml)
    assert detection.detect(path) is None
    assert reason in detection.unrecognised(path)


def test_of_several_invoices_beside_a_pdf_it_is_said_which_one_was_taken(tmp_path: Path) -> None:
    bodies = "".join(BODY.format(number=number) for number in (7, 8))
    (tmp_path / "a.xml").write_text(FATTURA.format(bodies=bodies), encoding="utf-8")
    (tmp_path / "a.pdf").write_bytes(pdf(None))
    notes: list[str] = []
    values = document_values.values_for(tmp_path / "a.pdf", Options(tmp_path), notes)
    assert values["invoice_no"].startswith("7")
    assert len(notes) == 1 and "holds 2 invoices" in notes[0] and "number 7" in notes[0]
