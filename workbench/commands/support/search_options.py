"""What `workbench tune --search` asks for, and how a search is reported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from storage.exceptions import ConfigProblem
from workbench.commands.support.output import emit, table
from workbench.fields.plain_text import counted

if TYPE_CHECKING:
    from workbench.runs.config.tune import TuneConfig
    from workbench.search.plan import SearchFolder
    from workbench.search.space import Dimension
    from workbench.workspace import Workspace

TRIALS = 20
"""Runs of a search that does not say how many."""


class SearchOptions(NamedTuple):
    """The options of `tune` that a search looks at."""

    name: str
    varied: tuple[str, ...]
    space: Path | None
    trials: int | None
    hours: float | None
    slots: int
    early_share: float | None = None
    gpus: float | None = None

    def are_given(self) -> bool:
        """Whether one was given that only a search has."""
        numbers = (self.trials, self.hours, self.early_share, self.space)
        return bool(self.varied) or any(given is not None for given in numbers)


def is_known(workspace: "Workspace", name: str) -> bool:
    """Whether there is a search of this name."""
    from workbench.search import plan as searches

    return name in [folder.path.name for folder in searches.listed(workspace)]


def begin(
    workspace: "Workspace", config: "TuneConfig", preset: str, options: SearchOptions, target: str
) -> "SearchFolder":
    """Prepare a search that varies a configuration."""
    from workbench.search import plan as searches

    return searches.prepare(
        workspace,
        config,
        _space(config, options),
        name=options.name,
        preset=preset,
        trials=TRIALS if options.trials is None else options.trials,
        hours=options.hours or 0.0,
        slots=options.slots,
        target=target,
        gpus=options.gpus,
        early_share=1.0 if options.early_share is None else options.early_share,
    )


def go_on(workspace: "Workspace", options: SearchOptions, target: str) -> "SearchFolder":
    """Prepare to go on with a search as it was planned."""
    from workbench.search import plan as searches

    return searches.go_on(
        workspace, options.name, trials=options.trials, hours=options.hours, slots=options.slots, target=target,
        gpus=options.gpus,
    )  # fmt: skip


def emit_search(workspace: "Workspace", folder: "SearchFolder", *, wait: bool, as_json: bool) -> None:
    """Start a search that was prepared; with `wait` follow it to its end, and print its report."""
    from workbench.commands.support.progress import share_progress
    from workbench.search import plan as searches

    process, name = searches.start(workspace, folder), folder.path.name
    if not wait:
        line = f"Search {name!r} has started. Follow it: workbench searches show {name!r}"
        emit({"search": name, "state": "running"}, as_json=as_json, text=[line])
        return
    with share_progress(f"Search {name}", silent=as_json) as show:
        report = searches.wait(workspace, folder, process, show)
    emit(report, as_json=as_json, text=report_lines(report))


def _space(config: "TuneConfig", options: SearchOptions) -> "tuple[Dimension, ...]":
    from workbench.search import space

    return space.space_of([*(_of_file(options.space) if options.space else ()), *options.varied], config)


def _of_file(path: Path) -> list[str]:
    """The dimensions of a YAML file: `setting: LOW..HIGH [log]` or `setting: [A, B]`.

    Raises:
        ConfigProblem: it is no such file.
    """
    from workbench.runs.config import files

    values = files.values_in(path)
    if not values:
        raise ConfigProblem(
            f"{path} varies no setting.",
            "Write sections as in a configuration, with ranges: train: {learning_rate: 1e-5..2e-4 log}",
        )
    return [f"{key}={','.join(map(str, value)) if isinstance(value, list) else value}" for key, value in values.items()]


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """A search's report for people."""
    best = report["best"]
    trials = sorted(report["trials"], key=lambda row: (row.get("documents") or 0, -(row["value"] or 0.0)))
    keys = list(dict.fromkeys(key for row in trials for key in row["params"]))
    rows = [
        [row["run"] or "–", _state(row), _number(row["value"]), *(_number(row["params"].get(key)) for key in keys)]
        for row in trials
    ]
    importance = ", ".join(f"{key.rpartition('.')[2]} {share:.0%}" for key, share in report["importance"].items())
    settings = _settings(best) or "the preset as it is"
    lines = [
        *table(rows, ["run", "state", "F1", *(key.rpartition(".")[2] for key in keys)]),
        "",
        f"Best: run {best['run']}, F1 {best['value']:.3f}{_interval(best)} on validation, with {settings}.",
    ]
    if report["gain"]:
        lines.append(report["gain"]["sentence"])
    if report["test"]:
        lines.append(f"On the test documents, which chose nothing: F1 {report['test']['f1']:.3f}.")
        if gain := report["test"].get("gain"):
            lines.append(gain["sentence"])
    if report.get("test_problem"):  # a report of an older version has none
        lines.append(f"The test documents were not read: {report['test_problem']}")
    if importance:
        lines.append(f"What made the difference: {importance}.")
    return lines


def _interval(best: Mapping[str, Any]) -> str:
    interval = best.get("ci95")  # a report of an older version has none
    return f" (95 %: {interval[0]:.3f} to {interval[1]:.3f})" if interval else ""


def _state(row: Mapping[str, Any]) -> str:
    """What became of a trial; an early one's F1 is only to be compared with the other early ones'."""
    return f"{row['state']}, {counted(row['documents'], 'document')}" if row.get("documents") else row["state"]


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _settings(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.rpartition('.')[2]} {_number(value)}" for key, value in row["params"].items())


def list_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Searches and how far they are, for people."""
    if not rows:
        return ["There is no search yet. Start one: workbench tune --search"]
    return table(
        [
            [
                row["name"],
                row["state"],
                f"{row['done']} of {row['trials'] or '–'}",
                "–" if row["best"] is None else f"{row['best']:.3f}",
            ]
            for row in rows
        ],
        ["search", "state", "runs ended", "best F1"],
    )
