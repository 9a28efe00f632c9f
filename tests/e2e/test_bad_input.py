"""Bad input: named with its reason, everything else imported, nothing half-written, the exit code right."""

import errno
import json
import os
import resource
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import ROOT
from tests.support.command_line import Workbench
from workbench.exchange.reading import pdf_pages
from workbench.exchange.reading.incoming import IncomingPage, Options

_IDAT = struct.pack(">I", 64) + b"IDAT" + bytes(64)
RECORD = {"id": "good", "words": ["Total", "9.00"], "bboxes": [[10, 10, 50, 20], [60, 10, 90, 20]]}


def _record(name: str = "good", **changes: Any) -> dict[str, Any]:
    return {**RECORD, "id": name, **changes}


def _jsonl(path: Path, *records: Any) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records), encoding="utf-8")
    return path


def _pdf(path: Path, width: float = 300, height: float = 400, text: str = "") -> Path:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=(width, height))
    canvas.drawString(20, min(height, 400) - 40, text or f"Invoice {path.stem} Total 9.00 EUR")
    canvas.save()
    return path


def _png_header(width: int, height: int) -> bytes:
    """The beginning of a picture of that size: it must be refused before anything is decoded."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + _IDAT


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A folder with one good document, to put bad ones beside."""
    folder = tmp_path / "in"
    folder.mkdir()
    _pdf(folder / "good.pdf")
    return folder


def _expect(workbench: Workbench, folder: Path, bad: str, reason: str, *options: str) -> dict[str, Any]:
    """Import a folder: the good document is there, the bad one is named with its reason, here and in the status."""
    answer = workbench("import", folder, "--json", "--no-ocr", *options)
    assert answer.code == 0, answer
    data = answer.data
    assert data["documents"] >= 1
    assert [p for p in data["problems"] if bad in p["file"] and reason in p["record"] + " " + p["reason"]], data[
        "problems"
    ]
    status = workbench("status", "--json").data
    assert status["documents"] == data["documents"]
    assert status["problems"] == len({tuple(p.values()) for p in data["problems"]})
    return data


def test_empty_files(workbench: Workbench, workspace: Path, good: Path) -> None:
    for name in ("empty.pdf", "empty.png", "empty.json", "empty.jsonl"):
        (good / name).touch()
    data = _expect(workbench, good, "empty.pdf", "it is empty")
    assert data["skipped"] == 4


def test_truncated_files(workbench: Workbench, workspace: Path, good: Path) -> None:
    picture = good / "cut.jpg"
    Image.effect_noise((400, 500), 80).save(picture)
    picture.write_bytes(picture.read_bytes()[: picture.stat().st_size // 2])
    full = _pdf(good / "cut.pdf").read_bytes()
    (good / "cut.pdf").write_bytes(full[:200])
    data = _expect(workbench, good, "cut.jpg", "damaged or cut off")
    assert any("cut.pdf" in p["file"] and "damaged or cut off" in p["reason"] for p in data["problems"])


def test_a_text_file_named_png(workbench: Workbench, workspace: Path, good: Path) -> None:
    (good / "notes.png").write_text("This is no picture.")
    _expect(workbench, good, "notes.png", "named .png but holds text")


def test_a_picture_of_900_million_pixels(workbench: Workbench, workspace: Path, good: Path) -> None:
    (good / "huge.png").write_bytes(_png_header(30_000, 30_000))
    _expect(workbench, good, "huge.png", "30,000 × 30,000 pixels; the limit is 200,000,000")


def test_the_limit_can_be_set(workbench: Workbench, workspace: Path, good: Path) -> None:
    Image.new("L", (200, 100), 255).save(good / "small.png")
    with (workspace / "workbench.toml").open("a") as file:
        file.write("\n[limits]\npicture_pixels = 10000\n")
    _expect(workbench, good, "small.png", "the limit is 10,000")


def test_a_page_of_100_metres(workbench: Workbench, workspace: Path, good: Path) -> None:
    _pdf(good / "wide.pdf", width=283_465)
    _expect(workbench, good, "wide.pdf", "10,000 × 14 cm")


def test_a_pdf_that_is_none(workbench: Workbench, workspace: Path, good: Path) -> None:
    (good / "none.pdf").write_bytes(b"%PDF-1.7\nthis is all there is")
    (good / "text.pdf").write_text("not even that")
    data = _expect(workbench, good, "none.pdf", "not a PDF")
    assert any("text.pdf" in p["file"] and "holds text" in p["reason"] for p in data["problems"])


def test_an_encrypted_pdf(workbench: Workbench, workspace: Path, good: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(good / "locked.pdf"), encrypt=StandardEncryption("sesame", canPrint=0))
    canvas.drawString(50, 500, "Secret total 7.00")
    canvas.save()
    _expect(workbench, good, "locked.pdf", "give its password with --password")
    assert "the password is wrong" in workbench("import", good, "--password", "wrong").out
    assert workbench("import", good, "--password", "sesame", "--json").data["tokens"] == 3


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"id": "bad", "bboxes": [[1, 2, 3, 4]]}, "words"),
        (_record("bad", bboxes=[[1, 2, 3, 4]]), "2 words"),
        (_record("bad", bboxes=[[1, 2, 3, float("nan")], [1, 2, 3, 4]]), "not"),
        (_record("bad", bboxes=[["a", 2, 3, 4], [1, 2, 3, 4]]), ""),
        ('{"id": "bad", "words": ["cut', ""),
        ("[1, 2", ""),
        ("17", ""),
    ],
)
def test_records_that_cannot_be_kept(
    workbench: Workbench, workspace: Path, tmp_path: Path, record: Any, reason: str
) -> None:
    path = _jsonl(tmp_path / "list.jsonl", _record("first"), record, _record("last"))
    answer = workbench("import", path, "--json")
    assert answer.code == 0, answer
    assert answer.data["documents"] == 2
    (problem,) = answer.data["problems"]
    assert "list.jsonl" in problem["file"]
    assert "2" in problem["record"] or "bad" in problem["record"]
    assert reason in problem["reason"]


