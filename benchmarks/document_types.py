"""How many documents are told apart by type with a few labels of each: invoices, credit notes, reminders, receipts.

    python benchmarks/document_types.py ../shared/data/cord ../shared/data/receipts_en ../shared/data/einvoices

The first three types are made up by the generator; receipts are the real ones of the folders, in
which e-invoices are invoices (and one is a credit note). A head is fitted to so many documents of each type and
measured on the others, as the learner does it (the text encoder that comes with the program, held, and the kind that
the title names), beside counting words, the encoder without titles, and titles without a label.
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
from workbench.predictions import document_kinds
from workbench.samples.generator import REMINDER, generate
from workbench.samples.locales import LANGUAGES
from workbench.training.learner import class_head
from workbench.training.learner.text_encoder import TextEncoder
from workbench.workspace import Workspace

TYPES = ("invoice", "credit note", "reminder", "receipt")
CREDIT_NOTE = "e14"
"""The one of the e-invoices whose page is a credit note."""
MADE_UP = {"invoice": ["invoice-free"], "credit note": ["invoice-credit"], "reminder": [REMINDER]}


def imported(folder: Path, most: int) -> dict[str, str]:
    """Name -> text of a folder's documents."""
    with tempfile.TemporaryDirectory() as place:
        workspace = Workspace.create(Path(place) / "ws")
        run(workspace, ImportRequest(paths=(folder,), ocr=False, most_documents=most))
        with workspace.db.read() as connection:
            opened = [documents.open_document(connection, number) for number in document_list.ids(connection)]
        workspace.close()
    return {c.document.name: text for c in opened if (text := " ".join(token.text for token in c.tokens))}


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
    parser.add_argument("--seed", type=int, default=11, help="of what is made up")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="of those that are made up")
    options = parser.parse_args()
    rows: list[tuple[str, str, str]] = []  # text, type, source
    for kind, templates in MADE_UP.items():
        for sample in generate(options.seed, options.each, options.languages.split(","), templates):
            is_credit = sample.values.get("amount_total", "").startswith("-")
            made = "credit note" if is_credit and kind == "invoice" else kind
            rows.append((" ".join(sample.words), made, f"made up: {kind}"))
    for folder in options.folders:
        for name, text in imported(folder, options.each).items():
            kind = "receipt" if "einvoice" not in folder.name else "credit note" if name == CREDIT_NOTE else "invoice"
            rows.append((text, kind, folder.name))
    print(Counter(source for *_, source in rows))
    began = time.process_time()
    vectors = TextEncoder().vectors([text.casefold() for text, *_ in rows])  # as they are kept for searching
    without_titles = vectors[:, : -len(document_kinds.KINDS) - 1]
    by_title = [document_kinds.kind_of(text) for text, *_ in rows]
    right = statistics.mean(kind == named for (_, kind, _), named in zip(rows, by_title, strict=True))
    named = sum(kind is not None for kind in by_title)
    print(f"titles, no label accuracy {right:.3f}; of {named} that they name {right * len(rows) / named:.3f}")
    print(f"{len(rows)} documents read in {time.process_time() - began:.0f} s of work")
    field = Field("type", "type", FieldType.ID, "1", "#ffffff", kind=FieldKind.CLASS, options=TYPES)
    held, plain, counted = list[float](), list[float](), list[float]()
    wrong: Counter[tuple[str, str]] = Counter()
    for seed in range(options.seeds):
        order = random.Random(seed).sample(range(len(rows)), len(rows))
        learned = [n for kind in TYPES for n in [n for n in order if rows[n][1] == kind][: options.labels]]
        others = [n for n in order if n not in learned]
        labels, known = [rows[n][1] for n in learned], [rows[n][1] for n in others]
        for table, accuracies in ((without_titles, plain), (vectors, held)):
            head = class_head.fit(table[learned], [[label] for label in labels], field)
            assert head is not None
            likeliest = [max(shares, key=shares.__getitem__) for shares in head.shares(table[others])]
            accuracies.append(float(np.mean([a == b for a, b in zip(likeliest, known, strict=True)])))
        wrong.update((rows[n][2], kind) for n, kind in zip(others, likeliest, strict=True) if kind != rows[n][1])
        by_count = by_words([rows[n][0] for n in learned], labels, [rows[n][0] for n in others])
        counted.append(float(np.mean([a == b for a, b in zip(by_count, known, strict=True)])))
    for name, measured in (("with titles", held), ("held encoder", plain), ("counting words", counted)):
        print(f"{name:16} accuracy {statistics.mean(measured):.3f} ({min(measured):.3f} to {max(measured):.3f})")
    for (source, kind), number in wrong.most_common(8):
        print(f"{number:5} of {source} taken for {kind}")


if __name__ == "__main__":
    main()
