"""Labelling texts and documents by class fields: the real keys, and what the database holds afterwards."""

from screens.widgets.status_lines import HintLine
from storage import annotations, documents, opinions, queue
from storage.records import QueueEntry, Source, State
from tests.support import sample_documents, text_documents
from tests.support.text_documents import kept, options_of
from workbench.annotation.acts import classify
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.text_grid import lay_out
from workbench.workspace import Workspace

LIKELY = {0: {"invoice": 0.93, "reminder": 0.05, "question": 0.02}, 1: {"invoice": 0.4, "reminder": 0.6}}


def acts(workspace: Workspace, position: int) -> list[str]:
    with workspace.db.read() as connection:
        return [event.act for event in annotations.history(connection, position + 1) if event.act != "import"]


async def test_one_key_labels_a_text_accepts_it_and_opens_the_next(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await pilot.press("1", "2", "3")
        assert options_of(workspace) == [["invoice"], ["reminder"], ["question"], []]
        assert [kept(workspace, n).document.state for n in range(4)] == [State.LABELLED] * 3 + [State.NEW]
        assert acts(workspace, 0) == ["classify"]
        assert pilot.app.mode_screen.session.content.document.id == 4
        (label,) = kept(workspace, 0).annotations.classes
        assert (label.source, label.annotator) == (Source.HUMAN, "ann")
        await pilot.press("Z", "Z")  # goes back to each of them
        assert options_of(workspace) == [["invoice"], [], [], []]
        assert pilot.app.mode_screen.session.content.document.id == 2
        await pilot.press("Y")
        assert options_of(workspace)[1] == ["reminder"]
    workspace.close()


async def test_the_keys_of_fields_on_words_are_no_keys_of_a_text(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await pilot.press("t", "9", "M")
        assert kept(workspace, 0).annotations.spans == frozenset()
        assert kept(workspace, 0).document.state is State.NEW
    workspace.close()


async def test_enter_takes_the_suggestion_that_was_shown(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", likely=LIKELY)
    async with opened(workspace) as pilot:
        assert "invoice 93%" in str(pilot.app.mode_screen.query_one(HintLine).render())
        await pilot.press("enter", "A", "enter")
        assert options_of(workspace) == [["invoice"], ["reminder"], [], []]
        (label,) = kept(workspace, 0).annotations.classes
        assert label.source is Source.SUGGESTION
        assert pilot.app.mode_screen.session.content.document.id == 3  # nothing is suggested there
    workspace.close()


async def test_cannot_say_skips_the_text_and_can_be_taken_back(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await pilot.press("N")
        content = kept(workspace, 0)
        assert content.annotations.absent == {"type"}
        assert content.document.state is State.SKIPPED
        assert pilot.app.mode_screen.session.content.document.id == 2
        await pilot.press("K", "1")
        content = kept(workspace, 0)
        assert (content.annotations.absent, options_of(workspace)[0]) == (frozenset(), ["invoice"])
        assert content.document.state is State.LABELLED
    workspace.close()


async def test_a_field_with_several_options_collects_them_until_enter(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", multiple=True)
    async with opened(workspace) as pilot:
        await pilot.press("1", "2", "3", "2")
        assert options_of(workspace)[0] == ["invoice", "question"]
        assert kept(workspace, 0).document.state is State.STARTED
        await pilot.press("enter")
        assert kept(workspace, 0).document.state is State.LABELLED
        assert pilot.app.mode_screen.session.content.document.id == 2
    workspace.close()


async def test_a_second_class_field_is_asked_before_the_text_is_accepted(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    workspace.change_schema(lambda schema: schema.add_class("urgent", ("yes", "no")))
    async with opened(workspace) as pilot:
        await pilot.press("2")
        assert kept(workspace, 0).document.state is State.STARTED
        await pilot.press("1")
        labels = {(label.field, label.option) for label in kept(workspace, 0).annotations.classes}
        assert labels == {("type", "reminder"), ("urgent", "yes")}
        assert kept(workspace, 0).document.state is State.LABELLED
    workspace.close()


async def test_on_a_page_the_class_fields_key_comes_before_the_options(opened, workspace):
    workspace.change_schema(lambda schema: schema.add_class("document_type", ("invoice", "receipt"), key="k"))
    async with opened(workspace) as pilot:
        await pilot.press("k", "2")
        with workspace.db.read() as connection:
            content = documents.open_document(connection, 1)
        assert [label.option for label in content.annotations.classes] == ["receipt"]
        assert content.annotations.spans == frozenset()
        assert content.document.state is State.STARTED  # its words are still to be labelled
        await pilot.press("2")  # a field on words again
        assert "invoice_date" in sample_documents.labels(workspace)
        await pilot.press("k", "backspace", "k", "N")
        with workspace.db.read() as connection:
            content = documents.open_document(connection, 1)
        assert (content.annotations.classes, content.annotations.absent) == (frozenset(), {"document_type"})
    workspace.close()


async def test_a_text_that_came_back_blind_is_labelled_without_its_label_in_sight(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", labels={0: "invoice"}, likely=LIKELY)
    with workspace.db.write() as connection:
        entries = [QueueEntry(0, 1, 1, 0.0, blind=True), QueueEntry(0, 2, 2, 0.0)]
        number = queue.open_round(connection, "run-1", "random", 0, entries, {})
    async with opened(workspace) as pilot:
        await pilot.press("f3", "enter")
        await pilot.pause()
        session = pilot.app.mode_screen.session
        assert session.editor.blind and session.view.classes.rows[0].labels == ()
        assert session.view.classes.rows[0].suggested == ()
        await pilot.press("2")
        assert options_of(workspace)[0] == ["invoice"]
        with workspace.db.read() as connection:
            opinion = opinions.get(connection, 1, "ann", number)
        assert {label.option for label in opinion.classes} == {"reminder"} and opinion.done
    workspace.close()


async def test_another_annotators_class_is_not_overwritten_unasked(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        other = DocumentEditor(workspace, 1, annotator="bob")
        other.act("classify", classify(other.state, "type", ["question"], "bob"))
        await pilot.press("1")
        await pilot.pause()
        assert options_of(workspace)[0] == ["question"]
        await pilot.press("b")  # both: mine on top of theirs
        await pilot.pause()
        assert options_of(workspace)[0] == ["invoice"]
    workspace.close()


def test_a_text_is_shown_as_its_lines_wrapped_at_the_width():
    text = " ".join(["word"] * 40) + "\nthe second line"
    layout = lay_out([text_documents.page(text)], 60)
    rows = [" ".join(placed.text for placed in row.placed) for row in layout.rows]
    assert rows[-1] == "the second line"
    assert all(len(row) <= 58 for row in rows) and len(rows) == 5
    assert lay_out([text_documents.page(text)], 300).height == 2
