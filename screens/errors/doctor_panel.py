"""The Doctor's findings, with evidence, cause, and actions to take; any screen can show it.

panel = DoctorPanel()
panel.consult(run)                # or show(consultation, schema), see workbench/evaluation/doctor/consultation.py
@on(DoctorPanel.Taken)            # an action was chosen: event.finding, event.action
"""

from functools import partial

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.base import screen_of
from screens.widgets.columns import Hanging, named
from storage.records import Run
from workbench.evaluation.doctor import consultation
from workbench.evaluation.doctor.consultation import Consultation
from workbench.evaluation.doctor.findings import Action, Finding, Severity, Target
from workbench.fields import Schema

_TARGETS = {
    Target.CONFIG: "changes the next run",
    Target.POSTPROCESS: "changes a repair rule, no training",
    Target.DATA: "a task with the documents",
}
_PAINTED = 0.3  # seconds: reading the run would keep what stands beside the panel waiting


class DoctorPanel(OptionList):
    """Findings to read and actions to choose. Actions that change nothing by themselves are tasks for people."""

    DEFAULT_CSS = """
    DoctorPanel {
        background: $background; border: none; padding: 0 1; scrollbar-size-vertical: 1;
        &:focus { border: none; }
        & > .option-list--option-disabled { color: $foreground; }
        & > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: none; }
        &:focus > .option-list--option-highlighted { background: $primary 30%; color: $foreground; text-style: bold; }
    }
    """

    class Taken(Message):
        def __init__(self, finding: Finding, action: Action) -> None:
            super().__init__()
            self.finding, self.action = finding, action

    class Consulted(Message):
        """The Doctor has read the run."""

        def __init__(self, consultation: Consultation) -> None:
            super().__init__()
            self.consultation = consultation

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._run = ""  # id of the run that the Doctor was asked about
        self._choices: dict[str, tuple[Finding, Action]] = {}

    def consult(self, run: Run) -> None:
        """Ask the Doctor about a run, in the background, when what stands beside it has been painted."""
        self._run = run.id
        self.show(None, screen_of(self).workspace.schema)
        self.set_timer(_PAINTED, partial(self._start, run))

    def _start(self, run: Run) -> None:
        if self._run == run.id:
            workspace = screen_of(self).workspace
            ask = lambda: self.post_message(self.Consulted(consultation.consult(workspace, run)))  # noqa: E731
            screen_of(self).read_in_background(ask, "doctor")

    def on_doctor_panel_consulted(self, message: Consulted) -> None:
        message.stop()
        if message.consultation.run == self._run:
            self.show(message.consultation, screen_of(self).workspace.schema)

    def show(self, report: Consultation | None, schema: Schema) -> None:
        """Show a consultation, fields by their shown names; None while it is being made."""
        self._choices.clear()
        if report is None:
            self._fill([Option("The Doctor is reading the run …", disabled=True)])
            return
        options: list[Option | None] = []
        diagnosis = report.diagnosis
        if diagnosis.healthy:
            options.append(Option(Content.styled("✓ Healthy: no problem was found.", "bold $success"), disabled=True))
        for sentence in report.outcome:
            options.append(Option(Hanging.assemble(("Tried: ", "bold $primary"), sentence), disabled=True))
        problems = sum(finding.severity is Severity.PROBLEM for finding in diagnosis.findings)
        for number, finding in enumerate(diagnosis.findings):
            if number < 2 and problems > 1:
                head = "What matters most" if number == 0 else "Then"
                options.append(Option(Content.styled(head, "bold $primary"), disabled=True))
            options.append(Option(_facts(finding, schema), disabled=True))
            for place, action in enumerate(finding.actions):
                name = f"{number}.{place}"
                self._choices[name] = (finding, action)
                remembered = report.remembered.get(action.id, "")
                options.append(Option(_action(place + 1, action, remembered, schema), id=name))
            options.append(None)
        if report.forecast:
            sentences = [forecast.sentence() for forecast in report.forecast if forecast.gain is not None]
            command = f"`workbench doctor {report.run} --learning-curve` trains on parts of the documents for it"
            lines = "\n".join(f"  {line}" for line in sentences or [report.forecast[0].why, command])
            options.append(
                Option(Hanging.assemble(("What more labels bring\n", "bold $primary"), lines), disabled=True)
            )
        self._fill(options)

    @property
    def leads(self) -> bool:
        """Whether Enter does something at the action that is highlighted."""
        option = self.highlighted_option
        return option is not None and option.id in self._choices and self._choices[option.id][1].leads

    def _fill(self, options: list[Option | None]) -> None:
        self.clear_options()
        self.add_options(options)
        if self._choices:
            self.highlighted = self.get_option_index(next(iter(self._choices)))
            self.scroll_to(0, 0, animate=False, immediate=True)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click takes an action that leads somewhere."""
        event.stop()
        if event.option.id in self._choices and self._choices[event.option.id][1].leads:
            self.post_message(self.Taken(*self._choices[event.option.id]))


def _facts(finding: Finding, schema: Schema) -> Content:
    """Two sentences, and the figures below."""
    problem = finding.severity is Severity.PROBLEM
    return Hanging.assemble(
        ("! " if problem else "· ", "bold $error" if problem else "$text-muted"),
        (f"{named(finding.symptom, schema)}.", "bold"),
        f" {finding.cause}",
        (f"\n  {named(' · '.join(finding.facts), schema)}", "$text-muted"),
    )


def _action(number: int, action: Action, remembered: str, schema: Schema) -> Content:
    goes = (
        " · Enter goes there" if action.screen else " · Enter asks first" if action.target is Target.POSTPROCESS else ""
    )
    parts: list[str | tuple[str, str]] = [
        (f"  {number}. ", "bold $accent" if action.target is not Target.DATA else "$text-muted"),
        named(action.title, schema),
        (f"\n     {_TARGETS[action.target]}{goes} · costs {action.cost}", "$text-muted"),
    ]
    if remembered:
        parts.append((f"\n     earlier results here: {remembered}", "$primary"))
    return Hanging.assemble(*parts)
