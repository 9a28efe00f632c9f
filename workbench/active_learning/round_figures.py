"""What rounds cost and brought: figures at their end, the learning curve over runs, and whether to go on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from storage import annotations, documents, queue
from storage.records import Content, QueueEntry, Round, Run, Source, State
from workbench.active_learning import loop_task, stopping
from workbench.active_learning.loop_task import TOKENS, LoopTask
from workbench.active_learning.stopping import Advice, Ground, Point
from workbench.annotation import adjudication
from workbench.evaluation import comparison
from workbench.evaluation.learning_curve_fit import Forecast, forecast
from workbench.runs.progress import trained_on
from workbench.workspace import Workspace

PAUSE = timedelta(minutes=2)
"""A longer gap between two acts is a pause, not work."""


def figures(workspace: Workspace, round_: Round, entries: Sequence[QueueEntry]) -> dict[str, Any]:
    """What a round cost and what became of the suggestions.

    `documents`, `labels`, `skipped`, `seconds` of labelling, `fields{F: {suggested, kept, changed, rejected, added}}`
    over the fields that are not retired, `agreement` (kept / suggested, None without suggestions), `retired` (labels
    of fields that were retired meanwhile), `consistency{annotators: {documents, kappa, f1}}` of the blind ones.
    """
    active = {f.id for f in workspace.schema.active}
    done: Counter[str] = Counter()
    fields: dict[str, Counter[str]] = {}
    moments: list[datetime] = []
    with workspace.db.read() as connection:
        for entry in entries:
            if entry.blind:
                continue
            content = documents.open_document(connection, entry.document)
            acts = annotations.history(connection, entry.document)
            moments += [act.at for act in acts if act.at >= round_.created and act.act != annotations.IMPORT]
            done["documents"] += content.document.state is State.LABELLED
            done["skipped"] += content.document.state in (State.SKIPPED, State.UNUSABLE)
            if content.document.state is State.LABELLED:
                done["labels"] += len(content.annotations.spans) + len(content.annotations.classes)
                done["retired"] += sum(span.field not in active for span in content.annotations.spans)
                for name, judged in _judge(content, round_.run):
                    if name in active:
                        fields.setdefault(name, Counter())[judged] += 1
    kinds = ("kept", "changed", "rejected", "added")
    by_field = {n: {k: c[k] for k in kinds} | {"suggested": sum(c.values()) - c["added"]} for n, c in fields.items()}
    suggested = sum(row["suggested"] for row in by_field.values())
    return {
        "documents": done["documents"],
        "labels": done["labels"],
        "skipped": done["skipped"],
        "left": sum(not entry.done for entry in entries),
        "retired": done["retired"],
        "seconds": round(working_seconds(moments), 1),
        "fields": dict(sorted(by_field.items())),
        "agreement": sum(row["kept"] for row in by_field.values()) / suggested if suggested else None,
        "consistency": {
            " / ".join(dict.fromkeys(names)): {
                "documents": level.documents,
                "kappa": level.overall.kappa,
                "f1": level.overall.f1,
            }
            for names, level in adjudication.look(workspace, round_.id)[0].items()
        },
    }


def _judge(content: Content, run: str) -> Iterable[tuple[str, str]]:
    """(field, kept | changed | rejected | added) for every suggestion of the run and every label without one."""
    labels = {(span.field, span.tokens) for span in content.annotations.spans}
    offered = [s for s in content.suggestions if s.run == run]
    for s in offered:
        same = (s.field, s.tokens) in labels
        touched = any(name == s.field and set(tokens) & set(s.tokens) for name, tokens in labels)
        yield s.field, "kept" if same else "changed" if touched else "rejected"
    yield from _judge_classes(content)
    for name, tokens in labels:
        if not any(s.field == name and set(tokens) & set(s.tokens) for s in offered):
            accepted = any(
                span.source is Source.SUGGESTION and (span.field, span.tokens) == (name, tokens)
                for span in content.annotations.spans
            )
            if not accepted:  # accepted suggestions of another source (values, template) do not count as added
                yield name, "added"


def _judge_classes(content: Content) -> Iterable[tuple[str, str]]:
    """The same for class fields; what the last run took the document for counts as its suggestion."""
    likely: dict[str, str] = {}
    for suggestion in content.class_suggestions:  # the likeliest option of a field comes first
        likely.setdefault(suggestion.field, suggestion.option)
    for field in {label.field for label in content.annotations.classes}:
        options = {label.option for label in content.annotations.classes if label.field == field}
        yield field, "added" if field not in likely else "kept" if likely[field] in options else "changed"


def working_seconds(moments: Iterable[datetime]) -> float:
    """Seconds between successive acts, pauses left out."""
    ordered = sorted(moments)
    gaps = (later - earlier for earlier, later in pairwise(ordered))
    return sum(gap.total_seconds() for gap in gaps if gap <= PAUSE)


@dataclass(frozen=True, slots=True)
class Chart:
    """F1 against labels over the runs of a workspace, with what is expected next."""

    points: tuple[Point, ...]
    runs: tuple[str, ...]  # the run of each point
    forecast: Forecast  # of the next batch
    advice: Advice


def chart(workspace: Workspace, batch: int = 20, task: LoopTask = TOKENS) -> Chart:
    """The learning curve so far, by the documents that each model was trained on.

    One point a run that ended with a model and was measured on the same documents as the newest one.
    """
    with workspace.db.read() as connection:
        ended = loop_task.ended_runs(connection, task)
        closed = sum(round_.closed is not None for round_ in queue.listed(connection))
        last = _last_choice(connection)
    figures = comparison.on_validation(workspace, ended)
    measured = []
    for run in ended:
        labels = trained_on(workspace.files.run(run.id))
        if run.id in figures and labels is not None:
            measured.append((labels, run))
    newest = figures[measured[0][1].id] if measured else None
    alike = [(n, run) for n, run in measured if newest is not None and newest.compares_with(figures[run.id])][::-1]
    points = tuple(Point(labels, figures[run.id].value) for labels, run in alike)
    error = (last.get("expected_error_batch"), last.get("expected_error_pool"))
    ground = Ground(measured[0][0] if measured else 0, closed, _interval(measured[0][1]) if measured else None)
    expected = forecast("All fields", [(point.labels, point.f1) for point in points], batch)
    return Chart(points, tuple(run.id for _, run in alike), expected, stopping.advise(points, batch, ground, *error))


def _interval(run: Run) -> tuple[float, float] | None:
    """The 95 % interval of a run's F1, on the side that it was evaluated on."""
    evaluation = (run.report or {}).get("evaluation") or {}
    between = (evaluation.get("micro") or {}).get("ci95")
    return (between[0], between[1]) if between else None


def _last_choice(connection: Connection) -> dict[str, Any]:
    """The figures of the newest round that was chosen for its doubt."""
    chosen = [r for r in queue.listed(connection) if r.strategy not in ("random", "k_centre", "similar")]
    return chosen[-1].figures if chosen else {}
