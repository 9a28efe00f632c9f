"""Fixtures that every kind of test shares."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest

from tests.support import ROOT

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# a busy machine is no fault of what is tested
hypothesis.settings.register_profile("without a clock", deadline=None)
hypothesis.settings.load_profile("without a clock")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test's name stays readable where its argument is long."""
    return f"{argname}-of-{len(val)}" if isinstance(val, str | bytes) and len(val) > 80 else None


def pytest_collection_finish() -> None:
    """Modules and tests live to the end: full collections that look through them cost a third of the screens' tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real documents; tests that need it skip, saying so, when it is not there."""
    folder = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    if not (folder / "receipts_en").is_dir():
        pytest.skip(f"realdata: no real documents at {folder}")
    return folder
