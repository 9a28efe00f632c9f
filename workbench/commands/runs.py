"""`workbench runs`: the list of runs, and what can be done with one."""

import sys
import time
from pathlib import Path

import click

from storage.exceptions import UsageProblem
from workbench.commands.support import argument_completion, run_travel, streams
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.commands.support.run_travel import open_runs, run_of
from workbench.fields.plain_text import harmless_lines
from workbench.runs.state import RunFolder

_FOLLOW_SECONDS = 0.3


@click.group()
def command() -> None:
    """List, follow, stop and resume runs.

    \b
    Examples:
      workbench runs list --json
      workbench runs show 20261122-093000
      workbench runs stop 20261122-093000
    """


@command.command("list")
@json_option
@click.pass_obj
def list_runs(context: Context, as_json: bool) -> None:
    """All runs, the newest first, with what they cost and which is the best.

    The best has the highest F1 of those measured on the same validation documents as most runs (or the newest); the
    F1s of others do not compare with it, `workbench runs compare` does that on the documents that both read. The time
    is that at work; the cost is that time × the processor cores (core-h) or graphics cards (GPU-h) that the run kept.

    \b
    Example:
      workbench runs list --json
    """
    from storage import runs
    from workbench.evaluation import comparison
    from workbench.runs import progress
    from workbench.runs.cost import cost, duration

    workspace = open_runs(context)
    with workspace.db.read() as connection:
        listed = runs.listed(connection)
    figures = comparison.on_validation(workspace, listed)
    best = comparison.best(listed, figures)
    data, rows = [], []
    for run in listed:
        state = progress.of(workspace.files.run(run.id))
        is_alike = best is not None and figures[best.id].compares_with(figures.get(run.id))
        data.append(
            {
                "run": run.id,
                "name": run.name,
                "group": run.batch,
                "state": run.state.value,
                "preset": run.preset,
                "family": run.family,
                "f1": run.f1,
                "documents_right": ((run.report or {}).get("evaluation") or {}).get("documents_right"),
                "best": run is best,
                "compares_with_best": is_alike,
                "seconds": round(state.seconds, 1),
                "core_hours": round(state.core_seconds / 3600, 4),
                "gpu_hours": round(state.gpu_seconds / 3600, 4),
            }
        )
        mark = "the best" if run is best else "" if is_alike or run.f1 is None else "other documents"
        rows.append(
            (run.id, run.name if run.name != run.id else "", run.state.value, run.preset, run.family,
             progress.untouched(run.report), "" if run.f1 is None else f"{run.f1:.3f}", mark,
             duration(state.seconds) if state.seconds else "", cost(state))
        )  # fmt: skip
    heads = ("run", "name", "state", "preset", "family", "all right", "F1 val.", "", "time", "cost")
    emit(data, as_json=as_json, text=table(rows, heads, right=(5, 6)) if rows else "No runs yet.")


@command.command()
@click.argument("run", shell_complete=argument_completion.run_id)
@json_option
@click.pass_obj
def show(context: Context, run: str, as_json: bool) -> None:
    """One run: its state, progress, figures and configuration.

    \b
    Example:
      workbench runs show 20261122-093000 --json
    """
    from dataclasses import asdict

    from workbench.runs import progress

    workspace = open_runs(context)
    record = run_of(workspace, run)
    state = progress.of(workspace.files.run(record.id))
    kept = state.best or (state.evaluations[-1] if state.evaluations else None)
    data = asdict(record) | {
        "run": record.id,
        "step": state.step,
        "total_steps": state.total_steps,
        "epoch": state.epoch,
        "seconds_left": state.seconds_left,
        "notes": state.notes,
        "validation": dict(kept.validation) if kept else None,
    }
    lines = [
        f"{record.name}: {record.state.value}" + (f" — {record.reason}" if record.reason else ""),
        f"{record.family}, preset {record.preset or '–'}, step {state.step} of {state.total_steps}, "
        f"{state.seconds:.0f} s",
        *(f"note: {note}" for note in state.notes),
    ]
    if kept and kept.validation:
        lines += filter(None, [progress.headline(record.report), progress.unread_line(record.report)])
        lines.append(f"validation F1 {kept.validation.get('f1') or 0:.3f} at step {kept.step}, the best so far")
    emit(data, as_json=as_json, text=lines)


def _act(name: str, summary: str, done: str) -> None:
    example = f"\n\n\b\nExample:\n  workbench runs {name} 20261122-093000"

    @command.command(name, help=summary + example, short_help=summary)
    @click.argument("run", shell_complete=argument_completion.run_id)
    @json_option
    @click.pass_obj
    def act(context: Context, run: str, as_json: bool) -> None:
        from workbench.runs import jobs

        workspace = open_runs(context)
        record = run_of(workspace, run)
        acts = {
            "stop": jobs.stop,
            "pause": jobs.pause,
            "unpause": jobs.unpause,
            "kill": jobs.kill,
            "resume": jobs.resume,
        }
        acts[name](workspace, record.id)
        emit({"run": record.id, "asked": name}, as_json=as_json, text=done.format(record.name))


