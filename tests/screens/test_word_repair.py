"""Words that OCR glued, cut or wove are repaired by a key; labels, corrections and undo stay on their words."""

from dataclasses import replace

import pytest
from textual.widgets import Input, Label

from screens.widgets.dialogs import Prompt, TextPage
from screens.widgets.status_lines import HintLine
from storage import documents
from storage.records import Token
from storage.suggestions import keep_suggestions
from tests.support import sample_documents
from tests.support.sample_documents import find, go, labels

WOVEN = """\
    Nr:471102 of 05.06.2018
    Total 9 .00 EUR
"""


@pytest.fixture
def glued(tmp_path):
    page = sample_documents.page_of(WOVEN)
    made = sample_documents.workspace_of(tmp_path / "glued", [sample_documents.new("glued", [page])])
    yield made
    made.close()


def words(workspace):
    with workspace.db.read() as connection:
        return [token.text for token in documents.open_document(connection, 1).tokens]


def hint(pilot):
    return str(pilot.app.mode_screen.query_one(HintLine).render())


async def test_a_word_is_divided_and_its_parts_can_be_labelled(opened, glued):
    with glued.db.write() as connection:
        keep_suggestions(connection, "r1", {1: [("currency", (6,), 0.9)]})
    async with opened(glued) as pilot:
        await go(pilot, "05.06.2018")
        await pilot.press("2")
        await go(pilot, "Nr:471102")
        await pilot.press("vertical_line")
        assert isinstance(pilot.app.screen, Prompt)
        await pilot.press("home", "right", "right", "right", "space", "enter")
        assert words(glued) == ["Nr:", "471102", "of", "05.06.2018", "Total", "9", ".00", "EUR"]
        assert labels(glued) == {"invoice_date": ["05.06.2018"]}
        assert "“Nr: 471102”" in hint(pilot)
        first, second = pilot.app.mode_screen.session.tokens[:2]
        assert first.box[2] == second.box[0]
        await pilot.press("right", "1")
        assert labels(glued) == {"invoice_date": ["05.06.2018"], "invoice_no": ["471102"]}
        await pilot.press("Z", "Z")
        assert words(glued)[:3] == ["Nr:471102", "of", "05.06.2018"] and labels(glued) == {
            "invoice_date": ["05.06.2018"]
        }
        assert "Undone on glued: repairing words." in hint(pilot)
        await pilot.press("Z")  # also what was done before the repair
        assert labels(glued) == {}
    with glued.db.read() as connection:
        content = documents.open_document(connection, 1)
    assert [content.tokens[t].text for t in content.suggestions[0].tokens] == ["EUR"]


async def test_selected_words_are_joined_and_labels_follow(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "9 .00")
        await pilot.press("shift+right", "t")
        await go(pilot, "9")
        await pilot.press("shift+right", "vertical_line", "home", "right", "delete", "enter")
        assert words(glued) == ["Nr:471102", "of", "05.06.2018", "Total", "9.00", "EUR"]
        assert labels(glued) == {"amount_total": ["9.00"]}


async def test_a_corrected_word_stays_corrected(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "EUR")
        await pilot.press("e", *["backspace"] * 3, *"USD", "enter")
        await go(pilot, "Nr:471102")
        await pilot.press("vertical_line", "home", "right", "right", "right", "space", "enter")
        assert words(glued)[-1] == "USD"
        await pilot.press("Z")
        assert words(glued)[-1] == "USD" and len(words(glued)) == 7
        await pilot.press("Z")
        assert words(glued)[-1] == "EUR"


