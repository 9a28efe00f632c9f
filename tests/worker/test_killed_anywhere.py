"""Commands that are killed at any moment: nothing is lost, no child goes on, and the next start leaves nothing of it.

The moments are drawn from a seed; WORKBENCH_KILLED_COMMANDS says how many are tried of each command (one otherwise).
"""

import csv
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from storage import locks
from tests.support import tiny_model, workspaces
from tests.support.workspaces import until
from workbench import warm_workers

MOMENTS = int(os.environ.get("WORKBENCH_KILLED_COMMANDS", "1"))
MARK = "WORKBENCH_TEST_MARK"
"""Environment variable by which all processes of a command are found."""
COMMANDS = {
    "predict": ["predict", "starter", "a.jsonl", "--json"],
    "values": ["values", "values.csv", "--accept-above", "0.5", "--json"],
    "suggest": ["suggest", "--json"],
}
LOCKS = (".settings.lock", ".slot-0", ".lock")
Command = subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    workspaces.workspace(folder / "ws").close()
    (folder / "tmp").mkdir()
    documents = [
        {"id": f"a{n}", "words": ["Total", f"{n}.50"], "bboxes": [[1, 1, 90, 20], [95, 1, 200, 20]]} for n in range(40)
    ]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, documents)))
    with closing(sqlite3.connect(folder / "ws" / "workbench.db")) as connection:
        names = [name for (name,) in connection.execute("select name from documents order by id")]
    with (folder / "values.csv").open("w") as file:
        csv.writer(file).writerows([["file", "amount_total"], *([name, "1.00"] for name in names)])
    call(folder, "status")
    return folder


def begin(folder: Path, *arguments: str, mark: str = "", descriptors: tuple[int, ...] = (), **more: str) -> Command:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "workbench", "-w", "ws", *arguments], cwd=folder, stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), MARK: mark, **more}, stdout=subprocess.PIPE,
        pass_fds=descriptors,
    )  # fmt: skip


def call(folder: Path, *arguments: str) -> bytes:
    """What a command prints that is not killed: its workers have the model libraries loaded."""
    variables, descriptors = warm_workers.passed_on()
    process = begin(folder, *arguments, descriptors=descriptors, **variables)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    return output


def without_confidence(output: bytes) -> object:
    """What was predicted: how sure it is may differ in the last digit by how many documents were read at once."""
    return json.loads(output, object_hook=lambda read: {key: read[key] for key in read if key != "confidence"})


def at_work(mark: str) -> list[int]:
    """The processes that a command started, and it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def kept(folder: Path) -> dict[str, list[Any]]:
    """What people and models said of the documents."""
    queries = {
        "labels": "select document_id, field, tokens, source from spans order by 1, 2, 3",
        "values": "select document_id, field, value from reference_values order by 1, 2, 3",
        "suggestions": "select document_id, field, tokens, run from suggestions order by 1, 2, 3, 4",
    }
    with closing(sqlite3.connect(folder / "ws" / "workbench.db")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def left_behind(folder: Path) -> list[str]:
    """Work in progress in the workspace and beside it."""
    hidden = [p for p in folder.rglob(".*") if p.name not in (*LOCKS, ".gitignore")]
    # torch's own, and the file by which tempfile sees whether a folder can be written to
    others = re.compile(r"torchinductor_.*|[a-z0-9_]{8}")
    temporary = [p for p in (folder / "tmp").iterdir() if not others.fullmatch(p.name)]
    return [str(path) for path in (*hidden, *temporary)]


def sweep(folder: Path) -> None:
    """The next start, some seconds later: until then a file without a lock may be another process's."""
    for path in folder.rglob(".*"):
        if path.is_file():
            os.utime(path, (0, 0))
    call(folder, "status")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_killed_at_any_moment_loses_nothing(name: str, made: Path, tmp_path: Path) -> None:
    draw = random.Random(name)
    whole = tmp_path / "whole"
    shutil.copytree(made, whole)
    before, started = kept(whole), time.monotonic()
    output = call(whole, *COMMANDS[name])
    seconds, expected = time.monotonic() - started, kept(whole)
    for number in range(MOMENTS):
        folder, mark = tmp_path / str(number), uuid.uuid4().hex
        shutil.copytree(made, folder)
        process = begin(folder, *COMMANDS[name], mark=mark)
        with suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0.0, seconds))
        process.kill()
        process.communicate()
        until(lambda mark=mark: not at_work(mark), 10)
        now = kept(folder)
        assert set(before["labels"]) <= set(now["labels"]) <= set(expected["labels"])
        sweep(folder)
        assert left_behind(folder) == []
        again = call(folder, *COMMANDS[name])
        if name == "predict":
            assert without_confidence(again) == without_confidence(output)
        assert kept(folder) == expected
        shutil.rmtree(folder)


def test_a_search_whose_processes_are_killed_at_any_moment_ends_with_all_its_runs(made: Path, tmp_path: Path) -> None:
    """The command, what leads the search, or a run that it has started: whichever is killed, it goes on by its name."""
    draw, mark = random.Random("search"), uuid.uuid4().hex
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    before = kept(tmp_path)
    base = tiny_model.base(tmp_path / "base", "layoutlm")
    settings = ("model.family=layoutlm", f"model.name={base}", "train.num_train_epochs=2", "train.device=cpu",
                "data.max_length=64", "data.window_stride=16")  # fmt: skip
    order = ("tune", "--search", "--name", "rates", "--trials", "3", "--preset", "A")
    order += tuple(part for setting in settings for part in ("--set", setting))
    order += ("--vary", "train.learning_rate=1e-4..1e-2 log")
    go_on = ("tune", "--search", "--name", "rates")
    for number in range(MOMENTS):
        has_plan = (tmp_path / "ws" / "searches" / "rates" / "plan.json").exists()
        process = begin(tmp_path, *(go_on if has_plan else order), "--wait", mark=mark)
        with suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0.0, 25.0) if number else draw.uniform(0.0, 8.0))
        victims = (
            [process.pid, *at_work(mark)] if draw.random() < 0.5 else [draw.choice(at_work(mark) or [process.pid])]
        )
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.communicate()
    until(lambda: not at_work(mark), 300)  # where the command alone was killed, the search has gone on
    call(tmp_path, *(go_on if (tmp_path / "ws" / "searches" / "rates" / "plan.json").exists() else order), "--wait")
    report = json.loads(call(tmp_path, "searches", "show", "rates", "--json"))
    listed = json.loads(call(tmp_path, "runs", "list", "--json"))
    assert [row["run"] for row in report["trials"]] == [run["run"] for run in reversed(listed)]
    assert len(listed) == 3
    until(lambda: not at_work(mark))
    assert kept(tmp_path)["labels"] == before["labels"]
    sweep(tmp_path)
    assert left_behind(tmp_path) == []
    assert not any(
        locks.held(path) for path in (tmp_path / "ws" / "runs").glob("*/*") if path.name in ("lock", "waiting")
    )
