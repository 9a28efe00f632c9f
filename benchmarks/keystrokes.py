"""Keys per document: a simulated annotator who knows the right labels drives the real screen.

    python benchmarks/keystrokes.py [--documents 100] [--suggestions none] [--data ../shared/data] [--json]

See benchmarks/annotator.py for what it knows. Three
runs: without suggestions, with those of a perfect model, and with a model of about 85 % F1 (its errors are made up:
wrong place, cut off, missing, invented). E-invoices have two runs: without, and with the values of their XML as the
import aligns them, which are their right labels too. Beside it the count for Label Studio on the same documents: choose
the label's key, then press-drag-release a box for every line of every value, and submit.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.annotator import Annotator, Gold
from screens.annotate.page_view import PageView
from screens.app import WorkbenchApp
from storage import document_list, documents
from storage.documents import NewDocument
from storage.records import Content, Page, ReferenceValue
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.fields import invoice_schema
from workbench.locate.candidates import Finder
from workbench.workspace import Workspace

KINDS = ("none", "perfect", "85 %")
FOUR = ("seller_name", "seller_address", "invoice_date", "amount_total")


async def count(workspace: Workspace, golds: list[Gold], most: int = 80) -> tuple[list[int], list[int]]:
    """Keys of each document, and whether its labels ended up right."""
    app = WorkbenchApp(workspace)
    keys: list[int] = []
    right: list[int] = []
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        for number, gold in enumerate(golds, 1):
            screen: Any = app.mode_screen
            session = screen.session
            page = screen.query_one(PageView)
            annotator = Annotator(gold, workspace.schema)
            pressed = 0
            while pressed < most and (key := annotator.next_key(session, page.visible_tokens())) is not None:
                await pilot.press(key)
                pressed += 1
            while screen.session is session and session.editor.state.state.value != "labelled" and pressed < most:
                await pilot.press("A" if session.document_acts.acceptable() else "a")
                pressed += 1
            keys.append(pressed)
            with workspace.db.read() as connection:
                content = documents.open_document(connection, number)
            kept = {s.field: tuple(sorted(s.tokens)) for s in content.annotations.spans}
            right.append(int(kept == gold))
            if pressed >= most:
                await pilot.press("escape")  # given up, perhaps in the find bar
            if screen.session is session and number < len(golds):
                screen.action_go(1)
                await pilot.pause()
    return keys, right


def fallible(gold: Gold, content: Content, chance: random.Random) -> list[tuple[str, tuple[int, ...], float, str]]:
    """Suggestions of a model with about 85 % F1 on spans, its errors those that models make."""
    schema = invoice_schema()
    finder = Finder(content.tokens)
    suggestions = []
    for field, tokens in gold.items():
        sure = round(chance.uniform(0.75, 0.99), 3)
        if chance.random() < 0.85:
            suggestions.append((field, tokens, sure, "model"))
            continue
        sure = round(chance.uniform(0.35, 0.85), 3)
        kind = chance.choice(["missing", "cut", "elsewhere"])
        if kind == "cut" and len(tokens) > 1:
            suggestions.append((field, tokens[:-1] if chance.random() < 0.5 else tokens[1:], sure, "model"))
        elif kind != "missing" and (f := schema.get(field)) is not None:
            others = [c.tokens for c in finder.ranked(f) if not set(c.tokens) & set(tokens)]
            if others:
                suggestions.append((field, chance.choice(others[:3]), sure, "model"))
    if chance.random() < 0.15:  # and now and then a field that is not there
        spare = next((c.tokens for c in finder.ranked(schema.get("invoice_no")) if c.tokens), ())  # type: ignore[arg-type]
        if spare and "invoice_no" not in gold:
            suggestions.append(("invoice_no", spare, 0.5, "model"))
    return suggestions


def label_studio(gold: Gold, content: Content) -> int:
    """Keys and mouse acts there: the label's key and a drag for every line of every value, and the submission."""
    tokens = content.tokens
    boxes = sum(len({(tokens[t].page, tokens[t].line) for t in span}) for span in gold.values())
    return 2 * boxes + 1


def some(source: Path, folder: Path, most: int) -> Path:
    """A folder with some of the receipts, without their pictures: every fourth is left out, the heuristics were looked
    at with those."""
    chosen = [file.stem for n, file in enumerate(sorted((source / "box").glob("*.csv"))) if n % 4][:most]
    for part, suffix in (("box", ".csv"), ("key", ".json")):
        (folder / part).mkdir(parents=True)
        for stem in chosen:
            (folder / part / f"{stem}{suffix}").write_bytes((source / part / f"{stem}{suffix}").read_bytes())
    return folder


