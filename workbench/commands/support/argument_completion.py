"""What the shell completes besides the names of commands and options (runs, settings, presets, fields, strategies)."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from storage.exceptions import WorkbenchError
from workbench.commands.support.context import Context
from workbench.fields.plain_text import counted, harmless

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_RUN_BY_SHELLS = re.compile(r"[$`;&|<>!\x00-\x1f\x7f]")
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _matching(words: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    """The words (each with an explanation) that begin as typed, whatever the case.

    A name with a sign that makes a shell run something is left out: bash puts names on the command line as they are,
    where `$(…)` of a field that came from others would be run by Enter.
    """
    typed = incomplete.casefold()
    return [
        CompletionItem(word, help=harmless(text))
        for word, text in words
        if word.casefold().startswith(typed) and not _RUN_BY_SHELLS.search(word)
    ]


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


def run_or_group(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the runs, and the names of their groups."""

    def words(workspace: "Workspace") -> list[tuple[str, str]]:
        from storage import runs

        with workspace.db.read() as connection:
            groups = Counter(run.batch for run in runs.listed(connection) if run.batch)
        return [(name, f"a group of {counted(number, 'run')}") for name, number in groups.items()]

    return _matching([*_in_workspace(ctx, words), *_in_workspace(ctx, _runs)], incomplete)


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


def class_field(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The fields that say what a whole document is."""
    return _matching(
        _in_workspace(ctx, lambda workspace: [(f.name, ", ".join(f.options)) for f in workspace.schema.classes]),
        incomplete,
    )


def meaning(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Of LABEL=FIELD the field."""
    label, equals, typed = incomplete.partition("=")
    items = field(ctx, parameter, typed) if equals else []
    return [CompletionItem(f"{label}={item.value}", help=item.help) for item in items]


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


def settings(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The keys of `--grid` and `--zip`: the last of several, and of its values the last."""
    before, space, last = incomplete.rpartition(" ")
    values, comma, typed = last.rpartition(",")
    key = last.partition("=")[0]
    items = setting(ctx, parameter, f"{key}={typed}" if comma else last)
    shown = [str(item.value).removeprefix(f"{key}=") if comma else item.value for item in items]
    return [
        CompletionItem(f"{before}{space}{values}{comma}{value}", help=item.help)
        for value, item in zip(shown, items, strict=True)
    ]


def preset(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The presets' names, and auto."""
    from workbench.runs.config.presets import presets

    known = [(name, row.when) for name, row in presets().items()]
    return _matching([("auto", "by the number of documents"), *known], incomplete)


def strategy(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The strategies' names; of a list with commas the last one."""
    from workbench.active_learning.strategies.registry import CLASS_ONLY, STRATEGIES

    before, comma, _ = incomplete.rpartition(",")
    known = STRATEGIES | CLASS_ONLY
    return _matching([(f"{before}{comma}{s.name}", s.title) for s in known.values()], incomplete)


def import_format(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from workbench.exchange.importers.registry import IMPORTERS

    return _matching(
        [("auto", "by each file's content"), *((name, row[1]) for name, row in IMPORTERS.items())], incomplete
    )


def ocr_engine(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _matching([(name, "") for name in ("rapidocr", "tesseract")], incomplete)
