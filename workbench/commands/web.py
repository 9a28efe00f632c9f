"""`workbench web`: the screens in a browser."""

import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from workbench.commands.support import server_token
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option


@click.command()
@server_token.host_option
@click.option("--port", default=8001, show_default=True, type=click.IntRange(1, 65535))
@server_token.file_option
@server_token.without_option
@json_option
@click.pass_obj
def command(context: Context, host: str, port: int, token_file: Path | None, no_token: bool, as_json: bool) -> None:
    """Show the workspace's screens in browsers, for those who have no terminal.

    Each visitor has their own session, which waits a minute for a broken line to come back. Those who are let in may
    do what you may do with the workspace, and write files as you. Pages are drawn in half blocks; H shows a page's
    picture in a tab of its own. It ends on Ctrl-C or SIGTERM, and the sessions with it. Needs the extra: pip install
    'invoice-workbench[web]'.

    \b
    Examples:
      workbench web
      workbench -w my-invoices web --port 9001
      workbench web --host 0.0.0.0 --token-file token.txt
    """
    from storage.exceptions import MissingTool

    if missing := [name for name in ("textual_serve", "aiohttp") if find_spec(name) is None]:
        raise MissingTool(f"The browser needs {', '.join(missing)}.", "pip install 'invoice-workbench[web]'")
    from workbench.web import server

    token = server_token.digest_of(host, token_file, no_token)
    workspace = context.open_workspace()  # what is wrong with it is said here, not in a browser
    root, name = workspace.files.root, workspace.name
    workspace.close()
    listening = _listen(host, port)
    address = server_token.address_of(host, port, no_token)
    emit(
        {"workspace": str(root), "address": address},
        as_json=as_json,
        text=f"{name} at {address}. Ctrl-C ends it, and the sessions with it.",
    )
    sys.stdout.flush()
    program = [sys.executable, "-P", "-m", "workbench", "-w", str(root)]
    server.serve(listening, program, f"{name} · workbench", server.Access(host, token))


def _listen(host: str, port: int) -> socket.socket:
    """The socket to listen on.

    Raises:
        UsageProblem: the address is not this machine's, or taken.
    """
    from storage.exceptions import UsageProblem

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageProblem(
            f"{host}:{port} cannot be listened on: {error.strerror or error}.", "Choose another --port or --host."
        ) from error
