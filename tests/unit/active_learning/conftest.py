"""The model libraries are loaded once for all selections of a process."""

import pytest

from workbench.runs import machine


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    machine.warm_up()
