"""The exceptions for everything that a user can cause: title, message, remedy, exit code.

Exit codes (documented in docs/guide.md): 1 a fault of the program, 2 wrong usage, 3 workspace,
4 input, 5 busy or changed by another process, 6 something is missing on this machine,
7 a run failed, 130 interrupted.
"""

import errno
from typing import ClassVar

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = "That disk is read-only: name a place on another one, or copy what is there to one that can be written."


class WorkbenchError(Exception):
    """An error that is shown to the analyst.

    Args:
        message: what happened, with the names and numbers that matter.
        remedy: what the analyst can do about it; "" when there is nothing.
    """

    title: ClassVar[str] = "Something went wrong"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def as_dict(self) -> dict[str, str | int]:
        """Stable keys for `--json`."""
        return {
            "error": type(self).__name__,
            "title": self.title,
            "message": self.message,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
        }


class UsageProblem(WorkbenchError):
    """A command or a value that cannot mean anything."""

    title = "That cannot be done"
    exit_code = 2


class WorkspaceProblem(WorkbenchError):
    """No workspace, a workspace that cannot be opened, or one that is read-only."""

    title = "The workspace cannot be used"
    exit_code = 3


class DamagedDatabase(WorkspaceProblem):
    """The database holds what this program never writes.

    Args:
        reason: what it is.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The database is damaged ({reason}).",
            "`workbench restore` puts a copy in its place; the originals/ folder is untouched.",
        )


class NotWritten(WorkspaceProblem):
    """The database takes nothing now; the same can be written once what is in its way is gone."""


class DiskFull(NotWritten):
    """There is no space left for what was to be written; nothing of it was."""

    title = "The disk is full"


class WorkspaceGone(WorkspaceProblem):
    """The database was moved, deleted or replaced while it was open."""

    title = "The workspace is gone"


class DeletedElsewhere(WorkspaceProblem):
    """A document that a step is about, or something else of it, was deleted by another process."""

    title = "It was deleted meanwhile"

    def __init__(self) -> None:
        super().__init__(
            "The document, or what else this step is about, was deleted in the database by another process. Nothing "
            "of this step was written.",
            "Open the workspace again to see what there is.",
        )


class NewerWorkspace(WorkspaceProblem):
    """The workspace was written by a newer version of the program."""

    title = "The workspace is newer than this program"


class InputProblem(WorkbenchError):
    """A file that cannot be read as what it claims to be."""

    title = "The input cannot be read"
    exit_code = 4


class ConfigProblem(InputProblem):
    """A setting that is unknown, out of range, or impossible together with another."""

    title = "The configuration cannot be used"


class Busy(WorkbenchError):
    """Another process holds the database or a file for too long."""

    title = "The workspace is busy"
    exit_code = 5


WAITING = (NotWritten, Busy)
"""What passes: the same is written once there is space, or the other process has ended."""


class Conflict(WorkbenchError):
    """The document was changed by another process since it was opened."""

    title = "The document was changed elsewhere"
    exit_code = 5


class MissingTool(WorkbenchError):
    """A model, a device or an engine that this machine does not have."""

    title = "Something is missing on this machine"
    exit_code = 6


class RunProblem(WorkbenchError):
    """A run that failed, or an act that its state does not allow."""

    title = "The run did not work"
    exit_code = 7


def remedy_of(error: OSError, otherwise: str) -> str:
    """What helps where something cannot be written: space or another disk, where the system says so."""
    if error.errno in _FULL:
        return "Free some space, then repeat the step."
    return _READ_ONLY if error.errno == errno.EROFS else otherwise
