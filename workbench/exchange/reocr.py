"""Reading documents again with another OCR engine, and carrying their labels over to the new words."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from msgspec import structs

from storage import annotations, document_list, documents, import_index, opinions
from storage.exceptions import Conflict, InputProblem
from storage.object_store.local_copies import here
from storage.object_store.transfer import follow
from storage.records import Content, Page, Token
from storage.suggestions import move_suggestions
from workbench.annotation.field_states import text_of
from workbench.exchange.ocr import Readers
from workbench.exchange.ocr_text import PageText, turned
from workbench.exchange.reading import clean
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken, Options, Rejected
from workbench.locate.word_repair import carried_tokens, carry
from workbench.workspace import Workspace

_GIVEN = ("given", "text-layer")
_AHEAD = 4


@dataclass
class Reread:
    """The result of reading documents again."""

    documents: int = 0
    pages: int = 0
    tokens: int = 0
    carried: int = 0  # labels
    lost: list[tuple[str, str, str]] = field(default_factory=list)  # document, field, text of the label before
    failed: list[Rejected] = field(default_factory=list)


def choose(workspace: Workspace, names: Iterable[str], engine: str) -> list[int]:
    """The documents to read again: those named (by name or id), else all with pages that another engine read, or none.

    Raises:
        InputProblem: there is no document of a name.
    """
    chosen: list[int] = []
    with workspace.db.read() as connection:
        wanted = list(names)
        if not wanted:
            return import_index.read_by_others(connection, engine, _GIVEN)
        for name in wanted:
            ids = document_list.find(connection, name)
            if not ids and name.isdigit():
                ids = document_list.ids(connection, document_list.Filter(ids=(int(name),)))
            if not ids:
                raise InputProblem(f"There is no document '{name}' in the workspace.", "`workbench status` says more.")
            chosen += ids
    return chosen


def reread(
    workspace: Workspace,
    chosen: Sequence[int],
    engine: str,
    *,
    jobs: int = 0,
    given_too: bool = False,
    turn: int | None = None,
    page: int | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> Reread:
    """Read the pages of documents again; each document is one transaction.

    Args:
        chosen: ids of documents.
        engine: an engine of `workbench.exchange.ocr.KINDS`.
        jobs: processes; 0 means one a core.
        given_too: also pages whose words came with the file or from a text layer.
        turn: degrees clockwise to turn the pages by, for good; None turns those that do not seem upright.
        page: the number of the only page to read, from 0; whatever its words came from.
        progress: called with (documents done, in all, done).

    Raises:
        MissingTool: the engine is not there.
    """
    result = Reread()
    waiting: deque[tuple[Content, dict[int, Future[PageText]]]] = deque()
    with Readers(engine, jobs, workspace.settings.ocr_languages) as readers:
        for done, number in enumerate(chosen):
            with workspace.db.read() as connection:
                content = documents.open_document(connection, number)
            pages = [
                known
                for known in content.pages
                if known.picture
                and (page is None or page == known.number)
                and (page is not None or given_too or known.engine not in _GIVEN or not known.tokens)
            ]
            if pages:
                files = workspace.files
                readings = {p.number: readers.submit(here(files, files.picture(str(p.picture))), turn) for p in pages}
                waiting.append((content, readings))
            elif turn is not None:
                reason = "there is no page to turn: it has no picture, or its words are not from OCR (--given-too)"
                result.failed.append(Rejected(content.document.source, content.document.name, reason))
            if len(waiting) > _AHEAD * readers.jobs:
                _replace(workspace, *waiting.popleft(), result)
            if progress:
                progress(done, len(chosen), result.documents)
        while waiting:
            _replace(workspace, *waiting.popleft(), result)
    return result


def _replace(
    workspace: Workspace, content: Content, readings: Mapping[int, "Future[PageText]"], result: Reread
) -> None:
    document, kept_in = content.document, workspace.files.store
    try:
        results = {n: Readers.result(future) for n, future in readings.items()}
        pages = _new_pages(workspace, content, results)
    except InputProblem as problem:
        result.failed.append(Rejected(document.source, document.name, problem.message))
        return
    new = tuple(token for page in pages for token in page.tokens)
    before = content.annotations
    old = [_as_turned(token, results.get(token.page), pages[token.page]) for token in content.tokens]
    after, lost = carry(before, old, new)
    moved = {s.id: carried_tokens([old[i] for i in s.tokens], new) for s in content.suggestions}
    try:
        with workspace.db.write() as connection:
            version = documents.replace_pages(connection, document.id, document.version, pages)
            move_suggestions(connection, document.id, moved)
            opinions.move_tokens(  # older ones may be of words that were replaced before
                connection, document.id, lambda tokens: carried_tokens([old[i] for i in tokens if i < len(old)], new)
            )
            annotations.commit(
                connection, document.id, version, before, after, annotations.IMPORT, workspace.settings.who
            )
    except Conflict as conflict:  # it was labelled meanwhile; the other documents are read all the same
        result.failed.append(Rejected(document.source, document.name, conflict.message))
        return
    workspace.reread_settings()  # `move --files` may have been faster
    follow(workspace.files, kept_in, [f"pages/{page.picture}" for page in pages if page.picture])
    result.documents += 1
    result.pages += len(readings)
    result.tokens += len(new)
    result.carried += len(after.spans)
    for span in lost:
        text = text_of(content.tokens, span.tokens)
        result.lost.append((document.name, workspace.schema.name(span.field), text))


def _as_turned(token: Token, reading: PageText | None, page: Page) -> Token:
    """A word where it is after its page was turned upright."""
    if reading is None or reading.upright is None:
        return token
    return structs.replace(token, box=turned(token.box, reading.turn, page.width, page.height))


def _as_read(page: Page) -> list[IncomingToken]:
    return [IncomingToken(t.original or t.text, t.box, t.line, t.confidence) for t in page.tokens]


def _new_pages(workspace: Workspace, content: Content, readings: Mapping[int, PageText]) -> tuple[Page, ...]:
    incoming = []
    pictures = {page.number: page.picture for page in content.pages}
    for page in content.pages:
        reading = readings.get(page.number)
        width, height = page.width, page.height
        if reading and reading.upright is not None:  # the page is kept upright from now on
            pictures[page.number] = workspace.files.keep(workspace.files.pages, reading.upright, ".jpg")
            width, height = (height, width) if reading.turn % 180 else (width, height)
        tokens = reading.scaled(width, height) if reading else _as_read(page)
        engine = (reading.engine, reading.engine_version) if reading else (page.engine, page.engine_version)
        incoming.append(IncomingPage(width, height, tokens, engine=engine[0], engine_version=engine[1]))
    options = Options(workspace.files.root, limits=workspace.settings.limits)
    cleaned = clean.clean(Incoming(content.document.name, content.document.source, incoming, ""), options)
    if isinstance(cleaned, Rejected):
        raise InputProblem(cleaned.reason)
    return clean.pages_of(cleaned.pages, [pictures[page.number] for page in content.pages])
