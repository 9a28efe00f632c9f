"""Children end with their parent however it ends, and not with a thread of it."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from workbench import lifeline

# The child hangs in C code, without ever letting another thread of Python run.
_HOLDING = "from workbench import lifeline; lifeline.hold(); print('held', flush=True); "
_CHILD = _HOLDING + "import re; re.match('(a*)*b', 'a' * 99)"
_PARENT = f"""
import signal, subprocess, sys, time
from workbench import lifeline
child = lifeline.start([sys.executable, "-c", {_CHILD!r}], stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored under nohup
print(child.pid, flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def ends(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_child_that_hangs_in_c_code_ends_with_its_parent(end: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.send_signal(end)
    parent.wait()
    parent.stdout.close()
    assert ends(child)


def test_a_child_outlives_the_thread_that_started_it() -> None:
    children = []
    code = _HOLDING + "import time; time.sleep(60)"

    def begin() -> None:
        children.append(lifeline.start([sys.executable, "-c", code], stdout=subprocess.PIPE))

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    (child,) = children
    assert child.stdout.readline() == b"held\n"
    time.sleep(0.2)
    assert child.poll() is None
    child.kill()
    child.wait()
    child.stdout.close()


def test_no_descriptor_is_left_when_a_child_is_gone() -> None:
    before = len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0
    for _ in range(3):
        lifeline.start([sys.executable, "-c", ""]).wait()
    assert not before or len(list(Path("/proc/self/fd").iterdir())) == before
