"""What a run made on its target takes its place in the run's folder here, once it was looked at."""

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree

from storage.exceptions import InputProblem
from storage.files import digest_of, sync_tree
from workbench.remote import agent
from workbench.remote.line import TargetProblem
from workbench.runs.model_folders import check as model_folders
from workbench.runs.state import RunFolder

ARRIVED = ".results"
"""In a run's folder: what came from its target, until it was looked at."""
_NOT_MADE = frozenset({*agent.STAYS, "target.json", "prepared", "adopted", ARRIVED})
"""Files of a run's folder that no run makes on its target: what comes under such a name would take this machine's."""


def put_in_place(folder: RunFolder, arrived: Path, digests: Mapping[str, str], target: str) -> None:
    """Have what arrived take its place: all of it, or nothing.

    Args:
        folder: of the run.
        arrived: a folder in it.
        digests: file -> digest, as the target says.
        target: its name.

    Raises:
        TargetProblem: a file did not come whole, or is none that a run makes.
        InputProblem: there is no report, or a model that cannot be used.
    """
    if strange := sorted(path.name for path in arrived.iterdir() if _is_strange(path, folder.path / path.name)):
        rmtree(arrived)
        raise TargetProblem(
            f"{target} sends {strange[0]} as a result, which no run makes there. Nothing of it was kept.",
            "Look at what answers there.",
        )
    here = {name: digest_of(path) for name, path in agent.files_of(arrived)}
    if here != digests:
        wrong = sorted(set(here.items()) ^ set(digests.items()))[0][0]
        raise TargetProblem(f"{wrong} did not come whole from {target}.", "Resume the run: it is there.")
    results = RunFolder(arrived)
    if not results.read_report():
        raise InputProblem(f"The run on {target} left no report.", "Resume the run.")
    if results.has_model():
        model_folders.check_folder(results.model, fine_tuned=True)
    for path in sorted(arrived.iterdir()):
        place = folder.path / path.name
        if place.is_dir():
            rmtree(place)
        path.replace(place)
    arrived.rmdir()
    sync_tree(folder.path, folder.checkpoints)


def _is_strange(path: Path, place: Path) -> bool:
    """Whether it is none of a run's results: by its name, or as a folder where the run here has a file."""
    return path.name in _NOT_MADE or (path.is_dir() and place.is_file())
