"""What the runs screen shows, and what it says of one run or of several beside each other. Pure: view to text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from screens.widgets.run_panel import STATES, fields_table
from storage.records import Run
from storage.runs import ACTIVE
from workbench.evaluation import comparison
from workbench.evaluation.comparison import Figures
from workbench.fields import Schema
from workbench.fields.plain_text import counted
from workbench.runs import progress
from workbench.runs.config import draft as drafts
from workbench.runs.cost import cost, duration
from workbench.runs.progress import Progress, figures_line, untouched
from workbench.search.charts import Outcome

Parts = list[Content | str | tuple[str, str]]
Pair = tuple[str, str]
"""The ids of two runs that are compared."""


@dataclass(frozen=True, slots=True)
class RunsView:
    runs: tuple[Run, ...] = ()
    marked: tuple[str, ...] = ()  # in the order they were marked
    progress: dict[str, Progress] = field(default_factory=dict)  # by run id, as far as it was read
    figures: Figures = field(default_factory=dict)  # F1 on validation by run id, as far as it was read
    compared: dict[Pair, dict[str, Any]] = field(default_factory=dict)
    kind: str = "f1"  # of charts.KINDS, "fields", or of a search one of search.charts.KINDS
    searches: dict[str, Outcome] = field(default_factory=dict)  # by the name of their group
    aside: frozenset[str] = frozenset()  # ids of those whose model was put aside

    def run(self, run_id: str) -> Run | None:
        return next((run for run in self.runs if run.id == run_id), None)

    @property
    def marked_runs(self) -> list[Run]:
        """The marked runs, in the order they were marked."""
        return [run for run_id in self.marked if (run := self.run(run_id))]

    @property
    def best(self) -> Run | None:
        """The best of those measured on the same documents."""
        return comparison.best(self.runs, self.figures)

    def comparable(self, a: Run, b: Run) -> bool:
        """Whether their F1s compare: they are of the same documents, or `b` has none."""
        figure = self.figures.get(a.id)
        return b.f1 is None or (figure is not None and figure.compares_with(self.figures.get(b.id)))


def cells(
    view: RunsView, run: Run, fields: Sequence[str], is_wide: bool, with_untouched: bool, space: int
) -> list[Content]:
    """A row of the list.

    Args:
        view: with the run.
        run: of the row.
        fields: ids of those whose F1 has a column.
        is_wide: whether cost and family have columns.
        with_untouched: whether the documents that need no correction have one.
        space: columns for what is unlike the best.
    """
    mark = f"{view.marked.index(run.id) + 1}" if run.id in view.marked else " "
    f1_by_field = comparison.fields_f1(run)
    known = view.progress.get(run.id, Progress())
    best = view.best
    is_best = best is not None and best.id == run.id
    unlike = "the best" if is_best else ""
    if best is not None and not is_best:
        others = "" if view.comparable(best, run) else "other validation"
        facts = [others, comparison.trained(best, run), *_settings(comparison.differences(best, run))]
        unlike = fitting([fact for fact in facts if fact], space) or "same settings"
    return [
        Content.styled(mark + ("⚑" if run.pinned else ""), "bold $accent"),
        Content(run.name[:24]),
        Content.styled(run.state.value, STATES[run.state]),
        *([Content(untouched(run.report) or "–")] if with_untouched else []),
        _f1(run, known, is_best=is_best),
        *(Content(f"{f1_by_field[name]:.2f}" if name in f1_by_field else "") for name in fields),
        Content(duration(known.seconds) if known.seconds else ""),
        *([Content(cost(known)), Content(run.family)] if is_wide else []),
        Content(unlike),
    ]


def _f1(run: Run, known: Progress, *, is_best: bool) -> Content:
    """A run's F1 on validation; while it is at work its best so far, in grey."""
    if run.f1 is None and run.state in ACTIVE and known.best is not None:
        so_far = known.best.validation.get("f1")
        return Content.styled("–" if so_far is None else f"{so_far:.3f}", "$text-muted")
    return Content.styled("–" if run.f1 is None else f"{run.f1:.3f}", "bold $success" if is_best else "")


