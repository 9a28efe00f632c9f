"""A server on this machine that speaks as much of the Hugging Face Hub as uploading a model needs."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.support import hub_worker
from workbench.runs import machine
from workbench.warm_workers import Worker

TOKEN = "hf_of_the_test_alone"


@dataclass
class Hub:
    """What it was sent, and how it answers."""

    address: str = ""
    requests: list[str] = field(default_factory=list)  # method and path
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)  # id -> path -> content
    private: dict[str, bool] = field(default_factory=dict)  # id ->
    status: int = 200  # of every answer
    refusal: str = "refused"  # what an answer that is none says

    def answer(self, method: str, path: str, sent: bytes) -> tuple[int, Any]:
        """Status and JSON for a request."""
        path, _, _ = path.partition("?")
        self.requests.append(f"{method} {path}")
        if self.status != 200:
            return self.status, {"error": self.refusal}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            wanted = json.loads(sent)
            name = f"{wanted['organization']}/{wanted['name']}"
            known = name in self.repositories
            self.repositories.setdefault(name, {})
            self.private.setdefault(name, wanted.get("visibility") == "private" or bool(wanted.get("private")))
            return 409 if known else 200, {"url": f"{self.address}/{name}"}
        if not path.startswith("/api/models/"):
            return 404, {"error": f"no {path} here"}
        owner, short, *act = path.removeprefix("/api/models/").split("/")
        name = f"{owner}/{short}"
        files = self.repositories[name]
        match act:
            case []:
                return 200, {"id": name, "private": self.private[name], "siblings": []}
            case ["tree", "main"]:
                return 200, [{"type": "file", "path": path, "size": 1, "oid": "0" * 40} for path in files]
            case ["preupload", "main"]:
                asked = json.loads(sent)["files"]
                modes = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]
                return 200, {"files": modes}
            case ["commit", "main"]:
                self._commit(files, sent)
                return 200, {"commitUrl": f"{self.address}/{name}/commit/{'1' * 40}", "commitOid": "1" * 40}
        return 404, {"error": f"no {path} here"}

    def _commit(self, files: dict[str, bytes], sent: bytes) -> None:
        for line in map(json.loads, sent.splitlines()):
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "deletedFile":
                del files[line["value"]["path"]]


@contextmanager
def listening() -> Iterator[Hub]:
    """A hub on a free port, for as long as it is wanted."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, data = hub.answer(self.command, self.path, sent)
            body = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


def use(hub: Hub, patch: pytest.MonkeyPatch, token: str = TOKEN) -> None:
    """Have processes that start from now on take it for the Hub, and log in there."""
    patch.setenv("HF_ENDPOINT", hub.address)
    patch.setenv("HF_TOKEN", token)


def start_worker(folder: Path, output: BinaryIO) -> Worker:
    """Have a run trained by a process that is forked where the libraries are loaded, and takes this hub for the Hub.

    It gets the variables once it runs: libraries read them when they are loaded, and no process would be forked.
    """
    with pytest.MonkeyPatch.context() as patch:
        variables = {name: value for name in ("HF_ENDPOINT", "HF_TOKEN") if (value := os.environ.get(name))}
        for name in variables:
            patch.delenv(name)
        return machine.start(
            hub_worker.__name__, json.dumps(variables), str(folder), cwd=folder, output=output, errors=output
        )
