"""What a server answers, with an engine that counts words."""

import asyncio
import errno
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from starlette.testclient import TestClient

from storage import document_list, documents
from storage.files import sweep_temporary
from storage.records import Decision
from tests.support.serving import BREAKS, CountingEngine, application, serving
from workbench.serving import connections
from workbench.serving.collecting import Collector
from workbench.serving.documents import DocumentReader
from workbench.serving.guard import digest
from workbench.serving.metrics import SHARED
from workbench.workspace import Workspace

WORDS = {"words": ["Total", "11.90"], "boxes": [[0, 0, 40, 10], [50, 0, 90, 10]], "width": 100, "height": 100}
PDF = b"%PDF-1.4\nnot a document"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with serving(words=50, documents=3, body_bytes=100_000) as client:
        yield client


def test_texts_and_words_are_answered_in_order_with_what_identifies_the_answer(client: TestClient) -> None:
    response = client.post("/predict", json={"inputs": ["one two", WORDS]})
    answer = response.json()
    assert response.status_code == 200
    assert [d["fields"]["amount_total"]["value"] for d in answer["documents"]] == ["one", "Total"]
    assert answer["documents"][1]["fields"]["amount_total"]["box"] == [0, 0, 40, 10]
    assert answer["model"] == "counting" and answer["request_id"] == response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in response.headers


def test_a_file_is_read_by_the_importers(client: TestClient) -> None:
    files = {"files": ("../../list.json", json.dumps({"words": ["Sum"], "bboxes": [[1, 1, 9, 9]]}).encode())}
    assert client.post("/predict", files=files).json()["documents"][0]["fields"]["amount_total"]["value"] == "Sum"


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        ({"json": {"inputs": "  "}}, 400, "empty"),
        ({"json": {"inputs": []}}, 400, "empty"),
        ({"content": b"", "headers": {"content-type": "application/json"}}, 400, "empty"),
        ({"files": {"files": ("a.pdf", b"")}}, 400, "empty"),
        ({"json": {"inputs": ["a"] * 4}}, 413, "too_large"),
        ({"json": {"inputs": "a " * 51}}, 413, "too_large"),
        ({"json": {"inputs": "a" * 100_001}}, 413, "too_large"),
        ({"files": {"files": ("a.csv", b"text\n" + b"Total 9.00\n" * 4)}}, 413, "too_large"),
        ({"content": b"text", "headers": {"content-type": "text/plain"}}, 415, "unknown_kind"),
        ({"files": {"files": ("a.exe", b"\x00\x01\x02\xff")}}, 415, "unknown_kind"),
        ({"files": {"files": ("a.pdf", PDF)}}, 422, "unreadable"),
        ({"json": {"inputs": {**WORDS, "boxes": [[0, 0, 1, 1]]}}}, 422, "unreadable"),
        ({"json": {"inputs": {**WORDS, "model": "/etc"}}}, 422, "invalid_request"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "invalid_request"),
        ({"content": b'{"inputs": "\xff"}', "headers": {"content-type": "application/json"}}, 422, "invalid_request"),
        ({"json": {"inputs": f"a {BREAKS}"}}, 424, "model_failed"),
    ],
)
def test_an_error_has_a_type_a_message_and_a_remedy_and_names_no_folder(
    client: TestClient, request_: dict[str, Any], status: int, kind: str
) -> None:
    response = client.post("/predict", **request_)
    answer = response.json()
    assert (response.status_code, answer["type"]) == (status, kind), answer
    assert answer["message"] and answer["remedy"] and answer["request_id"]
    assert "Traceback" not in response.text and "/tmp" not in response.text and "secret" not in response.text


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"words": ["a"], "boxes": [[0, 0, 1, 1]], "height": 1}, "inputs: Object missing required field `width`"),
        (
            ["a", {"words": ["a"], "boxes": [[0, 0, 1]], "width": 1, "height": 1}],
            "inputs[1].boxes[0]: Expected `array` of length 4",
        ),
        (5, "inputs: It is no text, no words with boxes, and no list of these"),
        ({"words": ["a"], "boxes": [[0, 0, 1, 1]] * 2, "width": 1, "height": 1}, "It has 1 word but 2 boxes."),
        (["a", 5], "inputs[1]: It is no text, no words with boxes, and no list of these"),
    ],
)
def test_of_what_was_sent_wrongly_the_place_is_named(client: TestClient, inputs: Any, message: str) -> None:
    """And not that words with boxes are no text, which they were not meant to be."""
    answer = client.post("/predict", json={"inputs": inputs})
    assert (answer.status_code, answer.json()["message"]) == (422, message)


