"""`workbench values`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.commands import Context
from workbench.commands.support import streams
from workbench.commands.support.output import by_reason, emit, json_option, listed, pairs, table

if TYPE_CHECKING:
    from workbench.exchange.known_values import ValuesReport


@click.command
@click.argument("tables", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--map", "mapping", multiple=True, metavar="COLUMN=FIELD", callback=pairs, help="What a column means.")
@click.option("--keep-names", is_flag=True, help="Make a field of every column instead of using its aliases.")
@click.option("--accept-above", type=click.FloatRange(0, 1), help="Make labels of places this sure; the rest suggests.")
@json_option
@click.pass_obj
def command(context: Context, /, tables: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Take known values over from TABLES (CSV, XLSX, JSON; `-` is standard input): a column `file`, then one a field.

    They become reference values of the documents with these names, and suggestions where they stand on the page.

    Keys of --json: rows, documents, reference_values, aligned {field: n}, not_aligned {field: n}, unaligned
    [{document, field, value, reason}], labels {field: n}, suggestions, mapping, new_fields, left_out {column: n},
    skipped, problems [{file, record, reason}].

    \b
    Examples:
      workbench values bookings.xlsx --map "Gross amount=amount_total" --accept-above 0.95
      sqlite3 -csv -header books.db "SELECT file, invoice_no FROM bookings" | workbench values -
    """
    from workbench.exchange.known_values import ValuesReport, bring_in

    workspace = context.open_workspace()
    outcome = ValuesReport()
    with streams.files_of(tables) as files:
        bring_in(workspace, *files, outcome=outcome, **options)
    name = {field.id: field.name for field in workspace.schema}
    workspace.close()
    emit(as_data(outcome, name), as_json=as_json, text=lines(outcome, name))
    if outcome.skipped and not outcome.documents:
        sys.exit(4)


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
        "skipped": outcome.skipped,
        "problems": [{"file": r.file, "record": r.record, "reason": r.reason} for r in outcome.rejected],
    }


def lines(outcome: "ValuesReport", name: dict[str, str]) -> Iterator[str]:
    """The outcome as text."""
    yield (
        f"{outcome.reference_values:,} values for {outcome.documents:,} documents from {outcome.rows:,} rows; "
        f"{outcome.labels.total():,} became labels, {outcome.suggestions:,} are suggestions"
    )
    fields = dict.fromkeys([*outcome.aligned, *outcome.not_aligned])
    if fields:
        yield ""
        rows = [
            (name.get(field_id, field_id), outcome.aligned[field_id], outcome.not_aligned[field_id])
            for field_id in fields
        ]
        yield from table(rows, ("field", "aligned", "not aligned"), right=[1, 2])
    if outcome.new_fields:
        yield f"New fields: {', '.join(outcome.new_fields)}"
    unaligned = [f"{document}: {field} “{value}” – {why}" for document, field, value, why in outcome.unaligned]
    yield from listed("values without a place", outcome.not_aligned.total(), unaligned)
    if outcome.left_out:
        left_out = ", ".join(f"{column} ({number:,})" for column, number in outcome.left_out.most_common(8))
        more = f" and {len(outcome.left_out) - 8} more" if len(outcome.left_out) > 8 else ""
        yield f"Left out, with no field of theirs or no value of its type: {left_out}{more} (--map COLUMN=FIELD)"
    yield from listed("rows that could not be used", outcome.skipped, by_reason(outcome.rejected))
