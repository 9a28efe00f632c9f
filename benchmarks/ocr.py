"""OCR: seconds a page and word recall against transcripts, RapidOCR against Tesseract, on the same receipts.

python benchmarks/ocr.py [--pages 24] [--jobs 1]
"""

import argparse
import os
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
        with ocr.Readers(kind.name, chosen.jobs) as readers:
            readers.result(readers.submit(pictures[0]))  # the models are loaded once
            started = time.perf_counter()
            readings = [readers.result(future) for future in [readers.submit(picture) for picture in pictures]]
            seconds = time.perf_counter() - started
        found = expected = given = 0
        for picture, reading in zip(pictures, readings, strict=True):
            truth = transcript(picture.stem)
            words = Counter(token.text.upper() for token in reading.tokens)
            found += (truth & words).total()
            expected += truth.total()
            given += words.total()
        recall, precision = found / expected, found / max(given, 1)
        f1 = 2 * recall * precision / max(recall + precision, 1e-9)
        print(
            f"{kind.name} {kind.version()}: {seconds / len(pictures):.2f} s/page with {chosen.jobs} processes, "
            f"word recall {recall:.3f}, precision {precision:.3f}, F1 {f1:.3f} "
            f"on {len(pictures)} receipts"
        )


if __name__ == "__main__":
    main()
