"""One document being edited: every act goes through here, is committed at once, and can be undone.

The annotate screen, the relabel loop and the simulated annotator all use this; none of them writes labels otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from msgspec import structs
from sqlalchemy import Connection

from storage import annotations, document_list, documents, opinions
from storage.exceptions import WAITING, Conflict, WorkbenchError
from storage.records import Annotations, Content, Decision, Event, State, Suggestion, Token
from storage.suggestions import bring_back, keep_suggestions, leading, move_suggestions
from workbench.annotation.acts import merge
from workbench.annotation.classes import options
from workbench.locate.word_repair import WordRepair, carry, moved_tokens, taken_back, words_before
from workbench.workspace import Workspace

Proposal = tuple[str, tuple[int, ...], float]
"""A field, tokens that may be its value, and how sure that is (0..1)."""

Judge = Callable[[Content], tuple[int, int]]
"""Counts (disagreements with known values, failed checks) of a document; see workbench/fields/checks.py."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act that is not saved: another annotator had changed the document, or the disk is full."""

    name: str
    before: Annotations  # as it was when the act was made
    after: Annotations  # as the act would have left it


class Editor(Protocol):
    """What a session needs of an editor: the usual one below, or the blind one of blind_editor.py."""

    annotator: str
    content: Content
    refused: Act | None
    """One's own act on a document that was changed elsewhere, until it is decided which version is to stand."""

    unsaved: WorkbenchError | None
    """Why the latest acts are shown and not saved; None where all that is shown is saved."""

    blind: bool
    """Whether the document's labels are kept from sight, so that nothing may be suggested either."""

    @property
    def state(self) -> Annotations:
        """What annotators decided so far."""

    @property
    def is_stale(self) -> bool:
        """Whether the document was changed elsewhere since it was opened here."""

    @property
    def open_suggestions(self) -> list[Suggestion]:
        """Open suggestions, as `storage.suggestions.leading` has them, the least sure first."""

    def act(self, name: str, after: Annotations) -> bool:
        """Commit an act, and before it those that are held; True when it changed something."""

    def hold(self, name: str, after: Annotations, why: WorkbenchError) -> None:
        """Show an act that could not be committed; `save` and the next act commit it."""

    def save(self) -> None:
        """Commit the acts that are held."""

    def save_in(self, copy: Workspace) -> None:
        """Commit the acts that are held in a copy of the workspace, which is gone; here they stay held."""

    def close(self) -> None:
        """Commit what is held; what was refused is added to what was done elsewhere: it is too late to ask."""

    def suggest(self, run: str, proposals: Sequence[Proposal]) -> int:
        """Put proposals beside the document; returns how many were new."""

    def repair_words(self, repair: WordRepair) -> None:
        """Replace words that OCR read wrong."""

    def undo(self) -> Event | None: ...

    def redo(self) -> Event | None:
        """Do the last undone act again."""

    def history(self) -> Sequence[Event]:
        """Who did what when, the oldest first."""

    def reload(self) -> None:
        """Read the document again, as it is now."""


