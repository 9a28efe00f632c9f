"""Suggestions that learn from every label: what is learned, what stays as it is, and what goes wrong meanwhile."""

import dataclasses
import shutil
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from storage import documents
from storage.records import SURE, Annotations, Span, State
from storage.suggestions import keep_suggestions, suggestions_of
from tests.support import member_receipts, sample_documents
from tests.support.member_receipts import accept
from workbench import pool_order
from workbench.annotation.editor import DocumentEditor
from workbench.fields import FieldType, invoice_schema
from workbench.live import record
from workbench.live.messages import Look
from workbench.live.record import Outcome, Record
from workbench.locate.vendors.same_place import Page
from workbench.runs.parquet import FrozenDocument
from workbench.training import predictor
from workbench.training.learner import head as heads
from workbench.training.learner import readers, times_of_day
from workbench.training.learner.head import Head
from workbench.training.learner.learner import RUN
from workbench.training.learner.learner import Learner as WordLearner
from workbench.training.learner.pool_scores import PoolScores, doubt
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return member_receipts.workspace(tmp_path / "w")


def offered(workspace: Workspace, document: int, field: str = "member") -> list[tuple[str, str]]:
    """(words, run) of a document's suggestions of a field."""
    with workspace.db.read() as connection:
        content = documents.open_document(connection, document)
    listed = [s for s in content.suggestions if s.field == field]
    return [(" ".join(content.tokens[t].text for t in s.tokens), s.run) for s in listed]


def Learner(workspace: Workspace) -> WordLearner:  # noqa: N802
    return WordLearner(workspace, record.read(workspace.files.learner_record), PoolScores(workspace))


def work(learner: WordLearner, in_view: int | None, following: list[int]) -> None:
    learner.update()
    for _ in learner.steps(Look(in_view, following), lambda: False):
        pass


def own_files(workspace: Workspace) -> list[Path]:
    """The learner's features; those beside them are for the next run."""
    return sorted(f for f in workspace.files.features.glob("*/*.npy") if not f.parent.name.startswith("held-"))


def taught(workspace: Workspace, count: int = 3) -> Learner:
    """A learner that was at work while so many documents were labelled."""
    learner = Learner(workspace)
    for number in range(1, count + 1):
        work(learner, number, [*range(number + 1, 7)])
        accept(workspace, number)
    return learner


def test_a_field_of_its_own_is_suggested_after_three_documents(workspace: Workspace) -> None:
    work(taught(workspace), 4, [5, 6])

    assert offered(workspace, 5) == [(member_receipts.number(4), RUN)]
    assert offered(workspace, 6) == [(member_receipts.number(5), RUN)]
    assert offered(workspace, 6, "amount_total") == [], "no one labels it, nor asked for suggestions"
    kept = record.read(workspace.files.learner_record)
    assert [outcomes["member"].shown for outcomes in kept.documents.values()][:1] == [False]
    assert len(kept.documents) == 3


def test_the_document_in_view_and_touched_ones_keep_their_suggestions(workspace: Workspace) -> None:
    learner = taught(workspace, 2)
    before = offered(workspace, 4)
    DocumentEditor(workspace, 5).act("flag", Annotations(state=State.STARTED, note="later"))
    touched = offered(workspace, 5)
    accept(workspace, 3)
    work(learner, 4, [5, 6])

    assert offered(workspace, 4) == before
    assert offered(workspace, 5) == touched
    assert offered(workspace, 6) == [(member_receipts.number(5), RUN)]


def test_a_known_value_stays_and_a_model_gives_way(workspace: Workspace) -> None:
    with workspace.db.write() as connection:
        keep_suggestions(connection, "values", {5: [("member", (0,), 1.0)]})
        keep_suggestions(connection, "starter", {6: [("member", (0,), 0.9)]})
    work(taught(workspace), 4, [5, 6])

    assert (sample_documents_word(workspace, 5), "values") in offered(workspace, 5)
    assert [run for _, run in offered(workspace, 6)] == [RUN]


def sample_documents_word(workspace: Workspace, document: int) -> str:
    with workspace.db.read() as connection:
        return documents.open_document(connection, document).tokens[0].text


def test_nothing_is_suggested_before_the_first_label(workspace: Workspace) -> None:
    learner = Learner(workspace)
    work(learner, 1, [2, 3])
    with workspace.db.read() as connection:
        assert [suggestions_of(connection, number) for number in (1, 2, 3)] == [(), (), ()]


