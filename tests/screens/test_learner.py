"""A learner beside the annotate screen, in a process of its own: it is of use, and nothing depends on it."""

import os
import signal
from pathlib import Path

import pytest

from screens.app import WorkbenchApp
from storage import documents
from storage.records import State
from storage.suggestions import suggestions_of
from tests.support import member_receipts, sample_documents, workspaces
from tests.support.pilots import until
from tests.unit.test_lifeline import ends
from workbench.live import record
from workbench.live.client import LiveClient
from workbench.workspace import Workspace


def offered(workspace: Workspace, document: int) -> list[str]:
    """The words that are suggested as the member's number of a document."""
    with workspace.db.read() as connection:
        content = documents.open_document(connection, document)
        listed = [s for s in suggestions_of(connection, document) if s.field == "member"]
    return [" ".join(content.tokens[t].text for t in s.tokens) for s in listed]


async def label(pilot, document: int) -> None:
    """Label the member's number of the document in view with the field's key, and accept the document."""
    session = pilot.app.mode_screen.session
    assert session.content.document.id == document
    await sample_documents.go(pilot, member_receipts.number(document - 1))
    await pilot.press("m", "a")
    await pilot.pause()


async def test_a_field_of_its_own_is_offered_on_the_fourth_document_and_a_killed_learner_comes_back(
    tmp_path: Path,
) -> None:
    workspace = member_receipts.workspace(tmp_path / "w", 8)
    app = WorkbenchApp(workspace)
    app.live.enabled = True
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await until(pilot, lambda: any(workspace.files.features.glob("*/*.npy")))
        await label(pilot, 1)
        await label(pilot, 2)
        await until(pilot, lambda: offered(workspace, 4) == [member_receipts.number(3)])
        await label(pilot, 3)
        screen = pilot.app.mode_screen
        assert [s.field for s in screen.session.editor.open_suggestions].count("member") == 1
        await pilot.press("tab", "enter")  # after three labels it is not yet sure enough to be accepted with others
        await pilot.pause()
        assert sample_documents.labels(workspace, 4)["member"] == [member_receipts.number(3)]
        await until(pilot, lambda: set(record.read(workspace.files.learner_record).keys) == {1, 2, 3})
        assert min(record.read(workspace.files.learner_record).keys.values()) >= 2, "the field's key and accept"

        learner = app.live.process
        os.kill(learner, signal.SIGKILL)
        await until(pilot, lambda: app.live.process is None)
        await pilot.press("a")  # the fourth is accepted, without a learner
        await pilot.pause()
        await label(pilot, 5)
        assert sample_documents.kept(workspace, 5).state is State.LABELLED
        await until(pilot, lambda: offered(workspace, 8) == [member_receipts.number(7)])
        assert app.live.process not in (None, learner)

        second = LiveClient(workspace)  # another terminal on the same workspace
        second.enabled = True
        second.look(6, [7, 8])
        await pilot.pause(0.5)
        assert second.process is None
        second.end()
        learner = app.live.process
        assert record.status(workspace.files, enabled=True)["state"] == "running"
    app.live.end()
    assert ends(learner)
    assert record.status(workspace.files, enabled=True)["state"] == "not running"
    workspace.close()


async def test_a_broken_model_is_said_in_one_line_and_the_starter_learns(tmp_path: Path) -> None:
    workspace = workspaces.workspace(tmp_path / "w")
    run = workspaces.finished_run(workspace, tmp_path, name="first")
    os.truncate(workspace.files.run(run) / "model" / "model.safetensors", 3000)
    app = WorkbenchApp(workspace)
    app.live.enabled = True

    def notes() -> list[str]:
        return [n.message for n in app._notifications if "learn with the starter" in n.message]

    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await until(pilot, notes)
        await until(pilot, lambda: any(workspace.files.features.glob("*/*.npy")))
        content = app.mode_screen.session.content
        await sample_documents.go(pilot, content.tokens[10].text)
        await pilot.press(workspace.schema.get("amount_total").key)
        await pilot.pause()
        assert sample_documents.labels(workspace, content.document.id)["amount_total"] == [content.tokens[10].text]
        await pilot.pause(1.5)
        assert len(notes()) == 1 and run in notes()[0]
    app.live.end()
    workspace.close()


async def test_the_queue_screen_says_what_labels_brought(
    workspace: Workspace, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.Record()
    for number in range(30):
        kept.add(number, {"amount_total": record.Outcome(base=False, head=True, shown=number >= 4)})
    record.write(workspace.files.learner_record, kept)
    async with opened(workspace) as pilot:
        await pilot.press("f3")
        await pilot.pause(0.5)
        shown = str(pilot.app.screen.query_one("#request").render())
        assert "Right before you touched them, last 30 documents: 26 of 30 fields." in shown
