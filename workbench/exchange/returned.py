"""Documents that were exported and come back: known by their names and words, as boxes are rounded.

One that comes back with other labels, as another program's user has set them, is a new document: they would be lost.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from storage import documents, import_index
from storage.records import Content, Page
from workbench.exchange.exporters.base import safe
from workbench.exchange.import_summary import Summary
from workbench.exchange.reading.clean import pages_of
from workbench.exchange.reading.incoming import Incoming
from workbench.workspace import Workspace

_CELLS = 50  # of a page's width and height: words at most about one of them apart stand at the same place
_PAGE_OF_ITS_OWN = re.compile(r"(?P<name>.+)-p(?P<number>[0-9]{1,6})", re.DOTALL)
_PAGEWISE = frozenset({"funsd"})
"""Formats in which a page is a document."""
_WITHOUT_BOXES = frozenset({"doccano"})
"""Formats whose words are set on a page by the import, which puts the file's name before the document's."""
_PARTS = 8  # of a name, divided at spaces, that the file's name may take


class Returned:
    """Finds the documents that were in the workspace before an import.

    Attributes:
        met: the digests of those that came back.
    """

    def __init__(self, workspace: Workspace, summary: Summary) -> None:
        self.met: list[str] = []
        self._workspace, self._summary = workspace, summary
        self._named: dict[str, list[int]] | None = None  # name as a file's -> documents

    def take(self, incoming: Incoming) -> bool:
        """Whether a cleaned record is a document that the workspace has; then it is counted."""
        if (digest := self._find(incoming)) is None:
            return False
        self.met.append(digest)
        self._summary.known += 1
        self._summary.known_labelled += bool(incoming.spans or incoming.values or incoming.classes)
        return True

    def _find(self, incoming: Incoming) -> str | None:
        if not any(page.tokens for page in incoming.pages):
            return None
        called = self._called(incoming.name)
        candidates: list[tuple[int, int | None]] = [(number, None) for number in called]  # document, page or all
        if incoming.format in _WITHOUT_BOXES:
            parts = incoming.name.split(" ", _PARTS)
            names = (" ".join(parts[start:]) for start in range(1, len(parts)))
            candidates += [(number, None) for name in names for number in self._called(name)]
        if incoming.format in _PAGEWISE:
            candidates += [(number, 0) for number in called]
            if match := _PAGE_OF_ITS_OWN.fullmatch(incoming.name):
                candidates += [(number, int(match["number"]) - 1) for number in self._called(match["name"])]
        if not candidates:
            return None
        pages = pages_of(incoming.pages, [None] * len(incoming.pages))
        with self._workspace.db.read() as connection:
            for number, place in candidates:
                content = documents.open_document(connection, number)
                there = content.pages if place is None else content.pages[place : place + 1]
                is_same = _have_same_words if incoming.format in _WITHOUT_BOXES else _are_same
                if is_same(there, pages) and not _says_more(incoming, pages, content, there):
                    return content.document.digest
        return None

    def _called(self, name: str) -> list[int]:
        if self._named is None:
            self._named = defaultdict(list)
            with self._workspace.db.read() as connection:
                for number, known, _ in import_index.names(connection):
                    self._named[safe(known).casefold()].append(number)
        return self._named.get(safe(name).casefold(), [])


def _says_more(incoming: Incoming, pages: Sequence[Page], content: Content, there: Sequence[Page]) -> bool:
    """Whether a record has labels, classes or values that the document has not; the same may be called otherwise."""
    words = {token.id: token.text for page in there for token in page.tokens}
    own = {number: token.text for number, token in enumerate(token for page in pages for token in page.tokens)}
    given = _labelled(((span.label, span.tokens) for span in incoming.spans if span.confidence is None), own)
    kept = _labelled(((span.field, span.tokens) for span in content.annotations.spans), words)
    options = {label.option.casefold() for label in content.annotations.classes}
    return (
        not given <= kept
        or not {label.option.casefold() for label in incoming.classes} <= options
        or not {value.strip() for value in incoming.values.values()} <= {known.value for known in content.references}
    )


def _labelled(
    labels: Iterable[tuple[str, Iterable[int]]], words: Mapping[int, str]
) -> Counter[frozenset[tuple[str, int]]]:
    """How often each collection of letters is all that one label has."""
    letters = defaultdict[str, Counter[str]](Counter)
    for label, tokens in labels:
        letters[label].update("".join(words.get(token, "") for token in tokens))
    return Counter(frozenset(counted.items()) for counted in letters.values() if counted)


def _are_same(known: Sequence[Page], pages: Sequence[Page]) -> bool:
    """Whether pages have the same words at the same places, in whatever order."""
    return len(known) == len(pages) and all(map(_is_same, known, pages))


def _have_same_words(known: Sequence[Page], pages: Sequence[Page]) -> bool:
    return _letters(known) == _letters(pages)


def _letters(pages: Sequence[Page]) -> str:
    """The words' letters: where a language has no spaces, a text does not say where a word ends."""
    return "".join("".join(token.text.split()) for page in pages for token in page.tokens)


def _is_same(known: Page, page: Page) -> bool:
    if Counter(token.text for token in known.tokens) != Counter(token.text for token in page.tokens):
        return False
    there = set(_cells(known))
    return all(
        any((text, x + dx, y + dy) in there for dx in (0, -1, 1) for dy in (0, -1, 1)) for text, x, y in _cells(page)
    )


def _cells(page: Page) -> list[tuple[str, int, int]]:
    across, down = _CELLS / 2 / page.width, _CELLS / 2 / page.height
    return [
        (token.text, int((token.box[0] + token.box[2]) * across), int((token.box[1] + token.box[3]) * down))
        for token in page.tokens
    ]
