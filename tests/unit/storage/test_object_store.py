"""Originals and pictures in an object store: written once, brought when they are needed, compared with their names."""

import asyncio
import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, ClassVar

import fsspec
import pytest
from fsspec.asyn import AsyncFileSystem
from PIL import Image

from screens.widgets import picture_view
from storage import documents
from storage.exceptions import ConfigProblem, WorkspaceProblem
from storage.object_store import store, transfer
from storage.object_store.local_copies import here
from storage.object_store.store import ObjectStore
from tests.support import sample_documents
from workbench import cli
from workbench.exchange import pipeline
from workbench.workspace import Workspace

PICTURE = b"\x89PNG picture"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that several machines see."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


def with_picture(workspace: Workspace) -> str:
    """Store a document with a picture; gives the picture's name."""
    name = workspace.files.keep(workspace.files.pages, PICTURE, ".PNG")
    page = sample_documents.page_of(sample_documents.RECEIPT, picture=name)
    with workspace.db.write() as connection:
        documents.add(connection, [sample_documents.new("receipt", [page])], "anna")
    return name


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, object]]:
    """Gives a command on a workspace; it returns what the command prints."""

    def command(workspace: Workspace, *arguments: str) -> dict[str, object]:
        monkeypatch.setattr("sys.argv", ["workbench", "-w", str(workspace.files.root), *arguments, "--json"])
        with suppress(SystemExit):
            cli.main()
        return dict(json.loads(capsys.readouterr().out))

    return command


def test_what_is_kept_is_in_the_store_at_once_and_comes_back_when_the_copy_is_gone(
    tmp_path: Path, shared: Path
) -> None:
    workspace = Workspace.create(tmp_path / "ws", files_at=shared.as_uri())
    name = with_picture(workspace)
    assert (shared / "pages" / name).read_bytes() == PICTURE
    shutil.rmtree(workspace.files.pages)
    path = workspace.files.picture(name)
    assert not path.exists()
    assert here(workspace.files, path).read_bytes() == PICTURE
    workspace.close()


