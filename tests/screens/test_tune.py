"""The tune screen by its keys, with a real run of a tiny model."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from screens.navigation import CloneRun
from screens.tune.option_form import OptionForm
from screens.tune.screen import TuneScreen
from screens.widgets.dialogs import Choice, Confirm, Prompt, TextPage
from screens.widgets.status_lines import HintLine, StatusLine
from storage import runs
from storage.records import Run, RunState
from tests.support import text_documents, tiny_model, workspaces
from tests.support.pilots import until
from workbench.remote import check
from workbench.runs import jobs
from workbench.runs.config import files as config_files
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import RunFolder
from workbench.search import plan as searches
from workbench.workspace import Workspace

Opener = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture
def invoices(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.workspace(tmp_path / "invoices")
    yield workspace
    for run in listed(workspace):
        if RunFolder(workspace.files.run(run.id)).at_work():
            jobs.kill(workspace, run.id)
    workspace.close()


def listed(workspace: Workspace) -> list[Run]:
    with workspace.db.read() as connection:
        return runs.listed(connection)


def text_of(screen: TuneScreen, selector: str) -> str:
    return str(screen.query_one(selector, Static).render())


async def screen_of(pilot: Pilot[None], config: TuneConfig | None = None) -> TuneScreen:
    await pilot.press("f4")
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, TuneScreen)
    if config is not None:
        screen.receive(CloneRun(config, "", ""))
    await until(pilot, lambda: screen.panel.check is not None and screen.panel.estimate is not None)
    return screen


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_the_check_and_the_form_are_in_view(
    opened: Opener, invoices: Workspace, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(invoices, size) as pilot:
        screen = await screen_of(pilot, workspaces.config(tmp_path))
        facts = text_of(screen, "#facts")
        assert "documents" in facts and "amount_total" in facts and "at most" in facts
        assert "Time and memory" in facts and "pieces of words (tokens) a page:\n  half up to " in facts
        assert "P R F1 n" in dict(screen.help_signs()), "the run panel's figures are explained"
        form = screen.query_one(OptionForm)
        assert form.size.width >= 34 and form.size.height >= 10
        assert screen.query_one("#check").size.width >= 34
        assert screen.query_one("#start", Button).region.bottom <= size[1] - 2
        assert "MIT" in text_of(screen, "#licence")


async def test_settings_are_changed_by_keys_and_guided(opened: Opener, invoices: Workspace, tmp_path: Path) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot, workspaces.config(tmp_path))
        form = screen.query_one(OptionForm)
        form.focus_key("train.learning_rate")
        await pilot.pause()
        assert "first setting to turn" in text_of(screen, "#guide")
        await pilot.press("right")
        assert screen.form.draft.config.train.learning_rate == 5e-3
        await pilot.press("9")
        line = screen.query_one("#edit", Input)
        assert screen.focused is line and line.value == "9"
        await pilot.pause()
        assert "less than or equal to 0.1" in text_of(screen, "#guide")
        await pilot.press("enter")
        assert screen.form.draft.text("train.learning_rate") == "9"
        assert screen.query_one("#start", Button).disabled
        await pilot.press("s")
        await pilot.pause()
        assert listed(invoices) == []
        await pilot.press("backspace")
        assert screen.form.draft.problems == {} and screen.form.draft.config.train.learning_rate == 3e-3
        await pilot.press("1", "escape")
        assert screen.form.draft.config.train.learning_rate == 3e-3 and screen.focused is form


async def test_structure_is_asked_for(opened: Opener, invoices: Workspace, tmp_path: Path) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot, workspaces.config(tmp_path))
        screen.query_one(OptionForm).focus_key("model.num_hidden_layers")
        await pilot.press("3")
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press("n")
        assert screen.form.draft.config.model.structure == {}
        await pilot.press("3")
        await pilot.press("y")
        await pilot.press("enter")
        assert screen.form.draft.config.model.structure == {"num_hidden_layers": 3}


async def test_family_shows_its_licence_and_presets_change_all(opened: Opener, invoices: Workspace) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
        assert screen.form.draft.preset == "first model"
        screen.query_one(OptionForm).focus_key("model.family")
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, Choice)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert screen.form.draft.config.model.family == "layoutlmv3"
        assert "NC" in text_of(screen, "#licence") and "commercial" in text_of(screen, "#licence")
        await pilot.press("P")
        await pilot.press("down", "enter")
        await pilot.pause()
        assert screen.form.draft.preset == "A" and screen.form.draft.config.model.family == "starter"


async def test_the_file_goes_out_and_comes_in(opened: Opener, invoices: Workspace, tmp_path: Path) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot, workspaces.config(tmp_path, learning_rate=7e-4))
        await pilot.press("y")
        assert isinstance(pilot.app.screen, TextPage)
        await pilot.press("escape")
        await pilot.press("w")
        assert isinstance(pilot.app.screen, Prompt)
        pilot.app.screen.query_one(Input).value = str(tmp_path / "mine.yaml")
        await pilot.press("enter")
        await pilot.pause()
        assert config_files.load(tmp_path / "mine.yaml").train.learning_rate == 7e-4
        (tmp_path / "mine.yaml").write_text("train: {learning_rate: 1.0e-4}\nmodel: {name: bert-base-uncased}")
        await pilot.press("o")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "mine.yaml")
        await pilot.press("enter")
        await pilot.pause()
        assert screen.form.draft.config.train.learning_rate == 1e-4 and screen.form.draft.config.model.family == "text"


async def test_augmentation_is_seen_before_it_is_used(opened: Opener, invoices: Workspace, tmp_path: Path) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot, workspaces.config(tmp_path))
        await pilot.press("a")
        assert pilot.app.screen is screen, "nothing is on, which a message shows"
        screen.query_one(OptionForm).focus_key("augmentation.header_synonyms")
        await pilot.press("1", "enter", "a")
        await pilot.pause()
        assert isinstance(pilot.app.screen, TextPage)
        assert "→" in str(pilot.app.screen.query_one(".page", Static).render())


async def test_what_cannot_work_is_refused_with_the_remedy(opened: Opener, tmp_path: Path) -> None:
    empty = workspaces.workspace(tmp_path / "empty", {"train": 0, "validation": 0, "test": 0})
    async with opened(empty) as pilot:
        screen = await screen_of(pilot)
        assert "no labelled document" in text_of(screen, "#facts")
        assert screen.query_one("#start", Button).disabled
        await pilot.press("s")
        await pilot.pause()
        assert listed(empty) == []
    empty.close()


async def test_a_run_is_started_watched_paused_stopped_and_resumed(
    opened: Opener, invoices: Workspace, tmp_path: Path
) -> None:
    config = workspaces.config(
        tiny_model.base(tmp_path, "layoutlm"), num_train_epochs=1000, per_device_train_batch_size=1
    )

    def state() -> RunState:
        return listed(invoices)[0].state

    async with opened(invoices) as pilot:
        screen = await screen_of(pilot, config)
        await pilot.press("s")
        await until(pilot, lambda: listed(invoices) and screen.has_class("-live"))
        folder = invoices.files.run(listed(invoices)[0].id)
        await until(pilot, lambda: "left" in text_of(screen, "#step"))
        await until(pilot, lambda: "amount_total" in text_of(screen, "#fields"))
        await pilot.press("c", "c")
        await pilot.press("f2")  # any screen shows how far it is
        await pilot.pause(1.2)
        status = str(pilot.app.screen.query_one(StatusLine).render())
        assert "epoch" in status and "left" in status
        await pilot.press("f4")
        await pilot.press("p")
        await until(pilot, lambda: state() is RunState.PAUSED)
        await until(pilot, lambda: str(screen.query_one("#pause", Button).label) == "Go on")
        assert "p go on" in str(screen.query_one(HintLine).render())
        await pilot.press("p")
        await until(pilot, lambda: state() is RunState.RUNNING)
        await pilot.click("#stop")
        await until(pilot, lambda: state() is RunState.STOPPED)
        await until(pilot, lambda: screen.query_one("#resume", Button).display)
        assert listed(invoices)[0].report and listed(invoices)[0].f1 is not None
        await pilot.press("r")
        await until(pilot, lambda: RunFolder(folder).at_work() and state() is RunState.RUNNING)
        await pilot.press("K", "y")
        await until(pilot, lambda: state() is RunState.KILLED)
        await pilot.press("l")
        assert isinstance(pilot.app.screen, TextPage)


async def test_a_grid_is_a_group_with_small_curves(opened: Opener, invoices: Workspace, tmp_path: Path) -> None:
    config = workspaces.config(tiny_model.base(tmp_path, "layoutlm"), num_train_epochs=1000)
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot, config)
        await pilot.press("g")
        pilot.app.screen.query_one(Input).value = "train.learning_rate=1e-4,3e-4"
        await pilot.press("enter")
        await until(pilot, lambda: len(listed(invoices)) == 2 and len(screen.workbench.news.active) == 2)
        assert {run.name for run in listed(invoices)} == {"learning_rate=1e-4", "learning_rate=3e-4"}
        await until(pilot, lambda: "queued" in text_of(screen, "#several"))
        await pilot.press("n")
        for run in listed(invoices):
            await until(pilot, lambda run=run: RunFolder(invoices.files.run(run.id)).at_work())


async def test_a_search_is_started_by_its_key_and_its_runs_come_into_view(
    opened: Opener, invoices: Workspace, tmp_path: Path
) -> None:
    config = workspaces.config(tiny_model.base(tmp_path, "layoutlm"), num_train_epochs=1000)
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot, config)
        await pilot.press("S")
        pilot.app.screen.query_one(Input).value = "2 slots=2 train.learning_rate=1e-6..1e-2 log; train.optim=adamw,sgd"
        await pilot.press("enter")
        await until(pilot, lambda: len(listed(invoices)) == 2 and screen.has_class("-live"))
        [folder] = searches.listed(invoices)
        assert folder.read_plan().slots == 2
        assert {run.name for run in listed(invoices)} == {f"{folder.path.name} {name}" for name in ("preset", "2")}
        assert [dimension.key for dimension in folder.read_plan().dimensions] == ["train.learning_rate", "train.optim"]
        searches.stop(folder)
        await until(pilot, lambda: not folder.at_work())
        assert (folder.read_result() or {})["ended"] == "stopped"


async def test_settings_of_pages_are_left_out_where_there_are_only_texts(opened: Opener, tmp_path: Path) -> None:
    workspace = text_documents.workspace(tmp_path / "texts", labels={0: "invoice", 1: "reminder"})
    async with opened(workspace) as pilot:
        screen = await screen_of(pilot)
        form = screen.query_one(OptionForm)
        form.fold()
        shown = form._option_ids()
        assert {"data.max_length", "train.learning_rate", "regularization.loss"} <= shown
        assert {"model.head_start", "train.back_to_start", "train.cut"} <= shown
        assert not {key for key in shown if key.startswith("augmentation.")}
        assert not shown & {"data.bbox_norm", "data.reading_order", "model.carry_head"}
        screen.form.apply(["data.reading_order=geometric"])  # what was changed stays in view, and is explained
        form.focus_key("data.reading_order")
        await pilot.pause()
        assert "Without effect in this run" in text_of(screen, "#guide")
    workspace.close()


async def test_the_preset_of_few_texts_follows_the_family(opened: Opener, tmp_path: Path) -> None:
    workspace = text_documents.workspace(tmp_path / "texts", labels={0: "invoice", 1: "reminder"})
    async with opened(workspace) as pilot:
        screen = await screen_of(pilot)
        config = screen.form.draft.config
        assert (config.model.family, config.train.freeze, config.train.learning_rate) == ("embedded", "head_only", 3e-3)
        screen.form.apply(["train.num_train_epochs=7"])  # by hand, so that it stays
        await choose_family(pilot, screen, "text")
        config = screen.form.draft.config
        assert (config.model.family, config.train.freeze, config.train.learning_rate) == ("text", "none", 2e-4)
        assert config.regularization.class_weights == "none" and config.train.num_train_epochs == 7
        await choose_family(pilot, screen, "embedded")
        config = screen.form.draft.config
        assert (config.train.freeze, config.train.learning_rate, config.train.num_train_epochs) == (
            "head_only",
            3e-3,
            7,
        )
    workspace.close()


async def choose_family(pilot: Pilot[None], screen: TuneScreen, family: str) -> None:
    """Step through the families until this one is there."""
    screen.query_one(OptionForm).focus()
    screen.query_one(OptionForm).focus_key("model.family")
    for _ in range(12):
        if screen.form.draft.config.model.family == family:
            return
        await pilot.press("right")
        await pilot.pause()
    raise AssertionError(f"{family} cannot be chosen")


async def test_settings_of_pages_are_there_where_there_are_pages(opened: Opener, invoices: Workspace) -> None:
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
        form = screen.query_one(OptionForm)
        form.fold()
        shown = form._option_ids()
        assert {"augmentation.box_jitter", "data.reading_order"} <= shown
        assert not shown & {"model.head_start", "train.back_to_start", "train.cut"}  # those of classes


async def test_the_next_run_goes_to_the_machine_that_was_chosen(
    opened: Opener, invoices: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = invoices.files.settings
    settings.write_text(f'{settings.read_text()}\n[targets]\nbox = "ssh:me@box"\n')
    invoices.reread_settings()
    monkeypatch.setattr(check, "device_of", lambda target: "cpu")  # the host need not be there
    monkeypatch.setattr(jobs, "start_in_turn", lambda workspace, run_ids: None)
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot, workspaces.config(tmp_path / "base"))
        await pilot.press("t", "down", "enter")
        await pilot.pause()
        assert "trains on box" in str(screen.query_one(StatusLine).render())
        assert "of this machine, not of box" in text_of(screen, "#facts")
        await pilot.press("s")
        await until(pilot, lambda: listed(invoices))
        [run] = listed(invoices)
        target = json.loads(RunFolder(invoices.files.run(run.id)).target.read_text())
        assert (target["name"], target["address"]) == ("box", "ssh:me@box")
        monkeypatch.setattr(searches, "start", lambda workspace, folder: None)
        await pilot.press("S", "enter")
        await until(pilot, lambda: searches.listed(invoices))
        assert searches.listed(invoices)[0].read_plan().target == "box"


async def test_a_thread_that_starts_a_run_knows_the_workspace_while_the_terminal_closes(
    opened: Opener, invoices: Workspace
) -> None:
    """The run was prepared and never started: the application was gone for the thread that copied the documents."""
    async with opened(invoices) as pilot:
        screen = await screen_of(pilot)
    known: list[Workspace] = []
    thread = threading.Thread(target=lambda: known.append(screen.workspace))  # without the application's context
    thread.start()
    thread.join()
    assert known == [invoices]
