"""A document as it is labelled: the rows of the panel, merging after a conflict, undo, and the list of documents."""

from dataclasses import replace

import pytest

from storage import document_list, documents
from storage.exceptions import Conflict
from storage.records import Annotations, Content, Decision, ReferenceValue, Span, State, Suggestion
from tests.support import sample_documents
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.field_states import FieldState, judge, rows
from workbench.annotation.session import AnnotationSession
from workbench.annotation.worklist import Worklist
from workbench.fields import FieldType, invoice_schema
from workbench.locate.candidates import Finder
from workbench.locate.places import likely_places

SCHEMA = invoice_schema()
TOKENS = sample_documents.tokens_of(sample_documents.RECEIPT)


def content_of(text: str, spans=(), references=(), suggestions=()) -> Content:
    page = sample_documents.page_of(text)
    made = documents.NewDocument("d", "d", "d", "test", (page,))
    document = documents.Document(
        1, made.name, "", "", "test", None, "g", made.side, State.NEW, "", 1, len(page.tokens), 0
    )
    return Content(document, (page,), Annotations(frozenset(spans)), tuple(suggestions), tuple(references))


def at(content: Content, words: str) -> tuple[int, ...]:
    return sample_documents.find(content, words)


def test_no_key_goes_to_a_word_of_another_field_that_has_several_values():
    content = content_of(
        "DATE: 05.03.2024\nDATE: 06.03.2024\nDUE: 04.04.2024\n",
        [Span("invoice_date", (1,)), Span("invoice_date", (3,))],
    )
    places = likely_places(content, Finder(content.tokens), SCHEMA.get("due_date"), None).places
    assert places == ((5,),)


def test_the_panel_says_what_a_field_is():
    plain = content_of("31/02/2024 9.00 8.00\n")
    content = content_of("31/02/2024 9.00 8.00\n", [Span("invoice_date", (0,)), Span("amount_total", (1,))])
    by_id = {row.field.id: row for row in rows(content, SCHEMA)}
    assert by_id["invoice_date"].state is FieldState.INVALID and by_id["invoice_date"].problems
    assert by_id["amount_total"].values[0].normal == "9.00"
    assert by_id["iban"].state is FieldState.MISSING
    assert judge(SCHEMA)(content) == (0, 1) and judge(SCHEMA)(plain) == (0, 0)


def test_a_known_value_decides_which_of_two_readings_a_date_has():
    content = content_of("11/03/2017\n", [Span("invoice_date", (0,))])
    known = replace(content, references=(ReferenceValue("invoice_date", "2017-11-03", "books"),))
    row = next(row for row in rows(known, SCHEMA) if row.field.id == "invoice_date")
    assert row.values[0].normal == "2017-11-03" and row.agrees and not row.problems


def test_a_missing_currency_is_only_missed_where_one_is_printed():
    def problems(text: str) -> tuple[str, ...]:
        content = content_of(text, [Span("amount_total", (0,))])
        return next(row for row in rows(content, SCHEMA) if row.field.id == "currency").problems

    assert problems("9.00 EUR\n") and not problems("9.00 CASH\n")


@pytest.mark.parametrize(
    ("text", "warned", "meant"),
    [
        ("03/04/2024\n", True, "2024-04-03"),
        ("03/04/2024 25/12/2024\n", False, "2024-04-03"),
        ("03/04/2024 12/25/2024\n", False, "2024-03-04"),
    ],
)
def test_a_date_is_ambiguous_only_where_the_document_s_other_dates_do_not_say_which_is_the_day(text, warned, meant):
    content = content_of(text, [Span("invoice_date", (0,))])
    row = next(row for row in rows(content, SCHEMA) if row.field.id == "invoice_date")
    assert bool(row.problems) is warned and row.values[0].normal == meant


def test_merging_keeps_theirs_and_adds_mine():
    before = Annotations(frozenset({Span("iban", (5,))}))
    theirs = acts.assign(before, "amount_total", (1, 2), "bob")
    mine = acts.flag(acts.assign(acts.clear(before, [5]), "amount_net", (2,), "ann"), "torn")
    merged = acts.merge(theirs, before, mine)
    assert {(s.field, s.tokens) for s in merged.spans} == {("amount_total", (1,)), ("amount_net", (2,))}
    assert merged.note == "torn"


def test_a_conflict_keeps_what_was_refused(tmp_path):
    workspace = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("one", [sample_documents.page_of(sample_documents.RECEIPT)])]
    )
    mine, theirs = DocumentEditor(workspace, 1), DocumentEditor(workspace, 1, annotator="bob")
    theirs.act("flag", acts.flag(theirs.state, "mine first"))
    wanted = acts.assign(mine.state, "iban", (1,), "ann")
    with pytest.raises(Conflict):
        mine.act("assign", wanted)
    assert mine.state.note == "mine first" and mine.refused is not None and mine.refused.after == wanted
    workspace.close()