def test_a_document_that_breaks_does_not_break_those_beside_it(client: TestClient) -> None:
    answers = client.post("/predict", json={"inputs": ["one", BREAKS, "three"]}).json()["documents"]
    assert [a["error"] and a["error"]["type"] for a in answers] == [None, "model_failed", None]
    assert answers[2]["fields"]["amount_total"]["value"] == "three"


def test_of_several_files_the_one_that_cannot_be_read_is_named(client: TestClient) -> None:
    listed = json.dumps({"words": ["Sum"], "bboxes": [[1, 1, 9, 9]]}).encode()
    files = [("files", ("good.json", listed)), ("files", ("../bad.pdf", PDF))]
    answers = client.post("/predict", files=files).json()["documents"]
    assert [(a["document"], bool(a["error"])) for a in answers] == [("good", False), ("bad.pdf", True)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx.csv", b"a,b\n1,2\n3,4\n", "a.xlsx.csv: none of its columns is known."),
        ("a.zip", b"PK\x03\x04" + b"\x00" * 40, "a.zip: it is an archive: unpack it and import what is in it."),
        ("a.bin", b"PK\x03\x04" + b"\x00" * 40, "a.bin: it is an archive or an Office file."),
    ],
)
def test_a_caller_is_not_told_what_only_the_command_line_can_do(
    client: TestClient, name: str, content: bytes, message: str
) -> None:
    answer = client.post("/predict", files={"files": (name, content)}).json()
    assert answer["message"] == message


def test_a_batch_takes_more_than_a_request(client: TestClient) -> None:
    answers = client.post("/predict/batch", json={"inputs": [f"n{i}" for i in range(10)]}).json()["documents"]
    assert [a["fields"]["amount_total"]["value"] for a in answers] == [f"n{i}" for i in range(10)]


def test_the_token_is_asked_for_except_for_health_and_docs() -> None:
    with serving(token=digest("a-token-of-some-length")) as client:
        assert client.post("/predict", json={"inputs": "a"}).json()["type"] == "token_missing"
        wrong = client.get("/info", headers={"Authorization": "Bearer another"})
        assert (wrong.status_code, wrong.json()["type"]) == (403, "token_wrong")
        right = client.get("/info", headers={"Authorization": "Bearer a-token-of-some-length"})
        assert right.status_code == 200 and "Nothing is kept" in right.json()["keeps"]
        assert [client.get(path).status_code for path in ("/health", "/docs", "/openapi.json")] == [200] * 3
        assert client.get("/metrics").status_code == 401


def test_without_a_token_only_this_machine_is_answered(client: TestClient) -> None:
    """A page in a browser cannot reach the server by a name of its own that leads here."""
    assert client.get("/info", headers={"Host": "evil.example"}).json()["type"] == "wrong_host"


def test_a_page_of_another_site_is_not_answered_and_the_servers_own_is(client: TestClient) -> None:
    """A browser lets any page send a form here; with --collect it would become documents."""
    sent = {"files": ("a.json", b"[]")}
    foreign = client.post("/predict", files=sent, headers={"Origin": "http://evil.example"})
    assert (foreign.status_code, foreign.json()["type"]) == (403, "wrong_origin")
    own = f"http://{client.base_url.netloc.decode()}"
    assert client.get("/info", headers={"Origin": own}).status_code == 200
    for broken in ("null", "http://[", "["):
        assert client.get("/info", headers={"Origin": broken}).status_code == 403


