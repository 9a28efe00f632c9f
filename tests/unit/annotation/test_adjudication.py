"""Documents that are labelled a second time, blind: agreement, disputes and decisions on them."""

from dataclasses import replace

import pytest

from storage import annotations, documents
from storage.exceptions import UsageProblem
from storage.records import Page, ReferenceValue, Token
from tests.support import predicted_pool
from tests.support.predicted_pool import GOLD, random_round
from workbench.annotation import acts, adjudication, rounds
from workbench.annotation.blind_editor import BlindEditor
from workbench.annotation.editor import DocumentEditor


@pytest.fixture
def prepared(tmp_path):
    workspace, pool, labelled = predicted_pool.workspace(tmp_path)
    yield workspace, pool, labelled
    workspace.close()


class TestBlind:
    def begin(self, workspace):
        number = random_round(workspace, 4, 1.0)
        entries = [e for e in rounds.look(workspace, number).entries if e.blind]
        return number, entries

    def test_labelled_documents_come_back_without_their_labels(self, prepared):
        workspace, _, labelled = prepared
        number, entries = self.begin(workspace)
        assert {e.document for e in entries} <= set(labelled) and len(entries) == 4
        with workspace.db.write() as connection:
            documents.set_references(connection, entries[0].document, [ReferenceValue("amount_total", "9.00", "books")])
        editor = BlindEditor(workspace, entries[0].document, number)
        assert editor.state.spans == frozenset() and editor.content.suggestions == () and editor.history() == []
        assert editor.content.references == ()  # labels were often workspace by these

    def test_the_opinion_survives_and_the_labels_stay(self, prepared):
        workspace, *_ = prepared
        number, entries = self.begin(workspace)
        document = entries[0].document
        before = DocumentEditor(workspace, document).state
        editor = BlindEditor(workspace, document, number)
        editor.act("assign", acts.assign(editor.state, "amount_total", (0,), "ann"))
        assert {s.tokens for s in BlindEditor(workspace, document, number).state.spans} == {(0,)}
        assert editor.undo().act == "assign" and editor.state.spans == frozenset()
        assert editor.undo() is None  # said only when there is nothing to undo
        assert editor.redo().act == "assign" and editor.redo() is None
        editor.act("finish", acts.finish(editor.state))
        assert DocumentEditor(workspace, document).state == before
        assert document not in [e.document for e in rounds.look(workspace, number).left]

    def test_consistency_and_the_adjudication_list(self, prepared):
        workspace, *_ = prepared
        number, entries = self.begin(workspace)
        for entry, right in zip(entries[:2], (True, False), strict=True):
            editor = BlindEditor(workspace, entry.document, number)
            for name, tokens in GOLD.items():
                shifted = tokens if right or name != "amount_net" else (2, 3)
                editor.act("assign", acts.assign(editor.state, name, shifted, "ann"))
            editor.act("finish", acts.finish(editor.state))
        level = adjudication.look(workspace)[0][("ann", "ann")]
        assert level.documents == 2 and level.overall.f1 == pytest.approx(10 / 12)
        (dispute,) = adjudication.look(workspace)[1]
        assert dispute.document == entries[1].document and dispute.same_person
        assert [(d.field, d.first, d.second) for d in dispute.differences] == [("amount_net", (3,), (2, 3))]
        adjudication.decide(workspace, dispute, take=False)
        assert adjudication.look(workspace)[1] == []

    def test_deciding_a_dispute_makes_nobody_agree_afterwards(self, prepared):
        workspace, *_ = prepared
        number, entries = self.begin(workspace)
        editor = BlindEditor(workspace, entries[0].document, number, annotator="bea")
        editor.act("assign", acts.assign(editor.state, "amount_net", (2, 3), "bea"))
        editor.act("finish", acts.finish(editor.state))
        before = adjudication.look(workspace)[0]
        (dispute,) = adjudication.look(workspace)[1]
        adjudication.decide(workspace, dispute, take=True)
        assert {s.tokens for s in DocumentEditor(workspace, entries[0].document).state.spans} == {(2, 3)}
        assert adjudication.look(workspace)[1] == [] and list(before) == [("ann", "bea")]
        assert adjudication.look(workspace)[0] == before

    @pytest.mark.parametrize("take", [True, False])
    def test_a_decision_is_taken_back_with_all_it_did(self, prepared, take):
        workspace, *_ = prepared
        number, entries = self.begin(workspace)
        document = entries[0].document
        editor = BlindEditor(workspace, document, number, annotator="bea")
        editor.act("assign", acts.assign(editor.state, "amount_net", (2, 3), "bea"))
        editor.act("finish", acts.finish(editor.state))
        before, disputes = DocumentEditor(workspace, document).state, adjudication.look(workspace)[1]
        decided = adjudication.decide(workspace, disputes[0], take)
        assert (DocumentEditor(workspace, document).state != before) == take
        adjudication.take_back(workspace, decided)
        assert DocumentEditor(workspace, document).state == before and adjudication.look(workspace)[1] == disputes

    def test_a_decision_on_a_document_that_was_changed_since_stays(self, prepared):
        workspace, *_ = prepared
        number, entries = self.begin(workspace)
        document = entries[0].document
        editor = BlindEditor(workspace, document, number, annotator="bea")
        editor.act("finish", acts.finish(editor.state))
        decided = adjudication.decide(workspace, adjudication.look(workspace)[1][0], take=True)
        later = DocumentEditor(workspace, document)
        later.act("assign", acts.assign(later.state, "amount_tax", (3,), "ann"))
        with pytest.raises(UsageProblem, match="changed since"):
            adjudication.take_back(workspace, decided)
        assert DocumentEditor(workspace, document).state == later.state and adjudication.look(workspace)[1] == []

    def test_an_opinion_on_other_words_is_not_compared(self, prepared):
        workspace, *_ = prepared
        number, entries = self.begin(workspace)
        document = entries[0].document
        editor = BlindEditor(workspace, document, number, annotator="bea")
        editor.act("assign", acts.assign(editor.state, "amount_net", (5,), "bea"))
        editor.act("finish", acts.finish(editor.state))
        page = Page(0, 100, 100, (Token(0, 0, 0, "Total", (0.0, 0.0, 9.0, 9.0)),))
        with workspace.db.write() as connection:  # as reading it again with another engine does
            content = documents.open_document(connection, document)
            version = documents.replace_pages(connection, document, content.document.version, [page])
            after = replace(content.annotations, spans=frozenset())
            annotations.commit(connection, document, version, content.annotations, after, annotations.IMPORT, "ann")
        assert adjudication.look(workspace)[0] == {} and adjudication.look(workspace)[1] == []

    def test_five_percent_of_twenty_is_one(self, prepared):
        workspace, *_ = prepared
        number = random_round(workspace, 20, 0.05)
        assert sum(e.blind for e in rounds.look(workspace, number).entries) in (1, 2)

    def test_two_people_on_one_workspace_go_by_their_own_names(self, prepared, monkeypatch):
        workspace, *_ = prepared
        number, entries = self.begin(workspace)
        monkeypatch.setenv("WORKBENCH_ANNOTATOR", "bea")
        editor = BlindEditor(workspace, entries[0].document, number)
        editor.act("finish", acts.finish(editor.state))
        assert list(adjudication.look(workspace)[0]) == [("ann", "bea")]

    def test_labels_of_the_second_annotator_are_told_apart(self, prepared):
        workspace, *_ = prepared
        number, entries = self.begin(workspace)
        editor = BlindEditor(workspace, entries[0].document, number, annotator="bea")
        editor.act("finish", acts.finish(editor.state))
        assert list(adjudication.look(workspace)[0]) == [("ann", "bea")]
