"""Runs in a workspace, without a process that trains: collecting, adopting, giving away, deleting."""

import errno
import json
import os
import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError

from storage import document_list, events, locks, runs
from storage.exceptions import InputProblem, RunProblem, UsageProblem, WorkbenchError, WorkspaceProblem
from storage.records import Run, RunState
from tests.support import rights, workspaces
from workbench.cli import group
from workbench.commands.support import run_export
from workbench.predictions.suggestions import source_run, trust_of
from workbench.runs import jobs, progress, transfer
from workbench.runs.model_folders import check as model_folders
from workbench.runs.reconcile import collect, reconcile
from workbench.runs.state import RunFolder, state_of
from workbench.serving import container
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.workspace(tmp_path / "ws")
    yield workspace
    workspace.close()


@pytest.fixture
def with_run(tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    """A workspace with a run that ended well, and the run's id."""
    workspace, run_id = workspaces.with_run(tmp_path / "run")
    yield workspace, run_id
    workspace.close()


def listed(workspace: Workspace) -> list[Run]:
    with workspace.db.read() as connection:
        return runs.listed(connection)


def state(workspace: Workspace) -> RunState:
    reconcile(workspace)
    return listed(workspace)[0].state


def suggestions(workspace: Workspace) -> list[int]:
    with workspace.db.read() as connection:
        return [d.suggestions for d in document_list.page(connection, document_list.Filter(), 0, 100)]


def test_a_run_whose_process_takes_its_time_to_end_does_not_look_queued_again(with_run: tuple[Workspace, str]) -> None:
    workspace, run_id = with_run
    folder = workspace.files.run(run_id)
    waiting = locks.acquire(folder / "waiting")
    assert waiting is not None and state_of(RunFolder(folder), progress.of(folder)) is RunState.RUNNING
    with events.EventWriter(folder / "events.jsonl") as writer:
        writer.write("queued")
    assert state_of(RunFolder(folder), progress.of(folder)) is RunState.QUEUED
    os.close(waiting)


def test_collecting_twice_changes_nothing(with_run: tuple[Workspace, str]) -> None:
    workspace, run_id = with_run
    before = suggestions(workspace), listed(workspace)
    collect(workspace, run_id)
    collect(workspace, run_id)
    assert (suggestions(workspace), listed(workspace)) == before


def test_a_disk_that_is_full_while_a_run_is_collected_loses_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr("workbench.runs.reconcile.keep_suggestions", full)
        with pytest.raises(WorkspaceProblem, match="No space is left"):
            workspaces.finished_run(workspace, tmp_path)
    assert [run.state for run in listed(workspace)] == [RunState.QUEUED]
    reconcile(workspace)  # there is space again
    with workspace.db.read() as connection:
        assert document_list.ids(connection, document_list.Filter("suggested"))
    assert [run.state for run in listed(workspace)] == [RunState.FINISHED]


@pytest.mark.parametrize("name", ["report.json", "predictions.parquet", "dataset/pool.parquet"])
@pytest.mark.parametrize("how", ["gone", "torn"])
def test_a_run_whose_files_are_damaged_is_shown_as_crashed_and_the_rest_works(
    with_run: tuple[Workspace, str], name: str, how: str
) -> None:
    workspace, run_id = with_run
    path = workspace.files.run(run_id) / name
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with workspace.db.write() as connection:
        runs.change(connection, run_id, state=RunState.RUNNING)
    reconcile(workspace)
    run = listed(workspace)[0]
    if (name, how) == ("dataset/pool.parquet", "gone"):  # a run without a pool is complete
        assert run.state is RunState.FINISHED
    else:
        assert run.state is RunState.CRASHED
        assert "cannot be read" in run.reason


def test_a_folder_copied_elsewhere_is_adopted_without_suggesting_on_other_documents(
    with_run: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, run_id = with_run
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 25})
    run = transfer.adopt(elsewhere, workspace.files.run(run_id))
    assert run.state is RunState.FINISHED and run.f1 is not None
    with elsewhere.db.read() as connection:
        assert document_list.count(connection, document_list.Filter("suggested")) == 0
    with pytest.raises(RunProblem, match="here already"):
        transfer.adopt(elsewhere, workspace.files.run(run_id))
    jobs.delete(elsewhere, run_id)
    assert listed(elsewhere) == []
    assert transfer.adopt(elsewhere, workspace.files.run(run_id)).state is RunState.FINISHED


