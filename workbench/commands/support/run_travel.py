"""Of `workbench runs`: run folders and models that travel."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.commands.support import argument_completion, run_settings
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option
from workbench.commands.support.parameter_types import NamedPath

if TYPE_CHECKING:
    from storage.records import Run
    from workbench.workspace import Workspace


def open_runs(context: Context) -> "Workspace":
    """The workspace, with its list of runs brought up to date."""
    from workbench.runs.reconcile import reconcile

    workspace = context.open_workspace()
    reconcile(workspace)
    return workspace


def run_of(workspace: "Workspace", name: str) -> "Run":
    """The run of an id or a name."""
    from storage import runs

    with workspace.db.read() as connection:
        return runs.get(connection, name)


@click.command()
@click.option(
    "--preset", default="auto", show_default=True, shell_complete=argument_completion.preset,
    help="A, B, C, 'first model', 'text baseline', classes, 'rare class', claims, or auto.",
)  # fmt: skip
@click.option(
    "--config", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="A YAML file (`-`: standard input).",
)  # fmt: skip
@argument_completion.set_option
@click.option("--name", default="", help="A name for the run.")
@click.option(
    "--from", "base", default="", metavar="RUN", shell_complete=argument_completion.model,
    help="Go on from the model of another run (warm start).",
)  # fmt: skip
@json_option
@click.pass_obj
def prepare(
    context: Context, preset: str, file: Path | None, sets: tuple[str, ...], name: str, base: str, as_json: bool
) -> None:
    """Freeze the documents and the settings of a run, and do not start it.

    The folder that is printed has all that the run needs: copy it to a machine on which this program is installed, and
    train there with `python -P -m workbench.training.worker FOLDER`. `workbench runs import --replace` brings it back.
    `workbench runs resume` starts it here instead. Keys of --json: run, state, folder.

    \b
    Example:
      workbench runs prepare --preset B --name "for the GPU box"
    """
    from workbench.runs import jobs

    workspace = open_runs(context)
    configs, used, parent = run_settings.chosen(
        workspace, preset=preset, files=[file] if file else [], sets=sets, base=base
    )
    [config] = configs.values()
    run = jobs.prepare(workspace, config, preset=used, name=name, parent=parent, later=True)
    folder = workspace.files.run(run.id)
    emit(
        {"run": run.id, "state": run.state.value, "folder": str(folder)},
        as_json=as_json,
        text=[
            f"Run {run.id} is prepared: {folder}",
            f"Train it elsewhere: copy the folder, and there  python -P -m workbench.training.worker {run.id}",
            f"Bring it back:      workbench runs import --replace FOLDER   (or train it here: "
            f"workbench runs resume {run.id})",
        ],
    )


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--replace", is_flag=True, help="Put it in the place of the run of this id, which went on elsewhere.")
@click.option("--force", is_flag=True, help="With --replace: also where the run here is further along.")
@json_option
@click.pass_obj
def import_run(context: Context, folder: Path, replace: bool, force: bool, as_json: bool) -> None:
    """Import a run folder from another machine into this workspace.

    With --replace it takes the place of the run that was prepared here: it is copied, compared with what was copied,
    and exchanged in one step, so that nothing is lost whenever that is interrupted. Name, note, tags and pin stay.
    Refused where the run here is further along, or learned from other documents, unless --force is given.

    \b
    Examples:
      workbench runs import /media/usb/20261122-093000
      workbench runs import --replace /media/usb/20261122-093000
    """
    from storage.exceptions import UsageProblem
    from workbench.runs import transfer

    if force and not replace:
        raise UsageProblem("--force is about replacing.", "Add --replace.")
    adopted = transfer.adopt(open_runs(context), folder, replace=replace, force=force)
    emit(
        {"run": adopted.id, "state": adopted.state.value},
        as_json=as_json,
        text=f"Run {adopted.id}: {adopted.state.value}.",
    )


@click.command()
@click.argument("run", shell_complete=argument_completion.run_id)
@click.argument("folder", type=NamedPath(path_type=Path))
@click.option("--docker", is_flag=True, help="Make a folder from which `docker build` makes a server of the model.")
@click.option("--onnx", is_flag=True, help="Make the model's ONNX form, too; `serve` uses it where it is faster.")
@click.option("--int8", is_flag=True, help="With --onnx: weights as 8-bit integers.")
@json_option
@click.pass_obj
def export(context: Context, run: str, folder: Path, docker: bool, onnx: bool, int8: bool, as_json: bool) -> None:
    """Give a run's model away: a plain Hugging Face folder with workbench.json and a model card.

    The ONNX form is compared with the model on the run's validation documents, and refused where more than 0.5 % of
    the words of fields (of the classes) change. It is kept with the run, and the card has the figures. It needs the
    extra: pip install 'invoice-workbench[onnx]'.

    \b
    Examples:
      workbench runs export 20261122-093000 invoice-model
      workbench runs export 20261122-093000 --onnx invoice-model --int8
      workbench runs export 20261122-093000 --docker invoice-server
    """
    from workbench.commands.support import run_export

    workspace = open_runs(context)
    data, lines = run_export.export(workspace, run_of(workspace, run), folder, docker=docker, onnx=onnx, int8=int8)
    emit(data, as_json=as_json, text=lines)


@click.command()
@click.argument("run", shell_complete=argument_completion.run_id)
@click.option("--to", "model_id", default="", metavar="OWNER/NAME", help="Default: train.hub_model_id of the run.")
@click.option("--public/--private", default=None, help="Who can see it there. Default: train.hub_private_repo.")
@json_option
@click.pass_obj
def push(context: Context, run: str, model_id: str, public: bool | None, as_json: bool) -> None:
    """Upload a run's model to the Hugging Face Hub: it leaves this machine.

    What is uploaded is what `runs export` writes: weights, tokenizer, names of fields or classes, and a model card with
    figures; never documents, their words or pictures. Log in with `hf auth login`, or set HF_TOKEN; HF_ENDPOINT names
    another server. Keys of --json: run, to, address.

    \b
    Example:
      workbench runs push 20261122-093000 --to my-company/invoices
    """
    from workbench.runs import reconcile, transfer
    from workbench.runs.config import files as config_files
    from workbench.runs.model_folders import hub

    workspace = open_runs(context)
    record, folder = transfer.with_model(workspace, run)
    train = config_files.from_dict(record.config).train
    model_id = model_id or train.hub_model_id
    is_private = train.hub_private_repo if public is None else not public
    with reconcile.still_there(workspace, record.id):
        address = hub.push(record, folder, model_id, private=is_private)
    emit(
        {"run": record.id, "to": model_id, "address": address},
        as_json=as_json,
        text=f"The model of {record.name} is at {address}",
    )
