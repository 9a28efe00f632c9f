"""`workbench serve`: a model answers other programs over HTTP."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from workbench.commands.support import argument_completion, server_token
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option

_PACKAGES = ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "fastapi_offline")


@click.command()
@click.argument("model", shell_complete=argument_completion.model)
@server_token.host_option
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@server_token.file_option
@server_token.without_option
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes, each with the model."
)
@click.option(
    "--threads",
    default=0,
    type=click.IntRange(0, 512),
    help="Processor threads for each process; 0: all cores, divided.",
)
@click.option("--name", default="", help="What answers and /info call the model; default: as it is named here.")
@click.option(
    "--collect",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Keep what is sent as documents of this workspace's pool.",
)
@json_option
@click.pass_obj
def command(
    context: Context,
    model: str,
    host: str,
    port: int,
    token_file: Path | None,
    no_token: bool,
    workers: int,
    threads: int,
    name: str,
    collect: Path | None,
    as_json: bool,
) -> None:
    """Serve MODEL over HTTP: a run, `best`, a model folder, or `starter`.

    POST /predict takes texts, words with boxes, PDFs and pictures; /docs shows everything, with examples to press.
    It ends on Ctrl-C or SIGTERM, after it has answered what it has taken. Needs the extra: pip install
    'invoice-workbench[serve]'.

    \b
    Examples:
      workbench serve starter
      workbench serve best --port 9000
      workbench serve 20261122-093000 --host 0.0.0.0 --token-file token.txt
      curl -F files=@invoice.pdf http://127.0.0.1:8000/predict
    """
    from storage.exceptions import MissingTool
    from workbench.runs import machine
    from workbench.serving.options import ENVIRONMENT, MEMORY, Options, to_json

    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        raise MissingTool(f"Serving needs {', '.join(missing)}.", "pip install 'invoice-workbench[serve]'")
    token = server_token.digest_of(host, token_file, no_token)
    source, workspace = _model(context, model)
    options = Options(
        model=source, name=name or _public_name(model), host=host, port=port, token=token, workers=workers,
        workspace=workspace, collect=str(_collecting(collect)) if collect else "", threads=threads,
    )  # fmt: skip
    address = server_token.address_of(host, port, no_token)
    emit(
        {"model": model, "address": address, "docs": f"{address}/docs"},
        as_json=as_json,
        text=f"{model} at {address} (loading; {address}/docs shows what it answers). Ctrl-C ends it.",
    )
    sys.stdout.flush()
    # the process becomes the server: signals reach it, and this one never loads torch
    environment = MEMORY | machine.worker_environment(threads or None) | {ENVIRONMENT: to_json(options)}
    arguments = machine.python(machine.SERVER)
    os.execve(arguments[0], arguments, environment)


def _model(context: Context, name: str) -> tuple[str, str]:
    """The model that is meant, and the folder of the workspace; "" where there is none, which a folder needs not.

    Raises:
        WorkbenchError: there is no such model.
    """
    from storage.exceptions import WorkspaceProblem
    from workbench.evaluation import prediction_process
    from workbench.runs.model_folders import check as model_folders

    try:
        workspace = context.find_workspace()
    except WorkspaceProblem:
        if context.directory is not None or not (name == prediction_process.STARTER or Path(name).is_dir()):
            raise
        if name == prediction_process.STARTER:
            return name, ""
        model_folders.check_folder(Path(name), fine_tuned=True)
        return str(Path(name).resolve()), ""
    return prediction_process.model_of(workspace, name), str(workspace.files.root)


def _public_name(model: str) -> str:
    """The name that answers give the model: of a folder not where it is on this machine."""
    if not os.path.isdir(model):  # noqa: PTH112 - Path.is_dir raises for names that cannot be a file's
        return model
    folder = Path(model).resolve()
    return folder.parent.name if folder.name == "model" else folder.name


def _collecting(folder: Path) -> Path:
    """The workspace that keeps what is sent, which must open."""
    from workbench.workspace import Workspace

    Workspace.open(folder).close()
    return folder.resolve()
