"""The screens over HTTP and a websocket, as a browser sees them: keys in, screen out; and who is let in."""

import asyncio
import gc
import hashlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from storage.exceptions import UsageProblem
from tests.support import workspaces
from workbench.commands import web as command
from workbench.web import server as web_server
from workbench.web import sessions
from workbench.web.server import Access, application

TOKEN = "a token of the tests"
DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()
_ECHO = """
import os, sys
out = lambda kind, data: (sys.stdout.buffer.write(kind + len(data).to_bytes(4, "big") + data), sys.stdout.flush())
sys.stdout.buffer.write(b"__GANGLION__\\n"); out(b"D", b"pid=%d;" % os.getpid())
while head := sys.stdin.buffer.read(5):
    data = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
    if b'"quit"' in data: break
    out(b"D", head[:1] + data + b";")
out(b"M", b'{"type": "exit"}')
"""
"""Speaks as Textual's driver does, and says what it gets."""


@asynccontextmanager
async def serving(program: list[str], token: str = "") -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    server = TestServer(application(program, "ws", Access("127.0.0.1", token)), host="127.0.0.1")
    async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


def echo() -> list[str]:
    return [sys.executable, "-c", _ECHO]


async def shown(socket: ClientWebSocketResponse, until: str, seconds: float = 60) -> str:
    """What a screen gets, until a text is among it (escape sequences left out)."""
    text = ""
    async with asyncio.timeout(seconds):
        while until not in re.sub(r"\x1b\[[0-9;?<>=]*[A-Za-z]", "", text):
            message = await socket.receive()
            assert message.type is WSMsgType.BINARY, (message, text[-500:])
            text += message.data.decode()
    return re.sub(r"\x1b\[[0-9;?<>=]*[A-Za-z]", "", text)


async def gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while Path(f"/proc/{pid}").exists():
            await asyncio.sleep(0.05)


def pid_in(text: str) -> int:
    return int(re.search(r"pid=(\d+);", text)[1])  # type: ignore[index]


async def test_keys_go_in_the_screen_comes_out_and_a_broken_line_comes_back_to_the_same_session(tmp_path: Path) -> None:
    """The program itself: another screen by its key, a smaller one after a resize, the same one after it comes back."""
    workspace = workspaces.workspace(tmp_path / "invoices", {"train": 2, "validation": 1, "test": 0, "pool": 1})
    workspace.close()
    program = [sys.executable, "-P", "-m", "workbench", "-w", str(tmp_path / "invoices")]
    async with serving(program) as client:
        page = await client.get("/")
        assert page.status == 200 and "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert (await client.get("/static/js/textual.js")).status == 200
        async with client.ws_connect("/ws?width=100&height=30") as socket:
            await shown(socket, "Annotate")
            await socket.send_json(["stdin", "\x1b[15~"])  # F5
            await shown(socket, "No runs yet")
            await socket.send_json(["resize", {"width": 90, "height": 20}])
            await shown(socket, "No runs yet")
        async with client.ws_connect("/ws?width=110&height=28") as socket:
            text = await shown(socket, "No runs yet")
            assert "Runs" in text, "it is drawn as it was left, not begun anew"
            await socket.send_json(["stdin", "\x11"])  # Ctrl+Q leaves
            async with asyncio.timeout(30):
                while (message := await socket.receive()).type is not WSMsgType.CLOSE:
                    assert message.type is WSMsgType.BINARY


async def test_a_visitor_has_one_session_and_its_process_ends_with_the_server() -> None:
    async with serving(echo()) as client, serving(echo()) as other:
        await client.get("/")
        await other.get("/")
        first = await client.ws_connect("/ws")
        pid = pid_in(await shown(first, "pid="))
        second = await client.ws_connect("/ws")
        assert (await first.receive()).type is WSMsgType.CLOSE, "the second tab takes the session over"
        await second.send_json(["stdin", "é"])
        assert "Dé;" in await shown(second, "Dé;")
        stranger = await other.ws_connect("/ws")
        assert pid_in(await shown(stranger, "pid=")) != pid
        await second.close()
    await gone(pid)


