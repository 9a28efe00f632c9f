"""Runs beside each other: what was set otherwise, which is better, and whether that is more than chance."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from storage.exceptions import InputProblem, UsageProblem, WorkbenchError
from storage.records import Run
from workbench.evaluation import charts, report
from workbench.evaluation.charts import Chart, Series
from workbench.predictions import run_reader
from workbench.runs.config import files as config_files
from workbench.runs.progress import Progress
from workbench.workspace import Workspace

Measured = Mapping[str, frozenset[tuple[str, int]]]
"""Run -> the documents that its F1 was measured on (`run_reader.validated_on`)."""


def measured(workspace: Workspace, runs: Iterable[Run]) -> Measured:
    """What runs that have an F1 were measured on; runs whose folder is gone or damaged are left out."""
    documents = {}
    for run in runs:
        with suppress(InputProblem):
            documents[run.id] = run_reader.validated_on(workspace.files.run(run.id))
    return documents


def best(runs: Iterable[Run], on: Measured) -> Run | None:
    """The run with the highest F1 among those measured on the same documents: on those of most runs, or the newest's.

    Args:
        runs: with or without an F1.
        on: what they were measured on; a run that is not in it is left out.
    """
    together: dict[frozenset[tuple[str, int]], list[Run]] = {}
    for run in runs:
        if run.f1 is not None and on.get(run.id):
            together.setdefault(on[run.id], []).append(run)
    most = max(together.values(), key=lambda same: (len(same), max(run.created for run in same)), default=[])
    return max(most, key=lambda run: (run.f1 or 0.0, run.created), default=None)


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


def picture(
    runs: Sequence[Run], kind: str, progress_of: Callable[[Run], Progress], shown: Callable[[str], str]
) -> Chart:
    """The chart of one of `charts.KINDS`, of "fields" or "comparison", to be saved; `shown` gives a field its name."""
    if kind == "comparison":
        return comparison_chart(runs)
    if kind == "fields":
        names = fields_of(runs)
        return charts.Bars(charts.BARS, [shown(name) for name in names], bars(runs, names))
    return charts.Curves(charts.KINDS[kind], curves(runs, kind, progress_of))


def comparison_chart(runs: Sequence[Run]) -> Chart:
    """The F1 of each run with its 95 % interval over documents, on the side that all of them were evaluated on.

    Raises:
        UsageProblem: none of them was evaluated.
    """
    evaluations = {run.id: (run.report or {}).get("evaluation") or {} for run in runs}
    evaluated = [run for run in runs if evaluations[run.id].get("micro")]
    if not evaluated:
        raise UsageProblem("None of these runs was evaluated yet.", "Wait until one has finished.")
    sides = {evaluations[run.id]["split"] for run in evaluated}
    side = sides.pop() if len(sides) == 1 else ""
    micro = [evaluations[run.id]["micro"] for run in evaluated]
    names = [run.name if side else f"{run.name} ({evaluations[run.id]['split']})" for run in evaluated]
    title = f"F1 on {side} with 95 % intervals" if side else "F1 with 95 % intervals"
    return charts.Bars(title, names, [("", [row["f1"] for row in micro])], [row.get("ci95") for row in micro])


def trained(a: Run, b: Run) -> str:
    """How many documents B was trained on, where A was trained on another number; "" where not."""
    before, after = (((run.report or {}).get("documents") or {}).get("train") for run in (a, b))
    return f"trained on {after} documents, not {before}" if before != after and before and after else ""


def compare(workspace: Workspace, a: Run, b: Run, on: str | None = None) -> dict[str, Any]:
    """B against A: settings, F1, and the paired bootstrap over the documents that both predicted.

    Returns:
        {"a", "b", "config": {key: [a, b]}, "f1": [a, b], "split", "documents", "differences": {"micro" or field:
        {"a", "b", "difference", "ci95", "p_value", "certain"}}, "problem"}; the last says why there is no bootstrap.
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
        compared = report.compare_runs(workspace.files.run(a.id), workspace.files.run(b.id), on)
    except InputProblem as problem:
        return comparison | {"problem": problem.message}
    return comparison | {key: compared[key] for key in ("split", "documents", "differences")}


def sentence(compared: Mapping[str, Any], names: Sequence[str]) -> str:
    """A comparison in a sentence; `names` are A's and B's."""
    micro = compared["differences"].get("micro")
    if micro is None:
        return compared["problem"] or "There is nothing to compare."
    low, high = micro["ci95"] or (None, None)
    between = "" if low is None else f" (95 %: {low:+.3f} to {high:+.3f}, p {micro['p_value']:.2f})"
    where = f"on {compared['documents']} {compared['split']} documents"
    if not micro["certain"]:
        return f"{names[1]} and {names[0]} cannot be told apart {where}: {micro['difference']:+.3f} F1{between}."
    way = "better" if micro["difference"] > 0 else "worse"
    return f"{names[1]} is {way} than {names[0]} {where}: {micro['difference']:+.3f} F1{between}."
