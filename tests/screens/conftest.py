"""Workspaces for the screens' tests, and a way to drive the real application."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

sys.path.insert(0, str(Path(__file__).parent))

import desks

from screens.app import WorkbenchApp
from workbench.workspace import Workspace

Opener = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Three documents: a receipt, the same with suggestions and known values, a Chinese one."""
    page = desks.page_of(desks.RECEIPT)
    content = type("Content", (), {"tokens": page.tokens})
    at = lambda words: desks.find(content, words)  # noqa: E731
    suggested = (
        ("seller_name", at("ACME TRADING SDN BHD"), 0.97, "run-1"),
        ("amount_total", at("10.00"), 0.55, "run-1"),
        ("invoice_date", at("25/12/2018"), 0.8, "run-1"),
    )
    made = desks.workspace_of(
        tmp_path / "shop",
        [
            desks.new("plain", [page]),
            desks.new("suggested", [page], suggested, {"amount_total": "9.00", "invoice_date": "2018-12-25"}),
            desks.new("chinese", [desks.page_of(desks.CHINESE)], group="mingda"),
        ],
    )
    yield made
    made.close()


@pytest.fixture
def opened() -> Opener:
    """Open the application on a workspace, in a terminal of some size."""

    @asynccontextmanager
    async def opening(workspace: Workspace, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Pilot[None]]:
        app = WorkbenchApp(workspace)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield pilot

    return opening
