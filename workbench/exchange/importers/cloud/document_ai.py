"""Google Document AI: a Document with text, pages of tokens, and entities."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading import parsing
from workbench.exchange.reading.answers import (
    Entity,
    companions,
    finish,
    get,
    listed,
    polygon,
    share,
    turn_of,
    whole,
)
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken, Options, Rejected

_RUN = "document-ai"
_NAMES = {  # the fields of the invoice and expense processors -> ours, where no alias fits
    "invoice_id": "invoice_no",
    "receipt_date": "invoice_date",
    "supplier_name": "seller_name",
    "supplier_address": "seller_address",
    "supplier_tax_id": "seller_tax_id",
    "supplier_iban": "iban",
    "receiver_name": "buyer_name",
    "receiver_address": "buyer_address",
    "receiver_tax_id": "buyer_tax_id",
    "net_amount": "amount_net",
    "total_tax_amount": "amount_tax",
    "total_amount": "amount_total",
    "purchase_order": "purchase_order",
    "vat/tax_amount": "amount_tax",
    "vat/tax_rate": "tax_rate",
}
_TURNS = {"PAGE_RIGHT": 270, "PAGE_DOWN": 180, "PAGE_LEFT": 90, 2: 270, 3: 180, 4: 90}
"""How text stands -> degrees clockwise by which its page has to be turned."""
_FRACTIONS = ("boundingPoly.normalizedVertices", "bounding_poly.normalized_vertices")
_POINTS = ("boundingPoly.vertices", "bounding_poly.vertices")
_Span = tuple[int, int]


class DocumentAiImporter:
    """One file is one document. Entities with a confidence are suggestions, all others labels."""

    name = "document-ai"

    def sniff(self, path: Path, head: bytes) -> float:
        """By pages or text with anchors in the text."""
        if not parsing.is_json(head):
            return 0.0
        is_page = re.search(rb'"(textAnchor|text_anchor)"\s*:', head) and b'"layout"' in head
        return 0.97 if is_page or re.search(rb'"(documentLayout|document_layout)"\s*:', head) else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The picture or PDF of the answer's name."""
        return companions(path)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        return parsing.only_document(path, lambda: self._read(path, options))

    def _read(self, path: Path, options: Options) -> Incoming:
        data = parsing.json_of(path, options.limits)
        document = data.get("document", data) if isinstance(data, dict) else None
        text = parsing.need(document, "text", str) if document is not None else ""
        pages = listed(document, "pages")
        if not pages:
            if get(document, "documentLayout", "document_layout"):
                raise InputProblem(
                    "it is of the Layout Parser, which does not say where words stand: let the OCR or the invoice "
                    "processor read the document, or import the document itself"
                )
            raise InputProblem('it has no "pages"')
        parsing.check_number_of_pages(len(pages), options)
        incoming = Incoming(path.name.split(".")[0], str(path), [], self.name)
        places: list[_Span] = []
        for page in pages:
            incoming.pages.append(_page(page, text, places))
        entities: list[Entity] = []
        items = 0
        for entity in listed(document, "entities"):
            if _kind(entity).startswith("line_item"):
                items += 1
                continue
            # of an entity with parts (a supplier, a rate of VAT) the parts are the values
            for part in listed(entity, "properties") or [entity]:
                entities.append(_entity(part, _kind(part), text, places, incoming.pages))
        if (parts := whole(get(document, "shardInfo.shardCount", "shard_info.shard_count"), 1)) > 1:
            incoming.notes.append(f"the answer is one of {parts} parts of its document: each part is a document here")
        if items:
            incoming.notes.append(f"{items} line items were left out")
        incoming.labelled = bool(entities) and all(entity.confidence is None for entity in entities)
        return finish(incoming, entities, path, options, str(get(document, "uri") or ""))


def _kind(entity: dict[str, Any]) -> str:
    return str(get(entity, "type", "type_", "mentionText") or "")


def _page(page: dict[str, Any], text: str, places: list[_Span]) -> IncomingPage:
    width, height = (get(page, f"dimension.{side}") or 0.0 for side in ("width", "height"))
    width, height = parsing.number(width), parsing.number(height)
    lines = [(_spans(get(line, "layout")), n) for n, line in enumerate(listed(page, "lines"))]
    line_at = sorted((start, end, n) for spans, n in lines for start, end in spans)
    tokens: list[IncomingToken] = []
    position = 0
    for entry in listed(page, "tokens"):
        layout = get(entry, "layout")
        spans = _spans(layout)
        word = "".join(text[start:end] for start, end in spans).strip()
        first = spans[0][0] if spans else 0
        while position < len(line_at) and line_at[position][1] <= first:
            position += 1
        line = line_at[position][2] if position < len(line_at) and line_at[position][0] <= first else None
        tokens.append(IncomingToken(word, _box(layout, width, height), line, share(get(layout, "confidence"))))
        places.append((first, spans[-1][1] if spans else 0))
    if any(token.line is None for token in tokens):
        for token in tokens:
            token.line = None
    return IncomingPage(width, height, tokens, _picture(page), engine="document-ai", turn=_turn(page))


def _turn(page: dict[str, Any]) -> int:
    """By how many degrees clockwise a page has to be turned: as most words say, else as their points go."""
    layouts = [get(token, "layout") for token in listed(page, "tokens")]
    stands = (get(layout, "orientation") for layout in layouts)
    turns = Counter(_TURNS.get(stand, 0) for stand in stands if isinstance(stand, str | int) and stand)
    if turns:
        return turns.most_common(1)[0][0]
    return turn_of(get(layout, *_FRACTIONS, *_POINTS) for layout in layouts)


def _picture(page: dict[str, Any]) -> bytes | None:
    content = get(page, "image.content")
    try:
        return base64.b64decode(content, validate=True) if isinstance(content, str) and content else None
    except (binascii.Error, ValueError):
        return None


def _spans(record: Any) -> list[_Span]:
    """(start, end) in the text of the segments that an anchor names; 0 is left out in the file."""
    segments = listed(record, "textAnchor.textSegments", "text_anchor.text_segments")
    return [
        (whole(get(segment, "startIndex", "start_index")), whole(get(segment, "endIndex", "end_index")))
        for segment in segments
    ]


def _box(layout: Any, width: float, height: float) -> Box:
    if fractions := get(layout, *_FRACTIONS):
        x0, y0, x1, y1 = polygon(fractions)
        return (x0 * width, y0 * height, x1 * width, y1 * height) if width and height else (x0, y0, x1, y1)
    points = get(layout, *_POINTS)
    if not points:
        raise InputProblem("a word has no boundingPoly")
    return polygon(points)


def _entity(entity: dict[str, Any], kind: str, text: str, places: list[_Span], pages: list[IncomingPage]) -> Entity:
    spans = _spans(entity)
    tokens = tuple(
        i for i, (start, end) in enumerate(places) if any(start < stop and end > begin for begin, stop in spans)
    )
    mention = str(get(entity, "mentionText", "mention_text") or "".join(text[a:b] for a, b in spans))
    boxes: list[tuple[int, Box]] = []
    for reference in listed(entity, "pageAnchor.pageRefs", "page_anchor.page_refs"):
        number = whole(get(reference, "page"))
        if 0 <= number < len(pages) and get(reference, "boundingPoly", "bounding_poly"):
            boxes.append((number, _box(reference, pages[number].width, pages[number].height)))
    confidence = share(get(entity, "confidence"))
    return Entity(_NAMES.get(kind, kind), confidence, tuple(boxes), mention, tokens, _RUN if confidence else "import")


IMPORTER = DocumentAiImporter()
