"""What a run started now would get is said alike everywhere, and is what it gets."""

import pytest

from storage import document_list
from storage.records import Side, Split
from tests.support import sample_documents
from workbench.active_learning import next_run, overview
from workbench.runs import snapshot
from workbench.runs.config.tune import TuneConfig


@pytest.mark.parametrize(
    ("divided", "sentence"),
    [
        ({Side.TRAIN: 20}, "16 labelled documents, measured by 4 more"),
        ({Side.TRAIN: 6, Side.VALIDATION: 3, Side.TEST: 2}, "6 labelled documents, measured by 3 more"),
        ({Side.TRAIN: 1}, "1 labelled document, measured by none"),
    ],
)
def test_the_sides_are_those_of_the_run(tmp_path, divided, sentence):
    made = sample_documents.divided(tmp_path / "w", divided, waiting=2)
    with made.db.read() as connection:
        following = next_run.sides(connection)
        chosen = snapshot.select(connection, TuneConfig().train.seed).ids
    sizes = tuple(len(chosen[split]) for split in (Split.TRAIN, Split.VALIDATION, Split.TEST))
    assert (following.train, following.validation, following.test) == sizes
    assert following.sentence == sentence == overview.read(made).next_run.sentence
    made.close()


def test_class_runs_count_the_documents_of_a_class(tmp_path):
    made = sample_documents.divided(tmp_path / "w", {Side.TRAIN: 5})
    made.change_schema(lambda schema: schema.add_class("type", ("invoice", "reminder")))
    with made.db.read() as connection:
        assert next_run.sides(connection, made.schema.classes[0].id) == next_run.NextRun()
        assert document_list.count(connection) == 5
    made.close()
