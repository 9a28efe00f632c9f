"""Nothing that the program does hangs on an `assert`: `python -O` takes them out."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT
from tests.support.command_line import Answer


def call(folder: Path, *arguments: object) -> Answer:
    done = subprocess.run(
        [sys.executable, "-O", "-P", "-m", "workbench.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def test_commands_work_and_refuse_alike_under_optimisation(tmp_path: Path) -> None:
    record = {
        "id": "d1",
        "words": ["Total", "9.00"],
        "bboxes": [[1, 1, 9, 9], [11, 1, 19, 9]],
        "labels": ["O", "B-NEW"],
    }
    (tmp_path / "list.json").write_text(json.dumps(record))
    (tmp_path / "values.csv").write_text("file,amount_total,invoice_date\nd1,9.00,2024-03-01\n")
    workspace = tmp_path / "ws"
    assert call(tmp_path, "init", workspace).code == 0
    brought_in = call(workspace, "import", tmp_path / "list.json", "--json").data
    assert (brought_in["documents"], brought_in["new_fields"]) == (1, ["NEW"])
    assert call(workspace, "values", tmp_path / "values.csv", "--json").data["reference_values"] == 2
    assert call(workspace, "status", "--json").data["documents"] == 1
    assert call(workspace, "ocr", "no such document").code == 4
    (workspace / "workbench.db").write_bytes(b"damaged" * 1000)
    refused = call(workspace, "fields")
    assert refused.code == 3, refused
    assert "damaged" in refused.err
