"""Texts as they are stored: many in one transaction, without the work that pages need."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from storage import documents, import_index
from storage.database import hold_more
from storage.exceptions import InputProblem
from storage.import_index import NewText
from storage.records import ClassLabel
from workbench.exchange.import_summary import Summary
from workbench.exchange.reading import running_text
from workbench.exchange.reading.clean import CONTROLS
from workbench.exchange.reading.incoming import Incoming
from workbench.exchange.texts import repeats
from workbench.fields.plain_text import harmless, has_controls, with_few_marks
from workbench.workspace import Workspace

_PARTS = 8  # of a name, divided at spaces, that the file's name may take
SIZE = 50_000
"""Texts a transaction."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python look for circles of objects rarely: an import makes millions that are in none, and a full batch of
    texts holds 200,000."""
    before = gc.get_threshold()
    gc.set_threshold(500_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class TextBatch:
    """The texts of an import that are not stored yet.

    Attributes:
        has_order: whether any text of the import was put on a side by order.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.has_order = False
        self._workspace = workspace
        self._texts: list[NewText] = []
        self._holds_more = False
        self._signatures: list[repeats.Signatures] = []  # of what was stored
        self._last_before: int | None = None  # the last document before the import's first text
        self._last_known: int | None = None  # the last document when texts were stored
        self._may_come_back = True  # texts that were exported from this workspace

    @property
    def is_full(self) -> bool:
        return len(self._texts) >= SIZE

    def add(self, incoming: Incoming, digest: str, classes: tuple[ClassLabel, ...]) -> NewText:
        """The text as it will be stored; its side is set by the caller.

        Raises:
            InputProblem: it is too long.
        """
        text = with_few_marks(incoming.text or "")
        if text != incoming.text:
            incoming.notes.append("texts had more than 30 marks on one letter and were cut there")
        if has_controls(text):
            incoming.notes.append(f"texts {CONTROLS}")
        words, lines = running_text.words_of(text)
        most = self._workspace.settings.limits.tokens_per_page
        if len(words) > most:
            raise InputProblem(
                f"it has {len(words):,} words; the limit is {most:,} (tokens_per_page under [limits] in workbench.toml)"
            )
        name = harmless(incoming.name)
        new = NewText(
            name, harmless(incoming.source), digest, incoming.format, words, lines,
            harmless(incoming.language) if incoming.language else None,
            harmless(incoming.group) if incoming.group else name,
            labelled=incoming.labelled and bool(classes or not incoming.classes), classes=classes,
        )  # fmt: skip
        self._texts.append(new)
        return new

    def store(self, summary: Summary) -> None:
        """Store what was added, in one transaction, and count it."""
        if not self._texts:
            return
        with self._workspace.db.write() as connection:
            last = import_index.last_document(connection)
            if self._last_before is None:
                self._last_before = last
            elif not self._holds_more:
                hold_more(connection)
                self._holds_more = True
            known = set[str]()
            if last != self._last_known:  # another process may have imported some of them meanwhile
                known = documents.known(connection, (text.digest for text in self._texts))
            new = [text for text in self._texts if text.digest not in known] if known else self._texts
            back = self._come_back(connection, new)
            new = [text for text in new if text.digest not in back] if back else new
            bodies = import_index.add_texts(connection, new, self._workspace.settings.who)
            self._last_known = import_index.last_document(connection)
        self._signatures.append(repeats.signatures_of(bodies))
        summary.known += len(known) + len(back)
        summary.known_labelled += sum(bool(text.classes) for text in self._texts if text.digest in back)
        summary.documents += len(new)
        summary.pages += len(new)
        summary.tokens += sum(len(text.words) for text in new)
        summary.labelled += sum(text.labelled for text in new)
        for label, number in Counter(label for text in new for label in text.classes).items():
            summary.classes.setdefault(label.field, Counter())[label.option] += number
        self._texts = []

    def _come_back(self, connection: Connection, new: list[NewText]) -> set[str]:
        """The digests of texts that were exported from this workspace.

        An export calls a text by its document's name, and the import puts the file's name before it for most formats.
        Spaces and empty lines are not kept, so that the words are compared.
        """
        if not self._last_before or not self._may_come_back:
            return set()
        named: dict[str, list[NewText]] = {}
        for text in new:
            parts = text.name.split(" ", _PARTS)
            for number in range(len(parts)):
                named.setdefault(" ".join(parts[number:]), []).append(text)
        ids = {
            number: named[name]
            for number, name, _ in import_index.names(connection)
            if name in named and number <= self._last_before
        }
        self._may_come_back = bool(ids)  # looked for in all batches only where the first one has some
        bodies = import_index.bodies(connection, ids)
        return {
            text.digest
            for number, texts in ids.items()
            for text in texts
            if bodies.get(number) == " ".join(text.words).casefold()
        }

    def settle(self) -> repeats.Repeats:
        """Keep texts that repeat another on one side, when all are stored."""
        if self._last_before is None:
            return repeats.Repeats()
        return repeats.settle(self._workspace, self._signatures, self._last_before, keep_sides=self.has_order)
