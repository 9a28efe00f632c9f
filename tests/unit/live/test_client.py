"""Messages to the learner, its files, and a terminal that goes without it."""

import io
import os
import time
from pathlib import Path

import pytest

from storage import locks
from tests.support import sample_documents
from tests.support.workspaces import until
from workbench.live import messages
from workbench.live.client import LiveClient
from workbench.live.feature_files import FeatureFiles
from workbench.live.messages import Look
from workbench.runs import machine
from workbench.workspace import Workspace


def test_messages_arrive_as_they_were_sent_and_a_cut_one_ends_them() -> None:
    pipe = io.BytesIO()
    messages.write(pipe, Look(3, [4, 5]))
    messages.write(pipe, Look())
    sent = pipe.getvalue()

    assert list(messages.read_all(io.BytesIO(sent), Look)) == [Look(3, [4, 5]), Look()]
    assert list(messages.read_all(io.BytesIO(sent[:-1]), Look)) == [Look(3, [4, 5])]
    assert list(messages.read_all(io.BytesIO(b"\xff\xff\xff\xff" + sent), Look)) == []
    assert list(messages.read_all(io.BytesIO(b"\x00\x00\x00\x01\xc1"), Look)) == []


def test_the_features_that_were_not_used_longest_are_deleted_first(tmp_path: Path) -> None:
    files = FeatureFiles(tmp_path / "features", "encoder", most_bytes=100)
    a, b, c, d, e = (f"{letter * 32}.npy" for letter in "abcde")
    for number, name in enumerate((a, b, c)):
        files.keep(name, b"x" * 30)
        os.utime(files.path(name), (number, number))
    os.utime(files.path(a), (9, 9))
    files.keep(d, b"x" * 30)

    assert sorted(path.name for path in files.folder.iterdir()) == [a, c, d]
    again = FeatureFiles(tmp_path / "features", "another", most_bytes=100)
    again.keep(e, b"x" * 30)
    assert not files.path(c).exists(), "the bound holds for the files of all encoders together"


def test_links_in_a_workspace_of_others_lead_to_no_file_that_is_deleted_or_written_over(tmp_path: Path) -> None:
    features, own = tmp_path / "w" / "features", tmp_path / "own"
    name = f"{'a' * 32}.npy"
    for folder in (features / "encoder", own):
        folder.mkdir(parents=True)
    for path in (own / name, own / "measured.npy", own / "notes.txt"):
        path.write_bytes(b"x" * 200)
    (features / "linked").symlink_to(own)
    (features / "encoder" / name).symlink_to(own / "notes.txt")
    (features / "encoder" / f"{'b' * 32}.npy").symlink_to(own / "measured.npy")

    files = FeatureFiles(features, "encoder", most_bytes=100)
    with pytest.raises(OSError, match="symbolic"):
        files.keep_loosely(name, b"written")
    files.keep(f"{'c' * 32}.npy", b"y" * 120)
    linked = FeatureFiles(features, "linked", most_bytes=100)
    for keep in (linked.keep, linked.keep_loosely):
        with pytest.raises(OSError, match="symbolic"):
            keep(f"{'d' * 32}.npy", b"y")

    assert sorted(path.name for path in own.iterdir()) == sorted([name, "measured.npy", "notes.txt"])
    assert all(path.read_bytes() == b"x" * 200 for path in own.iterdir())


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    page = sample_documents.page_of(sample_documents.RECEIPT)
    return sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("a", [page])])


def test_a_second_terminal_goes_without_a_learner_of_its_own(workspace: Workspace) -> None:
    lock = locks.acquire(workspace.files.learner_lock)
    assert lock is not None
    client = LiveClient(workspace)
    client.enabled = True
    client.look(1, [])
    time.sleep(0.2)

    assert client.process is None
    client.end()
    os.close(lock)


def test_no_learner_is_started_where_the_setting_is_off(workspace: Workspace) -> None:
    workspace.change_settings(learner=False)
    client = LiveClient(workspace)
    client.enabled = True
    client.look(1, [])
    time.sleep(0.1)

    assert client.process is None
    assert not workspace.files.features.exists()
    assert "learner = false" in workspace.files.settings.read_text("utf-8")
    client.end()


def test_a_learner_that_cannot_be_started_is_said_once(workspace: Workspace) -> None:
    workspace.files.features.write_text("a file where a folder belongs")
    client = LiveClient(workspace)
    client.enabled = True
    heard: list[str] = []
    for document in (1, 2, 3):
        client.look(document, [])
        time.sleep(0.1)
        heard += client.notes()
    client.end()

    assert client.process is None
    assert [line.split(":")[0] for line in heard] == ["The learner cannot be started"]


def test_a_learner_that_ends_by_itself_is_said_and_not_started_again_at_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "LEARNER", "workbench.no_such_module")
    client = LiveClient(workspace)
    client.enabled = True
    client.look(1, [])
    until(lambda: client._child is not None and client._child.poll() is not None)
    client.look(2, [])
    (line,) = until(client.notes)
    assert "The learner ended" in line and str(workspace.files.features / "log") in line
    client.look(3, [])
    client.end()
    assert client.notes() == []
