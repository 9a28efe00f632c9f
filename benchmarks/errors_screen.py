"""The errors room on a run with 1,000 evaluated documents: seconds until it shows, and until a cell's list does.

    python benchmarks/errors_screen.py [--documents N]

Goals: open within 1 s, a cell's list within 100 ms. The real application, without a terminal; predictions made up.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "screens"))

import desks
import model_run

from screens.app import WorkbenchApp
from screens.widgets.error_list import ErrorList
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


async def measure(workspace: Workspace) -> dict[str, float]:
    app = WorkbenchApp(workspace)
    async with app.run_test(size=(140, 42)) as pilot:
        await pilot.pause()
        began = time.perf_counter()
        await app.action_room("errors")
        while app.room is None or getattr(app.room, "shown", None) is None:
            await asyncio.sleep(0.005)
        await pilot.pause()
        opened = time.perf_counter() - began
        room = app.room
        await app.workers.wait_for_complete()
        cells = []
        for key in ("right", "right", "down", "left", "down", "right", "home", "end"):
            before = time.perf_counter()
            await pilot.press(key)
            await pilot._wait_for_screen()
            cells.append(time.perf_counter() - before)
        shown = len(room.query_one(ErrorList)._items)
        return {
            "open_s": opened, "cell_ms_median": 1000 * median(cells), "cell_ms_worst": 1000 * max(cells),
            "errors": len(room.shown.survey.items), "in_last_cell": shown,
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        workspace = made(Path(root) / "shop", options.documents)
        runs = [asyncio.run(measure(workspace)) for _ in range(3)]  # the first pays for imports
        print(
            json.dumps({"documents": options.documents, "first": runs[0], "best": min(runs, key=lambda r: r["open_s"])})
        )
        workspace.close()


if __name__ == "__main__":
    main()
