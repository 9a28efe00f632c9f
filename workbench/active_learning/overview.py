"""Where the relabel loop stands: one immutable snapshot, from which the queue screen is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from storage import document_list, label_queries, queue, runs
from storage.records import Round, Run, Side, State
from workbench import pool_order
from workbench.active_learning import loop_task, next_run, retraining, round_figures, train_after
from workbench.active_learning.loop_task import TOKENS, LoopTask
from workbench.active_learning.next_run import NextRun
from workbench.active_learning.round_figures import Chart
from workbench.active_learning.stopping import Advice
from workbench.annotation import adjudication, rounds
from workbench.annotation.adjudication import Dispute
from workbench.annotation.agreement import Agreement
from workbench.evaluation import comparison
from workbench.evaluation.comparison import Figures
from workbench.fields.values import joined
from workbench.live import record
from workbench.runs import progress
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LoopOverview:
    """The loop at one moment.

    Attributes:
        task: what it is about.
        model: the newest run that ended with a model.
        training: a run that is at work, and how much of it is done (0..1).
        round: the open round, or None.
        begun: whether anything happened in it: choosing anew then ends it.
        names, states: of the round's documents.
        figures: of the open round once it is decided (see workbench/active_learning/round_figures.py).
        labelled, pool, suggested: documents of the training side that are labelled, that want labels, and that want
            labels and have suggestions.
        next_run: what a run that is started now would learn from.
        measuring: documents of the validation and test sides that want labels.
        advice: whether another batch pays; None while a batch is being labelled.
        learned: what the learner brought so far, in a sentence.
        is_live: whether the learner orders what is left anew after every label.
        automatic: how far it is to a run that begins by itself, in a sentence; "" where none does.
    """

    task: LoopTask = TOKENS
    model: Run | None = None
    training: Run | None = None
    share: float = 0.0
    round: rounds.RoundProgress | None = None
    begun: bool = False
    names: Mapping[int, str] = field(default_factory=dict)
    states: Mapping[int, State] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    labelled: int = 0
    next_run: NextRun = field(default_factory=NextRun)
    pool: int = 0
    measuring: int = 0
    suggested: int = 0
    advice: Advice | None = None
    learned: str = ""
    is_live: bool = False
    automatic: str = ""

    @property
    def documents(self) -> tuple[int, ...]:
        """Those of the open round, in its order."""
        return tuple(entry.document for entry in self.round.entries) if self.round else ()

    @property
    def complete(self) -> bool:
        """Whether every document of the open round is decided."""
        return self.round is not None and not self.round.left


@dataclass(frozen=True, slots=True)
class RoundHistory:
    """What the rounds cost and brought."""

    rounds: tuple[tuple[Round, int, Run | None], ...]  # with its documents, and the model trained on it
    chart: Chart
    first: Run | None  # the model before the first round
    f1: Figures  # of these models on validation, by run


@dataclass(frozen=True, slots=True)
class AgreementOverview:
    """How far annotators agree, with each other and with themselves."""

    agreement: Mapping[tuple[str, str], Agreement]
    disputes: tuple[Dispute, ...]


def read(workspace: Workspace, task: LoopTask | None = None) -> LoopOverview:
    """Read the loop of a task, by default of the usual one. Runs that ended are collected elsewhere (runs/watch.py)."""
    task = task or loop_task.usual(workspace)
    now = rounds.current(workspace)
    automatic = train_after.standing(workspace).sentence
    with workspace.db.read() as connection:
        ended = loop_task.ended_runs(connection, task)
        active = runs.listed(connection, runs.ACTIVE)
        pool, suggested = label_queries.waiting(connection, task.field, Side.TRAIN)
        ids = tuple(entry.document for entry in now.entries) if now else ()
        listed = document_list.page(connection, document_list.Filter(ids=ids), 0, max(1, len(ids)))
        overview = LoopOverview(
            task=task,
            model=ended[0] if ended else None,
            training=active[-1] if active else None,
            share=progress.of(workspace.files.run(active[-1].id)).share if active else 0.0,
            round=now,
            begun=now is not None and now.round.id not in queue.untouched(connection),
            names=_names(connection, ids, task),
            states={d.id: d.state for d in listed},
            labelled=retraining.labelled_documents(connection, task),
            next_run=next_run.sides(connection, task.field),
            learned="" if task.field else record.line(workspace.files, workspace.schema),
            is_live=workspace.settings.learner and workspace.settings.order == pool_order.LIVE,
            automatic=automatic,
            pool=pool,
            suggested=suggested,
            measuring=label_queries.waiting(connection, task.field, Side.VALIDATION, Side.TEST)[0],
        )
    if now is not None and now.left:
        return overview
    figures = round_figures.figures(workspace, now.round, now.entries) if now else {}
    return replace(overview, figures=figures, advice=round_figures.chart(workspace, task=task).advice)


_WORDS = 40
"""Of a text, in the list of a batch."""


def _names(connection: Connection, ids: tuple[int, ...], task: LoopTask) -> dict[int, str]:
    """What a batch calls its documents; where they are classified, by how their text begins."""
    names = document_list.names_of(connection, ids)
    if task.field:
        beginnings = document_list.beginnings(connection, ids, _WORDS)
        names |= {number: joined(words) for number, words in beginnings.items() if words}
    return names


def history(workspace: Workspace, batch: int, task: LoopTask = TOKENS) -> RoundHistory:
    """All rounds with the model of a task that each led to, and the chart."""
    with workspace.db.read() as connection:
        listed = queue.listed(connection)
        sizes = {round_.id: len(queue.entries(connection, round_.id)) for round_ in listed}
        ended = loop_task.ended_runs(connection, task)[::-1]
    begins = [round_.created for round_ in listed]
    rows = []
    for number, round_ in enumerate(listed):
        until = begins[number + 1] if number + 1 < len(begins) else None
        since = round_.closed  # a model that was begun while it was open knows only a part of it
        after = [r for r in ended if since and r.created >= since and (until is None or r.created < until)]
        rows.append((round_, sizes[round_.id], after[-1] if after else None))
    before = [run for run in ended if not begins or run.created < begins[0]]
    first = before[-1] if before else None
    models = [run for run in (first, *(run for *_, run in rows)) if run is not None]
    chart = round_figures.chart(workspace, batch, task)
    return RoundHistory(tuple(rows), chart, first, comparison.on_validation(workspace, models))


def quality(workspace: Workspace) -> AgreementOverview:
    """Agreement and the adjudication list."""
    measured, disputes = adjudication.look(workspace)
    with workspace.db.read() as connection:
        names = document_list.names_of(connection, [dispute.document for dispute in disputes])
    named = (replace(dispute, name=names.get(dispute.document, dispute.name)) for dispute in disputes)
    return AgreementOverview(measured, tuple(named))
