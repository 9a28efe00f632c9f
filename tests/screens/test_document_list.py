"""The document list: letters search it, and documents of one name can be told apart."""

import threading
import time
from dataclasses import replace

import pytest
from click.testing import CliRunner
from textual import events

from screens.annotate import list_order
from screens.annotate.document_list import DocumentList
from screens.widgets.status_lines import HintLine
from storage import document_list, queue
from storage.document_list import Origin
from storage.records import QueueEntry, ReferenceValue, State
from storage.suggestions import keep_suggestions
from tests.support import sample_documents
from tests.support.pilots import until
from tests.support.sample_documents import kept, labels
from workbench.active_learning import overview
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.cli import group


def hint(pilot):
    return str(pilot.app.mode_screen.query_one(HintLine).render())


def rows(pilot):
    listed = pilot.app.mode_screen.query_one(DocumentList)
    return [listed.render_line(y).text for y in range(len(listed._ids))]


def names(pilot):
    """The rows of the documents, below the heads of the columns."""
    listed = pilot.app.mode_screen.query_one(DocumentList)
    return [listed.render_line(y).text for y in range(1, len(listed._ids) + 1)]


def bought(name, vendor, number, date, total):
    """A document with known values, of one line."""
    words = f"{vendor} {number} {date} {total}"
    known = {"seller_name": vendor, "invoice_no": number, "invoice_date": date, "amount_total": total}
    values = tuple(ReferenceValue(field, value, "values") for field, value in known.items())
    return replace(sample_documents.new(name, [sample_documents.page_of(words)]), references=values)


@pytest.fixture
def purchases(tmp_path):
    made = sample_documents.workspace_of(
        tmp_path / "purchases",
        [
            bought("one", "Zeta Ltd", "R-7", "2024-03-01", "15.387,08"),
            bought("two", "Alpha Inc", "R-9", "2024-01-31", "99.00"),
            bought("three", "Muster GmbH", "R-8", "2024-02-02", "1,200.50"),
        ],
    )
    yield made
    made.close()


async def test_the_list_shows_vendor_number_date_and_total_while_it_has_the_keys(opened, purchases):
    async with opened(purchases, (160, 36)) as pilot:
        assert not any("Zeta" in row for row in rows(pilot))
        await pilot.press("O")
        await pilot.pause()
        head, first, *_ = rows(pilot)
        assert head.split()[:5] == ["document", "vendor", "number", "date", "total"]
        assert [part for part in ("one", "Zeta Ltd", "R-7", "2024-03-01", "15387.08") if part not in first] == []
        await pilot.press("escape")
        assert not any("Zeta" in row for row in rows(pilot))


async def test_the_list_is_sorted_by_a_column_and_next_follows_it(opened, purchases):
    async with opened(purchases, (160, 36)) as pilot:
        await pilot.press("O")
        await pilot.pause()
        for heading, order in (
            ("document", ["one", "three", "two"]), ("vendor", ["two", "three", "one"]),
            ("number", ["one", "three", "two"]), ("date", ["two", "three", "one"]), ("total", ["two", "three", "one"]),
        ):  # fmt: skip
            await pilot.press("right")
            assert f"by {heading}." in hint(pilot)
            assert [row.replace("▸", " ").split()[1] for row in names(pilot)] == order
        await pilot.press("home", "enter")
        assert pilot.app.mode_screen.session.content.document.name == "two"
        await pilot.press("J")
        assert pilot.app.mode_screen.session.content.document.name == "three"


async def test_a_suggested_value_is_dim_and_a_label_comes_before_a_known_value(purchases):
    with purchases.db.write() as connection:
        keep_suggestions(connection, "r1", {1: [("seller_name", (0, 1), 0.9)], 2: [("due_date", (3,), 0.5)]})
    editor = DocumentEditor(purchases, 3)
    editor.act("assign", acts.assign(editor.state, "invoice_no", (0,), "ann"))
    with purchases.db.read() as connection:
        values = document_list.listed_values(connection, [1, 2, 3], ["seller_name", "invoice_no", "due_date"])
    assert values[3]["invoice_no"] == ("Muster", Origin.LABEL)
    assert values[1]["seller_name"] == ("Zeta Ltd", Origin.KNOWN)
    assert values[2]["due_date"] == ("2024-01-31", Origin.SUGGESTION)


