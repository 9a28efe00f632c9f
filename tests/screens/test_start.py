"""The terminal process stays light: nothing heavy is imported on the way to the annotate screen."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = ("torch", "transformers", "datasets", "sklearn", "modAL", "numpy", "pandas", "scipy", "babel", "dateparser")


def test_nothing_heavy_is_imported_before_the_first_key():
    program = (
        "import sys, screens.app, screens.annotate\n"
        "from screens.widgets.picture_view import ask_terminal\n"
        "ask_terminal()\n"
        f"print([name for name in {HEAVY!r} if sys.modules.get(name) is not None])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr[-1000:]
