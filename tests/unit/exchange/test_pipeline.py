"""The whole way from files to documents: mapped, aligned, grouped, known again, and counted."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from storage import document_list, documents
from storage.records import Side, Source, State
from tests.support import workspaces
from workbench.commands import import_
from workbench.exchange import known_values, pictures, pipeline
from workbench.exchange.import_summary import Summary
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.fields import FieldType, invoice_schema
from workbench.fields.label_names import LabelMap, type_of_name
from workbench.locate.alignment import align_all
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    opened = workspaces.empty(tmp_path / "ws")
    yield opened
    opened.close()


def _record(name: str, words: str, labels: dict[int, str] | None = None, **more: Any) -> dict[str, Any]:
    listed = words.split()
    return {
        "id": name,
        "words": listed,
        "bboxes": [
            [10 + 60 * (i % 8), 10 + 30 * (i // 8), 60 + 60 * (i % 8), 30 + 30 * (i // 8)] for i in range(len(listed))
        ],
        **({"labels": [(labels or {}).get(i, "O") for i in range(len(listed))]} if labels is not None else {}),
        **more,
    }


def _jsonl(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def _run(workspace: Workspace, *paths: Path, **options: Any) -> Summary:
    return run(workspace, ImportRequest(paths, **options))


def _content(workspace: Workspace, name: str) -> Any:
    with workspace.db.read() as connection:
        (number,) = document_list.find(connection, name)
        return documents.open_document(connection, number)


def test_labels_are_mapped_and_the_mapping_is_told(workspace: Workspace, tmp_path: Path) -> None:
    path = _jsonl(
        tmp_path / "a.jsonl", _record("a", "Acme Ltd Total 9.00", {0: "B-VENDOR", 1: "I-VENDOR", 3: "B-AMT_TOTAL"})
    )
    summary = _run(workspace, path)
    assert summary.mapping == {"VENDOR": "seller_name", "AMT_TOTAL": "amount_total"}
    assert summary.labels == {"seller_name": 1, "amount_total": 1}
    assert summary.new_fields == []
    content = _content(workspace, "a")
    assert {(s.field, s.tokens, s.source) for s in content.annotations.spans} == {
        ("seller_name", (0, 1), Source.IMPORT),
        ("amount_total", (3,), Source.IMPORT),
    }
    assert content.document.group == "Acme Ltd"


def test_the_user_says_what_labels_mean(workspace: Workspace, tmp_path: Path) -> None:
    path = _jsonl(
        tmp_path / "a.jsonl", _record("a", "Acme 9.00 12 x", {0: "B-VENDOR", 1: "B-GT", 2: "B-DESK", 3: "B-TOTAL"})
    )
    summary = _run(workspace, path, mapping={"gt": "amount_total", "DESK": "Cash desk"}, keep_names=True)
    assert summary.mapping == {"VENDOR": "VENDOR", "GT": "amount_total", "DESK": "Cash desk", "TOTAL": "TOTAL"}
    assert summary.new_fields == ["VENDOR", "Cash desk", "TOTAL"]
    again = Workspace.open(workspace.files.root)  # the fields are there after a restart
    assert {"VENDOR", "Cash desk", "TOTAL"} <= {field.name for field in again.schema}
    again.close()


def test_the_same_content_is_imported_once(workspace: Workspace, tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "a.jsonl", *(_record(f"d{i}", f"Total {i}.00") for i in range(5)))
    assert _run(workspace, path).documents == 5
    again = _run(workspace, shutil.copy(path, tmp_path / "b.jsonl"))
    assert (again.documents, again.known, again.failed) == (0, 5, False)
    _jsonl(path, *(_record(f"d{i}", f"Total {i}.00") for i in range(7)))
    assert (_run(workspace, path).documents, _run(workspace, path).known) == (2, 7)


def test_new_documents_follow_their_group_unless_a_side_is_ordered(workspace: Workspace, tmp_path: Path) -> None:
    def vendor(name: str) -> dict[str, Any]:
        return _record(name, f"Acme Total {name}", {0: "B-VENDOR"})

    _run(workspace, _jsonl(tmp_path / "a.jsonl", vendor("1")), side=Side.TEST)
    _run(workspace, _jsonl(tmp_path / "b.jsonl", vendor("2")))
    assert _content(workspace, "2").document.side is Side.TEST
    summary = _run(workspace, _jsonl(tmp_path / "c.jsonl", vendor("3")), side=Side.VALIDATION)
    assert _content(workspace, "3").document.side is Side.VALIDATION  # an explicit side is an order
    assert summary.leaks == {"on 'validation', as ordered, but the same vendor is on 'test'": 1}


_WORDS = (
    "Bill No 100{0} Date {0}/03/2024 Item A{0}7 {0}.10 Item B{0}8 {0}.20 Item C{0}9 {0}.30 "
    "Total {0}.60 Cash {0}0.00 Change {0}.40"
)


def test_an_ordered_side_wins_over_near_duplicates_and_says_so(workspace: Workspace, tmp_path: Path) -> None:
    _run(workspace, _jsonl(tmp_path / "a.jsonl", _record("first", _WORDS.format(3))), side=Side.TRAIN, group_by="none")
    again = _jsonl(tmp_path / "b.jsonl", _record("again", _WORDS.format(3) + " copy"), _record("new", _WORDS.format(7)))
    summary = _run(workspace, again, side=Side.TEST, group_by="none")
    assert {_content(workspace, name).document.side for name in ("again", "new")} == {Side.TEST}
    assert summary.leaks == {"on 'test', as ordered, but a near-duplicate is on 'train'": 1}


def test_a_page_scanned_twice_stays_on_one_side(workspace: Workspace, tmp_path: Path) -> None:
    first = _jsonl(tmp_path / "a.jsonl", _record("first", _WORDS.format(3)), _record("other", _WORDS.format(5)))
    _run(workspace, first, side=Side.TEST, group_by="none")
    summary = _run(
        workspace,
        _jsonl(tmp_path / "b.jsonl", _record("again", _WORDS.format(3)), _record("new", _WORDS.format(7))),
        group_by="none",
    )
    assert summary.duplicates == [("again", "first")]
    assert _content(workspace, "again").document.group == _content(workspace, "first").document.group
    assert _content(workspace, "again").document.side is Side.TEST
    assert _content(workspace, "new").document.side is Side.TRAIN


def test_twins_in_one_import_know_each_other(workspace: Workspace, tmp_path: Path) -> None:
    summary = _run(
        workspace, _jsonl(tmp_path / "a.jsonl", _record("a", _WORDS.format(3)), _record("b", _WORDS.format(3)))
    )
    assert summary.duplicates == [("b", "a")]


def _sroie(folder: Path, total: str = "9.00") -> Path:
    for kind in ("box", "key"):
        (folder / kind).mkdir(parents=True)
    (folder / "box" / "r1.csv").write_text(
        "10,10,90,10,90,20,10,20,ACME TRADING SDN BHD\n10,30,90,30,90,40,10,40,NO 5, JALAN SAGU\n"
        "10,50,90,50,90,60,10,60,DATE: 25/12/2018\n10,70,90,70,90,80,10,80,TOTAL 9.00\n"
    )
    values = {"company": "ACME TRADING SDN BHD", "date": "25/12/2018", "address": "NO 5, JALAN SAGU", "total": total}
    (folder / "key" / "r1.json").write_text(json.dumps(values))
    return folder


def test_gold_values_become_labels_and_complete_documents(workspace: Workspace, tmp_path: Path) -> None:
    summary = _run(workspace, _sroie(tmp_path / "in"), ocr=False)
    assert summary.aligned == {"seller_name": 1, "invoice_date": 1, "seller_address": 1, "amount_total": 1}
    content = _content(workspace, "r1")
    assert content.document.state is State.LABELLED
    assert {r.field: r.value for r in content.references}["amount_total"] == "9.00"
    texts = {s.field: " ".join(content.tokens[i].text for i in s.tokens) for s in content.annotations.spans}
    assert texts["seller_address"] == "NO 5, JALAN SAGU"
    assert texts["amount_total"] == "9.00"


def test_a_gold_value_without_a_place_leaves_the_document_open(workspace: Workspace, tmp_path: Path) -> None:
    summary = _run(workspace, _sroie(tmp_path / "in", total="77.00"), ocr=False)
    assert summary.not_aligned == {"amount_total": 1}
    assert summary.unaligned[0][:3] == ("r1", "amount_total", "77.00")
    assert _content(workspace, "r1").document.state is State.STARTED


@pytest.mark.parametrize("kind", ["csv", "semicolons", "json", "xlsx"])
def test_known_values_become_suggestions(workspace: Workspace, tmp_path: Path, kind: str) -> None:
    _run(
        workspace,
        _jsonl(tmp_path / "a.jsonl", _record("a", "Invoice No 4711 Total 9.00 EUR"), _record("b", "Total 8.00")),
    )
    rows = [["file", "Gross", "INV_NO"], ["in/a.pdf", "9,00", "4711"], ["b", "1.00", ""], ["gone.pdf", "1", "2"]]
    table = tmp_path / f"values.{'csv' if kind == 'semicolons' else kind}"
    if kind in ("csv", "semicolons"):
        with table.open("w", newline="") as file:
            csv.writer(file, delimiter=";" if kind == "semicolons" else ",").writerows(rows)
    elif kind == "json":
        table.write_text(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]))
    else:
        from openpyxl import Workbook

        book = Workbook()
        for row in rows:
            book.worksheets[0].append(row)
        book.save(table)
    outcome = known_values.bring_in(workspace, table, mapping={"Gross": "amount_total"})
    assert (outcome.documents, outcome.reference_values, outcome.suggestions) == (2, 3, 2)
    assert outcome.mapping == {"Gross": "amount_total", "INV_NO": "invoice_no"}
    assert [row[:3] for row in outcome.unaligned] == [("b", "amount_total", "1.00")]
    assert "gone.pdf" in outcome.rejected[0].reason
    content = _content(workspace, "a")
    assert content.annotations.spans == frozenset()
    assert {s.field for s in content.suggestions} == {"amount_total", "invoice_no"}


def test_sure_places_of_known_values_become_labels_but_never_over_a_persons(
    workspace: Workspace, tmp_path: Path
) -> None:
    _run(workspace, _jsonl(tmp_path / "a.jsonl", _record("a", "Invoice No 4711 Total 9.00 EUR", {2: "B-PO"})))
    table = tmp_path / "v.json"
    table.write_text(json.dumps({"a": {"invoice_no": "4711", "total": "9.00", "po": "1"}}))
    outcome = known_values.bring_in(workspace, table, accept_above=0.9)
    assert outcome.labels == {"amount_total": 1}
    content = _content(workspace, "a")
    assert {s.field for s in content.annotations.spans} == {"purchase_order", "amount_total"}
    assert content.document.disagreements == 1  # 4711 is labelled as the order, and known to be another


def test_memory_does_not_grow_with_the_documents(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tracemalloc

    monkeypatch.setattr("workbench.exchange.pipeline.BATCH", 10)
    _run(workspace, _jsonl(tmp_path / "warm.jsonl", _record("warm", "Total 1.00")))  # modules and caches
    peaks = []
    for number in (40, 160):
        records = (_record(f"{number} {i}", f"Total {i}.00 " + "word " * 90) for i in range(number))
        path = _jsonl(tmp_path / f"{number}.jsonl", *records)
        tracemalloc.start()
        _run(workspace, path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 120 < 16_000  # bytes a document, far below what its words and boxes take


def test_types_are_guessed_from_names() -> None:
    expected = {
        "Delivery date": FieldType.DATE,
        "menu.price": FieldType.AMOUNT,
        "ship_address": FieldType.ADDRESS,
        "account no": FieldType.ID,
        "remark": FieldType.TEXT,
    }
    assert {name: type_of_name(name) for name in expected} == expected


def test_a_retired_field_comes_back_with_its_labels() -> None:
    labels = LabelMap(invoice_schema().change("iban", retired=True))
    assert labels.field("IBAN") == "iban"
    assert labels.schema.get("iban").retired is False  # type: ignore[union-attr]
    assert labels.notes == ["the retired field iban is in use again"]


def test_a_retired_field_that_comes_back_is_said(workspace: Workspace, tmp_path: Path) -> None:
    table, pages = tmp_path / "k.csv", tmp_path / "a.jsonl"
    pages.write_text(
        '{"id": "a", "words": ["DE1", "9"], "bboxes": [[0, 0, 9, 9], [20, 0, 29, 9]], "labels": ["O", "O"]}'
    )
    table.write_text("file,iban\na,DE1\n")
    workspace.change_schema(lambda now: now.change("iban", retired=True))
    run(workspace, ImportRequest((pages,)))
    assert known_values.bring_in(workspace, table, dry_run=True).notes == ["the retired field iban is in use again"]
    pages.write_text(pages.read_text().replace('"a"', '"b"').replace('"O"', '"B-IBAN"'))
    assert run(workspace, ImportRequest((pages,))).notes["the retired field iban is in use again"] == 1


def test_what_others_make_of_the_fields_during_an_import_stays(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field that was retired, and one that took the key of the import's new field, while documents were read."""
    monkeypatch.setattr(pipeline, "BATCH", 1)
    labels_of_files = [{0: "B-iban"}, {0: "B-iban", 1: "B-shelf"}, {0: "B-iban", 1: "B-shelf", 2: "B-door"}]
    files = [
        _jsonl(tmp_path / f"{n}.jsonl", _record(f"{n}", f"Nr {n} x", labels))
        for n, labels in enumerate(labels_of_files)
    ]
    elsewhere = Workspace.find(workspace.files.root)

    def meanwhile(done: int, total: int, document_count: int) -> None:
        if document_count == 1 and not elsewhere.schema.get("drawer"):
            elsewhere.change_schema(lambda now: now.change("iban", retired=True).add("drawer"))

    pipeline.run(workspace, ImportRequest(tuple(files)), meanwhile)
    kept = Workspace.find(workspace.files.root).schema
    assert kept.get("iban").retired  # type: ignore[union-attr]
    assert {"drawer", "shelf", "door"} <= {field.id for field in kept.active}
    with workspace.db.read() as connection:
        assert document_list.status(connection)["fields"] == {"door": 1, "iban": 3, "shelf": 2}


