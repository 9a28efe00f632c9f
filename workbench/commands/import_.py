"""`workbench import`: bring documents in, whatever their format."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.commands import values
from workbench.commands.support import argument_completion, streams
from workbench.commands.support.context import Context
from workbench.commands.support.output import (
    REASONS,
    CommandWithFormats,
    by_reason,
    emit,
    is_terminal,
    json_option,
    listed,
    pairs,
    table,
)
from workbench.commands.support.parameter_types import NamedPath, Range
from workbench.commands.values import ask_about_columns
from workbench.exchange.importers.registry import IMPORTERS
from workbench.fields.plain_text import counted, harmless

if TYPE_CHECKING:
    from workbench.exchange.import_summary import Summary
    from workbench.fields.class_names import AskAboutSpelling


@click.command(cls=CommandWithFormats, formats=IMPORTERS)
@click.argument("paths", nargs=-1, required=True, type=NamedPath(path_type=Path, allow_dash=True))
@click.option(
    "--format", default="auto", show_default=True, shell_complete=argument_completion.import_format,
    help="The files' format; `auto` looks into each file.",
)  # fmt: skip
@click.option(
    "--split",
    "side",
    type=click.Choice(["train", "validation", "test"]),
    help="The side to put them on, even if their vendor is on another.",
)
@click.option(
    "--map", "mapping", multiple=True, metavar="LABEL=FIELD", callback=pairs,
    shell_complete=argument_completion.meaning, help="What a label means.",
)  # fmt: skip
@click.option("--keep-names", is_flag=True, help="Make a field of every label instead of mapping it by its aliases.")
@click.option("--accept-above", type=Range(0, 1), help="Make labels of suggestions from values this sure.")
@click.option(
    "--group-by",
    default="seller",
    show_default=True,
    metavar="seller|template|folder|none|COLUMN",
    help="What must stay on one side of a split; of texts a column.",
)
@click.option(
    "--values",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A table of known values for them; see `values`.",
)
@click.option("--text", "text_column", default="", metavar="COLUMN", help="The column of texts, if not found by name.")
@click.option(
    "--label",
    "label_columns",
    multiple=True,
    metavar="COLUMN",
    help="The column that says what a text is; several make a class field each.",
)
@click.option("--multiple", is_flag=True, help="A text can have several classes: lists, or A|B or A;B in a cell.")
@click.option("--class-folders", is_flag=True, help="Each folder's name is the class of the files in it.")
@click.option("--password", help="For encrypted PDFs.")
@click.option("--pixels/--thousandths", default=None, help="How boxes are meant; by default their size decides.")
@click.option(
    "--ocr-engine", shell_complete=argument_completion.ocr_engine,
    help="rapidocr or tesseract (default: the workspace's).",
)  # fmt: skip
@click.option("--ocr-jobs", type=click.IntRange(0), default=0, help="Processes that read pages (default: one a core).")
@click.option("--no-ocr", is_flag=True, help="Do not read pages without words; `workbench ocr` can do so later.")
@json_option
@click.pass_obj
def command(context: Context, /, paths: tuple[Path, ...], as_json: bool, values: Path | None, **options: Any) -> None:
    """Bring documents, labels and values in, from files and whole folders; `-` is standard input.

    What was imported before is recognised by its content and skipped, so a second run goes on where the first
    stopped. Files that cannot be read are named with the reason; all others are imported. Tables of known values
    among the files (a column `file`, or NAME.json beside NAME.pdf) are taken as `workbench values` takes them.

    Keys of --json: documents, pages, tokens, labelled, labels {field: n}, classes {field: {option: n}},
    suggestions {field: n}, reference_values, mapping {label: field}, new_fields, known, known_twice (of these, earlier
    in the same files), known_labelled, skipped,
    problems [{file, record, reason}], duplicates [{document, repeats}], repeated {same, near} (texts),
    conflicts [{document, repeats, field, class, other}], aligned {field: n}, not_aligned {field: n},
    unaligned [{document, field, value, reason}], groups, leaks {note: n}, ocr_pages, notes {note: n},
    seconds, interrupted, values {the keys of `workbench values`, or null}.

    \b
    Examples:
      workbench import ~/scans
      workbench import labels.json --map AMT=amount_total --split test
      workbench import reviews.csv --text comment --label verdict --group-by speaker
      workbench import mails --class-folders
      curl https://example.com/labels.json | workbench import -
    """
    from workbench.commands.support.progress import import_progress
    from workbench.exchange.pipeline import run
    from workbench.exchange.sources import ImportRequest

    workspace = context.open_workspace()
    if values and not options["keep_names"]:
        options["mapping"] |= ask_about_columns(workspace, [values], options["mapping"], as_json=as_json)
    with streams.files_of(paths, workspace.settings.limits.file_bytes) as files, import_progress() as show:
        summary = run(workspace, _request(ImportRequest, files, (values,) if values else (), options, as_json), show)
    name = {field.id: field.name for field in workspace.schema}
    workspace.close()
    emit(as_data(summary, name), as_json=as_json, text=lines(summary, name))
    if summary.interrupted:
        click.echo("Interrupted. What is listed was saved; the same command goes on from there.", err=True)
        sys.exit(130)
    if summary.failed:
        sys.exit(4)


def _ask_about_spelling(as_json: bool) -> "AskAboutSpelling | None":
    """Asks whether labels that are spelled otherwise mean an option; None where the terminal cannot be asked."""
    if as_json or not is_terminal():
        return None

    def ask(field: str, label: str, option: str) -> bool:
        click.echo(err=True)
        return click.confirm(
            f"{field}: '{harmless(label)}' is spelled like the class '{option}'. Are they one?",
            default=True,
            err=True,
        )

    return ask


def _request(
    kind: Any, paths: tuple[Path, ...], tables: tuple[Path, ...], options: dict[str, Any], as_json: bool
) -> Any:
    from storage.records import Side

    return kind(
        paths=paths,
        format=options["format"],
        password=options["password"],
        pixels=options["pixels"],
        side=Side(options["side"]) if options["side"] else None,
        mapping=options["mapping"],
        keep_names=options["keep_names"],
        accept_above=options["accept_above"],
        group_by=options["group_by"],
        engine=options["ocr_engine"] or "",
        ocr_jobs=options["ocr_jobs"],
        ocr=not options["no_ocr"],
        text_column=options["text_column"],
        label_columns=options["label_columns"],
        multiple=options["multiple"],
        by_folder=options["class_folders"],
        ask=_ask_about_spelling(as_json),
        tables=tables,
    )


def as_data(summary: "Summary", name: dict[str, str]) -> dict[str, Any]:
    """The summary with stable keys; fields by name."""

    def named(counts: dict[str, int]) -> dict[str, int]:
        return {name.get(field_id, field_id): number for field_id, number in counts.items()}

    return {
        "documents": summary.documents,
        "pages": summary.pages,
        "tokens": summary.tokens,
        "labelled": summary.labelled,
        "labels": named(summary.labels),
        "classes": {name.get(field_id, field_id): dict(counts) for field_id, counts in summary.classes.items()},
        "suggestions": named(summary.suggestions),
        "reference_values": summary.reference_values,
        "mapping": summary.mapping,
        "new_fields": summary.new_fields,
        "known": summary.known,
        "known_twice": summary.known_twice,
        "known_labelled": summary.known_labelled,
        "skipped": summary.skipped,
        "problems": [{"file": r.file, "record": r.record, "reason": r.reason} for r in summary.rejected],
        "duplicates": [
            {"document": document, "repeats": twin} for document, twin in (*summary.duplicates, *summary.repeats.listed)
        ],
        "repeated": {"same": summary.repeats.same, "near": summary.repeats.near},
        "conflicts": [
            dict(zip(("document", "repeats", "field", "class", "other"), row, strict=True))
            for row in summary.repeats.conflicts
        ],
        "aligned": named(summary.aligned),
        "not_aligned": named(summary.not_aligned),
        "unaligned": [
            dict(zip(("document", "field", "value", "reason"), row, strict=True)) for row in summary.unaligned
        ],
        "groups": summary.groups,
        "leaks": summary.leaks,
        "ocr_pages": summary.ocr_pages,
        "notes": dict(summary.notes),
        "seconds": summary.seconds,
        "interrupted": summary.interrupted,
        "values": values.as_data(summary.values, name) if summary.values else None,
    }


def _rate(documents: int, seconds: float) -> str:
    """Documents a second, or seconds a document where that is less than one."""
    if documents >= seconds:
        return f"{documents / seconds:,.0f} a second"
    return f"{seconds / documents:,.1f} s a document"


def _repeats(summary: "Summary", name: dict[str, str]) -> Iterator[str]:
    """What is said about texts that repeat another."""
    repeats = summary.repeats
    if repeats.same or repeats.near:
        counts = ((repeats.same, "word for word"), (repeats.near, "nearly"))
        how = " and ".join(f"{number:,} {manner}" for number, manner in counts if number)
        yield ""
        yield f"Texts that repeat an earlier one: {how}; a split keeps them on the side of that text"
    rows = [
        f"{document}: {name.get(field, field)} {own}; {other} in {repeated}, which is the same text"
        for document, repeated, field, own, other in repeats.conflicts
    ]
    have = "text has" if repeats.conflict_count == 1 else "texts have"
    yield from listed(f"{have} another class than the same text elsewhere", repeats.conflict_count, rows)


def lines(summary: "Summary", name: dict[str, str]) -> Iterator[str]:
    rate = f", {_rate(summary.documents, summary.seconds)}" if summary.seconds and summary.documents else ""
    groups = f" of {counted(summary.groups, 'group')}" if summary.documents else ""
    yield (
        f"{counted(summary.documents, 'document')} imported ({counted(summary.pages, 'page')}, "
        f"{counted(summary.tokens, 'word')}, {summary.labelled:,} labelled){groups} in {summary.seconds:,.1f} s{rate}"
    )
    if not (summary.documents or summary.known or summary.skipped or summary.rejected):
        yield "No file to import was found there."
    for note, number in summary.leaks.items():
        documents = counted(number, "document")
        yield f"LEAK: {documents} {note}; figures on seen and unseen vendors are shown apart in reports"
    if summary.ocr_pages:
        yield f"{counted(summary.ocr_pages, 'page')} read by OCR"
    if before := summary.known - summary.known_twice:
        yield f"{counted(before, 'document')} already in the workspace"
    if summary.known_twice:
        yield f"{counted(summary.known_twice, 'document')} came more than once in these files and went in once"
    if summary.known_labelled:
        yield f"{summary.known_labelled:,} of these bring labels or values: what was there first was left as it is"
    fields = dict.fromkeys([*summary.labels, *summary.suggestions, *summary.aligned, *summary.not_aligned])
    if fields:
        yield ""
        counts = (summary.labels, summary.suggestions, summary.aligned, summary.not_aligned)
        rows = [(name.get(field_id, field_id), *(column[field_id] or "" for column in counts)) for field_id in fields]
        yield from table(rows, ("field", "labels", "suggestions", "values found", "not found"), right=[1, 2, 3, 4])
    for field_id, options in summary.classes.items():
        shown = ", ".join(f"{option} ({number:,})" for option, number in options.most_common())
        yield f"{name.get(field_id, field_id)}: {shown}"
    mapped = [f"{label} → {field}" for label, field in summary.mapping.items() if label != field]
    if mapped:
        yield ""
        yield f"Labels mapped: {', '.join(mapped)} (--map LABEL=FIELD and --keep-names change it)"
    if summary.new_fields:
        yield f"New fields: {', '.join(summary.new_fields)}"
    unaligned = [f"{document}: {field} “{value}” – {why}" for document, field, value, why in summary.unaligned]
    yield from listed("known values that were not found on their pages", summary.not_aligned.total(), unaligned)
    repeating = "document repeats" if summary.duplicate_count == 1 else "documents repeat"
    yield from listed(
        f"{repeating} another one (a split keeps both together)",
        summary.duplicate_count,
        [f"{document} repeats {twin}" for document, twin in summary.duplicates],
    )
    yield from _repeats(summary, name)
    notes = [f"{note} ({number:,})" for note, number in summary.notes.items() if not note.startswith("leak:")]
    yield from listed("note" if len(notes) == 1 else "notes (in brackets: how often)", len(notes), notes, REASONS)
    yield from listed("could not be read", summary.skipped, by_reason(summary.rejected), REASONS)
    if summary.values:
        yield ""
        yield from values.lines(summary.values, name)
