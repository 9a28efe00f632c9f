"""A target that answers what no agent answers: the run fails with a message, and nothing of this machine is taken."""

import io
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import events
from storage.exceptions import WorkbenchError
from storage.files import digest_of
from workbench import __version__
from workbench.remote import answers, check, courier, line
from workbench.remote.line import TargetProblem
from workbench.settings import Target

_SSH = """
import json, sys
given = json.load(open(sys.argv[1]))
remote = sys.argv[-1]
acts = ("version", "look", "check", "start", "attend", "results", "remove", "end")
act = next((act for act in acts if f"agent {act} " in remote + " "), "")
act = act or ("shell" if remote.startswith("sh -s") else "fetch")
out = sys.stdout.buffer
if act == "fetch":
    out.write(open(given["fetch"], "rb").read())
elif given[act] == "endless":
    try:
        while True:
            out.write(b"x" * 65536)
    except BrokenPipeError:
        sys.exit(1)
else:
    out.write(given[act].encode("utf-8", "surrogatepass"))
"""
_EVENTS = [[7, '{"type": "note", "message": "hello"}'], [9, '{"type": "finished", "state": "finished"}']]
_HEARD = {"events": _EVENTS, "log": "", "log_at": 0, "training": False, "ended": True}
_NOW = 1.8e9

Far = Callable[..., Path]


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    """Makes a run's folder, and a target that has the run and answers as is given; else as an honest one."""

    def make(archive: dict[str, bytes] | None = None, links: dict[str, str] | None = None, **given: object) -> Path:
        script, known, results = tmp_path / "ssh.py", tmp_path / "answers.json", tmp_path / "results.tar"
        script.write_text(_SSH)
        with tarfile.open(results, "w") as packed:
            for name, content in (archive or {}).items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                packed.addfile(member, io.BytesIO(content))
            for name, there in (links or {}).items():
                member = tarfile.TarInfo(name)
                member.type, member.linkname = tarfile.SYMTYPE, there
                packed.addfile(member)
        honest = {
            "shell": f"root=/far\nfree_kb=999999999\nown={__version__}\n",
            "version": {"version": __version__, "code": "", "time": _NOW},
            "look": {"there": True, "working": False, "events": 0, "time": _NOW},
            "start": {}, "attend": _HEARD, "results": {"files": {}}, "remove": {}, "end": {}, "fetch": str(results),
        }  # fmt: skip
        texts = {act: text if isinstance(text, str) else json.dumps(text) for act, text in {**honest, **given}.items()}
        known.write_text(json.dumps(texts))
        monkeypatch.setenv("WORKBENCH_SSH", f"{sys.executable} -I -S {script} {known}")
        folder = tmp_path / "run"
        folder.mkdir()
        (folder / "target.json").write_text(json.dumps({"address": "ssh:box", "python": "python", "folder": "one"}))
        return folder

    return make


def heard(folder: Path) -> list[dict[str, Any]]:
    """The events that came from there, without what is said here of its clock."""
    return [event for event in events.read(folder / "events.jsonl")[0] if "remote" in event]


def bring(folder: Path) -> None:
    courier.Courier(folder, 1).go()


@pytest.mark.parametrize(
    "given",
    [
        {"version": []},
        {"version": {}},
        {"version": {"version": 1, "time": _NOW}},
        {"version": "[" * 100_000},
        {"look": {"there": True}},
        {"look": {"there": True, "working": False, "events": 0, "time": "now"}},
        {"look": '{"there": true, "working": false, "events": 0, "time": 1e400}'},
        {"look": '{"there": true, "working": false, "events": -5, "time": NaN}'},
        {"look": {"there": False, "working": False, "events": 1e30, "time": _NOW}},
        {"results": []},
        {"results": {"files": 5}},
        {"results": {"files": {"report.json": None}}},
        {"results": {"files": {"../../report.json": "00"}}},
    ],
)
def test_an_answer_that_is_none_fails_the_run_with_a_message(far: Far, given: dict[str, object]) -> None:
    with pytest.raises(TargetProblem, match=r"answers|did not come whole"):
        bring(far(**given))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (f"root=/far\nfree_kb=abc\nown={__version__}\n", "0.0 GB free"),
        (f"root=/far\nfree_kb={'9' * 5000}\nown={__version__}\n", "0.0 GB free"),
        ("root=/far\nfree_kb=999999999\npython=/x a b\n", "has not invoice-workbench"),
        ("root=/far\nfree_kb=999999999\npython=", "has not invoice-workbench"),  # a line that ended there
        ("root=-oProxyCommand=sh\nfree_kb=999999999\n", "cannot be written"),
        ("", "cannot be written"),
    ],
)
def test_what_a_target_says_of_itself_is_no_number_and_no_folder(far: Far, given: str, found: str) -> None:
    far(shell=given)
    with pytest.raises(TargetProblem, match=found):
        check.checked(Target("ssh:box", "python", "box"))


