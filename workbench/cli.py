"""The command line: one group, commands imported only when called, and the outer border for errors."""

import errno
import gc
import io
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from storage.exceptions import MissingTool, UsageProblem, WorkbenchError, WorkspaceProblem, remedy_of
from workbench import __version__
from workbench.commands.support.context import Context
from workbench.commands.support.launch import open_workbench
from workbench.commands.support.parameter_types import NamedPath
from workbench.commands.support.registry import COMMANDS, load
from workbench.fields.plain_text import harmless_lines, without_passwords

_DAY = 86_400  # seconds


class _Group(click.Group):
    """Commands are modules of workbench/commands/, imported when they are needed: `--help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*args, **options)
        except BrokenPipeError as error:  # of --help
            raise _ReaderEnded from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # click would end with 1, which means a fault of the program
            raise _ReaderEnded from error
        except (WorkbenchError, OSError, click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            if isinstance(ctx.obj, Context):
                ctx.obj.raise_damage(error)  # a row can be of another kind than where it is used takes
            raise

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _workspace_first(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else " 'workbench --help' lists the commands."
            raise click.UsageError(f"There is no command '{args[0]}'.{hint}", ctx) from error


def _workspace_first(args: list[str]) -> list[str]:
    """Move `-w DIR` to the front, so that it may stand before or after the command."""
    front: list[str] = []
    rest: list[str] = []
    position = 0
    while position < len(args):
        arg = args[position]
        if arg == "--":
            rest += args[position:]
            break
        if arg in ("-w", "--workspace") and position + 1 < len(args):
            front += args[position : position + 2]
            position += 1
        elif arg.startswith("--workspace="):
            front.append(arg)
        else:
            rest.append(arg)
        position += 1
    return front + rest


@click.group(cls=_Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-w",
    "--workspace",
    type=NamedPath(path_type=Path, file_okay=False),
    help="The workspace's directory (default: the nearest one above the current directory).",
)
@click.version_option(__version__, prog_name="workbench")
@click.pass_context
def group(ctx: click.Context, workspace: Path | None) -> None:
    """Label invoices, fine-tune a layout model, read its errors, relabel what it is least sure of.

    Without a command the workbench opens on the workspace.

    \b
    A first session:
      workbench init my-invoices
      workbench -w my-invoices import ~/scans
      workbench -w my-invoices
    """
    ctx.obj = Context(workspace)
    if ctx.invoked_subcommand is None:
        gc.disable()  # what is loaded for the screens is no garbage; the application enables it again
        open_workbench(ctx.obj.find_workspace())


def main() -> Any:
    """Entry point of the `workbench` script. No traceback for errors that a user can cause."""
    wants_json = "--json" in sys.argv
    _hold_standard_streams()
    _speak_utf8()
    _take_a_time_zone()
    _end_in_order()
    try:
        _check_system(sys.platform)
        group.main(prog_name="workbench", standalone_mode=False)
    except WorkbenchError as error:
        _report(error, wants_json)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        if wants_json:
            _print_json(UsageProblem(error.format_message(), _example(error) or "`--help` shows the usage."))
        with io.StringIO() as usage:
            error.show(usage)
            _say(without_passwords(harmless_lines(usage.getvalue().rstrip())))
        if example := _example(error):
            _say(f"  → {example}")
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _say("Interrupted. What was saved before is kept.")
        sys.exit(130)
    except _Ended as ended:
        sys.exit(128 + ended.number)
    except _ReaderEnded:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is written at the end
        sys.exit(128 + signal.SIGPIPE)
    except UnicodeEncodeError:
        if not any(_is_no_text(argument) for argument in sys.argv):
            _crash()
        no_text = UsageProblem("A name that was given is no text: a byte of it is not UTF-8.", "Type it anew.")
        _report(no_text, wants_json)
        sys.exit(no_text.exit_code)
    except MemoryError:
        lacking = MissingTool("There is too little memory for this.", "Close other programs, or do less at once.")
        _report(lacking, wants_json)
        sys.exit(lacking.exit_code)
    except OSError as error:
        problem = _of_the_system(error)
        if problem is None:
            _crash()
        _report(problem, wants_json and error.filename is not None)
        sys.exit(problem.exit_code)
    except Exception as error:  # noqa: BLE001 - the outer border: any other exception is a fault of the program
        if isinstance(error.__cause__, _Ended):  # Python gives what comes while a class is made another name
            sys.exit(128 + error.__cause__.number)
        _crash()


def _gone_folder(name: str) -> str:
    """The uppermost folder of a file that is not there; "" where the file alone is not."""
    gone = [str(folder) for folder in Path(name).parents if not folder.is_dir()]
    return gone[-1] if gone else ""


def _of_the_system(error: OSError) -> WorkbenchError | None:
    """What a name, the disk or the output of this program did; None where it is a fault of the program."""
    if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return UsageProblem(f"{str(error.filename)[:60]}… is no name that a file can have.", "Name a shorter one.")
    if error.errno == errno.ENOENT and "temporary directory" in str(error.strerror):
        return WorkspaceProblem(
            f"There is no space for temporary files: {error.strerror}.", "Free some space, or name a folder in TMPDIR."
        )
    if error.errno == errno.ENOENT and _has_no_folder():
        return UsageProblem("The folder that the command was given in is not there any more.", "Go to another folder.")
    if error.errno == errno.ENOENT and isinstance(error.filename, str) and (folder := _gone_folder(error.filename)):
        return WorkspaceProblem(
            f"{folder} is not there any more: it was moved or deleted while this was at work.",
            "Put it back where it was, then repeat the step.",
        )
    if error.errno in (errno.EACCES, errno.EPERM) and error.filename is not None:
        return WorkspaceProblem(
            f"{error.filename} cannot be read or changed by this user: {error.strerror}.",
            "Ask its owner, or have the permissions changed (a workspace for several users: init --shared).",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return WorkspaceProblem(f"Too many files are open: {error.strerror}.", "Raise the limit: ulimit -n 1024.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS):
        what = str(error.filename) if error.filename is not None else "The output"  # of files only `open` has the name
        return WorkspaceProblem(
            f"{what} cannot be written: {error.strerror}.",
            remedy_of(error, "Free some space, then repeat the step."),
        )
    return None


def _has_no_folder() -> bool:
    """Whether the current folder was deleted under this process, as relative names and some libraries need it."""
    try:
        os.getcwd()  # noqa: PTH109 - pathlib's is the same call
    except FileNotFoundError:
        return True
    return False


def _is_no_text(argument: str) -> bool:
    """Whether an argument has bytes that are not UTF-8, as a file's name may have and no other name."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return True
    return False


