"""What other tools write: no label is lost or made up without a note, and words keep their places."""

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from workbench.exchange import detection, discovery
from workbench.exchange.reading import named_files
from workbench.exchange.reading.boxes.units import are_fractions, order_of
from workbench.exchange.reading.incoming import Incoming, Options
from workbench.exchange.reading.tags import shape_of, spans_of_tags
from workbench.fields import invoice_schema
from workbench.fields.label_names import LabelMap


def png(width: int = 100, height: int = 100) -> bytes:
    data = BytesIO()
    Image.new("L", (width, height), 255).save(data, "PNG")
    return data.getvalue()


def labelled(item: Incoming) -> list[tuple[str, str]]:
    """(label, words) of every span."""
    words = [token.text for page in item.pages for token in page.tokens or ()]
    return [(span.label, " ".join(words[i] for i in span.tokens)) for span in item.spans]


TEXT = "Invoice INV-7 total 12.00 EUR"


def ner(start: Any, end: Any, text: str, label: str, **more: Any) -> dict[str, Any]:
    return {"id": text, "type": "labels", "value": {"start": start, "end": end, "text": text, "labels": [label]} | more}


def test_label_studio_text_tasks_have_words_and_labels(put: Any, read: Any) -> None:
    results = [ner(8, 13, "INV-7", "NO"), ner(20, 25, "12.00", "TOTAL")]
    task = {"data": {"source": "x", "text": TEXT}, "annotations": [{"result": results}]}
    (item,), bad = read(put("t.json", [task]), "label-studio")
    assert not bad
    assert labelled(item) == [("NO", "INV-7"), ("TOTAL", "12.00")]
    assert item.labelled
    flat = {"id": 1, "text": TEXT, "label": [{"start": 8, "end": 13, "text": "INV-7", "labels": ["NO"]}]}
    guess = {"data": {"text": TEXT}, "predictions": [{"score": 0.7, "result": [ner("8", "13", "INV-7", "NO")]}]}
    (item,), _ = read(put("g.json", [guess]), "label-studio")
    assert [(span.label, span.confidence) for span in item.spans] == [("NO", 0.7)]
    assert not item.labelled
    row = f'text,id,label,annotator,annotation_id,lead_time\n"{TEXT}",1,{quoted(flat["label"])},1,1,3\n'
    (item,), _ = read(put("t.csv", row), "label-studio")
    assert labelled(item) == [("NO", "INV-7")]


def quoted(value: Any) -> str:
    """A CSV cell of JSON."""
    return '"' + json.dumps(value).replace('"', '""') + '"'


def test_label_studio_counts_an_emoji_as_two(put: Any, read: Any) -> None:
    text = "🧾 " + TEXT
    task = {"data": {"text": text}, "annotations": [{"result": [ner(11, 16, "INV-7", "NO")]}]}
    (item,), _ = read(put("t.json", [task]))
    assert labelled(item) == [("NO", "INV-7")]
    assert any("UTF-16" in note for note in item.notes)


def test_label_studio_csv_is_no_table_of_values(put: Any, read: Any) -> None:
    put("a.png", png())
    box = [{"x": 10, "y": 10, "width": 20, "height": 5, "rotation": 0, "rectanglelabels": ["TOTAL"]}]
    columns = "image,id,label,transcription,annotator,annotation_id,lead_time"
    path = put("ls.csv", f"{columns}\n/data/upload/1/0123abcd-a.png,1,{quoted(box)},12.00,1,1,3\n")
    (item,), bad = read(path, "label-studio")
    assert not bad
    assert labelled(item) == [("TOTAL", "12.00")]
    assert isinstance(item.pages[0].picture, Path)


def test_label_studios_flat_text_tasks_may_have_several_labels(put: Any, read: Any) -> None:
    def marked(start: int, end: int, name: str) -> dict[str, Any]:
        return {"start": start, "end": end, "text": "Invoice INV-7 total 12.00"[start:end], "labels": [name]}

    labels = [marked(8, 13, "invoice_no"), marked(20, 25, "amount_total")]
    task = {"text": "Invoice INV-7 total 12.00", "id": 1, "label": labels, "annotator": 1, "annotation_id": 1}
    (item,), bad = read(put("min.json", [task | {"created_at": "2024", "updated_at": "2024", "lead_time": 1.5}]))
    assert not bad
    assert [label for label, _ in labelled(item)] == ["invoice_no", "amount_total"]
    assert not any("left out" in note for note in item.notes)
    cell = json.dumps(labels).replace('"', '""')
    head = "text\tid\tlabel\tannotator\tannotation_id\n"
    (item,), _ = read(put("a.tsv", f'{head}{task["text"]}\t1\t"{cell}"\t1\t1\n'))
    assert [text for _, text in labelled(item)] == ["INV-7", "12.00"]