async def test_words_are_joined_and_their_letters_corrected_at_once(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "9 .00")
        await pilot.press("shift+right", "t")
        await go(pilot, "9")
        await pilot.press("shift+right", "vertical_line", "home", "1", "right", "delete", "enter")
        assert words(glued) == ["Nr:471102", "of", "05.06.2018", "Total", "19.00", "EUR"]
        assert labels(glued) == {"amount_total": ["19.00"]} and "NOT SAVED" not in pilot.app.common_facts
        await pilot.press("Z")
        assert words(glued)[-2:] == ["9.00", "EUR"]  # what OCR read is kept
        await pilot.press("Z")
        assert words(glued)[-3:] == ["9", ".00", "EUR"] and labels(glued) == {"amount_total": ["9 .00"]}


async def test_a_word_is_split_and_its_letters_corrected_at_once(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "Nr:471102")
        await pilot.press("vertical_line", "space", "delete", "9", "end", "backspace", "backspace", *"77", "enter")
        assert words(glued)[:3] == ["Nr:", "971177", "of"]


async def test_letters_alone_are_corrected_and_history_names_the_repair(opened, glued):
    async with opened(glued) as pilot:
        await pilot.press("vertical_line", "end", "3", "enter")
        assert words(glued)[0] == "Nr:4711023"
        await pilot.press("Z", "vertical_line", "home", "right", "right", "right", "space", "enter", "h")
        assert isinstance(pilot.app.screen, TextPage)
        assert "repairing words  “Nr:471102” → “Nr: 471102”" in str(pilot.app.screen._body)


async def test_a_word_that_is_not_printed_is_refused_and_what_was_typed_stays(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "EUR")
        await pilot.press("vertical_line", "end", *" USD", "enter")
        assert isinstance(pilot.app.screen, Prompt) and "“USD” has no letters here" in text_of_dialog(pilot)
        assert pilot.app.screen.query_one(Input).value == "EUR USD"
        await pilot.press("backspace", "backspace", "backspace", "backspace", "home", "right", "space", "enter")
        assert words(glued)[-2:] == ["E", "UR"] and "NOT SAVED" not in pilot.app.common_facts


async def test_words_of_two_lines_are_refused_before_anything_is_typed(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "Nr:471102")
        await pilot.press("shift+down", "vertical_line")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, Prompt) and "NOT SAVED" not in pilot.app.common_facts
        assert len(words(glued)) == 7


async def test_two_rows_that_were_woven_into_one_line_are_read_one_after_the_other(opened, tmp_path):
    first = sample_documents.page_of("Seller  Ltd\nMain    Street\nCity")
    woven = [first.tokens[0], first.tokens[2], first.tokens[3], first.tokens[1], first.tokens[4]]
    tokens = tuple(Token(i, 0, int(i == 4), t.text, t.box) for i, t in enumerate(woven))
    made = sample_documents.workspace_of(
        tmp_path / "woven", [sample_documents.new("woven", [replace(first, tokens=tokens)])]
    )
    async with opened(made) as pilot:
        session = pilot.app.mode_screen.session
        session.cursor.go_to(find(session.content, "Street")[0])
        await pilot.press("5", "number_sign")
        assert words(made) == ["Seller", "Ltd", "Main", "Street", "City"]
        with made.db.read() as connection:
            assert [t.line for t in documents.open_document(connection, 1).tokens] == [0, 0, 1, 1, 2]
        assert labels(made) == {"seller_name": ["Street"]}
        await pilot.press("number_sign")
        assert "Nothing to change" in hint(pilot)
    made.close()


async def test_undo_of_joined_words_gives_each_label_and_suggestion_its_own_words_back(opened, glued):
    with glued.db.write() as connection:
        keep_suggestions(connection, "r1", {1: [("tax_rate", (5,), 0.9)]})
    async with opened(glued) as pilot:
        for word, key in (("9", "n"), (".00", "t"), ("EUR", "c")):
            await go(pilot, word)
            await pilot.press("space", key)
        before = labels(glued)
        await go(pilot, "EUR")
        await pilot.press("escape", "escape", "e", *["backspace"] * 3, *"USD", "enter")
        await go(pilot, "9")
        await pilot.press("shift+right", "vertical_line", "home", "right", "delete", "enter")
        assert "9.00" in words(glued)
        await pilot.press("M", "Z")  # what came after the repair is undone first
        await pilot.press("Z")
        assert words(glued) == ["Nr:471102", "of", "05.06.2018", "Total", "9", ".00", "USD"]
        assert labels(glued) == before | {"currency": ["USD"]}
        assert glued_suggestions(glued) == [(5,)]
        await pilot.press("Y")
        assert "Nothing to redo." in hint(pilot)
        await pilot.press("Z", "Z", "Z", "Z")
        assert words(glued)[-1] == "EUR" and labels(glued) == {}


