"""The settings of new runs, as a command line gives them: a preset or files, changes, a base, combinations."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from workbench.commands.support import streams

if TYPE_CHECKING:
    from workbench.runs.config.tune import TuneConfig
    from workbench.settings import Target
    from workbench.workspace import Workspace


class Chosen(NamedTuple):
    """Name -> configuration (one that is alone has no name), the preset that was used, the run of the base."""

    configs: dict[str, Any]
    preset: str
    parent: str | None


def on_option(doing: str) -> Callable[[Any], Any]:
    """The option --on, the parameter `target`.

    Args:
        doing: what is done there, as in "Train".
    """
    where = "a name of [targets] in workbench.toml, ssh:user@host, or ray:host:port."
    return click.option("--on", "target", default="", metavar="TARGET", help=f"{doing} on another machine: {where}")


class Reader(NamedTuple):
    """The machine that a model reads on, None for this one, and what is shown until it begins to."""

    on: "Target | None"
    before: str


def reader_of(workspace: "Workspace", target: str) -> Reader:
    """Where a model is to read.

    Raises:
        ConfigProblem: there is no target of this name.
        TargetProblem: it cannot be reached, or something is missing there.
    """
    if not target:
        return Reader(None, "Loading the model")
    return Reader(target_of(workspace, target)[0], f"Going to {target} (the first time takes minutes)")


def target_of(workspace: "Workspace", name: str, gpus: float | None = None) -> "tuple[Target, str]":
    """A target that runs can train on now, and its device; `gpus` as `Settings.target` takes them.

    Raises:
        ConfigProblem: there is none of this name.
        TargetProblem: it cannot be reached, or something is missing there.
    """
    from workbench.remote import check

    target = workspace.settings.target(name, gpus)
    return target, check.device_of(target)


def chosen(
    workspace: "Workspace",
    *,
    preset: str,
    files: Sequence[Path] = (),
    sets: Sequence[str] = (),
    base: str = "",
    pairs: str = "",
    grid: str = "",
    device: str = "",
) -> Chosen:
    """The configurations that are asked for; notes on the files are printed.

    Args:
        workspace: whose documents decide on a preset.
        preset: "auto", or its name; without effect where there are files.
        files: YAML files; `-` is standard input.
        sets: changes, "section.key=value".
        base: whose model a run goes on from.
        pairs: settings of `--zip`.
        grid: settings of `--grid`.
        device: that they will train on; "": this machine's.

    Raises:
        ConfigProblem: a file or a setting cannot be used.
        RunProblem: the base has no model.
    """
    from workbench.runs import machine
    from workbench.runs.config import draft, presets
    from workbench.runs.config import files as config_files

    sources = _sources(files)
    for note in (note for source in sources.values() for note in config_files.notes_on(source)):
        click.echo(note, err=True)
    warm, parent = start_from(workspace, base) if base else ((), None)
    named = presets.CLASSES if preset == "auto" and learns_classes(workspace, sets) else preset
    began, used = _configurations(workspace, named, sources, (*warm, *sets), device or machine.device())
    configs = {label: config_files.apply_sets(config, (*warm, *sets)) for label, config in began.items()}
    for values, paired in ((pairs, True), (grid, False)):
        if values:
            configs = {
                f"{label} {key}".strip(): variant
                for label, config in configs.items()
                for key, variant in draft.variants(config, values, paired=paired).items()
            }
    return Chosen(configs, used, parent)


def learns_classes(workspace: "Workspace", sets: Sequence[str]) -> bool:
    """Whether a class field is to be learned: as the settings say, else where there are no other labels."""
    from storage import label_queries

    given = (text.replace(" ", "").removeprefix("model.").partition("=") for text in sets)
    if tasks := [value for key, _, value in given if key == "task"]:
        return tasks[-1] == "classes"
    with workspace.db.read() as connection:
        return bool(label_queries.class_fields(connection)) and not label_queries.fields(connection)


def _sources(files: Sequence[Path]) -> dict[str, Path | str]:
    """Name -> file, or for `-` the text of standard input. A file that is alone has no name."""
    return {file.stem if len(files) > 1 else "": sys.stdin.read() if file == streams.STREAM else file for file in files}


def _configurations(
    workspace: "Workspace", preset: str, sources: Mapping[str, Path | str], sets: Sequence[str], target: str
) -> tuple[dict[str, Any], str]:
    """Name -> configuration (one without files has no name), and the preset that was used."""
    from storage import document_list
    from storage.records import Split
    from workbench.active_learning import retraining
    from workbench.runs.config import files as config_files
    from workbench.runs.config import presets

    if sources:
        return {name: config_files.load(source) for name, source in sources.items()}, ""
    with workspace.db.read() as connection:
        number = document_list.count(connection, document_list.Filter("labelled", split=Split.TRAIN))
        of_words = retraining.labelled_documents(connection)
    if preset == "auto":
        preset = presets.choose_preset(of_words, of_words, target)
    return {"": of_preset(preset, sets, number, target)}, presets.preset(preset, target).name


def of_preset(preset: str, sets: Sequence[str], documents: int, device: str = "") -> "TuneConfig":
    """The configuration of a preset for so many labelled documents, before the changes that are made to it.

    Args:
        preset: its name.
        sets: the changes, of which the family counts.
        documents: labelled ones of the training side.
        device: that it will train on; "": this machine's.

    Raises:
        ConfigProblem: there is no such preset, or a change cannot be made.
    """
    from workbench.runs import machine
    from workbench.runs.config import files as config_files
    from workbench.runs.config import presets

    chosen = presets.preset(preset, device or machine.device())
    if chosen.name != presets.CLASSES or documents >= presets.FEW_TEXTS:
        return chosen.config
    return presets.for_few_texts(chosen.config, config_files.apply_sets(chosen.config, sets).model.family)


def start_from(workspace: Any, base: str) -> tuple[tuple[str, ...], str | None]:
    """The settings for a warm start from a model, and the run that the model is from.

    A run's model keeps the run's family (a starter's folder looks like any LayoutLM's); a folder names its own.

    Raises:
        RunProblem: the run has no model.
    """
    from storage import runs
    from workbench.evaluation import prediction_process

    model = prediction_process.model_of(workspace, base)
    if model == prediction_process.STARTER:
        return ("model.family=starter",), None
    if Path(base).is_dir():
        return (f"model.name={model}",), None
    with workspace.db.read() as connection:
        run = runs.get(connection, base)
    return (f"model.name={model}", f"model.family={run.family}"), run.id
