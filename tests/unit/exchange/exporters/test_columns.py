"""No two columns of a table that is exported have one name, whatever the fields are called."""

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook

from storage import documents
from tests.support import sample_documents
from workbench.exchange.exporters.registry import load
from workbench.exchange.exporters.texts.rows import Columns
from workbench.fields import Field, FieldType, Schema
from workbench.workspace import Workspace

NAMES = ("file", "Group", "total", "total (confidence)", "file field", "no", "no (normalised)")
FIELDS = Schema(
    tuple(
        Field(f"f{n}", name, FieldType.ID if name == "no" else FieldType.TEXT, "", "#56B4E9")
        for n, name in enumerate(NAMES)
    )
)


@pytest.fixture
def workspace(tmp_path: Path):
    made = sample_documents.workspace_of(
        tmp_path / "shop", [sample_documents.new("a.pdf", [sample_documents.page_of(sample_documents.RECEIPT)])]
    )
    yield made
    made.close()


@pytest.mark.parametrize("format", ["values-csv", "values-xlsx"])
def test_a_field_called_like_another_column_has_a_column_of_its_own(
    workspace: Workspace, tmp_path: Path, format: str
) -> None:
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, 1)]
    target = tmp_path / "out"
    load(format).write(contents, FIELDS, target)
    if format == "values-csv":
        with target.open(encoding="utf-8-sig", newline="") as file:
            header, row = csv.reader(file)
        assert header[:7] == ["file", "group", "split", "state", "file field", "Group field", "total"]
        assert len(row) == len(header) == 4 + 3 * len(NAMES) + 1
        headers = [header]
    else:
        target = target.rename(tmp_path / "out.xlsx")
        headers = [[cell.value for cell in next(sheet.iter_rows(max_row=1))] for sheet in load_workbook(target)]
    for names in headers:
        assert len({name.casefold() for name in names}) == len(names)


def test_class_fields_have_columns_of_their_own() -> None:

    schema = Schema(())
    for name in ("text", "text class", "kind"):
        schema = schema.add_class(name, ("a", "b"))
    assert Columns.of(schema).names[2:5] == ["text class", "text class class", "kind"]