async def test_undo_of_a_reordered_line_puts_its_words_where_they_were(opened, tmp_path):
    page = sample_documents.page_of("Total 9.00\n\nPaid 9.00\n")
    first, second, *rest = page.tokens
    swapped = [
        Token(0, 0, 0, second.text, second.box), Token(1, 0, 0, first.text, first.box), *rest,
    ]  # fmt: skip
    made = sample_documents.workspace_of(
        tmp_path / "woven", [sample_documents.new("woven", [replace(page, tokens=tuple(swapped))])]
    )
    async with opened(made) as pilot:
        await go(pilot, "Total")
        await pilot.press("number_sign")
        assert words(made)[:2] == ["Total", "9.00"]
        await pilot.press("Z")
        assert words(made)[:2] == ["9.00", "Total"]
        await pilot.press("h")
        assert isinstance(pilot.app.screen, TextPage)
    made.close()


def glued_suggestions(workspace):
    with workspace.db.read() as connection:
        return [suggestion.tokens for suggestion in documents.open_document(connection, 1).suggestions]


async def test_a_word_is_split_at_the_space_that_is_typed_where_the_prompt_begins(opened, glued):
    async with opened(glued, (80, 24)) as pilot:
        await go(pilot, "Nr:471102")
        await pilot.press("vertical_line")
        assert "Split the word: type a space where a new word begins" in text_of_dialog(pilot)
        await pilot.press("enter")
        assert "nothing was typed" in hint(pilot) and words(glued)[0] == "Nr:471102"
        await pilot.press("vertical_line", "space", "enter")
        assert words(glued)[:2] == ["Nr:", "471102"]


async def test_a_word_that_was_given_a_space_by_correcting_it_is_split_there(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "Nr:471102")
        await pilot.press("e", "home", "right", "right", "right", "space", "enter")
        assert words(glued)[0] == "Nr: 471102"
        await pilot.press("vertical_line", "enter")
        assert words(glued)[:2] == ["Nr:", "471102"]
        await pilot.press("right", "1")
        assert labels(glued) == {"invoice_no": ["471102"]}
        await pilot.press("Z", "Z")
        assert words(glued)[0] == "Nr: 471102"
        await pilot.press("Z")
        assert words(glued)[0] == "Nr:471102"


async def test_undo_goes_to_the_word_that_it_puts_back(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "EUR")
        await pilot.press("e", *"USD", "enter")
        await go(pilot, "05.06.2018")
        await pilot.press("2", "Z")
        session = pilot.app.mode_screen.session
        assert session.tokens[session.cursor.token].text == "05.06.2018"
        await pilot.press("Z")
        assert session.tokens[session.cursor.token].text == "EUR"


async def test_undo_of_a_moved_label_goes_to_where_it_stands_again(opened, glued):
    async with opened(glued) as pilot:
        await go(pilot, "EUR")
        await pilot.press("c")
        await go(pilot, "Total")
        await pilot.press("space", "c")
        assert labels(glued) == {"currency": ["Total"]}
        await pilot.press("Z")
        session = pilot.app.mode_screen.session
        assert session.tokens[session.cursor.token].text == "EUR"


def text_of_dialog(pilot) -> str:
    return "\n".join(str(label.render()) for label in pilot.app.screen.query(Label))