def test_a_learner_that_begins_later_knows_the_labels_of_before(workspace: Workspace) -> None:
    for number in (1, 2, 3):
        accept(workspace, number)
    work(Learner(workspace), 4, [5])
    assert offered(workspace, 5) == [(member_receipts.number(4), RUN)]
    assert not record.read(workspace.files.learner_record).documents, "nothing was suggested for them"


def test_damaged_features_are_made_again(workspace: Workspace) -> None:
    taught(workspace)
    files = own_files(workspace)
    assert len(files) >= 6
    files[0].write_bytes(b"")
    files[1].write_bytes(files[1].read_bytes()[:200])
    files[2].write_bytes(b"\x00" * 500)
    np.save(files[3], np.full(np.load(files[3]).shape, np.nan, np.float16))
    files[4].unlink()
    files[4].symlink_to("/dev/zero")
    with zipfile.ZipFile(files[5], "w") as archive:  # numpy would open it as an archive of arrays
        archive.writestr("states.npy", b"")
    work(Learner(workspace), 4, [5, 6])

    assert offered(workspace, 5) == [(member_receipts.number(4), RUN)]
    assert all(np.isfinite(np.load(path)).all() for path in files)


@pytest.mark.parametrize("pays", [False, True])
def test_features_are_kept_whatever_precision_a_process_finds_faster(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, pays: bool
) -> None:
    taught(workspace, 2)
    before = sorted(path.name for path in workspace.files.features.iterdir())
    monkeypatch.setattr(predictor, "bf16_pays", lambda device, training: pays)
    work(Learner(workspace), 3, [4, 5, 6])
    assert sorted(path.name for path in workspace.files.features.iterdir()) == before


def test_the_rest_is_encoded_ahead_as_far_as_there_is_space(workspace: Workspace) -> None:
    learner = taught(workspace, 1)
    work(learner, 2, [3])
    files = own_files(workspace)
    assert len(files) == 6, "every document of the workspace"

    size = max(path.stat().st_size for path in files)
    for path in files:
        path.unlink()
    limits = msgspec.structs.replace(workspace.settings.limits, features_gb=4 * size / 1e9)
    workspace.change_settings(limits=limits)
    work(Learner(workspace), 2, [3])
    kept = own_files(workspace)
    assert 3 <= len(kept) <= 4, "those that are looked at and labelled have theirs, and none was deleted for another"


def test_a_document_that_ocr_reads_anew_is_read_anew(workspace: Workspace) -> None:
    learner = taught(workspace)
    work(learner, 4, [5, 6])
    assert offered(workspace, 5) == [(member_receipts.number(4), RUN)]
    with workspace.db.write() as connection:
        content = documents.open_document(connection, 5)
        (page,) = content.pages
        tokens = tuple(
            msgspec.structs.replace(t, text="K9999" if t.text == member_receipts.number(4) else t.text)
            for t in page.tokens
        )
        documents.replace_pages(connection, 5, content.document.version, [dataclasses.replace(page, tokens=tokens)])
    accept(workspace, 4)
    work(learner, 6, [5])
    assert offered(workspace, 5) == [("K9999", RUN)]


def test_a_retired_field_is_suggested_no_more(workspace: Workspace) -> None:
    learner = taught(workspace)
    work(learner, 4, [5])
    assert offered(workspace, 5)
    workspace.change_schema(lambda schema: schema.change("member", retired=True))
    accept_total(workspace, 4)
    work(learner, None, [6])

    assert offered(workspace, 6) == []

    workspace.change_schema(lambda schema: schema.back("member"))
    work(learner, None, [6])
    assert offered(workspace, 6) == [(member_receipts.number(5), RUN)], "its labels are still there"


def test_a_field_that_is_renamed_is_suggested_further(workspace: Workspace) -> None:
    learner = taught(workspace, 2)
    workspace.change_schema(lambda schema: schema.change("member", name="Club number"))
    accept(workspace, 3)
    work(learner, 4, [5])
    assert offered(workspace, 5) == [(member_receipts.number(4), RUN)]


