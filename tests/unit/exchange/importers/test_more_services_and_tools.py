"""Answers of more OCR services and labels of more tools, after their published documentation."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from workbench.exchange import detection
from workbench.exchange.importers import registry
from workbench.exchange.reading.incoming import Incoming, Options, Rejected


def read(path: Path, format: str) -> list[Any]:
    importer = detection.detect(path)
    assert importer is registry.load(format)
    return list(importer.read(path, Options(path.parent)))


def only(path: Path, content: Any, format: str) -> Incoming:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    (item,) = read(path, format)
    assert isinstance(item, Incoming), item
    return item


def words(item: Incoming, page: int = 0) -> list[tuple[str, tuple[float, ...], int | None]]:
    return [
        (token.text, tuple(round(side, 1) for side in token.box), token.line) for token in item.pages[page].tokens or ()
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.new("RGB", (900, 600), "white").save(tmp_path / "pic.png")
    return tmp_path


def _corners(x: int) -> list[dict[str, int]]:
    return [{"x": x, "y": 10}, {"x": x + 90, "y": 10}, {"x": x + 90, "y": 40}, {"x": x, "y": 40}]


def _word(text: str, frame: dict[str, Any], ends: str) -> dict[str, Any]:
    symbols: list[dict[str, Any]] = [{"text": letter} for letter in text]
    symbols[-1]["property"] = {"detectedBreak": {"type": ends}}
    return {"boundingBox": frame, "symbols": symbols, "confidence": 0.98}


def test_google_vision_has_words_lines_and_confidence(folder: Path) -> None:
    line = [
        _word("Total", {"vertices": _corners(10)}, "SPACE"),
        _word("9.00", {"vertices": _corners(110)}, "LINE_BREAK"),
    ]
    page = {"width": 900, "height": 600, "blocks": [{"paragraphs": [{"words": [*line, line[0]]}]}]}
    item = only(
        folder / "pic.json", {"responses": [{"fullTextAnnotation": {"pages": [page], "text": "x"}}]}, "google-vision"
    )
    assert words(item) == [
        ("Total", (10, 10, 100, 40), 0),
        ("9.00", (110, 10, 200, 40), 0),
        ("Total", (10, 10, 100, 40), 1),
    ]
    assert item.pages[0].picture == folder / "pic.png"
    assert (item.pages[0].tokens or [])[0].confidence == 0.98


def test_google_vision_reads_pdfs_in_fractions_and_pictures_without_pages(folder: Path) -> None:
    frame = {"normalizedVertices": [{"x": 0.1, "y": 0.1}, {"x": 0.2, "y": 0.1}, {"x": 0.2, "y": 0.2}, {"y": 0.2}]}
    pages = [
        {"fullTextAnnotation": {"pages": [{"width": 600, "height": 800, "blocks": [
            {"paragraphs": [{"words": [_word(text, frame, "LINE_BREAK")]}]}]}]}, "context": {"pageNumber": number}}
        for number, text in ((1, "One"), (2, "Two"))
    ]  # fmt: skip
    item = only(folder / "output-1-to-2.json", {"responses": pages}, "google-vision")
    assert (words(item, 0), words(item, 1)[0][0]) == ([("One", (0, 80, 120, 160), 0)], "Two")
    texts = [{"description": "Total", "boundingPoly": {"vertices": _corners(at)}} for at in (10, 10)]
    item = only(folder / "pic.json", {"textAnnotations": texts}, "google-vision")
    assert (item.pages[0].width, words(item)) == (900, [("Total", (10, 10, 100, 40), None)])


def test_an_answer_that_is_an_error_says_so(folder: Path) -> None:
    path = folder / "bad.json"
    path.write_text(
        json.dumps({"responses": [{"error": {"code": 3, "message": "Bad image data."}, "textAnnotations": []}]})
    )
    (item,) = read(path, "google-vision")
    assert isinstance(item, Rejected)
    assert "Bad image data" in item.reason


def test_azure_vision_of_both_forms(folder: Path) -> None:
    word = {"text": "Total", "boundingPolygon": _corners(10), "confidence": 0.99}
    new = {"metadata": {"width": 900, "height": 600}, "readResult": {"blocks": [{"lines": [{"words": [word]}]}]}}
    assert words(only(folder / "new.json", new, "azure-vision")) == [("Total", (10, 10, 100, 40), 0)]
    old = {"language": "en", "regions": [{"boundingBox": "10,10,190,30", "lines": [
        {"boundingBox": "10,10,190,30", "words": [{"boundingBox": "10,10,90,30", "text": "Total"}]}]}]}  # fmt: skip
    assert words(only(folder / "old.json", old, "azure-vision")) == [("Total", (10, 10, 100, 40), 0)]


_PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/{version}">
<Page imageFilename="pic.png" imageWidth="900" imageHeight="600"><TextRegion><TextLine>{line}</TextLine></TextRegion>
</Page></PcGts>"""
_LINE = '<Coords points="10,10 200,10 200,40 10,40"/>'


