"""The story of docs/story.md, told again by the screens alone: label, train, read the errors, take advice, relabel.

    python benchmarks/story.py FOLDER [--quick] [--labelled N] [--pool N] [--by-hand N] [--epochs N] [--batch N]

Every step is keys on the real program at 120 x 36; the trainings are real children of it. Receipts of the shared
documents: some with their labels, divided by vendor, some without. The simulated annotator knows the right labels (see
annotator.py). Two rounds follow the first model: the Doctor's first advice that a training can take (its first task and
a batch, where it has none), then a batch. Goes on in a folder where it was left; prints one JSON object, and leaves the
pictures in FOLDER. `--quick` tells it with few documents and epochs, to see that every step can still be taken.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from annotator import Annotator, Gold
from keystrokes import FOUR, imported

from screens.annotate.page_view import PageView
from screens.app import WorkbenchApp
from screens.errors.doctor_panel import DoctorPanel
from screens.tune.option_form import OptionForm
from storage import documents, import_index, runs
from storage.records import Run, Split, State
from workbench.evaluation import report
from workbench.evaluation.doctor import consultation
from workbench.evaluation.doctor.findings import Target
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.runs import splits
from workbench.workspace import Workspace

MOST = 80  # keys that are spent on a document's labels
QUICK = {"labelled": 24, "pool": 30, "by_hand": 2, "epochs": 4, "batch": 5}


def chosen(source: Path, folder: Path, ids: list[str], keys: bool) -> Path:
    """A folder with some of the receipts."""
    for part, suffix in (("box", ".csv"), ("img", ".jpg"), *([("key", ".json")] if keys else [])):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for stem in ids:
            shutil.copy(source / part / f"{stem}{suffix}", folder / part)
    return folder


def workspace_of(folder: Path, source: Path, labelled: int, pool: int) -> Workspace:
    """The workspace before the story begins: as `workbench import` and `workbench split` make it."""
    if (folder / "shop").is_dir():
        return Workspace.open(folder / "shop")
    ids = sorted(path.stem for path in (source / "key").glob("*.json"))
    workspace = Workspace.create(folder / "shop")
    for name, some, keys in (("labelled", ids[::4][:labelled], True), ("pool", ids[2::4][:pool], False)):
        pipeline.run(workspace, ImportRequest((chosen(source, folder / name, some, keys),), ocr=False))
    with workspace.db.write() as connection:
        division = splits.divide(import_index.counts(connection), validation=0.15, test=0.35, seed=0)
        documents.assign_sides(connection, division.sides)
    return workspace


class Story:
    """Presses keys, and waits as a person would."""

    def __init__(self, pilot: Any, workspace: Workspace, folder: Path) -> None:
        self.pilot, self.workspace, self.folder = pilot, workspace, folder
        self.keys = 0

    @property
    def mode_screen(self) -> Any:
        return self.pilot.app.mode_screen

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            self.keys += 1

    async def until(self, condition: Callable[[], Any], minutes: float = 60) -> Any:
        """Wait until something is to be seen."""
        deadline = time.monotonic() + 60 * minutes
        while not (result := condition()):
            assert time.monotonic() < deadline, "never came"
            await self.pilot.pause(0.2)
        return result

    async def enter(self, key: str, mode: str) -> None:
        await self.press(key)
        await self.until(lambda: self.mode_screen is not None and self.mode_screen.mode == mode)
        await self.pilot.app.workers.wait_for_complete()
        await self.pilot.pause()

    def picture(self, name: str) -> None:
        image = self.pilot.app.export_screenshot(title=f"workbench · {name}")
        (self.folder / f"{name}.svg").write_text(image, encoding="utf-8")

    def ended(self) -> list[Run]:
        with self.workspace.db.read() as connection:
            return runs.listed(connection, consultation.ENDED)

    async def trained(self, count: int) -> None:
        """Until that many runs have ended."""
        await self.until(lambda: len(self.ended()) >= count)
        await self.pilot.pause(3.0)

    # the steps

    async def by_hand(self, count: int, golds: dict[str, Gold]) -> dict[str, Any]:
        """The first documents that have no labels, in the annotate screen."""
        await self.until(
            lambda: self.mode_screen is not None and self.mode_screen.mode == "annotate" and self.mode_screen.session
        )
        keys = []
        for _ in range(count):
            keys.append(await self._label(golds))
        return {"documents": count, "keys": keys}

    async def first(self, epochs: int) -> None:
        """The preset, with few epochs."""
        await self.enter("f4", "tune")
        form = self.mode_screen.query_one(OptionForm)
        while form.key != "train.num_train_epochs":
            await self.press("down")
        await self.press("enter", *["backspace"] * 4, *str(epochs), "enter", "s")
        await self.trained(1)

    async def read(self) -> consultation.Consultation:
        """Show the newest run's errors and the Doctor's findings; what the Doctor found."""
        await self.enter("f6", "errors")
        newest = self.ended()[0]
        await self.until(lambda: self.mode_screen.shown is not None and self.mode_screen.shown.run.id == newest.id)
        await self.pilot.app.workers.wait_for_complete()
        await self.pilot.pause()
        return consultation.consult(self.workspace, newest)

    async def advised(self) -> dict[str, Any]:
        """The Doctor's first action that a training can take, taken; where it has none, the first task for people."""
        await self.read()
        self.picture("story-errors")
        await self.press("d")
        await self.pilot.pause()
        self.picture("story-doctor")
        panel = self.mode_screen.query_one(DoctorPanel)
        chosen = [n for n, (_, a) in panel._choices.items() if a.target is Target.CONFIG]
        wanted = next(iter(chosen or [n for n, (_, a) in panel._choices.items() if a.screen == "queue"]), None)
        if wanted is None:
            return {}
        while panel.highlighted_option is None or panel.highlighted_option.id != wanted:
            await self.press("down")
        finding, action = panel._choices[wanted]
        advice = {"symptom": finding.symptom, "advice": action.title}
        await self.press("enter")
        await self.until(lambda: self.mode_screen.mode in ("tune", "queue"))
        if self.mode_screen.mode == "queue":
            return advice
        await self.pilot.app.workers.wait_for_complete()
        before = len(self.ended())
        await self.press("s")
        await self.trained(before + 1)
        return {**advice, "outcome": (await self.read()).outcome}

    async def relabelled(self, batch: int, golds: dict[str, Gold]) -> dict[str, Any]:
        """A batch out of the pool, labelled; then the next training, from the base again."""
        await self.enter("f3", "queue")
        await self.until(lambda: self.mode_screen.overview.model is not None)
        if self.mode_screen.overview.round is None:
            size = "plus" if batch > self.mode_screen.batch_pane.batch_size else "minus"
            while self.mode_screen.batch_pane.batch_size != batch:
                await self.press(size)
            await self.press("c")
            await self.until(lambda: self.mode_screen.overview.round is not None)
            await self.pilot.app.workers.wait_for_complete()
        self.picture("story-batch")
        keys: list[int] = []
        if self.mode_screen.overview.round.left:
            await self.press("enter")
            await self.until(lambda: self.mode_screen.mode == "annotate")
        while self.mode_screen.mode == "annotate":
            keys.append(await self._label(golds))
        await self.until(
            lambda: self.mode_screen.overview.round is not None and not self.mode_screen.overview.round.left
        )
        await self.press("t")
        await self.until(lambda: len(self.pilot.app.screen_stack) > 1)
        before = len(self.ended())
        await self.press("b")
        await self.trained(before + 1)
        return {"documents": len(keys), "keys": keys}

    async def _label(self, golds: dict[str, Gold]) -> int:
        """The document in view: its labels made right, and accepted; how many keys that took."""
        session, before = self.mode_screen.session, self.keys
        annotator = Annotator(golds[session.content.document.name], self.workspace.schema)
        page = self.mode_screen.query_one(PageView)
        while self.keys < before + MOST and (key := annotator.next_key(session, page.visible_tokens())) is not None:
            await self.press(key)
        while session.editor.state.state is not State.LABELLED:  # what is out of view wants to be looked at first
            assert self.keys < before + 2 * MOST, f"{session.content.document.name} cannot be accepted"
            await self.press("A" if session.document_acts.acceptable() else "a")
        await self.until(lambda: self.mode_screen.mode != "annotate" or self.mode_screen.session is not session)
        return self.keys - before

    async def compared(self, count: int) -> None:
        """The first and the last run over each other."""
        await self.enter("f5", "runs")
        await self.press(*["down"] * (count - 1), "space", *["up"] * (count - 1), "space")
        await self.until(lambda: self.mode_screen.view.compared)
        await self.pilot.pause()
        self.picture("story-compared")


