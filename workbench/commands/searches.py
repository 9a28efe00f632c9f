"""`workbench searches`: searches for settings that were started with `tune --search`."""

from typing import TYPE_CHECKING, Any

import click

from storage.exceptions import WorkbenchError
from workbench.commands.support import search_options
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option

if TYPE_CHECKING:
    from workbench.search.plan import SearchFolder
    from workbench.workspace import Workspace


@click.group()
def command() -> None:
    """Follow and stop searches for settings; `workbench tune --search` starts one and goes on with it.

    \b
    Examples:
      workbench searches list
      workbench searches show rates
    """


@command.command("list")
@json_option
@click.pass_obj
def list_(context: Context, as_json: bool) -> None:
    """The searches of the workspace, the latest first.

    \b
    Example:
      workbench searches list --json
    """
    from workbench.search import plan as searches

    workspace = context.open_workspace()
    rows = [_row(workspace, folder) for folder in searches.listed(workspace)]
    text = search_options.list_lines(rows) if not as_json else []
    emit({"searches": rows}, as_json=as_json, text=text)


@command.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(context: Context, name: str, as_json: bool) -> None:
    """A search's report, or how far it is.

    \b
    Example:
      workbench searches show rates
    """
    from workbench.search import plan as searches

    workspace = context.open_workspace()
    folder = searches.get(workspace, name)
    report = None if folder.at_work() else folder.read_result()
    if report is not None:
        emit(report, as_json=as_json, text=search_options.report_lines(report))
        return
    row = _row(workspace, folder)
    emit(row, as_json=as_json, text=search_options.list_lines([row]))


@command.command()
@click.argument("name")
@json_option
@click.pass_obj
def stop(context: Context, name: str, as_json: bool) -> None:
    """Stop a search; what its runs learned stays, and it is reported.

    \b
    Example:
      workbench searches stop rates
    """
    from workbench.search import plan as searches

    workspace = context.open_workspace()
    searches.stop(searches.get(workspace, name))
    line = f"Search {name!r} stops when its run has saved its model."
    emit({"search": name, "state": "stopping"}, as_json=as_json, text=[line])


def _row(workspace: "Workspace", folder: "SearchFolder") -> dict[str, Any]:
    """How far a search is. Collects runs that ended."""
    from workbench.runs.reconcile import reconcile
    from workbench.search import plan as searches

    reconcile(workspace)
    runs = searches.runs_of(workspace, folder.path.name)
    try:
        plan = folder.read_plan()
        trials, done = plan.trials, plan.ended(runs)
    except WorkbenchError:  # the other searches are listed all the same
        trials, done = None, sum(run.state not in searches.WORKING for run in runs)
    state = "running" if folder.at_work() else "ended" if folder.read_result() else "interrupted"
    if trials is None:
        state = "damaged"
    return {
        "name": folder.path.name,
        "state": state,
        "trials": trials,
        "done": done,
        "best": max((run.f1 for run in runs if run.f1 is not None), default=None),
        "runs": [run.id for run in runs],
    }
