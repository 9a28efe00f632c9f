"""Tables of known values go to the document that a row means, can be tried first, and can be taken back."""

import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from storage import document_list, documents
from storage.exceptions import InputProblem
from storage.records import Source, State
from tests.support import sample_documents
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.commands import values as command
from workbench.exchange import known_values
from workbench.exchange.reading import table_cells, values_table
from workbench.exchange.reading.document_names import DocumentNames
from workbench.settings import Limits
from workbench.workspace import Workspace

PAGE = sample_documents.page_of(sample_documents.RECEIPT)
TOTAL = sample_documents.VALUES["amount_total"]


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    """Two documents named d001, in folders a and b, and one named other."""
    new = [
        replace(sample_documents.new(source, [PAGE]), name=name, source=source)
        for name, source in (("d001", "scans/a/d001.pdf"), ("d001", "scans/b/d001.pdf"), ("other", "scans/a/other.pdf"))
    ]
    made = sample_documents.workspace_of(tmp_path / "shop", new)
    yield made
    made.close()


def table_of(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "values.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def content(workspace: Workspace, number: int) -> Any:
    with workspace.db.read() as connection:
        return documents.open_document(connection, number)


def known(workspace: Workspace, number: int) -> dict[str, str]:
    return {r.field: r.value for r in content(workspace, number).references}


NAMES = [
    (1, "d001", "scans/a/d001.pdf"),
    (2, "d001", "scans/b/d001.pdf"),
    (3, "r1", "receipts/box/r1.csv"),
    (4, "page 1", "all.jsonl line 1"),
    (5, "m.2024", "scans/m.2024.pdf"),
]


@pytest.mark.parametrize(
    ("file", "document", "reason"),
    [
        ("a/d001.pdf", 1, ""),
        (r"C:\in\scans\B\D001.PDF", 2, ""),
        ("./b/../a/d001", 1, ""),
        ("d001.pdf", None, "scans/a/d001.pdf, scans/b/d001.pdf"),
        ("c/d001.pdf", None, "--ignore-folders"),
        ("img/r1.jpg", 3, ""),  # the words of r1 came from another file than its picture
        ("x/page 1", 4, ""),
        ("m.2024", 5, ""),
        ("gone.pdf", None, "no document named"),
    ],
)
def test_paths_count_and_a_name_of_several_is_refused(file: str, document: int | None, reason: str) -> None:
    number, why = DocumentNames(NAMES).find(file)
    assert number == document
    assert reason in why


def test_folders_can_be_left_out() -> None:
    names = DocumentNames(NAMES[1:], ignore_folders=True)
    assert names.find("elsewhere/d001.pdf") == (2, "")
    assert DocumentNames(NAMES, ignore_folders=True).find("a/d001.pdf")[0] is None


def test_an_ambiguous_row_is_refused_and_the_others_go_in(workspace: Workspace, tmp_path: Path) -> None:
    rows = ["file,amount_total", "d001.pdf,1.00", "b/d001.pdf,2.00", "other.pdf,3.00"]
    outcome = known_values.bring_in(workspace, table_of(tmp_path, *rows))
    assert [known(workspace, number) for number in (1, 2, 3)] == [
        {},
        {"amount_total": "2.00"},
        {"amount_total": "3.00"},
    ]
    assert [row.record for row in outcome.rejected] == ["row 1"]
    assert "scans/a/d001.pdf, scans/b/d001.pdf" in outcome.rejected[0].reason


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    known_values.bring_in(workspace, table_of(tmp_path, "file,amount_total", "other,1.00"))
    table = table_of(tmp_path, "file,amount_total,Shelf", f"other,{TOTAL},7", "d001,2,8")
    before = content(workspace, 3)
    outcome = known_values.bring_in(workspace, table, dry_run=True, add_fields=True)
    assert (outcome.documents, outcome.suggestions, outcome.new_fields) == (1, 1, ["Shelf"])
    assert outcome.replaced == [("other", "amount_total", "1.00", TOTAL)]
    assert content(workspace, 3) == before
    assert workspace.schema.resolve("Shelf") is None
    with workspace.db.read() as connection:
        assert documents.list_problems(connection) == []
    real = known_values.bring_in(workspace, table, add_fields=True)
    assert (real.documents, real.suggestions, real.replaced) == (1, 1, outcome.replaced)


def test_a_second_table_leaves_the_suggestions_of_other_columns(workspace: Workspace, tmp_path: Path) -> None:
    known_values.bring_in(workspace, table_of(tmp_path, "file,amount_total", f"other,{TOTAL}"))
    seller = sample_documents.VALUES["seller_name"]
    known_values.bring_in(workspace, table_of(tmp_path, "file,seller_name", f"other,{seller}"))
    assert {s.field for s in content(workspace, 3).suggestions} == {"amount_total", "seller_name"}


def test_an_import_is_taken_back_with_its_labels_suggestions_and_fields(workspace: Workspace, tmp_path: Path) -> None:
    known_values.bring_in(workspace, table_of(tmp_path, "file,amount_total", f"other,{TOTAL}"))
    before = content(workspace, 3)
    seller = sample_documents.VALUES["seller_name"]
    wrong = table_of(tmp_path, "file,amount_total,seller_name,Shelf", f"other,999.99,{seller},7")
    known_values.bring_in(workspace, wrong, accept_above=0.8, add_fields=True)
    assert {s.field for s in content(workspace, 3).annotations.spans} == {"seller_name"}
    undone = known_values.undo_last(workspace)
    assert undone is not None
    assert (undone.documents, undone.kept_labels, undone.removed_fields) == (1, 0, ("Shelf",))
    after = content(workspace, 3)
    assert (after.references, after.suggestions, after.annotations) == (
        before.references,
        before.suggestions,
        before.annotations,
    )
    assert after.document.suggestions == 1
    assert workspace.schema.resolve("Shelf") is None
    assert known_values.undo_last(workspace) is not None  # the import before
    assert (known(workspace, 3), content(workspace, 3).suggestions) == ({}, ())
    assert known_values.undo_last(workspace) is None


def test_a_suggestion_beside_a_label_comes_back(workspace: Workspace, tmp_path: Path) -> None:
    """The known value was not what a person had labelled."""
    editor = DocumentEditor(workspace, 3)
    editor.act("label", acts.assign(editor.state, "amount_total", (0,), "me", Source.HUMAN))
    known_values.bring_in(workspace, table_of(tmp_path, "file,amount_total", f"other,{TOTAL}"))
    (offered,) = content(workspace, 3).suggestions
    known_values.bring_in(workspace, table_of(tmp_path, "file,amount_total", "other,999.99"))
    assert content(workspace, 3).suggestions == ()
    known_values.undo_last(workspace)
    assert content(workspace, 3).suggestions == (offered,)


def test_what_a_person_did_since_stays(workspace: Workspace, tmp_path: Path) -> None:
    known_values.bring_in(workspace, table_of(tmp_path, "file,amount_total", f"other,{TOTAL}"), accept_above=0.5)
    editor = DocumentEditor(workspace, 3)
    editor.act("finish", replace(editor.state, state=State.LABELLED))
    undone = known_values.undo_last(workspace)
    assert undone is not None
    assert undone.kept_labels == 1
    assert {s.field for s in content(workspace, 3).annotations.spans} == {"amount_total"}
    assert known(workspace, 3) == {}


def test_a_column_without_a_field_makes_none(workspace: Workspace, tmp_path: Path) -> None:
    table = table_of(tmp_path, "file,Cost centre,Booked amount", "other,4711,3.00")
    outcome = known_values.bring_in(workspace, table)
    assert ([*outcome.unmapped], outcome.new_fields) == (["Cost centre", "Booked amount"], [])
    assert workspace.schema.resolve("Cost centre") is None


def test_a_column_may_be_called_what_invoices_print(workspace: Workspace, tmp_path: Path) -> None:
    table = table_of(
        tmp_path,
        "Datei;Rechnungs-Nr.;Rechnungsdatum;Lieferant;Gesamtbetrag;Betrag",
        "other;R-7;31.03.2024;Acme;3,00;9,99",
    )
    assert known_values.unmapped_columns(workspace, [table], {}) == {"Betrag": ["9,99"]}  # of what, it does not say
    outcome = known_values.bring_in(workspace, table)
    assert [*outcome.unmapped] == ["Betrag"]
    assert known(workspace, 3) == {
        "invoice_no": "R-7", "invoice_date": "31.03.2024", "seller_name": "Acme", "amount_total": "3,00"
    }  # fmt: skip
    assert outcome.mapping["Lieferant"] == "seller_name"
    own = known_values.bring_in(workspace, table, mapping={"Gesamtbetrag": "amount_net"})
    assert own.mapping["Gesamtbetrag"] == "amount_net"
    assert "amount_net" in known(workspace, 3)
    kept = known_values.bring_in(workspace, table, keep_names=True, add_fields=True)
    assert "Gesamtbetrag" in kept.new_fields


def test_columns_are_asked_about_in_a_terminal(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = table_of(tmp_path, "file,Cost centre,Settled,Remark,Total", "other,4711,3.00,x,3.00")
    monkeypatch.setattr(command, "is_terminal", lambda: True)
    answers: dict[str, str] = {}

    @click.command
    def ask() -> None:
        answers.update(command.ask_about_columns(workspace, [table], {}, as_json=False))

    shown = CliRunner().invoke(ask, input="+\nnonsense\namount_total\n\n").output
    assert answers == {"Cost centre": "Cost centre", "Settled": "amount_total"}
    assert "“Cost centre” (4711)" in shown
    assert "There is no field nonsense" in shown


def test_the_command_tries_and_undoes(workspace: Workspace, tmp_path: Path) -> None:
    table = table_of(tmp_path, "Posting journal 2024", "", "Beleg;Belegdatei;Total", "1;a/d001.pdf;3,00")
    context = SimpleNamespace(open_workspace=lambda: Workspace.open(workspace.files.root))

    def call(*arguments: str) -> Any:
        result = CliRunner().invoke(command.command, [*arguments, "--json"], obj=context)
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    tried = call(str(table), "--dry-run")
    assert (tried["documents"], tried["unmapped"], tried["dry_run"]) == (1, ["Beleg"], True)
    assert known(workspace, 1) == {}
    call(str(table))
    assert known(workspace, 1) == {"amount_total": "3,00"}
    assert call("--undo")["documents"] == 1
    assert known(workspace, 1) == {}


def test_titles_above_a_header_are_not_taken_for_it() -> None:
    rows = [
        ["Journal", "", "", ""],
        ["Client", "12", "", ""],
        [],
        ["Nr", "Invoice", "Net", "Total"],
        ["1", "a.pdf", "2", "3"],
    ]
    columns, below = table_cells.from_header(rows)
    assert (columns, list(below)) == (["Nr", "Invoice", "Net", "Total"], [["1", "a.pdf", "2", "3"]])
    assert table_cells.file_column({"Nr": "1", "Invoice": "a.pdf", "Net": "2"}) == "Invoice"
    assert table_cells.file_column({"id": "1", "Datei Name": "x"}) == "Datei Name"


@pytest.mark.parametrize(
    ("rows", "taken", "reason"),
    [
        (("a/d001.pdf,1.00", "b/d001.pdf,1,234.00"), {1: "1.00"}, "row 2: it has more cells"),
        (("a/d001.pdf,1.00", "b/d001.pdf,1,234,567.00"), {1: "1.00"}, "row 2: it has more cells"),
        (("a/d001.pdf,1,234,567.00", "b/d001.pdf,2.00"), {2: "2.00"}, "row 1: it has more cells"),
        (('a/d001.pdf,"1.00', "b/d001.pdf,2.00"), {}, "row 1: a quote that is opened in it is not closed"),
        (('a/d001.pdf,"1.00', 'b/d001.pdf,"2.00"'), {}, "row 1: a quote that is opened in it is not closed: 2 lines"),
        (('a/d001.pdf,"1.00', '"x.pdf",2.00', "b/d001.pdf,3.00"), {2: "3.00"}, "row 1: a quote that is opened"),
        (("a/d001.pdf,1.00", 'b/d001.pdf,"2.00'), {1: "1.00"}, "row 2: a quote that is opened in it is not closed"),
    ],
)
def test_a_row_that_is_written_wrongly_takes_no_other_row_with_it_without_a_word(
    workspace: Workspace, tmp_path: Path, rows: tuple[str, ...], taken: dict[int, str], reason: str
) -> None:
    outcome = known_values.bring_in(workspace, table_of(tmp_path, "file,amount_total", *rows))
    assert [f"{problem.record}: {problem.reason}"[: len(reason)] for problem in outcome.rejected] == [reason]
    assert {number: known(workspace, number).get("amount_total") for number in taken} == taken
    assert outcome.reference_values == len(taken)


@pytest.mark.parametrize(
    "rows",
    [
        ('"Journal', "file,amount_total", "a/d001.pdf,1.00"),
        ('file,"amount_total', '"a/d001.pdf","1.00"'),
    ],
)
def test_a_quote_that_is_open_in_the_header_is_said(
    workspace: Workspace, tmp_path: Path, rows: tuple[str, ...]
) -> None:
    outcome = known_values.bring_in(workspace, table_of(tmp_path, *rows))
    assert ["a quote in its first lines is not closed" in problem.reason for problem in outcome.rejected] == [True]


def test_a_cell_may_have_several_lines(workspace: Workspace, tmp_path: Path) -> None:
    table = table_of(tmp_path, "file,seller_address", 'a/d001.pdf,"3 ""Rue"" A\n1000 B"', "b/d001.pdf,C")
    outcome = known_values.bring_in(workspace, table)
    assert (known(workspace, 1), known(workspace, 2), outcome.rejected) == (
        {"seller_address": '3 "Rue" A 1000 B'}, {"seller_address": "C"}, [],
    )  # fmt: skip


def test_of_two_columns_of_one_field_the_value_that_is_left_out_is_said(workspace: Workspace, tmp_path: Path) -> None:
    table = table_of(tmp_path, "file,amount_total,Amount Total", "a/d001.pdf,1.00,2.00", "b/d001.pdf,3.00,3.00")
    outcome = known_values.bring_in(workspace, table)
    assert known(workspace, 1)["amount_total"] == "1.00"
    assert ["not '2.00'" in problem.reason for problem in outcome.rejected] == [True]


def test_the_workspace_lists_what_was_brought_in(workspace: Workspace, tmp_path: Path) -> None:
    known_values.bring_in(workspace, table_of(tmp_path, "file,amount_total", "a/d001.pdf,1.00"))
    with workspace.db.read() as connection:
        assert document_list.with_known_values(connection) == [1]


def test_dates_that_can_be_two_days_are_said(workspace: Workspace, tmp_path: Path) -> None:
    table = table_of(
        tmp_path, "file,invoice_date,due_date", "other,03/04/2024,25/03/2024", "a/d001,05/04/2024,2024-03-04"
    )
    (note,) = known_values.bring_in(workspace, table).notes
    assert note.startswith("invoice_date: 2 dates can be two days")
    workspace.change_settings(day_first=False)
    assert known_values.bring_in(workspace, table).notes == []


def test_the_report_says_which_encoding_was_guessed(workspace: Workspace, tmp_path: Path) -> None:
    table = tmp_path / "v.csv"
    table.write_bytes("file;invoice_no;seller_name\na;7;Müller\n".encode("cp1252"))
    (note,) = known_values.bring_in(workspace, table).notes
    assert note.startswith("v.csv is not UTF-8 and was read as Windows-1252")
    assert f"  {note}" in list(command.lines(known_values.bring_in(workspace, table), {}))
    table.write_text("file;invoice_no\na;7\n")
    assert not known_values.bring_in(workspace, table).notes


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "v.csv")
    with pytest.raises(InputProblem, match="no regular file"):
        list(values_table.read(tmp_path / "v.csv", Limits()))


def test_a_table_of_which_nothing_was_used_is_reported_in_one_plain_sentence() -> None:
    (line,) = command.lines(known_values.ValuesReport(rows=5), {})
    assert line == "No document got a known value from 5 rows"


def test_values_in_a_column_without_a_name_are_counted_as_left_out(workspace: Workspace, tmp_path: Path) -> None:
    table = table_of(tmp_path, ",file,amount_total", f"0,other.pdf,{TOTAL}", f",a/d001.pdf,{TOTAL}")
    report = known_values.bring_in(workspace, table)
    assert (report.documents, dict(report.left_out)) == (2, {table_cells.UNNAMED: 1})
    assert any(f"no field has their name: {table_cells.UNNAMED} (1)" in line for line in command.lines(report, {}))


def test_the_reason_of_a_table_that_cannot_be_read_says_what_to_do(workspace: Workspace, tmp_path: Path) -> None:
    report = known_values.bring_in(workspace, table_of(tmp_path, "other.pdf,12.00", "a/d001.pdf,13.00"))
    assert report.documents == 0
    assert report.rejected[0].reason.endswith("Add a first line that names the columns: file, then one a field.")


def test_every_value_that_another_column_keeps_out_is_named(workspace: Workspace, tmp_path: Path) -> None:
    table = table_of(tmp_path, "file,amount_total,total,gross,iban", "other,100,200,300,")
    (rejected,) = known_values.bring_in(workspace, table).rejected
    assert "not '200'" in rejected.reason and "not '300'" in rejected.reason
