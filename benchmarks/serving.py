"""Serving: `workbench serve` against FastAPI with one `pipeline()` call a request, on the same model and requests.

    python benchmarks/serving.py [--requests 500] [--clients 1 8 32] [--data FOLDER] [--kind receipts|sentences|both]
                                 [--overload SECONDS] [--restart] [--memory SECONDS] [--ways plain serve]

The plain way is as tutorials show it: FastAPI, a model loaded once, and for every request one forward pass, padded to
512 tokens, as `pipeline()` does it (which takes no boxes: so the same is written out). Both serve the starter on this
machine with all its cores, one after the other; a client sends its next request when it has the answer. FOLDER is
receipts_en (default: $WORKBENCH_REALDATA/receipts_en, else ../shared/data/receipts_en). `--overload` sends 4 times as
many requests a second as are answered; `--restart` ends the server under load and starts another. Ours does more for a
request: values, checks, normalising. Prints a table in Markdown, and the memory of the server. On two quiet cores, by
the speeds in docs/measurements.md, `--overload 25 --restart` (the whole table) takes about ten minutes, and 20,000
requests (`--requests 200 --clients 1 --kind receipts --ways serve --memory 800`) about six.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402

PLAIN = """
import sys, torch, uvicorn
from fastapi import FastAPI
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline
folder, port = sys.argv[1], int(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=512)
model = AutoModelForTokenClassification.from_pretrained(folder).eval()
app = FastAPI()

@app.get("/health")
def health():
    return {}