def test_labels_of_a_web_page_stand_on_its_text(put: Any, read: Any) -> None:
    page = "<style>p {}</style><p>Invoice <b>INV-7</b> &amp; more</p>"
    value: dict[str, Any] = {
        "start": "/p[1]/b[1]/text()[1]",
        "startOffset": 0,
        "text": "INV-7",
        "hypertextlabels": ["invoice_no"],
    }
    value["globalOffsets"] = {"start": 8, "end": 13}
    result = {"id": "a", "from_name": "l", "to_name": "h", "type": "hypertextlabels", "value": value}
    (item,), _ = read(put("a.json", [{"id": 1, "data": {"html": page}, "annotations": [{"result": [result]}]}]))
    assert [token.text for token in item.pages[0].tokens or ()] == ["Invoice", "INV-7", "&", "more"]
    assert labelled(item) == [("invoice_no", "INV-7")]


def test_an_uploads_picture_is_found_in_another_folder_without_its_id(put: Any, read: Any) -> None:
    put("scans/a.png", png())
    result: dict[str, Any] = {"id": "r", "type": "rectanglelabels", "original_width": 400, "original_height": 600}
    result["value"] = {"x": 10, "y": 10, "width": 20, "height": 4, "rotation": 0, "rectanglelabels": ["TOTAL"]}
    task = {"id": 1, "data": {"image": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": [result]}]}
    path = put("a.json", [task])
    (item,), _ = read(path, "label-studio")
    assert item.pages[0].picture
    assert discovery.discover([path.parent]).files == [path]


def test_ground_truth_outranks_a_later_annotation(put: Any, read: Any) -> None:
    def annotation(label: str, day: str, truth: bool) -> dict[str, Any]:
        value = {"x": 1, "y": 1, "width": 9, "height": 9, "rectanglelabels": [label], "text": ["9.00"]}
        return {"ground_truth": truth, "updated_at": day, "result": [{"id": "a", "value": value}]}

    task = {"data": {}, "annotations": [annotation("TOTAL", "2024-01", True), annotation("NET", "2024-02", False)]}
    (item,), _ = read(put("t.json", [task]))
    assert labelled(item) == [("TOTAL", "9.00")]
    assert any("ground truth" in note for note in item.notes)


@pytest.mark.parametrize(
    "wrong",
    [{"annotations": 5}, {"annotations": [7]}, {"annotations": [{"result": 7}]}, {"predictions": "a"},
     {"predictions": [{"result": {}}]}],
    ids=str,
)  # fmt: skip
def test_a_task_whose_labels_are_no_list_is_refused(put: Any, read: Any, wrong: Any) -> None:
    good = {"data": {"text": "Total 9.00"}, "predictions": []}
    items, bad = read(put("t.json", json.dumps([good, {**good, **wrong}])), "label-studio")
    assert (len(items), [entry.record for entry in bad]) == (1, ["record 2"]) and "no " in bad[0].reason


def test_of_predictions_that_are_named_by_their_ids_nothing_is_read(put: Any, read: Any) -> None:
    task = {"data": {"text": "Total 9.00"}, "predictions": [12, 13]}
    items, bad = read(put("t.json", json.dumps([task])), "label-studio")
    assert len(items) == 1 and not bad


def test_a_task_without_words_and_picture_is_never_labelled(put: Any, read: Any) -> None:
    box = {"x": 1, "y": 1, "width": 9, "height": 9, "rectanglelabels": ["TOTAL"]}
    good, (bad,) = read(
        put("t.json", [{"data": {"pdf": "up/a.pdf"}, "annotations": [{"result": [{"id": "a", "value": box}]}]}])
    )
    assert not good
    assert "a.pdf is not there" in bad.reason


def test_item_index_counts_a_pdfs_pages(put: Any, read: Any) -> None:
    put("a.pdf", pdf("First", "Second"))
    box = {"x": 0, "y": 0, "width": 100, "height": 100, "rectanglelabels": ["TOTAL"]}
    result = [{"id": "a", "item_index": 1, "value": box}]
    path = put("t.json", [{"data": {"pdf": "/data/upload/1/01234567-a.pdf"}, "annotations": [{"result": result}]}])
    (item,), bad = read(path)
    assert not bad
    assert len(item.pages) == 2
    assert labelled(item) == [("TOTAL", "Second page with some more words than ten so that it is no stamp")]
    assert discovery.discover([path.parent]).files == [path]


def pdf(*pages: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    data = BytesIO()
    canvas = Canvas(data, pagesize=(500, 400))
    for text in pages:
        canvas.drawString(10, 200, f"{text} page with some more words than ten so that it is no stamp")
        canvas.showPage()
    canvas.save()
    return data.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "images\\a.png",
        "C:\\Users\\me\\images\\a.png",
        "/home/other/set/images/a.png",
        "s3://bucket/a.png",
        "deep/a.png",
    ],
)
def test_a_picture_is_found_by_the_last_parts_of_its_name(put: Any, read: Any, name: str) -> None:
    put("images/a.png", png())
    record = {"words": ["a"], "bboxes": [[0, 0, 10, 10]], "image_path": name}
    (item,), _ = read(put("w.jsonl", json.dumps(record)))
    assert item.pages[0].picture is not None


def test_of_several_files_of_one_name_none_is_guessed(put: Any, read: Any) -> None:
    for folder in ("one", "two"):
        put(f"{folder}/a.png", png())
    (item,), _ = read(
        put("w.jsonl", json.dumps({"words": ["a"], "bboxes": [[0, 0, 10, 10]], "image_path": "x\\a.png"}))
    )
    assert item.pages[0].picture is None
    assert any("not there" in note for note in item.notes)
    assert named_files.possible("..\\x.png") == ["..\\x.png", "../x.png"]


def test_fractions_and_sizes_of_boxes_are_recognised(put: Any, read: Any) -> None:
    record = {"words": ["a", "b"], "bboxes": [[0.1, 0.5, 0.2, 0.52], [0.3, 0.5, 0.36, 0.52]], "image_path": "a.png"}
    put("a.png", png(200, 400))
    (item,), _ = read(put("w.jsonl", json.dumps(record)))
    assert [token.box for token in item.pages[0].tokens or ()] == [(20, 200, 40, 208), (60, 200, 72, 208)]
    assert any("fractions" in note for note in item.notes)
    record = {"words": ["a", "b"], "bboxes": [[100, 500, 80, 20], [300, 500, 60, 20]]}
    (item,), _ = read(put("x.jsonl", json.dumps(record)))
    assert [token.box for token in item.pages[0].tokens or ()] == [(100, 500, 180, 520), (300, 500, 360, 520)]
    assert any("width" in note for note in item.notes)


def test_percent_of_the_page_are_recognised_where_there_are_enough(put: Any, read: Any) -> None:
    boxes = [[10.5, 10.2 + 8.3 * n, 20.1, 12.3 + 8.3 * n] for n in range(10)]
    record = {"id": "a", "words": [f"w{n}" for n in range(10)], "bboxes": boxes}
    (item,), _ = read(put("a.jsonl", json.dumps(record) + "\n"))
    page = item.pages[0]
    assert (page.tokens or [])[9].box[1] == pytest.approx(0.849 * page.height)
    assert "boxes taken as percent of the page" in item.notes
    few = record | {"words": ["a", "b"], "bboxes": boxes[:2]}
    (item,), _ = read(put("b.jsonl", json.dumps(few) + "\n"))
    assert "boxes taken as 0-1000" in item.notes


def test_units_are_not_guessed_from_little() -> None:
    assert not are_fractions([(0, 0, 1, 1)])
    assert are_fractions([(0.1, 0.1, 0.2, 0.12), (0.9, 0.98, 1.001, 1.0)])  # rounded over the edge
    assert not are_fractions([(0.1, 0.1, 0.2, 0.12), (0.9, 0.98, 3, 1.0)])
    assert order_of([(100, 20, 180, 60), (300, 20, 360, 60)]) == "corners"
    assert order_of([(500, 600, 100, 200)]) == "corners"  # the corners the wrong way round
    wide, narrow = (10.0, 20.0, 300.0, 30.0), (400.0, 500.0, 60.0, 20.0)
    assert order_of([wide] * 9 + [narrow]) == "corners"
    assert order_of([wide] * 7 + [narrow] * 3) == ""
    assert order_of([wide] * 3 + [narrow] * 7) == "sizes"


@pytest.mark.parametrize(
    "box",
    [
        [10, 20, 60, 20, 60, 40, 10, 40],  # four points
        [[10, 20], [60, 20], [60, 40], [10, 40]],
        [{"x": 10, "y": 20}, {"x": 60, "y": 20}, {"x": 60, "y": 40}, {"x": 10, "y": 40}],
        {"vertices": [{"x": 10, "y": 20}, {"x": 60, "y": 40}]},
        {"x0": 10, "y0": 20, "x1": 60, "y1": 40},
        {"x1": 10, "y1": 20, "x2": 60, "y2": 40},
        {"xmin": 10, "ymin": 20, "xmax": 60, "ymax": 40},
        {"left": 10, "top": 20, "width": 50, "height": 20},
        {"x": 10, "y": 20, "w": 50, "h": 20},
        {"BoundingBox": {"Left": 10, "Top": 20, "Right": 60, "Bottom": 40}},
        ["10", "20", "60", "40"],
    ],
)
def test_boxes_in_other_shapes(put: Any, read: Any, box: Any) -> None:
    record = {"words": ["Total", "9.00"], "boxes": [box, box], "labels": ["O", "B-TOTAL"]}
    for name, content in (("a.json", json.dumps([record])), ("a.jsonl", json.dumps(record))):
        (item,), bad = read(put(name, content), "word-list")
        assert not bad and item.pages[0].tokens[0].box == (10, 20, 60, 40)
        assert labelled(item) == [("TOTAL", "9.00")]


@pytest.mark.parametrize(
    "box", [{"x": 1, "y": 2}, {"a": 1}, [[1, 2, 3]], [1, 2, 3], "1 2 3 4", None, {"x0": "l", "y0": 1}]
)
def test_a_box_in_no_known_shape_costs_its_record_alone(put: Any, read: Any, box: Any) -> None:
    good = {"words": ["a"], "boxes": [{"x": 1, "y": 2, "w": 3, "h": 4}]}
    bad = {"words": ["a"], "boxes": [box]}
    (item,), (rejected,) = read(put("a.jsonl", "\n".join(map(json.dumps, (good, bad)))))
    assert item.pages[0].tokens[0].text == "a" and "shape" in rejected.reason


def test_boxes_of_which_nothing_fits_are_refused(put: Any, read: Any) -> None:
    boxes = [[10, 20, 300, 30]] * 7 + [[400, 500, 60, 20]] * 3
    good, (bad,) = read(put("w.jsonl", json.dumps({"words": ["a"] * 10, "bboxes": boxes})))
    assert not good
    assert "neither corners" in bad.reason


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        (["TOTAL-B", "TOTAL-I"], [("TOTAL", (0, 1))]),
        (["B_TOTAL", "I_TOTAL"], [("TOTAL", (0, 1))]),
        (["B-TOTAL", "I_TOTAL"], [("TOTAL", (0, 1))]),
        (["TOTAL_B", "TOTAL_I"], [("TOTAL", (0, 1))]),
        (["B:TOTAL", "I:TOTAL"], [("TOTAL", (0, 1))]),
        (["NO-B", "DATE-B"], [("NO", (0,)), ("DATE", (1,))]),
        (["E_MAIL", "S_NAME"], [("E_MAIL", (0,)), ("S_NAME", (1,))]),  # names
        (["VITAMIN-B", "O"], [("VITAMIN-B", (0,))]),
        (["B-TOTAL", "E-TOTAL"], [("TOTAL", (0, 1))]),
        (["B-NAME", "M-NAME", "E-NAME", "W-TOTAL"], [("NAME", (0, 1, 2)), ("TOTAL", (3,))]),
        (["B/TOTAL", "I/TOTAL"], [("TOTAL", (0, 1))]),
    ],
)
def test_tags_of_other_shapes(tags: list[str], spans: list[Any]) -> None:
    found, _ = spans_of_tags(tags, shape_of(tags))
    assert [(span.label, span.tokens) for span in found] == spans