def test_boxes_that_are_inverted_or_leave_the_page(workbench: Workbench, workspace: Path, tmp_path: Path) -> None:
    boxes = [[50, 20, 10, 10], [-5, -7, 2000, 20]]
    path = _jsonl(tmp_path / "list.jsonl", _record("a", bboxes=boxes))
    data = workbench("import", path, "--json", "--thousandths").data
    assert data["documents"] == 1
    with sqlite3.connect(workspace / "workbench.db") as connection:
        width, height = connection.execute("select width, height from pages").fetchone()
    from storage.database import Database
    from storage.documents import open_document

    database = Database(f"sqlite:///{workspace / 'workbench.db'}")
    with database.read() as reading:
        tokens = open_document(reading, 1).tokens
    database.close()
    for token in tokens:
        assert 0 <= token.box[0] <= token.box[2] <= width
        assert 0 <= token.box[1] <= token.box[3] <= height


def test_tags_that_are_not_iob_are_repaired_and_counted(workbench: Workbench, workspace: Path, tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "list.jsonl", _record("a", labels=["O", "I-TOTAL"]))
    data = workbench("import", path, "--json").data
    assert data["labels"] == {"amount_total": 1}
    assert any("repaired" in note and number == 1 for note, number in data["notes"].items())


def test_invalid_utf8(workbench: Workbench, workspace: Path, good: Path) -> None:
    (good / "latin.json").write_bytes(b'{"id": "x", "words": ["caf\xe9"], "bboxes": [[1,2,3,4]]}')
    _expect(workbench, good, "latin.json", "UTF-8")


def test_half_a_surrogate_pair(workbench: Workbench, workspace: Path, tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "list.jsonl", '{"id": "x", "words": ["a\\ud83d", "b"], "bboxes": [[1,2,3,4],[5,2,8,4]]}')
    answer = workbench("import", path, "--json")
    assert answer.code in (0, 4)
    assert answer.data["documents"] + answer.data["skipped"] == 1


