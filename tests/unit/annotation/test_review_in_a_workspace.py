"""What yes/no review asks, shows and does."""

import json

import pytest

from storage import queue
from storage.records import Decision, State
from storage.suggestions import keep_suggestions
from tests.support.predicted_pool import add_run, workspace
from workbench.annotation import acts, review
from workbench.annotation.editor import DocumentEditor


@pytest.fixture
def made(tmp_path):
    found, pool, labelled = workspace(tmp_path, pool=6, labelled=2)
    add_run(found, pool, labelled)
    yield found, pool, labelled
    found.close()


def suggest(found, listed):
    with found.db.write() as connection:
        keep_suggestions(connection, "r1", listed)


def asked(found, fields=()):
    return [(q.document, q.field, q.suggestion is not None) for q in review.collect(found, fields)]


def misses(found, *listed):
    with found.db.write() as connection:
        queue.open_round(connection, "r1", "combined", 0, [], {})
    folder = found.files.runs / "r1" / "selections" / "combined-1"
    folder.mkdir(parents=True)
    near = [{"document": d, "field": f, "tokens": list(t), "confidence": c} for d, f, t, c in listed]
    (folder / "choice.json").write_text(json.dumps({"near_misses": near}))


def test_the_least_certain_answer_over_all_documents_comes_first(made):
    found, pool, _ = made
    suggest(found, {
        pool[0]: [("amount_total", (1,), 0.9), ("invoice_date", (5,), 0.99)],
        pool[1]: [("amount_total", (1,), 0.45)],
    })  # fmt: skip
    misses(found, (pool[2], "amount_net", (3,), 0.48))
    assert asked(found) == [
        (pool[2], "amount_net", False), (pool[1], "amount_total", True), (pool[0], "amount_total", True),
    ]  # fmt: skip
    assert asked(found, ("amount_net",)) == [(pool[2], "amount_net", False)]


def test_other_fields_doubts_do_not_crowd_out_what_is_asked_about(made, monkeypatch):
    monkeypatch.setattr(review, "_MOST", 2)
    found, pool, _ = made
    suggest(found, {n: [("amount_total", (1,), 0.5)] for n in pool[:3]} | {pool[3]: [("invoice_date", (5,), 0.8)]})
    assert asked(found, ("invoice_date",)) == [(pool[3], "invoice_date", True)]


def test_what_is_settled_retired_or_labelled_is_not_asked(made):
    found, pool, labelled = made
    suggest(found, {n: [("amount_total", (1,), 0.5)] for n in (*pool[:4], labelled[0])})
    misses(found, (pool[0], "amount_net", (3,), 0.4), (pool[4], "invoice_date", (5,), 0.4))
    for number, after in (
        (pool[0], lambda s: acts.assign(s, "amount_total", (3,), "ann")),
        (pool[1], lambda s: acts.mark_absent(s, "amount_total")),
        (pool[2], acts.finish),
    ):
        editor = DocumentEditor(found, number)
        editor.act("act", after(editor.state))
    found.change_settings(schema=found.schema.change("invoice_date", retired=True))
    assert asked(found) == [(pool[3], "amount_total", True), (pool[0], "amount_net", False)]
    found.change_settings(schema=type(found.schema)(()))
    assert asked(found) == []


@pytest.mark.parametrize("answer", [review.yes, review.no])
def test_an_answer_about_a_near_miss_is_remembered_and_undone(made, answer):
    found, pool, _ = made
    misses(found, (pool[0], "amount_net", (3,), 0.4))
    suggest(found, {pool[0]: [("amount_total", (1,), 0.6)]})
    question = next(q for q in review.collect(found) if q.field == "amount_net")
    editor = DocumentEditor(found, pool[0])
    assert review.still_open(editor.content, question)
    answer(editor, question)
    assert not review.still_open(editor.content, question)
    assert asked(found) == [(pool[0], "amount_total", True)]  # the model's own suggestion is still there
    assert {s.field for s in editor.state.spans} == ({"amount_net"} if answer is review.yes else set())
    editor.undo()
    assert {field for _, field, _ in asked(found)} == {"amount_net", "amount_total"}


def test_another_field_is_one_act(made):
    found, pool, _ = made
    suggest(found, {pool[0]: [("amount_net", (1,), 0.5)]})
    editor = DocumentEditor(found, pool[0])
    review.other(editor, review.collect(found)[0], "amount_total")
    assert {(s.field, s.tokens) for s in editor.state.spans} == {("amount_total", (1,))}
    assert [d for _, d in editor.state.decisions] == [Decision.REJECTED]
    editor.undo()
    assert editor.state.spans == frozenset() and editor.open_suggestions


def test_completing_takes_the_surest_of_each_field_that_has_no_label(made):
    found, pool, _ = made
    suggest(found, {
        pool[0]: [
            ("amount_total", (1,), 0.98), ("amount_total", (3,), 0.99), ("invoice_date", (5,), 0.98),
            ("amount_net", (2,), 0.6),
        ]
    })  # fmt: skip
    editor = DocumentEditor(found, pool[0])
    editor.act("assign", acts.assign(editor.state, "invoice_date", (4, 5), "ann"))
    editor.act("finish", review.completed(editor.content, "ann", found.schema))
    assert editor.state.state is State.LABELLED
    assert {s.field: s.tokens for s in editor.state.spans} == {"amount_total": (3,), "invoice_date": (4, 5)}


def test_the_words_around_are_whole_lines(made):
    found, pool, _ = made
    content = DocumentEditor(found, pool[0]).content
    assert review.around(content, (3,), 0) == [(("Net", False), ("8.00", True))]
    assert [line[0][0] for line in review.around(content, (3,), 1)] == ["Total", "Net", "Date"]
    assert [line[0][0] for line in review.around(content, (1,), 1)] == ["Total", "Net"]
    assert review.around(content, (99,)) == []
