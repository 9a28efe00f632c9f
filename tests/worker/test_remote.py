"""Runs on another machine: a real sshd on loopback, another user, a tiny model, the real worker."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from sqlalchemy import delete

from storage import document_list, documents, events, runs
from storage.exceptions import ConfigProblem, WorkbenchError
from storage.records import Run, RunState, Split
from storage.tables import suggestions as suggestions_table
from tests.support import ROOT, command_line, ssh_server, tiny_model, workspaces
from tests.support.command_line import AnswerOf
from tests.support.ssh_server import SshServer
from tests.support.workspaces import until
from workbench import cli
from workbench.evaluation import prediction_process
from workbench.remote import agent, answers, check, courier, environment
from workbench.remote.line import LineBroken, Most, TargetProblem, line_to
from workbench.runs import jobs, launcher, machine, parquet, progress
from workbench.runs.config import files as config_files
from workbench.runs.config.request import Request
from workbench.runs.reconcile import reconcile
from workbench.runs.state import RunFolder, state_of
from workbench.runs.watch import RunWatcher
from workbench.search import plan as searches
from workbench.settings import Target
from workbench.workspace import Workspace

LONG = 1000
"""Epochs of a run that ends only when it is stopped."""


@pytest.fixture(scope="module")
def server() -> Iterator[SshServer]:
    with ssh_server.running() as server:
        yield server


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.base(tmp_path_factory.mktemp("base"), "layoutlm")


@pytest.fixture(autouse=True)
def _ssh(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_SSH", server.ssh)


@pytest.fixture
def target(server: SshServer) -> Target:
    return Target("ssh:box", server.warm_python, "box")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.workspace(tmp_path / "ws")
    yield workspace
    for run in listed(workspace):
        folder = RunFolder(workspace.files.run(run.id))
        if folder.at_work():
            jobs.kill(workspace, run.id)
            until(lambda folder=folder: not folder.at_work())  # and it has ended there
    workspace.close()


def listed(workspace: Workspace) -> list[Run]:
    with workspace.db.read() as connection:
        return runs.listed(connection)


def state(workspace: Workspace) -> RunState:
    reconcile(workspace)
    return listed(workspace)[0].state


def started(workspace: Workspace, base: Path, target: Target, epochs: int = LONG) -> RunFolder:
    """A run that is at work there."""
    config = workspaces.config(base, num_train_epochs=epochs)
    run = jobs.prepare(workspace, config, on=target)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    until(lambda: progress.of(folder.path).step > 10 or not folder.at_work())
    assert state(workspace) is RunState.RUNNING, folder.log_tail()
    return folder


def remote_folder(server: SshServer, folder: RunFolder) -> Path:
    return server.home / "invoice-workbench" / "runs" / json.loads(folder.target.read_text())["folder"]


def of_type(folder: RunFolder, name: str) -> list[dict[str, object]]:
    return [event for event in events.iterate(folder.events) if event["type"] == name]


def test_a_run_is_followed_through_a_broken_line_and_the_end_of_its_courier_and_comes_back(
    workspace: Workspace, server: SshServer, base: Path, target: Target
) -> None:
    folder = started(workspace, base, target)
    line = [child for child in psutil.Process(folder.process()).children() if "ssh" in child.name()]
    assert line
    for process in line:  # the line breaks
        process.kill()
    step = progress.of(folder.path).step
    until(lambda: progress.of(folder.path).step > step + 5)
    os.kill(folder.process() or 0, signal.SIGKILL)  # the machine here is switched off
    until(lambda: state(workspace) is RunState.CRASHED)
    jobs.resume(workspace, folder.path.name)
    step = progress.of(folder.path).step
    until(lambda: progress.of(folder.path).step > step + 5)
    assert len(of_type(folder, "started")) == 1  # it went on there all the time
    steps = [event["step"] for event in of_type(folder, "step")]
    assert len(steps) == len(set(steps))  # and no event is here twice
    jobs.stop(workspace, folder.path.name)
    run = jobs.wait(workspace, folder.path.name)
    assert run.state is RunState.STOPPED, run.reason
    assert run.report and run.f1 is not None and folder.has_model() and folder.predictions.is_file()
    assert remote_folder(server, folder).is_dir()  # with the checkpoints that it can be resumed from
    assert not list(folder.path.glob(".*"))


def test_a_run_is_killed_there_resumed_from_its_checkpoint_and_paused(
    workspace: Workspace, server: SshServer, base: Path, target: Target
) -> None:
    folder = started(workspace, base, target)
    there = RunFolder(remote_folder(server, folder))
    worker = psutil.Process(there.process())
    assert worker.username() == server.user
    jobs.kill(workspace, folder.path.name)
    until(lambda: not folder.at_work())
    assert state(workspace) is RunState.KILLED
    until(lambda: not there.at_work() and not (worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE))
    jobs.resume(workspace, folder.path.name)
    until(lambda: len(of_type(folder, "started")) == 2)
    assert of_type(folder, "started")[1]["resumed_from"]
    until(lambda: of_type(folder, "step"))
    jobs.pause(workspace, folder.path.name)
    until(lambda: state(workspace) is RunState.PAUSED)
    jobs.unpause(workspace, folder.path.name)
    until(lambda: state(workspace) is RunState.RUNNING)


def test_a_grid_for_a_target_has_one_process_that_waits_and_a_courier_for_the_run_whose_turn_it_is(
    workspace: Workspace, base: Path, target: Target
) -> None:
    def processes() -> list[str]:
        commands = [(process.pid, process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
        return [command[3] for _, command in commands if str(workspace.files.root) in " ".join(command[4:])]

    configs = {f"seed {n}": workspaces.config(base, num_train_epochs=LONG, seed=n) for n in range(4)}
    grid = jobs.grid(workspace, configs, on=target)
    folders = [RunFolder(workspace.files.run(run.id)) for run in grid]
    jobs.start_in_turn(workspace, [run.id for run in grid])
    until(lambda: progress.of(folders[0].path).step > 3)
    assert sorted(processes()) == [machine.COURIER, machine.LAUNCHER]
    assert [folder.queued.exists() for folder in folders] == [False, True, True, True]
    for process in psutil.process_iter(["cmdline"]):  # the launcher is killed: the next look has the others wait again
        if machine.LAUNCHER in (command := process.info["cmdline"] or []) and str(folders[0].path) in " ".join(command):
            process.kill()
    until(lambda: processes() == [machine.COURIER])
    reconcile(workspace)
    assert sorted(processes()) == [machine.COURIER, machine.LAUNCHER]
    jobs.kill(workspace, grid[1].id)  # while it waits
    assert folders[1].killed.exists() and not folders[1].queued.exists()
    jobs.kill(workspace, grid[0].id)
    until(lambda: progress.of(folders[2].path).step > 3)
    jobs.stop(workspace, grid[3].id)
    until(lambda: not folders[3].at_work())  # its process has seen that it was withdrawn
    assert [state_of(folder, progress.of(folder.path)) for folder in folders] == [
        RunState.KILLED, RunState.KILLED, RunState.RUNNING, RunState.KILLED,
    ]  # fmt: skip


def test_two_terminals_collect_a_finished_run_once_and_nothing_stays_there(
    workspace: Workspace, server: SshServer, base: Path, target: Target
) -> None:
    other = Workspace.open(workspace.files.root)
    folder = started(workspace, base, target, epochs=60)
    watchers = [RunWatcher(workspace), RunWatcher(other)]
    ends_seen: list[RunState] = []

    def watch(watcher: RunWatcher) -> None:
        def ended() -> bool:
            ends = watcher.poll().ended
            ends_seen.extend(run.state for run in ends)
            return bool(ends) or listed(workspace)[0].state is RunState.FINISHED

        until(ended)

    threads = [threading.Thread(target=watch, args=(watcher,)) for watcher in watchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = jobs.wait(workspace, folder.path.name)
    assert run.state is RunState.FINISHED and set(ends_seen) == {RunState.FINISHED}
    assert len(of_type(folder, "finished")) == 1
    assert not remote_folder(server, folder).exists()
    assert not folder.checkpoints.exists()
    other.close()


def test_a_run_whose_results_did_not_come_whole_is_not_taken_for_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Target
) -> None:
    (tmp_path / "target.json").write_text(json.dumps({"address": "ssh:box", "folder": "one"}))
    bringing = courier.Courier(tmp_path, 1)
    facts = check.look(target)
    monkeypatch.setattr(bringing, "_ask", lambda *_, **__: answers.Results({"report.json": "0" * 64}))
    monkeypatch.setattr(type(facts.line), "fetch", lambda *_, **__: (tmp_path / ".results").mkdir())
    with pytest.raises(TargetProblem, match="did not come whole"):
        bringing._fetch(facts, target.python, "there")
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize(
    ("host", "kind", "message", "remedy"),
    [
        ("gone", LineBroken, "cannot be reached", "ssh gone"),
        ("refused", TargetProblem, "refuses the key", "ssh-copy-id"),
        ("unknown", TargetProblem, "host key", "Connect once by hand"),
    ],
)
def test_a_target_that_does_not_let_in_is_named_with_a_remedy(
    host: str, kind: type[WorkbenchError], message: str, remedy: str
) -> None:
    with pytest.raises(kind, match=message) as refusal:
        check.look(Target(f"ssh:{host}"))
    assert remedy in refusal.value.remedy and refusal.value.exit_code == 6


def test_what_is_missing_on_a_target_is_named_with_a_remedy(server: SshServer, target: Target) -> None:
    assert check.checked(target).free_gb > 0
    other = server.folder / "other-python"
    other.write_text("#!/bin/sh\necho 0.0.1\n")
    other.chmod(0o755)
    with pytest.raises(TargetProblem, match="has not invoice-workbench"):
        check.checked(Target("ssh:box", str(other)))
    with pytest.raises(TargetProblem, match="cannot be written"):
        check.checked(Target("ssh:box:/proc/none"))
    facts = check.look(Target("ssh:box"))
    scarce = replace(facts, free_gb=0.01, pythons=(("/usr/bin/python3", (3, 8)),), uv="")
    messages = [problem.message for problem in check._problems(Target("ssh:box"), scarce)]
    assert "no Python 3.11 to 3.13" in messages[0] and "GB are needed" in messages[1]


@pytest.mark.parametrize(
    "address",
    ["box", "ssh:", "ssh:-oProxyCommand=x", "ssh:-Fevil@x", "ssh:.a@x", "ssh:a b", "ssh:box:a;b"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigProblem):
        line_to(Target(address))


@pytest.mark.parametrize("rsync", [True, False])
def test_folders_go_there_and_back_with_rsync_and_with_tar(
    tmp_path: Path, server: SshServer, target: Target, rsync: bool
) -> None:
    facts = check.look(target)
    source, place = tmp_path / "source", f"{facts.root}/runs/sent-{rsync}"
    (source / "dataset").mkdir(parents=True)
    (source / "dataset" / "train").write_bytes(os.urandom(100_000))
    (source / "linked").symlink_to(source / "dataset" / "train")
    facts.line.send(source, place, rsync=rsync)
    facts.line.fetch(place, tmp_path / "back", ("dataset",), Most(1, 100_000), rsync=rsync)
    assert [path.name for path in (tmp_path / "back").rglob("*")] == ["linked"]
    assert (tmp_path / "back" / "linked").read_bytes() == (source / "linked").read_bytes()


def test_times_are_those_of_the_clock_here(tmp_path: Path, target: Target) -> None:
    (tmp_path / "target.json").write_text(json.dumps({"address": "ssh:box", "folder": "one", "name": "box"}))
    bringing = courier.Courier(tmp_path, 1)
    bringing._set_clock(check.look(target), 1000.0)
    bringing._write("step", {"time": 1005.0, "step": 1}, 10)
    note, step = events.iterate(tmp_path / "events.jsonl")
    assert "clock of box" in note["message"] and abs(step["time"] - note["time"] - 5) < 1
    assert bringing._position() == 10


def test_runs_side_by_side_share_the_cores_of_the_machine_that_they_are_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_files.from_dict({"train": {"processes": 2}})
    folder = RunFolder(tmp_path)
    folder.request.write_text(Request(run="one", fields=[], config=config, threads=1).text())  # of a laptop
    monkeypatch.setattr(machine, "cores", lambda: 32)
    agent._share_cores(folder, 4)
    assert Request.read(tmp_path).threads == 4


@pytest.mark.parametrize(("wanted", "notes"), [("auto", 1), ("cpu", 0)])
def test_a_gpu_there_that_torch_cannot_use_is_said_when_the_run_starts(tmp_path: Path, wanted: str, notes: int) -> None:
    """Its driver is too old for torch, which then computes on the processor."""
    (tmp_path / "target.json").write_text(json.dumps({"address": "ssh:box", "folder": "one", "name": "box"}))
    config = config_files.from_dict({"train": {"device": wanted}})
    (tmp_path / "request.yaml").write_text(Request(run="one", fields=[], config=config).text())
    bringing = courier.Courier(tmp_path, 1)
    bringing.gpus = ("NVIDIA T4, 15360 MiB, 418.87",)
    bringing._write("started", {"time": 1005.0, "device": "cpu"}, 10)
    messages = [event["message"] for event in events.iterate(tmp_path / "events.jsonl") if event["type"] == "note"]
    assert len(messages) == notes and all("driver is too old" in message for message in messages)


def test_a_gpu_whose_driver_is_too_old_is_named_by_the_check(
    server: SshServer, target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = replace(check.look(target), gpus=("NVIDIA T4, 15360 MiB, 418.87",))
    monkeypatch.setattr(check, "look", lambda target: facts)  # this machine has no such card
    arguments = ["doctor-env", "--on", "ssh:box", "--json"]
    monkeypatch.setattr(environment, "python_of", lambda target, facts: server.warm_python)
    monkeypatch.setattr(sys, "argv", ["workbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    [problem] = json.loads(capsys.readouterr().out)["problems"]
    assert (
        ended.value.code == 6
        and "sees no GPU there" in problem["message"]
        and "Update the NVIDIA driver" in problem["remedy"]
    )


def test_a_target_is_named_in_the_settings(workspace: Workspace) -> None:
    workspace.files.settings.write_text(
        '[targets]\nbox = "ssh:me@box"\n[targets.big]\naddress = "ssh:big:/data"\npython = "/opt/bin/python"\n'
    )
    workspace.reread_settings()
    assert workspace.settings.target("box") == Target("ssh:me@box", name="box")
    assert workspace.settings.target("big") == Target("ssh:big:/data", "/opt/bin/python", "big")
    with pytest.raises(ConfigProblem, match="there are: box, big"):
        workspace.settings.target("bigg")
    workspace.files.settings.write_text('[targets]\nbox = "ssh:me@box"\ntheme = "nord"\n')
    with pytest.raises(ConfigProblem, match=r"line 3: targets\.theme is no address"):
        workspace.reread_settings()
    assert msgspec.structs.asdict(workspace.settings.target("ssh:x"))["name"] == ""


def test_the_wheel_has_this_program_and_its_environment_the_versions_that_are_here(tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(tmp_path / environment.write_wheel(tmp_path)) as wheel:
        names = set(wheel.namelist())
        record = next(name for name in names if name.endswith(".dist-info/RECORD"))
        assert {row.partition(",")[0] for row in wheel.read(record).decode().splitlines()} == names
        assert any(name.startswith("workbench/starter_model/") for name in names)
        wheel.extractall(installed, [name for name in names if name.endswith(".py")])
    script = "import workbench.remote.agent as agent; print(agent.code_digest(), agent.__file__)"
    there = {**os.environ, "PYTHONPATH": str(installed)}
    digest, path = subprocess.check_output([sys.executable, "-c", script], env=there, cwd=tmp_path, text=True).split()
    assert installed in Path(path).parents
    assert environment._key().endswith(digest)
    pins = environment.constraints(has_gpu=False)
    assert any(pin.startswith("torch==") for pin in pins) and not any("+" in pin for pin in pins)


def name_target(workspace: Workspace, python: str) -> None:
    workspace.files.settings.write_text(f'[targets.box]\naddress = "ssh:box"\npython = "{python}"\n')


@pytest.fixture
def package_mirror(server: SshServer) -> Iterator[None]:
    """The other user's pip knows a folder alone, of libraries that are empty: those that are here stand for them."""
    mirror, settings = server.home / "mirror", server.home / ".config" / "pip" / "pip.conf"
    mirror.mkdir()
    pins = dict(line.split("==") for line in environment.constraints(has_gpu=False))
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    for name, version in pins.items():
        write_wheel(mirror, name, version, {f"{name}.pth": "\n".join(libraries)} if name == "torch" else {})
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[global]\nno-index = true\nfind-links = {mirror}\n")
    yield
    shutil.rmtree(mirror)
    shutil.rmtree(settings.parent)
    shutil.rmtree(server.home / "invoice-workbench" / "environments", ignore_errors=True)


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    """A library with these files, as pip installs it."""
    stem = f"{name.replace('-', '_')}-{version}"
    files |= {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


@pytest.mark.usefixtures("package_mirror")
def test_the_first_run_on_a_machine_has_its_environment_made_there_and_trains_in_it(
    workspace: Workspace, server: SshServer, base: Path
) -> None:
    target = Target("ssh:box", name="box")
    facts = check.look(target)
    if facts.problems or sys.version_info[:2] != dict(facts.pythons).get(facts.python):
        pytest.skip(f"the other user has not this version of Python, or no space: {facts}")
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=1), on=target)
    jobs.start(workspace, run.id)
    done = jobs.wait(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    assert done.state is RunState.FINISHED, (done.reason, folder.log_tail())
    made = [event["message"] for event in of_type(folder, "note") if "is made there, once" in str(event["message"])]
    assert len(made) == 1
    facts = check.look(target)
    python = environment.python_of(target, facts)
    assert python and facts.environments, "the next run finds it"
    where = facts.line.run(f"{python} -P -c 'import workbench; print(workbench.__file__)'").strip()
    assert where.startswith(python.removesuffix("/bin/python")), "its program is the one that was sent"


def test_a_disk_that_is_full_there_fails_the_run_with_the_reason_and_it_goes_on_once_there_is_space(
    workspace: Workspace, server: SshServer, base: Path
) -> None:
    small = server.home / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=777", "none", str(small)], check=False).returncode:
        pytest.skip("no small disk can be made here (mount)")
    try:
        folder = started(workspace, base, Target(f"ssh:box:{small}", server.warm_python, "box"))
        with suppress(OSError), (small / "others").open("wb") as file:
            while True:
                file.write(bytes(1 << 20))
        jobs.stop(workspace, folder.path.name)
        failed = jobs.wait(workspace, folder.path.name)
        assert failed.state is RunState.FAILED
        assert "box" in failed.reason and "Free some space" in failed.reason and "resume" in failed.reason
        (small / "others").unlink()
        jobs.resume(workspace, folder.path.name)
        until(lambda: len(of_type(folder, "started")) == 2 or not folder.at_work())
        assert folder.at_work(), list(events.iterate(folder.events))[-4:]
        jobs.stop(workspace, folder.path.name)
        stopped = jobs.wait(workspace, folder.path.name)
        assert stopped.state is RunState.STOPPED and folder.has_model(), stopped.reason
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


@pytest.fixture
def answer(
    workspace: Workspace, server: SshServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AnswerOf:
    """The exit code of a command and what it answers; the target is called box."""
    name_target(workspace, server.warm_python)
    return command_line.answering(workspace.files.root, capsys, monkeypatch)


def test_the_command_line_trains_on_a_target_and_checks_one(
    workspace: Workspace, server: SshServer, base: Path, answer: AnswerOf
) -> None:
    """The worker there is a program of its own, which loads the model libraries."""
    name_target(workspace, server.python)
    code, facts = answer("doctor-env", "--on", "box")
    assert code == 0 and facts["problems"] == [] and facts["program"]
    code, problem = answer("tune", "--on", "ssh:gone")
    assert code == 6 and "cannot be reached" in problem["message"] and not listed(workspace)
    file = workspace.files.root / "tune.yaml"
    file.write_text(config_files.dump(workspaces.config(base, num_train_epochs=3)))
    code, result = answer("tune", "--on", "box", "--config", str(file), "--wait")
    assert code == 0 and result["state"] == "finished"
    assert RunFolder(workspace.files.run(result["run"])).has_model()


def suggested(workspace: Workspace) -> dict[tuple[Any, ...], float]:
    """The confidence of each open suggestion, whatever their ids."""
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, number) for number in document_list.ids(connection)]
    return {(c.document.id, s.field, s.tokens): s.confidence for c in contents for s in c.suggestions}