@app.post("/predict")
def predict(body: dict):
    inputs = body["inputs"]
    words = inputs.split() if isinstance(inputs, str) else inputs["words"]
    encoded = tokenizer(words, is_split_into_words=True, padding="max_length", truncation=True, max_length=512,
                        return_tensors="pt")
    ids = encoded.word_ids()
    boxes = [[0] * 4] * len(words)
    if not isinstance(inputs, str):
        w, h = inputs["width"], inputs["height"]
        boxes = [[min(1000, max(0, int(1000 * v / (w, h)[i % 2]))) for i, v in enumerate(b)] for b in inputs["boxes"]]
    bbox = torch.tensor([[[0] * 4 if i is None else boxes[i] for i in ids]])
    with torch.inference_mode():
        scores = model(input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"], bbox=bbox).logits
    shares, labels = scores.softmax(-1)[0].max(-1)
    entries, last = [], None
    for i, share, label in zip(ids, shares.tolist(), labels.tolist()):
        if i is not None and i != last:
            entries.append({"word": words[i], "entity": model.config.id2label[label], "score": share})
        last = i
    return [entry for entry in entries if entry["entity"] != "O"]

uvicorn.run(app, port=port, log_level="error")
"""


def receipts(folder: Path, count: int) -> list[Any]:
    """The words and boxes of receipts."""
    from workbench.exchange.importers import sroie
    from workbench.exchange.reading.incoming import Incoming, Options

    bodies = []
    for path in sorted((folder / "box").iterdir())[:count]:
        for document in sroie.IMPORTER.read(path, Options(folder)):
            if isinstance(document, Incoming) and (tokens := document.pages[0].tokens):
                width, height = (max(token.box[side] for token in tokens) * 1.05 for side in (2, 3))
                words, boxes = [token.text for token in tokens], [list(token.box) for token in tokens]
                bodies.append({"words": words, "boxes": boxes, "width": width, "height": height})
    return bodies


def sentences(count: int) -> list[str]:
    """Sentences of 8 to 25 words, the same in every run."""
    import random

    draw = random.Random(1)
    words = "the invoice of March for services total amount due paid by bank transfer to ACME Ltd on delivery"
    parts = words.split(" ")
    return [" ".join(draw.choices(parts, k=draw.randint(8, 25))) + f" {draw.randint(1, 9999)}.00" for _ in range(count)]


class Server:
    """A process that serves at a port."""

    def __init__(self, command: list[str], port: int) -> None:
        self.command, self.port = command, port
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tempfile.gettempdir(),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        for _ in range(3000):
            with contextlib.suppress(OSError):
                if self.ask(None) == 200:
                    return
            time.sleep(0.1)
        self.stop()
        raise SystemExit("the server did not start")

    def ask(self, body: bytes | None, connection: http.client.HTTPConnection | None = None) -> int:
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        own.request(
            "GET" if body is None else "POST", "/health" if body is None else "/predict", body,
            {"Content-Type": "application/json"},
        )  # fmt: skip
        answer = own.getresponse()
        answer.read()
        return answer.status

    def memory(self) -> float:
        """Megabytes."""
        own = psutil.Process(self.process.pid)
        return sum(p.memory_info().rss for p in (own, *own.children(recursive=True))) / 1e6

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def load(server: Server, bodies: list[bytes], clients: int) -> tuple[float, list[float], Counter[int]]:
    """Requests a second, the seconds of each, and how many had which status."""
    work = iter(bodies)
    lock = threading.Lock()
    seconds: list[float] = []
    statuses: Counter[int] = Counter()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        while True:
            with lock:
                body = next(work, None)
            if body is None:
                return
            began = time.perf_counter()
            status = server.ask(body, connection)
            with lock:
                seconds.append(time.perf_counter() - began)
                statuses[status] += 1

    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        for future in [pool.submit(client) for _ in range(clients)]:
            future.result()
    return len(bodies) / (time.perf_counter() - began), sorted(seconds), statuses


def share(seconds: list[float], part: float) -> float:
    """A quantile, in milliseconds."""
    return 1000 * seconds[min(len(seconds) - 1, int(part * len(seconds)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--kind", choices=["receipts", "sentences", "both"], default="both")
    parser.add_argument("--overload", type=float, default=0.0, help="seconds of it, after the table")
    parser.add_argument("--restart", action="store_true", help="under load, after the table")
    parser.add_argument("--workers", type=int, default=1, help="of our server")
    parser.add_argument("--ways", choices=["plain", "serve"], nargs="+", default=["plain", "serve"])
    parser.add_argument("--memory", type=float, default=0.0, help="seconds of requests, at most 20,000")
    parser.add_argument("--onnx", action="store_true", help="only: the starter's ONNX forms against the starter")
    data = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data")) / "receipts_en"
    parser.add_argument("--data", type=Path, default=data)
    options = parser.parse_args()
    if options.onnx:
        onnx(options.data, options.requests)
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.py"
        plain.write_text(PLAIN)
        ours = [
            sys.executable,
            "-P",
            "-c",
            "from workbench.cli import main; main()",
            "serve",
            "starter",
            "--port",
            "8931",
            *(("--workers", str(options.workers)) if options.workers > 1 else ()),
        ]
        ways = {
            "plain": ([sys.executable, str(plain), str(_starter(Path(folder))), "8932"], 8932),
            "serve": (ours, 8931),
        }
        kinds: dict[str, list[Any]] = {}
        if options.kind != "sentences":
            kinds["receipts"] = receipts(options.data, options.requests)
        if options.kind != "receipts":
            kinds["sentences"] = sentences(options.requests)
        print("| what | clients | way | requests/s | ratio | p50 ms | p95 ms | p99 ms | statuses | MB |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        speeds: dict[tuple[str, int], float] = {}
        for way, (command, port) in ((way, ways[way]) for way in options.ways):
            server = Server(command, port)
            for kind, inputs in kinds.items():
                bodies = [json.dumps({"inputs": item}).encode() for item in inputs]
                bodies = (bodies * (options.requests // len(bodies) + 1))[: options.requests]
                load(server, bodies[:8], 4)
                for clients in options.clients:
                    speed, seconds, statuses = load(server, bodies, clients)
                    before = speeds.setdefault((kind, clients), speed)
                    figures = [f"{speed:.1f}", f"{speed / before:.2f}"]
                    figures += [f"{share(seconds, part):.0f}" for part in (0.5, 0.95, 0.99)]
                    cells = [kind, clients, way, *figures, dict(statuses), f"{server.memory():.0f}"]
                    print("|", " | ".join(map(str, cells)), "|", flush=True)
            if way == "serve":
                inputs = next(iter(kinds.values()))
                bodies = [json.dumps({"inputs": item}).encode() for item in inputs]
                if options.memory:
                    memory(server, inputs, options.memory)
                if options.overload:
                    overload(server, bodies, options.overload)
                if options.restart:
                    server = restart(server, bodies)
            server.stop()


def overload(server: Server, bodies: list[bytes], seconds: float) -> None:
    """Four times as many requests a second as are answered, whether or not those before are answered."""
    speed, _, _ = load(server, bodies[:200], 32)
    statuses, lock = Counter[str](), threading.Lock()
    begin, gap = time.monotonic(), 1 / (4 * speed)

    def client(number: int) -> None:
        time.sleep(max(0.0, begin + number * gap - time.monotonic()))
        try:
            status = str(server.ask(bodies[number % len(bodies)]))
        except OSError as error:
            status = type(error).__name__
        with lock:
            statuses[status] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(int(seconds / gap))]
    for number, thread in enumerate(threads):
        time.sleep(max(0.0, begin + number * gap - time.monotonic()))
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begin
    print(
        f"overload: {len(threads)} requests, {4 * speed:.0f} a second ({speed:.0f} are answered) for {seconds:.0f} s; "
        f"{dict(statuses)} after {took:.0f} s; {server.memory():.0f} MB"
    )


def restart(server: Server, bodies: list[bytes], clients: int = 16) -> Server:
    """SIGTERM under load and a new server at the same port: what became of every request that was sent.

    A client sends again what was refused (503, or no connection). Lost is what was sent whole and had no answer. Every
    second client opens a connection for each request, as curl does, so that some wait at the port when it is closed.
    """
    statuses, lock, end = Counter[str](), threading.Lock(), threading.Event()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        while not end.is_set():
            try:
                status = str(server.ask(bodies[number % len(bodies)], connection))
            except ConnectionRefusedError:
                status = "refused"
            except (OSError, http.client.HTTPException) as error:
                status = f"lost: {type(error).__name__}"
            if status != "200" or number % 2:
                connection.close()
            if status != "200":
                time.sleep(0.02)
            with lock:
                statuses[status] += 1
            number += clients

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(5)
    server.process.terminate()
    began = time.monotonic()
    server.process.wait()
    stopped = time.monotonic() - began
    following = Server(server.command, server.port)
    ready = time.monotonic() - began
    time.sleep(5)
    end.set()
    for thread in threads:
        thread.join()
    print(
        f"restart under {clients} clients: {dict(statuses)}; it ended after {stopped:.1f} s, ready after {ready:.1f} s"
    )
    return following


def memory(server: Server, inputs: list[Any], seconds: float) -> None:
    """Sentences and some receipts from 8 clients, 2,000 at a time: how much memory the server has after each."""
    bodies = [json.dumps({"inputs": item}).encode() for item in (*sentences(1900), *inputs[:100])]
    sizes, statuses, end = [server.memory()], Counter[int](), time.monotonic() + seconds
    while time.monotonic() < end and statuses.total() < 20_000:
        statuses += load(server, bodies, 8)[2]
        sizes.append(server.memory())
    print(f"memory over {statuses.total()} requests, MB: {[round(size) for size in sizes]}; {dict(statuses)}")


def onnx(data: Path, count: int) -> None:
    """Tokens a second of the starter and of its ONNX forms in turn, and the words of fields that get another label."""
    import torch

    from workbench.evaluation import prediction_process
    from workbench.serving import documents
    from workbench.serving.engine import Engine
    from workbench.serving.options import Options
    from workbench.serving.schemas import Words
    from workbench.training.onnx_model import export
    from workbench.training.onnx_model.session import OnnxSession

    torch.set_num_threads(os.cpu_count() or 1)
    engine = Engine(prediction_process.STARTER, prediction_process.STARTER, None)
    model = engine.predictor
    with (
        tempfile.TemporaryDirectory() as folder,
        documents.opened(Options(model="", name=""), engine.settings) as reader,
    ):
        sent = [reader.words(Words.model_validate(words)) for words in receipts(data, count)]
        encoded = [engine.prepare(document).encoded for document in sent]
        tokens = sum(document.tokens for document in encoded)
        bf16 = model.bf16
        forms: dict[str, tuple[bool, Any]] = {"torch fp32": (False, None)}
        if bf16:
            forms["torch bf16"] = (True, None)
        for name in ("fp32", "int8"):
            file = Path(folder) / f"{name}.onnx"
            export.export(model, encoded, file, int8=name == "int8")
            forms[f"ONNX {name}"] = (False, OnnxSession(file, torch.get_num_threads()))
        speeds: dict[str, list[float]] = {name: [] for name in forms}
        for _ in range(3):
            for name, (model.bf16, model.session) in forms.items():
                began = time.perf_counter()
                model.predict_encoded(encoded)
                speeds[name].append(tokens / (time.perf_counter() - began))
        plain = sorted(speeds["torch fp32"])[1]
        for name, (_, session) in forms.items():
            different = export.changed(model, session, encoded) if session else ("", "")
            print(f"| {name} | {sorted(speeds[name])[1]:.0f} | {sorted(speeds[name])[1] / plain:.2f} | {different} |")


def _starter(folder: Path) -> Path:
    """The starter as a folder that transformers loads: its weights are packed in the program."""
    from workbench.training.predictor import load_named

    predictor, _ = load_named("starter")
    target = folder / "starter"
    predictor.model.save_pretrained(target)
    predictor.encoder.tokenizer.save_pretrained(target)
    return target


if __name__ == "__main__":
    main()