@pytest.mark.parametrize(
    ("column", "tags", "notes"),
    [
        ("ner_tags", [0, 1], "numbers"),
        ("ner_tags", ["0", "1"], "numbers"),
        ("labels", [-100, "B-TOTAL"], "ignored"),
        ("labels", ["-100", "B-TOTAL"], "ignored"),
    ],
)
def test_numbers_are_no_labels(put: Any, read: Any, column: str, tags: list[Any], notes: str) -> None:
    record = {"words": ["a", "b"], "bboxes": [[1, 2, 3, 4]] * 2, column: tags}
    (item,), bad = read(put("w.jsonl", json.dumps(record)))
    assert not bad
    assert {span.label for span in item.spans} <= {"TOTAL"}
    assert any(notes in note for note in item.notes)


def test_names_for_no_label_make_no_fields() -> None:
    labels = LabelMap(invoice_schema(), {"Other": "remark"})
    assert all(labels.means_none(label) for label in ("None", "null", "0", "-100", "outside"))
    assert not any(labels.means_none(label) for label in ("Other", "TOTAL", "2nd"))


def test_tabs_divide_where_a_line_has_them(put: Any, read: Any) -> None:
    (item,), _ = read(put("a.conll", "Total\tO\n1 234,56\tB-TOTAL\nEUR\t\tB-CUR\n"), "conll")
    assert labelled(item) == [("TOTAL", "1 234,56"), ("CUR", "EUR")]
    (item,), _ = read(put("b.conll", "-DOCSTART- -X- O O\n\nInvoice NN B-NP O\nINV-7 NNP I-NP B-INV\n"), "conll")
    assert labelled(item) == [("INV", "INV-7")]
    (item,), _ = read(put("c.conll", "-DOCSTART-\t-X-\t_\tO\n\nTotal\tNN\t_\tO\n12.00\tCD\t_\tB-TOTAL\n"), "conll")
    assert labelled(item) == [("TOTAL", "12.00")]


