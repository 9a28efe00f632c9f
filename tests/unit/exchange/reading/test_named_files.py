"""Files that belong together by their names."""

from pathlib import Path

import pytest

from workbench.exchange.reading.named_files import of_same_name


@pytest.mark.parametrize(
    ("names", "asked", "found"),
    [
        (["a.PDF"], "a.json", "a.PDF"),
        (["A.pdf"], "a.json", "A.pdf"),
        (["A.pdf", "a.pdf"], "a.json", "a.pdf"),
        (["A.pdf", "a.pdf"], "A.json", "A.pdf"),
        (["A.pdf", "a.PDF"], "a.json", "a.PDF"),
        (["a.PDF", "a.pdf"], "a.json", "a.pdf"),
        (["b.pdf"], "a.json", None),
    ],
)
def test_of_names_that_differ_in_case_only_the_one_that_is_written_alike_is_meant(
    tmp_path: Path, names: list[str], asked: str, found: str | None
) -> None:
    for name in names:
        (tmp_path / name).touch()
    same = of_same_name(tmp_path / asked, (".pdf", ".png"))
    assert (same and same.name) == found