def test_a_folder_that_names_itself_a_path_is_refused(with_run: tuple[Workspace, str], tmp_path: Path) -> None:
    workspace, run_id = with_run
    source = tmp_path / "bad"
    shutil.copytree(workspace.files.run(run_id), source)
    request = source / "request.yaml"
    request.write_text(request.read_text().replace(f"run: {run_id}", "run: ../../out"))
    with pytest.raises(InputProblem, match="no run's name"):
        transfer.adopt(workspace, source)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "report", [b"{", b"5", b"\xff", b"[" * 5000, b'{"evaluation": 3}', b'{"evaluation": {"split": "test", "micro": 1}}']
)
def test_a_folder_with_a_damaged_report_is_refused_and_can_be_adopted_when_mended(
    with_run: tuple[Workspace, str], tmp_path: Path, report: bytes
) -> None:
    workspace, run_id = with_run
    source = tmp_path / "copy"
    shutil.copytree(workspace.files.run(run_id), source)
    whole = (source / "report.json").read_bytes()
    (source / "report.json").write_bytes(report)
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 0})
    with pytest.raises(InputProblem, match=r"report\.json"):
        transfer.adopt(elsewhere, source)
    assert listed(elsewhere) == []
    (source / "report.json").write_bytes(whole)
    damaged = (
        b'{"type": "step", "time": "never", "step": "one"}\n{"type": 3}\n[]\n{"type": "prepared", "documents": 5}\n'
    )
    (source / "events.jsonl").write_bytes(damaged + (source / "events.jsonl").read_bytes())
    assert transfer.adopt(elsewhere, source).state is RunState.FINISHED
    jobs.delete(elsewhere, run_id)
    assert listed(elsewhere) == []


def test_an_exported_model_has_a_card(with_run: tuple[Workspace, str], tmp_path: Path) -> None:
    workspace, run_id = with_run
    target = transfer.export_model(workspace, run_id, tmp_path / "given")
    assert json.loads((target / "config.json").read_text())["architectures"] == ["LayoutLMForTokenClassification"]
    card = (target / "README.md").read_text()
    assert "MIT" in card and "10 documents" in card and "| amount_total |" in card
    with pytest.raises(WorkspaceProblem, match="there already"):
        transfer.export_model(workspace, run_id, target)
    for export in (transfer.export_model, container.export):
        with pytest.raises(UsageProblem, match="the workspace's own files"):
            export(workspace, run_id, workspace.files.runs / "given")
    assert not (workspace.files.runs / "given").exists()


