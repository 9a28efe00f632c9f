"""The script that makes a target's environment, with a Python that only writes down what it is asked."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.remote import environment

_PYTHON = """#!/bin/sh
case "$*" in
  "-c "*) exit {reached} ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  *broken*) echo "error: no such library" >&2; echo "hint: see above" >&2; exit 1 ;;
  *) echo "$@" >> {asked} ;;
esac
"""


@pytest.fixture
def target(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the script with an index and what pip is to install."""

    def make(*arguments: str, reached: bool = True) -> subprocess.CompletedProcess[str]:
        python = tmp_path / "python"
        python.write_text(_PYTHON.format(reached=0 if reached else 1, asked=tmp_path / "asked"))
        python.chmod(0o755)
        (tmp_path / "environments").mkdir(exist_ok=True)
        order = ["sh", "-s", "--", str(tmp_path), "key", str(python), "", *arguments]
        return subprocess.run(order, input=environment._MAKE, text=True, capture_output=True, check=False, timeout=60)

    return make


@pytest.mark.parametrize("reached", [True, False])
def test_builds_for_cores_are_asked_for_where_their_index_can_be_reached(
    tmp_path: Path, target: Callable[..., subprocess.CompletedProcess[str]], reached: bool
) -> None:
    for _ in range(2):
        assert target("https://builds.example/cpu", "-c", "known", "a.whl", reached=reached).returncode == 0
    [line] = (tmp_path / "asked").read_text().splitlines()  # it is made once
    assert line.endswith("-c known a.whl")
    assert ("--extra-index-url https://builds.example/cpu" in line) is reached
    assert (tmp_path / "environments" / "key" / "complete").exists()


def test_the_cause_is_named_where_a_library_cannot_be_installed(
    tmp_path: Path, target: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    failed = target("", "broken.whl")
    log = tmp_path / "environments" / "key.log"
    assert failed.returncode == 1 and not (tmp_path / "environments" / "key" / "complete").exists()
    last = failed.stderr.splitlines()[-1]
    assert last.startswith("error: no such library") and str(log) in last
    assert "hint: see above" in log.read_text()
