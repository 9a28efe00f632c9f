"""Where people have something written: never over what is a workspace's own."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from storage.exceptions import UsageProblem
from storage.files import OWN_NAMES, Files


def refuse_own(target: Path, workspace: Path | None = None) -> None:
    """See that a file or folder that people name may be written: that it is none of a workspace's own.

    Names are compared as disks do that see no difference between `RUNS` and `runs`, and folders by what they are, so
    that a folder of the workspace may be a link to another disk.

    Args:
        target: what is to be written.
        workspace: one that is looked at besides those that the target and this process are in.

    Raises:
        UsageProblem: it is one's own, or no regular file or folder.
    """
    real = Path(os.path.realpath(target))
    ways = {identity for path in (real, *real.parents) if (identity := _identity(path))}
    for root in _workspaces(real, workspace):
        below = real.relative_to(root).parts if real.is_relative_to(root) else ()
        first = below[0].casefold() if below else ""
        if len(below) == 1 and first.startswith(OWN_NAMES):
            raise UsageProblem(f"{target} is the workspace's own.", "Name another file or folder.")
        folders = Files(root).own_folders
        if first in {folder.name for folder in folders} or ways & {_identity(folder) for folder in folders}:
            raise UsageProblem(f"{target} is in the workspace's own files.", "Name another place.")
    if os.path.lexists(target) and not (target.is_dir() or target.is_file()):
        raise UsageProblem(f"{target} is not a regular file.", "Name a file or folder.")


def _workspaces(real: Path, workspace: Path | None) -> Iterator[Path]:
    """The workspaces that a path may be a part of."""
    if workspace is not None:
        yield Path(os.path.realpath(workspace))
    near = {*real.parents}
    with suppress(OSError):  # the folder of this process was deleted
        here = Path.cwd()
        near |= {here, *here.parents}
    for folder in near:
        with suppress(OSError):  # it may not be looked into
            if Files(folder).settings.is_file():
                yield folder


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file or folder it is, by whatever name; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
