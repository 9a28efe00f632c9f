"""`workbench move`: the database goes to a server, or back into the workspace's folder."""

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
@click.option(
    "--to", required=True, metavar="URL|sqlite", help="postgresql://USER@HOST/NAME, or sqlite for the file in DIR."
)
@click.option("--dry-run", is_flag=True, help="Show what would be moved, and look whether the new place takes it.")
@json_option
@click.pass_obj
def command(context: Context, to: str, dry_run: bool, as_json: bool) -> None:
    """Move the workspace's database to a PostgreSQL server, or from there into the workspace's folder.

    Every table is copied in one transaction and compared by its count and digest; only then is the workspace changed to
    the new database. The old one is kept: a file under copies/, a server's as it is. Pictures, runs and workbench.toml
    stay where they are. Whatever interrupts the move leaves the workspace as it was.

    Keys of --json: moved, from, to, rows, tables [{table, rows, digest}], kept (where the old database is).

    \b
    Examples:
      workbench move --to postgresql://anna@db.example.org/invoices --dry-run
      workbench move --to postgresql://anna@db.example.org/invoices
      workbench move --to sqlite
    """
    from workbench import database_move
    from workbench.commands.support.progress import share_progress

    workspace = context.find_workspace()
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
