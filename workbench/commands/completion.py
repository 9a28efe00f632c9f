"""`workbench completion`: the script by which a shell completes commands, runs, settings and fields."""

import click
from click.shell_completion import get_completion_class

from workbench.commands.support.output import emit, json_option

_PLACES = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc",
    "fish": "~/.config/fish/completions/workbench.fish",
}


@click.command
@click.argument("shell", type=click.Choice(list(_PLACES)))
@json_option
def command(shell: str, as_json: bool) -> None:
    """Print the completion script of a SHELL, to be put into its start-up file.

    Keys of --json: shell, script.

    \b
    Examples:
      workbench completion bash >> ~/.bashrc
      workbench completion zsh >> ~/.zshrc
      workbench completion fish > ~/.config/fish/completions/workbench.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.BadParameter(f"There is no completion for {shell}.")
    # Only the template: `source()` of bash's class would run bash to ask for its version.
    script = kind(click.get_current_context().find_root().command, {}, "workbench", "_WORKBENCH_COMPLETE")
    text = script.source_template % script.source_vars()
    emit({"shell": shell, "script": text}, as_json=as_json, text=text)
