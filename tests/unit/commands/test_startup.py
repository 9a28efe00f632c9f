"""The terminal process is light, and its packages are its own wherever it has started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

HEAVY = {"torch", "transformers", "datasets", "sklearn", "modAL", "numpy", "pandas", "scipy", "cv2", "onnxruntime"}


def _python(code: str, folder: Path, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_CALL = """
import json, sys
from tests.support import ROOT
from workbench import cli
sys.argv = ["workbench", *sys.argv[1:]]
try:
    cli.main()
except SystemExit:
    pass
print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def _loaded(folder: Path, *arguments: object) -> set[str]:
    return set(json.loads(_python(_CALL, folder, *arguments).strip().splitlines()[-1]))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("startup")
    _python(_CALL, folder, "init", folder / "ws")
    record = {"id": "a", "words": ["Total", "9.00"], "bboxes": [[1, 1, 5, 5], [6, 1, 9, 5]], "labels": ["O", "B-TOTAL"]}
    (folder / "list.jsonl").write_text(json.dumps(record))
    return folder


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-w", "ws", "status"], ["-w", "ws", "import", "list.jsonl"], ["-w", "ws", "split"]]
)
def test_light_commands_load_no_heavy_library(workspace: Path, arguments: list[str]) -> None:
    assert not _loaded(workspace, *arguments) & HEAVY


def test_help_loads_no_store(tmp_path: Path) -> None:
    assert not _loaded(tmp_path, "--help") & {"sqlalchemy", "textual", "PIL", "pydantic"}


def test_the_status_loads_no_configuration_of_runs(workspace: Path) -> None:
    assert not _loaded(workspace, "-w", "ws", "status") & {"textual", "PIL", "pydantic"}


def test_a_decoy_package_in_the_current_directory_does_not_win(tmp_path: Path) -> None:
    for name in ("storage", "workbench", "screens"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the decoy was imported')\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "workbench.cli", "--version"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "workbench" in done.stdout
