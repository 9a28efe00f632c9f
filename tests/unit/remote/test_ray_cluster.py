"""A Ray cluster as a target, on a machine where Ray is not installed."""

import sys

import pytest

from storage.exceptions import ConfigProblem, MissingTool
from workbench.remote import ray_cluster
from workbench.remote.line import TargetProblem, line_to
from workbench.settings import Settings, Target


@pytest.mark.parametrize("address", ["ray", "ray:10.0.0.5:6379"])
def test_an_address_of_a_cluster_needs_no_name_and_no_ssh(address: str) -> None:
    target = Settings().target(address)
    assert target == Target(address) and target.is_ray and not Target("ssh:ray").is_ray
    with pytest.raises(ConfigProblem):
        line_to(target)
    with pytest.raises(ConfigProblem, match="no target 'rays'"):
        Settings().target("rays")


def test_without_ray_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingTool, match="not installed") as refused, ray_cluster.connected(Target("ray")):
        pass
    assert "invoice-workbench[ray]" in refused.value.remedy


class _Ray:
    """What of Ray a connection needs.

    Args:
        failures: how many connections end as they start.
    """

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.tried = failures, 0

    def init(self, **options: object) -> None:
        self.tried += 1
        if self.tried <= self.failures:
            raise ConnectionAbortedError("Starting Ray client server failed.")

    def shutdown(self) -> None: ...


def test_a_connection_from_outside_that_ends_as_it_starts_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "_reach", lambda address: None)
    for address, failures, tried in (("ray:ray://h:1", 2, 3), ("ray:ray://h:1", 3, 3), ("ray:h:1", 1, 1)):
        ray = _Ray(failures)
        monkeypatch.setitem(sys.modules, "ray", ray)
        try:
            with ray_cluster.connected(Target(address)):
                assert failures == 2
        except TargetProblem as problem:
            assert failures != 2 and "client server failed" in problem.message
        assert ray.tried == tried


def test_a_cluster_with_another_python_is_named_with_what_is_to_be_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(self: _Ray, **options: object) -> None:
        raise RuntimeError("Version mismatch: The cluster was started with:\n    Python: 3.12.1")

    monkeypatch.setattr(_Ray, "init", init)
    monkeypatch.setattr(ray_cluster, "_reach", lambda address: None)
    monkeypatch.setitem(sys.modules, "ray", _Ray())
    with pytest.raises(TargetProblem, match=r"Python: 3\.12\.1") as refused, ray_cluster.connected(Target("ray:h:1")):
        pass
    assert "the same versions of Ray, Python" in refused.value.remedy


def test_a_client_that_loses_its_cluster_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    grpc = pytest.importorskip("grpc")
    monkeypatch.setitem(sys.modules, "ray", _Ray())
    for error in (grpc.RpcError("Failed to serialize response!"), ConnectionError("Unrecoverable error")):
        with pytest.raises(TargetProblem, match="broke") as lost, ray_cluster.connected(Target("ray", name="cluster")):
            raise error
        assert "Resume" in lost.value.remedy
