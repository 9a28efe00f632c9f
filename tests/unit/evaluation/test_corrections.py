"""Of the documents that would have passed without review, how many had to be corrected once people labelled them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import document_list
from storage.records import Side, Span
from tests.support import finished_run, sample_documents
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.evaluation import corrections, report
from workbench.fields import tags_of
from workbench.workspace import Workspace

PAGE = sample_documents.page_of(sample_documents.RECEIPT)
PLACES = sample_documents.places_of(sample_documents.VALUES, PAGE)
TAGS = tags_of((Span(of, tokens) for of, tokens in PLACES.items()), len(PAGE.tokens))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    made = sample_documents.divided(tmp_path / "shop", {Side.TRAIN: 4, Side.VALIDATION: 4, Side.TEST: 4}, waiting=5)
    yield made
    made.close()


def trained(shop, wrong=lambda row, draw: list(TAGS)):
    folder = shop.files.run(finished_run.finish(shop, wrong=wrong).id)
    figures = report.evaluate_run(folder)
    for limit in figures["thresholds"]["fields"].values():
        limit["confidence"] = 0.6  # the made-up model is surer of everything, so that nothing hangs on its draws
    return folder, figures


def label(shop, name, **other):
    """A person labels a document of the pool: as the model read it, but for what is named."""
    with shop.db.read() as connection:
        (number,) = document_list.find(connection, name)
    editor = DocumentEditor(shop, number)
    for field, tokens in (PLACES | other).items():
        editor.act("label", acts.assign(editor.state, field, tokens, "h"))
    editor.act("accept", acts.finish(editor.state))


def test_only_what_people_labelled_later_counts(shop):
    folder, figures = trained(shop)
    assert corrections.measure(shop, folder, figures) == {"processed": 0, "passed": 0, "corrected": 0, "rate": None}
    label(shop, "pool-0")
    label(shop, "pool-1")
    label(shop, "pool-2")
    label(shop, "pool-3", **sample_documents.places_of({"amount_total": "10.00"}, PAGE))
    found = corrections.measure(shop, folder, figures)
    assert found == {"processed": 4, "passed": 4, "corrected": 1, "rate": 0.25}


def test_a_document_that_lacks_what_all_others_have_does_not_pass(shop):
    def no_total(row, draw):
        return [tag if row["name"] != "pool-0" or "total" not in tag else "O" for tag in TAGS]

    folder, figures = trained(shop, no_total)
    label(shop, "pool-0")
    label(shop, "pool-1")
    found = corrections.measure(shop, folder, figures)
    assert (found["processed"], found["passed"], found["corrected"]) == (2, 1, 0)


def test_a_document_of_the_same_number_elsewhere_is_not_taken_for_it(shop, tmp_path):
    folder, figures = trained(shop)
    label(shop, "pool-0")
    elsewhere = sample_documents.divided(tmp_path / "elsewhere", {Side.TRAIN: 17})
    assert corrections.measure(elsewhere, folder, figures)["processed"] == 0
    elsewhere.close()
