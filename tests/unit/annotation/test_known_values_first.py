"""Known values outrank every model until a person decides, wherever suggestions are stored, shown, taken or written."""

from dataclasses import replace

import pytest

from storage import document_list, documents
from storage.records import Decision, State
from storage.suggestions import keep_suggestions, leading, least_certain
from tests.support import sample_documents
from tests.support.sample_documents import labels, places_of
from workbench.annotation import acts, review
from workbench.annotation.field_states import FieldState, judge, rows
from workbench.annotation.session import AnnotationSession
from workbench.exchange.exporters import values
from workbench.exchange.exporters.base import ExportReport
from workbench.exchange.known_values import suggest_again
from workbench.locate.candidates import Finder
from workbench.predictions.extraction import extracted
from workbench.predictions.page_reading import PageReading

PAGE = sample_documents.page_of(sample_documents.RECEIPT)
PLACES = places_of(sample_documents.VALUES | {"cash": "10.00"}, PAGE)


@pytest.fixture
def workspace(tmp_path):
    """A receipt whose total an e-invoice knows, and on which a model then reads another total, and the seller."""
    known = (("amount_total", PLACES["amount_total"], 0.99, "e-invoice"),)
    made = sample_documents.workspace_of(
        tmp_path / "shop", [sample_documents.new("a", [PAGE], known, {"amount_total": "9.00"})]
    )
    with made.db.write() as connection:
        read = [
            (
                "amount_total",
                PLACES["cash"],
                0.6,
            ),
            ("seller_name", PLACES["seller_name"], 0.7),
        ]
        keep_suggestions(connection, "run-1", {1: read})
    yield made
    made.close()


def content_of(workspace):
    with workspace.db.read() as connection:
        return documents.open_document(connection, 1)


def row_of(workspace, field):
    return next(row for row in rows(content_of(workspace), workspace.schema) if row.field.id == field)


def test_a_models_suggestions_leave_known_values_in_place(workspace):
    assert {(s.field, s.run) for s in leading(content_of(workspace).suggestions)} == {
        ("amount_total", "e-invoice"),
        ("seller_name", "run-1"),
    }
    with workspace.db.read() as connection:
        assert document_list.page(connection, document_list.Filter(), 0, 1)[0].suggestions == 2


def test_a_model_that_differs_is_a_second_opinion(workspace):
    row = row_of(workspace, "amount_total")
    assert row.state is FieldState.SUGGESTED and [v.text for v in row.values] == ["9.00"] and row.agrees
    assert row.second_opinions == ("60% 10.00",)


def test_accepting_all_takes_the_known_value_and_settles_the_other(workspace):
    session = AnnotationSession.open(workspace, 1)
    assert session.document_acts.accept_all() == 2
    assert labels(workspace)["amount_total"] == ["9.00"]
    assert {s.decision for s in content_of(workspace).suggestions if s.tokens == PLACES["cash"]} == {Decision.REJECTED}
    session.document_acts.undo()
    assert all(s.decision is Decision.OPEN for s in content_of(workspace).suggestions)


def test_the_fields_key_goes_to_the_known_value_first_then_to_the_second_opinion(workspace):
    session = AnnotationSession.open(workspace, 1)
    total = workspace.schema.get("amount_total")
    session.field_key.press(total)
    assert labels(workspace)["amount_total"] == ["9.00"]


def test_the_table_has_the_known_value(workspace):
    listed = list(values.rows([content_of(workspace)], workspace.schema, ExportReport()))
    row = dict(zip(values.header(workspace.schema), listed[0], strict=True))
    total = workspace.schema.name("amount_total")
    assert (row[total], row[f"{total} (decided by)"]) == ("9.00", "suggested by e-invoice")


def test_a_known_value_without_a_place_is_written_before_a_models_guess(tmp_path):
    guess = (("amount_total", PLACES["cash"], 0.38, "run-1"),)
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("a", [PAGE], guess, {"amount_total": "9.00"})]
    )
    listed = list(values.rows([content_of(made)], made.schema, ExportReport()))
    row = dict(zip(values.header(made.schema), listed[0], strict=True))
    made.close()
    assert row[made.schema.name("amount_total")] == "9.00"


def test_a_known_value_that_a_document_was_accepted_without_is_not_written(tmp_path):
    proposed = (("seller_name", PLACES["seller_name"], 0.7, "run-1"),)
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("a", [PAGE], proposed, {"buyer_tax_id": "DE999999999"})]
    )
    name = made.schema.name("buyer_tax_id")
    cells = []
    for accept in (False, True):
        if accept:
            session = AnnotationSession.open(made, 1)
            session.document_acts.accept_all()
            session.document_acts.finish()
        listed = list(values.rows([content_of(made)], made.schema, ExportReport()))
        row = dict(zip(values.header(made.schema), listed[0], strict=True))
        cells.append((row[name], row[f"{name} (decided by)"]))
    made.close()
    assert cells == [("DE999999999", "known value (books)"), ("", "")]


def test_a_prediction_has_the_known_value_and_names_what_the_model_reads(workspace):
    proposals = [("amount_total", PLACES["cash"], 0.38)]
    total = extracted(content_of(workspace), proposals, workspace.schema).fields[0]
    assert (total.value, total.source, total.second_opinion) == ("9.00", "e-invoice", "10.00")


