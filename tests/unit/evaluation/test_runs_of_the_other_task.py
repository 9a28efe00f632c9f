"""A run of one task that is opened as the other is refused in plain words."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from storage.exceptions import InputProblem
from tests.support import class_runs, text_documents
from workbench import cli
from workbench.evaluation.classes import errors as class_errors
from workbench.predictions import run_reader
from workbench.runs import parquet
from workbench.runs.state import RunFolder


@pytest.fixture(scope="module")
def class_run(tmp_path_factory):
    """(workspace, folder of a finished run that classifies its texts)."""
    workspace = text_documents.workspace(tmp_path_factory.mktemp("ws"), labels={0: "invoice", 1: "reminder"})
    run = class_runs.finish(workspace, {1: {"invoice": 0.9}})
    yield workspace, workspace.files.run(run.id)
    workspace.close()


def test_what_reads_fields_refuses_a_run_of_classes(class_run):
    with pytest.raises(InputProblem, match="tells what whole documents are: this is not for it"):
        run_reader.read_labelled(class_run[1], "train")


def test_what_reads_classes_refuses_a_run_of_fields(class_run, tmp_path):
    folder = tmp_path / "fields"
    shutil.copytree(class_run[1], folder)
    parquet.write_predictions(RunFolder(folder).predictions, [], task=parquet.TOKENS)
    with pytest.raises(InputProblem, match="reads fields: this is not for it"):
        class_errors.look(folder, "train")


def baseline_of(folder: Path) -> Path:
    """A run's model, with the files of one that classifies without an encoder."""
    model = folder / "model"
    (model / "workbench.json").write_text('{"task": "classes"}')
    (model / "vocabulary.json").write_text("{}")  # of a baseline
    (model / "baseline.safetensors").write_bytes(b"")
    return model


def test_todays_labels_are_not_read_again_by_a_run_of_classes(class_run):
    workspace, folder = class_run
    baseline_of(folder)
    done = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), "evaluate", folder.name, "--fresh"])
    assert f"{folder.name} tells what whole documents are" in str(done.exception)


def test_known_values_are_not_judged_by_a_run_of_classes(class_run):
    workspace, folder = class_run
    model = baseline_of(folder)
    done = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), "evaluate", str(model), "--values"])
    assert "known values are not for it" in str(done.exception)
