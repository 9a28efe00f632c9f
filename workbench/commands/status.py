"""`workbench status`: how far the workspace is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.fields.plain_text import counted

_SHOWN = 10
_MANY = 0.9  # groups a document: groups of so few documents are not listed


@click.command
@click.option("--all", "show_all", is_flag=True, help="List every group and problem.")
@json_option
@click.pass_obj
def command(context: Context, show_all: bool, as_json: bool) -> None:
    """What is in the workspace, and what is wrong with it.

    Keys of --json: workspace, documents, pages, tokens, labelled, by_split, by_group, fields {name: labels}, classes
    {class field: {option: documents}}, texts_only, lost_fields [ids], reference_values, suggestions,
    problems, problem_list [{file, record, reason}], learner {state ("off", "not running", "running"), documents,
    fields {name: {right_before_touched}}, keys_per_document (median, or null)}, train_after {after (accepted
    documents until a run begins by itself; 0: never), accepted (since the last run), left}, next_run {train,
    validation, test: the labelled documents that a run started now would learn from and be measured by}.

    \b
    Example:
      workbench -w my-invoices status
    """
    from storage import document_list, documents, label_queries
    from storage.records import Side
    from workbench.active_learning import loop_task, next_run, train_after
    from workbench.field_changes import lost_fields
    from workbench.live import record

    workspace = context.open_workspace()
    usual = loop_task.usual(workspace)
    with workspace.db.read() as connection:
        following = next_run.sides(connection, usual.field)
        counts = document_list.status(connection)
        problems = documents.list_problems(connection)
        of_classes = label_queries.class_counts(connection)
        texts_only = label_queries.are_all_texts(connection)
        tasks = [task for task in loop_task.of_schema(workspace.schema) if task.field or not texts_only]
        wanting = {task.name: label_queries.waiting(connection, task.field, Side.TRAIN)[0] for task in tasks}
    names = {field.id: field.name for field in workspace.schema}
    # Fields in the schema's order; every field in use is there, also without labels.
    by_id = counts["fields"] | {field: sum(options.values()) for field, options in of_classes.items()}
    order = [field.id for field in workspace.schema.active]
    order += [field for field in by_id if field not in order]
    data = {
        "workspace": str(workspace.files.root),
        **counts,
        "fields": {names.get(field, field): by_id.get(field, 0) for field in order},
        "classes": {
            field.name: {option: of_classes.get(field.id, Counter())[option] for option in field.options}
            for field in workspace.schema.classes
        },
        "texts_only": texts_only,
        "want_labels": {name or "fields": number for name, number in wanting.items()},
        "lost_fields": lost_fields.ids(workspace),
        "problem_list": [dict(zip(("file", "record", "reason"), problem, strict=True)) for problem in problems],
    }
    learner = record.status(workspace.files, enabled=workspace.settings.learner)
    learner["fields"] = {names.get(field, field): row for field, row in learner["fields"].items()}
    data["learner"] = learner
    automatic = train_after.standing(workspace)
    data["train_after"] = {"after": automatic.after, "accepted": automatic.accepted, "left": automatic.left}
    data["next_run"] = asdict(following)
    sentence = f"a run started now: {following.sentence}" if following.train else ""
    emit(data, as_json=as_json, text=_lines(data, sentence, None if show_all else _SHOWN))
    workspace.close()


def _lines(data: dict[str, Any], following: str, shown: int | None) -> Iterator[str]:
    yield (
        f"{data['workspace']}: {counted(data['documents'], 'document')}, {counted(data['pages'], 'page')}, "
        f"{counted(data['tokens'], 'word')}, "
        f"{data['labelled']:,} labelled"
    )
    if data["lost_fields"]:
        from workbench.field_changes import lost_fields

        yield lost_fields.sentence(data["lost_fields"])
    if not data["documents"]:
        yield "  → Bring documents in: workbench import PATH…"
    else:
        yield ""
        yield "  ".join(f"{side} {number:,}" for side, number in data["by_split"].items())
        if following:
            yield following
        yield f"{data['reference_values']:,} known values, {data['suggestions']:,} open suggestions"
        if len(data["want_labels"]) > 1:
            yield "want labels: " + ", ".join(f"{number:,} of {name}" for name, number in data["want_labels"].items())
        if data["learner"]["documents"]:
            shares = (f"{name} {row['right_before_touched']:.0%}" for name, row in data["learner"]["fields"].items())
            keys = data["learner"]["keys_per_document"]
            work = "" if keys is None else f"; {keys:g} keys a document"
            yield f"right without a correction, on the last documents: {', '.join(shares)}{work}"
        if data["train_after"]["after"]:
            yield f"trains by itself after {data['train_after']['left']:,} more accepted documents"
        yield ""
        yield from table(list(_label_rows(data)), ("field", "labels"), right=[1])
        if data["texts_only"] and len(data["by_group"]) > _MANY * data["documents"]:
            return  # nearly every text is a group of its own
        yield ""
        groups = list(data["by_group"].items())
        yield from table(groups[:shown], (f"group (of {len(groups):,})", "documents"), right=[1])
        if shown and len(groups) > shown:
            yield f"… and {len(groups) - shown:,} more (--all)"
    if data["problems"]:
        yield ""
        yield f"{data['problems']:,} problems:"
        for problem in data["problem_list"][:shown]:
            where = f", {problem['record']}" if problem["record"] else ""
            yield f"  {problem['file']}{where}: {problem['reason']}"
        if shown and data["problems"] > shown:
            yield f"  … and {data['problems'] - shown:,} more (--all)"


def _label_rows(data: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Fields with their labels; a class field with each of its options. Texts have no other fields without labels."""
    for name, labels in data["fields"].items():
        if labels or name in data["classes"] or not data["texts_only"]:
            yield name, labels
        yield from ((f"  {option}", number) for option, number in data["classes"].get(name, {}).items())
