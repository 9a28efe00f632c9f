"""Reads documents from files: recognises formats, skips known documents, stores pictures, has pages read by OCR."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from storage.exceptions import InputProblem, WorkbenchError
from storage.files import is_empty
from storage.records import Side
from workbench.exchange import detection, discovery, pictures, reader_process
from workbench.exchange.einvoices import document_values
from workbench.exchange.importers import registry as importers
from workbench.exchange.ocr import Readers
from workbench.exchange.pending import PendingDocument
from workbench.exchange.reading import text_tables, values_table
from workbench.exchange.reading.incoming import Importer, Incoming, IncomingClass, Options, Rejected, bounded, identity
from workbench.exchange.reading.sides import side_of
from workbench.exchange.vendor_groups import MODES
from workbench.fields.class_names import AskAboutSpelling
from workbench.fields.plain_text import harmless
from workbench.files.import_root import OUTSIDE, digest_of, opened
from workbench.workspace import Workspace

_TEXTS_REPORTED = 500  # between two reports of progress
_AHEAD = 3  # pages that wait for OCR, per process: enough to keep it busy, few enough for the memory
_OF_COLUMNS = frozenset({"texts", "hf-dataset"})  # formats whose documents can be grouped by a column
_ONE_DOCUMENT_FORMATS = frozenset({"pdf", "image"})  # one file is one document: known by its digest before it is parsed


@dataclass(frozen=True)
class ImportRequest:
    """What an import is asked to do."""

    paths: tuple[Path, ...]
    format: str = "auto"
    password: str | None = None
    pixels: bool | None = None
    side: Side | None = None  # None: the group's side, or train
    mapping: Mapping[str, str] = field(default_factory=dict)  # label as the file names it -> field
    keep_names: bool = False
    accept_above: float | None = None
    group_by: str = "seller"
    engine: str = ""  # "" means the workspace's
    ocr_jobs: int = 0  # 0: one a core
    ocr: bool = True  # False: pages without words are kept without words
    text_column: str = ""  # of a table of texts
    label_columns: tuple[str, ...] = ()
    multiple: bool = False  # of the texts' classes
    by_folder: bool = False  # one folder a class
    ask: AskAboutSpelling | None = None
    tables: tuple[Path, ...] = ()  # of known values; those among `paths` are found as well
    most_documents: int | None = None  # that are taken; None: all
    readers: Readers | None = None  # for OCR, of a program that imports often; None: started where a page needs them

    @property
    def group_column(self) -> str:
        """The column whose value a text's group is; "" where documents are grouped otherwise."""
        return "" if self.group_by in MODES else self.group_by


@dataclass(frozen=True)
class _Pictured:
    """A document whose pictures are being read."""

    path: Path
    record: str  # "" where the file is the document
    pending: "Future[PendingDocument]"


