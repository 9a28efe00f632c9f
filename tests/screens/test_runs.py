"""The runs screen by its keys."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static

from screens.runs.screen import RunsScreen
from screens.tune.screen import TuneScreen
from screens.widgets.dialogs import Confirm
from screens.widgets.status_lines import HintLine
from storage import locks, runs, tables
from storage.events import EventWriter
from storage.records import Run, RunState
from tests.support import workspaces
from tests.support.pilots import until
from workbench.runs import jobs
from workbench.runs.state import RunFolder
from workbench.search import plan as searches
from workbench.workspace import Workspace

Opener = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture
def invoices(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.with_weak_and_strong(tmp_path / "invoices")
    yield workspace
    workspace.close()


def run_of(workspace: Workspace, name: str) -> Run:
    with workspace.db.read() as connection:
        return runs.get(connection, name)


async def screen_of(pilot: Pilot[None]) -> RunsScreen:
    await pilot.press("f5")
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, RunsScreen)
    await until(pilot, lambda: all(run.id in screen.view.progress for run in screen.view.runs))
    return screen


def details(screen: RunsScreen) -> str:
    return str(screen.query_one("#facts", Static).render())


def cells(screen: RunsScreen) -> list[str]:
    table = screen.query_one(DataTable)
    return [" ".join(str(cell) for cell in table.get_row_at(row)) for row in range(table.row_count)]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_runs_are_listed_with_what_sets_them_apart(
    opened: Opener, invoices: Workspace, size: tuple[int, int]
) -> None:
    async with opened(invoices, size) as pilot:
        screen = await screen_of(pilot)
        strong, weak = cells(screen)
        assert "strong" in strong and "1.000" in strong and "the best" in strong
        assert "weak" in weak and "0.400" in weak and "learning_rate 0.003" in weak
        assert "amount_total" in details(screen) and "best" in details(screen)
        await pilot.press("down")
        assert "train.learning_rate: 0.001 → 0.003" in details(screen)


async def test_an_f1_of_other_documents_is_not_called_worse(opened: Opener, invoices: Workspace) -> None:
    folder = invoices.files.run(run_of(invoices, "weak").id)
    path = folder / "dataset" / "validation.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    async with opened(invoices, (160, 36)) as pilot:
        screen = await screen_of(pilot)
        assert "other validation" in cells(screen)[1]
        await pilot.press("down")
        assert "is of other validation documents than strong's" in details(screen)


async def test_what_runs_took_stands_beside_them(opened: Opener, invoices: Workspace) -> None:
    with (invoices.files.run(run_of(invoices, "weak").id) / "events.jsonl").open("w") as file:
        for event in ({"type": "started", "time": 10, "device": "cpu", "threads": 3}, {"type": "note", "time": 7210}):
            file.write(json.dumps(event) + "\n")
    async with opened(invoices, (120, 36)) as pilot:
        weak = cells(await screen_of(pilot))[1]
        assert "2 h 00 min" in weak and "6.00 core-h" in weak


async def test_two_marked_runs_are_compared(opened: Opener, invoices: Workspace, tmp_path: Path) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
        await pilot.press("down", "space", "up", "space")
        await until(pilot, lambda: "strong is better than weak on 30 test documents" in details(screen))
        assert "✓ amount_total" in details(screen)
        for _ in range(7):  # every curve, and the bars
            await pilot.press("c")
            await pilot.pause()
        await pilot.press("w")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "chart.svg")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "chart.svg").is_file)
        assert "weak validation" in (tmp_path / "chart.svg").read_text()
        (tmp_path / "chart.svg").write_text("mine")
        await pilot.press("w")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "chart.svg")
        await pilot.press("enter", "enter")  # it asks, and Enter is no
        await pilot.pause()
        assert (tmp_path / "chart.svg").read_text() == "mine"
        await pilot.press("escape")
        assert screen.view.marked == ()


async def test_name_note_tags_and_pin(opened: Opener, invoices: Workspace) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
        run_id = screen.current.id
        for key, value in (("n", "for the audit"), ("t", "#march audit"), ("N", "march")):
            await pilot.press(key)
            pilot.app.screen.query_one(Input).value = value
            await pilot.press("enter")
            await pilot.pause()
        await pilot.press("p")
        run = run_of(invoices, run_id)
        assert (run.note, run.tags, run.name, run.pinned) == ("for the audit", ("march", "audit"), "march", True)
        assert "for the audit" in details(screen) and "#audit" in details(screen)
        await pilot.press("D", "y")
        await pilot.pause()
        assert run_of(invoices, run_id).pinned, "a pinned run is not deleted"


async def test_a_word_that_means_another_model_is_refused_as_a_name(opened: Opener, invoices: Workspace) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
        run = screen.current
        await pilot.press("N")
        pilot.app.screen.query_one(Input).value = "best"
        await pilot.press("enter")
        await pilot.pause()
        assert run_of(invoices, run.id).name == run.name
        assert any("A run cannot be called 'best'" in note.message for note in pilot.app._notifications)


async def test_deleting_is_asked(opened: Opener, invoices: Workspace) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
        run_id = screen.current.id
        await pilot.press("D")
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press("n")
        assert run_of(invoices, run_id)
        await pilot.press("D", "enter")
        await pilot.pause()
        assert run_of(invoices, run_id), "Enter is no where nothing brings it back"
        await pilot.press("D", "y")
        await pilot.pause()
        assert len(cells(screen)) == 1
        assert not invoices.files.run(run_id).exists()


async def test_a_model_goes_out_and_a_run_comes_in(opened: Opener, invoices: Workspace, tmp_path: Path) -> None:
    other = workspaces.workspace(tmp_path / "other")
    async with opened(other) as pilot:
        screen = await screen_of(pilot)
        assert screen.has_class("-empty")
        await pilot.press("i")
        pilot.app.screen.query_one(Input).value = str(invoices.files.run(run_of(invoices, "strong").id))
        await pilot.press("enter")
        await until(pilot, lambda: len(screen.view.runs) == 1)
        assert screen.current.f1 == 1.0 and not screen.has_class("-empty")
        await pilot.press("e")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "given")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "given" / "README.md").exists)
        card = (tmp_path / "given" / "README.md").read_text()
        assert "words and boxes: given with the documents" in card, "what read the words is part of the data"
    other.close()


async def test_the_cursor_stays_on_its_run_when_another_one_comes(
    opened: Opener, invoices: Workspace, tmp_path: Path
) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
        await pilot.press("down")
        assert screen.current.name == "weak"
        newer = workspaces.finished_run(invoices, tmp_path, 0.9, "newer")
        screen.read_list()
        await pilot.pause()
        assert len(cells(screen)) == 3
        assert screen.current.name == "weak", "the next key would meet another run"
        screen.read_list(newer)
        await pilot.pause()
        assert screen.current.name == "newer"


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_no_square_of_the_legend_stands_apart_from_its_name(
    opened: Opener, invoices: Workspace, size: tuple[int, int]
) -> None:
    async with opened(invoices, size) as pilot:
        screen = await screen_of(pilot)
        await pilot.press("space", "down", "space")
        if size[0] < 100:
            await pilot.press("b")
        await pilot.pause()
        legend = screen.query_one("RunChart Static", Static)
        lines = ["".join(s.text for s in legend.render_line(y)).rstrip() for y in range(legend.size.height)]
        text = "\n".join(lines)
        assert all(f"■ {name} {side}" in text for name in ("strong", "weak") for side in ("validation", "train"))


@pytest.fixture
def at_work(invoices: Workspace, tmp_path: Path) -> Iterator[RunFolder]:
    """The folder of a run whose process is this one."""
    run = jobs.prepare(invoices, workspaces.config(tmp_path), name="going")
    folder = RunFolder(invoices.files.run(run.id))
    lock = locks.acquire(folder.lock)
    assert lock is not None
    with EventWriter(folder.events) as writer:
        writer.write("started", device="cpu", threads=1, seed=0, resumed_from=None)
        writer.write("step", step=3, total_steps=9, epoch=1.0, loss=1.0)
        writer.write("evaluated", step=3, epoch=1.0, best=True, train={}, validation={"f1": 0.712, "fields": {}})
    yield folder
    os.close(lock)


async def test_a_run_at_work_is_paused_by_a_key_and_goes_on_by_it(
    opened: Opener, invoices: Workspace, at_work: RunFolder
) -> None:
    async with opened(invoices, (120, 36)) as pilot:
        screen = await screen_of(pilot)
        await until(pilot, lambda: screen.current.state is RunState.RUNNING)
        assert "0.712" in cells(screen)[0], "its best so far"
        await pilot.press("P")
        assert at_work.pause.exists()
        with EventWriter(at_work.events) as writer:
            writer.write("paused")
        await until(pilot, lambda: screen.current.state is RunState.PAUSED)
        await until(pilot, lambda: "P go on" in str(screen.query_one(HintLine).render()))
        await pilot.press("P")
        assert not at_work.pause.exists()
        await pilot.press("down", "P")
        await until(pilot, lambda: any("is not running" in toast.message for toast in pilot.app._notifications))


async def test_a_run_that_was_started_on_another_screen_is_under_the_cursor(
    opened: Opener, invoices: Workspace, tmp_path: Path
) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
        await pilot.press("down")
        assert screen.current.name == "weak"
        await pilot.press("f4")
        await pilot.pause()
        workspaces.finished_run(invoices, tmp_path, 0.9, "newer")
        await screen_of(pilot)
        assert screen.current.name == "newer"
        await pilot.press("down", "f4")
        await pilot.pause()
        await screen_of(pilot)
        assert screen.current.name == "strong", "nothing was started meanwhile"


async def test_a_run_is_cloned_into_the_tune_screen(opened: Opener, invoices: Workspace) -> None:
    async with opened(invoices) as pilot:
        await screen_of(pilot)
        await pilot.press("enter")
        await pilot.pause()
        screen = pilot.app.screen
        assert isinstance(screen, TuneScreen)
        assert screen.form.draft.config.train.learning_rate == 1e-3


async def test_a_search_is_drawn_with_what_it_gained(opened: Opener, invoices: Workspace) -> None:
    """The best so far, parallel coordinates and importance come after the curves of a run of the search."""
    folder = searches.folder_of(invoices, "rates")
    folder.path.mkdir(parents=True)
    space = ["train.learning_rate=0.001..0.01 log"]
    config = run_of(invoices, "strong").config
    folder.plan.write_text(json.dumps({"name": "rates", "config": config, "space": space, "trials": 4}))
    row = {"run": "strong", "value": 1.0, "params": {}}
    sentence = "strong and weak cannot be told apart"
    report = {"best": row, "trials": [row | {"state": "complete"}], "gain": {"sentence": sentence}, "test": None}
    folder.result.write_text(json.dumps(report | {"importance": {"train.learning_rate": 1.0}}))
    with invoices.db.write() as connection:
        connection.execute(tables.runs.update().values(batch="rates"))
    async with opened(invoices, (120, 36)) as pilot:
        screen = await screen_of(pilot)
        assert "2 of 4 runs have ended, the best strong with 1.000" in details(screen) and sentence in details(screen)
        legend = screen.query_one("RunChart Static", Static)
        titles = []
        for _ in range(11):
            await pilot.press("c")
            await pilot.pause()
            titles.append(str(legend.render()))
        drawn = [title for title in titles if title.startswith("Search rates: ")]
        assert [title.splitlines()[0][14:30] for title in drawn] == [
            "Best F1 so far  ", "Settings and F1 ", "Importance of ea",
        ]  # fmt: skip
        assert "■ a run" in drawn[0] and "■ the best" in drawn[1]
