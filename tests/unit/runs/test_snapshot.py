import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import documents
from storage.documents import NewDocument
from storage.exceptions import RunProblem
from storage.records import ClassLabel, Page, ReferenceValue, Side, Source, Span, Split, Token
from tests.support import workspaces
from workbench.active_learning import retraining
from workbench.runs import parquet, snapshot
from workbench.workspace import Workspace


def invoice(name: str, group: str = "acme", *, labelled: bool = True, side: Side = Side.TRAIN) -> NewDocument:
    tokens = tuple(
        Token(i, 0, 0, text, (10.0 * i, 5.0, 10.0 * i + 8, 15.0)) for i, text in enumerate(("Total", "9.00", "EUR"))
    )
    spans = (Span("amount_total", (1,), Source.IMPORT, "me"),) if labelled else ()
    return NewDocument(
        name, name, name, "test", (Page(0, 100.0, 200.0, tokens),), group=group, side=side, labelled=labelled,
        spans=spans,
        references=(ReferenceValue("amount_total", "9.00", "books"),),
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces.empty(tmp_path / "ws")


def keep(workspace: Workspace, *new: NewDocument) -> None:
    with workspace.db.write() as connection:
        documents.add(connection, new, "me")


def selection(workspace: Workspace, limit: int | None = None) -> snapshot.SnapshotChoice:
    with workspace.db.read() as connection:
        return snapshot.select(connection, 7, limit)


def test_nothing_labelled_is_refused_with_the_remedy(workspace: Workspace) -> None:
    keep(workspace, invoice("a", labelled=False))
    with pytest.raises(RunProblem, match="no labelled document") as caught:
        selection(workspace)
    assert "Label" in caught.value.remedy


def test_documents_of_which_only_the_class_is_known_say_nothing_of_words(workspace: Workspace, tmp_path: Path) -> None:
    workspace.change_schema(lambda schema: schema.add_class("type", ("invoice", "reminder")))
    classes = (ClassLabel("type", "reminder", Source.IMPORT, "me"),)
    alone = [replace(invoice(name), spans=(), classes=classes) for name in ("c", "d")]
    keep(workspace, invoice("a"), replace(invoice("b"), classes=classes), *alone)
    frozen = snapshot.freeze(workspace, tmp_path / "run", 1)
    assert frozen.documents == {"train": 1, "validation": 1, "pool": 2}
    assert all(row.tags is None for row in parquet.read(tmp_path / "run" / "dataset" / "pool.parquet"))
    of_classes = snapshot.freeze(workspace, tmp_path / "other", 1, class_field="type")
    assert of_classes.documents == {"train": 2, "validation": 1, "pool": 1}
    with workspace.db.read() as connection:
        assert retraining.labelled_documents(connection) == 2


def test_validation_is_taken_from_other_vendors_and_said(workspace: Workspace) -> None:
    keep(workspace, *(invoice(f"{g}{i}", g) for g in "abcde" for i in range(4)))
    chosen = selection(workspace)
    with workspace.db.read() as connection:
        groups = {
            split: {documents.get(connection, i).group for i in chosen.ids[split]}
            for split in (Split.TRAIN, Split.VALIDATION)
        }
    assert groups[Split.TRAIN] and groups[Split.VALIDATION]
    assert not groups[Split.TRAIN] & groups[Split.VALIDATION]
    assert "set apart" in chosen.notes[0]


def test_a_validation_side_of_the_workspace_is_used_as_it_is(workspace: Workspace) -> None:
    keep(workspace, invoice("a"), invoice("b", "other", side=Side.VALIDATION), invoice("c", "third", labelled=False))
    chosen = selection(workspace)
    assert (len(chosen.ids[Split.TRAIN]), len(chosen.ids[Split.VALIDATION]), len(chosen.ids[Split.POOL])) == (1, 1, 1)
    assert chosen.notes == ()


def test_one_document_trains_without_validation(workspace: Workspace) -> None:
    keep(workspace, invoice("a"))
    chosen = selection(workspace)
    assert len(chosen.ids[Split.TRAIN]) == 1
    assert chosen.ids[Split.VALIDATION] == ()


def test_a_limit_takes_vendors_in_the_seeds_order(workspace: Workspace) -> None:
    keep(
        workspace, *(invoice(f"{g}{i}", g) for g in "abcdef" for i in range(3)), invoice("v", "v", side=Side.VALIDATION)
    )
    small, larger = selection(workspace, 4), selection(workspace, 8)
    assert len(small.ids[Split.TRAIN]) == 4
    assert set(small.ids[Split.TRAIN]) <= set(larger.ids[Split.TRAIN])


def test_what_is_frozen_can_be_read_back(workspace: Workspace, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    keep(workspace, invoice("a"), invoice("b", "b"), invoice("c", "c", labelled=False))
    frozen = snapshot.freeze(workspace, tmp_path / "run", 1)
    assert frozen.documents == {"train": 1, "validation": 1, "pool": 1}
    row = pq.read_table(tmp_path / "run" / "dataset" / "train.parquet").to_pylist()[0]
    assert row["words"] == ["Total", "9.00", "EUR"]
    assert row["tags"] == ["O", "B-amount_total", "O"]
    assert row["boxes"][1] == [100, 25, 180, 75]
    assert json.loads(row["references"]) == {"amount_total": "9.00"}
    pool = pq.read_table(tmp_path / "run" / "dataset" / "pool.parquet").to_pylist()[0]
    assert pool["tags"] is None


def test_a_fifth_measures_and_not_one_large_vendor(workspace: Workspace) -> None:
    sizes = {"large": 12, "middle": 8, "a": 3, "b": 3, "c": 2, "d": 1, "e": 1}
    keep(workspace, *(replace(invoice(f"{name} {i}"), group=name) for name, n in sizes.items() for i in range(n)))
    with workspace.db.read() as connection:
        for seed in range(5):
            chosen = snapshot.select(connection, seed)
            held = [documents.get(connection, number).group for number in chosen.ids[Split.VALIDATION]]
            assert 4 <= len(held) <= 8 and len(set(held)) >= 2
            assert not {"large", "middle"} & set(held)


def test_a_run_that_needs_pictures_takes_them_along(workspace: Workspace, tmp_path: Path) -> None:
    page = Page(0, 100.0, 200.0, invoice("a").pages[0].tokens, picture="ab.png")
    workspace.files.picture("ab.png").write_bytes(b"a picture")
    keep(workspace, replace(invoice("a"), pages=(page,)), invoice("b"))
    snapshot.freeze(workspace, tmp_path / "run", 1, pictures=True)
    elsewhere = (tmp_path / "run").rename(tmp_path / "elsewhere")
    shutil.rmtree(workspace.files.pages)
    rows = [row.anchor(elsewhere) for row in parquet.read(elsewhere / "dataset" / "train.parquet")]
    rows += [row.anchor(elsewhere) for row in parquet.read(elsewhere / "dataset" / "validation.parquet")]
    paths = [path for row in rows for path in row.pictures]
    assert sorted(Path(path).read_bytes() if path else b"" for path in paths) == [b"", b"a picture"]


def test_a_retired_field_is_not_trained_on(workspace: Workspace, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    keep(workspace, invoice("a"))
    workspace.change_settings(schema=workspace.schema.change("amount_total", retired=True))
    snapshot.freeze(workspace, tmp_path / "run", 1)
    row = pq.read_table(tmp_path / "run" / "dataset" / "train.parquet").to_pylist()[0]
    assert set(row["tags"]) == {"O"}


numbers = st.floats(-1e4, 1e4, allow_nan=False)


@given(st.tuples(numbers, numbers, numbers, numbers), st.floats(0.01, 1e4), st.floats(0.01, 1e4))
def test_boxes_are_ordered_and_inside_the_page(box: tuple[float, ...], width: float, height: float) -> None:
    x0, y0, x1, y1 = snapshot.thousandths(box, width, height)
    assert 0 <= x0 <= x1 <= 1000
    assert 0 <= y0 <= y1 <= 1000


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("/home/ada/mails/texts.v2.csv line 3", "mails/texts.v2.csv"),
        ("texts.jsonl record 7", "texts.jsonl"),
        ("/home/ada/scans of May/a b.pdf", "scans of May/a b.pdf"),
        ("in/no suffix", "in/no suffix"),
    ],
)
def test_a_run_knows_the_file_of_a_document_without_the_record_in_it(
    workspace: Workspace, tmp_path: Path, source: str, file: str
) -> None:
    import pyarrow.parquet as pq

    keep(workspace, replace(invoice("a"), source=source))
    snapshot.freeze(workspace, tmp_path / "run", 1)
    [row] = pq.read_table(tmp_path / "run" / "dataset" / "train.parquet").to_pylist()
    assert row["source"] == file
