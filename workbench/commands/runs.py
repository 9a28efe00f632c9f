"""`workbench runs`: the list of runs, and what can be done with one."""

from pathlib import Path
from typing import Any

import click

from workbench.commands import Context
from workbench.commands.output import emit, json_option, table


@click.group()
def command() -> None:
    """List, follow, stop and resume runs.

    \b
    Examples:
      workbench runs list --json
      workbench runs show 20261122-093000
      workbench runs stop 20261122-093000
    """


def _open(context: Context) -> Any:
    from workbench.runs import jobs

    workspace = context.open_workspace()
    jobs.reconcile(workspace)
    return workspace


def _run(workspace: Any, name: str) -> Any:
    from storage import runs

    with workspace.db.read() as connection:
        return runs.get(connection, name)


@command.command("list")
@json_option
@click.pass_obj
def list_runs(context: Context, as_json: bool) -> None:
    """All runs, the newest first, with what they cost and which is the best.

    The best has the highest F1 of those measured on the same validation documents as most runs (or the newest); the
    F1s of others do not compare with it, `workbench runs compare` does that on the documents that both read. The time
    is that at work; the cost is that time × the processor cores (core-h) or graphics cards (GPU-h) that the run kept.
    """
    from storage import runs
    from workbench.evaluation import comparison
    from workbench.runs import jobs, progress
    from workbench.runs.watch import cost, duration

    workspace = _open(context)
    with workspace.db.read() as connection:
        found = runs.listed(connection)
    measured = comparison.measured(workspace, found)
    best = comparison.best(found, measured)
    data, rows = [], []
    for run in found:
        seen = progress.of(jobs.folder_of(workspace, run.id))
        is_alike = best is not None and run.f1 is not None and measured.get(run.id) == measured[best.id]
        data.append(
            {
                "run": run.id,
                "name": run.name,
                "state": run.state.value,
                "preset": run.preset,
                "family": run.family,
                "f1": run.f1,
                "best": run is best,
                "compares_with_best": is_alike,
                "seconds": round(seen.seconds, 1),
                "core_hours": round(seen.core_seconds / 3600, 4),
                "gpu_hours": round(seen.gpu_seconds / 3600, 4),
            }
        )
        mark = "the best" if run is best else "" if is_alike or run.f1 is None else "other documents"
        rows.append(
            (
                run.id,
                run.name if run.name != run.id else "",
                run.state.value,
                run.preset,
                run.family,
                "" if run.f1 is None else f"{run.f1:.3f}",
                mark,
                duration(seen.seconds) if seen.seconds else "",
                cost(seen),
            )
        )
    heads = ("run", "name", "state", "preset", "family", "F1", "", "time", "cost")
    emit(data, as_json=as_json, text=table(rows, heads, right=(5,)) if rows else "No runs yet.")


@command.command()
@click.argument("run")
@json_option
@click.pass_obj
def show(context: Context, run: str, as_json: bool) -> None:
    """One run: its state, progress, figures and configuration."""
    from dataclasses import asdict

    from workbench.runs import jobs, progress

    workspace = _open(context)
    found = _run(workspace, run)
    seen = progress.of(jobs.folder_of(workspace, found.id))
    kept = seen.best or (seen.evaluations[-1] if seen.evaluations else None)
    data = asdict(found) | {
        "run": found.id,
        "step": seen.step,
        "total_steps": seen.total_steps,
        "epoch": seen.epoch,
        "seconds_left": seen.seconds_left,
        "notes": seen.notes,
        "validation": dict(kept.validation) if kept else None,
    }
    lines = [
        f"{found.name}: {found.state.value}" + (f" — {found.reason}" if found.reason else ""),
        f"{found.family}, preset {found.preset or '–'}, step {seen.step} of {seen.total_steps}, {seen.seconds:.0f} s",
        *(f"note: {note}" for note in seen.notes),
    ]
    if kept and kept.validation:
        lines.append(f"validation F1 {kept.validation.get('f1') or 0:.3f} at step {kept.step}, the best so far")
    emit(data, as_json=as_json, text=lines)


def _act(name: str, summary: str, done: str) -> None:
    @command.command(name, help=summary, short_help=summary)
    @click.argument("run")
    @json_option
    @click.pass_obj
    def act(context: Context, run: str, as_json: bool) -> None:
        from workbench.runs import jobs

        workspace = _open(context)
        found = _run(workspace, run)
        getattr(jobs, name)(workspace, found.id)
        emit({"run": found.id, "asked": name}, as_json=as_json, text=done.format(found.name))


