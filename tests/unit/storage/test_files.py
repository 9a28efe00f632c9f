"""Files appear whole or not at all."""

import errno
import fcntl
import io
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from storage.exceptions import InputProblem, WorkspaceProblem
from storage.files import (
    Files,
    NotRegular,
    digest_of,
    draft_folder,
    read_regular,
    replacing,
    sweep_temporary,
    temporary_folder,
    write_atomic,
)
from workbench.exchange.exporters.base import whole_folder
from workbench.runs.transfer import appearing


@pytest.fixture
def files(tmp_path: Path) -> Files:
    opened = Files(tmp_path / "ws")
    opened.make()
    return opened


def test_the_same_content_is_kept_once(files: Files, tmp_path: Path) -> None:
    source = tmp_path / "a.PNG"
    source.write_bytes(b"picture")
    with source.open("rb") as file:
        first = files.keep(files.pages, file, ".PNG")
    second = files.keep(files.pages, b"picture", ".png")
    assert first == second
    assert first.endswith(".png")
    assert digest_of(files.picture(first)) in first
    assert sum(path.is_file() for path in files.pages.rglob("*")) == 1


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "workbench.toml"
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkspaceProblem, match="No space left") as caught:
        write_atomic(target, "new")
    assert "Free some space" in caught.value.remedy
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["workbench.toml"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceProblem, match="cannot be made"):
        Files(tmp_path / "file" / "ws").make()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WorkspaceProblem) as caught:
        write_atomic(tmp_path / "nowhere" / "chart.png", b"x")
    assert "folder that exists" in caught.value.remedy and "nowhere" in caught.value.remedy


def test_what_killed_processes_left_is_swept_and_what_others_are_at_stays(tmp_path: Path) -> None:
    files = Files(tmp_path / "ws")
    files.make()
    files.copies.mkdir()
    run = files.run("r1")
    run.mkdir()
    code = f"""
import os, signal
from pathlib import Path
from storage.files import Files, draft_folder, replacing
files = Files(Path({str(files.root)!r}))
(files.originals / "ab").mkdir()
for folder in (files.features / "e", files.searches / "s", files.run("r1") / "model", files.run("r1") / "selections/a"):
    folder.mkdir(parents=True)
with (replacing(files.learner_record), replacing(files.pool_order), replacing(files.speeds), replacing(files.view),
      replacing(files.features / "e" / "d.npy"), replacing(files.searches / "s" / "plan.json"),
      replacing(files.run("r1") / "model" / "workbench.json"),
      replacing(files.run("r1") / "selections" / "a" / "choice.json")):
  with (replacing(files.settings), replacing(files.originals / "ab" / "x.pdf", files.originals),
        replacing(files.copies / "workbench-20260101.db"), replacing(files.run("r1") / "report.json"),
        draft_folder(files.runs, ".reading-"), draft_folder(files.runs, ".incoming-")):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    left = [path for path in files.root.rglob(".*") if path.name != ".lock"]
    assert len(left) == 14
    (files.root / ".gitignore").write_text("mine")
    (files.root / ".notes.abcdefgh").write_text("mine")
    (files.runs / ".slot-0").write_text("")
    for path in files.root.rglob(".*"):
        os.utime(path, (1e9, 1e9))
    with replacing(files.settings) as file, draft_folder(files.runs, ".reading-") as held:
        os.utime(file.name, (1e9, 1e9))
        files.sweep()
        assert Path(file.name).exists() and held.exists()
    assert {path.name for path in files.root.rglob(".*")} == {".gitignore", ".notes.abcdefgh", ".slot-0"}


def test_temporary_folders_of_killed_processes_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = """
import os, signal
from storage.files import temporary_folder
with temporary_folder("predict"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ, "TMPDIR": str(tmp_path)})
    (left,) = tmp_path.iterdir()
    (tmp_path / "workbench-mine").mkdir()
    with temporary_folder("predict") as held:
        sweep_temporary()
        assert not left.exists() and held.exists() and (tmp_path / "workbench-mine").exists()
    assert not held.exists()


def test_a_file_that_grows_while_it_is_kept_is_not_kept_under_what_it_was_before(tmp_path: Path) -> None:
    files = Files(tmp_path / "ws")
    files.make()
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"half")

    class Growing(io.BufferedReader):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            path.write_bytes(b"half and whole")
            return super().seek(offset, whence)

    with Growing(io.FileIO(path)) as file, pytest.raises(InputProblem, match="changed while it was read"):
        files.keep(files.originals, file, ".pdf")
    assert not [path for path in files.originals.rglob("*") if path.is_file()]
    name = files.keep(files.originals, path.read_bytes(), ".pdf")
    assert digest_of(files.originals / name) == Path(name).stem


