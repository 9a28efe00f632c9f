"""Answers of OCR services as they come in practice: turned pages, answers without words, lists, parts."""

import json
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from storage import document_list, documents
from tests.support import workspaces
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest

WORDS = (("Invoice", 0.1, 0.1, 0.2), ("INV-77", 0.25, 0.1, 0.35), ("Total", 0.1, 0.5, 0.18), ("20.00", 0.25, 0.5, 0.33))
"""(text, left, upper, right) in fractions of the upright page; each is 0.02 high."""
SIZE = (1000, 1400)  # of the upright page
TURNS = {90: "PAGE_LEFT", 180: "PAGE_DOWN", 270: "PAGE_RIGHT"}  # what is to be turned clockwise -> how its text stands


def points(left: float, upper: float, right: float, turn: int) -> list[tuple[float, float]]:
    """The corners of a word in fractions of a page that has to be turned by so much, from the top left of the text."""
    corners = [(left, upper), (right, upper), (right, upper + 0.02), (left, upper + 0.02)]
    there = {
        0: lambda x, y: (x, y),
        90: lambda x, y: (y, 1 - x),
        180: lambda x, y: (1 - x, 1 - y),
        270: lambda x, y: (1 - y, x),
    }[turn]
    return [there(x, y) for x, y in corners]


def size(turn: int) -> tuple[int, int]:
    return SIZE if turn % 180 == 0 else (SIZE[1], SIZE[0])


def picture(turn: int) -> bytes:
    """A page with a black upper left corner, before it is turned upright."""
    image = Image.new("L", SIZE, 255)
    image.paste(0, (0, 0, 200, 200))
    data = BytesIO()
    image.rotate(turn, expand=True).save(data, "PNG")
    return data.getvalue()


def textract(turn: int) -> dict[str, Any]:
    blocks = []
    for number, (text, left, upper, right) in enumerate(WORDS):
        corners = points(left, upper, right, turn)
        xs, ys = zip(*corners, strict=True)
        box = {"Left": min(xs), "Top": min(ys), "Width": max(xs) - min(xs), "Height": max(ys) - min(ys)}
        polygon = [{"X": x, "Y": y} for x, y in corners]
        blocks.append({
            "BlockType": "WORD", "Id": str(number), "Text": text, "Confidence": 99.0, "Page": 1,
            "Geometry": {"BoundingBox": box, "Polygon": polygon},
        })  # fmt: skip
    return {"DocumentMetadata": {"Pages": 1}, "Blocks": blocks}


def document_ai(turn: int, *, oriented: bool = True) -> dict[str, Any]:
    text, tokens = "", []
    for word, left, upper, right in WORDS:
        vertices = [
            {key: value for key, value in (("x", x), ("y", y)) if value} for x, y in points(left, upper, right, turn)
        ]
        segment = {"endIndex": str(len(text) + len(word))} | ({"startIndex": str(len(text))} if text else {})
        layout: dict[str, Any] = {
            "textAnchor": {"textSegments": [segment]},
            "confidence": 0.9,
            "boundingPoly": {"normalizedVertices": vertices},
        }
        tokens.append({"layout": layout | ({"orientation": TURNS.get(turn, "PAGE_UP")} if oriented else {})})
        text += f"{word} "
    width, height = size(turn)
    number = {"type": "invoice_id", "mentionText": "INV-77", "confidence": 0.8}
    number["textAnchor"] = {"textSegments": [{"startIndex": "8", "endIndex": "14"}]}
    page = {"dimension": {"width": width, "height": height, "unit": "pixels"}, "tokens": tokens}
    return {"document": {"text": text, "pages": [page], "entities": [number]}}


def azure(turn: int) -> dict[str, Any]:
    width, height = size(turn)
    words = []
    for text, left, upper, right in WORDS:
        polygon = [side for x, y in points(left, upper, right, turn) for side in (x * width, y * height)]
        words.append({"content": text, "polygon": polygon, "confidence": 0.9, "span": {"offset": 0, "length": 0}})
    page = {"pageNumber": 1, "angle": 0, "width": width, "height": height, "unit": "pixel", "words": words}
    return {"analyzeResult": {"modelId": "prebuilt-invoice", "pages": [page], "documents": []}}


