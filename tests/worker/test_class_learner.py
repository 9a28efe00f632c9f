"""Classes that are learned from every label: what is learned, what stays as it is, and what goes wrong meanwhile."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage import label_queries
from storage.records import Source, State
from storage.suggestions import class_shares, keep_class_suggestions
from tests.support import text_documents
from workbench import pool_order
from workbench.annotation.classes import label_many
from workbench.annotation.classes.label_many import Choice
from workbench.fields import Field, FieldKind, FieldType, colours
from workbench.live import record
from workbench.live.messages import Look
from workbench.training.learner import class_head, text_encoder, texts
from workbench.training.learner.class_learner import RUN, ClassLearner
from workbench.training.learner.pool_scores import PoolScores
from workbench.training.learner.text_encoder import TextEncoder
from workbench.training.learner.texts import FILE
from workbench.training.learner.vector_file import VectorFile
from workbench.training.learner.workspace_learner import WorkspaceLearner
from workbench.workspace import Workspace

_KINDS = ("bill", "question")
_OPTIONS = (*_KINDS, "reminder", "complaint")
"""One of them is the name of a kind of document: that is not enough for titles to count."""
_INVOICES = ("Please pay invoice {} of 120.00 euros by Friday", "Invoice {} for March is attached, due in ten days")
_QUESTIONS = ("Could you tell me when you will deliver order {}", "Where is the parcel {} that I am waiting for?")
COUNT = 12


def text(number: int) -> str:
    kinds = _INVOICES if number % 2 == 0 else _QUESTIONS
    return kinds[number // 2 % 2].format(4000 + 17 * number)


def kind(number: int) -> str:
    return _KINDS[number % 2]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


@pytest.fixture(autouse=True)
def one_encoder(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading it takes longer than all that is tested."""
    monkeypatch.setattr(texts, "TextEncoder", lambda: encoder)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return text_documents.workspace(tmp_path / "w", [text(n) for n in range(COUNT)], options=_OPTIONS)


def label(workspace: Workspace, position: int, *options: str) -> None:
    choice = Choice(options or (kind(position),))
    label_many.label(workspace, workspace.schema.classes[0], {position + 1: choice}, {})


def work(learner: ClassLearner | WorkspaceLearner, in_view: int | None = None) -> None:
    learner.update()
    following = [number for number in range(1, COUNT + 1) if number != in_view]
    for _ in learner.steps(Look(in_view, following), lambda: False):
        pass


def believed(workspace: Workspace, position: int) -> tuple[str, str]:
    """(run, likeliest option) of a text; ("", "") where nothing is believed."""
    with workspace.db.read() as connection:
        run, shares = class_shares(connection, "type", [position + 1]).get(position + 1, ("", {}))
    return run, max(shares, key=lambda option: shares[option]) if shares else ""


def learner_of(workspace: Workspace) -> ClassLearner:
    return ClassLearner(workspace, record.read(workspace.files.learner_record), PoolScores(workspace))


def taught(workspace: Workspace, count: int = 6) -> ClassLearner:
    learner = learner_of(workspace)
    for position in range(count):
        work(learner, position + 1)
        label(workspace, position)
    return learner


def test_texts_are_told_apart_after_a_few_labels_without_a_run(workspace: Workspace) -> None:
    learner = taught(workspace)
    work(learner, 7)

    assert [believed(workspace, n) for n in range(7, COUNT)] == [(RUN, kind(n)) for n in range(7, COUNT)]
    kept = record.read(workspace.files.learner_record)
    shown = [outcomes["type"].shown for outcomes in kept.documents.values()]
    assert len(shown) == 6
    assert shown[:3] == [False] * 3, "nothing was suggested yet"
    assert any(shown[3:])


def test_the_text_in_view_and_labels_stay_as_they_are(workspace: Workspace) -> None:
    learner = taught(workspace)
    with workspace.db.write() as connection:
        keep_class_suggestions(connection, "run-1", "type", {7: [("reminder", 0.9), ("bill", 0.1)]})
    work(learner, 7)
    assert believed(workspace, 6) == ("run-1", "reminder")
    assert text_documents.options_of(workspace)[:6] == [[kind(n)] for n in range(6)]

    label(workspace, 8)
    work(learner, 10)
    assert believed(workspace, 8)[0] == RUN, "what was suggested before the label stays as a record"
    assert text_documents.kept(workspace, 8).annotations.state is State.LABELLED


