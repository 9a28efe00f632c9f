"""The script that makes a target's environment, with a Python that only writes down what it is asked."""

import subprocess
from pathlib import Path

import pytest

from workbench.remote import environment

_PYTHON = """#!/bin/sh
case "$*" in
  "-c "*) exit {reached} ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  *) echo "$@" >> {asked} ;;
esac
"""


@pytest.mark.parametrize("reached", [True, False])
def test_builds_for_cores_are_asked_for_where_their_index_can_be_reached(tmp_path: Path, reached: bool) -> None:
    python, asked = tmp_path / "python", tmp_path / "asked"
    python.write_text(_PYTHON.format(reached=0 if reached else 1, asked=asked))
    python.chmod(0o755)
    (tmp_path / "environments").mkdir()
    order = [
        "sh",
        "-s",
        "--",
        str(tmp_path),
        "key",
        str(python),
        "",
        "https://builds.example/cpu",
        "-c",
        "known",
        "a.whl",
    ]
    for _ in range(2):
        subprocess.run(order, input=environment._MAKE, text=True, check=True, timeout=60)
    [line] = asked.read_text().splitlines()  # it is made once
    assert line.endswith("-c known a.whl")
    assert ("--extra-index-url https://builds.example/cpu" in line) is reached
    assert (tmp_path / "environments" / "key" / "complete").exists()
