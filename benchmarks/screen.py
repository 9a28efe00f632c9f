"""How quick the annotate screen is, from outside, in a pseudo terminal: from the key's byte to the last painted one.

    python benchmarks/screen.py [--large 100000] [--json]

An act is committed before it is painted, so key to paint is key to saved. The first paint is compared with an empty
Textual application's. Memory is the resident size of the process with a large workspace open, after paging through it.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from storage import documents
from storage.documents import NewDocument
from storage.records import Page, Token
from workbench.workspace import Workspace

QUIET = 0.04  # seconds without output: painting is done
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("labelled (")
Empty().run()
"""


class Terminal:
    """A program in a pseudo terminal of 120 x 36."""

    def __init__(self, command: list[str]) -> None:
        self.started = time.perf_counter()
        self.seen = b""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(command[0], command)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 1080, 684))

    def read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self.file], [], [], seconds)
        if not ready:
            return b""
        data = b""
        with contextlib.suppress(OSError):
            data = os.read(self.file, 1 << 16)
        if b"\x1b[c" in data:  # who are you? an xterm without pictures, as a terminal answers at once
            os.write(self.file, b"\x1b[?62;22c")
        return data

    def wait_for(self, text: bytes, seconds: float = 60.0) -> float:
        """Seconds from the start until the text was painted."""
        while time.perf_counter() - self.started < seconds:
            self.seen = (self.seen + self.read(0.5))[-100_000:]
            if text in self.seen:
                return time.perf_counter() - self.started
        raise TimeoutError(f"{text!r} was not painted")

    def settle(self, seconds: float = 0.6) -> None:
        """Wait until nothing is painted any more."""
        while self.read(seconds):
            pass

    def press(self, key: bytes, quiet: float = QUIET) -> float:
        """Seconds from the key to the last byte that was painted because of it, before so many seconds of silence."""
        start = time.perf_counter()
        os.write(self.file, key)
        last = start
        while True:
            if self.read(1.0 if last == start else quiet):
                last = time.perf_counter()
            else:
                return last - start

    def memory(self) -> float:
        """Resident MiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def cpu(self) -> float:
        """Seconds of a processor that the program has used: the clock counts what else is at work, too."""
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def rest(self, seconds: float) -> None:
        """Nothing is typed for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.file)


def page(tokens: int) -> Page:
    """A dense page of amounts, dates and words in twelve columns."""
    kinds = ("word", "1,234.50", "25/12/2018", "TOTAL:", "item", "9.00")
    words = tuple(
        Token(
            i,
            0,
            i // 12,
            kinds[(i * 7 + i // 12) % 6],
            (i % 12 * 50.0, i // 12 * 14.0, i % 12 * 50 + 44.0, i // 12 * 14 + 11.0),
        )
        for i in range(tokens)
    )
    return Page(0, 620, tokens // 12 * 14 + 20, words)


def workspace(folder: Path, sizes: list[int]) -> Path:
    workspace = Workspace.create(folder)
    pages = {size: page(size) for size in set(sizes)}
    for start in range(0, len(sizes), 2000):
        new = [
            NewDocument(f"d{n:06}", "made", hashlib.sha256(str(n).encode()).hexdigest(), "made", (pages[sizes[n]],))
            for n in range(start, min(start + 2000, len(sizes)))
        ]
        with workspace.db.write() as connection:
            documents.add(connection, new, "benchmark")
    workspace.close()
    return folder


def opened(folder: Path) -> Terminal:
    """The program, three seconds after its first document: what is loaded behind the first paint is loaded then."""
    terminal = Terminal([sys.executable, "-P", "-m", "workbench.cli", "-w", str(folder)])
    terminal.wait_for(b"labelled (")
    terminal.settle(3.0)
    return terminal


def p95(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median_ms": round(1000 * statistics.median(ordered), 1),
        "p95_ms": round(1000 * ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)], 1),
    }


def keys(folder: Path) -> dict[str, dict[str, float]]:
    terminal = opened(folder)
    moves = [terminal.press(b"\x1b[C") for _ in range(60)]
    acts = [terminal.press(b"t") for _ in range(80)]
    terminal.end()
    return {"move the cursor": p95(moves), "label (committed)": p95(acts)}


def openings(folder: Path) -> dict[str, float]:
    terminal = opened(folder)
    taken = [terminal.press(b"J") for _ in range(20)] + [terminal.press(b"K") for _ in range(20)]
    terminal.end()
    return p95(taken)


def first_paint(folder: Path, runs: int = 7) -> dict[str, float]:
    """The screen's frame, then the first document, against an empty application; taken in turn, medians."""
    ours = [sys.executable, "-P", "-m", "workbench.cli", "-w", str(folder)]
    taken: dict[str, list[float]] = {"empty": [], "frame": [], "document": []}
    for _ in range(runs):
        for command, waits in (
            ([sys.executable, "-c", EMPTY], {"empty": b"labelled ("}),
            (ours, {"frame": b"Opening", "document": b"labelled ("}),
        ):
            terminal = Terminal(command)
            for name, text in waits.items():
                taken[name].append(terminal.wait_for(text))
            terminal.end()
    empty, frame, document = (statistics.median(values) for values in taken.values())
    return {
        "empty_s": round(empty, 3),
        "first_paint_s": round(frame, 3),
        "document_s": round(document, 3),
        "first_paint_ratio": round(frame / empty, 2),
        "document_ratio": round(document / empty, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        report: dict[str, object] = {
            "key to painted and saved, 2,000 tokens": keys(workspace(root / "keys", [2000] * 2)),
            "open a document, 1,500 tokens": openings(workspace(root / "o1", [1500] * 25)),
            "open a document, 5,000 tokens": openings(workspace(root / "o5", [5000] * 25)),
            "first paint, 10,000 documents": first_paint(workspace(root / "many", [12] * 10_000)),
        }
        large = opened(workspace(root / "large", [12] * options.large))
        scrolls = [large.press(b"O")] + [large.press(key) for key in (b"\x1b[6~", b"\x1b[F", b"\x1b[H") * 10]
        report[f"{options.large:,} documents"] = {"memory_mib": round(large.memory()), "page in the list": p95(scrolls)}
        large.end()
    print(json.dumps(report, indent=1) if options.json else "\n".join(f"{k}: {v}" for k, v in report.items()))


if __name__ == "__main__":
    main()
