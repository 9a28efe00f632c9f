"""The queue screen's yes/no and quality views on a class field, and the errors screen's "it is right"."""

import pytest

from screens.queue.quality_pane import QualityPane
from screens.queue.review_pane import ReviewPane
from storage import opinions
from storage.records import ClassLabel, Opinion, Side, Source, State
from tests.support import class_runs, text_documents
from tests.support.text_documents import kept, options_of

LIKELY = {
    0: {"invoice": 0.5, "reminder": 0.4, "question": 0.1},
    2: {"question": 0.6, "invoice": 0.3, "reminder": 0.1},
    3: {"invoice": 0.8, "reminder": 0.1, "question": 0.1},
}


@pytest.fixture
def made(tmp_path):
    """Four texts; the second is labelled, the others were read by a run."""
    workspace = text_documents.workspace(tmp_path / "w", labels={1: "reminder"}, likely=LIKELY)
    yield workspace
    workspace.close()


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


def shown(pilot, pane, name):
    return str(pilot.app.mode_screen.query_one(pane).query_one(name).render())


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_classes_are_asked_with_yes_and_no_and_taken_back(opened, made, size):
    async with opened(made, size) as pilot:
        await press(pilot, "f3", "2")
        asked = shown(pilot, ReviewPane, "#question")
        assert "invoice" in asked and "50% sure" in asked and "Invoice 4711" in asked and "reminder 40%" in asked
        await press(pilot, "n")
        assert options_of(made)[0] == [] and "Not that: invoice" in shown(pilot, ReviewPane, "#question")
        await press(pilot, "b")
        assert "Not that" not in shown(pilot, ReviewPane, "#question")
        await press(pilot, "n", "y")
        assert options_of(made)[0] == ["reminder"] and kept(made, 0).annotations.state is State.LABELLED
        await press(pilot, "n", "n")  # two of three options: the third is meant
        assert options_of(made)[2] == ["reminder"]
        await press(pilot, "w", "3")
        assert options_of(made)[3] == ["question"]
        assert "5 answered. No uncertain suggestion is left" in shown(pilot, ReviewPane, "#question")
        await press(pilot, "b")
        assert options_of(made)[3] == []


async def test_a_dispute_about_a_class_is_decided_on_one_key(opened, made):
    opinion = Opinion(2, "ann", 0, frozenset(), done=True, classes=frozenset({ClassLabel("type", "invoice")}))
    with made.db.write() as connection:
        opinions.keep(connection, opinion)
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "4")
        assert "bob and ann" in shown(pilot, QualityPane, "#agreement")
        dispute = shown(pilot, QualityPane, "#dispute")
        assert "Second reminder" in dispute and "label “reminder”" in dispute and "opinion “invoice”" in dispute
        await press(pilot, "o")
        assert options_of(made)[1] == ["invoice"]
        assert "Nothing is disputed" in shown(pilot, QualityPane, "#disputed")


async def test_a_label_that_is_right_is_confirmed_and_stays_so_in_every_run(opened, tmp_path):
    labels, sides = {0: "invoice", 1: "question", 2: "question"}, {1: Side.TEST, 2: Side.TEST}
    made = text_documents.workspace(tmp_path / "w", labels=labels, sides=sides)
    sure = {"invoice": 0.9, "reminder": 0.0, "question": 0.1}
    class_runs.finish(made, {2: sure, 3: sure})
    async with opened(made) as pilot:
        await press(pilot, "f6", "enter", "y")
        assert {label.source for label in kept(made, 1).annotations.classes} == {Source.CONFIRMED}
        await press(pilot, "enter", "V")  # the other one, with the text before the eyes
        assert {label.source for label in kept(made, 2).annotations.classes} == {Source.CONFIRMED}
        assert options_of(made)[1:3] == [["question"], ["question"]]
        title = str(pilot.app.mode_screen.query_one("#class-title").render())
        assert "2 confirmed" in title
    made.close()
