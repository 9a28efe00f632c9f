"""A workspace's files: paths, originals by content, and atomic writing."""

import errno
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from storage import locks
from storage.exceptions import InputProblem, WorkspaceProblem, remedy_of
from storage.object_store.store import ObjectStore

SELECTIONS = "selections"
"""The folder of chosen batches, in a run's folder or the workspace's."""
SETTINGS = "workbench.toml"
DATABASE = "workbench.db"
BEFORE_MIGRATION = "workbench.before-"
"""What the name of a copy of the database begins with, made before its schema changes; the revision follows."""
WRITER = "writer.pid"
"""Beside the database: the process that wrote last, for the message that a waiting process shows."""
CHOICE = "choice.json"
"""Of a folder of SELECTIONS: the documents that were chosen, in order."""
OWN_NAMES = (".", DATABASE, BEFORE_MIGRATION, SETTINGS, WRITER, "learner.json", "measured.json")
"""What the names of a workspace's own files begin with: the database, its companions and copies, notes and locks."""
_LOCK = ".lock"  # of a draft folder, held while its process lives
TEMPORARY = "workbench-"
"""How the names of temporary folders begin."""
_BESIDE = f"{TEMPORARY}beside-"
_PLACE = "place"  # in a temporary folder of that name: a folder, and how the name of a draft in it begins
_DRAFT = r"\..+\."
_RANDOM = "[a-z0-9_]{8}"  # how the names end that `tempfile` makes
_MOMENT = 10.0  # seconds: between a file's making and its lock
_DAY = 86_400.0


class Files:
    """The paths of a workspace.

    Args:
        root: the workspace's directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / DATABASE
        self.settings = root / SETTINGS
        self.database_id = root / ".database-id"  # of a database on a server: that it is this workspace's
        self.originals = root / "originals"
        self.pages = root / "pages"
        self.runs = root / "runs"
        self.copies = root / "copies"
        self.features = root / "features"
        self.learner_record = root / "learner.json"
        self.learner_lock = root / ".learner.lock"
        self.terminal_lock = root / ".terminal.lock"  # shared by the terminals that are open
        self.pool_order = root / ".pool-order.json"  # of the learner: which document is most useful next
        self.speeds = root / "measured.json"  # of training on this machine, by model and batch
        self.searches = root / "searches"
        self.view = root / ".view.json"  # how the annotate screen is set
        self.store: ObjectStore | None = None  # where originals and pages are kept; None: in their folders alone
        self.simulations = root / "simulations"
        self.own_folders = (
            self.originals, self.pages, self.runs, self.copies, self.features, self.searches, self.simulations,
            root / SELECTIONS,
        )  # fmt: skip

    def make(self) -> None:
        """Make the folders that are missing.

        Raises:
            WorkspaceProblem: the directory cannot be written.
        """
        try:
            for folder in (self.root, self.originals, self.pages, self.runs):
                folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.root, self.root.parent):
                with suppress(OSError):  # a folder that may be entered but not read
                    sync_folder(folder)
        except OSError as error:
            remedy = remedy_of(error, "Choose another directory.")
            raise WorkspaceProblem(f"{self.root} cannot be made: {error.strerror}.", remedy) from error

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
            remedy = remedy_of(error, "Choose another directory.")
            raise WorkspaceProblem(f"{self.root} cannot be made: {error.strerror}.", remedy) from error

    def sweep(self) -> None:
        """Delete the temporary files and folders of processes that were killed while they wrote."""
        files = (self.database, self.settings, self.database_id, self.learner_record, self.pool_order, self.speeds,
                 self.view)  # fmt: skip
        sweep(self.root, rf"\.({'|'.join(re.escape(path.name) for path in files)})\.|\.moving-", own=True)
        sweep(self.runs, r"\.(reading|incoming|onnx|upload)-", own=True)
        for folder in (self.originals, self.pages, self.copies):
            sweep(folder, _DRAFT, own=True)
        for parent in (self.runs, self.features, self.searches, self.root / SELECTIONS):
            for folder in _folders(parent):
                sweep(folder, _DRAFT, own=True)
        for run in _folders(self.runs):
            for folder in (run / "dataset", run / "model", *_folders(run / SELECTIONS)):
                sweep(folder, _DRAFT, own=True)

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

    def keep(self, folder: Path, content: bytes | io.BytesIO | io.BufferedReader, suffix: str) -> str:
        """Store a file under the SHA-256 of its content, once, and return its name.

        Raises:
            InputProblem: another process writes to the file meanwhile.
            WorkspaceProblem: it cannot be stored; nothing was changed.
        """
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        name = f"{digest[:2]}/{digest}{suffix.lower()}"
        target = folder / name
        if not target.exists():
            try:
                if not target.parent.is_dir():  # not where the workspace was, if it was moved away
                    target.parent.mkdir(parents=self.root.is_dir(), exist_ok=True)
                    sync_folder(folder)
            except OSError as error:
                raise WorkspaceProblem(
                    f"{target.parent} cannot be made: {error.strerror}. Nothing was changed.",
                    "Free some space or check the permissions, then repeat the step.",
                ) from error
            source.seek(0)
            copied = hashlib.sha256()
            with replacing(target, folder) as file:
                while part := source.read(1 << 20):
                    copied.update(part)
                    file.write(part)
                if copied.hexdigest() != digest:
                    raise InputProblem("it was changed while it was read", "Import it again when it is whole.")
        if self.store is not None:
            self.store.put(f"{folder.name}/{name}", target)
        return name

    def run(self, run_id: str) -> Path:
        return self.runs / run_id

    def selections(self, run_id: str | None) -> Path:
        """The folder of the batches that were chosen with a run; None: without any."""
        return (self.run(run_id) if run_id else self.root) / SELECTIONS

    def picture(self, name: str) -> Path:
        """The file of a page's picture."""
        return self.pages / name


