"""`workbench doctor`: what a run's curves, figures and data say, and what to change next."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from workbench.commands.support import argument_completion
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option

if TYPE_CHECKING:
    from workbench.evaluation.doctor.consultation import Consultation


@click.command()
@click.argument("run", shell_complete=argument_completion.run_id)
@click.option("--learning-curve", is_flag=True, help="Train on 25, 50 and 75 % of the documents first.")
@click.option("--labels", default=20, show_default=True, help="How many more documents the forecast is about.")
@json_option
@click.pass_obj
def command(context: Context, run: str, learning_curve: bool, labels: int, as_json: bool) -> None:
    """Findings about RUN: symptom, evidence, likely cause, and actions in the order to try them.

    Each action is a configuration change that `workbench runs clone RUN --set KEY=VALUE` takes, a repair rule, or a
    task with the documents. "Healthy" is an answer. Where runs on different amounts of documents are there, the Doctor
    says per field what more labels are expected to bring; --learning-curve trains what is missing for that.

    Keys of --json: run, healthy, findings, outcome (what the actions that led to this run did), remembered {action:
    what it did in this workspace}, forecast [{field, labels, more, gain, low, high, saturated, says}].

    \b
    Examples:
      workbench doctor 20261122-093000 --json
      workbench doctor 20261122-093000 --learning-curve
    """
    from storage import runs
    from workbench.evaluation.doctor import consultation
    from workbench.runs.reconcile import reconcile, still_there

    workspace = context.open_workspace()
    reconcile(workspace)
    with workspace.db.read() as connection:
        record = runs.get(connection, run)
    if learning_curve:
        from workbench.commands.support.progress import share_progress
        from workbench.evaluation import learning_curve_runs
        from workbench.runs import machine

        with share_progress("Learning curve", silent=as_json) as show:
            shares: dict[str, float] = {}  # of each of the runs

            def add(name: str, share: float) -> None:
                shares[name] = share
                show(sum(shares.values()) / len(learning_curve_runs.SHARES))

            machine.warm_up()
            learning_curve_runs.train(workspace, record, add)
    with still_there(workspace, record.id):
        result = consultation.consult(workspace, record, labels)
    emit(as_dict(result), as_json=as_json, text=lines_of(result))


def as_dict(consultation: "Consultation") -> dict[str, Any]:
    """The stable keys of `--json`."""
    forecast = [
        {k: v for k, v in asdict(expected).items() if k not in ("curves", "why")}
        | {"saturated": expected.saturated, "says": expected.sentence()}
        for expected in consultation.forecast
    ]
    return {
        "run": consultation.run,
        **consultation.diagnosis.as_dict(),
        "outcome": list(consultation.outcome),
        "remembered": consultation.remembered,
        "forecast": forecast,
    }


def lines_of(consultation: "Consultation") -> list[str]:
    lines = [f"Tried: {sentence}" for sentence in consultation.outcome]
    lines += ["Healthy: no problem was found."] if consultation.diagnosis.healthy else []
    for finding in consultation.diagnosis.findings:
        mark = "!" if finding.severity.value == "problem" else "·"
        lines.append(f"{mark} {finding.symptom}")
        lines.append("    " + "; ".join(finding.facts))
        lines.append(f"    likely: {finding.cause}")
        for number, action in enumerate(finding.actions, 1):
            config = action.target.value == "config"
            changes = " ".join(f"--set {key}={value}" for key, value in action.changes.items()) if config else ""
            lines.append(f"    {number}. {action.title} ({action.cost})" + (f"  {changes}" if changes else ""))
            if action.id in consultation.remembered:
                lines.append(f"       earlier results here: {consultation.remembered[action.id]}")
    sentences = [forecast.sentence() for forecast in consultation.forecast if forecast.gain is not None]
    if sentences:
        lines += ["What more labels bring:", *(f"    {sentence}" for sentence in sentences)]
    elif consultation.forecast:
        lines.append(f"What more labels bring: {consultation.forecast[0].why} (--learning-curve tries)")
    return lines
