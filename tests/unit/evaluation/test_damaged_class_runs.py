"""A run of a class field whose files are damaged is refused by name; nothing that reads it breaks."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage import runs
from storage.exceptions import WorkbenchError
from tests.support import class_runs, text_documents
from tests.support.copies import copied
from workbench.evaluation.classes import class_report, class_suggestions, errors
from workbench.evaluation.doctor import consultation
from workbench.runs import parquet, transfer
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace


def with_run(folder: Path) -> Workspace:
    made = text_documents.workspace(folder, labels={0: "invoice", 1: "reminder", 2: "question"})
    class_runs.finish(made, {1: {"invoice": 0.9}}, name="first")
    return made


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with closing(copied(tmp_path / "ws", "texts with a run that read one", with_run)) as made:
        yield made


@pytest.fixture
def run(workspace: Workspace) -> RunFolder:
    (folder,) = workspace.files.runs.glob("2*")
    return RunFolder(folder)


def of_report(**changes: object) -> Callable[[RunFolder], None]:
    def act(run: RunFolder) -> None:
        kept = json.loads(run.report.read_text())
        run.report.write_text(json.dumps({**kept, "classes": {**kept["classes"], **changes}}))

    return act


def of_event(**changes: object) -> Callable[[RunFolder], None]:
    def act(run: RunFolder) -> None:
        lines = [json.loads(line) for line in run.events.read_text().splitlines()]
        changed = [{**line, **changes} if line["type"] == "prepared" else line for line in lines]
        run.events.write_text("".join(json.dumps(line) + "\n" for line in changed))

    return act


def without_fields(run: RunFolder) -> None:
    text = run.request.read_text()
    begin, end = text.index("fields:"), text.index("config:")
    run.request.write_text(text[:begin] + "fields: []\n" + text[end:])


def of_predictions(labels: list[str], stored: bytes) -> Callable[[RunFolder], None]:
    def act(run: RunFolder) -> None:
        rows = [
            parquet.Prediction(row.document, "train", labels, stored, [], 1, [0], truncated=False)
            for row in parquet.read(run.dataset("train"))
        ]
        parquet.write_predictions(run.predictions, rows, task=parquet.CLASSES)

    return act


@pytest.mark.parametrize(
    "damage",
    [
        of_report(macro={"f1": 0.5, "ci95": [0.1, 0.2, 0.3]}), of_report(confusion={"labels": 5, "counts": [[1]]}),
        of_report(classes=[1]), of_report(confusion={"labels": ["a", "b"], "counts": [[1, 2], [3]]}),
        of_report(classes={"invoice": {"f1": 0.5}}), of_report(classes={}, accuracy=0.1, weighted={"f1": 0.9}),
        of_report(weighted=3), of_event(labels=1e308), of_event(parameters="many"),
        of_event(truncated={}), of_event(documents={"train": "x"}), without_fields,
        of_predictions(["invoice"], b"\0" * 7), of_predictions([], b""),
        of_predictions(["invoice", "other"], b"\0" * 4),
    ],
)  # fmt: skip
def test_a_damaged_run_is_refused_or_read(
    workspace: Workspace, run: RunFolder, damage: Callable[[RunFolder], None]
) -> None:
    with workspace.db.read() as connection:
        kept = runs.get(connection, run.path.name)
    damage(run)
    for look in (
        lambda: consultation.consult(workspace, kept),
        lambda: class_report.evaluate_run(run.path),
        lambda: errors.look(run.path),
    ):
        try:
            assert look()
        except WorkbenchError as problem:
            assert problem.remedy


def test_a_models_description_of_another_shape_says_of_no_model_that_it_takes_several(tmp_path: Path) -> None:
    for text in ('{"task": "classes", "fields": {"a": 1}}', '{"task": "classes", "fields": [1]}', "[" * 9999, "5"):
        (tmp_path / "workbench.json").write_text(text)
        assert class_suggestions.takes_several(tmp_path) is False
    (tmp_path / "workbench.json").write_text('{"task": "classes", "fields": [{"id": "a", "multiple": true}]}')
    assert class_suggestions.takes_several(tmp_path) is True


def test_what_was_chosen_among_another_workspaces_documents_is_not_taken_in(
    workspace: Workspace, run: RunFolder, tmp_path: Path
) -> None:
    (run.model / "vocabulary.json").write_text("{}")  # of a baseline
    (run.path / "selections" / "1").mkdir(parents=True)
    (run.path / "selections" / "1" / "choice.json").write_text("{}")
    shutil.copytree(run.path, tmp_path / "copy")
    with closing(Workspace.create(tmp_path / "other")) as other:
        adopted = transfer.adopt(other, tmp_path / "copy")
        assert not (other.files.run(adopted.id) / "selections").exists()
