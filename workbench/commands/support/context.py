"""What every command gets: the workspace that it works in."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from storage.exceptions import DamagedDatabase

if TYPE_CHECKING:
    from workbench.workspace import Workspace


@dataclass
class Context:
    """What every command gets (`@click.pass_obj`)."""

    directory: Path | None
    _workspace: "Workspace | None" = field(default=None, init=False)

    def open_workspace(self) -> "Workspace":
        """The workspace named by -w, or the nearest one above the current directory.

        Raises:
            WorkspaceProblem: there is none, or it cannot be opened.
        """
        workspace = self.find_workspace()
        workspace.connect()
        return workspace

    def find_workspace(self) -> "Workspace":
        """The same workspace, its database not opened yet.

        Raises:
            WorkspaceProblem: there is none.
        """
        from workbench.workspace import Workspace

        workspace = Workspace.find(self.directory)
        if (umask := workspace.files.umask) is not None:
            os.umask(umask)  # whatever is made from here on, also by runs, is as private as the workspace's folder
        self._workspace = workspace
        return workspace

    def raise_damage(self, error: Exception) -> None:
        """Say that the workspace's database is damaged, where that is what a fault comes from.

        Raises:
            DamagedDatabase: it is.
        """
        if self._workspace is None or not self._workspace.is_open:
            return
        from storage.database import OF_A_ROW

        if isinstance(error, OF_A_ROW) and self._workspace.db.is_damaged():
            raise DamagedDatabase(str(error)[:100]) from error