def test_docs_need_no_network(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http" not in page.replace("httpd", "")
    for path in ("/docs/files/swagger-ui.css", "/docs/files/swagger-ui-bundle.js", "/docs/start.js"):
        assert path in page and client.get(path).status_code == 200


def test_the_examples_of_the_openapi_document_work(client: TestClient) -> None:
    body = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]["content"]
    examples = body["application/json"]["examples"]
    assert len(examples) >= 3
    for example in examples.values():
        assert client.post("/predict", json=example["value"]).status_code == 200


def test_a_request_that_takes_too_long_is_given_up() -> None:
    engine = CountingEngine()
    engine.gate.clear()
    with serving(engine, request_seconds=0.2) as client:
        late = client.post("/predict", json={"inputs": "a"})
        assert (late.status_code, late.json()["type"], late.headers["retry-after"]) == (503, "timeout", "5")
        engine.gate.set()
        assert client.post("/predict", json={"inputs": "a"}).status_code == 200


def test_a_full_queue_is_answered_with_when_to_come_back() -> None:
    engine = CountingEngine()
    engine.gate.clear()
    with serving(engine, queue_tokens=3, batch_tokens=2) as client:
        answers: list[int] = []

        def ask() -> None:
            answers.append(client.post("/predict", json={"inputs": "a b"}).status_code)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        while len(answers) < 4:
            time.sleep(0.01)
        refused = client.post("/predict", json={"inputs": "a b"})
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        engine.gate.set()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [200, 200, 429, 429, 429, 429]
        assert 'workbench_errors_total{type="overloaded"} 5' in client.get("/metrics").text


def test_the_first_requests_are_refused_too_where_they_would_wait_too_long() -> None:
    """By the speed of the warm-up: without it a server took what it could not answer in time, and answered 503."""
    engine = CountingEngine()
    engine.speed = 1.0
    engine.gate.clear()
    with serving(engine, batch_tokens=2) as client:
        answers: list[int] = []

        def ask() -> None:
            answers.append(client.post("/predict", json={"inputs": "a " * 30}).status_code)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        while len(answers) < 2:
            time.sleep(0.01)
        engine.gate.set()
        for thread in threads:
            thread.join()
        assert set(answers) == {200, 429} and answers.count(429) >= 2


