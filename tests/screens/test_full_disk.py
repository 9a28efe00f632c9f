"""What is typed while the disk is full: it stays in view, is told as not saved, and is saved once there is space."""

import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace

import pytest

from screens.widgets.dialogs import Choice, Confirm
from screens.widgets.status_lines import StatusLine
from storage import annotations
from storage.records import State
from tests.support import text_documents
from tests.support.sample_documents import kept, labels
from tests.support.text_documents import options_of
from workbench.annotation.editor import DocumentEditor
from workbench.workspace import Workspace


@contextmanager
def full_disk(workspace: Workspace) -> Iterator[None]:
    """No file of this process grows beyond its first byte, as on a full disk; SQLite's own error comes of it."""
    with workspace.db.read() as connection:  # what is in memory only would not be written at all
        connection.exec_driver_sql("SELECT 1")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def change_note(workspace: Workspace, note: str = "bob was here") -> None:
    """In another terminal."""
    editor = DocumentEditor(workspace, 1, annotator="bob")
    editor.act("flag", replace(editor.state, note=note))


async def test_what_a_full_disk_refuses_stays_in_view_and_is_saved_by_one_key(opened, workspace):
    async with opened(workspace) as pilot:
        screen, status = pilot.app.mode_screen, pilot.app.mode_screen.query_one(StatusLine)
        await pilot.press("t")
        assert "saved ✓" in str(status.render())
        with full_disk(workspace):
            for keys in (["5"], ["2"], ["f", *"torn", "enter"]):
                await pilot.press(*keys)
                await pilot.pause()
                facts = str(status.render())
                assert "NOT SAVED: the disk is full, Ctrl+S tries again" in facts and "saved ✓" not in facts
            assert labels(workspace) == {"amount_total": ["9.00"]}
            shown = {span.field for span in screen.session.view.content.annotations.spans}
            assert shown == {"amount_total", "seller_name", "invoice_date"}
            for keys in ("J", "a"):  # neither another document, nor a decision as if all were saved
                await pilot.press(keys)
                assert screen.session.content.document.id == 1 and "1/3 · " in str(status.render())
            await pilot.press("ctrl+s")
            assert "NOT SAVED" in str(status.render())
            await pilot.press("f4", "f2")  # where runs that take space can be deleted
            assert {span.field for span in screen.session.view.content.annotations.spans} == shown
        await pilot.press("ctrl+s")
        assert "saved ✓" in str(status.render())
        assert labels(workspace).keys() == shown and kept(workspace).note == "torn"
        assert kept(workspace).state is State.LABELLED  # by the key a
        with workspace.db.read() as connection:
            acts = [event.act for event in annotations.history(connection, 1)]
        assert acts[-5:] == ["assign", "assign", "assign", "flag", "finish"]  # each can be undone
        await pilot.press("Z", "Z", "Z")
        assert labels(workspace).keys() == {"amount_total", "seller_name"}


async def test_the_next_label_saves_those_before_it_and_undo_takes_back_what_is_not_saved(opened, workspace):
    async with opened(workspace) as pilot:
        with full_disk(workspace):
            await pilot.press("t", "5", "Z")
            assert [s.field for s in pilot.app.mode_screen.session.editor.state.spans] == ["amount_total"]
            assert "NOT SAVED" in " ".join(pilot.app.common_facts) and labels(workspace) == {}
        await pilot.press("2")
        assert "saved ✓" in pilot.app.common_facts and labels(workspace).keys() == {"amount_total", "invoice_date"}


async def test_an_act_that_could_not_be_saved_is_weighed_against_what_another_did_meanwhile(opened, workspace):
    async with opened(workspace) as pilot:
        with full_disk(workspace):
            await pilot.press("t", "5")
        change_note(workspace)
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Choice) and "NOT SAVED" in pilot.app.common_facts
        await pilot.press("b")
        await pilot.pause()
        assert labels(workspace).keys() == {"amount_total", "seller_name"} and kept(workspace).note == "bob was here"
        assert "saved ✓" in pilot.app.common_facts


async def test_leaving_saves_what_can_be_saved_and_asks_about_the_rest(opened, workspace):
    async with opened(workspace) as pilot:
        with full_disk(workspace):
            await pilot.press("t", "ctrl+q")
            await pilot.pause()
            assert isinstance(pilot.app.screen, Confirm) and pilot.app.is_running
            await pilot.press("enter")  # no
            assert pilot.app.is_running
        await pilot.press("ctrl+q")
    assert labels(workspace) == {"amount_total": ["9.00"]}


async def test_a_terminal_that_is_closed_saves_what_can_be_saved_by_then(opened, workspace):
    async with opened(workspace) as pilot:
        with full_disk(workspace):
            await pilot.press("t")
        assert labels(workspace) == {}
    assert labels(workspace) == {"amount_total": ["9.00"]}


async def test_saved_does_not_stand_beside_a_full_disk_and_what_it_did_not_undo_can_be_undone(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await pilot.press("f7")
        await pilot.app.workers.wait_for_complete()
        await pilot.press("1")
        assert "saved ✓" in pilot.app.common_facts
        with full_disk(workspace):
            await pilot.press("2")
            assert "saved ✓" not in pilot.app.common_facts
            await pilot.press("Z")
        assert options_of(workspace)[0] == ["invoice"]
        await pilot.press("Z")
        assert options_of(workspace)[0] == [] and "undone" in pilot.app.common_facts
    workspace.close()


async def test_what_a_full_disk_refused_is_in_the_copy_of_a_workspace_that_was_moved_then(opened, workspace, tmp_path):
    async with opened(workspace) as pilot:
        with full_disk(workspace):
            await pilot.press("t", "5")
        workspace.files.root.rename(tmp_path / "moved")
        await pilot.press("ctrl+s", "y", "enter")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        (tmp_path / "moved").rename(workspace.files.root)
    with closing(Workspace.open(tmp_path / "shop-saved")) as saved:
        assert labels(saved).keys() == {"amount_total", "seller_name"}


async def test_leaving_before_it_is_decided_whose_version_stands_drops_nothing_unasked(opened, workspace):
    async with opened(workspace) as pilot:
        change_note(workspace)
        await pilot.press("t", "ctrl+q")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Confirm) and pilot.app.is_running
        await pilot.press("enter")  # no
        await pilot.pause()
        assert isinstance(pilot.app.screen, Choice)
        await pilot.press("m")
        await pilot.pause()
        assert labels(workspace) == {"amount_total": ["9.00"]}
        change_note(workspace, "bob was here again")
        await pilot.press("5", "ctrl+q")
        await pilot.pause()
        await pilot.press("y")
    assert labels(workspace) == {"amount_total": ["9.00"]} and kept(workspace).note == "bob was here again"


@pytest.mark.parametrize("held", [False, True])
async def test_a_terminal_that_is_ended_while_two_versions_are_there_keeps_both(opened, workspace, held):
    async with opened(workspace) as pilot:
        with full_disk(workspace) if held else nullcontext():
            if held:
                await pilot.press("t")
            else:
                change_note(workspace)
                await pilot.press("t")
                await pilot.pause()
                assert isinstance(pilot.app.screen, Choice)
        if held:
            change_note(workspace)
    assert labels(workspace) == {"amount_total": ["9.00"]} and kept(workspace).note == "bob was here"


async def test_the_help_does_not_say_that_all_is_saved_where_it_is_not(opened, workspace):
    async with opened(workspace) as pilot:
        with full_disk(workspace):
            await pilot.press("t", "?")
            await pilot.pause()
            title = str(pilot.app.screen.query_one(".title").render())
        assert "all is saved" not in title and "NOT SAVED" in title
