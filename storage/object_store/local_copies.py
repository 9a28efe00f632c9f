"""A workspace's folder beside its object store: it has copies of what was used here, and may lose them."""

from pathlib import Path

from storage.files import Files, replacing


def here(files: Files, path: Path) -> Path:
    """An original or a picture, brought from the store where the folder has no copy of it. Waits for the network.

    Raises:
        WorkspaceProblem: the store cannot be reached, or has no such file.
        MissingTool: a package for this kind of store is not installed.
    """
    if files.store is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, path.parent.parent) as file:
            files.store.get(path.relative_to(files.root).as_posix(), file)
    return path
