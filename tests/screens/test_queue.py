"""The queue screen: the real application, the real keys, and what the database holds afterwards."""

import json
import shutil
import subprocess
import sys

import pytest
from textual import events
from textual.widgets import SelectionList

from screens.annotate.document_list import DocumentList
from screens.app import WorkbenchApp
from screens.queue import batch_work
from screens.queue.batch_pane import BatchPane
from screens.queue.choice_list import Rows
from screens.queue.quality_pane import QualityPane
from screens.queue.review_pane import ReviewPane
from screens.queue.rounds_pane import RoundsPane
from screens.widgets.dialogs import Confirm
from screens.widgets.status_lines import HintLine
from storage import documents, opinions, queue, runs
from storage.exceptions import RunProblem, WorkspaceProblem
from storage.records import Decision, Opinion, QueueEntry, Run, RunState, Source, Span, State
from storage.suggestions import keep_suggestions
from tests.support import model_folder
from tests.support import predicted_pool as kit
from tests.support.pilots import settled
from tests.support.sample_documents import kept
from workbench.active_learning import retraining, selection
from workbench.annotation import acts, adjudication
from workbench.annotation.editor import DocumentEditor
from workbench.workspace import Workspace


@pytest.fixture
def shop(tmp_path):
    """12 documents that want labels, of 7 vendors; 6 are labelled."""
    made, pool, labelled = kit.workspace(tmp_path, pool=12, labelled=6)
    made.change_settings(theme="dark")
    yield made, pool, labelled
    made.close()


@pytest.fixture
def trained(shop):
    """The same with a model whose suggestions wait: unsure of one total, sure of one date."""
    made, pool, labelled = shop
    kit.add_run(made, pool, labelled)
    with made.db.write() as connection:
        keep_suggestions(
            connection,
            "r1",
            {
                pool[0]: [
                    (
                        "amount_total",
                        (1,),
                        0.52,
                    ),
                    ("invoice_date", (5,), 0.99),
                ],
                pool[1]: [("amount_net", (1,), 0.6)],
            },
        )
    return made, pool, labelled


def a_round(made, ids, blind=(), run="r1"):
    listed = [*ids, *blind]
    entries = [
        QueueEntry(
            0, n, i, 0.4, ("amount_total 0.41 against amount_net 0.38",), {"amount_total": 0.41}, False, n in blind
        )
        for i, n in enumerate(listed, 1)
    ]
    with made.db.write() as connection:
        return queue.open_round(connection, run, "combined", 0, entries, {})


def rounds_of(made):
    with made.db.read() as connection:
        return queue.listed(connection)


def entries_of(made, number):
    with made.db.read() as connection:
        return queue.entries(connection, number)


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def hint(pilot):
    return str(pilot.app.mode_screen.query_one(HintLine).render())


def shown(pilot, kind, part):
    return str(pilot.app.mode_screen.query_one(kind).query_one(part).render())


def first_row(pilot):
    """The first line of the document list."""
    return pilot.app.mode_screen.query_one(DocumentList).render_line(0).text


def answer(pilot):
    return " ".join(f"{n.title} {n.message}" for n in pilot.app._notifications)


# before the first model


async def test_without_a_model_the_screen_says_how_to_begin(opened, shop):
    async with opened(shop[0], (80, 24)) as pilot:
        await press(pilot, "f3")
        guide = shown(pilot, BatchPane, "#guide")
        assert "There is no model of your own yet" in guide and "starter" in guide and "12 documents to label" in guide
        head = shown(pilot, BatchPane, "#request")
        assert "there is no model of your own yet" in " ".join(head.split()) and "could be unsure" not in head
        assert "starter suggests" in hint(pilot) and "choose 20 documents" in hint(pilot)


async def test_a_first_batch_is_of_many_vendors_and_is_labelled_in_order(opened, shop):
    made, pool, _ = shop
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "minus", "minus", "minus", "c")
        (one,) = rounds_of(made)
        assert (one.strategy, one.run) == ("per_vendor", "")
        batch = [entry.document for entry in entries_of(made, one.id) if not entry.blind]
        assert len(batch) == 5 and set(batch) <= set(pool)
        with made.db.read() as connection:
            assert len({documents.get(connection, number).group for number in batch}) == 5
        await press(pilot, "enter")
        for entry in entries_of(made, one.id):
            assert pilot.app.mode_screen.mode == "annotate"
            assert pilot.app.mode_screen.session.content.document.id == entry.document
            await press(pilot, "t", "a")
        assert pilot.app.mode_screen.mode == "queue"  # after the last one
        assert all(kept(made, number).state is State.LABELLED for number in batch)
        assert "All decided" in hint(pilot) and "train the next round" in hint(pilot)
        assert "5 labelled" in shown(pilot, BatchPane, "#why")


