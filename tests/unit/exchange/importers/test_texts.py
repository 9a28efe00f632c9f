"""Texts with a class, from tables and JSON."""

import json

import pytest
from lxml import etree
from openpyxl import Workbook

from storage.exceptions import InputProblem
from storage.records import Side
from workbench.exchange import detection
from workbench.exchange.importers import ocr_files
from workbench.exchange.importers import registry as importers
from workbench.exchange.reading import values_table
from workbench.exchange.reading.incoming import Incoming, Options, Rejected


def read(path, **options):
    importer = detection.detect(path)
    assert importer is not None and importer.name == "texts"
    return list(importer.read(path, Options(path.parent, **options)))


def classes(item):
    return [label.option for label in item.classes]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"Two, three",claim\nFour.,no claim\n'),
        ("a.csv", "id;sentence;category\n7;Two, three;claim\n8;Four.;no claim\n"),
        ("a.tsv", "text\tclass\nTwo, three\tclaim\nFour.\tno claim\n"),
        ("a.jsonl", '{"text": "Two, three", "label": "claim"}\n{"text": "Four.", "label": "no claim"}\n'),
        ("a.json", '[{"text": "Two, three", "label": ["claim"]}, {"text": "Four.", "label": ["no claim"]}]'),
        (
            "a.jsonl",
            '{"text": "Two, three", "cats": {"claim": 1.0, "no claim": 0.0}}\n'
            '{"text": "Four.", "cats": {"claim": 0.0, "no claim": 1.0}}\n',
        ),
    ],
)
def test_a_row_is_a_text_with_its_class(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    first, second = read(path)
    assert first.text.split() == ["Two,", "three"]
    assert (classes(first), classes(second)) == (["claim"], ["no claim"])
    assert first.labelled and not first.pages


def test_columns_of_other_names_are_named_on_the_command_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,remark,mood\nx,1,Good day,friendly\n")
    [item] = read(path, text_column="Remark", label_columns=("mood",))
    assert item.text == "Good day"
    assert [(label.label, label.option) for label in item.classes] == [("mood", "friendly")]


def test_bad_rows_are_named_and_the_others_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n  ,claim\nGood,claim\na,b,c\nLast,\n")
    items = read(path)
    assert [item.record for item in items if isinstance(item, Rejected)] == ["line 2", "line 4"]
    assert [(classes(item), item.labelled) for item in items if isinstance(item, Incoming)] == [
        (["claim"], True),
        ([], False),
    ]


def test_numbers_and_truth_values_are_names_too(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"text": "x", "label": value}) for value in (1, 2.0, True)))
    assert [classes(item) for item in read(path)] == [["1"], ["2"], ["yes"]]


def test_ranges_are_left_to_doccano(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "INV-7", "label": [[0, 5, "INVOICE"]]}\n')
    assert detection.detect(path).name == "doccano"


def test_what_prodigys_user_rejected_or_skipped_is_not_taken_for_the_class(tmp_path):
    path = tmp_path / "a.jsonl"
    answers = [("claim", "accept"), ("claim", "reject"), ("claim", "ignore")]
    rows = [{"text": "x", "label": label, "answer": answer} for label, answer in answers]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert [classes(item) for item in read(path)] == [["claim"], ["not claim"], []]
    rows.append({"text": "x", "label": "opinion", "answer": "accept"})
    path.write_text("\n".join(map(json.dumps, rows)))
    items = read(path)
    assert [classes(item) for item in items] == [["claim"], [], [], ["opinion"]]
    assert [item.labelled for item in items] == [True, False, False, True]
    assert items[1].notes == ["claim was left out: the answer is reject"]


