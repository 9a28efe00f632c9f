"""The programs that a run can report to (`train.report_to`), and where each keeps its files.

Everything lies in `logs/` of the run folder and outlives the run, unless the environment names another place.
"""

import difflib
import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

from storage.exceptions import MissingTool

PACKAGES: dict[str, tuple[str, ...]] = {
    # name for the Trainer: packages, any of which will do
    "tensorboard": ("tensorboard", "tensorboardX"),
    "wandb": ("wandb",),
    "mlflow": ("mlflow",),
    "trackio": ("trackio",),
    "comet_ml": ("comet_ml",),
    "clearml": ("clearml",),
    "codecarbon": ("codecarbon",),
    "dvclive": ("dvclive",),
    "neptune": ("neptune",),
    "swanlab": ("swanlab",),
}


def check(names: Iterable[str], *, loaded: bool = False) -> None:
    """See that all trackers are known and installed.

    Args:
        names: of the trackers.
        loaded: load them too, which shows that an installed one does not work; for the worker.

    Raises:
        MissingTool: one is not.
    """
    for name in names:
        if name not in PACKAGES:
            near = difflib.get_close_matches(name, PACKAGES, 1, 0.5)
            raise MissingTool(
                f"There is no tracker {name!r}{f'; did you mean {near[0]}?' if near else '.'}",
                f"train.report_to takes {', '.join(PACKAGES)}.",
            )
        packages = PACKAGES[name]
        if not any(importlib.util.find_spec(package) for package in packages):
            raise MissingTool(f"{name} is not installed.", f"pip install {packages[0]}")
        if loaded:
            _load(name, next(package for package in packages if importlib.util.find_spec(package)))


def _load(name: str, package: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise MissingTool(
            f"{name} is installed, but cannot be loaded: {error}.",
            f"pip install --upgrade {package} (a constraints file may keep it too old)",
        ) from error


def environment(logs: Path, name: str) -> dict[str, str]:
    """Where the trackers keep their files, for those places that are not set already.

    Args:
        logs: the folder `logs/` of the run.
        name: of the run, as a folder's name.
    """
    places = {
        "TENSORBOARD_LOGGING_DIR": str(logs / name.replace("/", "-")),
        "WANDB_DIR": str(logs),
        "WANDB_PROJECT": "invoice-workbench",
        "MLFLOW_TRACKING_URI": f"sqlite:///{logs}/mlflow.db",
        "MLFLOW_EXPERIMENT_NAME": "invoice-workbench",
        "TRACKIO_DIR": str(logs / "trackio"),
    }
    return {key: value for key, value in places.items() if key not in os.environ}
