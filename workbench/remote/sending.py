"""What a run is sent with to another machine: its request, its documents, and its base where that is a folder here."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.exceptions import InputProblem
from storage.files import draft_folder
from workbench.files.typed_paths import expanded
from workbench.remote import agent
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder


@contextmanager
def staged(folder: RunFolder, place: str) -> Iterator[tuple[Path, dict[str, Path]]]:
    """A folder as it is to lie there, and its files by their paths in it; the large ones are links.

    Args:
        folder: of the run.
        place: of its folder there.

    Raises:
        InputProblem: its documents are not in the folder any more.
    """
    if not folder.datasets.is_dir():
        raise InputProblem(
            f"The documents of run {folder.path.name} are not in its folder any more.", "Start a new run."
        )
    request = Request.read(folder.path)
    name = request.model or request.config.model.name
    base = expanded(name) if name else None
    with draft_folder(folder.path, ".sending.") as draft:
        laid = draft / "run"
        laid.mkdir()
        (laid / "dataset").symlink_to(folder.datasets.absolute())
        if base is not None and base.is_dir():  # a model on this machine's disk goes with the run
            (laid / "base").symlink_to(base.absolute())
            request = _with_base(request, f"{place}/base")
        request = _with_settings(request, laid, place)
        (laid / "request.yaml").write_text(request.text(), encoding="utf-8")
        yield laid, {name: path for part in agent.GIVEN for name, path in under(laid, part)}


def _with_base(request: Request, place: str) -> Request:
    """A request whose model, or whose base, is a folder at another place."""
    if request.model:
        return request.model_copy(update={"model": place})
    model = request.config.model.model_copy(update={"name": place})
    return request.model_copy(update={"config": request.config.model_copy(update={"model": model})})


def _with_settings(request: Request, laid: Path, place: str) -> Request:
    """A request whose files of settings, which are laid to the others, are at another place."""
    train, moved = request.config.train, {}
    for key in ("deepspeed", "fsdp_config"):
        if getattr(train, key):
            (laid / agent.SETTINGS).mkdir(exist_ok=True)
            moved[key] = f"{place}/{agent.SETTINGS}/{key}.json"
            shutil.copyfile(getattr(train, key), laid / agent.SETTINGS / f"{key}.json")
    config = request.config.model_copy(update={"train": train.model_copy(update=moved)})
    return request.model_copy(update={"config": config}) if moved else request


def under(folder: Path, part: str) -> list[tuple[str, Path]]:
    """(path within the folder, file) of a file, or of all files in a folder that a link may name."""
    top = folder / part
    if top.is_file():
        return [(part, top)]
    inside = top.resolve()
    return [(f"{part}/{path.relative_to(inside).as_posix()}", path) for path in inside.rglob("*") if path.is_file()]
