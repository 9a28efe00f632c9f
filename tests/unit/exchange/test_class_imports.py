"""What people have for classes comes in whole: every format, and what is wrong with it is said."""

import csv
import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from storage import document_list, documents, import_index
from storage.records import TEXT, Side
from tests.support import workspaces
from workbench.exchange import discovery
from workbench.exchange.import_summary import Summary
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

ROWS = [
    ("The budget of the town rose by nine percent", "claim"),
    ("Thank you all for coming", "no claim"),
    ("Half of all trains were late last year", "claim"),
]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    created = workspaces.empty(tmp_path / "ws")
    created.change_settings(annotator="ann")
    return created


def brought(workspace: Workspace, *paths: Path, **options: object) -> Summary:
    return run(workspace, ImportRequest(paths=paths, **options))


def stored(workspace: Workspace) -> list[tuple[str, list[str]]]:
    """(text, options) of every document, in their order."""
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, number) for number in document_list.ids(connection)]
    contents.sort(key=lambda content: content.document.id)
    return [
        (" ".join(t.text for t in content.tokens), sorted(c.option for c in content.annotations.classes))
        for content in contents
    ]


def groups_and_sides(workspace: Workspace) -> dict[str, tuple[str, str]]:
    with workspace.db.read() as connection:
        listed = document_list.page(connection, document_list.Filter(), 0, 100)
    return {document.name: (document.group, document.side.value) for document in listed}


def write_csv(path: Path, columns: list[str], rows: list[tuple[object, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


EXPECTED = [(text, [option]) for text, option in ROWS]


def test_a_workbook_of_texts(workspace, tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["Sentence", "Verdict", "Remark"])
    for text, option in ROWS:
        sheet.append([text, option, None])
    book.save(tmp_path / "a.xlsx")
    brought(workspace, tmp_path / "a.xlsx")
    assert stored(workspace) == EXPECTED


def test_a_parquet_file_names_the_numbers_of_its_classes(workspace, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    features = {"label": {"names": ["no claim", "claim"], "_type": "ClassLabel"}}
    schema = pa.schema(
        [("text", pa.string()), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    columns = [[text for text, _ in ROWS] + ["Not labelled"], [1, 0, 1, -1]]
    parquet.write_table(pa.table(columns, schema=schema), tmp_path / "train-00000-of-00001.parquet")
    brought(workspace, tmp_path / "train-00000-of-00001.parquet")
    assert stored(workspace) == [*EXPECTED, ("Not labelled", [])]


def test_a_saved_dataset_of_texts_brings_its_sides(workspace, tmp_path):
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no claim", "claim"])}
    )
    parts = {
        side: datasets.Dataset.from_dict({"text": [text], "label": [option]}, features=features)
        for side, (text, option) in zip(("train", "test"), ROWS, strict=False)
    }
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "set"))
    summary = brought(workspace, tmp_path / "set")
    assert not summary.rejected
    assert sorted(stored(workspace)) == sorted(EXPECTED[:2])
    assert {side for _, side in groups_and_sides(workspace).values()} == {"train", "test"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "no claim\nclaim\n"),
        ("id2label.json", '{"0": "no claim", "1": "claim"}'),
        ("dataset_info.json", '{"features": {"label": {"names": ["no claim", "claim"]}, "text": {"dtype": "string"}}}'),
    ],
)
def test_a_file_beside_a_table_names_the_numbers_of_its_classes(workspace, tmp_path, name, content):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).write_text(content)
    write_csv(folder / "a.csv", ["text", "label"], [(text, int(option == "claim")) for text, option in ROWS])
    summary = brought(workspace, folder)
    assert not summary.rejected
    assert stored(workspace) == EXPECTED


def test_numbers_without_names_stay_numbers_and_it_is_said(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "label"], [("x y", 0), ("z", 1)])
    summary = brought(workspace, path)
    assert [options for _, options in stored(workspace)] == [["0"], ["1"]]
    assert any("numbers without names" in note for note in summary.notes)


def test_a_column_beside_the_numbers_names_them(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "label", "label_text"], [("x y", 0, "no claim"), ("z", 1, "claim")])
    brought(workspace, path)
    assert [options for _, options in stored(workspace)] == [["no claim"], ["claim"]]


