"""What every command has, and what scripts rely on: examples, JSON, exit codes, streams, completion."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from storage import document_list, documents, runs
from storage.exceptions import MissingTool, UsageProblem, WorkbenchError, WorkspaceProblem
from storage.records import Side
from tests.support import finished_run, sample_documents
from tests.support.predicted_pool import add_run, workspace
from workbench import cli
from workbench.commands.support import streams
from workbench.evaluation import prediction_process
from workbench.runs import machine
from workbench.runs.config import sharding, trackers
from workbench.workspace import Workspace


def every_command(group: click.Group, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from every_command(command, *names, name)
        else:
            yield (*names, name), command


@pytest.mark.parametrize(("names", "command"), list(every_command(cli.group)))
def test_every_command_has_an_example_and_json(names: tuple[str, ...], command: click.Command) -> None:
    lines = [line.strip() for line in (command.help or "").splitlines()]
    assert any(line.startswith("workbench ") and " ".join(names) in line for line in lines)
    assert any("--json" in parameter.opts for parameter in command.params)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with a run called one."""
    opened, pool, labelled = workspace(tmp_path, pool=2, labelled=2)
    add_run(opened, pool, labelled, "one")
    yield opened
    opened.close()


@pytest.fixture
def evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Workspace, str]]:
    """A workspace with a run whose predictions can be evaluated, and its id."""
    opened = sample_documents.divided(tmp_path / "shop", {Side.TRAIN: 3, Side.VALIDATION: 2, Side.TEST: 2})
    run = finished_run.finish(opened).id
    # the figures come from stored predictions: no model is loaded, and none lies there
    monkeypatch.setattr(
        prediction_process, "model_of", lambda workspace, name: str(workspace.files.run(name) / "model")
    )
    yield opened, run
    opened.close()


