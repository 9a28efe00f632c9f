"""A run begins by itself after so many accepted documents, ends, and what it brought is taken back by one key."""

from pathlib import Path

import torch

from storage import document_list, runs
from storage.records import Run
from tests.screens.conftest import Opener
from tests.support import sample_documents, tiny_model, workspaces
from tests.support.pilots import until
from workbench.evaluation import prediction_process
from workbench.runs.config.request import Request
from workbench.workspace import Workspace


def listed(workspace: Workspace) -> list[Run]:
    with workspace.db.read() as connection:
        return runs.listed(connection)


def used(workspace: Workspace) -> str:
    return Path(prediction_process.in_use(workspace)).parent.name


def messages(pilot) -> str:
    return "\n".join(notification.message for notification in pilot.app._notifications)


async def accept_next(pilot) -> None:
    """Label the date of the document in view with its field's key, and accept the document."""
    await pilot.press("D")
    await pilot.pause()
    session = pilot.app.mode_screen.session
    date = next(token.text for token in session.content.tokens if "/" in token.text or token.text.count("-") == 2)
    await sample_documents.go(pilot, date)
    await pilot.press(session.schema.get("invoice_date").key, "a")
    await pilot.pause()


async def test_two_accepted_documents_train_a_model_that_one_key_puts_aside(opened: Opener, tmp_path: Path) -> None:
    torch.manual_seed(1)
    workspace = workspaces.workspace(tmp_path / "w")
    first = workspaces.finished_run(workspace, tiny_model.base(tmp_path, "layoutlm"), num_train_epochs=3)
    async with opened(workspace) as pilot:
        await pilot.press("f3")
        await pilot.pause(0.3)
        await pilot.press("a", *"x2", "enter")
        await pilot.pause(0.2)
        assert "'x2' is no number of documents." in messages(pilot) and workspace.settings.train_after == 0
        await pilot.press("a", "2", "enter")
        await pilot.pause(0.2)
        assert "train_after = 2" in workspace.files.settings.read_text()
        await until(pilot, lambda: "2 to go." in str(pilot.app.screen.query_one("#request").render()))
        await pilot.press("f2")
        await accept_next(pilot)
        await until(pilot, lambda: "trains after 1 more" in " ".join(pilot.app.common_facts))
        assert len(listed(workspace)) == 1
        await accept_next(pilot)
        await until(pilot, lambda: len(listed(workspace)) == 2)
        run = listed(workspace)[0]
        assert Path(Request.read(workspace.files.run(run.id)).rival).parent.name == first
        await until(pilot, lambda: f"{run.name} has begun by itself" in messages(pilot))
        await until(pilot, lambda: listed(workspace)[0].ended is not None)
        ended = listed(workspace)[0]
        assert ended.state.value == "finished" and ended.report["rival"]["documents"] == 4
        await until(pilot, lambda: "u on the runs screen takes that back." in messages(pilot))
        before = used(workspace)
        assert (before == run.id) == ended.report["rival"]["certain"]

        await pilot.press("f5")
        await pilot.pause(0.3)
        await pilot.press("u")
        await until(pilot, lambda: used(workspace) != before)
        assert {before, used(workspace)} == {first, run.id}
        await pilot.press("u")
        await until(pilot, lambda: used(workspace) == before)
        assert f"Suggestions come from run {before} now." in messages(pilot)
        with workspace.db.read() as connection:
            assert document_list.count(connection, document_list.Filter("labelled")) == 19
    workspace.close()
