"""Import: documents a second from JSONL, receipts with pictures, memory of 10,000 documents, status and start-up.

    python benchmarks/importing.py [--documents 10000]

Every figure comes from the commands themselves, in processes of their own, one after the other.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECEIPTS = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data")) / "receipts_en"
_PEAK = "import resource, sys; from workbench import cli; sys.argv[0] = 'workbench'\ntry: cli.main()\nfinally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"  # noqa: E501


def call(*arguments: object) -> tuple[dict[str, Any], float, float]:
    """(the command's JSON, seconds of the whole process, its peak memory in MB)."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-c", _PEAK, *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout), seconds, int(done.stderr.strip().splitlines()[-1]) / 1024


def write(path: Path, number: int) -> None:
    """Documents of 100 words, three labels each, of 200 vendors."""
    chosen = random.Random(1)
    words = [f"word{i}" if i % 4 else f"{i * 37 % 1000}.{i % 100:02}" for i in range(3000)]
    boxes = [[50 + i % 10 * 90, 50 + i // 10 * 40, 120 + i % 10 * 90, 70 + i // 10 * 40] for i in range(100)]
    heads = [[f"Vendor{v}", *chosen.choices(words, k=19)] for v in range(200)]
    with path.open("w") as file:
        for i in range(number):
            labels = ["B-VENDOR"] + ["O"] * 24 + ["B-INVOICE"] + ["O"] * 14 + ["B-AMT_TOTAL"] + ["O"] * 59
            record = {"id": f"d{i}", "words": heads[i % 200] + chosen.choices(words, k=80), "bboxes": boxes}
            file.write(json.dumps(record | {"labels": labels}) + "\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    number = parser.parse_args().documents
    with tempfile.TemporaryDirectory() as folder:
        workspace, listed = Path(folder) / "ws", Path(folder) / "list.jsonl"
        write(listed, number)
        call("init", workspace)
        data, seconds, peak = call("-w", workspace, "import", listed)
        print(f"{number:,} documents of 100 words from JSONL: {number / data['seconds']:,.0f}/s (target 1,000)")
        print(f"  peak memory {peak:.0f} MB (target 300), whole process {seconds:.1f} s")
        _, seconds, _ = call("-w", workspace, "import", listed)
        print(f"  again, all known: {seconds:.1f} s")
        best = min(call("-w", workspace, "status")[1] for _ in range(5))
        print(f"status of {number:,} documents: {best:.2f} s (target 0.5)")
        if RECEIPTS.is_dir():
            other = Path(folder) / "receipts"
            call("init", other)
            data, seconds, peak = call("-w", other, "import", RECEIPTS, "--no-ocr")
            print(f"{data['documents']} receipts with pictures, aligned: {seconds:.1f} s (target 20), {peak:.0f} MB")


if __name__ == "__main__":
    main()
