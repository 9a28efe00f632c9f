"""What a browser asks: the page, its files, and the connection that shows a session, after token and origin."""

import asyncio
import errno
import hashlib
import hmac
import json
import logging
import re
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import textual_serve
from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from workbench.fields.plain_text import harmless
from workbench.serving.options import LOOPBACK
from workbench.web.sessions import LARGEST, Session, Sessions

_COOKIE = "workbench_visitor"
_STATIC = Path(textual_serve.__file__).parent / "static"
_PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_LARGEST_MESSAGE = 1_000_000  # bytes: what is pasted
_END_SECONDS = 5.0
_WRONG_SECONDS = 0.5  # before a wrong token is answered
_REQUEST_SECONDS = 20.0  # in which a request's headers come, and the token of a form
_HOST = re.compile(r"[A-Za-z0-9._-]*(:[0-9]*)?|\[[0-9a-fA-F:.]*\](:[0-9]*)?")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none, a browser sends the form's origin as "null"
    "Server": "workbench",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
}
_STYLE = """
@font-face { font-family: "Roboto Mono"; src: url("/static/fonts/RobotoMono-VariableFont_wght.ttf"); }
body { background: #101418; color: #e0e0e0; font: 16px "Roboto Mono", monospace; margin: 0; overflow: hidden; }
.message { position: absolute; inset: 0; display: flex; flex-direction: column; gap: 16px; align-items: center;
  justify-content: center; z-index: 10; background: #101418; }
.message a, .message button { color: #56b4e9; font: inherit; }
.message input { font: inherit; padding: 4px; width: 24em; }
.-first-byte .opening, .closed { display: none; }
.-closed .closed { display: flex; }
"""
_FOCUS = """// keys go to the screen as soon as it is there, not only after a click
window.addEventListener("load", () => {
  const focus = () => {
    if (document.body.classList.contains("-first-byte")) document.querySelector(".xterm-helper-textarea")?.focus();
  };
  new MutationObserver(focus).observe(document.body, { attributes: true, attributeFilter: ["class"] });
});
"""


@dataclass(frozen=True)
class Access:
    """Who may see the screens.

    Args:
        host: that is listened on.
        token: its SHA-256, as hexadecimal digits; "" where this machine alone is answered, without one.
    """

    host: str
    token: str
    admitted: set[str] = field(default_factory=set)  # visitors who sent the token

    def refusal(self, request: web.Request) -> web.Response | None:
        """The answer for a request that may not be answered; None where it may."""
        if not _HOST.fullmatch(request.host):
            return _problem(400, "The server's name is no name.")
        if not self.token and self.host in LOOPBACK and _name_of(request.host) not in LOOPBACK:
            return _problem(403, "This server answers this machine only. Ask for http://127.0.0.1.")
        origin = request.headers.get("Origin", "")
        if origin and origin.partition("://")[2] != request.host:  # another site's page in this browser
            return _problem(403, "This server answers its own pages only.")
        return None

    def admits(self, request: web.Request) -> bool:
        """Whether the token was sent with this request, or by this visitor before."""
        if not self.token or request.cookies.get(_COOKIE, "") in self.admitted:
            return True
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.casefold() == "bearer" and self.is_right(token)

    def is_right(self, token: str) -> bool:
        digest = hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).hexdigest()
        return hmac.compare_digest(digest, self.token)


def serve(listening: socket.socket, command: Sequence[str], title: str, access: Access) -> None:
    """Serve at a socket until SIGINT or SIGTERM, and end the sessions then."""
    server_logger.addFilter(_in_one_line)
    web.run_app(
        application(command, title, access), sock=listening, print=None, access_log=None,
        shutdown_timeout=_END_SECONDS, keepalive_timeout=_REQUEST_SECONDS,
    )  # fmt: skip


