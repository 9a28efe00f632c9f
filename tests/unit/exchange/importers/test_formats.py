"""Every format as its users write it."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from workbench.exchange import detection, discovery
from workbench.exchange.reading.clean import clean
from workbench.exchange.reading.incoming import Incoming, IncomingToken, Options

WORDS = {
    "id": "a",
    "words": ["Total", "9.00"],
    "bboxes": [[10, 20, 60, 40], [70, 20, 99, 40]],
    "labels": ["O", "B-TOTAL"],
}


def png(width: int, height: int) -> bytes:
    data = BytesIO()
    Image.new("1", (width, height)).save(data, "PNG")
    return data.getvalue()


def texts(item: Incoming) -> list[str]:
    return [token.text for page in item.pages for token in page.tokens or ()]


def labels(item: Incoming) -> list[tuple[str, tuple[int, ...]]]:
    return [(span.label, span.tokens) for span in item.spans]


def test_a_word_list_without_a_picture_is_taken_as_thousandths_and_says_so(put: Any, read: Any) -> None:
    (item,), bad = read(put("w.jsonl", json.dumps(WORDS) + "\n"), "word-list")
    assert not bad
    assert (item.pages[0].width, item.pages[0].height) == (1000, 1000)
    assert "boxes taken as 0-1000" in item.notes
    assert labels(item) == [("TOTAL", (1,))]
    assert item.labelled
    assert [token.line for token in item.pages[0].tokens] == [0, 0]


@pytest.mark.parametrize(
    ("pixels", "box"), [(None, (20, 60, 120, 120)), (True, (10, 20, 60, 40)), (False, (20, 60, 120, 120))]
)
def test_thousandths_become_pixels_of_the_picture(put: Any, read: Any, pixels: bool | None, box: Any) -> None:
    put("p.png", png(2000, 3000))
    (item,), _ = read(put("w.json", [{**WORDS, "image_path": "p.png"}]), "word-list", pixels=pixels)
    assert (item.pages[0].width, item.pages[0].height) == (2000, 3000)
    assert item.pages[0].tokens[0].box == box
    assert item.pages[0].picture.name == "p.png"


def test_one_record_beyond_1000_makes_a_file_pixels(put: Any, read: Any) -> None:
    other = {**WORDS, "bboxes": [[10, 20, 60, 40], [70, 20, 1700, 40]]}
    good, _ = read(put("w.jsonl", f"{json.dumps(WORDS)}\n{json.dumps(other)}\n"))
    assert all(
        "boxes taken as pixels" in item.notes and "page size taken from the boxes" in item.notes for item in good
    )


def test_numbers_as_labels_take_their_names_from_beside_the_file(put: Any, read: Any) -> None:
    record = {"id": 1, "tokens": ["a", "b"], "bboxes": WORDS["bboxes"], "ner_tags": [0, 1]}
    path = put("w.jsonl", json.dumps(record))
    (without,), _ = read(path)
    assert not without.labelled
    assert any("labels.txt" in note for note in without.notes)
    put("labels.txt", "O\nB-TOTAL\n")
    (item,), _ = read(path)
    assert labels(item) == [("TOTAL", (1,))]


def test_iob_is_repaired_and_counted_and_plain_names_are_read(put: Any, read: Any) -> None:
    boxes = [[0, 0, 1, 1]] * 5
    tags = ["I-DATE", "I-DATE", "O", "I-TOTAL", "B-TOTAL"]
    plain = ["seller name", "seller name", "O", "TOTAL", ""]
    (first, second), _ = read(
        put(
            "w.json",
            [
                {"words": list("abcde"), "bboxes": boxes, "labels": tags},
                {"words": list("abcde"), "bboxes": boxes, "labels": plain},
            ],
        )
    )
    assert (labels(first), first.repaired_tags) == ([("DATE", (0, 1)), ("TOTAL", (3,)), ("TOTAL", (4,))], 2)
    assert (labels(second), second.repaired_tags) == ([("seller name", (0, 1)), ("TOTAL", (3,))], 0)


def region(key: str, text: str, label: str = "", page: int | None = None, **value: Any) -> list[dict[str, Any]]:
    place = {"x": 10, "y": 5, "width": 8, "height": 2, "rotation": 0, **value}
    base = {"id": key, "to_name": "image", "original_width": 1000, "original_height": 1400}
    if page is not None:
        base["item_index"] = page
    parts = [
        {**base, "type": "rectangle", "value": place},
        {**base, "type": "textarea", "value": {**place, "text": [text]}},
    ]
    return [*parts, {**base, "type": "labels", "value": {**place, "labels": [label]}}] if label else parts


def test_label_studio_predictions_are_suggestions(put: Any, read: Any) -> None:
    task = {
        "id": 1,
        "data": {"ocr": "/data/upload/1/0a1b2c3d-inv1.png"},
        "predictions": [{"model_version": "m1", "score": 0.8, "result": region("b1", "9.00", "TOTAL")}],
        "annotations": [{"id": 7, "was_cancelled": False, "result": []}],
    }
    put("inv1.png", png(1000, 1400))
    (item,), _ = read(put("t.json", [task]), "label-studio")
    (span,) = item.spans
    assert (span.label, span.confidence, span.run, span.tokens) == ("TOTAL", 0.8, "m1", (0,))
    assert item.pages[0].tokens[0].box == (100, 70, 180, 98)
    assert item.pages[0].picture.name == "inv1.png"
    assert item.labelled


def test_label_studio_pages_words_polygons_and_turned_boxes(put: Any, read: Any) -> None:
    base = {"original_width": 100, "original_height": 200, "item_index": 1}
    result = [
        *region("a", "ACME Corp", "COMPANY", page=0),
        *region("b", "x", "", page=0, x=50, y=50, width=10, height=10, rotation=90),
        {
            **base,
            "id": "p",
            "type": "polygonlabels",
            "value": {"points": [[10, 10], [30, 12], [28, 20]], "polygonlabels": ["TOTAL"]},
        },
        {**base, "id": "p", "type": "textarea", "value": {"textarea": "9.00"}},
    ]
    task = {"id": 3, "data": {"pages": ["s3://bucket/a.png", "s3://bucket/b.png"]}, "annotations": [{"result": result}]}
    (item,), _ = read(put("t.json", [task]), "label-studio")
    assert [len(page.tokens) for page in item.pages] == [3, 1]
    assert labels(item) == [("COMPANY", (0, 1)), ("TOTAL", (3,))]
    assert item.pages[1].tokens[0].box == (10, 20, 30, 40)
    # 100 × 140 pixels, turned by 90 degrees about (500, 700): to the left of it
    assert item.pages[0].tokens[2].box == (360, 700, 500, 800)


def test_label_studio_notes_second_labels_and_keeps_pages_apart(put: Any, read: Any) -> None:
    two = region("a", "ACME", "COMPANY", page=0)
    two[-1]["value"]["labels"] = ["COMPANY", "VENDOR"]
    result = [*two, *region("b", "first", "DATE", page=0, y=40), *region("b", "9.00", "TOTAL", page=1)]
    task = {"id": 3, "data": {"pages": ["a.png", "b.png"]}, "annotations": [{"result": result}]}
    (item,), _ = read(put("t.json", [task]), "label-studio")
    assert [[token.text for token in page.tokens] for page in item.pages] == [["ACME", "first"], ["9.00"]]
    assert labels(item) == [("COMPANY", (0,)), ("DATE", (1,)), ("TOTAL", (2,))]
    assert "1 regions have several labels; the first was taken" in item.notes
    assert any("more than one page" in note for note in item.notes)


def test_a_funsd_label_that_is_a_number_is_noted(put: Any, read: Any) -> None:
    form = [{"text": "9.00", "box": [0, 0, 9, 9], "label": 3}, {"text": "a", "box": [20, 0, 29, 9], "label": "x"}]
    (item,), _ = read(put("f.json", {"form": form}), "funsd")
    assert labels(item) == [("x", (1,))]
    assert "1 labels are no names and were left out" in item.notes
    assert not item.labelled


def test_label_studio_min_joins_boxes_labels_and_texts(put: Any, read: Any) -> None:
    place = {"x": 10, "y": 10, "width": 10, "height": 10, "original_width": 200, "original_height": 100}
    other = {**place, "x": 50}
    task = {
        "id": 1,
        "ocr": "http://host/a.png",
        "bbox": [place, other],
        "transcription": ["Total", "9.00"],
        "label": [{**other, "labels": ["TOTAL"]}],
    }
    (item,), _ = read(put("t.json", [task]), "label-studio")
    assert (texts(item), labels(item)) == (["Total", "9.00"], [("TOTAL", (1,))])


def test_funsd_with_its_pictures(put: Any, read: Any, tmp_path: Path) -> None:
    words = [{"text": "Registration", "box": [94, 169, 168, 186]}, {"text": "", "box": [1, 1, 2, 2]}]
    form = [
        {
            "id": 0,
            "text": "Registration",
            "box": [94, 169, 191, 186],
            "label": "question",
            "linking": [],
            "words": words,
        }
    ]
    path = put("annotations/a.json", {"form": form})
    put("images/a.png", png(300, 400))
    assert discovery.discover([tmp_path]).files == [path]
    (item,), _ = read(path, "funsd")
    assert (item.pages[0].width, item.pages[0].picture.name) == (300, "a.png")
    assert (labels(item), item.empty_tokens) == ([("question", (0,))], 1)


def test_xfund_with_quads(put: Any, read: Any, tmp_path: Path) -> None:
    form = [
        {
            "id": 0,
            "label": "header",
            "box": [0, 0, 9, 9],
            "text": "发票",
            "words": [{"text": "发", "box": [[1, 2], [5, 1], [5, 8], [1, 9]]}, {"text": "票", "box": [6, 2, 9, 8]}],
        }
    ]
    path = put(
        "zh.train.json",
        {
            "lang": "zh",
            "documents": [
                {"id": "zh_0", "img": {"fname": "zh_0.jpg", "width": 50, "height": 60}, "document": form},
                {"id": "zh_1", "img": {}},
            ],
        },
    )
    put("zh.train/zh_0.jpg", png(50, 60))
    assert discovery.discover([tmp_path]).files == [path]
    (item,), (bad,) = read(path, "xfund")
    assert (item.name, item.language, item.pages[0].tokens[0].box) == ("zh_0", "zh", (1, 1, 5, 9))
    assert item.pages[0].picture.name == "zh_0.jpg"
    assert (bad.record, bad.reason) == ("document 2", 'it has no "document"')


def test_sroie_lines_may_hold_commas(put: Any, read: Any, tmp_path: Path) -> None:
    path = put("box/X1.txt", "10,10,110,10,110,30,10,30,NO.53, JALAN\r\n0,0,50\r\n10,40,60,40,60,60,10,60,RM 9\r\n")
    put("key/X1.json", {"company": "ACME", "total": "9.00"})
    put("img/X1.jpg", png(200, 300))
    assert discovery.discover([tmp_path]).files == [path]
    (item,), (bad,) = read(path, "sroie")
    assert texts(item) == ["NO.53,", "JALAN", "RM", "9"]
    assert [token.line for token in item.pages[0].tokens] == [0, 0, 1, 1]
    assert (item.values, item.values_source) == ({"company": "ACME", "total": "9.00"}, "gold")
    assert (item.pages[0].width, bad.record) == (200, "line 2")
    alone, _ = read(path, root=tmp_path / "box")
    assert alone[0].values == item.values


def test_sroie_lines_beside_their_picture_are_one_document(put: Any, read: Any, tmp_path: Path) -> None:
    path = put("X1.csv", "10,10,110,10,110,30,10,30,TOTAL 9.00\n")
    put("X1.jpg", png(200, 300))
    assert discovery.discover([tmp_path]).files == [path]
    (item,), _ = read(path, "sroie")
    assert item.pages[0].picture.name == "X1.jpg"


def test_cord_keys_are_no_labels_and_boxes_are_put_right(put: Any, read: Any) -> None:
    def word(text: str, quad: list[int], key: int = 0) -> dict[str, Any]:
        names = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")
        return {"text": text, "is_key": key, "row_id": 7, "quad": dict(zip(names, quad, strict=True))}

    (item,), _ = read(
        put(
            "r.json",
            {
                "valid_line": [
                    {
                        "category": "total.total_price",
                        "group_id": 1,
                        "words": [
                            word("TOTAL", [10, 10, 40, 10, 40, 20, 10, 20], 1),
                            word("9.00", [90, 20, 50, 20, 50, 10, 120, 10]),
                        ],
                    },
                    {"category": "menu.price", "group_id": 2, "words": [word("1", [1, 1, 2, 1, 2, 2, 1, 2])]},
                ],
                "meta": {"image_size": {"width": 100, "height": 200}},
            },
        ),
        "cord",
    )
    assert labels(item) == [("total_price", (1,)), ("menu.price", (2,))]
    assert item.pages[0].tokens[1].box == (50, 10, 100, 20)
    assert any("left the page" in note for note in item.notes)


def test_doccano_divides_words_at_label_edges(put: Any, read: Any) -> None:
    lines = [
        {"text": "合计:9元\nTotal", "label": [[0, 2, "KEY"], [3, 4, "TOTAL"]]},
        {"text": "ACME Corp", "entities": [{"id": 1, "start_offset": 0, "end_offset": 9, "label": "ORG"}]},
        {"text": "short", "label": [[0, 99, "ORG"]]},
    ]
    (first, second), (bad,) = read(put("d.jsonl", "\n".join(map(json.dumps, lines))), "doccano")
    assert texts(first) == ["合", "计", ":", "9", "元", "Total"]
    assert labels(first) == [("KEY", (0, 1)), ("TOTAL", (3,))]
    assert first.pages[0].tokens[5].line == 1
    assert labels(second) == [("ORG", (0, 1))]
    assert bad.record == "line 3"
    assert any("no boxes" in note for note in first.notes)


def test_conll_two_and_four_columns(put: Any, read: Any) -> None:
    two = "ACME B-ORG\nCorp I-ORG\n\nTotal O\n9.00 B-TOTAL\n"
    four = "-DOCSTART- -X- O\nBahia -X- _ B-Location\nCocoa -X- _ O\n"
    good, _ = read(put("two.txt", two), "conll")
    assert [labels(item) for item in good] == [[("ORG", (0, 1))], [("TOTAL", (1,))]]
    (item,), _ = read(put("four.conll", four), "conll")
    assert (texts(item), labels(item)) == (["Bahia", "Cocoa"], [("Location", (0,))])


def test_conll_documents_and_their_lines(put: Any, read: Any) -> None:
    data = "-DOCSTART- -X- O O\n\na NN B O\nb NN I B-X\n\nc NN B O\n\n-DOCSTART- -X- O O\n\nd NN B O\n"
    (first, second), _ = read(put("c.conll", data), "conll")
    assert (texts(first), texts(second)) == (["a", "b", "c"], ["d"])
    assert [token.line for token in first.pages[0].tokens] == [0, 0, 1]


def test_parquet_rows_with_pictures_inside(tmp_path: Path, read: Any) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    names = json.dumps(
        {
            "info": {
                "features": {
                    "ner_tags": {"feature": {"names": ["O", "B-TOTAL"], "_type": "ClassLabel"}, "_type": "Sequence"}
                }
            }
        }
    )
    rows = [
        {
            "id": "1",
            "tokens": ["a", "b"],
            "bboxes": WORDS["bboxes"],
            "ner_tags": [0, 1],
            "image": {"bytes": png(500, 800), "path": "x.png"},
        },
        {"id": "2", "tokens": ["a"], "bboxes": [], "ner_tags": [0], "image": None},
    ]
    table = pa.Table.from_pylist(rows).replace_schema_metadata({"huggingface": names})
    parquet.write_table(table, tmp_path / "d.parquet")
    (item,), (bad,) = read(tmp_path / "d.parquet", "hf-dataset")
    assert labels(item) == [("TOTAL", (1,))]
    assert (item.pages[0].width, item.pages[0].height) == (500, 800)
    assert item.pages[0].tokens[0].box == (5, 16, 30, 32)
    assert isinstance(item.pages[0].picture, bytes)
    assert (bad.record, bad.reason) == ("row 2", "it has 1 word but 0 boxes")


def test_a_saved_dataset_with_several_splits_comes_in_once(tmp_path: Path, read: Any) -> None:
    import pyarrow as pa

    for split in ("train", "test"):
        folder = tmp_path / split
        folder.mkdir()
        table = pa.Table.from_pylist([{"id": split, "tokens": ["a"], "bboxes": [[0, 0, 1, 1]]}])
        with (
            pa.OSFile(str(folder / "data-00000-of-00001.arrow"), "wb") as file,
            pa.ipc.new_stream(file, table.schema) as out,
        ):
            out.write_table(table)
        (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
        (folder / "dataset_info.json").write_text("{}")
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    paths = discovery.discover([tmp_path]).files
    assert [path.parent.name for path in paths] == ["test", "train"]
    assert [read(path, "hf-dataset")[0][0].name for path in paths] == ["test", "train"]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "format", "files", "tokens", "spans"),
    [
        ("receipts_en", "sroie", 440, 51_865, 0),
        ("cord", "cord", 80, 2_015, 1_146),
        ("docile", "docile", 1, 256, 50),
    ],
)
def test_the_shared_documents_come_in(
    realdata: Path, read: Any, folder: str, format: str, files: int, tokens: int, spans: int
) -> None:
    paths = discovery.discover([realdata / folder]).files
    assert len(paths) == files
    items: list[Incoming] = []
    for path in paths:
        good, bad = read(path, format, root=realdata / folder)
        assert not bad
        items += good
    assert len(items) == files
    assert sum(len(texts(item)) for item in items) == tokens
    assert sum(len(item.spans) for item in items) == spans
    if folder == "receipts_en":
        assert sum(item.pages[0].picture is not None for item in items) == files
        assert sum(len(item.values) for item in items) == 1_758
    if folder == "docile":
        assert (items[0].group, len(items[0].pages), isinstance(items[0].pages[0].picture, bytes)) == (
            "cluster 554",
            1,
            True,
        )


def test_labelled_boxes_without_text_take_the_words_that_ocr_finds(put: Any, tmp_path: Path) -> None:
    parts = region("a", "", "TOTAL", x=50, y=50, width=20, height=10) + region(
        "b", "", "DATE", x=0, y=90, width=5, height=5
    )
    result = [part for part in parts if part["type"] != "textarea"]
    path = put("t.json", [{"data": {"image": "a.png"}, "annotations": [{"result": result}]}])
    put("a.png", png(1000, 1400))
    importer, options = detection.detect(path), Options(tmp_path)
    assert importer is not None
    (item,) = importer.read(path, options)
    assert isinstance(item, Incoming)
    assert item.pages[0].tokens is None
    item.pages[0].tokens = [IncomingToken("Total", (400, 700, 480, 720)), IncomingToken("9.00", (510, 700, 600, 720))]
    item = clean(item, options)
    assert isinstance(item, Incoming)
    assert labels(item) == [("TOTAL", (1,))]
    assert not item.labelled  # the date's box holds no word
