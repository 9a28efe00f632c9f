"""Has a Ray cluster carry a run out: its workers are tasks on some nodes, in the run's folder on the shared storage.

So events, wishes and results need no courier's help; this process holds the run here, and ends the task where it is
killed. A node that is lost costs the work since the last checkpoint: the task is begun again on another. A run of
several processes is Ray Train's, and documents that a model only reads are blocks of Ray Data. What comes to a node
which does not see the storage is carried there (`ray_travel`, `ray_readers`).
"""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from storage import events, locks
from storage.files import read_regular, write_atomic
from workbench import __version__
from workbench.remote import ray_blocks, ray_cluster, ray_readers, ray_travel, ray_work
from workbench.remote.line import TargetProblem
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.settings import Target

_LOOK_SECONDS = 0.3
_END_SECONDS = 20.0


class NotSeen(TargetProblem):
    """A node does not see the workspace's folder."""


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
    train = request.config.train
    with ray_cluster.connected(target) as ray:
        facts = ray_cluster.facts_of(ray)
        processes = train.processes if request.task == "train" else 1
        shares = slots * processes if request.task == "train" else 1
        threads = max(1, min(int(facts.cpus) // shares, facts.worker_cpus))  # not this machine's
        gpus = gpus_asked(request, target, facts)
        request = without_gpu(request) if target.gpus == 0 else request  # Ray shows a task that asks for none all
        request = request.model_copy(update={"threads": threads})
        write_atomic(folder.request, request.text())
        if gpus and not facts.gpus:
            with events.EventWriter(folder.events) as writer:
                writer.write("note", message=f"It waits for a GPU: {target.name or target.address} has none now.")
        if request.task != "train":
            _read(ray, target, folder, facts, threads, gpus)
            return

        def is_unwanted() -> bool:
            has_begun = locks.held(folder.lock)  # then the worker itself obeys a wish to stop
            return folder.killed.exists() or (folder.stop.exists() and not has_begun)

        mark = read_regular(folder.target).decode()
        if processes > 1 and ray_cluster.blind(ray, target, folder.path):
            _send(ray, target, folder, threads, gpus, processes)
            return
        if processes > 1:
            task = ray.remote(num_cpus=0, max_retries=ray_work.TRIES)(ray_work.together)
            begun = task.remote(str(folder.path), __version__, threads, mark, gpus, processes)
        else:
            task = ray.remote(num_cpus=threads, num_gpus=gpus, max_retries=ray_work.TRIES)(ray_work.alone)
            begun = task.remote(str(folder.path), __version__, threads, mark)
        try:
            if not _wait(ray, target, begun, [folder], is_unwanted):
                folder.killed.touch()
        except NotSeen:
            _send(ray, target, folder, threads, gpus, processes)
        finally:
            shutil.rmtree(folder.path / ray_work.RAYS_OWN, ignore_errors=True)


def gpus_asked(request: Request, target: Target, facts: ray_cluster.ClusterFacts) -> float:
    """How many GPUs Ray is asked for by each process of a run, or each reader; a share lets several runs have one.

    Args:
        request: of the run.
        target: the cluster, and what it says of GPUs.
        facts: what the cluster has.

    Raises:
        TargetProblem: the run needs one, and the target gives none.
    """
    if request.config.train.device == "cuda" and target.gpus == 0:
        raise TargetProblem(
            f"The run needs a GPU (train.device), and {target.name or target.address} gives none (gpus = 0).",
            "Change one of the two.",
        )
    if request.config.train.device not in ("auto", "cuda"):
        return 0
    is_trained, share = request.task == "train", target.gpus
    if share is None or not is_trained:
        return 1 if facts.gpus else 0
    # NCCL refuses two processes of a run on one GPU
    return math.ceil(share) if request.config.train.processes > 1 else share


def without_gpu(request: Request) -> Request:
    """A request that is carried out on cores, whatever its node has."""
    train = request.config.train.model_copy(update={"device": "cpu"})
    return request.model_copy(update={"config": request.config.model_copy(update={"train": train})})


def _send(ray: Any, target: Target, folder: RunFolder, threads: int, gpus: float, processes: int) -> None:
    """Have a run carried out on nodes that do not see it."""
    with _no_node(target, ray.exceptions.RayError):
        ray_travel.carry_out(ray, target, folder, threads, gpus, processes, ray_work.TRIES)


@contextmanager
def _no_node(target: Target, kind: type[Exception]) -> Iterator[None]:
    """What Ray says where a run is not carried out, in the words of this program.

    Raises:
        TargetProblem: no node could carry it out.
    """
    try:
        yield
    except kind as error:
        reason = " ".join(str(error).split())[:300]
        raise TargetProblem(
            f"No node of {target.name or target.address} could carry the run out: {reason}",
            "Resume the run: it goes on from its last checkpoint.",
        ) from error


def _read(
    ray: Any, target: Target, folder: RunFolder, facts: ray_cluster.ClusterFacts, threads: int, gpus: float
) -> None:
    """Have readers score a run's pool in blocks, and join their results."""
    began = time.monotonic()
    with ray_blocks.place(folder) as where, events.EventWriter(folder.events) as writer:
        blocks = ray_blocks.divided(folder, facts.workers, where)

        def goes_no_further() -> bool:
            writer.write("predicting", done=ray_blocks.done(blocks), total=ray_blocks.total(blocks))
            return folder.killed.exists()

        task = ray.remote(num_cpus=0, max_retries=ray_work.TRIES)(ray_work.blocks)
        begun = task.remote([str(block.path) for block in blocks], __version__, threads, gpus, facts.workers)
        try:
            is_read = _wait(ray, target, begun, blocks, goes_no_further)
        except NotSeen:
            with _no_node(target, ray.exceptions.RayError):
                is_read = ray_readers.read(
                    ray, target, blocks, threads, gpus, facts.workers, ray_work.TRIES, goes_no_further
                )
        if is_read:
            ray_blocks.join(folder, blocks)
            for block in blocks:
                shutil.rmtree(block.path, ignore_errors=True)
            writer.write("finished", state="finished", seconds=time.monotonic() - began, f1=None, epochs=0)


def _wait(ray: Any, target: Target, task: Any, folders: Sequence[RunFolder], is_unwanted: Callable[[], bool]) -> bool:
    """Wait for a task's end; False where it was ended before.

    Args:
        ray: connected.
        target: the cluster.
        task: that was begun; it gives what is wrong with a node, "" for nothing.
        folders: whose locks its workers hold.
        is_unwanted: asked all the time: whether it is to be ended.

    Raises:
        NotSeen: the task came to a node that does not see the workspace.
        TargetProblem: no node could carry it out.
    """
    while not ray.wait([task], timeout=_LOOK_SECONDS)[0]:
        if is_unwanted():
            ray.cancel(task, force=True)
            until = time.monotonic() + _END_SECONDS
            while any(locks.held(folder.lock) for folder in folders) and time.monotonic() < until:
                time.sleep(_LOOK_SECONDS)
            return False
    with _no_node(target, ray.exceptions.RayError):
        problem = ray.get(task)
    if problem.startswith(ray_work.NOT_SEEN):
        raise NotSeen(problem, "Have the workspace's folder at the same place on every node.")
    if problem:
        raise TargetProblem(problem, "Have the same folder and the same version of the program on every node.")
    return True
