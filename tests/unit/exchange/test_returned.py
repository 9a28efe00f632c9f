"""Documents that were exported and are imported again are the documents that the workspace has."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage import document_list, documents
from storage.records import Source
from tests.support import sample_documents
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.exchange.exporters import registry as exporters
from workbench.exchange.import_summary import Summary
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

FORMATS = {
    "word-list": "x.jsonl",
    "funsd": "x",
    "hf-dataset": "x",
    "label-studio": "x.json",
    "doccano": "x.jsonl",
    "parquet": "x.parquet",
}
TWO_PAGES = "receipts/two pages"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A receipt of one page with a label, and one of two pages whose name is none of a file."""
    page = sample_documents.page_of(sample_documents.RECEIPT)
    second = sample_documents.page_of(sample_documents.RECEIPT, 1, len(page.tokens))
    new = [
        replace(sample_documents.new("a.pdf", [page]), name="a"),
        replace(sample_documents.new("b.pdf", [page, second]), name=TWO_PAGES),
    ]
    made = sample_documents.workspace_of(tmp_path / "shop", new)
    editor = DocumentEditor(made, 1)
    editor.act("label", acts.assign(editor.state, "amount_total", (0,), "me", Source.HUMAN))
    yield made
    made.close()


def exported(workspace: Workspace, format: str, folder: Path) -> Path:
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, number) for number in (1, 2)]
    folder.mkdir()
    exporters.load(format).write(contents, workspace.schema, folder / FORMATS[format])
    return folder


def imported(workspace: Workspace, folder: Path) -> Summary:
    return run(workspace, ImportRequest((folder,)))


def number_of_documents(workspace: Workspace) -> int:
    with workspace.db.read() as connection:
        return document_list.count(connection)


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_that_comes_back_makes_no_documents(workspace: Workspace, tmp_path: Path, format: str) -> None:
    summary = imported(workspace, exported(workspace, format, tmp_path / "out"))
    assert (summary.documents, summary.skipped, number_of_documents(workspace)) == (0, 0, 2)
    assert summary.known == (3 if format == "funsd" else 2)  # a page each


def test_labels_that_come_back_are_counted_and_not_taken_over(workspace: Workspace, tmp_path: Path) -> None:
    summary = imported(workspace, exported(workspace, "word-list", tmp_path / "out"))
    assert summary.known_labelled == 1


@pytest.mark.parametrize("format", ["word-list", "label-studio", "doccano"])
def test_a_document_that_was_labelled_elsewhere_comes_in_with_its_labels(
    workspace: Workspace, tmp_path: Path, format: str
) -> None:
    """The export of before the label stands for the workspace; the one with it for what another program wrote."""
    folder = exported(workspace, format, tmp_path / "out")
    editor = DocumentEditor(workspace, 1)
    editor.act("clear", acts.clear(editor.state, (0,)))
    summary = imported(workspace, folder)
    assert (summary.documents, summary.labels.total(), summary.known) == (1, 1, 1)


@pytest.mark.parametrize("changed", ["words", "bboxes", "id"])
def test_a_page_with_other_words_places_or_name_is_a_new_document(
    workspace: Workspace, tmp_path: Path, changed: str
) -> None:
    path = exported(workspace, "word-list", tmp_path / "out") / "x.jsonl"
    first, *others = path.read_text(encoding="utf-8").splitlines()
    record = json.loads(first)
    if changed == "words":
        record["words"][3] = "other"
    elif changed == "id":
        record["id"] = "another"
    else:
        record["bboxes"] = [[side / 2 for side in box] for box in record["bboxes"]]
    path.write_text("\n".join([json.dumps(record), *others]), encoding="utf-8")
    summary = imported(workspace, path.parent)
    assert (summary.documents, summary.known) == (1, 1)
