"""Undo across documents: it names the act and the document, and goes back to it."""

from screens.widgets.status_lines import HintLine
from storage.records import State
from tests.support.sample_documents import go, kept, labels
from workbench.annotation import acts
from workbench.annotation.session import open_editor


def hint(pilot):
    return str(pilot.app.mode_screen.query_one(HintLine).render())


def open_document(pilot):
    return pilot.app.mode_screen.session.content.document.id


async def test_undo_after_accepting_goes_back_to_that_document(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "a")
        assert open_document(pilot) == 2
        await pilot.press("Z")
        assert open_document(pilot) == 1 and kept(workspace, 1).state is State.STARTED
        assert "Undone on plain: accepting the document." in hint(pilot)
        await pilot.press("Z")
        assert "Undone on plain: labelling amount_total." in hint(pilot) and not labels(workspace)
        await pilot.press("Z")
        assert "Nothing to undo" in hint(pilot)


async def test_undo_after_setting_aside_goes_back(opened, workspace):
    for key, state in (("S", "skipping the document"), ("U", "marking the document as unusable")):
        async with opened(workspace) as pilot:
            await pilot.press(key, "Z")
            assert open_document(pilot) == 1 and kept(workspace, 1).state is State.NEW
            assert f"Undone on plain: {state}." in hint(pilot)


async def test_undo_takes_back_what_was_done_here_before_it_goes_back(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "a", "t", "Z")
        assert open_document(pilot) == 2 and "Undone on suggested: labelling amount_total." in hint(pilot)
        await pilot.press("Z")
        assert open_document(pilot) == 1 and kept(workspace, 1).state is State.STARTED


async def test_undo_takes_back_the_latest_act_wherever_it_was(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "J", "5", "K", "K", "t", "a", "J", "Z")
        assert open_document(pilot) == 1 and kept(workspace, 1).state is State.STARTED
        assert "Undone on plain: accepting the document." in hint(pilot) and labels(workspace, 3)
        await pilot.press("Z", "Z")
        assert open_document(pilot) == 3 and not labels(workspace, 3) and not labels(workspace, 1)
        await pilot.press("Z")
        assert "Nothing to undo." in hint(pilot)


async def test_after_a_restart_undo_takes_back_the_latest_act_not_that_of_the_document_in_view(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "J", "J", "5", "K", "W", "K", "K")
    async with opened(workspace) as pilot:
        assert open_document(pilot) == 1
        await pilot.press("Z")
        assert open_document(pilot) == 2 and not labels(workspace, 2)
        await pilot.press("Y")
        assert labels(workspace, 2)
        await pilot.press("J", "Z")
        assert open_document(pilot) == 2 and not labels(workspace, 2) and labels(workspace, 1) and labels(workspace, 3)


async def test_undo_leaves_what_another_annotator_did_last(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        editor = open_editor(workspace, 2)
        editor.annotator = "bob"
        editor.act("flag", acts.flag(editor.state, "look"))
        await pilot.press("J", "Z")
        assert open_document(pilot) == 1 and not labels(workspace) and kept(workspace, 2).note == "look"


async def test_undo_of_a_label_that_was_moved_says_from_where_to_where(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        await go(pilot, "10.00")
        await pilot.press("space", "t", "J", "Z")
        assert "Undone on plain: labelling amount_total (“9.00” → “10.00”)." in hint(pilot)
        assert labels(workspace) == {"amount_total": ["9.00"]}


async def test_accepting_goes_on_to_the_undecided_around_the_end_of_the_list(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "J", "5", "a")
        assert open_document(pilot) == 1
        await pilot.press("t", "a", "W", "A")
        assert hint(pilot).startswith("13 empty; Ctrl+Z undoes. The list is done.  F4 train ")


async def test_a_decided_document_is_not_opened_by_accepting(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "W", "a", "K", "K", "t", "a")
        assert open_document(pilot) == 3