async def test_the_starter_suggests_on_one_key(opened, shop, monkeypatch):
    made, pool, _ = shop

    def suggest(workspace, tick):
        tick(6, 12)
        with workspace.db.write() as connection:
            keep_suggestions(connection, "starter", {pool[0]: [("amount_total", (1,), 0.7)]})
        return {"suggestions": 1, "documents": 12}

    monkeypatch.setattr(batch_work.prediction_process, "suggest", suggest)
    async with opened(made) as pilot:
        await press(pilot, "f3", "g")
        assert "1 open suggestion on 12 documents" in answer(pilot)
        assert "answer yes or no to what is suggested (1 document)" in shown(pilot, BatchPane, "#guide")


async def test_a_starter_that_is_missing_is_told_with_its_remedy(opened, shop, monkeypatch):
    def suggest(workspace, tick):
        raise RunProblem("The starter's file is missing.", "Install the package again.")

    monkeypatch.setattr(batch_work.prediction_process, "suggest", suggest)
    async with opened(shop[0]) as pilot:
        await press(pilot, "f3", "g")
        message = shown(pilot, BatchPane, "#doing")
        assert "The starter's file is missing." in message and "Install the package again." in message
        assert "choose 20 documents" in hint(pilot)  # the screen goes on


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (WorkspaceProblem("The disk is full.", "Free some space, then repeat the step."), "Free some space"),
        (PermissionError("The disk is full."), "go on by themselves"),  # whatever else it is, it is not silent
    ],
)
async def test_a_disk_that_is_full_while_a_run_is_collected_is_said_once(opened, shop, monkeypatch, error, remedy):
    async with opened(shop[0]) as pilot:
        app = pilot.app

        def full():
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(app._follower._watcher, "poll", full)
            for _ in range(3):
                app.look_after_runs()
                await settled(pilot)
            assert answer(pilot).count("The disk is full.") == 1 and remedy in answer(pilot)
        app.look_after_runs()
        await settled(pilot)
        await press(pilot, "f3")
        assert app.mode_screen.mode == "queue"  # the program goes on


# choosing


async def test_a_batch_is_chosen_with_scores_and_reasons(opened, trained):
    made, pool, _ = trained
    async with opened(made, (140, 42)) as pilot:
        await press(pilot, "f3", "s")
        await press(pilot, "down", "down", "enter", "c")  # the third strategy of the list
        (one,) = rounds_of(made)
        assert one.run == "r1"
        assert one.strategy == list(selection.strategies.STRATEGIES)[2]
        scored = [entry for entry in entries_of(made, one.id) if not entry.blind]
        assert {entry.document for entry in scored} == set(pool)
        pane = pilot.app.mode_screen.query_one(BatchPane)
        while pane.entry.blind:
            await press(pilot, "down")
        why = shown(pilot, BatchPane, "#why")
        assert all(f"· {reason}" in " ".join(why.split()) for reason in pane.entry.reasons)
        assert "How sure the model is" in why


async def test_a_round_that_was_begun_is_ended_before_another_one_is_chosen(opened, trained):
    made, pool, _ = trained
    number = a_round(made, pool[:2])
    editor = DocumentEditor(made, pool[0])
    editor.act("reject", acts.reject(editor.state, editor.open_suggestions[0]))  # begun, though nothing is decided
    async with opened(made) as pilot:
        await press(pilot, "f3", "c")
        assert isinstance(pilot.app.screen, Confirm)
        await press(pilot, "y")
        first, second = rounds_of(made)
        assert first.id == number and first.closed is not None and second.closed is None
        assert {entry.document for entry in entries_of(made, second.id) if not entry.blind} == set(pool)


