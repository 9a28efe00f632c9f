"""A worker that takes a server of the tests for the Hub, although it is forked where the libraries are loaded."""

import json
import os
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Be a run's worker, with these variables."""
    from workbench.training import worker

    variables, *others = arguments
    os.environ.update(json.loads(variables))
    return worker.main(others)
