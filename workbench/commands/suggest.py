"""`workbench suggest`: let a model propose labels."""

import click

from workbench.commands import Context
from workbench.commands.output import emit, json_option, table


@click.command()
@click.option("--model", default="starter", show_default=True, help="starter, a run, or a model folder.")
@click.option("--family", type=click.Choice(["starter"]), help="The same as --model starter.")
@json_option
@click.pass_obj
def command(context: Context, model: str, family: str | None, as_json: bool) -> None:
    """Let a model suggest labels for the documents that are not labelled yet.

    The starter needs no label and no network. Suggestions are shown apart from labels and become labels only when
    you accept them.

    \b
    Examples:
      workbench suggest
      workbench suggest --model 20261122-093000
    """
    from workbench.evaluation import inference

    workspace = context.open_workspace()
    with _bar("Reading", as_json) as tick:
        result = inference.suggest(workspace, family or model, tick=tick)
    lines = [f"{result['suggestions']:,} suggestions on {result['documents']:,} documents by {result['model']}."]
    rows = sorted(((workspace.schema.name(f), n) for f, n in result["fields"].items()), key=lambda row: -row[1])
    emit(result, as_json=as_json, text=[*lines, *table(rows, ("field", "suggestions"), right=(1,))])


class _bar:  # noqa: N801 - used like a function
    """A progress bar on stderr, silent for scripts; gives a (done, total) callback."""

    def __init__(self, label: str, silent: bool) -> None:
        self._label = label
        self._silent = silent

    def __enter__(self) -> "_bar":
        return self

    def __call__(self, done: int, total: int) -> None:
        import sys

        if not self._silent and sys.stderr.isatty():
            click.echo(f"\r\x1b[K{self._label} {done}/{total} documents", err=True, nl=False)

    def __exit__(self, *_: object) -> None:
        import sys

        if not self._silent and sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)


progress_on_stderr = _bar
