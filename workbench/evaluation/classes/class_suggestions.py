"""What a class model takes documents to be: suggestions for a workspace."""

import json
from pathlib import Path
from typing import Any

from storage import label_queries
from storage.exceptions import RunProblem
from storage.files import read_regular
from storage.suggestions import keep_class_suggestions
from workbench.runs import parquet
from workbench.runs.config import families
from workbench.runs.state import MODEL_DESCRIPTION, RunFolder
from workbench.workspace import Workspace


def is_of_classes(folder: Path) -> bool:
    """Whether a run folder's predictions tell what whole documents are."""
    predictions = RunFolder(folder).predictions
    return predictions.is_file() and parquet.task_of(predictions) == parquet.CLASSES


def is_classifier(model: Path) -> bool:
    """Whether a model folder tells what whole documents are, by its `workbench.json`."""
    return _description(model).get("task") == parquet.CLASSES


def family_of(model: Path) -> str:
    """The family of a model folder, by its `workbench.json`, or else by its configuration."""
    family = _description(model).get("family")
    return family if family in families.FAMILIES else families.infer(str(model))


def takes_several(model: Path) -> bool:
    """Whether the documents of a classifier can have several options."""
    match _description(model):
        case {"task": parquet.CLASSES, "fields": [{"multiple": several}, *_]}:
            return bool(several)
    return False


def field_of(model: Path) -> str:
    """The id of the class field that a model was trained for; "" where its folder does not say."""
    match _description(model):
        case {"fields": [{"id": str(field)}, *_]}:
            return field
    return ""


def _description(model: Path) -> dict[str, Any]:
    try:
        description = json.loads(read_regular(model / MODEL_DESCRIPTION))
    except (OSError, ValueError, RecursionError):
        return {}
    return description if isinstance(description, dict) else {}


def keep(workspace: Workspace, folder: Path, model: str, field_id: str) -> dict[str, Any]:
    """Store what a model thinks of the documents of a folder that it read; labels stay as they are.

    Args:
        folder: with the predictions.
        model: the name that they are kept under.
        field_id: the class field that the model was trained for.

    Returns:
        {"model", "documents", "suggestions", "fields": {field: how many}}

    Raises:
        RunProblem: the workspace has no such field.
    """
    field = workspace.schema.get(field_id)
    if field is None or field.retired:
        raise RunProblem(f"There is no class field {field_id} here.", "`workbench fields` shows those that there are.")
    with workspace.db.write() as connection:
        labelled = label_queries.classified(connection, field.id)
        probabilities = {
            case.document: [(option, share) for option, share in case.probabilities.items() if option in field.options]
            for case in parquet.stream_classes(folder, "pool")
            if case.document not in labelled
        }
        kept = keep_class_suggestions(connection, model, field.id, probabilities)
    return {"model": model, "documents": kept, "suggestions": kept, "fields": {field.id: kept}}
