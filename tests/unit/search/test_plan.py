"""What is refused before a search begins, and that one damaged search leaves the others in the list."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from storage.exceptions import InputProblem
from storage.records import Side
from tests.support import sample_documents
from workbench.commands import searches as command
from workbench.runs.config.files import apply_sets
from workbench.runs.config.tune import TuneConfig
from workbench.search import plan, space
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return sample_documents.divided(tmp_path / "shop", {Side.TRAIN: 2, Side.VALIDATION: 1})


def test_a_base_that_no_run_could_use_begins_no_search(workspace: Workspace) -> None:
    with pytest.raises(InputProblem, match="no model folder"):
        plan.prepare(workspace, apply_sets(TuneConfig(), ["model.name=../../etc"]), (), trials=1)
    varied = space.space_of(["model.name=../../etc,/etc"], TuneConfig())
    with pytest.raises(InputProblem, match="no model folder"):
        plan.prepare(workspace, TuneConfig(), varied, trials=1)
    assert plan.listed(workspace) == []


def test_a_damaged_search_leaves_the_others_in_the_list(workspace: Workspace) -> None:
    whole = plan.prepare(workspace, TuneConfig(), (), trials=3, name="whole")
    for name, content in (("torn", whole.plan.read_text()[:50]), ("deep", "[" * 5000)):
        (whole.path.parent / name).mkdir()
        (whole.path.parent / name / "plan.json").write_text(content)
    (whole.path.parent / "gone").mkdir()
    (whole.path.parent / "gone" / "plan.json").symlink_to("nowhere")
    context = SimpleNamespace(open_workspace=lambda: Workspace.open(workspace.files.root))
    done = CliRunner().invoke(command.list_, [], obj=context)
    assert done.exit_code == 0, done.output
    states = {line.split()[0]: line.split()[1] for line in done.output.splitlines()[2:]}
    assert states == {"whole": "interrupted", "torn": "damaged", "deep": "damaged"}
