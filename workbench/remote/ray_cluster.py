"""A Ray cluster as a target: what it has, and the connection to it.

python -P -m workbench.remote.ray_cluster ADDRESS [WORKSPACE]     what the cluster has, as a line of JSON
"""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from storage.exceptions import MissingTool
from storage.files import draft_folder
from workbench.remote.line import TargetProblem
from workbench.runs import machine
from workbench.settings import Target

_LOOK_SECONDS = 120.0
_REACH_SECONDS = 5.0
_CLIENT = "ray://"  # how an address begins by which a cluster is reached from outside
_TRIES = 3  # of such a connection


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What a cluster has: nodes that live, their cores and GPUs, and how a worker that asks for no less is placed."""

    nodes: int
    cpus: float
    gpus: float
    worker_cpus: int
    """Cores of the largest node, for each of its GPUs where it has some."""
    blind: int | None = None
    """Nodes that do not see the workspace's folder; None where that was not asked."""

    @property
    def workers(self) -> int:
        """How many workers of that size work at a time."""
        return max(1, int(self.gpus or self.cpus // self.worker_cpus))

    @property
    def device(self) -> str:
        return "cuda" if self.gpus else "cpu"


def look(target: Target, workspace: Path | None = None) -> ClusterFacts:
    """What a cluster has, found out in a process of its own: Ray's threads are none of a terminal's.

    Args:
        target: the cluster.
        workspace: a folder that each node is asked for.

    Raises:
        TargetProblem: it cannot be reached, or has another version of Ray or Python.
        MissingTool: Ray is not installed here.
    """
    folder = [] if workspace is None else [str(workspace)]
    command = machine.python("workbench.remote.ray_cluster", target.address, *folder)
    try:
        asked = subprocess.run(command, capture_output=True, timeout=_LOOK_SECONDS, check=False)
        answer = json.loads(asked.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise _unreachable(target, "it does not answer") from error
    if "message" in answer:
        raise (MissingTool if answer["is_missing"] else TargetProblem)(answer["message"], answer["remedy"])
    return ClusterFacts(**answer)


@contextmanager
def connected(target: Target) -> Iterator[Any]:
    """The module `ray`, connected to the target's cluster.

    Raises:
        TargetProblem: it cannot be reached, has another version of Ray or Python, or was lost.
        MissingTool: Ray is not installed here.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine
    try:
        import ray
    except ImportError as error:
        raise MissingTool("Ray is not installed.", "pip install 'invoice-workbench[ray]'") from error
    address = target.address.partition(":")[2] or "auto"
    try:
        _reach(address)
        _connect(ray, address)
    except (OSError, RuntimeError, ValueError) as error:  # a ConnectionError is an OSError
        raise _unreachable(target, " ".join(str(error).split())[:300]) from error
    try:
        yield ray
    except _line_errors() as error:
        raise TargetProblem(
            f"The line to the Ray cluster {target.name or target.address} broke.",
            "Resume the run: it goes on from its last checkpoint.",
        ) from error
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    """Connect to a cluster; from outside of it Ray's server of the connection now and then ends as it starts."""
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False}
    for _ in range(_TRIES - 1 if address.startswith(_CLIENT) else 0):
        try:
            ray.init(address=address, **options)
            return
        except ConnectionAbortedError:
            ray.shutdown()
    ray.init(address=address, **options)


def _line_errors() -> tuple[type[Exception], ...]:
    """What Ray's client raises (ray://…) where it has lost its server."""
    try:
        from grpc import RpcError
    except ImportError:
        return (ConnectionError,)
    return (ConnectionError, RpcError)


def _reach(address: str) -> None:
    """See that a cluster's port answers: Ray itself would try for minutes.

    Raises:
        OSError: it does not.
        ValueError: it is no address.
    """
    if address != "auto":
        host, _, port = address.removeprefix(_CLIENT).rpartition(":")
        if not (host and port.isdigit()):
            raise ValueError(f"{address} is not HOST:PORT")
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_SECONDS).close()


def _unreachable(target: Target, reason: str) -> TargetProblem:
    return TargetProblem(
        f"The Ray cluster {target.name or target.address} cannot be used: {reason}.",
        "Start one with `ray start --head`, the same versions of Ray, Python and invoice-workbench on every node; "
        "its address is ray:HOST:PORT.",
    )


def facts_of(ray: Any) -> ClusterFacts:
    """What the cluster has that Ray is connected to."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus, gpus = (sum(node.get(kind, 0) for node in nodes) for kind in ("CPU", "GPU"))
    largest = max((node.get("CPU", 0) // max(1, node.get("GPU", 0)) for node in nodes), default=0)
    return ClusterFacts(len(nodes), cpus, gpus, max(1, int(largest)))


def blind(ray: Any, target: Target, workspace: Path) -> int:
    """How many nodes do not see a folder: each is asked for what was just made in it.

    Raises:
        TargetProblem: a node does not answer.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in ray.nodes() if node["Alive"]]
    sees = ray.remote(num_cpus=0)(_sees)
    with draft_folder(workspace, ".seen.") as mark:
        asked = [sees.options(scheduling_strategy=node).remote(str(mark)) for node in nodes]
        try:
            return sum(not answer for answer in ray.get(asked, timeout=_LOOK_SECONDS / 2))
        except ray.exceptions.RayError as error:
            raise _unreachable(target, "a node does not answer") from error


def _sees(path: str) -> bool:
    return Path(path).is_dir()


def main(arguments: list[str]) -> int:
    """Print what a cluster has, or what is wrong with it."""
    target = Target(arguments[0])
    try:
        with connected(target) as ray:
            unseeing = blind(ray, target, Path(arguments[1])) if arguments[1:] else None
            answer: dict[str, Any] = asdict(replace(facts_of(ray), blind=unseeing))
    except MissingTool as problem:  # a TargetProblem is one
        is_missing = not isinstance(problem, TargetProblem)
        answer = {"message": problem.message, "remedy": problem.remedy, "is_missing": is_missing}
    with suppress(BrokenPipeError):
        print(json.dumps(answer))  # noqa: T201 (its answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
