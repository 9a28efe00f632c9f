"""Azure Document Intelligence (Form Recognizer): results of versions 2 to 4, and labels with their OCR."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.answers import (
    Entity,
    companions,
    finish,
    get,
    listed,
    objects,
    polygon,
    share,
    turn_of,
    whole,
)
from workbench.exchange.reading.incoming import (
    Incoming,
    IncomingPage,
    IncomingToken,
    Options,
    Rejected,
    check_number_of_words,
)

_RUN = "azure"
_PARTS = {"PaymentDetails": {"IBAN": "iban"}, "TaxDetails": {"Rate": "tax_rate"}}
"""Lists of the invoice and receipt models whose only entry holds values of the whole invoice."""
_NAMES = {  # the fields of the invoice and receipt models -> ours, where no alias fits
    "InvoiceId": "invoice_no",
    "InvoiceDate": "invoice_date",
    "TransactionDate": "invoice_date",
    "DueDate": "due_date",
    "PurchaseOrder": "purchase_order",
    "VendorName": "seller_name",
    "MerchantName": "seller_name",
    "VendorAddress": "seller_address",
    "MerchantAddress": "seller_address",
    "VendorTaxId": "seller_tax_id",
    "CustomerName": "buyer_name",
    "CustomerAddress": "buyer_address",
    "CustomerTaxId": "buyer_tax_id",
    "SubTotal": "amount_net",
    "Subtotal": "amount_net",
    "TotalTax": "amount_tax",
    "InvoiceTotal": "amount_total",
    "Total": "amount_total",
}


class AzureImporter:
    """One file is one document. Fields of a result are suggestions, entries of a labels file are labels."""

    name = "azure"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the keys of a result or of a labels file."""
        if not parsing.is_json(head):
            return 0.0
        labels = re.search(rb'"labels"\s*:\s*\[', head) and re.search(rb'"(boundingBoxes|labelType)"\s*:', head)
        result = re.search(rb'"(analyzeResult|readResults)"\s*:', head)
        # the answer alone: of the service, and as the older Python library writes it (`to_dict`)
        alone = re.search(rb'"(modelId|model_id)"\s*:', head) and b'"pages"' in head
        understood = b'"analyzerId"' in head and b'"contents"' in head
        named = b"labels.json" in head[:400] and b'"labels"' in head
        return 0.97 if result or alone or labels or understood or named else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The document that labels belong to, and its OCR."""
        yield from companions(
            path, [path.name.removesuffix(".labels.json")] if path.name.endswith(".labels.json") else []
        )
        try:
            data = parsing.json_of(path, Options(path.parent).limits)
        except InputProblem:
            return
        document = data.get("document") if isinstance(data, dict) else None
        if isinstance(document, str):
            yield from named_files.companions(path.parent, document)
            yield path.with_name(f"{document}.ocr.json")
            yield path.with_name("fields.json")

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        return parsing.only_document(path, lambda: _read(path, options))


def _read(path: Path, options: Options) -> Incoming:
    data = parsing.json_of(path, options.limits)
    if not isinstance(data, dict):
        raise InputProblem("it is no result")
    if get(data, "result.contents", "contents") is not None:
        raise InputProblem(
            "it is an answer of Azure Content Understanding, which is not read: import the document itself, "
            "or let Document Intelligence read it"
        )
    return (_labelled if isinstance(data.get("labels"), list) else _result)(path, data, options)


def _result(path: Path, data: dict[str, Any], options: Options) -> Incoming:
    incoming = Incoming(path.name.split(".")[0], str(path), [], AzureImporter.name)
    result, offsets, scales = _read_pages(incoming, data, options)
    entities: list[Entity] = []
    left_out = 0
    for document in listed(result, "documents", "documentResults"):
        fields = document.get("fields")
        for name, field in fields.items() if isinstance(fields, dict) else ():
            if field is None:
                continue
            if not isinstance(field, dict):
                raise InputProblem(f'its field "{name}" is no object')
            if _is_nested(field):
                parts = _parts(name, field)
                left_out += not parts
                entities += [_field(label, part, offsets, scales) for label, part in parts]
                continue
            entities.append(_field(name, field, offsets, scales))
    if left_out:
        incoming.notes.append(f"{left_out} tables and objects (line items) were left out")
    return finish(incoming, entities, path, options)


def _is_nested(field: dict[str, Any]) -> bool:
    is_nested = get(field, "valueArray", "valueObject") is not None and field.get("type") in ("array", "object")
    return is_nested or field.get("value_type") in ("list", "dictionary")


def _parts(name: str, field: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(label, field) of the parts of a list's only entry that are values of the whole invoice."""
    value = get(field, "valueArray", "value")
    entries = objects(value, f'"{name}"') if isinstance(value, list) else []
    parts = get(entries[0], "valueObject", "value") if len(entries) == 1 else None
    if not isinstance(parts, dict):
        return []
    known = _PARTS.get(name, {})
    return [(label, part) for key, label in known.items() if isinstance(part := parts.get(key), dict)]


