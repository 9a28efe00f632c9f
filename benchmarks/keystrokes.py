"""Keys per document: a simulated annotator who knows the right labels drives the real screen.

    python benchmarks/keystrokes.py [--documents 100] [--data ../shared/data] [--json]

She looks, then presses the cheapest keys that she can see lead to the goal: the field's key while the place it offers
is wrong and another is near, the keys that lengthen or shorten a label, the find bar where nothing else helps. Three
runs: without suggestions, with those of a perfect model, and with a model of about 85 % F1 (its errors are made up:
wrong place, cut off, missing, invented). Beside it the count for Label Studio on the same documents: choose the label's
key, then press-drag-release a box for every line of every value, and submit.
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

from screens.app import WorkbenchApp
from storage import documents
from storage.documents import NewDocument
from storage.records import Content, Page, Span
from workbench import importing
from workbench.candidates import Finder
from workbench.fields import invoice_schema
from workbench.hands import Hands
from workbench.workspace import Workspace

FOUR = ("seller_name", "seller_address", "invoice_date", "amount_total")
Gold = dict[str, tuple[int, ...]]


class Annotator:
    """Knows the right labels; decides the next key from what the screen shows."""

    def __init__(self, gold: Gold, schema: Any) -> None:
        self.gold = gold
        self.schema = schema
        self.planned: list[str] = []

    def next_key(self, hands: Hands) -> str | None:
        """The next key, or None when the document is right as it is and only has to be accepted."""
        if self.planned:
            return self.planned.pop(0)
        view = hands.view
        labelled = {s.field: s for s in view.content.annotations.spans}
        for span in view.content.annotations.spans:
            if span.field not in self.gold:
                return self._at(hands, span) or "backspace"
            if span != labelled[span.field]:  # a second label: the one that is further from right goes
                worse = min(span, labelled[span.field], key=lambda s: len(set(s.tokens) & set(self.gold[s.field])))
                return self._at(hands, worse) or "backspace"
        if (wrong := self._wrong_suggestion(hands)) is not None:
            return wrong
        proposed = {s.field: tuple(sorted(s.tokens)) for s in hands.acceptable()}
        for field, tokens in self.gold.items():
            if field in labelled:
                if tuple(sorted(labelled[field].tokens)) != tokens:
                    return self._mend(hands, labelled[field], tokens)
            elif proposed.get(field) != tokens:
                if view.armed == field:  # its key found no place
                    return self._by_hand(hands, field, tokens)
                return self._key(hands, field)
        return None

    def _key(self, hands: Hands, field: str) -> str:
        # With a suggestion focused a field's key would change that one.
        return "escape" if hands.view.focus is not None else str(self.schema.get(field).key)

    def _wrong_suggestion(self, hands: Hands) -> str | None:
        """An invented suggestion of a field that is not on the document is rejected; others give way to labels."""
        for s in hands.acceptable():
            if s.field not in self.gold:
                focus = hands.view.focus
                return "x" if focus is not None and focus.id == s.id else "tab"
        return None

    def _at(self, hands: Hands, span: Span) -> str | None:
        return None if hands.cursor in span.tokens else str(self.schema.get(span.field).key)

    def _mend(self, hands: Hands, span: Span, wanted: tuple[int, ...]) -> str:
        """One key that makes a wrong label more right."""
        now, goal = set(span.tokens), set(wanted)
        view = hands.view
        if now & goal:
            if (jump := self._at(hands, span)) is not None:
                return jump
            best = self._adjusted(hands, span, goal)
            if best is not None:
                return best
        tries = view.tries
        if tries is not None and tries.field == span.field and not tries.moved:
            ahead = [n for n, place in enumerate(tries.places) if set(place) == goal]
            near = [n for n, place in enumerate(tries.places) if set(place) & goal]
            if ahead and 0 < ahead[0] - tries.now <= 4:
                return self._key(hands, span.field)
            if not now & goal and near and 0 < near[0] - tries.now <= 3:
                return self._key(hands, span.field)
        return self._by_hand(hands, span.field, wanted)

    def _adjusted(self, hands: Hands, span: Span, goal: set[int]) -> str | None:
        """The adjusting key that comes nearest to the goal."""
        keys = {
            "full_stop": (True, True, False),
            "comma": (False, True, False),
            "less_than_sign": (True, False, False),
            "greater_than_sign": (False, False, False),
            "right_square_bracket": (True, True, True),
            "left_square_bracket": (False, True, True),
            "left_curly_bracket": (True, False, True),
            "right_curly_bracket": (False, False, True),
        }
        best: tuple[int, str | None] = (len(goal ^ set(span.tokens)), None)
        for key, (more, at_end, phrase) in keys.items():
            tokens = hands.adjusted(span.tokens, more, at_end, phrase)
            if tokens and len(goal ^ set(tokens)) < best[0]:
                best = (len(goal ^ set(tokens)), key)
        return best[1]

    def _by_hand(self, hands: Hands, field: str, wanted: tuple[int, ...]) -> str:
        """Find the value by typing the beginning of its first word, select the rest, press the field's key."""
        from workbench.finding import find

        first = hands.tokens[wanted[0]].text
        for length in range(1, len(first) + 1):
            places = find(hands.tokens, first[:length])
            at = next((n for n, place in enumerate(places) if place[0] == wanted[0]), None)
            if at is not None and at <= 2:
                break
        else:
            at = 0
        keys = ["slash", *first[:length], *["down"] * (at or 0), "enter"]
        rows = {hands.layout.where[t][0] for t in wanted}
        if len(wanted) > 1:
            keys += ["L"] * len(rows) if len(rows) > 1 or len(wanted) > 3 else ["shift+right"] * (len(wanted) - 1)
        keys.append(str(self.schema.get(field).key))
        self.planned = [_named(key) for key in keys[1:]]
        return keys[0]


