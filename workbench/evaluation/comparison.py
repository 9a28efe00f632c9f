"""Runs beside each other: what was set otherwise, which is better, and whether that is more than chance."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem, UsageProblem, WorkbenchError
from storage.records import Run
from workbench.evaluation import charts, report
from workbench.evaluation.charts import Chart, Series
from workbench.evaluation.classes import paired
from workbench.fields.plain_text import counted
from workbench.predictions import run_reader
from workbench.runs.config import files as config_files
from workbench.runs.parquet import CLASSES, TOKENS
from workbench.runs.progress import Progress
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Figure:
    """An F1 and what it was measured on.

    It has no order and no arithmetic: `difference` is the one way to compare two.
    """

    value: float  # 0..1
    side: str  # of the split: "validation" or "test"
    documents: frozenset[tuple[str, int]]  # (name, number of words)

    def compares_with(self, other: "Figure | None") -> bool:
        """Whether both were measured on the same side and the same documents."""
        return other is not None and bool(self.documents) and self._measured_on == other._measured_on

    @property
    def _measured_on(self) -> tuple[str, frozenset[tuple[str, int]]]:
        return self.side, self.documents


Figures = Mapping[str, Figure]
"""Run's id -> its F1."""


def difference(before: Figure | None, after: Figure | None) -> float | None:
    """How much higher the F1 is after; None where one is missing or they were measured on different documents."""
    if before is None or after is None or not after.compares_with(before):
        return None
    return after.value - before.value


def on_validation(workspace: Workspace, runs: Iterable[Run]) -> dict[str, Figure]:
    """The F1 of runs on their validation documents; those without one, or with a damaged folder, are left out."""
    return _figures(workspace, runs, lambda run, folder: None if run.f1 is None else (run.f1, "validation"))


def as_evaluated(workspace: Workspace, runs: Iterable[Run]) -> dict[str, Figure]:
    """The F1 of the runs' evaluations, on the test side where a run has one, else on validation."""

    def evaluated(run: Run, folder: Path) -> tuple[float, str] | None:
        evaluation = RunFolder(folder).read_report().get("evaluation") or {}
        f1 = (evaluation.get("micro") or {}).get("f1")
        return None if f1 is None else (float(f1), evaluation.get("split", "validation"))

    return _figures(workspace, runs, evaluated)


def _figures(
    workspace: Workspace, runs: Iterable[Run], measured: Callable[[Run, Path], tuple[float, str] | None]
) -> dict[str, Figure]:
    figures = {}
    for run in runs:
        folder = workspace.files.run(run.id)
        with suppress(InputProblem, ValueError):
            if (figure := measured(run, folder)) is not None:
                figures[run.id] = Figure(*figure, run_reader.documents_of(folder, figure[1]))
    return figures


def best(runs: Iterable[Run], figures: Figures) -> Run | None:
    """The run with the highest F1 among those that compare: on the documents of most runs, or the newest's.

    Of equal ones, as shown with three decimals, it is the earliest: what came later was no gain.

    Args:
        runs: with or without a figure; those without are left out.
        figures: of one side.
    """
    together: list[list[Run]] = []
    for run in (run for run in runs if run.id in figures and figures[run.id].documents):
        alike = next((alike for alike in together if figures[alike[0].id].compares_with(figures[run.id])), None)
        if alike is None:
            together.append([run])
        else:
            alike.append(run)
    most = max(together, key=lambda alike: (len(alike), max(run.created for run in alike)), default=[])
    by_age = sorted(most, key=lambda run: (run.created, run.id))
    return max(by_age, key=lambda run: round(figures[run.id].value, 3), default=None)


def differences(a: Run, b: Run) -> dict[str, tuple[Any, Any]]:
    """Settings that differ: key -> (in a, in b); empty where a configuration of another version cannot be read."""
    try:
        return config_files.difference(config_files.from_dict(a.config), config_files.from_dict(b.config))
    except WorkbenchError:
        return {}


def fields_f1(run: Run, split: str = "validation") -> dict[str, float]:
    """F1 of every field of a run's report that has labels there."""
    figures: Mapping[str, Any] = (run.report or {}).get("figures", {}).get(split) or {}
    rows: Mapping[str, Any] = figures.get("fields") or {}
    return {name: float(row.get("f1") or 0.0) for name, row in rows.items() if row.get("support", 1)}


def weakest(runs: Sequence[Run], leading: Run | None) -> list[str]:
    """The fields that some run was measured on, those first that the leading run finds worst."""
    rated = fields_f1(leading) if leading is not None else {}
    return sorted(fields_of(runs), key=lambda name: rated.get(name, 1.0))


def fields_of(runs: Iterable[Run]) -> list[str]:
    """The fields that some run was measured on."""
    return list(dict.fromkeys(name for run in runs for name in fields_f1(run)))


def bars(runs: Iterable[Run], fields: Sequence[str]) -> list[tuple[str, list[float]]]:
    """(run's name, its F1 of every field) for the bar chart."""
    return [(run.name, [fields_f1(run).get(name, 0.0) for name in fields]) for run in runs]


def curves(runs: Sequence[Run], kind: str, progress_of: Callable[[Run], Progress]) -> list[Series]:
    """The runs' curves of one of `charts.KINDS`; where there are several runs, a curve's name begins with the run's."""
    return [line for run in runs for line in charts.series(progress_of(run), kind, run.name if len(runs) > 1 else "")]