def vision(turn: int) -> dict[str, Any]:
    width, height = size(turn)
    words = [
        {
            "symbols": [{"text": text}],
            "boundingBox": {
                "vertices": [{"x": x * width, "y": y * height} for x, y in points(left, upper, right, turn)]
            },
        }
        for text, left, upper, right in WORDS
    ]
    page = {"width": width, "height": height, "blocks": [{"paragraphs": [{"words": words}]}]}
    return {"responses": [{"fullTextAnnotation": {"pages": [page]}}]}


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize(
    "answer", [textract, document_ai, lambda turn: document_ai(turn, oriented=False), azure, vision]
)
def test_a_turned_page_comes_in_upright_with_its_picture(answer: Any, turn: int, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(answer(turn)))
    (folder / "a.png").write_bytes(picture(turn))
    with closing(workspaces.empty(tmp_path / "ws")) as workspace:
        summary = run(workspace, ImportRequest((folder,), ocr=False))
        with workspace.db.read() as connection:
            (number,) = document_list.ids(connection)
            (page,) = documents.open_document(connection, number).pages
        assert [token.text for token in page.tokens] == [text for text, *_ in WORDS]
        assert (page.width, page.height) == SIZE
        for token, (_, left, upper, right) in zip(page.tokens, WORDS, strict=True):
            wanted = (left * 1000, upper * 1400, right * 1000, (upper + 0.02) * 1400)
            assert token.box == pytest.approx(wanted, abs=0.02)
        with Image.open(workspace.files.picture(page.picture or "")) as kept:
            assert kept.size == SIZE
            assert kept.convert("L").getpixel((50, 50)) < 50  # type: ignore[operator]
        assert ("pages were turned upright" in summary.notes) == bool(turn)


def words(item: Any) -> list[str]:
    return [token.text for page in item.pages for token in page.tokens or ()]


def spans(item: Any) -> list[tuple[str, str, float | None]]:
    texts = words(item)
    return [(span.label, " ".join(texts[i] for i in span.tokens), span.confidence) for span in item.spans]


def test_an_answer_without_words_takes_those_of_the_pdf_beside(put: Any, read: Any) -> None:
    data = BytesIO()
    canvas = Canvas(data, pagesize=(612, 792))
    canvas.drawString(72, 792 - 144, "Invoice INV-77 of Acme with ten words and more of them here")
    canvas.save()
    put("a.pdf", data.getvalue())
    box = [1.53, 1.8, 2.1, 1.8, 2.1, 2.1, 1.53, 2.1]
    field = {"type": "string", "text": "INV-77", "page": 1, "confidence": 0.9}
    page = {"page": 1, "angle": 0, "width": 8.5, "height": 11, "unit": "inch"}
    found = {"docType": "prebuilt:invoice", "fields": {"InvoiceId": field | {"boundingBox": box}, "DueDate": None}}
    answer = {"analyzeResult": {"version": "2.1.0", "readResults": [page], "documentResults": [found]}}
    (item,), bad = read(put("a.json", answer), "azure")
    assert not bad
    assert words(item)[:2] == ["Invoice", "INV-77"]
    assert (item.pages[0].width, item.pages[0].height) == (612, 792)
    assert [(region.label, region.confidence) for region in item.regions] == []
    assert spans(item) == [("invoice_no", "INV-77", 0.9)]
    put("b.png", picture(0))
    (item,), _ = read(put("b.json", answer), "azure")
    assert item.pages[0].tokens is None  # OCR reads it
    assert not any("not among the words" in note for note in item.notes)  # its box waits for the words


