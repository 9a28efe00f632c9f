"""Every screen at five sizes: nothing is cut, and what does not fit is reached by keys that are named."""

from collections.abc import Iterator

import pytest
from rich.cells import cell_len
from textual.widget import Widget
from textual.widgets import DataTable, OptionList, Static

from screens.app import WorkbenchApp
from screens.widgets.status_lines import HintLine, StatusLine
from tests.support import finished_run, workspaces
from workbench.workspace import Workspace

SIZES = ((80, 24), (100, 30), (120, 36), (160, 45), (200, 60))
WAYS = {
    "annotate": ("f2",),
    "the filter": ("f2", "F"),
    "the list": ("f2", "O"),
    "batch": ("f3", "1"),
    "review": ("f3", "2"),
    "rounds": ("f3", "3"),
    "quality": ("f3", "4"),
    "tune": ("f4",),
    "the last run": ("f4", "v"),
    "runs": ("f5",),
    "fields": ("f6", "m"),
    "confusion": ("f6", "c"),
    "groups": ("f6", "g"),
    "rules": ("f6", "r"),
    "doctor": ("f6", "d"),
    "help": ("f6", "question_mark"),
}
NAMES = ("Annotate", "Queue", "Tune", "Runs", "Errors")


@pytest.fixture(scope="module")
def invoices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("widths")
    workspace = workspaces.workspace(folder / "invoices", {"test": 6, "pool": 3})
    finished_run.finish(workspace, name="baseline")
    finished_run.finish(workspace, name="a second round with a longer name", seed=1)
    yield workspace
    workspace.close()


def shown(widget: Widget) -> list[str]:
    """The lines that a widget of one line or more draws."""
    return ["".join(segment.text for segment in strip) for strip in widget.render_lines(widget.outer_size.region)]


def faults(app: WorkbenchApp, width: int) -> Iterator[str]:
    """What of the screen in view is cut or hidden."""
    hint, status = app.mode_screen.query_one(HintLine), app.mode_screen.query_one(StatusLine)
    named = [text for _, text in hint._pairs if text in shown(hint)[0]]
    if "…" in shown(hint)[0].replace(hint._lead, "") or len(named) < min(2, len(hint._pairs)):
        yield f"hint: {shown(hint)[0]!r}"
    if "…" in shown(status)[0] or (width >= 100 and not all(name in shown(status)[0] for name in NAMES)):
        yield f"status: {shown(status)[0]!r}"
    for widget in app.screen.walk_children(Widget):
        if not widget.is_on_screen or not widget.size.area or not widget.visible:
            continue
        if isinstance(widget, DataTable) and widget.virtual_size.width > widget.size.width:
            reading = app.screen.query("#reading")
            if not reading or "← →" not in str(reading.first(Static).render()):
                yield f"{widget.id}: {widget.virtual_size.width} cells wide in {widget.size.width}"
        elif isinstance(widget, OptionList) and widget.virtual_size.width > widget.size.width:
            yield f"{widget.id}: {widget.virtual_size.width} cells wide in {widget.size.width}"
        elif isinstance(widget, Static) and widget.styles.height is not None and widget.styles.height.cells == 1:
            text = str(widget.render())
            if cell_len(text.rstrip()) > widget.content_size.width:
                yield f"{widget.id}: {text!r} in {widget.content_size.width}"
    for figures in app.screen.query("#figures"):
        if any(line.rstrip().endswith(("F1 on", "pass", "unseen", "without a", "values")) for line in shown(figures)):
            yield f"figures are broken: {shown(figures)}"


async def settled(pilot) -> None:
    """Until what is read in the background is shown; a machine that is being measured is not waited for."""
    for _ in range(20):
        await pilot.pause()
        if not any(worker.is_running and worker.group in ("look", "folders") for worker in pilot.app.workers):
            break
        await pilot.pause(0.05)
    await pilot.pause()


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_is_cut(invoices, way):
    app, cut = WorkbenchApp(invoices), []
    async with app.run_test(size=SIZES[0]) as pilot:
        for key in WAYS[way]:
            await pilot.press(key)
            await settled(pilot)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await settled(pilot)
            cut += [f"{size[0]}: {fault}" for fault in faults(app, size[0])]
    assert not cut, "\n".join(cut)
