"""Words that another terminal replaces while a document is open here: no label comes onto other words."""

from contextlib import contextmanager

import pytest

from screens.widgets.dialogs import Choice
from storage.exceptions import Conflict
from storage.records import Split
from storage.suggestions import keep_suggestions
from tests.screens.test_full_disk import full_disk
from tests.support.sample_documents import find, labels
from workbench.annotation import acts
from workbench.annotation.blind_editor import BlindEditor
from workbench.annotation.session import AnnotationSession
from workbench.evaluation import prediction_process
from workbench.runs import snapshot, suggestions_file
from workbench.runs.suggestions_file import Suggested
from workbench.workspace import Workspace


def join_first_words(workspace: Workspace, times: int = 3) -> None:
    """In another terminal: the words that follow have other numbers, and there are fewer."""
    for _ in range(times):
        session = AnnotationSession.open(workspace, 1)
        session.cursor.select((0, 1))
        session.space_words(session.tokens[0].text + session.tokens[1].text)


@pytest.mark.parametrize("key", ["m", "b"])
async def test_a_label_that_came_too_late_stays_on_its_words(opened, workspace, key):
    async with opened(workspace) as pilot:
        await pilot.press("2")
        join_first_words(workspace)
        await pilot.press("t")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Choice) and "NOT SAVED" in pilot.app.common_facts
        await pilot.press(key)
        await pilot.pause()
        assert labels(workspace) == {"invoice_date": ["25/12/2018"], "amount_total": ["9.00"]}
        assert "saved ✓" in pilot.app.common_facts


async def test_what_was_selected_at_the_end_of_more_words_ends_nothing(opened, workspace):
    async with opened(workspace) as pilot:
        session = pilot.app.mode_screen.session
        session.cursor.select(find(session.content, "CHANGE 1.00"))
        join_first_words(workspace)
        await pilot.press("t")
        await pilot.pause()
        await pilot.press("m")
        await pilot.pause()
        assert labels(workspace) == {"amount_total": ["CHANGE 1.00"]}
        await pilot.press("Z")
        assert labels(workspace) == {}


async def test_what_a_full_disk_refused_stays_on_its_words(opened, workspace):
    async with opened(workspace) as pilot:
        with full_disk(workspace):
            await pilot.press("2", "t")
        join_first_words(workspace)
        await pilot.press("ctrl+s")
        await pilot.pause()
        await pilot.press("b")
        await pilot.pause()
        assert labels(workspace) == {"invoice_date": ["25/12/2018"], "amount_total": ["9.00"]}


def given(workspace: Workspace) -> dict[str, str]:
    """The labels of the opinion on the first document: field -> words."""
    content = BlindEditor(workspace, 1).content
    return {s.field: " ".join(content.tokens[token].text for token in s.tokens) for s in content.annotations.spans}


@pytest.mark.parametrize("is_open", [True, False])
def test_labels_that_are_given_blind_stay_on_their_words(workspace, is_open):
    editor = BlindEditor(workspace, 1)
    total, date = find(editor.content, "9.00"), find(editor.content, "25/12/2018")
    editor.act("assign", acts.assign(editor.state, "amount_total", total, "ann"))
    join_first_words(workspace)
    if is_open:
        with pytest.raises(Conflict):
            editor.act("assign", acts.assign(editor.state, "invoice_date", date, "ann"))
    expected = {"amount_total": "9.00", **({"invoice_date": "25/12/2018"} if is_open else {})}
    assert given(workspace) == expected
    AnnotationSession.open(workspace, 1).document_acts.undo()  # the words are as they were before the last one
    assert given(workspace) == expected


async def test_a_suggestion_of_words_that_a_document_has_no_more_is_not_kept(opened, workspace):
    with workspace.db.write() as connection:
        keep_suggestions(connection, "run-2", {1: [("amount_total", (60,), 0.9), ("amount_tax", (32,), 0.9)]})
    async with opened(workspace) as pilot:
        assert [s.field for s in pilot.app.mode_screen.session.content.suggestions] == ["amount_tax"]


def correct(workspace: Workspace) -> None:
    editor = AnnotationSession.open(workspace, 2).editor
    editor.act("correct", acts.correct(editor.state, 3, "BERHAD", "BHD"))


def join_and_split(workspace: Workspace) -> None:
    """In another terminal: there are as many words as before, and some have other numbers."""
    join_first_words(workspace, times=1)
    session = AnnotationSession.open(workspace, 1)
    session.cursor.select(find(session.content, "CHANGE"))
    session.space_words("CHA NGE")


@pytest.mark.parametrize("change", [join_first_words, join_and_split])
def test_what_a_model_read_before_words_were_replaced_is_not_suggested(workspace, tmp_path, monkeypatch, change):
    proposals = {
        number: Suggested(number, name, 39, [("amount_total", (34,), 0.9)])
        for number, name in ((1, "plain"), (2, "suggested"))
    }

    @contextmanager
    def reading(*_):
        folder = tmp_path / "read"
        folder.mkdir()
        suggestions_file.write(folder, proposals.values())
        snapshot.freeze_these(workspace, folder, {Split.POOL: (1, 2)})
        correct(workspace)  # that leaves the words in their places
        change(workspace)  # while the model reads
        yield folder

    monkeypatch.setattr(prediction_process, "reading", reading)
    monkeypatch.setattr(suggestions_file.parquet, "check_predictions", lambda *_: None)
    prediction_process.suggest(workspace)
    texts = {}
    for number in proposals:
        content = AnnotationSession.open(workspace, number).content
        texts[number] = [content.tokens[s.tokens[0]].text for s in content.suggestions if s.run == "starter"]
    assert texts == {1: [], 2: ["9.00"]}
