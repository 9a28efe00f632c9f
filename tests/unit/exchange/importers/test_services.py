"""Answers of OCR services and labels of other tools, written as their documentation says."""
# ruff: noqa: E501

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from workbench.exchange import detection, discovery
from workbench.exchange.importers import registry as importers
from workbench.exchange.reading import incoming
from workbench.exchange.reading.incoming import Incoming


def png(width: int = 400, height: int = 600) -> bytes:
    data = BytesIO()
    Image.new("L", (width, height), 255).save(data, "PNG")
    return data.getvalue()


def pdf(pages: int, size: tuple[float, float] = (500, 1000)) -> bytes:
    data = BytesIO()
    canvas = Canvas(data, pagesize=size)
    for number in range(pages):
        canvas.drawString(50, 800, f"page {number} of the document with more than ten words on it in all")
        canvas.showPage()
    canvas.save()
    return data.getvalue()


def words(item: Incoming) -> list[str]:
    return [token.text for page in item.pages for token in page.tokens or ()]


def spans(item: Incoming) -> list[tuple[str, str, float | None]]:
    """(label, words, confidence) of every span."""
    texts = words(item)
    return [(span.label, " ".join(texts[i] for i in span.tokens), span.confidence) for span in item.spans]


def geometry(left: float, top: float, width: float = 0.1, height: float = 0.02) -> dict[str, Any]:
    return {"BoundingBox": {"Left": left, "Top": top, "Width": width, "Height": height}}


def word(key: str, text: str, left: float, top: float, page: int = 1) -> dict[str, Any]:
    place = geometry(left, top)
    return {"BlockType": "WORD", "Id": key, "Text": text, "Confidence": 99.1, "Geometry": place, "Page": page}


def test_textract_words_lines_pages_and_queries(put: Any, read: Any) -> None:
    query = {"BlockType": "QUERY", "Id": "q", "Query": {"Text": "What is the total?", "Alias": "TOTAL"}}
    blocks = [
        {"BlockType": "LINE", "Id": "l", "Page": 1, "Relationships": [{"Type": "CHILD", "Ids": ["a", "b"]}]},
        word("a", "TOTAL", 0.1, 0.2), word("b", "12.00", 0.3, 0.2), word("c", "second", 0.1, 0.1, 2),
        query | {"Relationships": [{"Type": "ANSWER", "Ids": ["r"]}]},
        {"BlockType": "QUERY_RESULT", "Id": "r", "Text": "12.00", "Confidence": 88.0, "Geometry": geometry(0.3, 0.2)},
        {"BlockType": "KEY_VALUE_SET", "Id": "k", "EntityTypes": ["KEY"]},
    ]  # fmt: skip
    path = put("scan.json", {"DocumentMetadata": {"Pages": 2}, "Blocks": blocks})
    put("scan.pdf", pdf(2))
    (item,), bad = read(path, "textract")
    assert not bad
    assert [[t.text for t in page.tokens or ()] for page in item.pages] == [["TOTAL", "12.00"], ["second"]]
    assert spans(item) == [("TOTAL", "12.00", 0.88)]
    first = (item.pages[0].tokens or [])[0]
    assert (first.box, first.line, first.confidence) == ((50, 200, 100, 220), 0, 0.991)
    assert all(page.picture for page in item.pages)
    assert not item.labelled
    assert any("pairs of keys" in note for note in item.notes)
    assert discovery.discover([path.parent]).files == [path]


def test_textract_expenses_are_suggestions(put: Any, read: Any) -> None:
    def field(kind: str, text: str, left: float) -> dict[str, Any]:
        value = {"Text": text, "Confidence": 95.0, "Geometry": geometry(left, 0.2)}
        return {"Type": {"Text": kind, "Confidence": 90.0}, "ValueDetection": value, "PageNumber": 1}

    expense = {
        "SummaryFields": [
            field("TOTAL", "12.00", 0.3),
            field("OTHER", "x", 0.3),
            field("INVOICE_RECEIPT_ID", "A1", 0.6),
        ],
        "LineItemGroups": [{"LineItems": [{}, {}]}],
        "Blocks": [word("a", "TOTAL", 0.1, 0.2), word("b", "12.00", 0.3, 0.2), word("c", "A1", 0.6, 0.2)],
    }
    (item,), _ = read(put("e.json", {"ExpenseDocuments": [expense]}), "textract")
    assert spans(item) == [("amount_total", "12.00", 0.9), ("invoice_no", "A1", 0.9)]
    assert any("line items" in note for note in item.notes)