async def test_a_batch_that_is_chosen_anew_begins_at_its_first_document(opened, trained):
    made, pool, _ = trained
    a_round(made, pool)
    async with opened(made) as pilot:
        await press(pilot, "f3", "end", "c")
        pane = pilot.app.mode_screen.query_one(BatchPane)
        assert pane.entry.rank == 1 and pane.entry.document == pilot.app.mode_screen.overview.documents[0]


async def test_why_no_batch_was_chosen_stays_to_be_read_until_another_is_ordered(opened, trained):
    made, pool, _ = trained
    model_folder.write(made.files.runs / "r1" / "model", hidden_dropout_prob=0.0)
    async with opened(made) as pilot:
        await press(pilot, "f3", "s")
        names = list(selection.strategies.STRATEGIES)
        await press(pilot, "home", *["down"] * names.index("bald"), "enter", "c")
        assert "has no dropout" in shown(pilot, BatchPane, "#doing") and rounds_of(made) == []
        await press(pilot, "plus")
        assert shown(pilot, BatchPane, "#doing") == ""
        number = a_round(made, pool[:2])
        editor = DocumentEditor(made, pool[0])
        editor.act("skipped", acts.set_aside(editor.state, State.SKIPPED))
        await press(pilot, "2", "1")
        await press(pilot, "s", "down", "enter", "c", "y")  # a committee, of one run
        assert "second run" in shown(pilot, BatchPane, "#doing")
        assert [(one.id, one.closed) for one in rounds_of(made)] == [(number, None)], "nothing was given up for it"


async def test_choosing_can_be_stopped_and_changes_nothing(opened, trained, monkeypatch, tmp_path):
    made = trained[0]
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(selection, "start", lambda workspace, request: selection.RunningSelection(tmp_path, child))
    async with opened(made) as pilot:
        await press(pilot, "f3")
        await pilot.press("c")
        while pilot.app.mode_screen.batch_pane.work.selection is None:
            await pilot.pause(0.01)
        assert "stop" in hint(pilot)
        await press(pilot, "x")
        assert child.poll() is not None and rounds_of(made) == []
        assert "no batch was chosen" in answer(pilot)


async def test_choosing_that_is_stopped_while_it_starts_leaves_no_process(opened, trained, monkeypatch, tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    def start(workspace, request):
        pilot.app.mode_screen.batch_pane.work.stop()  # the key comes before the child is known
        return selection.RunningSelection(tmp_path, child)

    monkeypatch.setattr(selection, "start", start)
    async with opened(trained[0]) as pilot:
        await press(pilot, "f3", "c")
        assert child.poll() is not None and "no batch was chosen" in answer(pilot)


async def test_a_round_that_another_terminal_began_is_shown_instead_of_a_second_one(opened, trained):
    made, pool, _ = trained
    async with opened(made) as pilot:
        await press(pilot, "f3")
        number = a_round(made, pool[:2])
        await press(pilot, "c")
        assert [one.id for one in rounds_of(made)] == [number]
        assert pilot.app.mode_screen.overview.round.round.id == number
        assert f"Round {number} was opened in another terminal" in shown(pilot, BatchPane, "#doing")


async def test_fields_in_focus_decide_what_is_chosen_and_asked(opened, trained):
    async with opened(trained[0]) as pilot:
        await press(pilot, "f3", "f", "n", "enter")  # amount_net alone
        assert pilot.app.mode_screen.batch_pane.request.focus == ("amount_net",)
        await press(pilot, "2")
        assert {question.field for question in pilot.app.mode_screen.review_pane.questions} == {"amount_net"}


async def test_a_begun_round_is_asked_about_before_another_one(opened, trained):
    made, pool, _ = trained
    number = a_round(made, pool[:3])
    DocumentEditor(made, pool[0]).act("finish", acts.finish(DocumentEditor(made, pool[0]).state))
    async with opened(made) as pilot:
        await press(pilot, "f3", "c")
        assert "still has 2 documents" in str(pilot.app.screen.query_one(".title").render())
        await press(pilot, "n")
        assert [r.closed for r in rounds_of(made)] == [None]
        await press(pilot, "e", "y")
        assert rounds_of(made)[0].id == number and rounds_of(made)[0].closed is not None


async def test_an_empty_pool_is_said(opened, shop):
    made, pool, _ = shop
    for number in pool:
        editor = DocumentEditor(made, number)
        editor.act("finish", acts.finish(editor.state))
    async with opened(made) as pilot:
        await press(pilot, "f3")
        assert "the pool is empty" in shown(pilot, BatchPane, "#guide")
        assert f"train on {pilot.app.screen.overview.next_run.sentence}" in shown(pilot, BatchPane, "#guide")
        assert "The pool is empty." in hint(pilot)
        await press(pilot, "c")
        assert "Every document of the pool is labelled" in shown(pilot, BatchPane, "#doing")


# yes or no


async def test_yes_no_and_another_field_are_one_act_each_and_can_be_taken_back(opened, trained):
    made, pool, _ = trained
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "2")
        assert "9.00" in shown(pilot, ReviewPane, "#question")
        assert pilot.app.mode_screen.review_pane.asked.document == pool[0]
        await press(pilot, "y")
        assert {(s.field, s.tokens, s.source) for s in kept(made, pool[0]).spans} == {
            ("amount_total", (1,), Source.SUGGESTION)
        }
        await press(pilot, "b")
        assert kept(made, pool[0]).spans == frozenset() and pilot.app.mode_screen.review_pane.asked.document == pool[0]
        await press(pilot, "n")
        assert [decision for _, decision in kept(made, pool[0]).decisions] == [Decision.REJECTED]
        await press(pilot, "n")  # the document is not complete: leave it open
        assert kept(made, pool[0]).state is State.STARTED
        await press(pilot, "w", "t")
        assert {(s.field, s.tokens) for s in kept(made, pool[1]).spans} == {("amount_total", (1,))}


