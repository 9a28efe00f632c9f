"""Run folders and models that travel: take a run in from elsewhere, give a model away with its card."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage import runs as run_store
from storage.exceptions import InputProblem, RunProblem, WorkspaceProblem
from storage.records import Run, RunState
from workbench.runs import jobs, progress
from workbench.runs.config import families
from workbench.runs.config.files import Request
from workbench.workspace import Workspace


def adopt(workspace: Workspace, source: Path) -> Run:
    """Take a run folder from another machine into this workspace.

    Raises:
        ConfigProblem: the folder holds no request that can be read.
        InputProblem: it names itself what no run is called.
        RunProblem: it is at work, or a run of this id is here already.
    """
    request = Request.read(source)
    if not re.fullmatch(r"\w[\w.-]{0,63}", request.run):  # it becomes a folder's name here
        raise InputProblem(f"{source} calls itself {request.run!r}: that is no run's name.", "Correct request.yaml.")
    target = jobs.folder_of(workspace, request.run)
    here = target.exists() and target.resolve() == source.resolve()
    with workspace.db.read() as connection:
        listed = any(run.id == request.run for run in run_store.listed(connection))
    if listed or (target.exists() and not here):
        raise RunProblem(f"There is a run {request.run} here already.", "Delete that one first.")
    if not here:
        if jobs.at_work(source):
            raise RunProblem(f"Run {request.run} is at work where it is.", "Stop it there first, then copy it.")
        with _appearing(target) as draft:
            shutil.copytree(source, draft, ignore_dangling_symlinks=True)
    began = progress.of(target).first_time or (target / "request.yaml").stat().st_mtime
    run = Run(
        request.run,
        request.run,
        RunState.QUEUED,
        request.config.model.family,
        request.preset,
        request.config.model_dump(mode="json"),
        datetime.fromtimestamp(began, UTC),
        parent=request.parent or None,
    )
    with workspace.db.write() as connection:
        run_store.add(connection, run)
    jobs.reconcile(workspace)
    with workspace.db.read() as connection:
        return run_store.get(connection, run.id)


def export_model(workspace: Workspace, run_id: str, target: Path) -> Path:
    """Copy a run's model into a new folder: plain Hugging Face, workbench.json, and a model card. Returns the folder.

    Raises:
        RunProblem: the run has no model.
        WorkspaceProblem: the folder exists, or cannot be written.
    """
    with workspace.db.read() as connection:
        run = run_store.get(connection, run_id)
    source = jobs.folder_of(workspace, run.id) / "model"
    if not (source / "config.json").exists():
        raise RunProblem(f"Run {run.name} has no model yet.", "Wait until it has finished.")
    target = target.expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WorkspaceProblem(f"{target} is there already.", "Name a new folder.")
    with _appearing(target) as draft:
        shutil.copytree(source, draft)
        (draft / "README.md").write_text(model_card(workspace, run), encoding="utf-8")
    return target


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """A folder that appears whole or not at all."""
    draft: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".incoming-", dir=target.parent)) / "folder"
        yield draft
        if target.exists():
            target.rmdir()  # empty, as was checked
        draft.rename(target)
    except (OSError, shutil.Error) as error:
        raise WorkspaceProblem(
            f"{target} cannot be written: {getattr(error, 'strerror', None) or error}. Nothing was changed.",
            "Free some space or check the permissions, then repeat the step.",
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft.parent, ignore_errors=True)


def model_card(workspace: Workspace, run: Run) -> str:
    """What a model is, was trained on and reaches, as Markdown with the front matter that hubs read."""
    report: dict[str, Any] = run.report or {}
    request = Request.read(jobs.folder_of(workspace, run.id))
    spec = families.spec(run.family)
    base = request.config.model.name or spec.bases[0].name or "the starter of invoice-workbench"
    counts = report.get("documents") or {}
    names = {field.id: field.name or field.id for field in request.fields}
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: token-classification",
        "tags: [invoice, layout, token-classification]",
        "---",
        f"# {run.name}",
        "",
        f"Fine-tuned from {base} ({spec.title}) by invoice-workbench, run {run.id}, "
        f"{run.created.astimezone():%Y-%m-%d}.",
        "",
        f"**Licence of the base weights:** {spec.licence}. {spec.commercial}",
        "",
        f"**They had learned from** {spec.learned_from}",
        "",
        "## Data",
        "",
        *(f"- {split}: {number} documents" for split, number in counts.items() if number),
        f"- fingerprint of the training documents: `{request.fingerprint or report.get('fingerprint', '')}`",
        *(f"- words and boxes: {_reader(engine, version)}" for engine, version in sorted(request.engines.items())),
        "",
    ]  # fmt: skip
    for split, figures in (report.get("figures") or {}).items():
        lines += [
            f"## Figures on {split} ({figures.get('documents', 0)} documents)",
            "",
            f"Strict span F1, micro: **{figures.get('f1') or 0:.3f}**{_between(report, split)}",
            "",
            "| field | precision | recall | F1 | labels |",
            "|---|---|---|---|---|",
            *(
                f"| {names.get(field, field)} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} "
                f"| {row['support']} |"
                for field, row in (figures.get("fields") or {}).items()
            ),
            "",
        ]
    lines += [
        "## Use",
        "",
        "Words with boxes (0–1000 of the page) in; a label for every sub-token out. A word's prediction is the mean "
        "over its sub-tokens. `workbench.json` holds the fields, the windows and the normalisers.",
        "",
        "## Configuration",
        "",
        "```yaml",
        request.text().rstrip(),
        "```",
        "",
    ]
    return "\n".join(lines)


def _reader(engine: str, version: str) -> str:
    """Who read the words: a model meets the same mistakes only where the same engine reads for it."""
    told = {"given": "given with the documents", "text-layer": "the text layer of the PDFs"}
    return told.get(engine) or f"read by the OCR engine {engine} {version}".rstrip()


def _between(report: dict[str, Any], split: str) -> str:
    evaluation = report.get("evaluation") or {}
    ci95 = (evaluation.get("micro") or {}).get("ci95") if evaluation.get("split") == split else None
    return f" (95 % between {ci95[0]:.2f} and {ci95[1]:.2f})" if ci95 else ""
