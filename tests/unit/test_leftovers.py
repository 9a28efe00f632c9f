"""What a session of tests left that was killed goes when the next one begins, and what a living one has stays."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, leftovers

_SESSION = """
import sys
from tests.support import leftovers
with leftovers.folder("left") as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def session() -> "tuple[subprocess.Popen[str], Path]":
    """Another process of tests, and the folder that it made."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SESSION], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_folder_goes_with_the_session_after_the_one_that_was_killed() -> None:
    killed, left = session()
    living, used = session()
    with killed, living:
        killed.kill()
        killed.wait()
        leftovers.forget()
        assert not left.exists() and used.exists()
        living.communicate()
    assert not used.exists()


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("useradd"), reason="only root makes users")
def test_a_user_goes_with_the_session_after_the_one_that_was_killed_and_so_does_what_it_runs() -> None:
    process, left = session()
    name = f"{leftovers.USERS}{process.pid}"
    with process:
        made = ["useradd", "--create-home", "--home-dir", str(left / "home"), "--shell", "/bin/sh", name]
        subprocess.run(made, check=True, capture_output=True)
        try:
            with subprocess.Popen(["sleep", "600"], user=name, cwd="/") as sleeping:
                leftovers.forget()
                assert pwd.getpwnam(name) and sleeping.poll() is None
                process.kill()
                process.wait()
                leftovers.forget()
                assert sleeping.wait(10) != 0
        finally:
            leftovers.delete_user(name)
    assert not left.exists()
    with pytest.raises(KeyError):
        pwd.getpwnam(name)
