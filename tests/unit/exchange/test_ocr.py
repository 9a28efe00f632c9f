"""OCR: words with boxes out of pictures, in other processes, in silence; labels carried to another reading."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from storage.exceptions import InputProblem, UsageProblem
from storage.records import Annotations, Span, State, Token
from tests.support import ROOT
from workbench.exchange import ocr, reader_process
from workbench.exchange.ocr import KINDS, words_of_line
from workbench.exchange.ocr_text import PageText
from workbench.locate.word_repair import carried_tokens, carry

needs_tesseract = pytest.mark.skipif(not KINDS["tesseract"].version(), reason="tesseract is not installed")


def _pieces(text: str) -> list[tuple[str, tuple[float, float, float, float], float]]:
    """A box of 10 x 10 for every letter."""
    return [(c, (10.0 * i, 0, 10.0 * i + 10, 10), 0.9) for i, c in enumerate(text) if c != " "]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Total: RM 9.00", ["Total:", "RM", "9.00"]),
        ("发票号码：12345678开票日期：2024年03月05日", ["发票号码：", "12345678", "开票日期：", "2024年03月05日"]),
        (
            "价税合计（大写）壹仟元整（小写）¥1,000.00元",
            ["价税合计", "（大写）", "壹仟元整", "（小写）", "¥1,000.00元"],
        ),
        ("税率 13% 合计 CNY 885.00", ["税率", "13%", "合计", "CNY", "885.00"]),
        ("销售方：深圳市测试ABC有限公司", ["销售方：", "深圳市测试", "ABC", "有限公司"]),
    ],
)
def test_words_of_a_line(line: str, words: list[str]) -> None:
    result = words_of_line(line, _pieces(line))
    assert [text for text, _, _ in result] == words
    first, last = result[0][1], result[-1][1]
    assert first[0] == 0
    assert last[2] == 10 * len(line)


@given(st.text("ab 1年¥：（）中.,", min_size=1, max_size=30))
def test_no_letter_is_lost(line: str) -> None:
    result = words_of_line(line, _pieces(line))
    assert "".join(text for text, _, _ in result) == "".join(line.split())
    assert all(a[1][2] <= b[1][0] for a, b in pairwise(result))


def test_boxes_are_scaled_to_the_page() -> None:
    token = ocr.IncomingToken("a", (10, 20, 30, 40), 0, 0.9)
    (scaled,) = PageText(100, 200, (token,), "e", "1").scaled(50, 400)
    assert scaled.box == (5, 40, 15, 80)


def test_engines_that_are_not_there_are_said() -> None:
    with pytest.raises(UsageProblem, match="no OCR engine 'abbyy'"):
        ocr.kind("abbyy")


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = Image.new("RGB", (900, 400), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(36)
    for line, text in enumerate(["INVOICE 4711", "Date: 25/12/2018", "Total 1,234.50 EUR"]):
        draw.text((60, 60 + 100 * line), text, fill="black", font=font)
    path = tmp_path_factory.mktemp("scan") / "scan.png"
    picture.save(path)
    return path


@pytest.fixture(scope="module", params=["rapidocr", pytest.param("tesseract", marks=needs_tesseract)])
def readers(request: pytest.FixtureRequest) -> Iterator[ocr.Readers]:
    """A process of an engine; it loads for seconds."""
    with ocr.Readers(request.param, 1) as readers:
        yield readers


def test_an_engine_reads_words_with_boxes_and_confidences(scan: Path, readers: ocr.Readers) -> None:
    reading = readers.result(readers.submit(scan))
    assert (reading.width, reading.height) == (900, 400)
    assert reading.engine in KINDS and reading.engine_version == KINDS[reading.engine].version()
    assert [token.text for token in reading.tokens] == [
        "INVOICE",
        "4711",
        "Date:",
        "25/12/2018",
        "Total",
        "1,234.50",
        "EUR",
    ]
    assert [token.line for token in reading.tokens] == [0, 0, 1, 1, 2, 2, 2]
    for token in reading.tokens:
        assert 50 <= token.box[0] < token.box[2] <= 900
        assert token.confidence is not None
        assert 0.5 < token.confidence <= 1


_SILENT = """
import sys
from itertools import pairwise
from pathlib import Path
from workbench.exchange import ocr, reader_process