@pytest.mark.parametrize(
    ("version", "line", "texts"),
    [
        ("2019-07-15", _LINE + '<Word><Coords points="10,10 100,10 100,40"/><TextEquiv conf="0.9">'
         "<Unicode>Total</Unicode></TextEquiv></Word><TextEquiv><Unicode>Total</Unicode></TextEquiv>", ["Total"]),
        ("2013-07-15", _LINE + "<TextEquiv><Unicode>Total 9.00</Unicode></TextEquiv>", ["Total", "9.00"]),
        ("2010-03-19", '<Coords><Point x="10" y="10"/><Point x="200" y="40"/></Coords><TextEquiv><Unicode>Total'
         "</Unicode></TextEquiv>", ["Total"]),
    ],
)  # fmt: skip
def test_page_xml_has_words_or_lines(version: str, line: str, texts: list[str], folder: Path) -> None:
    item = only(folder / "p.xml", _PAGE.format(version=version, line=line), "ocr-files")
    assert [text for text, _, _ in words(item)] == texts
    assert item.pages[0].picture == folder / "pic.png"


def test_lines_of_hocr_without_words_are_divided(folder: Path) -> None:
    hocr = """<html><div class='ocr_page' title='bbox 0 0 900 600'><span class='ocr_line' title='bbox 10 10 200 40'>
    Total 9.00</span></div></html>"""
    assert [text for text, _, _ in words(only(folder / "a.hocr", hocr, "ocr-files"))] == ["Total", "9.00"]


_BOX = "<bndbox><xmin>10</xmin><ymin>10</ymin><xmax>200</xmax><ymax>40</ymax></bndbox>"
_VOC = f"""<annotation><filename>pic.png</filename><size><width>1800</width><height>1200</height></size>
<object><name>total</name>{_BOX}</object></annotation>"""
_CVAT = """<annotations><meta/><image id="0" name="sub/pic.png" width="1800" height="1200">
<box label="total" xtl="10" ytl="10" xbr="200" ybr="40"/></image></annotations>"""


@pytest.mark.parametrize("content", [_VOC, _CVAT])
def test_pascal_voc_and_cvat_label_regions_scaled_to_the_picture(content: str, folder: Path) -> None:
    item = only(folder / "a.xml", content, "box-xml")
    assert [(region.label, region.box) for region in item.regions] == [("total", (5, 5, 100, 20))]
    assert item.labelled
    assert item.pages[0].picture == folder / "pic.png"


_RECTANGLE = {"name": "rect", "x": 10, "y": 10, "width": 190, "height": 30}
_FILE = {"filename": "pic.png", "size": 1, "regions": [
    {"shape_attributes": _RECTANGLE, "region_attributes": {"label": "total"}},
    {"shape_attributes": {"name": "polygon", "all_points_x": [5, 9, 9], "all_points_y": [5, 5, 9]},
     "region_attributes": {"kind": {"date": True}}},
    {"shape_attributes": {"name": "circle", "cx": 5, "cy": 5, "r": 2}, "region_attributes": {}}]}  # fmt: skip


