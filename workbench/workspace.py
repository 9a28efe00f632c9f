"""A workspace: the directory in which everything about one pile of invoices is kept."""

from dataclasses import dataclass, replace
from pathlib import Path

from storage.database import Database
from storage.exceptions import WorkspaceProblem
from storage.files import Files
from workbench import settings as settings_file
from workbench.fields import Schema
from workbench.settings import Settings


@dataclass
class Workspace:
    """An open workspace; `Workspace.find()` and `Workspace.create()` make one."""

    files: Files
    db: Database
    settings: Settings

    @classmethod
    def create(cls, directory: Path, database: str = "") -> "Workspace":
        """Make a workspace in a new or empty directory.

        Args:
            directory: where; made when missing.
            database: a SQLAlchemy URL of a database kept elsewhere; "" for a file in the directory.

        Raises:
            WorkspaceProblem: there is one already, or other files are in the way.
        """
        files = Files(directory.absolute())
        if files.database.exists() or files.settings.exists():
            raise WorkspaceProblem(f"{directory} is a workspace already.", f"Open it with `workbench -w {directory}`.")
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise WorkspaceProblem(f"{directory} is not an empty directory.", "Name a new directory for the workspace.")
        files.make()
        chosen = replace(settings_file.read(files.settings), database=database)
        settings_file.write(files.settings, chosen)
        return cls._open(files, chosen)

    @classmethod
    def find(cls, directory: Path | None = None) -> "Workspace":
        """Open the workspace of a directory, or the nearest one at or above the current directory.

        Raises:
            WorkspaceProblem: there is none.
        """
        if directory is not None:
            if not (directory / "workbench.toml").is_file():
                raise WorkspaceProblem(f"{directory} is no workspace.", f"Make one with `workbench init {directory}`.")
            return cls.open(directory)
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / "workbench.toml").is_file():
                return cls.open(folder)
        raise WorkspaceProblem(
            f"There is no workspace at or above {here}.", "Make one with `workbench init DIR`, or name one with -w DIR."
        )

    @classmethod
    def open(cls, directory: Path) -> "Workspace":
        """Open a workspace, and bring its schema to this version.

        Raises:
            WorkspaceProblem: it is damaged or read-only.
            NewerWorkspace: a newer version of the program wrote it.
        """
        files = Files(directory.absolute())
        return cls._open(files, settings_file.read(files.settings))

    @classmethod
    def _open(cls, files: Files, chosen: Settings) -> "Workspace":
        db = Database(chosen.database or f"sqlite:///{files.database}")
        db.migrate()
        return cls(files, db, chosen)

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.files.root.name

    @property
    def schema(self) -> Schema:
        """The fields."""
        return self.settings.schema

    def change_settings(self, **changes: object) -> None:
        """Change settings and write workbench.toml."""
        changed = replace(self.settings, **changes)  # type: ignore[arg-type]
        settings_file.write(self.files.settings, changed)
        self.settings = changed

    def close(self) -> None:
        """Give the database back."""
        self.db.close()