if __name__ == "__main__":
    with ocr.Readers("rapidocr", 1) as readers:
        good = readers.submit(Path(sys.argv[1]))
        bad = readers.submit(Path(sys.argv[2]))
        assert readers.result(good).tokens
        try:
            readers.result(bad)
        except ocr.InputProblem:
            pass
        else:
            raise SystemExit("a file that is no picture was read")
    assert not {"numpy", "cv2", "onnxruntime", "rapidocr"} & set(sys.modules)
"""


def test_the_engine_is_silent_and_stays_in_its_process(scan: Path, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(_SILENT)
    (tmp_path / "bad.png").write_text("no picture")
    done = subprocess.run(
        [sys.executable, tmp_path / "main.py", scan, tmp_path / "bad.png"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_page_that_cannot_be_read_is_an_input_problem(tmp_path: Path, readers: ocr.Readers) -> None:
    reading = readers.submit(tmp_path / "missing.png")
    with pytest.raises(InputProblem, match="could not read"):
        readers.result(reading)


def _token(number: int, text: str, x: float, width: float = 8) -> Token:
    return Token(number, 0, 0, text, (x, 0, x + width, 10))


_OLD = (_token(0, "Total:", 0, 30), _token(1, "9", 40), _token(2, ".00", 48), _token(3, "Thanks", 90, 30))


def test_labels_follow_their_words() -> None:
    new = (_token(0, "Total", 0, 24), _token(1, ":", 25, 5), _token(2, "9.00", 40, 16), _token(3, "Tnanks", 91, 30))
    before = Annotations(
        frozenset({Span("amount_total", (1, 2)), Span("note", (3,))}),
        state=State.LABELLED,
        texts=frozenset({(3, "Thanks!")}),
    )
    after, lost = carry(before, _OLD, new)
    assert after.spans == {Span("amount_total", (2,)), Span("note", (3,))}
    assert after.state is State.LABELLED
    assert after.texts == {(3, "Thanks!")}
    assert lost == []


def test_what_is_not_found_again_is_given_back() -> None:
    new = (_token(0, "Total:", 0, 30), _token(1, "#%&", 40, 16))
    span = Span("amount_total", (1, 2))
    after, lost = carry(Annotations(frozenset({span})), _OLD, new)
    assert (after.spans, lost) == (frozenset(), [span])


def test_a_new_word_goes_to_one_label_only() -> None:
    new = (_token(0, "9.00", 40, 16),)
    spans = frozenset({Span("a", (1,)), Span("b", (2,))})
    after, lost = carry(Annotations(spans), _OLD, new)
    assert len(after.spans) + len(lost) == 2
    assert sum(len(span.tokens) for span in after.spans) <= 1


@given(st.lists(st.text("abc1", min_size=1, max_size=4), min_size=1, max_size=10))
def test_the_same_reading_carries_everything(words: list[str]) -> None:
    tokens = [_token(i, word, 20.0 * i) for i, word in enumerate(words)]
    for token in tokens:
        assert carried_tokens([token], tokens) == (token.id,)


def test_processes_do_not_hear_ctrl_c_even_while_they_load() -> None:
    with reader_process._interrupts_blocked():
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read(); print('whole')"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    child.send_signal(signal.SIGINT)
    assert child.communicate() == ("whole\n", None)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_page_that_is_hard_to_read_is_said(tmp_path: Path) -> None:
    from concurrent.futures import Future

    from storage.files import Files
    from workbench.exchange.pending import PendingDocument
    from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken

    def notes(*words: tuple[str, float | None]) -> list[str]:
        tokens = tuple(IncomingToken(text, (0, 0, 9, 9), 0, sure) for text, sure in words)
        reading: Future[PageText] = Future()
        reading.set_result(PageText(100, 100, tokens, "e", "1"))
        incoming = Incoming("a", "a", [IncomingPage(100, 100, None, b"")], "image")
        PendingDocument(incoming, "", tmp_path, None, [None], {0: reading}).take_words(Files(tmp_path))
        return incoming.notes

    assert notes(("Invoice", 0.6), ("x", 1.0)) == ["1 pages were hard to read for OCR: look at their words"]
    assert notes(("Invoice", 0.95), ("x", 0.1)) == []  # one letter of eight
    assert notes() == []
