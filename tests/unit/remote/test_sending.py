"""What a run is sent with to another machine: its request names what lies there."""

from pathlib import Path

import pytest

from workbench.remote import sending
from workbench.runs.config.files import from_dict
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder


@pytest.mark.parametrize("key", ["deepspeed", "fsdp_config"])
def test_a_file_of_settings_goes_with_the_run_and_is_named_there(tmp_path: Path, key: str) -> None:
    file = tmp_path / "sharding.json"
    file.write_text('{"zero_optimization": {"stage": 1}}')
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    config = from_dict({"train": {key: str(file), "processes": 2}})
    folder.request.write_text(Request(run="run", fields=[], config=config).text())
    with sending.staged(folder, "/there/run") as (laid, files):
        there = Path(getattr(Request.read(laid).config.train, key))
        assert files[str(there.relative_to("/there/run"))].read_text() == file.read_text()
    assert getattr(Request.read(folder.path).config.train, key) == str(file)
