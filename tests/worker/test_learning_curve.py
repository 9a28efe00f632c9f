"""Parts of the data are trained as runs of one group, once, and the Doctor forecasts from them."""

from storage import runs
from tests.support import tiny_model, workspaces
from workbench.evaluation import comparison, learning_curve_runs
from workbench.evaluation.doctor import consultation
from workbench.runs import jobs
from workbench.runs.progress import trained_on


def test_the_missing_parts_are_trained_once_and_carry_a_forecast(tmp_path):
    workspace = workspaces.workspace(tmp_path / "shop")
    config = workspaces.config(tiny_model.base(tmp_path, "layoutlm"), num_train_epochs=1)
    run = jobs.prepare(workspace, config, name="whole")
    jobs.start(workspace, run.id)
    run = jobs.wait(workspace, run.id)
    progress = []
    parts = learning_curve_runs.train(workspace, run, lambda name, share: progress.append((name, share)))
    assert [trained_on(workspace.files.run(part.id)) for part in parts] == [2, 5, 8]
    assert {part.batch for part in parts} == {f"curve-{run.id}"} and progress[-1] == ("whole 75%", 1.0)
    again = learning_curve_runs.train(workspace, run)
    assert [part.id for part in again] == [part.id for part in parts]
    with workspace.db.read() as connection:
        assert len(runs.listed(connection)) == 4
    together = [run, *parts]
    points = consultation.points(workspace, together, comparison.as_evaluated(workspace, together), run)
    assert sorted(labels for labels, _ in points["all fields"]) == [2, 5, 8, 10]
    workspace.close()
