"""Near-duplicates: how many pages that were read twice are found, and how many different documents are taken for one.

    python benchmarks/duplicates.py [--data ../shared/data] [--changed 0.08]

Documents with enough words are read a second time with a share of their words misread (one character each), and looked
for among all. Pairs of the data's own documents that are taken for one page are printed, to be judged.
"""

import argparse
import os
import random
import tempfile
import time
from itertools import combinations
from pathlib import Path

from storage import document_list, documents
from workbench.exchange import duplicates, pipeline
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
LEAST = (4, 3, 2, 1)


def read(data: Path, folder: Path) -> dict[str, list[str]]:
    """Name -> words of the documents that have words without OCR; texts are no pages."""
    workspace = Workspace.create(folder)
    paths = tuple(path for path in sorted(data.iterdir()) if path.is_dir() and path.name not in ("cases", "claims"))
    pipeline.run(workspace, ImportRequest(paths, ocr=False))
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, number) for number in document_list.ids(connection)]
    workspace.close()
    return {f"{c.document.format} {c.document.name}": [token.text for token in c.tokens] for c in contents}


def misread(words: list[str], share: float, chosen: random.Random) -> list[str]:
    """The words with one character of a share of them replaced."""
    changed = list(words)
    for position in chosen.sample(range(len(words)), round(share * len(words))):
        word = changed[position]
        at = chosen.randrange(len(word))
        changed[position] = word[:at] + chosen.choice("0123456789abcdefghijklmnopqrstuvwxyz") + word[at + 1 :]
    return changed


def main() -> None:
    """Print one row a threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--changed", type=float, default=0.08)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--show", type=int, default=20, help="pairs of the data to print")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        texts = read(options.data, Path(folder) / "workspace")
    words = {name: duplicates.Words.of(text) for name, text in texts.items()}
    prints = {name: value for name, of in words.items() if (value := of.fingerprint()) is not None}
    names = sorted(prints)
    index = duplicates.Index()
    for number, name in enumerate(names):
        index.add(number, prints[name])
    chosen = random.Random(7)
    again = [(name, duplicates.Words.of(misread(texts[name], options.changed, chosen)))
             for name in chosen.sample(names, min(options.count, len(names)))]  # fmt: skip
    alike = {(a, b) for a, b in combinations(names, 2) if words[a].same(words[b])}
    print(f"{len(names)} documents with enough words; {len(alike)} pairs of them pass the check of words.")
    for a, b in sorted(alike)[: options.show]:
        print(f"  {a} | {b}")
    print(f"\n{sum(words[name].same(other) for name, other in again)} of {len(again)} second readings pass it, too.\n")
    print("| bands in common | found | pairs of the data | looked at | ms |\n|---|---|---|---|---|")
    for least in LEAST:
        found = looked_at = 0
        started = time.perf_counter()
        for name, other in again:
            fingerprint = other.fingerprint()
            near = index.near(fingerprint, least) if fingerprint else []
            looked_at += len(near)
            found += any(names[key] == name and words[name].same(other) for key in near)
        seconds = time.perf_counter() - started
        alike_found = sum(b in {names[key] for key in index.near(prints[a], least)} for a, b in alike)
        print(f"| {least} | {found} of {len(again)} | {alike_found} | {looked_at / len(again):.1f} "
              f"| {seconds / len(again) * 1000:.1f} |")  # fmt: skip


if __name__ == "__main__":
    main()
