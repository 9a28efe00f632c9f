"""`workbench demo` shows what it says: invoices, or mails."""

from functools import partial
from pathlib import Path

import pytest

from storage import document_list
from workbench.commands import demo
from workbench.exchange import sources
from workbench.workspace import Workspace


def test_the_invoices_of_the_demo_are_not_among_the_mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ImportRequest", partial(sources.ImportRequest, ocr=False))  # as quick as can be
    workspace = Workspace.create(tmp_path / "demo")
    demo.fill(workspace)
    assert workspace.schema.classes == ()
    with workspace.db.read() as connection:
        assert 30 < document_list.count(connection) <= 40
        assert document_list.with_known_values(connection)
