"""Which texts are chosen before there is a run: by the learner's vectors and what the labels so far tell."""

import pytest

from tests.support import text_documents
from tests.unit.active_learning.test_class_selection import LABELS, TEXTS, chosen
from workbench.active_learning import pool_texts


@pytest.fixture
def made(tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", TEXTS, LABELS)
    yield workspace
    workspace.close()


@pytest.fixture
def unlabelled(tmp_path):
    workspace = text_documents.workspace(tmp_path / "bare", TEXTS)
    yield workspace
    workspace.close()


def both_kinds(choice):
    """Whether a batch has both kinds of texts."""
    return {TEXTS[item["document"] - 1].split()[0] for item in choice["items"]} == {"pay", "where"}


def test_before_the_first_label_the_batch_is_typical_of_its_kinds(unlabelled):
    choice = chosen(unlabelled, size=2).choice()
    assert choice["strategy"] == "typical" and choice["run"] == "" and both_kinds(choice)
    named = [reason for item in choice["items"] for reason in item["reasons"] if reason.startswith("cluster")]
    assert sorted(named) == ["cluster 1", "cluster 2"]  # the two that it was chosen from
    assert all("50% of the texts are likest to it" in item["reasons"] for item in choice["items"])


def test_where_too_many_texts_have_no_vector_yet_the_first_batch_is_typical_by_their_words(unlabelled, monkeypatch):
    monkeypatch.setattr(pool_texts, "_BODIES", 0)  # the whole words of none are written
    choice = chosen(unlabelled, size=2).choice()
    assert choice["strategy"] == "typical" and choice["pool"] == len(TEXTS) and both_kinds(choice)


def test_before_the_first_model_the_batch_is_what_is_unsure_by_the_labels_so_far(made):
    choice = chosen(made, size=2).choice()
    assert choice["strategy"] == "per_cluster" and choice["run"] == "" and len(choice["items"]) == 2
    assert all(" against " in item["reasons"][0] or "likely" in item["reasons"][0] for item in choice["items"])
    assert all(0 < item["fields"]["type"] < 1 for item in choice["items"])


def test_labels_that_are_all_alike_tell_nothing_so_the_batch_is_typical(tmp_path):
    workspace = text_documents.workspace(tmp_path / "alike", TEXTS, dict.fromkeys(range(0, 6, 2), "invoice"))
    choice = chosen(workspace, size=2).choice()
    assert choice["strategy"] == "typical"
    assert TEXTS[choice["items"][0]["document"] - 1].startswith("where")  # nothing like it is labelled
    workspace.close()
