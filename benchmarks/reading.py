"""How fast word lists are read and cleaned: 100-word documents a second, in CPU time of one core.

    python benchmarks/reading.py [--documents 6000]

The import as a whole is measured elsewhere; this is the part before OCR, alignment and storing.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from workbench.exchange.importers.wordlists import IMPORTER
from workbench.exchange.reading.clean import clean
from workbench.exchange.reading.incoming import Incoming, Options


def write(path: Path, documents: int) -> None:
    rng = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for number in range(documents):
            words = [f"word{rng.randrange(9999)}" for _ in range(100)]
            lefts = [rng.randrange(900) for _ in words]
            boxes = [[left, 10 * (i // 8), left + 50, 10 * (i // 8) + 9] for i, left in enumerate(lefts)]
            labels = [rng.choice(["O", "O", "O", "B-TOTAL", "I-TOTAL"]) for _ in words]
            file.write(json.dumps({"id": str(number), "words": words, "bboxes": boxes, "labels": labels}) + "\n")


def rate(work: Callable[[], int]) -> float:
    start = time.process_time()
    return work() / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=6000)
    documents = parser.parse_args().documents
    with tempfile.TemporaryDirectory() as folder:
        path, options = Path(folder) / "words.jsonl", Options(Path(folder))
        write(path, documents)
        read = rate(lambda: sum(1 for _ in IMPORTER.read(path, options)))
        cleaned = rate(
            lambda: sum(
                isinstance(clean(item, options), Incoming)
                for item in IMPORTER.read(path, options)
                if isinstance(item, Incoming)
            )
        )
    print(json.dumps({"read_per_s": round(read), "read_and_clean_per_s": round(cleaned)}))


if __name__ == "__main__":
    main()
