"""The errors screen, by its keys: tables, lists, what is done about an error, the Doctor, the report."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.widgets import Input, OptionList, Static

from screens.errors import table_contents
from screens.errors.doctor_panel import DoctorPanel
from screens.errors.error_list import ErrorDetail, ErrorList
from screens.errors.heat_grid import HeatGrid
from screens.widgets.status_lines import HintLine
from storage import document_list, documents, queue, runs
from storage.records import Decision, Side, Source, Span, State
from tests.support import finished_run, sample_documents
from tests.support.copies import copied
from tests.support.pilots import settled, until
from workbench.evaluation.doctor.consultation import Consultation
from workbench.evaluation.doctor.findings import Action, Diagnosis, Finding, Target
from workbench.evaluation.error_analysis import Concentration, FailingVendor
from workbench.runs.watch import RunUpdate
from workbench.workspace import Workspace

PAGE = sample_documents.page_of(sample_documents.RECEIPT)
CONTENT = type("Content", (), {"tokens": PAGE.tokens})
NAME, DATE, TOTAL = (sample_documents.find(CONTENT, words) for words in ("ACME TRADING SDN BHD", "25/12/2018", "9.00"))
CASH = sample_documents.find(CONTENT, "10.00")
LABELS = tuple(
    Span(field, tokens, Source.IMPORT, "gold")
    for field, tokens in (("seller_name", NAME), ("invoice_date", DATE), ("amount_total", TOTAL))
)


def wrong(row, draw):
    """test-1: the total is found at the cash; test-2: the name loses its first word; test-3: the date is missed."""
    tags = list(row["tags"])
    if row["name"] == "test-1":
        tags[TOTAL[0]], tags[CASH[0]] = "O", "B-amount_total"
    elif row["name"] == "test-2":
        tags[NAME[0]], tags[NAME[1]] = "O", "B-seller_name"
    elif row["name"] == "test-3":
        tags[DATE[0]] = "O"
    return tags


def shop_in(folder: Path) -> Workspace:
    listed = []
    for side, count in ((Side.TRAIN, 4), (Side.VALIDATION, 2), (Side.TEST, 4)):
        for number in range(1, count + 1):
            new = sample_documents.new(
                f"{side.value}-{number}", [PAGE], group=f"{side.value} {number}", labelled=True, spans=LABELS
            )
            listed.append(replace(new, side=side))
    made = sample_documents.workspace_of(folder, listed)
    finished_run.finish(made, wrong=wrong, name="baseline")
    return made


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    made = copied(tmp_path / "shop", "a shop with a run and its errors", shop_in)
    yield made
    made.close()


async def enter(pilot):
    await pilot.press("f6")
    await settled(pilot)
    return pilot.app.mode_screen


async def enter_all(pilot):
    """Into the screen, with all errors listed."""
    screen = await enter(pilot)
    screen.query_one("#matrix", HeatGrid).point("all", "errors")
    await pilot.pause()
    return screen


async def consulted(pilot, screen):
    """The Doctor's panel in view. The run itself is read first, which begins a moment after the screen is painted."""
    await pilot.press("d")
    panel = screen.query_one(DoctorPanel)
    await until(pilot, lambda: panel.option_count and "is reading" not in str(panel.options[0].prompt))
    return panel


def hint_of(pilot) -> str:
    return text_of(pilot.app.mode_screen.query_one(HintLine))


def listed(screen):
    return [(item.name, item.kind, item.gold_value, item.predicted_value) for item in screen.panel.items]


def text_of(widget) -> str:
    return str(widget.render())


def number_of(workspace, name):
    with workspace.db.read() as connection:
        return next(d.id for d in document_list.page(connection, document_list.Filter(), 0, 99) if d.name == name)


ALL = [
    ("test-1", "missing", "9.00", ""),
    ("test-1", "spurious", "", "10.00"),
    ("test-2", "boundary", "ACME TRADING SDN BHD", "TRADING SDN BHD"),
    ("test-3", "missing", "25/12/2018", ""),
]


