"""`workbench init`: make a workspace."""

from pathlib import Path

import click

from workbench.commands.support.output import emit, json_option
from workbench.fields.plain_text import counted


@click.command
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--database", default="", metavar="URL", help="Keep the data in another database (postgresql://…).")
@click.option("--shared", is_flag=True, help="Let the directory's group read and write it; else only you can.")
@json_option
def command(directory: Path, database: str, shared: bool, as_json: bool) -> None:
    """Make a workspace in a new or empty DIRECTORY. Only you can read it, unless it is --shared.

    \b
    Examples:
      workbench init my-invoices
      workbench init /srv/team/invoices --shared
    """
    from workbench.workspace import Workspace

    workspace = Workspace.create(directory, database, shared=shared)
    fields = [field.name for field in workspace.schema.active]
    workspace.close()
    emit(
        {"workspace": str(workspace.files.root), "fields": fields},
        as_json=as_json,
        text=[
            f"Made the workspace {directory} with {counted(len(fields), 'field')}.",
            f"  → Bring documents in: workbench -w {directory} import PATH…",
        ],
    )
