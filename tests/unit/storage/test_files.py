"""Files appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from storage.exceptions import WorkspaceProblem
from storage.files import Files, digest_of, write_atomic


@pytest.fixture
def files(tmp_path: Path) -> Files:
    opened = Files(tmp_path / "ws")
    opened.make()
    return opened


def test_the_same_content_is_kept_once(files: Files, tmp_path: Path) -> None:
    source = tmp_path / "a.PNG"
    source.write_bytes(b"picture")
    first = files.keep(files.pages, source, ".PNG")
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