def test_decided_suggestions_come_back_with_undo(tmp_path):
    listed = [
        sample_documents.new("one", [sample_documents.page_of(sample_documents.RECEIPT)], [("iban", (1,), 0.5, "r")])
    ]
    workspace = sample_documents.workspace_of(tmp_path / "w", listed)
    editor = DocumentEditor(workspace, 1)
    editor.act("reject", acts.reject(editor.state, editor.open_suggestions[0]))
    assert editor.open_suggestions == [] and editor.content.document.suggestions == 0
    editor.undo()
    assert editor.open_suggestions[0].decision is Decision.OPEN
    workspace.close()


def test_the_lists_counts_follow_undo(tmp_path):
    listed = [
        sample_documents.new(
            "one", [sample_documents.page_of(sample_documents.RECEIPT)], references={"amount_total": "9.00"}
        )
    ]
    workspace = sample_documents.workspace_of(tmp_path / "w", listed)
    editor = DocumentEditor(workspace, 1, judge(SCHEMA))
    editor.act("assign", acts.assign(editor.state, "amount_total", at(editor.content, "10.00"), "ann"))
    assert editor.content.document.disagreements == 1
    editor.undo()
    assert editor.content.document.disagreements == 0
    editor.redo()
    assert editor.content.document.disagreements == 1
    workspace.close()


def test_a_worklist_stays_as_it_was_when_its_documents_change(tmp_path):
    listed = [sample_documents.new(f"d{n}", [sample_documents.page_of("A 1.00")]) for n in range(3)]
    workspace = sample_documents.workspace_of(tmp_path / "w", listed)
    worklist = Worklist(workspace, document_list.Filter("unlabelled"))
    editor = DocumentEditor(workspace, 1)
    editor.act("finish", acts.finish(editor.state))
    assert list(worklist.ids) == [1, 2, 3] and worklist.step(1) == 2
    assert worklist.step(5) is None and worklist.current == 2
    assert list(Worklist(workspace, replace(worklist.filter)).ids) == [2, 3]
    workspace.close()


def test_the_next_open_document_is_found_however_far_away(tmp_path):
    listed = [sample_documents.new(f"d{n}", [sample_documents.page_of("A 1.00")]) for n in range(700)]
    workspace = sample_documents.workspace_of(tmp_path / "w", listed)
    with workspace.db.write() as connection:
        connection.exec_driver_sql("update documents set state = 'labelled' where id not in (2, 690)")
    worklist = Worklist(workspace)
    worklist.move_to(2)
    assert worklist.next_open(workspace) and worklist.current == 690
    assert worklist.next_open(workspace) and worklist.current == 2  # around the end
    with workspace.db.write() as connection:
        connection.exec_driver_sql("update documents set state = 'skipped' where id = 690")
    assert not worklist.next_open(workspace) and worklist.current == 2
    workspace.close()


def test_what_is_looked_for_beforehand_is_dropped_in_the_middle_of_a_field_when_something_is_done(tmp_path):
    """A key does not wait for a long page's places, and a search of its own does not wait either."""
    from workbench.annotation.session import AnnotationSession

    workspace = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("one", [sample_documents.page_of(sample_documents.RECEIPT)])]
    )
    session = AnnotationSession.open(workspace, 1)
    asked = []

    def goes_on():
        asked.append(True)
        return len(asked) < 8

    session.warm(goes_on)
    assert len(asked) == 8  # within the first fields: each asks many times
    asked.clear()
    assert session.words.finder.ranked(SCHEMA.get("amount_total")) and not asked
    workspace.close()


def test_a_place_that_was_rejected_comes_last_and_is_labelled_only_on_asking_again(tmp_path):
    page = sample_documents.page_of("Bill A-1\n\nRef A-7\n\nthanks for your visit\n")
    offers = [("note", (4, 5), 0.9, "run")]
    workspace = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("one", [page], offers)])
    workspace.change_schema(lambda schema: schema.add("note", FieldType.TEXT))
    field = workspace.schema.get("note")
    session = AnnotationSession.open(workspace, 1)
    session.next_suggestion()
    session.reject()
    session.put_down()
    session.field_key.press(field)
    assert not session.view.content.annotations.spans, "a person said no: one press is no yes"
    offered = session.view.offered
    assert offered is not None and offered.rejected and offered.tokens == (4, 5)
    session.field_key.press(field)
    assert [span.tokens for span in session.content.annotations.spans] == [(4, 5)]

    content = content_of("NOTE: early\n\nthanks for your visit\n", suggestions=[
        Suggestion(1, "note", (2, 3), 0.9, "run", Decision.REJECTED)])  # fmt: skip
    likely = likely_places(content, Finder(content.tokens), field, None)
    assert (likely.places, likely.rejected) == (((1,), (2, 3)), {(2, 3)})
    assert likely.likelihoods[0] > likely.likelihoods[1] == 0
