"""How unlike the generator's invoices are real ones: a classifier that must tell them apart.

    python benchmarks/distance.py [--made 240] [--repeats 5] [--top 12]

Real are einvoices/, vendor_pdfs/ and docile/; made up are invoices of the generator in the languages of these, printed
as PDFs and read by the same import, so that nothing but the writing differs. What the classifiers see of a document
are counts, positions and shares, no word of its text. Cross-validated, layouts and templates kept whole; every real
layout weighs the same. An area under the curve (AUC) of 0.5 is a generator that cannot be told from real invoices,
1.0 one that always can. Then the features that tell them apart most: the loss of AUC where a feature is shuffled in
held-out documents, and the feature's quartiles on both sides.
"""

import argparse
import os
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from storage import document_list, documents
from storage.records import Content, Token
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.samples.generator import compose
from workbench.samples.invoices import ARRANGEMENTS
from workbench.samples.render import pdf
from workbench.workspace import Workspace

DATA = Path(os.environ.get("WORKBENCH_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
LANGUAGES = ("de", "de", "de", "fr", "en", "en", "nl")  # about as the real ones have them
AMOUNT = re.compile(r"[-+€$£]?\d{1,3}(?:[., ']?\d{3})*[.,]\d\d[€$£%]?")
SENTENCE = 7  # words with letters alone beside each other in a line: prose


def opened(paths: Sequence[Path]) -> list[Content]:
    """The documents as the program imports them."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "workspace")
        pipeline.run(workspace, ImportRequest(tuple(paths), ocr=False))
        with workspace.db.read() as connection:
            contents = [documents.open_document(connection, n) for n in document_list.ids(connection)]
        workspace.close()
    return [content for content in contents if content.tokens]


def made_up(folder: Path, count: int) -> list[tuple[str, Path]]:
    """(template, PDF) of invoices of the generator, printed."""
    rows = []
    for number in range(count):
        rng = Random(f"distance-{number}")
        template = rng.choices(list(ARRANGEMENTS), [4 if name.endswith("free") else 1 for name in ARRANGEMENTS])[0]
        _, paper = compose(rng, rng, rng.choice(LANGUAGES), template, plain_print=True)
        path = folder / f"{template}-{number:04d}.pdf"
        path.write_bytes(pdf(paper.sheets, path.stem))
        rows.append((template, path))
    return rows


def cells_of(tokens: Sequence[Token]) -> list[list[Token]]:
    """Words that are printed together: in one row, without a gap of more than one and a half times their height."""
    cells: list[list[Token]] = []
    for token in sorted(tokens, key=lambda t: (t.page, round((t.box[1] + t.box[3]) / 8), t.box[0])):
        before = cells[-1][-1] if cells else None
        height = token.box[3] - token.box[1]
        if (
            before is not None
            and before.page == token.page
            and abs(before.box[3] - token.box[3]) < height * 0.6
            and -height < token.box[0] - before.box[2] < height * 1.5
        ):
            cells[-1].append(token)
        else:
            cells.append([token])
    return cells


def features(content: Content) -> dict[str, float]:
    """Counts, positions and shares of a document; places are shares of the first page's width and height."""
    page = content.pages[0]
    first = [t for t in content.tokens if t.page == 0] or list(content.tokens)
    texts = [t.text for t in content.tokens]
    count = len(texts)
    heights = np.array([t.box[3] - t.box[1] for t in first])
    usual = float(np.median(heights))
    lefts = np.array([t.box[0] for t in first]) / page.width
    rights = np.array([t.box[2] for t in first]) / page.width
    ys = np.array([t.box[1] for t in first]) / page.height
    cells = cells_of(first)
    tops = sorted(cell[0].box[1] for cell in cells)
    gaps = np.array([b - a for a, b in pairwise(tops) if b - a > usual * 0.5] or [0.0]) / usual
    edges = Counter(round(cell[0].box[0] / page.width * 100) for cell in cells)
    footer = [cell for cell in cells if cell[0].box[1] / page.height > 0.85]
    prose = sum(len(c) for c in cells if sum(t.text.strip(".,;:()").isalpha() for t in c) >= SENTENCE)

    def share(right: Sequence[bool]) -> float:
        return sum(right) / len(right)

    return {
        "pages": len(content.pages), "words": np.log(count), "words on page 1": np.log(len(first)),
        "with a digit": share([any(c.isdigit() for c in t) for t in texts]),
        "amounts": share([bool(AMOUNT.fullmatch(t)) for t in texts]),
        "marks alone": share([not any(c.isalnum() for c in t) for t in texts]),
        "capitals": share([t.isupper() and len(t) > 1 for t in texts]),
        "small letters": share([t.islower() for t in texts]),
        "ending with a colon": share([t.endswith(":") for t in texts]),
        "length of words": float(np.mean([len(t) for t in texts])), "long words": share([len(t) > 12 for t in texts]),
        "words that come once": sum(n == 1 for n in Counter(texts).values()) / count,
        "in sentences": prose / len(first),
        "cells": np.log(len(cells)), "words a cell": len(first) / len(cells),
        "longest cell": np.log(max(map(len, cells))), "left edges used thrice": sum(n >= 3 for n in edges.values()),
        "height of words": usual / page.height,
        "small print": share(list(heights < usual * 0.88)), "large print": share(list(heights > usual * 1.15)),
        "largest print": float(heights.max()) / usual, "wide gaps": share(list(gaps > 2.2)),
        "left margin": float(np.quantile(lefts, 0.02)), "right end": float(np.quantile(rights, 0.98)),
        "top": float(ys.min()), "bottom": float(ys.max()),
        **{f"words from {n * 20} % down": share(list((ys >= n / 5) & (ys < (n + 1) / 5))) for n in range(5)},
        "right half": share(list(lefts > 0.5)), "footer cells": len(footer), "footer words": sum(map(len, footer)),
        "footer columns": len({round(cell[0].box[0] / page.width * 12) for cell in footer}),
    }  # fmt: skip


def auc(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    return float(roc_auc_score(truth, scores, sample_weight=weights))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=240)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--top", type=int, default=12)
    given = parser.parse_args()
    real = opened([DATA / "einvoices", DATA / "vendor_pdfs", *(DATA / "docile").rglob("*.pdf")])
    sellers = [next((r.value for r in c.references if r.field == "seller_name"), c.document.name) for c in real]
    with tempfile.TemporaryDirectory() as folder:
        templates = {path.stem: template for template, path in made_up(Path(folder), given.made)}
        printed = opened([Path(folder)])
    groups = np.array([*sellers, *(templates[c.document.name] for c in printed)])
    rows = [features(content) for content in (*real, *printed)]
    names = list(rows[0])
    table = np.array([list(row.values()) for row in rows])
    truth = np.array([1] * len(real) + [0] * len(printed))
    sizes = Counter(groups)
    weights = np.array([1 / sizes[g] if is_real else 1.0 for g, is_real in zip(groups, truth, strict=True)])
    weights[truth == 1] *= truth.size / weights[truth == 1].sum() / 2
    weights[truth == 0] *= truth.size / weights[truth == 0].sum() / 2
    print(f"{len(real)} real documents of {len(set(sellers))} layouts, {len(printed)} made up")
    losses: dict[str, list[float]] = {name: [] for name in names}
    for kind in ("logistic regression", "gradient boosting"):
        figures = []
        for seed in range(given.repeats):
            scores, shuffled = np.zeros(truth.size), np.zeros((len(names), truth.size))
            for train, test in StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(table, truth, groups):
                if kind == "logistic regression":
                    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
                    model.fit(table[train], truth[train], logisticregression__sample_weight=weights[train])
                else:
                    model = GradientBoostingClassifier(n_estimators=120, max_depth=2, subsample=0.7, random_state=seed)
                    model.fit(table[train], truth[train], sample_weight=weights[train])
                scores[test] = model.predict_proba(table[test])[:, 1]
                for column in range(len(names)):
                    other = table[test].copy()
                    np.random.default_rng(seed).shuffle(other[:, column])
                    shuffled[column, test] = model.predict_proba(other)[:, 1]
            figures.append(auc(truth, scores, weights))
            for name, moved in zip(names, shuffled, strict=True):
                losses[name].append(figures[-1] - auc(truth, moved, weights))
        print(f"AUC, {kind}: {np.mean(figures):.3f} ({min(figures):.3f}–{max(figures):.3f})")
    print(f"\n{'loss of AUC':>11}  {'feature':24} quartiles, real | made up")
    for name in sorted(names, key=lambda n: -float(np.mean(losses[n])))[: given.top]:
        sides = [
            " ".join(f"{q:.3g}" for q in np.quantile(table[truth == side, names.index(name)], (0.25, 0.5, 0.75)))
            for side in (1, 0)
        ]
        print(f"{np.mean(losses[name]):11.3f}  {name:24} {sides[0]} | {sides[1]}")


if __name__ == "__main__":
    main()
