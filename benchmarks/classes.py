"""How good a class model is by the number of labels: F1 of one class, accuracy and seconds, on a test side of its own.

    python benchmarks/classes.py ../shared/data/claims/train.jsonl --positive claim --labels 100,500 --seeds 1

Each seed divides the texts anew (1,000 for test, a tenth for validation) and takes the first so many of the training
side. `head` is `embedded` with all layers frozen but the head.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

WAYS = {
    "baseline": ["--set", "model.family=baseline"],
    "head": [
        "--set",
        "train.freeze=head_only",
        "--set",
        "train.learning_rate=1e-2",
        "--set",
        "train.num_train_epochs=10",
    ],
    "embedded": [],
}


def workbench(root: Path, *arguments: str) -> Any:
    command = [sys.executable, "-P", "-m", "workbench.cli", "-w", str(root), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--positive", required=True, help="the class whose F1 is shown")
    parser.add_argument("--labels", default="20,100,500,2000,all")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    print(f"{'model':10} {'labels':>7} {'F1':>6} {'accuracy':>9} {'macro':>6} {'seconds':>8}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "ws"
        subprocess.run(
            [sys.executable, "-P", "-m", "workbench.cli", "init", str(root)], check=True, capture_output=True
        )
        total = workbench(root, "import", str(options.texts))["documents"]
        for way in options.ways.split(","):
            for labels in options.labels.split(","):
                measured = []
                for seed in range(options.seeds):
                    workbench(
                        root, "split", "--test", str(min(0.3, 1000 / total)), "--validation", "0.1", "--seed", str(seed)
                    )
                    limit = [] if labels == "all" else ["--set", f"data.max_train_documents={labels}"]
                    run = workbench(root, "tune", "--set", "task=classes", *WAYS[way], *limit, "--wait")
                    figures = workbench(root, "evaluate", run["run"], "--on", "test")
                    f1 = figures["classes"].get(options.positive, {"f1": 0.0})["f1"]
                    measured.append((f1, figures["accuracy"], figures["macro"]["f1"], run["seconds"]))
                f1, accuracy, macro, seconds = (statistics.median(column) for column in zip(*measured, strict=True))
                print(f"{way:10} {labels:>7} {f1:6.3f} {accuracy:9.3f} {macro:6.3f} {seconds:8.0f}", flush=True)


if __name__ == "__main__":
    main()
