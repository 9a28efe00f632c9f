"""Fixtures that every kind of test shares."""

import os
from pathlib import Path

import pytest

from tests.support import ROOT

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real documents; tests that need it skip, saying so, when it is not there."""
    folder = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    if not (folder / "receipts_en").is_dir():
        pytest.skip(f"realdata: no real documents at {folder}")
    return folder