def test_files_that_wait_neither_delay_texts_nor_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page takes OCR seconds."""
    gate = threading.Event()
    real = DocumentReader.file

    def file(self: DocumentReader, path: Path, folder: Path) -> Iterator[Any]:
        assert gate.wait(20)
        return real(self, path, folder)

    monkeypatch.setattr(DocumentReader, "file", file)
    files = {"files": ("list.json", json.dumps({"words": ["Sum"], "bboxes": [[1, 1, 9, 9]]}).encode())}
    with serving(waiting_files=5) as client:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(client.post("/predict", files=files).status_code))
            for _ in range(7)
        ]
        for thread in threads:
            thread.start()
        while len(answers) < 2:
            time.sleep(0.01)
        assert client.post("/predict", json={"inputs": "a"}).status_code == 200
        refused = client.post("/predict", files=files)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        gate.set()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [200] * 5 + [429] * 2


def test_a_server_that_stops_says_so_on_connections_that_are_open(client: TestClient) -> None:
    """Else the next request is sent on a connection that nothing reads, and lost."""
    state = client.app.state.server  # type: ignore[attr-defined]
    assert "connection" not in client.get("/health").headers
    state.name = "draining"
    try:
        answers = [client.get("/docs"), client.post("/predict", json={"inputs": "a"})]
    finally:
        state.name = "ready"
    assert [(a.status_code, a.headers["connection"]) for a in answers] == [(200, "close"), (503, "close")]


def test_what_is_sent_is_kept_only_where_that_was_asked_for(tmp_path: Any) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    with serving(collector=Collector(workspace, "counting", ""), collect="ws") as client:
        assert "becomes documents" in client.get("/info").json()["keeps"]
        for _ in range(2):  # the second one is known
            assert client.post("/predict", json={"inputs": WORDS}).status_code == 200
    with workspace.db.read() as connection:
        [number] = document_list.ids(connection)
        content = documents.open_document(connection, number)
    workspace.close()
    assert [token.text for token in content.tokens] == ["Total", "11.90"]
    [suggestion] = content.suggestions
    assert (suggestion.field, suggestion.tokens, suggestion.decision) == ("amount_total", (0,), Decision.OPEN)
    assert not content.annotations.spans


def test_until_the_model_is_loaded_requests_are_told_to_wait() -> None:
    async def ask(app: FastAPI) -> list[int]:
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        for method, path in (("POST", "/predict"), ("GET", "/health"), ("GET", "/info"), ("GET", "/docs")):
            scope = {
                "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
                "headers": [(b"host", b"127.0.0.1")], "http_version": "1.1", "scheme": "http", "app": app,
                "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "root_path": "",
            }  # fmt: skip
            await app(scope, receive, send)
        return statuses

    with ExitStack() as stack:
        assert asyncio.run(ask(application(CountingEngine(), stack))) == [503, 503, 503, 200]


def test_a_server_of_several_processes_is_ready_with_the_last_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that follows a ready /health comes upon no process that loads; nor does one after a process ended."""
    monkeypatch.setenv(SHARED, str(tmp_path))
    with ExitStack() as stack:
        app = application(CountingEngine(), stack, workers=2)
        client = stack.enter_context(TestClient(app, base_url="http://127.0.0.1"))
        while client.get("/info").status_code == 503:
            time.sleep(0.01)
        assert client.get("/health").status_code == 503
        (tmp_path / "ready-1").touch()
        assert client.get("/health").status_code == 200
        in_place_of_another = application(CountingEngine(), stack, workers=2)
        client = stack.enter_context(TestClient(in_place_of_another, base_url="http://127.0.0.1"))
        assert client.post("/predict", json={"inputs": "one"}).status_code == 200


def test_whatever_the_openapi_document_allows_is_answered_as_it_says(client: TestClient) -> None:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    statuses = []

    def check(case: schemathesis.Case) -> None:
        body = case.body if isinstance(case.body, dict | list | str | int | float | None) else None
        response = client.request(
            case.method, case.formatted_path, params=case.query or None, json=body if case.method == "POST" else None
        )
        documented = case.operation.definition.raw["responses"]
        assert str(response.status_code) in documented, (response.status_code, response.text, body)
        assert response.headers["content-type"].startswith(("application/json", "text/plain"))
        statuses.append(response.status_code)

    for operation in schema.get_all_operations():
        given = operation.ok().as_strategy()
        run = settings(
            max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
        )

        run(given_by(given)(check))()
    assert 200 in statuses


def test_what_is_sent_is_swept_when_its_server_was_killed_and_never_while_it_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    engine = CountingEngine()
    engine.gate.clear()
    with serving(engine) as client:
        asking = threading.Thread(target=client.post, args=("/predict",), kwargs={"json": {"inputs": WORDS}})
        asking.start()
        while len(folders := list(tmp_path.iterdir())) < 2:
            time.sleep(0.01)
        for folder in folders:
            os.utime(folder, (1e9, 1e9))  # a server that has run for days
        shutil.copytree(folders[0], tmp_path / "workbench-request-killed00")  # its lock is free
        sweep_temporary()
        assert set(tmp_path.iterdir()) == set(folders)
        engine.gate.set()
        asking.join()
    assert not list(tmp_path.iterdir())


