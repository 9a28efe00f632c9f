"""`workbench queue`: choose the documents that are labelled next."""

import sys
from collections.abc import Callable

import click

from storage.records import Round
from workbench import pool_order
from workbench.active_learning import loop_task, selection
from workbench.active_learning.loop_task import TOKENS, LoopTask
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.strategies import registry as strategies
from workbench.active_learning.train_after import standing
from workbench.annotation import rounds
from workbench.commands.support import argument_completion
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.commands.support.parameter_types import Range
from workbench.fields.plain_text import counted
from workbench.runs.reconcile import reconcile
from workbench.settings import MOST_TRAIN_AFTER
from workbench.workspace import Workspace


@click.command
@click.option(
    "--strategy", default=strategies.DEFAULT, metavar="S", shell_complete=argument_completion.strategy,
    help="How to choose; --strategies lists them.",
)  # fmt: skip
@click.option("--size", default=20, show_default=True, help="Documents in the batch.")
@click.option(
    "--run", metavar="RUN", shell_complete=argument_completion.run_id,
    help="Whose predictions decide; the newest one by default.",
)  # fmt: skip
@click.option("--seed", type=int, help="For what is drawn; by default every round draws differently.")
@click.option(
    "--focus",
    multiple=True,
    metavar="FIELD",
    shell_complete=argument_completion.field,
    help="Only this field's doubt counts; may be repeated.",
)
@click.option(
    "--for", "name", metavar="FIELD", default="", shell_complete=argument_completion.class_field,
    help="The class field that documents are chosen for; by default what the workspace is about.",
)  # fmt: skip
@click.option("--like", multiple=True, type=int, metavar="DOCUMENT", help="More like this one (strategy similar).")
@click.option(
    "--committee",
    multiple=True,
    metavar="RUN",
    shell_complete=argument_completion.run_id,
    help="A further run that votes (strategy committee); without it the newest ones.",
)
@click.option(
    "--blind", default=selection.BLIND_SHARE, show_default=True, type=Range(0, 1),
    help="Share of labelled documents that come back without their labels.",
)  # fmt: skip
@click.option(
    "--order", type=click.Choice(pool_order.ORDERS),
    help="How documents come from now on: as listed, or live: the one that the learner is least sure of next, anew "
    "after every label. Kept in workbench.toml; nothing is queued.",
)  # fmt: skip
@click.option(
    "--train-after", type=click.IntRange(0, MOST_TRAIN_AFTER), metavar="N",
    help="Have a run begin by itself after N accepted documents, while a terminal is open; 0: never. Its model is used "
    "only if it is surely better on validation. Kept in workbench.toml; nothing is queued.",
)  # fmt: skip
@click.option("--strategies", "explain", is_flag=True, help="List the strategies and what each is for.")
@json_option
@click.pass_obj
def command(
    context: Context,
    strategy: str,
    size: int,
    run: str | None,
    seed: int | None,
    focus: tuple[str, ...],
    name: str,
    like: tuple[int, ...],
    committee: tuple[str, ...],
    blind: float,
    order: str | None,
    train_after: int | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Queue the documents from which the model would learn most, as a round of the relabel loop.

    A round in which nothing was labelled yet is replaced. Labels that are probably wrong are no strategy here: the
    errors screen (F6) lists them, the surest first, and puts one or all into the queue.

    With two annotators, --blind 0.5 brings more documents back that the other one labelled: the queue screen's Quality
    view then shows how far they agree. The annotator's name is WORKBENCH_ANNOTATOR, else annotator in workbench.toml,
    else the login name.

    \b
    Example:
        workbench queue --strategy combined --size 20
    """
    if explain:
        listed = [
            {"name": s.name, "title": s.title, "explanation": s.explanation, "needs": sorted(s.needs)}
            for s in (*strategies.STRATEGIES.values(), *strategies.CLASS_ONLY.values())
        ]
        rows = [(s["name"], s["title"], s["explanation"]) for s in listed]
        emit(listed, as_json=as_json, text=table(rows, ("strategy", "title", "what it takes")))
        return
    workspace = context.open_workspace()
    try:
        if order is not None:
            workspace.change_settings(order=order)
            sentence = pool_order.sentence(order, has_learner=workspace.settings.learner)
            emit({"order": order}, as_json=as_json, text=[sentence])
            return
        if train_after is not None:
            workspace.change_settings(train_after=train_after)
            now = standing(workspace)
            emit({"train_after": train_after}, as_json=as_json, text=[now.sentence or "No run begins by itself."])
            return
        reconcile(workspace)  # a run that ended while no terminal was open counts
        task = _task(workspace, name, focus)
        request = SelectionRequest(
            strategy, size, run, seed, _fields(workspace, focus), like, committee, class_field=task.field
        )
        running = selection.start(workspace, request)
        try:
            running.wait(_counter(as_json))
        finally:
            running.stop()
        progress = rounds.look(workspace, selection.open_round(workspace, running, blind))
        with workspace.db.read() as connection:
            names = selection.names(connection, progress)
        emit(selection.as_dict(progress), as_json=as_json, text=[_head(progress.round), *_lines(progress, names)])
    finally:
        workspace.close()


def _task(workspace: Workspace, name: str, focus: tuple[str, ...]) -> LoopTask:
    if not name:
        return TOKENS if focus else loop_task.usual(workspace)
    field = next((f for f in workspace.schema.classes if name in (f.id, f.name)), None)
    if field is None:
        known = ", ".join(f.name for f in workspace.schema.classes) or "none"
        raise click.BadParameter(f"There is no class field '{name}'. Known: {known}.", param_hint="--for")
    return LoopTask(field.id, field.name)


def _fields(workspace: Workspace, names: tuple[str, ...]) -> tuple[str, ...]:
    ids = []
    for name in names:
        field = workspace.schema.resolve(name)
        if field is None or field.retired:
            known = ", ".join(f.name for f in workspace.schema.spans)
            raise click.BadParameter(f"There is no field '{name}'. Known: {known}.", param_hint="--focus")
        ids.append(field.id)
    return tuple(ids)


def _counter(quiet: bool) -> Callable[[int, int], None]:
    is_shown = not quiet and sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        if is_shown and total:
            click.echo(f"\r{done:,} of {counted(total, 'document')} scored ", err=True, nl=done == total)

    return show


def _head(opened: Round) -> str:
    return f"Round {opened.id}: {opened.strategy}, run {opened.run or 'none'}, seed {opened.seed}"


def _lines(progress: rounds.RoundProgress, names: dict[int, str]) -> list[str]:
    rows = [
        (
            e.rank,
            names.get(e.document, str(e.document)),
            "" if e.blind else f"{e.score:.3f}",
            "comes back blind" if e.blind else "; ".join(e.reasons),
        )
        for e in progress.entries
    ]
    return table(rows, ("", "document", "score", "why"), right=(0, 2))
