"""On which device and in which precision a run computes. [worker]"""

import functools
import time

import torch

from storage import events
from storage.exceptions import MissingTool
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import RunFolder


def choose_device(wanted: str) -> torch.device:
    """The device of this name; "auto" is a GPU where there is one. Each of several processes has its own."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    return torch.device(wanted)


def has_bf16(device: torch.device) -> bool:
    """Whether a device has instructions for bf16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


@functools.cache
def bf16_pays(device: torch.device, *, training: bool) -> bool:
    """Whether bf16 is faster than fp32 here: on GPUs that have it; on a CPU with instructions for it, as measured.

    Two CPUs with the same instructions can differ in sign (2 x faster, 1.5 x slower), so it is tried: a layer's
    matrix product, for training forward and backward, the best of several turns, less than a tenth of a second.

    Args:
        device: where the model is.
        training: whether gradients are asked for; the answer without them can be another one.
    """
    if device.type != "cpu" or not has_bf16(device):
        return has_bf16(device)
    layer = torch.nn.Linear(384, 1536)
    inputs = torch.ones(512, 384)
    best = {True: float("inf"), False: float("inf")}
    for _ in range(4):
        for bf16 in best:
            began = time.thread_time() if torch.get_num_threads() == 1 else time.perf_counter()
            with (
                torch.inference_mode(not training),
                torch.set_grad_enabled(training),
                torch.autocast("cpu", torch.bfloat16, enabled=bf16),
            ):
                output = layer(inputs)
                if training:
                    output.sum().backward()
            ended = time.thread_time() if torch.get_num_threads() == 1 else time.perf_counter()
            best[bf16] = min(best[bf16], ended - began)
    return bool(best[True] < best[False])


def padding(device: torch.device, *, bf16: bool) -> int:
    """What the lengths of batches are padded to multiples of.

    In bf16 a CPU's library makes code for every length that it meets, and keeps it: 2.5 MB and 10 ms of each
    (docs/measurements.md).
    """
    if device.type == "cuda":
        return 8
    return 32 if bf16 and device.type == "cpu" else 1


def device_of(config: TuneConfig) -> torch.device:
    """The device that a configuration asks for.

    Raises:
        MissingTool: this machine has none of that kind.
    """
    device = choose_device(config.train.device)
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}.get(device.type, True)
    if not available:
        raise MissingTool(f"There is no {device.type} device on this machine.", "Set train.device to auto or cpu.")
    return device


def precision_of(config: TuneConfig, device: torch.device, folder: RunFolder, notes: list[str]) -> str:
    """The precision ("fp32", "bf16" or "fp16") that a run uses on a device; `notes` gets what the analyst must know."""
    return _precision_before(folder, device) or _precision(config, device, notes)


def _precision_before(folder: RunFolder, device: torch.device) -> str | None:
    """The precision that this run started with here: a resumed run must not measure anew and go on differently."""
    started = events.last(folder.events, frozenset({"started"}))
    return (
        str(started["precision"])
        if started and "precision" in started and started.get("device") == str(device)
        else None
    )


def _precision(config: TuneConfig, device: torch.device, notes: list[str]) -> str:
    if config.train.bf16:
        return "bf16"
    if config.train.fp16:
        if device.type == "cuda":
            return "fp16"
        chosen = "bf16" if bf16_pays(device, training=True) else "fp32"
        notes.append(f"fp16 does not work on a {device.type}: {chosen} is used instead.")
        return chosen
    if config.train.bf16 is None and config.train.fp16 is None:
        return "bf16" if bf16_pays(device, training=True) else "fp16" if device.type == "cuda" else "fp32"
    return "fp32"