def test_a_folder_of_features_that_is_deleted_meanwhile_is_made_again(workspace: Workspace) -> None:
    learner = taught(workspace, 2)
    own = own_files(workspace)[0].parent
    of_another = workspace.files.features / "another-encoder" / next(own.iterdir()).name
    of_another.parent.mkdir()
    of_another.write_bytes(b"features of another encoder")
    shutil.rmtree(own)
    accept(workspace, 3)
    work(learner, 4, [5, 6])
    assert offered(workspace, 5) == [(member_receipts.number(4), RUN)]
    work(Learner(workspace), 4, [5, 6])
    assert len(list(own.glob("*.npy"))) >= 3
    assert of_another.read_bytes() == b"features of another encoder"


def test_a_field_that_is_added_does_not_load_the_model_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = taught(workspace)
    monkeypatch.setattr(readers, "base_of", lambda *of: pytest.fail("the model was loaded again"))
    workspace.change_schema(lambda schema: schema.add_class("kind", ("a", "b")))
    workspace.change_schema(lambda schema: schema.change("member", retired=True))
    workspace.change_schema(lambda schema: schema.back("member"))
    work(learner, 4, [5])
    assert offered(workspace, 5) == [(member_receipts.number(4), RUN)]


def accept_total(workspace: Workspace, document: int) -> None:
    editor = DocumentEditor(workspace, document)
    place = sample_documents.find(editor.content, "TOTAL")
    editor.act("finish", Annotations(spans=frozenset([Span("amount_total", (place[0] + 1,))]), state=State.LABELLED))


def test_a_document_that_is_opened_again_is_no_longer_learned_from(workspace: Workspace) -> None:
    learner = taught(workspace, 1)
    work(learner, 2, [3])
    assert learner.documents == 1
    DocumentEditor(workspace, 1).undo()
    work(learner, 2, [3])
    assert learner.documents == 0


def test_a_label_that_is_corrected_after_it_was_accepted_was_not_right_before_it_was_touched(
    workspace: Workspace,
) -> None:
    learner = taught(workspace, 4)
    work(learner, 5, [6])

    def corrected(value: str) -> Outcome:
        editor = DocumentEditor(workspace, 4)
        place = sample_documents.find(editor.content, value)
        editor.act("label", Annotations(spans=frozenset([Span("member", place)]), state=State.LABELLED))
        work(learner, 5, [6])
        return record.read(workspace.files.learner_record).documents[4]["member"]

    before = record.read(workspace.files.learner_record)
    assert (before.documents[4]["member"].shown, before.documents[4]["member"].head) == (True, True)
    elsewhere = corrected("TOTAL")
    assert (elsewhere.shown, elsewhere.head) == (False, False)
    assert list(record.read(workspace.files.learner_record).documents) == [1, 2, 3, 4]
    assert corrected(member_receipts.number(3)) == before.documents[4]["member"]


def test_the_same_labels_give_the_same_head() -> None:
    states, tags = _made_up(40)
    labels = ("O", "B-a", "I-a")
    first, second = (heads.fit(states, tags, labels, None) for _ in range(2))
    assert torch.equal(first.weights, second.weights)

    reordered = heads.fit(states, tags, ("O", "B-b", "B-a", "I-a"), first)
    likeliest = reordered.log_probabilities(states[0]).argmax(1)
    assert [("O", "B-b", "B-a", "I-a")[k] for k in likeliest] == list(tags[0])


def test_many_documents_are_learned_from_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "MOST_WORDS", 100)
    states, tags = _made_up(40)
    head = heads.fit(states, tags, ("O", "B-a", "I-a"), None)
    assert [("O", "B-a", "I-a")[k] for k in head.log_probabilities(states[1]).argmax(1)] == list(tags[1])


def _made_up(count: int) -> tuple[list[Any], list[list[str]]]:
    chance = np.random.default_rng(0)
    tags = [["O"] * 8 + ["B-a", "I-a"] for _ in range(count)]
    means = {"O": 0, "B-a": 1, "I-a": 2}
    states = [np.eye(6)[[means[tag] for tag in row]] + chance.normal(0, 0.1, (10, 6)) for row in tags]
    return [s.astype(np.float16) for s in states], tags


def test_a_field_with_labels_comes_before_one_that_was_never_labelled() -> None:
    readings: dict[str, readers.Values] = {"base": {"seller_name": ((1, 2), 0.99)}, "head": {"shop": ((1, 2, 3), 0.6)}}
    proposals = readers.chosen(readings, Record(), frozenset({"shop"}))
    assert [(name, words) for name, words, _ in proposals] == [("shop", (1, 2, 3))]