def test_a_field_of_the_same_name_and_key_made_elsewhere_meanwhile_is_no_clash() -> None:
    labels = LabelMap(invoice_schema())
    assert [labels.field(name) for name in ("shelf", "door")] == ["shelf", "door"]
    there = invoice_schema().add("shelf").change("iban", name="DOOR", key="l")
    now = labels.onto(there)
    assert now.get("shelf") == there.get("shelf")
    assert now.get("door").name == "door_2" and not labels.is_ahead  # type: ignore[union-attr]
    assert labels.onto(now) == now


@pytest.mark.realdata
def test_e_invoices_label_themselves(workspace: Workspace, realdata: Path) -> None:
    summary = _run(workspace, realdata / "einvoices")
    assert summary.documents == 19
    for of in ("invoice_no", "invoice_date", "seller_name", "currency", "amount_total"):
        assert summary.aligned[of] >= 0.8 * (summary.aligned[of] + summary.not_aligned[of]), of
    assert summary.labels == {}
    assert summary.suggestions.total() == summary.aligned.total()


def test_values_among_the_documents_are_taken_and_add_no_fields(workspace: Workspace, tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    for folder, number in (("one", "4711"), ("two", "4712")):  # two documents of one name
        (tmp_path / folder).mkdir()
        canvas = Canvas(str(tmp_path / folder / "invoice.pdf"))
        canvas.drawString(72, 700, f"Invoice No: {number}   Total: 9.00 EUR")
        canvas.save()
        values = [
            {"invoice_number": number, "amount": 9.0, "VAT": "DE136695976", "mood": "good", "lines": [{"qty": 1}]}
        ]
        (tmp_path / folder / "invoice.json").write_text(json.dumps(values))
    _jsonl(tmp_path / "a.jsonl", _record("a", "Invoice No 4713 Total 7.00"))
    (tmp_path / "book.csv").write_text("file;total\na;7,00\nb;1,00\n")
    summary = _run(workspace, tmp_path)
    assert (summary.documents, summary.skipped) == (3, 0)
    assert summary.values is not None
    assert (summary.values.documents, summary.values.skipped, summary.values.new_fields) == (3, 1, [])
    assert summary.values.left_out == {"VAT": 2, "mood": 2, "lines": 2}
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, number) for number in document_list.find(connection, "invoice")]
    references = {Path(c.document.source).parent.name: {r.field: r.value for r in c.references} for c in contents}
    assert references == {
        "one": {"invoice_no": "4711", "amount_total": "9"},
        "two": {"invoice_no": "4712", "amount_total": "9"},
    }
    assert {s.field for c in contents for s in c.suggestions} == {"invoice_no", "amount_total"}
    again = _run(workspace, tmp_path)  # the workspace itself lies among the documents, and is none
    assert (again.documents, again.known, again.skipped) == (0, 3, 0)


