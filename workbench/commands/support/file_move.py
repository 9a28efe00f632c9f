"""Of `workbench move --files`: originals and pictures go to an object store, or back into the workspace's folder."""

from collections.abc import Callable
from typing import Any

from storage.exceptions import UsageProblem
from storage.object_store import store as object_store
from storage.object_store import transfer
from storage.object_store.store import ObjectStore
from workbench.fields.plain_text import counted
from workbench.workspace import Workspace

FOLDER = "folder"
"""What `--files` calls the workspace's own folder."""
_SHOWN = 3


def move(
    workspace: Workspace, to: str, show: Callable[[float], None], *, dry_run: bool
) -> tuple[dict[str, Any], list[str]]:
    """Bring all files to their new place, then have the workspace use it. What is repeated goes on where it ended.

    Args:
        to: a URL, or "folder".
        show: called with the share that is done.
        dry_run: only count them, and look whether the new place can be reached.

    Returns:
        For `--json`, and for people.

    Raises:
        UsageProblem: the address cannot be used, or the files are there already.
        WorkspaceProblem: a file cannot be read or written; the workspace goes on with the old place.
        MissingTool: a package for the store is not installed.
    """
    url = "" if to == FOLDER else to
    if url and (fault := object_store.fault_of(url)):
        raise UsageProblem(f"The address of the files {fault}.", f"Write it as {object_store.EXAMPLE}, or {FOLDER}.")
    if url == workspace.settings.files:
        raise UsageProblem(f"The files are in {to} already.", "`workbench status` shows what the workspace holds.")
    target = ObjectStore(url) if url else None
    if target is not None:
        target.check(workspace.files.root)
    place = {"from": workspace.settings.files or FOLDER, "to": to}
    names = _names(workspace)
    if dry_run:
        line = f"{counted(len(names), 'file')} would go from {place['from']} to {to}. Nothing was changed."
        return {"moved": False, **place, "files": len(names), "bytes": None, "missing": []}, [line]
    brought = transfer.bring(workspace.files, names, target, lambda done: show(done / len(names)))
    workspace.change_settings(files=url)
    if target is not None:  # what another process imported meanwhile
        transfer.bring(workspace.files, set(_names(workspace)) - set(names), target)
    lines = [
        f"{counted(brought.files, 'file')}, {brought.bytes / 1e6:,.1f} MB, brought from {place['from']} to {to}.",
        *(["originals/ and pages/ stay as copies that may be deleted."] if url else []),
    ]
    if brought.missing:
        named = ", ".join(brought.missing[:_SHOWN])
        lines.append(f"{counted(len(brought.missing), 'file')} were missing here already: {named} …")
    data = {"moved": True, **place, "files": brought.files, "bytes": brought.bytes, "missing": list(brought.missing)}
    return data, lines


def _names(workspace: Workspace) -> list[str]:
    with workspace.db.read() as connection:
        return transfer.names(connection)
