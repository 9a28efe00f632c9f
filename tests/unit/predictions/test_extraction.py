"""What `workbench predict` passes on: known values first, refused texts left out, the panel's warnings."""

from dataclasses import replace

import pytest

from storage import documents
from storage.records import ReferenceValue
from tests.support import sample_documents
from tests.support.sample_documents import find
from workbench.exchange.exporters import registry as exporters
from workbench.predictions.extraction import extracted, with_extraction

PAGE = sample_documents.page_of(sample_documents.RECEIPT + "   IBAN 12345   ID:000750673920\n")


@pytest.fixture
def receipt(tmp_path):
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("a", [PAGE])])
    with made.db.read() as connection:
        yield documents.open_document(connection, 1), made.schema
    made.close()


def test_an_e_invoices_value_that_is_printed_nowhere_comes_before_the_models(receipt):
    content, schema = receipt
    known = replace(content, references=(ReferenceValue("amount_total", "7.77", "e-invoice"),))
    [total] = extracted(known, [("amount_total", find(content, "9.00"), 0.9)], schema).fields
    assert (total.value, total.source, total.page, total.second_opinion) == ("7.77", "e-invoice", None, "9.00")


def test_what_its_check_refuses_is_no_value_and_has_a_reason(receipt):
    content, schema = receipt
    reads = [("iban", find(content, "12345"), 0.8), ("invoice_date", find(content, "PENCIL"), 0.9)]
    extraction = extracted(content, reads, schema)
    assert extraction.fields == ()
    assert {(entry.field, entry.value, bool(entry.reason)) for entry in extraction.refused} == {
        (schema.name("iban"), "12345", True),
        (schema.name("invoice_date"), "PENCIL", True),
    }


def test_a_refused_known_value_gives_way_to_the_models(receipt):
    content, schema = receipt
    known = replace(content, references=(ReferenceValue("amount_total", "none", "e-invoice"),))
    [total] = extracted(known, [("amount_total", find(content, "9.00"), 0.9)], schema).fields
    assert (total.value, total.source) == ("9.00", "model")


def test_values_are_as_printed_and_have_the_panels_warnings(receipt):
    content, schema = receipt
    reads = [
        ("amount_net", find(content, "9.00"), 0.9),
        ("amount_tax", find(content, "0.51"), 0.9),
        ("amount_total", find(content, "9.00"), 0.9),
        ("seller_name", find(content, "ACME TRADING"), 0.9),
    ]
    fields = {entry.field: entry for entry in extracted(content, reads, schema).fields}
    seller = fields[schema.name("seller_name")]
    assert (seller.value, seller.normalised) == ("ACME TRADING", "acme trading")
    assert any("off by" in text for text in fields[schema.name("amount_total")].warnings)


def test_a_table_has_the_extracted_values_in_one_form_and_no_refused_ones(receipt, tmp_path):
    content, schema = receipt
    content = replace(content, references=(ReferenceValue("amount_total", "7.77", "e-invoice"),))
    reads = [("iban", find(content, "12345"), 0.8), ("invoice_no", find(content, "ID:000750673920"), 0.8)]
    extraction = extracted(content, reads, schema)
    target = tmp_path / "values.csv"
    exporters.load("values-csv").write([with_extraction(content, extraction, schema, "starter")], schema, target)
    header, row = (line.split(",") for line in target.read_text("utf-8-sig").splitlines())
    cells = dict(zip(header, row, strict=True))
    assert cells[schema.name("amount_total")] == "7.77"
    assert cells[schema.name("invoice_no")] == "000750673920"
    assert cells[schema.name("iban")] == ""