@pytest.mark.parametrize(
    "lines",
    [
        "O\tTotal\nB-TOTAL\t9.00\n\nO\tPaid\n",  # the tag first
        "O Total\nB-TOTAL 9.00\n\nO Paid\n",
        "1\tTotal\tO\n2\t9.00\tB-TOTAL\n\n1\tPaid\tO\n",  # a number before the word
        "0\tTotal\tNN\tO\n1\t9.00\tCD\tB-TOTAL\n\n0\tPaid\tVB\tO\n",
    ],
)
def test_the_columns_of_a_word_and_its_tag_are_found(put: Any, read: Any, lines: str) -> None:
    (first, second), bad = read(put("a.conll", lines), "conll")
    assert not bad
    assert [token.text for item in (first, second) for token in item.pages[0].tokens] == ["Total", "9.00", "Paid"]
    assert labelled(first) == [("TOTAL", "9.00")]


def test_numbers_that_count_nothing_are_words(put: Any, read: Any) -> None:
    (item,), _ = read(put("a.conll", "12\tCD\tO\n9.00\tCD\tB-TOTAL\n"), "conll")
    assert [token.text for token in item.pages[0].tokens] == ["12", "9.00"]


def test_unilms_boxes_beside_words_and_tags(put: Any, read: Any, tmp_path: Path) -> None:
    path = put("train.txt", "Total\tO\n12.00\tS-TOTAL\n\nx\tO\n")
    put("train_box.txt", "Total\t336 18 731 44\n12.00\t242 74 752 104\n\ny\t1 2 3 4\n")
    put("train_image.txt", "Total\t336 18 731 44\t900 900\ta.png\n")
    (first, second), bad = read(path, "conll")
    assert not bad
    assert first.pages[0].tokens[1].box == (242, 74, 752, 104)
    assert labelled(first) == [("TOTAL", "12.00")]
    assert any("other words" in note for note in second.notes)
    assert discovery.discover([tmp_path]).files == [path]


