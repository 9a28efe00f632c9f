"""What held layers make of windows, kept on the disk: the next run with the same layers reads it. [worker]

A file is the digest of what follows, and the numbers of a window as 32-bit floats, so that a run that finds them gives
exactly what one gives that computes them. Nothing waits for the disk, and a file that is not whole is passed over.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils import parametrize

from storage.exceptions import WorkbenchError
from storage.files import Files
from workbench import settings
from workbench.live.feature_files import FeatureFiles

_DIGEST_BYTES = 16
_LEFT_FREE, _LEFT_FREE_AHEAD = 0.5, 0.7
"""Of the space for features: by runs, and by the learner, whose own features come first."""


class HeldFiles:
    """The windows of some layers.

    Args:
        files: of these layers.
        width: numbers of a token.
        left_free: the share of the space for features that is left.
    """

    def __init__(self, files: FeatureFiles, width: int, left_free: float = _LEFT_FREE) -> None:
        self._files, self._width, self._left_free = files, width, left_free

    @property
    def are_any(self) -> bool:
        """Whether something was kept of these layers."""
        return self._files.folder.is_dir()

    def read(self, key: bytes, tokens: int) -> torch.Tensor | None:
        """A window, (tokens, width); None where there is no whole file of it."""
        name = _name(key)
        try:
            content = bytearray(self._files.path(name).read_bytes())
        except OSError:
            return None
        numbers = memoryview(content)[_DIGEST_BYTES:]
        if len(numbers) != 4 * tokens * self._width or content[:_DIGEST_BYTES] != _digest(numbers):
            return None
        self._files.touch(name)
        return torch.frombuffer(numbers, dtype=torch.float32).reshape(tokens, self._width)

    def keep(self, key: bytes, window: torch.Tensor) -> None:
        """Write a window, where enough space is left for what the learner keeps."""
        if self._files.free > self._left_free:
            numbers = np.ascontiguousarray(window.numpy(), np.float32).tobytes()
            with suppress(OSError):  # a full disk: it is computed again
                self._files.keep_loosely(_name(key), _digest(numbers) + numbers)


def of_workspace(run: Path, layers: Sequence[Any]) -> HeldFiles | None:
    """The files for a run's held layers, its embeddings among them; None where its workspace keeps no features.

    Args:
        run: the run's folder.
        layers: the modules that change nothing any more.
    """
    workspace = Files(run.parent.parent)
    try:
        if not workspace.features.is_dir():
            return None
        most = settings.read(workspace.settings).limits.features_gb
    except (OSError, WorkbenchError):
        return None
    return HeldFiles(FeatureFiles(workspace.features, _fingerprint(layers), int(most * 1e9)), _width(layers))


def beside(features: FeatureFiles, layers: Sequence[Any]) -> HeldFiles:
    """The files for held layers, beside the learner's own features of documents."""
    return HeldFiles(features.of_other(_fingerprint(layers)), _width(layers), _LEFT_FREE_AHEAD)


def _width(layers: Sequence[Any]) -> int:
    return int(layers[0].word_embeddings.weight.shape[1])


def _fingerprint(layers: Sequence[Any]) -> str:
    """Of the weights as they work, whether they are stored as tables or as tables and what is added to them."""
    seal = hashlib.blake2b(torch.__version__.encode(), digest_size=8)
    for name, module in (named for layer in layers for named in layer.named_modules()):
        if "parametrizations" in name:  # what a table is made of
            continue
        weights = [weight for weight, _ in module.named_parameters(recurse=False)]
        weights += module.parametrizations if parametrize.is_parametrized(module) else []
        for weight in sorted(weights):
            seal.update(getattr(module, weight).detach().contiguous().numpy().tobytes())
    return f"held-{seal.hexdigest()}"


def _name(key: bytes) -> str:
    return f"{key.hex()}.npy"


def _digest(numbers: bytes | memoryview) -> bytes:
    return hashlib.blake2b(numbers, digest_size=_DIGEST_BYTES).digest()
