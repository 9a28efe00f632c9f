"""A folder with one of everything: all of it goes in, or is named with what to do, in words for a bookkeeper."""

from pathlib import Path

import pytest

from tests.fuzz import corpus
from tests.support import workspaces
from workbench.commands import import_
from workbench.exchange.import_summary import Summary
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest

STRANGERS = {
    "mail.eml": (b"From: a@example.com\n\nSee attached.", "save its attachments"),
    "page.html": (b"<html>Invoice</html>", "print it to a PDF"),
    "letter.docx": (b"PK\x03\x04", "save it as a PDF"),
    "old.xls": (b"\xd0\xcf\x11\xe0", "save it as .xlsx or CSV"),
    "all.zip": (b"PK\x03\x04", "unpack it"),
    "stored.zip": (b"PK\x03\x04" + bytes(26) + b"a.pdf%PDF-1.4 of an invoice", "unpack it"),
    "stored.tar": (b"a.pdf".ljust(257, b"\0") + b"ustar".ljust(255, b"\0") + b"%PDF-1.4 of an invoice", "unpack it"),
    "scan.psd": (b"8BPS\0\1", "save it as PNG"),
    "notes.txt": (b"call the vendor", "--class-folders"),
    "empty.pdf": (b"", "it is empty"),
    "cut.pdf": (b"%PDF-1.4 nothing", "damaged or cut off"),
    "order.xml": (b"<Order/>", "begins with <Order>"),
    "plain.csv": (b"a,b\n1,2\n", "none of its columns is known"),
    "head.csv": (b"file,total\n", "a header and no rows"),
}
"""Files that are no documents -> what is said of them."""


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    folder = tmp_path_factory.mktemp("everything")
    for name, files in corpus.corpus().items():
        for file, content in files.items():
            target = folder / "in" / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for file, (content, _) in STRANGERS.items():
        (folder / "in" / file).write_bytes(content)
    workspace = workspaces.empty(folder / "ws")
    done = run(workspace, ImportRequest((folder / "in",), ocr=False))
    workspace.close()
    return done


def test_all_that_is_valid_goes_in_and_the_rest_is_named_with_what_to_do(summary: Summary) -> None:
    reasons = {Path(rejected.file).name: rejected.reason for rejected in summary.rejected}
    assert set(reasons) == set(STRANGERS)
    assert {file: reason for file, (_, reason) in STRANGERS.items() if reason not in reasons[file]} == {}
    assert summary.documents + summary.known >= len(corpus.corpus())


def test_the_report_of_it_is_in_plain_words(summary: Summary) -> None:
    report = "\n".join(import_.lines(summary, {}))
    assert "already in the workspace" not in report  # it was empty
    assert "came more than once in these files" in report
    assert "values found" in report and "aligned" not in report
    for technical in ("Error", "Exception", "None", "utf-8", "codec", "Traceback", "nan"):
        assert technical not in report
    assert "repeats another one" not in report  # the e-invoices have other numbers
    assert ", 0 nearly" not in report
