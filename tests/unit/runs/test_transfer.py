"""A run that was prepared here, went on elsewhere, and comes back in its own place."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import events, runs
from storage.exceptions import ConfigProblem, InputProblem, RunProblem, UsageProblem
from storage.records import Run, RunState
from tests.support import workspaces
from workbench.runs import jobs, transfer
from workbench.runs.reconcile import REPLACED, reconcile
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

RESULTS = ("report.json", "predictions.parquet", "suggestions.jsonl")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.workspace(tmp_path / "ws")
    yield workspace
    workspace.close()


@pytest.fixture
def away(workspace: Workspace, tmp_path: Path) -> Path:
    """A folder with a run that ended well elsewhere; the workspace has the same run as it was prepared."""
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    here = RunFolder(workspace.files.run(run_id))
    copy = tmp_path / "usb" / run_id
    shutil.copytree(here.path, copy)
    for name in (*RESULTS, "events.jsonl", "stderr.log"):
        (here.path / name).unlink(missing_ok=True)
    shutil.rmtree(here.model, ignore_errors=True)
    here.prepared.touch()
    with workspace.db.write() as connection:
        runs.change(connection, run_id, state=RunState.PREPARED, f1=None, report=None, ended=None, note="mine")
    return copy


def kept(workspace: Workspace) -> Run:
    reconcile(workspace)
    with workspace.db.read() as connection:
        [run] = runs.listed(connection)
    return run


def test_a_run_that_is_prepared_waits_to_be_started(workspace: Workspace, tmp_path: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(tmp_path), later=True)
    with workspace.db.write() as connection:
        runs.change(connection, run.id, state=RunState.QUEUED)  # as another terminal would see it that looks closer
    assert kept(workspace).state is RunState.PREPARED and kept(workspace).ended is None
    assert RunState.PREPARED in runs.RESUMABLE


def test_a_run_comes_back_in_its_own_place(workspace: Workspace, away: Path) -> None:
    with pytest.raises(RunProblem, match="here already") as refusal:
        transfer.adopt(workspace, away)
    assert "--replace" in refusal.value.remedy
    run = transfer.adopt(workspace, away, replace=True)
    assert (run.state, run.name, run.note) == (RunState.FINISHED, "first", "mine")
    assert run.f1 is not None and run.report
    assert [path.name for path in workspace.files.runs.iterdir()] == [run.id]


def test_a_run_deleted_while_another_folder_is_copied_stays_deleted(
    workspace: Workspace, away: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = kept(workspace)
    check = transfer._check_copy

    def delete_meanwhile(*folders: Any) -> None:
        check(*folders)
        jobs.delete(workspace, run.id)

    monkeypatch.setattr(transfer, "_check_copy", delete_meanwhile)
    with pytest.raises(RunProblem, match="deleted meanwhile"):
        transfer.adopt(workspace, away, replace=True)
    assert list(workspace.files.runs.iterdir()) == []
    assert transfer.adopt(workspace, away).state is RunState.FINISHED


@pytest.mark.parametrize("replace", [True, False])
def test_a_folder_that_no_run_belongs_to_is_taken_up_where_it_is(
    workspace: Workspace, away: Path, replace: bool
) -> None:
    orphan = workspace.files.run(kept(workspace).id)
    jobs.delete(workspace, orphan.name)
    shutil.copytree(away, orphan)
    with pytest.raises(RunProblem, match="does not know it") as refusal:
        transfer.adopt(workspace, away, replace=replace)
    assert str(orphan) in refusal.value.remedy
    assert transfer.adopt(workspace, orphan).id == orphan.name


def test_what_is_further_along_here_is_not_replaced_unless_that_is_asked_for(workspace: Workspace, away: Path) -> None:
    assert transfer.adopt(workspace, away, replace=True).state is RunState.FINISHED
    older = away / "events.jsonl"
    older.write_text(older.read_text().replace('"state": "finished"', '"state": "stopped"'))
    with pytest.raises(RunProblem, match="further along here"):
        transfer.adopt(workspace, away, replace=True)
    assert kept(workspace).state is RunState.FINISHED
    assert transfer.adopt(workspace, away, replace=True, force=True).state is RunState.STOPPED


def test_a_run_that_did_not_end_well_elsewhere_replaces_nothing(workspace: Workspace, away: Path) -> None:
    with events.EventWriter(away / "events.jsonl") as writer:
        writer.write("queued")
    with pytest.raises(RunProblem, match="has not ended well: it is crashed"):
        transfer.adopt(workspace, away, replace=True)
    assert kept(workspace).state is RunState.PREPARED


def test_a_run_of_other_documents_replaces_nothing(workspace: Workspace, away: Path) -> None:
    request = away / "request.yaml"
    request.write_text(request.read_text().replace("fingerprint: ", "fingerprint: other"))
    with pytest.raises(RunProblem, match="other documents"):
        transfer.adopt(workspace, away, replace=True)


@pytest.mark.parametrize("name", RESULTS)
def test_a_folder_that_was_not_copied_whole_replaces_nothing(workspace: Workspace, away: Path, name: str) -> None:
    path = away / name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputProblem):
        transfer.adopt(workspace, away, replace=True)
    assert kept(workspace).state is RunState.PREPARED
    assert not list(workspace.files.runs.glob(".incoming-*"))


def test_a_run_at_work_here_is_not_replaced(workspace: Workspace, away: Path) -> None:
    from storage import locks

    lock = locks.acquire(workspace.files.run(away.name) / "lock")
    assert lock is not None
    with pytest.raises(RunProblem, match="at work here"):
        transfer.adopt(workspace, away, replace=True)
    os.close(lock)


def killed_at(workspace: Workspace, away: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Import in a child process that is gone at a moment, without any of its clean-up."""

    def no_exchange(first: Path, second: Path) -> None:
        raise OSError("cannot")

    real, rename = transfer.swap_names, Path.rename

    def exchange(first: Path, second: Path) -> None:
        if moment == "before the exchange":
            os._exit(9)
        real(first, second)
        os._exit(9)

    def first_rename(path: Path, target: Path) -> Path:
        rename(path, target)
        os._exit(9)

    child = os.fork()
    if child == 0:
        if moment == "between two renames":
            monkeypatch.setattr(transfer, "swap_names", no_exchange)
            monkeypatch.setattr(Path, "rename", first_rename)
        elif moment == "while it is copied":
            monkeypatch.setattr(transfer, "_check_copy", lambda *_: os._exit(9))
        else:
            monkeypatch.setattr(transfer, "swap_names", exchange)
        transfer.adopt(workspace, away, replace=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("while it is copied", RunState.PREPARED),
        ("before the exchange", RunState.PREPARED),
        ("between two renames", RunState.PREPARED),
        ("after the exchange", RunState.FINISHED),
    ],
)
def test_nothing_is_lost_when_replacing_is_killed(
    workspace: Workspace, away: Path, monkeypatch: pytest.MonkeyPatch, moment: str, state: RunState
) -> None:
    killed_at(workspace, away, monkeypatch, moment)
    run = kept(workspace)
    folder = workspace.files.run(run.id)
    assert run.state is state
    assert (folder / "request.yaml").is_file() and (folder / "dataset" / "train.parquet").is_file()
    assert all((folder / name).is_file() == (state is RunState.FINISHED) for name in RESULTS)
    assert not (workspace.files.runs / REPLACED).exists()
    assert transfer.adopt(workspace, away, replace=True).state is RunState.FINISHED  # once more, and it is done
    assert [path.name for path in workspace.files.runs.iterdir()] == [run.id]


