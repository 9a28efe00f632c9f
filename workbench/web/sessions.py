"""The program's processes, one a visitor: started with the first connection, kept while a broken line may come back."""

import asyncio
import os
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from workbench import lifeline

MOST = 20
"""Sessions at a time: each is a process of the program."""
KEPT_SECONDS = 60.0
"""How long a session waits for its visitor to come back."""
_END_SECONDS = 5.0  # that a process has to end in order
_REPAINT_SECONDS = 0.15
LARGEST = (500, 300)  # columns and rows
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")  # the server's own: no visitor sees them
# what Textual's driver writes once, at its start: another screen, mouse, no cursor, pasting
_BEGINNING = b"\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h\x1b[?25l\x1b[?2004h"


class _Service(AppService):
    """A process of the program, without a shell, that ends with this one."""

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        environment = self._build_environment(width=width, height=height)
        for name in _DISPLAYS:
            environment.pop(name, None)
        environment, theirs, self._rope = lifeline.rope(environment)
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command.split("\0"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, env=environment, pass_fds=(theirs,),
            )  # fmt: skip
        except BaseException:
            os.close(self._rope)
            raise
        finally:
            os.close(theirs)
        self._process, self._stdin = process, process.stdin
        return process

    async def ended(self) -> None:
        """Wait for the process to end by itself."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def end(self) -> None:
        """End the process in order; where it does not, at once."""
        process = self._process
        if process is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop(), _END_SECONDS)
        with suppress(ProcessLookupError):
            process.kill() if process.returncode is None else None
        await process.wait()
        if self._process is not None:  # another call may have been here meanwhile, and its number be another file's
            os.close(self._rope)
            self._process = None


def _closing(connection: web.WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await connection.close()

    return close


async def _nowhere(_: bytes | str = b"") -> None:
    """What the process shows while no visitor is connected: it is drawn anew later."""


@dataclass
class Session:
    """A visitor's process, and the connection that shows it."""

    service: _Service
    socket: web.WebSocketResponse | None = None
    leaving: asyncio.TimerHandle | None = None
    watch: "asyncio.Task[None] | None" = None


@dataclass
class Sessions:
    """All sessions, by visitor.

    Args:
        command: that opens the screens.
    """

    command: Sequence[str]
    downloads: DownloadManager = field(default_factory=DownloadManager)
    _sessions: dict[str, Session] = field(default_factory=dict)
    _ending: "set[asyncio.Task[None]]" = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._sessions)

    def is_full(self, visitor: str) -> bool:
        """Whether there is no place for a further visitor."""
        return visitor not in self._sessions and len(self._sessions) >= MOST

    async def connect(self, visitor: str, socket: web.WebSocketResponse, width: int, height: int) -> Session:
        """Show a visitor's session in a connection; the one that showed it before is closed."""
        session = self._sessions.get(visitor)
        if session is None:
            service = _Service(
                "\0".join(self.command),
                write_bytes=socket.send_bytes, write_str=socket.send_str, close=_closing(socket),
                download_manager=self.downloads,
            )  # fmt: skip
            session = self._sessions[visitor] = Session(service, socket)
            try:
                await service.start(width, height)
            except BaseException:
                self._sessions.pop(visitor, None)
                raise
            session.watch = asyncio.create_task(self._watch(visitor, session))
            return session
        before, session.socket = session.socket, socket
        if session.leaving is not None:
            session.leaving.cancel()
            session.leaving = None
        service = session.service
        service.remote_write_bytes, service.remote_write_str = socket.send_bytes, socket.send_str
        service.remote_close = _closing(socket)
        if before is not None:
            await before.close(message=b"opened elsewhere")
        await socket.send_bytes(_BEGINNING)
        await service.set_terminal_size(width, max(1, height - 1))  # another size, so that all is drawn
        await asyncio.sleep(_REPAINT_SECONDS)
        await service.set_terminal_size(width, height)
        return session

    def disconnect(self, visitor: str, socket: web.WebSocketResponse) -> None:
        """A connection broke: its session is kept for a while, for the visitor who comes back."""
        session = self._sessions.get(visitor)
        if session is None or session.socket is not socket:
            return
        session.socket = None
        service = session.service
        service.remote_write_bytes = service.remote_write_str = _nowhere
        service.remote_close = _nowhere
        loop = asyncio.get_running_loop()
        session.leaving = loop.call_later(KEPT_SECONDS, self._leave, visitor, session)

    def _leave(self, visitor: str, session: Session) -> None:
        if self._sessions.get(visitor) is session:
            task = asyncio.get_running_loop().create_task(session.service.end())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _watch(self, visitor: str, session: Session) -> None:
        """Forget a session whose process has ended, and close what shows it."""
        await session.service.ended()
        if self._sessions.get(visitor) is session:
            del self._sessions[visitor]
        if session.leaving is not None:
            session.leaving.cancel()
        if session.socket is not None:
            await session.socket.close()
        await session.service.end()

    async def end(self) -> None:
        """End all sessions."""
        sessions = list(self._sessions.values())
        await asyncio.gather(*(session.service.end() for session in sessions), return_exceptions=True)
        await asyncio.gather(*(s.watch for s in sessions if s.watch is not None), return_exceptions=True)
