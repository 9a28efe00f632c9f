"""What single steps take that a key press waits for: a page laid out, a page's words unpacked, figures resampled.

    python benchmarks/parts.py [--repeats N]

Medians in milliseconds on one core. Goals: 5,000 words laid out in 150, unpacked in 100; 1,000 resamples of 50 figures
of 1,000 documents in 2,000.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from storage.records import Page, Token
from storage.token_blob import pack, unpack
from workbench.annotation.text_grid import lay_out
from workbench.evaluation import bootstrap


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """The median of some runs, after one that is not counted."""
    work()
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - started))
    return round(median(taken), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    tokens = tuple(
        Token(i, 0, i // 12, f"word{i}", (i % 12 * 50.0, i // 12 * 3.0, i % 12 * 50 + 40.0, i // 12 * 3 + 2.0))
        for i in range(5000)
    )
    page, blob = Page(0, 600, 1500, tokens), pack(tokens)
    rows = [(n % 3, 4) for n in range(1000)]
    figures = {f"field {n}": rows for n in range(50)}
    print(
        json.dumps(
            {
                "5,000 words laid out": milliseconds(lambda: lay_out([page], 100), given.repeats),
                "5,000 words unpacked": milliseconds(lambda: unpack(blob, 0, 0, {}), given.repeats),
                "1,000 resamples of 50 figures of 1,000 documents": milliseconds(
                    lambda: bootstrap.resample(figures, 1000), given.repeats
                ),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