class _ReaderEnded(BaseException):
    """What reads the output of this program has ended."""


class _Ended(SystemExit):
    """This process was told to end: it does so as after Ctrl-C, with its children and temporary files.

    A SystemExit, since asyncio keeps any other exception for the task in which a screen was at work.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _end_in_order() -> None:
    """Let the signals that end a process unwind it, unless it was started to ignore them (`nohup`)."""

    def end(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        # a terminal that is closed continues its processes, too: Textual would take the terminal anew, in no loop
        signal.signal(signal.SIGCONT, lambda *_: None)
        raise _Ended(number)

    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _hold_standard_streams() -> None:
    """Have something open where a standard stream was closed: the next file of a workspace would take its number.

    What a library prints as an error, or a child, would be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _speak_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where the locale has another encoding, and let no sign end the output.

    File names, what children say and files that are opened as text would be read as Latin-1, and a name of an invoice
    that this has no signs for would end the command.
    """
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        os.environ["PYTHONUTF8"] = "1"  # for children
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":  # PYTHONIOENCODING may name any encoding
            stream.reconfigure(errors="backslashreplace")


def _take_a_time_zone() -> None:
    """Use UTC where TZ names an offset of a day or more, which the C library takes and Python's dates do not."""
    if max(abs(time.timezone), abs(time.altzone)) >= _DAY:
        os.environ["TZ"] = "UTC0"  # for children, too
        time.tzset()


def _check_system(platform: str) -> None:
    """Refuse what nothing here works on: Windows, which lacks POSIX's locks and process groups; a wrong clock.

    Raises:
        MissingTool: it is Windows, or the clock shows a time that Python cannot hold.
    """
    if platform == "win32":
        raise MissingTool(
            "The workbench runs on Linux and macOS, and on Windows in WSL.",
            "Install WSL once (`wsl --install` as administrator), then install and start the workbench inside it.",
        )
    try:
        time.time()
    except OverflowError as error:
        raise MissingTool("This machine's clock is wrong by centuries.", "Set the clock.") from error


def _example(error: click.ClickException) -> str:
    """The first example of the command that was used wrongly; "" where it has none."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    lines = [line.strip() for line in (context.command.help or "").splitlines()] if context else []
    return next((f"For example: {line}" for line in lines if line.startswith("workbench ")), "")


def _report(error: WorkbenchError, wants_json: bool) -> None:
    if wants_json:
        _print_json(error)
    _say(without_passwords(harmless_lines(error.message)), title=error.title)
    if error.remedy:
        _say(f"  → {without_passwords(harmless_lines(error.remedy))}")


def _print_json(error: WorkbenchError) -> None:
    import json

    shown = {
        name: without_passwords(value) if isinstance(value, str) else value for name, value in error.as_dict().items()
    }
    with suppress(OSError):
        click.echo(harmless_lines(json.dumps(shown, ensure_ascii=False)))


def _say(text: str, title: str = "") -> None:
    """Print a line where errors go; a disk that is full there, too, or a pipe that was closed, changes no exit code."""
    with suppress(OSError):
        if title:
            click.secho(f"{title}: ", fg="red", bold=True, err=True, nl=False)
        click.echo(text, err=True)


def _crash() -> NoReturn:
    import tempfile

    report = without_passwords(traceback.format_exc())
    kind, error, _ = sys.exc_info()
    try:
        with tempfile.NamedTemporaryFile("w", prefix="workbench-fault-", suffix=".txt", delete=False) as file:
            file.write(report)
        whole = f"the file {file.name}"
    except OSError:  # no space, or no folder for temporary files
        whole = f"this:\n{harmless_lines(report)}"
    lines = "".join(traceback.format_exception_only(kind, error)).strip().splitlines()
    cause = without_passwords(harmless_lines(lines[0 if isinstance(error, Exception) else -1]))
    _say(f"{cause}\n  → Your data is as it was. Please report {whole}", title="A fault of the program")
    sys.exit(1)


if __name__ == "__main__":
    main()
