"""A workspace that came from elsewhere, or whose database was damaged, costs nothing but itself.

Its database names files and runs; SQLite keeps no sums of its rows, so that a flipped bit is found where it is read.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage import events, locks
from storage.exceptions import DamagedDatabase, InputProblem, WorkspaceProblem
from storage.files import NotRegular, read_regular, write_atomic
from tests.fuzz import corpus
from tests.support import workspaces
from tests.support.command_line import Workbench
from tests.support.workspaces import until
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.live.client import LiveClient
from workbench.runs import jobs, launcher, reconcile, suggestions_file
from workbench.runs.state import MODEL_DESCRIPTION, RunFolder
from workbench.workspace import Workspace

SECRET = b"what stands outside"
_RUN = (
    "INSERT INTO runs (id, name, state, family, preset, config, created, reason, note, tags, pinned)"
    " VALUES (?, 'evil', 'finished', '', '', '{}', '2026-01-01 00:00:00.000000', '', '', '[]', 0)"
)
_WITH_PICTURES = ("funsd", "word-list", "hf-dataset", "label-studio", "class-folders")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a labelled page that has a picture, and with a text."""
    corpus.write(corpus.corpus()["funsd"], tmp_path / "in")
    corpus.write(corpus.corpus()["texts.csv"], tmp_path / "in")
    with closing(Workspace.create(tmp_path / "workspace")) as workspace:
        assert run(workspace, ImportRequest((tmp_path / "in",), ocr=False)).documents > 1
    return tmp_path / "workspace"


def change(root: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(root / "workbench.db")) as connection, connection:
        connection.execute(statement, values)


@pytest.mark.parametrize("name", ["..", "../../outside", "/outside", ".", "", "a/b"])
def test_a_run_whose_id_leads_out_of_the_workspace_is_never_deleted(root: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    change(root, _RUN, str(outside) if name == "/outside" else name)
    with closing(Workspace.open(root)) as workspace, pytest.raises(DamagedDatabase, match="no run's name"):
        jobs.delete(workspace, "evil")
    assert (outside / "kept").exists() and (root / "workbench.db").exists() and any((root / "pages").iterdir())


@pytest.mark.parametrize("how", ["above", "absolute", "link"])
@pytest.mark.parametrize("name", _WITH_PICTURES)
def test_a_picture_that_leads_out_of_the_workspace_is_not_exported(
    root: Path, tmp_path: Path, name: str, how: str, workbench: Workbench
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(corpus.picture("PNG") + SECRET)
    if how == "link":
        [picture] = (root / "pages").rglob("*.png")
        picture.unlink()
        picture.symlink_to(secret)
    else:
        change(root, "UPDATE pages SET picture = ?", str(secret) if how == "absolute" else "../../secret.png")
    answer = workbench("-w", root, "export", name, tmp_path / "out")
    assert answer.code == (0 if how == "link" else 3), answer.err
    assert not [path for path in tmp_path.glob("out*/**/*") if path.is_file() and SECRET in path.read_bytes()]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pages SET tokens = x'ff'",
        "UPDATE pages SET tokens = zeroblob(9)",
        "UPDATE documents SET state = 'nowhere'",
        "UPDATE documents SET side = 'left'",
        "UPDATE documents SET absent = '{'",
        "UPDATE documents SET corrections = '[[[1]]]'",
        "UPDATE spans SET source = 'nowhere'",
        "DELETE FROM alembic_version",
    ],
)
def test_a_damaged_row_is_named_and_is_no_fault_of_the_program(
    root: Path, tmp_path: Path, statement: str, workbench: Workbench
) -> None:
    change(root, statement)
    answer = workbench("-w", root, "export", "word-list", tmp_path / "out.jsonl")
    assert (answer.code, "The database is damaged" in answer.err, "workbench restore" in answer.err) == (3, True, True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pages SET width = 'wide'",
        "UPDATE pages SET number = 'first'",
        "UPDATE documents SET name = x'ff00'",
        "UPDATE spans SET tokens = '\"a\"'",
    ],
)
def test_a_value_of_another_kind_than_its_column_s_is_damage_wherever_it_is_used(
    root: Path, tmp_path: Path, statement: str, workbench: Workbench
) -> None:
    change(root, statement)
    for name in ("word-list", "funsd", "label-studio", "hf-dataset", "values-csv", "values-xlsx", "conll"):
        answer = workbench("-w", root, "export", name, tmp_path / name)
        assert answer.code in (0, 3), (name, answer.err)
        assert answer.code == 0 or "The database is damaged" in answer.err, (name, answer.err)
    answers = [workbench("-w", root, command) for command in ("status", "split", "suggest")]
    assert {answer.code for answer in answers} <= {0, 3}, [answer.err for answer in answers]