def test_a_run_that_is_right_is_believed_before_the_learner(workspace: Workspace) -> None:
    """The run calls questions reminders, and is right as far as anybody labelled: it has the record."""
    sure = {n + 1: [("reminder" if n % 2 else "bill", 0.99), ("question", 0.01)] for n in range(COUNT)}
    with workspace.db.write() as connection:
        keep_class_suggestions(connection, "run-1", "type", sure)
    learner = learner_of(workspace)
    for position in range(6):
        work(learner, position + 1)
        label(workspace, position, "reminder" if position % 2 else "bill")
    work(learner, 7)
    assert [believed(workspace, n)[1] for n in (8, 9)] == ["bill", "reminder"]
    kept = record.read(workspace.files.learner_record)
    assert all(outcomes["type"].base for outcomes in kept.documents.values())


def test_a_label_that_is_taken_away_is_no_longer_learned_from(workspace: Workspace) -> None:
    learner = taught(workspace, 4)
    work(learner)
    assert learner.documents("type") == 4
    label_many.label(workspace, workspace.schema.classes[0], {1: Choice()}, {})
    work(learner)
    assert learner.documents("type") == 3


def test_a_learner_that_begins_later_knows_the_labels_of_before(workspace: Workspace) -> None:
    for position in range(6):
        label(workspace, position)
    work(learner_of(workspace), 7)
    assert believed(workspace, 9) == (RUN, kind(9))
    assert not record.read(workspace.files.learner_record).documents, "nothing was suggested for them"


def test_an_option_that_was_added_is_learned_and_one_taken_out_is_not_suggested(workspace: Workspace) -> None:
    learner = taught(workspace)
    work(learner, 7)
    workspace.change_schema(lambda schema: schema.change("type", options=("bill", "reminder", "complaint")))
    label(workspace, 7, "complaint")
    label(workspace, 9, "complaint")
    work(learner, 7)
    assert believed(workspace, 11) == (RUN, "complaint")
    with workspace.db.read() as connection:
        assert class_shares(connection, "type", [12])[12][1].keys() == {"bill", "complaint"}


def test_a_field_with_several_options_counts_when_the_text_is_left(tmp_path: Path) -> None:
    workspace = text_documents.workspace(
        tmp_path / "w", [text(n) for n in range(COUNT)], options=_OPTIONS, multiple=True
    )
    learner = learner_of(workspace)
    for position in range(6):
        options = ("bill", "reminder") if position % 2 == 0 else ("question",)
        for count in range(1, len(options) + 1):  # key by key
            work(learner, position + 1)
            label(workspace, position, *options[:count])
    work(learner, 7)
    with workspace.db.read() as connection:
        shares = class_shares(connection, "type", [9, 10])
    assert {o for o, share in shares[9][1].items() if share >= 0.5} == {"bill", "reminder"}
    assert {o for o, share in shares[10][1].items() if share >= 0.5} == {"question"}
    kept = record.read(workspace.files.learner_record).documents
    assert list(kept) == [1, 2, 3, 4, 5], "the sixth may still get another option"
    assert kept[5]["type"].shown, "both options were suggested; after its first key it was not whole"


def test_only_the_model_that_is_of_use_is_loaded(workspace: Workspace) -> None:
    for position in range(4):
        label(workspace, position)
    learner = WorkspaceLearner(workspace)
    work(learner, 5)
    assert believed(workspace, 9) == (RUN, kind(9))
    assert not any(workspace.files.features.glob("*/*.npy")), "the starter read texts that have no fields"


def test_damaged_vectors_are_made_again(workspace: Workspace) -> None:
    work(taught(workspace), 7)
    (file,) = workspace.files.features.glob(f"*/{FILE}")
    whole = file.read_bytes()
    record_bytes = len(whole) // COUNT
    file.write_bytes(whole[: 3 * record_bytes] + b"\xff" * record_bytes + whole[4 * record_bytes : -7])
    learner = learner_of(workspace)
    label(workspace, 8)
    work(learner, 8)
    assert believed(workspace, 9) == (RUN, kind(9))
    assert len(learner._texts.known(range(1, COUNT + 1))) == COUNT


def test_a_file_that_is_too_large_loses_its_older_half(tmp_path: Path) -> None:
    vectors = {bytes([n]) * 16: np.eye(8, dtype=np.float32)[n % 8] for n in range(12)}
    file = VectorFile(tmp_path / "v", 8, 1.0, most_bytes=10 * 32)
    for digest, vector in vectors.items():
        file.add({digest: vector})
    assert (tmp_path / "v").stat().st_size <= 10 * 32
    listed = list(vectors)
    assert set(file.read(listed[-5:])) == set(listed[-5:])
    assert listed[0] in file.missing(listed)
    again = VectorFile(tmp_path / "v", 8, 1.0, most_bytes=10 * 32)
    assert again.missing(listed) == file.missing(listed)


