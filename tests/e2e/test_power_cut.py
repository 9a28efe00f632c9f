"""After a power cut at any moment, what was reported as saved is there, and the workspace opens."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from storage import document_list, documents, runs
from storage.files import digest_of
from storage.records import RunState
from tests.support import ROOT, power_cut, sample_documents, workspaces
from tests.support.kill_labelling import kept
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="wraps libc with LD_PRELOAD")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = power_cut.build(tmp_path_factory.mktemp("library"))
    if built is None:
        pytest.skip("there is no C compiler")
    return built


def start(library: Path, disk: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "LD_PRELOAD": str(library), "POWER_CUT_DISK": str(disk), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *arguments], env=environment, cwd=ROOT, stdout=subprocess.PIPE)


LABEL = """
import sys
from pathlib import Path
from tests.support.kill_labelling import label
label(Path(sys.argv[1]), 1, int(sys.argv[2]), 1)
"""


@pytest.mark.parametrize("seed", range(4))
def test_every_label_that_was_reported_is_there(library: Path, tmp_path: Path, seed: int) -> None:
    page = sample_documents.page_of(sample_documents.RECEIPT)
    root, disk = tmp_path / "ws", tmp_path / "disk"
    sample_documents.workspace_of(root, [sample_documents.new("d", [page])]).close()
    power_cut.flushed(root, disk)
    process = start(library, disk, "-c", LABEL, str(root), str(seed))
    assert process.stdout is not None
    printed = b"".join(process.stdout.readline() for _ in range(5 + 10 * seed))
    time.sleep(random.Random(seed).uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    printed += process.communicate()[0]
    reported = max(int(line) for line in printed.splitlines(keepends=True) if line.endswith(b"\n"))
    with closing(Workspace.open(power_cut.after_cut(root, disk, tmp_path / "found"))) as workspace:
        assert reported > 0 and kept(workspace, 1, reported)


@pytest.mark.parametrize("cut", [0.9, 1.3, 60])
def test_an_import_loses_nothing_that_it_reported_and_no_file_of_a_document(
    library: Path, tmp_path: Path, cut: float
) -> None:
    root, disk = tmp_path / "ws", tmp_path / "disk"
    Workspace.create(root).close()
    power_cut.flushed(root, disk)
    source = str(ROOT / "sample_data" / "labelled")
    process = start(library, disk, "-P", "-m", "workbench.cli", "-w", str(root), "import", source, "--no-ocr")
    try:
        process.communicate(timeout=cut)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    with closing(Workspace.open(power_cut.after_cut(root, disk, tmp_path / "found"))) as workspace:
        with workspace.db.read() as connection:
            numbers = document_list.ids(connection)
            contents = [documents.open_document(connection, number) for number in numbers]
        for content in contents:
            for page in content.pages:
                if page.picture:
                    assert workspace.files.picture(page.picture).stat().st_size, page.picture
        for original in workspace.files.originals.iterdir():
            if not original.name.startswith("."):
                assert digest_of(original) == original.stem
        assert process.returncode or len(numbers) == 30


FINISH = """
import sys
from pathlib import Path
from tests.support import workspaces
from workbench.workspace import Workspace
workspaces.finished_run(Workspace.open(Path(sys.argv[1])), Path(sys.argv[2]), name="first")
"""


def test_a_run_that_was_collected_has_its_model_predictions_and_report(library: Path, tmp_path: Path) -> None:
    root, disk = tmp_path / "ws", tmp_path / "disk"
    workspaces.workspace(root).close()
    power_cut.flushed(root, disk)
    process = start(library, disk, "-c", FINISH, str(root), str(tmp_path))
    process.communicate(timeout=60)
    assert process.returncode == 0
    with closing(Workspace.open(power_cut.after_cut(root, disk, tmp_path / "found"))) as workspace:
        with workspace.db.read() as connection:
            (run,) = runs.listed(connection)
        assert run.state is RunState.FINISHED
        before, after = (RunFolder(folder / "runs" / run.id) for folder in (root, workspace.files.root))
        for path in (before.request, before.report, before.predictions, before.events, *before.model.iterdir()):
            found = after.path / path.relative_to(before.path)
            assert found.read_bytes() == path.read_bytes(), path.name
