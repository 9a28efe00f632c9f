"""`workbench tune`: fine-tune a model in the background."""

from pathlib import Path
from typing import Any

import click

from storage.exceptions import RunProblem
from workbench.commands import Context
from workbench.commands.output import emit, json_option


@click.command()
@click.option("--preset", default="auto", show_default=True, help="A, B, C, 'first model', 'text baseline', or auto.")
@click.option("--config", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A YAML file.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one setting; may be repeated.")
@click.option("--name", default="", help="A name for the run.")
@click.option("--from", "base", default="", metavar="RUN", help="Go on from the model of another run (warm start).")
@click.option("--wait", is_flag=True, help="Stay until the run has ended, and show its progress.")
@click.option("--slots", default=1, show_default=True, help="How many runs may work at a time.")
@json_option
@click.pass_obj
def command(
    context: Context,
    preset: str,
    file: Path | None,
    sets: tuple[str, ...],
    name: str,
    base: str,
    wait: bool,
    slots: int,
    as_json: bool,
) -> None:
    """Fine-tune a model on the labelled documents, in a process of its own.

    The run survives the end of this terminal; `workbench runs` follows it. Prints run, state, seconds and
    validation.

    \b
    Examples:
      workbench tune --wait
      workbench tune --preset A --set train.learning_rate=3e-5 --set data.max_length=256
      workbench tune --config mine.yaml --name "config B"
    """
    from workbench import config as tune_config
    from workbench import jobs, progress

    workspace = context.open_workspace()
    jobs.reconcile(workspace)
    chosen, used = _configuration(workspace, preset, file)
    for note in tune_config.notes_on(file) if file else ():
        click.echo(note, err=True)
    warm, parent = start_from(workspace, base) if base else ((), None)
    settings = tune_config.apply_sets(chosen, (*warm, *sets))
    run = jobs.prepare(workspace, settings, preset=used, name=name, parent=parent, slots=slots)
    jobs.start(workspace, run.id, slots)
    if not wait:
        emit(
            {"run": run.id, "state": "queued", "seconds": 0.0, "validation": None},
            as_json=as_json,
            text=f"Run {run.id} is started ({used or 'your configuration'}). Follow it: workbench runs show {run.id}",
        )
        return
    with click.progressbar(length=1000, label=f"Run {run.id}", file=None if not as_json else _null()) as bar:
        done = jobs.wait(workspace, run.id, lambda seen: bar.update(int(1000 * seen.share) - bar.pos))
    seen = progress.of(jobs.folder_of(workspace, run.id))
    if done.state.value not in ("finished", "stopped"):
        raise RunProblem(f"Run {run.id} ended as {done.state.value}. {done.reason}", f"workbench runs log {run.id}")
    validation = dict(seen.best.validation) if seen.best else None
    emit(
        {"run": run.id, "state": done.state.value, "seconds": round(seen.seconds, 1), "validation": validation},
        as_json=as_json,
        text=_text(run.id, seen, validation),
    )


def _null() -> Any:
    import io

    return io.StringIO()


def _configuration(workspace: Any, preset: str, file: Path | None) -> tuple[Any, str]:
    from storage import documents
    from storage.records import Split
    from workbench import config as tune_config
    from workbench.machine import device

    if file is not None:
        return tune_config.load(file), ""
    where = device()
    if preset == "auto":
        with workspace.db.read() as connection:
            trained = documents.Filter("labelled", split=Split.TRAIN)
            number = documents.count(connection, trained)
        preset = tune_config.choose_preset(number, number, where)
    found = tune_config.preset(preset, where)
    return found.config, found.name


def start_from(workspace: Any, base: str) -> tuple[tuple[str, ...], str | None]:
    """The settings that go on from a model, and the run it is from.

    A run's model keeps the run's family (a starter's folder looks like any LayoutLM's); a folder says what it is.

    Raises:
        RunProblem: the run has no model.
    """
    from storage import runs
    from workbench import reading

    model = reading.model_of(workspace, base)
    if model == reading.STARTER:
        return ("model.family=starter",), None
    if Path(base).is_dir():
        return (f"model.name={model}",), None
    with workspace.db.read() as connection:
        run = runs.get(connection, base)
    return (f"model.name={model}", f"model.family={run.family}"), run.id


def _text(run_id: str, seen: Any, validation: dict[str, Any] | None) -> list[str]:
    from workbench.commands.output import table

    lines = [f"Run {run_id}: {seen.finished['state']} after {seen.seconds:.0f} s, {seen.step} steps."]
    lines += [f"  note: {note}" for note in seen.notes]
    if validation:
        lines.append(f"Validation F1 {validation.get('f1') or 0:.3f}")
        rows = [
            (field, f"{row['precision']:.2f}", f"{row['recall']:.2f}", f"{row['f1']:.2f}", row["support"])
            for field, row in (validation.get("fields") or {}).items()
        ]
        lines += table(rows, ("field", "precision", "recall", "F1", "labels"), right=(1, 2, 3, 4))
    return lines
