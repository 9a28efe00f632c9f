"""An option that another terminal takes out while a text is labelled is not given to it."""

import pytest

from storage.exceptions import InputProblem
from tests.support import text_documents
from workbench.annotation.classes import label_many
from workbench.annotation.session import AnnotationSession
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    return text_documents.workspace(tmp_path / "ws")


def take_out(workspace: Workspace) -> None:
    """Another terminal takes `question` out of the field."""
    other = Workspace.open(workspace.files.root)
    other.change_schema(lambda schema: schema.change("type", options=("invoice", "reminder")))
    other.close()


def test_the_annotate_screen_refuses_it_and_says_why(workspace):
    session = AnnotationSession.open(workspace, 1)
    take_out(workspace)
    with pytest.raises(InputProblem, match="no option of type any more"):
        session.classes.choose("question")
    assert text_documents.options_of(workspace)[0] == []
    session.classes.choose("invoice")
    assert text_documents.options_of(workspace)[0] == ["invoice"]


def test_the_sheet_labels_none_of_the_texts(workspace):
    field = workspace.schema.classes[0]
    take_out(workspace)
    choices = {1: label_many.Choice(("invoice",)), 2: label_many.Choice(("question",))}
    with pytest.raises(InputProblem, match="Nothing was labelled"):
        label_many.label(workspace, field, choices, {})
    assert text_documents.options_of(workspace) == [[], [], [], []]
