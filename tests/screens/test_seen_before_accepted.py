"""Nothing is accepted with the others that was in view neither on the page nor in the panel: it is shown first."""

import re

import pytest

from screens.annotate.fields_panel import FieldsPanel
from screens.annotate.page_view import PageView
from screens.widgets.status_lines import HintLine
from tests.support import sample_documents
from tests.support.sample_documents import labels
from workbench.fields import invoice_schema

FIELDS = [field.id for field in invoice_schema().spans]


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


def in_panel(pilot) -> set[str]:
    return pilot.app.mode_screen.query_one(FieldsPanel).fields_in_view()


async def test_the_first_key_only_shows_and_the_hint_says_so_before_and_after(opened, tmp_path):
    page = sample_documents.page_of("\n".join([f"value{n} {n}.00" for n in range(19)] + ["BANK ONE", "TWO THREE"]))
    offered = [(field, (2 * n,), 0.9, "r") for n, field in enumerate([*FIELDS[:5], "amount_total"])]
    offered.append(("iban", tuple(range(38, 42)), 0.9, "r"))  # its last words are below the edge
    made = sample_documents.workspace_of(tmp_path / "cut", [sample_documents.new("slip", [page], offered)])
    async with opened(made, (80, 22)) as pilot:
        screen = pilot.app.mode_screen
        assert screen.query_one(PageView).max_scroll_y > 0 and "iban" not in in_panel(pilot)
        assert hint(pilot).startswith("A show iban first, then accept all 7")
        await pilot.press("A")
        assert labels(made) == {} and "iban" in in_panel(pilot)
        assert hint(pilot).startswith("Now in view too: iban “BANK ON…WO THREE”.  A accept all 7, ")
        await pilot.press("A")
        assert labels(made)["iban"] == ["BANK ONE TWO THREE"] and len(labels(made)) == 7
    made.close()


async def test_what_a_picture_alone_hides_is_shown_in_the_panel_before_it_is_accepted(opened, tmp_path):
    page = sample_documents.page_of("\n".join(f"value{n} {n}.00" for n in range(16)))
    offered = [(field, (2 * number,), 0.9, "r") for number, field in enumerate(FIELDS)]
    listed = [sample_documents.new(name, [page], offered) for name in ("first", "second")]
    made = sample_documents.workspace_of(tmp_path / "many", listed)
    async with opened(made, (80, 24)) as pilot:
        assert hint(pilot).startswith("A accept all 16")  # as text all values are in view
        await pilot.press("P", "J")
        await pilot.pause()
        assert re.search(r"A show (\d+) more, then accept all 16", hint(pilot))
        seen = in_panel(pilot)
        await pilot.press("A")
        assert labels(made, 2) == {} and seen | in_panel(pilot) == set(FIELDS)
        assert hint(pilot).startswith("Now in view too: ") and "A accept all 16" in hint(pilot)
        await pilot.press("A")
        assert len(labels(made, 2)) == 16
    made.close()


@pytest.mark.parametrize("key", ["A", "plus"])
async def test_in_the_usual_terminal_the_panel_has_all_fields_and_no_key_more_is_needed(opened, tmp_path, key):
    page = sample_documents.page_of("\n".join(f"value{n} {n}.00" for n in range(16)))
    offered = [(field, (2 * number,), 0.9, "r") for number, field in enumerate(FIELDS)]
    made = sample_documents.workspace_of(tmp_path / "usual", [sample_documents.new("slip", [page], offered)])
    async with opened(made) as pilot:
        await pilot.press("P", "P", key)  # the picture alone
        assert len(labels(made)) == 16
    made.close()
