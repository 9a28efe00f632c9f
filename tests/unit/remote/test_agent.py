"""What runs on another machine for every step of a run there."""

import subprocess
import sys
from pathlib import Path

from workbench.remote import agent


def test_it_starts_without_the_libraries_that_read_a_configuration() -> None:
    """They take three times as long to load as all else of it."""
    code = "import sys, workbench.remote.agent; print({'pydantic', 'yaml'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_half_a_line_that_a_full_disk_left_is_no_event_that_is_still_to_come(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    assert agent.whole_lines(events) == 0
    events.write_bytes(b'{"type": "started"}\n{"type": "st')
    assert agent.whole_lines(events) == agent.new_lines(events, 0)[1] == 20
    events.write_bytes(b'{"type": "step"}\n' * 100_000)
    assert agent.whole_lines(events) == events.stat().st_size