@pytest.mark.parametrize(
    ("text", "start", "end", "unit"),
    [
        ("🧾 Invoice INV-7 total", 11, 16, "UTF-16"),
        ("Größe INV-7 total", 8, 13, "bytes"),
        ("Invoice\r\nINV-7\r\ntotal", 9, 14, ""),
        ("Invoice\r\nINV-7\r\ntotal", 8, 13, "line ends as one"),
        ("Invoice\nINV-7\ntotal", 9, 14, "line ends as two"),
        ("Invoice INV-7 total", 8, 13, ""),
    ],
)
def test_offsets_are_moved_to_their_words_and_it_is_said(
    put: Any, read: Any, text: str, start: int, end: int, unit: str
) -> None:
    (item,), bad = read(put("d.jsonl", json.dumps({"text": text, "label": [[start, end, "NO"]]})), "doccano")
    assert not bad
    assert labelled(item) == [("NO", "INV-7")]
    assert any("counted" in note and unit in note for note in item.notes) == bool(unit)


def test_ends_that_count_the_last_character_are_moved_where_all_of_several_do(put: Any, read: Any) -> None:
    text = "Invoice INV-77 of 31.12.2024 total 12.00"
    ends = [("NO", "INV-77"), ("DATE", "31.12.2024"), ("TOTAL", "12.00")]
    labels = [[text.index(word), text.index(word) + len(word) - 1, name] for name, word in ends]
    (item,), _ = read(put("d.jsonl", json.dumps({"text": text, "label": labels})), "doccano")
    assert labelled(item) == ends and any("last one included" in note for note in item.notes)
    (item,), _ = read(put("e.jsonl", json.dumps({"text": text, "label": labels[:1]})), "doccano")
    assert labelled(item) == [("NO", "INV-7")]  # one label may be meant so


