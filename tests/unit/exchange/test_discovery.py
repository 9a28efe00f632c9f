"""Which files are documents, and what becomes of the pages of a label file that is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from storage import document_list, documents
from workbench.exchange import discovery
from workbench.exchange.import_summary import Summary
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

GOOD = {"words": ["Sum"], "bboxes": [[1, 1, 9, 9]]}
BAD = {"words": ["Sum"], "bboxes": [[1, 1, 9]]}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace.create(tmp_path / "shop")
    yield made
    made.close()


def _arrow(path: Path, name: str) -> None:
    table = pa.Table.from_pylist([{"id": name, "tokens": [name], "bboxes": [[0, 0, 1, 1]]}])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as out:
        out.write_table(table)


def _picture(path: Path, shade: int) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("L", (30, 30), shade).save(path)


def _brought(workspace: Workspace, *paths: Path) -> Summary:
    return run(workspace, ImportRequest(paths, ocr=False))


def _formats(workspace: Workspace) -> dict[str, str]:
    with workspace.db.read() as connection:
        kept = [documents.open_document(connection, number).document for number in document_list.ids(connection)]
    return {document.name: document.format for document in kept}


def test_arrow_files_that_a_saved_dataset_does_not_name_are_files_of_their_own(tmp_path: Path) -> None:
    """But for what the datasets library computed from it."""
    for name in ("data-00000-of-00001", "more", "cache-0123456789abcdef"):
        _arrow(tmp_path / f"{name}.arrow", name)
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    assert discovery.discover([tmp_path]).files == [tmp_path / "more.arrow", state]
    state.write_text("{")
    assert tmp_path / "data-00000-of-00001.arrow" in discovery.discover([tmp_path]).files


@pytest.mark.parametrize("relative", [False, True])
def test_the_pictures_of_refused_records_come_in_without_labels(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    rows = [{**(BAD if name == "b" else GOOD), "image": f"{name}.png"} for name in "abc"]
    for number, name in enumerate("abc"):
        _picture(tmp_path / "set" / f"{name}.png", number)
    (tmp_path / "set" / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.chdir(tmp_path)
    summary = _brought(workspace, Path("set") if relative else tmp_path / "set")
    assert (summary.documents, summary.skipped) == (3, 1)
    assert sorted(_formats(workspace).values()) == ["image", "word-list", "word-list"]


def test_the_pdf_of_a_refused_record_comes_in_and_that_of_the_others_not_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    tasks = []
    for name, x in (("a", 1.0), ("b", "left")):
        _picture(tmp_path / "set" / f"{name}.pdf", ord(name))
        where = {"x": x, "y": 1, "width": 9, "height": 9, "rectanglelabels": ["amount_total"]}
        result = [{"id": "1", "type": "rectanglelabels", "from_name": "l", "to_name": "i", "value": where}]
        tasks.append({"id": 1, "data": {"image": f"{name}.pdf"}, "annotations": [{"id": 1, "result": result}]})
    (tmp_path / "set" / "tasks.json").write_text(json.dumps(tasks))
    summary = _brought(workspace, tmp_path / "set")
    assert (summary.documents, summary.skipped) == (2, 1)
    assert _formats(workspace) == {"a": "label-studio", "b": "pdf"}


def test_a_picture_that_another_label_file_has_does_not_come_in_again(workspace: Workspace, tmp_path: Path) -> None:
    _picture(tmp_path / "set" / "a.png", 1)
    (tmp_path / "set" / "1.json").write_text(json.dumps({**BAD, "image": "a.png"}))
    (tmp_path / "set" / "2.json").write_text(json.dumps({**GOOD, "image": "a.png"}))
    summary = _brought(workspace, tmp_path / "set")
    assert (summary.documents, summary.known, summary.skipped) == (1, 0, 1)


def test_of_a_label_file_named_alone_no_picture_comes_in(workspace: Workspace, tmp_path: Path) -> None:
    _picture(tmp_path / "set" / "a.png", 1)
    (tmp_path / "set" / "1.json").write_text(json.dumps({**BAD, "image": "a.png"}))
    summary = _brought(workspace, tmp_path / "set" / "1.json")
    assert (summary.documents, summary.skipped) == (0, 1)


def test_the_picture_beside_a_damaged_answer_in_a_folder_of_its_own_comes_in(
    workspace: Workspace, tmp_path: Path
) -> None:
    _picture(tmp_path / "images" / "a.png", 1)
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "a.json").write_text('{"form": [{"id": 1')
    summary = _brought(workspace, tmp_path)
    assert (summary.documents, summary.skipped) == (1, 1)
    assert _formats(workspace) == {"a": "image"}