async def test_the_end_of_a_document_accepts_what_is_sure(opened, trained):
    made, pool, _ = trained
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "2", "y")
        card = shown(pilot, ReviewPane, "#question")
        assert "complete" in card and "2026-01-02" in card and "Complete?" in hint(pilot)
        await press(pilot, "y")
        assert kept(made, pool[0]).state is State.LABELLED
        assert {s.field for s in kept(made, pool[0]).spans} == {"amount_total", "invoice_date"}
        await press(pilot, "b")
        assert kept(made, pool[0]).state is State.STARTED


async def test_a_document_is_not_called_answered_while_fields_out_of_focus_wait(opened, trained):
    made, pool, _ = trained
    with made.db.write() as connection:
        both = [("amount_total", (1,), 0.52), ("amount_net", (3,), 0.6)]
        keep_suggestions(connection, "r1", {pool[0]: both, pool[1]: []})
    async with opened(made) as pilot:
        await press(pilot, "f3", "2", "f", "t", "enter", "y")
        assert pilot.app.mode_screen.review_pane.questions == []
        assert "No uncertain suggestion of amount_total is left" in shown(pilot, ReviewPane, "#question")
        assert kept(made, pool[0]).state is State.STARTED
        await press(pilot, "f", "t", "enter", "y")
        assert "complete" in shown(pilot, ReviewPane, "#question")


async def test_a_fields_key_switches_it_in_view(opened, trained):
    async with opened(trained[0], (80, 24)) as pilot:
        await press(pilot, "f3", "f", "t")
        boxes = pilot.app.screen.query_one(SelectionList)
        assert boxes.selected == ["amount_total"]
        assert boxes.get_option_at_index(boxes.highlighted).value == "amount_total"


@pytest.mark.parametrize(("keys", "focus"), [(("f", "t", "enter"), ("amount_total",)), (("f", "enter"), ())])
async def test_keys_that_are_typed_while_a_dialog_opens_are_the_dialogs(opened, trained, keys, focus):
    made, pool, _ = trained
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "2")
        for key in keys:  # all at once, as a slow terminal passes them on
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause(0.1)
        await settled(pilot)
        assert pilot.app.screen is pilot.app.mode_screen
        assert pilot.app.mode_screen.review_pane.focus_fields == focus
        for key in ("w", "n"):
            pilot.app.post_message(events.Key(key, key))
        await pilot.pause(0.1)
        await settled(pilot)
        assert {(s.field, s.tokens) for s in kept(made, pool[0]).spans} == {("amount_net", (1,))}


