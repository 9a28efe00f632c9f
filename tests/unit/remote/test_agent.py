"""What runs on another machine for every step of a run there."""

import subprocess
import sys


def test_it_starts_without_the_libraries_that_read_a_configuration() -> None:
    """They take three times as long to load as all else of it."""
    code = "import sys, workbench.remote.agent; print({'pydantic', 'yaml'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