def test_a_target_that_talks_without_end_fills_no_memory(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "MOST_BYTES", 1 << 20)
    with pytest.raises(TargetProblem, match="without end"):
        bring(far(version="endless"))


def test_a_target_that_sends_events_without_end_fills_no_disk(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "MOST_HEARD_BYTES", 1 << 20)
    monkeypatch.setattr(answers, "MOST_BYTES", 1 << 18)
    folder = far(attend="endless")
    with pytest.raises(TargetProblem, match="without end"):
        bring(folder)
    assert (folder / "events.jsonl").stat().st_size < 1 << 20


@pytest.mark.parametrize(
    "event",
    [
        '{"type": "note", "remote": 7, "self": 1, "message": "kept"}',
        '{"type": "note", "time": 1' + "0" * 400 + ', "message": "kept"}',
        '{"type": "note", "time": 1e400, "message": "kept"}',
        '{"type": "note", "time": -1e18, "message": "kept"}',
        '{"type": "note", "message": "kept \\ud800"}',
    ],
)
def test_an_odd_event_is_kept_as_far_as_it_can_be(far: Far, event: str) -> None:
    folder = far(attend={**_HEARD, "events": [[7, event]]})
    bring(folder)
    (note,) = heard(folder)
    assert str(note["message"]).startswith("kept") and note["remote"] == 7
    assert 0 < note["time"] <= answers.LATEST


def test_an_event_of_brackets_in_brackets_is_passed_over() -> None:
    nested = f'{{"type": "note", "x": {"[" * 600}{"]" * 600}}}'
    assert answers.event(nested) is None
    assert answers.event('{"type": "note", "x": [[1], {"y": [2]}]}') == {"type": "note", "x": [[1], {"y": [2]}]}


def test_what_is_no_message_is_passed_over(far: Far) -> None:
    noise = ["5", "[]", "{}", json.dumps({**_HEARD, "events": 5}), json.dumps({**_HEARD, "events": [["x", 5]]})]
    folder = far(attend="\n".join([*noise, json.dumps({**_HEARD, "events": _EVENTS[:1]})]))
    bring(folder)
    assert [event["message"] for event in heard(folder)] == ["hello"]


@pytest.mark.parametrize("name", ["request.yaml", "dataset/train.parquet", "target.json", "events.jsonl", ".results"])
def test_a_result_takes_the_place_of_nothing_that_is_here(far: Far, name: str) -> None:
    here, there_already = b"from here", ("target.json", "events.jsonl", ".results")
    folder = far({f"./{name}": b"from there"})
    if name not in there_already:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(here)
    digests = {name: digest_of(_file(folder.parent / "copy", b"from there"))}
    known = json.loads((folder.parent / "answers.json").read_text())
    (folder.parent / "answers.json").write_text(json.dumps({**known, "results": json.dumps({"files": digests})}))
    with pytest.raises(TargetProblem, match=name.partition("/")[0]):
        bring(folder)
    assert not (folder / ".results").exists()
    if name not in there_already:
        assert (folder / name).read_bytes() == here


def test_a_folder_among_the_results_takes_the_place_of_no_file_here(far: Far) -> None:
    """Of a run that was resumed: results of before are here."""
    content = b"from there"
    folder = far({"./predictions.parquet/x": content, "./report.json": b'{"f1": 0.5}'})
    (folder / "predictions.parquet").write_bytes(b"from here")
    digests = {
        "predictions.parquet/x": digest_of(_file(folder.parent / "copy", content)),
        "report.json": digest_of(_file(folder.parent / "copy", b'{"f1": 0.5}')),
    }
    known = json.loads((folder.parent / "answers.json").read_text())
    (folder.parent / "answers.json").write_text(json.dumps({**known, "results": json.dumps({"files": digests})}))
    with pytest.raises(TargetProblem, match=r"predictions\.parquet"):
        bring(folder)
    assert not (folder / ".results").exists()
    assert (folder / "predictions.parquet").read_bytes() == b"from here"


def test_a_link_among_the_results_is_left_out(far: Far, tmp_path: Path) -> None:
    folder = far({"./words.jsonl": b"x"}, {"./model": "..", "./report.json": "words.jsonl"})
    with pytest.raises(WorkbenchError):
        bring(folder)
    assert not (folder / "model").is_symlink() and not (folder / "report.json").is_symlink()
    left = folder / ".results"
    assert not any(path.is_symlink() for path in left.rglob("*"))


