"""The files of a workspace in an object store, under the names that they have in its folder, which keeps copies.

A name ends with the SHA-256 of its file's content, so that a file is written once and never changes, and what comes
back is compared with it.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from storage.exceptions import MissingTool, WorkspaceProblem

EXAMPLE = "s3://bucket/folder or file:///shared/folder"
_SECRETS = re.compile("key|secret|token|passw|sig$|signature|credential", re.IGNORECASE)
_LOCAL = ("file", "local")
_FOLDERS = ("originals", "pages")
_CHUNK = 1 << 20
_WITH_FOLDERS = ("file", "local", "sftp", "ssh", "smb", "ftp")
"""Kinds of URL where a folder is made before a file is in it."""
MOST_BYTES = 2_000_000_000
"""Of one file; more only where the workspace's limits allow larger files and pictures."""
_TRIES = 3  # to read a file: a line may break in it
QUIET_SECONDS = 60.0
"""A server that sends nothing of a file for so long is given up."""
_REMEDY = "Check the address under `files` in workbench.toml, the network, and what this user may do there."


class _Refused(OSError):
    """A file that is none of a workspace, however often it is read."""


class _Quiet(OSError):
    """A server that sends nothing any more: another try would wait as long."""


class ObjectStore:
    """Files by name, at a URL that fsspec understands (file, s3, gs, abfs, sftp, …), opened at the first use.

    Credentials are those that the service's own tools use (for S3: environment, ~/.aws), and never in the URL.

    Args:
        url: where the names begin.
        most_bytes: a file of more is none that the workspace kept, and is not read.
    """

    def __init__(self, url: str, most_bytes: int = MOST_BYTES) -> None:
        self.url, self._most_bytes = url.rstrip("/"), most_bytes

    def put(self, name: str, source: Path) -> None:
        """Have a file there, unless it is there already, with the content that its name says.

        Raises:
            WorkspaceProblem: it cannot be written there.
            MissingTool: a package for this kind of URL is not installed.
        """
        with self._border(f"{name} cannot be kept in {self.url}"):
            system, target = self._system, self._place(name)
            size = source.stat().st_size
            if system.exists(target) and system.size(target) == size and self._has(target, Path(name).stem, size):
                return
            try:
                system.put_file(str(source), target)
            except FileNotFoundError:
                if self.url.partition(":")[0] not in _WITH_FOLDERS:  # a bucket is not made because a name was mistyped
                    raise
                system.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
                system.put_file(str(source), target)
            if system.size(target) != size:
                raise OSError("it has another size there")

    def _has(self, place: str, expected: str, size: int) -> bool:
        """Whether a file there has this digest: a power cut leaves files of the right size and other content."""
        digest, left = hashlib.sha256(), size
        with self._reading(place) as read:
            while left >= 0 and (chunk := read(_CHUNK)):
                digest.update(chunk)
                left -= len(chunk)
        return digest.hexdigest() == expected

    def get(self, name: str, target: IO[bytes]) -> None:
        """Write a file's content to `target`.

        Raises:
            WorkspaceProblem: it is not there, not what its name says, larger than any file of a workspace or than the
                space on the disk, or cannot be read.
            MissingTool: a package for this kind of URL is not installed.
        """
        place = self._place(name)
        with self._border(f"{name} cannot be read from {self.url}"):
            if self._is_local and (path := Path(place)).exists() and not path.is_file():  # a pipe would not end
                raise OSError("it is no regular file")
            free = _free_bytes(target)
            self._refuse_more(self._system.size(place) or 0, free)  # before the disk is full of it
            for tries_left in reversed(range(_TRIES)):
                try:
                    self._copy(place, target, free, Path(name).stem)
                    return
                except (_Refused, _Quiet):
                    raise
                except Exception:
                    if not tries_left:
                        raise
                    target.seek(0)
                    target.truncate()

    def _copy(self, place: str, target: IO[bytes], free: int, expected: str) -> None:
        digest, size = hashlib.sha256(), 0
        with self._reading(place) as read:
            while chunk := read(_CHUNK):
                size += len(chunk)
                self._refuse_more(size, free)  # it grew, or the store does not know its size
                digest.update(chunk)
                target.write(chunk)
        if digest.hexdigest() != expected:
            raise _Refused("its content is not what its name says")

    @contextmanager
    def _reading(self, place: str) -> Iterator[Callable[[int], bytes]]:
        """What reads the next bytes of a file there, no more than are asked for.

        fsspec's files ask a server for a range and take whatever comes, all of it into memory; its streams do not.
        """
        from fsspec.asyn import AsyncFileSystem, sync

        system = self._system
        if not system.async_impl or type(system).open_async is AsyncFileSystem.open_async:
            with system.open(place, "rb") as source:
                yield source.read
            return
        stream = sync(system.loop, system.open_async, place, "rb")

        def read(size: int) -> bytes:
            try:
                return bytes(sync(system.loop, stream.read, size, timeout=QUIET_SECONDS))
            except TimeoutError as error:
                raise _Quiet(f"nothing of it came for {QUIET_SECONDS:.0f} s") from error

        try:
            yield read
        finally:
            with suppress(Exception):  # what is not read to its end would stay open
                sync(system.loop, stream.close, timeout=QUIET_SECONDS)

    def _refuse_more(self, size: int, free: int) -> None:
        """Refuse a file that is larger than it can be.

        Raises:
            _Refused: it is.
        """
        if size > self._most_bytes:
            most = f"{self._most_bytes / 1e6:,.0f} MB"
            raise _Refused(f"it has {size / 1e6:,.0f} MB there, and no file of a workspace has more than {most}")
        if size > free:
            raise _Refused(f"it has {size / 1e6:,.0f} MB there, and the disk here has space for {free / 1e6:,.0f} MB")

    def takes_several(self) -> bool:
        """Whether several threads may use it at a time: fsspec's asynchronous systems, and the disk.

        Raises:
            WorkspaceProblem: it cannot be reached.
            MissingTool: a package for this kind of URL is not installed.
        """
        with self._border(f"{self.url} cannot be reached"):
            return bool(self._system.async_impl) or self._is_local

    def check(self, workspace: Path) -> None:
        """See that the store can be reached, and is not in the folder whose files it is to keep.

        Args:
            workspace: the folder.

        Raises:
            WorkspaceProblem: it cannot be reached, or is in that folder.
            MissingTool: a package for this kind of URL is not installed.
        """
        with self._border(f"{self.url} cannot be reached"):
            self._system.exists(self._root)
        if self._is_local:
            there, own = os.path.realpath(self._root), os.path.realpath(workspace)
            same = (os.path.realpath(f"{there}/{name}") == os.path.realpath(f"{own}/{name}") for name in _FOLDERS)
            if Path(there).is_relative_to(own) or any(same):
                raise WorkspaceProblem(
                    f"{self.url} is the workspace's own folder: what is kept there are its own files, and no copies.",
                    "Name a folder outside of it.",
                )

    @property
    def _is_local(self) -> bool:
        return self.url.partition(":")[0] in _LOCAL

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        system, root = url_to_fs(self.url)
        return system, str(root)

    @property
    def _system(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _border(self, failure: str) -> Iterator[None]:
        """Every file system has exceptions of its own: whatever is wrong there is one of ours here."""
        try:
            yield
        except ImportError as error:
            raise MissingTool(f"{failure}: {error}.", "Install the package that it names.") from error
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            if isinstance(error, KeyError):
                reason = f"its answer lacks {reason}"
            raise WorkspaceProblem(f"{failure}: {reason[:300]}.", _REMEDY) from error


def _free_bytes(target: IO[bytes]) -> int:
    """The space on the disk of an open file."""
    disk = os.fstatvfs(target.fileno())
    return disk.f_bavail * disk.f_frsize


def fault_of(url: str) -> str:
    """What is wrong with a URL as it may stand in workbench.toml, without quoting it; "" where nothing is."""
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or any(_SECRETS.search(name) for name, _ in parse_qsl(parts.query))
    except ValueError:
        return "cannot be read"
    if secret:
        return "has a password in it: the service's own settings are read (for S3 the environment and ~/.aws)"
    if parts.scheme == "memory" or "::" in url:  # and `simplecache::s3://…` hides a password
        return "is of no place that keeps files"
    if parts.scheme in _LOCAL and (parts.netloc or not parts.path.startswith("/")):
        # fsspec takes it from the current folder
        return "names no folder from the root: it has three slashes, as file:///shared/folder"
    return "" if len(parts.scheme) > 1 and (parts.netloc or parts.path.strip("/")) else "is no URL"
