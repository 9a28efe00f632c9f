"""What runs on the nodes of a Ray cluster: the program's own workers, one, several that train together, or one a block.

    alone(RUN)          one worker carries the run out; where its node does not see the folder, `ray_travel` sends it
    together(RUN)       Ray Train gathers so many workers, on one node or several, and each is a process of the run
    blocks(BLOCKS)      Ray Data gives blocks of documents to as many readers as there is space for

The last two only coordinate and take no core. Each gives what is wrong with a node, "" for nothing: what became of a
run is in its events.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage import locks
from storage.files import read_regular
from workbench import __version__, lifeline
from workbench.files.typed_paths import expanded
from workbench.remote import ray_blocks
from workbench.runs import machine
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder

TRIES = 3
"""Nodes that may be lost under one run, or one block."""
NOT_SEEN = "A node of the cluster does not see "
"""What is wrong with a node that has not the workspace's folder."""
RAYS_OWN = "ray"
"""The folder in a run's that Ray Train keeps its own state in while the run is trained."""


def alone(path: str, version: str, threads: int, mark: str, **variables: str) -> str:
    """A worker carries a run folder out; it ends with this process.

    Args:
        path: of the folder.
        version: of the program that asks.
        threads: that the worker may use.
        mark: what the folder's `target.json` says, which no other folder's does.
        variables: of its environment.
    """
    folder = RunFolder(Path(path))
    if not (folder.target.is_file() and read_regular(folder.target) == mark.encode()):
        return f"{NOT_SEEN}{path}."
    if problem := _problem(folder, version):
        return problem
    with locks.open_own(folder.log, "ab") as log:
        child = lifeline.start(
            machine.python(machine.WORKER, path), cwd=path, env=machine.worker_environment(threads) | variables,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    child.wait()
    return ""


def _problem(folder: RunFolder, version: str) -> str:
    """What is wrong with this node."""
    if not folder.request.is_file():
        return f"{NOT_SEEN}{folder.path}."
    request = Request.read(folder.path)
    model = expanded(request.model or request.config.model.name)
    if model.is_absolute() and not model.is_dir():
        return f"{NOT_SEEN}{model}."
    if version != __version__:
        return f"A node of the cluster has version {__version__}, here is {version}."
    return ""


def together(path: str, version: str, threads: int, mark: str, gpus: float, processes: int) -> str:
    """Several workers train one run: all or none, and begun again from the last checkpoint where one's node is lost.

    Args:
        path: of the run's folder.
        version: of the program that asks.
        threads: that each may use.
        mark: of the folder, as `alone` wants it.
        gpus: of each.
        processes: how many.
    """
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    trainer = TorchTrainer(
        _process,
        train_loop_config={"path": path, "version": version, "threads": threads, "mark": mark},
        torch_config=TorchConfig(backend="gloo"),  # for the address of the first; the run's processes have their own
        scaling_config=ScalingConfig(
            num_workers=processes, use_gpu=bool(gpus), resources_per_worker={"CPU": threads, "GPU": gpus}
        ),
        run_config=RunConfig(storage_path=str(Path(path) / RAYS_OWN), failure_config=FailureConfig(max_failures=TRIES)),
    )
    trainer.fit()
    return ""


def _process(facts: Mapping[str, Any]) -> None:
    """On a node: one of the processes of a run.

    Raises:
        RuntimeError: something is wrong with this node.
    """
    from ray.train import get_context
    from ray.train.collective import broadcast_from_rank_zero
    from ray.util import get_node_ip_address

    context = get_context()
    is_first = context.get_world_rank() == 0
    first = broadcast_from_rank_zero((get_node_ip_address(), machine.free_port()) if is_first else None)
    variables = {
        "RANK": context.get_world_rank(), "WORLD_SIZE": context.get_world_size(),
        "LOCAL_RANK": context.get_local_rank(), "LOCAL_WORLD_SIZE": context.get_local_world_size(),
        "MASTER_ADDR": first[0], "MASTER_PORT": first[1],
    }  # fmt: skip
    texts = {name: str(value) for name, value in variables.items()}
    if problem := alone(facts["path"], facts["version"], facts["threads"], facts["mark"], **texts):
        raise RuntimeError(problem)


def blocks(paths: Sequence[str], version: str, threads: int, gpus: float, readers: int) -> str:
    """Readers score blocks of documents, each as one is free; those that are scored already are passed over.

    Args:
        paths: of the blocks' folders.
        version: of the program that asks.
        threads: of each reader.
        gpus: of each.
        readers: how many at most.
    """
    from ray import data

    left = [path for path in paths if not ray_blocks.is_scored(RunFolder(Path(path)))]
    if not left:
        return ""
    data.DataContext.get_current().enable_progress_bars = False
    most = min(readers, len(left))
    scored = data.from_items(left, override_num_blocks=len(left)).map(
        _Reader,
        fn_constructor_args=(version, threads),
        compute=data.ActorPoolStrategy(
            min_size=1, initial_size=most, max_size=most, max_tasks_in_flight_per_actor=1
        ),
        num_cpus=threads,
        num_gpus=gpus,
    )  # fmt: skip
    return next((row["problem"] for row in scored.iter_rows() if row["problem"]), "")


class _Reader:
    """On a node: scores blocks, one after the other. The model libraries are loaded once.

    Args:
        version: of the program that asks.
        threads: that it may use.
    """

    def __init__(self, version: str, threads: int) -> None:
        self._version, self._threads = version, threads
        os.environ.update(machine.worker_environment(threads))
        machine.warm_up()

    def __call__(self, row: Mapping[str, str]) -> dict[str, str]:
        """Score a block, unless it is scored."""
        folder = RunFolder(Path(row["item"]))
        problem = _problem(folder, self._version)
        if not problem and not ray_blocks.is_scored(folder):
            with locks.open_own(folder.log, "ab") as log:
                machine.start(
                    machine.WORKER, row["item"], cwd=folder.path, output=log, errors=log, threads=self._threads,
                    tied=True,
                ).wait()  # fmt: skip
        return {"problem": problem}