def imported(source: Path, folder: Path, fields: tuple[str, ...] | None) -> list[tuple[Content, Gold]]:
    """Documents with their right labels, as the importer reads them."""
    workspace = Workspace.create(folder)
    pipeline.run(workspace, ImportRequest((source,), ocr=False))
    labelled = []
    with workspace.db.read() as connection:
        for number in document_list.ids(connection):
            content = documents.open_document(connection, number)
            gold: Gold = {}
            for span in content.annotations.spans or content.suggestions:
                if (fields is None or span.field in fields) and span.field not in gold:
                    gold[span.field] = tuple(sorted(span.tokens))
            if gold:
                order = [f.id for f in workspace.schema if f.id in gold]
                labelled.append((content, {name: gold[name] for name in order}))
    workspace.close()
    return labelled


def prepared(folder: Path, listed: list[tuple[Content, Gold]], kind: str, seed: int = 5) -> Workspace:
    """A workspace of the documents without labels, with suggestions of a kind."""
    chance = random.Random(seed)
    workspace = Workspace.create(folder)
    new = []
    for content, gold in listed:
        suggestions: list[tuple[str, tuple[int, ...], float, str]] = []
        if kind == "perfect":
            suggestions = [(f, t, round(chance.uniform(0.8, 0.99), 3), "model") for f, t in gold.items()]
        elif kind == "85 %":
            suggestions = fallible(gold, content, chance)
        pages = tuple(Page(p.number, p.width, p.height, p.tokens) for p in content.pages)
        references: tuple[ReferenceValue, ...] = ()
        if kind == "values":
            suggestions = [(s.field, s.tokens, s.confidence, s.run) for s in content.suggestions]
            references = content.references
        d = content.document
        new.append(
            NewDocument(
                d.name,
                d.source,
                d.digest,
                d.format,
                pages,
                d.language,
                d.group,
                suggestions=tuple(suggestions),
                references=references,
            )
        )
    with workspace.db.write() as connection:
        documents.add(connection, new, "benchmark")
    return workspace


def figures(values: list[int]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": statistics.median(ordered),
        "mean": round(statistics.mean(ordered), 1),
        "p90": ordered[min(int(len(ordered) * 0.9), len(ordered) - 1)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("WORKBENCH_REALDATA", root.parent / "shared/data"))
    )
    parser.add_argument("--suggestions", choices=(*KINDS, "values"), help="only this run; all take some minutes")
    parser.add_argument("--only", help="only this source: receipts_en, sample_data or einvoices")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sources = [
        ("receipts_en, 4 fields", options.data / "receipts_en", FOUR),
        ("sample_data", root / "sample_data" / "labelled", None),
        ("einvoices", options.data / "einvoices", None),
    ]
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, source, fields in sources:
            if options.only not in (None, name.partition(",")[0]):
                continue
            if not source.exists():
                print(f"{name}: not there, left out", file=sys.stderr)
                continue
            slug = source.name
            if fields:
                source = some(source, Path(scratch) / f"{slug}-some", options.documents)
            listed = imported(source, Path(scratch) / f"{slug}-gold", fields)[: options.documents]
            section: dict[str, Any] = {
                "documents": len(listed),
                "labels a document": round(statistics.mean(len(gold) for _, gold in listed), 1),
                "Label Studio": figures([label_studio(gold, content) for content, gold in listed]),
            }
            kinds = ("none", "values") if name == "einvoices" else KINDS
            for kind in [options.suggestions] if options.suggestions else kinds:
                workspace = prepared(Path(scratch) / f"{slug}-{kind[:2]}", listed, kind)
                keys, right = asyncio.run(count(workspace, [gold for _, gold in listed]))
                section[f"suggestions: {kind}"] = {**figures(keys), "right": f"{sum(right)}/{len(right)}"}
                workspace.close()
            report[name] = section
    if options.json:
        print(json.dumps(report, indent=1))
        return
    for name, section in report.items():
        print(name)
        for row, value in section.items():
            print(
                f"  {row:<24}",
                value if not isinstance(value, dict) else "  ".join(f"{k} {v}" for k, v in value.items()),
            )


if __name__ == "__main__":
    main()