def test_a_full_disk_leaves_the_latest_in_memory(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "v").symlink_to("/dev/full")
    file = VectorFile(tmp_path / "v", 8, 1.0, most_bytes=10**6)
    file.add({b"a" * 16: np.eye(8)[0], b"b" * 16: np.eye(8)[1]})
    assert file.is_full
    assert np.array_equal(file.read([b"b" * 16])[b"b" * 16], np.eye(8)[1])
    assert file.missing([b"a" * 16, b"c" * 16]) == [b"c" * 16]


def test_a_long_text_and_an_empty_one_have_a_vector_of_the_same_length(encoder: TextEncoder) -> None:
    vectors = encoder.vectors(["", "a claim " * 2000, "请付款", "please pay"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), text_encoder.NORM, atol=1e-3)


def test_texts_that_are_all_alike_teach_nothing() -> None:
    field = Field("type", "Type", FieldType.TEXT, "t", colours.SKY_BLUE, kind=FieldKind.CLASS, options=_KINDS)
    vectors = np.eye(4, dtype=np.float32)
    assert class_head.fit(vectors, [["bill"]] * 4, field) is None
    assert class_head.fit(vectors[:2], [["bill"], ["question"]], field) is None
    assert class_head.fit(vectors, [["gone"], ["gone"], ["bill"], ["question"]], field) is None
    same = [class_head.fit(vectors, [["bill"], ["question"]] * 2, field) for _ in range(2)]
    first, second = (head.shares(vectors) for head in same if head is not None)
    assert first == second


def test_suggestions_that_were_accepted_are_learned_from_too(workspace: Workspace) -> None:
    learner = learner_of(workspace)
    work(learner, 1)
    choices = {n + 1: Choice((kind(n),), Source.SUGGESTION) for n in range(4)}
    label_many.label(workspace, workspace.schema.classes[0], choices, {})
    work(learner, 6)
    assert learner.documents("type") == 4
    assert believed(workspace, 9) == (RUN, kind(9))


def test_live_order_has_the_least_sure_texts_first(workspace: Workspace) -> None:
    workspace.change_settings(order=pool_order.LIVE)
    learner = taught(workspace)
    work(learner, 7)
    order = pool_order.read(workspace.files.pool_order)
    with workspace.db.read() as connection:
        shares = class_shares(connection, "type", order)
    sure = [max(shares[number][1].values()) for number in order if number != 7]
    assert len(order) >= COUNT - 6 and sure == sorted(sure)


_HEAD = "Muster & Söhne KG\nHafenstr. 4, 20457 Hamburg\n"
TITLES = {
    "Gutschrift": _HEAD + "Gutschrift 2024-118\nzu Rechnung 2024-097\nSumme -59,50 EUR",
    "Mahnung": _HEAD + "Zweite Mahnung\nRechnung 2024-031 ist noch offen\nSumme 119,00 EUR",
    "Rechnung": _HEAD + "Rechnung Nr. 2024-200\nSumme 238,00 EUR",
}


def test_options_that_are_kinds_of_documents_are_suggested_by_the_title_before_the_first_label(tmp_path: Path) -> None:
    workspace = text_documents.workspace(tmp_path / "w", list(TITLES.values()), options=list(TITLES))
    learner = learner_of(workspace)
    for _ in learner.steps(Look(None, [1, 2, 3]), lambda: False):
        pass
    assert [believed(workspace, n) for n in range(3)] == [(RUN, option) for option in TITLES]


def test_labels_outweigh_titles(tmp_path: Path) -> None:
    """Where the office keeps reminders with the invoices, a few labels say so."""
    texts = [TITLES["Mahnung" if n % 2 else "Gutschrift"].replace("2024-", f"20{n}-") for n in range(10)]
    workspace = text_documents.workspace(tmp_path / "w", texts, options=list(TITLES))
    learner = learner_of(workspace)
    for position in range(8):
        for _ in learner.steps(Look(None, list(range(1, 11))), lambda: False):
            pass
        if position == 0:
            assert believed(workspace, 9) == (RUN, "Mahnung")
        label(workspace, position, "Rechnung" if position % 2 else "Gutschrift")
        learner.update()
    for _ in learner.steps(Look(None, list(range(1, 11))), lambda: False):
        pass
    assert [believed(workspace, n)[1] for n in (8, 9)] == ["Gutschrift", "Rechnung"]


def test_nothing_is_read_for_suggestions_while_nothing_is_known(workspace: Workspace, monkeypatch: Any) -> None:
    """A million texts without a label are not gone through in vain."""
    asked: list[int] = []
    monkeypatch.setattr(label_queries, "class_standings", lambda *_: asked.append(1) or [])
    work(learner_of(workspace), 1)
    assert asked == []
