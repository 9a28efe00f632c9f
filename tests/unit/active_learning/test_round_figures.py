"""What a round's figures count, and the curve over rounds."""

import pytest

from storage import queue
from storage.records import QueueEntry, State
from storage.suggestions import keep_suggestions
from tests.support import predicted_pool
from tests.support.predicted_pool import add_run, label, random_round
from workbench.active_learning import round_figures, selection
from workbench.annotation import acts, rounds
from workbench.annotation.editor import DocumentEditor


@pytest.fixture
def prepared(tmp_path):
    workspace, pool, labelled = predicted_pool.workspace(tmp_path)
    yield workspace, pool, labelled
    workspace.close()


def opened(workspace, ids, strategy="value_error"):
    """A round of these documents, without a selection before it."""
    entries = [
        QueueEntry(0, number, i, 0.5, (), {"amount_net": 0.4, "amount_total": 0.6}) for i, number in enumerate(ids)
    ]
    with workspace.db.write() as connection:
        return queue.open_round(connection, "r1", strategy, 0, entries, {"expected_error_batch": 0.3})


class TestRound:
    def test_goes_through_the_batch_in_order_and_ends(self, prepared):
        workspace, *_ = prepared
        number = random_round(workspace)
        order = [e.document for e in rounds.look(workspace, number).entries]
        states = []
        while entry := rounds.next_entry(workspace, number):
            states.append(entry.document)
            label(workspace, entry.document)
        assert states == order

    def test_skipped_and_unusable_count_as_done(self, prepared):
        workspace, *_ = prepared
        number = random_round(workspace, 2)
        for state, entry in zip((State.SKIPPED, State.UNUSABLE), rounds.look(workspace, number).entries, strict=True):
            editor = DocumentEditor(workspace, entry.document)
            editor.act("skip", acts.set_aside(editor.state, state))
        assert rounds.next_entry(workspace, number) is None
        assert selection.close(workspace, number).figures["skipped"] == 2

    def test_figures_say_what_was_made_of_the_suggestions(self, prepared):
        workspace, (one, two, *_), _ = prepared
        number = opened(workspace, (one, two))
        with workspace.db.write() as connection:
            keep_suggestions(
                connection, "r1",
                {
                    one: [("amount_total", (1,), 0.9), ("amount_net", (2, 3), 0.8)],
                    two: [("invoice_date", (0,), 0.5)],
                },
            )  # fmt: skip
        label(workspace, one)
        label(workspace, two)
        figures = selection.close(workspace, number).figures
        assert figures["documents"] == 2 and figures["labels"] == 6 and figures["left"] == 0
        assert figures["fields"]["amount_total"] == {"kept": 1, "changed": 0, "rejected": 0, "added": 1, "suggested": 1}
        assert figures["fields"]["amount_net"]["changed"] == 1
        assert figures["fields"]["invoice_date"] == {"kept": 0, "changed": 0, "rejected": 1, "added": 2, "suggested": 1}
        assert figures["agreement"] == pytest.approx(1 / 3)
        assert figures["expected_error_batch"] is not None, "what the selection knew is kept"

    def test_closing_twice_keeps_the_first_figures(self, prepared):
        workspace, *_ = prepared
        number = random_round(workspace)
        first = selection.close(workspace, number)
        for entry in rounds.look(workspace, number).entries:
            label(workspace, entry.document)
        assert selection.close(workspace, number) == first and first.figures["left"] == 4

    def test_a_field_retired_midway_is_neither_shown_nor_counted(self, prepared):
        workspace, (one, two, *_), _ = prepared
        number = opened(workspace, (one, two))
        label(workspace, rounds.look(workspace, number).entries[0].document)
        workspace.change_settings(schema=workspace.schema.change("amount_net", retired=True))
        assert all("amount_net" not in e.fields for e in rounds.look(workspace, number).entries)
        figures = selection.close(workspace, number).figures
        assert "amount_net" not in figures["fields"] and figures["retired"] == 1

    def test_pauses_are_no_work(self):
        from datetime import UTC, datetime, timedelta

        start = datetime(2026, 1, 1, tzinfo=UTC)
        moments = [start + timedelta(seconds=s) for s in (0, 10, 30, 4000, 4005)]
        assert round_figures.working_seconds(reversed(moments)) == 35


def test_the_curve_over_runs_and_its_advice(prepared):
    workspace, pool, labelled = prepared
    add_run(workspace, pool, labelled, "r1", 0.5)
    add_run(workspace, pool, labelled, "r2", 0.6)
    chart = round_figures.chart(workspace)
    assert [(p.labels, p.f1) for p in chart.points] == [(2, 0.5), (2, 0.6)] and not chart.advice.stop
