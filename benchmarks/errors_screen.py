"""The errors screen on a run with 1,000 evaluated documents: seconds until it shows, and until a cell's list does.

    python benchmarks/errors_screen.py [--documents N] [--repeats N] [--rest N]

Goals: open within 1 s, a cell's list within 100 ms. The real program in a pseudo terminal: from the key's byte until
the list of all errors is painted, by the clock and in seconds of a processor, in a program just started and in one
that was left alone for some seconds, as the other screens' code is loaded then; for a cell until the last byte painted.
Predictions are made up.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import screen

from storage import documents
from storage.records import Side, Source, Span
from tests.support import finished_run, sample_documents
from workbench.workspace import Workspace


def made(folder: Path, count: int) -> Workspace:
    """A workspace with that many evaluated receipts, and a run that is wrong here and there."""
    page = sample_documents.page_of(sample_documents.RECEIPT)
    content = type("Content", (), {"tokens": page.tokens})
    places = {"seller_name": "ACME TRADING SDN BHD", "invoice_date": "25/12/2018", "amount_total": "9.00"}
    places |= {"amount_net": "8.49", "amount_tax": "0.51", "invoice_no": "INV-2018-77"}
    spans = tuple(Span(f, sample_documents.find(content, words), Source.IMPORT, "gold") for f, words in places.items())
    workspace = sample_documents.workspace_of(folder, [])
    with workspace.db.write() as connection:
        for side, number in ((Side.TRAIN, 50), (Side.VALIDATION, count // 5), (Side.TEST, count)):
            new = (
                sample_documents.new(
                    f"{side.value}-{n}", [page], group=f"{side.value} {n % 60}", labelled=True, spans=spans
                )
                for n in range(number)
            )
            documents.add(connection, [replace(one, side=side) for one in new], "gold")
    finished_run.finish(workspace)
    return workspace


ERRORS_SCREEN = b"\x1b[17~"  # F6
CELLS = (b"\x1b[C", b"\x1b[C", b"\x1b[B", b"\x1b[D", b"\x1b[B", b"\x1b[C", b"\x1b[H", b"\x1b[F")


def measure(folder: Path, rest: float) -> tuple[float, float, list[float]]:
    """Seconds by the clock and of a processor until the screen shows its errors, and by the clock until each of some
    cells does."""
    terminal = screen.Terminal([sys.executable, "-P", "-m", "workbench.cli", "-w", str(folder)])
    terminal.wait_for(b"labelled (")
    terminal.rest(rest)
    before, terminal.started = terminal.cpu(), time.perf_counter()
    terminal.press(ERRORS_SCREEN)
    opened = terminal.wait_for("· all errors".encode())
    used = terminal.cpu() - before
    terminal.settle(2.0)  # the Doctor has read the run, too
    cells = [terminal.press(key, quiet=0.2) for key in CELLS]
    terminal.end()
    return opened, used, cells


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rest", type=float, default=8.0)
    options = parser.parse_args()
    figures: dict[str, object] = {"documents": options.documents}
    with tempfile.TemporaryDirectory() as root:
        made(Path(root) / "shop", options.documents).close()
        keys: list[float] = []
        taken: dict[float, list[tuple[float, float]]] = {0.0: [], options.rest: []}
        for _ in range(options.repeats):
            for rest, times in taken.items():  # in turn: whatever else is at work falls on both
                opened, used, cells = measure(Path(root) / "shop", rest)
                times.append((opened, used))
                keys += cells
    for rest, times in taken.items():
        clock, processor = zip(*times, strict=True)
        named = f"open_{rest:g}_s_after_the_first_document"
        figures[named] = {
            "clock_s": round(median(clock), 2),
            "best_s": round(min(clock), 2),
            "processor_s": round(median(processor), 2),
        }
    figures["cell"] = screen.p95(keys)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
