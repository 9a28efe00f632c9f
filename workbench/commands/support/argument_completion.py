"""What the shell completes besides the names of commands and options (runs, settings, presets, fields, strategies)."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from storage.exceptions import WorkbenchError
from workbench.commands.support.context import Context

if TYPE_CHECKING:
    from workbench.workspace import Workspace

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _matching(words: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    """The words (each with an explanation) that begin as typed, whatever the case."""
    typed = incomplete.casefold()
    return [CompletionItem(word, help=text) for word, text in words if word.casefold().startswith(typed)]


def _in_workspace(ctx: click.Context, words: Callable[["Workspace"], list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """Words of the workspace that the command line is about; none where there is none."""
    with suppress(WorkbenchError):
        workspace = Context(ctx.find_root().params.get("workspace")).open_workspace()
        try:
            return words(workspace)
        finally:
            workspace.close()
    return []


def _runs(workspace: "Workspace") -> list[tuple[str, str]]:
    from storage import runs

    with workspace.db.read() as connection:
        return [(run.id, f"{run.name}, {run.state.value}") for run in runs.listed(connection)]


def run_id(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the runs, the newest first."""
    return _matching(_in_workspace(ctx, _runs), incomplete)


def model(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The starter, the runs, and folders."""
    names = _matching(
        [("starter", "comes with the program"), ("best", "the best run"), *_in_workspace(ctx, _runs)], incomplete
    )
    return names or [CompletionItem(incomplete, type="dir")]


def field(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _matching(
        _in_workspace(ctx, lambda workspace: [(f.name, f.type.value) for f in workspace.schema]), incomplete
    )


def setting(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The keys of `--set`, each with its "=" behind it; after that the choices that the setting has."""
    from workbench.runs.config.draft import SETTINGS

    key, equals, _ = incomplete.partition("=")
    if not equals:
        return _matching([(f"{known}=", row.title) for known, row in SETTINGS.items()], incomplete)
    choices = SETTINGS[key].choices if key in SETTINGS else ()
    return _matching([(f"{key}={choice}", "") for choice in choices], incomplete)


set_option = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=setting,
    help="Change one setting; may be repeated.",
)


def preset(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The presets' names, and auto."""
    from workbench.runs.config.presets import presets

    known = [(name, row.when) for name, row in presets().items()]
    return _matching([("auto", "by the number of documents"), *known], incomplete)


def strategy(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The strategies' names; of a list with commas the last one."""
    from workbench.active_learning.strategies.registry import STRATEGIES

    before, comma, _ = incomplete.rpartition(",")
    return _matching([(f"{before}{comma}{s.name}", s.title) for s in STRATEGIES.values()], incomplete)
