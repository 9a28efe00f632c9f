"""`workbench simulate`: how many labels a strategy would have needed, on your own labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.active_learning.strategies import registry as strategies
from workbench.commands.support import argument_completion, run_settings
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.workspace import Workspace

if TYPE_CHECKING:
    import subprocess


@click.command
@click.option(
    "--strategies", "names", default=strategies.DEFAULT, show_default=True, shell_complete=argument_completion.strategy,
    help="Comma-separated names.",
)  # fmt: skip
@click.option("--rounds", default=5, show_default=True, help="Batches to choose.")
@click.option("--batch", default=10, show_default=True, help="Documents in a batch.")
@click.option("--seeds", default=3, show_default=True, help="Repetitions; intervals are over them.")
@click.option("--start", type=int, help="Labelled documents to begin with; as many as a batch by default.")
@click.option(
    "--begin", type=click.Choice(["random", "typical"]), default="random", show_default=True,
    help="The texts that strategies begin with where texts are classified; random choice always begins at random.",
)  # fmt: skip
@click.option("--warm", is_flag=True, help="Go on from the model of the round before instead of the base.")
@click.option(
    "--preset",
    default="auto",
    show_default=True,
    shell_complete=argument_completion.preset,
    help="How models are trained; auto: first model, or classes where only classes are labelled.",
)
@argument_completion.set_option
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Trainings side by side.")
@click.option("--detach", is_flag=True, help="Leave it working in the background.")
@click.option("--stop", "stopping", is_flag=True, help="End what works in the background here; what it measured stays.")
@click.option(
    "--chart",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw F1 by labels, with intervals over the seeds, into a .svg or .png.",
)
@click.option("--force", is_flag=True, help="Overwrite the file of --chart where it exists.")
@json_option
@click.pass_obj
def command(
    context: Context,
    names: str,
    rounds: int,
    batch: int,
    seeds: int,
    start: int | None,
    begin: str,
    warm: bool,
    preset: str,
    sets: tuple[str, ...],
    jobs: int,
    detach: bool,
    stopping: bool,
    picture: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Compare ways of choosing what to label, on documents that are labelled already.

    Labels are hidden, chosen, given back, and a model is trained after each batch. Random choice always runs along.
    Ctrl-C stops it; the same command goes on where it was left. Intervals need three seeds or more. Of classes the F1
    is the mean over the classes.

    \b
    Examples:
        workbench simulate --strategies combined,margin --rounds 5 --batch 10 --seeds 3
        workbench simulate --set task=classes --set model.family=baseline --strategies margin --begin typical
    """
    from workbench.active_learning import simulation
    from workbench.evaluation import charts
    from workbench.exchange.exporters.base import check_target
    from workbench.runs.config import files, presets

    if picture is not None:
        charts.check(picture)
    workspace = context.open_workspace()
    try:
        if picture is not None:
            check_target(picture, workspace.files, force)
        if stopping:
            _stop(workspace, as_json)
            return
        if preset == "auto":
            preset = presets.CLASSES if run_settings.learns_classes(workspace, sets) else presets.FIRST
        most = (start or batch) + rounds * batch
        chosen = files.apply_sets(run_settings.of_preset(preset, sets, most), sets)
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        folder = simulation.prepare(
            workspace, wanted, chosen, rounds=rounds, batch=batch, seeds=seeds, start=start, warm=warm, begin=begin
        )
    finally:
        workspace.close()
    process = simulation.start(folder, jobs)
    report = simulation.report(folder) if detach else _followed(folder, process, as_json)
    if picture is not None:
        charts.save(simulation.chart(report), picture)
    emit(report, as_json=as_json, text=_text(report))


def _stop(workspace: Workspace, as_json: bool) -> None:
    from workbench.active_learning import simulation

    folders = simulation.at_work(workspace)
    for folder in folders:
        simulation.stop(folder)
    names = [folder.name for folder in folders]
    message = f"Stopped: {', '.join(names)}." if names else "No simulation is running."
    emit({"stopped": names}, as_json=as_json, text=message)


def _followed(folder: Path, process: "subprocess.Popen[bytes] | None", as_json: bool) -> dict[str, Any]:
    from workbench.active_learning import simulation
    from workbench.commands.support.progress import share_progress

    if process is None and not as_json:
        click.echo("It is running already; Ctrl-C leaves it running, --stop ends it.", err=True)
    with share_progress("Simulating", silent=as_json) as show:
        try:
            return simulation.wait(folder, process, lambda done, total: show(done / total))
        except KeyboardInterrupt:
            if process is not None:
                simulation.stop(folder, process)
            raise


def _text(report: dict[str, Any]) -> list[str]:
    from workbench.active_learning import simulation

    full, measure = report["full"], simulation.measure(report)
    lines = [f"Simulation {report['simulation']}: {report['done']} of {report['total']} models measured."]
    if full["f1"] is None:
        return lines
    has_accuracy = "accuracy" in full
    accuracy = f", accuracy {full['accuracy']:.3f}" if has_accuracy else ""
    lines.append(f"All {full['labels']} labels: {measure} {full['f1']:.3f}{accuracy}.")
    rows = []
    for name, result in report["strategies"].items():
        needed = [_needed(result["needed"].get(str(percent))) for percent in (90, 95, 99)]
        ratio = result["against_random"].get("95")
        last = result["curve"][-1] if result["curve"] else None
        end = f"{last['f1']:.3f} at {last['labels']}" if last else ""
        also = [f"{last['accuracy']:.3f}" if last else ""] if has_accuracy else []
        rows.append((name, end, *also, *needed, "" if ratio is None else f"{ratio:.2f}"))
    accuracies = ("accuracy",) if has_accuracy else ()
    head = ("strategy", f"{measure} in the end", *accuracies, "for 90 %", "for 95 %", "for 99 %", "95 % against random")
    return [*lines, *table(rows, head, right=tuple(range(2, len(head))))]


def _needed(needed: dict[str, Any] | None) -> str:
    if not needed or needed["labels"] is None:
        return "not reached"
    spread = "" if needed["ci95"] is None else " ({:.0f}–{:.0f})".format(*needed["ci95"])
    return f"{needed['labels']:.0f}{spread}" + (
        "" if needed["reached"] == needed["of"] else f" {needed['reached']}/{needed['of']}"
    )
