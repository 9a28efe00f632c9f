"""OCR: words with boxes and confidences from a page's picture, in reader processes.

The engines' libraries (onnxruntime, OpenCV, numpy) are loaded in the child processes only.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import Any, Protocol

from storage.exceptions import InputProblem, MissingTool, UsageProblem
from storage.records import Box
from workbench.exchange.ocr_pages import read_page, size_of_blank
from workbench.exchange.ocr_text import PageText
from workbench.exchange.reader_process import SECONDS, ReaderProcesses
from workbench.exchange.reading.incoming import IncomingToken
from workbench.files import picture_kinds
from workbench.locate.layout import Layout

_PAGE_SECONDS = SECONDS - 5  # the process that waits for Tesseract has SECONDS itself
_MOST_LANGUAGES = 4
_USUAL = ("eng", "deu", "fra", "nld", "spa", "ita", "por", "pol")  # where the workspace names none, the first installed
_TWO_LETTERS = {
    "ar": "ara", "bg": "bul", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "fi": "fin",
    "fr": "fra", "he": "heb", "hr": "hrv", "hu": "hun", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "nld", "no": "nor",
    "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus", "sk": "slk", "sl": "slv", "sv": "swe", "th": "tha", "tr": "tur",
    "uk": "ukr", "vi": "vie", "zh": "chi_sim",
}  # fmt: skip
_NO_LANGUAGES = frozenset({"osd", "equ", "snum"})
_MOST_JOBS = 8  # each holds about 400 MB


class Engine(Protocol):
    """A way to read pictures; created once in every child process."""

    def read(self, picture: Path) -> PageText:
        """The words of a picture, in reading order."""
        ...


@dataclass(frozen=True, slots=True)
class EngineKind:
    """What the terminal process needs to know of an engine."""

    name: str
    make: Callable[[tuple[str, ...]], Engine]  # with the languages to read; () leaves them to the engine
    version: Callable[[], str]  # "" when it is not there
    remedy: str  # how to get it


# -- words from what engines give

_CJK = "\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff"
_HAS_CJK = re.compile(f"[{_CJK}]")
# Where a line has no spaces: dates and amounts stay whole, a label ends with its colon, brackets stand alone.
_PIECES = re.compile(
    rf"[0-9]{{2,4}}年[0-9]{{1,2}}月(?:[0-9]{{1,2}}[日号])?|[¥￥]?[0-9][0-9.,，]*[元圆]?%?|（[^（）]{{1,12}}）[：:]?"
    rf"|[{_CJK}·、]+[：:]?|[^{_CJK}（）：:]+[：:]?|."
)


@dataclass(frozen=True, slots=True)
class _TextLine:
    """A line of an engine's result: pieces of text with a box and a confidence each."""

    text: str
    box: Box
    page: int = 0
    line: int = 0
    words: tuple[tuple[str, Box, float], ...] = ()


def words_of_line(text: str, pieces: Sequence[tuple[str, Box, float]]) -> list[tuple[str, Box, float]]:
    """The words of a line, from pieces (words or single characters) with their boxes.

    Spaces divide words; where Chinese or Japanese is written without them, dates, amounts, labels with their colon
    and runs of one script do.
    """
    letters = []
    for piece, (x0, y0, x1, y1), confidence in pieces:
        characters = piece.replace(" ", "")
        width = (x1 - x0) / max(len(characters), 1)
        letters += [
            (letter, (x0 + n * width, y0, x0 + (n + 1) * width, y1), confidence) for n, letter in enumerate(characters)
        ]
    joined = "".join(letter for letter, _, _ in letters)
    if joined != "".join(text.split()):  # the engine's pieces differ from its text: the pieces count
        text = " ".join(piece for piece, _, _ in pieces)
    words = []
    at = 0
    for chunk in text.split():
        for word in _PIECES.findall(chunk) if _HAS_CJK.search(chunk) else [chunk]:
            part = letters[at : at + len(word)]
            at += len(word)
            if part:
                words.append((word, _around(box for _, box, _ in part), sum(s for _, _, s in part) / len(part)))
    return words


