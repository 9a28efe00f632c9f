"""Which workspace a database belongs to: its folder keeps the id that the database has, wherever it is mounted."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Column, Connection, DateTime, MetaData, Table, Text, delete, insert, select

from storage.exceptions import WorkspaceProblem
from storage.files import write_atomic

metadata = MetaData()
_workspace = Table(
    "workspace",
    metadata,
    Column("id", Text, primary_key=True),
    Column("place", Text, nullable=False),  # host:folder, for people
    Column("claimed", DateTime(timezone=True), nullable=False),
)


def owner(connection: Connection) -> str | None:
    """The id of the workspace that the database belongs to; None where it belongs to none yet."""
    return connection.scalar(select(_workspace.c.id))


def claim(connection: Connection, kept_in: Path, place: str, *, take_over: bool = False) -> None:
    """Make the database that of a workspace's folder, in the caller's transaction that writes.

    Args:
        kept_in: the file of the folder that keeps the id.
        place: host and folder, as messages name them.
        take_over: the folder that the database belonged to is gone.

    Raises:
        WorkspaceProblem: it belongs to another folder.
    """
    row = connection.execute(select(_workspace)).first()
    if row is not None and not take_over:
        raise WorkspaceProblem(
            f"This database belongs to the workspace {row.place}. Nothing was changed.",
            "Open that folder (a team shares it), or name another database. If the folder is gone for good: "
            "workbench init DIR --database URL --take-over.",
        )
    number = uuid4().hex
    connection.execute(delete(_workspace))
    connection.execute(insert(_workspace).values(id=number, place=place, claimed=datetime.now(UTC)))
    write_atomic(kept_in, number)


def release(connection: Connection, moved_to: str) -> None:
    """Have no folder open the database any more, in the caller's transaction: its rows were moved."""
    connection.execute(delete(_workspace))
    moved = f"whose rows were moved to {moved_to}"
    connection.execute(insert(_workspace).values(id=uuid4().hex, place=moved, claimed=datetime.now(UTC)))
