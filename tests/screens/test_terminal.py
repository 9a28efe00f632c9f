"""The program in a real terminal, and on a workspace that goes away under it."""

import asyncio
import os
import select
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress

import pytest
from sqlalchemy import delete
from textual.css.query import NoMatches
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread
from textual.widgets import OptionList
from textual.worker import WorkerFailed

from screens.widgets.dialogs import Confirm
from storage import document_list
from storage.exceptions import InputProblem
from storage.tables import documents
from tests.support import ROOT
from tests.support.sample_documents import RECEIPT, VALUES, labels, new, page_of, places_of, workspace_of
from workbench.exchange import reader_process
from workbench.workspace import Workspace

pty = pytest.importorskip("pty")


def until(terminal, text, seconds=30.0):
    """Read what the program writes until a text is among it."""
    shown, end = b"", time.monotonic() + seconds
    while text not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the program has ended
                break
    return shown


def test_a_byte_that_is_not_utf8_is_left_out_and_the_program_goes_on(workspace):
    workspace.close()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="30")
        command = [sys.executable, "-P", "-m", "workbench.cli", "-w", str(workspace.files.root)]
        os.environ["PYTHONPATH"] = str(ROOT)
        os.execv(sys.executable, command)
    try:
        assert b"Annotate" in until(terminal, b"Annotate")
        until(terminal, b"label the likeliest")
        os.write(terminal, b"\xff\xfe")
        os.write(terminal, b"\xc3")
        os.write(terminal, b"?")
        title = "Keys · Annotate".encode()
        assert title in until(terminal, title), "the help does not open any more"
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "the program has ended"
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(terminal)


@pytest.mark.parametrize("how", ["moved", "deleted"])
async def test_a_workspace_that_goes_away_is_noticed_and_can_be_saved_elsewhere(opened, workspace, tmp_path, how):
    root = workspace.files.root
    async with opened(workspace) as pilot:
        await pilot.press("t")
        assert labels(workspace) == {"amount_total": ["9.00"]}
        assert "saved ✓" in pilot.app.common_facts
        if how == "moved":
            root.rename(tmp_path / "elsewhere")
        else:
            shutil.rmtree(root)
        await pilot.press("5")
        await pilot.pause()
        assert "NOT SAVED" in pilot.app.common_facts and "saved ✓" not in pilot.app.common_facts
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press("y")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        for key in ("f5", "f4", "f3", "f6", "f2"):  # no screen ends the program
            await pilot.press(key)
            await pilot.pause()
        assert pilot.app.is_running
    assert not root.exists()
    saved = Workspace.open(tmp_path / "shop-saved")
    assert labels(saved) == {"amount_total": ["9.00"]}
    with saved.db.read() as connection:
        assert len(document_list.ids(connection)) == 3
    saved.close()


async def test_a_document_that_is_deleted_in_the_database_under_an_open_screen_does_not_end_the_program(
    opened, tmp_path
):
    """As where a copy of the whole database is put back on a server; no command deletes a document."""
    page = page_of(RECEIPT)
    offered = [("amount_total", places_of(VALUES, page)["amount_total"], 0.9, "run")]
    workspace = workspace_of(tmp_path / "shop", [new(name, [page], offered) for name in "ab"])
    async with opened(workspace) as pilot:
        with workspace.db.write() as connection:
            connection.execute(delete(documents))
        for key in ("t", "5", "a", "A", "x", "z", "n", "f3", "f7", "f6", "f5", "f2", "t"):
            await pilot.press(key)
            await pilot.pause()
        assert pilot.app.is_running
        assert "NOT SAVED" in pilot.app.common_facts
    workspace.close()


async def test_a_page_can_be_read_while_the_disk_does_not_answer(opened, workspace, monkeypatch):
    """On a network drive that hangs; the runs are looked after every second, and wait with it in their thread."""
    answers, waited = threading.Event(), []
    async with opened(workspace) as pilot:
        session = pilot.app.mode_screen.session
        monkeypatch.setattr(workspace.db, "check_place", lambda: waited.append(answers.wait(10)))
        before = session.view.cursor
        pilot.app.look_after_runs()
        await pilot.press("down")
        moved = session.view.cursor != before
        answers.set()
        await pilot.app.workers.wait_for_complete()
    assert moved and waited and all(waited), "the cursor moved before the disk answered"


