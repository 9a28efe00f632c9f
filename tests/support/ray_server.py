"""A real Ray cluster of one node with two cores, on loopback."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.support import ROOT, leftovers
from tests.support.ports import free_port

_HIDE = 'mount -t tmpfs none "$0" && exec "$@"'


@contextmanager
def running(hidden: Path | None = None) -> Iterator[str]:
    """The address of one that runs as long as the block; the test is skipped, saying so, where Ray is not installed.

    Args:
        hidden: a folder that the node does not see: an empty disk is mounted there for the node alone. Its temporary
            files are in `temporary` beside it.
    """
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'invoice-workbench[ray]'")
    if hidden is not None and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no folder can be hidden from a process here (unshare -m)")
    with leftovers.folder("ray") as folder:
        yield from _running_in(folder, free_port(), hidden)


def _running_in(folder: Path, port: int, hidden: Path | None) -> Iterator[str]:
    hiding = [] if hidden is None else ["unshare", "-m", "sh", "-c", _HIDE, str(hidden)]
    command = [
        *hiding,
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus", "2",
        "--port", str(port), "--node-ip-address", "127.0.0.1", "--include-dashboard", "false",
        "--object-store-memory", "80000000", "--temp-dir", str(folder),
    ]  # fmt: skip
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)}
    if hidden is not None:
        environment["TMPDIR"] = str(hidden.with_name("temporary"))
    head = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        preexec_fn=lambda: leftovers.end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - it calls the kernel, nothing else
    )
    try:
        assert head.stdout is not None
        lines = iter(head.stdout.readline, "")
        started = any("Ray runtime started" in line for line in lines)
        assert started, "Ray does not start here"
        yield f"ray:127.0.0.1:{port}"
    finally:
        for process in [*psutil.Process(head.pid).children(recursive=True), head]:
            with suppress(psutil.NoSuchProcess):  # one of Ray's ended just now
                process.kill()
        head.wait()
