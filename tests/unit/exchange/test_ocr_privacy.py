"""What OCR and the ONNX form of a model run on keeps nothing about its user, and reports nothing."""

import os
import subprocess
import sys
from pathlib import Path


def test_onnx_runtime_collects_nothing(tmp_path: Path) -> None:
    """It would write an id of the machine and a list of what it did into the user's cache, and send them."""
    # in an environment of its own: variables that say that tests are run keep it from collecting, too
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    subprocess.run(
        [sys.executable, "-c", "import workbench, onnxruntime; onnxruntime.SessionOptions()"],
        env={**environment, "HOME": str(tmp_path)},
        check=True,
    )
    assert list(tmp_path.rglob("*")) == []
