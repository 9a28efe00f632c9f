"""Known values in the annotate screen: what the keys do with suggestions that contradict them."""

from screens.widgets.status_lines import HintLine
from storage import documents
from tests.support import sample_documents
from tests.support.sample_documents import kept, labels


def hint_of(pilot):
    return str(pilot.app.mode_screen.query_one(HintLine).render())


async def test_accept_all_leaves_out_what_contradicts_a_known_value_and_the_known_key_takes_it(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J")  # the document whose total is suggested as 10.00, and known as 9.00
        assert "A accept 2, then stop: 1 ≠ known value" in hint_of(pilot)
        await pilot.press("A")
        assert labels(workspace, 2) == {"seller_name": ["ACME TRADING SDN BHD"], "invoice_date": ["25/12/2018"]}
        left = "2 accepted. ≠ known: amount_total.  Enter/t accept “10.00”  W known value"
        assert f"{left}  a go on without it" in hint_of(pilot)
        assert kept(workspace, 2).state == "started"
        await pilot.press("W")
        assert labels(workspace, 2)["amount_total"] == ["9.00"]
        await pilot.press("A")
        assert kept(workspace, 2).state == "labelled"


async def test_the_known_value_is_offered_for_a_suggestion_that_differs_from_it(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab")
        assert "amount_total 55%: “10.00”?  Enter/t yes  x no  W known value" in hint_of(pilot)
        await pilot.press("tab")
        assert "W known value" not in hint_of(pilot)


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
        assert f"{len(absent)} marked not there. Left: 3 suggested" in hint_of(pilot)
        with workspace.db.read() as connection:
            assert documents.open_document(connection, 2).document.suggestions == 3


async def test_a_known_number_is_labelled_beside_its_header_and_the_payment_reference_is_the_alternative(
    opened, tmp_path
):
    page = sample_documents.page_of("Verwendungszweck: 4711\n\n  Rechnung\n  Nr. 4711\n")
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("letter", [page], references={"invoice_no": "4711"})]
    )
    async with opened(made) as pilot:
        session = pilot.app.mode_screen.session
        await pilot.press("1")
        (label,) = kept(made).spans
        assert session.tokens[label.tokens[0] - 1].text == "Nr."
        await pilot.press("1")
        (label,) = kept(made).spans
        assert session.tokens[label.tokens[0] - 1].text == "Verwendungszweck:"
    made.close()


async def test_the_known_key_goes_to_the_next_place_of_the_known_value_and_says_so(opened, tmp_path):
    page = sample_documents.page_of("Fee for March   220.00\n\nOutstanding from February   220.00\n")
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("letter", [page], references={"amount_total": "220.00"})]
    )
    async with opened(made) as pilot:
        await pilot.press("t", "W")
        assert "amount_total: the known value stands at 2 places; again for the next." in hint_of(pilot)
        (before,) = kept(made).spans
        await pilot.press("W")
        (after,) = kept(made).spans
        assert {before.tokens, after.tokens} == {(t.id,) for t in page.tokens if t.text == "220.00"}
    made.close()


async def test_the_known_key_says_that_the_known_value_is_labelled_and_printed_once(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "A", "W", "W")
        assert "amount_total: the known value is labelled, and is printed nowhere else." in hint_of(pilot)
        assert labels(workspace, 2)["amount_total"] == ["9.00"]


async def test_the_panel_says_no_more_of_a_value_than_there_is_to_say(opened, tmp_path):
    page = sample_documents.page_of("Lieferant GmbH\nRechnung Nr. 00.123.456.7-18\n")
    offered = [
        ("seller_name", (0, 1), 1.0, "e-invoice"),
        ("seller_name", (1,), 0.56, "run-1"),  # a part of the known name
        ("seller_name", (2,), 0.3, "run-2"),
        ("invoice_no", (4,), 1.0, "e-invoice"),
    ]
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("letter", [page], offered)])
    async with opened(made) as pilot:
        panel = pilot.app.mode_screen.query_one("FieldsPanel")
        text = " ".join(" ".join(strip.text for _, strip in panel._lines).split())
        assert "second opinion: 30% Rechnung" in text and "56%" not in text
        assert "00.123.456.7-18" in text and "= 001234567-18" not in text
    made.close()


async def test_a_number_is_shown_without_the_caption_that_is_glued_to_it(opened, tmp_path):
    page = sample_documents.page_of("ACME LTD\nNO.:UOA-CB18-01575\n")
    offered = [("invoice_no", (2,), 0.77, "run-1")]
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("letter", [page], offered)])
    async with opened(made) as pilot:
        lines = [strip.text.strip() for _, strip in pilot.app.mode_screen.query_one("FieldsPanel")._lines]
        assert "UOA-CB18-01575" in lines and not any("NO.:" in line or "=" in line for line in lines)
    made.close()


