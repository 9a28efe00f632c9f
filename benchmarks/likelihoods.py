"""How likely the first place of a field is right, by its score: makes the table of workbench/locate/likelihoods.py.

    python benchmarks/likelihoods.py [--data ../shared/data] [--made 600] [--check]

Documents: made-up ones in five languages (a field without a label is not there), receipts_en (labelled fields only) and
einvoices (a value that is printed like the known one is right). The rates rise with the score (pool adjacent violators)
and are smoothed. `--check` compares the table as it stands with made-up documents of another seed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from storage import document_list, documents
from storage.records import Content
from workbench.annotation.field_states import text_of
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.fields import Schema
from workbench.fields.values import same
from workbench.locate import likelihoods
from workbench.locate.candidates import Finder
from workbench.workspace import Workspace

Scored = tuple[str, float, bool]
"""A field, the score of its first place, and whether that is right."""
_LEAST = 25  # first places a step, at least


def opened(folder: Path, source: Path) -> tuple[Schema, list[Content]]:
    workspace = Workspace.create(folder)
    pipeline.run(workspace, ImportRequest((source,), ocr=False))
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, n) for n in document_list.ids(connection)]
    return workspace.schema, contents


def by_labels(schema: Schema, contents: list[Content], absent_counts: bool) -> Iterator[Scored]:
    for content in contents:
        gold: dict[str, list[tuple[int, ...]]] = {}
        for span in sorted(content.annotations.spans, key=lambda span: span.tokens):
            gold.setdefault(span.field, []).append(tuple(sorted(span.tokens)))
        finder, labelled = Finder(content.tokens), dict[str, tuple[int, ...]]()
        for field in schema.active:
            if field.id in gold or absent_counts:
                labels = gold.get(field.id, [])
                whole = tuple(sorted(token for label in labels for token in label))  # two lines may be two labels
                for first in finder.ranked(field, labelled)[:1]:
                    yield field.id, first.score, tuple(sorted(first.tokens)) in (*labels, whole)
            if field.id in gold:
                labelled[field.id] = whole


def by_values(schema: Schema, contents: list[Content]) -> Iterator[Scored]:
    for content in contents:
        known = {r.field: r.value for r in content.references}
        finder = Finder(content.tokens)
        for field in schema.active:
            for first in finder.ranked(field)[:1]:
                text = text_of(content.tokens, first.tokens)
                yield field.id, first.score, field.id in known and same(field.type, text, known[field.id])


def steps(scored: list[tuple[float, bool]]) -> list[tuple[float, float]]:
    """(least score, rate) of each step, rising."""
    pools: list[list[float]] = []  # least score, right, all
    for score, right in sorted(scored):
        if pools and pools[-1][2] < _LEAST:
            pools[-1][1] += right
            pools[-1][2] += 1
        else:
            pools.append([score, right, 1])
        while len(pools) > 1 and pools[-1][2] >= _LEAST and pools[-2][1] / pools[-2][2] >= pools[-1][1] / pools[-1][2]:
            _, right_, count = pools.pop()
            pools[-1][1] += right_
            pools[-1][2] += count
    table = [(round(least, 2), round((right + 0.5) / (count + 1), 2)) for least, right, count in pools]
    return [step for n, step in enumerate(table) if n == 0 or step[1] >= table[n - 1][1] + 0.08]


def made_up(folder: Path, count: int, seed: int) -> Path:
    languages = "en,de,fr,nl,zh"
    command = [sys.executable, "-P", "-m", "workbench.cli", "sample-data", str(folder), "--count", str(count)]
    subprocess.run([*command, "--seed", str(seed), "--words-only", "--languages", languages], check=True)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parent.parent
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("WORKBENCH_REALDATA", root.parent / "shared/data"))
    )
    parser.add_argument("--made", type=int, default=600)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        seed = 4711 if options.check else 17
        scored = list(by_labels(*opened(here / "made", made_up(here / "m", options.made, seed)), True))
        if not options.check:
            scored += by_labels(*opened(here / "receipts", options.data / "receipts_en"), False)
            scored += by_values(*opened(here / "einvoices", options.data / "einvoices"))
    fields = list(dict.fromkeys(name for name, _, _ in scored))
    if not options.check:
        for field in fields:
            print(f'    "{field}": {tuple(steps([(score, right) for name, score, right in scored if name == field]))},')
        return
    for low, high in ((0, 0.15), (0.15, 0.4), (0.4, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = [
            (rate, right)
            for name, score, right in scored
            if low <= (rate := likelihoods.likelihood(name, score)) < high
        ]
        if inside:
            shown, true = (sum(part) / len(inside) for part in zip(*inside, strict=True))
            print(f"{low:.0%}-{high:.0%}: {len(inside)} places, said {shown:.1%}, right {true:.1%}")


if __name__ == "__main__":
    main()
