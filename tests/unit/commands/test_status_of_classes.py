"""`workbench status` in a workspace of texts with a class field."""

import json

from click.testing import CliRunner

from tests.support import text_documents
from workbench import cli


def test_labels_of_a_class_are_counted_option_by_option(tmp_path):
    labels = {0: "invoice", 1: "reminder", 2: "invoice"}
    text_documents.workspace(tmp_path / "w", labels=labels).close()
    shown = CliRunner().invoke(cli.group, ["-w", str(tmp_path / "w"), "status"]).output
    rows = [line.split() for line in shown.splitlines()]
    assert ["type", "3"] in rows and ["invoice", "2"] in rows and ["question", "0"] in rows
    assert "invoice_no" not in shown and "text 0" not in shown  # no empty field, no group of one text
    data = json.loads(CliRunner().invoke(cli.group, ["-w", str(tmp_path / "w"), "status", "--json"]).output)
    assert data["classes"] == {"type": {"invoice": 2, "reminder": 1, "question": 0}} and data["fields"]["type"] == 3
