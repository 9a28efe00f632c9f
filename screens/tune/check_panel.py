"""What a run would see and take, before it starts: the data check and the estimate."""

import time
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from screens.base import screen_of
from storage.exceptions import ConfigProblem, RunProblem
from storage.records import Split
from workbench.fields.plain_text import counted
from workbench.runs.config.tune import TuneConfig
from workbench.runs.cost import duration
from workbench.runs.data_check import CheckFinding, DataCheck, DataChecker, Level, SideFacts
from workbench.runs.estimate import Estimate, estimate
from workbench.workspace import Workspace

SETTLE_SECONDS = 0.4
"""How long a value must stand before the machine is measured for it."""

_SIDES = (Split.TRAIN, Split.VALIDATION, Split.TEST, Split.POOL)
_NARROWEST, _WIDEST = 13, 24  # columns of the names
_NUMBERS = (6, 7, 6, 6)  # columns of the numbers
_CLOSE = (5, 7, 5, 5)  # the same where names need the space
_MARKS = {Level.REFUSE: ("✗", "bold $error"), Level.WARN: ("!", "bold $warning"), Level.NOTE: ("·", "$text-muted")}


class CheckPanel(VerticalScroll, can_focus=False):
    """Checks the data for a configuration and estimates what the run takes; posts `Checked` as either is known."""

    class Checked(Message):
        """The check, and then also the estimate, of the latest configuration."""

        def __init__(self, config: TuneConfig, check: DataCheck, estimated: Estimate | str | None) -> None:
            super().__init__()
            self.config, self.check, self.estimated = config, check, estimated

    def __init__(self, workspace: Workspace, id: str | None = None) -> None:
        super().__init__(id=id)
        self._workspace = workspace
        self._checker = DataChecker(workspace)
        self._config: TuneConfig | None = None  # the latest
        self.check: DataCheck | None = None
        self.estimate: Estimate | str | None = None  # a text where there is none
        self._target = ""  # where the next run trains; "": on this machine

    def compose(self) -> ComposeResult:
        yield Static(check_text(None, None), id="facts")

    @property
    def refusal(self) -> CheckFinding | None:
        """Why a run cannot work; None while that is not known."""
        return self.check.refused[0] if self.check is not None and self.check.refused else None

    @property
    def smaller(self) -> tuple[str, ...]:
        """Settings ("key=value") with which a run would fit; none where it fits, or nothing helps."""
        return self.estimate.smaller if isinstance(self.estimate, Estimate) else ()

    def look(self, config: TuneConfig) -> None:
        """Check the data for a configuration, then estimate, in a thread; work on an earlier one is cancelled."""
        self._config = config

        def work() -> None:
            worker = get_current_worker()

            def is_cancelled() -> bool:
                return worker.is_cancelled

            check = self._checker.check(config)
            self.post_message(self.Checked(config, check, None))
            estimated: Estimate | str = "Estimated when it can work."
            if not check.refused:
                time.sleep(SETTLE_SECONDS)  # a held key goes through many values: only the last is measured
                if is_cancelled():
                    return
                try:
                    on = self._workspace.settings.target(self._target) if self._target else None
                    estimated = estimate(self._workspace, config, check, is_cancelled, on)
                except (RunProblem, ConfigProblem) as problem:  # the target is named no more
                    estimated = f"{problem.message} {problem.remedy}"
            if not is_cancelled():
                self.post_message(self.Checked(config, check, estimated))

        screen_of(self).read_in_background(work, "check")

    def on_check_panel_checked(self, message: Checked) -> None:
        if message.config == self._config:
            self.check, self.estimate = message.check, message.estimated
            self._show()
        else:
            message.stop()

    def say_target(self, name: str) -> None:
        """Estimate for the machine that the next run trains on, as far as runs there tell; "": this one."""
        self._target = name
        self._show()
        if self._config is not None:
            self.look(self._config)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        facts = self.query_one("#facts", Static)
        facts.update(check_text(self.check, self.estimate, facts.content_size.width, self._target))