def places(server: SshServer) -> set[str]:
    """The folders of runs there."""
    return {path.name for path in (server.home / "invoice-workbench" / "runs").glob("[!.]*")}


def left_there(server: SshServer) -> list[str]:
    return [name for name in places(server) if name.startswith(launcher.READING)]


def confidences(document: dict[str, Any]) -> dict[str, float]:
    """The confidence of each field, taken out of the answer."""
    return {field: value.pop("confidence") for field, value in document["fields"].items()}


def test_a_model_reads_on_a_target_what_it_reads_here_and_nothing_stays_there(
    workspace: Workspace, server: SshServer, base: Path, answer: AnswerOf
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=20))
    jobs.start(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.FINISHED
    code, here = answer("suggest", "--model", run.id)
    expected = suggested(workspace)
    assert code == 0 and expected
    with workspace.db.write() as connection:
        connection.execute(delete(suggestions_table))
    code, there = answer("suggest", "--model", run.id, "--on", "box")
    assert (code, there) == (0, here)
    # each process tries whether bf16 is faster here, and where it is about as fast as fp32, two can choose differently
    assert suggested(workspace) == pytest.approx(expected, abs=0.01)
    assert not left_there(server) and not list(workspace.files.runs.glob(".reading*"))
    file = str(next(path for path in sorted((ROOT / "sample_data").rglob("*.pdf"))))
    code, there = answer("predict", "starter", file, "--on", "box")
    (read_there,), (read_here,) = there["documents"], answer("predict", "starter", file)[1]["documents"]
    assert code == 0 and confidences(read_there) == pytest.approx(confidences(read_here), abs=0.01)
    assert read_there == read_here
    assert answer("suggest", "--on", "ssh:gone")[0] == 6
    assert not left_there(server)


def attends(process: psutil.Process) -> bool:
    with suppress(psutil.Error):  # it has just ended
        return "attend" in " ".join(process.cmdline())
    return False


def test_reading_survives_a_broken_line_and_who_gives_up_ends_it_there(
    workspace: Workspace, server: SshServer, target: Target
) -> None:
    with workspace.db.read() as connection:
        ids = tuple(document_list.ids(connection))
    broken: list[int] = []

    def break_line(done: int, total: int) -> None:
        lines = [child for child in psutil.Process().children(recursive=True) if attends(child)]
        if lines and not broken:
            broken.extend(line.pid for line in lines)
            for line in lines:
                line.kill()

    with prediction_process.reading(workspace, "starter", {Split.POOL: ids}, break_line, target) as folder:
        run = RunFolder(folder)
        assert [row.document for row in parquet.read(run.dataset("pool"))] == list(ids)
        assert parquet.count(run.predictions) == len(ids)
        assert len(of_type(run, "finished")) == 1
    assert broken

    def give_up(done: int, total: int) -> None:
        if left_there(server):
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        prediction_process.reading(workspace, "starter", {Split.POOL: ids}, give_up, target),
    ):
        pass
    assert not left_there(server) and not list(workspace.files.runs.glob(".reading*"))