def picture(workspace: Workspace, runs: Sequence[Run], kind: str, progress_of: Callable[[Run], Progress]) -> Chart:
    """The chart of one of `charts.KINDS`, of "fields" or "comparison", to be saved."""
    if kind == "comparison":
        return comparison_chart(workspace, runs)
    if kind == "fields":
        names = fields_of(runs)
        return charts.Bars(charts.BARS, [workspace.schema.name(name) for name in names], bars(runs, names))
    return charts.Curves(charts.KINDS[kind], curves(runs, kind, progress_of))


def comparison_chart(workspace: Workspace, runs: Sequence[Run]) -> Chart:
    """The F1 of each run with its 95 % interval over documents; where the documents differ, the title says so.

    Of runs that learned a class field it is the macro F1.

    Raises:
        UsageProblem: none of them was evaluated.
    """
    evaluations = {run.id: _evaluation(run) for run in runs}
    evaluated = [run for run in runs if evaluations[run.id].get("micro")]
    if not evaluated:
        raise UsageProblem("None of these runs was evaluated yet.", "Wait until one has finished.")
    figures = _figures(
        workspace, evaluated, lambda run, _: (evaluations[run.id]["micro"]["f1"], evaluations[run.id]["split"])
    )
    first = figures.get(evaluated[0].id)
    name, is_one_task = ("F1" if evaluated[0].task == TOKENS else "Macro F1"), len({run.task for run in evaluated}) == 1
    micro = [evaluations[run.id]["micro"] for run in evaluated]
    if is_one_task and first is not None and all(first.compares_with(figures.get(run.id)) for run in evaluated):
        names, title = [run.name for run in evaluated], f"{name} on {first.side} with 95 % intervals"
    else:
        sides = [(evaluations[run.id]["split"], evaluations[run.id].get("documents", 0)) for run in evaluated]
        names = [f"{run.name} ({count} {side})" for run, (side, count) in zip(evaluated, sides, strict=True)]
        title = "F1 with 95 % intervals, on different documents: these do not compare"
    return charts.Bars(title, names, [("", [row["f1"] for row in micro])], [row.get("ci95") for row in micro])


def _evaluation(run: Run) -> Mapping[str, Any]:
    """The figures of a run's report for all fields or classes together: micro, split, documents; {} without any."""
    stored = run.report or {}
    if classes := stored.get("classes"):
        return {"micro": classes["macro"], "split": classes["split"], "documents": classes["documents"]}
    evaluation: Mapping[str, Any] = stored.get("evaluation") or {}
    return evaluation


def trained(a: Run, b: Run) -> str:
    """How many documents B was trained on, where A was trained on another number; "" where not."""
    before, after = (((run.report or {}).get("documents") or {}).get("train") for run in (a, b))
    return f"trained on {counted(after, 'document')}, not {before}" if before != after and before and after else ""


def compare(workspace: Workspace, a: Run, b: Run, on: str | None = None) -> dict[str, Any]:
    """B against A: settings, F1, and the paired bootstrap over the documents that both predicted.

    Returns:
        {"a", "b", "config": {key: [a, b]}, "f1": [a, b], "split", "documents", "differences": {"micro" or field:
        {"a", "b", "difference", "ci95", "p_value", "certain"}}, "problem"}; the last says why there is no bootstrap.
        Of class runs, whose micro F1 is the accuracy, also "mcnemar": {"only_a_right", "only_b_right", "p_value"}.
    """
    comparison: dict[str, Any] = {
        "a": a.id,
        "b": b.id,
        "f1": [a.f1, b.f1],
        "config": {key: list(values) for key, values in differences(a, b).items()},
        "split": None,
        "documents": 0,
        "differences": {},
        "problem": "",
    }
    try:
        folders = workspace.files.run(a.id), workspace.files.run(b.id)
        if a.task == b.task == CLASSES:
            return comparison | _of_classes(*folders, on)
        compared = report.compare_runs(*folders, on)
    except InputProblem as problem:
        return comparison | {"problem": problem.message}
    return comparison | {key: compared[key] for key in ("split", "documents", "differences")}


def _of_classes(a: Path, b: Path, on: str | None) -> dict[str, Any]:
    if (compared := paired.compare(a, b, on)) is None:
        if unread := [folder for folder in (a, b) if on == "test" and RunFolder(folder).test_unread()]:
            return {"problem": run_reader.none_predicted(unread[0], "test", "").message}
        return {"problem": f"Runs {a.name} and {b.name} have no document of one class in common that both predicted."}
    rows = {name: asdict(row) | {"certain": row.certain} for name, row in compared["differences"].items()}
    return {**compared, "differences": rows}


def sentence(compared: Mapping[str, Any], names: Sequence[str]) -> str:
    """A comparison in a sentence; `names` are A's and B's."""
    micro = compared["differences"].get("micro")
    if micro is None:
        return compared["problem"] or "There is nothing to compare."
    low, high = micro["ci95"] or (None, None)
    between = "" if low is None else f" (95 %: {low:+.3f} to {high:+.3f}, p {micro['p_value']:.2f})"
    where, f1 = f"on {counted(compared['documents'], compared['split'] + ' document')}", "F1"
    if test := compared.get("mcnemar"):
        f1 = "micro F1"
        between += (
            f"; McNemar p {test['p_value']:.2f}: {test['only_b_right']} right in {names[1]} alone, "
            f"{test['only_a_right']} in {names[0]} alone"
        )
    if not micro["certain"]:
        return f"{names[1]} and {names[0]} cannot be told apart {where}: {micro['difference']:+.3f} {f1}{between}."
    way = "better" if micro["difference"] > 0 else "worse"
    return f"{names[1]} is {way} than {names[0]} {where}: {micro['difference']:+.3f} {f1}{between}."
