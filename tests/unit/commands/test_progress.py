"""Progress is shown on a terminal only, with the rate and the time that is left."""

import io
import sys

import pytest

from workbench.commands.support import progress
from workbench.commands.support.progress import document_progress, import_progress, share_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Called in the test itself: pytest's capture replaces sys.stderr after fixtures."""
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(progress, "_REFRESH_SECONDS", 0.0)
    return stderr


def test_an_import_shows_files_documents_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with import_progress() as show:
        show(1_000, 2_500, 3_000)
    assert "1,000/2,500 files, 3,000 documents" in terminal.getvalue()
    assert "/s," in terminal.getvalue() and "left" in terminal.getvalue()


def test_documents_are_counted_and_the_count_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with document_progress("Reading", silent=False) as show:
        show(3, 9)
    assert "Reading" in terminal.getvalue() and "3/9 documents" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[1A\x1b[2K")


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a hundred scans takes minutes: a log shows that it goes on."""
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    with import_progress() as show, share_progress("Learning curve", silent=False) as part:
        show(40, 100, 44)
        part(0.25)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("40/100 files, 44 documents, ") and "Learning curve 25%" in err


def test_scripts_see_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with import_progress() as show, document_progress("Reading", silent=False) as count:
        show(1, 2, 3)
        count(1, 2)
    assert capsys.readouterr() == ("", "")


def test_silence_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with document_progress("Reading", silent=True) as show:
        show(3, 9)
    assert terminal.getvalue() == ""
