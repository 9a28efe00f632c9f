"""What a server's process holds, with its options in the environment. [worker]"""

import asyncio
import functools
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import torch
import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from storage.exceptions import WorkbenchError
from storage.files import sweep_temporary, temporary_folder
from workbench.runs import machine
from workbench.serving import app as application
from workbench.serving import documents
from workbench.serving.collecting import Collector
from workbench.serving.connections import IDLE_SECONDS, LAST_SECONDS, Connection, Listening, refuse_new
from workbench.serving.engine import Engine
from workbench.serving.metrics import SHARED, Metrics
from workbench.serving.options import ENVIRONMENT, Options, from_json
from workbench.serving.schemas import Words
from workbench.serving.service import Service
from workbench.serving.siblings import Supervisor, ending_at_once, failure, report_failure, take_port
from workbench.workspace import Workspace


def load(options: Options, metrics: Metrics) -> Service:
    """The model, warmed up, with all that a service needs.

    Raises:
        WorkbenchError: the model or the workspace cannot be used.
    """
    torch.set_num_threads(options.threads or max(1, machine.cores() // options.workers))
    settings = Workspace.find(Path(options.workspace)).settings if options.workspace else None
    engine = Engine(options.model, options.name, settings)
    reader = _RESOURCES.enter_context(documents.opened(options, engine.settings))
    text, words = engine.samples()
    engine.warm_up([reader.text(text), reader.words(msgspec.convert(words, Words))])
    collector = None
    if options.collect:
        workspace = Workspace.open(Path(options.collect))
        collector = Collector(workspace, options.name, engine.description.fields[0].id if engine.classifies else "")
    return Service(engine, reader, options, metrics, collector)


_RESOURCES = ExitStack()
_HUNG_SECONDS = 60
"""Of no sign of life, after which one of several processes is replaced. On a busy machine a process that loads its
libraries gives none for more than uvicorn's 5 s, and was replaced by one that fared no better."""


def create(own_port: Callable[[], Iterable[Listening]] = lambda: ()) -> FastAPI:
    """The application of a server's process, which ends where the model cannot be loaded.

    Args:
        own_port: the sockets that no other process listens on.
    """
    options = from_json(os.environ[ENVIRONMENT])
    if options.workers > 1:  # a closed terminal is said to all of them: the first one ends the others in order
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    app = application.create(options, load)
    app.state.started = functools.partial(_drain_on_signal, app.state.server, own_port)
    app.state.loaded = _end_on_failure
    app.state.waiting = ending_at_once
    return app


def _end_on_failure(task: Any) -> None:
    if task.cancelled() or task.exception() is None:
        return
    error = task.exception()
    if isinstance(error, WorkbenchError):
        sys.stderr.write(f"{error.message} {error.remedy}\n")
    else:
        logging.getLogger("workbench.serving").error("the model cannot be loaded", exc_info=error)
    code = error.exit_code if isinstance(error, WorkbenchError) else 1
    if from_json(os.environ[ENVIRONMENT]).workers > 1:  # else others are started in its place, and fail alike
        report_failure(Path(os.environ[SHARED]), code)
        code = STARTUP_FAILURE
    os._exit(code)


def _drain_on_signal(state: application.State, own_port: Callable[[], Iterable[Listening]]) -> None:
    """Answer 503 to what comes after the signal to stop: on connections that are open, and on those that wait."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        stop = signal.getsignal(number)

        def drain(sig: int, frame: Any, stop: Any = stop) -> None:
            state.name = "draining"
            refuse_new(own_port())
            loop.call_soon_threadsafe(loop.call_later, LAST_SECONDS, stop, sig, frame)

        signal.signal(number, drain)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    options = from_json(os.environ[ENVIRONMENT])
    sweep_temporary()  # what was sent to a server that was killed
    settings: dict[str, Any] = {
        "factory": True,
        "host": options.host,
        "port": options.port,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_keep_alive": int(IDLE_SECONDS),
        "http": Connection,
        "timeout_graceful_shutdown": int(options.drain_seconds),
        "timeout_worker_healthcheck": _HUNG_SECONDS,
    }
    with temporary_folder("metrics") as folder, _RESOURCES:
        if options.workers > 1:
            os.environ[SHARED] = str(folder)
            config = uvicorn.Config("workbench.serving.__main__:create", workers=options.workers, **settings)
            supervisor = Supervisor(config, [take_port(config)])
            supervisor.run()
            if (code := failure(folder)) is not None:
                sys.exit(code)
            supervisor.pass_signal_on()
        else:
            _serve_alone(settings)


def _serve_alone(settings: dict[str, Any]) -> None:
    """Serve with one process, whose port is its own."""

    def port() -> list[Listening]:
        return [listening for bound in getattr(server, "servers", ()) for listening in bound.sockets]

    server = uvicorn.Server(uvicorn.Config(functools.partial(create, port), **settings))
    server.run()
