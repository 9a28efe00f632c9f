"""`workbench export` on a real workspace."""

import csv
import errno
import gc
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from click.testing import CliRunner

from storage import documents
from storage.documents import NewDocument
from storage.exceptions import DamagedDatabase, UsageProblem, WorkspaceProblem
from storage.files import write_atomic
from storage.records import Page, Source, Span, Token
from tests.support import ROOT, workspaces
from workbench.commands.support.context import Context
from workbench.commands.support.registry import load
from workbench.exchange.exporters import base
from workbench.exchange.exporters.registry import EXPORTERS
from workbench.exchange.importers.registry import IMPORTERS
from workbench.exchange.reading.incoming import Rejected
from workbench.exchange.reading.values_table import read as read_values
from workbench.settings import Limits
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    opened = workspaces.empty(tmp_path / "w")
    (opened.files.pages / "ab").mkdir()
    write_atomic(opened.files.pages / "ab" / "x.png", b"a picture")
    tokens = (Token(0, 0, 0, "Total", (1.0, 1.0, 5.0, 3.0)), Token(1, 0, 0, "9.00", (6.0, 1.0, 9.0, 3.0)))
    page = Page(0, 10.0, 10.0, tokens, "ab/x.png")
    span = Span("amount_total", (1,), Source.IMPORT)
    with opened.db.write() as connection:
        documents.add(
            connection,
            [
                NewDocument("one", "s", "1", "x", (page,), labelled=True, spans=(span,)),
                NewDocument("two", "s", "2", "x", (page,)),
            ],
            "ann",
        )
    opened.close()
    return tmp_path / "w"


