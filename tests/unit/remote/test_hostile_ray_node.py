"""A node of a Ray cluster that sends without end fills neither the disk nor the run's log here."""

from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from storage import events
from workbench.remote import answers, ray_travel
from workbench.remote.line import TargetProblem
from workbench.remote.ray_node import Heard
from workbench.runs.state import RunFolder
from workbench.settings import Target

Usage = namedtuple("Usage", "free")


class Ray:
    """Ray, as far as a journey asks it: what is asked for is there at once."""

    def wait(self, tasks: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        return tasks, []

    def get(self, task: Any) -> Any:
        return task


class Method:
    """A method of an actor on a node, that answers the same each time."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def remote(self, *_: Any) -> Any:
        return self._answer


class Node:
    """One that says and sends the same again and again."""

    def __init__(self, heard: Heard) -> None:
        self.hear = Method(heard)
        self.offer, self.give = Method({"model": "00"}), Method([("model", 0, bytes(1 << 16))])


@pytest.fixture
def journey_with(tmp_path: Path) -> Any:
    writer = events.EventWriter(tmp_path / "events.jsonl")

    def make(**parts: Any) -> ray_travel.Journey:
        heard = Heard(**({"events": [], "log": "", "training": False, "ended": False, "failed": False} | parts))
        target = Target("ray:box:1", "", "box")
        return ray_travel.Journey(Ray(), target, RunFolder(tmp_path), writer, [Node(heard)])

    yield make
    writer.close()


@pytest.mark.parametrize("heard", [{"log": "x" * 10_000}, {"events": ['{"type": "note", "message": "x"}'] * 300}])
def test_events_or_a_log_without_end_end_the_run(
    journey_with: Any, tmp_path: Path, heard: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MOST_HEARD_BYTES", 100_000)
    monkeypatch.setattr(ray_travel, "LOOK_SECONDS", 0.0)
    with pytest.raises(TargetProblem, match="without end"):
        journey_with(**heard)._follow()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 300_000


def test_results_without_end_are_ended_before_the_disk_is_full(
    journey_with: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_travel, "disk_usage", lambda _: Usage(ray_travel._SPARE_BYTES + (1 << 20)))
    with pytest.raises(TargetProblem, match="more than there is space for"):
        journey_with()._fetch_results()
    assert not (tmp_path / ".results").exists()
