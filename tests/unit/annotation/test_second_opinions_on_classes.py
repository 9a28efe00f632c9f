"""What whole documents are, labelled a second time, blind; and asked about with yes or no."""

import pytest

from storage.records import Source, State
from tests.support import text_documents
from tests.support.text_documents import kept, options_of
from workbench.annotation import acts, adjudication, review
from workbench.annotation.blind_editor import BlindEditor
from workbench.annotation.editor import DocumentEditor

LABELS = {0: "invoice", 1: "reminder", 2: "question"}


@pytest.fixture
def made(tmp_path):
    """Three labelled texts, and a fourth without a label."""
    workspace = text_documents.workspace(tmp_path / "w", labels=LABELS)
    yield workspace
    workspace.close()


def give_opinion(workspace, document, options, annotator="ann"):
    """A finished opinion; without options it is "cannot say"."""
    editor = BlindEditor(workspace, document, annotator=annotator)
    assert not editor.state.classes
    state = (
        acts.classify(editor.state, "type", options, annotator) if options else acts.cannot_say(editor.state, "type")
    )
    editor.act("classify", acts.finish(state))


def test_two_annotators_agree_by_what_they_call_documents(made):
    for document, option in ((1, "invoice"), (2, "invoice"), (3, "question")):
        give_opinion(made, document, [option])
    measured, disputes = adjudication.look(made)
    level = measured["bob", "ann"]
    assert (level.documents, level.overall.f1) == (3, pytest.approx(2 / 3))
    assert level.overall.kappa == level.fields["type"].kappa == pytest.approx(0.5)  # 2/3 right, 1/3 by chance
    (dispute,) = disputes
    assert dispute.document == 2 and dispute.text.startswith("Second reminder")
    assert dispute.answers(dispute.differences[0]) == ("reminder", "invoice")


@pytest.mark.parametrize("take", [True, False])
def test_a_dispute_about_a_class_is_decided_and_taken_back(made, take):
    give_opinion(made, 2, ["invoice"])
    before = DocumentEditor(made, 2).state
    (dispute,) = adjudication.look(made)[1]
    decided = adjudication.decide(made, dispute, take)
    assert options_of(made)[1] == (["invoice"] if take else ["reminder"])
    assert kept(made, 1).annotations.state is State.LABELLED and adjudication.look(made)[1] == []
    adjudication.take_back(made, decided)
    assert DocumentEditor(made, 2).state == before and adjudication.look(made)[1] == [dispute]


def test_a_text_of_which_the_decision_is_that_nothing_can_be_said_trains_no_model(made):
    give_opinion(made, 2, [])
    (dispute,) = adjudication.look(made)[1]
    assert dispute.answers(dispute.differences[0]) == ("reminder", "cannot say")
    adjudication.decide(made, dispute, take=True)
    state = kept(made, 1).annotations
    assert (state.classes, state.absent, state.state) == (frozenset(), {"type"}, State.SKIPPED)


@pytest.fixture
def doubted(tmp_path):
    """Four texts that a run was more or less sure of; the second is labelled."""
    likely = {
        0: {"invoice": 0.5, "reminder": 0.4, "question": 0.1},
        1: {"invoice": 0.5, "reminder": 0.5, "question": 0.0},
        2: {"question": 0.99, "invoice": 0.01, "reminder": 0.0},
        3: {"invoice": 0.8, "reminder": 0.1, "question": 0.1},
    }
    workspace = text_documents.workspace(tmp_path / "w", labels={1: "reminder"}, likely=likely)
    yield workspace
    workspace.close()


def test_what_a_run_is_least_sure_of_is_asked_first_and_what_it_is_sure_of_is_not(doubted):
    asked = [(question.document, question.options) for question in review.collect(doubted)]
    assert asked == [(1, ("invoice",)), (4, ("invoice",))]
    assert review.collect(doubted, ["amount_total"]) == []


def test_yes_labels_a_text_and_finishes_it(doubted):
    (question, _) = review.collect(doubted)
    editor = DocumentEditor(doubted, question.document)
    assert review.still_open(editor.content, question)
    review.classify(editor, question, question.options, doubted.schema, Source.SUGGESTION)
    (label,) = editor.state.classes
    assert (label.option, label.source, editor.state.state) == ("invoice", Source.SUGGESTION, State.LABELLED)
    assert not review.still_open(editor.content, question)
    editor.undo()
    assert editor.state.state is State.NEW and not editor.state.classes


def test_after_a_no_the_next_likely_option_is_asked_until_one_is_left(doubted):
    field = doubted.schema.get("type")
    (question, _) = review.collect(doubted)
    content = DocumentEditor(doubted, question.document).content
    assert review.only_option_left(question, field) is None
    instead = review.instead(content, question, field)
    assert (instead.options, instead.confidence) == (("reminder",), 0.4)
    assert review.only_option_left(instead, field) == "question"


def test_where_a_document_can_have_several_options_they_are_asked_together(tmp_path):
    likely = {0: {"invoice": 0.9, "reminder": 0.6, "question": 0.1}, 1: {"invoice": 0.99, "reminder": 0.01}}
    workspace = text_documents.workspace(tmp_path / "w", likely=likely, multiple=True)
    (question,) = review.collect(workspace)
    assert (question.document, question.options, question.confidence) == (1, ("invoice", "reminder"), 0.6)
    content = DocumentEditor(workspace, 1).content
    assert review.instead(content, question, workspace.schema.get("type")) is None
    workspace.close()


def test_completing_a_page_takes_the_classes_that_are_sure(doubted):
    editor = DocumentEditor(doubted, 3)
    assert review.is_answered(editor.content, doubted.schema)
    editor.act("finish", review.completed(editor.content, "ann", doubted.schema))
    assert options_of(doubted)[2] == ["question"] and editor.state.state is State.LABELLED
