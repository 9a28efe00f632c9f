"""The scripts in benchmarks/ are not type-checked, so that this finds imports that rot."""

import subprocess
import sys

from tests.support import ROOT

IMPORT_ALL = """
import importlib, sys
sys.path.insert(0, "benchmarks")
for name in sys.argv[1:]:
    importlib.import_module(name)
    print(name)
"""


def test_every_benchmark_can_be_imported() -> None:
    names = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *names], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stdout.split() == names, done.stderr