def golds_of(folder: Path, source: Path) -> dict[str, Gold]:
    """Name -> the right labels of the documents that have none in the story's workspace."""
    kept = folder / "gold.json"
    if not kept.is_file():
        names = sorted(path.stem for path in (folder / "pool" / "box").glob("*.csv"))
        names += sorted(path.stem for path in (folder / "labelled" / "box").glob("*.csv"))  # some come again, blind
        listed = imported(chosen(source, folder / "gold", names, True), folder / "gold-shop", FOUR)
        kept.write_text(json.dumps({content.document.name: gold for content, gold in listed}))
    return {
        name: {field: tuple(tokens) for field, tokens in gold.items()}
        for name, gold in json.loads(kept.read_text()).items()
    }


async def tell(workspace: Workspace, folder: Path, golds: dict[str, Gold], given: argparse.Namespace) -> dict[str, Any]:
    """The whole story; steps that were taken already are not taken again."""
    kept = folder / "told.json"
    record: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    app = WorkbenchApp(workspace)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(2.0)
        story = Story(pilot, workspace, folder)

        async def once(name: str, step: Callable[[], Awaitable[Any]]) -> None:
            if name not in record:
                record[name] = await step()
                kept.write_text(json.dumps(record))

        await once("by_hand", lambda: story.by_hand(given.by_hand, golds))
        await once("first", lambda: story.first(given.epochs))
        await once("advised", story.advised)
        if "outcome" not in record["advised"]:
            await once("relabelled_first", lambda: story.relabelled(given.batch, golds))
        await once("relabelled", lambda: story.relabelled(given.batch, golds))
        await story.compared(len(story.ended()))
    return record


