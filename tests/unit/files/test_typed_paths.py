"""Paths as people type them."""

from pathlib import Path

import pytest

from storage.exceptions import UsageProblem
from workbench.files.typed_paths import typed


@pytest.mark.parametrize("text", ["a/" * 2000, "a" * 300, "a\0b"])
def test_what_no_file_can_be_called_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem):
        typed(text)


def test_a_path_that_is_free_is_given_back(tmp_path: Path) -> None:
    assert typed(f"{tmp_path}/new/one") == tmp_path / "new" / "one"
