"""OCR: seconds a page, recall of words and of characters against transcripts, RapidOCR against Tesseract.

    python benchmarks/ocr.py [--pages 24] [--jobs 1]

Every process reads with one thread; more pages at once need more processes (`--jobs`). Processor seconds say what a
page costs on a machine that has other work, too. Characters of a page are counted without their order, spaces and case:
words that are divided otherwise than in the transcript count as read.
"""

import argparse
import os
import resource
import time
from collections import Counter
from pathlib import Path

from workbench.exchange import ocr

ROOT = Path(__file__).resolve().parent.parent
RECEIPTS = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data")) / "receipts_en"


def transcript(name: str) -> Counter[str]:
    """The words of a receipt, in upper case (the transcripts' case is not the print's)."""
    lines = (RECEIPTS / "box" / f"{name}.csv").read_text(encoding="utf-8", errors="replace").splitlines()
    return Counter(word.upper() for line in lines if line.count(",") >= 8 for word in line.split(",", 8)[8].split())


def processor_seconds() -> float:
    """Of the processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args()
    pictures = sorted((RECEIPTS / "img").glob("*.jpg"))
    pictures = pictures[:: max(len(pictures) // chosen.pages, 1)][: chosen.pages]
    for kind in ocr.KINDS.values():
        if not kind.version():
            print(f"{kind.name}: not installed")
            continue
        before = processor_seconds()
        with ocr.Readers(kind.name, chosen.jobs) as readers:
            for future in [readers.submit(pictures[0]) for _ in range(chosen.jobs)]:
                readers.result(future)  # every process loads its models once
            started = time.perf_counter()
            readings = [readers.result(future) for future in [readers.submit(picture) for picture in pictures]]
            seconds = time.perf_counter() - started
        processor = (processor_seconds() - before) / (len(pictures) + chosen.jobs)
        found = expected = given = read = characters = 0
        for picture, reading in zip(pictures, readings, strict=True):
            truth = transcript(picture.stem)
            words = Counter(token.text.upper() for token in reading.tokens)
            found += (truth & words).total()
            expected += truth.total()
            given += words.total()
            printed = Counter("".join(truth.elements()))
            read += (printed & Counter("".join(words.elements()))).total()
            characters += printed.total()
        recall, precision = found / expected, found / max(given, 1)
        f1 = 2 * recall * precision / max(recall + precision, 1e-9)
        print(
            f"{kind.name} {kind.version()}: {seconds / len(pictures):.2f} s/page with {chosen.jobs} processes, "
            f"{processor:.2f} processor seconds a page with the start, character recall {read / characters:.3f}, "
            f"word recall {recall:.3f}, precision {precision:.3f}, F1 {f1:.3f} "
            f"on {len(pictures)} receipts"
        )


if __name__ == "__main__":
    main()
