"""`workbench doctor`: what a run's curves, figures and data say, and what to change next."""

from typing import TYPE_CHECKING

import click

from workbench.commands import Context
from workbench.commands.output import emit, json_option

if TYPE_CHECKING:
    from workbench.doctor import Diagnosis


@click.command()
@click.argument("run")
@json_option
@click.pass_obj
def command(context: Context, run: str, as_json: bool) -> None:
    """Findings about RUN: symptom, evidence, likely cause, and actions in the order to try them.

    Each action is a configuration change that `workbench runs clone RUN --set KEY=VALUE` takes, or a task with the
    documents. "Healthy" is an answer.

    \b
    Example:
      workbench doctor 20261122-093000 --json
    """
    from storage import runs
    from workbench import doctor, jobs, report

    workspace = context.open_workspace()
    jobs.reconcile(workspace)
    with workspace.db.read() as connection:
        found = runs.get(connection, run)
        peers = {r.name: r.f1 for r in runs.listed(connection) if r.f1 is not None and r.id != found.id}
    folder = jobs.folder_of(workspace, found.id)
    figures = report.evaluate_run(folder) if (folder / "predictions.parquet").exists() else None
    diagnosis = doctor.diagnose(doctor.examine(folder, figures, peers))
    emit({"run": found.id, **diagnosis.as_dict()}, as_json=as_json, text=lines_of(diagnosis))


def lines_of(diagnosis: "Diagnosis") -> list[str]:
    """A diagnosis for people."""
    lines = ["Healthy: no problem was found."] if diagnosis.healthy else []
    for finding in diagnosis.findings:
        mark = "!" if finding.severity.value == "problem" else "·"
        lines.append(f"{mark} {finding.symptom}")
        lines.append("    " + "; ".join(f"{name} {_short(value)}" for name, value in finding.evidence.items()))
        lines.append(f"    likely: {finding.cause}")
        for number, action in enumerate(finding.actions, 1):
            changes = " ".join(f"--set {key}={value}" for key, value in action.changes.items())
            lines.append(f"    {number}. {action.title} ({action.cost})" + (f"  {changes}" if changes else ""))
    return lines


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