def anchor(*ends: int) -> dict[str, Any]:
    start, end = ends
    return {"textSegments": [{"endIndex": str(end)} | ({"startIndex": str(start)} if start else {})]}


def test_textract_expenses_among_the_pages_of_a_loan_are_read(put: Any, read: Any) -> None:
    total = {"Type": {"Text": "TOTAL", "Confidence": 99.0},
             "ValueDetection": {"Text": "12.00", "Confidence": 90.0, "Geometry": geometry(0.3, 0.2)}}  # fmt: skip
    expense = {"Blocks": [word("a", "TOTAL", 0.1, 0.2), word("b", "12.00", 0.3, 0.2)], "SummaryFields": [total]}
    answer = {"Results": [{"Page": 1, "Extractions": [{"ExpenseDocument": expense}]}]}
    (item,), _ = read(put("lending.json", answer), "textract")
    assert spans(item) == [("amount_total", "12.00", 0.9)]


def test_document_ai_words_entities_and_pictures(put: Any, read: Any) -> None:
    def token(start: int, end: int, left: float) -> dict[str, Any]:
        corners = [
            {"x": left, "y": 0.1},
            {"x": left + 0.1, "y": 0.1},
            {"x": left + 0.1, "y": 0.12},
            {"x": left, "y": 0.12},
        ]
        layout = {"textAnchor": anchor(start, end), "boundingPoly": {"normalizedVertices": corners}, "confidence": 0.9}
        return {"layout": layout}

    def page(*tokens: Any) -> dict[str, Any]:
        content = base64.b64encode(png(1000, 1400)).decode()
        size = {"width": 1000, "height": 1400, "unit": "pixels"}
        return {"dimension": size, "tokens": list(tokens), "image": {"content": content}}

    entities = [
        {"type": "total_amount", "mentionText": "12.00", "confidence": 0.98, "textAnchor": anchor(8, 13)},
        {"type": "line_item", "mentionText": "x", "confidence": 0.9},
        {"type": "supplier_name", "mentionText": "ACME", "confidence": 0.7, "textAnchor": anchor(14, 18)},
        {"type": "due_date", "mentionText": "never", "confidence": 0.2},
    ]
    document = {
        "text": "🧾 TOTAL 12.00 ACME\n",
        "pages": [page(token(2, 8, 0.1), token(8, 14, 0.3)), page(token(14, 19, 0.1))],
    }
    (item,), bad = read(put("d.json", {"document": document | {"entities": entities}}), "document-ai")
    assert not bad
    assert [[t.text for t in page.tokens or ()] for page in item.pages] == [["TOTAL", "12.00"], ["ACME"]]
    assert spans(item) == [("amount_total", "12.00", 0.98), ("seller_name", "ACME", 0.7)]
    assert (item.pages[1].width, (item.pages[1].tokens or [])[0].box[0]) == (1000, 100)
    assert isinstance(item.pages[0].picture, bytes)
    assert any("due_date" in note for note in item.notes)
    checked = [{"type": "total", "textAnchor": anchor(8, 13)}]
    (item,), _ = read(put("l.json", document | {"entities": checked}), "document-ai")
    assert (spans(item), item.labelled) == ([("total", "12.00", None)], True)


