"""What is wrong with texts and their classes is said in the right words, and the rest goes in."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from tests.support import workspaces
from tests.unit.exchange.test_class_imports import brought, stored, write_csv
from workbench import cli
from workbench.commands import import_
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces.empty(tmp_path / "ws")


def reasons(summary) -> list[tuple[str, str]]:
    return [(rejected.record, rejected.reason) for rejected in summary.rejected]


def test_texts_without_a_column_of_classes_come_in_unlabelled_and_the_option_is_named(workspace, tmp_path):
    summary = brought(workspace, write_csv(tmp_path / "a.csv", ["text", "mood"], [("Half of all", "x"), ("b", "y")]))
    assert [options for _, options in stored(workspace)] == [[], []]
    assert summary.notes == {"texts without a column of classes (columns: text, mood); --label names it": 2}


def test_a_label_column_that_is_not_there_is_said_once_with_those_that_are(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "mood"], [("Half of all", "x"), ("b", "y")])
    summary = brought(workspace, path, label_columns=("verdict",))
    assert reasons(summary) == [("", "it has no column verdict (columns: text, mood)")]


def test_a_table_of_unknown_columns_is_refused_with_the_options_that_name_them(workspace, tmp_path):
    summary = brought(workspace, write_csv(tmp_path / "a.csv", ["remark", "mood"], [("Half of all", "x")]))
    assert "--text and --label" in summary.rejected[0].reason


def test_two_columns_that_could_be_the_classes_are_not_guessed_between(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "label", "category"], [("Half of all", "x", "y"), ("b", "x", "z")])
    assert reasons(brought(workspace, path)) == [
        ("", "label and category could both be its classes; --label names the column (or several, one each)")
    ]
    brought(workspace, path, label_columns=("label", "category"))
    assert [options for _, options in stored(workspace)] == [["x", "y"], ["x", "z"]]


def test_two_columns_of_one_name_are_refused(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "label", "label"], [("Half of all", "x", "y")])
    assert reasons(brought(workspace, path)) == [("", "two of its columns are called label: rename one of them")]


def test_the_line_of_a_broken_quote_is_named_and_the_rows_before_it_are_in(workspace, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text,label\n"Two\nlines",claim\nGood,claim\n"never closed,claim\nNext,claim\n')
    summary = brought(workspace, path)
    [(where, reason)] = reasons(summary)
    assert where == "line 5"
    assert "quote" in reason and "nothing from this line on was read" in reason
    assert [text for text, _ in stored(workspace)] == ["Two lines", "Good"]


def test_quotes_of_a_table_with_tabs_are_letters_where_they_do_not_match(workspace, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('text\tlabel\nHe said "yes\tclaim\n12" pipe\tno claim\n')
    brought(workspace, path)
    assert stored(workspace) == [('He said "yes', ["claim"]), ('12" pipe', ["no claim"])]


def test_nulls_and_escape_sequences_become_marks(workspace, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text,label\nHalf\0of \x1b[31mall,cla\0im\n")
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": "A\0B \ud800", "label": "x"}))
    brought(workspace, tmp_path / "a.csv", tmp_path / "b.jsonl")
    assert stored(workspace) == [("Half\ufffdof \ufffd[31mall", ["cla\ufffdim"]), ("A\ufffdB \ufffd", ["x"])]


def test_a_broken_character_costs_its_row_and_no_more(workspace, tmp_path):
    (tmp_path / "a.csv").write_bytes("text,label\nGrüße,x\nbé,x\n".encode() + b"bad \xff byte,x\nEnd,x\n")
    summary = brought(workspace, tmp_path / "a.csv")
    assert reasons(summary) == [("line 4", "it is not UTF-8 text")]
    assert [text for text, _ in stored(workspace)] == ["Grüße", "bé", "End"]


def test_a_mark_that_stands_in_a_table_is_no_broken_character(workspace, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nA\ufffdB,x\nEnd,x\n", encoding="utf-8")
    assert reasons(brought(workspace, tmp_path / "a.csv")) == []
    assert [text for text, _ in stored(workspace)] == ["A\ufffdB", "End"]


def test_texts_on_further_sheets_are_named_as_not_read(workspace, tmp_path):
    book = Workbook()
    for sheet, text in ((book.active, "A text"), (book.create_sheet("test"), "Another one")):
        sheet.append(["text", "label"])
        sheet.append([text, "x"])
    book.create_sheet("Notes").append(["by", "Ann"])
    book.save(tmp_path / "a.xlsx")
    [(where, reason)] = reasons(brought(workspace, tmp_path / "a.xlsx"))
    assert (where, "'test' with 1 row was not read" in reason) == ("", True)
    assert stored(workspace) == [("A text", ["x"])]


def test_a_broken_character_in_json_lines_costs_its_line(workspace, tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "A", "label": "x"}\n{"text": "\xff", "label": "x"}\n')
    summary = brought(workspace, tmp_path / "a.jsonl")
    assert [where for where, _ in reasons(summary)] == ["line 2"]
    assert "UTF-8" in summary.rejected[0].reason


def test_a_table_that_a_spreadsheet_wrote_is_read(workspace, tmp_path):
    (tmp_path / "a.csv").write_bytes("text;label\nGrüße aus Köln;höflich\n".encode("cp1252"))
    (tmp_path / "b.csv").write_bytes("text\tlabel\nGrüße\tnett\n".encode("utf-16"))
    brought(workspace, tmp_path / "a.csv", tmp_path / "b.csv")
    assert stored(workspace) == [("Grüße aus Köln", ["höflich"]), ("Grüße", ["nett"])]


def test_texts_of_nothing_and_of_a_million_characters(workspace, tmp_path):
    rows = [
        {"text": "", "label": "x"},
        {"text": "word " * 200_000, "label": "x"},
        {"text": "a" * 1_000_000, "label": "x"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    write_csv(tmp_path / "b.csv", ["text", "label"], [("b" * 1_000_000, "x")])
    summary = brought(workspace, tmp_path / "a.jsonl", tmp_path / "b.csv")
    assert reasons(summary) == [
        ("line 1", "its text is empty"),
        ("a line 2", "it has 200,000 words; the limit is 50,000 (tokens_per_page under [limits] in workbench.toml)"),
    ]
    assert [len(text) for text, _ in stored(workspace)] == [1_000_000, 1_000_000]


def test_labels_of_other_case_or_spaces_are_one_class_and_it_is_said(workspace, tmp_path):
    rows = [("a", "claim"), ("b", " Claim "), ("c", "no claim"), ("d", "no-claim")]
    summary = brought(workspace, write_csv(tmp_path / "a.csv", ["text", "label"], rows))
    assert workspace.schema.classes[0].options == ("claim", "no claim")
    assert summary.notes == {
        "the class 'Claim' was taken for 'claim'": 1,
        "the class 'no-claim' was taken for 'no claim'": 1,
    }


def test_in_a_terminal_labels_of_other_case_are_asked_about(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(import_, "is_terminal", lambda: True)
    rows = [("a", "claim"), ("b", "Claim"), ("c", "CLAIM"), ("d", "Claim")]
    path = write_csv(tmp_path / "a.csv", ["text", "label"], rows)
    workspace.close()
    done = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), "import", str(path)], input="y\nn\n")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("Are they one?") == 2  # once for each spelling
    opened = Workspace.open(workspace.files.root)
    assert [options for _, options in stored(opened)] == [["claim"], ["claim"], [], ["claim"]]


def test_a_column_of_texts_named_as_the_classes_ends_in_a_reason_and_not_in_a_thousand_options(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "label"], [(f"text {n}", f"remark {n}") for n in range(1003)])
    summary = brought(workspace, path)
    assert summary.documents == 1000
    assert "has 1,000 classes already" in summary.rejected[0].reason


def test_a_number_that_has_no_name_costs_its_row(workspace, tmp_path):
    (tmp_path / "labels.txt").write_text("no claim\nclaim\n")
    summary = brought(workspace, write_csv(tmp_path / "a.csv", ["text", "label"], [("a", 1), ("b", 7)]))
    assert reasons(summary) == [("line 3", "class number 7 has no name (there are 2)")]


def test_one_class_alone_is_said_at_import_and_refused_before_a_run(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "label"], [("Half of all", "claim"), ("b", "claim")])
    summary = brought(workspace, path)
    assert any("class: all texts are claim" in note for note in summary.notes)
    workspace.close()
    done = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), "tune", "--set", "task=classes"])
    assert done.exit_code != 0
    assert "class has 1 option: there is nothing to tell apart" in str(done.exception)


def test_a_class_with_one_text_is_said_by_the_split(workspace, tmp_path):
    rows = [(f"text number {n}", "claim") for n in range(20)] + [("only this", "opinion")]
    brought(workspace, write_csv(tmp_path / "a.csv", ["text", "label"], rows))
    workspace.close()
    done = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), "split", "--json"])
    assert any("no document of opinion" in warning for warning in json.loads(done.stdout)["warnings"])