def call(opened: Workspace, *arguments: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(cli.group, ["-w", str(opened.files.root), *arguments], input=given)


def test_wrong_usage_is_json_where_json_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["stauts", "--json"], ["split", "--test", "9", "--json"], ["runs", "show", "--json"]):
        monkeypatch.setattr(sys, "argv", ["workbench", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert stop.value.code == 2
        answer = json.loads(capsys.readouterr().out)
        assert answer["exit_code"] == 2 and answer["message"] and answer["remedy"]


@pytest.mark.parametrize(
    ("arguments", "example"),
    [(["import"], "workbench import ~/scans"), (["runs", "show"], "workbench runs show"),
     (["export", "word-lits", "x"], "workbench export"), (["split", "--tset", "1"], "workbench split --test")],
)  # fmt: skip
def test_wrong_usage_prints_an_example(
    arguments: list[str], example: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["workbench", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2 and f"For example: {example}" in capsys.readouterr().err


def test_a_missing_device_ends_with_its_own_code_before_anything_starts(
    opened: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "device", lambda: "cpu")
    answer = call(opened, "tune", "--preset", "A", "--set", "train.device=cuda", "--wait")
    assert isinstance(answer.exception, MissingTool) and answer.exception.exit_code == 6
    with opened.db.read() as connection:
        assert [run.id for run in runs.listed(connection)] == ["one"]


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [("tensorbord", "did you mean tensorboard", "wandb"), ("wandb", "not installed", "pip install wandb")],
)
def test_a_tracker_that_is_missing_is_refused_before_anything_starts(
    opened: Workspace, name: str, message: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.runs.config.trackers.importlib.util.find_spec", lambda package: None)
    answer = call(opened, "tune", "--preset", "A", "--set", f"train.report_to=[{name}]", "--wait")
    assert isinstance(answer.exception, MissingTool) and answer.exception.exit_code == 6
    assert message in answer.exception.message and remedy in answer.exception.remedy
    with opened.db.read() as connection:
        assert [run.id for run in runs.listed(connection)] == ["one"]


@pytest.mark.parametrize(
    ("setting", "exit_code", "message", "remedy"),
    [
        ("train.deepspeed=zero2.json", 6, "deepspeed is not installed", "pip install"),
        ("train.fsdp_config=nowhere.json", 4, "names nowhere.json", "from / on"),
    ],
)
def test_what_divides_a_model_is_looked_for_before_anything_starts(
    opened: Workspace, setting: str, exit_code: int, message: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharding, "has_deepspeed", lambda: False)
    refused(opened, setting, exit_code, message, remedy)


@pytest.mark.parametrize(
    ("content", "exit_code", "message", "remedy"),
    [
        ('{"zero_optimization": {"stage": 2, "offload_optimizer": {"device": "cpu"}}}', 6, "no C++ compiler", "g++"),
        ('{"optimizer": {"type": "AdamW"}}', 6, "no C++ compiler", "train.optim"),
        ('{"zero_optimization": {"stage": 3}}', 4, "ZeRO stage 3", "train.fsdp"),
        ('{"zero_optimization": ', 4, "cannot be read", "JSON"),
        ("[1, 2]", 4, "no DeepSpeed configuration", "JSON"),
    ],
)
def test_a_deepspeed_configuration_that_cannot_train_here_is_refused_before_anything_starts(
    opened: Workspace, content: str, exit_code: int, message: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharding, "has_deepspeed", lambda: True)
    monkeypatch.setenv("CXX", "no-such-compiler")
    file = opened.files.root / "zero.json"
    file.write_text(content)
    refused(opened, f"train.deepspeed={file}", exit_code, message, remedy)


def test_gigabytes_in_place_of_a_deepspeed_configuration_are_not_read(
    opened: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharding, "has_deepspeed", lambda: True)
    file = opened.files.root / "zero.json"
    with file.open("wb") as empty:
        empty.truncate(1 << 33)
    refused(opened, f"train.deepspeed={file}", 4, "cannot be read", "JSON")


def refused(opened: Workspace, setting: str, exit_code: int, message: str, remedy: str) -> None:
    answer = call(opened, "tune", "--preset", "A", "--set", setting, "--wait")
    assert isinstance(answer.exception, WorkbenchError) and answer.exception.exit_code == exit_code
    assert message in answer.exception.message and remedy in answer.exception.remedy
    with opened.db.read() as connection:
        assert [run.id for run in runs.listed(connection)] == ["one"]


def test_a_tracker_that_is_installed_but_broken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trackio.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(tmp_path)
    trackers.check(["trackio"])
    with pytest.raises(MissingTool, match="cannot be loaded: No module named 'no_such_library'"):
        trackers.check(["trackio"], loaded=True)


def test_windows_is_refused_with_wsl_as_the_remedy_before_anything_is_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "argv", ["workbench", "status"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 6 and "WSL" in capsys.readouterr().err
    loaded = "import sys, workbench.cli; print([m for m in ('fcntl', 'resource', 'termios') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True).strip() == "[]"


def test_a_clock_beyond_what_can_be_held_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def beyond() -> float:
        raise OverflowError("timestamp too large to convert to C _PyTime_t")

    monkeypatch.setattr(time, "time", beyond)
    monkeypatch.setattr(sys, "argv", ["workbench", "status"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 6 and "clock" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["init"], ["sample-data", "--count", "1"]])
def test_folders_in_one_another_without_end_are_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["workbench", *command, "a/" * 2000])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2 and "folders in one another" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_unknown_engine_is_wrong_usage(opened: Workspace) -> None:
    answer = call(opened, "ocr", "--engine", "abbyy")
    assert isinstance(answer.exception, UsageProblem) and answer.exception.exit_code == 2


def test_deleting_a_run_asks_first(opened: Workspace) -> None:
    folder = opened.files.run("one")
    refused = call(opened, "runs", "delete", "one")
    assert isinstance(refused.exception, UsageProblem) and "--yes" in refused.exception.remedy
    assert folder.is_dir()
    assert call(opened, "runs", "delete", "one", "--yes", "--json").exit_code == 0
    assert not folder.exists()


def test_the_log_is_shown_and_followed_to_its_end(opened: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    log = opened.files.run("one") / "stderr.log"
    log.write_text("first\nsecond\n")
    assert json.loads(call(opened, "runs", "log", "one", "--lines", "1", "--json").stdout) == {
        "run": "one", "lines": ["second"],
    }  # fmt: skip
    looks = iter([True, True, False])

    def at_work(folder: object) -> bool:
        with log.open("a") as file:
            file.write("more\n")
        return next(looks)

    monkeypatch.setattr("workbench.commands.runs.RunFolder.at_work", at_work)
    monkeypatch.setattr("workbench.commands.runs._FOLLOW_SECONDS", 0.0)
    monkeypatch.setattr("workbench.commands.runs.open_runs", lambda context: opened)
    followed = call(opened, "runs", "log", "one", "-f")
    assert followed.stdout.splitlines() == ["first", "second", "more", "more", "more"]


def test_a_dash_is_standard_output_and_input(opened: Workspace, tmp_path: Path) -> None:
    exported = call(opened, "export", "word-list", "-", "--json")
    assert exported.exit_code == 0 and not Path("-").exists()
    rows = [json.loads(line) for line in exported.stdout.splitlines()]
    assert len(rows) == 4 and all("words" in row for row in rows)
    assert json.loads(exported.stderr)["documents"] == 4
    other = Workspace.create(tmp_path / "other")
    imported = call(other, "import", "-", "--json", given=exported.stdout_bytes)
    assert json.loads(imported.stdout)["documents"] == 4
    other.close()
    assert isinstance(call(opened, "export", "hf-dataset", "-").exception, UsageProblem)


def test_a_dash_is_standard_input_for_values(opened: Workspace) -> None:
    with opened.db.read() as connection:
        name = documents.get(connection, document_list.ids(connection)[0]).name
    answer = call(opened, "values", "-", "--json", given=f"file,invoice_no\n{name},77\n".encode())
    assert json.loads(answer.stdout)["reference_values"] == 1


def test_a_dash_is_standard_output_for_reports_and_charts(evaluated: tuple[Workspace, str]) -> None:
    opened, run = evaluated
    page = call(opened, "evaluate", run, "--html", "-", "--json")
    assert page.stdout.lstrip().lower().startswith("<!doctype html") and json.loads(page.stderr)["run"] == run
    picture = call(opened, "runs", "chart", run, "--of", "fields", "--to", "-", "--json")
    assert "<svg" in picture.stdout and json.loads(picture.stderr) == {"file": "-"}
    assert not Path("-").exists()


@pytest.mark.parametrize("command", [["evaluate", "RUN", "--html"], ["runs", "chart", "RUN", "--of", "fields", "--to"]])
def test_a_report_or_chart_takes_no_file_s_place_unless_it_is_forced(
    evaluated: tuple[Workspace, str], tmp_path: Path, command: list[str]
) -> None:
    opened, run = evaluated
    scan = tmp_path / "scan.svg"
    scan.write_text("mine")
    arguments = [run if part == "RUN" else part for part in command]
    refused = call(opened, *arguments, str(scan)).exception
    assert isinstance(refused, UsageProblem) and "--force" in refused.remedy
    assert scan.read_text() == "mine"
    assert call(opened, *arguments, str(scan), "--force").exit_code == 0
    assert scan.read_text() != "mine"


def test_no_password_of_a_mistyped_address_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["workbench", "import", "--split", "postgresql://me:hidden@host/name", "x"])
    with pytest.raises(SystemExit):
        cli.main()
    printed = capsys.readouterr().err
    assert "me:***@host" in printed and "hidden" not in printed


def test_a_run_has_the_same_key_in_every_answer(evaluated: tuple[Workspace, str]) -> None:
    opened, run = evaluated
    (listed,) = json.loads(call(opened, "runs", "list", "--json").stdout)
    shown = json.loads(call(opened, "runs", "show", run, "--json").stdout)
    figures = json.loads(call(opened, "evaluate", run, "--json").stdout)
    compared = json.loads(call(opened, "runs", "compare", run, run, "--json").stdout)
    assert {listed["run"], shown["run"], shown["id"], figures["run"], compared["a"]} == {run}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7", "stdin.pdf"), (b'[{"words": []}]', "stdin.json"), (b'{"a": 1}\n{"a": 2}\n', "stdin.jsonl"),
        (b'{\n"a": 1}', "stdin.json"), (b"Total O\n", "stdin.txt"),
    ],
)  # fmt: skip
def test_what_comes_from_standard_input_is_named_by_its_beginning(
    content: bytes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with streams.files_of([Path("a"), Path("-")], 1000) as (first, second):
        assert (first, second.name, second.read_bytes()) == (Path("a"), name, content)
        assert streams.by_name(f"{second}, line 1: it is empty") == "standard input, line 1: it is empty"


def test_standard_input_that_cannot_be_read_is_named_so(
    tmp_path: Path,
) -> None:
    Workspace.create(tmp_path / "w").close()
    done = CliRunner().invoke(cli.group, ["-w", str(tmp_path / "w"), "import", "-", "--json"], input='{"a": 1')
    assert json.loads(done.stdout)["problems"][0]["file"] == "standard input"


@pytest.mark.parametrize(
    ("arguments", "incomplete", "expected"),
    [
        (["runs", "show"], "o", "one"),
        (["evaluate"], "st", "starter"),
        (["tune", "--set"], "train.learn", "train.learning_rate="),
        (["tune", "--set"], "train.optim=sg", "train.optim=sgd"),
        (["tune", "--grid"], "train.learn", "train.learning_rate="),
        (["tune", "--zip"], "train.seed=1,2 train.optim=adamw,sg", "train.seed=1,2 train.optim=adamw,sgd"),
        (["tune", "--preset"], "a", "A"),
        (["runs", "chart"], "ra", "rates"),
        (["import", "--format"], "fun", "funsd"),
        (["import", "--map"], "TOTAL=amount_t", "TOTAL=amount_total"),
        (["ocr", "--engine"], "te", "tesseract"),
        (["queue", "--committee"], "o", "one"),
        (["fields", "retire"], "amount_t", "amount_total"),
        (["queue", "--strategy"], "mar", "margin"),
        (["simulate", "--strategies"], "combined,mar", "combined,margin"),
    ],
)
def test_the_shell_completes_names(opened: Workspace, arguments: list[str], incomplete: str, expected: str) -> None:
    with opened.db.write() as connection:
        runs.change(connection, "one", batch="rates")
    shell = ShellComplete(cli.group, {}, "workbench", "_WORKBENCH_COMPLETE")
    items = shell.get_completions(["-w", str(opened.files.root), *arguments], incomplete)
    assert expected in [item.value for item in items]


@pytest.mark.parametrize("name", ["$(touch x)", "`id`", "a; id", "a|id", "a&id", "a>b", "a<b"])
def test_no_name_that_a_shell_would_run_is_completed(opened: Workspace, name: str) -> None:
    opened.change_schema(lambda schema: schema.change(schema.spans[0].id, name=name))
    opened.change_schema(lambda schema: schema.change(schema.spans[1].id, name="l'heure du départ"))
    shell = ShellComplete(cli.group, {}, "workbench", "_WORKBENCH_COMPLETE")
    names = [item.value for item in shell.get_completions(["-w", str(opened.files.root), "fields", "rename"], "")]
    assert name not in names and "l'heure du départ" in names


@pytest.mark.parametrize(
    "arguments",
    [
        ["split", "--test"], ["split", "--validation"], ["queue", "--blind"], ["values", "--accept-above"],
        ["import", ".", "--accept-above"], ["sample-data", "x", "--noise"], ["tune", "--gpus"],
    ],
)  # fmt: skip
def test_a_number_that_is_none_is_refused(arguments: list[str]) -> None:
    """nan is below and above no limit: `split --test nan` put every document on one side."""
    result = CliRunner().invoke(cli.group, [*arguments, "nan"])
    assert result.exit_code == 2 and "nan is no number" in result.output


def test_completion_outside_a_workspace_is_silent(tmp_path: Path) -> None:
    shell = ShellComplete(cli.group, {}, "workbench", "_WORKBENCH_COMPLETE")
    assert shell.get_completions(["-w", str(tmp_path), "runs", "show"], "") == []


def test_an_import_that_reads_less_than_a_document_a_second_names_the_seconds_of_one() -> None:
    from workbench.commands.import_ import lines
    from workbench.exchange.pipeline import Summary

    assert next(lines(Summary(documents=10, seconds=42.3), {})).endswith("in 42.3 s, 4.2 s a document")
    assert next(lines(Summary(documents=900, seconds=2.0), {})).endswith("in 2.0 s, 450 a second")


def test_samples_for_which_there_is_no_space_are_named_as_such_and_leave_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        f"sys.argv = ['workbench', 'sample-data', {str(tmp_path / 'out')!r}, '--count', '4000', '--words-only']\n"
        "from workbench.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "Free some space" in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()


def test_another_encoding_of_the_output_ends_no_command(tmp_path: Path) -> None:
    opened = Workspace.create(tmp_path / "shop")
    opened.change_schema(lambda schema: schema.add("Сумма €"))
    opened.close()
    for arguments in ([], ["--json"]):
        asked = subprocess.run(
            [sys.executable, "-P", "-m", "workbench.cli", "-w", str(tmp_path / "shop"), "fields", *arguments],
            env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False,
        )  # fmt: skip
        assert asked.returncode == 0, asked.stderr
        shown = asked.stdout.decode("latin-1")
        assert "Сумма €" in str(json.loads(shown)) if arguments else r"\u0421" in shown


def test_names_are_utf8_whatever_the_locale_is(monkeypatch: pytest.MonkeyPatch) -> None:
    become: list[list[str]] = []
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
    monkeypatch.setattr(sys, "orig_argv", ["python", "bin/workbench", "status"])
    monkeypatch.setattr(os, "execv", lambda program, arguments: become.append(arguments))
    monkeypatch.setenv("PYTHONUTF8", "0")
    cli._speak_utf8()
    assert become == [[sys.executable, "-X", "utf8", "bin/workbench", "status"]] and os.environ["PYTHONUTF8"] == "1"


def test_no_file_takes_the_place_of_a_closed_stream() -> None:
    script = (
        "import os; os.close(0); os.close(2); from workbench import cli; cli._hold_standard_streams(); "
        "print(min(os.open(os.devnull, os.O_RDONLY) for _ in range(3)), [os.get_inheritable(n) for n in range(3)])"
    )
    asked = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    first, _, inherited = asked.stdout.strip().partition(" ")
    assert int(first) > 2 and inherited == "[True, True, True]"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_the_screens_are_not_opened_on_a_closed_stream(tmp_path: Path, closed: str) -> None:
    Workspace.create(tmp_path / "shop").close()
    command = [sys.executable, "-P", "-m", "workbench.cli", "-w", str(tmp_path / "shop")]
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *command]
    asked = subprocess.run(shell, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    assert asked.returncode == UsageProblem.exit_code
    assert "need a terminal" in asked.stderr or closed == "2>&-"


def test_a_command_needs_no_standard_streams(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "shop").close()
    (tmp_path / "mails.txt").write_text("Where is my invoice?")
    command = [sys.executable, "-P", "-m", "workbench.cli", "-w", str(tmp_path / "shop"), "import", str(tmp_path)]
    for closed in ("<&-", "<&- >&- 2>&-"):
        asked = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *command], capture_output=True, check=False)
        assert asked.returncode in (0, 4), asked.stderr  # as with open ones; 1 is a fault


def test_no_folder_for_temporary_files_is_no_fault(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "shop").close()
    script = (
        "import tempfile; from workbench import cli\n"
        "def none(): raise FileNotFoundError(2, 'No usable temporary directory found in []')\n"
        "tempfile._get_default_tempdir = none; cli.main()"
    )
    for arguments, code in (["status"], 0), (["import", "-"], WorkspaceProblem.exit_code):
        asked = subprocess.run(
            [sys.executable, "-P", "-c", script, "-w", str(tmp_path / "shop"), *arguments],
            input=b"x", capture_output=True, check=False,
        )  # fmt: skip
        assert asked.returncode == code, asked.stderr


def test_every_command_that_a_message_names_is_there() -> None:
    """A remedy named one that never was."""
    commands = {
        name: cli.group.get_command(click.Context(cli.group), name)
        for name in cli.group.list_commands(click.Context(cli.group))
    }
    root = Path(cli.__file__).parent.parent
    for path in (path for part in ("workbench", "screens", "storage") for path in (root / part).rglob("*.py")):
        for name, second in re.findall(
            r"`workbench ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", path.read_text(encoding="utf-8")
        ):
            assert name in commands, f"{path.name} names `workbench {name}`"
            if isinstance(group := commands[name], click.Group) and second:
                assert second in group.commands, f"{path.name} names `workbench {name} {second}`"


@pytest.mark.parametrize(
    "words",
    [
        ("import", ""), ("values", ""), ("init", ""), ("sample-data", ""), ("demo", "--headless", "--at", ""),
        ("export", "word-list", ""), ("runs", "export", "best", ""), ("-w", "", "import", "."),
    ],
)  # fmt: skip
def test_an_empty_path_is_not_taken_for_the_folder_in_use(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.group, words)
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "It is empty." in result.output
