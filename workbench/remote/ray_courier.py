"""Has a Ray cluster carry a run out: its worker is a task on some node, in the run's folder on the shared storage.

So events, wishes and results need no courier's help; this process holds the run here, and ends the task where it is
killed. A node that is lost costs the work since the last checkpoint: the task is begun again on another. Documents that
a model only reads are as many tasks as there are blocks of them.
"""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from storage import events, locks
from storage.files import write_atomic
from workbench import __version__, lifeline
from workbench.remote import ray_blocks, ray_cluster
from workbench.remote.line import TargetProblem
from workbench.runs import machine
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.settings import Target

_TRIES = 3
"""Nodes that may be lost under one run."""
_LOOK_SECONDS = 0.3
_END_SECONDS = 20.0


def carry_out(folder: RunFolder, target: Target, slots: int) -> None:
    """Have a run carried out, and wait for its end.

    Args:
        folder: of the run.
        target: the cluster.
        slots: how many runs share its cores; a block of documents that are only read takes a node's, or a GPU's.

    Raises:
        TargetProblem: the cluster cannot be reached, or no node could carry it out.
        RunProblem: documents could not be read; the message is the worker's.
        MissingTool: Ray is not installed here.
    """
    request = Request.read(folder.path)
    with ray_cluster.connected(target) as ray:
        facts = ray_cluster.facts_of(ray)
        shares = slots if request.task == "train" else 1
        threads = max(1, min(int(facts.cpus) // shares, facts.worker_cpus))  # not this machine's
        request = request.model_copy(update={"threads": threads})
        write_atomic(folder.request, request.text())
        if request.task == "train":

            def is_unwanted() -> bool:
                has_begun = locks.held(folder.lock)  # then the worker itself obeys a wish to stop
                return folder.killed.exists() or (folder.stop.exists() and not has_begun)

            if not _run(ray, target, facts, request, [folder], is_unwanted):
                folder.killed.touch()
            return
        began, blocks = time.monotonic(), ray_blocks.divided(folder, facts.workers)
        with events.EventWriter(folder.events) as writer:

            def goes_no_further() -> bool:
                writer.write("predicting", done=ray_blocks.done(blocks), total=ray_blocks.total(blocks))
                return folder.killed.exists()

            if _run(ray, target, facts, request, blocks, goes_no_further):
                ray_blocks.join(folder, blocks)
                writer.write("finished", state="finished", seconds=time.monotonic() - began, f1=None, epochs=0)


def _run(
    ray: Any, target: Target, facts: ray_cluster.ClusterFacts, request: Request, folders: Sequence[RunFolder],
    is_unwanted: Callable[[], bool],
) -> bool:  # fmt: skip
    """Have workers carry run folders out, each as a task; False where they were ended before.

    Args:
        ray: connected.
        target: the cluster.
        facts: of it.
        request: of the run that the folders are, or are parts of.
        folders: of the tasks.
        is_unwanted: asked all the time: whether they are to be ended.

    Raises:
        TargetProblem: no node could carry one out.
    """
    cpus = request.threads or 1
    gpus = 1 if facts.gpus and request.config.train.device in ("auto", "cuda") else 0
    task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=_TRIES)(_work)
    tasks = [task.remote(str(folder.path), __version__, cpus) for folder in folders]
    left = tasks
    while left:
        _, left = ray.wait(left, num_returns=len(left), timeout=_LOOK_SECONDS)
        if left and is_unwanted():
            _end(ray, left, folders)
            return False
    try:
        problems = [problem for problem in ray.get(tasks) if problem]
    except ray.exceptions.RayError as error:
        reason = " ".join(str(error).split())[:300]
        raise TargetProblem(
            f"No node of {target.name or target.address} could carry the run out: {reason}",
            "Resume the run: it goes on from its last checkpoint.",
        ) from error
    if problems:
        raise TargetProblem(problems[0], "Have the same folder and the same version of the program on every node.")
    return True


def _end(ray: Any, tasks: Sequence[Any], folders: Sequence[RunFolder]) -> None:
    """Kill tasks, and their workers with them."""
    for task in tasks:
        ray.cancel(task, force=True)
    until = time.monotonic() + _END_SECONDS
    while any(locks.held(folder.lock) for folder in folders) and time.monotonic() < until:
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