@pytest.mark.parametrize(
    ("typed", "found"),
    [("muster", "three"), ("R-9", "two"), ("15387.08", "one"), ("1200,50", "three"), ("zeta r-7", "one")],
)
async def test_one_search_finds_vendor_number_amount_and_words(opened, purchases, typed, found):
    async with opened(purchases) as pilot:
        await pilot.press("O", *(" " if letter == " " else letter for letter in typed))
        await until(pilot, lambda: f"“{typed}”: document 1 of 1." in hint(pilot))
        await pilot.press("enter")
        assert pilot.app.mode_screen.session.content.document.name == found


async def test_documents_that_were_worked_on_last_are_found_first(purchases):
    editor = DocumentEditor(purchases, 3)
    editor.act("assign", acts.assign(editor.state, "invoice_no", (0,), "ann"))
    with purchases.db.read() as connection:
        assert document_list.search(connection, "R-") == [3, 1, 2]


async def test_typing_a_name_in_the_list_finds_it_and_runs_no_command(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("O", *"SAUE", "backspace", "backspace")
        await until(pilot, lambda: "“SA”: no document." in hint(pilot))
        await pilot.press("backspace", "backspace", *"sugg")
        await until(pilot, lambda: "“sugg”: document 1 of 1." in hint(pilot))
        await pilot.press("enter")
        assert pilot.app.mode_screen.session.content.document.name == "suggested"
        for number in (1, 2, 3):
            assert kept(workspace, number).state is State.NEW and not labels(workspace, number)


async def test_the_arrows_go_from_match_to_match_and_escape_first_ends_the_search(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("O", "e", "down")
        assert "“e”: document 2 of 2." in hint(pilot) or "“e”: document 2 of 3." in hint(pilot)
        await pilot.press("escape")
        assert pilot.app.mode_screen.query_one(DocumentList).has_focus
        await pilot.press("escape")
        assert not pilot.app.mode_screen.query_one(DocumentList).has_focus


@pytest.mark.parametrize(
    ("sources", "shown"),
    [
        (["/in/acme/d0.pdf", "/in/shop/d0.pdf"], ["acme/d0", "shop/d0"]),
        (["/2023/in/d0.pdf", "/2024/in/d0.pdf"], ["2023/…/d0", "2024/…/d0"]),
        (["/a/b/d0.pdf", "/a/c/d0.pdf", "/d/c/d0.pdf"], ["/a/b/d0", "/a/c/d0", "/d/c/d0"]),
        (["/a/d0.pdf", "/a/d0.pdf"], ["/a/d0 (1)", "/a/d0 (2)"]),
    ],
)
async def test_documents_of_one_name_are_told_apart(opened, tmp_path, sources, shown):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    listed = [
        sample_documents.replace(sample_documents.new(f"x{n}", [page]), name="d0", source=source)
        for n, source in enumerate(sources)
    ]
    made = sample_documents.workspace_of(tmp_path / "w", [*listed, sample_documents.new("other", [page])])
    with made.db.read() as connection:
        assert list(document_list.shown_names(connection, ["d0", "other"]).values()) == shown
    async with opened(made, (160, 36)) as pilot:
        assert all(name in row for name, row in zip(shown, rows(pilot), strict=False))
        assert pilot.app.mode_screen.session.content.document.name == shown[0]
    made.close()


async def test_the_queue_and_exported_values_tell_documents_of_one_name_apart(opened, tmp_path):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    listed = [
        replace(sample_documents.new(f"x{n}", [page]), name="d0", source=f"/in/{folder}/d0.pdf")
        for n, folder in enumerate(("acme", "shop"))
    ]
    made = sample_documents.workspace_of(tmp_path / "w", listed)
    with made.db.write() as connection:
        entries = [QueueEntry(0, number, number, 0.0, ("drawn at random",), {}) for number in (1, 2)]
        queue.open_round(connection, "", "random", 0, entries, {})
    assert dict(overview.read(made).names) == {1: "acme/d0", 2: "shop/d0"}
    made.close()
    table = tmp_path / "values.csv"
    result = CliRunner().invoke(group, ["-w", str(tmp_path / "w"), "export", "values-csv", str(table)])
    assert result.exit_code == 0, result.output
    assert [line.split(",")[0] for line in table.read_text("utf-8-sig").splitlines()[1:]] == ["acme/d0", "shop/d0"]


async def test_typing_never_waits_for_the_search_and_enter_does(opened, purchases, monkeypatch):
    search, searched = document_list.search, []

    def slow(connection, text):
        searched.append(text)
        assert threading.current_thread() is not threading.main_thread()
        time.sleep(0.2)
        return search(connection, text)

    monkeypatch.setattr(document_list, "search", slow)
    async with opened(purchases) as pilot:
        await pilot.press("O")
        listed = pilot.app.mode_screen.query_one(DocumentList)
        for letter in "muster":
            listed.typed(events.Key(letter, letter))
        assert listed._searched == "muster"
        await pilot.press("enter")
        assert pilot.app.mode_screen.session.content.document.name == "three"
        assert searched[-1] == "muster" and len(searched) <= 2  # what was overtaken is not looked for


async def test_a_long_list_is_sorted_part_by_part_and_escape_ends_it(opened, purchases, monkeypatch):
    monkeypatch.setattr(list_order, "_PART", 1)
    monkeypatch.setattr("screens.annotate.document_list._LONG_SORT", 1)
    reached, go_on = threading.Event(), threading.Event()
    read = document_list.listed_values

    def held(connection, numbers, fields):
        if list(fields) == ["seller_name"]:
            reached.set()
            go_on.wait(5)
        return read(connection, numbers, fields)

    monkeypatch.setattr(document_list, "listed_values", held)
    async with opened(purchases, (160, 36)) as pilot:
        listed = pilot.app.mode_screen.query_one(DocumentList)
        await pilot.press("O")
        await pilot.pause()
        listed.action_sort(2)
        while not reached.is_set():
            await pilot.pause(0.01)
        await pilot.press("escape")
        go_on.set()
        assert list(listed._ids) == [1, 2, 3]
        await pilot.press("O")
        await pilot.pause()
        await pilot.press("right", "right")
        await listed._settled()
        await pilot.pause()
        assert list(listed._ids) == [2, 3, 1] and "by vendor." in hint(pilot)


async def test_a_page_with_a_class_alone_is_marked_as_done_only_where_classes_are_what_is_labelled(opened, tmp_path):
    made = sample_documents.workspace_of(
        tmp_path / "mixed",
        [sample_documents.new(name, [sample_documents.page_of(f"{name} 9.00")]) for name in ("one", "two")],
    )
    made.change_schema(lambda schema: schema.add_class("type", ("invoice", "reminder")))
    editor = DocumentEditor(made, 1)
    editor.act("classify", acts.classify(editor.state, "type", ("invoice",), "me"))
    editor.act("finish", acts.finish(editor.state))
    async with opened(made, (160, 36)) as pilot:
        assert "✓ one" in rows(pilot)[0]  # nothing but classes was labelled
    editor = DocumentEditor(made, 2)
    editor.act("assign", acts.assign(editor.state, "amount_total", (1,), "me"))
    editor.act("finish", acts.finish(editor.state))
    async with opened(made, (160, 36)) as pilot:
        assert "◐ one" in rows(pilot)[0] and "✓ two" in rows(pilot)[1]
    made.close()


async def test_the_document_that_is_called_like_what_was_typed_comes_first_and_others_say_why_they_are_there(
    opened, tmp_path
):
    made = sample_documents.workspace_of(
        tmp_path / "e",
        [
            bought("e19", "Muster GmbH", "DE136695976", "2024-03-01", "9.00"),
            bought("e130", "Zeta Ltd", "R-7", "2024-03-01", "8.00"),
            bought("e13", "Alpha Inc", "R-9", "2024-01-31", "99.00"),
        ],
    )
    async with opened(made, (160, 36)) as pilot:
        await pilot.press("t", "O", "slash", *"e13")
        await pilot.pause()
        listed = pilot.app.mode_screen.query_one(DocumentList)
        await until(pilot, lambda: len(listed._ids) == 3 and listed._shown_for == "e13")
        shown = names(pilot)
        assert [row.split()[1] for row in shown] == ["e13", "e130", "e19"]
        assert shown[2].count("DE136695976") == 1 and "R-9" not in shown[0].split("Alpha")[0]
        await pilot.press("enter")
        assert pilot.app.mode_screen.session.content.document.name == "e13"
    made.close()


async def test_vendors_take_the_space_that_short_names_leave(opened, tmp_path):
    vendor = "Au bon moulin SARL et Fils"
    made = sample_documents.workspace_of(tmp_path / "w", [bought("e1", vendor, "R-7", "2024-03-01", "9.00")])
    async with opened(made, (120, 36)) as pilot:
        await pilot.press("O")
        await pilot.pause()
        assert f"{vendor[:23]}…" in names(pilot)[0]
    made.close()


@pytest.mark.parametrize(
    ("typed", "row"),
    [
        ("münchen", ["e1", "Lieferdienste", "München", "R-7", "2024-03-01", "15387.08"]),
        ("15387.08", ["e1", "Lieferdienste", "München", "R-7", "2024-03-01", "15387.08"]),
        ("15.387,08", ["e1", "Lieferdienste", "München", "R-7", "2024-03-01", "15387.08"]),
        ("isarweg", ["e1", "isarweg", "Lieferdienste", "München", "R-7", "2024-03-01", "15387.08"]),
    ],
)
async def test_what_a_search_found_is_said_only_where_no_column_shows_it(opened, tmp_path, typed, row):
    vendor = "Lieferdienste München"
    page = sample_documents.page_of(f"{vendor}\nIsarweg 7\nR-7 2024-03-01 15.387,08")
    made = sample_documents.workspace_of(
        tmp_path / "w", [replace(bought("e1", vendor, "R-7", "2024-03-01", "15.387,08"), pages=(page,))]
    )
    async with opened(made, (160, 36)) as pilot:
        await pilot.press("O", *typed)
        listed = pilot.app.mode_screen.query_one(DocumentList)
        await until(pilot, lambda: listed._shown_for == typed)
        await pilot.pause()
        assert names(pilot)[0].replace("▸", " ").split()[1:] == row
    made.close()


async def test_while_the_list_has_the_keys_it_is_said_which_document_the_page_shows(opened, workspace):
    async with opened(workspace, (80, 24)) as pilot:
        await pilot.press("O", "down")
        assert "document 2 of 3. The page shows plain." in shown_hint(pilot) and "Enter open" in shown_hint(pilot)
        await pilot.press("up", *"suggested")
        await pilot.pause(0.3)
        assert "The page shows plain." in shown_hint(pilot)
        await pilot.press("enter")
        assert pilot.app.mode_screen.session.content.document.name == "suggested"


async def test_what_is_said_of_the_page_meanwhile_leaves_the_lists_hint(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab", "enter", "A", "K", "O")
        pilot.app.mode_screen.show_message("plain accepted; Ctrl+Z takes it back.")
        pilot.app.mode_screen.refresh_status()
        assert shown_hint(pilot).startswith("Type to search:  Enter open")
        await pilot.press("ctrl+z")  # what is undone is seen
        assert "Undone on suggested" in shown_hint(pilot)


def shown_hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())