def _named(key: str) -> str:
    from textual.keys import _character_to_key

    return _character_to_key(key) if len(key) == 1 else key


async def count(workspace: Workspace, golds: list[Gold], most: int = 80) -> tuple[list[int], list[int]]:
    """Keys of each document, and whether its labels ended up right."""
    app = WorkbenchApp(workspace)
    keys: list[int] = []
    right: list[int] = []
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        for number, gold in enumerate(golds, 1):
            room: Any = app.room
            hands = room.hands
            annotator = Annotator(gold, workspace.schema)
            pressed = 0
            while pressed < most and (key := annotator.next_key(hands)) is not None:
                await pilot.press(key)
                pressed += 1
            while room.hands is hands and hands.desk.state.state.value != "labelled" and pressed < most:
                await pilot.press("A" if hands.acceptable() else "a")
                pressed += 1
            keys.append(pressed)
            with workspace.db.read() as connection:
                content = documents.open_document(connection, number)
            kept = {s.field: tuple(sorted(s.tokens)) for s in content.annotations.spans}
            right.append(int(kept == gold))
            if room.hands is hands and number < len(golds):
                room.action_go(1)
                await pilot.pause()
    return keys, right


def fallible(gold: Gold, content: Content, chance: random.Random) -> list[tuple[str, tuple[int, ...], float, str]]:
    """Suggestions of a model with about 85 % F1 on spans, its errors those that models make."""
    schema = invoice_schema()
    finder = Finder(content.tokens)
    made = []
    for field, tokens in gold.items():
        sure = round(chance.uniform(0.75, 0.99), 3)
        if chance.random() < 0.85:
            made.append((field, tokens, sure, "model"))
            continue
        sure = round(chance.uniform(0.35, 0.85), 3)
        kind = chance.choice(["missing", "cut", "elsewhere"])
        if kind == "cut" and len(tokens) > 1:
            made.append((field, tokens[:-1] if chance.random() < 0.5 else tokens[1:], sure, "model"))
        elif kind != "missing" and (f := schema.get(field)) is not None:
            others = [c.tokens for c in finder.ranked(f) if not set(c.tokens) & set(tokens)]
            if others:
                made.append((field, chance.choice(others[:3]), sure, "model"))
    if chance.random() < 0.15:  # and now and then a field that is not there
        spare = next((c.tokens for c in finder.ranked(schema.get("invoice_no")) if c.tokens), ())  # type: ignore[arg-type]
        if spare and "invoice_no" not in gold:
            made.append(("invoice_no", spare, 0.5, "model"))
    return made


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
    importing.run(workspace, importing.Request((source,), ocr=False))
    found = []
    with workspace.db.read() as connection:
        for number in documents.ids(connection):
            content = documents.open_document(connection, number)
            gold: Gold = {}
            for span in content.annotations.spans:
                if (fields is None or span.field in fields) and span.field not in gold:
                    gold[span.field] = tuple(sorted(span.tokens))
            if gold:
                order = [f.id for f in workspace.schema if f.id in gold]
                found.append((content, {name: gold[name] for name in order}))
    workspace.close()
    return found


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
        d = content.document
        new.append(
            NewDocument(
                d.name, d.source, d.digest, d.format, pages, d.language, d.group, suggestions=tuple(suggestions)
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
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sources = [
        ("receipts_en, 4 fields", options.data / "receipts_en", FOUR),
        ("sample_data", root / "sample_data", None),
    ]
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, source, fields in sources:
            if not source.exists():
                print(f"{name}: not there, left out", file=sys.stderr)
                continue
            slug = source.name
            if fields:
                source = some(source, Path(scratch) / f"{slug}-some", options.documents)
            listed = imported(source, Path(scratch) / f"{slug}-gold", fields)[: options.documents]
            told: dict[str, Any] = {
                "documents": len(listed),
                "labels a document": round(statistics.mean(len(gold) for _, gold in listed), 1),
                "Label Studio": figures([label_studio(gold, content) for content, gold in listed]),
            }
            for kind in ("none", "perfect", "85 %"):
                workspace = prepared(Path(scratch) / f"{slug}-{kind[:2]}", listed, kind)
                keys, right = asyncio.run(count(workspace, [gold for _, gold in listed]))
                told[f"suggestions: {kind}"] = {**figures(keys), "right": f"{sum(right)}/{len(right)}"}
                workspace.close()
            report[name] = told
    if options.json:
        print(json.dumps(report, indent=1))
        return
    for name, told in report.items():
        print(name)
        for row, value in told.items():
            print(
                f"  {row:<24}",
                value if not isinstance(value, dict) else "  ".join(f"{k} {v}" for k, v in value.items()),
            )


if __name__ == "__main__":
    main()
