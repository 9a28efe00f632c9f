"""What is done: importing, labelling, tuning, evaluating and querying, without screens."""

import os

__version__ = "0.1.0"

# From 1.29 on ONNX Runtime reports to its maker, with names and digests of models; nothing is to leave the machine.
# It looks once, when it is loaded, and what is started from here inherits the environment.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
