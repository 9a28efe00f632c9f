"""What an import may open: files in the folders that the user named, and nothing outside that a link in them leads to.

A path is looked at at one moment and opened at a later one, and in between another program may put a link in its place.
So a file in such a folder is opened from the folder on, name by name, and no link is followed on the way. A link that
leads to a file in the same folder is resolved before. What the user named itself may be a link.
"""

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from storage.exceptions import InputProblem

LABELLED = ("annotation", "annotations", "box", "boxes", "labels", "ocr", "entities", "key", "keys")
"""Folders of a data set that may be imported alone, with what is beside them."""
SIDE_BY_SIDE = ("image", "images", "img", "key", "keys", "entities", "ocr", "pdfs")
"""Folders of a data set beside the one with its labels or words."""

OUTSIDE = "it is a link out of the folder that is imported; to import it, name it itself"
_REPLACED = "a link took its place while it was read"
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe is not waited for
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC  # it need not be readable
_LINK = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)  # of a link that is not followed, as systems say it


@dataclass(frozen=True, slots=True)
class Root:
    """A folder whose files an import may open."""

    named: str  # as the user named it, absolute
    real: str  # where that led to when the import began
    device: int
    inode: int

    def names_below(self, place: str, *, resolved: bool) -> list[str] | None:
        """The names that lead from the folder to an absolute path; None where they lead out of it, or through links."""
        for start in (self.real,) if resolved else (self.named, self.real):
            if place.startswith(start if start.endswith("/") else f"{start}/"):
                names = [name for name in place[len(start) :].split("/") if name not in ("", ".")]
                return None if not names or ".." in names else names
        return None

    def opened(self, names: list[str]) -> int:
        """A descriptor of a file below the folder; no link is followed.

        Raises:
            OSError: there is none, or a link is on the way to it.
            InputProblem: another folder took the place of this one.
        """
        folder = os.open(self.real, _FOLDER)
        try:
            status = os.fstat(folder)
            if (status.st_dev, status.st_ino) != (self.device, self.inode):
                raise InputProblem("another folder took the place of the one that is imported")
            for name in names[:-1]:
                inner = os.open(name, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            return os.open(names[-1], _FILE | os.O_NOFOLLOW, dir_fd=folder)
        finally:
            os.close(folder)


@dataclass(frozen=True, slots=True)
class _Import:
    roots: dict[str, Root]  # by both of its names
    named: frozenset[str]  # files that the user named, absolute


_running: tuple[_Import, ...] = ()
_lock = threading.Lock()


@contextmanager
def confined(paths: Iterable[Path]) -> Iterator[None]:
    """Have what lies in folders, and beside files, opened as parts of an import, by all threads of this process.

    Args:
        paths: folders and files that the user named.
    """
    global _running  # noqa: PLW0603 - of all threads
    with ExitStack() as stack:
        folders: dict[Path, None] = {}
        named: set[str] = set()
        for path in paths:
            with suppress(OSError, ValueError):  # no name of a file: the import says so
                is_folder = path.is_dir()
                folders[path if is_folder else path.parent] = None
                if not is_folder:
                    named.add(str(path.absolute()))
        roots: dict[str, Root] = {}
        for folder in folders:
            for beside in (folder, *_sides(folder)):
                with suppress(OSError):  # it is not there
                    root = _root(beside)
                    roots[root.named] = roots[root.real] = root
                    stack.callback(os.close, os.open(root.real, _FOLDER))  # so long its inode stays its own
        this = _Import(roots, frozenset(named))
        with _lock:
            _running = (*_running, this)
        try:
            yield
        finally:
            with _lock:
                _running = tuple(other for other in _running if other is not this)


def _root(folder: Path) -> Root:
    real = os.path.realpath(folder)
    status = Path(real).stat()
    return Root(str(folder.absolute()), real, status.st_dev, status.st_ino)


def _sides(folder: Path) -> Iterator[Path]:
    """The folders of a data set beside that of its labels; a link is none."""
    place = folder.absolute()
    if place.name.casefold() in LABELLED:
        parent = Path(os.path.realpath(place.parent))
        yield from (side for name in SIDE_BY_SIDE if (side := parent / name).is_dir() and not side.is_symlink())


def roots_of(path: Path) -> tuple[Root, ...]:
    """The folders of imports that a path lies in, the outermost first; none of a file that the user named."""
    if not _running:
        return ()
    place = str(path.absolute())
    if any(place in one_import.named for one_import in _running):
        return ()
    folders = [place[:at] or "/" for at, sign in enumerate(place) if sign == "/"]
    return tuple(
        dict.fromkeys(
            root for folder in folders for one_import in _running if (root := one_import.roots.get(folder)) is not None
        )
    )


def may_be_read(path: Path, root: Path) -> bool:
    """Whether a path that a file below `root` refers to was named by the user, or is opened without following a link.

    It is neither where a link took the place of the imported folder itself before the path was resolved.
    """
    place = str(path.absolute())
    return (
        not roots_of(root / "any") or bool(roots_of(path)) or any(place in one_import.named for one_import in _running)
    )


def take_over(roots: Iterable[Root]) -> None:
    """In a reader's process: open as `confined` does in the process that asks for it."""
    global _running  # noqa: PLW0603 - of the process
    known = {name: root for root in roots for name in (root.named, root.real)}
    _running = (_Import(known, frozenset()),) if known else ()


def opened(path: Path) -> BufferedReader:
    """A file to be read; in an import's folder no link out of it is followed, whenever it was put there.

    Raises:
        OSError: it cannot be opened.
        InputProblem: it is no regular file, or a link leads out of the folder.
    """
    roots = roots_of(path)
    descriptor = _below(roots, path) if roots else os.open(path, _FILE)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InputProblem("it is no regular file")
        return open(descriptor, "rb")  # noqa: PTH123 - of a descriptor
    except BaseException:
        os.close(descriptor)
        raise


def _below(roots: tuple[Root, ...], path: Path) -> int:
    """A descriptor of a file in one of these folders."""
    place = str(path.absolute())
    for root in roots:
        if names := root.names_below(place, resolved=False):
            try:
                return root.opened(names)
            except OSError as error:
                if error.errno not in _LINK:
                    raise
            break
    place = os.path.realpath(place)
    for root in roots:
        if names := root.names_below(place, resolved=True):
            try:
                return root.opened(names)
            except OSError as error:
                if error.errno in _LINK:
                    raise InputProblem(_REPLACED) from error
                raise
    raise InputProblem(OUTSIDE)


def content_of(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        OSError: it cannot be read.
        InputProblem: as `opened`.
    """
    with opened(path) as file:
        return file.read() or b""  # None of a file of the system that has nothing to say now


def digest_of(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal digits.

    Raises:
        OSError: it cannot be read.
        InputProblem: as `opened`.
    """
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
