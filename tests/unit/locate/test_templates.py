"""Places of fields on a vendor's next invoice, from those on its others."""

from storage import documents
from storage.records import Annotations, Content, Span, State
from tests.support import sample_documents
from workbench.fields import invoice_schema
from workbench.locate.templates import proposals

SCHEMA = invoice_schema()
TOKENS = sample_documents.tokens_of(sample_documents.RECEIPT)


def content_of(text: str, spans=(), references=(), suggestions=()) -> Content:
    page = sample_documents.page_of(text)
    made = documents.NewDocument("d", "d", "d", "test", (page,))
    document = documents.Document(
        1, made.name, "", "", "test", None, "g", made.side, State.NEW, "", 1, len(page.tokens), 0
    )
    return Content(document, (page,), Annotations(frozenset(spans)), tuple(suggestions), tuple(references))


def at(content: Content, words: str) -> tuple[int, ...]:
    return sample_documents.find(content, words)


def test_templates_find_the_same_places_on_the_next_invoice():
    first = content_of(sample_documents.RECEIPT)
    first = content_of(
        sample_documents.RECEIPT,
        [
            Span("seller_name", at(first, "ACME TRADING SDN BHD")),
            Span("invoice_date", at(first, "25/12/2018")),
            Span("amount_total", at(first, "9.00")),
            Span("invoice_no", at(first, "INV-2018-77")),
        ],
    )
    text = sample_documents.RECEIPT.replace("9.00", "7.50").replace("25/12/2018", "02/01/2019").replace("-77", "-91")
    second = content_of(text)
    made = {
        field: " ".join(second.tokens[t].text for t in tokens) for field, tokens, _ in proposals(first, second, SCHEMA)
    }
    assert made == {
        "seller_name": "ACME TRADING SDN BHD",
        "invoice_date": "02/01/2019",
        "amount_total": "7.50",
        "invoice_no": "INV-2018-91",
    }


def test_templates_propose_nothing_on_another_vendors_invoice():
    first = content_of(sample_documents.RECEIPT)
    first = content_of(sample_documents.RECEIPT, [Span("seller_name", at(first, "ACME TRADING SDN BHD"))])
    assert proposals(first, content_of(sample_documents.CHINESE), SCHEMA) == []