async def test_the_list_begins_with_the_worst_field_and_follows_the_cursor(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        assert listed(screen) == ALL[:2] and screen.query_one(HeatGrid).pointed == ("amount_total", "errors")
        await pilot.press("end", "enter")  # the last column of the field with most errors: boundary
        assert screen.query_one(HeatGrid).pointed == ("amount_total", "boundary") and listed(screen) == []
        assert screen.focused is screen.query_one("#matrix")  # there is no list to go into
        await pilot.press("escape", "home", "right", "right", "enter")
        assert listed(screen) == ALL[:1] and screen.focused is screen.query_one(ErrorList)
        assert "9.00" in text_of(screen.query_one(ErrorDetail)) and "nothing" in text_of(screen.query_one(ErrorDetail))
        assert "TOTAL: 9.00" in text_of(screen.query_one(ErrorDetail)).replace("  ", " ")


async def test_one_click_on_a_cell_lists_its_errors_and_one_on_a_heading_sorts(opened, shop):
    async with opened(shop, (120, 36)) as pilot:
        screen = await enter(pilot)
        grid = screen.query_one("#matrix", HeatGrid)
        await pilot.click("#matrix", offset=(38, 1))
        await pilot.pause()
        assert grid.pointed == ("amount_total", "missing") and listed(screen) == ALL[:1]
        assert screen.focused is screen.query_one(ErrorList)
        await pilot.click("#matrix", offset=(2, 3))  # the row's name
        await pilot.pause()
        assert grid.pointed == ("seller_name", "errors") and listed(screen) == ALL[2:3]
        await pilot.click("#matrix", offset=(70, 0))
        assert grid._table.sorted_by == "boundary"


async def test_the_table_is_sorted_by_the_column_under_the_cursor(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        grid = screen.query_one("#matrix", HeatGrid)
        assert grid.pointed == ("amount_total", "errors")
        await pilot.press("end", "o", "pageup")
        assert grid._table.sorted_by == "boundary" and grid._table.rows[0][0] == "seller_name"
        await pilot.press("o")
        assert [row[0] for row in grid._table.rows] == ["amount_total", "invoice_date", "seller_name", "all"]


async def test_a_pair_of_the_confusion_matrix_has_its_errors(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        await pilot.press("c", "end")
        assert screen.query_one("#confusion", HeatGrid).pointed == ("amount_total", "none")
        assert listed(screen) == ALL[:1]
        await pilot.press("pagedown", "home")
        assert listed(screen) == [ALL[1]]


async def test_enter_opens_the_document_there_and_taking_the_prediction_is_a_label_error(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        await pilot.press("tab", "down", "enter")  # the cash that was found as the total
        await pilot.pause()
        annotate = pilot.app.mode_screen
        assert annotate.mode == "annotate" and annotate.session.content.document.name == "test-1"
        assert annotate.session.cursor.token == CASH[0] and annotate.session.view.focus.field == "amount_total"
        await pilot.press("enter")  # take it
        assert sample_documents.labels(shop, number_of(shop, "test-1"))["amount_total"] == ["9.00", "10.00"]
        await pilot.press("f6")
        await settled(pilot)
        assert pilot.app.mode_screen is screen and screen.query_one(ErrorList).item is screen.panel.items[1]
        assert "1 label error" in text_of(screen.query_one("#title", Static))
        assert "1 of 4 errors were label errors" in screen._facts


async def test_fixing_a_label_anywhere_is_counted_and_undoing_it_takes_it_back(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert pilot.app.mode_screen.session.cursor.token == TOTAL[0]
        await pilot.press("backspace", "f6")
        await settled(pilot)
        assert "1 of 4 errors were label errors" in screen._facts
        await pilot.press("f2", "Z", "f6")
        await settled(pilot)
        assert "4 errors" in screen._facts


async def test_confirming_goes_on_and_is_remembered_by_the_documents_history(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter_all(pilot)
        await pilot.press("tab", "y", "y")
        assert screen.query_one(ErrorList).item is screen.panel.items[2]
        await pilot.press("f2", "f6")
        await settled(pilot)
        assert "2 confirmed" in text_of(screen.query_one("#title", Static))
        with shop.db.read() as connection:
            content = documents.open_document(connection, number_of(shop, "test-1"))
        assert {s.decision for s in content.suggestions} == {Decision.ACCEPTED, Decision.REJECTED}
        assert {(s.field, s.tokens) for s in content.annotations.spans} == {(s.field, s.tokens) for s in LABELS}


async def test_from_the_document_the_next_error_is_one_key_away(opened, shop):
    async with opened(shop) as pilot:
        await enter_all(pilot)
        await pilot.press("tab", "enter")
        await pilot.pause()
        states = []
        for key in ("E", "V", "E"):
            await pilot.press(key)
            await pilot.pause()
            states.append(
                (pilot.app.mode_screen.session.content.document.name, pilot.app.mode_screen.session.cursor.token)
            )
        await pilot.press("right")  # the hint is that of any document again, but for the way on
        assert "E next error" in text_of(pilot.app.mode_screen.query_one(HintLine))
        assert states == [("test-1", CASH[0]), ("test-2", NAME[1]), ("test-3", DATE[0])]
        await pilot.press("E")
        await settled(pilot)
        assert pilot.app.mode_screen.mode == "errors"


async def test_the_relabel_queue_takes_the_document_and_opens_it_anew(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter_all(pilot)
        await pilot.press("tab", "q")
        with shop.db.read() as connection:
            (found,) = queue.listed(connection)
            (entry,) = queue.entries(connection, found.id)
            document = documents.open_document(connection, entry.document).document
        assert (found.strategy, document.name, document.state) == ("errors", "test-1", State.STARTED)
        assert "9.00" in entry.reasons[0]
        assert screen.query_one(ErrorList).item is screen.panel.items[2]  # its other error waits with it
        assert "2 queued" in text_of(screen.query_one("#title", Static))
        await pilot.press("n")
        assert screen.query_one(ErrorList).item is screen.panel.items[3]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_group_with_a_long_name_keeps_its_count(opened, shop, size):
    group = Concentration(
        "amount_total", "vendor", ("上海浦东新区张江高科技园区信息技术有限公司",) * 3, 7, 14, 0.5, 0.1
    )
    async with opened(shop, size) as pilot:
        screen = await enter(pilot)
        review = replace(screen.shown.review, concentrations=(group,))
        screen.tables.show(review, screen.shown.evaluation, shop.schema)
        await pilot.press("g")
        shown = text_of(screen.query_one("#title", Static))
        assert shown.endswith("… · 0") and "amount_total · 上海" in shown and cell_len(shown) <= size[0] - 2


async def test_a_batch_like_the_errors_of_a_cell_is_ordered_on_one_key(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter_all(pilot)
        wanted = tuple(dict.fromkeys(item.document for item in screen.panel.items))
        await pilot.press("w")
        await settled(pilot)
        queue_screen = pilot.app.mode_screen
        assert queue_screen.mode == "queue" and queue_screen.view == "batch"
        assert (queue_screen.batch_pane.request.strategy, queue_screen.batch_pane.request.like) == ("similar", wanted)
        output = text_of(queue_screen.query_one("#request", Static))
        report = " ".join(notice.message for notice in pilot.app._notifications)
        assert "The next batch: More like these, like 3 documents" in report
        assert len(wanted) == 3 and "More like these" in output and "like 3 documents" in output


async def test_the_other_side_of_the_split_and_labels_to_doubt(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        await pilot.press("l")
        assert screen.panel.items and {item.kind for item in screen.panel.items} == {"doubt"}
        assert {item.name for item in screen.panel.items} <= {"test-1", "test-2", "test-3"}
        await pilot.press("s")
        await settled(pilot)
        assert screen.shown.review.split == "validation" and screen.panel.items == ()


async def test_a_rule_is_switched_by_hand_after_a_question_and_taken_back(opened, shop):
    async with opened(shop) as pilot:
        await enter(pilot)
        await pilot.press("r", "enter", "escape")
        assert shop.settings.postprocess == {}  # nothing is written before the answer
        await pilot.press("enter", "o")
        assert shop.settings.postprocess == {"iob_repair": True}
        await pilot.press("enter", "f")
        assert shop.settings.postprocess == {"iob_repair": False}
        assert Workspace.open(shop.files.root).settings.postprocess == {"iob_repair": False}
        await pilot.press("Z")
        assert Workspace.open(shop.files.root).settings.postprocess == {"iob_repair": True}
        await pilot.press("Z", "Z")
        assert shop.settings.postprocess == {}
        await pilot.press("down", "down")
        assert "is dropped" in text_of(pilot.app.mode_screen.query_one("#does"))


async def test_a_rule_that_another_terminal_switches_meanwhile_stays(opened, shop):
    async with opened(shop) as pilot:
        await enter(pilot)
        elsewhere = Workspace.find(shop.files.root)
        await pilot.press("r", "enter")
        elsewhere.change_settings(postprocess={"one_value": False})
        await pilot.press("f")
        assert Workspace.find(shop.files.root).settings.postprocess == {"one_value": False, "iob_repair": False}
        elsewhere.change(lambda now: replace(now, postprocess={**now.postprocess, "cross_field": False}))
        await pilot.press("Z")
        assert Workspace.find(shop.files.root).settings.postprocess == {"one_value": False, "cross_field": False}


async def test_a_rule_that_the_doctor_switches_is_asked_for_and_taken_back(opened, shop):
    action = Action("off", "Switch the rule one_value off", "seconds", Target.POSTPROCESS, {"one_value": False})
    finding = Finding("rule_hurts", "It breaks more", {"broke": 4}, "It does not suit them.", (action,))
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        await pilot.press("d")
        for answer, kept in (("escape", {}), ("enter", {"one_value": False})):
            screen.query_one(DoctorPanel).post_message(DoctorPanel.Taken(finding, action))
            await pilot.pause()
            await pilot.press(answer)
            assert shop.settings.postprocess == kept
        await pilot.press("Z")
        assert shop.settings.postprocess == {}


async def test_a_rule_by_which_the_figures_are_lower_is_not_on(opened, shop):
    worse = {"changes": 1, "repaired": 0, "broke": 1, "f1_without": 0.6, "f1_with": 0.563, "hurts": True}
    table = table_contents.rules({"one_value": worse}, {})
    (row,) = [row for row in table.rows if row[0] == "one_value"]
    assert [cell.text for cell in row[3]] == ["off", "1", "0", "1", "-0.037"]


async def test_a_vendor_that_fails_stands_in_the_groups_and_in_the_doctors_words(opened, shop):
    vendor = FailingVendor("Coolblue", 11, 15)
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        review = replace(screen.shown.review, vendors=(vendor,), concentrations=())
        screen.tables.show(review, screen.shown.evaluation, shop.schema)
        await pilot.press("g")
        groups = screen.query_one("#concentrations", OptionList)
        assert [str(option.prompt) for option in groups.options] == [
            "Coolblue: 11 of 15 values wrong, all fields together"
        ]
        assert "All fields · Coolblue" in text_of(screen.query_one("#title", Static))


async def test_the_doctor_puts_what_matters_most_first_in_sentences_with_figures_below(opened, shop):
    few = Finding("small_evaluation", "Only 3 documents were measured", {"documents": 3}, "Nothing is sure.", ())
    rare = Finding(
        "few_examples", "There are too few examples of seller_name", {"seller_name labels": 8}, "Label 20.", (),
        phrases=("seller_name: 8 labels from 1 vendor, F1 0.00",),
    )  # fmt: skip
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        panel = await consulted(pilot, screen)
        panel.show(Consultation("r", Diagnosis((few, rare)), (), {}, ()), shop.schema)
        shown = [str(option.prompt) for option in panel.options if option.prompt]
        assert shown == [
            "What matters most",
            "! Only 3 documents were measured. Nothing is sure.\n  3 documents",
            "Then",
            f"! There are too few examples of {shop.schema.name('seller_name')}. Label 20.\n"
            f"  {shop.schema.name('seller_name')}: 8 labels from 1 vendor, F1 0.00",
        ]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_doctors_sentences_break_at_words_and_are_indented(opened, shop, size):
    cause = "Until more documents are labelled for measuring, no figure and no finding here is sure, whatever it says."
    task = Action("more", "Label about 1182 validation documents in all, and " + "many " * 20, "time", Target.DATA)
    few = Finding("small", "Only 3 documents were measured", {"documents": 3}, cause, (task,))
    async with opened(shop, size=size) as pilot:
        screen = await enter(pilot)
        panel = await consulted(pilot, screen)
        panel.show(Consultation("r", Diagnosis((few,)), (), {}, ()), shop.schema)
        await pilot.pause()
        lines = [panel.render_line(y).text.rstrip() for y in range(9)]
        text = "\n".join(line for line in lines if line)
        assert " ".join(text.split()).startswith(
            f"! Only 3 documents were measured. {cause} 3 documents 1. Label about"
        )
        assert all(line.startswith(("! ", "  ")) for line in text.splitlines() if "─" not in line), text
        begun = next(n for n, line in enumerate(lines) if "1. Label" in line)
        assert lines[begun + 1].startswith("     many"), "below the words, not below the number"


async def test_a_run_that_ends_while_the_screen_is_open_takes_the_place_of_the_text(opened, shop):
    with shop.db.write() as connection:
        runs.change(connection, shop_run(shop), state="failed")  # none that can be read
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        assert "train a model (F4)" in text_of(screen.query_one("#views", Static))
        with shop.db.write() as connection:
            runs.change(connection, shop_run(shop), state="finished")
        with shop.db.read() as connection:
            screen.runs_changed(RunUpdate(changed=tuple(runs.listed(connection))))
        await settled(pilot)
        assert "Fields" in text_of(screen.query_one("#views", Static))
        assert "No run" not in text_of(screen.query_one("#views", Static))
        assert screen.shown.run.name == "baseline"


async def test_a_task_of_the_doctor_leads_to_where_it_is_done(opened, shop):
    finding = Finding("label_noise", "Labels are denied", {"documents": 4}, "Labels are wrong.", ())
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        panel = await consulted(pilot, screen)
        panel.post_message(
            DoctorPanel.Taken(finding, Action("a", "Check labels", "time", Target.DATA, screen="errors"))
        )
        await settled(pilot)
        assert screen.focused is screen.query_one(ErrorList) and "Doubtful labels" in text_of(
            screen.query_one("#title")
        )
        panel.post_message(DoctorPanel.Taken(finding, Action("b", "Label more", "time", Target.DATA, screen="queue")))
        await settled(pilot)
        assert pilot.app.mode_screen.mode == "queue"


async def test_enter_is_offered_only_where_the_doctors_action_leads_somewhere(opened, shop):
    tasks = (
        Action("a", "Import more documents first", "time", Target.DATA),
        Action("b", "Label more", "time", Target.DATA, screen="queue"),
    )
    finding = Finding("few", "Few documents", {"documents": 4}, "The set is too small.", tasks)
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        panel = await consulted(pilot, screen)
        panel.show(Consultation("r", Diagnosis((finding,)), (), {}, ()), shop.schema)
        await settled(pilot)
        assert "take this action" not in hint_of(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert pilot.app.mode_screen is screen and not pilot.app._notifications, "nothing that only repeats the words"
        await pilot.press("down")
        await settled(pilot)
        assert "take this action" in hint_of(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert pilot.app.mode_screen.mode == "queue"


async def test_documents_that_the_doctor_wants_labelled_are_listed(opened, shop):
    finding = Finding("small_evaluation", "Few documents", {"documents": 4}, "The set is too small.", ())
    action = Action("c", "Label more", "time", Target.DATA, screen="annotate", documents={"split": "test"})
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        panel = screen.query_one(DoctorPanel)
        panel.post_message(DoctorPanel.Taken(finding, action))
        await settled(pilot)
        assert pilot.app.mode_screen is screen and any(
            "no unlabelled document" in n.message for n in pilot.app._notifications
        )
        with shop.db.write() as connection:
            new = [
                replace(sample_documents.new(f"new {side.value}", [PAGE]), side=side)
                for side in (Side.TRAIN, Side.TEST)
            ]
            documents.add(connection, new, "me")
        panel.post_message(DoctorPanel.Taken(finding, action))
        await settled(pilot)
        assert (
            pilot.app.mode_screen.session.content.document.name == "new test"
            and len(pilot.app.mode_screen.worklist) == 1
        )


async def test_an_action_of_the_doctor_opens_the_tune_screen_with_the_change_marked(opened, shop):
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        panel = await consulted(pilot, screen)
        for _ in range(200):  # the Doctor reads the run after the screen has been painted
            if panel._choices:
                break
            await pilot.pause(0.05)
        name, (_, action) = next((n, c) for n, c in panel._choices.items() if c[1].changes)
        panel.highlighted = panel.get_option_index(name)
        await pilot.press("enter")
        await settled(pilot)
        tune = pilot.app.mode_screen
        assert tune.mode == "tune"
        assert all(tune.form.draft.value(key) == value for key, value in action.changes.items())
        assert tune.form.draft.changed(next(iter(action.changes)))
        assert tune.form.parent_run == screen.shown.run.id


async def test_the_report_is_one_file_with_the_figures_and_errors(opened, shop, tmp_path):
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        await pilot.press("H")
        await pilot.pause()
        pilot.app.screen.query_one(Input).value = str(tmp_path / "page.html")
        await pilot.press("enter")
        await settled(pilot)
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert "baseline" in page and "10.00" in page and "Errors (4 of 4)" in page and "http" not in page
        assert screen.is_current


async def test_without_a_run_the_screen_says_what_to_do(opened, workspace):
    async with opened(workspace) as pilot:
        screen = await enter(pilot)
        assert "Nothing measured yet: train a model (F4)." in text_of(screen.query_one("#views", Static))
        assert not screen.panel.list.render_line(0).text.strip(), "it is said once"
        await pilot.press("enter", "y", "q", "n", "s", "H", "l", "o", "c", "d", "r", "g")  # nothing breaks
        assert pilot.app.mode_screen is screen


async def test_documents_of_another_workspace_are_read_and_not_opened(opened, shop):
    with shop.db.write() as connection:
        from sqlalchemy import update

        from storage.tables import documents as table

        connection.execute(update(table).values(name="other"))
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        await pilot.press("tab", "enter", "y", "q")
        assert pilot.app.mode_screen is screen and screen.query_one(ErrorList).item is screen.panel.items[0]
        with shop.db.read() as connection:
            assert queue.listed(connection) == []


async def test_a_damaged_run_is_told_and_another_can_be_chosen(opened, shop):
    (shop.files.run(shop_run(shop)) / "predictions.parquet").unlink()
    async with opened(shop) as pilot:
        screen = await enter(pilot)
        assert screen.shown is None
        assert any("no stored predictions" in n.message for n in pilot.app._notifications)


def shop_run(workspace):
    with workspace.db.read() as connection:
        return runs.listed(connection)[0].id


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (140, 42)])
async def test_nothing_is_cut_off(opened, shop, size):
    """On a small terminal table and list take turns; then the list stands below, on a large one all side by side."""
    async with opened(shop, size) as pilot:
        screen = await enter(pilot)
        shown = {
            80: {"#matrix"},
            120: {"#matrix", "#right"},
            140: {"#matrix", "#confusion", "#concentrations", "#right"},
        }
        visible = {
            name
            for name in ("#matrix", "#confusion", "#concentrations", "#right")
            if screen.query_one(name).region.area
        }
        assert visible == shown[size[0]]
        table = screen.query_one("#matrix", HeatGrid)
        assert table.virtual_size.width <= table.size.width
        await pilot.press("enter")
        await pilot.pause()
        assert screen.query_one(ErrorList).region.height >= 10
        assert screen.query_one(ErrorDetail).region.height >= 4