def test_document_ai_parts_of_an_entity_are_the_values(put: Any, read: Any) -> None:
    text = "ACME 19% 1.90"

    def anchor(start: int, end: int) -> dict[str, Any]:
        return {"textAnchor": {"textSegments": [{"startIndex": str(start), "endIndex": str(end)}]}}

    def token(start: int, end: int, x: float) -> dict[str, Any]:
        corners = [
            {"y": 0.1},
            {"x": x + 0.1, "y": 0.1},
            {"x": x + 0.1, "y": 0.2},
            {"x": x, "y": 0.2},
        ]  # a 0 is left out
        return {"layout": anchor(start, end) | {"boundingPoly": {"normalizedVertices": corners}}}

    entities = [
        {"type": "supplier", "properties": [{"type": "supplier_name", "confidence": 0.8, **anchor(0, 4)}]},
        {"type": "vat", "confidence": 0.7, **anchor(5, 13), "properties": [
            {"type": "vat/tax_rate", "confidence": 0.7, **anchor(5, 8)},
            {"type": "vat/tax_amount", "confidence": 0.6, **anchor(9, 13)}]},
    ]  # fmt: skip
    page = {"dimension": {"width": 100, "height": 100}, "tokens": [token(0, 5, 0), token(5, 9, 0.3), token(9, 13, 0.6)]}
    (item,), _ = read(put("d.json", {"text": text, "pages": [page], "entities": entities}), "document-ai")
    assert spans(item) == [("seller_name", "ACME", 0.8), ("tax_rate", "19%", 0.7), ("amount_tax", "1.90", 0.6)]


def test_azure_results_of_versions_2_to_4(put: Any, read: Any) -> None:
    def box(left: float) -> list[float]:
        return [left, 1, left + 1, 1, left + 1, 1.2, left, 1.2]

    new = {
        "content": "TOTAL 12.00",
        "pages": [{"pageNumber": 1, "width": 8.5, "height": 11, "unit": "inch", "words": [
            {"content": "TOTAL", "polygon": box(1), "confidence": 0.99, "span": {"offset": 0, "length": 5}},
            {"content": "12.00", "polygon": box(3), "confidence": 0.98, "span": {"offset": 6, "length": 5}}]}],
        "documents": [{"docType": "invoice", "fields": {
            "InvoiceTotal": {"type": "currency", "content": "12.00", "confidence": 0.9,
                             "boundingRegions": [{"pageNumber": 1, "polygon": box(3)}]},
            "InvoiceId": {"type": "string", "content": "TOTAL", "confidence": 0.3, "spans": [{"offset": 0, "length": 5}]},
            "Items": {"type": "array", "valueArray": []}}}],
    }  # fmt: skip
    (item,), bad = read(put("a.json", {"status": "succeeded", "analyzeResult": new}), "azure")
    assert not bad
    assert spans(item) == [("amount_total", "12.00", 0.9), ("invoice_no", "TOTAL", 0.3)]
    assert (item.pages[0].width, (item.pages[0].tokens or [])[0].box) == (612, (72, 72, 144, 86.4))
    old = {
        "readResults": [{"page": 1, "width": 400, "height": 600, "unit": "pixel", "lines": [
            {"words": [{"text": "TOTAL", "boundingBox": box(1), "confidence": 0.9},
                       {"text": "12.00", "boundingBox": box(3), "confidence": 0.9}]}]}],
        "documentResults": [{"fields": {"Total": {"text": "12.00", "page": 1, "boundingBox": box(3), "confidence": 0.8}}}],
    }  # fmt: skip
    (item,), _ = read(put("b.json", {"analyzeResult": old}), "azure")
    assert spans(item) == [("amount_total", "12.00", 0.8)]