def stays_inside(name: str) -> bool:
    """Whether a name that was stored leads to below the folder that it is looked for in."""
    return bool(name) and "\0" not in name and not name.startswith("/") and not {"..", "."} & set(name.split("/"))


def digest_of(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def draft_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder for work in progress, deleted at the end; where this process is killed, `sweep` deletes it later."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    descriptor = locks.acquire_new(folder / _LOCK)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def temporary_folder(purpose: str) -> AbstractContextManager[Path]:
    """A draft folder in the system's folder for temporary files."""
    return draft_folder(Path(tempfile.gettempdir()), f"{TEMPORARY}{purpose}-")


@contextmanager
def draft_beside(target: Path) -> Iterator[Path]:
    """A draft folder beside a file or folder that is not the program's, for what becomes it.

    It is the program's by its lock alone. Where this process is killed, the next draft of the same target deletes it,
    and so does `sweep_temporary`, as a temporary folder says where it is.

    Raises:
        OSError: it cannot be made.
    """
    parent, prefix = target.parent.absolute(), f".{target.name[:40]}."
    sweep(parent, re.escape(prefix))
    with ExitStack() as stack:
        with suppress(OSError):  # no space for temporary files
            note = stack.enter_context(temporary_folder("beside"))
            (note / _PLACE).write_bytes(b"\0".join([os.fsencode(parent), os.fsencode(prefix)]))
        yield stack.enter_context(draft_folder(parent, prefix))


def sweep_temporary() -> None:
    """Delete what this user's processes that were killed left: temporary folders, and the drafts that these name."""
    folder = Path(tempfile.gettempdir())
    for note in _left(folder, _BESIDE, own=False):
        with suppress(OSError, ValueError):
            parent, prefix = map(os.fsdecode, (note / _PLACE).read_bytes().split(b"\0"))
            sweep(Path(parent), re.escape(prefix))
    sweep(folder, rf"{TEMPORARY}[a-z]+-")


def sweep(folder: Path, beginning: str, *, own: bool = False) -> None:
    """Delete what killed processes left in a folder: draft folders with a lock that no process holds.

    Args:
        folder: whose entries are looked at.
        beginning: of their names, a regular expression.
        own: the folder is the program's, so files of such names are drafts, too, and old folders that have no lock.
    """
    for path in _left(folder, beginning, own=own):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _left(folder: Path, beginning: str, *, own: bool) -> list[Path]:
    """What `sweep` is to delete."""
    left = []
    names = re.compile(f"(?:{beginning}){_RANDOM}")
    user = os.getuid()
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not names.fullmatch(entry.name):
                continue
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if status.st_uid != user:
                    continue
                age = time.time() - status.st_mtime
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    lock, draft = path / _LOCK, path / f"{_LOCK}{locks.DRAFT}"
                    is_left = own and age > _DAY  # without a lock: a version made it that had none
                    if lock.is_file() or (draft.is_file() and time.time() - draft.stat().st_mtime > _MOMENT):
                        is_left = not locks.held(lock if lock.is_file() else draft)
                else:
                    is_left = own and entry.is_file(follow_symlinks=False) and age > _MOMENT and not locks.held(path)
                if is_left:
                    left.append(path)
    return left


def _folders(parent: Path) -> list[Path]:
    """The folders in a folder; none where it cannot be read."""
    with suppress(OSError), os.scandir(parent) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


@contextmanager
def replacing(target: Path, draft_in: Path | None = None, *, outside: bool = False) -> Iterator[IO[bytes]]:
    """Write a file that appears whole or not at all: a temporary file beside it, flushed to the disk, then renamed.

    The folder is flushed, too: what was reported as written is there after a power cut. A new file is for this user,
    in a folder that its group may write to for the group, too; a file that is replaced keeps its permissions.

    Args:
        target: the file.
        draft_in: a folder of the same file system for the temporary file; None: the target's own.
        outside: the target's folder is not the program's: the temporary file lies in a `draft_beside`.

    Raises:
        WorkspaceProblem: the disk is full or the folder cannot be written; the old file is as it was. Or, outside, a
            device or a pipe has this name.
    """
    if outside and target.exists() and not target.is_file():
        raise WorkspaceProblem(f"{target} is not a regular file. Nothing was changed.", "Name another file.")
    temporary: str | None = None
    descriptor: int | None = None
    stack = ExitStack()
    try:
        folder = stack.enter_context(draft_beside(target)) if outside else draft_in or target.parent
        prefix = f".{target.name[:40]}."
        with tempfile.NamedTemporaryFile(dir=folder, prefix=prefix, delete=False) as file:
            temporary = file.name
            descriptor = locks.acquire(Path(temporary), named=False)  # so that `sweep` leaves it alone
            yield file
            file.flush()
            os.chmod(temporary, _mode_of(target))  # noqa: PTH101
            os.fsync(file.fileno())
        os.replace(temporary, target)  # noqa: PTH105 - atomic on every platform
        sync_folder(target.parent)
    except OSError as error:
        remedy = remedy_of(error, "Free some space or check the permissions, then repeat the step.")
        if not target.parent.is_dir():
            remedy = f"Name a folder that exists: {target.parent} does not."
        raise WorkspaceProblem(
            f"{target} cannot be written: {error.strerror or error}. Nothing was changed.", remedy
        ) from error
    finally:
        if temporary and Path(temporary).exists():
            Path(temporary).unlink()
        if descriptor is not None:
            os.close(descriptor)
        stack.close()


def _mode_of(target: Path) -> int:
    try:
        return target.stat().st_mode & 0o777
    except OSError:
        return 0o660 if target.parent.stat().st_mode & 0o020 else 0o600


class NotRegular(OSError):
    """A pipe, a device, a folder or gigabytes stand where a small file belongs: reading them may never end."""


def read_regular(path: Path, last: int | None = None) -> bytes:
    """The content of a file, or its last bytes.

    Raises:
        NotRegular: it is none, or is to be read whole and has more than any that the program writes.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or (last is None and status.st_size > 1 << 28):
            raise NotRegular(errno.EINVAL, "no regular file, or one of more than 256 MB", str(path))
        if last is not None and status.st_size > last:
            file.seek(-last, os.SEEK_END)
        return file.read() or b""  # None of a file of the system that has nothing to say now


def is_empty(path: Path) -> bool:
    """Whether a file says that it is empty. The system's own do, and reading some of them never ends."""
    return path.is_file() and path.stat().st_size == 0


def sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path, leave_out: Path) -> None:
    """Have a folder with all that is in it written to the disk, and its own name; what cannot be is left.

    Args:
        folder: what is to survive a power cut.
        leave_out: a folder in it that need not.
    """
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(where) / name != leave_out]
        for name in names:
            with suppress(OSError), (Path(where) / name).open("rb") as file:
                os.fsync(file.fileno())
        with suppress(OSError):
            sync_folder(Path(where))
    with suppress(OSError):
        sync_folder(folder.parent)


def write_atomic(target: Path, content: str | bytes, *, outside: bool = False) -> None:
    """Replace a file's content as a whole; `outside`: as in `replacing`."""
    with replacing(target, outside=outside) as file:
        file.write(content.encode() if isinstance(content, str) else content)