class DocumentSource:
    """The documents of files, one after the other, in the files' order.

    Attributes:
        files: the files to read, without the workspace's own.
        tables: the tables of known values among them, as far as they were reached.
        known: number of documents that are in the workspace already.
        known_twice: number of these that stand earlier in these files.
        known_labelled: number of known documents that bring labels or values.
        met: digests of these documents.

    Args:
        known_digests: digests of the documents in the workspace; new ones are added.
        reject: called with what cannot be read.

    Raises:
        InputProblem: a path does not exist.
    """

    def __init__(
        self, workspace: Workspace, request: ImportRequest, known_digests: set[str], reject: Callable[[Rejected], None]
    ) -> None:
        self._workspace, self._request, self._known_digests, self._reject = workspace, request, known_digests, reject
        self._limits = workspace.settings.limits
        self._class_fields = tuple(name for field in workspace.schema.classes for name in (field.id, field.name))
        discovered = discovery.discover(request.paths, by_folder=request.by_folder)
        self.files = [path for path in discovered.files if not self._is_own(path)]
        self._pages = discovered.pages
        self.tables: list[Path] = []
        self.known = self.known_twice = self.known_labelled = 0
        self._met_here: set[str] = set()  # digests of documents that these files brought
        self._refused: set[Path] = set()  # files of which something could not be read
        self._read_from: set[Path] = set()  # files of which a document could
        self._shown: set[Path] = set()  # PDFs and pictures of which pages are in these documents
        self.met: list[str] = []

    def documents(self, done: Callable[[int], None]) -> Generator[PendingDocument, None, None]:
        """The new documents; their pages may still be in OCR (`PendingDocument.take_words`).

        Args:
            done: called with the number of files that were read.

        Raises:
            MissingTool: a page has to be read and the OCR engine is not there.
        """
        with ExitStack() as stack:
            yield from self._read(self._all(done), stack)

    def _all(self, done: Callable[[int], None]) -> Iterator[PendingDocument]:
        """The documents; the pictures of the next one are read while the caller works on one."""
        texts = 0
        threads = ThreadPoolExecutor(1, "pictures")
        ahead: deque[_Pictured] = deque()
        try:
            for number, path in enumerate(self._files_to_read()):
                for document in self._of_file(path, threads):
                    if isinstance(document, PendingDocument):
                        while ahead:
                            yield from self._whole(ahead.popleft())
                        yield document
                        texts += document.is_text
                        if not document.is_text or texts % _TEXTS_REPORTED == 0:
                            done(number)
                        continue
                    ahead.append(document)
                    if len(ahead) > 1:
                        yield from self._whole(ahead.popleft())
                    done(number)
            yield from self._whole(*ahead)
            done(len(self.files))
        except BaseException:
            reader_process.close()  # interrupted: what is being read is not wanted any more
            raise
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _whole(self, *documents: "_Pictured") -> Iterator[PendingDocument]:
        for document in documents:
            with self.border(document.path, document.record):
                yield document.pending.result()

    @contextmanager
    def border(self, path: Path, record: str = "") -> Iterator[None]:
        """Whatever happens here is the file's or the record's rejection and no more."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the border of one file
            self.refuse(error, path, record)

    def refuse(self, error: Exception, path: Path, record: str) -> None:
        """Reject a file or a record for an error; one of the workspace or the machine is raised again."""
        reason = f"it is damaged: {type(error).__name__}: {str(error)[:200]}"
        if isinstance(error, InputProblem):
            reason = error.message
        elif isinstance(error, WorkbenchError | SQLAlchemyError):
            raise error
        elif isinstance(error, OSError):  # it may have vanished meanwhile
            reason = f"it cannot be read: {error.strerror or error}"
        self._refused.add(path)
        self._reject(Rejected(str(path), record, reason))

    def _is_own(self, path: Path) -> bool:
        """Whether a file belongs to the workspace, which may be inside the imported folder."""
        own, absolute = self._workspace.files, path.absolute()
        root = own.root.absolute()
        return absolute.is_relative_to(root) and (
            any(absolute.is_relative_to(folder.absolute()) for folder in (own.originals, own.pages, own.runs))
            or (absolute.parent == root and absolute.name.startswith(("workbench.", "writer.")))
        )

    def _of_file(self, path: Path, threads: Executor) -> "Iterator[_Pictured | PendingDocument]":
        with self.border(path):
            yield from self._documents_of(path, threads)

    def _files_to_read(self) -> Iterator[Path]:
        """The files, and at their end the PDFs and pictures that belong to refused records alone."""
        yield from self.files
        left = [page for page, files in self._pages.items() if all(self._has_not(file, page) for file in files)]
        self.files += left
        yield from left

    def _has_not(self, file: Path, page: Path) -> bool:
        """Whether a page belongs to no document of a file that could be read, but to what could not."""
        return file not in self._read_from or (file in self._refused and discovery.real(page) not in self._shown)

    def _documents_of(self, path: Path, threads: Executor) -> "Iterator[_Pictured | PendingDocument]":
        self._check(path)
        importer = self._importer(path)
        if importer is None:
            self.tables.append(path)
            return
        if self._request.group_column and importer.name not in _OF_COLUMNS:
            raise InputProblem(f"it has no columns to group by; --group-by takes {', '.join(MODES)} for it")
        file_digest = digest_of(path) if importer.name in _ONE_DOCUMENT_FORMATS else None
        if file_digest and file_digest in self._known_digests:
            self._count_known(file_digest)
            self.known_labelled += document_values.beside(path, self.options(path)) is not None
            return
        is_empty = True
        for item in bounded(importer.read(path, self.options(path)), self._limits, self._workspace.files.root):
            is_empty = False
            if isinstance(item, Rejected):
                self._refused.add(path)
                self._reject(item)
                continue
            self._read_from.add(path)
            shown = (page.pdf or page.picture for page in item.pages)
            self._shown.update(discovery.real(file) for file in shown if isinstance(file, Path))
            if self._request.by_folder:
                self._take_folder_for_class(path, item)
            digest = file_digest or identity(item)
            if digest in self._known_digests:
                self._count_known(digest)
                self.known_labelled += bool(item.spans or item.regions or item.values or item.classes)
                continue
            self._known_digests.add(digest)
            self._met_here.add(digest)
            if item.text is not None or (file_digest is None and all(page.picture is None for page in item.pages)):
                yield PendingDocument(item, digest, path, None, [None] * len(item.pages))
                continue
            pending = threads.submit(self._pictured, item, digest, path, file_digest is not None)
            yield _Pictured(path, "" if file_digest else item.name, pending)
            wait((pending,))  # an importer's pictures may be gone when the next document is asked for
        if is_empty:
            raise InputProblem("it holds no document")

    def _count_known(self, digest: str) -> None:
        self.known += 1
        self.known_twice += digest in self._met_here
        self.met.append(digest)

    def _check(self, path: Path) -> None:
        if (folder := self._named_folder(path)) is not None and discovery.leads_out(path, folder):
            raise InputProblem(OUTSIDE)
        if path.is_dir():
            raise InputProblem("it is a folder that cannot be entered")
        if not path.is_file() and path.exists():
            raise InputProblem("it is no regular file")
        if is_empty(path):
            raise InputProblem("it is empty")

    def _importer(self, path: Path) -> Importer | None:
        """The format's importer; None for a table of known values."""
        size = path.stat().st_size
        if size > self._limits.file_bytes:
            raise InputProblem(
                f"it is {size / 1e6:,.0f} MB large; the limit is {self._limits.file_bytes / 1e6:,.0f} MB "
                "(file_bytes under [limits] in workbench.toml)"
            )
        if self._request.format != "auto":
            return importers.load(self._request.format)
        suffix = path.suffix.lower()
        if self._request.by_folder and suffix in discovery.TEXT_FILES:
            return importers.load("text-file")
        if self._request.text_column and suffix in (*text_tables.SUFFIXES, ".json", ".jsonl"):
            return importers.load("texts")
        importer = detection.detect(path)
        if importer is None and not values_table.is_table(path, self._limits):
            raise InputProblem(detection.unrecognised(path))
        return importer

    def options(self, path: Path) -> Options:
        request, root = self._request, self._root(path)
        return Options(
            root, request.password, request.pixels, self._limits, request.text_column, request.label_columns,
            request.group_column, request.multiple, self._class_fields, request.by_folder,
        )  # fmt: skip

    def _take_folder_for_class(self, path: Path, incoming: Incoming) -> None:
        """Give a document the class that its folder is called; folders above may be the sides of a split."""
        root = self._named_folder(path)
        if root is not None and path.parent.parent == root and (side := side_of(path.parent.name)):
            incoming.side = incoming.side or side
        elif root is None or path.parent == root:
            incoming.notes.append("it lies in no folder of a class")
        else:
            field = next(iter(self._request.label_columns), "label")
            incoming.classes.append(IncomingClass(field, path.parent.name))
            incoming.labelled = incoming.labelled or incoming.text is not None
            above = reversed(path.parent.relative_to(root).parts[:-1])
            incoming.side = incoming.side or next((side for part in above if (side := side_of(part))), None)

    def _root(self, path: Path) -> Path:
        """The folder named on the command line; a file's references to files outside of it are refused."""
        return self._named_folder(path) or path.parent

    def _named_folder(self, path: Path) -> Path | None:
        if path in self._request.paths:
            return None
        return next((named for named in self._request.paths if path.is_relative_to(named) and named.is_dir()), None)

    def _pictured(self, incoming: Incoming, digest: str, path: Path, is_whole: bool) -> PendingDocument:
        files = self._workspace.files
        names: list[str | None] = []
        for page in incoming.pages:
            name = None
            if page.picture is not None:
                try:
                    picture, suffix, size = pictures.for_reading(
                        page.picture, self._limits, page.picture_index, page.turn
                    )
                except InputProblem as problem:
                    if page.tokens is None:
                        raise
                    incoming.notes.append(f"a page is shown without its picture: {problem.message}")
                else:
                    name = self._kept(files.pages, picture, suffix)
                    if page.width <= 0 or page.height <= 0:
                        page.width, page.height = float(size[0]), float(size[1])
            names.append(name)
        original = self._kept(files.originals, path, harmless(path.suffix[:16])) if is_whole else None
        if original is not None and digest not in original:  # it is called after its content
            raise InputProblem("it changed while it was read: import it again when it is complete")
        return PendingDocument(incoming, digest, path, original, names)

    def _kept(self, folder: Path, content: bytes | Path, suffix: str) -> str:
        """Store a file's or a picture's content, and return its name there."""
        with BytesIO(content) if isinstance(content, bytes) else opened(content) as file:
            return self._workspace.files.keep(folder, file, suffix)

    def _read(self, documents_read: Iterator[PendingDocument], stack: ExitStack) -> Iterator[PendingDocument]:
        """Start OCR for pages without words, several at once, and yield the documents in their order."""
        waiting: deque[PendingDocument] = deque()
        readers = self._request.readers
        pages_waiting = 0
        for pending in documents_read:
            if pending.is_text and not waiting:
                yield pending
                continue
            for number, page in enumerate(pending.incoming.pages):
                name = pending.names[number]
                if page.tokens is None and name is not None and self._request.ocr:
                    if readers is None:
                        engine = self._request.engine or self._workspace.settings.ocr_engine
                        readers = stack.enter_context(
                            Readers(engine, self._request.ocr_jobs, self._workspace.settings.ocr_languages)
                        )
                    pending.readings[number] = readers.submit(self._workspace.files.picture(name))
            waiting.append(pending)
            pages_waiting += len(pending.readings)
            while waiting and (waiting[0].ready or pages_waiting > _AHEAD * (readers.jobs if readers else 1)):
                pages_waiting -= len(waiting[0].readings)
                yield waiting.popleft()
        yield from waiting
