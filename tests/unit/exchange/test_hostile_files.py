"""Whatever one file does stays with that file: it is named with a reason, and everything else goes in."""

import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pypdfium2
import pytest
from openpyxl import Workbook
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from storage import document_list, documents
from storage.exceptions import InputProblem
from storage.suggestions import suggestions_of
from tests.support import workspaces
from workbench.exchange import discovery, reader_process
from workbench.exchange.import_summary import Summary
from workbench.exchange.importers import registry as importers
from workbench.exchange.pipeline import run
from workbench.exchange.reading import incoming, pdf_pages, text_tables, values_table
from workbench.exchange.reading.incoming import Incoming
from workbench.exchange.sources import ImportRequest
from workbench.settings import Limits
from workbench.workspace import Workspace

GOOD: dict[str, Any] = {"id": "good", "words": ["Total", "9.00"], "bboxes": [[0, 0, 100, 20], [110, 0, 200, 20]]}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = workspaces.empty(tmp_path / "workspace")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to import, with one good file that comes last."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "z good.json").write_text(json.dumps(GOOD))
    return folder


def brought(workspace: Workspace, folder: Path, **options: Any) -> tuple[Summary, dict[str, str]]:
    """The summary of an import that took the good file, and why others were rejected, by name."""
    summary = run(workspace, ImportRequest((folder,), ocr=False, **options))
    assert summary.documents >= 1, summary.rejected
    return summary, {Path(rejected.file).name: rejected.reason for rejected in summary.rejected}


def nested_forms(depth: int) -> bytes:
    """A small PDF whose form objects draw each other ten times each."""
    draws = [
        b"%d 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F %d 0 R>>>>/Length 60>>stream\n"
        % (5 + n, 6 + n)
        + b"/F Do " * 10
        + b"\nendstream endobj\n"
        for n in range(depth)
    ]
    objects = [
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n",
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
        b"/Resources<</XObject<</F 5 0 R>>>>>>endobj\n",
        b"4 0 obj<</Length 5>>stream\n/F Do\nendstream endobj\n",
        *draws,
        b"%d 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 10>>stream\n0 0 1 1 re\nendstream endobj\n"
        % (5 + depth),
    ]  # fmt: skip
    return b"%PDF-1.4\n" + b"".join(objects) + b"trailer<</Root 1 0 R>>\n%%EOF"


def test_a_pdf_without_end_is_ended(workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_process, "SECONDS", 0.5)
    (folder / "a.pdf").write_bytes(nested_forms(12))
    _, reasons = brought(workspace, folder)
    assert "seconds" in reasons["a.pdf"] or "memory" in reasons["a.pdf"]


def patterned(words: dict[int, str], heavy: set[int], pages: int) -> bytes:
    """A PDF with one word on some pages, and others that 2,000 patterns of tiny tiles cover."""
    tiles = b"/Pattern cs " + b"/P scn 0 0 600 800 re f " * 2000
    contents = [
        (b"BT /F 12 Tf 50 700 Td (%s) Tj ET " % words.get(n, "").encode()) * (n in words) + tiles * (n in heavy)
        for n in range(pages)
    ]
    kids = b" ".join(b"%d 0 R" % (5 + 2 * n) for n in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</PatternType 1/PaintType 1/TilingType 1/BBox[0 0 2 2]/XStep 1/YStep 1/Resources<<>>/Length 23>>stream\n"
        b"1 0 0 rg 0 0 1 1 re f  \nendstream",
    ]
    for n, content in enumerate(contents):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R"
            b"/Resources<</Font<</F 3 0 R>>/Pattern<</P 4 0 R>>>>>>" % (6 + 2 * n)
        )
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    numbered = b"\n".join(b"%d 0 obj%s endobj" % item for item in enumerate(objects, 1))
    return b"%PDF-1.4\n" + numbered + b"\ntrailer<</Root 1 0 R>>\n%%EOF"


