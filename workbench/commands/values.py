"""`workbench values`: bring in known values from a table."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage.exceptions import InputProblem, UsageProblem
from workbench.commands.support import argument_completion, streams
from workbench.commands.support.context import Context
from workbench.commands.support.output import by_reason, emit, is_terminal, json_option, listed, pairs, table
from workbench.commands.support.parameter_types import NamedPath, Range
from workbench.fields.plain_text import counted, harmless_lines

if TYPE_CHECKING:
    from workbench.exchange.known_values import ValuesReport
    from workbench.workspace import Workspace

_COLUMNS = 8  # that a line names


@click.command
@click.argument("tables", nargs=-1, type=NamedPath(path_type=Path, allow_dash=True))
@click.option(
    "--map", "mapping", multiple=True, metavar="COLUMN=FIELD", callback=pairs,
    shell_complete=argument_completion.meaning, help="What a column means.",
)  # fmt: skip
@click.option("--new-fields", is_flag=True, help="Make a field of every column that no field is called.")
@click.option("--keep-names", is_flag=True, help="Make a field of every column instead of using its aliases.")
@click.option("--accept-above", type=Range(0, 1), help="Make labels of places this sure; the rest suggests.")
@click.option("--ignore-folders", is_flag=True, help="Match documents by the file's name alone, whatever its folder.")
@click.option("--dry-run", is_flag=True, help="Show what would become of the tables, and change nothing.")
@click.option("--undo", is_flag=True, help="Take the latest import of values back.")
@json_option
@click.pass_obj
def command(
    context: Context, /, tables: tuple[Path, ...], as_json: bool, undo: bool, new_fields: bool, **options: Any
) -> None:
    """Take known values over from TABLES (CSV, XLSX, JSON; `-` is standard input): a column `file`, then one a field.

    They become known values of the documents with these names, and suggestions where they stand on the page. A
    path means the document in that folder; a name that several documents have is refused. A column that no field is
    called is asked about in a terminal, and left out elsewhere.

    Keys of --json: rows, documents, reference_values, aligned {field: n}, not_aligned {field: n}, unaligned
    [{document, field, value, reason}], labels {field: n}, suggestions, mapping, new_fields, left_out {column: n},
    unmapped [column], replaced [{document, field, earlier, value}], notes, skipped, problems [{file, record, reason}],
    dry_run. With --undo: tables, at, documents, kept_labels, removed_fields, retired_fields.

    \b
    Examples:
      workbench values bookings.xlsx --dry-run
      workbench values bookings.xlsx --map "Gross amount=amount_total" --accept-above 0.95
      workbench values --undo
      sqlite3 -csv -header books.db "SELECT file, invoice_no FROM bookings" | workbench values -
    """
    from workbench.exchange.known_values import ValuesReport, bring_in

    if undo == bool(tables):
        raise UsageProblem(
            "Name tables, or say --undo." if not undo else "--undo takes no tables.", "`workbench values --help`"
        )
    workspace = context.open_workspace()
    try:
        if undo:
            _undo(workspace, as_json)
            return
        outcome = ValuesReport()
        with streams.files_of(tables, workspace.settings.limits.file_bytes) as files:
            if not (new_fields or options["keep_names"] or streams.STREAM in tables):  # its terminal cannot be asked
                options["mapping"] |= ask_about_columns(workspace, files, options["mapping"], as_json=as_json)
            bring_in(workspace, *files, outcome=outcome, add_fields=new_fields, **options)
    finally:
        workspace.close()
    name = {field.id: field.name for field in workspace.schema}
    is_dry = options["dry_run"]
    head = ["Nothing was changed. Without --dry-run:"] if is_dry else []
    data = {**as_data(outcome, name), "dry_run": is_dry}
    emit(data, as_json=as_json, text=[*head, *lines(outcome, name, undo=not is_dry)])
    if outcome.skipped and not outcome.documents:
        sys.exit(4)


def _undo(workspace: "Workspace", as_json: bool) -> None:
    from workbench.exchange.known_values import undo_last

    undone = undo_last(workspace)
    if undone is None:
        raise InputProblem("There is no import of values to undo.", "Imports of older versions were not recorded.")
    text = [
        f"Undone: the values of {', '.join(undone.tables)} ({undone.at.astimezone():%Y-%m-%d %H:%M}). "
        f"{counted(undone.documents, 'document')} restored."
    ]
    if undone.kept_labels:
        text.append(f"{undone.kept_labels:,} of its labels stay: their documents were accepted since.")
    if undone.removed_fields:
        text.append(f"Removed fields: {', '.join(undone.removed_fields)}")
    if undone.retired_fields:
        text.append(f"Retired again: {', '.join(undone.retired_fields)}")
    emit(asdict(undone), as_json=as_json, text=text)


def ask_about_columns(
    workspace: "Workspace", tables: Sequence[Path], mapping: Mapping[str, str], *, as_json: bool
) -> dict[str, str]:
    """Ask in a terminal for the fields of columns that nothing maps: column -> field, without those left out."""
    from workbench.exchange.known_values import unmapped_columns

    answers: dict[str, str] = {}
    if as_json or not is_terminal():
        return answers
    schema = workspace.schema
    for column, samples in unmapped_columns(workspace, tables, mapping).items():
        values = ", ".join(samples)
        question = "Its field, + for a new one, or Enter to leave it out."
        click.echo(harmless_lines(f"No field is called “{column}” ({values}). {question}"))
        while answer := click.prompt(harmless_lines(column), default="", show_default=False).strip():
            field = schema.resolve(answer)
            if answer == "+" or field is not None:
                answers[column] = field.name if field is not None else column
                break
            click.echo(harmless_lines(f"There is no field {answer}. Fields: {', '.join(f.name for f in schema.spans)}"))
    return answers


def as_data(outcome: "ValuesReport", name: dict[str, str]) -> dict[str, Any]:
    """The outcome with stable keys; fields by name."""

    def named(counts: dict[str, int]) -> dict[str, int]:
        return {name.get(field_id, field_id): number for field_id, number in counts.items()}

    return {
        "rows": outcome.rows,
        "documents": outcome.documents,
        "reference_values": outcome.reference_values,
        "aligned": named(outcome.aligned),
        "not_aligned": named(outcome.not_aligned),
        "unaligned": [
            dict(zip(("document", "field", "value", "reason"), row, strict=True)) for row in outcome.unaligned
        ],
        "labels": named(outcome.labels),
        "suggestions": outcome.suggestions,
        "mapping": outcome.mapping,
        "new_fields": outcome.new_fields,
        "left_out": dict(outcome.left_out),
        "unmapped": [*outcome.unmapped],
        "replaced": [
            dict(zip(("document", "field", "earlier", "value"), row, strict=True)) for row in outcome.replaced
        ],
        "notes": outcome.notes,
        "skipped": outcome.skipped,
        "problems": [{"file": r.file, "record": r.record, "reason": r.reason} for r in outcome.rejected],
    }


def lines(outcome: "ValuesReport", name: dict[str, str], *, undo: bool = False) -> Iterator[str]:
    """The outcome as text; `undo` adds how to take it back."""
    if outcome.documents:
        yield (
            f"{counted(outcome.reference_values, 'known value')} for {counted(outcome.documents, 'document')} from "
            f"{counted(outcome.rows, 'row')}; {outcome.labels.total():,} became labels, "
            f"{outcome.suggestions:,} are suggestions"
        )
    else:
        yield f"No document got a known value from {counted(outcome.rows, 'row')}"
    fields = dict.fromkeys([*outcome.aligned, *outcome.not_aligned])
    if fields:
        yield ""
        rows = [
            (name.get(field_id, field_id), outcome.aligned[field_id], outcome.not_aligned[field_id])
            for field_id in fields
        ]
        yield from table(rows, ("field", "values found", "not found"), right=[1, 2])
    mapped = [f"{column} → {field}" for column, field in outcome.mapping.items() if column != field]
    if mapped:
        yield f"Columns mapped: {', '.join(mapped)}"
    if outcome.new_fields:
        yield f"New fields: {', '.join(outcome.new_fields)}"
    replaced = [f"{document}: {field} “{earlier}” → “{value}”" for document, field, earlier, value in outcome.replaced]
    yield from listed("earlier values were replaced", outcome.replaced_count, replaced)
    unaligned = [f"{document}: {field} “{value}” – {why}" for document, field, value, why in outcome.unaligned]
    yield from listed("known values that were not found on their pages", outcome.not_aligned.total(), unaligned)
    counts = outcome.left_out
    if unmapped := [(column, counts[column]) for column in outcome.unmapped]:
        remedy = "--map COLUMN=FIELD, or `workbench values --new-fields`"
        yield f"Columns left out, as no field has their name: {_few(unmapped)} ({remedy})"
    if refused := [item for item in counts.most_common() if item[0] not in outcome.unmapped]:
        yield f"Values left out, as they do not fit their fields: {_few(refused)}"
    yield from listed("note" if len(outcome.notes) == 1 else "notes", len(outcome.notes), outcome.notes)
    yield from listed(
        "row not used" if outcome.skipped == 1 else "rows not used", outcome.skipped, by_reason(outcome.rejected)
    )
    if undo and outcome.documents:
        yield "`workbench values --undo` takes this back."


def _few(columns: Sequence[tuple[str, int]]) -> str:
    more = f" and {len(columns) - _COLUMNS} more" if len(columns) > _COLUMNS else ""
    return ", ".join(f"{column} ({number:,})" for column, number in columns[:_COLUMNS]) + more
