"""Texts with classes: import(export(x)) == x, as far as each format can hold it."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from storage import document_list, documents
from storage.records import Content, Side, Source, Span
from storage.suggestions import keep_class_suggestions
from tests.support import workspaces
from workbench.exchange.exporters import registry as exporters
from workbench.exchange.exporters.texts.rows import text_of
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

TEXTS = [
    {"id": "a", "text": 'She said: "Half of all trains, and =1+1"', "label": "claim", "split": "train"},
    {"id": "b", "text": "Two lines\nof a text; 价税合计", "label": "no claim", "split": "test", "speaker": "Ann"},
    {"id": "c", "text": "word " * 40 + "end", "split": "train"},
]
SEVERAL = [
    {"id": "a", "text": "Rain and wind", "label": ["rain", "wind"]},
    {"id": "b", "text": "Rain", "label": ["rain"]},
]
FORMATS = {
    "texts-csv": "out.csv", "texts-xlsx": "out.xlsx", "texts-jsonl": "out.jsonl", "texts-parquet": "out.parquet",
    "texts-hf-dataset": "out", "prodigy": "out.jsonl", "label-studio": "out.json", "doccano": "out.jsonl",
    "class-folders": "out",
}  # fmt: skip
WITHOUT_GROUPS = {"class-folders"}
CLASSES_ALONE = set(FORMATS) - {"label-studio", "doccano"}


def workspace_of(folder: Path, records: list[dict[str, object]], **options: object) -> Workspace:
    workspace = workspaces.empty(folder)
    path = folder / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    run(workspace, ImportRequest(paths=(path,), **options))
    return workspace


def contents(workspace: Workspace) -> list[Content]:
    with workspace.db.read() as connection:
        numbers = sorted(document_list.ids(connection))
        return [documents.open_document(connection, number) for number in numbers]


def facts(workspace: Workspace, groups: bool = True) -> list[object]:
    """Text, options, side, group of every document, in the order of the texts."""
    return sorted(
        (
            text_of(content),
            sorted(label.option for label in content.annotations.classes),
            content.document.side.value,
            content.document.group if groups and content.document.group != content.document.name else "",
            content.document.state.value,
        )
        for content in contents(workspace)
    )


def there_and_back(tmp_path: Path, workspace: Workspace, format: str) -> Workspace:
    target = tmp_path / FORMATS[format]
    with workspace.db.read():
        report = exporters.load(format).write(contents(workspace), workspace.schema, target)
    assert report.documents == len(contents(workspace))
    other = workspaces.empty(tmp_path / "other")
    multiple = any(field.multiple for field in workspace.schema.classes)
    request = ImportRequest(paths=(target,), by_folder=format == "class-folders", multiple=multiple)
    summary = run(other, request)
    assert not summary.rejected
    return other


@pytest.mark.parametrize("format", FORMATS)
def test_texts_and_their_classes_come_back(tmp_path, format):
    workspace = workspace_of(tmp_path / "ws", TEXTS)
    groups = format not in WITHOUT_GROUPS
    assert [row[3] for row in facts(workspace)] == ["", "Ann", ""]
    back = there_and_back(tmp_path, workspace, format)
    assert facts(back, groups) == facts(workspace, groups)
    assert set(back.schema.classes[0].options) == {"claim", "no claim"}


@pytest.mark.parametrize("format", sorted(FORMATS.keys() - {"class-folders"}))
def test_several_classes_a_text_come_back(tmp_path, format):
    workspace = workspace_of(tmp_path / "ws", SEVERAL)
    back = there_and_back(tmp_path, workspace, format)
    assert facts(back) == facts(workspace)
    assert back.schema.classes[0].multiple


@pytest.mark.parametrize("format", ["texts-csv", "texts-xlsx", "texts-jsonl", "texts-parquet"])
def test_several_class_fields_stand_under_their_names(tmp_path, format):
    records = [
        {"text": "Late again", "mood": "angry", "topic": "trains"},
        {"text": "Thanks", "mood": "glad", "topic": ""},
    ]
    workspace = workspace_of(tmp_path / "ws", records, label_columns=("mood", "topic"))
    assert [field.name for field in workspace.schema.classes] == ["mood", "topic"]
    target = tmp_path / FORMATS[format]
    exporters.load(format).write(contents(workspace), workspace.schema, target)
    other = workspaces.empty(tmp_path / "other")
    other.change_schema(lambda schema: schema.add_class("topic", ("trains",)).add_class("mood", ("angry", "glad")))
    run(other, ImportRequest(paths=(target,)))  # the fields are found by their names
    labels = [sorted((c.field, c.option) for c in content.annotations.classes) for content in contents(other)]
    assert labels == [[("mood", "angry"), ("topic", "trains")], [("mood", "glad")]]


@pytest.mark.parametrize("format", ["texts-csv", "texts-xlsx", "texts-jsonl", "texts-parquet"])
@pytest.mark.parametrize("named", [True, False])
def test_a_text_that_lacks_a_class_comes_back_as_open(tmp_path, format, named):
    records = [
        {"text": "Late", "mood": "angry", "topic": "trains"},
        {"text": "Thanks", "mood": None, "topic": "trains"},
    ]
    workspace = workspace_of(tmp_path / "ws", records, label_columns=("mood", "topic"))
    target = tmp_path / FORMATS[format]
    exporters.load(format).write(contents(workspace), workspace.schema, target)
    other = workspaces.empty(tmp_path / "other")
    other.change_schema(lambda schema: schema.add_class("topic", ("trains",)).add_class("mood", ("angry",)))
    summary = run(other, ImportRequest(paths=(target,), label_columns=("mood", "topic") if named else ()))
    assert not summary.rejected
    assert facts(other) == facts(workspace)


def test_an_old_option_is_lost_where_classes_are_numbers_and_it_is_said(tmp_path):
    workspace = workspace_of(tmp_path / "ws", TEXTS)
    workspace.change_schema(lambda schema: schema.change("class", options=("claim",)))
    report = exporters.load("texts-parquet").write(contents(workspace), workspace.schema, tmp_path / "out.parquet")
    assert report.lost == {"options that the field has no more were left out": 1}
    exporters.load("texts-csv").write(contents(workspace), workspace.schema, tmp_path / "out.csv")
    assert "no claim" in (tmp_path / "out.csv").read_text()


def test_label_studio_gets_an_interface_for_texts_and_the_likeliest_class(tmp_path):
    workspace = workspace_of(tmp_path / "ws", TEXTS)
    with workspace.db.write() as connection:
        keep_class_suggestions(connection, "run-1", "class", {3: [("claim", 0.3), ("no claim", 0.7)]})
    exporters.load("label-studio").write(contents(workspace), workspace.schema, tmp_path / "out.json")
    view = ElementTree.parse(tmp_path / "out.config.xml").getroot()
    assert [element.tag for element in view] == ["Text", "Choices"]
    assert [choice.get("value") for choice in view.iter("Choice")] == ["claim", "no claim"]
    tasks = json.loads((tmp_path / "out.json").read_text())
    [prediction] = tasks[2]["predictions"]
    assert (prediction["score"], prediction["result"][0]["value"]["choices"]) == (0.7, ["no claim"])


def test_a_page_is_exported_with_what_it_is(tmp_path):
    from PIL import Image

    root = tmp_path / "set"
    (root / "receipt").mkdir(parents=True)
    Image.new("1", (40, 60)).save(root / "receipt" / "p.png")
    workspace = workspaces.empty(tmp_path / "ws")
    run(workspace, ImportRequest(paths=(root,), by_folder=True, ocr=False))
    pictures = workspace.files.pages
    exporters.load("label-studio").write(contents(workspace), workspace.schema, tmp_path / "out.json", pictures)
    other = workspaces.empty(tmp_path / "other")
    run(other, ImportRequest(paths=(tmp_path / "out.json",), ocr=False))
    assert [label.option for label in contents(other)[0].annotations.classes] == ["receipt"]
    report = exporters.load("class-folders").write(contents(workspace), workspace.schema, tmp_path / "out", pictures)
    assert report.labels == 1
    assert [path.parent.name for path in (tmp_path / "out" / Side.TRAIN.value).rglob("*.*")] == ["receipt"]


@pytest.mark.parametrize("format", list(exporters.EXPORTERS))
def test_labels_that_a_format_does_not_hold_are_said_and_not_counted(tmp_path: Path, format: str) -> None:
    workspace = workspace_of(tmp_path / "w", [{"id": "a", "text": "Total 9.00", "label": "invoice"}])
    [both] = contents(workspace)
    span = Span(workspace.schema.spans[0].id, (1,), Source.IMPORT)
    both = replace(both, annotations=replace(both.annotations, spans=frozenset({span})))
    exporter = exporters.load_values(format, None) if format.startswith("values") else exporters.load(format)
    written = exporter.write([both], workspace.schema, tmp_path / "out", None)
    if format in ("label-studio", "doccano"):
        assert (written.labels, written.lost) == (2, {})
    else:
        lost = "labels of words were left out" if format in CLASSES_ALONE else "classes were left out"
        [(sentence, number)] = written.lost.items()
        assert (written.labels, number) == (1, 1) and sentence.startswith(lost)
    workspace.close()


@pytest.mark.parametrize("format", [*FORMATS, "values-csv", "values-xlsx"])
def test_labels_of_retired_fields_are_said_and_not_counted(tmp_path: Path, format: str) -> None:
    workspace = workspace_of(tmp_path / "w", [{"id": "a", "text": "Total 9.00", "label": "invoice"}])
    [document] = contents(workspace)
    field_id = workspace.schema.classes[0].id
    if format.startswith("values"):
        field_id = workspace.schema.spans[0].id
        spans = frozenset({Span(field_id, (1,), Source.IMPORT)})
        document = replace(document, annotations=replace(document.annotations, spans=spans, classes=frozenset()))
    exporter = exporters.load_values(format, None) if format.startswith("values") else exporters.load(format)
    schema = workspace.schema.change(field_id, retired=True)
    written = exporter.write([document], schema, tmp_path / "out", None)
    assert (written.labels, dict(written.lost)) == (0, {"labels of retired fields were left out": 1})
    workspace.close()


def test_texts_that_a_spreadsheet_would_calculate_are_counted(tmp_path: Path) -> None:
    texts = ["=1+1|cmd", "plain", "＝1", "-4.20"]
    workspace = workspace_of(tmp_path / "w", [{"id": str(n), "text": text} for n, text in enumerate(texts)])
    texts_csv, texts_xlsx = exporters.load("texts-csv"), exporters.load("texts-xlsx")
    written = texts_csv.write(contents(workspace), workspace.schema, tmp_path / "out.csv")
    [(sentence, number)] = written.lost.items()
    assert "formula" in sentence and "texts-xlsx" in sentence and number == 2
    assert not texts_xlsx.write(contents(workspace), workspace.schema, tmp_path / "out.xlsx").lost
    workspace.close()


def test_no_two_classes_become_one_folder(tmp_path: Path) -> None:
    classes = ["?", "*", "a/b", "a:b"]
    records = [{"id": f"{n}", "text": f"text number {n}", "label": name} for n, name in enumerate(classes)]
    workspace = workspace_of(tmp_path / "w", records)
    written = exporters.load("class-folders").write(contents(workspace), workspace.schema, tmp_path / "out")
    assert len({file.parent for file in (tmp_path / "out").rglob("*.txt")}) == len(classes)
    assert written.lost["names of classes were changed to be names of folders"] == len(classes)


@pytest.mark.parametrize(
    ("format", "name"),
    [("word-list", "o.jsonl"), ("hf-dataset", "o"), ("parquet", "o.parquet"), ("funsd", "o"), ("conll", "o.conll")],
)
def test_texts_do_not_come_back_as_labelled_from_a_format_that_holds_no_classes(tmp_path, format, name):
    workspace = workspace_of(tmp_path / "ws", TEXTS)
    assert [content.document.state.value for content in contents(workspace)] == ["labelled", "labelled", "new"]
    report = exporters.load(format).write(contents(workspace), workspace.schema, tmp_path / name)
    assert sum(report.lost.values()) >= 2, "that the classes are left out is said"
    other = workspaces.empty(tmp_path / "other")
    run(other, ImportRequest(paths=(tmp_path / name,)))
    assert {content.document.state.value for content in contents(other)} == ({"new"} if format != "conll" else set())


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_exported_and_imported_again_into_its_workspace_is_known(tmp_path, format):
    texts = [*TEXTS, {"id": "d e", "text": "Dear all,\n\n  please   pay\tnow \n\nAnn", "label": "claim"}]
    workspace = workspace_of(tmp_path / "ws", texts)
    before = facts(workspace)
    target = tmp_path / FORMATS[format]
    exporters.load(format).write(contents(workspace), workspace.schema, target)
    summary = run(workspace, ImportRequest(paths=(target,), by_folder=format == "class-folders"))
    assert (summary.documents, summary.known, summary.known_labelled) == (0, 4, 3)
    assert facts(workspace) == before


def test_a_text_that_was_changed_in_an_export_is_another_document(tmp_path):
    workspace = workspace_of(tmp_path / "ws", TEXTS)
    exporters.load("texts-csv").write(contents(workspace), workspace.schema, tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text("utf-8-sig")
    (tmp_path / "out.csv").write_text(text.replace("Half of all trains", "All trains"))
    summary = run(workspace, ImportRequest(paths=(tmp_path / "out.csv",)))
    assert (summary.documents, summary.known) == (1, 2)


def test_another_table_with_the_same_texts_under_the_same_ids_is_not_taken_for_an_export(tmp_path):
    workspace = workspace_of(tmp_path / "ws", TEXTS)
    (tmp_path / "other.jsonl").write_text("\n".join(map(json.dumps, TEXTS)))
    assert run(workspace, ImportRequest(paths=(tmp_path / "other.jsonl",))).documents == 3