def test_labels_that_cut_words_are_said(put: Any, read: Any) -> None:
    (item,), _ = read(put("d.jsonl", json.dumps({"data": "Invoice INV-7 total", "label": [[10, 12, "NO"]]})))
    assert labelled(item) == [("NO", "V-")]
    assert any("inside a word" in note for note in item.notes)


def test_prodigy_and_spacy(put: Any, read: Any) -> None:
    spans = [{"start": 8, "end": 13, "label": "NO", "token_start": 1, "token_end": 1}]
    tokens = [{"text": "Invoice", "start": 0, "end": 7, "id": 0}, {"text": "INV-7", "start": 8, "end": 13, "id": 1}]
    lines = [
        {"text": "Invoice INV-7", "tokens": tokens, "spans": spans, "answer": answer, "_input_hash": number}
        for number, answer in enumerate(("accept", "reject", "ignore"))
    ]
    good, bad = read(put("p.jsonl", "\n".join(map(json.dumps, lines))), "prodigy")
    assert not bad
    assert [(labelled(item), item.labelled) for item in good] == [
        ([("NO", "INV-7")], True), ([], False), ([], False),
    ]  # fmt: skip
    assert any("reject" in note for note in good[1].notes)
    for key in ("spans", "ents"):  # spaCy's Doc.to_json() has ents
        (item,), _ = read(put("s.jsonl", json.dumps({"text": "Invoice INV-7", key: spans})), "prodigy")
        assert (labelled(item), item.labelled) == ([("NO", "INV-7")], True)
    pair = ["Invoice INV-7", {"entities": [[8, 13, "NO"]]}]
    for name, data in (("t.json", json.dumps([pair, pair])), ("t.jsonl", f"{json.dumps(pair)}\n{json.dumps(pair)}\n")):
        good, bad = read(put(name, data), "prodigy")
        assert (len(good), bad, labelled(good[0])) == (2, [], [("NO", "INV-7")])
    listed = {"classes": ["NO"], "annotations": [pair, None, pair]}
    good, bad = read(put("u.json", json.dumps(listed)), "prodigy")
    assert (len(good), bad, labelled(good[1])) == (2, [], [("NO", "INV-7")])


def test_donut_rows_bring_words_or_known_values(put: Any, read: Any) -> None:
    quad = {f"{axis}{corner}": 4 * corner for axis in "xy" for corner in range(1, 5)}
    truth = {
        "gt_parse": {"menu": [{"nm": "Tea"}], "total": {"total_price": "9.00", "tip": 1}},
        "valid_line": [{"category": "total.total_price", "words": [{"text": "9.00", "is_key": 0, "quad": quad}]}],
        "meta": {"image_size": {"width": 20, "height": 20}},
    }
    (item,), bad = read(put("c.jsonl", json.dumps({"image": None, "ground_truth": json.dumps(truth)})), "word-list")
    assert not bad
    assert labelled(item) == [("total_price", "9.00")]
    assert item.values == {"total_price": "9.00", "total.tip": "1"}
    put("a.png", png())
    row = {"file_name": "a.png", "ground_truth": json.dumps({"gt_parse": {"total": "12.00"}})}
    (item,), _ = read(put("metadata.jsonl", json.dumps(row)), "word-list")
    assert (item.name, item.values, item.values_source, item.labelled) == ("a", {"total": "12.00"}, "values", False)
    good, (problem,) = read(put("m.jsonl", json.dumps(row | {"file_name": "none.png"})), "word-list")
    assert not good
    assert "picture is not there" in problem.reason


@pytest.mark.parametrize(
    ("truth", "count"),
    [
        ({"gt_parse": {"menu": [{"nm": "Tea"}], "total": {"price": "9", "by": ["cash"]}}}, 2),
        ({"gt_parse": "9"}, 1),
        ({"gt_parses": [{"total": "9"}, {"total": "8"}]}, 1),
        ({"gt_parse": {"total": "9", "menu": [], "tip": None, "note": ""}}, 0),
    ],
)
def test_what_is_left_out_of_a_donut_row_is_said(put: Any, read: Any, truth: dict[str, Any], count: int) -> None:
    put("a.png", png())
    (item,), _ = read(put("m.jsonl", json.dumps({"file_name": "a.png", "ground_truth": json.dumps(truth)})))
    expected = f"{count} entries of gt_parse are line items, lists or no values, and were left out"
    assert [note for note in item.notes if "gt_parse" in note] == ([expected] if count else [])


