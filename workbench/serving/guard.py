"""Stands before the application: token, size of the body, host name, request id, and the headers of every answer."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.serving import problems
from workbench.serving.metrics import Metrics
from workbench.serving.options import LOOPBACK, Options
from workbench.serving.problems import ServingProblem

OPEN = ("/health", "/docs", "/openapi.json")
"""Paths that need no token: they say nothing about documents or the model. With all that is below /docs."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
}
_KNOWN = frozenset({"/predict", "/predict/batch", "/health", "/info", "/metrics", "/docs", "/openapi.json"})


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, options: Options, metrics: Metrics, state: Callable[[], str]) -> None:
        self._app, self._options, self._metrics, self._state = app, options, metrics, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        request = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request
                for name, value in _HEADERS.items():
                    headers[name] = value
                if self._state() == "draining":
                    headers["Connection"] = "close"  # else the caller sends its next request where nothing reads it
            await send(message)

        try:
            self._refuse(scope)
            await self._app(scope, self._limited(receive), answer)
        except ServingProblem as problem:
            self._metrics.errors.labels(problem.kind).inc()
            await _send(problem, request, answer)
        finally:
            path = scope["path"] if scope["path"] in _KNOWN else "other"
            self._metrics.requests.labels(path, str(status)).inc()
            self._metrics.seconds.labels(path).observe(time.monotonic() - began)

    def _refuse(self, scope: Scope) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        if not self._options.token and self._options.host in LOOPBACK and _host(headers) not in LOOPBACK:
            raise ServingProblem(
                403, "wrong_host", "This server answers this machine only.", "Ask for http://127.0.0.1."
            )
        origin = headers.get("origin", "")
        if not self._options.token and origin and origin.partition("://")[2] != headers.get("host", ""):
            raise ServingProblem(
                403, "wrong_origin", "A page of another site asks.", "Ask from a program, or from this server's /docs."
            )
        is_open = path in OPEN or path.startswith("/docs/")
        if self._options.token and not is_open:
            _check_token(headers.get("authorization", ""), self._options.token)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._options.body_bytes:
            raise self._too_large()
        if path.startswith("/predict") and self._state() == "draining":
            raise problems.draining()
        if path.startswith("/predict") and self._state() == "loading":
            raise problems.loading()

    def _limited(self, receive: Receive) -> Receive:
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._options.body_bytes:
                raise self._too_large()
            return message

        return limited

    def _too_large(self) -> ServingProblem:
        return problems.too_large(f"The request is larger than {self._options.body_bytes / 1e6:,.0f} MB.")


def digest(token: str) -> str:
    """What a server keeps of its token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check_token(authorization: str, expected: str) -> None:
    scheme, _, token = authorization.partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise ServingProblem(401, "token_missing", "A token is needed.", "Send `Authorization: Bearer TOKEN`.")
    if not hmac.compare_digest(digest(token.strip()), expected):
        raise ServingProblem(403, "token_wrong", "The token is not this server's.", "Ask its operator for the token.")


def _host(headers: Headers) -> str:
    host = headers.get("host", "")
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


async def _send(problem: ServingProblem, request: str, send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.retry_after is not None:
        headers.append((b"retry-after", str(problem.retry_after).encode()))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem.body(request)).encode()})
