"""What a run is sent with to another machine: its request names what lies there."""

from pathlib import Path

import pytest

from storage.exceptions import InputProblem
from workbench.remote import sending
from workbench.runs.config.files import from_dict
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder


@pytest.mark.parametrize("key", ["deepspeed", "fsdp_config"])
def test_a_file_of_settings_goes_with_the_run_and_is_named_there(tmp_path: Path, key: str) -> None:
    file = tmp_path / "sharding.json"
    file.write_text('{"zero_optimization": {"stage": 1}}')
    folder = RunFolder(tmp_path / "run")
    folder.datasets.mkdir(parents=True)
    config = from_dict({"train": {key: str(file), "processes": 2}})
    folder.request.write_text(Request(run="run", fields=[], config=config).text())
    with sending.staged(folder, "/there/run") as (laid, files):
        there = Path(getattr(Request.read(laid).config.train, key))
        assert files[str(there.relative_to("/there/run"))].read_text() == file.read_text()
    assert getattr(Request.read(folder.path).config.train, key) == str(file)


def test_a_run_whose_documents_are_gone_is_not_sent_and_says_so(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.request.write_text(Request(run="run", fields=[], config=from_dict({})).text())
    with pytest.raises(InputProblem, match="not in its folder any more"), sending.staged(folder, "/there/run"):
        pass
    assert [path.name for path in folder.path.iterdir()] == ["request.yaml"]
