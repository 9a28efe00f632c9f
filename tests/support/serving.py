"""A server without a model: an engine that counts words, behind the real application."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from workbench.serving import app, documents
from workbench.serving.documents import Sent
from workbench.serving.metrics import Metrics
from workbench.serving.options import Options
from workbench.serving.schemas import FieldValue, Info, Prediction
from workbench.serving.service import Service
from workbench.settings import Settings

BREAKS = "BREAK"
"""A word that this model cannot stand."""


@dataclass
class Prepared:
    sent: Sent
    tokens: int


@dataclass
class Read:
    proposals: tuple[Any, ...] = (("amount_total", (0,), 0.9),)
    probabilities: dict[str, float] = field(default_factory=dict)


class CountingEngine:
    """Reads the first word of every document as its total; waits where `gate` is closed."""

    name, version = "counting", "1"
    speed = 0.0

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.batches: list[int] = []

    def prepare(self, sent: Sent) -> Prepared:
        return Prepared(sent, len(sent.content.tokens))

    def run(self, prepared: Sequence[Prepared]) -> list[int]:
        assert self.gate.wait(20)
        if any(token.text == BREAKS for p in prepared for token in p.sent.content.tokens):
            raise RuntimeError("/secret/folder/model.py broke")
        self.batches.append(len(prepared))
        return [p.tokens for p in prepared]

    def read(self, prepared: Prepared, outcome: int) -> Read:
        return Read()

    def answer(self, sent: Sent, read: Read, *, raw: bool) -> Prediction:
        first = sent.content.tokens[0]
        value = FieldValue(
            value=first.text, normalised=None, confidence=0.9, page=first.page + 1, box=first.box, words=[first.text],
            source="model",
        )  # fmt: skip
        return Prediction(document=sent.content.document.name, fields={"amount_total": value})

    def info(self, limits: dict[str, float], keeps: str) -> Info:
        return Info(
            model=self.name, version=self.version, program="", task="tokens", family="", base="", licence="",
            device="cpu", precision="fp32", warm_up_seconds=0, limits=limits, keeps=keeps,
        )  # fmt: skip


def application(engine: CountingEngine, stack: ExitStack, collector: Any = None, **options: Any) -> FastAPI:
    """The application with this engine; `stack` holds its reader of files."""
    chosen = Options(model="counting", name="counting", **options)

    def load(options: Options, metrics: Metrics) -> Service:
        reader = stack.enter_context(documents.opened(options, Settings()))
        return Service(engine, reader, options, metrics, collector)

    return app.create(chosen, load)


@contextmanager
def serving(engine: CountingEngine | None = None, collector: Any = None, **options: Any) -> Iterator[TestClient]:
    """A client of a server that is ready."""
    with ExitStack() as stack:
        app = application(engine or CountingEngine(), stack, collector, **options)
        client = stack.enter_context(TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False))
        while client.get("/health").status_code == 503:
            time.sleep(0.01)
        yield client
