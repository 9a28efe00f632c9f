"""The errors screen on class runs: what the Doctor says, labels to doubt, and runs of several options a document."""

import pytest

from screens.widgets.status_lines import HintLine
from storage import queue, runs
from storage.records import Side
from tests.support import class_runs, text_documents
from tests.support.text_documents import options_of
from workbench.evaluation.classes import speaking_words
from workbench.evaluation.classes.speaking_words import SpeakingWords
from workbench.evaluation.doctor import consultation

TEXTS = [f"{words} {number}" for number in range(8) for words in ("pay the invoice", "where is the parcel")]


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


def title(pilot):
    return str(pilot.app.mode_screen.query_one("#class-title").render())


@pytest.fixture
def made(tmp_path):
    """Sixteen texts, ten of them measured; a run is sure that one of these has the wrong label."""
    labels = {n: ("invoice", "question")[n % 2] for n in range(16)} | {8: "question"}
    sides = dict.fromkeys(range(6, 16), Side.TEST)
    workspace = text_documents.workspace(tmp_path / "w", TEXTS, labels, sides=sides)
    right = {"invoice": {"invoice": 0.9, "reminder": 0.0, "question": 0.1}}
    right["question"] = {"invoice": 0.1, "reminder": 0.0, "question": 0.9}
    shares = {n + 1: right[("invoice", "question")[n % 2]] for n in range(16)}
    class_runs.finish(workspace, shares)
    yield workspace
    workspace.close()


async def test_labels_to_doubt_are_listed_and_relabelled(opened, made):
    async with opened(made) as pilot:
        await press(pilot, "f6", "l")
        assert title(pilot) == "Doubtful labels · 1"
        item = pilot.app.mode_screen.class_errors.item
        assert (item.document, item.label, item.predicted) == (9, "question", "invoice")
        await press(pilot, "enter", "1")
        assert options_of(made)[8] == ["invoice"] and "1 relabelled" in title(pilot)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_what_the_doctor_advises_is_read_and_done_from_the_errors(opened, made, size):
    async with opened(made, size) as pilot:
        await press(pilot, "f6")
        await pilot.pause(0.4)  # the Doctor is asked when the tables are painted
        await press(pilot, "d")
        screen = pilot.app.mode_screen
        assert screen.class_errors.doctor.display and not screen.query_one("#class-table").display
        texts = "\n".join(str(option.prompt) for option in screen.class_errors.doctor.options)
        assert "Only 10 documents were measured" in texts
        assert "none of these waits for labels" in texts  # every measured text is labelled
        await press(pilot, "d")
        assert not screen.class_errors.doctor.display and screen.query_one("#class-table").display
        await press(pilot, "d", "enter")
        assert pilot.app.mode_screen is screen and not pilot.app._notifications, "Enter only repeated the words"
        assert "do what is advised" not in str(screen.query_one(HintLine).render())


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_all_columns_of_the_confusion_matrix_are_seen(opened, tmp_path, size):
    options = ("invoice", "credit note", "reminder", "receipt", "other") if size[0] > 80 else text_documents.OPTIONS
    labels = {n: options[n % len(options)] for n in range(16)}
    sides = dict.fromkeys(range(6, 16), Side.TEST)
    workspace = text_documents.workspace(tmp_path / "w", TEXTS, labels, sides=sides, options=options)
    class_runs.finish(workspace, {n + 1: {options[0]: 1.0} for n in range(16)})
    async with opened(workspace, size) as pilot:
        await press(pilot, "f6")
        grid = pilot.app.mode_screen.query_one("#class-confusion")
        assert grid.virtual_size.width <= grid.size.width
    workspace.close()


async def test_where_documents_can_have_several_options_each_has_its_own_confusion(opened, tmp_path):
    labels = {n: ("invoice", "question") if n % 2 else ("invoice",) for n in range(8)}
    sides = dict.fromkeys(range(4, 8), Side.TEST)
    made = text_documents.workspace(tmp_path / "w", TEXTS[:8], labels, sides=sides, multiple=True)
    wrong = {"invoice": 0.9, "reminder": 0.7, "question": 0.1}
    class_runs.finish(made, dict.fromkeys(range(1, 9), wrong))
    async with opened(made) as pilot:
        await press(pilot, "f6")
        screen = pilot.app.mode_screen
        figures = str(screen.query_one("#class-figures").render())
        assert "all options right 0.000" in figures and "micro F1" in figures
        assert title(pilot).startswith("reminder: wrong · 4")  # the option with most errors
        grid = screen.query_one("#class-confusion")
        assert str(grid.get_cell("not reminder", "reminder")).strip() == "4"
        await press(pilot, "down")
        assert title(pilot).startswith("question: wrong · 2")
        assert str(grid.get_cell("question", "not question")).strip() == "2"
        await press(pilot, "enter", "y")
        assert "1 confirmed" in title(pilot)
        await press(pilot, "t")
        assert pilot.app.mode_screen.mode == "sheet" and list(pilot.app.mode_screen.texts._ids) == [6, 8]
        await press(pilot, "3")  # it is no question
        await press(pilot, "f6")
        assert "1 relabelled" in title(pilot)
    made.close()


def test_the_doctor_is_asked_about_a_class_run_without_a_report_of_fields(made):
    with made.db.read() as connection:
        (run,) = runs.listed(connection)
    assert consultation.consult(made, run).run == run.id


async def test_a_report_for_colleagues_is_written_from_the_errors(opened, made, tmp_path):
    async with opened(made) as pilot:
        await press(pilot, "f6", "H")
        pilot.app.screen.query_one("Input").value = str(tmp_path / "report.html")
        await press(pilot, "enter")
        assert "What the model takes documents for" in (tmp_path / "report.html").read_text()


async def test_words_that_speak_for_a_wrong_class_are_marked_in_the_text(opened, made):
    with made.db.read() as connection:
        (listed,) = runs.listed(connection)
    folder = made.files.run(listed.id)
    speaking_words.write(folder, [SpeakingWords(9, "test", "invoice", (0.4, 0.0, 0.1, -0.2))])
    async with opened(made) as pilot:
        await press(pilot, "f6", "l")
        text = pilot.app.mode_screen.query_one("#class-words").render()
        styled = {text.plain[span.start : span.end]: str(span.style) for span in text.spans}
        assert "underline" in styled["pay"] and "bold" in styled["pay"] and "italic" in styled["4"]
        assert "the" not in styled and "underline" in styled["invoice"] and "bold" not in styled["invoice"]


async def test_all_labels_in_doubt_become_a_batch_with_their_reasons(opened, made):
    async with opened(made) as pilot:
        await press(pilot, "f6", "l", "Q", "n")
        with made.db.read() as connection:
            assert queue.waiting(connection) == {}
        await press(pilot, "Q", "y")
        with made.db.read() as connection:
            [(number, documents)] = queue.waiting(connection).items()
            (entry,) = queue.entries(connection, number)
        assert documents == {9} and entry.reasons[0].startswith("label in doubt: labelled question")
        assert "1 queued" in title(pilot)
