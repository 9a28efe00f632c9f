"""The queue, tune, runs and errors screens on a class field: the real keys, and what is stored."""

import pytest

from screens.tune.option_form import OptionForm
from storage import queue
from storage.records import Side
from tests.support import class_runs, text_documents
from tests.support.pilots import settled
from tests.support.text_documents import options_of

TEXTS = [f"{words} {number}" for number in range(6) for words in ("pay the invoice", "where is the parcel")]
LABELS = {n: ("invoice", "question")[n % 2] for n in range(8)}
SIDES = {4: Side.VALIDATION, 5: Side.VALIDATION, 6: Side.TEST, 7: Side.TEST}
SURE = {"invoice": 0.9, "reminder": 0.0, "question": 0.1}


@pytest.fixture
def made(tmp_path):
    """Eight labelled texts on three sides, four without a label."""
    workspace = text_documents.workspace(tmp_path / "w", TEXTS, LABELS, sides=SIDES)
    yield workspace
    workspace.close()


@pytest.fixture
def run(made):
    """It takes every text for an invoice, and is in doubt about the tenth."""
    shares = {number + 1: SURE for number in range(12)} | {10: {"invoice": 0.5, "reminder": 0.0, "question": 0.5}}
    return class_runs.finish(made, shares)


async def test_before_the_first_label_a_batch_of_typical_texts_is_offered(opened, tmp_path):
    bare = text_documents.workspace(tmp_path / "bare", TEXTS)
    async with opened(bare) as pilot:
        await pilot.press("f3")
        await settled(pilot)
        assert "Typical of each kind" in str(pilot.app.mode_screen.query_one("#request").render())
    bare.close()


async def test_a_batch_is_chosen_for_the_class_field_labelled_and_complete(opened, made):
    async with opened(made) as pilot:
        await pilot.press("f3")
        await settled(pilot)
        assert "Unsure, one of each kind" in str(pilot.app.mode_screen.query_one("#request").render())
        await pilot.press(*["minus"] * 3, "c")
        await settled(pilot)
        with made.db.read() as connection:
            (entries,) = [queue.entries(connection, number) for number in queue.waiting(connection)]
        assert {entry.document for entry in entries if not entry.blind} <= {9, 10, 11, 12}
        assert "chosen by the labels so far" in str(pilot.app.mode_screen.query_one("#request").render())
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.mode_screen.mode == "annotate"
        for _ in entries:
            await pilot.press("2")
            await pilot.pause()
        await settled(pilot)
        assert pilot.app.mode_screen.mode == "queue"
        assert sum(options == ["reminder"] for options in options_of(made)) >= 4


async def test_the_tune_screen_begins_with_the_class_field_and_changes_to_words(opened, made):
    async with opened(made) as pilot:
        await pilot.press("f4")
        await pilot.pause()
        form = pilot.app.mode_screen.form
        assert form.draft.config.model.task == "classes" and form.draft.preset == "classes"
        assert form.draft.config.train.freeze == "head_only"  # few texts
        rows = [option.id for option in form.query_one(OptionForm).options]
        assert rows[:3] == ["preset", "group 1 Baseline", "model.task"]  # both kinds can be learned: it is not folded
        await pilot.press("down", "down", "left")
        await pilot.pause()
        assert form.draft.config.model.task == "tokens" and form.draft.preset != "classes"


async def test_the_tune_screen_counts_the_labels_of_each_class(opened, made):
    async with opened(made) as pilot:
        await pilot.press("f4")
        await settled(pilot)
        facts = str(pilot.app.mode_screen.query_one("#facts").render())
        counted = facts.partition("Labels\n")[2]
        assert "invoice " in counted and "question " in counted


async def test_the_runs_screen_says_what_a_class_run_reaches_under_its_full_names(opened, made, run):
    async with opened(made) as pilot:
        await pilot.press("f5")
        await settled(pilot)
        text = "\n".join(str(widget.render()) for widget in pilot.app.mode_screen.query("Static"))
        assert "1 of 2 test documents get the right class" in text and "accuracy 0.500, macro F1 0.333 on test" in text


async def test_a_cells_texts_are_listed_and_opened_for_relabelling_one_after_the_other(opened, made, run):
    async with opened(made) as pilot:
        await pilot.press("f6")
        await settled(pilot)
        screen = pilot.app.mode_screen
        assert screen.class_errors.review.split == "test"
        assert screen.class_errors.list.size.height > 3 and not screen.query_one("#work").display
        assert (screen.class_errors.item.label, screen.class_errors.item.predicted) == ("question", "invoice")
        await pilot.press("s")  # validation comes before it in the list of sides
        await settled(pilot)
        assert screen.class_errors.review.split == "validation"
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert pilot.app.mode_screen.mode == "annotate"
        assert pilot.app.mode_screen.session.content.document.id == 6
        await pilot.press("1")  # the model was right
        await settled(pilot)
        assert options_of(made)[5] == ["invoice"]
        assert pilot.app.mode_screen.mode == "errors"  # it was the list's last
        await settled(pilot)
        assert "1 relabelled" in str(screen.query_one("#class-title").render())


async def test_the_confusion_shows_counts_and_shares_of_rows_and_columns(opened, made, run):
    async with opened(made) as pilot:
        await pilot.press("f6")
        await settled(pilot)
        grid = pilot.app.mode_screen.query_one("#class-confusion")
        cell = lambda: str(grid.get_cell("question", "invoice")).strip()  # noqa: E731
        assert cell() == "1"
        await pilot.press("v")
        assert cell() == "100%"
        await pilot.press("v")
        assert cell() == "50%"


async def test_an_error_goes_to_the_queue_and_a_cell_to_the_sheet(opened, made, run):
    async with opened(made) as pilot:
        await pilot.press("f6")
        await settled(pilot)
        await pilot.press("enter", "q")
        with made.db.read() as connection:
            (documents,) = queue.waiting(connection).values()
        assert documents == {8}
        await pilot.press("t")
        await settled(pilot)
        assert pilot.app.mode_screen.mode == "sheet"
        assert list(pilot.app.mode_screen.texts._ids) == [8]
        await pilot.press("1")
        assert options_of(made)[7] == ["invoice"]


async def test_the_other_runs_of_a_workspace_can_be_looked_at(opened, made, run):
    class_runs.finish(made, {number + 1: SURE for number in range(12)}, name="second")
    async with opened(made) as pilot:
        await pilot.press("f6")
        await settled(pilot)
        assert pilot.app.mode_screen.class_errors.run.name == "second"
        await pilot.press("R", "down", "enter")
        await settled(pilot)
        assert pilot.app.mode_screen.class_errors.run.id == run.id
