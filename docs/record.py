"""Records the README's moving picture from the real program: `python docs/record.py [WORKSPACE]`.

Builds a workspace from sample_data (or uses the given one, which changes), presses real keys, waits for a real
training, and writes docs/pictures/loop.svg: one SVG in which frame follows frame by CSS alone. Any browser plays it.
Takes about four minutes on two cores.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from textual.pilot import Pilot

from screens.app import WorkbenchApp
from storage.records import RunState
from workbench.commands import demo
from workbench.evaluation import prediction_process
from workbench.workspace import Workspace

TARGET = Path(__file__).parent / "pictures" / "loop.svg"
SIZE = (120, 34)
MOST_BYTES = 2_000_000
PATIENCE = 600.0  # seconds

Frame = tuple[str, float]
"""A frame's SVG and for how many seconds it is shown."""


async def loop(pilot: Pilot[None]) -> AsyncIterator[Frame]:
    """Once round the loop: label, train, read the errors, choose what to label next."""
    app = pilot.app
    assert isinstance(app, WorkbenchApp)

    async def frame(caption: str, seconds: float, *keys: str, settle: float = 1.5) -> Frame:
        for key in keys:
            await pilot.press(key)
        await pilot.pause(settle)
        return app.export_screenshot(title=caption), seconds

    label = "1 · Label: Enter accepts a suggestion, a field's key labels the likeliest place"
    yield await frame(label, 2.5, "f2", settle=4)
    for _ in range(2):
        yield await frame(label, 1.0, "tab")
        yield await frame(label, 1.0, "enter")
    yield await frame("1 · Label: a accepts the document and opens the next", 2.0, "a")
    train = "2 · Train in the background: s starts, with everything filled in"
    yield await frame(train, 3.0, "f4", settle=4)
    yield await frame(train, 1.5, "s", settle=4)
    last = ""
    async for _ in every(12.0, lambda: not ended(app.workspace)):
        picture, seconds = await frame("2 · Train: you can go on labelling meanwhile", 1.0)
        if plain(picture) != last:
            yield picture, seconds
        last = plain(picture)
    yield await frame("2 · Train: done", 2.0)
    errors = "3 · Read the errors, field by field"
    yield await frame(errors, 3.0, "f6", settle=6)
    yield await frame(errors, 1.5, "down")
    yield await frame(errors, 2.0, "right")
    yield await frame("3 · The Doctor: what is wrong, why, and what to do next", 4.0, "d", settle=4)
    choose = "4 · Relabel: c chooses the documents that the model is least sure of"
    yield await frame(choose, 2.0, "escape", "f3", settle=4)
    yield await frame(choose, 3.5, "c", settle=12)
    yield await frame("4 · Relabel them, then train again: round after round", 3.0, "enter", settle=4)


def ended(workspace: Workspace) -> bool:
    """Whether every run of the workspace has ended."""
    from storage import runs

    with workspace.db.read() as connection:
        listed = runs.listed(connection)
    return bool(listed) and all(run.state in (RunState.FINISHED, RunState.STOPPED) for run in listed)


async def every(seconds: float, condition: Callable[[], bool]) -> AsyncIterator[None]:
    """Again and again, as long as a condition holds."""
    for _ in range(int(PATIENCE / seconds)):
        if not condition():
            return
        yield
        await asyncio.sleep(seconds)
    raise SystemExit("The run did not end in time.")


def plain(svg: str) -> str:
    """The texts of a frame."""
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))


def small(svg: str, name: str) -> str:
    """A frame without what a picture of a terminal can do without, its ids shortened to a name of its own."""
    svg = re.sub(r"@font-face\s*{.*?}", "", svg, flags=re.DOTALL)  # nothing is fetched to look at a picture
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<clipPath id="[^"]*-line-\d+">.*?</clipPath>', "", svg, flags=re.DOTALL)
    svg = re.sub(r' clip-path="url\(#[^"]*-line-\d+\)"', "", svg)
    svg = re.sub(r' shape-rendering="crispEdges"', "", svg)
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"terminal-\d+", name, svg))


def joined(frames: list[Frame]) -> str:
    """One SVG that shows the frames after each other, for ever."""
    total = sum(seconds for _, seconds in frames)
    box = re.search(r'viewBox="([^"]+)"', frames[0][0])
    rules, parts, at = [], [], 0.0
    for number, (svg, seconds) in enumerate(frames):
        start, stop = 100 * at / total, 100 * (at + seconds) / total
        hidden = "0%{visibility:hidden}" if start else ""
        rules.append(
            f"@keyframes k{number}{{{hidden}{start:.3f}%{{visibility:visible}}{stop:.3f}%,100%{{visibility:hidden}}}}"
            f".k{number}{{animation:k{number} {total:.1f}s step-end infinite}}"
        )
        parts.append(f'<g class="k{number}">{small(svg, f"f{number}")}</g>')
        at += seconds
    assert box is not None
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box[1]}"><style>{"".join(rules)}</style>'
    return f"{head}{''.join(parts)}</svg>"


async def record(workspace: Workspace) -> list[Frame]:
    """The frames of one recording."""
    app = WorkbenchApp(workspace)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(3)
        return [frame async for frame in loop(pilot)]


def main() -> None:
    """Record, and write the picture."""
    with tempfile.TemporaryDirectory() as temporary:
        if len(sys.argv) > 1:
            workspace = Workspace.open(Path(sys.argv[1]))
        else:
            workspace = Workspace.create(Path(temporary) / "invoices")
            demo.fill(workspace)
            prediction_process.suggest(workspace)
        picture = joined(asyncio.run(record(workspace)))
        workspace.close()
    TARGET.write_text(picture, encoding="utf-8")
    sys.stdout.write(f"{TARGET}: {len(picture.encode()):,} bytes\n")
    if len(picture.encode()) > MOST_BYTES:
        raise SystemExit("That is too large for a README.")


if __name__ == "__main__":
    main()
