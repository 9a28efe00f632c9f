"""The HTML report of a run: its figures, errors with the places cut from the pages, the Doctor's findings, curves."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage import events
from storage.exceptions import InputProblem
from workbench.evaluation import error_analysis, html_rendering, report
from workbench.evaluation.doctor import diagnosis
from workbench.evaluation.error_analysis import ErrorRecord
from workbench.fields import colours
from workbench.files import picture_kinds
from workbench.predictions import run_reader
from workbench.predictions.cases import Case
from workbench.runs.state import RunFolder

_MOST = 40
"""Errors that are shown with a picture."""
_MARGIN = 25  # thousandths of the page around the place
_WIDTH = 480  # pixels at most


def make(folder: Path, *, title: str, names: Mapping[str, str], split: str | None = None) -> str:
    """The page of a run folder.

    Args:
        folder: the run's.
        title: the run's name.
        names: field id -> shown name.
        split: None takes the test split, else validation.

    Raises:
        InputProblem: there is nothing to report, or the folder is damaged.
    """
    figures = report.evaluate_run(folder, split)
    figures["test_unread"] = RunFolder(folder).test_unread()
    cases = run_reader.read_labelled(folder, figures["split"])
    judged = error_analysis.judge(cases, run_reader.read_vendors(folder, "train"))
    records = error_analysis.find(judged)
    return html_rendering.render(
        figures,
        title=title,
        names=names,
        records=records,
        vendors=error_analysis.failing_vendors(judged),
        concentrations=error_analysis.concentrations(judged, records),
        diagnosis=diagnosis.diagnose(diagnosis.examine(folder, figures)),
        events=list(events.iterate(RunFolder(folder).events)),
        pictures=cuttings(folder, figures["split"], cases, records[:_MOST]),
    )


def cuttings(folder: Path, split: str, cases: Sequence[Case], records: Sequence[ErrorRecord]) -> dict[int, bytes]:
    """Position in `records` -> PNG of the place on its page; errors whose page has no picture are left out."""
    pages = run_reader.read_pictures(folder, split)
    by_document = {case.document: case for case in cases}
    cut = {}
    for position, record in enumerate(records):
        listed = pages.get(record.document, ())
        path = listed[record.page] if record.page < len(listed) else None
        if path is not None and path.is_file():
            case = by_document[record.document]
            chunks = [chunk for chunk in (record.gold, record.predicted) if chunk]
            boxes = [
                case.boxes[word]
                for chunk in chunks
                for word in range(chunk.start, chunk.stop)
                if case.pages[word] == record.page
            ]
            cut[position] = _cut(path, boxes)
    return cut


def _cut(path: Path, boxes: Sequence[tuple[int, int, int, int]]) -> bytes:
    """The part of a picture around boxes (thousandths of the page), the boxes framed."""
    from PIL import Image, ImageDraw, UnidentifiedImageError

    left, top, right, bottom = zip(*boxes, strict=True)
    try:
        with Image.open(path, formats=picture_kinds.STORED) as picture:
            across, down = picture.width / 1000, picture.height / 1000
            area = (
                max(0, round((min(left) - 4 * _MARGIN) * across)),
                max(0, round((min(top) - _MARGIN) * down)),
                min(picture.width, round((max(right) + 4 * _MARGIN) * across)),
                min(picture.height, round((max(bottom) + _MARGIN) * down)),
            )
            part = picture.crop(area).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise InputProblem(f"{path} cannot be read: {error}.", "Import the document again.") from error
    pen = ImageDraw.Draw(part)
    for x0, y0, x1, y1 in boxes:
        place = (x0 * across - area[0], y0 * down - area[1], x1 * across - area[0], y1 * down - area[1])
        pen.rectangle(place, outline=colours.RED, width=2)
    if part.width > _WIDTH:
        part = part.resize((_WIDTH, max(1, round(part.height * _WIDTH / part.width))))
    out = io.BytesIO()
    part.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()