def application(command: Sequence[str], title: str, access: Access) -> web.Application:
    """The application of a server.

    Args:
        command: that opens the screens.
        title: of the page.
        access: who may see them.
    """
    sessions = Sessions(command)

    @web.middleware
    async def guard(request: web.Request, handler: Callable[[web.Request], Awaitable[Any]]) -> Any:
        answer = access.refusal(request)
        if answer is None and not access.admits(request) and request.path not in ("/", "/login"):
            answer = _problem(401, "A token is needed.")
        try:
            answer = answer or await handler(request)
        except web.HTTPException as problem:
            problem.headers.update(_HEADERS)
            raise
        except ConnectionError:  # the line broke: the answer reaches no one
            answer = _problem(400, "The line broke.")
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            answer = _problem(404, "There is no such file.")
        if not answer.prepared:
            answer.headers.update(_HEADERS)
        return answer

    async def index(request: web.Request) -> web.Response:
        if not access.admits(request):
            return _page(401, title, _LOGIN.format(note="A token is needed: its operator has it."))
        answer = _page(200, title, _TERMINAL.format(address=escape(_socket_address(request))), script=True)
        if not request.cookies.get(_COOKIE):
            _recognise(answer, secrets.token_urlsafe(32))
        return answer

    async def login(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                token = str((await request.post()).get("token", ""))
        except (ValueError, LookupError, TimeoutError, web.RequestPayloadError):
            return _problem(400, "That is no form with a token.")
        if not access.is_right(token):
            await asyncio.sleep(_WRONG_SECONDS)
            return _page(403, title, _LOGIN.format(note="The token is not this server's. Ask its operator for it."))
        visitor = secrets.token_urlsafe(32)
        access.admitted.add(visitor)
        answer = web.Response(status=303, headers={"Location": "/"})
        _recognise(answer, visitor)
        return answer

    async def connect(request: web.Request) -> web.StreamResponse:
        visitor = request.cookies.get(_COOKIE, "") or secrets.token_urlsafe(32)
        if sessions.is_full(visitor):
            return _problem(503, f"All {len(sessions)} sessions are taken. Try again later.")
        try:
            width, height = _size(request.query.get("width", "80"), request.query.get("height", "24"))
        except ValueError:
            return _problem(400, "The size of a screen is two numbers.")
        connection = web.WebSocketResponse(heartbeat=15, max_msg_size=_LARGEST_MESSAGE)
        await connection.prepare(request)
        try:
            session = await sessions.connect(visitor, connection, width, height)
            await _pass_on(connection, session)
        except ConnectionError:  # the line broke meanwhile
            pass
        finally:
            sessions.disconnect(visitor, connection)
        return connection

    async def focus(_: web.Request) -> web.Response:
        return web.Response(text=_FOCUS, content_type="text/javascript")

    async def download(request: web.Request) -> web.StreamResponse:
        return await _download(request, sessions)

    async def end(_: web.Application) -> None:
        await sessions.end()

    app = web.Application(middlewares=[guard], client_max_size=100_000)
    app.add_routes(
        [
            web.get("/", index),
            web.post("/login", login),
            web.get("/ws", connect),
            web.get("/focus.js", focus),
            web.get("/download/{key}", download),
            web.static("/static", _STATIC),
        ]
    )
    app.on_shutdown.append(end)
    return app


def _in_one_line(record: logging.LogRecord) -> bool:
    """Have the log say in one line what was wrong with a request that is no HTTP: that is no fault of the server."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError):
        what = error.message.strip().partition("\n")[0] if isinstance(error, HttpProcessingError) else ""
        sender = f" from {record.args[0]}" if isinstance(record.args, tuple) and record.args else ""
        why = harmless(what).rstrip(":")[:200] or "its body cannot be read"
        record.msg, record.args = f"A request{sender} is refused: {why} ({type(error).__name__})", ()
        record.exc_info = record.exc_text = None
    return True


async def _pass_on(connection: web.WebSocketResponse, session: Session) -> None:
    """Hand what the browser sends to the session, until the line breaks or something else comes than that."""
    service = session.service
    async for message in connection:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            kind, *values = json.loads(message.data)
            value = values[0] if values else None
            if kind == "stdin":
                await service.send_bytes(str(value).encode("utf-8", "ignore"))
            elif kind == "resize" and isinstance(value, dict):
                await service.set_terminal_size(*_size(value.get("width"), value.get("height")))
            elif kind == "ping":
                await connection.send_json(["pong", value])
            elif kind in ("blur", "focus"):
                await (service.blur() if kind == "blur" else service.focus())
        except (ValueError, TypeError, RecursionError):
            await connection.close(message=b"not understood")


async def _download(request: web.Request, sessions: Sessions) -> web.StreamResponse:
    """A file that a session gives away, such as a page's picture."""
    key = request.match_info["key"]
    try:
        facts = await sessions.downloads.get_download_metadata(key)
    except KeyError:
        return _problem(404, "There is no such file.")
    is_picture = facts.mime_type in _PICTURES  # what else there is could be a page with a script
    disposition = "inline" if facts.open_method == "browser" and is_picture else "attachment"
    name = facts.file_name.replace('"', "")
    answer = web.StreamResponse(headers={**_HEADERS, "Content-Type": facts.mime_type})
    answer.headers["Content-Disposition"] = f'{disposition}; filename="{name}"'
    await answer.prepare(request)
    async for chunk in sessions.downloads.download(key):
        await answer.write(chunk)
    await answer.write_eof()
    return answer


def _size(width: object, height: object) -> tuple[int, int]:
    """Columns and rows, within what a screen has.

    Raises:
        ValueError, TypeError: they are no numbers.
    """
    sizes = (int(str(width)), int(str(height)))
    return min(max(sizes[0], 1), LARGEST[0]), min(max(sizes[1], 1), LARGEST[1])


def _name_of(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _socket_address(request: web.Request) -> str:
    is_secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
    return f"{'wss' if is_secure else 'ws'}://{request.host}/ws"


def _recognise(answer: web.Response, visitor: str) -> None:
    answer.set_cookie(_COOKIE, visitor, httponly=True, samesite="Strict", path="/")


def _problem(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n")


def _page(status: int, title: str, body: str, *, script: bool = False) -> web.Response:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><link rel="icon" href="data:,"><style>{_STYLE}</style>'
    if script:
        head += '<link rel="stylesheet" href="/static/css/xterm.css"><script src="/static/js/textual.js"></script>'
        head += '<script src="/focus.js"></script>'
    text = f'<!DOCTYPE html><html lang="en"><head>{head}</head><body>{body}</body></html>'
    return web.Response(status=status, text=text, content_type="text/html")


_LOGIN = """<form class="message" method="post" action="/login"><div>{note}</div>
<input name="token" type="password" autofocus autocomplete="current-password" aria-label="Token">
<button>Open</button></form>"""
_TERMINAL = """<div class="message opening">Opening …</div>
<div class="message closed"><div>The session is not shown here any more. What was saved is kept.</div>
<a href="/">Open it again</a></div>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{address}" data-font-size="16"></div>"""
