"""The model libraries are loaded once for all selections of a process."""

import pytest


@pytest.fixture(autouse=True)
def _warm(loaded_once: None) -> None: ...
