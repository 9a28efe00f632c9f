"""How many documents are told apart by type with a few labels of each: invoices, credit notes, reminders, receipts.

    python benchmarks/document_types.py ../shared/data/cord ../shared/data/receipts_en ../shared/data/einvoices

The first three types are made up by the generator; receipts are the real ones of the folders, in
which e-invoices are invoices. A head is fitted to so many documents of each type and measured on the others, as the
learner does it (the text encoder that comes with the program, held), beside counting words.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from storage import document_list, documents
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.fields import FieldType
from workbench.fields.schema import Field, FieldKind
from workbench.samples.generator import REMINDER, generate
from workbench.samples.locales import LANGUAGES
from workbench.training.learner import class_head
from workbench.training.learner.text_encoder import TextEncoder
from workbench.workspace import Workspace

TYPES = ("invoice", "credit note", "reminder", "receipt")
MADE_UP = {"invoice": ["invoice-free"], "credit note": ["invoice-credit"], "reminder": [REMINDER]}


def imported(folder: Path, most: int) -> list[str]:
    """The texts of a folder's documents."""
    with tempfile.TemporaryDirectory() as place:
        workspace = Workspace.create(Path(place) / "ws")
        run(workspace, ImportRequest(paths=(folder,), ocr=False, most_documents=most))
        with workspace.db.read() as connection:
            opened = [documents.open_document(connection, number) for number in document_list.ids(connection)]
        workspace.close()
    return [text for content in opened if (text := " ".join(token.text for token in content.tokens))]


def by_words(texts: list[str], labels: list[str], others: list[str]) -> list[str]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    counted = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit(texts)
    model = LogisticRegression(C=10, max_iter=1000).fit(counted.transform(texts), labels)
    return list(map(str, model.predict(counted.transform(others))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--each", type=int, default=40, help="documents of each source")
    parser.add_argument("--labels", type=int, default=5, help="of each type")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="of those that are made up")
    options = parser.parse_args()
    rows: list[tuple[str, str, str]] = []  # text, type, source
    for kind, templates in MADE_UP.items():
        for sample in generate(11, options.each, options.languages.split(","), templates):
            rows.append((" ".join(sample.words), kind, f"made up: {kind}"))
    for folder in options.folders:
        kind = "invoice" if "einvoice" in folder.name else "receipt"
        rows += [(text, kind, folder.name) for text in imported(folder, options.each)]
    print(Counter(source for *_, source in rows))
    began = time.process_time()
    vectors = TextEncoder().vectors([text for text, *_ in rows])
    print(f"{len(rows)} documents read in {time.process_time() - began:.0f} s of work")
    field = Field("type", "type", FieldType.ID, "1", "#ffffff", kind=FieldKind.CLASS, options=TYPES)
    held, counted = list[float](), list[float]()
    wrong: Counter[tuple[str, str]] = Counter()
    for seed in range(options.seeds):
        order = random.Random(seed).sample(range(len(rows)), len(rows))
        learned = [n for kind in TYPES for n in [n for n in order if rows[n][1] == kind][: options.labels]]
        others = [n for n in order if n not in learned]
        labels, right = [rows[n][1] for n in learned], [rows[n][1] for n in others]
        head = class_head.fit(vectors[learned], [[label] for label in labels], field)
        assert head is not None
        found = [max(shares, key=lambda kind: shares[kind]) for shares in head.shares(vectors[others])]
        held.append(float(np.mean([a == b for a, b in zip(found, right, strict=True)])))
        wrong.update((rows[n][2], kind) for n, kind in zip(others, found, strict=True) if kind != rows[n][1])
        by_count = by_words([rows[n][0] for n in learned], labels, [rows[n][0] for n in others])
        counted.append(float(np.mean([a == b for a, b in zip(by_count, right, strict=True)])))
    for name, measured in (("held encoder", held), ("counting words", counted)):
        print(f"{name:16} accuracy {statistics.mean(measured):.3f} ({min(measured):.3f} to {max(measured):.3f})")
    for (source, kind), number in wrong.most_common(8):
        print(f"{number:5} of {source} taken for {kind}")


if __name__ == "__main__":
    main()