def azure_invoice(fields: dict[str, Any]) -> dict[str, Any]:
    content, places = "", {}
    listed = []
    for number, text in enumerate(["20.00", "19", "%", "DE89370400440532013000", "12.00"]):
        places[text] = {"offset": len(content), "length": len(text)}
        polygon = [1, number, 2, number, 2, number + 0.5, 1, number + 0.5]
        listed.append({"content": text, "polygon": polygon, "confidence": 0.9, "span": places[text]})
        content += f"{text}\n"
    page = {"pageNumber": 1, "width": 8.5, "height": 11, "unit": "inch", "words": listed}

    def spanned(field: Any) -> Any:
        if isinstance(field, list):
            return [spanned(entry) for entry in field]
        if not isinstance(field, dict):
            return field
        own = {key: spanned(value) for key, value in field.items()}
        return own | ({"spans": [places[word] for word in field["content"].split()]} if "content" in field else {})

    document = {"docType": "invoice", "fields": spanned(fields), "confidence": 1}
    return {
        "analyzeResult": {"modelId": "prebuilt-invoice", "content": content, "pages": [page], "documents": [document]}
    }


def test_azures_lists_of_one_entry_bring_values_of_the_invoice(put: Any, read: Any) -> None:
    def listed(*entries: dict[str, Any]) -> dict[str, Any]:
        return {"type": "array", "valueArray": [{"type": "object", "valueObject": entry} for entry in entries]}

    fields: dict[str, Any] = {
        "InvoiceTotal": {"type": "currency", "content": "20.00", "confidence": 0.9},
        "AmountDue": {"type": "currency", "content": "12.00", "confidence": 0.8},
        "TaxDetails": listed({"Rate": {"type": "string", "content": "19 %", "confidence": 0.7}}),
        "PaymentDetails": listed({"IBAN": {"type": "string", "content": "DE89370400440532013000", "confidence": 0.6}}),
        "Items": listed({"Amount": {"type": "currency", "content": "20.00"}}),
    }
    (item,), _ = read(put("a.json", azure_invoice(fields)), "azure")
    assert sorted(spans(item)) == [
        ("amount_total", "20.00", 0.9), ("iban", "DE89370400440532013000", 0.6), ("tax_rate", "19 %", 0.7)
    ]  # fmt: skip
    del fields["InvoiceTotal"]  # what is due is the total where no other is named
    (item,), _ = read(put("b.json", azure_invoice(fields)), "azure")
    assert ("AmountDue", "12.00", 0.8) in spans(item)
    fields["TaxDetails"]["valueArray"] *= 2  # an invoice with two rates has no single one
    (item,), _ = read(put("c.json", azure_invoice(fields)), "azure")
    assert "tax_rate" not in [label for label, *_ in spans(item)]


def test_a_question_to_textract_means_the_field_that_it_asks_for(put: Any, read: Any) -> None:
    answer = textract(0)
    for number, question in enumerate(["What is the IBAN?", "what's the invoice date of the invoice", "Total"]):
        answer["Blocks"] += [
            {
                "BlockType": "QUERY", "Id": f"q{number}", "Query": {"Text": question},
                "Relationships": [{"Type": "ANSWER", "Ids": [f"r{number}"]}],
            },
            {"BlockType": "QUERY_RESULT", "Id": f"r{number}", "Text": "20.00", "Confidence": 80.0},
        ]  # fmt: skip
    (item,), _ = read(put("a.json", answer), "textract")
    assert [label for label, *_ in spans(item)] == ["IBAN", "invoice date", "Total"]


def test_parts_of_an_answer_are_said(put: Any, read: Any) -> None:
    (item,), _ = read(put("1.json", textract(0) | {"NextToken": "abc"}), "textract")
    assert any("put the parts into one JSON list" in note for note in item.notes)
    (item,), _ = read(put("2.json", [textract(0) | {"NextToken": "abc"}, textract(0)]), "textract")
    assert not any("NextToken" in note for note in item.notes)
    part = document_ai(0)["document"] | {"shardInfo": {"shardIndex": "0", "shardCount": "2"}}
    (item,), _ = read(put("3.json", part), "document-ai")
    assert any("one of 2 parts" in note for note in item.notes)


def test_the_layout_parsers_answer_is_refused_with_what_to_do(put: Any, read: Any) -> None:
    layout = {
        "document": {"text": "", "documentLayout": {"blocks": [{"blockId": "1", "textBlock": {"text": "Invoice"}}]}}
    }
    good, (problem,) = read(put("a.json", layout), "document-ai")
    assert not good
    assert "Layout Parser" in problem.reason
    assert "import the document itself" in problem.reason