async def test_a_key_belongs_to_the_view_that_was_asked_for_before_it(opened, trained):
    made, pool, _ = trained
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "2", "1")
        for key in ("2", "s"):  # all at once: "s" is "later" here, and the strategy in the batch
            pilot.app.post_message(events.Key(key, key))
        await pilot.pause(0.1)
        await settled(pilot)
        assert pilot.app.screen is pilot.app.mode_screen
        assert pilot.app.mode_screen.review_pane.asked.document == pool[1]
        await press(pilot, "3", "c", "y", "s")  # keys of other views do nothing
        assert pilot.app.screen is pilot.app.mode_screen and rounds_of(made) == []
        assert kept(made, pool[1]).spans == frozenset()


async def test_the_command_palette_runs_what_the_keys_of_the_view_do(opened, trained):
    made, _, _ = trained
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3")
        commands = {c.title: c for c in pilot.app.get_system_commands(pilot.app.screen)}
        assert "batch.more" in commands["A larger batch"].help and "(y)" in commands["Yes"].help
        commands["A larger batch"].callback()
        commands["Yes"].callback()  # of another view
        await settled(pilot)
        assert "25 documents" in shown(pilot, BatchPane, "#request")


async def test_what_was_nearly_suggested_is_asked_and_remembered(opened, trained):
    made, pool, _ = trained
    number = a_round(made, pool[:2])
    folder = made.files.runs / "r1" / "selections" / "combined-1"
    folder.mkdir(parents=True)
    missed = [{"document": pool[3], "field": "amount_net", "tokens": [3], "confidence": 0.499}]
    (folder / "choice.json").write_text(json.dumps({"near_misses": missed}))
    async with opened(made) as pilot:
        await press(pilot, "f3", "2")
        assert "Not suggested, but nearly" in shown(pilot, ReviewPane, "#question")
        await press(pilot, "y")
        assert {(s.field, s.tokens) for s in kept(made, pool[3]).spans} == {("amount_net", (3,))}
        await press(pilot, "b", "n", "n", "1", "2")
        assert pool[3] not in {question.document for question in pilot.app.mode_screen.review_pane.questions}
    assert [e.document for e in entries_of(made, number)] == pool[:2]


async def test_another_terminal_that_was_quicker_is_not_overwritten(opened, trained):
    made, pool, _ = trained
    async with opened(made) as pilot:
        await press(pilot, "f3", "2")
        assert pilot.app.mode_screen.review_pane.asked.document == pool[0]
        other = DocumentEditor(made, pool[0], annotator="bea")
        other.act("assign", acts.assign(other.state, "amount_total", (3,), "bea"))
        await press(pilot, "y")
        assert {(s.field, s.tokens) for s in kept(made, pool[0]).spans} == {("amount_total", (3,))}
        assert "changed since" in answer(pilot)
        assert pilot.app.mode_screen.review_pane.asked.document == pool[1]


async def test_a_field_that_is_retired_meanwhile_is_neither_asked_nor_shown(opened, trained):
    made, pool, _ = trained
    a_round(made, pool[:2])
    async with opened(made) as pilot:
        await press(pilot, "f3")
        assert "amount_total" in shown(pilot, BatchPane, "#why")
        made.change_settings(schema=made.schema.change("amount_total", retired=True))
        await press(pilot, "2", "1")
        assert {question.field for question in pilot.app.mode_screen.review_pane.questions} == {"amount_net"}
        entry = pilot.app.mode_screen.query_one(BatchPane).entry
        assert entry.document == pool[0] and entry.fields == {}


async def test_a_field_retired_in_another_terminal_is_so_in_this_one_and_stays_so(opened, trained):
    made, pool, _ = trained
    a_round(made, pool[:2])
    elsewhere = Workspace.open(made.files.root)
    async with opened(made) as pilot:
        await press(pilot, "f3", "enter")
        assert {s.field for s in pilot.app.mode_screen.session.view.open_suggestions} == {
            "amount_total",
            "invoice_date",
        }
        assert " 2? " in first_row(pilot)
        elsewhere.change_settings(schema=elsewhere.schema.change("amount_total", retired=True))
        pilot.app.look_after_runs()
        await settled(pilot)
        assert "fields were changed" in answer(pilot)
        assert " 1? " in first_row(pilot), "the list counts what can be decided"
        await press(pilot, "A")
        assert {s.field for s in kept(made, pool[0]).spans} == {"invoice_date"}
        pilot.app.action_next_theme()  # this terminal writes the settings, too
    elsewhere.reread_settings()
    assert elsewhere.schema.get("amount_total").retired and elsewhere.settings.theme == pilot.app.theme
    elsewhere.close()


