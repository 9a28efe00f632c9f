"""Scores of documents from their stored word probabilities."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from storage.exceptions import InputProblem, RunProblem
from tests.support.predicted_pool import LABELS, probabilities, run_folder
from workbench.active_learning import acquisition, selection_worker
from workbench.active_learning.selection_request import SelectionRequest
from workbench.fields import chunks_of
from workbench.predictions.cases import Stored, decode, with_confidence
from workbench.training.mc_dropout import disagreement

FIELDS = ["amount_total", "amount_net", "invoice_date"]


def pack(matrix):
    return np.asarray(matrix).astype("<f2").tobytes()


def score(*matrices, **options):
    return acquisition.score([pack(m) for m in matrices], LABELS, **options)


def random_documents(seed, count=6, sharp=4.0):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        logits = rng.normal(size=(rng.integers(0, 9), len(LABELS))) * sharp
        exp = np.exp(logits - logits.max(axis=1, keepdims=True)) if len(logits) else logits
        found.append(exp / exp.sum(axis=1, keepdims=True) if len(logits) else exp)
    return found


def test_a_surer_document_has_the_lower_score_by_every_measure():
    found = score(probabilities(0.55), probabilities(0.99)).scores
    assert set(found) == set(acquisition.SCORES)
    assert all(values[0] > values[1] for values in found.values())


def test_known_values():
    found = score([[0.5, 0.5, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]]).scores
    assert found["least_confidence"][0] == pytest.approx(0.25)
    assert found["worst_word"][0] == pytest.approx(0.5)
    assert found["margin"][0] == pytest.approx(1.0)  # the sure word is left out
    assert found["entropy"][0] == pytest.approx(np.log(2) / np.log(7), abs=1e-3)
    assert found["mnlp"][0] == pytest.approx(np.log(2) / 2, abs=1e-3)


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_a_document_scores_the_same_alone_and_in_company(seed):
    documents = random_documents(seed)
    together = score(*documents)
    for row, matrix in enumerate(documents):
        alone = score(matrix)
        for name in acquisition.SCORES:
            assert together.scores[name][row] == pytest.approx(alone.scores[name][0], abs=1e-6)
        assert (together.places[row] == alone.places[0]).all()
        assert (together.missed_places[row] == alone.missed_places[0]).all()
        assert (together.doubt_fields[row] == alone.doubt_fields[0]).all()


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_values_are_those_that_evaluation_reads(seed):
    documents = random_documents(seed)
    found = score(*documents)
    for row, matrix in enumerate(documents):
        (read,) = decode([Stored(pack(matrix), ["O"] * len(matrix))], LABELS)
        chunks = with_confidence(chunks_of(read.tags, strict=True), read.certainty)
        for f, name in enumerate(FIELDS):
            mine = [c for c in chunks if c.field == name]
            if not mine:
                assert found.places[row, f, 0] == -1 and found.confidence[row, f] == 0
            else:
                best = max(c.confidence for c in mine)
                assert found.confidence[row, f] == pytest.approx(best, abs=2e-3)
                start, stop = found.places[row, f].tolist()
                assert any((c.start, c.stop) == (start, stop) for c in mine)


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_near_misses_lie_around_the_likeliest_word(seed):
    documents = random_documents(seed, sharp=1.0)
    found = score(*documents)
    for row, matrix in enumerate(documents):
        rounded = np.frombuffer(pack(matrix), "<f2").reshape(-1, len(LABELS)).astype(np.float32)
        for f in range(len(FIELDS)):
            mass = rounded[:, 1 + 2 * f] + rounded[:, 2 + 2 * f]
            start, stop = found.missed_places[row, f].tolist()
            if start >= 0:
                assert 0 <= start <= int(mass.argmax()) < stop <= len(matrix)
                assert mass[start:stop].min() >= found.missed[row, f] / 2
            elif found.places[row, f, 0] < 0:
                assert len(matrix) == 0 or mass.max() < acquisition.NEAR_MISS


def test_documents_without_words_score_nothing():
    found = score(np.zeros((0, 7)), probabilities(0.6), np.zeros((0, 7)))
    assert all(values[0] == 0 == values[2] and values[1] > 0 for values in found.scores.values())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.5])
def test_what_is_no_probability_is_refused(bad):
    matrix = probabilities(0.6)
    matrix[2, 3] = bad
    with pytest.raises(InputProblem, match="not probabilities"):
        score(matrix)


def test_bytes_that_are_no_whole_rows_are_refused():
    with pytest.raises(InputProblem, match="do not fit"):
        acquisition.score([b"123"], LABELS)


def test_weak_fields_count_more_and_focus_counts_alone():
    f1 = {"amount_total": (0.2, 50), "amount_net": (0.95, 50)}
    weak, strong, unknown = acquisition.weights(f1, FIELDS)
    assert weak > unknown > strong
    assert acquisition.weights(f1, FIELDS, ["amount_net"])[0] == 0
    few = acquisition.weights({"amount_total": (0.0, 1), "amount_net": (0.9, 99)}, FIELDS)
    assert few[0] < 0.5, "one case alone makes no weak field"


def test_temperature_makes_confidences_humbler_and_errors_likelier():
    cold, hot = score(probabilities(0.8)), score(probabilities(0.8), temperature=3.0)
    assert hot.confidence[0, 0] < cold.confidence[0, 0]
    assert hot.scores["value_error"][0] > cold.scores["value_error"][0]


def test_the_doubt_names_the_two_fields_of_the_least_sure_word():
    found = score(probabilities(0.6))
    assert found.doubt_fields[0].tolist() == [0, 1]
    assert found.doubt[0] == pytest.approx([0.6, 0.4], abs=1e-2)


def test_a_committee_is_divided_where_its_runs_differ():
    places = np.full((3, 2, 3, 2), -1, np.int32)
    places[:, :, 0] = (1, 2)
    places[0, 1, 0] = (3, 4)
    same, divided = acquisition.votes(list(places))
    assert same == 0 < divided <= 1


def test_bald_is_nothing_when_every_pass_agrees():
    one = probabilities(0.6)
    mean, each = disagreement(np.stack([one, one]))
    assert mean - each == pytest.approx(0, abs=1e-6)
    mean, each = disagreement(np.stack([probabilities(1.0), probabilities(0.0)]))
    assert mean - each == pytest.approx(np.log(2) / 3, abs=0.05), "one bit on one of three words"


class TestSampling:
    @pytest.fixture
    def folder(self, tmp_path):
        run_folder(tmp_path / "r", list(range(1, 25)), list(range(101, 107)))
        return tmp_path / "r"

    def test_only_the_documents_allowed_are_chosen(self, folder):
        choice = selection_worker.choose(folder, SelectionRequest("margin", 5, only=(3, 5, 7)))
        assert {i["document"] for i in choice["items"]} == {3, 5, 7} and choice["pool"] == 3

    def test_a_choice_is_plain_json_and_repeats(self, folder):
        request = SelectionRequest("combined", 5, seed=1)
        choice = selection_worker.choose(folder, request)
        assert json.loads(json.dumps(choice)) == choice == selection_worker.choose(folder, request)

    def test_near_misses_are_left_for_review(self, folder):
        misses = selection_worker.choose(folder, SelectionRequest("worst_word", 2))["near_misses"]
        assert misses and all(m["field"] == "amount_total" and m["tokens"] == [1] for m in misses)
        assert [m["confidence"] for m in misses] == sorted((m["confidence"] for m in misses), reverse=True)

    def test_more_like_these(self, folder):
        choice = selection_worker.choose(folder, SelectionRequest("similar", 3, like=(4,)))
        assert choice["items"][0]["document"] == 4 and choice["items"][0]["score"] == pytest.approx(1, abs=1e-3)
        with pytest.raises(RunProblem, match="None of the documents"):
            selection_worker.choose(folder, SelectionRequest("similar", 3, like=(999,)))

    def test_a_committee_reads_the_other_runs(self, folder, tmp_path):
        run_folder(tmp_path / "other", list(range(1, 25)), list(range(101, 107)), seed=9)
        choice = selection_worker.choose(folder, SelectionRequest("committee", 3, committee=("other",)))
        assert choice["items"][0]["score"] > 0
        with pytest.raises(RunProblem, match="second run"):
            selection_worker.choose(folder, SelectionRequest("committee", 3))

    def test_a_run_without_stored_predictions_is_refused(self, folder):
        (folder / "predictions.parquet").unlink()
        with pytest.raises(InputProblem, match="no stored predictions"):
            selection_worker.choose(folder, SelectionRequest("margin", 3))

    def test_an_empty_pool_gives_an_empty_choice(self, folder):
        assert selection_worker.choose(folder, SelectionRequest("combined", 3, only=()))["items"] == []
