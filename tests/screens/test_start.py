"""The terminal process stays light: nothing heavy is imported on the way to the annotate screen."""

import asyncio
import importlib
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from textual import messages

from screens import modes, startup
from screens.app import WorkbenchApp
from storage.exceptions import WorkspaceProblem
from tests.support import ROOT
from workbench.workspace import Workspace

HEAVY = ("torch", "transformers", "datasets", "sklearn", "modAL", "numpy", "pandas", "scipy", "babel", "dateparser")


def test_nothing_heavy_is_imported_before_the_first_key():
    program = (
        "import sys, screens.app, screens.annotate.screen\n"
        "from screens.graphics import Graphics\n"
        "from screens.widgets.picture_view import widget_of\n"
        "widget_of(Graphics())\n"
        f"print([name for name in {HEAVY!r} if sys.modules.get(name) is not None])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr[-1000:]


@pytest.mark.parametrize(
    ("url", "error"),
    [("sqlite+pysqlite:////no/such/folder/shop.db", None), ("", ImportError("libsomething.so"))],
)
async def test_a_workspace_that_cannot_be_opened_ends_with_the_reason(workspace, monkeypatch, url, error):
    closed = Workspace.find(workspace.files.root)
    closed.settings = replace(closed.settings, database=url)

    def fail(_):
        raise error

    if error is not None:
        monkeypatch.setattr(modes.Mode, "bring", fail)
    app = WorkbenchApp(closed)
    await asyncio.wait_for(app.run_async(headless=True), 20)  # it leaves by itself
    closed.close()
    assert app.problem is error if error else isinstance(app.problem, WorkspaceProblem)


async def test_a_screen_asked_for_while_the_workspace_is_opened_comes_then(workspace, monkeypatch):
    closed = Workspace.find(workspace.files.root)
    hold = threading.Event()
    bring = modes.Mode.bring
    monkeypatch.setattr(modes.Mode, "bring", lambda mode: (hold.wait(20), bring(mode)))
    app = WorkbenchApp(closed)
    async with app.run_test() as pilot:
        await pilot.press("f5")
        hold.set()
        for _ in range(200):
            if app.mode_screen is not None:
                break
            await pilot.pause(0.05)
        assert app.mode_screen is not None and app.mode_screen.mode == "runs"
    closed.close()


async def test_who_leaves_while_the_workspace_is_opened_leaves(workspace, monkeypatch):
    closed = Workspace.find(workspace.files.root)
    left, opened = threading.Event(), threading.Event()
    monkeypatch.setattr(modes.Mode, "bring", lambda mode: left.wait(20))
    monkeypatch.setattr("screens.app.tune_interpreter", opened.set)
    app = WorkbenchApp(closed)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+q")
        left.set()
    await asyncio.to_thread(opened.wait, 20)
    await asyncio.sleep(0.2)
    closed.close()
    assert app.problem is None


async def test_a_terminal_that_is_closed_while_the_workspace_is_opened_is_no_fault(workspace, monkeypatch):
    """A tab of a browser, or a signal: Textual then ends without a call of `exit`."""
    closed = Workspace.find(workspace.files.root)
    begun, left, ended = threading.Event(), threading.Event(), threading.Event()
    monkeypatch.setattr(modes.Mode, "bring", lambda mode: (begun.set(), left.wait(20)))
    open_it = WorkbenchApp._open

    def opening(app):
        try:
            open_it(app)
        finally:
            ended.set()

    monkeypatch.setattr(WorkbenchApp, "_open", opening)
    app = WorkbenchApp(closed)
    done = asyncio.create_task(app.run_async(headless=True))
    await asyncio.to_thread(begun.wait, 20)
    app.post_message(messages.ExitApp())
    await asyncio.wait_for(done, 20)
    left.set()
    await asyncio.to_thread(ended.wait, 20)
    closed.close()
    assert app.problem is None


def test_the_frame_is_painted_before_the_store_is_loaded():
    later = ("sqlalchemy", "alembic", "PIL", "textual_image", "pydantic")
    program = f"import sys, screens.app\nprint([name for name in {later!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr[-1000:]


def test_what_is_loaded_beforehand_is_every_screen(monkeypatch):
    for name in startup.steps(reading=True):
        importlib.import_module(name)
    added = modes.Mode("later", "Later", "f7", "screens.widgets.columns", "Later", "A screen that no table names")
    monkeypatch.setattr(modes, "MODES", (*modes.MODES, added))
    assert {mode.module for mode in modes.MODES} <= set(startup.steps(reading=False))


async def test_other_screens_are_loaded_while_nothing_is_typed(workspace, opened, tmp_path, monkeypatch):
    (tmp_path / "a_screen_for_later.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(startup, "STEPS", ("a_screen_for_later",))
    monkeypatch.setattr(startup, "_REST", 60.0)
    async with opened(workspace) as pilot:
        await pilot.press("right")
        await pilot.pause(0.2)
        assert "a_screen_for_later" not in sys.modules  # a key was pressed just now
        monkeypatch.setattr(startup, "_REST", 0.0)
        for _ in range(200):
            if "a_screen_for_later" in sys.modules:
                break
            await pilot.pause(0.05)
    assert sys.modules.pop("a_screen_for_later", None)
