"""Amazon Textract: DetectDocumentText, AnalyzeDocument (queries), AnalyzeExpense, AnalyzeLending (summary fields)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading import parsing
from workbench.exchange.reading.answers import Entity, companions, finish, get, listed, objects, share, turn_of
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken, Options, Rejected

_RUN = "textract"
_QUESTION = re.compile(
    r"(?:what|who|when|where|which)(?:'s| is| are| was) (?:the |an? )?(?P<name>.+?)(?: of the invoice)?\??",
    re.IGNORECASE,
)
_NAMES = {  # the standard fields of AnalyzeExpense -> ours
    "INVOICE_RECEIPT_ID": "invoice_no",
    "INVOICE_RECEIPT_DATE": "invoice_date",
    "DUE_DATE": "due_date",
    "PO_NUMBER": "purchase_order",
    "VENDOR_NAME": "seller_name",
    "VENDOR_ADDRESS": "seller_address",
    "VENDOR_VAT_NUMBER": "seller_tax_id",
    "TAX_PAYER_ID": "seller_tax_id",
    "RECEIVER_NAME": "buyer_name",
    "RECEIVER_ADDRESS": "buyer_address",
    "RECEIVER_VAT_NUMBER": "buyer_tax_id",
    "SUBTOTAL": "amount_net",
    "TAX": "amount_tax",
    "TOTAL": "amount_total",
}
_UNSAID = frozenset({"", "OTHER", "NAME", "ADDRESS", "ADDRESS_BLOCK", "STREET", "CITY", "STATE", "COUNTRY", "ZIP_CODE"})


class TextractImporter:
    """One file is one document. Lines come from LINE blocks; answers to queries and summary fields are suggestions."""

    name = "textract"

    def sniff(self, path: Path, head: bytes) -> float:
        """By blocks with a BlockType, or expense documents."""
        if not parsing.is_json(head):
            return 0.0
        blocks = re.search(rb'"Blocks"\s*:\s*\[', head) and b'"BlockType"' in head
        return 0.97 if blocks or re.search(rb'"ExpenseDocuments"\s*:\s*\[', head) else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The picture or PDF of the answer's name."""
        return companions(path)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        return parsing.only_document(path, lambda: self._read(path, options))

    def _read(self, path: Path, options: Options) -> Incoming:
        data = parsing.json_of(path, options.limits)
        answers = objects(data if isinstance(data, list) else [data], "the answer")
        expenses = [expense for part in answers for expense in _expenses(part)]
        blocks = [block for part in (*answers, *expenses) for block in listed(part, "Blocks")]
        incoming = Incoming(path.name.split(".")[0], str(path), [], self.name)
        _pages(incoming, blocks, options)
        if any(part.get("NextToken") for part in answers) and len(answers) == 1:
            incoming.notes.append("the answer goes on in another file (NextToken): put the parts into one JSON list")
        entities = [*_answers(blocks), *(e for expense in expenses for e in _summary(expense))]
        pairs = sum(block.get("BlockType") == "KEY_VALUE_SET" and "KEY" in _kinds(block) for block in blocks)
        items = sum(len(listed(group, "LineItems")) for e in expenses for group in listed(e, "LineItemGroups"))
        if pairs:
            incoming.notes.append(f"{pairs} pairs of keys and values of forms were left out")
        if items:
            incoming.notes.append(f"{items} line items were left out")
        return finish(incoming, entities, path, options)


def _expenses(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The expense documents of AnalyzeExpense, or those that AnalyzeLending found among its pages."""
    yield from listed(answer, "ExpenseDocuments")
    for result in listed(answer, "Results"):
        for extraction in listed(result, "Extractions"):
            if isinstance(expense := extraction.get("ExpenseDocument"), dict):
                yield expense


def _kinds(block: dict[str, Any]) -> list[Any]:
    kinds = block.get("EntityTypes")
    return kinds if isinstance(kinds, list) else []


def _page_of(record: dict[str, Any]) -> int:
    page = get(record, "Page", "PageNumber")
    return page - 1 if isinstance(page, int) and page > 0 else 0


def _pages(incoming: Incoming, blocks: list[dict[str, Any]], options: Options) -> None:
    line_of: dict[str, int] = {}
    for number, line in enumerate(block for block in blocks if block.get("BlockType") == "LINE"):
        for relation in listed(line, "Relationships"):
            if relation.get("Type") == "CHILD" and isinstance(relation.get("Ids"), list):
                line_of.update(dict.fromkeys(map(str, relation["Ids"]), number))
    words = [block for block in blocks if block.get("BlockType") == "WORD"]
    count = max((_page_of(block) + 1 for block in blocks), default=1)
    parsing.check_number_of_pages(count, options)
    pages = [IncomingPage(0.0, 0.0, [], engine="textract") for _ in range(count)]
    frames: list[list[Any]] = [[] for _ in pages]
    for word in words:
        text = parsing.need(word, "Text", str, "a word")
        at_line = line_of.get(str(word.get("Id")))
        tokens = pages[_page_of(word)].tokens
        if tokens is not None:
            tokens.append(IncomingToken(text, _box(word), at_line, share(word.get("Confidence"))))
            frames[_page_of(word)].append(get(word, "Geometry.Polygon"))
    for page, words_frames in zip(pages, frames, strict=True):
        page.turn = turn_of(words_frames)
        numbers = {line: number for number, line in enumerate(dict.fromkeys(token.line for token in page.tokens or ()))}
        for token in page.tokens or ():
            token.line = numbers[token.line] if token.line is not None else None
    incoming.pages = pages


def _box(record: dict[str, Any]) -> Box:
    box = get(record, "Geometry.BoundingBox")
    if not isinstance(box, dict):
        raise InputProblem("a word has no Geometry.BoundingBox")
    left, top, width, height = (parsing.number(box.get(side, 0)) for side in ("Left", "Top", "Width", "Height"))
    return left, top, left + width, top + height


def _answers(blocks: list[dict[str, Any]]) -> Iterator[Entity]:
    by_id = {str(block.get("Id")): block for block in blocks}
    for query in blocks:
        if query.get("BlockType") != "QUERY":
            continue
        label = str(get(query, "Query.Alias", "Query.Text") or "").strip()
        if question := _QUESTION.fullmatch(label):
            label = question["name"]
        ids = [i for r in listed(query, "Relationships") if r.get("Type") == "ANSWER" for i in r.get("Ids") or ()]
        for answer in (by_id.get(str(i)) for i in ids):
            if answer is not None and label:
                places = ((_page_of(answer), _box(answer)),) if get(answer, "Geometry.BoundingBox") else ()
                sure = share(answer.get("Confidence")) or 0.0
                yield Entity(label, sure, places, str(answer.get("Text") or ""), run=_RUN)


def _summary(expense: dict[str, Any]) -> Iterator[Entity]:
    for field in listed(expense, "SummaryFields"):
        kind = str(get(field, "Type.Text") or "")
        value = field.get("ValueDetection")
        if kind in _UNSAID or not isinstance(value, dict) or not value.get("Text"):
            continue
        places = ((_page_of(field), _box(value)),) if get(value, "Geometry.BoundingBox") else ()
        sure = min(share(value.get("Confidence")) or 0.0, share(get(field, "Type.Confidence")) or 1.0)
        yield Entity(_NAMES.get(kind, kind.lower()), sure, places, str(value["Text"]), run=_RUN)


IMPORTER = TextractImporter()
