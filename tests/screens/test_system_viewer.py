"""A page is opened in the system's viewer, or the analyst is told where its file is."""

from pathlib import Path

import pytest
from PIL import Image

from screens.widgets.status_lines import HintLine
from tests.support import sample_documents
from workbench.workspace import Workspace


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


@pytest.fixture
def scanned(tmp_path: Path):
    picture = tmp_path / "scan.png"
    Image.new("RGB", (400, 600), "white").save(picture)
    page = sample_documents.page_of(sample_documents.RECEIPT)
    made: Workspace = sample_documents.workspace_of(tmp_path / "shop", [sample_documents.new("scan", [page])])
    name = "a-scan.png"
    (made.files.pages / name).write_bytes(picture.read_bytes())
    with made.db.write() as connection:
        connection.exec_driver_sql("update pages set picture = ?", (name,))
    yield made
    made.close()


@pytest.fixture
def viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the viewer's place; it writes what it is to open into the file given."""
    opened = tmp_path / "opened"
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    lines = (
        "#!/bin/sh",
        "echo printed over the screen",
        f'printf %s "$1" > {opened}.part',
        f"mv {opened}.part {opened}",
    )
    program.write_text("\n".join(lines) + "\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("DISPLAY", ":0")
    return opened


async def test_the_page_opens_in_the_viewer(opened, scanned, viewer):
    async with opened(scanned) as pilot:
        await pilot.press("H")
        assert "opens in the system's viewer" in hint(pilot)
        while not viewer.exists():
            await pilot.pause(0.02)
    assert Path(viewer.read_text()) == scanned.files.pages / "a-scan.png"


async def test_without_a_display_the_file_is_named(opened, scanned, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    async with opened(scanned, (200, 50)) as pilot:
        await pilot.press("H")
        assert "no display" in hint(pilot) and "a-scan.png" in hint(pilot)


async def test_a_document_of_words_alone_has_nothing_to_open(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("H")
        assert "no picture and no file" in hint(pilot)


async def test_while_the_picture_is_shown_its_keys_are_named(opened, scanned):
    async with opened(scanned, (160, 40)) as pilot:
        assert "in a viewer" not in hint(pilot)
        await pilot.press("P")
        await pilot.pause()
        assert "I region, width, page" in hint(pilot) and "H in a viewer" in hint(pilot)
