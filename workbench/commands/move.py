"""`workbench move`: database or files go elsewhere, or back into the workspace's folder."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.fields.plain_text import counted

if TYPE_CHECKING:
    from workbench.database_move import Move

_DIGITS = 12  # of a digest, as text


@click.command
@click.option("--to", metavar="URL|sqlite", help="postgresql://USER@HOST/NAME, or sqlite for the file in DIR.")
@click.option(
    "--files", "files_to", metavar="URL|folder",
    help="s3://BUCKET/FOLDER, file:///FOLDER or another that fsspec knows; or folder for the workspace's own.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be moved, and look whether the new place takes it.")
@json_option
@click.pass_obj
def command(context: Context, to: str | None, files_to: str | None, dry_run: bool, as_json: bool) -> None:
    """Move the workspace's database, or its originals and pictures, elsewhere or back into the workspace's folder.

    With --to it is the database, on a PostgreSQL server. Every table is copied in one transaction and compared by its
    count and digest; only then is the workspace changed to the new database. The old one is kept: a file under copies/,
    a server's as it is. Pictures, runs and workbench.toml stay where they are.

    With --files it is the originals and pictures, which go to an object store or a shared folder by URL. What comes
    back is compared with the digest in its name. The workspace's own folders stay, as copies that may be deleted.

    Whatever interrupts a move leaves the workspace as it was.

    Keys of --json: moved, from, to, rows, tables [{table, rows, digest}], kept (where the old database is); with
    --files moved, from, to, files, bytes, missing [name].

    \b
    Examples:
      workbench move --to postgresql://anna@db.example.org/invoices --dry-run
      workbench move --to postgresql://anna@db.example.org/invoices
      workbench move --to sqlite
      workbench move --files s3://invoices/2026
      workbench move --files folder
    """
    from storage.exceptions import UsageProblem
    from workbench import database_move
    from workbench.commands.support import file_move
    from workbench.commands.support.progress import share_progress

    if (to is None) == (files_to is None):
        raise UsageProblem("Say what is to be moved.", "Give --to for the database, or --files for the pictures.")
    workspace = context.find_workspace()
    if to is None:
        with share_progress("moving", silent=as_json) as show:
            data, lines = file_move.move(workspace, files_to or "", show, dry_run=dry_run)
        workspace.close()
        emit(data, as_json=as_json, text=lines)
        return
    if dry_run:
        move = database_move.look(workspace, to)
        workspace.close()
    else:
        with share_progress("moving", silent=as_json) as show:
            move = database_move.move(workspace, to, lambda done, total: show(done / total))
    emit(_as_data(move), as_json=as_json, text=_lines(move))


def _as_data(move: "Move") -> dict[str, Any]:
    tables = [{"table": row.table, "rows": row.rows, "digest": row.digest or None} for row in move.tables]
    return {
        "moved": bool(move.kept), "from": move.source, "to": move.target, "rows": move.rows, "tables": tables,
        "kept": move.kept or None,
    }  # fmt: skip


def _lines(move: "Move") -> Iterator[str]:
    yield from table(
        [(row.table, f"{row.rows:,}", row.digest[:_DIGITS]) for row in move.tables if row.rows],
        ("table", "rows", "digest" if move.kept else ""),
        right=(1,),
    )
    yield ""
    if not move.kept:
        yield f"{counted(move.rows, 'row')} would go from {move.source} to {move.target}. Nothing was changed."
        return
    yield f"{counted(move.rows, 'row')} moved from {move.source} to {move.target}; counts and digests are the same."
    yield f"The old database is kept: {move.kept}"