def test_prodigys_choice_among_options_is_the_class(tmp_path):
    path = tmp_path / "a.jsonl"
    choices = [{"id": "claim", "text": "A claim"}, {"id": "none", "text": "No claim"}]
    rows = [
        {"text": "x", "_input_hash": 1, "options": choices, "accept": accepted, "answer": answer}
        for accepted, answer in ((["claim"], "accept"), (["none"], "accept"), ([], "ignore"))
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    items = read(path)
    assert [classes(item) for item in items] == [["claim"], ["none"], []]
    assert items[0].classes[0].label == "label"


def test_an_empty_file_of_texts_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text(" ")
    (rejected,) = importers.load("texts").read(path, Options(path.parent))
    assert isinstance(rejected, Rejected) and "empty" in rejected.reason


@pytest.mark.parametrize(
    ("encoding", "is_said"), [("cp1252", True), ("utf-16", False), ("utf-8-sig", False), ("utf-8", False)]
)
def test_a_table_in_excels_encoding_is_read_and_a_guess_is_said(tmp_path, encoding, is_said):
    path = tmp_path / "t.csv"
    path.write_bytes("text;label\nGrüße aus Köln;Anfrage\nÜberfällig;Mahnung\n".encode(encoding))
    first, second = read(path)
    assert first.text == "Grüße aus Köln"
    assert [classes(first), classes(second)] == [["Anfrage"], ["Mahnung"]]
    assert [("Windows-1252" in note, "UTF-8" in note) for note in first.notes] == [(True, True)] * is_said


@pytest.mark.parametrize(
    ("header", "row", "unread"),
    [
        (["text", "label"], ["Two, three", "claim", "urgent"], True),
        (["text", None, "label"], ["Two, three", 5, "claim"], True),
        (["text", "label"], ["Two, three", "claim", None, " "], False),
        (["text", "label", None], ["Two, three", "claim"], False),
    ],
)
def test_cells_of_a_workbook_that_the_header_names_no_column_for_are_said(tmp_path, header, row, unread):
    book = Workbook()
    for cells in (header, row, ["Four.", None, "no claim"] if header[1] is None else ["Four.", "no claim"]):
        book.active.append(cells)
    book.save(tmp_path / "a.xlsx")
    first, second, *rest = read(tmp_path / "a.xlsx")
    assert [classes(first), classes(second)] == [["claim"], ["no claim"]]
    assert [("cells of 1 row" in item.reason, item.record) for item in rest] == [(True, "")] * unread


def test_formulas_without_a_result_in_a_workbook_are_said(tmp_path):
    book = Workbook()
    for row in (["text", "label"], ["one two", "=A1"], ["three four", "x"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    first, second, unread = read(tmp_path / "a.xlsx")
    assert [classes(first), classes(second)] == [[], ["x"]]
    assert isinstance(unread, Rejected) and "1 cell of the sheet 'Sheet' has no value" in unread.reason


def test_a_workbook_of_charts_alone_is_called_so_and_one_beside_a_table_hinders_nothing(tmp_path):
    book = Workbook()
    book.create_chartsheet("figures", 0)
    for cells in (["text", "label"], ["Two, three", "claim"]):
        book.worksheets[0].append(cells)
    book.save(tmp_path / "b.xlsx")
    assert [classes(item) for item in read(tmp_path / "b.xlsx")] == [["claim"]]
    book = Workbook()
    book.remove(book.active)
    book.create_chartsheet("figures")
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputProblem, match="no sheet with cells"):
        values_table.is_table(tmp_path / "a.xlsx", Options(tmp_path).limits)


def test_xml_that_takes_more_memory_than_a_reader_has_is_not_called_broken(monkeypatch):
    """libxml2 calls it an unknown error; the reader's process says it with its limit."""

    def full(*_):
        raise etree.XMLSyntaxError("unknown error", etree.ErrorTypes.ERR_NO_MEMORY, 0, 0)

    monkeypatch.setattr(etree, "fromstring", full)
    with pytest.raises(MemoryError):
        ocr_files.tree(b"<html></html>")


def test_carriage_returns_of_a_workbook_are_no_words(tmp_path):
    book = Workbook()
    for row in (["text", "label"], ["one_x000D_\ntwo_x000D_", "x"], ["three x000D", "y"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert [item.text for item in read(tmp_path / "a.xlsx")] == ["one\ntwo", "three x000D"]


def test_a_side_that_there_is_none_of_is_said(tmp_path):
    (tmp_path / "a.csv").write_text("text,label,split\none two,x,dev\nthree four,y,holdout\nfive six,y,\n")
    known, unknown, without = read(tmp_path / "a.csv")
    assert [item.side for item in (known, unknown, without)] == [Side.VALIDATION, None, None]
    assert [["split" in note for note in item.notes] for item in (known, unknown, without)] == [[], [True], []]