async def test_a_second_opinion_is_no_part_of_the_value_and_not_the_other_party_s(opened, tmp_path):
    page = sample_documents.page_of("Lieferant GmbH\nRing 1\n10115 Berlin\n\nKunde GmbH\nTor 2\n20095 Hamburg\n")
    offered = [
        ("seller_name", (0, 1), 1.0, "e-invoice"),
        ("seller_name", (7,), 0.56, "run-1"),  # "GmbH", at the other name
        ("seller_address", (2, 3, 4, 5), 1.0, "e-invoice"),
        ("seller_address", (8, 9, 10, 11), 0.89, "run-1"),  # the buyer's
        ("buyer_address", (8, 9, 10, 11), 1.0, "e-invoice"),
        ("buyer_address", (8, 9), 0.77, "run-1"),
        ("buyer_name", (6, 7), 1.0, "e-invoice"),
        ("buyer_name", (11,), 0.33, "run-1"),
    ]
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("letter", [page], offered)])
    async with opened(made) as pilot:
        panel = pilot.app.mode_screen.query_one("FieldsPanel")
        text = " ".join(" ".join(strip.text for _, strip in panel._lines).split())
        assert text.count("second opinion") == 1 and "second opinion: 33% Hamburg" in text
    made.close()


async def test_no_currency_is_missed_while_one_is_suggested(opened, tmp_path):
    page = sample_documents.page_of("TOTAL: 9.00 EUR\n")
    offered = [("currency", (2,), 0.9, "run-1")]
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("with", [page], offered), sample_documents.new("without", [page])]
    )
    async with opened(made) as pilot:
        for keys, missed in (("t",), False), (("J", "t"), True):
            await pilot.press(*keys)
            panel = pilot.app.mode_screen.query_one("FieldsPanel")
            text = " ".join(" ".join(strip.text for _, strip in panel._lines).split())
            assert ("There are amounts but no currency." in text) is missed
    made.close()


async def test_after_the_known_value_is_taken_the_next_suggestion_is_in_hand(opened, tmp_path):
    page = sample_documents.page_of("ACME LTD\nNo. 4711\nTotal 9.00\nCash 10.00\nDate 25/12/2018\n")
    offered = [("amount_total", (7,), 0.9, "run-1"), ("invoice_date", (9,), 0.3, "run-1")]
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("slip", [page], offered, references={"amount_total": "9.00"})]
    )
    async with opened(made) as pilot:
        await pilot.press("A")
        assert "Enter/t accept amount_total  W known value  a go on without them" in hint_of(pilot)
        await pilot.press("W")
        assert labels(made) == {"amount_total": ["9.00"]}
        assert hint_of(pilot).startswith("invoice_date 30%: “25/12/2018”?")
        await pilot.press("enter")  # nothing is left: the hint says what closes the document
        assert labels(made)["invoice_date"] == ["25/12/2018"]
        assert "a accept, invoice_no, due_date, purchase_order and 11 more stay empty" in hint_of(pilot)
    made.close()


async def test_a_long_number_is_shown_whole_and_a_currency_in_an_amount_by_its_sign(opened, tmp_path):
    page = sample_documents.page_of("IBAN FR20 1242 1242 1242 1242 1242 124\nCHANGE RM46.40\n")
    offered = [("iban", tuple(range(1, 8)), 0.9, "run-1"), ("currency", (9,), 0.9, "run-1")]
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("slip", [page], offered)])
    async with opened(made) as pilot:
        panel = pilot.app.mode_screen.query_one("FieldsPanel")
        text = " ".join(" ".join(strip.text for _, strip in panel._lines).split())
        assert "FR20 1242 1242 1242 1242 1242 124" in text and "RM = MYR" in text and "RM46.40" not in text
    made.close()


async def test_the_key_for_what_is_missing_pressed_again_marks_fields_whose_known_value_is_not_printed(
    opened, tmp_path
):
    page = sample_documents.page_of("ACME LTD\nNo. 4711\nTotal 9.00\n")
    known = {"invoice_no": "4711", "purchase_order": "PO-77", "iban": "DE02120300000000202051"}
    offered = [("amount_total", (5,), 0.9, "run-1")]
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("slip", [page], offered, references=known)]
    )
    async with opened(made, (80, 24)) as pilot:
        await pilot.press("M")
        absent = kept(made).absent
        assert absent.isdisjoint({*known, "amount_total"})
        assert hint_of(pilot).startswith("12 marked not there. Left: 1 suggested, 3 known; again: 2 not printed ")
        await pilot.press("M")
        assert kept(made).absent - absent == {"purchase_order", "iban"}
        assert hint_of(pilot).startswith("2 marked not there: purchase_order, iban.")
        await pilot.press("M")
        assert hint_of(pilot).startswith("Nothing to mark as not there. Left: 1 suggested, 1 known")
    made.close()


async def test_after_a_corrected_word_and_the_key_for_what_is_missing_the_hint_names_the_word(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("1", "down", "M")
        assert "“”" not in hint_of(pilot) and "1 move it to “" in hint_of(pilot)


async def test_what_goes_on_without_a_value_that_differs_is_named_in_80_columns_too(opened, workspace):
    async with opened(workspace, (80, 24)) as pilot:
        await pilot.press("J", "A")
        assert hint_of(pilot).startswith("≠ known: amount_total.  Enter/t accept “10.00”  W known  a without it ")