async def test_a_round_that_another_terminal_ended_is_shown_no_longer(opened, trained):
    made, pool, _ = trained
    number = a_round(made, pool[:2])
    elsewhere = Workspace.open(made.files.root)
    async with opened(made) as pilot:
        await press(pilot, "f3")
        pilot.app.mode_screen.glance()
        await settled(pilot)
        selection.close(elsewhere, number)
        pilot.app.mode_screen.glance()
        await settled(pilot)
        assert pilot.app.mode_screen.overview.round is None and "is ready" in shown(pilot, BatchPane, "#guide")
    elsewhere.close()


async def test_a_round_that_another_terminal_replaced_is_not_opened(opened, trained):
    made, pool, _ = trained
    number = a_round(made, pool[:2])
    async with opened(made) as pilot:
        await press(pilot, "f3")
        with made.db.write() as connection:
            queue.remove(connection, number)
        await press(pilot, "enter")
        assert pilot.app.mode_screen.mode == "queue" and f"There is no round {number}" in answer(pilot)


# training, rounds, quality


async def test_the_next_round_is_trained_on_one_key_with_the_doctors_view(opened, trained, monkeypatch):
    made, pool, _ = trained
    number = a_round(made, pool[:1])
    editor = DocumentEditor(made, pool[0])
    editor.act("finish", acts.finish(editor.state))
    begun = []
    ways = {w: retraining.TrainingWay(w, w, None, "", "r1") for w in ("warm", "base")}
    offer = retraining.Offer(7, 3, ways["base"], ways["warm"], "base", "The training set grew.")
    monkeypatch.setattr(retraining, "offer", lambda workspace, task: offer)

    def train(workspace, way):
        begun.append(way.id)
        return Run("r2", "r2", RunState.QUEUED, "", "", {}, rounds_of(made)[0].created)

    monkeypatch.setattr(retraining, "train", train)
    async with opened(made) as pilot:
        await press(pilot, "f3", "t")
        assert "The Doctor: The training set grew." in str(pilot.app.screen.query_one(".page").render())
        await press(pilot, "enter")  # what the Doctor recommends comes first
        assert begun == ["base"] and rounds_of(made)[0].id == number and rounds_of(made)[0].closed is not None
        await press(pilot, "t", "l")
        assert begun == ["base", "warm"]


@pytest.mark.parametrize("same_documents", [True, False])
async def test_rounds_show_what_they_cost_and_brought(opened, trained, same_documents):
    made, pool, _ = trained
    number = a_round(made, pool[:1])
    editor = DocumentEditor(made, pool[0])
    editor.act("finish", acts.finish(acts.accept(editor.state, editor.open_suggestions[0], "ann")))
    selection.close(made, number)
    fields = {"amount_total": {"f1": 0.75}}
    with made.db.write() as connection:
        closed = queue.listed(connection)[0].closed
        report = {"figures": {"validation": {"fields": fields}}}
        runs.add(connection, Run("r2", "r2", RunState.FINISHED, "", "", {}, closed, f1=0.8, report=report))
    measured_on = "validation" if same_documents else "train"
    (made.files.run("r2") / "dataset").mkdir(parents=True)
    shutil.copy(
        made.files.run("r1") / f"dataset/{measured_on}.parquet", made.files.run("r2") / "dataset/validation.parquet"
    )
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "3")
        line = str(pilot.app.mode_screen.query_one(RoundsPane).query_one(Rows).get_option_at_index(0).prompt)
        assert "1/1" in line and "0.800" in line and ("+0.300" in line) is same_documents
        assert ("do not compare" in shown(pilot, RoundsPane, "#by-field")) is not same_documents
        assert "0.75" in shown(pilot, RoundsPane, "#by-field")
        assert "Too early for a forecast" in shown(pilot, RoundsPane, "#advice")


