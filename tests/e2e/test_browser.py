"""The screens in a real browser, Chromium: keys, mouse, resize, a picture, a page that is loaded again, the end."""

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from storage import documents
from tests.support import ROOT, sample_documents
from tests.support.ports import free_port
from tests.support.workspaces import until
from workbench.annotation.session import open_editor
from workbench.workspace import Workspace

sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium"),
    pytest.mark.timeout(600),
]
SIZE = {"width": 1280, "height": 800}
_ESCAPES = re.compile(r"\x1b\[[0-9;?<>=]*[A-Za-z]")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Two documents, the first with a picture of its page."""
    workspace, picture = Workspace.create(tmp_path / "shop"), io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(picture, "PNG")
    name = workspace.files.keep(workspace.files.pages, picture.getvalue(), ".png")
    pages = [sample_documents.page_of(sample_documents.RECEIPT, picture=picture) for picture in (name, None)]
    with workspace.db.write() as connection:
        documents.add(connection, [sample_documents.new(f"receipt {n}", [page]) for n, page in enumerate(pages)], "me")
    yield workspace
    workspace.close()


@pytest.fixture
def server(workspace: Workspace) -> Iterator[tuple[psutil.Process, str]]:
    """`workbench web` on the workspace, and its address."""
    port = free_port()
    command = [sys.executable, "-P", "-m", "workbench.cli", "-w", str(workspace.files.root), "web", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and f":{port}" in process.stdout.readline()
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture
def page() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        yield page
        browser.close()


@pytest.fixture
def screen(page: Any) -> Callable[[str], None]:
    """Waits until the screen was sent a text since the last one that was waited for."""
    got: list[str] = []

    def listen(socket: Any) -> None:
        socket.on(
            "framereceived", lambda data: got.append(data.decode(errors="replace") if isinstance(data, bytes) else "")
        )

    page.on("websocket", listen)

    def wait_for(text: str) -> None:
        def is_there() -> bool:
            page.wait_for_timeout(50)  # the frames come meanwhile
            return text in _ESCAPES.sub("", "".join(got))

        until(is_there, 120)
        got.clear()

    return wait_for


def test_keys_mouse_size_picture_and_a_page_loaded_again_work_in_a_browser(
    workspace: Workspace, server: tuple[psutil.Process, str], page: Any, screen: Callable[[str], None]
) -> None:
    process, address = server
    problems, sent = list[str](), list[str]()
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(str(data))))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(address)
    screen("receipt 1")

    page.keyboard.press("t")  # no click before: the keys go to the screen
    until(lambda: open_editor(workspace, 1).state.spans, 120)
    [session] = process.children()

    with page.expect_popup() as opened:
        page.keyboard.press("Shift+H")
    picture = opened.value
    picture.wait_for_selector("img")
    assert picture.evaluate("[document.images[0].naturalWidth, document.images[0].naturalHeight]") == [60, 80]
    picture.close()

    page.mouse.click(60, 32)  # the second line of the document list
    screen("2/2 · receipt 1")

    page.keyboard.press("F5")  # the runs screen, not the browser's own key
    screen("No run")
    page.set_viewport_size({"width": 1000, "height": 600})
    screen("Runs")
    widths = [json.loads(message)[1]["width"] for message in sent if message.startswith('["resize"')]
    assert widths[-1] < widths[0]

    page.reload()
    screen("No run")
    assert process.children() == [session], "the same session is shown again"

    page.keyboard.press("Control+Q")
    page.wait_for_selector("text=The session is not shown here any more")
    until(lambda: not session.is_running(), 120)
    assert problems == []
