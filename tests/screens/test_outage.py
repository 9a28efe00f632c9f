"""A team's server stops for a while: every screen goes on, and is whole when the server is back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from screens import run_watcher
from storage.postgresql import server as storage_server
from tests.support import copies, postgresql_server, text_documents
from tests.support.pilots import until
from tests.support.postgresql_server import TestServer
from tests.support.text_documents import options_of
from workbench.workspace import Workspace

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    """One that may be stopped."""
    with postgresql_server.running() as server:
        yield server


@pytest.fixture
def workspace(server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    copies.keep_apart(tmp_path / "copies", monkeypatch)
    create = Workspace.create
    monkeypatch.setattr(storage_server, "_CONNECT_SECONDS", 2)
    monkeypatch.setattr(Workspace, "create", lambda folder: create(folder, server.url(server.new_database())))
    workspace = text_documents.workspace(tmp_path / "ws")
    yield workspace
    workspace.close()


@contextmanager
def stopped(server: TestServer) -> Iterator[None]:
    """The server's processes stand still: they take connections and answer nothing."""
    processes = server.processes()
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in reversed(processes):
            process.resume()


def lines(pilot: Pilot[None]) -> list[str]:
    """What the screen shows above the hint and the status, without the messages of the application."""
    return [strip.text.rstrip() for strip in pilot.app.mode_screen._compositor.render_strips()][:-3]


@pytest.mark.parametrize("key", ["f2", "f3", "f4", "f5", "f6", "f7"])
async def test_a_screen_that_is_entered_while_the_server_is_stopped_is_whole_when_it_is_back(
    opened, workspace, server, key
):
    async with opened(workspace) as pilot:
        await pilot.press(key)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        expected = lines(pilot)
    async with opened(workspace) as pilot:
        await pilot.press("f5" if key == "f2" else "f2")
        server.stop()
        try:
            await pilot.press(key)
            await pilot.pause()
            assert pilot.app.is_running and pilot.app.mode_screen.mode
        finally:
            server.start()
        await until(pilot, lambda: lines(pilot) == expected)


async def test_a_server_that_hangs_holds_the_keys_for_a_moment_and_what_was_typed_is_saved_later(
    opened, workspace, server, monkeypatch
):
    monkeypatch.setattr(run_watcher, "ANSWER_SECONDS", 1.0)
    async with opened(workspace) as pilot:
        with stopped(server):
            await pilot.press("1")
            assert "NOT SAVED" in " ".join(pilot.app.common_facts)
        await pilot.press("ctrl+s")
        assert "NOT SAVED" not in " ".join(pilot.app.common_facts)
    assert options_of(workspace)[0] == ["invoice"]
