"""What a request holds, as documents: texts, words with boxes, and files, which the importers read. Keeps nothing."""

import itertools
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from storage import document_list
from storage import documents as document_store
from storage.exceptions import InputProblem, WorkbenchError
from storage.files import Files, temporary_folder
from storage.records import TEXT, Annotations, Content, Document, Page, Side, State
from workbench.exchange import detection, pipeline
from workbench.exchange.ocr import Readers
from workbench.exchange.reading import clean, running_text
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken, Rejected
from workbench.exchange.reading.incoming import Options as ReadingOptions
from workbench.exchange.sources import ImportRequest
from workbench.fields.plain_text import counted
from workbench.runs import machine
from workbench.serving import problems
from workbench.serving.options import Options
from workbench.serving.schemas import Words
from workbench.settings import Limits, Settings
from workbench.workspace import Workspace

_NAME = re.compile(r"[^\w. -]+")
_NAME_BYTES = 100
_WORD_LETTERS = 200_000  # and marks over letters; a page as wide as more cannot be
_READERS = 2  # processes for OCR: pages of one request are read beside each other. Each takes 0.8 GB
_OPERATORS = re.compile(r" \(\w+ under \[limits\][^)]*\)|[;:] [^;:]*(?:--\w|`workbench )[^;]*")
"""Of an importer's reason, what only who runs the server can do: limits and options of commands."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A document of a request, and where its pictures are as long as the request lasts."""

    content: Content
    files: Files | None = None
    notes: tuple[str, ...] = ()

    def picture(self, name: str) -> Path:
        """A page's picture."""
        if self.files is None:
            raise InputProblem("the document has no pictures")
        return self.files.picture(name)


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Makes documents of what is sent. Used from several threads; `opened` makes one.

    Args:
        options: of the server: its limits.
        settings: fields and rules of the workspace.
        template: an empty workspace, copied for every file.
        readers: of pages without words; None where no OCR engine can be used.
    """

    options: Options
    settings: Settings
    template: Path
    readers: Readers | None

    def text(self, text: str, name: str = "text") -> Sent:
        """A text that stands on no page.

        Raises:
            ServingProblem: it is empty or too long.
        """
        if not text.strip():
            raise problems.empty("The text is empty.")
        words = text.split()
        if (longest := max(map(len, words))) > _WORD_LETTERS:
            raise problems.too_large(f"A word has {longest:,} letters; the limit is {_WORD_LETTERS:,}.")
        self._check_count(len(words))  # before they are set: of millions that takes a minute and a gigabyte
        lines = [line for line in text.splitlines() if line.strip()]
        page = running_text.typeset(
            [[line[start:end] for start, end in running_text.pieces_of(line)] for line in lines]
        )
        page.engine = TEXT
        return self._made(Incoming(name, name, [page], "texts"))

    def words(self, words: Words, name: str = "words") -> Sent:
        """A page of words with boxes.

        Raises:
            ServingProblem: there are none, too many, or boxes are missing or no numbers.
        """
        if not words.words or not any(word.strip() for word in words.words):
            raise problems.empty("There are no words.")
        if len(words.words) != len(words.boxes):
            held = f"{counted(len(words.words), 'word')} but {counted(len(words.boxes), 'box', 'boxes')}"
            raise problems.unreadable(f"It has {held}.")
        tokens = [IncomingToken(word, box) for word, box in zip(words.words, words.boxes, strict=True)]
        return self._made(Incoming(name, name, [IncomingPage(words.width, words.height, tokens)], "word-list"))

    def file(self, path: Path, folder: Path) -> Iterator[Sent]:
        """The documents of a file; their pictures are in `folder` until the caller deletes it.

        Raises:
            ServingProblem: the file's kind is unknown, or it cannot be read.
        """
        if path.stat().st_size == 0:
            raise problems.empty(f"{path.name} is empty.")
        if detection.detect(path) is None:
            reason = _OPERATORS.sub("", detection.unrecognised(path))
            raise problems.unknown_kind(
                f"{path.name}: {reason}.", "Send a PDF, a picture, or a list of words with boxes."
            )
        most = self.options.documents
        request = ImportRequest(paths=(path,), group_by="none", readers=self.readers, most_documents=most + 1)
        scratch = Workspace.open(shutil.copytree(self.template, folder / "files"))
        try:
            summary = pipeline.run(scratch, request)
            with scratch.db.read() as connection:
                numbers = document_list.ids(connection)
                contents = [document_store.open_document(connection, number) for number in numbers]
        finally:
            scratch.close()
        if not contents:
            reasons = _OPERATORS.sub("", "; ".join(dict.fromkeys(rejected.reason for rejected in summary.rejected)))
            if "the limit is" in reasons:
                raise problems.too_large(f"{path.name}: {reasons}.")
            raise problems.unreadable(f"{path.name}: {reasons or 'it holds no document'}.")
        if len(contents) > most:
            raise problems.too_large(f"{path.name} holds more than {most} documents.")
        for content in contents:
            self._check(content)
            yield Sent(content, scratch.files, tuple(summary.notes))

    def _made(self, incoming: Incoming) -> Sent:
        cleaned = clean.clean(incoming, ReadingOptions(Path("/"), limits=self.settings.limits))
        if isinstance(cleaned, Rejected):
            raise problems.unreadable(f"It cannot be read: {cleaned.reason}.")
        pages = clean.pages_of(cleaned.pages, [None] * len(cleaned.pages))
        count = sum(len(page.tokens) for page in pages)
        document = Document(
            0, incoming.name, "", "", incoming.format, None, "", Side.TRAIN, State.NEW, "", len(pages), count, 0
        )
        content = Content(document, pages, Annotations(), (), ())
        self._check(content)
        return Sent(content)

    def _check(self, content: Content) -> None:
        count = len(content.tokens)
        if not count:
            raise problems.empty("There are no words on it.")
        self._check_count(count)

    def _check_count(self, count: int) -> None:
        if count > self.options.words:
            raise problems.too_large(f"It has {count:,} words; the limit is {self.options.words:,}.")


@contextmanager
def opened(options: Options, settings: Settings) -> Iterator[DocumentReader]:
    """A reader, as long as the server runs."""
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("serve"))
        scratch = Workspace.create(folder / "template")
        limits = settings.limits
        scratch.change_settings(
            schema=settings.schema,
            limits=Limits(
                picture_pixels=min(limits.picture_pixels, options.picture_pixels),
                page_points=limits.page_points,
                file_bytes=min(limits.file_bytes, options.body_bytes),
                unpacked_bytes=min(limits.unpacked_bytes, 5 * options.body_bytes),
                pages=min(limits.pages, options.pages),
                tokens_per_page=min(limits.tokens_per_page, options.words),
            ),
            day_first=settings.day_first,
        )
        scratch.connect()
        scratch.close()
        count = min(_READERS, max(1, machine.cores() // options.workers))
        try:
            readers = stack.enter_context(Readers(settings.ocr_engine, count, settings.ocr_languages))
        except WorkbenchError:  # no engine: files with a text layer can be read all the same
            readers = None
        yield DocumentReader(options, settings, scratch.files.root, readers)


def only_page(sent: Sent, number: int) -> Sent:
    """The document as if it had this page alone, counted from 1; its words are numbered anew.

    Raises:
        ServingProblem: it has no such page, or that has no words.
    """
    content = sent.content
    page = next((page for page in content.pages if page.number == number - 1), None)
    if page is None:
        raise problems.unreadable(f"There is no page {number}: the document has {len(content.pages)}.")
    if not page.tokens:
        raise problems.empty(f"There are no words on page {number}.")
    new = {token.id: position for position, token in enumerate(page.tokens)}
    tokens = tuple(
        type(token)(new[token.id], token.page, token.line, token.text, token.box, token.confidence)
        for token in page.tokens
    )
    suggestions = tuple(
        replace(suggestion, tokens=tuple(new[token] for token in suggestion.tokens))
        for suggestion in content.suggestions
        if set(suggestion.tokens) <= set(new)
    )
    # pages before it stay, without words: the number of a page is its place
    empty = (Page(other.number, other.width, other.height, (), None, other.engine) for other in content.pages)
    before = itertools.takewhile(lambda other: other.number < page.number, empty)
    kept = replace(content, pages=(*before, replace(page, tokens=tokens)), suggestions=suggestions)
    return replace(sent, content=kept)


def file_name(name: str | None, number: int) -> str:
    """A name for a file that was sent: no folder, nothing that a file system minds."""
    last = _NAME.sub("_", (name or "").replace("\\", "/").rpartition("/")[2])
    # file systems count bytes, and a suffix is at the end
    return last.encode("utf-8", "replace")[-_NAME_BYTES:].decode("utf-8", "ignore").strip(" .") or f"file {number}"