def _read_pages(
    incoming: Incoming, data: dict[str, Any], options: Options
) -> tuple[Any, list[tuple[int, int]], list[float]]:
    """Put the words of a result into the document.

    Returns:
        The result, where each word stands in its content, and what each page's numbers are multiplied by.
    """
    result = get(data, "analyzeResult") or data
    pages = listed(result, "pages", "readResults")
    if not pages:
        raise InputProblem("the result has no pages")
    parsing.check_number_of_pages(len(pages), options)
    offsets: list[tuple[int, int]] = []
    scales: list[float] = []
    for page in pages:
        width, height = (parsing.number(page.get(side) or 0.0) for side in ("width", "height"))
        # In inches the numbers are small, and boxes are kept in hundredths of a page's unit.
        scale = 72.0 if page.get("unit") == "inch" else 1.0
        words = [(None, word) for word in listed(page, "words")]
        old = [(number, word) for number, line in enumerate(listed(page, "lines")) for word in listed(line, "words")]
        check_number_of_words(len(words or old), options.limits, len(incoming.pages) + 1)
        tokens: list[IncomingToken] = []
        frames: list[Any] = []
        for line, word in words or old:
            text = str(get(word, "content", "text") or "")
            frames.append(get(word, "polygon", "boundingBox"))
            x0, y0, x1, y1 = polygon(frames[-1])
            box = (x0 * scale, y0 * scale, x1 * scale, y1 * scale)
            tokens.append(IncomingToken(text, box, line, share(word.get("confidence"))))
            start = get(word, "span.offset")
            length = get(word, "span.length")
            known = isinstance(start, int) and isinstance(length, int)
            offsets.append((start, start + length) if known else (-1, -1))
        page_read = IncomingPage(width * scale, height * scale, tokens, engine="azure", turn=turn_of(frames))
        incoming.pages.append(page_read)
        scales.append(scale)
    return result, offsets, scales


def _field(name: str, field: dict[str, Any], offsets: list[tuple[int, int]], scales: list[float]) -> Entity:
    spans = [
        (span["offset"], span["offset"] + span["length"])
        for span in listed(field, "spans")
        if isinstance(span.get("offset"), int) and isinstance(span.get("length"), int)
    ]
    tokens = tuple(i for i, (a, b) in enumerate(offsets) if any(a < stop and b > start for start, stop in spans))
    places: list[tuple[int, Box]] = []
    for region in listed(field, "boundingRegions", "bounding_regions") or (
        [field] if get(field, "boundingBox") else []
    ):
        number = whole(get(region, "pageNumber", "page_number", "page"), 1) - 1
        if 0 <= number < len(scales):
            scale = scales[number]
            x0, y0, x1, y1 = polygon(get(region, "polygon", "boundingBox"))
            places.append((number, (x0 * scale, y0 * scale, x1 * scale, y1 * scale)))
    confidence = share(field.get("confidence"))
    text = str(get(field, "content", "text") or "")
    return Entity(_NAMES.get(name, name), 0.5 if confidence is None else confidence, tuple(places), text, tokens, _RUN)


def _labelled(path: Path, data: dict[str, Any], options: Options) -> Incoming:
    document = str(data.get("document") or path.name.removesuffix(".labels.json"))
    incoming = Incoming(Path(parsing.local_name(document)).stem, str(path), [], AzureImporter.name, labelled=True)
    ocr = named_files.find(options, path.parent, f"{document}.ocr.json", incoming.notes)
    if ocr is not None:
        _read_pages(incoming, parsing.json_of(ocr, options.limits), options)
    else:
        incoming.pages = named_files.pages(options, path.parent, document, incoming.notes)
        if not incoming.pages:
            raise InputProblem(f"neither {document} nor {document}.ocr.json is beside it: it has no words")
    entities: list[Entity] = []
    rows = 0
    for entry in listed(data, "labels"):
        label = parsing.need(entry, "label", str, "a label")
        values = listed(entry, "value")
        if "/" in label:  # a table's cell: Items/0/Amount
            rows += bool(values)
            continue
        placed = [list(_places(value, incoming.pages)) for value in values]
        if nowhere := placed.count([]):
            incoming.notes.append(f"{nowhere} parts of labels have no box on a page that is there, and were left out")
        places = [place for part in placed for place in part]
        text = " ".join(str(value.get("text") or "") for value in values)
        if places:
            entities.append(Entity(label, None, tuple(places), text))
    if rows:
        incoming.notes.append(f"{rows} cells of labelled tables were left out")
    return finish(incoming, entities, path, options, document)


def _places(value: dict[str, Any], pages: list[IncomingPage]) -> Iterator[tuple[int, Box]]:
    """The boxes of a label's value, which are fractions of its page, in the page's units."""
    number = value.get("page")
    page = number - 1 if isinstance(number, int) else 0
    boxes = value.get("boundingBoxes")
    if not 0 <= page < len(pages):
        return
    width, height = pages[page].width, pages[page].height
    for box in boxes if isinstance(boxes, list) else ():
        x0, y0, x1, y1 = polygon(box)
        yield page, (x0 * width, y0 * height, x1 * width, y1 * height)


IMPORTER = AzureImporter()