def test_half_characters_become_marks(put: Any, read: Any) -> None:
    (item,), bad = read(put("s.jsonl", '{"id":"a\\ud83d","words":["b\\ud83d"],"bboxes":[[0,0,1,1]]}\n'))
    assert not bad
    assert (item.name, item.pages[0].tokens[0].text) == ("a\ufffd", "b\ufffd")


def test_marks_and_comments_between_words_are_no_words(put: Any, read: Any) -> None:
    lines = "-DOCSTART-\tO\n\n# sent_id = 1\n# text = INV-7 of\nINV-7\tB-invoice_no\nof\tO\n#\tO\n"
    (item,), bad = read(put("a.conll", lines), "conll")
    assert not bad
    assert [token.text for token in item.pages[0].tokens or ()] == ["INV-7", "of", "#"]
    assert labelled(item) == [("invoice_no", "INV-7")]


def test_doccanos_first_form_has_labels_by_number(put: Any, read: Any) -> None:
    record = {"id": 1, "text": "Invoice INV-7", "meta": {}, "annotation_approver": None}
    named = record | {"annotations": [{"label": "invoice_no", "start_offset": 8, "end_offset": 13, "user": 1}]}
    (item,), _ = read(put("a.jsonl", json.dumps(named) + "\n"), "doccano")
    assert (labelled(item), item.labelled) == ([("invoice_no", "INV-7")], True)
    numbered = record | {"annotations": [{"label": 5, "start_offset": 8, "end_offset": 13, "user": 1}]}
    path = put("b.jsonl", json.dumps(numbered) + "\n")
    (item,), _ = read(path, "doccano")
    assert (labelled(item), item.labelled) == ([("5", "INV-7")], False)  # what 5 is has to be said with --map
    put("label_config.json", [{"id": 5, "text": "invoice_no"}])
    assert [found.name for found in discovery.discover([path.parent]).files] == ["a.jsonl", "b.jsonl"]


def test_numbers_are_named_by_an_id2label_map(put: Any, read: Any) -> None:
    put("id2label.json", {"0": "O", "1": "B-total", "2": "I-total"})
    record = {"id": "a", "words": ["Total", "12", ".00"], "bboxes": [[0, 0, 9, 9]] * 3, "ner_tags": [0, 1, 2]}
    (item,), _ = read(put("a.jsonl", json.dumps(record) + "\n"), "word-list")
    assert labelled(item) == [("total", "12 .00")]
    (), (problem,) = read(put("b.jsonl", json.dumps(record | {"ner_tags": [0, 1, 7]}) + "\n"), "word-list")
    assert "label number 7 has no name" in problem.reason


def test_prodigys_pictures_have_their_boxes(put: Any, read: Any) -> None:
    span = {"label": "TOTAL", "x": 10, "y": 20, "width": 30, "height": 10, "type": "rect"}
    span["points"] = [[10, 20], [10, 30], [40, 30], [40, 20]]
    record = {"image": "scans/a.png", "width": 100, "height": 100, "spans": [span], "answer": "accept"}
    put("scans/a.png", png())
    path = put("a.jsonl", json.dumps(record) + "\n")
    importer = detection.detect(path)
    assert importer is not None and importer.name == "prodigy"
    (item,) = importer.read(path, Options(path.parent))
    assert isinstance(item, Incoming)
    assert (item.name, item.labelled, item.pages[0].tokens) == ("a", True, None)
    assert [(region.label, region.box) for region in item.regions] == [("TOTAL", (10, 20, 40, 30))]
    assert discovery.discover([path.parent]).files == [path]
    inside = record | {"image": "data:image/png;base64," + base64.b64encode(png()).decode(), "answer": "reject"}
    (item,) = importer.read(put("b.jsonl", json.dumps(inside) + "\n"), Options(path.parent))
    assert isinstance(item, Incoming)
    assert item.pages[0].picture == png()
    assert (item.labelled, item.regions) == (False, [])
    (problem,) = importer.read(put("c.jsonl", json.dumps(record | {"image": "none.png"}) + "\n"), Options(path.parent))
    assert "none.png is not there" in getattr(problem, "reason", "")


