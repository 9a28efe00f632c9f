"""The scripts in benchmarks/ are not type-checked, so that this finds imports that rot."""

from pathlib import Path

from tests.support import ROOT, warm_python

IMPORT_ALL = """
import importlib, sys
sys.path.insert(0, {folder!r})
for name in {names!r}:
    importlib.import_module(name)
    print(name)
"""


def test_every_benchmark_can_be_imported(tmp_path: Path) -> None:
    folder = ROOT / "benchmarks"
    names = sorted(path.stem for path in folder.glob("*.py"))
    assert warm_python.run(IMPORT_ALL.format(folder=str(folder), names=names), tmp_path).split() == names