def test_a_temporary_folder_whose_process_was_killed_as_it_made_it_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = """
import os, signal
from pathlib import Path
from storage.files import temporary_folder
Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with temporary_folder("predict"):
    pass
"""
    subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ, "TMPDIR": str(tmp_path)})
    (left,) = tmp_path.iterdir()
    sweep_temporary()
    assert left.exists(), "it may just be being made"
    for path in left.iterdir():
        os.utime(path, (1e9, 1e9))
    sweep_temporary()
    assert not left.exists()


def test_a_temporary_folder_is_left_to_its_process_while_it_is_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may start, and sweep, at any moment: an import ended as its folder for pictures was gone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    flock = fcntl.flock

    def while_others_start(descriptor: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            sweep_temporary()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", while_others_start)
    with temporary_folder("pdf") as folder:
        assert folder.is_dir()


def test_what_a_killed_process_left_beside_a_users_file_is_swept_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the same file is never written again; what only is called like it stays."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    code = f"""
import os, signal
from pathlib import Path
from storage.files import replacing
with replacing(Path({str(home / "chart.svg")!r}), outside=True) as file:
    file.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ, "TMPDIR": str(temporary)})
    assert len(list(home.iterdir())) == len(list(temporary.iterdir())) == 1
    (home / ".chart.svg.abcdefgh").write_text("mine")
    (home / ".chart.svg.bcdefghi").mkdir()
    (home / ".chart.svg.bcdefghi" / "kept").write_text("mine")
    for path in home.iterdir():
        os.utime(path, (1e9, 1e9))
    with replacing(home / "chart.svg", outside=True) as file:
        Files.sweep(Files(tmp_path / "ws"))
        sweep_temporary()
        file.write(b"whole")
    assert {path.name for path in home.iterdir()} == {"chart.svg", ".chart.svg.abcdefgh", ".chart.svg.bcdefghi"}
    assert (home / "chart.svg").read_bytes() == b"whole" and list(temporary.iterdir()) == []


def test_nothing_of_the_users_own_is_swept_whatever_its_name_and_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the temporary folders and beside exports lies what the program did not make."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("workbench-mine", "workbench-demo-abcdefgh", ".incoming-mail", ".data.backup01"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "labels.csv").write_text("precious")
        os.utime(tmp_path / name, (1e9, 1e9))
    for name in ("workbench-notes.txt", "workbench-fault-abcdefgh.txt", ".data.local123", ".incoming-note1234"):
        (tmp_path / name).write_text("precious")
        os.utime(tmp_path / name, (1e9, 1e9))
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*")}
    sweep_temporary()
    with whole_folder(tmp_path / "data") as draft:
        (draft / "a").touch()
    with appearing(tmp_path / "model") as draft:
        draft.mkdir()
    assert {path for path in before if path.exists()} == set(before)


def test_what_was_reported_as_written_survives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut loses what was not flushed: the content before the name, and the name in its folder."""
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flushed(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        order.append("folder" if is_folder else f"content of {os.fstat(descriptor).st_size}")
        fsync(descriptor)

    def renamed(source: str, target: Path) -> None:
        order.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    write_atomic(tmp_path / "workbench.toml", "12345")
    assert order == ["content of 5", "name", "folder"]
    order.clear()
    files = Files(tmp_path)
    files.keep(files.originals, b"123", ".pdf")
    assert order == ["folder", "content of 3", "name", "folder"], "the folder ab/, too, is in its folder"


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", "1")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    (tmp_path / "a").chmod(0o640)
    write_atomic(tmp_path / "a", "2")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "endless"):
        with pytest.raises(NotRegular):
            read_regular(tmp_path / name)
    (tmp_path / "log").write_bytes(b"12345")
    assert read_regular(tmp_path / "log", 2) == b"45"


def test_nothing_is_kept_where_a_workspace_was_that_is_gone(tmp_path: Path) -> None:
    """A folder there would be in the way when it is moved back."""
    files = Files(tmp_path / "gone")
    with pytest.raises(WorkspaceProblem):
        files.keep(files.originals, b"content", ".pdf")
    assert not list(tmp_path.iterdir())