def label_studio_task(text: str, results: list[object], **more: object) -> dict[str, object]:
    return {"id": 1, "data": {"text": text}, "annotations": [{"result": results}], **more}


def test_label_studios_choices_and_paths_of_a_taxonomy(workspace, tmp_path):
    choice = {"type": "choices", "from_name": "verdict", "to_name": "text", "value": {"choices": ["claim"]}}
    paths = {"taxonomy": [["Cost", "Travel"], ["Cost", "Food"]]}
    taxonomy = {"type": "taxonomy", "from_name": "account", "to_name": "text", "value": paths}
    tasks = [
        label_studio_task("Half of all trains were late", [choice]),
        label_studio_task("Taxi and lunch", [taxonomy]),
        {"id": 3, "data": {"text": "Not labelled"}, "annotations": []},
    ]
    (tmp_path / "a.json").write_text(json.dumps(tasks))
    brought(workspace, tmp_path / "a.json")
    assert stored(workspace) == [
        ("Half of all trains were late", ["claim"]),
        ("Taxi and lunch", ["Cost / Food", "Cost / Travel"]),
        ("Not labelled", []),
    ]
    fields = {field.name: field for field in workspace.schema.classes}
    assert fields["account"].multiple and not fields["verdict"].multiple


def test_doccanos_lists_of_labels(workspace, tmp_path):
    rows = [{"id": 7, "text": "Half of all trains", "label": ["claim"]}, {"id": 8, "text": "Thank you", "label": []}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    brought(workspace, tmp_path / "a.jsonl")
    assert stored(workspace) == [("Half of all trains", ["claim"]), ("Thank you", [])]


def test_one_folder_a_class_with_texts_and_pictures(workspace, tmp_path):
    from PIL import Image

    root = tmp_path / "set"
    for side, name, text in (
        ("train", "claim", "Half of all"),
        ("test", "no claim", "Thank you"),
        ("test", "bad", " "),
    ):
        (root / side / name).mkdir(parents=True)
        (root / side / name / "1.txt").write_text(text)
    (root / "train" / "form").mkdir()
    Image.new("1", (40, 60)).save(root / "train" / "form" / "p.png")
    (root / "loose.txt").write_text("Loose")
    summary = brought(workspace, root, by_folder=True, ocr=False)
    assert sorted(stored(workspace)) == [
        ("", ["form"]), ("Half of all", ["claim"]), ("Loose", []), ("Thank you", ["no claim"]),
    ]  # fmt: skip
    assert [rejected.reason for rejected in summary.rejected] == ["it is empty"]
    assert summary.notes["it lies in no folder of a class"] == 1
    assert groups_and_sides(workspace)["no claim 1"][1] == "test"


def test_text_files_alone_are_refused_with_the_option_that_takes_them(workspace, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Half of all trains were late")
    assert "--class-folders" in brought(workspace, tmp_path / "in").rejected[0].reason


def test_texts_are_grouped_by_a_column(workspace, tmp_path):
    rows = [("a b", "claim", "Ann"), ("c d", "claim", "Bob"), ("e f", "no claim", "Ann")]
    path = write_csv(tmp_path / "a.csv", ["text", "label", "orator"], rows)
    brought(workspace, path, group_by="orator")
    assert [group for group, _ in groups_and_sides(workspace).values()] == ["Ann", "Bob", "Ann"]


def test_a_group_column_that_is_not_there_is_said_once(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "label"], [("a b", "claim"), ("c d", "claim")])
    summary = brought(workspace, path, group_by="orator")
    assert [(r.record, r.reason) for r in summary.rejected] == [("", "it has no column orator (columns: text, label)")]


def test_files_without_columns_cannot_be_grouped_by_one(workspace, tmp_path):
    from PIL import Image

    Image.new("1", (40, 60)).save(tmp_path / "p.png")
    summary = brought(workspace, tmp_path / "p.png", group_by="orator", ocr=False)
    assert "no columns to group by" in summary.rejected[0].reason


def test_several_classes_a_text(workspace, tmp_path):
    path = write_csv(
        tmp_path / "a.csv", ["text", "label"], [("a b", "fire|water"), ("c d", "fire; air"), ("e", "fire")]
    )
    brought(workspace, path, multiple=True)
    assert [options for _, options in stored(workspace)] == [["fire", "water"], ["air", "fire"], ["fire"]]
    assert workspace.schema.classes[0].multiple


def test_texts_that_repeat_another_stay_on_its_side_and_conflicts_are_named(workspace, tmp_path):
    long = "the quick brown fox jumps over the lazy dog near the old river bank"
    rows = [
        (1, long, "claim"),
        (2, f"{long.upper()}!", "no claim"),
        (3, long.replace("dog", "cat"), "claim"),
        (4, "Thank you", "no claim"),
        (5, "Thank you.", "no claim"),
        (6, "", "claim"),
    ]
    summary = brought(workspace, write_csv(tmp_path / "a.csv", ["id", "text", "label"], rows))
    assert (summary.repeats.same, summary.repeats.near) == (2, 1)
    assert summary.repeats.conflicts == [("a 2", "a 1", "class", "no claim", "claim")]
    assert [(r.record, r.reason) for r in summary.rejected] == [("line 7", "its text is empty")]
    groups = {name: group for name, (group, _) in groups_and_sides(workspace).items()}
    assert groups == {"a 1": "a 1", "a 2": "a 1", "a 3": "a 1", "a 4": "a 4", "a 5": "a 4"}


def test_a_text_that_comes_later_follows_the_one_that_it_repeats_to_its_side(workspace, tmp_path):
    brought(workspace, write_csv(tmp_path / "a.csv", ["text", "label"], [("Half of all trains", "claim"), ("x", "y")]))
    with workspace.db.write() as connection:
        documents.assign_sides(connection, {"a line 2": Side.TEST})
    summary = brought(workspace, write_csv(tmp_path / "b.csv", ["text", "label"], [("half of all trains", "claim")]))
    assert summary.repeats.same == 1
    assert groups_and_sides(workspace)["b line 2"] == ("a line 2", "test")


def test_a_repeated_text_stays_where_its_file_puts_it_and_the_leak_is_said(workspace, tmp_path):
    rows = [("Half of all trains", "claim", "train"), ("Half of all trains", "claim", "test")]
    summary = brought(workspace, write_csv(tmp_path / "a.csv", ["text", "label", "split"], rows))
    assert [side for _, side in groups_and_sides(workspace).values()] == ["train", "test"]
    assert list(summary.leaks.values()) == [1]


def test_a_stored_text_has_the_places_of_its_words(workspace, tmp_path):
    text = "word " * 30 + "\n\nnext line"
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": text, "label": "x"}))
    brought(workspace, tmp_path / "a.jsonl")
    with workspace.db.read() as connection:
        page = documents.open_document(connection, 1).pages[0]
    assert page.engine == TEXT
    assert [token.line for token in page.tokens] == [0] * 16 + [1] * 14 + [2, 2]
    assert all(token.box[2] <= page.width and token.box[3] <= page.height for token in page.tokens)


def test_chinese_texts_are_divided_into_characters(workspace, tmp_path):
    brought(workspace, write_csv(tmp_path / "a.csv", ["text", "label"], [("价税 total", "x")]))
    assert stored(workspace) == [("价 税 total", ["x"])]


def test_a_second_import_of_the_same_texts_brings_nothing(workspace, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["text", "label"], list(ROWS))
    brought(workspace, path)
    summary = brought(workspace, path)
    assert (summary.documents, summary.known) == (0, 3)
    with workspace.db.read() as connection:
        assert import_index.last_document(connection) == 3


def test_a_text_in_a_folder_of_a_class_is_a_document_whatever_its_name(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("ham/notice.txt", "ham/README.txt", "spam/labels.txt", "README.txt"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_text(f"What is in {name}")
    brought(workspace, tmp_path / "set", by_folder=True)
    assert sorted(option for _, options in stored(workspace) for option in options) == ["ham", "ham", "spam"]


def test_an_e_invoice_or_a_table_is_a_document_whatever_its_name(tmp_path: Path) -> None:
    for name in ("notice.xml", "license.csv", "changelog.json", "notice.txt", "LICENSE", "readme.html"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in discovery.discover([tmp_path]).files] == [
        "changelog.json",
        "license.csv",
        "notice.xml",
    ]
