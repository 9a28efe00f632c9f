"""Labels needed to reach 95 % of the full-data F1 on real receipts, strategy by strategy, against random choice.

    python benchmarks/relabel_loop.py [--data FOLDER] [--workspace DIR] [--rounds 8] [--batch 10] [--seeds 3] [--jobs 1]

FOLDER is receipts_en (default: $WORKBENCH_REALDATA/receipts_en, else ../shared/data/receipts_en). The receipts are
imported with their known values as labels and split by vendor, so that no vendor of the test side is ever labelled.
A workspace that is there already is gone on with: the simulation resumes where it was left. Prints one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STRATEGIES = "combined,value_error,field_weighted,worst_word,margin,ranked_batch,k_centre,per_vendor"


def workbench(*arguments: str) -> Any:
    """Run a command of the product and give its JSON."""
    command = [sys.executable, "-m", "workbench.cli", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def main() -> None:
    shared = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "receipts_en")
    parser.add_argument("--workspace", type=Path, default=Path(tempfile.gettempdir()) / "relabel-loop")
    parser.add_argument("--strategies", default=STRATEGIES)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--start", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--set", dest="sets", action="append", default=[], help="as in `workbench simulate`")
    given = parser.parse_args()
    where = ("-w", str(given.workspace))
    if not (given.workspace / "workbench.toml").is_file():
        workbench("init", str(given.workspace))
        workbench(*where, "import", str(given.data))
        workbench(*where, "split")
    status = workbench(*where, "status")
    started = time.monotonic()
    options = ["strategies", "rounds", "batch", "start", "seeds", "jobs"]
    asked = [part for name in options for part in (f"--{name}", str(getattr(given, name)))]
    told = workbench(*where, "simulate", *asked, *(part for one in given.sets for part in ("--set", one)))
    told["seconds"] = round(time.monotonic() - started)
    told["documents"] = status["by_split"]
    told["cores"] = os.cpu_count()
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
