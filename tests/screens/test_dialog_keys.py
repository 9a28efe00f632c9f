"""Keys typed before, while and after a dialog opens, at every pace and on a busy machine: they are the dialog's."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
from rich.style import Style
from textual import events
from textual.command import CommandPalette
from textual.widgets import OptionList

from screens.modes import Mode
from screens.program import run
from screens.widgets.dialogs import Choice, Confirm, Prompt
from storage.document_list import Filter
from storage.records import State
from tests.support.pilots import until
from tests.support.sample_documents import go, kept, labels

DELAYS = (0.0, 0.05, 0.3, 1.0)


async def burn(stop):
    """Load: the loop has little time for anything else."""
    while not stop.is_set():
        time.sleep(0.015)
        await asyncio.sleep(0.001)


async def typed(pilot, keys, delay):
    """Keys as a terminal sends them: the first opens the dialog, the others follow after a delay, all at once."""
    stop = asyncio.Event()
    load = asyncio.create_task(burn(stop))
    first, *rest = keys
    pilot.app.post_message(events.Key(first, first if len(first) == 1 else None))
    await asyncio.sleep(delay)
    for key in rest:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
    for _ in range(6):
        await asyncio.sleep(0.05)
        await pilot.pause()
    stop.set()
    await load
    await pilot.pause()


@pytest.mark.parametrize("delay", DELAYS)
async def test_a_filter_by_words_gets_every_letter_and_the_page_none(opened, workspace, delay):
    async with opened(workspace) as pilot:
        await typed(pilot, ["F", "t", "t", "d", "d", "d", "enter"], delay)
        assert pilot.app.mode_screen.worklist.filter == Filter(text="tddd")
        assert labels(workspace) == {} and len(pilot.app.screen_stack) == 1


@pytest.mark.parametrize("delay", DELAYS)
async def test_a_word_is_corrected_into_what_was_typed_and_nothing_more(opened, workspace, delay):
    async with opened(workspace) as pilot:
        await go(pilot, "PENCIL")
        await typed(pilot, ["e", *"PENS", "enter", "t"], delay)
        session = pilot.app.mode_screen.session
        assert [token.text for token in session.tokens if token.original] == ["PENS"]
        assert labels(workspace) == {"amount_total": ["9.00"]}  # the key after the answer is the page's


@pytest.mark.parametrize("delay", DELAYS)
async def test_a_note_has_every_letter(opened, workspace, delay):
    async with opened(workspace) as pilot:
        await typed(pilot, ["f", *"at A", "enter"], delay)
        assert kept(workspace).note == "at A" and not labels(workspace)


@pytest.mark.parametrize("delay", DELAYS)
async def test_find_gets_every_letter(opened, workspace, delay):
    async with opened(workspace) as pilot:
        await typed(pilot, ["slash", *"tax"], delay)
        assert pilot.app.mode_screen.query_one("FindBar").value == "tax"
        assert labels(workspace) == {}


@pytest.mark.parametrize("delay", DELAYS)
async def test_a_find_and_the_fields_key_that_follows_label_it_also_where_the_field_has_a_label(
    opened, workspace, delay
):
    async with opened(workspace) as pilot:
        await pilot.press("t", "escape")
        await typed(pilot, ["slash", *"10.00", "enter", "t"], delay)
        await until(pilot, lambda: labels(workspace) == {"amount_total": ["10.00"]})
        await typed(pilot, ["slash", *"0.51", "enter", "n"], delay)
        await until(pilot, lambda: labels(workspace) == {"amount_total": ["10.00"], "amount_net": ["0.51"]})
        assert not pilot.app.mode_screen.session.cursor.selection


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize(
    "keys",
    [
        ["F", "v", "enter"],
        ["F", "s", "down", "enter"],
        ["question_mark", "enter"],
        ["h", "q"],
    ],
)
async def test_choices_and_pages_close_once(opened, workspace, keys, delay):
    async with opened(workspace) as pilot:
        await typed(pilot, [*keys, *keys[-1:]], delay)
        assert len(pilot.app.screen_stack) == 1 and labels(workspace) == {}


@pytest.mark.parametrize(
    "dialog", [Choice("Which?", [("a", "A", "a"), ("b", "B", "b")]), Confirm("Sure?"), Prompt("?")]
)
async def test_a_dialog_answers_once(opened, workspace, dialog):
    answers = []
    async with opened(workspace) as pilot:
        pilot.app.push_screen(dialog, answers.append)
        await typed(pilot, ["a", "b", "enter", "y", "enter", "escape"], 0.0)
        await pilot.pause()
        assert len(answers) == 1 and len(pilot.app.screen_stack) == 1


async def test_a_question_about_a_question_keeps_the_keys(opened, workspace):
    """A dialog whose answer opens another one: nothing typed between them reaches the page."""
    texts = []
    async with opened(workspace) as pilot:
        screen = pilot.app.mode_screen
        first = Confirm("First?")
        pilot.app.push_screen(first, lambda yes: screen.prompt(Prompt("Then"), texts.append))
        await typed(pilot, ["y", *"atd", "enter"], 0.0)
        assert texts == ["atd"] and labels(workspace) == {} and kept(workspace).state is State.NEW


def test_a_crash_is_reported_by_the_command_line_without_values_or_passwords(workspace, monkeypatch, capfd):
    from screens import app as module
    from workbench import cli

    def fail():
        raise OSError("cannot reach postgresql://ann:hunter2@host/invoices")

    def crash(self):
        self.call_later(fail)

    monkeypatch.setattr(module.WorkbenchApp, "_enter", crash)
    original = module.WorkbenchApp.run
    monkeypatch.setattr(module.WorkbenchApp, "run", lambda self: original(self, headless=True))
    with pytest.raises(OSError, match="host/invoices"):
        run(workspace)
    monkeypatch.setattr(cli.group, "main", lambda **_: run(workspace))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capfd.readouterr().err
    assert ended.value.code == 1 and "A fault of the program" in shown
    report = Path(shown.split("Please report the file ")[1].strip())
    everything = shown + report.read_text()
    report.unlink()
    assert "postgresql://ann:***@host/invoices" in everything and "hunter2" not in everything


def test_a_crash_is_told_whole_where_it_cannot_be_kept(monkeypatch, capfd):
    import tempfile

    from workbench import cli

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    def fail(**_):
        raise RuntimeError("cannot reach postgresql://ann:hunter2@host/invoices")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    monkeypatch.setattr(cli.group, "main", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capfd.readouterr().err
    assert ended.value.code == 1 and "A fault of the program" in shown
    assert "Traceback" in shown and "in fail" in shown and "hunter2" not in shown


@pytest.mark.parametrize("closed_by", ["the end of the program", "its own end"])
@pytest.mark.parametrize("kind", [Prompt, Choice, CommandPalette])
async def test_a_dialog_that_closes_before_it_was_built_is_no_fault(opened, workspace, kind, closed_by):
    arguments = {Prompt: ("A text",), Choice: ("Which", [("a", "A", "")], "", {}, "a"), CommandPalette: ()}[kind]
    async with opened(workspace) as pilot:
        pilot.app.push_screen(dialog := kind(*arguments))
        if closed_by == "its own end":
            dialog.dismiss(None)
            await pilot.pause()
            assert pilot.app.screen is pilot.app.mode_screen
        else:
            pilot.app.exit()
    assert pilot.app.problem is None


@pytest.mark.parametrize("then", [(), ("ctrl+p", "t")])
async def test_leaving_while_another_screen_is_being_loaded_is_no_fault(opened, workspace, monkeypatch, then):
    loaded = threading.Event()
    monkeypatch.setattr(Mode, "bring", lambda mode: loaded.wait(10))
    async with opened(workspace) as pilot:
        asyncio.get_running_loop().call_later(0.5, loaded.set)
        for key in ("f3", *then):
            pilot.app.post_message(events.Key(key, None))
        await asyncio.sleep(0.1)
        pilot.app.exit()
    assert pilot.app.problem is None


async def test_a_click_on_a_line_that_a_list_has_no_longer_is_no_fault(opened, workspace):
    """The list is filled anew between the drawing of the line and the click."""
    async with opened(workspace) as pilot:
        pilot.app.push_screen(Choice("Which", [("a", "A", ""), ("b", "B", "")]))
        await pilot.pause()
        listed = pilot.app.screen.query_one(OptionList)
        drawn = Style.from_meta({"option": 1})
        listed.remove_option_at_index(1)
        listed.post_message(events.Click(listed, 1, 1, 0, 0, 1, False, False, False, style=drawn))
        await pilot.pause()
        assert isinstance(pilot.app.screen, Choice)
        pilot.app.screen.dismiss(None)
    assert pilot.app.problem is None