def test_the_likelier_reader_is_taken() -> None:
    readings: dict[str, readers.Values] = {
        "base": {"amount_total": ((3,), 0.6), "shop": ((0,), 0.9)},
        "head": {"amount_total": ((5,), 0.9), "own": ((7,), 0.8)},
        "remembered": {"shop": ((0, 1), 0.95)},
    }
    better = Record()
    better.add(1, {"amount_total": Outcome(base=False, head=True, shown=False)})
    taken = {name: words for name, words, _ in readers.chosen(readings, better, frozenset({"own"}))}
    assert taken == {"amount_total": (5,), "own": (7,), "shop": (0, 1)}


@pytest.mark.parametrize("field", ["amount_total", "shop"])
def test_a_field_that_the_base_knows_follows_what_was_learned_only_while_that_is_right_oftener(field: str) -> None:
    readings: dict[str, readers.Values] = {"base": {field: ((3,), 0.6)}, "head": {field: ((5,), 0.99)}}
    record = Record()

    def taken() -> tuple[int, ...]:
        ((_, words, _),) = readers.chosen(readings, record, frozenset({field}))
        return tuple(words)

    assert taken() == (3,), "it has not been right yet"
    record.add(1, {field: Outcome(base=True, head=True, shown=True)})
    assert taken() == (3,), "nor where both are"
    record.add(2, {field: Outcome(base=False, head=True, shown=False)})
    assert taken() == (5,)
    record.add(3, {field: Outcome(base=True, head=False, shown=False)})
    assert taken() == (3,), "the later one counts more"


def test_a_field_of_the_starters_is_offered_by_what_was_learned_once_that_was_right() -> None:
    readings: dict[str, readers.Values] = {"base": {}, "head": {"iban": ((5,), 0.99)}}
    record = Record()
    assert readers.chosen(readings, record, frozenset({"iban"})) == []
    record.add(1, {"iban": Outcome(base=False, head=True, shown=False)})
    assert [words for _, words, _ in readers.chosen(readings, record, frozenset({"iban"}))] == [(5,)]


def test_what_was_learned_of_a_field_of_ones_own_is_sure_once_it_was_right_four_times() -> None:
    readings: dict[str, readers.Values] = {"base": {}, "head": {"own": ((7,), 0.99), "iban": ((8,), 0.99)}}
    kept, sure = Record(), []
    kept.add(-1, {"iban": Outcome(base=False, head=True, shown=False)})
    for number in range(6):
        found = {name: likely for name, _, likely in readers.chosen(readings, kept, frozenset({"own", "iban"}))}
        sure.append((found["own"] >= SURE, found["iban"] >= 0.69))
        right = number > 0
        both = Outcome(base=False, head=right, shown=right, is_read=number > 0)
        kept.add(number, {"own": both, "iban": Outcome(base=False, head=True, shown=True)})
    assert sure == [(False, True)] * 5 + [(True, True)], "before the first label it had nothing to be right about"

    mistaken = Record()
    for number in range(10):
        mistaken.add(number, {"own": Outcome(base=False, head=number % 2 == 0, shown=False)})
    ((_, _, likely),) = readers.chosen({"head": {"own": ((7,), 0.99)}}, mistaken, frozenset({"own"}))
    assert likely == 0.5, "right half of the time"


def test_a_word_that_is_surely_the_currency_is_not_learned_as_a_text() -> None:
    schema = invoice_schema().add("method", FieldType.TEXT)
    page = Page(["Paid", "RM", "Total", "(RM)"], [[0, 0, 1, 1]] * 4, [0] * 4, [0] * 4)
    learned: dict[str, readers.Values] = {"head": {"method": ((1,), 0.9)}, "remembered": {"method": ((0,), 0.9)}}
    for sure, left in ((0.8, {"head": {}, "remembered": learned["remembered"]}), (0.5, learned)):
        assert readers.without_others(learned, {"currency": ((3,), sure)}, page, schema) == left


