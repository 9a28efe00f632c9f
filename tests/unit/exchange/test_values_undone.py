"""Undoing an import of known values retires the fields again that it had put back into use."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from storage.records import Source, State
from tests.support import sample_documents
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.cli import group
from workbench.exchange import known_values
from workbench.workspace import Workspace

TOTAL = sample_documents.VALUES["amount_total"]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A document, and an import that has put the retired field of its values back into use."""
    page = sample_documents.page_of(sample_documents.RECEIPT)
    made = sample_documents.workspace_of(tmp_path / "shop", [replace(sample_documents.new("d1", [page]), name="d1")])
    made.change_schema(lambda now: now.change("amount_total", retired=True))
    table = tmp_path / "values.csv"
    table.write_text(f"file,amount_total\nd1,{TOTAL}\n", encoding="utf-8")
    known_values.bring_in(made, table, accept_above=0.5)
    assert not is_retired(made)
    yield made
    made.close()


def is_retired(workspace: Workspace) -> bool:
    field = workspace.schema.get("amount_total")
    assert field is not None
    return field.retired


def test_a_field_that_was_retired_is_retired_again(workspace: Workspace) -> None:
    undone = known_values.undo_last(workspace)
    assert undone is not None
    assert undone.retired_fields == (workspace.schema.name("amount_total"),)
    assert is_retired(workspace)


def test_the_command_says_which(workspace: Workspace) -> None:
    command = ["-w", str(workspace.files.root), "values", "--undo", "--json"]
    result = CliRunner().invoke(group, command, catch_exceptions=False)
    assert json.loads(result.stdout)["retired_fields"] == [workspace.schema.name("amount_total")]


def test_a_field_that_was_labelled_since_stays_in_use(workspace: Workspace) -> None:
    editor = DocumentEditor(workspace, 1)
    editor.act("label", acts.assign(editor.state, "amount_total", (0,), "me", Source.HUMAN))
    undone = known_values.undo_last(workspace)
    assert undone is not None
    assert (undone.retired_fields, is_retired(workspace)) == ((), False)


def test_a_field_whose_labels_were_accepted_since_stays_in_use(workspace: Workspace) -> None:
    editor = DocumentEditor(workspace, 1)
    editor.act("finish", replace(editor.state, state=State.LABELLED))
    undone = known_values.undo_last(workspace)
    assert undone is not None
    assert (undone.kept_labels, undone.retired_fields, is_retired(workspace)) == (1, (), False)


def test_a_field_that_was_changed_since_stays_in_use(workspace: Workspace) -> None:
    workspace.change_schema(lambda now: now.change("amount_total", name="Total due"))
    undone = known_values.undo_last(workspace)
    assert undone is not None
    assert (undone.retired_fields, is_retired(workspace)) == ((), False)
