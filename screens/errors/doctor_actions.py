"""Carrying out what the Doctor advises: where an action leads, and what is marked or listed there."""

from collections.abc import Callable, Iterable

from screens.base import ModeScreen
from screens.errors.doctor_panel import DoctorPanel
from screens.errors.rule_switches import RuleSwitches
from screens.navigation import ChooseLike, ListDocuments, ProposeRun
from storage import document_list
from storage.document_list import Filter
from storage.exceptions import RunProblem
from storage.records import Run, Split
from workbench.evaluation.doctor import consultation
from workbench.evaluation.doctor.findings import Action, Target
from workbench.runs.config.files import from_dict


async def take(
    screen: ModeScreen,
    run: Run,
    taken: DoctorPanel.Taken,
    doubts: Callable[[], None],
    rules: RuleSwitches | None = None,
    of_vendor: Callable[[str], Iterable[int]] = lambda vendor: (),
) -> None:
    """Do what was advised.

    Args:
        screen: the errors screen.
        run: the run that the advice is about.
        taken: the action, with the finding that it is for.
        doubts: lists the labels to doubt.
        rules: what switches repair rules; None of a class run.
        of_vendor: the documents with errors of a vendor.

    Raises:
        RunProblem: no document that is to be labelled is there.
    """
    action, shell = taken.action, screen.workbench
    if action.target is Target.CONFIG:
        config = from_dict(run.config)
        proposed = consultation.proposed(config, action)
        await shell.visit("tune", ProposeRun(config, proposed, run.preset, run.id))
        screen.notify(f"{taken.finding.symptom}. The change is marked; s starts it.", markup=False)
    elif action.target is Target.POSTPROCESS and rules is not None:
        rules.propose(action.title, consultation.switches(action))
    elif vendor := action.documents.get("like"):
        await shell.visit(action.screen, ChooseLike(tuple(dict.fromkeys(of_vendor(vendor)))))
    elif action.screen == screen.mode:
        doubts()
    elif action.documents:
        await _go_and_label(screen, action)
    else:
        if action.screen:
            await shell.visit(action.screen)
        screen.notify(f"{action.title}.", markup=False)


async def _go_and_label(screen: ModeScreen, action: Action) -> None:
    """List the documents that the Doctor wants labelled; where there are none, say so."""
    split = action.documents.get("split")
    wanted = Filter("unlabelled", Split(split) if split else None, action.documents.get("group"))
    with screen.workspace.db.read() as connection:
        waiting = document_list.count(connection, wanted)
    if not waiting:
        raise RunProblem(f"{action.title}: no unlabelled document of this kind is here.", "Import more of them first.")
    await screen.workbench.visit(action.screen, ListDocuments(wanted))
    screen.notify(f"{action.title}. {waiting} of these wait.", markup=False)
