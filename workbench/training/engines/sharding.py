"""A model (FSDP) or its optimizer (DeepSpeed) divided among the processes of a run; whole for what each does. [worker]

Each pass of a divided model fetches weights from the other processes, so that all have to make the same passes. Reading
documents is shared otherwise, and what follows the training is the first process's work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType, TorchDynamoPlugin
from accelerate.utils.modeling import get_non_persistent_buffers
from torch import Tensor, distributed


def prepare(model: Any, plugin: Any, precision: str | None) -> None:
    """Have Accelerate divide a model as it can be divided, before its `Accelerator` is made.

    Args:
        model: as Transformers builds it.
        plugin: Accelerate's settings of FSDP.
        precision: of the training, as Accelerate names it.
    """
    if not plugin.transformer_cls_names_to_wrap:
        # Accelerate makes the words' embedding a part of its own, and cannot where a part around it is divided already
        parts = model._no_split_modules or ()
        plugin.transformer_cls_names_to_wrap = [name for name in parts if "Embedding" not in name] or None
    if type(model).__name__.endswith("ForTokenClassification"):
        for name, weight in model.named_parameters():
            if ".pooler." in name:  # no loss of words reaches it, and PyTorch resumes no optimizer that lacks its state
                weight.requires_grad_(False)
    if distributed.is_initialized() and distributed.get_backend() == "gloo":
        # Accelerate knows FSDP only where processes have GPUs, and trains without it elsewhere, without a word;
        # PyTorch's own works on both
        state = AcceleratorState(mixed_precision=precision, dynamo_plugin=TorchDynamoPlugin(), _from_accelerator=True)
        PartialState().distributed_type = state.distributed_type = DistributedType.FSDP
        state.fsdp_plugin = plugin


def exchange_by_gloo() -> None:
    """Have DeepSpeed's processes on cores exchange by gloo: it would compile a way of its own first, for minutes."""
    import deepspeed

    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False


def _parts(model: Any) -> list[Any]:
    """What a model is divided in; nothing where it is whole."""
    if not distributed.is_initialized():
        return []
    from torch.distributed.fsdp import FSDPModule  # takes a while, and most runs are one process

    return [part for part in model.modules() if isinstance(part, FSDPModule)]


def stage(tuner: Any) -> int:
    """The stage of ZeRO by which DeepSpeed divides what a Trainer trains; 0: it does not."""
    return int(tuner.deepspeed.zero_optimization_stage()) if tuner.is_deepspeed_enabled else 0


def gather(model: Any) -> int:
    """Have all weights of a model here, until it is divided again; every process calls it at the same time.

    Returns:
        In how many parts it is divided; 0 where it is whole.
    """
    parts = _parts(model)
    for part in parts:
        part.set_reshard_after_forward(False, recurse=False)
        part.unshard()
    return len(parts)


@contextmanager
def whole(model: Any) -> Iterator[None]:
    """A model with all its weights here, in every process; divided again afterwards."""
    gather(model)
    yield
    for part in _parts(model):
        part.set_reshard_after_forward(True, recurse=False)
        part.reshard()


def weights_of(model: Any) -> dict[str, Tensor] | None:
    """The weights of a divided model that was gathered, to be saved; None where it is not divided."""
    if not _parts(model):
        return None
    left = get_non_persistent_buffers(model, recurse=True, fqns=True)
    # not `state_dict`: it divides the model again
    weights = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    return {name: weight.detach() for name, weight in weights if name not in left}