def test_nothing_is_kept_where_the_store_does_not_take_it(tmp_path: Path, shared: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws", files_at=(shared / "deep").as_uri())
    (shared / "deep").write_text("no folder")
    with pytest.raises(WorkspaceProblem, match="cannot be kept in"):
        workspace.files.keep(workspace.files.pages, PICTURE, ".png")
    (shared / "deep").unlink()
    name = workspace.files.keep(workspace.files.pages, PICTURE, ".png")  # the copy alone does not count as kept
    assert (shared / "deep" / "pages" / name).read_bytes() == PICTURE
    workspace.close()


def test_a_file_that_was_half_written_is_written_again_and_one_that_was_changed_is_refused(
    tmp_path: Path, shared: Path
) -> None:
    workspace = Workspace.create(tmp_path / "ws", files_at=shared.as_uri())
    name = with_picture(workspace)
    there, path = shared / "pages" / name, workspace.files.picture(name)
    there.write_bytes(PICTURE[:3])
    with_picture_again = workspace.files.keep(workspace.files.pages, PICTURE, ".png")
    assert with_picture_again == name and there.read_bytes() == PICTURE
    there.write_bytes(PICTURE[::-1])
    path.unlink()
    with pytest.raises(WorkspaceProblem, match="not what its name says"):
        here(workspace.files, path)
    assert not path.exists()
    workspace.close()


def test_a_file_of_the_right_size_and_other_content_is_written_again_by_a_move(
    tmp_path: Path, shared: Path, run: Callable[..., dict[str, object]]
) -> None:
    """As a power cut leaves it, or a store that reserves the space first: the copies here may be deleted afterwards."""
    workspace = Workspace.create(tmp_path / "ws")
    name = with_picture(workspace)
    there = shared / "pages" / name
    there.parent.mkdir(parents=True)
    there.write_bytes(bytes(len(PICTURE)))
    assert run(workspace, "move", "--files", shared.as_uri())["files"] == 1
    assert there.read_bytes() == PICTURE
    workspace.close()


def test_files_move_to_a_store_and_back_and_the_folder_may_be_lost_between(
    tmp_path: Path, shared: Path, run: Callable[..., dict[str, object]]
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    name = with_picture(workspace)
    assert run(workspace, "move", "--files", shared.as_uri(), "--dry-run")["files"] == 1
    assert not list(shared.iterdir())
    moved = run(workspace, "move", "--files", shared.as_uri())
    assert (moved["files"], moved["bytes"], moved["missing"]) == (1, len(PICTURE), [])
    assert run(workspace, "move", "--files", shared.as_uri())["error"] == "UsageProblem"  # they are there
    shutil.rmtree(workspace.files.pages)
    assert run(workspace, "move", "--files", "folder")["files"] == 1
    shutil.rmtree(shared)
    assert Workspace.find(workspace.files.root).settings.files == ""
    assert workspace.files.picture(name).read_bytes() == PICTURE
    workspace.close()


def with_pictures(workspace: Workspace, number: int) -> list[str]:
    """Store a document with so many pages; gives the names of their pictures, in their order."""
    names = [workspace.files.keep(workspace.files.pages, b"picture %d" % i, ".png") for i in range(number)]
    pages = [replace(sample_documents.page_of(sample_documents.RECEIPT, picture=n), number=i)
             for i, n in enumerate(names)]  # fmt: skip
    with workspace.db.write() as connection:
        documents.add(connection, [sample_documents.new("receipt", pages)], "anna")
    return sorted(names)


def test_several_files_are_under_way_at_a_time_and_all_are_there_before_the_new_place_is_used(
    tmp_path: Path, shared: Path, run: Callable[..., dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    names = with_pictures(workspace, 2 * transfer._AHEAD)
    together, put = threading.Barrier(transfer.AT_ONCE), ObjectStore.put

    def put_together(store: ObjectStore, name: str, source: Path) -> None:
        together.wait(60)  # breaks where they come one after the other
        put(store, name, source)

    monkeypatch.setattr(ObjectStore, "put", put_together)
    moved = run(workspace, "move", "--files", shared.as_uri())
    assert (moved["files"], moved["missing"]) == (len(names), [])
    assert sorted(path.relative_to(shared / "pages").as_posix() for path in (shared / "pages").rglob("*.png")) == names
    workspace.close()


def test_a_file_that_cannot_be_brought_leaves_the_workspace_where_it_was_and_those_before_it_there(
    tmp_path: Path, shared: Path, run: Callable[..., dict[str, object]]
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    names = with_pictures(workspace, 2 * transfer._AHEAD)
    (shared / "pages" / names[9]).mkdir(parents=True)
    assert run(workspace, "move", "--files", shared.as_uri())["error"] == "WorkspaceProblem"
    assert Workspace.find(workspace.files.root).settings.files == ""
    assert all((shared / "pages" / name).exists() for name in names[:10])
    (shared / "pages" / names[9]).rmdir()
    assert run(workspace, "move", "--files", shared.as_uri())["files"] == len(names)
    workspace.close()


@pytest.mark.parametrize("place", ["ws", "ws/pages", "linked", "half"])
def test_files_do_not_move_to_where_they_are(tmp_path: Path, run: Callable[..., dict[str, object]], place: str) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    with_picture(workspace)
    (tmp_path / "linked").symlink_to(tmp_path / "ws")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "pages").symlink_to(tmp_path / "ws" / "pages")
    answer = run(workspace, "move", "--files", (tmp_path / place).as_uri())
    assert answer["error"] == "WorkspaceProblem" and "own folder" in str(answer["message"])
    assert Workspace.find(workspace.files.root).settings.files == ""
    workspace.close()


def test_what_was_lost_before_the_move_is_named(
    tmp_path: Path, shared: Path, run: Callable[..., dict[str, object]]
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    name = with_picture(workspace)
    workspace.files.picture(name).unlink()
    moved = run(workspace, "move", "--files", shared.as_uri())
    assert (moved["files"], moved["missing"]) == (0, [f"pages/{name}"])
    workspace.close()


def test_a_pipe_in_a_store_is_not_waited_for(tmp_path: Path, shared: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws", files_at=shared.as_uri())
    name = with_picture(workspace)
    shutil.rmtree(workspace.files.pages)
    (shared / "pages" / name).unlink()
    os.mkfifo(shared / "pages" / name)
    with pytest.raises(WorkspaceProblem, match="no regular file"):
        here(workspace.files, workspace.files.picture(name))
    workspace.close()


def test_a_file_of_a_terabyte_in_a_store_is_refused_before_any_of_it_is_copied(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path / "ws", files_at=shared.as_uri())
    name = with_picture(workspace)
    path = workspace.files.picture(name)
    path.unlink()
    os.truncate(shared / "pages" / name, 10**12)  # sparse
    with pytest.raises(
        WorkspaceProblem, match=r"1,000,000 MB there, and no file of a workspace has more than 2,000 MB"
    ):
        here(workspace.files, path)
    os.truncate(shared / "pages" / name, 10**9)
    monkeypatch.setattr(store, "_free_bytes", lambda target: 5 * 10**8)
    with pytest.raises(WorkspaceProblem, match="the disk here has space for 500 MB"):
        here(workspace.files, path)
    assert not path.exists() and not list(path.parent.parent.glob(".*"))
    workspace.close()


def test_a_file_that_grows_while_it_is_read_is_given_up(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a store says another size than it sends, as one that packs files does, or none at all."""
    workspace = Workspace.create(tmp_path / "ws", files_at=shared.as_uri())
    name = with_picture(workspace)
    workspace.files.picture(name).unlink()
    os.truncate(shared / "pages" / name, 10**7)
    small = ObjectStore(shared.as_uri(), 3 * 10**6)
    monkeypatch.setattr(small._system, "size", lambda place: None)
    read: list[int] = []
    with (tmp_path / "copy").open("wb") as target, pytest.raises(WorkspaceProblem, match="no file of a workspace"):
        try:
            small.get(f"pages/{name}", target)
        finally:
            read.append(target.tell())
    assert read[0] <= 3 * 10**6
    workspace.close()


class _Endless(AsyncFileSystem):
    """A server that names a small size and then sends without end."""

    protocol = "endless"
    cachable = False
    read: ClassVar[list[int]] = []

    async def _info(self, path: str, **kwargs: object) -> dict[str, object]:
        return {"name": path, "size": 10, "type": "file"}

    def _open(self, path: str, mode: str = "rb", **kwargs: object) -> object:
        raise AssertionError("its files are read whole into memory")

    async def open_async(self, path: str, mode: str = "rb", **kwargs: object) -> object:
        class Stream:
            async def read(self, size: int) -> bytes:
                _Endless.read.append(size)
                return bytes(size)

        return Stream()


def test_a_server_that_sends_without_end_is_read_in_parts_and_given_up(tmp_path: Path) -> None:
    fsspec.register_implementation("endless", _Endless, clobber=True)
    with (tmp_path / "copy").open("wb") as target, pytest.raises(WorkspaceProblem, match="no file of a workspace"):
        ObjectStore("endless://bucket", 3 * 10**6).get("pages/ab/abc.png", target)
    assert 0 < sum(_Endless.read) < 6 * 10**6


class _Stalled(_Endless):
    """A server that sends nothing of a file for seconds."""

    protocol = "stalled"
    closed: ClassVar[list[str]] = []

    async def open_async(self, path: str, mode: str = "rb", **kwargs: object) -> object:
        class Stream:
            async def read(self, size: int) -> bytes:
                await asyncio.sleep(3)
                return b""

            async def close(self) -> None:
                _Stalled.closed.append(path)

        return Stream()


def test_a_server_that_stops_sending_in_a_file_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec.register_implementation("stalled", _Stalled, clobber=True)
    monkeypatch.setattr(store, "QUIET_SECONDS", 0.1)
    with (tmp_path / "copy").open("wb") as target, pytest.raises(WorkspaceProblem, match="nothing of it came for"):
        ObjectStore("stalled://bucket").get("pages/ab/abc.png", target)
    assert len(_Stalled.closed) == 1  # and is not asked a second time


def test_no_further_file_is_begun_when_one_cannot_be_brought(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them may wait for a server that does not answer, and the command with it."""
    workspace = Workspace.create(tmp_path / "ws")
    names = [f"pages/{name}" for name in with_pictures(workspace, 3 * transfer.AT_ONCE)]
    together, begun = threading.Barrier(transfer.AT_ONCE), list[str]()

    def refuse(store: ObjectStore, name: str, source: Path) -> None:
        begun.append(name)
        if len(begun) <= transfer.AT_ONCE:
            together.wait(60)
        raise WorkspaceProblem("it is not taken", "")

    monkeypatch.setattr(ObjectStore, "put", refuse)
    with pytest.raises(WorkspaceProblem, match="not taken"):
        transfer.bring(workspace.files, names, ObjectStore(shared.as_uri()))
    assert len(begun) == transfer.AT_ONCE
    workspace.close()


def test_a_line_that_breaks_in_a_file_costs_another_try(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path / "ws", files_at=shared.as_uri())
    name = with_picture(workspace)
    kept = workspace.files.store
    assert kept is not None
    copy, broken = ObjectStore._copy, list[str]()

    def breaking(self: ObjectStore, place: str, target: IO[bytes], free: int, expected: str) -> None:
        if len(broken) < 2:
            broken.append(place)
            target.write(b"half")
            raise ConnectionResetError("the line broke")
        copy(self, place, target, free, expected)

    monkeypatch.setattr(ObjectStore, "_copy", breaking)
    with (tmp_path / "copy").open("w+b") as target:
        kept.get(f"pages/{name}", target)
    assert (tmp_path / "copy").read_bytes() == PICTURE
    assert len(broken) == 2
    workspace.close()


def test_what_is_imported_while_the_files_move_goes_along(
    tmp_path: Path, shared: Path, run: Callable[..., dict[str, object]]
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    Image.new("RGB", (200, 100), "white").save(tmp_path / "page.png")
    words = [{"text": "Total", "box": [10, 10, 40, 30]}, {"text": "12.50", "box": [50, 10, 90, 30]}]
    entry = {"text": "Total 12.50", "box": [10, 10, 90, 30], "id": 0, "label": "other", "words": words, "linking": []}
    (tmp_path / "page.json").write_text(json.dumps({"form": [entry]}))
    moved: list[dict[str, object]] = []

    def move(done: int, total: int, documents_done: int) -> None:
        """When the import has kept the first file, and has stored nothing yet."""
        if any(workspace.files.pages.iterdir()) and not moved:
            moved.append(run(workspace, "move", "--files", shared.as_uri()))

    pipeline.run(workspace, pipeline.ImportRequest((tmp_path / "page.json",)), move)
    with workspace.db.read() as connection:
        names = transfer.names(connection)
    assert moved[0]["files"] == 0 and names
    assert all((shared / name).is_file() for name in names)
    workspace.close()


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("s3://bucket/folder", ""),
        ("file:///shared", ""),
        ("s3://key:secret@bucket", "has a password"),
        ("s3://bucket?secret=hidden", "has a password"),
        ("s3://bucket?secret_key=hidden", "has a password"),
        ("simplecache::s3://key:secret@bucket", "is of no place"),
        ("memory://x", "is of no place"),
        ("file://localhost/shared", "names no folder from the root"),
        ("file://shared/folder", "names no folder from the root"),
        ("local://~/shared", "names no folder from the root"),
        ("file:shared", "names no folder from the root"),
        ("file:/shared", ""),
        ("/shared/folder", "is no URL"),
        ("C:/shared", "is no URL"),
        ("s3://", "is no URL"),
        ("http://[", "cannot be read"),
    ],
)
def test_an_address_has_no_password_and_is_a_url(tmp_path: Path, url: str, fault: str) -> None:
    found = store.fault_of(url)
    assert found.startswith(fault) and bool(found) == bool(fault)
    settings = tmp_path / "workbench.toml"
    settings.write_text(f'files = "{url}"\n')
    if fault:
        with pytest.raises(ConfigProblem, match="line 1") as refused:
            Workspace.find(tmp_path)
        assert "secret@" not in str(refused.value) and "hidden" not in str(refused.value)
    else:
        assert Workspace.find(tmp_path).files.store is not None


def test_a_store_of_an_unknown_kind_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceProblem, match="quux"):
        ObjectStore("quux://place").check(tmp_path)


def test_the_page_shows_a_picture_that_only_the_store_has(tmp_path: Path, shared: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws", files_at=shared.as_uri())
    drawing = tmp_path / "page.png"
    Image.new("RGB", (200, 100), "white").save(drawing)
    name = workspace.files.keep(workspace.files.pages, drawing.read_bytes(), ".png")
    shutil.rmtree(workspace.files.pages)
    frame = picture_view.Frame(workspace.files.picture(name), 200, 100, (), None, "page", files=workspace.files)
    assert picture_view.draw(frame, 100, 50, 7).size == (100, 50)
    workspace.close()
