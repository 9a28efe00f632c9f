"""Names of every kind: those too long for a file are refused, and no sign of one is taken for markup or a command."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from screens.widgets import columns
from storage import runs
from tests.support import workspaces
from tests.support.command_line import Workbench
from workbench.evaluation import html_rendering
from workbench.fields import Schema, invoice_schema
from workbench.fields.plain_text import for_markdown
from workbench.runs import transfer

LONG = "x" * 1000


@pytest.mark.parametrize(
    "command",
    [
        ("init", LONG), ("status", "-w", LONG), ("export", "word-list", LONG),
        ("export", "word-list", f"{LONG}/{LONG}"),
        ("evaluate", LONG), ("predict", LONG, "workbench.toml"), ("suggest", "--model", LONG), ("import", LONG),
        ("tune", "--from", LONG), ("tune", "--config", LONG), ("tune", "--set", f"model.name={LONG}"),
        ("runs", "show", LONG), ("runs", "import", LONG), ("fields", "add", LONG), ("restore", LONG, "--yes"),
    ],
    ids=lambda command: " ".join(command)[:20],
)  # fmt: skip
def test_a_name_of_a_thousand_characters_is_refused(
    workbench: Workbench, workspace: Path, command: tuple[str, ...]
) -> None:
    Path("list.jsonl").write_text(json.dumps({"words": ["5"], "bboxes": [[1, 1, 9, 9]]}))
    if command[0] in ("export", "evaluate"):
        assert workbench("import", "list.jsonl").code == 0
    answer = workbench(*command)
    assert answer.code not in (0, 1), answer.err
    assert len(answer.err) < 3000


def test_a_grid_of_a_million_runs_is_refused_in_few_words(workbench: Workbench, workspace: Path) -> None:
    values = ",".join(map(str, range(1, 1001)))
    grid = f"train.num_train_epochs={values} train.seed={values}"
    answer = workbench("tune", "--preset", "text baseline", "--grid", grid, "--json")
    assert answer.code == 4 and "1,000,000 runs" in answer.data["message"]
    assert len(answer.data["message"]) < 200
    assert not list((workspace / "runs").glob("2*"))


def test_a_model_card_takes_names_as_text(tmp_path: Path) -> None:
    workspace = workspaces.workspace(tmp_path / "ws")
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    with workspace.db.write() as connection:
        runs.change(connection, run_id, name="<script>alert(1)</script> \x1b[31m|`x`")
    card = (transfer.export_model(workspace, run_id, tmp_path / "given") / "README.md").read_text()
    workspace.close()
    assert "<script>" not in card and "&lt;script&gt;" in card and "\x1b" not in card
    assert for_markdown("[a](b)|*`<&") == "\\[a\\](b)\\|\\*\\`&lt;&amp;"


def test_the_html_report_shows_no_control_character() -> None:
    from markupsafe import Markup

    assert html_rendering._shown("a\x1b[31m\u202eb") == "a\ufffd[31m\ufffdb"
    assert isinstance(html_rendering._shown(Markup("<b>")), Markup)


EVIL = "e\x1b]0;owned\x07\x1b[31m\u202evil"


def test_a_fields_name_of_any_signs_stands_in_the_doctors_words_as_it_is() -> None:
    schema = invoice_schema()
    names = {"invoice_no": r"\1 \i \g<0> iban", "iban": "[red]", "amount_total": "a" * 300}
    fields = tuple(replace(field, name=names.get(field.id, field.id)) for field in schema)
    sentence = columns.named("invoice_no and iban differ, amount_totals not", Schema(fields))
    assert sentence == rf"{names['invoice_no']} and [red] differ, amount_totals not"


def _has_control(text: str) -> bool:
    return any(sign in text for sign in ("\x1b", "\x07", "\u202e", "\x9b"))


def test_no_command_prints_the_control_characters_of_a_name(workbench: Workbench, tmp_path: Path) -> None:
    """Of a file, a vendor, a field, an option of a class, a label and a run."""
    root, source = tmp_path / "ws", tmp_path / f"{EVIL}.jsonl"
    workspace = workspaces.workspace(root)
    first, second = (workspaces.finished_run(workspace, tmp_path, name=name) for name in ("first", "second"))
    with workspace.db.write() as connection:
        runs.change(connection, first, name=EVIL)
    workspace.close()
    word = {"words": ["Total", "9.00"], "bboxes": [[1, 1, 9, 9], [11, 1, 19, 9]]}
    record = {"id": EVIL, **word, "labels": ["O", f"B-{EVIL}"], "group": EVIL, "vendor": EVIL}
    source.write_text(json.dumps(record) + "\n" + json.dumps({"id": EVIL + "2", "words": EVIL}) + "\n")
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": "Good day", "label": EVIL, "speaker": EVIL}) + "\n")
    (tmp_path / "v.csv").write_text(f'file,{EVIL}\n"{EVIL}",9\n')
    for command in (
        ["import", str(source)], ["import", str(tmp_path / "texts.jsonl")], ["values", str(tmp_path / "v.csv")],
        ["status"], ["fields", "list"], ["fields", "add", EVIL], ["fields", "rename", "amount_total", EVIL],
        ["fields", "list"], ["runs", "list"], ["runs", "show", first], ["runs", "compare", first, second],
 ["runs", "show", EVIL], ["evaluate", first],
        ["doctor", first], ["export", "values-csv", str(tmp_path / "o.csv")], ["rounds", "list"], ["split"],
        ["queue", "--strategy", "random"], ["tune", "--set", f"model.name={EVIL}"], [EVIL], ["export", EVIL, "x"],
    ):  # fmt: skip
        answer = workbench("-w", root, *command)
        assert not _has_control(answer.out + answer.err), (command, answer)
        assert "fault of the program" not in answer.err, (command, answer)
        answer = workbench("-w", root, *command, "--json")
        assert not _has_control(answer.out + answer.err), (command, answer)
        assert json.loads(answer.out) is not None, (command, answer)


@pytest.mark.parametrize("name", ["~root", "$(id)", "two words ", "a?b#c%20d", "-w", "'", "new\nline"])
def test_a_command_that_is_proposed_names_the_workspace_as_a_shell_takes_it(
    workbench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    made = workbench("init", "--", name)
    assert made.code == 0, made.err
    proposed = made.out.partition("Bring documents in: ")[2]
    assert shlex.split(proposed)[:4] == ["workbench", "-w", name, "import"]
    assert workbench("-w", name, "status").code == 0


def test_json_of_a_problem_is_json_whatever_bytes_a_name_has(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/x\xff\xfe"
    command = [sys.executable, "-m", "workbench", "-w", name, "status", "--json"]
    done = subprocess.run(command, capture_output=True, check=False, cwd=Path(__file__).parents[2])
    assert json.loads(done.stdout.decode())["exit_code"] == done.returncode == 3
