"""Keeps what is sent to a server as documents of a workspace's pool, with what was read as suggestions."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from storage import documents
from storage.documents import NewDocument
from storage.exceptions import Busy
from storage.records import Content, Page
from storage.suggestions import keep_class_suggestions
from workbench.runs.suggestions_file import Proposal
from workbench.serving.documents import Sent
from workbench.workspace import Workspace

FORMAT = "serve"
_PATIENCE_SECONDS = 5.0
"""How long a document waits for those before it."""


class Collector:
    """A workspace that takes what is sent. Used from several threads, which write one after the other.

    Args:
        workspace: opened.
        model: the name that suggestions are kept under.
        class_field: the field that the model's classes are options of; "" where it reads fields.
    """

    def __init__(self, workspace: Workspace, model: str, class_field: str) -> None:
        self._workspace, self._model, self._class_field = workspace, model, class_field
        self._lock = threading.Lock()

    def keep(self, sent: Sent, proposals: Sequence[Proposal], probabilities: Mapping[str, float], request: str) -> bool:
        """Keep a document, unless the workspace has it already; whether it is new.

        Raises:
            WorkbenchError: the workspace cannot be written: it was moved, is full, or another process is at it.
        """
        content = sent.content
        digest = _digest(content)
        if not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            raise Busy("The workspace takes too long to write.", "See what else is at work in it.")
        try:
            # The transaction begins with a look whether the workspace is still there: no picture is kept elsewhere.
            with self._workspace.db.write() as connection:
                if documents.known(connection, [digest]):
                    return False
                new = NewDocument(
                    name=f"{content.document.name} {request[:8]}",
                    source=f"request {request}",
                    digest=digest,
                    format=FORMAT,
                    pages=tuple(self._page(sent, page) for page in content.pages),
                    group=f"request {request[:8]}",
                    suggestions=tuple(
                        (field, tokens, sure, self._model) for field, tokens, sure in self._known(proposals)
                    ),
                    references=content.references,
                )
                [number] = documents.add(connection, [new], self._workspace.settings.who)
                if probabilities and self._class_field:
                    keep_class_suggestions(
                        connection, self._model, self._class_field, {number: list(probabilities.items())}
                    )
        finally:
            self._lock.release()
        return True

    def _known(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        fields = {field.id for field in self._workspace.schema.spans}
        return [proposal for proposal in proposals if proposal[0] in fields]

    def _page(self, sent: Sent, page: Page) -> Page:
        """The page with its picture in the workspace that keeps it."""
        if page.picture is None:
            return page
        source = sent.picture(page.picture)
        files = self._workspace.files
        return replace(page, picture=files.keep(files.pages, source.read_bytes(), source.suffix))


def _digest(content: Content) -> str:
    """The identity of what was sent: words and boxes."""
    digest = hashlib.sha256(b"serve")
    for page in content.pages:
        words = [(token.text, token.box) for token in page.tokens]
        digest.update(repr((page.width, page.height, words)).encode("utf-8", "replace"))
    return digest.hexdigest()
