"""Workspaces for the screens' tests, and a way to drive the real application."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from screens.app import WorkbenchApp
from tests.support import sample_documents
from workbench.runs import estimate
from workbench.workspace import Workspace

Opener = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture(autouse=True)
def _warm(loaded_once: None) -> None: ...


MEASURED = {"device": "cpu", "precision": "fp32", "tokens_per_second": 2000.0, "steady_mb": 300.0, "step_mb": 50.0}


@pytest.fixture(autouse=True)
def _measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The speed that a run would have: the tune screen measures it in a process of low priority."""
    monkeypatch.setattr(estimate, "_measure", lambda shape, cancelled: dict(MEASURED))


@pytest.fixture(scope="session", autouse=True)
def _styles_parsed_once() -> Iterator[None]:
    """Every application has the same style sheets: reading them takes a tenth of the screens' tests."""
    parse = Stylesheet._parse_rules
    parsed: dict[tuple[Any, ...], list[RuleSet]] = {}

    def parse_once(self: Stylesheet, css: str, **source: Any) -> list[RuleSet]:
        key = (css, *source.values(), *self._variables.items())
        if key not in parsed:
            parsed[key] = parse(self, css, **source)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Three documents: a receipt, the same with suggestions and known values, a Chinese one."""
    page = sample_documents.page_of(sample_documents.RECEIPT)
    content = type("Content", (), {"tokens": page.tokens})
    at = lambda words: sample_documents.find(content, words)  # noqa: E731
    suggested = (
        ("seller_name", at("ACME TRADING SDN BHD"), 0.97, "run-1"),
        ("amount_total", at("10.00"), 0.55, "run-1"),
        ("invoice_date", at("25/12/2018"), 0.8, "run-1"),
    )
    made = sample_documents.workspace_of(
        tmp_path / "shop",
        [
            sample_documents.new("plain", [page]),
            sample_documents.new(
                "suggested", [page], suggested, {"amount_total": "9.00", "invoice_date": "2018-12-25"}
            ),
            sample_documents.new("chinese", [sample_documents.page_of(sample_documents.CHINESE)], group="mingda"),
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
