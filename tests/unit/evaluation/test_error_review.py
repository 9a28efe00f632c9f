"""A run's errors, and what people did about them since: derived from labels and decisions, never kept twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage import document_list
from storage.exceptions import InputProblem
from storage.records import Side
from tests.support import ROOT, finished_run, sample_documents
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.evaluation import error_review, report
from workbench.evaluation.doctor import consultation
from workbench.evaluation.doctor.diagnosis import diagnose, examine
from workbench.evaluation.doctor.findings import Target
from workbench.evaluation.error_review import TOTAL, Verdict
from workbench.evaluation.metrics import ErrorKind
from workbench.predictions.run_reader import read_cases
from workbench.runs.config.files import apply_sets, from_dict
from workbench.settings import REPAIR_RULES
from workbench.workspace import Workspace

PLACES = sample_documents.places_of(sample_documents.VALUES, sample_documents.page_of(sample_documents.RECEIPT))


def swapped(row, draw):
    """Every second document has net and total taken for each other."""
    tags = list(row["tags"])
    if row["document"] % 2:
        net, total = PLACES["amount_net"][0], PLACES["amount_total"][0]
        tags[net], tags[total] = tags[total], tags[net]
    return tags


def right(row, draw):
    return list(row["tags"])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    made = sample_documents.divided(tmp_path / "shop", {Side.TRAIN: 6, Side.VALIDATION: 4, Side.TEST: 8})
    yield made
    made.close()


@pytest.fixture
def found(shop):
    run = finished_run.finish(shop, wrong=swapped)
    return error_review.look(shop.files.run(run.id))


def test_cells_pairs_and_sums_are_about_the_same_errors(found):
    assert found.split == "test" and len(found.items) == 8 == sum(line.wrong for line in error_review.lines(found)[:-1])
    assert len(found.of_cell(TOTAL, None)) == 8 and len(found.of_cell("amount_net", ErrorKind.WRONG_FIELD)) == 4
    assert found.of_pair("amount_net", "amount_total") == found.of_cell("amount_net", ErrorKind.WRONG_FIELD)
    assert found.of_cell("seller_name", None) == ()
    assert [line.field for line in error_review.lines(found, "field")][:2] == ["amount_net", "amount_total"]
    assert error_review.lines(found)[-1].counts[ErrorKind.CORRECT] == 24
    assert found.matrix["amount_net"][ErrorKind.WRONG_FIELD] == found.confusion["amount_net"]["amount_total"] == 4
    assert found.f1 == pytest.approx(24 / 32)


def test_nothing_was_done_at_first(shop, found):
    assert set(error_review.verdicts(shop, found).values()) == {Verdict.OPEN}
    assert error_review.label_errors(found, error_review.verdicts(shop, found)) == (0, 8)


def relabelled(shop, item, field, tokens):
    editor = DocumentEditor(shop, item.document)
    editor.act("assign", acts.assign(editor.state, field, tokens, "ann"))


def test_a_changed_label_is_a_label_error_and_only_that_one(shop, found):
    item = found.of_cell("amount_net", None)[0]
    relabelled(shop, item, "amount_tax", item.gold[1])
    now = error_review.verdicts(shop, found)
    assert [one for one in found.items if now[id(one)] is Verdict.FIXED] == [item]
    DocumentEditor(shop, item.document).undo()
    assert set(error_review.verdicts(shop, found).values()) == {Verdict.OPEN}


def test_a_longer_label_is_another_label(shop, found):
    item = found.of_cell("amount_net", None)[0]
    first = item.gold[1][0]
    relabelled(shop, item, "amount_net", (first - 1, first))
    assert error_review.verdicts(shop, found)[id(item)] is Verdict.FIXED


def test_a_label_that_a_spurious_value_overlaps_is_not_taken_for_a_change(shop):
    def one_more(row, draw):  # the last word of the name is found as a date
        tags = list(row["tags"])
        tags[PLACES["seller_name"][-1]] = "B-invoice_date"
        return tags

    found = error_review.look(shop.files.run(finished_run.finish(shop, wrong=one_more).id))
    spurious = [item for item in found.items if item.kind == "spurious"]
    assert spurious and set(error_review.verdicts(shop, found).values()) == {Verdict.OPEN}
    relabelled(shop, spurious[0], "buyer_name", spurious[0].tokens)
    assert error_review.verdicts(shop, found)[id(spurious[0])] is Verdict.FIXED


def test_a_label_in_two_pieces_is_not_taken_for_a_change(shop):
    with shop.db.read() as connection:
        number = document_list.ids(connection, document_list.Filter(split=None))[-1]
    editor = DocumentEditor(shop, number)
    pieces = PLACES["seller_name"][:2] + PLACES["invoice_date"]
    editor.act("assign", acts.assign(editor.state, "seller_name", pieces, "ann"))

    def blind(row, draw):
        return ["O"] * len(row["words"])

    found = error_review.look(shop.files.run(finished_run.finish(shop, wrong=blind).id))
    assert {Verdict.OPEN} == set(error_review.verdicts(shop, found).values())


def test_confirming_twice_is_one_act_and_labels_stay(shop, found):
    item = found.items[0]
    before = sample_documents.labels(shop, item.document)
    error_review.confirm(shop, found, item)
    error_review.confirm(shop, found, item)
    assert error_review.verdicts(shop, found)[id(item)] is Verdict.CONFIRMED
    assert sample_documents.labels(shop, item.document) == before
    assert [event.act for event in DocumentEditor(shop, item.document).history()].count("confirm") == 1


def test_a_queued_document_stands_in_one_round_once(shop, found):
    first, second = found.items[0], found.items[-1]
    assert error_review.enqueue(shop, found, first) == error_review.enqueue(shop, found, first)
    assert error_review.enqueue(shop, found, second) == error_review.enqueue(shop, found, first)
    now = error_review.verdicts(shop, found)
    queued = {item.document for item in found.items if now[id(item)] is Verdict.QUEUED}
    assert queued == {first.document, second.document}


def test_a_run_without_predictions_is_named(shop):
    run = finished_run.finish(shop, wrong=right)
    (shop.files.run(run.id) / "predictions.parquet").unlink()
    with pytest.raises(InputProblem, match="no stored predictions"):
        error_review.look(shop.files.run(run.id))


def test_the_report_says_what_the_list_says(shop):
    run = finished_run.finish(shop, wrong=swapped)
    evaluation = consultation.evaluation_of(shop.files.run(run.id))
    assert evaluation["splits"]["validation"]["f1"] == run.f1 == run.report["f1"]
    assert evaluation["splits"]["test"]["f1"] == pytest.approx(error_review.look(shop.files.run(run.id)).f1)
    assert evaluation["postprocess"].keys() == set(REPAIR_RULES)


def test_references_travel_into_the_cases(shop):
    folder = shop.files.run(finished_run.finish(shop, wrong=right).id)
    assert all(case.references == {} for case in read_cases(folder, "test"))
    path = folder / "dataset" / "test.parquet"
    table = pq.read_table(path)
    given = pa.array(['{"amount_total": "9.00"}'] * table.num_rows)
    pq.write_table(table.set_column(table.column_names.index("references"), "references", given), path)
    assert report.evaluate_run(folder)["fields"]["amount_total"]["reference_exact_match"] == 1.0
    pq.write_table(table.drop_columns(["references"]), path)  # as older versions froze it
    assert report.evaluate_run(folder)["fields"]["amount_total"]["reference_support"] == 0


# --- the Doctor's memory and forecast ---------------------------------------------------------------------------


def test_what_an_action_did_is_said_and_remembered(shop):
    first = finished_run.finish(shop, wrong=swapped)
    diagnosis = diagnose(examine(shop.files.run(first.id)))
    action = next(a for f in diagnosis.findings for a in f.actions if a.changes and a.target is Target.CONFIG)
    config = consultation.proposed(from_dict(first.config), action)
    second = finished_run.finish(shop, config, wrong=right, parent=first.id)
    answer = consultation.consult(shop, second)
    assert len(answer.outcome) == 1 and action.id in answer.outcome[0] and "+0.250" in answer.outcome[0]
    assert "+0.250" in answer.remembered[action.id] and "once of one" in answer.remembered[action.id]
    again = apply_sets(config, ["train.seed=7"])
    third = finished_run.finish(shop, again, wrong=right, parent=second.id)  # nothing of a diagnosis was taken up
    assert consultation.consult(shop, third).outcome == ()


def test_labels_are_forecast_from_runs_on_the_same_documents(shop):
    def worse(share):
        return lambda row, draw: list(row["tags"]) if draw.random() < share else swapped({**row, "document": 1}, draw)

    for limit, share in ((1, 0.2), (2, 0.5), (4, 0.8)):
        config = apply_sets(from_dict({}), [f"data.max_train_documents={limit}"])
        last = finished_run.finish(shop, config, wrong=worse(share), name=f"{limit}")
    answer = consultation.consult(shop, last)
    everything = next(one for one in answer.forecast if one.field == "all fields")
    assert everything.labels == 4 and everything.gain is not None and everything.gain > 0
    saturated = next(one for one in answer.forecast if one.field == "seller_name")
    assert saturated.saturated


def test_evaluating_a_run_and_its_html_report_load_no_library_of_the_worker(shop):
    """`workbench evaluate` and `H` on the errors screen work in the terminal process, and must not grow it."""
    folder = shop.files.run(finished_run.finish(shop).id)
    heavy = ("torch", "transformers", "sklearn", "pandas", "seqeval", "modAL")
    code = (
        "import sys, pathlib; from workbench.evaluation import html_report;"
        "html_report.make(pathlib.Path(sys.argv[1]), title='r', names={});"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
