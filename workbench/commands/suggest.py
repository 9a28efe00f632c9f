"""`workbench suggest`: let a model propose labels."""

from typing import Any

import click

from workbench.commands.support import argument_completion
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.commands.support.run_settings import on_option, reader_of
from workbench.fields.plain_text import counted


@click.command()
@click.option(
    "--model", default="starter", show_default=True, shell_complete=argument_completion.model,
    help="starter, a run, or a model folder.",
)  # fmt: skip
@click.option("--family", type=click.Choice(["starter"]), help="The same as --model starter.")
@on_option("Read them")
@json_option
@click.pass_obj
def command(context: Context, model: str, family: str | None, target: str, as_json: bool) -> None:
    """Let a model suggest labels for the documents that are not labelled yet.

    The starter needs no label and no network. Suggestions are shown apart from labels and become labels only when
    you accept them. With --on the model and the documents' words go to another machine over ssh, their predictions
    come back and are verified, and nothing stays there.

    \b
    Examples:
      workbench suggest
      workbench suggest --model 20261122-093000
      workbench suggest --model best --on box
    """
    from workbench.commands.support.progress import document_progress
    from workbench.evaluation import prediction_process
    from workbench.runs.reconcile import still_there

    workspace = context.open_workspace()
    on, before = reader_of(workspace, target)
    name = family or model
    with still_there(workspace, name), document_progress("Reading", silent=as_json, before=before) as show:
        result = prediction_process.suggest(workspace, name, tick=show, on=on)
    rows = sorted(((workspace.schema.name(f), n) for f, n in result["fields"].items()), key=lambda row: -row[1])
    emit(result, as_json=as_json, text=[_summary(result), *table(rows, ("field", "open suggestions"), right=(1,))])


def _summary(result: dict[str, Any]) -> str:
    known = result.get("known_values", 0)
    sources = f"{result['suggestions'] - known:,} by {result['model']}" + (f", {known:,} known values" if known else "")
    documents = counted(result["documents"], "document")
    return f"{counted(result['suggestions'], 'open suggestion')} on {documents}: {sources}."