for _name, _summary, _done in (
    ("stop", "End a run well: checkpoint, evaluate, keep the model.", "Run {} will stop after its current step."),
    ("pause", "Pause a run after its current step.", "Run {} will pause after its current step."),
    ("unpause", "Let a paused run go on.", "Run {} goes on."),
    ("kill", "End a run at once; `resume` goes on from its last checkpoint.", "Run {} was ended."),
    ("resume", "Go on from the last checkpoint, or from a pause.", "Run {} goes on."),
):
    _act(_name, _summary, _done)


@command.command()
@click.argument("run", shell_complete=argument_completion.run_id)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def delete(context: Context, run: str, yes: bool, as_json: bool) -> None:
    """Forget a run and delete its folder. Nothing undoes it, so it asks first.

    \b
    Examples:
      workbench runs delete 20261122-093000
      workbench runs delete 20261122-093000 --yes --json
    """
    from workbench.runs import jobs

    workspace = open_runs(context)
    record = run_of(workspace, run)
    if not yes:
        if not sys.stdin.isatty() or as_json:
            raise UsageProblem(f"Deleting run {record.name} cannot be undone.", "Add --yes where no one can be asked.")
        click.confirm(f"Delete run {record.name} with its model, for good?", abort=True)
    jobs.delete(workspace, record.id)
    emit({"run": record.id, "asked": "delete"}, as_json=as_json, text=f"Run {record.name} and its folder are gone.")


@command.command("put-aside")
@click.argument("run", shell_complete=argument_completion.run_id)
@click.option("--undo", is_flag=True, help="Use it again.")
@json_option
@click.pass_obj
def put_aside(context: Context, run: str, undo: bool, as_json: bool) -> None:
    """Use a run's model no longer by itself: suggestions come from the best of the others, or the starter.

    A run that began by itself (train_after) is put aside where it is not surely better on validation.

    Keys of --json: run, aside, model (in use now).

    \b
    Examples:
      workbench runs put-aside 20261122-093000
      workbench runs put-aside 20261122-093000 --undo
    """
    from workbench.evaluation import prediction_process

    workspace = open_runs(context)
    record = run_of(workspace, run)
    model = prediction_process.put_aside(workspace, record, aside=not undo)
    done = f"Run {record.name} is {'used again' if undo else 'put aside'}. {prediction_process.sentence_of(model)}"
    emit({"run": record.id, "aside": not undo, "model": model}, as_json=as_json, text=done)


@command.command()
@click.argument("run", shell_complete=argument_completion.run_id)
@click.option("--lines", default=40, show_default=True, help="How many lines from the end.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is printed until the run has ended.")
@json_option
@click.pass_obj
def log(context: Context, run: str, lines: int, follow: bool, as_json: bool) -> None:
    """What the run's process printed.

    Keys of --json: run, lines.

    \b
    Examples:
      workbench runs log 20261122-093000
      workbench runs log 20261122-093000 -f
    """
    if follow and as_json:
        raise UsageProblem("--follow has no end to be printed as JSON.", "Leave one of the two out.")
    workspace = open_runs(context)
    record = run_of(workspace, run)
    folder = RunFolder(workspace.files.run(record.id))
    printed = folder.read_log()
    shown = printed.decode(errors="replace").splitlines()[-lines:]
    emit({"run": record.id, "lines": shown}, as_json=as_json, text="\n".join(shown) or "The process printed nothing.")
    if follow:
        _follow(folder, len(printed))


def _follow(folder: RunFolder, position: int) -> None:
    """Print what a run's log gets after a position, until the run has ended."""
    is_working = True
    while is_working:
        is_working = folder.at_work()  # asked before the last look, so that no last line is missed
        if folder.log.is_file():
            with folder.log.open("rb") as file:
                file.seek(position)
                added = file.read()
            position += len(added)
            if added:
                click.echo(harmless_lines(added.decode(errors="replace")), nl=False)
        if is_working:
            time.sleep(_FOLLOW_SECONDS)


