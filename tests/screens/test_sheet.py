"""The sheet of texts: the real keys, and what the database holds afterwards."""

from dataclasses import replace
from threading import Event

from textual.widgets import OptionList, Static

from screens.widgets.dialogs import Choice
from screens.widgets.status_lines import HintLine, StatusLine
from storage import annotations, queue
from storage.records import QueueEntry, Source, State
from storage.suggestions import keep_class_suggestions
from tests.support import text_documents
from tests.support.pilots import until
from tests.support.text_documents import kept, options_of
from workbench.annotation.acts import classify
from workbench.annotation.classes import sheet, similarity
from workbench.annotation.editor import DocumentEditor
from workbench.fields import Field, FieldKind, FieldType
from workbench.live.client import LiveClient

LIKELY = {
    0: {"invoice": 0.93, "reminder": 0.05, "question": 0.02},
    1: {"invoice": 0.39, "reminder": 0.61},
    2: {"question": 0.97, "invoice": 0.03},
    3: {"reminder": 0.51, "invoice": 0.49},
}


def listed(pilot) -> list[int]:
    """The texts of the sheet by their positions, in its order."""
    return [number - 1 for number in pilot.app.mode_screen.texts._ids]


async def settled(pilot) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def sheet_of(pilot) -> None:
    await pilot.press("f7")
    await pilot.pause()
    await settled(pilot)


async def test_without_a_class_field_the_keys_that_add_one_are_named(opened, workspace):
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        heading = str(pilot.app.mode_screen.query_one("#heading").render())
        assert heading == "No class field. Add one in the annotate screen: F2, then T."
        await pilot.press("f2", "T")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choice))
        options = pilot.app.screen.query_one(OptionList).options
        assert any("class field" in str(option.prompt) for option in options)


async def test_a_text_that_is_still_open_keeps_the_count_below_all_of_them(opened, tmp_path):
    texts = [f"text {number}" for number in range(201)]
    workspace = text_documents.workspace(tmp_path / "w", texts, dict.fromkeys(range(200), "invoice"))
    async with opened(workspace) as pilot:
        assert "200/201 labelled (99%)" in str(pilot.app.mode_screen.query_one(StatusLine).render())
    workspace.close()


async def test_a_label_given_while_the_texts_are_read_stays_in_view(opened, tmp_path, monkeypatch):
    workspace = text_documents.workspace(tmp_path / "w")
    read, was_read, may_go_on = sheet.read, Event(), Event()

    def read_slowly(connection, field, documents=None):
        rows = read(connection, field, documents)
        if documents is None:
            was_read.set()
            may_go_on.wait(60)
        return rows

    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        monkeypatch.setattr(sheet, "read", read_slowly)
        await pilot.press("f2", "f7")
        await until(pilot, was_read.is_set)
        await pilot.press("1")
        may_go_on.set()
        await settled(pilot)
        assert options_of(workspace)[0]
        assert not pilot.app.mode_screen.rows[1].is_open, "as it is stored, not as it was read before"
        heading = str(pilot.app.mode_screen.query_one(StatusLine).render())
        assert f"{sum(not options for options in options_of(workspace))} open" in heading
    workspace.close()


