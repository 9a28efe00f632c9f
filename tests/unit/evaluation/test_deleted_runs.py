"""Runs that are deleted by another process while the Doctor reads them."""

from pathlib import Path

from storage import runs
from tests.support import workspaces
from workbench.evaluation.comparison import Figure
from workbench.evaluation.doctor import consultation


def test_a_run_whose_report_is_deleted_while_the_doctor_reads_adds_nothing_to_the_forecast(tmp_path: Path) -> None:
    workspace = workspaces.with_weak_and_strong(tmp_path / "ws")
    with workspace.db.read() as connection:
        ended = runs.listed(connection)
    figures = {run.id: Figure(0.5, "test", frozenset({("one", 1)})) for run in ended}  # read just before
    for run in ended:
        folder = workspace.files.run(run.id)
        (folder / "report.json").unlink()
        with (folder / "events.jsonl").open("a") as events:
            events.write('{"type": "prepared", "time": 1.0, "documents": {"train": 10}}\n')
    points = consultation.points(workspace, ended, figures, ended[0])
    assert set(points) == {"all fields"}
    workspace.close()