def figures(workspace: Workspace) -> list[dict[str, Any]]:
    """Each run's, the first first, and its difference to the one before it on the test documents."""
    with workspace.db.read() as connection:
        ended = runs.listed(connection, consultation.ENDED)[::-1]
    figures_of_runs = []
    for number, run in enumerate(ended):
        folder = workspace.files.run(run.id)
        evaluation = report.evaluate_run(folder, Split.TEST.value)
        entry = {
            "run": run.id,
            "seconds": round((run.ended - run.started).total_seconds()) if run.ended and run.started else None,
            "trained_on": (run.report or {}).get("documents", {}).get("train"),
            "learning_rate": run.config["train"]["learning_rate"],
            "validation_f1": run.f1,
            "test_documents": evaluation["documents"],
            "test_f1": evaluation["micro"]["f1"],
            "ci95": evaluation["micro"]["ci95"],
            "fields": {name: round(row["f1"], 3) for name, row in evaluation["fields"].items()},
            "values": evaluation["value_exact_match"],
        }
        if number:
            before = workspace.files.run(ended[number - 1].id)
            entry["against_the_one_before"] = report.compare_runs(before, folder)["differences"]["micro"]
        figures_of_runs.append(entry)
    return figures_of_runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help=f"little of everything: {QUICK}")
    parser.add_argument("--labelled", type=int, default=110)
    parser.add_argument("--pool", type=int, default=110)
    parser.add_argument("--by-hand", type=int, default=5, help="labelled by keys before the first model")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=20, help="a multiple of 5")
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("WORKBENCH_REALDATA", root.parent / "shared/data"))
    )
    given = parser.parse_args()
    if given.quick:
        vars(given).update(QUICK)
    given.folder.mkdir(parents=True, exist_ok=True)
    source = given.data / "receipts_en"
    workspace = workspace_of(given.folder, source, given.labelled, given.pool)
    golds = golds_of(given.folder, source)
    record = asyncio.run(tell(workspace, given.folder, golds, given))
    print(json.dumps({**record, "runs": figures(workspace)}, indent=1))
    workspace.close()


if __name__ == "__main__":
    main()
