"""How many GPUs Ray is asked for: one a run, a share of one, or none. No Ray and no GPU is needed to see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage import events
from storage.exceptions import ConfigProblem
from tests.support import workspaces
from workbench import settings
from workbench.remote import ray_cluster, ray_courier
from workbench.remote.courier import Courier
from workbench.remote.line import TargetProblem
from workbench.remote.ray_cluster import ClusterFacts
from workbench.runs import jobs
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.settings import Settings, Target

CLUSTER = ClusterFacts(nodes=2, cpus=16, gpus=2, worker_cpus=8)


class Asked:
    """Ray as far as a run is begun with it: keeps what it is asked for, and the task ends at once."""

    class exceptions:  # noqa: N801 - Ray's name
        RayError = RuntimeError

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.arguments: tuple[Any, ...] = ()

    def remote(self, **options: Any) -> Any:
        self.options = options
        return lambda function: self._begun()

    def _begun(self) -> Any:
        def remote(*arguments: Any) -> str:
            self.arguments = arguments
            return "task"

        return type("Task", (), {"remote": staticmethod(remote)})

    def wait(self, tasks: list[str], timeout: float) -> tuple[list[str], list[str]]:
        return tasks, []

    def get(self, task: str) -> str:
        return ""


def carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Target, facts: ClusterFacts = CLUSTER, **train: Any
) -> tuple[Asked, RunFolder]:
    """What Ray was asked for by a run for a target, and the run's folder."""
    asked = Asked()

    @contextmanager
    def connected(target: Target) -> Iterator[Asked]:
        yield asked

    monkeypatch.setattr(ray_cluster, "connected", connected)
    monkeypatch.setattr(ray_cluster, "facts_of", lambda ray: facts)
    monkeypatch.setattr(ray_cluster, "blind", lambda ray, target, path: 0)
    workspace = workspaces.workspace(tmp_path / "ws")
    run = jobs.prepare(workspace, workspaces.config(tmp_path, **({"device": "auto"} | train)), on=target)
    folder = RunFolder(workspace.files.run(run.id))
    courier = Courier(folder.path, 4)
    courier.writer.close()
    ray_courier.carry_out(folder, courier.target, 4)
    workspace.close()
    return asked, folder


@pytest.mark.parametrize(
    ("gpus", "facts", "wanted"),
    [
        (None, CLUSTER, 1),
        (None, ClusterFacts(1, 8, 0, 8), 0),
        (0.25, CLUSTER, 0.25),
        (1.0, CLUSTER, 1.0),
        (0.0, CLUSTER, 0),
        (0.5, ClusterFacts(1, 8, 0, 8), 0.5),
    ],
)
def test_a_run_asks_for_the_gpus_that_its_target_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpus: float | None, facts: ClusterFacts, wanted: float
) -> None:
    asked, folder = carried_out(tmp_path, monkeypatch, Target("ray", gpus=gpus), facts)
    assert asked.options["num_gpus"] == wanted
    device = Request.read(folder.path).config.train.device
    assert device == ("cpu" if gpus == 0 else "auto"), "Ray hides no GPU from a task that asks for none"
    notes = [event["message"] for event in events.iterate(folder.events) if event["type"] == "note"]
    assert any("waits for a GPU" in note for note in notes) == bool(wanted and not facts.gpus)


def test_each_of_several_processes_has_a_gpu_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = carried_out(tmp_path, monkeypatch, Target("ray", gpus=0.5), processes=2)
    *_, gpus, processes = asked.arguments
    assert (gpus, processes) == (1, 2)


def test_a_run_that_stays_on_cores_or_must_not_is_told_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, _ = carried_out(tmp_path / "a", monkeypatch, Target("ray", gpus=0.5), device="cpu")
    assert asked.options["num_gpus"] == 0
    request = Request.read(carried_out(tmp_path / "b", monkeypatch, Target("ray"))[1].path)
    needs = request.config.model_copy(update={"train": request.config.train.model_copy(update={"device": "cuda"})})
    with pytest.raises(TargetProblem, match="gives none"):
        ray_courier.gpus_asked(request.model_copy(update={"config": needs}), Target("ray", gpus=0), CLUSTER)
    reads = request.model_copy(update={"task": "score"})
    assert ray_courier.gpus_asked(reads, Target("ray", gpus=0.5), CLUSTER) == 1, "a reader has a whole one"


def test_gpus_of_a_target_are_read_and_what_cannot_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "workbench.toml"
    path.write_text('[targets.cluster]\naddress = "ray:10.0.0.5:6379"\ngpus = 0.5\n')
    known = settings.read(path)
    assert known.target("cluster").gpus == 0.5 and known.target("cluster", 0.25).gpus == 0.25
    path.write_text('[targets.cluster]\naddress = "ray"\ngpus = 2\n')
    with pytest.raises(ConfigProblem, match="gpus"):
        settings.read(path)
    path.write_text('[targets.box]\naddress = "ssh:me@box"\ngpus = 1\n')
    with pytest.raises(ConfigProblem, match="no Ray cluster"):
        settings.read(path)
    for wrong in (-1.0, 4.0, float("nan")):
        with pytest.raises(ConfigProblem, match="cannot be asked for"):
            Settings().target("ray", wrong)
