"""Known values in the annotate screen: what the keys do with suggestions that contradict them."""

from screens.widgets.status_lines import HintLine
from storage import documents
from tests.support.sample_documents import kept, labels


def hint_of(pilot):
    return str(pilot.app.mode_screen.query_one(HintLine).render())


async def test_accept_all_leaves_out_what_contradicts_a_known_value_and_the_known_key_takes_it(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "A")  # the document whose total is suggested as 10.00, and known as 9.00
        assert labels(workspace, 2) == {"seller_name": ["ACME TRADING SDN BHD"], "invoice_date": ["25/12/2018"]}
        assert "Left out, as the known value differs: amount_total. W takes the known value" in hint_of(pilot)
        assert kept(workspace, 2).state == "started"
        await pilot.press("W")
        assert labels(workspace, 2)["amount_total"] == ["9.00"]
        await pilot.press("A")
        assert kept(workspace, 2).state == "labelled"


async def test_the_contradiction_is_seen_before_anything_is_accepted(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J")
        panel = pilot.app.mode_screen.query_one("FieldsPanel")
        text = "\n".join(strip.text for _, strip in panel._lines)
        assert "≠ known: 9.00" in text


async def test_the_key_for_what_is_missing_leaves_suggestions_and_known_values_alone(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "M")
        absent = kept(workspace, 2).absent
        assert absent and absent.isdisjoint({"amount_total", "invoice_date", "seller_name"})
        assert f"{len(absent)} fields are marked as not there. Left alone: 3 with open suggestions." in hint_of(pilot)
        with workspace.db.read() as connection:
            assert documents.open_document(connection, 2).document.suggestions == 3
