"""The test side of a search's run, which its model does not read by itself: it is read once the run was chosen.

What is read is joined to the run's predictions and to its report, which then are those of any other run.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage import runs as run_store
from storage.files import draft_folder, write_atomic
from storage.records import Run
from workbench.evaluation import prediction_process, report
from workbench.evaluation.classes import class_report
from workbench.evaluation.prediction_process import Tick
from workbench.runs import launcher, machine, parquet
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder, check_model
from workbench.settings import Target
from workbench.workspace import Workspace

_COLUMNS = tuple(parquet.Prediction.__slots__)


def read_test(workspace: Workspace, run: Run, tick: Tick | None = None, on: Target | None = None) -> None:
    """Have a run's model read its test side, unless it has.

    Args:
        workspace: of the run.
        run: that has ended.
        tick: see `prediction_process.Tick`.
        on: another machine to read it on.

    Raises:
        RunProblem: the run has no model, or the model could not read.
        InputProblem: its folder is damaged.
    """
    folder = RunFolder(workspace.files.run(run.id))
    if not folder.test_unread():
        return
    check_model(run, folder)
    request = Request.read(folder.path)
    with draft_folder(workspace.files.runs, f".{launcher.READING}") as draft:
        reader = RunFolder(draft)
        _lay_out(folder, reader)
        asked = Request(
            run=draft.name, fields=request.fields, task="score", model=str(folder.model),
            threads=machine.cores() if on is None else None, engines=request.engines,
        )  # fmt: skip
        write_atomic(reader.request, asked.text())
        prediction_process.carry_out(draft, tick, on)
        _join(folder, reader)
    kept = _report_with_test(folder)
    write_atomic(folder.report, json.dumps(kept, ensure_ascii=False, indent=1))
    with workspace.db.write() as connection:
        run_store.change(connection, run.id, report=kept)


def _lay_out(folder: RunFolder, reader: RunFolder) -> None:
    """Lay a run's test documents out as what a model only reads.

    Raises:
        InputProblem: they are not there, or are damaged.
    """
    with parquet.opened(folder.dataset("test")):
        reader.datasets.mkdir()
    shutil.copyfile(folder.dataset("test"), reader.dataset("pool"))
    rows = parquet.rows(reader.dataset("pool"), ["pictures"])
    root = folder.path.resolve()
    for name in {name for row in rows for name in row["pictures"] if name and not Path(name).is_absolute()}:
        picture = folder.path / name
        # a run of others names what it likes
        if ".." not in Path(name).parts and picture.is_file() and picture.resolve().is_relative_to(root):
            (reader.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, reader.path / name)


def _join(folder: RunFolder, reader: RunFolder) -> None:
    """Write what was read to the run's predictions."""

    def joined() -> Iterator[parquet.Prediction]:
        for record in _stored(reader.predictions):
            yield parquet.Prediction(**{**record, "split": "test"})
        for record in _stored(folder.predictions):
            if record["split"] != "test":  # two may read it at a time
                yield parquet.Prediction(**record)

    path = folder.predictions
    parquet.write_predictions(path, joined(), parquet.once(path), parquet.task_of(path))


def _stored(path: Path) -> Iterator[dict[str, Any]]:
    for part in parquet.tables(path, _COLUMNS):
        yield from parquet.rows_of(part)


def _report_with_test(folder: RunFolder) -> dict[str, Any]:
    """A run's report with the figures of the test side, as it would be of a run that had read it by itself."""
    kept = folder.read_report()
    kept.pop("test_unread", None)
    if kept.get("task") == parquet.CLASSES:
        figures = kept["classes"] = class_report.final(folder.path)
        means, rows = (figures or {}).get("macro"), (figures or {}).get("classes")
    else:
        figures = kept["evaluation"] = report.final(folder.path)
        means, rows = (figures or {}).get("micro"), (figures or {}).get("fields")
    if figures is not None and figures["split"] == "test":
        brief = {**(means or {}), "documents": figures["documents"], "fields": rows}
        kept["figures"] = {**(kept.get("figures") or {}), "test": brief}
    return kept