def test_labels_for_known_documents_are_counted_and_left(workspace: Workspace, tmp_path: Path) -> None:
    _run(workspace, _jsonl(tmp_path / "a.jsonl", _record("a", "Acme Total 9.00"), _record("b", "Other 7.00")))
    again = _jsonl(tmp_path / "b.jsonl", _record("a", "Acme Total 9.00", {2: "B-TOTAL"}), _record("b", "Other 7.00"))
    summary = _run(workspace, again)
    assert (summary.documents, summary.known, summary.known_labelled) == (0, 2, 1)
    assert _content(workspace, "a").annotations.spans == frozenset()


def test_what_stands_twice_in_the_files_is_told_from_what_the_workspace_had(
    workspace: Workspace, tmp_path: Path
) -> None:
    """A bookkeeper who fills an empty workspace is not told that a document was there already."""
    files = _jsonl(tmp_path / "a.jsonl", _record("a", "Acme Total 9.00"), _record("a", "Acme Total 9.00"))
    summary = _run(workspace, files)
    assert (summary.documents, summary.known, summary.known_twice) == (1, 1, 1)
    text = "\n".join(import_.lines(summary, {}))
    assert "1 document imported (1 page, 3 words" in text
    assert "1 document came more than once in these files" in text and "already in the workspace" not in text
    again = _run(workspace, files)
    assert (again.known, again.known_twice) == (2, 0)
    assert "2 documents already in the workspace" in "\n".join(import_.lines(again, {}))


