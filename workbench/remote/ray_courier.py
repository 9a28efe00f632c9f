"""Has a Ray cluster carry a run out: its worker is a task on some node, in the run's folder on the shared storage.

So events, wishes and results need no courier's help; this process holds the run here, and ends the task where it is
killed. A node that is lost costs the work since the last checkpoint: the task is begun again on another.
"""

import subprocess
import time
from pathlib import Path
from typing import Any

from storage import locks
from workbench import __version__, lifeline
from workbench.remote import ray_cluster
from workbench.remote.line import TargetProblem
from workbench.runs import machine
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.settings import Target

_TRIES = 3
"""Nodes that may be lost under one run."""
_LOOK_SECONDS = 0.3
_END_SECONDS = 20.0


def carry_out(folder: RunFolder, target: Target) -> None:
    """Have a run carried out, and wait for its end.

    Raises:
        TargetProblem: the cluster cannot be reached, or no node could carry it out.
        MissingTool: Ray is not installed here.
    """
    request = Request.read(folder.path)
    with ray_cluster.connected(target) as ray:
        facts = ray_cluster.facts_of(ray)
        cpus = max(1, min(request.threads or facts.largest_node_cpus, facts.largest_node_cpus))
        gpus = 1 if facts.gpus and request.config.train.device in ("auto", "cuda") else 0
        task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=_TRIES)(_work)
        running = task.remote(str(folder.path), __version__, cpus)
        while not ray.wait([running], timeout=_LOOK_SECONDS)[0]:
            is_unwanted = folder.stop.exists() and not locks.held(folder.lock)  # it has not begun yet
            if is_unwanted or folder.killed.exists():
                _end(ray, running, folder)
                return
        try:
            problem = ray.get(running)
        except ray.exceptions.RayError as error:
            raise TargetProblem(
                f"No node of {target.name or target.address} could carry the run out: "
                f"{' '.join(str(error).split())[:300]}", "Resume the run: it goes on from its last checkpoint."
            ) from error  # fmt: skip
    if problem:
        raise TargetProblem(problem, "Have the same folder and the same version of the program on every node.")


def _end(ray: Any, running: Any, folder: RunFolder) -> None:
    """Kill the task, and the worker with it."""
    folder.killed.touch()
    ray.cancel(running, force=True)
    until = time.monotonic() + _END_SECONDS
    while locks.held(folder.lock) and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)


def _work(path: str, version: str, threads: int) -> str:
    """On a node: the run's worker, which ends with this process. What is wrong with the node; "" for nothing."""
    folder = RunFolder(Path(path))
    if not folder.request.is_file():
        return f"A node of the cluster does not see {path}."
    if version != __version__:
        return f"A node of the cluster has version {__version__}, here is {version}."
    with folder.log.open("ab") as log:
        child = lifeline.start(
            machine.python(machine.WORKER, path), cwd=path, env=machine.worker_environment(threads),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    child.wait()
    return ""  # what became of the run is in its events