async def test_the_arrows_move_through_the_rounds_at_the_first_visit(opened, trained):
    made, pool, _ = trained
    for document in pool[:2]:
        selection.close(made, a_round(made, [document]))
    async with opened(made) as pilot:
        await press(pilot, "f3", "3")
        rows = pilot.app.mode_screen.query_one(RoundsPane).query_one(Rows)
        assert rows.highlighted == 0
        await press(pilot, "down")
        assert rows.highlighted == 1


async def test_a_dispute_is_decided_on_one_key(opened, trained):
    made, _, labelled = trained
    states = {"amount_total": (3,), "invoice_date": (5,)}
    wrong = frozenset(Span(name, tokens, annotator="bea") for name, tokens in states.items())
    with made.db.write() as connection:
        for number in labelled[:2]:
            opinions.keep(connection, Opinion(number, "bea", 0, wrong, done=True))
    before = kept(made, labelled[1]).spans
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "4")
        assert "ann and bea" in shown(pilot, QualityPane, "#agreement")
        assert "“9.00”" in shown(pilot, QualityPane, "#dispute")
        await pilot.press("o", "l")  # at once: the second key is about the next one
        await settled(pilot)
        assert {s.field: s.tokens for s in kept(made, labelled[0]).spans} == states
        assert kept(made, labelled[1]).spans == before
        assert "Nothing is disputed" in shown(pilot, QualityPane, "#disputed") and "back" in hint(pilot)


async def test_a_decision_is_taken_back_on_one_key(opened, trained):
    made, _, labelled = trained
    wrong = frozenset({Span("amount_total", (3,), annotator="bea")})
    with made.db.write() as connection:
        opinions.keep(connection, Opinion(labelled[0], "bea", 0, wrong, done=True))
    before = kept(made, labelled[0]).spans
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "4", "o", "b")
        assert kept(made, labelled[0]).spans == before
        assert "1 to decide" in shown(pilot, QualityPane, "#disputed")
        await press(pilot, "b")
        assert "no decision to undo" in answer(pilot)


async def test_every_pair_of_annotators_can_be_read_field_by_field(opened, trained):
    made, _, labelled = trained
    with made.db.write() as connection:
        for who, name, tokens in (("bea", "amount_total", (3,)), ("carl", "invoice_date", (5,))):
            given = frozenset({Span(name, tokens, annotator=who)})
            opinions.keep(connection, Opinion(labelled[0], who, 0, given, done=True))
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "4")
        assert "next pair" in hint(pilot)
        both = shown(pilot, QualityPane, "#agreement")
        assert "▸ ann and bea" in both and "  ann and carl" in both and "ann and bea, by field" in both
        await press(pilot, "right")
        assert "ann and carl, by field" in shown(pilot, QualityPane, "#agreement")


async def test_a_dispute_that_was_decided_elsewhere_is_not_decided_twice(opened, trained):
    made, _, labelled = trained
    wrong = frozenset({Span("amount_total", (3,), annotator="bea")})
    with made.db.write() as connection:
        opinions.keep(connection, Opinion(labelled[0], "bea", 0, wrong, done=True))
    before = kept(made, labelled[0])
    async with opened(made) as pilot:
        await press(pilot, "f3", "4")
        (dispute,) = adjudication.look(made)[1]
        adjudication.decide(made, dispute, take=False)
        await press(pilot, "o")
        assert "decided or labelled anew elsewhere" in answer(pilot) and kept(made, labelled[0]) == before
        assert "Nothing is disputed" in shown(pilot, QualityPane, "#disputed")


async def test_a_blind_document_is_labelled_without_its_labels(opened, trained):
    made, _, labelled = trained
    number = a_round(made, [], blind=labelled[:1])
    before = kept(made, labelled[0])
    async with opened(made) as pilot:
        await press(pilot, "f3", "enter")
        assert pilot.app.mode_screen.session.content.annotations.spans == frozenset()
        await press(pilot, "t", "a")
        assert pilot.app.mode_screen.mode == "queue" and kept(made, labelled[0]) == before
        with made.db.read() as connection:
            (opinion,) = opinions.listed(connection, number)
        assert {s.field for s in opinion.spans} == {"amount_total"}


