"""E-invoices as files of their own: UBL, CII and FatturaPA, set as a readable page with their values known."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange.einvoices.document_values import SOURCE
from workbench.exchange.einvoices.kinds import invoices_of, looks_like
from workbench.exchange.einvoices.xml import Invoice
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Incoming, IncomingPage, Options, Rejected
from workbench.exchange.reading.running_text import typeset
from workbench.fields.schema import invoice_schema
from workbench.fields.values import refusal

_HEAD = (
    ("Invoice number:", "invoice_no"),
    ("Invoice date:", "invoice_date"),
    ("Due date:", "due_date"),
    ("Purchase order:", "purchase_order"),
)
_SUMS = (("Net amount:", "amount_net"), ("Tax:", "amount_tax"), ("Total:", "amount_total"))
_SIGNED = (".p7m", ".p7", ".pkcs7")
_EDGE = 20  # points around the words of a page
MOST_LINES = 1000
"""Line items, and as many allowances and taxes, that are set on the page: each takes two milliseconds."""
_MOST_PIXELS = 50_000_000  # of a page that is drawn: a word may have as many letters as the XML has bytes


class EInvoiceImporter:
    """One invoice of a file is one document; its page is made from the values and the line items."""

    name = "e-invoice"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the root element."""
        return 0.97 if looks_like(head) else 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            invoices = invoices_of(parsing.content(path, options.limits), path.name)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        for number, invoice in enumerate(invoices, 1):
            several = len(invoices) > 1
            stem = _stem(path)
            name = f"{stem} {number}" if several else stem
            where = f"{path} invoice {number}" if several else str(path)
            page = typeset(_lines(invoice))
            for token in page.tokens or ():
                x0, y0, x1, y1 = token.box
                token.box = (x0 + _EDGE, y0 + _EDGE, x1 + _EDGE, y1 + _EDGE)
            page.width, page.height = page.width + 2 * _EDGE, page.height + 2 * _EDGE
            is_drawn = page.width * page.height <= _MOST_PIXELS
            page.picture = _drawn(page) if is_drawn else None
            values, wrong = _that_can_be(invoice.values)
            incoming = Incoming(name, where, [page], self.name, values=values, values_source=SOURCE)
            incoming.notes += wrong
            incoming.notes.append("the page was made from the e-invoice's values")
            if not is_drawn:
                incoming.notes.append("the page is too large for a picture")
            for what, parts in (("line items", invoice.lines), ("allowances, charges and taxes", invoice.additions)):
                if len(parts) > MOST_LINES:
                    incoming.notes.append(f"the page shows the first {MOST_LINES:,} of {len(parts):,} {what}")
            yield incoming


def _that_can_be(values: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """(values that can be ones of their fields, what is said of the others): all of them stand on the page."""
    types = {field.id: field.type for field in invoice_schema()}
    wrong = {field: reason for field, value in values.items() if (reason := refusal(types[field], value))}
    return (
        {field: value for field, value in values.items() if field not in wrong},
        [f"the e-invoice's {field} is no known value: {reason}" for field, reason in wrong.items()],
    )


def _stem(path: Path) -> str:
    """The file's name without its endings; a file may be signed more than once."""
    while path.suffix.lower() in _SIGNED:
        path = path.with_suffix("")
    return path.stem


def _lines(invoice: Invoice) -> list[list[str]]:
    values = invoice.values
    lines: list[str] = [invoice.title, ""]
    for side, title in (("seller", ""), ("buyer", "Bill to:")):
        party = [values.get(f"{side}_{part}", "") for part in ("name", "address")]
        number = values.get(f"{side}_tax_id", "")
        lines += [title, *(part for part in party if part), f"Tax number: {number}" if number else "", ""]
    lines += [f"{caption} {values[field]}" for caption, field in _HEAD if field in values]
    lines.append("")
    for item in invoice.lines[:MOST_LINES]:
        lines.append(" ".join(part for part in (item.quantity, item.text, item.price, item.amount) if part))
    lines.append("")
    currency = values.get("currency", "")
    sums = [
        *((f"{caption}:", amount) for caption, amount in invoice.additions[:MOST_LINES]),
        *((caption, values.get(field, "")) for caption, field in _SUMS),
        *((f"{caption}:", amount) for caption, amount in invoice.payments),
    ]
    lines += [f"{caption} {amount} {currency}".strip() for caption, amount in sums if amount]
    lines += [f"Tax rate: {values['tax_rate']} %"] if "tax_rate" in values else []
    lines += [f"IBAN: {values['iban']}"] if "iban" in values else []
    kept = [line.split() for line in lines]
    return [line for line, before in zip(kept, [[""], *kept], strict=False) if line or before]


def _drawn(page: IncomingPage) -> bytes:
    """A picture of a page's words."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("L", (round(page.width), round(page.height)), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(15)
    for token in page.tokens or ():
        draw.text((token.box[0], token.box[1]), token.text, 0, font)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


IMPORTER = EInvoiceImporter()
