"""Code run in a process of its own, forked where the model libraries are loaded already."""

from collections.abc import Sequence
from pathlib import Path

from workbench.runs import machine


def main(arguments: Sequence[str]) -> int:
    """Run the code that is the only argument."""
    exec(compile(arguments[0], "<code>", "exec"), {"__name__": "__main__"})
    return 0


def run(code: str, folder: Path) -> str:
    """What the code prints, run in the folder; an AssertionError with that and its errors where it fails."""
    output, errors = folder / "printed.txt", folder / "errors.txt"
    with output.open("wb") as out, errors.open("wb") as err:
        exit_code = machine.start(__name__, code, cwd=folder, output=out, errors=err).wait()
    assert exit_code == 0, output.read_text() + errors.read_text()
    return output.read_text()