def test_a_value_of_a_page_that_was_not_read_is_not_said_to_be_missing_on_it() -> None:
    _, missing = align_all((), {"amount_total": (FieldType.AMOUNT, "9.00")})
    assert missing == {"amount_total": "the document has no words yet"}


def test_a_reason_is_said_once_however_many_files_it_concerns() -> None:
    from workbench.commands.support.output import by_reason
    from workbench.exchange.reading.incoming import Rejected

    lines = by_reason(
        [*(Rejected(f"{n}.json", "", "it is empty") for n in range(880)), Rejected("x", "line 3", "no words")]
    )
    assert lines == ["0.json, 1.json, 2.json and 877 more: it is empty", "x, line 3: no words"]


@pytest.mark.parametrize(
    ("label", "field"),
    [("InvoiceTotal", "amount_total"), ("TotalTax", "amount_tax"), ("MerchantName", "seller_name")],
)
def test_names_of_fields_in_labels_of_azure_are_known(label: str, field: str) -> None:
    assert LabelMap(invoice_schema()).field(label) == field


def test_a_file_that_changes_while_it_is_read_is_refused(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words would be of one state, and the original that is kept of another."""
    picture = tmp_path / "a.png"
    Image.new("RGB", (90, 60), "white").save(picture)
    for_reading = pictures.for_reading

    def while_it_grows(*arguments: Any) -> Any:
        with picture.open("ab") as file:
            file.write(b"more")
        return for_reading(*arguments)

    monkeypatch.setattr(pictures, "for_reading", while_it_grows)
    summary = run(workspace, ImportRequest((picture,), ocr=False))
    assert (summary.documents, ["changed while" in item.reason for item in summary.rejected]) == (0, [True])
    monkeypatch.setattr(pictures, "for_reading", for_reading)
    assert run(workspace, ImportRequest((picture,), ocr=False)).documents == 1