def check_text(check: DataCheck | None, estimate: Estimate | str | None, columns: int = 0, target: str = "") -> Content:
    """The panel's text.

    Args:
        check: None while the data are being checked.
        estimate: None while it is being measured; a text when there is none.
        columns: of the screen that the panel has; names are cut where the numbers need them.
        target: another machine that will train.
    """
    if check is None:
        return Content.styled("Counting the documents …", "$text-muted")
    names = check.names
    parts: list[Content | str | tuple[str, str]] = []
    for finding in check.findings:
        if finding.level is not Level.NOTE:
            parts += _finding(finding.level, finding.message, finding.remedy)
    parts.append(("Time and memory\n", "bold $primary"))
    is_of = estimate.target if isinstance(estimate, Estimate) else ""
    if target or is_of:
        parts.append((f"of {is_of}:\n" if is_of == target else f"of this machine, not of {target}:\n", "$text-muted"))
    parts += [*_estimate(estimate), "\n"]
    parts.append(("Data\n", "bold $primary"))
    facts = [check.sides.get(side, SideFacts()) for side in _SIDES]
    fields = sorted({name for side in facts[:3] for name in side.labels if name in names}, key=list(names).index)
    widest = max([_NARROWEST, *(cell_len(names[field]) + 1 for field in fields)])
    most_counted = max((number for side in facts for number in (side.documents, side.windows)), default=0)
    is_close = widest + sum(_NUMBERS) > columns and most_counted < 1000
    numbers_wide = _CLOSE if is_close else _NUMBERS
    wide = max(_NARROWEST, min(widest, _WIDEST, columns - sum(numbers_wide)))
    sides = "".join(f"{name:>{w}}" for name, w in zip(("train", "valid.", "test", "pool"), numbers_wide, strict=True))
    parts.append((f"{'':<{wide}}{sides}\n", "$text-muted"))
    for title, numbers in (
        ("documents", [side.documents for side in facts]),
        ("pages", [side.pages for side in facts]),
        ("vendors", [side.vendors for side in facts]),
        ("windows", [side.windows for side in facts]),
    ):
        parts.append(_row(title, numbers, wide, numbers_wide))
    median, most, _, longest = check.page_tokens
    parts.append(
        f"pieces of words (tokens) a page:\n  half up to {median}, 9 in 10 up to {most},\n"
        f"  longest {longest}; {check.over_limit:.1%} over a window\n"
    )
    parts.append(("\nLabels\n", "bold $primary"))
    for field in fields:
        parts.append(_row(names[field], [side.labels.get(field, 0) for side in facts[:3]], wide, numbers_wide))
    for finding in check.findings:
        if finding.level is Level.NOTE:
            parts += _finding(finding.level, finding.message, finding.remedy)
    return Content.assemble(*parts)


def _row(title: str, numbers: list[int], wide: int, numbers_wide: Sequence[int]) -> str:
    cells = "".join(f"{number:>{width},}" for number, width in zip(numbers, numbers_wide, strict=False))
    if cell_len(title) >= wide:
        title = set_cell_size(title, wide - 2) + "…"
    return f"{set_cell_size(title, wide)}{cells}\n"


def _finding(level: Level, message: str, remedy: str) -> list[Content | str | tuple[str, str]]:
    mark, style = _MARKS[level]
    parts: list[Content | str | tuple[str, str]] = [(f"{mark} ", style), f"{message}\n"]
    if remedy:
        parts.append((f"  → {remedy}\n", "$text-muted"))
    return parts


def _estimate(estimate: Estimate | str | None) -> list[Content | str | tuple[str, str]]:
    if estimate is None:
        return [("Measuring this machine …\n", "$text-muted")]
    if isinstance(estimate, str):
        return [(f"{estimate}\n", "$text-muted")]
    source = (
        f"as {counted(estimate.checked_against, 'finished run')} went{' there' if estimate.target else ''}"
        if estimate.checked_against
        else "measured here, not checked yet against a finished run"
    )
    parts: list[Content | str | tuple[str, str]] = [
        (f"at most {duration(estimate.seconds)}", "bold"),
        f", {duration(estimate.seconds_per_epoch)} an epoch, {estimate.steps:,} steps\n",
        f"on {estimate.device} in {estimate.precision}, {estimate.tokens_per_second:,.0f} tokens/s ({source})\n",
    ]
    if not estimate.target:
        parts.append((f"memory {estimate.memory_mb / 1024:.1f} GiB", "" if estimate.fits else "bold $error"))
        parts.append(f" of {estimate.free_mb / 1024:.1f} GiB free\n")
    if estimate.why:
        parts.append(("! ", "bold $warning"))
        parts.append(f"{estimate.why}\n")
        if estimate.smaller:
            parts.append((f"  → {', '.join(estimate.smaller)}\n", "bold"))
    return parts
