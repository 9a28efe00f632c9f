"""What trackers get after the training: figures of the test documents and the configuration. [worker]"""

from collections.abc import Iterable
from typing import Any

from transformers import TrainerCallback

from workbench.training.trainer import Tuner


class OneMLflowRun(TrainerCallback):  # type: ignore[misc]
    """Keeps MLflow's run open after the training: what is logged later would become a run of its own.

    MLflow ends it with the process.
    """

    def __init__(self, callbacks: Iterable[TrainerCallback]) -> None:
        self._callbacks = [callback for callback in callbacks if hasattr(callback, "_auto_end_run")]

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """MLflow's callback came before and began its run."""
        for callback in self._callbacks:
            callback._auto_end_run = False


def log(tuner: Tuner, figures: dict[str, Any], configuration: str) -> None:
    """Log figures, and the configuration as YAML; MLflow keeps no texts among figures, so there it is a tag."""
    tuner.log({**figures, "configuration": configuration})
    for callback in tuner.callback_handler.callbacks:
        mlflow = getattr(callback, "_ml_flow", None)
        if mlflow is not None and mlflow.active_run() is not None:
            mlflow.set_tag("configuration", configuration)
