"""All originals and pictures of a workspace go to an object store, or come back from it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from storage.files import Files
from storage.object_store.local_copies import here
from storage.object_store.store import ObjectStore
from storage.tables import documents, pages


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was brought to its new place."""

    files: int
    bytes: int
    missing: tuple[str, ...]  # files that are in neither place


def names(connection: Connection) -> list[str]:
    """Originals and pictures of all documents, by their paths in the workspace's folder."""
    paths = {
        f"{folder}/{name}"
        for folder, column in (("originals", documents.c.original), ("pages", pages.c.picture))
        for name in connection.scalars(select(column).distinct().where(column.is_not(None)))
    }
    return sorted(paths)


def bring(
    files: Files,
    names: Iterable[str],
    target: ObjectStore | None,
    progress: Callable[[int], None] = lambda done: None,
) -> Transfer:
    """Copy files into a store, or into the workspace's folder; what is there already stays as it is.

    Args:
        names: as `names` gives them.
        target: the store; None: the folder.
        progress: called with how many files are there.

    Raises:
        WorkspaceProblem: a file cannot be read or written; those before it are there.
        MissingTool: a package for the store is not installed.
    """
    brought, size, missing = 0, 0, []
    for done, name in enumerate(names, start=1):
        path = files.root / name
        if not path.exists() and files.store is None:
            missing.append(name)
            continue
        here(files, path)
        if target is not None:
            target.put(name, path)
        brought, size = brought + 1, size + path.stat().st_size
        progress(done)
    return Transfer(brought, size, tuple(missing))
