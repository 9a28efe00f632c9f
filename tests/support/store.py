"""Documents to put into a database."""

from storage.documents import NewDocument
from storage.records import Page, ReferenceValue, Span, Token


def new(name: str = "a", words: str = "Invoice No 42 Total 9.00", **changes: object) -> NewDocument:
    """A document of one page, its words in a row."""
    tokens = tuple(
        Token(i, 0, 0, word, (10.0 * i, 0.0, 10.0 * i + 8, 10.0), 0.5) for i, word in enumerate(words.split())
    )
    page = Page(0, 100.0, 140.0, tokens, "ab/x.jpg", "rapidocr", "3")
    facts: dict[str, object] = {
        "name": name,
        "source": f"{name}.png",
        "digest": f"digest of {name}",
        "format": "image",
        "pages": (page,),
        "group": "Acme",
    }
    return NewDocument(**{**facts, **changes})  # type: ignore[arg-type]


LABELLED = {
    "labelled": True,
    "spans": (Span("invoice_no", (2,)), Span("amount_total", (4,))),
    "suggestions": (("invoice_no", (2,), 0.9, "values"),),
    "references": (ReferenceValue("amount_total", "9.00", "gold"),),
}