async def test_a_session_ends_when_its_visitor_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "KEPT_SECONDS", 0.1)
    async with serving(echo()) as client:
        await client.get("/")
        socket = await client.ws_connect("/ws")
        pid = pid_in(await shown(socket, "pid="))
        await socket.close()
        await gone(pid)
        again = await client.ws_connect("/ws")
        assert pid_in(await shown(again, "pid=")) != pid


async def test_a_session_ends_with_a_server_that_was_killed(tmp_path: Path) -> None:
    """The program holds a pipe of its server's, so that kill -9 leaves no session behind."""
    held = "from workbench import lifeline; lifeline.hold()\n" + _ECHO
    code = (
        "import socket, sys; from workbench.web import server\n"
        "listening = socket.create_server(('127.0.0.1', 0)); print(listening.getsockname()[1], flush=True)\n"
        f"server.serve(listening, [sys.executable, '-c', {held!r}], 'ws', server.Access('127.0.0.1', ''))\n"
    )
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert server.stdout is not None
    port = int(await server.stdout.readline())
    async with ClientSession() as client, client.ws_connect(f"http://127.0.0.1:{port}/ws") as socket:
        pid = pid_in(await shown(socket, "pid="))
        server.kill()
        await server.wait()
        await gone(pid)


async def test_no_more_sessions_than_the_machine_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST", 1)
    async with serving(echo()) as client:
        first = await client.ws_connect("/ws")
        await shown(first, "pid=")
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("/ws")
        assert refused.value.status == 503


async def test_nonsense_closes_the_connection_and_harms_no_session() -> None:
    async with serving(echo()) as client:
        await client.get("/")
        for nonsense in ("x", "{}", "[]", '["resize", {"width": "wide"}]', "[" * 5000, '["stdin"]', "[1]"):
            socket = await client.ws_connect("/ws")
            await socket.send_str(nonsense)
            await socket.close()
        assert (await client.get("/ws?width=9999999&height=x")).status == 400
        socket = await client.ws_connect("/ws")
        await socket.send_json(["resize", {"width": 10**9, "height": -1}])
        assert '"width": 500, "height": 1' in await shown(socket, '"height": 1}')


async def test_without_the_token_no_one_is_shown_anything() -> None:
    async with serving(echo(), DIGEST) as client:
        page = await client.get("/")
        assert page.status == 401 and "terminal" not in await page.text()
        assert page.headers["Referrer-Policy"] == "same-origin", "else Chromium sends the form with the origin null"
        for path in ("/ws", "/static/js/textual.js", "/download/x"):
            assert (await client.get(path)).status == 401
        wrong = await client.post("/login", data={"token": "another token of the tests"})
        assert wrong.status == 403 and "not this server's" in await wrong.text()
        wrong_header = {"Authorization": "Bearer another token of the tests"}
        with pytest.raises(WSServerHandshakeError):
            await client.ws_connect("/ws", headers=wrong_header)
        forged = {"Cookie": "workbench_visitor=guessed"}
        assert (await client.get("/ws", headers=forged)).status == 401
        script = await client.ws_connect("/ws", headers={"Authorization": f"Bearer {TOKEN}"})
        await shown(script, "pid=")
        right = await client.post("/login", data={"token": f" {TOKEN}\n"}, allow_redirects=False)
        assert right.status == 303 and "HttpOnly" in right.headers["Set-Cookie"]
        assert "SameSite=Strict" in right.headers["Set-Cookie"] and TOKEN not in str(right.headers)
        assert (await client.get("/")).status == 200
        await shown(await client.ws_connect("/ws"), "pid=")


async def test_another_site_in_the_same_browser_is_refused() -> None:
    async with serving(echo()) as client:
        assert (await client.get("/", headers={"Host": "evil.example"})).status == 403
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("/ws", headers={"Origin": "http://evil.example"})
        assert refused.value.status == 403
        mine = f"http://127.0.0.1:{client.port}"
        await shown(await client.ws_connect("/ws", headers={"Origin": mine}), "pid=")


