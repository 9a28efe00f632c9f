"""`workbench rounds`: the rounds so far, with what each brought."""

from typing import Any

import click

from storage import queue
from workbench.active_learning import round_figures, selection
from workbench.annotation import adjudication, rounds
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table


@click.command
@click.option(
    "--close", "closing", type=int, metavar="ROUND", help="Close this round; what is left returns to the pool."
)
@click.option("--batch", default=20, show_default=True, help="Size of the next batch, for the forecast.")
@json_option
@click.pass_obj
def command(context: Context, closing: int | None, batch: int, as_json: bool) -> None:
    """The rounds of the relabel loop: what they cost, what was changed, and whether another one pays.

    \b
    Example:
        workbench rounds --json
    """
    workspace = context.open_workspace()
    try:
        if closing is not None:
            selection.close(workspace, closing)
        with workspace.db.read() as connection:
            states = [rounds.look(workspace, record.id) for record in queue.listed(connection)]
        chart = round_figures.chart(workspace, batch)
        _, disputes = adjudication.look(workspace)
        data: dict[str, Any] = {
            "rounds": [
                {
                    "round": p.round.id,
                    "run": p.round.run,
                    "strategy": p.round.strategy,
                    "created": p.round.created,
                    "closed": p.round.closed,
                    "documents": len(p.entries),
                    "left": len(p.left),
                    "figures": p.round.figures,
                }
                for p in states
            ],
            "curve": [
                {"run": run, "labels": point.labels, "f1": point.f1}
                for point, run in zip(chart.points, chart.runs, strict=True)
            ],
            "advice": {"stop": chart.advice.stop, "reason": chart.advice.reason},
            "adjudication": [
                {
                    "document": d.document,
                    "name": d.name,
                    "annotator": d.opinion.annotator,
                    "against": list(d.annotators),
                    "round": d.opinion.round,
                    "differences": [{"field": x.field, "label": x.first, "opinion": x.second} for x in d.differences],
                }
                for d in disputes
            ],
        }
        emit(data, as_json=as_json, text=_text(data))
    finally:
        workspace.close()


def _text(data: dict[str, Any]) -> list[str]:
    rows = []
    for entry in data["rounds"]:
        figures = entry["figures"]
        agreement = figures.get("agreement")
        rows.append(
            (
                entry["round"],
                entry["strategy"],
                entry["run"],
                f"{entry['documents'] - entry['left']}/{entry['documents']}",
                "closed" if entry["closed"] else "open",
                f"{figures['seconds'] / 60:.0f} min" if "seconds" in figures else "",
                "" if agreement is None else f"{agreement:.0%}",
            )
        )
    if not rows:
        return ["No rounds yet. `workbench queue` opens the first one."]
    lines = table(rows, ("round", "strategy", "run", "done", "", "labelling", "kept"), right=(0, 3, 5, 6))
    if data["curve"]:
        curve = [(p["labels"], f"{p['f1']:.3f}", p["run"]) for p in data["curve"]]
        lines += ["", *table(curve, ("documents", "F1", "run"), right=(0, 1))]
    lines += ["", data["advice"]["reason"]]
    if data["adjudication"]:
        lines.append(f"{len(data['adjudication'])} second opinions differ from the labels and wait for a decision.")
    return lines
