"""What a run will take: time and memory, from a short measurement on this machine, checked against finished runs."""

import hashlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.files import read_regular, write_atomic
from storage.records import Run, RunState, Split
from workbench import lifeline
from workbench.runs import launcher, machine
from workbench.runs.config import families
from workbench.runs.config.tune import TuneConfig
from workbench.runs.data_check import DataCheck, SideFacts
from workbench.runs.state import RunFolder
from workbench.settings import Target
from workbench.workspace import Workspace

START_SECONDS = 12.0
"""A process that imports its libraries, builds a model and encodes documents."""

PREDICTION = 0.3
"""Time for a token in prediction, as a share of its time in training."""

SHARE_OF_MEMORY = 0.85
"""More of the free memory than this is called too much."""

LONG_SECONDS = 8 * 3600.0

PATIENCE_SECONDS = 180.0
"""A measurement that takes longer is given up."""

_UNENDING = "The measurement on this machine did not come to an end."

_SAMPLE_TOKENS = 2048  # a batch larger than this is scaled up from a smaller one
_SMALL = 384 * 384 * 6  # hidden² × layers of the starter; larger models are measured on fewer tokens


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run is expected to take. Times are upper ones: early stopping may end it sooner."""

    seconds: float
    seconds_per_epoch: float
    tokens_per_second: float
    memory_mb: float
    free_mb: float
    device: str
    precision: str
    steps: int
    checked_against: int  # finished runs that the speed was taken from; 0: the measurement alone
    smaller: tuple[str, ...]  # settings that would make it fit; empty when it fits, or nothing helps
    why: str  # of the smaller choice
    target: str = ""  # the other machine that it is of, whose memory is not known; "": this one

    @property
    def fits(self) -> bool:
        """Whether the memory is enough."""
        return self.memory_mb <= SHARE_OF_MEMORY * self.free_mb


def _never() -> bool:
    return False


def estimate(
    workspace: Workspace,
    config: TuneConfig,
    check: DataCheck,
    cancelled: Callable[[], bool] = _never,
    on: Target | None = None,
) -> Estimate:
    """The estimate for a run on this data. A measurement of a new kind of model takes 5 to 20 seconds, once.

    Args:
        workspace: whose finished runs it is checked against.
        config: of the run.
        check: of the data.
        cancelled: asked while it is measured; True gives up.
        on: another machine that it is to train on. Where no run of this model has finished there, the estimate is of
            this machine.

    Raises:
        RunProblem: the measurement did not work, or was cancelled.
    """
    if on is not None and (known := _elsewhere(config, check, _finished(workspace, on), on)) is not None:
        return known
    base = families.base(config.model.family, config.model.name)
    batch = config.train.per_device_train_batch_size
    length = max(16, min(config.data.max_length, check.longest_window or config.data.max_length))
    size = (config.model.hidden_size or (base.hidden if base else 768)) ** 2 * (base.layers if base else 12)
    tokens = max(128, min(_SAMPLE_TOKENS, _SAMPLE_TOKENS * _SMALL // size))
    sampled = min(length, tokens)
    rows = max(1, min(batch, tokens // sampled))
    shape = {
        "family": config.model.family,
        "hidden": config.model.hidden_size or (base.hidden if base else 768),
        "layers": config.model.num_hidden_layers or (base.layers if base else 12),
        "heads": config.model.num_attention_heads or (base.heads if base else 12),
        "vocabulary": config.model.vocab_size or (base.vocabulary if base else 30522),
        "labels": 1 + 2 * len(workspace.schema.spans),
        "length": -(-sampled // 64) * 64,
        "batch": rows,
        "dropout": 0.0 if config.regularization.hidden_dropout_prob == 0.0 else 0.1,
        "bf16": config.train.bf16,
        "gradient_checkpointing": config.train.gradient_checkpointing,
        "device": config.train.device,
        "threads": machine.cores(),
    }
    measurement = measured(workspace, shape, cancelled)
    return judge(
        config,
        check,
        measurement,
        batch * length / (rows * sampled),
        _finished(workspace),
        free_memory_mb(str(measurement["device"])),
    )


def measured(workspace: Workspace, shape: dict[str, Any], cancelled: Callable[[], bool] = _never) -> dict[str, Any]:
    """The measurement of this shape, from the workspace's file of them, or taken now in a process of its own.

    Raises:
        RunProblem: it did not work.
    """
    path = workspace.files.speeds
    key = hashlib.sha256(json.dumps([_machine(), shape], sort_keys=True).encode()).hexdigest()[:16]
    kept = _read(path)
    if key not in kept:
        kept = {**_read(path), key: {"shape": shape, **_measure(shape, cancelled)}}
        write_atomic(path, json.dumps(kept, indent=1))
    measurement: dict[str, Any] = kept[key]
    return measurement


def _machine() -> list[Any]:
    return [os.uname().nodename, os.cpu_count(), os.environ.get("CUDA_VISIBLE_DEVICES", "")]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _measure(shape: dict[str, Any], cancelled: Callable[[], bool] = _never) -> dict[str, Any]:
    child = lifeline.start(
        ["nice", *machine.python(machine.SPEED_PROBE, json.dumps(shape))],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=machine.worker_environment(shape["threads"]),
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            try:
                output, _ = child.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                if cancelled():
                    raise RunProblem("The measurement was given up.") from None
                if time.monotonic() > deadline:
                    raise RunProblem(_UNENDING, "The run may be too large for this machine; start smaller.") from None
        measurement: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise RunProblem(_UNENDING, "`workbench doctor-env` says what may be missing.") from error
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if measurement.get("error") == "memory":
        raise RunProblem("Even one step does not fit into the memory.", "Choose a smaller family or a smaller batch.")
    return measurement


def _finished(workspace: Workspace, on: Target | None = None) -> list[Run]:
    """The runs that ended on a machine, by default on this one."""
    place = "" if on is None else launcher.place_named(on.address)
    with workspace.db.read() as connection:
        listed = run_store.listed(connection, (RunState.FINISHED, RunState.STOPPED))
    return [run for run in listed if run.report and launcher.place_of(RunFolder(workspace.files.run(run.id))) == place]


def _elsewhere(config: TuneConfig, check: DataCheck, finished: Sequence[Run], on: Target) -> Estimate | None:
    """The estimate for another machine, from the runs that finished there; None where none is of the same model."""
    for run in finished:
        report = run.report or {}
        device, precision = str(report.get("device", "")).partition(":")[0], str(report.get("precision", ""))
        if any(_alike(config, [run], device)):
            unknown = {"steady_mb": 0.0, "step_mb": 0.0, "tokens_per_second": 0.0}
            measurement = {"device": device, "precision": precision, **unknown}
            known = judge(config, check, measurement, 1.0, finished, 0.0)
            return replace(known, target=on.name or on.address)
    return None


def free_memory_mb(device: str) -> float:
    """Memory that a run could have on this device, in MiB."""
    if device.startswith("cuda"):
        command = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
        try:
            output = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
            return float(output.split()[0])
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            return 0.0
    return float(psutil.virtual_memory().available) / 2**20


def judge(
    config: TuneConfig,
    check: DataCheck,
    measurement: dict[str, Any],
    larger: float,
    finished: Sequence[Run],
    free_mb: float,
) -> Estimate:
    """The estimate from a measurement. Pure.

    Args:
        config: of the run.
        check: of the data.
        measurement: what the speed probe returned.
        larger: how many times the real batch is larger than the measured one.
        finished: runs with their reports, the newest first.
        free_mb: memory that is free on the device.
    """
    train, validation = (check.sides.get(s, SideFacts()) for s in (Split.TRAIN, Split.VALIDATION))
    alike = list(_alike(config, finished, str(measurement["device"])))[:5]
    speed = statistics.median(alike) if alike else float(measurement["tokens_per_second"])
    # the speed of finished runs has their evaluations in it already
    sample = train.tokens * min(1.0, config.train.train_sample / max(1, train.documents))
    compared = sample if not validation.documents else min(sample, train.tokens * _share_compared(train, validation))
    evaluation = 0.0 if alike else PREDICTION * (validation.tokens + compared)
    per_epoch = (train.tokens + evaluation) / max(1.0, speed)
    batch = config.train.per_device_train_batch_size * config.train.gradient_accumulation_steps
    steps_an_epoch = max(1, -(-train.windows // batch))
    steps = round(config.train.num_train_epochs * steps_an_epoch)
    if config.train.max_steps > 0:
        steps = min(steps, config.train.max_steps)
    rest = sum(side.tokens for split, side in check.sides.items() if split is not Split.TRAIN) + sample
    seconds = START_SECONDS + per_epoch * steps / steps_an_epoch + PREDICTION * rest / max(1.0, speed)
    memory = float(measurement["steady_mb"]) + float(measurement["step_mb"]) * larger
    smaller, why = _smaller(config, float(measurement["steady_mb"]), memory, free_mb, seconds, train)
    return Estimate(
        seconds, per_epoch, speed, memory, free_mb, str(measurement["device"]), str(measurement["precision"]), steps,
        len(alike), smaller, why,
    )  # fmt: skip


def _share_compared(train: SideFacts, validation: SideFacts) -> float:
    """Of the training documents, the share that each evaluation reads beside validation (TrainingInput.compared)."""
    return max(10, validation.documents) / max(1, train.documents)


def _alike(config: TuneConfig, finished: Iterable[Run], device: str) -> Iterable[float]:
    """Real tokens a second of runs with the same model, on the same kind of device."""
    for run in finished:
        report, old = run.report or {}, run.config
        same = (old.get("model") or {}).get("name") == config.model.name and run.family == config.model.family
        structure = all((old.get("model") or {}).get(key) == value for key, value in config.model.structure.items())
        checkpointed = (old.get("train") or {}).get("gradient_checkpointing", False)
        if (
            same
            and structure
            and checkpointed == config.train.gradient_checkpointing
            and str(report.get("device", "")).partition(":")[0] == device.partition(":")[0]
            and float(report.get("tokens_per_second") or 0) > 0
        ):
            yield float(report["tokens_per_second"])


def _smaller(
    config: TuneConfig, steady_mb: float, memory_mb: float, free_mb: float, seconds: float, train: SideFacts
) -> tuple[tuple[str, ...], str]:
    allowed = SHARE_OF_MEMORY * free_mb
    if memory_mb > allowed:
        batch, accumulation = config.train.per_device_train_batch_size, config.train.gradient_accumulation_steps
        needed, halvings = memory_mb, 0
        while needed > allowed and batch % 2 == 0:
            batch, accumulation, halvings = batch // 2, accumulation * 2, halvings + 1
            needed = steady_mb + (memory_mb - steady_mb) / 2**halvings
        if needed <= allowed:
            return (
                f"train.per_device_train_batch_size={batch}",
                f"train.gradient_accumulation_steps={accumulation}",
            ), "The same effective batch in smaller pieces fits into the memory."
        if not config.train.gradient_checkpointing:
            return ("train.gradient_checkpointing=true", f"train.per_device_train_batch_size={batch}"), (
                "Computing activations twice takes far less memory, and a third more time."
            )
        if config.model.family != "starter":
            return ("model.family=starter",), "The starter needs a fifth of the memory."
        return (), "Close other programs, or use a machine with more memory."
    if seconds > LONG_SECONDS:
        if config.model.family != "starter":
            return ("model.family=starter",), "The starter is several times faster."
        few = max(50, round(train.documents * LONG_SECONDS / seconds))
        return (f"data.max_train_documents={few}",), f"With {few} training documents it takes a working day."
    return (), ""