@pytest.mark.parametrize(
    ("request_line", "headers", "body", "status"),
    [
        ("GET /", b"Origin: http://[", b"", 403),
        ("GET /", b"Host: 127.0.0.1:\xff\xfe", b"", 400),
        ("GET /", b'Host: 127.0.0.1:"><script>', b"", 400),
        ("GET /static/" + "a" * 5000, b"", b"", 404),
        ("POST /login", b"Content-Type: multipart/form-data", b"{}", 400),
        ("POST /login", b"Content-Type: multipart/form-data; boundary=x", b"{}", 400),
        ("POST /login", b"Content-Type: application/x-www-form-urlencoded; charset=zzz", b"token=a", 400),
        ("POST /login", b"Content-Type: application/x-www-form-urlencoded", b"token=\xff", 400),
        ("POST /login", b"Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip", b"token=a", 400),
    ],
)
async def test_a_request_that_makes_no_sense_is_answered_and_is_no_fault_of_the_server(
    request_line: str, headers: bytes, body: bytes, status: int
) -> None:
    async with serving(echo(), DIGEST) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        host = b"" if headers.startswith(b"Host") else b"Host: 127.0.0.1\r\n"
        admitted = f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        writer.write(f"{request_line} HTTP/1.1\r\n{admitted}".encode() + host + headers + b"\r\n" * 2 + body)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The port of a server that is a process of its own; its file `log` is there afterwards."""
    code = (
        "import socket; from workbench.web import server\n"
        "listening = socket.create_server(('127.0.0.1', 0)); print(listening.getsockname()[1], flush=True)\n"
        "server.serve(listening, [], 'ws', server.Access('127.0.0.1', ''))\n"
    )
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=log, cwd=Path(__file__).parents[2]
        ) as server,
    ):
        assert server.stdout is not None
        yield int(server.stdout.readline())
        server.terminate()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00",
        b"\x1b]0;title\x07 / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nLong: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Encoding: deflate\r\nContent-Length: 5\r\n\r\nabcde",
    ],
)
def test_a_request_that_is_no_http_is_one_line_in_the_log(request_bytes: bytes, tmp_path: Path) -> None:
    with served(tmp_path) as port, socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(request_bytes)
        answer = connection.recv(1000)
    log = (tmp_path / "log").read_text()
    assert b" 400 " in answer.splitlines()[0]
    assert len(log.splitlines()) <= 1 and "\x1b" not in log and "Traceback" not in log, log


def test_a_line_that_breaks_amid_a_form_is_no_fault_of_the_server(tmp_path: Path) -> None:
    form = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n"
    with served(tmp_path) as port:
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n" + form)
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"--x\r\nContent-Disposition: form-data; name=token\r\n\r\na")
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert (tmp_path / "log").read_text() == ""


async def test_a_form_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_server, "_REQUEST_SECONDS", 0.05)
    async with serving(echo(), DIGEST) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\ntoken="
        writer.write(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n" + form)
        assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 400 ")
        writer.close()


async def test_lines_that_break_while_they_come_back_are_no_fault_of_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(echo()) as client:
        await client.get("/")
        await shown(await client.ws_connect("/ws"), "pid=")
        for _ in range(5):
            sockets = await asyncio.gather(*(client.ws_connect("/ws") for _ in range(6)))
            await asyncio.gather(*(socket.close() for socket in sockets))
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_session_that_is_ended_twice_at_once_closes_no_file_of_another() -> None:
    async with serving(echo()) as client:
        await client.get("/")
        await shown(await client.ws_connect("/ws"), "pid=")
        [held] = [found for found in gc.get_objects() if isinstance(found, sessions.Session)]
        await asyncio.gather(held.service.end(), held.service.end())


def test_an_address_that_is_taken_is_named() -> None:
    taken = command._listen("127.0.0.1", 0)
    with taken, pytest.raises(UsageProblem, match="cannot be listened on"):
        command._listen("127.0.0.1", taken.getsockname()[1])


def test_the_program_s_own_pages_need_no_network() -> None:
    from workbench.web import server

    assert "http" not in server._STYLE + server._LOGIN + server._TERMINAL
    assert os.path.isdir(server._STATIC)  # noqa: PTH112
