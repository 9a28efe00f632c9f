"""Which way the next model is trained, and what the Doctor thinks of it."""

import pytest

from storage import runs
from storage.exceptions import UsageProblem
from tests.support import model_folder
from tests.support.predicted_pool import add_run, workspace
from workbench.active_learning import retraining
from workbench.active_learning.retraining import warm_or_base
from workbench.runs.config import files
from workbench.runs.config.request import FieldSpec, Request

FIELDS = ("amount_total", "amount_net", "invoice_date")


@pytest.fixture
def made(tmp_path):
    found, pool, labelled = workspace(tmp_path, pool=10, labelled=6)
    found.change_settings(schema=type(found.schema)(tuple(f for f in found.schema if f.id in FIELDS)))
    yield found, pool, labelled
    found.close()


def ended(found, pool, labelled, name, base, parent=None, epochs=8):
    """A run that ended with a model, of a base."""
    add_run(found, pool, labelled, name)
    model, train = {"family": "layoutlm", "name": str(base)}, {"learning_rate": 1e-4, "num_train_epochs": epochs}
    chosen = files.from_dict({"model": model, "train": train})
    fields = [FieldSpec.of(field) for field in found.schema.active]
    folder = found.files.run(name)
    (folder / "request.yaml").write_text(Request(run=name, fields=fields, config=chosen).text())
    model_folder.write(folder / "model")
    with found.db.write() as connection:
        runs.change(connection, name, config=chosen.model_dump(mode="json"), parent=parent)
    return folder


@pytest.mark.parametrize(
    ("before", "now", "same", "way"),
    [
        (20, 30, True, "warm"),
        (20, 39, True, "warm"),
        (20, 40, True, "base"),
        (20, 30, False, "base"),
        (None, 30, True, "base"),
    ],
)
def test_the_doctors_view(before, now, same, way):
    chosen, why = warm_or_base(before, now, same)
    assert chosen == way and why.endswith(".")


def test_without_labels_nothing_is_offered(tmp_path):
    found, _, _ = workspace(tmp_path, pool=4, labelled=0)
    with pytest.raises(UsageProblem, match="labelled"):
        retraining.offer(found)
    found.close()


def test_the_first_model_takes_the_preset_for_its_size(made):
    offer = retraining.offer(made[0])
    assert (offer.documents, offer.warm, offer.recommended) == (6, None, "base")
    assert offer.base.preset == "first model" and offer.base.parent is None


def test_going_on_keeps_the_settings_and_takes_the_last_models_folder(made, tmp_path):
    found, pool, labelled = made
    base = tmp_path / "base"
    first = ended(found, pool, labelled, "r1", base)
    offer = retraining.offer(found)
    assert offer.warm.config.model.name == str(first / "model") and offer.warm.parent == "r1"
    assert offer.warm.config.train.learning_rate == offer.base.config.train.learning_rate == 1e-4
    assert offer.base.config.model.name == str(base)
    assert (offer.before, offer.documents, offer.recommended) == (3, 6, "base")  # twice as many


def test_going_on_takes_few_epochs_and_the_base_takes_all_again(made, tmp_path):
    found, pool, labelled = made
    first = ended(found, pool, labelled, "r1", tmp_path / "base", epochs=12)
    assert retraining.offer(found).warm.config.train.num_train_epochs == 3
    ended(found, pool, labelled, "r2", first / "model", parent="r1", epochs=3)
    offer = retraining.offer(found)
    assert (offer.warm.config.train.num_train_epochs, offer.base.config.train.num_train_epochs) == (3, 12)
    ended(found, pool, labelled, "r3", first / "model", parent="r1", epochs=1)  # as was chosen
    assert retraining.offer(found).warm.config.train.num_train_epochs == 1


def test_the_base_is_found_behind_several_warm_starts(made, tmp_path):
    found, pool, labelled = made
    first = ended(found, pool, labelled, "r1", tmp_path / "base")
    second = ended(found, pool, labelled, "r2", first / "model", parent="r1")
    ended(found, pool, labelled, "r3", second / "model", parent="r2")
    assert retraining.offer(found).base.config.model.name == str(tmp_path / "base")


def test_a_deleted_run_of_the_line_leaves_the_familys_own_base(made, tmp_path):
    found, pool, labelled = made
    first = ended(found, pool, labelled, "r1", tmp_path / "base")
    ended(found, pool, labelled, "r2", first / "model", parent="r1")
    with found.db.write() as connection:
        runs.remove(connection, "r1")
    assert retraining.offer(found).base.config.model.name == ""


def test_other_fields_than_the_last_models_begin_at_the_base(made, tmp_path):
    found, pool, labelled = made
    ended(found, pool, labelled, "r1", tmp_path / "base")
    found.change_settings(schema=found.schema.change("amount_net", retired=True))
    offer = retraining.offer(found)
    assert offer.recommended == "base" and "fields changed" in offer.view


def test_a_run_whose_model_is_gone_is_passed_over(made, tmp_path):
    found, pool, labelled = made
    ended(found, pool, labelled, "r1", tmp_path / "base")
    last = ended(found, pool, labelled, "r2", tmp_path / "base")
    (last / "model" / "config.json").unlink()
    assert retraining.last_model(found).id == "r1"


def test_that_nothing_is_new_is_said(made, tmp_path):
    found, pool, labelled = made
    ended(found, pool, labelled, "r1", tmp_path / "base")
    (found.files.run("r1") / "events.jsonl").write_text(
        '{"type": "prepared", "documents": {"train": 6}}\n{"type": "finished"}\n'
    )
    offer = retraining.offer(found)
    assert offer.recommended == "warm" and offer.view.startswith("No more documents")
