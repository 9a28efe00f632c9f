"""What divides a run among its processes: FSDP and DeepSpeed, and the files that configure them."""

import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import Any

from storage.exceptions import ConfigProblem, MissingTool
from storage.files import read_regular
from workbench.runs.config.tune import Train

DEEPSPEED = "deepspeed"
COMPILER = "A configuration with `optimizer` or `offload_optimizer` has DeepSpeed compile a part of itself at first use"
INSTALL_COMPILER = "apt-get install g++ python3-dev ninja-build"


def has_deepspeed() -> bool:
    """Whether DeepSpeed is installed; it takes seconds to load."""
    return importlib.util.find_spec(DEEPSPEED) is not None


def has_compiler() -> bool:
    """Whether there is what DeepSpeed compiles with."""
    return shutil.which(os.environ.get("CXX", "c++")) is not None


def check(train: Train, *, elsewhere: bool = False) -> None:
    """See that what divides a run is there; `elsewhere`: the run is another machine's, which looks itself.

    Raises:
        MissingTool: DeepSpeed is not installed, or a compiler that its configuration needs.
        ConfigProblem: a configuration that is named is no file, or none that can be used.
    """
    if train.deepspeed and not elsewhere and not has_deepspeed():
        raise MissingTool(
            "deepspeed is not installed.",
            "pip install 'invoice-workbench[deepspeed]', or leave train.deepspeed empty: train.fsdp divides a model "
            "without it.",
        )
    for key, name in ((DEEPSPEED, train.deepspeed), ("fsdp_config", train.fsdp_config)):
        # the run works in its own folder, where a relative path means another file
        if name and not (Path(name).is_absolute() and Path(name).is_file()):
            raise ConfigProblem(f"train.{key} names {name}: no file with its whole path.", "Write it from / on.")
    if train.deepspeed:
        _check_deepspeed(train.deepspeed, elsewhere=elsewhere)


def _check_deepspeed(name: str, *, elsewhere: bool) -> None:
    configuration = _read(name)
    zero = configuration.get("zero_optimization")
    zero = zero if isinstance(zero, dict) else {}
    if zero.get("stage") == 3:
        raise ConfigProblem(
            f"{name} asks for ZeRO stage 3, which divides the weights: here they are whole in each process.",
            "Set its stage to 2 or 1; train.fsdp (full_shard auto_wrap) divides the weights, too.",
        )
    compiles = "optimizer" in configuration or "offload_optimizer" in zero
    if compiles and not elsewhere and not has_compiler():
        raise MissingTool(
            f"{COMPILER}, and there is no C++ compiler here.",
            f"{INSTALL_COMPILER}; or take both out of {name}: train.optim chooses the optimizer.",
        )


def _read(name: str) -> dict[str, Any]:
    """A DeepSpeed configuration.

    Raises:
        ConfigProblem: it is none.
    """
    try:
        configuration = json.loads(read_regular(Path(name)))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigProblem(f"{name} cannot be read: {error}", "It is a JSON file.") from error
    if not isinstance(configuration, dict):
        raise ConfigProblem(f"{name} is no DeepSpeed configuration.", "It is a JSON file that begins with {.")
    return configuration
