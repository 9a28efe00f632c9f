"""Key presets: every act has a key in each, no key has two acts, and fields' keys stay free."""

from collections import Counter

import pytest
from textual.widgets import Input

from screens.annotate.keys import ANNOTATE
from screens.keys import PRESETS, arriving, key_label, keymap
from screens.widgets.status_lines import HintLine, StatusLine
from workbench.fields import invoice_schema
from workbench.settings import KEY_PRESETS


@pytest.mark.parametrize("preset", KEY_PRESETS)
def test_a_preset_gives_every_act_its_own_keys(preset):
    mapped = keymap(preset, {})
    keys = Counter(key for name, default, _, _ in ANNOTATE for key in mapped.get(name, default).split(","))
    assert [key for key, count in keys.items() if count > 1] == []
    fields = {field.key for field in invoice_schema()}
    assert not fields & set(keys)


def test_presets_name_only_acts_that_exist():
    known = {name for name, *_ in ANNOTATE} | {"app.help"}
    assert all(set(preset) <= known for preset in PRESETS.values())


def test_keys_that_not_every_terminal_sends_never_stand_alone():
    for preset in KEY_PRESETS:
        mapped = keymap(preset, {})
        for name, default, _, _ in ANNOTATE:
            keys = set(mapped.get(name, default).split(","))
            assert not keys <= {"ctrl+enter", "ctrl+shift+z", "ctrl+space"}, name


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("ctrl+z", "Ctrl+Z"),
        ("question_mark", "?"),
        ("Z", "Z"),
        ("upper_z", "Z"),
        ("f2", "F2"),
        ("shift+left", "Shift+←"),
    ],
)
def test_keys_are_shown_as_people_read_them(key, text):
    assert key_label(key) == text


def test_a_lone_comma_and_signs_can_be_written_as_they_are():
    assert keymap("workbench", {"span.end-less": ",", "app.help": "?,F1"}) == {
        "span.end-less": "comma",
        "app.help": "question_mark,F1",
    }


async def test_the_command_palette_runs_the_application_s_own_commands(workspace, opened):
    async with opened(workspace) as pilot:
        theme = pilot.app.theme
        commands = {command.title: command.callback for command in pilot.app.get_system_commands(pilot.app.screen)}
        commands["Next theme: dark, light, high contrast"]()
        await pilot.pause(0.1)
        assert pilot.app.theme != theme
        commands["Quit: leave the workbench"]()
        await pilot.pause(0.1)
        assert not pilot.app.is_running


async def test_the_command_palette_exports_the_values_beside_the_workspace_and_says_where(workspace, opened):
    from openpyxl import load_workbook

    from tests.support.pilots import settled, until

    root = workspace.files.root
    target = root.parent / f"{root.name}-values.xlsx"
    async with opened(workspace) as pilot:
        commands = {command.title: command.callback for command in pilot.app.get_system_commands(pilot.app.screen)}
        commands["Export the values (XLSX)"]()
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: any(str(target) in n.message for n in pilot.app._notifications))
    names = next(load_workbook(target).active.iter_rows(values_only=True))
    assert names == ("file", *(field.name for field in workspace.schema.spans))


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
async def test_a_name_that_no_file_can_have_is_refused_and_the_screens_go_on(workspace, opened, name):
    from tests.support.pilots import settled

    async with opened(workspace) as pilot:
        commands = {command.title: command.callback for command in pilot.app.get_system_commands(pilot.app.screen)}
        commands["Export the values (XLSX)"]()
        await settled(pilot)
        pilot.app.screen.query_one(Input).value = name
        await pilot.press("enter")
        await settled(pilot)
        assert any("no name that a file can have" in n.message for n in pilot.app._notifications)
        assert pilot.app.is_running


async def test_the_home_of_a_user_that_there_is_none_of_is_an_ordinary_name(workspace, opened, tmp_path, monkeypatch):
    from tests.support.pilots import settled, until

    monkeypatch.chdir(tmp_path)
    async with opened(workspace) as pilot:
        commands = {command.title: command.callback for command in pilot.app.get_system_commands(pilot.app.screen)}
        commands["Export the values (XLSX)"]()
        await settled(pilot)
        pilot.app.screen.query_one(Input).value = "~no-such-user-here/x.xlsx"
        await pilot.press("enter")
        await until(pilot, (tmp_path / "~no-such-user-here" / "x.xlsx").is_file)


async def test_where_a_terminal_keeps_keys_a_sign_leads_to_the_commands_and_the_key_line_says_so(
    workspace, opened, monkeypatch
):
    from textual.command import CommandPalette

    from screens.widgets.status_lines import HintLine, StatusLine

    monkeypatch.setenv("TERM_PROGRAM", "vscode")
    async with opened(workspace) as pilot:
        await pilot.pause(0.2)
        line = pilot.app.screen.query_one(HintLine)
        shown = line.render().plain
        assert shown.endswith(": commands  ? keys")
        screens = pilot.app.screen.query_one(StatusLine).render().plain
        assert screens.endswith("F2 Annotate  F3 Queue  F4 Tune  : Runs  : Errors")  # F5 and F6 never arrive
        assert "likeliest place" in shown and "accept" in shown  # in the space that the next keys leave
        await pilot.press("colon")
        await pilot.pause(0.2)
        assert isinstance(pilot.app.screen, CommandPalette)


async def test_under_tmux_the_screens_keys_are_shown_as_they_are(opened, workspace, monkeypatch):
    from screens.widgets.status_lines import StatusLine

    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    async with opened(workspace) as pilot:
        screens = pilot.app.screen.query_one(StatusLine).render().plain
        assert screens.endswith("F2 Annotate  F3 Queue  F4 Tune  F5 Runs  F6 Errors")


def test_the_key_that_is_shown_arrives():
    assert arriving("ctrl+p,f10,colon", {"TERM_PROGRAM": "vscode"}) == "colon"
    assert arriving("f2", {"TMUX": "x"}) == "f2"
    assert arriving("ctrl+p,f10,colon", {}) == "ctrl+p"
    assert arriving("ctrl+p,f10,colon", {"ZELLIJ": "0"}) == "f10"
    assert arriving("f10,colon", {"VTE_VERSION": "7600"}) == "colon"


async def test_keys_stand_in_brackets_where_there_are_no_colours(opened, workspace, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(workspace) as pilot:
        assert "[a] accept" in str(pilot.app.mode_screen.query_one(HintLine).render())
        assert "[F3] Queue" in str(pilot.app.mode_screen.query_one(StatusLine).render())
