"""Class labels come in, probabilities of the texts without one go out: of the next ones first. [worker]

As with words (`learner.py`), labels are read from the database. What it writes takes the place of what a run thought of
a text where it is likelier right; labels are never touched.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from storage import annotations, document_list, label_queries, runs
from storage.exceptions import WorkbenchError
from storage.label_queries import ClassStanding
from storage.records import RunState, State
from storage.suggestions import class_shares, keep_class_suggestions
from workbench import pool_order
from workbench.fields import Field
from workbench.live import record as records
from workbench.live.messages import Look
from workbench.live.record import Outcome, Record
from workbench.predictions import document_kinds
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.training.learner import class_head, text_encoder
from workbench.training.learner.class_head import ClassHead, Shares
from workbench.training.learner.pool_scores import PoolScores
from workbench.training.learner.texts import Texts
from workbench.workspace import Workspace

RUN = "learner"
"""The `run` of its probabilities."""
MOST_TEXTS = 2_000
"""Labelled texts that are learned from: those that were labelled last."""
AT_ONCE = 20
"""Of the texts that come next, those that get their probabilities in one go after a label."""
_PART = 256  # texts of the pool in one step
_CHANGE = 0.02  # of a probability: smaller ones are not written, except of what comes next
_TOGETHER = 64  # labels that come at once and are compared with what stood there


Readings = tuple[Shares, Shares, Shares]
"""What a run or the title, the head, and what was shown say of a text, as in `Outcome`."""


@dataclass(slots=True)
class Learned:
    """What is known of a class field."""

    field: Field
    labels: dict[int, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )  # document -> its options, the latest at the end
    runs_shares: dict[int, Shares] = dataclasses.field(default_factory=dict)  # document -> what a run thinks of it
    head: ClassHead | None = None
    pending: dict[int, Readings] = dataclasses.field(default_factory=dict)  # documents whose label may not be whole yet

    def by_title(self) -> dict[str | None, Shares]:
        """Kind of document -> what it says, for options with too few labels to be told by anything else."""
        if self.field.multiple:
            return {}
        labelled = Counter(option for options in self.labels.values() for option in options)
        rare = [option for option in self.field.options if labelled[option] < class_head.LEAST]
        return document_kinds.shares(self.field.options, rare)


class ClassLearner:
    """Learns every class field of a workspace.

    Args:
        workspace: open.
        record: shared with the learner of words.
        scores: shared with it, too.
        note: says a line to the analyst.

    Raises:
        WorkbenchError: the encoder is missing or damaged.
    """

    def __init__(
        self, workspace: Workspace, record: Record, scores: PoolScores, note: Callable[[str], None] = print
    ) -> None:
        self._workspace, self._record, self._scores = workspace, record, scores
        self._texts = Texts(workspace, note)
        self._learned: dict[str, Learned] = {}
        self._waiting: list[int] = []  # labelled, and perhaps not encoded yet
        self._begin()

    def _begin(self) -> None:
        self._fields = self._workspace.schema.classes
        with self._workspace.db.read() as connection:
            self._event = label_queries.newest_event(connection)
            self._runs = runs.finished_stamp(connection)
            self._learned = {f.id: Learned(f) for f in self._fields}
            for learned in self._learned.values():
                listed = label_queries.lately_classified(connection, learned.field.id, MOST_TEXTS)
                options = label_queries.classified(connection, learned.field.id, listed)
                learned.labels = {number: tuple(options[number]) for number in listed}
        self._waiting = list(dict.fromkeys(n for learned in self._learned.values() for n in learned.labels))
        for learned in self._learned.values():
            learned.runs_shares = self._of_latest_run(learned.field)
            self._scores.forget(learned.field.id)

    def _of_latest_run(self, of: Field) -> dict[int, Shares]:
        """What the latest run that learned a field thinks of the pool: the learner may have written over it."""
        with self._workspace.db.read() as connection:
            finished = runs.listed(connection, [RunState.FINISHED, RunState.STOPPED], task=parquet.CLASSES)
        for run in finished:
            folder = RunFolder(self._workspace.files.run(run.id))
            try:
                if Request.read(folder.path).fields[0].id == of.id:
                    return {
                        case.document: {o: share for o, share in case.probabilities.items() if o in of.options}
                        for case in parquet.stream_classes(folder.path, "pool")
                    }
            except (WorkbenchError, IndexError):  # its folder is gone or damaged
                continue
        return {}

    def documents(self, of: str) -> int:
        """How many documents of a class field are learned from."""
        return len(self._learned[of].labels)

    # labels

    def update(self) -> bool:
        """Take in what was labelled since the last time, and fit the heads again; whether anything was.

        Raises:
            WorkbenchError: the workspace cannot be read.
        """
        with self._workspace.db.read() as connection:
            now = runs.finished_stamp(connection)
        if self._workspace.schema.classes != self._fields or now != self._runs:
            self._begin()
            return True
        with self._workspace.db.read() as connection:
            newest = label_queries.newest_event(connection)
            acts = label_queries.acted_on(connection, self._event) if newest != self._event else {}
            concerned = list(acts)[-MOST_TEXTS:]
            of_test = label_queries.of_test(connection, concerned)
        self._event = newest
        if not concerned:
            return False
        changed = False
        for learned in self._learned.values():
            with self._workspace.db.read() as connection:
                listed = [*concerned, *(n for n in learned.pending if n not in acts)]
                classified = label_queries.classified(connection, learned.field.id, listed)
            options = {n: tuple(o) for n, o in classified.items() if n not in of_test}
            new = [number for number in concerned if number in options and number not in learned.labels]
            by_people = [number for number in new if acts[number][0] != annotations.IMPORT][-_TOGETHER:]
            self._compare(learned, by_people)
            self._note_outcomes(learned, options, concerned[-1])
            changed |= self._take(learned, concerned, options)
            self._waiting += [number for number in new if number not in by_people]
        if changed:
            records.write(self._workspace.files.learner_record, self._record)
            if not self._waiting:
                self._fit()
        return changed

    def _take(self, learned: Learned, concerned: Sequence[int], options: dict[int, tuple[str, ...]]) -> bool:
        """Take the labels of documents that were acted on; whether any changed."""
        changed = False
        for number in concerned:
            now = options.get(number, ())
            if now != learned.labels.pop(number, ()):
                changed = True
            if now:
                learned.labels[number] = now
        while len(learned.labels) > MOST_TEXTS:
            del learned.labels[next(iter(learned.labels))]
        return changed

    def _compare(self, learned: Learned, numbers: Sequence[int]) -> None:
        """Keep what each reader says of newly labelled texts, before anything is learned from them."""
        if not numbers or self._waiting:  # while the labels of before are read, the head does not know enough
            return
        for _ in self._texts.prepare(numbers):
            pass
        base, head = self._readings(learned, numbers)
        with self._workspace.db.read() as connection:
            stored = class_shares(connection, learned.field.id, numbers)
        for number in numbers:
            run, shown = stored.get(number, ("", {}))
            by_base = shown if run not in ("", RUN) else base.get(number, {})
            learned.pending[number] = (by_base, head.get(number, {}), shown)

    def _note_outcomes(self, learned: Learned, options: dict[int, tuple[str, ...]], latest: int) -> None:
        """Say of texts whose label is whole which readers were right.

        Several options of a text come key by key: it is whole when another text was acted on.
        """
        whole = [number for number in learned.pending if not learned.field.multiple or number != latest]
        for number in whole:
            readings = learned.pending.pop(number)
            if number in options:
                suggested = (class_head.suggested(shares, learned.field) for shares in readings)
                outcome = Outcome(*(reading == set(options[number]) for reading in suggested))
                self._record.add(number, {learned.field.id: outcome})

    def _fit(self) -> None:
        for learned in self._learned.values():
            vectors = self._texts.known(list(learned.labels))
            numbers = [number for number in learned.labels if number in vectors]
            if numbers:
                table = np.stack([vectors[number] for number in numbers])
                learned.head = class_head.fit(table, [learned.labels[n] for n in numbers], learned.field)
            else:
                learned.head = None

    # suggestions

    def steps(self, look: Look, is_old: Callable[[], bool]) -> Iterator[None]:
        """Bring the texts that come next up to date, then all others; a step takes a moment.

        Args:
            look: what is looked at.
            is_old: whether something else is looked at by now, so that nothing may be written.

        Raises:
            WorkbenchError: the workspace cannot be read or written.
        """
        following = [number for number in look.following if number != look.document]
        if self._scores.is_wanted:
            following = self._live_order(following, look.document)
        yield from self._learn_earlier(following, is_old)
        yield from self._texts.prepare(following[:AT_ONCE])
        self._suggest(following[:AT_ONCE], is_old)
        yield
        if look.document is not None:
            yield from self._texts.prepare([look.document])
        yield from self._texts.prepare(following)
        self._suggest(following[AT_ONCE:], is_old)
        yield from self._all(look, is_old)

    def _live_order(self, following: list[int], in_view: int | None) -> list[int]:
        """What comes next by what is believed now of the texts that were doubted most before."""
        for learned in self._learned.values():
            doubted = next(self._scores.parts(learned.field.id, following), [])
            self._note_doubts(learned, doubted)
        self._scores.keep()
        best = [number for number in self._scores.best(pool_order.MOST) if number != in_view]
        ordered = pool_order.arranged(following, best)
        return list(dict.fromkeys([*ordered[:AT_ONCE], *best[:AT_ONCE], *ordered]))

    def _note_doubts(self, learned: Learned, numbers: Sequence[int]) -> None:
        """Say how unsure the head is of texts."""
        if self._scores.is_wanted:
            _, head = self._readings(learned, numbers)
            doubts = {n: round(1 - class_head.sureness(shares, learned.field), 4) for n, shares in head.items()}
            self._scores.note(learned.field.id, doubts)

    def _learn_earlier(self, following: Sequence[int], is_old: Callable[[], bool]) -> Iterator[None]:
        """Encode what was labelled before the learner began; with every part more is known."""
        while self._waiting:
            part = self._waiting[-_PART:]  # the latest first
            yield from self._texts.prepare(part)
            del self._waiting[-len(part) :]
            self._fit()
            self._suggest(following[:AT_ONCE], is_old)
            yield

    def _all(self, look: Look, is_old: Callable[[], bool]) -> Iterator[None]:
        """Every document of the workspace, as the sheet and its order by probability want it."""
        with self._workspace.db.read() as connection:
            everything = document_list.ids(connection)
        for first in range(0, len(everything), _PART):
            part = everything[first : first + _PART]
            if not self._texts.is_full:
                yield from self._texts.prepare(part)
            self._suggest([number for number in part if number != look.document], is_old, _CHANGE)
            yield
        if self._scores.is_wanted:
            for learned in self._learned.values():
                for numbers in self._scores.parts(learned.field.id, ()):
                    self._note_doubts(learned, numbers)
                    yield
            self._scores.keep()

    def _suggest(self, numbers: Sequence[int], is_old: Callable[[], bool], least: float = 0.005) -> None:
        """Replace what is thought of texts without a label by what is believed now.

        Args:
            numbers: of documents; those that were not encoded yet are left out.
            least: change of a probability that is written.
        """
        for learned in self._learned.values():
            if not numbers or (learned.head is None and not learned.by_title()):
                continue
            with self._workspace.db.read() as connection:
                standings = label_queries.class_standings(connection, learned.field.id, numbers)
                waiting = [standing.document for standing in standings if _is_open(standing)]
                stored = class_shares(connection, learned.field.id, waiting)
            learned.runs_shares |= {number: now for number, (run, now) in stored.items() if run not in ("", RUN)}
            base, head = self._readings(learned, waiting)
            wanted: dict[int, Shares] = {}
            for number in base.keys() | head.keys():
                _, now = stored.get(number, ("", {}))
                shares = self._chosen(learned, head.get(number, {}), base.get(number, {}))
                if _differs(now, shares, least):
                    wanted[number] = shares
            if wanted and not is_old():
                with self._workspace.db.write() as connection:
                    rows = {number: list(shares.items()) for number, shares in wanted.items()}
                    keep_class_suggestions(connection, RUN, learned.field.id, rows)

    def _chosen(self, learned: Learned, head: Shares, base: Shares) -> Shares:
        """The reader that is likelier right: how sure it is, by how often it was right of late."""
        of = learned.field
        rates = self._record.rates(of.id)
        base_is_surer = class_head.sureness(base, of) * rates["base"] >= class_head.sureness(head, of) * rates["head"]
        return base if base and base_is_surer else head

    def _readings(self, learned: Learned, numbers: Sequence[int]) -> tuple[dict[int, Shares], dict[int, Shares]]:
        """(base, head): what a run says of texts, or else their titles, and what was learned from the labels."""
        base = {number: shares for number in numbers if (shares := learned.runs_shares.get(number))}
        by_title = learned.by_title()
        vectors = self._texts.known(numbers) if by_title or learned.head is not None else {}
        for number, vector in vectors.items():
            if shares := by_title.get(text_encoder.kind_of(vector)):
                base.setdefault(number, shares)
        if learned.head is None or not vectors:
            return base, {}
        rows = learned.head.shares(np.stack(list(vectors.values())))
        head = {
            number: {option: round(share, 4) for option, share in row.items()}
            for number, row in zip(vectors, rows, strict=True)
        }
        return base, head


def _is_open(standing: ClassStanding) -> bool:
    is_undecided = not standing.options and not standing.cannot_say
    return is_undecided and standing.state not in (State.SKIPPED, State.UNUSABLE)


def _differs(before: Shares, now: Shares, least: float) -> bool:
    return before.keys() != now.keys() or any(abs(before[option] - now[option]) >= least for option in now)
