"""What a run would see and take, before it starts: the data check and the estimate as text."""

from collections.abc import Mapping

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from storage.records import Split
from workbench.runs.cost import duration
from workbench.runs.data_check import DataCheck, Level, SideFacts
from workbench.runs.estimate import Estimate

_SIDES = (Split.TRAIN, Split.VALIDATION, Split.TEST, Split.POOL)
_NARROWEST, _WIDEST = 13, 24  # columns of the names
_NUMBERS = (6, 7, 6, 6)  # columns of the numbers
_MARKS = {Level.REFUSE: ("✗", "bold $error"), Level.WARN: ("!", "bold $warning"), Level.NOTE: ("·", "$text-muted")}


def check_text(
    check: DataCheck | None, estimate: Estimate | str | None, names: Mapping[str, str], columns: int = 0
) -> Content:
    """The panel's text.

    Args:
        check: None while it is made.
        estimate: None while it is made; a text when there is none.
        names: field id -> name.
        columns: of the screen that the panel has; names are cut where the numbers need them.
    """
    if check is None:
        return Content.styled("Counting the documents …", "$text-muted")
    parts: list[Content | str | tuple[str, str]] = []
    for finding in check.findings:
        if finding.level is not Level.NOTE:
            parts += _finding(finding.level, finding.message, finding.remedy)
    parts += [("Takes\n", "bold $primary"), *_estimate(estimate), "\n"]
    parts.append(("Data\n", "bold $primary"))
    facts = [check.sides.get(side, SideFacts()) for side in _SIDES]
    fields = sorted({name for one in facts[:3] for name in one.labels if name in names}, key=list(names).index)
    wanted = max([_NARROWEST, *(cell_len(names[field]) + 1 for field in fields)])
    wide = max(_NARROWEST, min(wanted, _WIDEST, columns - sum(_NUMBERS)))
    parts.append((f"{'':<{wide}}{'train':>6}{'valid.':>7}{'test':>6}{'pool':>6}\n", "$text-muted"))
    for title, numbers in (
        ("documents", [one.documents for one in facts]),
        ("pages", [one.pages for one in facts]),
        ("vendors", [one.vendors for one in facts]),
        ("windows", [one.windows for one in facts]),
    ):
        parts.append(_row(title, numbers, wide))
    median, most, nearly, longest = check.page_tokens
    parts.append(
        f"tokens a page {median} (half), {most} (90 %), {nearly} (99 %), {longest} at most; "
        f"{check.over_limit:.1%} over the window\n"
    )
    parts.append(("\nLabels\n", "bold $primary"))
    for field in fields:
        parts.append(_row(names[field], [one.labels.get(field, 0) for one in facts[:3]], wide))
    for finding in check.findings:
        if finding.level is Level.NOTE:
            parts += _finding(finding.level, finding.message, finding.remedy)
    return Content.assemble(*parts)


def _row(title: str, numbers: list[int], wide: int) -> str:
    cells = "".join(f"{number:>{width},}" for number, width in zip(numbers, _NUMBERS, strict=False))
    if cell_len(title) >= wide:
        title = set_cell_size(title, wide - 2) + "…"
    return f"{set_cell_size(title, wide)}{cells}\n"


def _finding(level: Level, message: str, remedy: str) -> list[Content | str | tuple[str, str]]:
    mark, style = _MARKS[level]
    told: list[Content | str | tuple[str, str]] = [(f"{mark} ", style), f"{message}\n"]
    if remedy:
        told.append((f"  → {remedy}\n", "$text-muted"))
    return told


def _estimate(estimate: Estimate | str | None) -> list[Content | str | tuple[str, str]]:
    if estimate is None:
        return [("Measuring this machine …\n", "$text-muted")]
    if isinstance(estimate, str):
        return [(f"{estimate}\n", "$text-muted")]
    source = (
        f"as {estimate.checked_against} finished run{'s' if estimate.checked_against > 1 else ''} went"
        if estimate.checked_against
        else "measured here, not checked yet against a finished run"
    )
    told: list[Content | str | tuple[str, str]] = [
        (f"at most {duration(estimate.seconds)}", "bold"),
        f", {duration(estimate.seconds_per_epoch)} an epoch, {estimate.steps:,} steps\n",
        f"on {estimate.device} in {estimate.precision}, {estimate.tokens_per_second:,.0f} tokens/s ({source})\n",
        (f"memory {estimate.memory_mb / 1024:.1f} GiB", "" if estimate.fits else "bold $error"),
        f" of {estimate.free_mb / 1024:.1f} GiB free\n",
    ]
    if estimate.why:
        told.append(("! ", "bold $warning"))
        told.append(f"{estimate.why}\n")
        if estimate.smaller:
            told.append((f"  → {', '.join(estimate.smaller)}\n", "bold"))
    return told
