"""The sheet on texts that can have several classes: all likely ones are suggested together."""

from tests.support import text_documents
from workbench.annotation.classes import label_many, sheet
from workbench.annotation.classes.label_many import Choice


def test_all_likely_options_are_suggested_and_the_least_sure_of_them_decides(tmp_path):
    likely = {
        0: {"invoice": 0.9, "reminder": 0.8, "question": 0.1},
        1: {"invoice": 0.3, "reminder": 0.2, "question": 0.1},
    }
    workspace = text_documents.workspace(tmp_path / "ws", likely=likely, multiple=True)
    field = workspace.schema.classes[0]
    with workspace.db.read() as connection:
        rows = sheet.read(connection, field)
    assert rows[1].suggested == ("invoice", "reminder") and rows[1].likely == "invoice, reminder"
    assert rows[1].probability == 0.8
    assert rows[2].suggested == ("invoice",) and round(rows[2].probability, 2) == 0.7
    label_many.label(workspace, field, {1: Choice(rows[1].suggested)}, {})
    assert text_documents.options_of(workspace)[0] == ["invoice", "reminder"]


def test_of_one_class_the_likeliest_alone_is_suggested(tmp_path):
    workspace = text_documents.workspace(
        tmp_path / "ws", likely={0: {"invoice": 0.5, "reminder": 0.5, "question": 0.0}}
    )
    with workspace.db.read() as connection:
        [row] = [sheet.read(connection, workspace.schema.classes[0])[1]]
    assert len(row.suggested) == 1 and row.margin == 0