def run(workspace: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(
        load("export"), [*arguments, "--json"], obj=Context(workspace), catch_exceptions=False, standalone_mode=False
    )
    reported: dict[str, Any] = json.loads(result.output)
    return reported


def test_nothing_of_an_exported_workbook_is_named_as_not_read(workspace: Path, tmp_path: Path) -> None:
    run(workspace, "values-xlsx", str(tmp_path / "out.xlsx"))
    rows = list(read_values(tmp_path / "out.xlsx", Limits()))
    assert [getattr(row, "file", row) for row in rows] == ["one", "two"] and not any(
        isinstance(row, Rejected) for row in rows
    )


@pytest.mark.parametrize("name", list(EXPORTERS))
def test_every_format_is_written(workspace: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "new" / "out.x"
    reported = run(workspace, name, str(out))
    assert out.exists()
    assert reported["documents"] == (1 if name == "conll" else 2)
    of_classes = name.startswith("texts") or name in ("prodigy", "class-folders")
    assert reported["labels"] == (0 if of_classes else 1)  # the label is one of a word


def test_only_labelled_with_its_picture(workspace: Path, tmp_path: Path) -> None:
    reported = run(workspace, "word-list", str(tmp_path / "o.jsonl"), "--only", "labelled", "--split", "train")
    (record,) = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert reported["documents"] == 1
    assert (record["id"], record["labels"]) == ("one", ["O", "B-amount_total"])
    assert (tmp_path / record["image_path"]).read_bytes() == b"a picture"


def test_nothing_to_export_and_a_folder_in_the_way_are_said(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="No document"):
        run(workspace, "conll", str(tmp_path / "o"), "--split", "test")
    with pytest.raises(UsageProblem, match="exists already"):
        run(workspace, "funsd", str(workspace))
    with pytest.raises(UsageProblem, match="is a folder"):
        run(workspace, "conll", str(workspace))


@pytest.mark.parametrize("name", ["word-list", "label-studio", "values-csv", "funsd"])
@pytest.mark.parametrize("place", [".", "./", "..", "/", "//"])
def test_a_place_without_a_name_of_its_own_is_refused(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageProblem, match=r"is a folder|exists already"):
        run(workspace, name, place)


@pytest.mark.parametrize(
    "own",
    ["workbench.db", "workbench.db-wal", "workbench.toml", "writer.pid", "pages/ab/x.png", "originals", "runs/new"],
)
@pytest.mark.parametrize("linked", [False, True])
def test_an_export_never_replaces_what_is_the_workspaces_own(
    workspace: Path, tmp_path: Path, own: str, linked: bool
) -> None:
    target = workspace / own
    if linked:
        (tmp_path / "link").symlink_to(target)
    before = target.read_bytes() if target.is_file() else None
    for format_name in ("values-csv", "funsd"):
        with pytest.raises(UsageProblem, match="the workspace's own"):
            run(workspace, format_name, str(tmp_path / "link" if linked else target), "--force")
    assert (target.read_bytes() if target.is_file() else None) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_an_export_replaces_no_fifo_and_no_broken_link(workspace: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("fifo", "link"):
        with pytest.raises(UsageProblem, match="not a regular file"):
            run(workspace, "values-csv", str(tmp_path / name), "--force")
    assert (tmp_path / "fifo").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_a_file_that_exists_is_overwritten_only_by_force(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "values.csv"
    out.write_text("mine")
    with pytest.raises(UsageProblem, match="exists already"):
        run(workspace, "values-csv", str(out))
    assert out.read_text() == "mine"
    run(workspace, "values-csv", str(out), "--force")
    assert out.read_text() != "mine"


@pytest.mark.parametrize(
    "name", ["=1+1|cmd", "\uff1d1+1", "\uff0b1+1|cmd", "\uff0d1+1|cmd", "\uff20SUM(1)", " =1+1", "-1+1", "-inf"]
)
def test_a_fields_name_is_no_live_formula_in_the_csv_header(workspace: Path, tmp_path: Path, name: str) -> None:
    opened = Workspace.find(workspace)
    opened.change_schema(lambda schema: schema.change("amount_total", name=name))
    run(workspace, "values-csv", str(tmp_path / "values.csv"))
    with (tmp_path / "values.csv").open(encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file))
    assert "'" + name in names
    assert name not in names


def test_values_for_a_countrys_excel(tmp_path: Path) -> None:
    from storage.exceptions import UsageProblem
    from workbench.exchange.exporters.values_csv import for_excel

    assert [for_excel(locale)._decimal for locale in ("de", "fr-CH", "en_US", "fr")] == [",", ",", ".", ","]
    assert [for_excel("de")._number(cell) for cell in ("1234.50", "-3.00", "2024-03-31", "1.2.3")] == [
        "1234,50", "-3,00", "2024-03-31", "1.2.3",
    ]  # fmt: skip
    dividers = [for_excel(locale)._divider for locale in ("de", "de_CH", "fr-CH", "de_LI", "en_US", "es_MX")]
    assert dividers == [";", ";", ";", ";", ",", ","]
    with pytest.raises(UsageProblem):
        for_excel("nowhere")


@pytest.mark.parametrize("name", ["word-list", "label-studio"])
def test_pictures_beside_an_export_replace_nothing_by_themselves(workspace: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "out_pictures" / "holiday.png"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    with pytest.raises(UsageProblem, match="out_pictures exists already"):
        run(workspace, name, str(tmp_path / "out.json"))
    assert mine.read_bytes() == b"mine" and not (tmp_path / "out.json").exists()
    run(workspace, name, str(tmp_path / "out.json"), "--force")
    assert sorted(p.name for p in mine.parent.iterdir()) == ["one-1.png", "two-1.png"], (
        "those of this export, and no older ones"
    )
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_labelling_configuration_is_overwritten_by_force_alone(workspace: Path, tmp_path: Path) -> None:
    run(workspace, "label-studio", str(tmp_path / "out.json"))
    (tmp_path / "out.json").unlink()
    with pytest.raises(UsageProblem, match=r"out\.config\.xml exists already"):
        run(workspace, "label-studio", str(tmp_path / "out.json"))
    opened = Workspace.find(workspace)
    opened.change_schema(lambda schema: schema.change("amount_total", name='what\'s "left"\nto pay & more'))
    opened.change_schema(lambda schema: schema.add_class("Kind", ("a", "b's")))
    for _ in range(2):  # in the place of one of other fields, and of these
        run(workspace, "label-studio", str(tmp_path / "out.json"), "--force")
    assert "to pay" in (tmp_path / "out.config.xml").read_text()


@pytest.mark.parametrize("own", ["mine", "<View>\n</View>\n", None])
def test_a_labelling_configuration_that_no_export_wrote_is_not_replaced_even_by_force(
    workspace: Path, tmp_path: Path, own: str | None
) -> None:
    config = tmp_path / "out.config.xml"
    if own is None:  # one that was exported, with a key that was added by hand
        run(workspace, "label-studio", str(tmp_path / "out.json"))
        own = config.read_text().replace(' background="', ' hotkey="x" background="', 1)
    config.write_text(own)
    for force in ((), ("--force",)):  # which is not advised either
        with pytest.raises(UsageProblem, match=r"out\.config\.xml is not what an export wrote") as refused:
            run(workspace, "label-studio", str(tmp_path / "out.json"), *force)
        assert "--force" not in refused.value.remedy
    assert config.read_text() == own


@pytest.mark.parametrize("name", ["word-list", "label-studio"])
def test_a_folder_beside_an_export_with_more_than_pictures_is_not_replaced_even_by_force(
    workspace: Path, tmp_path: Path, name: str
) -> None:
    mine = tmp_path / "out_pictures" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    for force in ((), ("--force",)):  # which is not advised either
        with pytest.raises(UsageProblem, match=r"out_pictures has what no export put there: notes\.txt"):
            run(workspace, name, str(tmp_path / "out.json"), *force)
    assert mine.read_text() == "mine"


def test_a_label_below_the_first_word_is_damage_and_not_the_last_word(workspace: Path, tmp_path: Path) -> None:
    with sqlite3.connect(workspace / "workbench.db") as connection:
        connection.execute("UPDATE spans SET tokens = '[-1]'")
    connection.close()
    with pytest.raises(DamagedDatabase):
        run(workspace, "values-csv", str(tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()


def test_a_full_disk_leaves_no_half_filled_folder_of_pictures(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(WorkspaceProblem, match="No space left"):
        run(workspace, "word-list", str(tmp_path / "out.jsonl"))
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


@pytest.mark.parametrize(("name", "formats"), [("export", EXPORTERS), ("import", IMPORTERS)])
def test_the_help_says_what_every_format_holds(name: str, formats: dict[str, tuple[str, str]]) -> None:
    shown = CliRunner().invoke(load(name), ["--help"], terminal_width=500).output
    assert [line for line in formats if f"  {line}  " not in shown] == []
    assert [what for _, what in formats.values() if what not in shown] == []


def test_a_workbook_on_a_full_disk_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    """openpyxl keeps the rows of a sheet in the folder for temporary files, and lxml writes them there."""
    code = """
import resource, sys
from pathlib import Path
from storage.exceptions import WorkspaceProblem
from workbench.exchange.exporters.base import workbook
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    with workbook(Path(sys.argv[1])) as book:
        sheet = book.create_sheet("values")
        for number in range(9000):
            sheet.append([number, "a value"])
except WorkspaceProblem as problem:
    print(problem.message)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "v.xlsx")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "full" in done.stdout and done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["at its beginning", "in its midst"])
def test_a_workbook_whose_place_is_full_says_so_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """openpyxl's sheets and archives complain on the terminal when they are deleted half-written."""
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)

    @contextmanager
    def full(target: Path) -> Iterator[BinaryIO]:
        if when == "in its midst":
            with Path("/dev/full").open("wb") as file:
                yield file
        raise WorkspaceProblem("The disk is full.", "Free some space.")

    monkeypatch.setattr(base, "whole_file", full)
    with pytest.raises((WorkspaceProblem, OSError)), base.workbook(tmp_path / "v.xlsx") as book:
        sheet = book.create_sheet("values")
        for number in range(5000):
            sheet.append([number, str(number)])
    gc.collect()
    assert complaints == []


@pytest.mark.parametrize("format", ["word-list", "hf-dataset", "parquet", "label-studio", "funsd", "class-folders"])
def test_pictures_that_are_gone_are_said(workspace: Path, tmp_path: Path, format: str) -> None:
    gone = "pictures are gone from the workspace's folder pages and were left out"
    assert gone not in run(workspace, format, str(tmp_path / "before"))["lost"]
    (workspace / "pages" / "ab" / "x.png").unlink()
    assert run(workspace, format, str(tmp_path / "after"))["lost"][gone] == 2
    assert gone not in run(workspace, format, str(tmp_path / "without"), "--no-pictures")["lost"]
