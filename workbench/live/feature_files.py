"""The folder of documents' features: a file for each document and encoder, the oldest deleted where they get too many.

A file is named after the words and boxes that it was made of, so a document that was read anew has another one. The
folder can be deleted at any time: what is missing is made again.
"""

import copy
import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from storage.files import write_atomic

WITHOUT_SPACE = "features/ of the workspace cannot be written (is the disk full?): suggestions go on, more slowly."
_NAME = re.compile(r"[0-9a-f]{32,}\.npy")  # `features` may be a link to a folder of the user's own


class FeatureFiles:
    """The files of one encoder.

    Args:
        features: the workspace's folder of features.
        fingerprint: of the encoder and the encoding.
        most_bytes: that the files of all encoders may take.
    """

    def __init__(self, features: Path, fingerprint: str, most_bytes: int) -> None:
        self._features, self._most = features, most_bytes
        self.folder = features / fingerprint
        self._taken = [sum(size for _, size, _ in _listed(features))]  # one number, of all that share it

    def of_other(self, fingerprint: str) -> "FeatureFiles":
        """Those of another encoder, which this process writes, too: both know what space is left."""
        other = copy.copy(self)
        other.folder = self._features / fingerprint
        return other

    def path(self, name: str) -> Path:
        """The file of a document, whether it is there or not."""
        return self.folder / name

    @property
    def has_space(self) -> bool:
        """Whether more files can be kept without deleting any."""
        return self.free > 0.15  # more than when some were deleted

    @property
    def free(self) -> float:
        """The share of the space that no file of any encoder takes, 0..1."""
        return 1 - min(1.0, self._taken[0] / self._most)

    def touch(self, name: str) -> None:
        """Note that the file was used: those that were not are deleted first."""
        with suppress(OSError):
            os.utime(self.path(name))

    def keep(self, name: str, content: bytes) -> None:
        """Write a document's file.

        Raises:
            WorkspaceProblem: the disk is full, or the folder cannot be written.
            OSError: the folder is a link.
        """
        self._make_folder()
        write_atomic(self.path(name), content)
        self._taken[0] += len(content)
        if self._taken[0] > self._most:
            self._taken[0] = _make_space(_listed(self._features), self._most * 9 // 10)

    def keep_loosely(self, name: str, content: bytes) -> None:
        """Write a file without waiting for the disk: what is read must tell by itself whether it is whole.

        Raises:
            OSError: the disk is full, or the file cannot be written, or it or the folder is a link.
        """
        self._make_folder()
        # a workspace may come from elsewhere: what a link leads to is not written over
        descriptor = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        self._taken[0] += len(content)

    def _make_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.folder.is_symlink():
            raise OSError(errno.ELOOP, "It is a symbolic link", str(self.folder))


def _listed(features: Path) -> list[tuple[float, int, Path]]:
    """(time of the last use, bytes, path) of every document's file: only these are ever deleted, none by a link."""
    rows: list[tuple[float, int, Path]] = []
    with suppress(OSError), os.scandir(features) as folders:
        for folder in folders:
            if folder.is_dir(follow_symlinks=False):
                rows += _files_in(folder.path)
    return rows


def _files_in(folder: str) -> Iterator[tuple[float, int, Path]]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    yield status.st_mtime, status.st_size, Path(entry.path)


def _make_space(files: Iterable[tuple[float, int, Path]], most: int) -> int:
    """Delete the oldest until the others take no more than `most` bytes; how many they take."""
    kept = 0
    for _, size, path in sorted(files, reverse=True):
        if kept + size <= most:
            kept += size
        else:
            with suppress(OSError):
                path.unlink()
    return kept