def _around(boxes: Iterable[Box]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _in_order(lines: list[_TextLine]) -> tuple[IncomingToken, ...]:
    """Tokens row by row. Whole lines are ordered, so that a line stays together on a slanted scan."""
    return tuple(
        IncomingToken(text, box, number, round(confidence, 4))
        for number, row in enumerate(Layout(lines).rows if lines else ())
        for index in row
        for text, box, confidence in lines[index].words
    )


# -- the engines


class RapidOcr:
    """PP-OCRv6 (Latin and Chinese) on onnxruntime; the models come inside the package, nothing is downloaded."""

    def __init__(self) -> None:
        import logging

        logging.disable(logging.CRITICAL)  # RapidOCR logs to the terminal, whatever its settings say
        import cv2
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
        # Lines that stand on their head are no matter of single lines: `ocr_pages` turns the page.
        settings = {"Global.log_level": "critical", "Global.return_word_box": True, "Global.use_cls": False}
        self._engine: Any = RapidOCR(params=settings | threads)

    def read(self, picture: Path) -> PageText:
        """The words of a picture, in reading order."""
        from PIL import Image

        with Image.open(picture, formats=picture_kinds.STORED) as opened:
            width, height = opened.size
        result = self._engine(str(picture))
        lines = []
        if len(result):
            by_words = all(
                isinstance(words, tuple) and len(words) == 3 for line in result.word_results for words in line
            )
            # Where it has no boxes for words, the engine returns fewer lists of words than lines.
            if by_words and len(result.word_results) == len(result.txts):
                for text, words in zip(result.txts, result.word_results, strict=True):
                    pieces = [
                        (piece, _box(quad), float(confidence)) for piece, confidence, quad in words if quad is not None
                    ]
                    lines.append(self._line(str(text), pieces))
            else:
                for text, confidence, quad in zip(result.txts, result.scores, result.boxes, strict=True):
                    lines.append(self._line(str(text), [(str(text), _box(quad), float(confidence))]))
        return PageText(width, height, _in_order([line for line in lines if line]), "rapidocr", rapidocr_version())

    @staticmethod
    def _line(text: str, pieces: list[tuple[str, Box, float]]) -> Any:
        words = words_of_line(text, pieces)
        return _TextLine(text, _around(box for _, box, _ in words), words=tuple(words)) if words else None


def _box(quad: Any) -> Box:
    across = [float(point[0]) for point in quad]
    down = [float(point[1]) for point in quad]
    return min(across), min(down), max(across), max(down)


class Tesseract:
    """The installed tesseract program, with some of the languages that it has."""

    def __init__(self, languages: tuple[str, ...] = ()) -> None:
        self._languages = "+".join(chosen_languages(_installed_languages(), languages))

    def read(self, picture: Path) -> PageText:
        """The words of a picture, in reading order."""
        output = _tesseract(str(picture), "stdout", "--psm", "4", "-l", self._languages, "tsv")
        width = height = 0
        lines: dict[tuple[str, ...], list[tuple[str, Box, float]]] = {}
        for row in output.splitlines()[1:]:
            level, _, *place, _, left, top, w, h, confidence, text = row.split("\t", 11)
            if level == "1":
                width, height = int(w), int(h)
            if level == "5" and text.strip():
                box = (float(left), float(top), float(left) + float(w), float(top) + float(h))
                lines.setdefault(tuple(place), []).append((text.strip(), box, max(float(confidence), 0.0) / 100))
        text_lines = [
            _TextLine(" ".join(text for text, _, _ in words), _around(box for _, box, _ in words), words=tuple(words))
            for words in lines.values()
        ]
        return PageText(width, height, _in_order(text_lines), "tesseract", tesseract_version())


def chosen_languages(installed: Sequence[str], wanted: Sequence[str] = ()) -> list[str]:
    """The languages to read with: those wanted, else the commonest that are installed; at most four.

    Every further language takes as long again, and a hundred of them take minutes a page.

    Args:
        installed: Tesseract's names of languages.
        wanted: such names, also several with a plus between them ("deu+eng"), or codes of two letters ("de").

    Raises:
        MissingTool: one that is wanted is not installed.
    """
    names = [name.strip() for entry in wanted for name in entry.split("+") if name.strip()]
    known = [name if name in installed else _TWO_LETTERS.get(name.lower(), name.lower()) for name in names]
    if missing := [name for name in known if name not in installed]:
        there = ", ".join(sorted(set(installed) - _NO_LANGUAGES))
        raise MissingTool(
            f"Tesseract has not the language {', '.join(missing)}, which ocr_languages in workbench.toml names.",
            f"Install it (apt install tesseract-ocr-{missing[0]}), or name others: {there} are installed.",
        )
    chosen = list(dict.fromkeys(known))[:_MOST_LANGUAGES]
    usual = [name for name in _USUAL if name in installed] or sorted(set(installed) - _NO_LANGUAGES)
    return chosen or usual[:_MOST_LANGUAGES] or ["eng"]


def _installed_languages() -> list[str]:
    return _tesseract("--list-langs").splitlines()[1:]


def _tesseract(*arguments: str) -> str:
    program = shutil.which("tesseract")
    if program is None:
        raise MissingTool("Tesseract is not installed.", KINDS["tesseract"].remedy)
    try:
        done = subprocess.run(
            [program, *arguments],
            capture_output=True,
            timeout=_PAGE_SECONDS,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise InputProblem(f"Tesseract took longer than {_PAGE_SECONDS:.0f} seconds for the page") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise InputProblem(f"Tesseract could not read the page ({lines[-1] if lines else error.returncode})") from error
    return done.stdout.decode(errors="replace")


def rapidocr_version() -> str:
    """The version stamped on pages; "" when it is not installed."""
    if not (util.find_spec("rapidocr") and util.find_spec("onnxruntime")):
        return ""
    return metadata.version("rapidocr")


@lru_cache(maxsize=1)
def tesseract_version() -> str:
    """The version stamped on pages; "" when it is not installed."""
    if not shutil.which("tesseract"):
        return ""
    return _tesseract("--version").split()[1]


KINDS = {
    kind.name: kind
    for kind in (
        EngineKind(
            "rapidocr", lambda _: RapidOcr(), rapidocr_version, "Install it: pip install 'rapidocr>=3.10' onnxruntime"
        ),
        EngineKind(
            "tesseract", Tesseract, tesseract_version, "Install it: apt install tesseract-ocr (brew: tesseract)"
        ),
    )
}


def kind(name: str) -> EngineKind:
    """An engine that can be used now.

    Raises:
        UsageProblem: there is none of this name.
        MissingTool: it is not installed.
    """
    known = KINDS.get(name)
    if known is None:
        raise UsageProblem(f"There is no OCR engine '{name}'.", f"Use one of {', '.join(KINDS)}.")
    if not known.version():
        raise MissingTool(f"The OCR engine '{name}' is not installed.", known.remedy)
    return known


# -- many pages at once


@lru_cache(maxsize=1)
def _engine(name: str, languages: tuple[str, ...]) -> Engine:
    return KINDS[name].make(languages)


def _read(name: str, languages: tuple[str, ...], picture: Path, turn: int | None) -> PageText:
    """Called in a reader process only, which keeps the engine."""
    try:
        if turn is None and (size := size_of_blank(picture)):
            return PageText(*size, (), name, KINDS[name].version())
        return read_page(_engine(name, languages).read, picture, turn)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputProblem(f"OCR could not read the page ({error})") from error


class Readers:
    """Processes that read pages; started with the first page, ended with the `with` block.

    Args:
        engine: a name of KINDS.
        jobs: how many processes; 0 means one a core.
        languages: Tesseract's names of the languages to read; () leaves them to the engine.

    Raises:
        MissingTool: the engine cannot be used, or lacks one of the languages.
    """

    def __init__(self, engine: str, jobs: int = 0, languages: Sequence[str] = ()) -> None:
        self._languages = tuple(languages)
        self.kind = kind(engine)
        if self.kind.name == "tesseract":
            chosen_languages(_installed_languages(), self._languages)  # said before the first page
        self.jobs = min(jobs or os.cpu_count() or 1, jobs or _MOST_JOBS)
        self._processes = ReaderProcesses()
        self._threads = ThreadPoolExecutor(self.jobs, "ocr")  # each waits for one process

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._threads.shutdown(wait=not failed, cancel_futures=True)
        self._processes.close()  # after a failure or an interrupt also those at work

    def submit(self, picture: Path, turn: int | None = None) -> "Future[PageText]":
        """Have a page read, turned by so many degrees clockwise; None turns it upright where it seems turned."""
        return self._threads.submit(self._processes.call, _read, self.kind.name, self._languages, picture, turn)

    @staticmethod
    def result(future: "Future[PageText]") -> PageText:
        """Wait for a page.

        Raises:
            InputProblem: the engine could not read it; the message is a reason without the name.
            MissingTool: the engine is not there any more.
        """
        return future.result()