def test_azure_as_the_older_python_library_writes_it(put: Any, read: Any) -> None:
    def corners(x: float, y: float) -> list[dict[str, float]]:
        return [{"x": x, "y": y}, {"x": x + 1, "y": y}, {"x": x + 1, "y": y + 0.2}, {"x": x, "y": y + 0.2}]

    def field(text: str, x: float, y: float, **more: Any) -> dict[str, Any]:
        place = {"page_number": 1, "polygon": corners(x, y)}
        return {
            "value_type": "string",
            "value": text,
            "content": text,
            "bounding_regions": [place],
            "confidence": 0.9,
        } | more

    listed = [
        {"content": text, "polygon": corners(x, y), "span": {"offset": at, "length": len(text)}, "confidence": 0.99}
        for text, x, y, at in (("Total", 1, 2, 0), ("12.00", 3, 2, 6), ("INV-7", 3, 1, 12))
    ]
    page = {"page_number": 1, "angle": 0.0, "width": 8.5, "height": 11.0, "unit": "inch", "lines": [], "words": listed}
    items = {"value_type": "list", "value": [], "content": None, "bounding_regions": None, "confidence": None}
    fields = {
        "InvoiceId": field("INV-7", 3, 1),  # no spans: by its place
        "InvoiceTotal": field("12.00", 3, 2, value_type="currency", spans=[{"offset": 6, "length": 5}]),
        "Items": items,
    }
    answer = {"api_version": "2022-08-31", "model_id": "prebuilt-invoice", "content": "Total 12.00 INV-7",
              "pages": [page], "documents": [{"doc_type": "invoice", "fields": fields, "confidence": 1.0}]}  # fmt: skip
    (item,), _ = read(put("r.json", answer), "azure")
    assert sorted(spans(item)) == [("amount_total", "12.00", 0.9), ("invoice_no", "INV-7", 0.9)]
    assert any("line items" in note for note in item.notes)


def test_azure_labels_take_the_words_of_their_ocr_or_of_the_pdf(put: Any, read: Any) -> None:
    place = {"page": 1, "text": "12.00", "boundingBoxes": [[0.5, 0.1, 0.7, 0.1, 0.7, 0.2, 0.5, 0.2]]}
    labels = [
        {"label": "Total", "value": [place]},
        {"label": "Items/0/Amount", "value": [place]},
        {"label": "No", "value": []},
    ]
    ocr = {"analyzeResult": {"readResults": [{"page": 1, "width": 400, "height": 600, "unit": "pixel", "lines": [
        {"words": [{"text": "12.00", "boundingBox": [210, 70, 270, 70, 270, 100, 210, 100]}]}]}]}}  # fmt: skip
    path = put("a.pdf.labels.json", {"document": "a.pdf", "labels": labels})
    put("a.pdf.ocr.json", ocr)
    put("a.pdf", pdf(1))
    (item,), bad = read(path, "azure")
    assert not bad
    assert (spans(item), item.labelled, item.name) == ([("Total", "12.00", None)], True, "a")
    assert item.pages[0].picture
    assert any("tables" in note for note in item.notes)
    assert discovery.discover([path.parent]).files == [path]
    wide = place | {"boundingBoxes": [[0.0, 0.1, 1.0, 0.1, 1.0, 0.3, 0.0, 0.3]]}
    (item,), _ = read(
        put("b.json", {"document": "a.pdf", "labels": [{"label": "Total", "value": [wide]}]} | MARK), "azure"
    )
    assert spans(item) == [] or item.pages[0].tokens is not None
    good, (problem,) = read(put("c.labels.json", {"document": "none.pdf", "labels": labels} | MARK), "azure")
    assert not good
    assert "none.pdf" in problem.reason


def test_azures_labels_without_their_document_do_not_bring_their_words_twice(put: Any) -> None:
    path = put("a.pdf.labels.json", {"document": "a.pdf", "labels": []} | MARK)
    put("a.pdf.ocr.json", {"analyzeResult": {"readResults": []}})
    put("fields.json", {"fields": []})
    assert discovery.discover([path.parent]).files == [path]


MARK = {"$schema": "https://schema.cognitiveservices.azure.com/formrecognizer/2021-03-01/labels.json"}