class DocumentEditor:
    """A document opened for work.

    Args:
        workspace: an open workspace.
        document: the document's id.
        judge: recounts what the list shows after every act; None leaves the counts alone.
        annotator: the name in the events; None takes the workspace's.
    """

    blind = False

    def __init__(
        self, workspace: Workspace, document: int, judge: Judge | None = None, annotator: str | None = None
    ) -> None:
        self._workspace = workspace
        self._judge = judge
        self.annotator = annotator or workspace.settings.who
        self.refused: Act | None = None
        self.unsaved: WorkbenchError | None = None
        self._held: list[Act] = []
        self.content: Content = self._read(document)

    @property
    def state(self) -> Annotations:
        """What annotators decided so far."""
        return self.content.annotations

    @property
    def is_stale(self) -> bool:
        """Whether the document was changed elsewhere since it was opened here."""
        with self._workspace.db.read() as connection:
            return documents.get(connection, self.content.document.id).version != self.content.document.version

    @property
    def open_suggestions(self) -> list[Suggestion]:
        """Open suggestions, as `storage.suggestions.leading` has them, the least sure first."""
        return sorted(leading(self.content.suggestions, self.state.spans), key=lambda s: (s.confidence, s.id))

    def act(self, name: str, after: Annotations) -> bool:
        """Commit an act, and before it those that are held; True when it changed something.

        Args:
            name: what the act is called in the history ("assign", "accept" …).
            after: the state it leads to, made by the functions of workbench/annotation/acts.py from `self.state`.

        Raises:
            Conflict: the document was changed elsewhere; the newer state has been loaded and is shown by `content`,
                the acts are kept in `refused`, as one, on the words that it has now.
            InputProblem: the option of a class field is gone.
            NotWritten, Busy: nothing was written, and all is as before; see `hold`.
        """
        is_change = after != self.state
        if is_change:
            options.check(self._workspace, after.classes - self.state.classes)
        self._commit([*self._held, Act(name, self.state, after)] if is_change else self._held)
        return is_change

    def hold(self, name: str, after: Annotations, why: WorkbenchError) -> None:
        """Show an act that could not be committed; `save` and the next act commit it.

        Args:
            name, after: as for `act`.
            why: what it raised.
        """
        self.unsaved = why
        if after != self.state:
            self._held.append(Act(name, self.state, after))
            self.content = self._with(after)

    def save(self) -> None:
        """Commit the acts that are held.

        Raises:
            Conflict, NotWritten, Busy: as for `act`.
        """
        self._commit(self._held)

    def save_in(self, copy: Workspace) -> None:
        """Commit the acts that are held in a copy of the workspace, which is gone; here they stay held."""
        there = DocumentEditor(copy, self.content.document.id, self._judge, self.annotator)
        there._commit(self._held)

    def close(self) -> None:
        """Commit what is held; what was refused is added to what was done elsewhere: it is too late to ask.

        Raises:
            Conflict, NotWritten, Busy: as for `act`.
        """
        with suppress(Conflict):
            self.save()
        if (mine := self.refused) is not None:
            self.refused = None
            self.act(mine.name, merge(self.state, mine.before, mine.after))

    def _commit(self, acts: Sequence[Act]) -> None:
        """Commit acts, each of which begins where the one before it ended: all of them, or none."""
        if not acts:
            return
        shown, document = self._with(acts[-1].after), self.content.document
        counts = self._judge(shown) if self._judge else (None, None)
        version = document.version
        try:
            with self._workspace.db.write() as connection:
                changed = {number for number, _ in acts[0].before.decisions ^ acts[-1].after.decisions}
                bring_back(connection, document.id, [s for s in self.content.suggestions if s.id in changed])
                for act in acts:
                    version = annotations.commit(
                        connection,
                        document.id,
                        version,
                        act.before,
                        act.after,
                        act.name,
                        self.annotator,
                        disagreements=counts[0],
                        problems=counts[1],
                    )
        except Conflict:
            words, (before, after) = self.content.tokens, (acts[0].before, acts[-1].after)
            self._held, self.unsaved = [], None
            self.reload()
            if not has_same_words(words, self.content.tokens):
                before, after = (carry(state, words, self.content.tokens)[0] for state in (before, after))
            self.refused = Act(acts[-1].name, before, after)
            raise
        self._held, self.unsaved = [], None
        document = replace(shown.document, version=version)
        if counts[0] is not None and counts[1] is not None:
            document = replace(document, disagreements=counts[0], problems=counts[1])
        self.content = replace(shown, document=document)

    def suggest(self, run: str, proposals: Sequence[Proposal]) -> int:
        """Put proposals beside the document; returns how many were new.

        They take the place of the same run's open suggestions; nothing becomes a label by it.
        """
        self.save()
        with self._workspace.db.write() as connection:
            kept = keep_suggestions(connection, run, {self.content.document.id: proposals}, replaces=(run,))
        self.reload()
        return kept

    def repair_words(self, repair: WordRepair) -> None:
        """Replace words that OCR read wrong, with the labels and suggestions on them.

        Raises:
            Conflict: the document was changed elsewhere; nothing is written, and the newer state was loaded.
        """
        self.save()
        before = self.content
        corrected = {new: text for token, text in self.state.texts for new in repair.moved[token][:1]}
        kept = {token.id: corrected[token.id] for page in repair.pages for token in page.tokens if token.original}
        words = {
            **words_before(before, repair),
            "texts": sorted(self.state.texts),
            "suggestions": {str(s.id): list(s.tokens) for s in before.suggestions},
        }
        offers = {s.id: moved_tokens(s.tokens, repair.moved) for s in before.suggestions}
        with self._with_other_words(repair, kept, offers) as connection:
            annotations.move_tokens(
                connection, before.document.id, repair.moved, repair.summary, self.annotator, self.state, words
            )

    @contextmanager
    def _with_other_words(
        self, repair: WordRepair, corrections: dict[int, str], offers: dict[int, tuple[int, ...]]
    ) -> Iterator[Connection]:
        document = self.content.document
        try:
            with self._workspace.db.write() as connection:
                documents.replace_pages(connection, document.id, document.version, repair.pages, corrections)
                move_suggestions(connection, document.id, offers)
                opinions.move_tokens(connection, document.id, lambda tokens: moved_tokens(tokens, repair.moved))
                yield connection
                documents.recount_labels(connection, document.id)  # a word that two labels would have drops one
                if self._judge:
                    content = documents.open_document(connection, document.id)
                    documents.recount(connection, document.id, *self._judge(content))
        finally:
            self.reload()

    def undo(self) -> Event | None:
        """Take the last act back, across restarts; None when there is nothing left."""
        try:
            self.save()
        except WAITING:
            return self._let_go()
        with self._workspace.db.read() as connection:
            done, _ = annotations.stacks(annotations.history(connection, self.content.document.id))
        if done and done[-1].act == annotations.WORDS:
            self._put_words_back(done[-1])
            return done[-1]
        return self._turn(annotations.undo)

    def _let_go(self) -> Event:
        """Forget the last act that is held."""
        act = self._held.pop()
        self.content = self._with(act.before)
        if not self._held:
            self.unsaved = None
        change = annotations.difference(act.before, act.after)
        return Event(0, self.content.document.id, datetime.now(UTC), self.annotator, act.name, change)

    def _put_words_back(self, event: Event) -> None:
        """Undo a repair of words: the page, labels, corrections and suggestions as they were before."""
        before = event.change["repair"]
        repair = taken_back(self.content, before, event.change["words"])
        known = before["suggestions"]
        offers = {
            s.id: tuple(known.get(str(s.id)) or moved_tokens(s.tokens, repair.moved)) for s in self.content.suggestions
        }
        corrections = dict(before["texts"])
        with self._with_other_words(repair, corrections, offers) as connection:
            annotations.undo_words(
                connection, self.content.document.id, event, repair.moved, repair.summary, self.annotator
            )

    def redo(self) -> Event | None:
        """Do the last undone act again; None when there is none."""
        self.save()
        return self._turn(annotations.redo)

    def _turn(self, way: Callable[..., tuple[Annotations, Event] | None]) -> Event | None:
        document = self.content.document
        try:
            with self._workspace.db.write() as connection:
                turned = way(connection, document.id, document.version, self.state, self.annotator)
                if turned and self._judge:
                    documents.recount(connection, document.id, *self._judge(self._with(turned[0])))
        except Conflict:
            self.reload()
            raise
        self.reload()
        return turned[1] if turned else None

    def history(self) -> Sequence[Event]:
        """Who did what when, the oldest first."""
        with self._workspace.db.read() as connection:
            return annotations.history(connection, self.content.document.id)

    def reload(self) -> None:
        """Read the document again, as it is now."""
        self.content = self._read(self.content.document.id)

    def _read(self, document: int) -> Content:
        """The document, its name told apart from others.

        Of a retired field nothing is offered any more, what was decided about it stays.
        """
        with self._workspace.db.read() as connection:
            content = documents.open_document(connection, document)
            shown = document_list.shown_names(connection, [content.document.name]).get(document)
        if shown:
            content = replace(content, document=replace(content.document, name=shown))
        active = {field.id for field in self._workspace.schema.active}
        offered = (s for s in content.suggestions if s.field in active or s.decision is not Decision.OPEN)
        likely = tuple(s for s in content.class_suggestions if s.field in active)
        return replace(content, suggestions=tuple(offered), class_suggestions=likely)

    def _with(self, after: Annotations) -> Content:
        """The content as it is shown after an act: decisions and corrected texts put in."""
        decided = dict(after.decisions)
        texts = dict(after.texts)
        before = dict(self.state.texts)
        pages = self.content.pages
        if texts != before:
            pages = tuple(
                replace(page, tokens=tuple(_corrected(token, texts) for token in page.tokens)) for page in pages
            )
        suggestions = tuple(
            s if s.decision is (now := decided.get(s.id, Decision.OPEN)) else replace(s, decision=now)
            for s in self.content.suggestions
        )
        document = replace(
            self.content.document,
            state=after.state,
            note=after.note,
            labels=len(after.spans) + len(after.classes),
            suggestions=0 if after.state is State.LABELLED else len(leading(suggestions, after.spans)),
        )
        return replace(self.content, document=document, pages=pages, annotations=after, suggestions=suggestions)


def has_same_words(before: Sequence[Token], now: Sequence[Token]) -> bool:
    """Whether a document's words are those that were read before, where they were; corrections of texts aside."""
    return [(t.box, t.original or t.text) for t in before] == [(t.box, t.original or t.text) for t in now]


def _corrected(token: Token, texts: dict[int, str]) -> Token:
    original = token.original if token.original is not None else token.text
    if token.id in texts:
        return structs.replace(token, text=texts[token.id], original=original)
    return structs.replace(token, text=original, original=None) if token.original is not None else token