def test_a_fault_of_the_program_is_not_taken_for_damage(root: Path) -> None:
    with closing(Workspace.open(root)) as workspace, pytest.raises(TypeError), workspace.db.read():
        raise TypeError("a fault")


@pytest.mark.parametrize(
    "own",
    ["workbench.db", "workbench.toml", "pages/x.html", "runs/x.html", "copies/x", ".learner.lock", "learner.json"],
)
def test_what_a_user_names_is_not_written_over_the_workspaces_own(root: Path, own: str, workbench: Workbench) -> None:
    before = (root / "workbench.db").read_bytes()
    answer = workbench("-w", root, "evaluate", "starter", "--html", root / own)
    assert answer.code == 2 and "the workspace's own" in answer.err
    assert (root / "workbench.db").read_bytes() == before


@pytest.mark.parametrize("name", ["loop", "pipe"])
def test_a_link_to_itself_and_a_pipe_are_no_targets(
    root: Path, tmp_path: Path, name: str, workbench: Workbench
) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for command in (
        ["export", "values-csv", tmp_path / name, "--force"],
        ["evaluate", "starter", "--html", tmp_path / name],
    ):
        answer = workbench("-w", root, *command)
        assert answer.code == 2 and "not a regular file" in answer.err, (command, answer.err)


def test_a_file_is_written_in_place_of_no_device_or_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WorkspaceProblem, match="not a regular file"):
        write_atomic(tmp_path / "pipe", "a", outside=True)
    assert (tmp_path / "pipe").is_fifo()


def test_links_in_the_place_of_its_own_small_files_lead_to_nothing_that_is_written_over(
    root: Path, tmp_path: Path, workbench: Workbench
) -> None:
    kept = tmp_path / "kept"
    kept.write_text("of the user")
    (root / "features").mkdir(exist_ok=True)
    for own in ("writer.pid", "features/log", ".terminal.lock", ".learner.lock"):
        (root / own).unlink(missing_ok=True)
        (root / own).symlink_to(kept)

    assert workbench("-w", str(root), "fields", "add", "cost_centre", "--type", "text").code == 0
    with closing(Workspace.open(root)) as workspace:
        client = LiveClient(workspace)
        client.enabled = True
        client.look(1, [])
        until(lambda: client._failed_at > 0)
        client.end()
        with pytest.raises(WorkspaceProblem, match="is a link"):
            locks.acquire(workspace.files.learner_lock)
    (root / ".settings.lock").unlink()
    (root / ".settings.lock").symlink_to(kept)
    answer = workbench("-w", str(root), "fields", "add", "another", "--type", "text")
    assert answer.code == WorkspaceProblem.exit_code and "is a link" in answer.err
    assert kept.read_text() == "of the user"


@pytest.fixture
def with_run(tmp_path: Path) -> tuple[Path, RunFolder]:
    """A workspace with a finished run, and the run's folder."""
    workspace, run_id = workspaces.with_run(tmp_path / "shop")
    folder = RunFolder(workspace.files.run(run_id))
    workspace.close()
    return tmp_path / "shop", folder


@pytest.mark.parametrize("content", [b"\xff\xfe", b"9" * 5000, b"[" * 100_000, None])
def test_marks_of_a_waiting_run_may_hold_anything_or_be_pipes(
    with_run: tuple[Path, RunFolder], monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    _, run = with_run
    asked: list[int] = []
    monkeypatch.setattr(launcher, "begin", lambda waiting, slots: asked.append(slots))
    for path in (run.queued, run.target):
        path.write_bytes(content) if content is not None else os.mkfifo(path)
    reconcile._have_wait_again([run])
    assert asked == ([1] if content is not None else []) and launcher.place_of(run) == ""


def test_a_pipe_in_place_of_the_note_of_who_writes_is_not_waited_for(root: Path, workbench: Workbench) -> None:
    (root / "writer.pid").unlink(missing_ok=True)
    os.mkfifo(root / "writer.pid")
    assert workbench("-w", root, "split").code == 0


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"{"])
def test_a_model_whose_description_is_damaged_is_not_given_away(
    with_run: tuple[Path, RunFolder], tmp_path: Path, workbench: Workbench, content: bytes
) -> None:
    shop, run = with_run
    (run.model / MODEL_DESCRIPTION).write_bytes(content)
    answer = workbench("-w", shop, "runs", "export", run.path.name, tmp_path / "given")
    assert answer.code == InputProblem.exit_code and MODEL_DESCRIPTION in answer.err
    assert not (tmp_path / "given").exists()


