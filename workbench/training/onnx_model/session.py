"""A model's ONNX form, asked for logits. [worker]"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from storage.exceptions import InputProblem
from workbench.runs.model_folders import onnx_graph


class OnnxSession:
    """Logits of ONNX Runtime in this process.

    Args:
        file: as `main` wrote it.
        threads: of the processor.

    Raises:
        InputProblem: the file is damaged, or asks for more than arithmetic on what it holds.
    """

    def __init__(self, file: Path, threads: int) -> None:
        onnx_graph.check(file)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # requests are read meanwhile
        try:
            self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no common class
            raise InputProblem(f"{file} cannot be used: {str(error)[:200]}", "Export it again.") from error
        self._inputs = [entry.name for entry in self._session.get_inputs()]

    def __call__(self, tensors: Mapping[str, torch.Tensor]) -> NDArray[np.float32]:
        """The logits of a batch: (windows, tokens, labels), or (windows, options)."""
        [logits] = self._session.run(None, {name: tensors[name].numpy() for name in self._inputs})
        return np.asarray(logits, np.float32)