def test_live_order_follows_every_label_and_leaves_out_what_is_decided(workspace: Workspace) -> None:
    workspace.change_settings(order=pool_order.LIVE)
    learner = taught(workspace, 2)
    work(learner, 3, [4, 5, 6])
    order = pool_order.read(workspace.files.pool_order)
    assert sorted(order) == [3, 4, 5, 6]

    DocumentEditor(workspace, 4).act("skip", Annotations(state=State.SKIPPED))
    accept(workspace, 3)
    work(learner, 5, [6])
    assert sorted(pool_order.read(workspace.files.pool_order)) == [5, 6]


def test_no_order_is_made_unless_it_is_asked_for(workspace: Workspace) -> None:
    work(taught(workspace), 4, [5, 6])
    assert not workspace.files.pool_order.exists()


def test_an_unsure_document_is_more_useful_than_a_sure_one() -> None:
    head = Head(("O", "B-member", "I-member"), torch.tensor([[0.0, 9.0, 0.0], [0.0, 0.0, 0.0]]))
    states = {"sure": [[2.0], [-2.0]], "unsure": [[0.0], [-2.0]], "missing": [[-2.0], [-2.0]]}
    doubts = {name: doubt(head, {"member": 0.5}, np.array(rows, np.float16)) for name, rows in states.items()}
    assert doubts["sure"] < 0.01 < doubts["unsure"]
    assert doubts["missing"] == pytest.approx(0.5, abs=0.01), "half of the labelled documents have one"


def test_the_head_s_names_begin_and_end_where_the_base_s_lines_do():
    words = ["99", "SPEED", "MART", "S/B", "ADVANCO", "COMPANY", "COMPANY", "REG"]
    row = FrozenDocument(1, "slip", words=words, pages=[0] * 8, lines=[0, 0, 0, 0, 1, 1, 2, 2])
    wanted = frozenset({"seller_name"})

    def name(head, base):
        read = readers.whole_lines(
            {"seller_name": (head, 0.6)}, {"seller_name": (base, 0.7)} if base else {}, row, wanted
        )
        return read["seller_name"]

    assert name((2,), (0, 1, 2, 3)) == ((0, 1, 2, 3), 0.6)  # "MART"
    assert name((4, 5, 6), (4, 5)) == ((4, 5), 0.6)  # "COMPANY" of the next line
    assert name((4, 5), (2, 3, 4, 5)) == ((4, 5), 0.6)  # a line of its own is no worse
    assert name((2,), (4, 5)) == name((2,), ()) == ((2,), 0.6)  # another place is not the base's to say


def test_the_head_s_names_end_behind_their_legal_form() -> None:
    words = ["GARDEN", "BAKERY", "SDN", "BHD", "(139386", "X)"]
    row = FrozenDocument(1, "slip", words=words, pages=[0] * 6, lines=[0] * 6)
    base: readers.Values = {"seller_name": ((0, 1, 2, 3), 0.9)}
    read = readers.whole_lines({"seller_name": ((0, 1, 2), 0.6)}, base, row, frozenset({"seller_name"}))
    assert read["seller_name"] == ((0, 1, 2, 3), 0.6)
    shorter = readers.whole_lines({"seller_name": ((0, 1), 0.6)}, base, row, frozenset({"seller_name"}))
    assert shorter["seller_name"] == ((0, 1), 0.6), "a name that is labelled without any form stays so"


def test_a_time_of_day_takes_am_or_pm_with_it_unless_a_label_leaves_it_out() -> None:
    def slip(*words: str, tags: list[str] | None = None, lines: list[int] | None = None) -> FrozenDocument:
        places = lines or [0] * len(words)
        return FrozenDocument(1, "slip", words=list(words), pages=[0] * len(words), lines=places, tags=tags)

    def read(row: FrozenDocument, *labelled: FrozenDocument, field: str = "time") -> tuple[int, ...]:
        return times_of_day.whole({field: ((1,), 0.6)}, row, {"time"}, labelled)[field][0]

    printed = slip("Time:", "10:45", "PM")
    assert read(printed) == read(printed, slip("9:30", "am", tags=["B-time", "I-time"])) == (1, 2)
    assert read(printed, slip("9:30", "AM", tags=["B-time", "O"])) == (1,)
    assert read(printed, field="day") == (1,), "not of a text field"
    assert read(slip("Time:", "10:45", "PAID")) == read(slip("Time:", "10:45", "PM", lines=[0, 0, 1])) == (1,)
    assert read(slip("Room", "1045", "PM")) == read(slip("Time:", "10:45")) == (1,)