for _name, _summary, _done in (
    ("stop", "End a run well: checkpoint, evaluate, keep the model.", "Run {} will stop after its current step."),
    ("pause", "Let a run rest after its current step.", "Run {} will pause after its current step."),
    ("unpause", "Let a paused run go on.", "Run {} goes on."),
    ("kill", "End a run at once; `resume` goes on from its last checkpoint.", "Run {} was ended."),
    ("resume", "Go on from the last checkpoint, or from a pause.", "Run {} goes on."),
    ("delete", "Forget a run and delete its folder.", "Run {} and its folder are gone."),
):
    _act(_name, _summary, _done)


@command.command()
@click.argument("run")
@click.option("--lines", default=40, show_default=True, help="How many lines from the end.")
@click.pass_obj
def log(context: Context, run: str, lines: int) -> None:
    """What the run's process printed."""
    from workbench.runs import jobs

    workspace = _open(context)
    path = jobs.folder_of(workspace, _run(workspace, run).id) / "stderr.log"
    text = path.read_text(errors="replace").splitlines() if path.exists() else []
    click.echo("\n".join(text[-lines:]) or "The process printed nothing.")


@command.command()
@click.argument("run")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one setting; may be repeated.")
@click.option("--name", default="", help="A name for the new run.")
@json_option
@click.pass_obj
def clone(context: Context, run: str, sets: tuple[str, ...], name: str, as_json: bool) -> None:
    """Start a run with another one's configuration, with changes, on today's labels."""
    from workbench.runs import jobs

    workspace = _open(context)
    made = jobs.clone(workspace, _run(workspace, run).id, sets, name)
    jobs.start(workspace, made.id)
    emit({"run": made.id, "state": "queued"}, as_json=as_json, text=f"Run {made.id} is started.")


@command.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
@click.pass_obj
def import_run(context: Context, folder: Path, as_json: bool) -> None:
    """Take a run folder from another machine into this workspace."""
    from workbench.runs import transfer

    made = transfer.adopt(_open(context), folder)
    emit({"run": made.id, "state": made.state.value}, as_json=as_json, text=f"Run {made.id}: {made.state.value}.")


@command.command()
@click.argument("a")
@click.argument("b")
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

    workspace = _open(context)
    first, second = _run(workspace, a), _run(workspace, b)
    found = comparison.compare(workspace, first, second, on)
    lines = [comparison.sentence(found, (first.name, second.name))]
    rows = [
        (
            workspace.schema.name(name) if name != "micro" else "all",
            f"{one['a']:.3f}",
            f"{one['b']:.3f}",
            f"{one['difference']:+.3f}",
            "" if one["ci95"] is None else "{:+.3f} to {:+.3f}".format(*one["ci95"]),
            "yes" if one["certain"] else "no",
        )
        for name, one in found["differences"].items()
    ]
    if rows:
        lines += table(rows, ("field", "F1 of A", "F1 of B", "B − A", "95 %", "certain"), right=(1, 2, 3))
    lines += [f"{key}: {old} → {new}" for key, (old, new) in found["config"].items()]
    emit(found, as_json=as_json, text=lines)


@command.command()
@click.argument("run")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def export(context: Context, run: str, folder: Path, as_json: bool) -> None:
    """Give a run's model away: a plain Hugging Face folder with workbench.json and a model card."""
    from workbench.runs import transfer

    workspace = _open(context)
    found = _run(workspace, run)
    made = transfer.export_model(workspace, found.id, folder)
    emit({"run": found.id, "folder": str(made)}, as_json=as_json, text=f"The model of {found.name} is in {made}.")


@command.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("--to", "file", type=click.Path(path_type=Path), required=True, help="A .png or .svg file.")
@click.option(
    "--of", "kind", default="f1", show_default=True,
    type=click.Choice(["loss", "f1", "learning_rate", "grad_norm", "tokens_per_second", "memory_mb", "fields"]),
)  # fmt: skip
@json_option
@click.pass_obj
def chart(context: Context, runs: tuple[str, ...], file: Path, kind: str, as_json: bool) -> None:
    """Draw runs over each other into a picture: curves, or the bars of the fields.

    \b
    Example:
      workbench runs chart 20261122-093000 20261122-101500 --of loss --to loss.svg
    """
    from workbench.evaluation import charts, comparison
    from workbench.runs import jobs, progress

    workspace = _open(context)
    found = [_run(workspace, name) for name in runs]
    chart = comparison.picture(
        found, kind, lambda run: progress.of(jobs.folder_of(workspace, run.id)), workspace.schema.name
    )
    charts.save(chart, file.absolute())
    emit({"file": str(file.absolute())}, as_json=as_json, text=f"Written: {file}")
