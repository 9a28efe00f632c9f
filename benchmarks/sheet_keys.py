"""Keys a text in the sheet: an annotator who knows the classes drives the real screen.

    python benchmarks/sheet_keys.py ../shared/data/claims/train.jsonl [--count 500] [--accuracy 0.95]

Every text by its key, without a model; and the suggestions from the sheet's threshold on taken unread, a page at a
time, and the others one by one. The model is made up: it is right as often as it says (calibrated), its probabilities
are drawn so that it is right in `--accuracy` of the texts. The wrong labels at the end are counted.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from screens.app import WorkbenchApp
from storage import label_queries
from tests.support import text_documents
from workbench.annotation.classes.states import OPTION_KEYS
from workbench.workspace import Workspace

_SHAPE = 0.3  # of the doubts: few texts are doubted, and most of them hardly


@dataclass
class Annotator:
    """Presses keys and counts them."""

    pilot: Any
    known: Sequence[str]  # of each text
    keys: int = 0
    options: Sequence[str] = field(default_factory=list)

    @property
    def screen(self) -> Any:
        return self.pilot.app.mode_screen

    async def press(self, *keys: str) -> None:
        self.keys += len(keys)
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def key_of(self, document: int) -> str:
        """The key that labels a text: Enter where its suggestion is right."""
        known, row = self.known[document - 1], self.screen.rows[document]
        return "enter" if row.likely == known else OPTION_KEYS[list(self.options).index(known)]

    def current(self) -> int:
        (document,) = self.screen.texts.targets
        return int(document)

    async def one_by_one(self) -> None:
        """Label the text under the cursor until none is open."""
        while any(row.is_open for row in self.screen.rows.values()):
            await self.press(self.key_of(self.current()))

    async def lower(self) -> None:
        """Have the threshold a step lower."""
        await self.press("minus")

    async def take_sure(self) -> None:
        """Take the pages of sure suggestions as they are."""
        while self._any_sure():
            await self.press("A")

    def _any_sure(self) -> bool:
        rows = self.screen.rows.values()
        return any(row.is_open and row.likely and row.probability >= self.screen.threshold for row in rows)


async def label(workspace: Workspace, known: Sequence[str], ways: Sequence[str]) -> int:
    """Keys that were pressed until every text had a label."""
    async with WorkbenchApp(workspace).run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("f7")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        annotator = Annotator(pilot, known)
        annotator.options = annotator.screen.field.options
        for way in ways:
            act: Callable[[], Awaitable[None]] = getattr(annotator, way)
            await act()
        return annotator.keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="JSON Lines with text and label")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--accuracy", type=float, default=0.95)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    drawing = random.Random(options.seed)
    rows = [json.loads(line) for line in options.file.read_text(encoding="utf-8").splitlines()]
    rows = drawing.sample(rows, options.count)
    known = [f"class {row['label']}" for row in rows]
    names = sorted(set(known))
    mean = (1 - options.accuracy) / (1 - 1 / len(names))
    likely = {}
    for number, name in enumerate(known):
        sure = 1 - (1 - 1 / len(names)) * drawing.betavariate(_SHAPE, _SHAPE * (1 / mean - 1))
        shown = name if drawing.random() < sure else drawing.choice([other for other in names if other != name])
        rest = (1 - sure) / (len(names) - 1)
        likely[number] = {option: sure if option == shown else rest for option in names}
    ways = {
        "no model": ({}, ["one_by_one"]),
        "sure ones taken unread": (likely, ["take_sure", "one_by_one"]),
        "the same, a step lower": (likely, ["lower", "take_sure", "one_by_one"]),
    }
    right = sum(max(shares, key=shares.__getitem__) == known[number] for number, shares in likely.items())
    print(f"{len(known)} texts, the model is right about {right / len(known):.3f}")
    for way, (suggested, acts) in ways.items():
        with tempfile.TemporaryDirectory() as place:
            texts = [row["text"] for row in rows]
            workspace = text_documents.workspace(Path(place) / "w", texts, likely=suggested, options=names)
            workspace.change_settings(learner=False)  # the made-up model stays as it is
            keys = asyncio.run(label(workspace, known, acts))
            with workspace.db.read() as connection:
                labels = label_queries.classified(connection, "type", range(1, len(known) + 1))
            wrong = sum(list(labels[number]) != [name] for number, name in enumerate(known, 1))
            workspace.close()
        print(f"{way:24} {keys / len(known):.2f} keys a text; {wrong} labels wrong ({wrong / len(known):.1%})")


if __name__ == "__main__":
    main()
