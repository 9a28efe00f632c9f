"""Choosing documents to classify: with a run's stored probabilities, and by words before there is a run."""

import numpy as np
import pytest

from storage.exceptions import RunProblem, UsageProblem
from storage.records import State
from tests.support import class_runs, text_documents
from workbench.active_learning import class_selection, loop_task, overview, pool_texts, retraining, selection
from workbench.active_learning.loop_task import TOKENS
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.strategies import registry as strategies
from workbench.annotation.classes import label_many
from workbench.runs import jobs
from workbench.runs.config.tune import TuneConfig

TEXTS = [f"{words} {number}" for number in range(6) for words in ("pay the invoice", "where is the parcel")]
LABELS = {0: "invoice", 1: "question", 2: "invoice", 3: "question", 4: "invoice", 5: "invoice"}


@pytest.fixture
def made(tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", TEXTS, LABELS)
    yield workspace
    workspace.close()


def chosen(workspace, folder=None, **request):
    """What a selection in this process chooses."""
    asked = SelectionRequest(class_field="type", **request)
    running = selection.RunningSelection(folder, None) if folder else selection.start(workspace, asked)
    running.wait()
    return running


@pytest.fixture
def run(made):
    shares = {n + 1: {"invoice": 0.97, "reminder": 0.02, "question": 0.01} for n in range(6, 12)}
    shares[8] = {"invoice": 0.45, "reminder": 0.1, "question": 0.45}
    shares[9] = {"invoice": 0.5, "reminder": 0.5, "question": 0.0}
    shares[10] = {"invoice": 0.2, "reminder": 0.7, "question": 0.1}
    return class_runs.finish(made, shares)


def test_doubt_is_measured_by_modals_own_functions():
    shares = np.array([[0.9, 0.1], [0.5, 0.5], [0.6, 0.4]])
    scores = class_selection.scores_of(shares, [10, 2])
    assert scores["least_confidence"] == pytest.approx([0.1, 0.5, 0.4])
    assert scores["margin"] == pytest.approx([0.2, 1.0, 0.8])
    assert list(np.argsort(-scores["entropy"])) == [1, 2, 0]
    assert list(np.argsort(-scores["rare"])) == [1, 2, 0]  # the second class has few labels


def test_the_workspace_of_texts_is_about_its_class_field(made):
    assert loop_task.usual(made).field == "type"
    assert loop_task.of_schema(made.schema)[0] == TOKENS


def test_the_smallest_margin_is_chosen_with_its_reasons(made, run):
    folder = made.files.run(run.id)
    only = tuple(range(7, 13))
    request = SelectionRequest("margin", 2, run.id, 0, only=only, class_field="type")
    choice = class_selection.choose(folder, request, lambda done, total: None)
    assert {item["document"] for item in choice["items"]} == {8, 9}
    reasons = {item["document"]: item["reasons"][0] for item in choice["items"]}
    assert reasons[9] == "invoice 0.50 against reminder 0.50"
    assert choice["items"][0]["fields"]["type"] == pytest.approx(0.45, abs=0.06)
    rare = class_selection.choose(
        folder, SelectionRequest("class_balance", 1, run.id, 0, only=only, class_field="type"), lambda a, b: None
    )
    assert rare["items"][0]["document"] == 10  # no reminder is labelled yet


def test_a_batch_becomes_a_round_and_its_figures_count_the_classes(made, run):
    running = chosen(made, strategy="entropy", size=2)
    number = selection.open_round(made, running, 0.0)
    now = overview.read(made)
    assert now.task.field == "type" and now.model.id == run.id and now.labelled == 6
    assert set(now.documents) == {8, 10} and now.names[8].startswith("where is the parcel")
    field = made.schema.classes[0]
    label_many.label(made, field, {8: label_many.Choice(("question",)), 10: label_many.Choice(("invoice",))}, {})
    assert overview.read(made).complete
    closed = selection.close(made, number)
    assert closed.figures["labels"] == 2
    assert closed.figures["fields"]["type"]["kept"] + closed.figures["fields"]["type"]["changed"] == 2


@pytest.fixture
def unlabelled(tmp_path):
    workspace = text_documents.workspace(tmp_path / "bare", TEXTS)
    yield workspace
    workspace.close()


def test_an_endless_text_is_not_written_for_a_choice_without_a_run(unlabelled, monkeypatch, tmp_path):
    monkeypatch.setattr(pool_texts, "_LONGEST", len("pay the invoice 0"))
    with unlabelled.db.read() as connection:
        pool_texts.write(connection, tmp_path, range(1, 13), "type", 0)
    texts, labelled = pool_texts.read(tmp_path)
    assert {text.document for text in texts if text.body is not None} == set(range(1, 13, 2)) and not labelled
    assert [text.text for text in texts] == TEXTS  # by words it can be chosen


def test_labels_of_the_field_are_what_is_trained_on_next(made, run):
    offer = retraining.offer(made, loop_task.usual(made))
    assert (offer.documents, offer.warm) == (6, None)
    assert offer.base.config.model.task == "classes" and offer.base.config.model.family == "baseline"
    assert text_documents.kept(made, 0).document.state is State.LABELLED


def test_every_strategy_for_classes_is_one_that_exists():
    assert all(strategies.get(name).name == name for name in strategies.FOR_CLASSES)


def test_a_strategy_for_fields_is_refused_where_classes_are_chosen_for(made, run):
    with pytest.raises(UsageProblem, match="'worst_word' for classes"):
        chosen(made, strategy="worst_word", size=2)


def test_a_run_of_words_is_refused_where_no_word_is_labelled(made):
    with pytest.raises(RunProblem, match="No word") as problem:
        jobs.prepare(made, TuneConfig())
    assert "task=classes" in problem.value.remedy
    assert not list(made.files.runs.glob("*"))