async def test_a_fault_of_a_screen_shows_no_variable_of_the_program(opened, workspace, monkeypatch, capsys):
    """Textual's page of a crash has the locals of every frame: the words of invoices, a password."""
    fault = RuntimeError("out of the blue")

    def broken(*_):
        secret = "postgresql://me:wonderland@server/db"
        raise fault from ValueError(len(secret))

    with pytest.raises(RuntimeError, match="out of the blue"):
        async with opened(workspace) as pilot:
            monkeypatch.setattr(type(pilot.app.mode_screen), "on_key", broken, raising=False)
            await pilot.press("5")
            await pilot.pause()
    assert pilot.app.problem is fault
    shown = "".join(capsys.readouterr())
    assert "wonderland" not in shown and "locals" not in shown


@pytest.mark.parametrize("size", [(15, 5), (1, 1), (3, 200), (200, 2)])
async def test_a_small_terminal_cuts_the_screens_off_and_does_not_end_the_program(opened, workspace, size):
    """Textual divides by the width of a list, and a picture has to have one; what is labelled is saved all the same."""
    async with opened(workspace) as pilot:
        await pilot.press("ctrl+p", "m")
        await pilot.resize_terminal(*size)
        await pilot.pause(0.1)
        laid_out = pilot.app.screen.size
        assert (laid_out.width, laid_out.height) == (max(size[0], 40), max(size[1], 10))
        await pilot.press("escape", "t")
        assert labels(workspace) == {"amount_total": ["9.00"]}


async def test_a_palette_that_is_closed_while_it_searches_ends_nothing(opened, workspace):
    async with opened(workspace) as pilot:
        pilot.app._handle_exception(WorkerFailed(NoMatches("No nodes match 'CommandList' on CommandPalette()")))
        await pilot.press("t")
        assert labels(workspace) == {"amount_total": ["9.00"]}


@pytest.mark.parametrize("key", ["page_up", "page_down"])
async def test_a_page_key_on_a_list_that_is_not_laid_out_yet_ends_nothing(opened, workspace, key):
    async with opened(workspace) as pilot:
        unseen = OptionList("first", "second", id="unseen")
        unseen.display = False
        await pilot.app.screen.mount(unseen)
        unseen.highlighted = 1
        getattr(unseen, f"action_{key}")()
        assert unseen.highlighted == 1
        unseen.display = True
        await pilot.pause()
        getattr(unseen, f"action_{key}")()
        assert unseen.highlighted == (0 if key == "page_up" else 1)


async def test_a_palette_that_is_closed_twice_closes_nothing_under_it(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("ctrl+p")
        palette = pilot.app.screen
        palette.dismiss()
        palette.dismiss()
        await pilot.pause()
        await pilot.press("t")
        assert labels(workspace) == {"amount_total": ["9.00"]}


def test_a_program_whose_terminal_is_closed_ends_also_where_that_signal_is_ignored(workspace):
    """As with nohup: it went on unseen, and asked the terminal for keys without a pause."""
    workspace.close()
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.chdir(ROOT)
        os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="30", PYTHONPATH=str(ROOT))
        os.execv(sys.executable, [sys.executable, "-P", "-m", "workbench.cli", "-w", str(workspace.files.root)])
    try:
        assert b"label the likeliest" in until(terminal, b"label the likeliest")
        os.close(terminal)
        end = time.monotonic() + 30
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < end:
            time.sleep(0.1)
        assert ended[0] == child
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def test_a_terminal_that_is_gone_does_not_hold_the_program_up():
    """What draws waited for space in a queue that nothing emptied, and no signal could end it."""
    terminal, end = pty.openpty()
    os.close(terminal)
    writer = WriterThread(os.fdopen(end, "w"))
    writer.start()
    drawn = threading.Event()

    def draw():
        for _ in range(5 * MAX_QUEUED_WRITES):
            writer.write("a line")
        writer.stop()
        drawn.set()

    threading.Thread(target=draw, daemon=True).start()
    assert drawn.wait(20)


async def test_the_program_does_not_wait_for_a_page_that_is_being_read(opened, workspace):
    """A page in OCR may take a minute; asyncio waits for the threads of the program."""
    async with opened(workspace):
        reading = asyncio.create_task(asyncio.to_thread(reader_process._shared.call, time.sleep, 1000))
        await asyncio.to_thread(until_busy)
    with pytest.raises(InputProblem):
        await reading


def until_busy():
    while not any(child.lives for child in reader_process._shared._busy):
        time.sleep(0.01)