@pytest.mark.parametrize(
    "content", [{"pic.png1": _FILE}, {"_via_settings": {}, "_via_img_metadata": {"pic.png1": _FILE}}]
)
def test_via_labels_regions(content: dict[str, Any], folder: Path) -> None:
    item = only(folder / "via.json", content, "via")
    assert [(region.label, region.box) for region in item.regions] == [
        ("total", (10, 10, 200, 40)),
        ("date", (5, 5, 9, 9)),
    ]
    assert "shapes without a label were left out" in item.notes


def test_vias_csv_is_no_table_of_values(folder: Path) -> None:
    cells = [json.dumps(cell).replace('"', '""') for cell in (_RECTANGLE, {"label": "total"})]
    row = f'pic.png,1,"{{}}",1,0,"{cells[0]}","{cells[1]}"'
    head = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
    item = only(folder / "via.csv", f"{head}\n{row}\n", "via")
    assert [region.label for region in item.regions] == ["total"]
    (folder / "via.csv").write_text(f'{head}\npic.png,1,"{{,1,0,,\n{row}\n')
    (refused,) = read(folder / "via.csv", "via")  # else the rows after the quote would be one of its cells
    assert isinstance(refused, Rejected) and "it is no CSV" in refused.reason


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.tsv", "#FORMAT=WebAnno TSV 3.3\n", "CoNLL 2002"),
        ("a.ann", "T1\tTotal 6 10\t9.00\n", "labels of brat"),
        ("a.json", '{"ParsedResults": []}', "OCR.space"),
        ("a.xml", '<document xmlns="http://www.abbyy.com/FineReader_xml/FineReader10-schema-v1.xml"/>', "ALTO"),
    ],
)
def test_other_programs_are_named_with_what_to_do(name: str, content: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert detection.detect(path) is None
    assert reason in detection.unrecognised(path)


def test_vias_regions_that_are_none_are_said_and_leave_the_other_pictures_their_labels(folder: Path) -> None:
    Image.new("RGB", (90, 60), "white").save(folder / "bad.png")
    path = folder / "via.json"
    files = [{**_FILE, "filename": "bad.png", "regions": 5}, _FILE, {**_FILE, "regions": ["box"]}]
    path.write_text(json.dumps({str(number): file for number, file in enumerate(files)}))
    bad, good = read(path, "via")
    assert (len(bad.regions), len(good.regions)) == (0, len(only(folder / "one.json", {"1": _FILE}, "via").regions))
    for item in (bad, good):
        assert "shapes without a label were left out" in item.notes


def test_cocos_labels_of_pictures_that_are_not_named_are_said(folder: Path) -> None:
    coco = {
        "images": [{"id": 1, "file_name": "pic.png", "width": 900, "height": 600}],
        "annotations": [{"image_id": image, "category_id": 3, "bbox": [7, 1, 4, 4]} for image in (1, 2, 2)],
        "categories": [{"id": 3, "name": "total"}],
    }
    path = folder / "coco.json"
    path.write_text(json.dumps(coco))
    problem, item = read(path, "picture-labels")
    assert (problem.record, problem.reason) == (
        "annotations",
        "2 are of pictures that it does not name, and were left out",
    )
    assert len(item.regions) == 1


def test_azures_labels_on_a_page_that_is_not_there_are_said(folder: Path) -> None:
    box = [0.1, 0.1, 0.2, 0.1, 0.2, 0.2, 0.1, 0.2]
    values = [{"page": page, "text": "9", "boundingBoxes": [box]} for page in (1, 7)]
    labels = [{"label": "Total", "value": [value]} for value in values]
    item = only(folder / "pic.png.labels.json", {"document": "pic.png", "labels": labels}, "azure")
    assert len(item.regions) == 1
    assert "1 parts of labels have no box on a page that is there, and were left out" in item.notes
