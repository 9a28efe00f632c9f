"""A `predict` that is ended however leaves no worker at work, and its folder is swept at the next start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workbench.workspace import Workspace


def workers_of(pid: int) -> list[int]:
    """The children of a process that are workers."""
    workers = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"workbench.training.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
            workers.append(int(child))
    return workers


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds: float = 60) -> object:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGHUP])
def test_nothing_of_a_predict_goes_on_when_it_is_ended(tmp_path: Path, end: signal.Signals) -> None:
    Workspace.create(tmp_path / "ws").close()
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    record = '{"id": "a", "words": ["Total", "5"], "bboxes": [[1, 1, 9, 9], [9, 1, 20, 9]]}'
    (tmp_path / "a.jsonl").write_text(record)
    command = [sys.executable, "-m", "workbench.cli", "-w", str(tmp_path / "ws")]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    predict = subprocess.Popen(
        [*command, "predict", "starter", str(tmp_path / "a.jsonl")], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    (worker,) = until(lambda: workers_of(predict.pid))  # type: ignore[misc]
    predict.send_signal(end)
    _, errors = predict.communicate(timeout=10)
    assert "Traceback" not in errors
    assert until(lambda: not is_alive(worker), 5)
    if end == signal.SIGKILL:
        assert predict.returncode == -9 and len(list(scratch.iterdir())) == 1
        subprocess.run([*command, "status"], check=True, env=environment, stdout=subprocess.DEVNULL)
    else:
        assert predict.returncode == 128 + end
    assert list(scratch.iterdir()) == []