async def test_a_key_labels_a_text_and_goes_on_to_the_next(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        await pilot.press("1", "2", "N", "3")
        assert options_of(workspace) == [["invoice"], ["reminder"], [], ["question"]]
        states = [kept(workspace, number).document.state for number in range(4)]
        assert states == [State.LABELLED, State.LABELLED, State.SKIPPED, State.LABELLED]
        with workspace.db.read() as connection:
            assert [event.act for event in annotations.history(connection, 1)][-1] == "classify"
        await pilot.press("Z", "Z", "Z")
        assert options_of(workspace) == [["invoice"], [], [], []]
        assert kept(workspace, 2).document.state is State.NEW
    workspace.close()


async def test_how_many_are_open_is_shown_after_every_key(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        for keys, number in (((), 4), (("1", "N"), 2), (("Z",), 3), (("home", "space", "down", "space", "2"), 2)):
            await pilot.press(*keys)
            facts = " ".join(pilot.app.mode_screen.query_one(StatusLine)._facts)
            assert f" {number} open" in facts, facts
            assert sum(row.is_open for row in pilot.app.mode_screen.rows.values()) == number
    workspace.close()


async def test_selected_texts_are_labelled_together_and_taken_back_together(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        await pilot.press("space", "down", "space", "2")
        assert options_of(workspace) == [["reminder"], [], ["reminder"], []]
        await pilot.press("home", "shift+down", "shift+down", "3")
        assert options_of(workspace) == [["question"], ["question"], ["question"], []]
        await pilot.press("Z")
        assert options_of(workspace) == [["reminder"], [], ["reminder"], []]
    workspace.close()


async def test_the_surest_come_first_and_those_above_the_threshold_are_taken_with_one_key(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", likely=LIKELY)
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        assert listed(pilot) == [2, 0, 1, 3]
        await pilot.press("A")
        assert options_of(workspace) == [["invoice"], [], ["question"], []]
        (label,) = kept(workspace, 0).annotations.classes
        assert label.source is Source.SUGGESTION
        await pilot.press("A")  # nothing is left that is sure enough
        assert "lowers that" in str(pilot.app.mode_screen.query_one(HintLine).render())
        await pilot.press("minus", "minus", "minus", "minus", "minus", "minus", "A")
        assert options_of(workspace) == [["invoice"], ["reminder"], ["question"], []]
        await pilot.press("Z")
        assert options_of(workspace) == [["invoice"], [], ["question"], []]
        await pilot.press("S")  # least sure first
        await settled(pilot)
        assert listed(pilot) == [3, 1]
        await pilot.press("enter")
        assert options_of(workspace)[3] == ["reminder"]
    workspace.close()


async def test_where_none_in_view_is_sure_enough_the_next_page_comes_and_that_is_said(opened, tmp_path):
    texts = [f"text {number}" for number in range(60)]
    likely = {number: {"invoice": 0.95 if number > 40 else 0.6, "question": 0.05} for number in range(60)}
    workspace = text_documents.workspace(tmp_path / "w", texts, likely=likely)
    async with opened(workspace, (80, 24)) as pilot:
        await sheet_of(pilot)
        await pilot.press("S")  # least sure first
        await settled(pilot)
        await pilot.press("A")
        await settled(pilot)
        screen = pilot.app.mode_screen
        assert screen.texts.place[0] > 10 and not any(options_of(workspace))
        assert "None of 90% or more was in view" in str(screen.query_one(HintLine).render())
        await pilot.press("down")
        assert "was in view" not in str(screen.query_one(HintLine).render())
    workspace.close()


async def test_which_texts_are_listed_and_how_is_read_in_a_small_window(opened, tmp_path):
    options = ("invoice", "credit note", "payment reminder", "delivery receipt", "question")
    workspace = text_documents.workspace(tmp_path / "w", likely=LIKELY, options=options)
    async with opened(workspace, (80, 24)) as pilot:
        await sheet_of(pilot)
        line = str(pilot.app.mode_screen.query_one("#heading").render())
        assert line.endswith("not labelled · surest first") and len(line) <= 78
        assert all(f"{key} {option[:3]}" in line for key, option in enumerate(options, 1)), line
    workspace.close()


async def test_texts_like_one_come_first_without_any_model(opened, tmp_path):
    texts = ["please pay the invoice", "where is my parcel", "the invoice is wrong", "parcel lost, where is it"]
    workspace = text_documents.workspace(tmp_path / "w", texts)
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        await pilot.press("down", "L")
        await settled(pilot)
        assert listed(pilot)[:2] == [1, 3]
        await pilot.press("slash", *"invoice", "enter")
        await settled(pilot)
        assert sorted(listed(pilot)) == [0, 2]
        await pilot.press("escape")
        await settled(pilot)
        assert len(listed(pilot)) == 4
    workspace.close()


async def test_labelled_texts_are_shown_when_they_are_asked_for(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", labels={1: "reminder"})
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        assert listed(pilot) == [0, 2, 3]
        await pilot.press("F")
        await settled(pilot)
        assert listed(pilot) == [0, 1, 2, 3]
        await pilot.press("F")
        await settled(pilot)
        assert listed(pilot) == [1]
        await pilot.press("backspace")
        assert options_of(workspace)[1] == [] and kept(workspace, 1).document.state is State.NEW
    workspace.close()


async def test_where_every_text_is_labelled_the_line_says_how_to_see_them(opened, tmp_path):
    workspace = text_documents.workspace(
        tmp_path / "w", labels={0: "invoice", 1: "invoice", 2: "invoice", 3: "question"}
    )
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        line = str(pilot.app.mode_screen.query_one(HintLine).render())
        assert "No text is listed here." in line and "F show others" in line and "label it" not in line
        await pilot.press("F")
        await settled(pilot)
        assert sorted(listed(pilot)) == [0, 1, 2, 3]
    workspace.close()


async def test_what_another_annotator_labelled_meanwhile_stays(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        other = DocumentEditor(workspace, 1, annotator="bob")
        other.act("classify", classify(other.state, "type", ["question"], "bob"))
        await pilot.press("shift+down", "1")
        assert options_of(workspace)[:2] == [["question"], ["invoice"]]
        assert pilot.app.mode_screen.rows[1].options == ("question",)
    workspace.close()


async def test_a_text_that_came_back_blind_does_not_show_its_label(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", labels={0: "invoice"})
    with workspace.db.write() as connection:
        queue.open_round(connection, "run-1", "random", 0, [QueueEntry(0, 1, 1, 0.0, blind=True)], {})
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        await pilot.press("F")
        await settled(pilot)
        assert listed(pilot) == [1, 2, 3]
    workspace.close()


async def test_a_text_opens_in_the_annotate_screen(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w")
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        await pilot.press("down", "O")
        await pilot.pause()
        assert pilot.app.mode_screen.session.content.document.id == 2
        await pilot.press("1", "f7")
        await settled(pilot)
        assert listed(pilot) == [0, 2, 3]
    workspace.close()


async def test_the_sheet_is_named_where_there_is_a_class_field_and_nowhere_else(opened, workspace):
    kind = Field("kind", "kind", FieldType.TEXT, "", "#123456", kind=FieldKind.CLASS, options=("a", "b"))
    async with opened(workspace, (160, 40)) as pilot:
        status = pilot.app.mode_screen.query_one(StatusLine)
        for is_named in (False, True):
            if is_named:
                workspace.change_schema(lambda schema: replace(schema, fields=(*schema.fields, kind)))
                pilot.app.mode_screen.refresh_status_line()
            assert ("Sheet" in str(status.render())) == is_named
            commands = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
            assert ("Go to Sheet" in commands) == is_named and "Go to Runs" in commands
            await pilot.press("question_mark")
            await pilot.pause()
            keys = "\n".join(str(column.render()) for column in pilot.app.screen.query(".column").results(Static))
            assert ("F7" in keys) == is_named and "F6" in keys
            await pilot.press("escape")


async def test_without_a_class_field_the_sheet_says_how_to_add_one(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("f7")
        await pilot.pause()
        assert "F2, then T" in str(pilot.app.mode_screen.query_one("#heading").render())
        await pilot.press("1", "enter", "A", "L", "Z", "N", "space", "S", "F", "O", "down")


def test_rows_sort_by_the_gap_between_the_likeliest_options():
    rows = {
        number: sheet.SheetRow(number, State.NEW, 0, (), False, "a", probability, margin)
        for number, (probability, margin) in enumerate([(0.6, 0.2), (0.9, 0.85), (0.5, 0.4)])
    }
    assert sheet.arranged(rows, sheet.Show.ALL, sheet.Order.DOUBT, {}) == [0, 2, 1]
    assert sheet.arranged(rows, sheet.Show.ALL, sheet.Order.PROBABILITY, {}) == [1, 0, 2]


def test_rare_words_bring_texts_nearer_than_frequent_ones():
    near = similarity.nearness({1: "the iban is wrong", 2: "the iban", 3: "the price", 4: "the day", 5: "nothing"}, 1)
    assert near[1] > near[2] > near[3] and near[3] == near[4] and 5 not in near


async def test_what_the_learner_writes_is_shown_after_the_next_label_and_not_before(opened, tmp_path, monkeypatch):
    """A line never changes between looking at it and taking it."""
    workspace = text_documents.workspace(tmp_path / "w")
    looks = []
    monkeypatch.setattr(LiveClient, "look", lambda self, document, following: looks.append((document, following)))
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        assert looks[-1] == (1, [1, 2, 3, 4])
        await pilot.press("1")
        assert looks[-1] == (2, [2, 3, 4])
        with workspace.db.write() as connection:
            keep_class_suggestions(connection, "learner", "type", {3: [("question", 0.8), ("invoice", 0.2)]})
        await pilot.press("down", "up")
        assert pilot.app.mode_screen.rows[3].likely == ""
        await pilot.press("2")
        assert pilot.app.mode_screen.rows[3].likely == "question"
        await pilot.press("enter")
        assert options_of(workspace) == [["invoice"], ["reminder"], ["question"], []]
    workspace.close()


async def test_texts_that_come_into_view_show_what_the_learner_wrote(opened, tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", [f"text number {n}" for n in range(80)])
    async with opened(workspace) as pilot:
        await sheet_of(pilot)
        with workspace.db.write() as connection:
            keep_class_suggestions(connection, "learner", "type", {n: [("question", 0.8)] for n in range(1, 81)})
        await pilot.press("end")
        await pilot.pause()
        rows = pilot.app.mode_screen.rows
        assert rows[80].likely == "question"
        assert rows[2].likely == ""
    workspace.close()
