"""The terminal process stays light: nothing heavy is imported on the way to the annotate screen."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = ("torch", "transformers", "datasets", "sklearn", "modAL", "numpy", "pandas", "scipy", "babel", "dateparser")


def test_nothing_heavy_is_imported_before_the_first_key():
    program = (
        "import sys, screens.app, screens.annotate\n"
        "from screens.graphics import Graphics\n"
        "from screens.widgets.picture_view import widget_of\n"
        "widget_of(Graphics())\n"
        f"print([name for name in {HEAVY!r} if sys.modules.get(name) is not None])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr[-1000:]


def test_the_frame_is_painted_before_the_store_is_loaded():
    later = ("sqlalchemy", "alembic", "PIL", "textual_image", "pydantic")
    program = f"import sys, screens.app\nprint([name for name in {later!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr[-1000:]
