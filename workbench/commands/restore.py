"""`workbench restore`: a copy of the database takes its place."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table


@click.command()
@click.argument("copy", default="")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def command(context: Context, copy: str, yes: bool, as_json: bool) -> None:
    """List the copies of the workspace's database; with COPY (a name of the list, or `newest`), go back to that one.

    A copy is made once a day while the workspace is used, and before a new version changes it; the last 7 days are
    kept. The database that is replaced becomes a copy, too. Documents' files, runs and workbench.toml stay as they are.

    Keys of --json: copies [{name, written, bytes, documents, labelled}], or restored, replaced.

    \b
    Examples:
      workbench restore
      workbench restore newest
      workbench restore workbench-20261128 --yes
    """
    from storage.exceptions import UsageProblem, WorkspaceProblem
    from workbench import database_copies

    workspace = context.find_workspace()
    if workspace.settings.database:
        raise WorkspaceProblem("This workspace's database is kept by a server.", "Restore it with the server's tools.")
    if not copy:
        rows = [_row(entry) for entry in database_copies.listed(workspace.files)]
        emit({"copies": rows}, as_json=as_json, text=_lines(rows))
        return
    chosen = database_copies.chosen(workspace.files, copy)
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageProblem("Nothing was restored: what was changed since would be set aside.", "Add --yes.")
        click.confirm(f"Go back to {chosen.name} of {chosen.written:%Y-%m-%d %H:%M}?", abort=True)
    replaced = database_copies.restore(workspace.files, chosen)
    kept = f" What it replaced is kept as {replaced.stem}." if replaced else ""
    emit(
        {"restored": chosen.name, "replaced": replaced.stem if replaced else None},
        as_json=as_json,
        text=f"The database is that of {chosen.written:%Y-%m-%d %H:%M} now.{kept}",
    )


def _row(copy: Any) -> dict[str, Any]:
    from workbench import database_copies

    held = database_copies.contents(copy)
    return {
        "name": copy.name, "written": copy.written.isoformat(timespec="seconds"), "bytes": copy.size,
        "documents": held.documents if held else None, "labelled": held.labelled if held else None,
    }  # fmt: skip


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        yield "There are no copies yet: one is made every day that the workspace is opened with documents in it."
        return
    cells = [
        (row["name"], row["written"][:16].replace("T", " "), f"{row['bytes'] / 1e6:.1f} MB",
         *(("damaged", "") if row["documents"] is None else (f"{row['documents']:,}", f"{row['labelled']:,}")))
        for row in rows
    ]  # fmt: skip
    yield from table(cells, ("copy", "written", "size", "documents", "labelled"), right=(2, 3, 4))
    yield "  → Go back to one: workbench restore COPY"