@pytest.mark.parametrize("name", ['it\'s "quoted".pdf', "two\nlines.pdf", "ü" * 120 + ".pdf", "  .pdf", "-w.pdf"])
def test_strange_names(workbench: Workbench, workspace: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    _pdf(folder / "plain.pdf").rename(folder / name)
    assert workbench("import", folder, "--json").data["documents"] == 1
    assert workbench("status", "--json").data["documents"] == 1


def test_nothing_outside_the_import_is_read(workbench: Workbench, workspace: Path, tmp_path: Path) -> None:
    Image.new("L", (50, 50), 255).save(tmp_path / "secret.png")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    paths = ["../../secret.png", str(tmp_path / "secret.png"), "link.png"]
    _jsonl(folder / "list.jsonl", *(_record(f"r{i}", image_path=path) for i, path in enumerate(paths)))
    data = workbench("import", folder / "list.jsonl", "--json").data
    assert data["documents"] == 3
    assert list((workspace / "pages").rglob("*.*")) == []
    assert sum("outside" in note for note in data["notes"]) >= 1


def test_symlink_loops(workbench: Workbench, workspace: Path, good: Path) -> None:
    (good / "deep").mkdir()
    (good / "deep" / "again").symlink_to(good)
    (good / "dangling.pdf").symlink_to(good / "gone")
    assert workbench("import", good, "--json").data["documents"] == 1


def test_an_archive_is_not_unpacked(workbench: Workbench, workspace: Path, good: Path) -> None:
    with zipfile.ZipFile(good / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 10_000_000)
    _expect(workbench, good, "bomb.zip", "archive")


def test_nothing_that_can_be_imported(workbench: Workbench, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("text")
    answer = workbench("import", tmp_path / "notes.png")
    assert answer.code == 4
    assert "notes.png" in answer.out
    missing = workbench("import", tmp_path / "missing")
    assert missing.code == 4
    assert "does not exist" in missing.err


def test_a_disk_that_fills_up_half_way(
    workbench: Workbench, workspace: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        _pdf(good / f"d{number}.pdf")
    from workbench.exchange import pipeline

    monkeypatch.setattr(pipeline, "BATCH", 1)
    fsync, calls = os.fsync, []

    def full(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            calls.append(descriptor)
        if len(calls) > 4:  # a picture and an original each: two documents
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    answer = workbench("import", good)
    assert answer.code == 3
    assert "No space left" in answer.err
    monkeypatch.setattr(os, "fsync", fsync)
    assert workbench("status", "--json").data["documents"] == 2
    assert not [path for path in workspace.rglob(".*") if path.is_file()]  # no temporary files
    again = workbench("import", good, "--json").data
    assert (again["known"], again["documents"]) == (2, 3)


def test_what_another_user_has_is_named_and_is_no_fault_of_the_program(
    workbench: Workbench, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may do all, so the refusal is made up here."""
    from storage import document_list

    def refused(connection: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "runs/1/waiting")

    monkeypatch.setattr(document_list, "status", refused)
    answer = workbench("status")
    assert answer.code == 3
    assert "runs/1/waiting cannot be read or changed by this user" in answer.err


def test_a_file_size_limit_while_importing(workspace: Path, good: Path) -> None:
    """The operating system's own refusal, in a process of its own: the database stays whole."""
    words = {"words": ["word"] * 20_000, "bboxes": [[1, 1, 2, 2]] * 20_000}
    _jsonl(good / "list.jsonl", *({"id": f"r{i}", **words} for i in range(3)))
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli", "-w", workspace, "import", good / "list.jsonl"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "disk is full" in done.stderr
    with sqlite3.connect(workspace / "workbench.db") as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("select count(*) from documents").fetchone() == (0,)


def test_a_read_only_workspace(workbench: Workbench, workspace: Path, good: Path) -> None:
    for path in (workspace / "pages", workspace / "originals"):
        path.rmdir()
        path.touch()  # a file inside a file cannot be made, not even by root
    answer = workbench("import", good)
    assert answer.code == 3
    assert "cannot be made" in answer.err
    assert workbench("status", "--json").data["documents"] == 0


@pytest.mark.usefixtures("as_anybody")
def test_a_workspace_without_permission(workbench: Workbench, workspace: Path, good: Path) -> None:
    workspace.chmod(0o555)
    (workspace / "workbench.db").chmod(0o444)
    answer = workbench("import", good)
    workspace.chmod(0o755)
    assert answer.code == 3


def test_a_workspace_made_by_a_newer_version(workbench: Workbench, workspace: Path, good: Path) -> None:
    database = workspace / "workbench.db"
    with sqlite3.connect(database) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.commit()
        connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    before = database.read_bytes()
    answer = workbench("import", good, "--json")
    assert answer.code == 3
    assert answer.data["error"] == "NewerWorkspace"
    assert "Update invoice-workbench" in answer.err
    assert database.read_bytes() == before


def test_a_database_locked_by_another_process(
    workbench: Workbench, workspace: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.Database.__init__.__defaults__", (0.3,))
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys, os, pathlib; p = pathlib.Path('workbench.db');"
            "c = sqlite3.connect(p, isolation_level=None); c.execute('BEGIN IMMEDIATE');"
            "p.with_name('writer.pid').write_text(str(os.getpid())); print('held', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=workspace,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        answer = workbench("import", good)
        assert answer.code == 5
        assert f"process {holder.pid}" in answer.err
    finally:
        holder.communicate()
    assert workbench("import", good, "--json").data["documents"] == 1


def test_ctrl_c_keeps_what_was_read_and_goes_on(
    workbench: Workbench, workspace: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        _pdf(good / f"d{number}.pdf")
    pages_of = pdf_pages.pages_of
    calls: list[Path] = []

    def interrupted(path: Path, options: Options) -> Iterator[IncomingPage]:
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return pages_of(path, options)

    monkeypatch.setattr(pdf_pages, "pages_of", interrupted)
    answer = workbench("import", good, "--json")
    assert answer.code == 130
    assert answer.data["interrupted"]
    first = answer.data["documents"]
    assert first >= 2
    again = workbench("import", good, "--json").data
    assert (again["known"], again["documents"]) == (first, 6 - first)


def test_a_bad_setting_is_said(workbench: Workbench, workspace: Path) -> None:
    (workspace / "workbench.toml").write_text("keys = 'emacs'\n")
    answer = workbench("status")
    assert answer.code == 4
    assert "key preset 'emacs'" in answer.err


def test_no_workspace(workbench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = workbench("status", "--json")
    assert answer.code == 3
    assert answer.data["error"] == "WorkspaceProblem"
    assert "workbench init" in answer.err


@pytest.mark.parametrize(
    "command",
    [("tune", "--config"), ("values",), ("import",), ("runs", "import"), ("predict", "starter")],
    ids=" ".join,
)
def test_a_pipe_is_refused_and_not_waited_for(
    workbench: Workbench, workspace: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert workbench(*command, tmp_path / "pipe").code == 4


def test_standard_input_that_is_closed_or_has_no_end_is_refused(
    workbench: Workbench, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as closed:
        closed.setattr(sys, "stdin", None)
        closed.setattr(sys, "__stdin__", None)
        answer = workbench("import", "-")
    assert answer.code == 4 and "closed" in answer.err
    (workspace / "workbench.toml").write_text("[limits]\nfile_bytes = 100000\n")
    for command in (("import", "-"), ("values", "-")):
        with Path("/dev/zero").open(encoding="latin-1") as endless:
            monkeypatch.setattr(sys, "stdin", endless)
            answer = workbench(*command)
        assert answer.code == 4 and "file_bytes" in answer.err


@pytest.mark.parametrize("token", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_token(workbench: Workbench, workspace: Path, token: str) -> None:
    answer = workbench("serve", "starter", "--token-file", token)
    assert answer.code == 2 and "token" in answer.err


@pytest.mark.skipif(not os.access("/proc/kmsg", os.R_OK), reason="no file that can be read without end")
@pytest.mark.parametrize(
    "command",
    [
        ["import"], ["values"], ["predict", "starter"], ["tune", "--config"],
        ["tune", "--search", "--trials", "2", "--space"], ["serve", "starter", "--token-file"], ["web", "--token-file"],
    ],
    ids=lambda command: f"{command[0]} {command[-1]}",
)  # fmt: skip
def test_a_file_of_the_system_that_has_no_end_is_not_waited_for(
    workbench: Workbench, workspace: Path, command: list[str]
) -> None:
    assert workbench("-w", workspace, *command, "/proc/kmsg").code in (2, 4, 7)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_an_output_that_is_full_is_no_fault_of_the_program(workspace: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "workbench.cli", "status"], stdout=full, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
        )  # fmt: skip
    assert done.returncode == 3 and "No space left" in done.stderr and "fault" not in done.stderr
