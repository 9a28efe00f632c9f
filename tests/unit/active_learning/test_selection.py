"""A selection: made in a child process, kept once, whatever is killed when."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from click.testing import CliRunner

from storage import document_list, documents, queue
from storage.exceptions import RunProblem, UsageProblem
from storage.records import QueueEntry
from tests.support import ROOT, predicted_pool
from tests.support.predicted_pool import GOLD, add_run, label, random_round
from workbench.active_learning import selection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.annotation import rounds
from workbench.cli import group
from workbench.workspace import Workspace


@pytest.fixture
def prepared(tmp_path):
    workspace, pool, labelled = predicted_pool.workspace(tmp_path)
    yield workspace, pool, labelled
    workspace.close()


@pytest.fixture
def with_run(prepared):
    workspace, pool, labelled = prepared
    return workspace, pool, labelled, add_run(workspace, pool, labelled)


def select(workspace, **order):
    running = selection.start(workspace, SelectionRequest(**order))
    running.wait()
    return running


def queued(workspace):
    with workspace.db.read() as connection:
        return [e.document for r in queue.listed(connection) for e in queue.entries(connection, r.id)]


class TestSelection:
    def test_the_least_sure_come_first_with_their_reasons(self, with_run):
        workspace, _, _, sure = with_run
        running = select(workspace, strategy="value_error", size=5)
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
        workspace, *_ = with_run
        one = selection.open_round(workspace, select(workspace, size=6, seed=3))
        again = selection.open_round(workspace, select(workspace, size=6, seed=3))
        assert one == again
        with workspace.db.read() as connection:
            assert len(queue.listed(connection)) == 1

    def test_an_untouched_round_gives_way_and_a_begun_one_stays(self, prepared):
        workspace, *_ = prepared
        first = random_round(workspace)
        random_round(workspace, 5)
        assert len(queued(workspace)) == 5
        kept = rounds.current(workspace)
        label(workspace, kept.left[0].document)
        third = random_round(workspace, 6)
        assert third != first and len(queued(workspace)) == len(set(queued(workspace))) == 11

    def test_without_a_run_only_chance_can_choose(self, prepared):
        workspace, pool, _ = prepared
        with pytest.raises(RunProblem, match="No run has ended"):
            selection.start(workspace, SelectionRequest())
        assert {item["document"] for item in select(workspace, strategy="random").choice()["items"]} <= set(pool)

    def test_a_committee_is_of_the_newest_runs_and_needs_a_second_one(self, with_run):
        workspace, pool, labelled, _ = with_run
        with pytest.raises(RunProblem, match="second run"):
            selection.start(workspace, SelectionRequest(strategy="committee"))
        add_run(workspace, pool, labelled, "r2")
        choice = select(workspace, strategy="committee", size=3, run="r2").choice()
        assert len(choice["items"]) == 3 and choice["run"] == "r2"

    def test_a_damaged_run_says_so(self, with_run):
        workspace, *_ = with_run
        (workspace.files.runs / "r1" / "predictions.parquet").write_bytes(b"nothing")
        with pytest.raises(RunProblem, match="cannot be read"):
            select(workspace, strategy="margin")

    def test_stopping_leaves_nothing_behind(self, with_run):
        workspace, *_ = with_run
        running = selection.start(workspace, SelectionRequest(size=3))
        running.stop()
        with pytest.raises(RunProblem, match="ended before"):
            running.choice()
        assert queued(workspace) == []
        assert len(rounds.look(workspace, selection.open_round(workspace, select(workspace, size=3), 0)).entries) == 3

    def test_a_pool_that_is_empty_is_told(self, prepared):
        workspace, pool, _ = prepared
        for number in pool:
            label(workspace, number)
        with pytest.raises(UsageProblem, match="Every document"):
            selection.start(workspace, SelectionRequest(strategy="random"))

    def test_documents_labelled_while_it_was_made_are_left_out(self, prepared):
        workspace, *_ = prepared
        running = select(workspace, strategy="random", size=4)
        gone = running.choice()["items"][0]["document"]
        label(workspace, gone)
        number = selection.open_round(workspace, running, 0)
        assert gone not in [e.document for e in rounds.look(workspace, number).entries]

    def test_selections_of_earlier_versions_are_found_by_their_folders_names(self, with_run):
        workspace, pool, labelled, _ = with_run
        add_run(workspace, pool, labelled, "r2")
        requests = (
            SelectionRequest("value_error", 5, seed=1),
            SelectionRequest("random"),
            SelectionRequest("committee", 3, "r1", focus=("amount_net",), like=(4,)),
        )
        folders = []
        for request in requests:
            running = selection.start(workspace, request)
            running.stop()
            folders.append(str(running.folder.relative_to(workspace.files.runs)))
        assert folders == [
            "r2/selections/value_error-ff4f18658874",
            "r2/selections/random-1c6e290a5ab6",
            "r1/selections/committee-99a2e7ff7fa6",
        ]


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
    workspace, *_ = with_run
    draw = random.Random(7)
    for turn in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(workspace.files.root), "random" if turn % 2 else "value_error"],
            cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        time.sleep(draw.uniform(0.0, 1.2))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        assert child.returncode in (0, -signal.SIGKILL), "it failed by itself"
        again = Workspace.open(workspace.files.root)
        entries = queued(again)
        assert len(entries) in (0, 5) and len(set(entries)) == len(entries)
        again.close()
    number = selection.open_round(workspace, select(workspace, strategy="value_error", size=5, seed=1), 0)
    assert len(rounds.look(workspace, number).entries) == 5 == len(queued(workspace))


def test_a_round_is_kept_whole_or_not_at_all(prepared, monkeypatch):
    workspace, *_ = prepared
    running = select(workspace, strategy="random", size=4)
    true = queue.open_round

    def half(connection, run, strategy, seed, entries, figures):
        true(connection, run, strategy, seed, [*entries[:2], QueueEntry(0, 10**9, 3, 0.0)], figures)

    monkeypatch.setattr(queue, "open_round", half)
    with pytest.raises(Exception, match="was deleted in the database"):
        selection.open_round(workspace, running, 0)
    monkeypatch.undo()
    assert queued(workspace) == []
    with workspace.db.read() as connection:
        assert queue.listed(connection) == []
    selection.open_round(workspace, running, 0)
    assert len(queued(workspace)) == 4


class TestCommand:
    def run(self, workspace, *arguments):
        return CliRunner().invoke(group, ["-w", str(workspace.files.root), *arguments], standalone_mode=False)

    def test_queue_prints_the_stable_keys(self, with_run):
        workspace, *_ = with_run
        result = self.run(workspace, "queue", "--strategy", "value_error", "--size", "3", "--json")
        assert result.exception is None, result.output
        data = json.loads(result.output)
        assert {"run", "strategy", "seed", "items"} <= set(data)
        assert [set(i) >= {"document", "score", "rank", "reasons", "fields"} for i in data["items"]] == [True] * 3
        assert [item["rank"] for item in data["items"]] == [1, 2, 3] and data["run"] == "r1"

    def test_rounds_shows_and_closes_them(self, prepared):
        workspace, *_ = prepared
        number = random_round(workspace)
        result = self.run(workspace, "rounds", "--close", str(number), "--json")
        data = json.loads(result.output)
        assert data["rounds"][0]["closed"] and data["rounds"][0]["figures"]["left"] == 4
        with workspace.db.read() as connection:
            assert document_list.count(connection) == 35

    def test_strategies_are_listed(self, prepared):
        workspace, *_ = prepared
        listed = self.run(workspace, "queue", "--strategies").output
        assert "Ranked batch" in listed and "Rare classes first" in listed


def test_a_first_batch_without_a_model_shows_every_vendor_before_one_twice(prepared):
    workspace, _, _ = prepared
    choice = select(workspace, strategy="per_vendor", size=10, seed=3).choice()
    with workspace.db.read() as connection:
        groups = [documents.get(connection, item["document"]).group for item in choice["items"]]
    assert (choice["run"], choice["strategy"]) == ("", "per_vendor")
    assert len(set(groups[:7])) == 7 and len({item["document"] for item in choice["items"]}) == 10
    assert choice["items"][0]["reasons"] == [f"vendor {groups[0]}"]
    assert choice == select(workspace, strategy="per_vendor", size=10, seed=3).choice()
    with pytest.raises(RunProblem, match="No run has ended"):
        selection.start(workspace, SelectionRequest(strategy="margin"))


def test_one_per_vendor_takes_two_spellings_of_one_vendor_for_one(prepared):
    workspace, pool, _ = prepared
    from sqlalchemy import update

    from storage.tables import documents as table

    spellings = ["Sanyu Stationery", "SANYU STATI0NERY SDN BHD", "Muster GmbH", "Bakery Huber"]
    with workspace.db.write() as connection:
        for place, number in enumerate(pool):
            connection.execute(update(table).where(table.c.id == number).values(group_name=spellings[place % 4]))
    picked = select(workspace, strategy="per_vendor", size=3, seed=3).choice()["items"]
    assert sorted(item["reasons"][0].split()[1].casefold() for item in picked) == ["bakery", "muster", "sanyu"]


def test_a_request_is_read_as_it_was_written(tmp_path) -> None:
    asked = SelectionRequest("per_cluster", 3, "run", only=(7, 12), identifiers={7: ["INV-7"], 12: ["a", "b"]})
    (tmp_path / "request.json").write_text(asked.text())
    assert SelectionRequest.read(tmp_path) == asked


def test_a_run_whose_folder_is_deleted_while_it_is_selected_with_is_named(with_run, monkeypatch) -> None:
    workspace = with_run[0]
    [run] = workspace.files.runs.iterdir()
    write = selection.write_atomic

    def write_too_late(path, text):
        shutil.rmtree(run)
        write(path, text)

    monkeypatch.setattr(selection, "write_atomic", write_too_late)
    with pytest.raises(RunProblem, match=r"The folder of run .* is gone"):
        select(workspace, strategy="value_error", size=5)
    with pytest.raises(RunProblem, match=r"The folder of run .* is gone"):  # nor does a part of it come back
        select(workspace, strategy="value_error", size=5)
    assert not run.exists()
