"""The errors room on a run with 1,000 evaluated documents: seconds until it shows, and until a cell's list does.

    python benchmarks/errors_screen.py [--documents N] [--repeats N]

Goals: open within 1 s, a cell's list within 100 ms. The real program in a pseudo terminal: from the key's byte until
the list of all errors is painted, each time in a program just started; for a cell until the last byte painted.
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

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "screens"))

import desks
import model_run
import screen

from storage import documents
from storage.records import Side, Source, Span
from workbench.workspace import Workspace


def made(folder: Path, count: int) -> Workspace:
    """A workspace with that many evaluated receipts, and a run that is wrong here and there."""
    page = desks.page_of(desks.RECEIPT)
    content = type("Content", (), {"tokens": page.tokens})
    places = {"seller_name": "ACME TRADING SDN BHD", "invoice_date": "25/12/2018", "amount_total": "9.00"}
    places |= {"amount_net": "8.49", "amount_tax": "0.51", "invoice_no": "INV-2018-77"}
    spans = tuple(Span(f, desks.find(content, words), Source.IMPORT, "gold") for f, words in places.items())
    workspace = desks.workspace_of(folder, [])
    with workspace.db.write() as connection:
        for side, number in ((Side.TRAIN, 50), (Side.VALIDATION, count // 5), (Side.TEST, count)):
            new = (
                desks.new(f"{side.value}-{n}", [page], group=f"{side.value} {n % 60}", labelled=True, spans=spans)
                for n in range(number)
            )
            documents.add(connection, [replace(one, side=side) for one in new], "gold")
    model_run.finish(workspace)
    return workspace


ERRORS_ROOM = b"\x1b[17~"  # F6
CELLS = (b"\x1b[C", b"\x1b[C", b"\x1b[B", b"\x1b[D", b"\x1b[B", b"\x1b[C", b"\x1b[H", b"\x1b[F")


def measure(folder: Path) -> tuple[float, list[float]]:
    """Seconds until the room shows its errors, and until each of some cells does."""
    terminal = screen.opened(folder)
    terminal.started = time.perf_counter()
    terminal.press(ERRORS_ROOM)
    opened = terminal.wait_for("· all errors".encode())
    terminal.settle(2.0)  # the Doctor has read the run, too
    cells = [terminal.press(key, quiet=0.2) for key in CELLS]
    terminal.end()
    return opened, cells


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        made(Path(root) / "shop", options.documents).close()
        opened, cells = zip(*(measure(Path(root) / "shop") for _ in range(options.repeats)), strict=True)
        keys = [one for taken in cells for one in taken]
        figures = {
            "documents": options.documents,
            "open_s": {"median": round(median(opened), 2), "best": round(min(opened), 2)},
            "cell": screen.p95(keys),
        }
        print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
