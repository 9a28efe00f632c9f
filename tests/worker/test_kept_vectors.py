"""Vectors of texts for choosing what to label: those that the learner kept, and the few that are missing."""

import resource
from pathlib import Path

import numpy as np
import pytest

from storage.exceptions import MissingTool
from tests.support import text_documents
from workbench.training.learner import kept_vectors, texts, vector_file
from workbench.training.learner.text_encoder import TextEncoder
from workbench.training.learner.texts import Texts
from workbench.workspace import Workspace

BODIES = [text.casefold() for text in text_documents.TEXTS]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


@pytest.fixture(autouse=True)
def encoded(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is encoded from now on, by one encoder: loading it takes longer than all that is tested."""
    asked: list[str] = []

    class Counting:
        width, fingerprint = encoder.width, encoder.fingerprint

        def vectors(self, given: list[str]) -> np.ndarray:
            asked.extend(given)
            return encoder.vectors(given)

    monkeypatch.setattr(texts, "TextEncoder", Counting)
    monkeypatch.setattr(kept_vectors, "TextEncoder", Counting)
    return asked


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return text_documents.workspace(tmp_path / "w")


def test_what_the_learner_kept_is_read_and_only_the_rest_encoded(workspace: Workspace, encoded: list[str]) -> None:
    learner = Texts(workspace, print)
    list(learner.prepare([1, 2]))
    kept = learner.known([1, 2])
    encoded.clear()
    vectors = kept_vectors.read(workspace.files.features, ["", *BODIES])
    assert vectors is not None and encoded == BODIES[2:]
    assert (vectors[1] == kept[1]).all() and (vectors[2] == kept[2]).all()
    assert not vectors[0].any() and vectors[4].any()
    assert sorted(Texts(workspace, print).known([1, 2, 3, 4])) == [1, 2]  # the file is the learner's to write


def test_where_too_many_are_missing_nothing_is_encoded(workspace: Workspace, encoded: list[str]) -> None:
    assert kept_vectors.read(workspace.files.features, BODIES, most_new=3) is None
    assert encoded == [] and not list(workspace.files.features.rglob(texts.FILE))


def test_without_the_encoder_there_are_no_vectors(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> TextEncoder:
        raise MissingTool("The text encoder is missing.", "Install the program again.")

    monkeypatch.setattr(kept_vectors, "TextEncoder", missing)
    assert kept_vectors.read(workspace.files.features, BODIES) is None


def test_a_disk_that_gets_full_in_the_middle_of_vectors_keeps_these_in_memory(tmp_path: Path) -> None:
    """The system takes the beginning of what is written without an error; the rest was never known again."""
    made = {bytes([number]) * vector_file.DIGEST_BYTES: np.full(4, 0.5) for number in range(10)}
    file = vector_file.VectorFile(tmp_path / "texts.vectors", 4, 1.0, 10**6)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        file.add(made)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file.is_full
    assert not file.missing(list(made))
    assert file.read(list(made)).keys() == made.keys()
    assert (tmp_path / "texts.vectors").stat().st_size == 0
    more = {b"m" * vector_file.DIGEST_BYTES: np.full(4, 0.5)}
    file.add(more)  # there is space again
    assert vector_file.VectorFile(tmp_path / "texts.vectors", 4, 1.0, 10**6).read(list(more)).keys() == more.keys()
