"""Fields are added, renamed and retired from the annotate screen; what was done is named with its fields."""

import pytest

from screens.widgets.dialogs import Choice, TextPage
from screens.widgets.status_lines import HintLine
from tests.support.sample_documents import go, kept, labels


def listed(pilot):
    """The rows of the open choice."""
    dialog = pilot.app.screen
    assert isinstance(dialog, Choice)
    return [text for _, text, _ in dialog._options]


def hint(pilot):
    return str(pilot.app.mode_screen.query_one(HintLine).render())


async def test_a_field_is_added_with_a_free_key_and_colour_and_labels_at_once(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("T", "plus", *"Cash paid", "enter")
        assert pilot.app.screen._current == "amount"  # guessed from the name
        await pilot.press("enter")
        assert any("Cash paid" in row and "key b" in row for row in listed(pilot))
        await pilot.press("escape")
        assert "Added Cash paid (amount)" in hint(pilot)
        field = workspace.schema.resolve("Cash paid")
        assert field.colour not in {other.colour for other in workspace.schema if other is not field}
        await go(pilot, "10.00")
        await pilot.press(field.key)
        assert labels(workspace) == {field.id: ["10.00"]}


async def test_fields_are_renamed_retired_and_taken_back(opened, workspace):
    async with opened(workspace) as pilot:
        row = [text.split()[0] for text in (field.name for field in workspace.schema)].index("iban")
        await pilot.press("T", *["down"] * (row + 2), "enter", "r", *["end"], *["backspace"] * 4, *"account", "enter")
        iban = workspace.schema.get("iban")
        assert (iban.name, iban.aliases[-1]) == ("account", "iban")
        await pilot.press("enter", "x")  # the cursor is on the field that was changed
        assert workspace.schema.get("iban").retired
        assert any("account" in text and "retired" in text for text in listed(pilot))
        await pilot.press("enter", "u", "escape")
        assert not workspace.schema.get("iban").retired
        assert "account is in use again" in hint(pilot)


async def test_a_key_that_is_taken_is_refused_and_the_dialog_goes_on(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("T", "down", "down", "enter", "k", "2", "enter")
        assert "share the key 2" in pilot.app.screen._detail
        await pilot.press("enter", "escape")
        assert workspace.schema.fields[0].key == "1"


async def test_a_class_field_is_added_with_its_options(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("T", "down", "enter", *"kind", "enter", *"invoice, reminder", "enter", "escape")
        assert workspace.schema.get("kind").options == ("invoice", "reminder")


async def test_nothing_changes_where_the_dialog_is_closed(opened, workspace):
    before = workspace.schema
    async with opened(workspace) as pilot:
        await pilot.press("T", "escape", "T", "plus", "escape", "escape")
        assert workspace.schema == before
        await pilot.press("t")
        assert labels(workspace) == {"amount_total": ["9.00"]}


@pytest.mark.parametrize("undone", [False, True])
async def test_history_names_the_fields(opened, workspace, undone):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab", "x", *(["Z"] if undone else []))
        if undone:
            assert "rejecting amount_total" in hint(pilot)
        await pilot.press("h")
        page = pilot.app.screen
        assert isinstance(page, TextPage)
        first = str(page._body).splitlines()[0]
        assert ("undo: rejecting amount_total" if undone else "rejecting amount_total") in first


def row_of(workspace, name):
    """How often `down` is pressed in the dialog to come to a field."""
    return 2 + [field.name for field in workspace.schema].index(name)


async def test_a_field_without_labels_holds_something_else_or_is_deleted_and_undo_takes_both_back(opened, workspace):
    before = workspace.schema
    async with opened(workspace) as pilot:
        to_iban = ["down"] * row_of(workspace, "iban")
        await pilot.press("T", *to_iban, "enter", "h", *["home"], "enter", "escape")
        assert workspace.schema.get("iban").type.value == "text" and "iban holds any words now." in hint(pilot)
        await pilot.press("T", *to_iban, "enter", "d", "escape")
        assert workspace.schema.get("iban") is None and "iban is deleted." in hint(pilot)
        await pilot.press("Z")
        assert workspace.schema.get("iban") is not None and "Undone: iban is deleted." in hint(pilot)
        await pilot.press("Z")
        assert workspace.schema == before and "Undone: iban holds any words now." in hint(pilot)


async def test_a_deleted_fields_suggestions_are_open_nowhere(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("T", *["down"] * row_of(workspace, "amount_total"), "enter", "d", "escape", "J")
        session = pilot.app.mode_screen.session
        assert {s.field for s in session.view.open_suggestions} == {"seller_name", "invoice_date"}
        assert session.content.document.suggestions == 2


async def test_a_field_with_labels_is_not_deleted(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "T", *["down"] * row_of(workspace, "amount_total"), "enter")
        assert not any("Delete" in row or "holds" in row for row in listed(pilot))


async def test_a_name_that_a_retired_field_has_offers_to_bring_that_one_back(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "T", *["down"] * row_of(workspace, "amount_total"), "enter", "x")
        await pilot.press("home", "enter", *"amount_total", "enter")
        assert "amount_total is there already: it is retired" in str(pilot.app.screen._title)
        await pilot.press("u", "escape")
        assert not workspace.schema.get("amount_total").retired and "is in use again" in hint(pilot)


async def test_undo_takes_a_retired_field_back_before_it_goes_to_documents(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "a", "T", *["down"] * row_of(workspace, "iban"), "enter", "x", "escape", "Z")
        assert not workspace.schema.get("iban").retired and kept(workspace).state == "labelled"
        assert "Undone: iban is retired; its labels are kept." in hint(pilot)
        await pilot.press("Z")
        assert kept(workspace).state == "started"


async def test_undo_leaves_alone_what_another_terminal_did_with_the_fields_meanwhile(opened, workspace):
    """Also where this one has not read them again yet."""
    from contextlib import closing

    from workbench.fields import FieldType
    from workbench.workspace import Workspace

    def added_elsewhere(name):
        with closing(Workspace.open(workspace.files.root)) as other:
            other.change_schema(lambda now: now.add(name, FieldType.TEXT))

    async with opened(workspace) as pilot:
        workspace.reread_settings = lambda: False
        added_elsewhere("before")
        await pilot.press("T", *["down"] * row_of(workspace, "iban"), "enter", "x", "escape")
        await pilot.press("Z")
        assert workspace.schema_now().resolve("before") and not workspace.schema.get("iban").retired
        await pilot.press("T", *["down"] * row_of(workspace, "iban"), "enter", "x", "escape")
        added_elsewhere("after")
        await pilot.press("Z")
    fields = workspace.schema_now()
    assert fields.resolve("before") and fields.resolve("after") and fields.get("iban").retired