def test_a_connection_that_asks_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of them, which need no token, would take every file that a server may have open."""
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.1)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.4)  # longer than a client may be silent: this one waits for its answer
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def ask(port: int, sent: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(5):
            received = await reader.read()
        writer.close()
        return received

    async def go() -> list[bytes]:
        config = uvicorn.Config(answer, port=0, lifespan="off", log_level="critical", http=connections.Connection)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        head = b"GET / HTTP/1.1\r\nHost: x\r\n"
        answers = await asyncio.gather(ask(port, head), ask(port, b""), ask(port, head + b"\r\n"))
        server.should_exit = True
        await running
        return list(answers)

    slow, silent, whole = asyncio.run(go())
    assert (slow, silent) == (b"", b"")
    assert whole.startswith(b"HTTP/1.1 204")


def _answers_to(
    client: TestClient, parts: Iterator[dict[str, Any]], kind: bytes = b"application/json"
) -> list[dict[str, Any]]:
    """What the server sends for a request whose parts arrive so."""
    answers: list[dict[str, Any]] = []

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        answers.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", kind)]
    scope = {
        "type": "http", "method": "POST", "path": "/predict", "raw_path": b"/predict", "query_string": b"",
        "headers": headers, "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80), "client": None,
    }  # fmt: skip
    client.portal.call(client.app, scope, receive, send)
    return answers


def test_a_client_that_goes_away_amid_its_request_is_no_fault_of_the_server() -> None:
    """The log of a server has no traceback of it."""
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    with serving() as client:
        answers = _answers_to(client, parts)
    assert answers[0]["status"] == 400
    assert json.loads(answers[1]["body"])["type"] == "cut_off"


def test_what_waits_for_a_client_that_has_gone_is_read_no_more() -> None:
    """Those that come after it need not wait for it."""
    engine = CountingEngine()
    engine.gate.clear()
    body = json.dumps({"inputs": ["one", "two", "three"]}).encode()
    parts = iter([{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}])
    with serving(engine, batch_tokens=1) as client:
        answers = _answers_to(client, parts)
        assert json.loads(answers[1]["body"])["type"] == "cut_off"
        engine.gate.set()
        assert client.post("/predict", json={"inputs": "four"}).status_code == 200
    assert sum(engine.batches) <= 2  # the one at which the model was, and the last


def test_of_a_file_that_was_being_read_for_a_client_that_has_gone_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reading goes on for a while, and wrote into a folder that had been deleted."""
    began, has_gone = threading.Event(), threading.Event()

    def read(reader: DocumentReader, path: Path, folder: Path) -> Iterator[Any]:
        began.set()
        assert has_gone.wait(20)
        (folder / "files").mkdir(parents=True)
        return iter(())

    def parts() -> Iterator[dict[str, Any]]:
        content = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF\r\n--x--\r\n'
        yield {"type": "http.request", "body": content, "more_body": False}
        assert began.wait(20)
        yield {"type": "http.disconnect"}

    monkeypatch.setattr(DocumentReader, "file", read)
    with serving() as client, monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        answers = _answers_to(client, parts(), b"multipart/form-data; boundary=x")
        assert json.loads(answers[1]["body"])["type"] == "cut_off"
        has_gone.set()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_a_server_without_space_for_what_is_sent_says_so_and_goes_on_once_there_is_some(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file of some size is kept on the disk before it is read. Neither is a fault of the server with a traceback."""
    sent = {"files": ("list.json", json.dumps({"words": ["Sum"], "bboxes": [[1, 1, 9, 9]]}).encode() + b" " * size)}
    with serving() as client:
        with monkeypatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
            answer = client.post("/predict", files=sent)
        assert (answer.status_code, answer.json()["type"]) == (503, "no_space")
        assert "gone" not in answer.text and "Traceback" not in caplog.text
        assert client.post("/predict", files=sent).status_code == 200


def test_a_document_for_which_there_is_no_space_is_said_to_be_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with serving() as client:
        assert client.post("/predict", files={"files": ("a.txt", b"Total 9.00")}).json()["type"] == "no_space"


def test_a_server_ends_where_the_kernel_allows_no_packet_filter() -> None:
    """As for users without rights in containers: the signal's handler failed, and the server went on."""

    class WithoutRights:
        def setsockopt(self, level: int, name: int, value: bytes, /) -> None:
            raise PermissionError(1, "Operation not permitted")

    connections.refuse_new([WithoutRights()])
