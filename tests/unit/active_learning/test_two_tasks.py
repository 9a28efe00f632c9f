"""Pages with fields on words and a class: what the queue, a run, a round and the figures say wants labels, by task."""

from dataclasses import replace
from pathlib import Path

import pytest

from storage import documents, label_queries, queue
from storage.document_list import Filter
from storage.documents import NewDocument
from storage.records import TEXT, ClassLabel, Page, QueueEntry, Side, Source, Span, Split, State, Token
from tests.support import workspaces
from workbench.active_learning import overview, selection
from workbench.active_learning.loop_task import TOKENS, LoopTask
from workbench.active_learning.selection_request import SelectionRequest
from workbench.annotation import acts, rounds
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.worklist import Worklist
from workbench.runs import snapshot
from workbench.workspace import Workspace

TYPE = LoopTask("type", "type")
WORDS_AND_CLASS, WORDS, CLASS, NOTHING, NO_FIELD, CLASSIFIED_TEXT = range(1, 7)


def page(name: str, *, words: bool = False, option: str = "", engine: str = "given") -> NewDocument:
    tokens = tuple(Token(i, 0, 0, text, (10.0 * i, 5.0, 10.0 * i + 8, 15.0)) for i, text in enumerate((name, "9.00")))
    spans = (Span("amount_total", (1,), Source.IMPORT, "me"),) if words else ()
    classes = (ClassLabel("type", option, Source.IMPORT, "me"),) if option else ()
    return NewDocument(
        name, name, name, "test", (Page(0, 100.0, 200.0, tokens, engine=engine),), group=name,
        labelled=bool(spans or classes), spans=spans, classes=classes,
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = workspaces.empty(tmp_path / "ws")
    made.change_schema(lambda schema: schema.add_class("type", ("invoice", "reminder")))
    with made.db.write() as connection:
        documents.add(
            connection,
            [
                page("both", words=True, option="invoice"), page("words", words=True), page("class", option="reminder"),
                page("nothing"), page("no field", option="reminder"), page("text", option="invoice", engine=TEXT),
            ],
            "me",
        )  # fmt: skip
    editor = DocumentEditor(made, NO_FIELD)  # a person said of it that a field is not on it
    editor.act("absent", acts.mark_absent(editor.state, "amount_total"))
    return made


def wanting(workspace: Workspace, task: LoopTask) -> set[int]:
    with workspace.db.read() as connection:
        return label_queries.wanting(connection, task.field)


def test_what_is_accepted_for_one_task_may_want_labels_for_the_other(workspace: Workspace) -> None:
    assert wanting(workspace, TOKENS) == {CLASS, NOTHING}
    assert wanting(workspace, TYPE) == {WORDS, NOTHING}


def test_the_figures_of_the_queue_screen_count_what_the_queue_chooses_from(workspace: Workspace) -> None:
    for task in (TOKENS, TYPE):
        running = selection.start(workspace, SelectionRequest(class_field=task.field, strategy="random", size=9))
        running.wait()
        chosen = {item["document"] for item in running.choice()["items"]}
        assert chosen == wanting(workspace, task)
        assert overview.read(workspace, task).pool == len(chosen)


def test_a_run_of_fields_learns_a_page_of_which_a_field_was_said_to_be_absent(
    workspace: Workspace, tmp_path: Path
) -> None:
    with workspace.db.read() as connection:
        chosen = snapshot.select(connection, 7)
    learned = {number for split in (Split.TRAIN, Split.VALIDATION) for number in chosen.ids[split]}
    assert learned == {WORDS_AND_CLASS, WORDS, NO_FIELD}
    assert wanting(workspace, TOKENS) <= set(chosen.ids[Split.POOL])


def test_a_text_that_cannot_be_told_apart_is_not_asked_for_again(workspace: Workspace) -> None:
    editor = DocumentEditor(workspace, NOTHING)
    editor.act("cannot-say", acts.cannot_say(editor.state, "type"))
    assert wanting(workspace, TYPE) == {WORDS}


def open_round(workspace: Workspace, number: int, class_field: str) -> int:
    figures = {"class_field": class_field} if class_field else {}
    with workspace.db.write() as connection:
        return queue.open_round(connection, "", "random", 0, [QueueEntry(0, number, 1, 0.0)], figures)


def left(workspace: Workspace, round_id: int) -> list[int]:
    return [entry.document for entry in rounds.look(workspace, round_id).left]


def test_a_round_of_a_class_is_done_when_its_pages_have_one(workspace: Workspace) -> None:
    number = open_round(workspace, WORDS, "type")
    assert left(workspace, number) == [WORDS]  # although its words are accepted
    editor = DocumentEditor(workspace, WORDS)
    editor.act("classify", acts.classify(editor.state, "type", ("invoice",), "me"))
    worklist = Worklist(workspace, Filter(round=number))
    worklist.mark(workspace, editor.content.document, blind=False)
    assert left(workspace, number) == []


def test_a_round_of_fields_is_done_when_its_words_have_labels(workspace: Workspace) -> None:
    number = open_round(workspace, CLASS, "")
    assert left(workspace, number) == [CLASS]
    editor = DocumentEditor(workspace, CLASS)
    editor.act("assign", replace(editor.state, spans=frozenset({Span("amount_total", (1,), Source.HUMAN, "me")})))
    assert left(workspace, number) == []


def test_an_error_of_a_class_is_done_when_it_is_accepted_again_whatever_the_round_is_about(
    workspace: Workspace,
) -> None:
    number = open_round(workspace, CLASS, "")
    for document in (CLASSIFIED_TEXT, WORDS_AND_CLASS):
        rounds.put_back(workspace, "a-run", QueueEntry(0, document, 1, 0.9, (), {"type": 0.1}))
    assert left(workspace, number) == [CLASS, CLASSIFIED_TEXT, WORDS_AND_CLASS]
    for document in (CLASSIFIED_TEXT, WORDS_AND_CLASS):
        editor = DocumentEditor(workspace, document)
        editor.act("finish", replace(editor.state, state=State.LABELLED))
    assert left(workspace, number) == [CLASS]


def test_those_that_measure_are_counted_by_task_too(workspace: Workspace) -> None:
    with workspace.db.write() as connection:
        documents.assign_sides(connection, {"class": Side.TEST, "words": Side.VALIDATION})
    assert overview.read(workspace, TYPE).measuring == 1
    assert overview.read(workspace, TOKENS).measuring == 1
