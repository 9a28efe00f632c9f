"""All originals and pictures of a workspace go to an object store, or come back from it, some at a time."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import Connection, select

from storage.files import Files
from storage.object_store.local_copies import here
from storage.object_store.store import ObjectStore
from storage.tables import documents, pages

AT_ONCE = 8
"""Files that are under way at a time, each a chunk of memory, where the stores allow that."""
_AHEAD = 4 * AT_ONCE  # files that are handed to the threads before the first of them is there


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


def follow(files: Files, kept_in: ObjectStore | None, names: Iterable[str]) -> None:
    """After a commit: have files that were just kept where a move has all files by now, if they were kept elsewhere.

    Args:
        files: of the workspace, with the store that its settings name now.
        kept_in: the store when the first of them was kept.
        names: as `names` gives them.

    Raises:
        WorkspaceProblem: a file cannot be written there.
        MissingTool: a package for the store is not installed.
    """
    if files.store is not None and (kept_in is None or kept_in.url != files.store.url):
        bring(files, names, files.store)


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
    at_once = AT_ONCE if all(s is None or s.takes_several() for s in (files.store, target)) else 1
    brought, size, missing = 0, 0, []
    for done, (name, length) in enumerate(_in_order(files, names, target, at_once), start=1):
        if length is None:
            missing.append(name)
            continue
        brought, size = brought + 1, size + length
        progress(done)
    return Transfer(brought, size, tuple(missing))


def _in_order(
    files: Files, names: Iterable[str], target: ObjectStore | None, at_once: int
) -> Iterator[tuple[str, int | None]]:
    """(name, bytes) of each file when it and those before it are there; None for one that is in neither place."""
    under_way: deque[tuple[str, Future[int | None]]] = deque()
    failed = threading.Event()

    def brought(name: str) -> int | None:
        """In a thread: bring one file, unless one before it failed: then nothing more is begun."""
        if failed.is_set():
            return None
        try:
            return _brought(files, name, target)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(at_once) as threads:
        try:
            for name in names:
                under_way.append((name, threads.submit(brought, name)))
                if len(under_way) >= _AHEAD:
                    first, future = under_way.popleft()
                    yield first, future.result()
            for first, future in under_way:
                yield first, future.result()
        finally:  # one failed, or it is given up: what has not begun does not
            failed.set()
            threads.shutdown(wait=False, cancel_futures=True)


def _brought(files: Files, name: str, target: ObjectStore | None) -> int | None:
    """Bring one file; its bytes, None where it is in neither place."""
    path = files.root / name
    if not path.exists() and files.store is None:
        return None
    here(files, path)
    if target is not None:
        target.put(name, path)
    return path.stat().st_size