def test_a_page_that_takes_too_long_to_draw_keeps_its_words(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_pages, "DRAWING_SECONDS", 0.3)
    (folder / "one.pdf").write_bytes(patterned({0: "First", 1: "Total", 2: "Last"}, {1}, 3))
    (folder / "many.pdf").write_bytes(patterned({n: f"Word{n}" for n in range(6)}, {0, 2, 3}, 6))
    (folder / "wordless.pdf").write_bytes(patterned({0: "First"}, {1}, 2))
    summary, reasons = brought(workspace, folder)
    assert reasons == {"wordless.pdf": "page 2 takes too long to draw, and has no text layer"}
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, n) for n in document_list.ids(connection)]
    pages = {content.document.name: content.pages for content in contents}
    assert [[t.text for t in page.tokens] for page in pages["one"]] == [["First"], ["Total"], ["Last"]]
    assert [bool(page.picture) for page in pages["one"]] == [True, False, True]
    assert [[t.text for t in page.tokens] for page in pages["many"]] == [[f"Word{n}"] for n in range(6)]
    # three are tried, and after them no more
    assert [bool(page.picture) for page in pages["many"]] == [False, True, False, False, False, False]
    assert summary.notes["pages take too long to draw: their words are all of the text layer, seen or not"] == 6


def test_damaged_arrow_does_not_end_the_import(workspace: Workspace, folder: Path) -> None:
    rows = [{"id": f"d{n}", "words": ["Total", "9.00"] * 9, "bboxes": [[0, 0, 100, 20]] * 18} for n in range(8)]
    table = pa.Table.from_pylist(rows)
    whole = pa.BufferOutputStream()
    with pa.ipc.new_file(whole, table.schema) as writer:
        writer.write_table(table)
    data = bytearray(whole.getvalue().to_pybytes())
    for n, at in enumerate(range(400, len(data), max(len(data) // 12, 1))):
        mutant = bytearray(data)
        mutant[at : at + 8] = b"\xff\xff\xff\x7f\xff\xff\xff\x7f"
        (folder / f"{n:02}.arrow").write_bytes(mutant)
    summary, reasons = brought(workspace, folder)
    assert summary.documents + summary.known >= 1
    assert reasons
    assert "z good.json" not in reasons


def excel(path: Path, rows: list[list[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path.read_bytes()


def test_damaged_and_packed_workbooks_are_rejected(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    workspace.change_settings(limits=Limits(unpacked_bytes=5_000_000))
    data = excel(tmp_path / "a.xlsx", [["file", "total"], ["good", "9.00"]])
    (folder / "cut.xlsx").write_bytes(data[: len(data) // 2])
    place = data.index(b"xl/worksheets/sheet1.xml") + 40
    (folder / "changed.xlsx").write_bytes(data[:place] + b"\xff" * 20 + data[place + 20 :])
    with (
        zipfile.ZipFile(tmp_path / "a.xlsx") as source,
        zipfile.ZipFile(folder / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for part in source.namelist():
            content = source.read(part)
            bomb.writestr(part, content + b" " * 6_000_000 if part.endswith("sheet1.xml") else content)
    summary, reasons = brought(workspace, folder)
    assert set(reasons) == {"cut.xlsx", "changed.xlsx", "bomb.xlsx"}
    assert all("it is no Excel workbook" in reasons[name] for name in ("cut.xlsx", "changed.xlsx"))
    assert "unpacked_bytes" in reasons["bomb.xlsx"]
    for name in reasons:  # and as `workbench values` is given it
        report = run(workspace, ImportRequest((folder / "z good.json",), tables=(folder / name,))).values
        assert report is not None
        assert report.skipped == 1
    assert "unpacked_bytes" in str(report.rejected[0].reason) or name != "bomb.xlsx"
    assert summary.documents == 1


@pytest.mark.parametrize("last", ["999999999999", "1001"])
def test_a_row_that_no_workbook_has_is_not_counted_up_to(
    folder: Path, tmp_path: Path, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbook of 5 kB took the whole time that a reader has: its missing rows are made, one after the other."""
    monkeypatch.setattr("workbench.exchange.reading.table_cells._LAST_ROW", 1000)  # a million take seconds
    monkeypatch.setattr("workbench.exchange.reader_process._in_child", True)  # here, where the bound is patched
    excel(tmp_path / "a.xlsx", [["file", "total"], ["good", "9.00"], ["far", "1.00"]])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as source, zipfile.ZipFile(folder / "far.xlsx", "w") as target:
        for part in source.namelist():
            target.writestr(part, source.read(part).replace(b'r="3"', f'r="{last}"'.encode()))
    for read in (text_tables.excel_rows, values_table.read):
        with pytest.raises(InputProblem, match="which no workbook has"):
            list(read(folder / "far.xlsx", Limits()))


@pytest.mark.parametrize(
    "content",
    [b'{"words": [' + b"[]," * 300 + b"[]]}", b"[" + b"{}," * 300 + b"{}]", b'{"words": [' + b'"",' * 999 + b'""]}'],
)
def test_json_that_takes_far_more_memory_than_its_size_is_refused(
    workspace: Workspace, folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.exchange.reading.parsing.MEMORY", 20_000)  # the file has 1 to 4 kB
    (folder / "a.json").write_bytes(content)
    _, reasons = brought(workspace, folder, format="word-list")
    assert "GB of memory" in reasons["a.json"]


def test_of_a_million_wrong_records_some_are_kept_and_all_are_counted(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.documents.MOST_PROBLEMS", 10)
    (folder / "a.json").write_bytes(b"[" + b"{}," * 999 + b"{}]")
    summary, _ = brought(workspace, folder, format="word-list")
    assert summary.skipped == 1000
    with workspace.db.read() as connection:
        assert len(documents.list_problems(connection)) == 10


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    excel(tmp_path / "a.xlsx", [["file", "total"], ["good", "9.00"]])
    with pytest.raises(InputProblem, match="unpacked_bytes"):
        list(values_table.read(tmp_path / "a.xlsx", Limits(unpacked_bytes=1000)))


def test_cut_pictures_and_pages_without_a_size_are_rejected(workspace: Workspace, folder: Path) -> None:
    frames = [Image.new("RGB", (60, 60), colour) for colour in ("white", "red")]
    frames[0].save(folder / "a.tif", save_all=True, append_images=frames[1:], compression="tiff_lzw")
    data = (folder / "a.tif").read_bytes()
    for n in range(1, 8):
        (folder / f"cut{n}.tif").write_bytes(data[: len(data) * n // 8])
    (folder / "a.tif").unlink()
    canvas = Canvas(str(folder / "crop.pdf"), pagesize=(400, 600))
    canvas.drawString(50, 50, "Total")
    canvas.save()
    document = pypdfium2.PdfDocument(folder / "crop.pdf")
    document[0].set_cropbox(1000, 1000, 1400, 1400)
    document.save(str(folder / "cropped.pdf"))
    document.close()
    (folder / "crop.pdf").unlink()
    (folder / "tiny.json").write_text(json.dumps({**GOOD, "id": "tiny", "width": 0.001, "height": 0.001}))
    (folder / "huge.json").write_text(json.dumps(GOOD).replace("100", "1" + "0" * 400))
    form = {"form": [{"text": "a", "box": [0, 0, 10**400, 1], "words": [], "label": "x"}]}
    (folder / "form.json").write_text(json.dumps(form).replace('"words": [], ', ""))
    summary, reasons = brought(workspace, folder)
    assert {"tiny.json", "huge.json", "form.json"} <= set(reasons)
    # PDFium falls back to the media box where the crop box is beside it, or refuses; both are an answer.
    assert summary.documents + len(reasons) >= 1 + 3
    assert "z good.json" not in reasons


def test_a_reader_that_raises_anything_is_a_rejected_file(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.json").write_text(json.dumps({"form": []}))

    def broken(self: object, path: Path, options: object) -> Iterator[Incoming]:
        raise KeyError("out of the blue")
        yield

    monkeypatch.setattr(type(importers.load("funsd")), "read", broken)
    _, reasons = brought(workspace, folder)
    assert "out of the blue" in reasons["a.json"]


def test_links_out_of_the_folder_are_named_and_not_followed(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text(json.dumps({**GOOD, "id": "secret"}))
    (outside / "labels.txt").write_text("root:x:0:0\nbin:x:1:1\n")
    (folder / "file.json").symlink_to(outside / "secret.json")
    (folder / "sub").symlink_to(outside)
    (folder / "labels.txt").symlink_to(outside / "labels.txt")
    (folder / "numbers.json").write_text(json.dumps({**GOOD, "id": "numbers", "labels": [0, 1]}))
    summary, reasons = brought(workspace, folder)
    assert summary.documents == 2
    assert not summary.labels
    assert {name for name, reason in reasons.items() if "link out of the folder" in reason} == {"file.json", "sub"}
    # What is named itself is read, wherever it leads.
    assert run(workspace, ImportRequest((folder / "file.json",))).documents == 1


def test_files_that_vanish_and_what_is_no_file_are_named(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.json", "c.csv"):
        (folder / name).write_text("x")
    os.mkfifo(folder / "pipe")
    known = discovery.discover([folder]).files
    vanishing = discovery.Discovered([*known, folder / "pipe"], {})
    monkeypatch.setattr(discovery, "discover", lambda paths, by_folder: vanishing)
    for name in ("a.png", "b.json", "c.csv"):
        (folder / name).unlink()
    _, reasons = brought(workspace, folder)
    assert set(reasons) == {"a.png", "b.json", "c.csv", "pipe"}
    assert "regular" in reasons["pipe"]


def test_what_is_no_file_in_a_folder_is_named(workspace: Workspace, folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")
    (folder / "zero.pdf").symlink_to("/dev/zero")
    (folder / "gone.pdf").symlink_to("nowhere.pdf")
    (folder / "self").symlink_to(".")
    _, reasons = brought(workspace, folder)
    assert set(reasons) == {"pipe.json", "zero.pdf", "gone.pdf"}
    assert "regular" in reasons["pipe.json"] and "link out" in reasons["zero.pdf"]


@pytest.mark.usefixtures("as_anybody")
def test_a_folder_that_cannot_be_entered_is_named(workspace: Workspace, folder: Path) -> None:
    (folder / "closed").mkdir(mode=0)
    _, reasons = brought(workspace, folder)
    assert "closed" in reasons


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_folder_of_the_system_whose_files_cannot_be_read_ends_no_import(workspace: Workspace, folder: Path) -> None:
    """Files of /proc refuse, block, vanish, are links to anywhere, and are unlike what their sizes say."""
    summary = run(workspace, ImportRequest((Path("/proc/self"), folder), ocr=False))
    assert summary.documents == 1
    reasons = {rejected.file: rejected.reason for rejected in summary.rejected}
    assert "link out of the folder" in reasons["/proc/self/cwd"] and "/proc/self/clear_refs" in reasons


def test_values_that_are_none_are_refused_with_a_reason(workspace: Workspace, folder: Path) -> None:
    for part, name, content in (
        ("box", "X1.txt", "10,10,80,10,80,30,10,30,Total 9.00\n"),
        ("key", "X1.json", json.dumps({"total": "1e400", "date": "29.02.2023", "company": "ACME"})),
    ):
        (folder / part).mkdir()
        (folder / part / name).write_text(content)
    rows = '[{"file": "good", "total": NaN, "date": "29.02.2023", "vat": "19", "iban": ["DE"]}]'
    (folder / "values.json").write_text(rows)
    summary, _ = brought(workspace, folder)
    reasons = {(field, value): reason for _, field, value, reason in summary.unaligned}
    assert "no amount" in reasons["amount_total", "1e400"]
    assert "no date" in reasons["invoice_date", "29.02.2023"]
    assert summary.reference_values == 1  # the company
    assert summary.values is not None
    assert summary.values.left_out == {"total": 1, "date": 1, "iban": 1}
    assert summary.values.reference_values == 1


def test_names_and_values_of_half_characters_do_not_end_an_import(workspace: Workspace, folder: Path) -> None:
    bad = os.fsdecode(b"b\xff")
    (folder / f"{bad}.json").write_text(json.dumps({**GOOD, "id": "", "words": ["Date", "1"]}))
    (folder / f"{bad}2.json").write_text("{")
    Image.new("RGB", (60, 60)).save(folder / f"{bad}.png")
    (folder / "values.json").write_text('[{"file": "good", "total": "9\\ud800", "name\\ud800": "x"}]')
    summary, reasons = brought(workspace, folder, group_by="folder")
    assert summary.documents == 3
    assert list(reasons) == ["b?2.json"]
    assert summary.values is not None
    assert summary.values.rows == 1


@pytest.mark.parametrize(("score", "kept"), [("NaN", 0.5), ("-3", 0.0), ("1e9", 1.0), ("0.25", 0.25)])
def test_a_score_that_is_no_probability_does_not_end_an_import(
    workspace: Workspace, folder: Path, score: str, kept: float
) -> None:
    value = '{"start": 8, "end": 13, "text": "INV-7", "labels": ["INV_NO"]}'
    result = f'[{{"type": "labels", "value": {value}}}]'
    predictions = f'[{{"score": {score}, "result": {result}}}]'
    data = '"data": {"text": "Invoice INV-7"}, "annotations": [{"result": []}]'
    task = f'[{{"id": 3, {data}, "predictions": {predictions}}}]'
    (folder / "t.json").write_text(task)
    brought(workspace, folder / "t.json")
    with workspace.db.read() as connection:
        kept_suggestions = [s for number in document_list.ids(connection) for s in suggestions_of(connection, number)]
    assert [suggestion.confidence for suggestion in kept_suggestions] == [kept]


def packed_texts(path: Path, documents: int, letters: int) -> None:
    """A Parquet file of one text in many rows, packed to about the size of one."""
    text = pa.array(["Half of all is due. " * (letters // 20)])
    indices = pa.array([0] * documents, pa.int32())
    table = pa.table(
        {
            "id": list(range(documents)),
            "text": pa.DictionaryArray.from_arrays(indices, text),
            "label": ["a"] * documents,
        }
    )
    pq.write_table(table, path, compression="zstd")


def test_a_small_file_that_unpacks_to_much_ends_at_the_limit_and_the_rest_goes_in(
    workspace: Workspace, folder: Path
) -> None:
    workspace.change_settings(limits=Limits(documents_bytes=1_000_000))
    packed_texts(folder / "bomb.parquet", 400, 10_000)
    assert (folder / "bomb.parquet").stat().st_size < 20_000
    summary, reasons = brought(workspace, folder)
    assert summary.documents == 1_000_000 // 10_000 + 1  # and the good file, which comes after it
    assert reasons == {
        "bomb.parquet": "its documents take more than 1 MB (documents_bytes under [limits] in workbench.toml); "
        "those before are imported"
    }


def test_a_file_that_unpacks_to_more_than_the_disk_has_leaves_space_for_the_rest(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = shutil.disk_usage(folder)._replace(free=3_000_000)
    monkeypatch.setattr(incoming.shutil, "disk_usage", lambda path: disk)
    packed_texts(folder / "bomb.parquet", 400, 10_000)
    summary, reasons = brought(workspace, folder)
    assert summary.documents == 101 and "more than the disk has space for" in reasons["bomb.parquet"]