@command.command()
@click.argument("run", shell_complete=argument_completion.run_id)
@argument_completion.set_option
@click.option("--name", default="", help="A name for the new run.")
@json_option
@click.pass_obj
def clone(context: Context, run: str, sets: tuple[str, ...], name: str, as_json: bool) -> None:
    """Start a run with another one's configuration, with changes, on today's labels.

    \b
    Example:
      workbench runs clone 20261122-093000 --set train.learning_rate=1e-4 --name slower
    """
    from workbench.runs import jobs

    workspace = open_runs(context)
    copy = jobs.clone(workspace, run_of(workspace, run).id, sets, name)
    jobs.start(workspace, copy.id)
    emit({"run": copy.id, "state": "queued"}, as_json=as_json, text=f"Run {copy.id} has started.")


@command.command()
@click.argument("a", shell_complete=argument_completion.run_id)
@click.argument("b", shell_complete=argument_completion.run_id)
@click.option(
    "--on", type=click.Choice(["test", "validation", "train"]), help="The split (default: test, else validation)."
)
@json_option
@click.pass_obj
def compare(context: Context, a: str, b: str, on: str | None, as_json: bool) -> None:
    """Run B against run A: settings, F1 in all and per field, and whether the difference is more than chance.

    \b
    Example:
      workbench runs compare 20261122-093000 20261122-101500 --json
    """
    from workbench.evaluation import comparison

    workspace = open_runs(context)
    first, second = run_of(workspace, a), run_of(workspace, b)
    result = comparison.compare(workspace, first, second, on)
    lines = [comparison.sentence(result, (first.name, second.name))]
    rows = [
        (
            workspace.schema.name(name) if name != "micro" else "all",
            f"{figures['a']:.3f}",
            f"{figures['b']:.3f}",
            f"{figures['difference']:+.3f}",
            "" if figures["ci95"] is None else "{:+.3f} to {:+.3f}".format(*figures["ci95"]),
            "yes" if figures["certain"] else "no",
        )
        for name, figures in result["differences"].items()
    ]
    if rows:
        lines += table(rows, ("field", "F1 of A", "F1 of B", "B − A", "95 %", "certain"), right=(1, 2, 3))
    lines += [f"{key}: {old} → {new}" for key, (old, new) in result["config"].items()]
    emit(result, as_json=as_json, text=lines)


@command.command()
@click.argument("runs", nargs=-1, required=True, shell_complete=argument_completion.run_or_group)
@click.option(
    "--to", "file", type=click.Path(path_type=Path, allow_dash=True), required=True,
    help="A .png or .svg file; `-`: SVG on standard output.",
)  # fmt: skip
@click.option(
    "--of", "kind", default="f1", show_default=True,
    type=click.Choice(
        ["loss", "f1", "learning_rate", "grad_norm", "tokens_per_second", "memory_mb", "fields", "comparison",
         "search-progress", "parallel", "importance"]
    ),
    help="The last three are of a search (tune --search).",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite the file of --to where it exists.")
@json_option
@click.pass_obj
def chart(context: Context, runs: tuple[str, ...], file: Path, kind: str, force: bool, as_json: bool) -> None:
    """Draw RUNS over each other into a picture: curves, the bars of the fields, or the F1 of each with its interval.

    The name of a group (`tune --grid … --name GROUP`) stands for all of its runs. Of a search, by its name: the best so
    far over time, each run's settings with its F1 (parallel coordinates), and how much each setting matters (Optuna's
    PED-ANOVA); below the picture stands what the best gained over the preset.

    \b
    Examples:
      workbench runs chart 20261122-093000 20261122-101500 --of loss --to loss.svg
      workbench runs chart rates --of comparison --to rates.png
      workbench runs chart rates --of search-progress --to rates.svg
    """
    from storage import runs as run_store
    from workbench.evaluation import charts, comparison
    from workbench.exchange.exporters.base import check_target
    from workbench.runs import progress
    from workbench.search import charts as search_charts
    from workbench.search import plan as searches

    workspace = open_runs(context)
    check_target(file, workspace.files, force)
    with workspace.db.read() as connection:
        known = run_store.listed(connection)
    if kind in search_charts.KINDS:
        if len(runs) > 1:
            raise UsageProblem(f"A chart of {kind} is of one search.", "Name it alone.")
        picture = search_charts.picture(search_charts.outcome(searches.get(workspace, runs[0]), known), kind)
    else:
        records = []
        for name in runs:
            group = [run for run in reversed(known) if run.batch == name]  # the first that was started comes first
            records += group or [run_of(workspace, name)]
        picture = comparison.picture(workspace, records, kind, lambda run: progress.of(workspace.files.run(run.id)))
    is_stream = file == streams.STREAM
    with streams.output_of(file, ".svg") as target:
        charts.save(picture, target.absolute())
    with streams.reserved(is_stream):
        name = str(file if is_stream else file.absolute())
        emit({"file": name}, as_json=as_json, text=f"Written: {file}")


for _travelling in (run_travel.prepare, run_travel.import_run, run_travel.export, run_travel.push):
    command.add_command(_travelling)
