"""The screen as it looks: states at 80x24 and 140x42, Chinese, a full page, other themes, no colour."""

import pytest

from screens.app import WorkbenchApp
from tests.support import sample_documents

SIZES = ((80, 24), (140, 42))
STATES = {
    "opened": [],
    "labelled": ["5", "6", "2", "t"],
    "selected": ["right", "shift+right", "shift+down"],
    "suggested": ["J"],
    "focused": ["J", "tab"],
    "disagrees": ["J", "tab", "enter", "A", "K"],
    "chinese": ["J", "J", "5", "t", "2"],
    "help": ["question_mark"],
    "filter": ["F"],
    "list": ["O"],
}


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("state", STATES)
def test_state(snap_compare, workspace, state, size):
    assert snap_compare(WorkbenchApp(workspace), press=STATES[state], terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_a_full_page(snap_compare, tmp_path, size):
    made = sample_documents.workspace_of(
        tmp_path / "full", [sample_documents.new("full", [sample_documents.long_page(1500)])]
    )
    assert snap_compare(WorkbenchApp(made), press=["t", "pagedown", "shift+down"], terminal_size=size)
    made.close()


@pytest.mark.parametrize("theme", ["light", "high-contrast"])
def test_theme(snap_compare, workspace, theme):
    workspace.change_settings(theme=theme)
    assert snap_compare(WorkbenchApp(workspace), press=["J", "t", "tab"], terminal_size=(120, 30))


def test_without_colour(snap_compare, workspace, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(WorkbenchApp(workspace), press=["J", "t", "tab"], terminal_size=(120, 30))