def test_second_opinions_are_not_asked_in_the_review(workspace):
    asked = review.questions({1: content_of(workspace).suggestions}, sure=1.0)
    assert {(q.field, q.tokens) for q in asked} == {
        ("amount_total", PLACES["amount_total"]),
        ("seller_name", PLACES["seller_name"]),
    }
    with workspace.db.read() as connection:
        assert least_certain(connection, ["amount_total"], 0.97, 10) == []


def test_importing_again_suggests_lost_known_values_anew(tmp_path):
    guess = (("amount_total", PLACES["amount_total"], 0.38, "run-1"),)
    new = sample_documents.new("a", [PAGE], guess)
    new = sample_documents.replace(
        new, references=(sample_documents.ReferenceValue("amount_total", "9.00", "e-invoice"),)
    )
    made = sample_documents.workspace_of(tmp_path / "w", [new])
    assert suggest_again(made, [new.digest]) == 1
    content = content_of(made)
    assert [(s.field, s.run) for s in leading(content.suggestions)] == [("amount_total", "e-invoice")]
    assert len(content.suggestions) == 1
    assert suggest_again(made, [new.digest]) == 0
    made.close()


def test_what_contradicts_a_known_value_is_left_out_and_marked_before(tmp_path):
    guess = (("amount_total", PLACES["cash"], 0.9, "run-1"), ("seller_name", PLACES["seller_name"], 0.7, "run-1"))
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("a", [PAGE], guess, {"amount_total": "9.00"})]
    )
    row = row_of(made, "amount_total")
    assert row.state is FieldState.SUGGESTED and row.agrees is False
    session = AnnotationSession.open(made, 1)
    assert session.document_acts.accept_all() == 1 and [s.field for s in session.document_acts.contradicting()] == [
        "amount_total"
    ]
    session.take_known()
    assert labels(made)["amount_total"] == ["9.00"]
    assert made.db and session.document_acts.contradicting() == []
    made.close()


def test_only_fields_with_neither_known_value_nor_suggestion_are_marked_absent(workspace):
    session = AnnotationSession.open(workspace, 1)
    session.document_acts.mark_missing_absent()
    active = {field.id for field in workspace.schema.active}
    assert content_of(workspace).annotations.absent == active - {"amount_total", "seller_name"}
    assert session.view.message == f"{len(active) - 2} marked not there. Left: 2 suggested"
    assert content_of(workspace).annotations.state is State.STARTED


def test_a_field_whose_sure_value_another_field_took_is_not_marked_absent_unasked(tmp_path):
    page = sample_documents.page_of("  Date      14/10/2017\n")
    date = places_of({"date": "14/10/2017"}, page)["date"]
    proposed = (("invoice_date", date, 0.99, "run-1"),)
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("a", [page], proposed)])
    session = AnnotationSession.open(made, 1)
    session.editor.act("label", acts.assign(session.editor.state, "due_date", date, "ann"))
    session.document_acts.mark_missing_absent()
    assert "invoice_date" not in content_of(made).annotations.absent
    assert session.view.message.endswith("Left: 1 taken by other fields")
    session.document_acts.mark_missing_absent()
    assert "invoice_date" in content_of(made).annotations.absent
    assert session.view.message == "1 marked not there: invoice_date."
    made.close()


def test_two_labelled_rates_give_no_warning_that_is_none(tmp_path):
    page = sample_documents.page_of("  Net    624.90\n  Tax    46.25\n  VAT    20%   5.5%\n")
    places = places_of({"amount_net": "624.90", "amount_tax": "46.25", "high": "20%", "low": "5.5%"}, page)
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("a", [page])])
    session = AnnotationSession.open(made, 1)
    spans = {("amount_net", "amount_net"), ("amount_tax", "amount_tax"), ("tax_rate", "high"), ("tax_rate", "low")}
    state = session.editor.state
    for field, place in sorted(spans):
        state = acts.assign(state, field, places[place], "ann")
    listed = rows(replace(content_of(made), annotations=state), made.schema)
    assert judge(made.schema)(replace(content_of(made), annotations=state)) == (0, 0)
    made.close()
    rate = next(row for row in listed if row.field.id == "tax_rate")
    assert (len(rate.values), rate.problems) == (2, ())


@pytest.mark.parametrize(("seller", "doubted"), [("KEDAI ABC SDN BHD", True), ("ABC Inc.", False)])
def test_a_dollar_sign_on_a_malaysian_receipt_is_doubted_and_not_suggested(tmp_path, seller, doubted):
    page = sample_documents.page_of(f"  {seller}\n  Total    9.00\n  Change   $\n")
    sign = places_of({"currency": "$"}, page)["currency"]
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("a", [page])])
    content = content_of(made)
    read = PageReading(Finder(content.tokens), made.schema.spans, {}).places()["currency"]
    labelled = replace(content, annotations=acts.assign(content.annotations, "currency", sign, "ann"))
    problems = next(row.problems for row in rows(labelled, made.schema) if row.field.id == "currency")
    made.close()
    assert (read.tokens == (), bool(problems)) == (doubted, doubted)
