"""Unit tests load no model library, so that they run in seconds: a test or module that loads one fails."""

import sys
from collections.abc import Generator, Iterator

import pytest

from tests.support import MODEL_LIBRARIES


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    before = MODEL_LIBRARIES & sys.modules.keys()
    report = yield
    if loaded := MODEL_LIBRARIES & sys.modules.keys() - before:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} loads {', '.join(sorted(loaded))}: move it to tests/worker"
    return report


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker("unit")


@pytest.fixture(autouse=True)
def no_model_library() -> Iterator[None]:
    before = MODEL_LIBRARIES & sys.modules.keys()
    yield
    loaded = MODEL_LIBRARIES & sys.modules.keys() - before
    assert not loaded, f"the test loads {', '.join(sorted(loaded))}: move it to tests/worker"