def _head(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    head = tarfile.TarInfo(name)
    head.size, head.type = size, kind
    return head.tobuf(format=tarfile.GNU_FORMAT)


_ENDLESS = {
    "one file": _head("./report.json", 1 << 40) + bytes(1 << 20),
    "files": b"".join(_head(f"./{number}", 0) for number in range(2000)),
    "folders": b"".join(_head(f"./{number}", 0, tarfile.DIRTYPE) for number in range(2000)),
    "a name": _head("././@LongLink", 1 << 40, tarfile.GNUTYPE_LONGNAME) + bytes(20 << 20),
    "notes of a file": _head("x", 1 << 40, tarfile.XHDTYPE) + bytes(20 << 20),
}


@pytest.mark.parametrize("what", _ENDLESS)
def test_results_without_end_fill_neither_disk_nor_memory(
    far: Far, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line.Most, "bytes", 1 << 20)
    monkeypatch.setattr(line.Most, "parts", 1000)
    folder = far(fetch=str(_file(tmp_path / "endless.tar", _ENDLESS[what])))
    with pytest.raises(TargetProblem, match="more than the results that it named"):
        bring(folder)
    assert not (folder / ".results").exists()


@pytest.mark.parametrize(
    ("archive", "found"),
    [
        ({"./report.json/x": b"x", "./report.json": b"x"}, "cannot be written: Is a directory"),
        ({f"./{'n' * 300}": b"x"}, "cannot be written: File name too long"),
    ],
)
def test_results_that_no_disk_takes_end_the_run_with_a_message(far: Far, archive: dict[str, bytes], found: str) -> None:
    folder = far(archive)
    with pytest.raises(TargetProblem, match=found):
        bring(folder)
    assert not (folder / ".results").exists()


def test_results_that_are_no_archive_are_said_to_be_none(far: Far, tmp_path: Path) -> None:
    with pytest.raises(TargetProblem, match="sends no archive"):
        bring(far(fetch=str(_file(tmp_path / "noise", b"noise" * 100_000))))


@pytest.mark.parametrize(
    ("cause", "code", "found"),
    [
        ('rsync: [sender] change_dir "/there" failed: No such file or directory (2)', 23, "No such file or directory"),
        ("rsync: [receiver] write failed on x: No space left on device (28)", 11, "disk here is full"),
    ],
)
def test_files_that_rsync_cannot_read_or_write_are_no_broken_line_which_is_tried_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: str, code: int, found: str
) -> None:
    rest = (
        f"rsync error: some files were not transferred (code {code})\nrsync: [Receiver] write error: Broken pipe (32)"
    )
    rsync = _file(tmp_path / "rsync", f"#!/bin/sh\necho '{cause}\n{rest}' >&2\nexit {code}\n".encode())
    rsync.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(TargetProblem, match=found) as problem:
        line.Line("box", "box", "/there").fetch("/there/runs/1", tmp_path / "arrived", (), line.Most(1, 5), rsync=True)
    assert not isinstance(problem.value, line.LineBroken)


@pytest.mark.parametrize("rsync", [True, False])
def test_a_target_that_stops_sending_files_is_a_broken_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rsync: bool
) -> None:
    if rsync and shutil.which("rsync") is None:
        pytest.skip("there is no rsync here")
    ssh = _file(tmp_path / "ssh", b"#!/bin/sh\nexec sleep 600\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("WORKBENCH_SSH", str(ssh))
    monkeypatch.setattr(line, "QUIET_SECONDS", 1.0)
    with pytest.raises(line.LineBroken):
        line.Line("box", "box", "/there").fetch("/there/runs/1", tmp_path / "arrived", (), line.Most(1, 5), rsync=rsync)


def test_results_that_do_not_fit_on_the_disk_here_are_not_begun_with(far: Far) -> None:
    folder = far(results={"files": {"report.json": "00"}, "bytes": 10**15})
    with pytest.raises(TargetProblem, match="are free here"):
        bring(folder)


def test_rsync_is_ended_where_it_brings_more_than_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rsync = _file(
        tmp_path / "rsync",
        f"#!{sys.executable}\nimport sys, time\n"
        "with open(sys.argv[-1] + 'model', 'wb') as file:\n"
        "    while file.write(bytes(1 << 20)) and not file.flush(): time.sleep(0.01)\n".encode(),
    )
    rsync.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(TargetProblem, match="more than the results that it named"):
        line.Line("box", "box", "/there").fetch("/there/runs/1", tmp_path / "arrived", (), line.Most(1, 5), rsync=True)


def test_one_file_without_end_is_ended_by_the_system_before_anyone_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rsync = _file(
        tmp_path / "rsync",
        f"#!{sys.executable}\nimport sys\n"
        "with open(sys.argv[-1] + 'model', 'wb') as file:\n"
        "    for _ in range(1 << 10): file.write(bytes(1 << 20))\n".encode(),
    )
    rsync.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    most = line.Most(1, 5)
    with pytest.raises(TargetProblem, match="more than the results that it named"):
        line.Line("box", "box", "/there").fetch("/there/runs/1", tmp_path / "arrived", (), most, rsync=True)
    assert (tmp_path / "arrived" / "model").stat().st_size <= 2 * most.bytes + 1024


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
