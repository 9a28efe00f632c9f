"""Labels come in, suggestions of the documents that come next go out. [worker]

What was labelled is read from the database, so that a learner that was killed, or that another terminal's labels come
from, misses nothing. What it writes takes the way of every model's suggestions: known values and people outrank it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from storage import annotations, document_list, documents, label_queries
from storage.exceptions import InputProblem
from storage.records import KNOWN_SOURCES, Content, Side, State
from storage.suggestions import keep_suggestions
from workbench import pool_order
from workbench.evaluation import prediction_process
from workbench.fields import FieldType
from workbench.live import record as records
from workbench.live.messages import Look
from workbench.live.record import Record
from workbench.locate.vendors import own_fields
from workbench.locate.vendors.captions import Captions
from workbench.locate.vendors.same_place import Page
from workbench.predictions import model_and_rules, suggestions
from workbench.predictions.cases import IN_PIECES, labelled_once
from workbench.predictions.suggestions import Trust
from workbench.runs.parquet import FrozenDocument
from workbench.runs.snapshot import row_of
from workbench.runs.suggestions_file import Proposal
from workbench.training.learner import head as heads
from workbench.training.learner import offered, readers, times_of_day
from workbench.training.learner.head import Head
from workbench.training.learner.pool_scores import PART, PoolScores, doubt
from workbench.training.learner.readers import Base, Features, Kept, Values
from workbench.training.learner.remembered import Printed, Remembered
from workbench.training.learner.same_place import Pages, SamePlaces, page_of
from workbench.workspace import Workspace

RUN = "learner"
"""The `run` of its suggestions."""
MOST_DOCUMENTS = 300
"""Labelled documents that are learned from: those that were accepted last."""
AT_ONCE = 5
"""Of the documents that come next, those that get their suggestions in one go after a label."""
_ABOUT = "words"  # of the scores
_REMEMBERED = 200  # documents whose readings stay in memory


@dataclass(frozen=True, slots=True)
class Labelled:
    """An accepted document that is learned from."""

    row: FrozenDocument
    features: Features
    printed: Printed
    page: Page


class Learner:
    """Learns from a workspace's labels, and keeps the suggestions of the documents that come next up to date.

    Args:
        workspace: open.
        record: shared with the learner of classes.
        scores: shared with it, too.
        note: says a line to the analyst.
    """

    def __init__(
        self, workspace: Workspace, record: Record, scores: PoolScores, note: Callable[[str], None] = print
    ) -> None:
        self._workspace, self._record, self._scores, self._note = workspace, record, scores, note
        self._base_name = ""
        self._answers: dict[int, offered.Answers] = {}  # of documents that were accepted lately
        self._choose_base()
        self._begin()

    def _choose_base(self) -> bool:
        """Take the model in use; whether it is another one than before."""
        self._choice = prediction_process.stamp(self._workspace)
        name = prediction_process.in_use(self._workspace)
        if name == self._base_name:
            return False
        self._base_name = name
        self._use_base(name)
        return True

    def _use_base(self, name: str) -> None:
        self._base: Base = readers.base_of(self._workspace, name, self._note)
        self._ahead: dict[int, Kept | None] = {}  # documents that were encoded before they are looked at

    def _fall_back(self, problem: InputProblem) -> None:
        """Take the starter instead of a model that cannot read documents.

        Raises:
            InputProblem: it is the starter.
        """
        if self._base.name == prediction_process.STARTER:
            raise problem
        self._note(readers.instead_of(self._base.name, problem))
        self._use_base(prediction_process.STARTER)
        self._begin()

    def _begin(self) -> None:
        """Learn from the workspace's labels as they are now; features are read from their files."""
        self._use_settings()
        self._labelled: dict[int, Labelled] = {}
        self._readings: dict[int, tuple[int, Values]] = {}  # document -> (hash of its words, the base's)
        self._head: Head | None = None
        self._remembered = Remembered((), self._settings.schema)
        self._places = SamePlaces((), self._settings.schema)
        self._captions, self._pages = Captions((), ()), Pages()
        self._scores.forget(_ABOUT)
        with self._workspace.db.read() as connection:
            self._event = label_queries.newest_event(connection)
            # accepted before it began, and not encoded yet: the latest at the end
            self._waiting = label_queries.lately_accepted(connection, MOST_DOCUMENTS)

    def _use_settings(self) -> None:
        settings = self._settings = self._workspace.settings
        self._fields = {field.id for field in settings.schema.spans}
        self._texts = {field.id for field in settings.schema.spans if field.type is FieldType.TEXT}
        self._pieces = frozenset(field.id for field in settings.schema.spans if field.type in IN_PIECES)
        self._trust: Trust = suggestions.trust_of(settings, self._base.run)

    @property
    def documents(self) -> int:
        """How many documents are learned from."""
        return len(self._labelled)

    # labels

    def update(self) -> bool:
        """Take in what was labelled since the last time, and fit the head again; whether anything was.

        Raises:
            WorkbenchError: the workspace cannot be read.
        """
        try:
            return self._update()
        except InputProblem as problem:
            self._fall_back(problem)
            return True

    def _update(self) -> bool:
        changed = prediction_process.stamp(self._workspace) != self._choice and self._choose_base()
        if changed or self._workspace.schema.spans != self._settings.schema.spans:
            changed = True
            self._begin()
        elif self._workspace.settings is not self._settings:
            self._use_settings()
            self._readings.clear()
        with self._workspace.db.read() as connection:
            newest = label_queries.newest_event(connection)
            acts = label_queries.acted_on(connection, self._event)
            concerned = [n for n, (_, is_accepted) in acts.items() if is_accepted or n in self._labelled]
            contents = {number: self._content(connection, number) for number in concerned[-MOST_DOCUMENTS:]}
        self._event = newest
        learned = False
        for number, content in contents.items():
            # while the documents of before are read, the head does not know enough
            counts = acts[number][0] != annotations.IMPORT and not self._waiting
            learned |= self._take(number, content, counts=counts)
        if learned:
            if not self._waiting:
                self._fit()
            records.write(self._workspace.files.learner_record, self._record)
        return changed or learned

    def _content(self, connection: Connection, number: int) -> Content | None:
        if number not in document_list.ids(connection, document_list.Filter(ids=(number,))):
            return None
        return documents.open_document(connection, number)

    def _take(self, number: int, content: Content | None, *, counts: bool) -> bool:
        """Take a document that was acted on; whether what is learned from changed."""
        was_known = self._labelled.pop(number, None) is not None
        if content is None or content.document.state is not State.LABELLED or content.document.side is Side.TEST:
            return was_known
        row = self._row(content)
        if not row.words or row.tags is None:
            return was_known
        features = self._base.features(row)
        self._labelled[number] = Labelled(row, features, Printed.of(row), page_of(row))
        if counts:
            self._judge(content, row, features, was_known=was_known)
        while len(self._labelled) > MOST_DOCUMENTS:
            del self._labelled[next(iter(self._labelled))]
        return True

    def _row(self, content: Content) -> FrozenDocument:
        return row_of(content, self._fields, self._workspace.files.picture)

    def _judge(self, content: Content, row: FrozenDocument, features: Features, *, was_known: bool) -> None:
        """Compare what was suggested before a document was accepted with what it holds now: it may have been corrected
        since."""
        number = content.document.id
        answers = self._answers.pop(number, None)
        if answers is None:
            if was_known or not self._fields.isdisjoint(self._record.documents.get(number, ())):
                return  # what is learned from it is in what would be said now
            tags = (tag for document in self._labelled.values() for tag in document.row.tags or ())
            read = self._read(content, row, features) | {"shown": offered.shown(content.suggestions)}
            answers = offered.Answers(read, frozenset(tag[2:] for tag in tags if tag != "O"))
        case = readers.case_of(row, ("O",), features.states[:, :1] * 0, frozenset(), self._pieces)
        outcomes = answers.outcomes(model_and_rules.values_of(case), self._fields)
        self._record.replace(number, self._fields, outcomes)
        self._answers[number] = answers
        while len(self._answers) > _REMEMBERED:
            del self._answers[next(iter(self._answers))]

    def _fit(self) -> None:
        listed = list(self._labelled.values())
        self._remembered = Remembered([document.printed for document in listed], self._settings.schema)
        self._places = SamePlaces([document.page for document in listed], self._settings.schema)
        own = [field for field in self._settings.schema.spans if own_fields.is_own(field.id)]
        self._captions = Captions([document.page for document in listed], own)
        tags = [document.row.tags or [] for document in listed]
        fields = sorted({tag[2:] for document in tags for tag in document if tag != "O"} & self._fields)
        if not fields:
            self._head = None
            return
        labels = ["O", *(f"{prefix}-{field}" for field in fields for prefix in "BI")]
        self._head = heads.fit([d.features.states for d in listed], tags, labels, self._head)

    # suggestions

    def steps(self, look: Look, is_old: Callable[[], bool]) -> Iterator[None]:
        """Bring the documents that come next up to date, then what else is to be done; a step takes a moment.

        Args:
            look: what is looked at.
            is_old: whether something else is looked at by now, so that nothing may be written.

        Raises:
            WorkbenchError: the workspace cannot be read or written.
        """
        try:
            yield from self._steps(look, is_old)
        except InputProblem as problem:
            self._fall_back(problem)
            yield from self._steps(look, is_old)

    def _steps(self, look: Look, is_old: Callable[[], bool]) -> Iterator[None]:
        following = [number for number in look.following if number != look.document]
        rest = self._score_pool(following)
        if self._head is not None and self._scores.is_wanted:
            next(rest, None)
            following = self._live_order(following, look.document)
        if self._head is not None:
            self._suggest(following[:AT_ONCE], is_old)
            yield
        if look.document is not None:
            self._prepare(look.document)
        for number in following[:AT_ONCE]:
            self._prepare(number)
            yield
        while self._waiting:
            number = self._waiting.pop()
            if number not in self._labelled:
                self._take_earlier(number)
            if not self._waiting or len(self._labelled) % 20 == 0:
                self._fit()
                self._suggest(following[:AT_ONCE], is_old)
            yield
        if self._head is not None:
            for number in following[AT_ONCE:]:
                self._suggest([number], is_old)
                yield
            if self._scores.is_wanted:
                yield from rest
        yield from self._encode_ahead()

    def _score_pool(self, first: list[int]) -> Iterator[None]:
        """Say how useful the pool's documents are, part by part, the likeliest to be useful first."""
        for number, part in enumerate(self._scores.parts(_ABOUT, first)):
            self._score(part)
            if number == 0:
                self._scores.keep()
            yield
        self._scores.keep()

    def _score(self, numbers: list[int]) -> None:
        if self._head is None:
            return
        tags = [set(document.row.tags or ()) for document in self._labelled.values()]
        shares = {f: sum(f"B-{f}" in present for present in tags) / len(tags) for f in self._head.fields}
        files = {number: kept for number in numbers if (kept := self._ahead.get(number)) is not None}
        states = {n: table for n, file in files.items() if (table := self._base.kept(file)) is not None}
        self._scores.note(_ABOUT, {n: doubt(self._head, shares, table) for n, table in states.items()})

    def _live_order(self, following: list[int], in_view: int | None) -> list[int]:
        """What comes next by the scores of now: of the list that is followed, and of the pool."""
        best = [number for number in self._scores.best(pool_order.MOST) if number != in_view]
        ordered = pool_order.arranged(following, best)
        return list(dict.fromkeys([*ordered[:AT_ONCE], *best[:AT_ONCE], *ordered]))

    def _encode_ahead(self) -> Iterator[None]:
        """Encode all other documents, as far as there is space for their features; what was encoded before is kept."""
        with self._workspace.db.read() as connection:
            everything = document_list.ids(connection)
        new: list[int] = []
        for number in everything:
            if number in self._ahead:
                continue
            with self._workspace.db.read() as connection:
                content = self._content(connection, number)
            row = self._row(content) if content is not None else None
            kept = self._base.keep_ahead(row) if row is not None and row.words else None
            if row is not None and row.words and kept is None:
                break
            self._ahead[number] = kept
            new.append(number)
            if len(new) % PART == 0:
                self._place(new[-PART:])
            yield
        self._place(new[-(len(new) % PART) :] if len(new) % PART else [])

    def _place(self, numbers: list[int]) -> None:
        """Give documents that were encoded just now their place in the order."""
        if numbers and self._scores.is_wanted and self._head is not None:
            self._score(numbers)
            self._scores.keep()

    def _take_earlier(self, number: int) -> None:
        """A document that was accepted before the learner began: it comes before those that were accepted since."""
        with self._workspace.db.read() as connection:
            content = self._content(connection, number)
        since = self._labelled
        self._labelled = {}
        self._take(number, content, counts=False)
        self._labelled |= since

    def _prepare(self, number: int) -> None:
        """Encode and read a document, so that it need not be done when a label waits."""
        with self._workspace.db.read() as connection:
            content = self._content(connection, number)
        if content is not None and (row := self._row(content)).words:
            self._reading(content, row, self._base.features(row))

    def _suggest(self, numbers: list[int], is_old: Callable[[], bool]) -> None:
        """Replace models' suggestions of untouched documents by what is believed now."""
        with self._workspace.db.read() as connection:
            contents = [content for number in numbers if (content := self._content(connection, number)) is not None]
        wanted: dict[int, tuple[Content, list[Proposal]]] = {}
        for content in contents:
            row = self._row(content)
            if not offered.is_untouched(content) or not row.words:
                continue
            features = self._base.features(row)
            read = self._read(content, row, features)
            labelled = self._head.fields if self._head else frozenset()
            # a model's suggestions of fields that are never labelled are not wanted unless they were asked for
            asked = labelled | {s.field for s in content.suggestions if s.run not in KNOWN_SOURCES}
            proposals = [p for p in readers.chosen(read, self._record, labelled) if p[0] in asked]
            if offered.differs(content, proposals):
                wanted[content.document.id] = (content, proposals)
        if not wanted or is_old():
            return
        with self._workspace.db.write() as connection:
            kept = {}
            for number, (content, proposals) in wanted.items():
                now = annotations.current(connection, number)
                if now is not None and now[1] == content.document.version:
                    kept[number] = proposals
            keep_suggestions(connection, RUN, kept)

    def _reading(self, content: Content, row: FrozenDocument, features: Features) -> Values:
        """The base's reading, kept for a while: the rules take longer than all else."""
        number, words = content.document.id, hash(tuple(row.words))  # OCR may read it anew
        known = self._readings.pop(number, None)
        if known is None or known[0] != words:
            read = self._base.read(replace(row, tags=None), features, self._pieces, self._trust)
            known = words, {name: value for name, value in read.items() if name in self._fields}
        self._readings[number] = known
        while len(self._readings) > _REMEMBERED:
            del self._readings[next(iter(self._readings))]
        return known[1]

    def _read(self, content: Content, row: FrozenDocument, features: Features) -> dict[str, Values]:
        """What each reader of the record takes a document's values to be."""
        base, page, schema = self._reading(content, row, features), self._pages.of(row), self._settings.schema
        places = self._places.values(page)
        head = readers.whole_lines(self._head_values(row, features), base, row, self._pieces)
        head = readers.without_guesses(head, page, schema, [base, places])
        remembered = self._captions.values(page) | places | self._remembered.values(Printed.of(row))
        learned = {"head": self._captions.believed(head, page), "remembered": remembered}
        return {"base": base, **readers.without_others(learned, base, page, schema)}

    def _head_values(self, row: FrozenDocument, features: Features) -> Values:
        if self._head is None:
            return {}
        rows = [document.row for document in self._labelled.values()]
        once, unread = labelled_once(labelled.tags for labelled in rows), replace(row, tags=None)
        values = readers.head_values(self._head, unread, features, once, self._pieces, self._trust)
        return times_of_day.whole(values, unread, self._texts, rows)
