"""What Prometheus reads of a server: requests, seconds, the queue, batches and errors."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which several processes of a server count together."""
CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        prefix = "workbench"
        self.requests = Counter(f"{prefix}_requests", "Requests answered", ["path", "status"], registry=registry)
        self.errors = Counter(f"{prefix}_errors", "Errors answered", ["type"], registry=registry)
        self.seconds = Histogram(
            f"{prefix}_request_seconds", "Seconds from request to answer", ["path"], buckets=_SECONDS, registry=registry
        )
        self.batch_documents = Histogram(
            f"{prefix}_batch_documents", "Documents read together", buckets=(1, 2, 4, 8, 16, 32, 64), registry=registry
        )
        self.batch_tokens = Histogram(
            f"{prefix}_batch_tokens", "Tokens read together", buckets=(64, 256, 1024, 4096, 16384), registry=registry
        )
        self.model_seconds = Histogram(
            f"{prefix}_batch_seconds", "Seconds of a batch in the model", buckets=_SECONDS, registry=registry
        )
        self.queue = Gauge(
            f"{prefix}_queue_tokens", "Tokens that wait for the model", registry=registry, multiprocess_mode="livesum"
        )

    def observe_batch(self, documents: int, tokens: int, seconds: float) -> None:
        self.batch_documents.observe(documents)
        self.batch_tokens.observe(tokens)
        self.model_seconds.observe(seconds)

    def text(self) -> bytes:
        """The figures of all processes of the server."""
        if SHARED not in os.environ:
            return bytes(generate_latest(self._registry))
        together = CollectorRegistry()
        MultiProcessCollector(together)
        return bytes(generate_latest(together))