async def test_the_list_of_a_round_gives_no_blind_labels_away(opened, trained):
    made, pool, labelled = trained
    a_round(made, pool[:1], blind=labelled[:2])
    async with opened(made) as pilot:
        await press(pilot, "f3", "enter")
        listed = pilot.app.mode_screen.query_one(DocumentList)

        def lines():
            return [listed.render_line(y).text.split() for y in range(3)]

        assert lines()[1] == ["·", "d12"] and lines()[2] == ["·", "d13"]
        await press(pilot, "J", "t", "a")
        assert lines()[1] == ["✓", "d12"] and lines()[2] == ["▸·", "d13"]


async def test_the_batch_ends_with_its_last_undecided_document_wherever_that_stands(opened, trained):
    made, pool, labelled = trained
    number = a_round(made, [pool[0], pool[1], pool[2]], blind=labelled[:1])
    editor = DocumentEditor(made, pool[1])
    editor.act("skipped", acts.set_aside(editor.state, State.SKIPPED))
    async with opened(made) as pilot:
        await press(pilot, "f3", "end", "enter")
        assert pilot.app.mode_screen.session.editor.blind
        await press(pilot, "K", "S")  # the third: next comes the blind one
        assert pilot.app.mode_screen.session.editor.blind
        await press(pilot, "t", "a")  # then the first, around the end
        assert pilot.app.mode_screen.session.content.document.id == pool[0]
        await press(pilot, "S")  # nothing is left, although others follow in the list
        assert pilot.app.mode_screen.mode == "queue" and pilot.app.mode_screen.overview.complete
    assert all(entry.done for entry in entries_of(made, number))


async def test_a_blind_document_stays_open_behind_a_dialog(opened, trained):
    made, _, labelled = trained
    a_round(made, [], blind=labelled[:1])
    async with opened(made) as pilot:
        await press(pilot, "f3", "enter", "t", "question_mark", "escape")
        assert pilot.app.mode_screen.mode == "annotate"
        assert {s.field for s in pilot.app.mode_screen.session.content.annotations.spans} == {"amount_total"}


@pytest.mark.parametrize("view", "1234")
async def test_every_view_says_its_keys_in_a_small_terminal(opened, trained, view):
    made, pool, _ = trained
    a_round(made, pool[:3])
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", view)
        assert hint(pilot).strip()
        await press(pilot, "question_mark")
        assert "Keys · Queue" in str(pilot.app.screen.query_one(".title").render())


# how it looks

SIZES = ((80, 24), (140, 42))


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("state", ["begin", "ready", "batch", "decided", "review", "complete", "rounds", "quality"])
def test_state(snap_compare, tmp_path, state, size):
    made, pool, labelled = kit.workspace(tmp_path, pool=12, labelled=6)
    made.change_settings(theme="dark")
    keys = {"review": ["2"], "complete": ["2", "y"], "rounds": ["3"], "quality": ["4"]}.get(state, [])
    if state != "begin":
        kit.add_run(made, pool, labelled)
        found = {n: [("amount_total", (1,), 0.52), ("invoice_date", (5,), 0.99)] for n in pool[:6]}
        with made.db.write() as connection:
            keep_suggestions(connection, "r1", found)
    if state not in ("begin", "ready"):
        a_round(made, pool[:6], labelled[:1])
    if state == "decided":
        for number in pool[:6]:
            editor = DocumentEditor(made, number)
            editor.act("finish", acts.finish(acts.accept(editor.state, editor.open_suggestions[-1], "ann")))
        with made.db.write() as connection:
            opinions.keep(connection, Opinion(labelled[0], "ann", 1, kept(made, labelled[0]).spans, done=True))
    if state == "quality":
        wrong = frozenset({Span("amount_total", (3,), annotator="bea")})
        with made.db.write() as connection:
            opinions.keep(connection, Opinion(labelled[1], "bea", 0, wrong, done=True))

    async def before(pilot):
        await press(pilot, "f3", *keys)

    assert snap_compare(WorkbenchApp(made), run_before=before, terminal_size=size)
    made.close()


async def test_o_has_the_least_sure_document_come_next(opened, shop):
    made, *_ = shop
    async with opened(made, (80, 24)) as pilot:
        await press(pilot, "f3", "o")
        assert made.settings.order == "live" and "Live order" in shown(pilot, BatchPane, "#request")
        await press(pilot, "o")
        assert "Live order" not in shown(pilot, BatchPane, "#request")
        assert 'order = "list"' in made.files.settings.read_text()