def test_coco_and_labelme_label_regions_of_pictures(put: Any, read: Any, tmp_path: Path) -> None:
    coco = {
        "images": [{"id": 1, "file_name": "a.png", "width": 200, "height": 300}, {"id": 2, "file_name": "none.png"}],
        "annotations": [{"image_id": 1, "category_id": 3, "bbox": [70, 10, 40, 14]}],
        "categories": [{"id": 3, "name": "total"}],
    }
    put("a.png", png())
    path = put("coco.json", coco)
    importer = detection.detect(path)
    assert importer is not None
    item, problem = importer.read(path, incoming.Options(tmp_path))
    assert isinstance(item, Incoming)
    # The picture is twice as large as the file says.
    assert [(region.label, region.box) for region in item.regions] == [("total", (140, 20, 220, 48))]
    assert "none.png" in problem.reason  # type: ignore[union-attr]
    inside = base64.b64encode(png()).decode()
    shape = {"label": "total", "points": [[110, 24], [70, 10]], "shape_type": "rectangle"}
    size = {"imageHeight": 600, "imageWidth": 400}
    path = put("me.json", {"shapes": [shape], "imagePath": "gone.png", "imageData": inside} | size)
    (item,) = importers.load("picture-labels").read(path, incoming.Options(tmp_path))
    assert isinstance(item, Incoming)
    assert [(region.label, region.box) for region in item.regions] == [("total", (70, 10, 110, 24))]


def test_ubiai(put: Any, read: Any) -> None:
    token = {"text": "12.00", "start": 6, "end": 11, "entityLabel": "TOTAL"}
    (item,), _ = read(put("u.json", [{"documentName": "a.pdf", "document": "TOTAL 12.00", "tokens": [token]}]), "ubiai")
    assert (item.name, spans(item)) == ("a", [("TOTAL", "12.00", None)])


def test_paddle_label_files(put: Any, read: Any) -> None:
    points = [[70, 10], [110, 10], [110, 24], [70, 24]]
    lines = [{"transcription": "TOTAL DUE", "points": points, "key_cls": "None"},
             {"transcription": "12.00", "points": points, "key_cls": "total"}]  # fmt: skip
    put("imgs/a.png", png())
    path = put("Label.txt", f"imgs/a.png\t{json.dumps(lines)}\nimgs/b.png\t[\n")
    (item,), (problem,) = read(path, "paddle")
    assert words(item) == ["TOTAL", "DUE", "12.00"]
    assert (spans(item), item.labelled, item.pages[0].width) == ([("total", "12.00", None)], True, 400)
    assert "line 2" in problem.record
    assert discovery.discover([path.parent]).files == [path]


def test_wildreceipt_takes_its_labels_names_from_the_class_list(put: Any, read: Any) -> None:
    annotations = [{"box": [10, 10, 60, 10, 60, 24, 10, 24], "text": "TOTAL", "label": 2},
                   {"box": [70, 10, 110, 10, 110, 24, 70, 24], "text": "12.00", "label": 1}]  # fmt: skip
    path = put("train.txt", json.dumps({"file_name": "a.png", "height": 600, "width": 400, "annotations": annotations}))
    (item,), _ = read(path, "paddle")
    assert (spans(item), item.labelled) == ([], False)
    assert any("class_list" in note for note in item.notes)
    put("class_list.txt", "0 Ignore\n1 Total_value\n2 Total_key\n")
    (item,), _ = read(path, "paddle")
    assert (spans(item), item.labelled) == ([("Total", "12.00", None)], True)


def test_hocr_and_alto(put: Any, read: Any) -> None:
    lines = "".join(
        f"<span class='ocr_line' title='bbox 10 {top} 60 {top + 14}'>"
        f"<span class='ocrx_word' title='bbox 10 {top} 60 {top + 14}; x_wconf 96'><strong>{text}</strong></span></span>"
        for text, top in (("TOTAL", 10), ("12&#46;00", 40))
    )
    hocr = f"<!DOCTYPE html><html><body><div class='ocr_page' title='image \"x/a.png\"; bbox 0 0 400 600'>{lines}"
    put("a.png", png())
    for closing in ("</div></body></html>", "<br></div>"):  # XHTML, and HTML that is no XML
        (item,), bad = read(put("a.hocr", hocr + closing), "ocr-files")
        assert not bad
        assert [(t.text, t.line, t.confidence) for t in item.pages[0].tokens or ()] == [
            ("TOTAL", 0, 0.96),
            ("12.00", 1, 0.96),
        ]
        assert item.pages[0].picture is not None
    alto = (
        '<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout>'
        '<Page WIDTH="400" HEIGHT="600"><PrintSpace><TextLine><String CONTENT="TOTAL" HPOS="10" VPOS="10" WIDTH="50" '
        'HEIGHT="14" WC="0.9"/></TextLine></PrintSpace></Page></Layout></alto>'
    )
    (item,), _ = read(put("b.xml", alto), "ocr-files")
    assert [(t.text, t.box, t.confidence) for t in item.pages[0].tokens or ()] == [("TOTAL", (10, 10, 60, 24), 0.9)]
    good, (problem,) = read(put("c.xml", '<alto><Layout><Page WIDTH="4" HEIGHT="6"/></Layout></alto>'), "ocr-files")
    assert not good
    assert "no words" in problem.reason