def test_what_paddle_could_not_read_is_no_word_and_its_other_files_are_no_documents(put: Any, read: Any) -> None:
    def line(text: str, left: int) -> dict[str, Any]:
        return {"transcription": text, "points": [[left, 1], [left + 9, 1], [left + 9, 9], [left, 9]]}

    path = put("Label.txt", "a.png\t" + json.dumps([line("###", 1), line("TOTAL", 20), line("*", 40)]) + "\n")
    put("a.png", png())
    for name in ("rec_gt.txt", "fileState.txt", "Cache.cach", "class_list.txt"):
        put(name, "a.png\t1\n")
    (item,), _ = read(path, "paddle")
    assert [token.text for token in item.pages[0].tokens or ()] == ["TOTAL"]
    assert discovery.discover([path.parent]).files == [path]


def test_pictures_above_a_label_file_are_its_pictures(put: Any) -> None:
    shape = {"label": "total", "points": [[10, 10], [40, 20]], "shape_type": "rectangle"}
    labelme = {"shapes": [shape], "imagePath": "..\\a.png", "imageWidth": 100, "imageHeight": 100}
    labels = put("ann/a.json", labelme)
    put("a.png", png())
    box = '<Coords points="10,10 40,10 40,20 10,20"/><TextEquiv><Unicode>Invoice</Unicode></TextEquiv>'
    page = f'<Page imageFilename="1.jpg" imageWidth="100" imageHeight="100"><TextLine>{box}</TextLine></Page>'
    lines = put("doc/page/1.xml", f'<PcGts xmlns="http://schema.primaresearch.org/PAGE">{page}</PcGts>')
    put("doc/1.jpg", png())
    assert set(discovery.discover([labels.parent.parent]).files) == {labels, lines}


def test_coco_may_have_outlines_alone(put: Any) -> None:
    outline = {"image_id": 1, "category_id": 1, "segmentation": [[10, 20, 40, 20, 40, 30, 10, 30]]}
    images = [{"id": 1, "file_name": "a.png", "width": 100, "height": 100}]
    put("a.png", png())
    path = put("a.json", {"images": images, "annotations": [outline], "categories": [{"id": 1, "name": "total"}]})
    importer = detection.detect(path)
    assert importer is not None
    (item,) = importer.read(path, Options(path.parent))
    assert isinstance(item, Incoming)
    assert [(region.label, region.box) for region in item.regions] == [("total", (10, 20, 40, 30))]


def test_signs_of_html_are_signs(put: Any, read: Any) -> None:
    word = "<span class='ocrx_word' title='bbox 10 10 60 30; x_wconf 90'>12,00&nbsp;&euro; &amp; &own;</span>"
    line = f"<span class='ocr_line' title='bbox 1 1 90 30'>{word}</span>"
    body = f"<div class='ocr_page' title='bbox 0 0 400 600'>{line}</div>"
    doctype = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/xhtml1.dtd">'
    html = f'<?xml version="1.0"?>{doctype}<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>'
    (item,), _ = read(put("a.hocr", html), "ocr-files")
    text = " ".join(token.text for token in item.pages[0].tokens or ())
    assert text.replace("\xa0", " ") == "12,00 € & &own;"  # what a file itself defines is not expanded


def test_answers_that_are_not_read_are_named(put: Any, read: Any) -> None:
    content = {"kind": "document", "markdown": "TOTAL", "pages": [{"words": [{"content": "TOTAL"}]}]}
    answer = {"id": "1", "status": "Succeeded", "result": {"analyzerId": "prebuilt-invoice", "contents": [content]}}
    good, (problem,) = read(put("a.json", answer), "azure")
    assert not good
    assert "Azure Content Understanding" in problem.reason
    for name, text in (("cas.json", '{"%TYPES": {}}'), ("cas.xmi", '<xmi:XMI xmlns:xmi="http://www.omg.org/XMI"/>')):
        path = put(name, text)
        assert detection.detect(path) is None
        assert "UIMA CAS" in detection.unrecognised(path)


def test_three_decimals_of_a_number_are_no_thousands(put: Any, read: Any) -> None:
    truth = {"gt_parse": {"total": 1.358, "net": "1.358"}}
    put("a.png", png())
    (item,), _ = read(
        put("d.jsonl", json.dumps({"file_name": "a.png", "ground_truth": json.dumps(truth)})), "word-list"
    )
    assert item.values == {"total": "1.3580", "net": "1.358"}