def run_text(view: RunsView, run: Run, known: Progress, schema: Schema) -> Content:
    """Everything about one run, and what is unlike the best."""
    parts: Parts = [
        (run.name, "bold"),
        "  ",
        (run.state.value, STATES[run.state]),
        (f"  {run.id}" if run.name != run.id else "", "$text-muted"),
        f"\n{run.family}, {run.preset or 'own settings'}, {run.created.astimezone():%Y-%m-%d %H:%M}",
    ]
    if run.tags:
        parts.append(("  " + " ".join(f"#{tag}" for tag in run.tags), "$accent"))
    if figures := figures_line(run.report, run.f1):
        parts.append((f"\n{figures}", "bold"))
    if unread := progress.unread_line(run.report):
        parts.append((f"\n{unread}", "$text-muted"))
    if run.reason:
        parts.append(f"\n{run.reason}")
    if verdict := progress.verdict(run.report):
        parts.append(f"\nBegan by itself. {verdict}")
    if run.id in view.aside:
        parts.append(("\nPut aside: no suggestions come from its model.", "$warning"))
    if search := view.searches.get(run.batch or ""):
        parts += search_text(search)
    if run.note:
        parts.append((f"\n“{run.note}”", "italic"))
    if report := run.report:
        counts = ", ".join(f"{name} {number}" for name, number in (report.get("documents") or {}).items() if number)
        parts.append(f"\n{_speed(report)}documents: {counts}")
    if known.seconds:
        parts.append(f"\ntook {', '.join(filter(None, [duration(known.seconds), cost(known)]))}")
    parts += ["\n\n", fields_table(known, {field.id: field.name for field in schema.spans})]
    best = view.best
    if best is not None and best.id != run.id:
        if not view.comparable(best, run):
            parts.append((f"\n\nIts F1 is of other validation documents than {best.name}'s: mark both", "$warning"))
            parts.append((" to compare them on those that both read.", "$warning"))
        parts.append((f"\n\nUnlike the best ({best.name})\n", "bold $primary"))
        parts.append(_table(comparison.differences(best, run)))
    for note in known.notes[-4:]:
        parts.append((f"\n· {note}", "$text-muted"))
    return Content.assemble(*parts)


def search_text(search: Outcome) -> Parts:
    """How far a search is, its best run, and once it has ended what that gained over the preset."""
    best = search.best
    so_far = f", the best {best.name} with {best.value:.3f}" if best is not None else ""
    parts: Parts = [(f"\nSearch {search.name}: ", "bold $primary")]
    parts.append(f"{search.ended} of {counted(search.planned, 'run')} have ended{so_far}.")
    return parts + [f"\n{sentence}" for sentence in search.sentences]


def comparison_text(view: RunsView, runs: Sequence[Run], schema: Schema) -> Content:
    """The first run with each of the others: figures where they were compared already, and settings."""
    first, parts = runs[0], []
    for other in runs[1:]:
        parts.append(Content.styled(f"{first.name} → {other.name}\n", "bold $primary"))
        compared = view.compared.get((first.id, other.id))
        if compared is None:
            parts.append(Content("Drawing documents with replacement …\n"))
        else:
            parts.append(Content(comparison.sentence(compared, (first.name, other.name)) + "\n"))
            parts += _field_rows(compared["differences"], schema)
        if trained := comparison.trained(first, other):
            parts.append(Content(trained + "\n"))
        parts.append(_table(comparison.differences(first, other)))
        parts.append(Content("\n"))
    return Content("").join(parts)


def _field_rows(differences: Mapping[str, Mapping[str, Any]], schema: Schema) -> Iterable[Content]:
    """Each field's F1 of both runs; ✓ where the difference is certain."""
    for name, row in differences.items():
        if name != "micro":
            sign = "✓" if row["certain"] else " "
            figures = f"{row['a']:.3f} → {row['b']:.3f}  {row['difference']:+.3f}"
            text = f"{sign} {schema.name(name)[:16]:<16} {figures}\n"
            yield Content.styled(text, "bold" if row["certain"] else "")


def _settings(changed: Mapping[str, tuple[Any, Any]]) -> list[str]:
    return [f"{key.partition('.')[2]} {drafts.shown(b) or '–'}" for key, (_, b) in changed.items()]


def fitting(facts: Sequence[str], space: int) -> str:
    """As many facts as fit, whole, and how many more there are; the first is cut where it alone does not fit."""
    for count in range(len(facts), 0, -1):
        more = f", {len(facts) - count} more" if count < len(facts) else ""
        text = ", ".join(facts[:count]) + more
        if cell_len(text) <= space:
            return text
    return set_cell_size(facts[0], max(space - 1, 0)).rstrip() + "…" if facts else ""


def _table(changed: Mapping[str, tuple[Any, Any]]) -> Content:
    if not changed:
        return Content.styled("the same settings\n", "$text-muted")
    rows = [f"{key}: {drafts.shown(a) or '–'} → {drafts.shown(b) or '–'}" for key, (a, b) in changed.items()]
    return Content("\n".join(rows) + "\n")


def _speed(report: Mapping[str, Any]) -> str:
    """Steps and speed; "" of a model that was fitted at once."""
    if not report.get("steps"):
        return ""
    speed = f"{counted(report['steps'], 'step')}, {report.get('tokens_per_second', 0):,.0f} tokens/s"
    return f"{speed} on {report.get('device')} in {report.get('precision')}; "
