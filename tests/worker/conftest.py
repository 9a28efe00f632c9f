"""The model libraries are loaded once for all tests of a process; each test draws the same weights wherever it runs."""

import pytest

from workbench.runs import machine


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    machine.warm_up()


@pytest.fixture(autouse=True)
def _same_weights(_warm: None) -> None:
    """Tiny models are made of random weights: not of whatever an earlier test of the process left."""
    import torch

    torch.manual_seed(0)
