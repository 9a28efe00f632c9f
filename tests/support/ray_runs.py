"""Runs and readings on a Ray cluster of a test: how they are begun, looked at, and ended with the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage import document_list, documents, events, runs
from storage.records import RunState
from tests.support import command_line, workspaces
from tests.support.command_line import AnswerOf
from tests.support.workspaces import until
from workbench.remote import ray_blocks
from workbench.runs import jobs
from workbench.runs.config import files as config_files
from workbench.runs.reconcile import reconcile
from workbench.runs.state import RunFolder
from workbench.settings import Target
from workbench.workspace import Workspace

PATIENCE = 240.0
"""Seconds in which a run begins, on a machine with much other work: Ray's processes load torch one after the other."""
LONG = 1000
"""Epochs of a run that ends only when it is stopped."""
POOL = ray_blocks.LEAST + 20
"""Documents of two blocks."""


@contextmanager
def workspace(folder: Path, pool: int = POOL) -> Iterator[Workspace]:
    """A workspace whose runs end with the block."""
    opened = workspaces.workspace(folder, {"pool": pool})
    yield opened
    with opened.db.read() as connection:
        listed = runs.listed(connection)
    for run in listed:
        run_folder = RunFolder(opened.files.run(run.id))
        if run_folder.at_work():
            jobs.kill(opened, run.id)
            until(lambda run_folder=run_folder: not run_folder.at_work())
    opened.close()


def answering(
    workspace: Workspace, cluster: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AnswerOf:
    """Commands in a workspace that knows the cluster as `cluster`."""
    workspace.files.settings.write_text(f'[targets]\ncluster = "{cluster.address}"\n')
    return command_line.answering(workspace.files.root, capsys, monkeypatch)


def begun(folder: RunFolder) -> list[dict[str, object]]:
    return [event for event in events.iterate(folder.events) if event["type"] == "started"]


def state(workspace: Workspace, run: str) -> RunState:
    reconcile(workspace)
    with workspace.db.read() as connection:
        return runs.get(connection, run).state


def suggested(workspace: Workspace) -> list[tuple[Any, ...]]:
    """The open suggestions, whatever their ids."""
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, number) for number in document_list.ids(connection)]
    return [(c.document.id, s.field, s.tokens, round(s.confidence, 4)) for c in contents for s in c.suggestions]


def unlabelled(workspace: Workspace) -> tuple[int, ...]:
    with workspace.db.read() as connection:
        return tuple(document_list.ids(connection, document_list.Filter("unlabelled")))


def train_as_one(workspace: Workspace, base: Path, cluster: Target) -> RunFolder:
    """Two processes on the cluster give the losses and figures of one here; the folder of their run."""
    still = ("regularization.hidden_dropout_prob=0", "regularization.attention_probs_dropout_prob=0")
    folders = []
    for on, processes in ((None, 1), (cluster, 2)):
        batches = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 2 // processes, "max_steps": 2}
        config = workspaces.config(base, processes=processes, **batches)
        run = jobs.prepare(workspace, config_files.apply_sets(config, still), on=on)
        jobs.start(workspace, run.id)
        folders.append(RunFolder(workspace.files.run(run.id)))
        assert jobs.wait(workspace, run.id).state is RunState.FINISHED, folders[-1].log_tail()
    logs = [list(events.iterate(folder.events)) for folder in folders]
    started = [next(event for event in log if event["type"] == "started") for log in logs]
    assert [event["processes"] for event in started] == [1, 2]
    losses = [{event["step"]: event["loss"] for event in log if event["type"] == "step"} for log in logs]
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)
    measured = [next(event["validation"] for event in log if event["type"] == "evaluated") for log in logs]
    for figure in ("loss", "f1"):
        assert measured[1][figure] == pytest.approx(measured[0][figure], abs=1e-3)
    return folders[1]
