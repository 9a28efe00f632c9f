"""Where a server listens, and the token that other machines need: the options, and how the token is read."""

import hashlib
from pathlib import Path

import click

from storage.exceptions import UsageProblem
from storage.files import is_empty
from workbench.serving.options import LOOPBACK

_SHORTEST_TOKEN, _LONGEST_TOKEN = 16, 10_000

host_option = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; others than this machine's own need a token.",
)
file_option = click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with the token that every request must send.",
)
without_option = click.option(
    "--no-token", is_flag=True, help="Answer every machine that reaches the port, without a token."
)


def address_of(host: str, port: int, no_token: bool) -> str:
    """The address of a server; says aloud where other machines are answered without a token."""
    address = f"{f'[{host}]' if ':' in host else host}:{port}"
    if no_token and host not in LOOPBACK:
        click.echo(f"Without a token: every machine that reaches {address} is answered.", err=True)
    return f"http://{address}"


def digest_of(host: str, file: Path | None, no_token: bool) -> str:
    """The SHA-256 of the token; "" for none.

    Raises:
        UsageProblem: other machines could ask without a token, or the token is short.
    """
    if file is None:
        if host not in LOOPBACK and not no_token:
            raise UsageProblem(
                f"{host} is open to other machines: that needs a token.",
                "Name a file with one (--token-file), or say --no-token.",
            )
        return ""
    if no_token:
        raise UsageProblem("--token-file and --no-token exclude each other.", "Leave one out.")
    token = ""
    if not is_empty(file):
        with file.open("rb") as opened:  # bounded: a device has no end
            token = opened.read(_LONGEST_TOKEN).decode("utf-8", "replace").strip()
    if not (_SHORTEST_TOKEN <= len(token) < _LONGEST_TOKEN and token.isprintable()):
        raise UsageProblem(
            f"The token in {file} is no line of {_SHORTEST_TOKEN} to {_LONGEST_TOKEN - 1:,} characters.",
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
        )
    return hashlib.sha256(token.encode()).hexdigest()