def test_files_of_the_system_and_gigabytes_in_place_of_small_files_are_not_read(
    with_run: tuple[Path, RunFolder], tmp_path: Path
) -> None:
    _, run = with_run
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(NotRegular):
        read_regular(tmp_path / "sparse")
    run.events.unlink()
    for place in (tmp_path / "sparse", Path("/proc/self/mem")):
        run.events.symlink_to(place)
        assert events.read(run.events) == ([], 0)
        run.events.unlink()
    run.suggestions.unlink()
    run.suggestions.symlink_to(tmp_path / "sparse")
    with pytest.raises(InputProblem, match="damaged"):
        suggestions_file.read(run.path)


@pytest.mark.parametrize(
    "added",
    [
        "CREATE TRIGGER t AFTER INSERT ON spans BEGIN DELETE FROM spans; END",
        "CREATE TRIGGER t BEFORE INSERT ON documents BEGIN SELECT RAISE(IGNORE); END",
        "CREATE UNIQUE INDEX t ON documents(source)",
    ],
)
@pytest.mark.parametrize("in_the_log", [False, True])
def test_what_would_change_labels_as_they_are_saved_is_refused(root: Path, added: str, in_the_log: bool) -> None:
    connection = sqlite3.connect(root / "workbench.db")
    with closing(connection):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(added)
        connection.commit()
        if not in_the_log:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with pytest.raises(WorkspaceProblem, match="of others, 't'"), closing(Workspace.open(root)) as workspace:
            _ = workspace.db


def test_a_view_without_end_in_the_place_of_a_table_is_refused_and_a_view_of_a_users_own_is_let_be(root: Path) -> None:
    change(root, "CREATE VIEW my_labels AS SELECT field, count(*) FROM spans GROUP BY field")
    with closing(Workspace.open(root)) as workspace, workspace.db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM my_labels").scalar()
    change(root, "ALTER TABLE problems RENAME TO before")
    change(root, "CREATE VIEW problems AS WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c) "
           "SELECT id, '' AS file, '' AS record, '' AS reason, '' AS at FROM c")  # fmt: skip
    with (
        pytest.raises(WorkspaceProblem, match="view of others, 'problems'"),
        closing(Workspace.open(root)) as workspace,
    ):
        _ = workspace.db


@pytest.mark.parametrize("name", ["workbench.db-journal", "workbench.db-wal", "workbench.db-shm"])
def test_a_pipe_or_a_link_beside_the_database_is_refused_and_not_waited_for(
    root: Path, tmp_path: Path, name: str, workbench: Workbench
) -> None:
    (root / "copies").mkdir(exist_ok=True)
    (root / "copies" / "workbench-20260101.db").write_bytes((root / "workbench.db").read_bytes())
    os.mkfifo(root / name)
    answer = workbench("-w", str(root), "restore", "newest", "--yes")
    assert answer.code == 3 and "no regular file" in answer.err
    with pytest.raises(WorkspaceProblem, match="no regular file"), closing(Workspace.open(root)) as workspace:
        _ = workspace.db
    (root / name).unlink()
    (tmp_path / "outside").write_bytes(SECRET)
    (root / name).symlink_to(tmp_path / "outside")
    with pytest.raises(WorkspaceProblem, match="no regular file"), closing(Workspace.open(root)) as workspace:
        _ = workspace.db
    assert (tmp_path / "outside").read_bytes() == SECRET


def test_a_pipe_among_the_copies_is_not_waited_for(root: Path, workbench: Workbench) -> None:
    (root / "copies").mkdir(exist_ok=True)
    os.mkfifo(root / "copies" / "workbench-20260101.db")
    assert workbench("-w", str(root), "restore").code == 0
