"""`workbench init`: make a workspace."""

import re
from pathlib import Path

import click

from workbench.commands.support.output import emit, json_option
from workbench.commands.support.parameter_types import NamedPath
from workbench.fields.plain_text import as_argument, counted


@click.command
@click.argument("directory", type=NamedPath(path_type=Path))
@click.option(
    "--database", default="", metavar="URL", help="Keep the data on a server, for a team: postgresql://USER@HOST/NAME."
)
@click.option(
    "--files", "files_at", default="", metavar="URL",
    help="Keep originals and pictures in an object store: s3://BUCKET/FOLDER, file:///FOLDER and the like.",
)  # fmt: skip
@click.option("--take-over", is_flag=True, help="Use a server's database whose own folder is gone for good.")
@click.option("--shared", is_flag=True, help="Let the directory's group read and write it; else only you can.")
@json_option
def command(directory: Path, database: str, files_at: str, take_over: bool, shared: bool, as_json: bool) -> None:
    """Make a workspace in a new or empty DIRECTORY. Only you can read it, unless it is --shared.

    \b
    Examples:
      workbench init my-invoices
      workbench init /srv/team/invoices --shared
      workbench init /srv/team/invoices --shared --database postgresql://anna@db.example.org/invoices
      workbench init my-invoices --files s3://invoices/2026

    A password never stands in an address: PostgreSQL reads it from ~/.pgpass, a service file or PGPASSWORD, and an
    object store's own settings are read (for S3 the environment and ~/.aws).
    """
    from storage.exceptions import UsageProblem
    from storage.object_store import store
    from workbench.files.output_places import refuse_own
    from workbench.workspace import Workspace

    if re.match(r"\w[\w+.-]+:/", str(directory)):  # not quoted: there may be a password in it
        raise UsageProblem("An address is no folder.", "Name a folder, and the address with --database or --files.")
    if files_at and (fault := store.fault_of(files_at)):
        raise UsageProblem(f"The address of the files {fault}.", f"Write it as {store.EXAMPLE}.")
    refuse_own(directory)
    workspace = Workspace.create(directory, database, files_at=files_at, shared=shared, take_over=take_over)
    fields = [field.name for field in workspace.schema.active]
    workspace.close()
    emit(
        {"workspace": str(workspace.files.root), "fields": fields},
        as_json=as_json,
        text=[
            f"Made the workspace {directory} with {counted(len(fields), 'field')}.",
            f"  → Bring documents in: workbench -w {as_argument(directory)} import PATH…",
        ],
    )