def test_a_run_that_is_deleted_while_it_is_exported_is_named_as_the_cause(
    with_run: tuple[Workspace, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run_id = with_run
    run, copy = listed(workspace)[0], shutil.copytree

    def deleted_before(*args: Any, **options: Any) -> Any:
        jobs.delete(workspace, run_id)
        return copy(*args, **options)

    monkeypatch.setattr(shutil, "copytree", deleted_before)
    with pytest.raises(RunProblem, match="deleted by another process") as caught:
        run_export.export(workspace, run, tmp_path / "given", docker=False, onnx=False, int8=False)
    assert "space" not in caught.value.remedy and not (tmp_path / "given").exists()


@pytest.mark.parametrize("options", [(), ("--fresh",)])
def test_a_run_that_is_deleted_while_it_is_evaluated_is_named_as_the_cause(
    with_run: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    workspace, run_id = with_run
    check = model_folders.check_folder

    def deleted_before(*args: Any, **kinds: Any) -> None:
        jobs.delete(workspace, run_id)
        check(*args, **kinds)

    monkeypatch.setattr(model_folders, "check_folder", deleted_before)
    call = ["-w", str(workspace.files.root), "evaluate", run_id, *options]
    problem = CliRunner().invoke(group, call).exception
    assert isinstance(problem, RunProblem) and "deleted by another process" in problem.message


def test_a_model_given_away_is_read_as_in_its_run_and_names_no_vendor(
    with_run: tuple[Workspace, str], tmp_path: Path
) -> None:
    """Its values are weighed and calibrated alike; without a report each field counts as one it never learned."""
    workspace, run_id = with_run
    own = RunFolder(workspace.files.run(run_id))
    evaluation = {"calibration": {"temperature": 2.0}, "slices": {"vendor": {"ACME": {"f1": 1.0, "documents": 3}}}}
    report = own.read_report() | {"readers": {"amount_total": {"agree 2": [4, 4, 4]}}, "evaluation": evaluation}
    own.report.write_text(json.dumps(report))
    with workspace.db.write() as connection:
        runs.change(connection, run_id, report=report)
    given = transfer.export_model(workspace, run_id, tmp_path / "given")
    source = source_run(str(given))
    assert trust_of(workspace.settings, source) == trust_of(workspace.settings, own.path)
    assert [field.id for field in trust_of(workspace.settings, source).fields] == ["amount_total"]
    assert "ACME" not in RunFolder(given).report.read_text()


def test_a_finished_run_cannot_be_resumed_but_cloned(with_run: tuple[Workspace, str]) -> None:
    workspace, run_id = with_run
    with pytest.raises(RunProblem, match="nothing to resume"):
        jobs.resume(workspace, run_id)
    run = jobs.clone(workspace, run_id, ["train.learning_rate=1e-4"], "again")
    assert (run.parent, run.name, run.config["train"]["learning_rate"]) == (run_id, "again", 1e-4)


def test_two_terminals_start_runs_at_once(workspace: Workspace, tmp_path: Path) -> None:
    config = workspaces.config(tmp_path)
    run_ids: list[str] = []
    problems: list[BaseException] = []

    def terminal() -> None:
        own = Workspace.open(workspace.files.root)
        try:
            run_ids.extend(jobs.prepare(own, config).id for _ in range(3))
            reconcile(own)
        except BaseException as error:
            problems.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=terminal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(set(run_ids)) == len(run_ids) == 9 == len(listed(workspace))


def test_the_reason_of_a_crash_is_the_last_error_of_its_log(tmp_path: Path) -> None:
    log = 'Traceback (most recent call last):\n  File "x.py", line 1\n    f()\nValueError: the third page is missing\n'
    (tmp_path / "stderr.log").write_text(log)
    assert RunFolder(tmp_path).log_tail() == "ValueError: the third page is missing"


def test_a_full_disk_leaves_no_half_made_run(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(WorkbenchError, match="No space left"):
            jobs.prepare(workspace, workspaces.config(tmp_path))
    assert listed(workspace) == []
    assert [p for p in workspace.files.runs.iterdir() if not p.name.startswith(".")] == []


def test_deleting_asks_for_the_pin_and_takes_the_folder(with_run: tuple[Workspace, str]) -> None:
    workspace, run_id = with_run
    with workspace.db.write() as connection:
        runs.change(connection, run_id, pinned=True)
    with pytest.raises(RunProblem, match="pinned"):
        jobs.delete(workspace, run_id)
    with workspace.db.write() as connection:
        runs.change(connection, run_id, pinned=False)
    jobs.delete(workspace, run_id)
    assert not workspace.files.run(run_id).exists()
    assert listed(workspace) == []


def test_a_run_that_was_never_started_is_shown_as_crashed(workspace: Workspace, tmp_path: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(tmp_path))
    assert state(workspace) is RunState.QUEUED  # about to be started; no alarm yet
    with workspace.db.write() as connection:
        runs.change(connection, run.id, created=run.created - timedelta(minutes=1))
    assert state(workspace) is RunState.CRASHED
    assert "never started" in listed(workspace)[0].reason


def test_a_run_whose_ray_cluster_is_gone_says_so(workspace: Workspace, tmp_path: Path) -> None:
    """Ray itself ends the process that stands for the run here."""
    run = jobs.prepare(workspace, workspaces.config(tmp_path))
    line = "rpc_client.h:204: Failed to connect to GCS within 60 seconds. GCS may have been killed.\n"
    (workspace.files.run(run.id) / "stderr.log").write_text(line)
    with workspace.db.write() as connection:
        runs.change(connection, run.id, created=run.created - timedelta(minutes=1))
    assert state(workspace) is RunState.CRASHED
    assert listed(workspace)[0].reason.startswith("The Ray cluster is gone")


def test_a_read_only_disk_is_no_full_one(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Path.mkdir

    def refuse(path: Path, *given: Any, **named: Any) -> None:
        if path.parent == workspace.files.runs:
            raise OSError(errno.EROFS, "Read-only file system")
        make(path, *given, **named)

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(WorkspaceProblem) as refused:
        jobs.prepare(workspace, workspaces.config(tmp_path))
    assert "read-only" in refused.value.remedy and "Free some space" not in refused.value.remedy


@pytest.mark.parametrize("kept", ["another user's", "a link"])
def test_a_folder_that_cannot_be_deleted_is_not_called_gone(
    with_run: tuple[Workspace, str], tmp_path: Path, kept: str
) -> None:
    workspace, run_id = with_run
    folder = workspace.files.run(run_id)
    if kept == "a link":
        folder.rename(tmp_path / "large disk")
        folder.symlink_to(tmp_path / "large disk")
    else:
        (folder / "model").chmod(0o500)
    arguments = ["-w", str(workspace.files.root), "runs", "delete", run_id, "--yes"]
    with rights.as_anybody():
        answer = CliRunner().invoke(group, arguments)
    (folder / "model").chmod(0o700)
    assert isinstance(answer.exception, RunProblem) and "cannot be deleted" in answer.exception.message
    assert str(folder) in answer.exception.remedy and "gone" not in answer.output
