"""What the relabel loop is about: the fields on words, or one class field."""

from dataclasses import dataclass

from sqlalchemy import Connection

from storage import label_queries, runs
from storage.records import Run, RunState
from workbench.fields import Schema
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LoopTask:
    """A task that documents are chosen and models are trained for.

    Attributes:
        field: id of the class field; "" for the fields on words.
        name: of the class field as it is shown.
    """

    field: str = ""
    name: str = ""

    @property
    def kind(self) -> str:
        """As in a run's configuration (`model.task`)."""
        return "classes" if self.field else "tokens"


TOKENS = LoopTask()


def of_schema(schema: Schema) -> tuple[LoopTask, ...]:
    """The tasks that a workspace's fields allow, the fields on words first."""
    of_words = (TOKENS,) if schema.spans or not schema.classes else ()
    return (*of_words, *(LoopTask(field.id, field.name) for field in schema.classes))


def usual(workspace: Workspace) -> LoopTask:
    """The task that a workspace is about, as far as can be told: that of its newest run, else of its labels."""
    tasks = of_schema(workspace.schema)
    if len(tasks) == 1:
        return tasks[0]
    with workspace.db.read() as connection:
        if (newest := next(iter(runs.listed(connection)), None)) is not None:
            return next((task for task in tasks if learns(newest, task)), tasks[0])
        of_words, of_classes = label_queries.fields(connection), label_queries.class_fields(connection)
        only_texts = label_queries.are_all_texts(connection)
    if of_words or not (of_classes or only_texts):
        return tasks[0]
    labelled = [task for task in tasks if task.field in of_classes]
    return next(iter(labelled or [task for task in tasks if task.field]))


def learns(run: Run, task: LoopTask) -> bool:
    """Whether a run learned this task; a run that names no class field learned the only one that there was."""
    model = run.config.get("model") or {}
    return run.task == task.kind and (not task.field or model.get("class_field") in (None, "", task.field, task.name))


def ended_runs(connection: Connection, task: LoopTask) -> list[Run]:
    """The runs of a task that ended with a model, the newest first."""
    ended = runs.listed(connection, [RunState.FINISHED, RunState.STOPPED], task=task.kind)
    return [run for run in ended if learns(run, task)]
