"""What a server is asked to do: which model, where it listens, and its limits."""

import msgspec

ENVIRONMENT = "WORKBENCH_SERVE"
"""The variable in which a server's processes find their options, as JSON."""

MEMORY = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}
"""Variables that keep a server's memory flat, unless the user set them: oneDNN keeps its code for each shape of a
batch, by default for 1,024 of them, which grew by 6 kB a request (benchmarks/serving.py --memory)."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""How requests name the machine that the server is on."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `workbench serve`, resolved."""

    model: str  # "starter" or the path of a model folder
    name: str  # the model as it was named
    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""  # SHA-256 of the token, in hexadecimal; "" where none is asked for
    workers: int = 1
    workspace: str = ""  # whose fields, rules and limits hold; "" where there is none
    collect: str = ""  # the workspace that keeps what is sent; "" keeps nothing
    threads: int = 0  # of the processor, for the model; 0 means all cores
    queue_tokens: int = 200_000  # that may wait for the model
    queue_seconds: float = 20.0  # that a document may have to wait for the model, by what it did lately
    waiting_files: int = 16  # that wait to be read
    batch_tokens: int = 8_192  # that the model reads at once
    wait_seconds: float = 0.005  # that a document waits for others to be read with it
    request_seconds: float = 60.0
    drain_seconds: float = 30.0
    body_bytes: int = 20_000_000
    picture_pixels: int = 50_000_000
    pages: int = 50  # of one document
    words: int = 20_000  # of one document
    documents: int = 32  # of one request
    batch_documents: int = 1_000  # of one request to /predict/batch


def from_json(text: str | bytes) -> Options:
    """The options as `to_json` wrote them."""
    return msgspec.json.decode(text, type=Options)


def to_json(options: Options) -> str:
    """One line, for the environment of a server."""
    return msgspec.json.encode(options).decode()
