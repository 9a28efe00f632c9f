"""E-invoices repeat each other only where what is known of them is the same."""

from pathlib import Path

import pytest

from tests.unit.exchange.test_einvoices import UBL
from workbench.exchange.import_summary import Summary
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

INVOICE = UBL.format(root="Invoice")
OTHERS = {
    "number": INVOICE.replace("RE-1<", "RE-2<"),
    "date": INVOICE.replace("2024-02-29", "2024-03-01"),
    "amount": INVOICE.replace("119.00", "119.50"),
    "all three": INVOICE.replace("RE-1<", "RE-2<").replace("2024-02-29", "2024-03-01").replace("119.00", "119.50"),
}


def imported(folder: Path, first: str, second: str, *, apart: bool) -> Summary:
    """Import two e-invoices, in one import or one after the other; the last summary."""
    summary = Summary()
    workspace = Workspace.create(folder / "shop")
    try:
        paths = (folder / "a.xml", folder / "b.xml")
        for path, text in zip(paths, (first, second), strict=True):
            path.write_text(text, encoding="utf-8")
        for part in (paths[:1], paths[1:]) if apart else (paths,):
            summary = run(workspace, ImportRequest(part))
    finally:
        workspace.close()
    return summary


@pytest.mark.parametrize("apart", [False, True], ids=["in one import", "later"])
@pytest.mark.parametrize("differs", OTHERS)
def test_another_invoice_of_the_vendor_is_no_repeat(tmp_path: Path, differs: str, apart: bool) -> None:
    assert imported(tmp_path, INVOICE, OTHERS[differs], apart=apart).duplicates == []


@pytest.mark.parametrize("apart", [False, True], ids=["in one import", "later"])
def test_the_same_invoice_twice_is_a_repeat(tmp_path: Path, apart: bool) -> None:
    assert imported(tmp_path, INVOICE, INVOICE, apart=apart).duplicates == [("b", "a")]