def test_what_was_read_and_never_taken_back_is_deleted_there_after_a_day(tmp_path: Path) -> None:
    old, new = tmp_path / f"{launcher.READING}old.1", tmp_path / f"{launcher.READING}new.2"
    for folder in (old, new, tmp_path / "20261122-093000.3"):
        folder.mkdir()
    for folder in (old, tmp_path / "20261122-093000.3"):
        os.utime(folder, (0, 0))
    agent._sweep(tmp_path)
    assert not old.exists() and new.exists() and (tmp_path / "20261122-093000.3").exists()


def test_the_runs_of_a_search_go_to_the_target_and_nothing_of_them_stays_there(
    workspace: Workspace, server: SshServer, base: Path, answer: AnswerOf
) -> None:
    file = workspace.files.root / "tune.yaml"
    file.write_text(config_files.dump(workspaces.config(base, num_train_epochs=2)))
    vary = ("--vary", "train.learning_rate=1e-4..1e-2 log")
    order = ("tune", "--search", "--name", "rates", "--config", str(file), "--trials", "2", "--slots", "2")
    before = places(server)
    code, report = answer(*order, *vary, "--on", "box", "--wait")
    assert code == 0 and [row["state"] for row in report["trials"]] == ["complete", "complete"]
    assert searches.get(workspace, "rates").read_plan().target == "box"
    assert report["test"]["f1"] is not None and report["test_problem"] == "", "the best read the test side there"
    for run in searches.runs_of(workspace, "rates"):
        folder = RunFolder(workspace.files.run(run.id))
        assert json.loads(folder.target.read_text())["name"] == "box" and folder.has_model()
    code, more = answer("tune", "--search", "--name", "rates", "--trials", "3", "--wait")  # where it was before
    assert code == 0 and len(more["trials"]) == 3
    unread = {r.id for r in searches.runs_of(workspace, "rates") if (r.report or {}).get("test_unread")}
    tested = {report["best"]["run"], more["best"]["run"], more["preset"]}
    assert unread == {row["run"] for row in more["trials"]} - tested
    run = searches.runs_of(workspace, "rates")[-1]
    assert RunFolder(workspace.files.run(run.id)).target.exists()
    until(lambda: places(server) == before)


def test_a_trial_that_is_stopped_leaves_nothing_there_and_begins_anew_when_it_is_resumed(
    workspace: Workspace, server: SshServer, base: Path, target: Target
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG), on=target, once=True)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    until(lambda: progress.of(folder.path).step > 10 or not folder.at_work())
    jobs.stop(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.STOPPED and folder.has_model()
    assert not remote_folder(server, folder).exists()
    jobs.resume(workspace, run.id)
    until(lambda: len(of_type(folder, "started")) == 2)
    until(lambda: progress.of(folder.path).step > 10)
    assert [event["step"] for event in of_type(folder, "step")].count(1) == 2
