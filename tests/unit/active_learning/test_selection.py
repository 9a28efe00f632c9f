"""Rounds of the relabel loop: selected in a child, kept once, whatever is killed when."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from click.testing import CliRunner

from storage import annotations, document_list, documents, queue
from storage.exceptions import RunProblem, UsageProblem
from storage.records import Page, QueueEntry, ReferenceValue, State, Token
from storage.suggestions import keep_suggestions
from tests.support import ROOT
from tests.support.predicted_pool import GOLD, add_run, workspace
from workbench.active_learning import round_figures, selection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.annotation import acts, adjudication, rounds
from workbench.annotation.blind_editor import BlindEditor
from workbench.annotation.editor import DocumentEditor
from workbench.cli import group
from workbench.workspace import Workspace


@pytest.fixture
def made(tmp_path):
    found, pool, labelled = workspace(tmp_path)
    yield found, pool, labelled
    found.close()


@pytest.fixture
def with_run(made):
    found, pool, labelled = made
    return found, pool, labelled, add_run(found, pool, labelled)


def select(found, **order):
    running = selection.start(found, SelectionRequest(**order))
    running.wait()
    return running


def label(found, document, right=True):
    editor = DocumentEditor(found, document)
    for name, tokens in GOLD.items():
        editor.act("assign", acts.assign(editor.state, name, tokens if right else (0,), "ann"))
    editor.act("finish", acts.finish(editor.state))


def queued(found):
    with found.db.read() as connection:
        return [e.document for r in queue.listed(connection) for e in queue.entries(connection, r.id)]


def opened(found, ids, strategy="value_error"):
    """A round of these documents, without a selection before it."""
    entries = [
        QueueEntry(0, number, i, 0.5, (), {"amount_net": 0.4, "amount_total": 0.6}) for i, number in enumerate(ids)
    ]
    with found.db.write() as connection:
        return queue.open_round(connection, "r1", strategy, 0, entries, {"expected_error_batch": 0.3})


def at_random(found, size=4, share=0.0):
    return selection.open_round(found, select(found, strategy="random", size=size), share)


class TestSelection:
    def test_the_least_sure_come_first_with_their_reasons(self, with_run):
        found, _, _, sure = with_run
        running = select(found, strategy="value_error", size=5)
        choice = running.choice()
        assert [item["document"] for item in choice["items"]] == sorted(sure, key=lambda n: abs(sure[n] - 0.5))[:5]
        first = choice["items"][0]
        assert first["rank"] == 1 and any("amount_net" in r and "against" in r for r in first["reasons"])
        assert set(first["fields"]) <= set(GOLD)
        assert running.total == 35

    def test_chance_says_that_it_was_chance(self, with_run):
        choice = select(with_run[0], strategy="random", size=3).choice()
        assert all(item["reasons"][-1] == "drawn at random" for item in choice["items"])

    def test_made_again_it_is_the_same_batch_and_one_round(self, with_run):
        found, *_ = with_run
        one = selection.open_round(found, select(found, size=6, seed=3))
        again = selection.open_round(found, select(found, size=6, seed=3))
        assert one == again
        with found.db.read() as connection:
            assert len(queue.listed(connection)) == 1

    def test_an_untouched_round_gives_way_and_a_begun_one_stays(self, made):
        found, *_ = made
        first = at_random(found)
        at_random(found, 5)
        assert len(queued(found)) == 5
        kept = rounds.current(found)
        label(found, kept.left[0].document)
        third = at_random(found, 6)
        assert third != first and len(queued(found)) == len(set(queued(found))) == 11

    def test_without_a_run_only_chance_can_choose(self, made):
        found, pool, _ = made
        with pytest.raises(RunProblem, match="No run has ended"):
            selection.start(found, SelectionRequest())
        assert {item["document"] for item in select(found, strategy="random").choice()["items"]} <= set(pool)

    def test_a_committee_is_of_the_newest_runs_and_needs_a_second_one(self, with_run):
        found, pool, labelled, _ = with_run
        with pytest.raises(RunProblem, match="second run"):
            selection.start(found, SelectionRequest(strategy="committee"))
        add_run(found, pool, labelled, "r2")
        choice = select(found, strategy="committee", size=3, run="r2").choice()
        assert len(choice["items"]) == 3 and choice["run"] == "r2"

    def test_a_damaged_run_says_so(self, with_run):
        found, *_ = with_run
        (found.files.runs / "r1" / "predictions.parquet").write_bytes(b"nothing")
        with pytest.raises(RunProblem, match="cannot be read"):
            select(found, strategy="margin")

    def test_stopping_leaves_nothing_behind(self, with_run):
        found, *_ = with_run
        running = selection.start(found, SelectionRequest(size=3))
        running.stop()
        with pytest.raises(RunProblem, match="ended before"):
            running.choice()
        assert queued(found) == []
        assert len(rounds.look(found, selection.open_round(found, select(found, size=3), 0)).entries) == 3

    def test_a_pool_that_is_empty_is_told(self, made):
        found, pool, _ = made
        for number in pool:
            label(found, number)
        with pytest.raises(UsageProblem, match="Every document"):
            selection.start(found, SelectionRequest(strategy="random"))

    def test_documents_labelled_while_it_was_made_are_left_out(self, made):
        found, *_ = made
        running = select(found, strategy="random", size=4)
        gone = running.choice()["items"][0]["document"]
        label(found, gone)
        number = selection.open_round(found, running, 0)
        assert gone not in [e.document for e in rounds.look(found, number).entries]

    def test_selections_of_earlier_versions_are_found_by_their_folders_names(self, with_run):
        found, pool, labelled, _ = with_run
        add_run(found, pool, labelled, "r2")
        requests = (
            SelectionRequest("value_error", 5, seed=1),
            SelectionRequest("random"),
            SelectionRequest("committee", 3, "r1", focus=("amount_net",), like=(4,)),
        )
        folders = []
        for request in requests:
            running = selection.start(found, request)
            running.stop()
            folders.append(str(running.folder.relative_to(found.files.runs)))
        assert folders == [
            "r2/selections/value_error-ff4f18658874",
            "r2/selections/random-1c6e290a5ab6",
            "r1/selections/committee-99a2e7ff7fa6",
        ]


class TestRound:
    def test_goes_through_the_batch_in_order_and_ends(self, made):
        found, *_ = made
        number = at_random(found)
        order = [e.document for e in rounds.look(found, number).entries]
        seen = []
        while entry := rounds.next_entry(found, number):
            seen.append(entry.document)
            label(found, entry.document)
        assert seen == order

    def test_skipped_and_unusable_count_as_done(self, made):
        found, *_ = made
        number = at_random(found, 2)
        for state, entry in zip((State.SKIPPED, State.UNUSABLE), rounds.look(found, number).entries, strict=True):
            editor = DocumentEditor(found, entry.document)
            editor.act("skip", acts.set_aside(editor.state, state))
        assert rounds.next_entry(found, number) is None
        assert selection.close(found, number).figures["skipped"] == 2

    def test_figures_say_what_was_made_of_the_suggestions(self, made):
        found, (one, two, *_), _ = made
        number = opened(found, (one, two))
        with found.db.write() as connection:
            keep_suggestions(
                connection, "r1",
                {
                    one: [("amount_total", (1,), 0.9), ("amount_net", (2, 3), 0.8)],
                    two: [("invoice_date", (0,), 0.5)],
                },
            )  # fmt: skip
        label(found, one)
        label(found, two)
        figures = selection.close(found, number).figures
        assert figures["documents"] == 2 and figures["labels"] == 6 and figures["left"] == 0
        assert figures["fields"]["amount_total"] == {"kept": 1, "changed": 0, "rejected": 0, "added": 1, "suggested": 1}
        assert figures["fields"]["amount_net"]["changed"] == 1
        assert figures["fields"]["invoice_date"] == {"kept": 0, "changed": 0, "rejected": 1, "added": 2, "suggested": 1}
        assert figures["agreement"] == pytest.approx(1 / 3)
        assert figures["expected_error_batch"] is not None, "what the selection knew is kept"

    def test_closing_twice_keeps_the_first_figures(self, made):
        found, *_ = made
        number = at_random(found)
        first = selection.close(found, number)
        for entry in rounds.look(found, number).entries:
            label(found, entry.document)
        assert selection.close(found, number) == first and first.figures["left"] == 4

    def test_a_field_retired_midway_is_neither_shown_nor_counted(self, made):
        found, (one, two, *_), _ = made
        number = opened(found, (one, two))
        label(found, rounds.look(found, number).entries[0].document)
        found.change_settings(schema=found.schema.change("amount_net", retired=True))
        assert all("amount_net" not in e.fields for e in rounds.look(found, number).entries)
        figures = selection.close(found, number).figures
        assert "amount_net" not in figures["fields"] and figures["retired"] == 1

    def test_pauses_are_no_work(self):
        from datetime import UTC, datetime, timedelta

        start = datetime(2026, 1, 1, tzinfo=UTC)
        moments = [start + timedelta(seconds=s) for s in (0, 10, 30, 4000, 4005)]
        assert round_figures.working_seconds(reversed(moments)) == 35


class TestBlind:
    def begin(self, found):
        number = at_random(found, 4, 1.0)
        entries = [e for e in rounds.look(found, number).entries if e.blind]
        return number, entries

    def test_labelled_documents_come_back_without_their_labels(self, made):
        found, _, labelled = made
        number, entries = self.begin(found)
        assert {e.document for e in entries} <= set(labelled) and len(entries) == 4
        with found.db.write() as connection:
            documents.set_references(connection, entries[0].document, [ReferenceValue("amount_total", "9.00", "books")])
        editor = BlindEditor(found, entries[0].document, number)
        assert editor.state.spans == frozenset() and editor.content.suggestions == () and editor.history() == []
        assert editor.content.references == ()  # labels were often found by these

    def test_the_opinion_survives_and_the_labels_stay(self, made):
        found, *_ = made
        number, entries = self.begin(found)
        document = entries[0].document
        before = DocumentEditor(found, document).state
        editor = BlindEditor(found, document, number)
        editor.act("assign", acts.assign(editor.state, "amount_total", (0,), "ann"))
        assert {s.tokens for s in BlindEditor(found, document, number).state.spans} == {(0,)}
        assert editor.undo().act == "assign" and editor.state.spans == frozenset()
        assert editor.undo() is None  # said only when there is nothing to undo
        assert editor.redo().act == "assign" and editor.redo() is None
        editor.act("finish", acts.finish(editor.state))
        assert DocumentEditor(found, document).state == before
        assert document not in [e.document for e in rounds.look(found, number).left]

    def test_consistency_and_the_adjudication_list(self, made):
        found, *_ = made
        number, entries = self.begin(found)
        for entry, right in zip(entries[:2], (True, False), strict=True):
            editor = BlindEditor(found, entry.document, number)
            for name, tokens in GOLD.items():
                shifted = tokens if right or name != "amount_net" else (2, 3)
                editor.act("assign", acts.assign(editor.state, name, shifted, "ann"))
            editor.act("finish", acts.finish(editor.state))
        level = adjudication.look(found)[0][("ann", "ann")]
        assert level.documents == 2 and level.overall.f1 == pytest.approx(10 / 12)
        (dispute,) = adjudication.look(found)[1]
        assert dispute.document == entries[1].document and dispute.same_person
        assert [(d.field, d.first, d.second) for d in dispute.differences] == [("amount_net", (3,), (2, 3))]
        adjudication.decide(found, dispute, take=False)
        assert adjudication.look(found)[1] == []

    def test_deciding_a_dispute_makes_nobody_agree_afterwards(self, made):
        found, *_ = made
        number, entries = self.begin(found)
        editor = BlindEditor(found, entries[0].document, number, annotator="bea")
        editor.act("assign", acts.assign(editor.state, "amount_net", (2, 3), "bea"))
        editor.act("finish", acts.finish(editor.state))
        before = adjudication.look(found)[0]
        (dispute,) = adjudication.look(found)[1]
        adjudication.decide(found, dispute, take=True)
        assert {s.tokens for s in DocumentEditor(found, entries[0].document).state.spans} == {(2, 3)}
        assert adjudication.look(found)[1] == [] and list(before) == [("ann", "bea")]
        assert adjudication.look(found)[0] == before

    @pytest.mark.parametrize("take", [True, False])
    def test_a_decision_is_taken_back_with_all_it_did(self, made, take):
        found, *_ = made
        number, entries = self.begin(found)
        document = entries[0].document
        editor = BlindEditor(found, document, number, annotator="bea")
        editor.act("assign", acts.assign(editor.state, "amount_net", (2, 3), "bea"))
        editor.act("finish", acts.finish(editor.state))
        before, disputes = DocumentEditor(found, document).state, adjudication.look(found)[1]
        decided = adjudication.decide(found, disputes[0], take)
        assert (DocumentEditor(found, document).state != before) == take
        adjudication.take_back(found, decided)
        assert DocumentEditor(found, document).state == before and adjudication.look(found)[1] == disputes

    def test_a_decision_on_a_document_that_was_changed_since_stays(self, made):
        found, *_ = made
        number, entries = self.begin(found)
        document = entries[0].document
        editor = BlindEditor(found, document, number, annotator="bea")
        editor.act("finish", acts.finish(editor.state))
        decided = adjudication.decide(found, adjudication.look(found)[1][0], take=True)
        later = DocumentEditor(found, document)
        later.act("assign", acts.assign(later.state, "amount_tax", (3,), "ann"))
        with pytest.raises(UsageProblem, match="changed since"):
            adjudication.take_back(found, decided)
        assert DocumentEditor(found, document).state == later.state and adjudication.look(found)[1] == []

    def test_an_opinion_on_other_words_is_not_compared(self, made):
        found, *_ = made
        number, entries = self.begin(found)
        document = entries[0].document
        editor = BlindEditor(found, document, number, annotator="bea")
        editor.act("assign", acts.assign(editor.state, "amount_net", (5,), "bea"))
        editor.act("finish", acts.finish(editor.state))
        page = Page(0, 100, 100, (Token(0, 0, 0, "Total", (0.0, 0.0, 9.0, 9.0)),))
        with found.db.write() as connection:  # as reading it again with another engine does
            content = documents.open_document(connection, document)
            version = documents.replace_pages(connection, document, content.document.version, [page])
            after = replace(content.annotations, spans=frozenset())
            annotations.commit(connection, document, version, content.annotations, after, annotations.IMPORT, "ann")
        assert adjudication.look(found)[0] == {} and adjudication.look(found)[1] == []

    def test_five_percent_of_twenty_is_one(self, made):
        found, *_ = made
        number = at_random(found, 20, 0.05)
        assert sum(e.blind for e in rounds.look(found, number).entries) in (1, 2)

    def test_two_people_on_one_workspace_go_by_their_own_names(self, made, monkeypatch):
        found, *_ = made
        number, entries = self.begin(found)
        monkeypatch.setenv("WORKBENCH_ANNOTATOR", "bea")
        editor = BlindEditor(found, entries[0].document, number)
        editor.act("finish", acts.finish(editor.state))
        assert list(adjudication.look(found)[0]) == [("ann", "bea")]

    def test_labels_of_the_second_annotator_are_told_apart(self, made):
        found, *_ = made
        number, entries = self.begin(found)
        editor = BlindEditor(found, entries[0].document, number, annotator="bea")
        editor.act("finish", acts.finish(editor.state))
        assert list(adjudication.look(found)[0]) == [("ann", "bea")]


def test_the_curve_over_runs_and_its_advice(made):
    found, pool, labelled = made
    add_run(found, pool, labelled, "r1", 0.5)
    add_run(found, pool, labelled, "r2", 0.6)
    chart = round_figures.chart(found)
    assert [(p.labels, p.f1) for p in chart.points] == [(2, 0.5), (2, 0.6)] and not chart.advice.stop


KILLED = """
import sys
from pathlib import Path
from workbench.active_learning import selection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.workspace import Workspace
w = Workspace.open(Path(sys.argv[1]))
s = selection.start(w, SelectionRequest(strategy=sys.argv[2], size=5, seed=1))
s.wait()
print("chosen", flush=True)
print(selection.open_round(w, s, 0), flush=True)
"""


def test_killed_at_any_moment_no_entry_is_twice_or_missing(with_run):
    found, *_ = with_run
    draw = random.Random(7)
    for turn in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(found.files.root), "random" if turn % 2 else "value_error"],
            cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        time.sleep(draw.uniform(0.0, 1.2))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        assert child.returncode in (0, -signal.SIGKILL), "it failed by itself"
        again = Workspace.open(found.files.root)
        entries = queued(again)
        assert len(entries) in (0, 5) and len(set(entries)) == len(entries)
        again.close()
    number = selection.open_round(found, select(found, strategy="value_error", size=5, seed=1), 0)
    assert len(rounds.look(found, number).entries) == 5 == len(queued(found))


def test_a_round_is_kept_whole_or_not_at_all(made, monkeypatch):
    found, *_ = made
    running = select(found, strategy="random", size=4)
    true = queue.open_round

    def half(connection, run, strategy, seed, entries, figures):
        true(connection, run, strategy, seed, [*entries[:2], QueueEntry(0, 10**9, 3, 0.0)], figures)

    monkeypatch.setattr(queue, "open_round", half)
    with pytest.raises(Exception, match="FOREIGN KEY"):
        selection.open_round(found, running, 0)
    monkeypatch.undo()
    assert queued(found) == []
    with found.db.read() as connection:
        assert queue.listed(connection) == []
    selection.open_round(found, running, 0)
    assert len(queued(found)) == 4


class TestCommand:
    def run(self, found, *arguments):
        return CliRunner().invoke(group, ["-w", str(found.files.root), *arguments], standalone_mode=False)

    def test_queue_prints_the_stable_keys(self, with_run):
        found, *_ = with_run
        result = self.run(found, "queue", "--strategy", "value_error", "--size", "3", "--json")
        assert result.exception is None, result.output
        data = json.loads(result.output)
        assert {"run", "strategy", "seed", "items"} <= set(data)
        assert [set(i) >= {"document", "score", "rank", "reasons", "fields"} for i in data["items"]] == [True] * 3
        assert [item["rank"] for item in data["items"]] == [1, 2, 3] and data["run"] == "r1"

    def test_rounds_shows_and_closes_them(self, made):
        found, *_ = made
        number = at_random(found)
        result = self.run(found, "rounds", "--close", str(number), "--json")
        data = json.loads(result.output)
        assert data["rounds"][0]["closed"] and data["rounds"][0]["figures"]["left"] == 4
        with found.db.read() as connection:
            assert document_list.count(connection) == 35

    def test_strategies_are_listed(self, made):
        found, *_ = made
        assert "Ranked batch" in self.run(found, "queue", "--strategies").output


def test_a_first_batch_without_a_model_shows_every_vendor_before_one_twice(made):
    found, _, _ = made
    choice = select(found, strategy="per_vendor", size=10, seed=3).choice()
    with found.db.read() as connection:
        groups = [documents.get(connection, item["document"]).group for item in choice["items"]]
    assert (choice["run"], choice["strategy"]) == ("", "per_vendor")
    assert len(set(groups[:7])) == 7 and len({item["document"] for item in choice["items"]}) == 10
    assert choice["items"][0]["reasons"] == [f"vendor {groups[0]}"]
    assert choice == select(found, strategy="per_vendor", size=10, seed=3).choice()
    with pytest.raises(RunProblem, match="No run has ended"):
        selection.start(found, SelectionRequest(strategy="margin"))
