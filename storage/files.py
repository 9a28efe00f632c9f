"""A workspace's files: paths, originals by content, and atomic writing."""

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from storage.exceptions import WorkspaceProblem

SELECTIONS = "selections"
"""The folder of chosen batches, in a run's folder or the workspace's."""


class Files:
    """The paths of a workspace.

    Args:
        root: the workspace's directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "workbench.db"
        self.settings = root / "workbench.toml"
        self.originals = root / "originals"
        self.pages = root / "pages"
        self.runs = root / "runs"
        self.copies = root / "copies"

    def make(self) -> None:
        """Make the folders that are missing.

        Raises:
            WorkspaceProblem: the directory cannot be written.
        """
        try:
            for folder in (self.root, self.originals, self.pages, self.runs):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceProblem(
                f"{self.root} cannot be made: {error.strerror}.", "Choose another directory."
            ) from error

    def restrict(self, *, own_database: bool, shared: bool) -> None:
        """Let only this user into a new workspace, or the group of its folder, too.

        SQLite gives the files beside the database its permissions; what is made later belongs to the folder's group.

        Raises:
            WorkspaceProblem: the directory cannot be written.
        """
        try:
            for folder in (self.root, self.originals, self.pages, self.runs):
                folder.chmod(0o2770 if shared else 0o700)
            if own_database:
                self.database.touch(0o600)
                self.database.chmod(0o660 if shared else 0o600)
        except OSError as error:
            raise WorkspaceProblem(
                f"{self.root} cannot be made: {error.strerror}.", "Choose another directory."
            ) from error

    @property
    def umask(self) -> int | None:
        """The umask that keeps new files as private as the folder; None where it lets everyone in."""
        try:
            mode = self.root.stat().st_mode
        except OSError:
            return None
        if mode & 0o007:
            return None
        return 0o007 if mode & 0o020 else 0o077

    def keep(self, folder: Path, content: bytes | Path, suffix: str) -> str:
        """Store a file under the SHA-256 of its content, once, and return its name."""
        digest = hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else digest_of(content)
        name = f"{digest[:2]}/{digest}{suffix.lower()}"
        target = folder / name
        if not target.exists():
            try:
                if not target.parent.is_dir():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    sync_folder(folder)
            except OSError as error:
                raise WorkspaceProblem(
                    f"{target.parent} cannot be made: {error.strerror}. Nothing was changed.",
                    "Free some space or check the permissions, then repeat the step.",
                ) from error
            # The source first: if it vanished meanwhile, the folder is not to blame.
            with (
                io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source,
                replacing(target) as file,
            ):
                while chunk := source.read(1 << 20):
                    file.write(chunk)
        return name

    def run(self, run_id: str) -> Path:
        return self.runs / run_id

    def selections(self, run_id: str | None) -> Path:
        """The folder of the batches that were chosen with a run; None: without any."""
        return (self.run(run_id) if run_id else self.root) / SELECTIONS

    def picture(self, name: str) -> Path:
        """The file of a page's picture."""
        return self.pages / name


def digest_of(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Write a file that appears whole or not at all: a temporary file beside it, flushed to the disk, then renamed.

    The folder is flushed, too: what was reported as written is there after a power cut. A new file is for this user,
    in a folder that its group may write to for the group, too; a file that is replaced keeps its permissions.

    Raises:
        WorkspaceProblem: the disk is full or the folder cannot be written; the old file is as it was.
    """
    temporary: str | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name[:40]}.", delete=False) as file:
            temporary = file.name
            yield file
            file.flush()
            os.chmod(temporary, _mode_of(target))  # noqa: PTH101
            os.fsync(file.fileno())
        os.replace(temporary, target)  # noqa: PTH105 - atomic on every platform
        sync_folder(target.parent)
    except OSError as error:
        remedy = "Free some space or check the permissions, then repeat the step."
        if not target.parent.is_dir():
            remedy = f"Name a folder that exists: {target.parent} does not."
        raise WorkspaceProblem(
            f"{target} cannot be written: {error.strerror or error}. Nothing was changed.", remedy
        ) from error
    finally:
        if temporary and Path(temporary).exists():
            Path(temporary).unlink()


def _mode_of(target: Path) -> int:
    try:
        return target.stat().st_mode & 0o777
    except OSError:
        return 0o660 if target.parent.stat().st_mode & 0o020 else 0o600


def sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(target: Path, content: str | bytes) -> None:
    """Replace a file's content as a whole."""
    with replacing(target) as file:
        file.write(content.encode() if isinstance(content, str) else content)
