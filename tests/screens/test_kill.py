"""Nothing that was shown as saved is lost, whenever the process dies. WORKBENCH_KILLS=500 for the long version."""

import json
import os
import subprocess
import sys

from tests.support import ROOT


def test_kill_9_at_any_moment_loses_nothing_that_was_saved(tmp_path):
    kills = int(os.environ.get("WORKBENCH_KILLS", "40"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_labelling", str(tmp_path / "w"), str(kills), "7"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60 + 3 * kills,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["lost"] == 0 and report["kills"] == kills
    assert report["reported"] > kills  # the kills fell between acts, not before the first
