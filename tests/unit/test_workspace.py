"""A workspace keeps its database in its own folder, whatever the folder is called, and never begins a second one."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storage import document_list, documents
from storage.exceptions import Busy, WorkspaceProblem
from storage.locks import acquire
from tests.support.store import new
from workbench import settings as settings_file
from workbench.workspace import Workspace


@pytest.mark.parametrize("name", ["a?b", "a#b", "50%25", "a%41", "a b", "ä"])
def test_the_database_is_in_the_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    made = Workspace.create(tmp_path / name / "w")
    with made.db.write() as connection:
        documents.add(connection, [new()], "me")
    made.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    again = Workspace.open(tmp_path / name / "w")
    with again.db.read() as connection:
        assert document_list.count(connection) == 1
    again.close()


@pytest.mark.parametrize("empty", [True, False])
def test_documents_without_their_database_are_no_new_workspace(tmp_path: Path, empty: bool) -> None:
    made = Workspace.create(tmp_path / "w")
    made.files.keep(made.files.originals, b"an invoice", ".pdf")
    made.close()
    for path in (tmp_path / "w").glob("workbench.db*"):
        path.unlink()
    if empty:
        made.files.database.touch()
    with pytest.raises(WorkspaceProblem, match="is empty" if empty else "is missing") as caught:
        Workspace.open(tmp_path / "w")
    assert "originals" in caught.value.message and "backup" in caught.value.remedy
    assert not empty or made.files.database.stat().st_size == 0  # nothing was begun in it


def test_a_database_that_was_led_elsewhere_is_found(tmp_path: Path) -> None:
    made = Workspace.create(tmp_path / "a?b")
    made.files.keep(made.files.originals, b"an invoice", ".pdf")
    made.close()
    shutil.move(made.files.database, tmp_path / "a")  # where version 0.1 had it
    with pytest.raises(WorkspaceProblem) as caught:
        Workspace.open(tmp_path / "a?b")
    assert f"mv '{tmp_path / 'a'}' '{made.files.database}'" in caught.value.remedy
    shutil.move(tmp_path / "a", made.files.database)
    Workspace.open(tmp_path / "a?b").close()


def test_settings_that_another_process_changes_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Workspace.create(tmp_path / "w")
    code = "import sys, time; from pathlib import Path; from workbench import settings\n"
    code += "with settings.locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(1)"
    with subprocess.Popen([sys.executable, "-c", code, made.files.settings], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        made.change_settings(annotator="ann")
    assert settings_file.read(made.files.settings).annotator == "ann"
    lock = acquire(made.files.settings.with_name(".settings.lock"))
    assert lock is not None
    monkeypatch.setattr(settings_file, "WAIT_SECONDS", 0.1)
    with pytest.raises(Busy):
        made.change_settings(annotator="bea")
    made.close()