_TSV = (
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "1\t1\t0\t0\t0\t0\t0\t0\t400\t600\t-1\t\n"
    "4\t1\t1\t1\t1\t0\t10\t10\t100\t14\t-1\t\n"
    "5\t1\t1\t1\t1\t1\t10\t10\t50\t14\t96.5\tTOTAL\n"
    '5\t1\t1\t1\t1\t2\t70\t10\t40\t14\t80\t"12.00\n'
    "5\t1\t2\t1\t1\t1\t10\t40\t40\t14\t70\tPaid\n"
)


def test_tesseracts_table_is_words_with_boxes_and_no_text(put: Any, read: Any) -> None:
    put("a.png", png())
    (item,), bad = read(put("a.tsv", _TSV), "ocr-files")
    assert not bad and item.text is None
    (page,) = item.pages
    assert (page.width, page.height, page.engine) == (400, 600, "tesseract") and page.picture is not None
    assert [(t.text, t.box, t.line, t.confidence) for t in page.tokens or ()] == [
        ("TOTAL", (10, 10, 60, 24), 0, 0.965), ('"12.00', (70, 10, 110, 24), 0, 0.8), ("Paid", (10, 40, 50, 54), 1, 0.7),
    ]  # fmt: skip
    good, (problem,) = read(put("b.tsv", _TSV.replace("\t50\t14", "\twide\t14")), "ocr-files")
    assert not good and "line 4 has no number in its column width" in problem.reason


_QUAD = [[10, 10], [60, 10], [60, 24], [10, 24]]


@pytest.mark.parametrize(
    "result",
    [
        {"input_path": "a.png", "dt_polys": [_QUAD], "rec_texts": ["TOTAL"], "rec_scores": [0.9], "rec_polys": [_QUAD]},
        {"rec_texts": ["TOTAL"], "rec_scores": [0.9], "rec_boxes": [[10, 10, 60, 24]]},
        [[[_QUAD, ["TOTAL", 0.9]]]],  # PaddleOCR 2: a list of pages
        [[_QUAD, ["TOTAL", 0.9]]],
        [[_QUAD, "TOTAL", 0.9]],  # EasyOCR
    ],
)
def test_the_lines_that_paddleocr_found_are_words(put: Any, read: Any, result: Any) -> None:
    put("a.png", png())
    (item,), bad = read(put("a.json", result), "ocr-files")
    assert not bad
    assert [(t.text, t.box, t.confidence) for t in item.pages[0].tokens or ()] == [("TOTAL", (10, 10, 60, 24), 0.9)]
    assert item.pages[0].picture is not None


def test_results_without_boxes_are_refused(put: Any, read: Any) -> None:
    for name, result, reason in (
        ("a.json", {"rec_texts": ["TOTAL"], "rec_polys": []}, "as many boxes as texts"),
        ("b.json", [[_QUAD, ["TOTAL", 0.9]], [_QUAD]], "no box and text"),
    ):
        good, (problem,) = read(put(name, result), "ocr-files")
        assert not good and reason in problem.reason


def test_entities_of_a_file_are_not_expanded(put: Any, read: Any, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    bomb = '<!DOCTYPE alto [<!ENTITY x SYSTEM "secret">]><alto><Page WIDTH="9" HEIGHT="9"><String CONTENT="a"/>&x;</Page></alto>'
    good, bad = read(put("x.xml", bomb), "ocr-files")
    assert "SECRET" not in repr((good, bad))