def test_a_disk_that_cannot_exchange_folders_gets_the_run_all_the_same(
    workspace: Workspace, away: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_exchange(first: Path, second: Path) -> None:
        raise OSError("cannot")

    monkeypatch.setattr(transfer, "swap_names", no_exchange)
    assert transfer.adopt(workspace, away, replace=True).state is RunState.FINISHED
    reconcile(workspace)
    assert [path.name for path in workspace.files.runs.iterdir()] == [away.name]


def test_what_a_link_in_the_place_of_the_request_leads_to_is_not_quoted(
    workspace: Workspace, away: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root:private:1\n")
    (away / "request.yaml").unlink()
    (away / "request.yaml").symlink_to(secret)
    with pytest.raises(InputProblem, match="link out of its folder") as problem:
        transfer.adopt(workspace, away, replace=True)
    assert "private" not in str(problem.value)


@pytest.mark.parametrize("name", ["report.json", "events.jsonl"])
def test_a_report_or_events_of_gigabytes_are_refused_before_they_are_read(
    workspace: Workspace, away: Path, name: str
) -> None:
    with (away / name).open("r+b") as file:
        file.truncate(40 << 30)
    with pytest.raises(InputProblem, match="no run writes so much"):
        transfer.adopt(workspace, away, replace=True)


def test_a_request_of_gigabytes_is_refused_before_it_is_read(workspace: Workspace, away: Path) -> None:
    with (away / "request.yaml").open("r+b") as file:
        file.truncate(40 << 30)  # more than the memory: sparse, so it takes no space
    with pytest.raises(ConfigProblem, match="that is no request"):
        transfer.adopt(workspace, away, replace=True)


@pytest.mark.parametrize("word", ["best", "starter"])
def test_no_run_is_called_a_word_that_means_another_model(workspace: Workspace, tmp_path: Path, word: str) -> None:
    config = workspaces.config(tmp_path)
    for prepare in (
        lambda: jobs.prepare(workspace, config, name=word),
        lambda: jobs.grid(workspace, {"a": config}, group=word),
    ):
        with pytest.raises(UsageProblem, match=f"A run cannot be called '{word}'"):
            prepare()
    assert not list(workspace.files.runs.glob("*"))


def test_a_run_from_elsewhere_that_is_called_best_gets_another_id_and_a_note(workspace: Workspace, away: Path) -> None:
    text = (away / "request.yaml").read_text()
    (away / "request.yaml").write_text(text.replace(f"run: {away.name}", "run: best"))
    adopted = transfer.adopt(workspace, away)
    assert (adopted.id, adopted.name, adopted.state) == ("best-run", "best-run", RunState.FINISHED)
    assert adopted.note == "It was called 'best', which in commands means the best run."
    with pytest.raises(RunProblem, match="There is a run best-run here already"):
        transfer.adopt(workspace, away)
    assert transfer.adopt(workspace, away, replace=True, force=True).id == "best-run"
