"""`workbench tune`: fine-tune a model in the background."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from storage.exceptions import RunProblem, UsageProblem
from workbench.commands.support import argument_completion, run_settings, search_options
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option
from workbench.commands.support.parameter_types import Range
from workbench.commands.support.search_options import TRIALS, SearchOptions
from workbench.fields.plain_text import counted

if TYPE_CHECKING:
    from storage.records import Run
    from workbench.workspace import Workspace


@click.command()
@click.option(
    "--preset",
    default="auto",
    show_default=True,
    shell_complete=argument_completion.preset,
    help="A, B, C, 'first model', 'text baseline', classes, 'rare class', claims, or auto.",
)
@click.option(
    "--config",
    "files",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    multiple=True,
    help="A YAML file (`-`: standard input); several are a group of runs.",
)
@argument_completion.set_option
@click.option(
    "--grid", multiple=True, metavar="'KEY=A,B KEY=C,D'", shell_complete=argument_completion.settings,
    help="Every combination is a run of one group.",
)  # fmt: skip
@click.option(
    "--zip", "pairs", multiple=True, metavar="'KEY=A,B KEY=C,D'", shell_complete=argument_completion.settings,
    help="Pairs instead: the first values are a run, …",
)  # fmt: skip
@click.option("--name", default="", help="A name for the run, or for the group of runs and before each run's own.")
@click.option(
    "--from",
    "base",
    default="",
    metavar="RUN",
    shell_complete=argument_completion.model,
    help="Go on from the model of another run (warm start).",
)
@click.option(
    "--search", "searching", is_flag=True, help="Let a search choose the settings; each trial is a run of one group."
)
@click.option("--trials", type=int, help=f"Of a search: how many runs.  [default: {TRIALS}]")
@click.option("--hours", type=float, help="Of a search: begin no further run after so many hours.")
@click.option(
    "--vary",
    "varied",
    multiple=True,
    metavar="'KEY=LOW..HIGH [log]'",
    help="Of a search: a setting with its range or, as A,B,C, its choices; may be repeated.",
)
@click.option(
    "--space",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Of a search: a YAML file of settings with their ranges or choices.",
)
@click.option(
    "--early-share", type=float, metavar="SHARE",
    help="Of a search: train the first half of its trials on so much of the training documents, as 0.3; the best of "
    "them are then tried on all.",
)  # fmt: skip
@run_settings.on_option("Train")
@click.option(
    "--gpus", type=Range(0, 1),
    help="Of --on a Ray cluster: GPUs of each run, or of each of its processes; 0.5: two runs share one.",
)  # fmt: skip
@click.option("--wait", is_flag=True, help="Stay until the run has ended, and show its progress.")
@click.option("--slots", type=click.IntRange(1), default=1, show_default=True, help="How many runs may work at a time.")
@json_option
@click.pass_obj
def command(
    context: Context,
    preset: str,
    files: tuple[Path, ...],
    sets: tuple[str, ...],
    grid: tuple[str, ...],
    pairs: tuple[str, ...],
    name: str,
    base: str,
    searching: bool,
    trials: int | None,
    hours: float | None,
    varied: tuple[str, ...],
    space: Path | None,
    early_share: float | None,
    target: str,
    gpus: float | None,
    wait: bool,
    slots: int,
    as_json: bool,
) -> None:
    """Fine-tune a model on the labelled documents, in a process of its own.

    The run survives the end of this terminal; `workbench runs` follows it. Prints run, state, seconds and
    validation; for a group, a list of them, with the reason of a run that did not work (exit code 7). With --search
    Optuna proposes settings, run after run, and stops runs that fall behind; the preset is tried first.
    `workbench searches show` reports it; with its name alone it goes on. With --on the run goes to another machine over
    ssh, is followed as if it were here, and comes back; `workbench doctor-env --on TARGET` checks that machine.

    \b
    Examples:
      workbench tune --wait
      workbench tune --preset A --set train.learning_rate=3e-5 --set data.max_length=256
      workbench tune --config mine.yaml --name "config B"
      workbench tune --grid "train.learning_rate=1e-4,3e-4 train.seed=1,2" --wait
      workbench tune --zip "train.learning_rate=1e-4,3e-4 train.weight_decay=0.01,0.1" --name rates
      workbench tune --on box --wait
      workbench tune --search --trials 12 --name rates --vary "train.learning_rate=1e-5..2e-4 log" --wait
      workbench tune --search --trials 12 --slots 2 --on box
    """
    from workbench.runs import jobs, machine
    from workbench.runs.reconcile import reconcile

    workspace = context.open_workspace()
    reconcile(workspace)
    search = SearchOptions(name, varied, space, trials, hours, slots, early_share, gpus)
    if search.are_given() and not searching:
        raise UsageProblem("--trials, --hours, --vary, --space and --early-share are of a search.", "Add --search.")
    is_as_planned = not (files or sets or varied or space or base or early_share or preset != "auto")
    if gpus is not None and not target and not searching:
        raise UsageProblem("--gpus is of a Ray cluster.", "Add --on with its name or address.")
    on, device = run_settings.target_of(workspace, target, gpus) if target else (None, "")
    if searching and is_as_planned and search_options.is_known(workspace, name):
        folder = search_options.go_on(workspace, search, target)
        search_options.emit_search(workspace, folder, wait=wait, as_json=as_json)
        return
    configs, used, parent = run_settings.chosen(
        workspace,
        preset=preset,
        files=files,
        sets=sets,
        base=base,
        pairs=" ".join(pairs),
        grid=" ".join(grid),
        device=device,
    )  # fmt: skip
    if searching:
        if len(configs) != 1:
            raise UsageProblem("A search varies one configuration.", "Leave out --grid, --zip and a second --config.")
        folder = search_options.begin(workspace, next(iter(configs.values())), used, search, target)
        search_options.emit_search(workspace, folder, wait=wait, as_json=as_json)
        return
    if len(configs) == 1:
        [config] = configs.values()
        prepared = [jobs.prepare(workspace, config, preset=used, name=name, parent=parent, slots=slots, on=on)]
    else:
        prepared = jobs.grid(workspace, configs, used, name, slots, on)
    if wait and len(prepared) > 1 and on is None:
        machine.warm_up()
    jobs.start_in_turn(workspace, [run.id for run in prepared], slots)
    failed = False
    if wait and len(prepared) == 1:
        results = [_waited(workspace, prepared[0], quiet=as_json)]
    elif wait:
        results = [_waited_in_group(workspace, run, quiet=as_json) for run in prepared]
        failed = any("reason" in result.data for result in results)
    else:
        results = [_started(run, used) for run in prepared]
    emit(
        results[0].data if len(results) == 1 else [result.data for result in results],
        as_json=as_json,
        text=[line for result in results for line in result.text],
    )
    if failed:
        sys.exit(RunProblem.exit_code)


class _Result(NamedTuple):
    data: dict[str, Any]
    text: list[str]


def _started(run: "Run", used: str) -> _Result:
    title = run.name or used or "your configuration"
    return _Result(
        {"run": run.id, "state": "queued", "seconds": 0.0, "validation": None},
        [f"Run {run.id} is started ({title}). Follow it: workbench runs show {run.id}"],
    )


def _waited(workspace: "Workspace", run: "Run", *, quiet: bool) -> _Result:
    """Wait for the end of a run and show its progress.

    Raises:
        RunProblem: it failed, crashed or was killed.
    """
    from workbench.commands.support.progress import share_progress
    from workbench.runs import jobs, progress

    shown = 0
    with share_progress(f"Run {run.id}", silent=quiet) as show:

        def tick(state: progress.Progress) -> None:
            nonlocal shown
            show(state.share)
            for note in () if quiet else state.notes[shown:]:
                click.echo(note, err=True)
            shown = len(state.notes)

        done = jobs.wait(workspace, run.id, tick)
    state = progress.of(workspace.files.run(run.id))
    if done.state.value not in ("finished", "stopped"):
        raise RunProblem(f"Run {run.id} ended as {done.state.value}. {done.reason}", f"workbench runs log {run.id}")
    validation = dict(state.best.validation) if state.best else None
    return _Result(
        {"run": run.id, "state": done.state.value, "seconds": round(state.seconds, 1), "validation": validation},
        _text(run, state, validation),
    )


def _waited_in_group(workspace: "Workspace", run: "Run", *, quiet: bool) -> _Result:
    """As `_waited`; a run that did not work is a result too, as the others of the group go on."""
    from workbench.runs import progress

    try:
        return _waited(workspace, run, quiet=quiet)
    except RunProblem as problem:
        seconds = round(progress.of(workspace.files.run(run.id)).seconds, 1)
        return _Result(
            {"run": run.id, "state": "failed", "seconds": seconds, "validation": None, "reason": problem.message},
            [problem.message, f"  → {problem.remedy}"],
        )


def _text(run: "Run", state: Any, validation: dict[str, Any] | None) -> list[str]:
    from workbench.commands.support.output import table

    title = f"{run.id} ({run.name})" if run.name else run.id
    lines = [f"Run {title}: {state.finished['state']} after {state.seconds:.0f} s, {counted(state.step, 'step')}."]
    if validation:
        lines.append(f"Validation F1 {validation.get('f1') or 0:.3f}")
        rows = [
            (field, f"{row['precision']:.2f}", f"{row['recall']:.2f}", f"{row['f1']:.2f}", row["support"])
            for field, row in (validation.get("fields") or {}).items()
        ]
        lines += table(rows, ("field", "precision", "recall", "F1", "labels"), right=(1, 2, 3, 4))
    return lines
