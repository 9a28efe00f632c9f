"""Makes the README's pictures from the real program: `python docs/pictures.py WORKSPACE [NAME …]`.

The workspace is only looked at: keys that change something are not pressed. `browser` needs Playwright and Chromium.
"""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

from screens.app import WorkbenchApp
from workbench.workspace import Workspace

HERE = Path(__file__).parent / "pictures"
PICTURES: dict[str, tuple[str, ...]] = {
    "annotate": ("f2",),
    "queue": ("f3",),
    "tune": ("f4",),
    "runs": ("f5",),
    "errors": ("f6",),
    # the story's (docs/story.md): taken in its workspace, after the first run, and after the last
    "story-errors": ("f6", "down", "right", "right"),
    "story-doctor": ("f6", "d"),
    "story-compared": ("f5", "space", "down", "space"),
}

BROWSER = "browser"


async def take(workspace: Workspace, name: str, keys: tuple[str, ...]) -> None:
    """One picture, 120 by 36 cells."""
    app = WorkbenchApp(workspace)
    async with app.run_test(size=(120, 36)) as pilot:
        for key in keys:
            await pilot.press(key)
            await pilot.pause(5.0)
        HERE.mkdir(exist_ok=True)
        (HERE / f"{name}.svg").write_text(app.export_screenshot(title=f"workbench · {name}"), encoding="utf-8")


def take_in_browser(folder: str) -> None:
    """`browser.png`: the annotate screen as `workbench web` shows it."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "workbench.cli", "-w", folder, "web", "--port", "8951"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout is not None
        server.stdout.readline()  # it listens
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 700})
        page.goto("http://127.0.0.1:8951/")
        page.wait_for_selector(".-first-byte", timeout=120_000)
        page.wait_for_timeout(15_000)
        page.screenshot(path=HERE / f"{BROWSER}.png")
        browser.close()
        server.terminate()


def main() -> None:
    """Take the pictures that are named, or all."""
    folder, *names = sys.argv[1:]
    for name, keys in PICTURES.items():
        if not names or name in names:
            asyncio.run(take(Workspace.open(Path(folder)), name, keys))
    if BROWSER in names:
        take_in_browser(folder)


if __name__ == "__main__":
    main()
