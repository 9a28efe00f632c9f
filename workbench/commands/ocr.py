"""`workbench ocr`: read documents again with another OCR engine."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from storage.exceptions import UsageProblem
from workbench.commands.support import argument_completion
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, listed
from workbench.fields.plain_text import counted

if TYPE_CHECKING:
    from workbench.exchange.reocr import Reread


@click.command
@click.argument("names", nargs=-1, metavar="[DOCUMENTS]...")
@click.option(
    "--engine", shell_complete=argument_completion.ocr_engine,
    help="rapidocr or tesseract (default: the workspace's).",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes that read pages (default: one a core).")
@click.option("--given-too", is_flag=True, help="Also pages whose words came with the file or from a PDF's text layer.")
@click.option(
    "--turn", type=click.Choice(["90", "180", "270"]), help="Turn the pages clockwise by so many degrees, for good."
)
@click.option("--page", type=click.IntRange(1), help="Only this page, whatever its words came from.")
@click.option("--default", "make_default", is_flag=True, help="Use this engine for imports from now on.")
@json_option
@click.pass_obj
def command(
    context: Context,
    /,
    names: tuple[str, ...],
    engine: str | None,
    jobs: int,
    given_too: bool,
    turn: str | None,
    page: int | None,
    make_default: bool,
    as_json: bool,
) -> None:
    """Read documents again with another OCR engine; labels are carried over to the new words.

    Without DOCUMENTS (names or ids): all with pages that another engine read, or that have no words yet. Labels whose
    words are not found again are listed. Undo does not reach behind a new reading. Pages that stand on their side or
    head are turned upright; --turn turns the pages of DOCUMENTS that this got wrong.

    Keys of --json: engine, documents, pages, tokens, carried, lost [{document, field, text}], problems [{file, record,
    reason}].

    \b
    Examples:
      workbench ocr --engine tesseract scan-0042
      workbench ocr scan-0042 --page 2 --turn 90
    """
    from workbench.commands.support.progress import import_progress
    from workbench.exchange.reocr import choose, reread

    if (turn or page) and not names:
        raise UsageProblem("--turn and --page are for documents that are named.", "Name the documents that are turned.")
    workspace = context.open_workspace()
    chosen_engine = engine or workspace.settings.ocr_engine
    chosen = choose(workspace, names, chosen_engine)
    with import_progress() as show:
        result = reread(
            workspace,
            chosen,
            chosen_engine,
            jobs=jobs,
            given_too=given_too,
            turn=int(turn) if turn else None,
            page=page - 1 if page else None,
            progress=show,
        )
    if make_default:
        workspace.change_settings(ocr_engine=chosen_engine)
    workspace.close()
    data = {
        "engine": chosen_engine,
        "documents": result.documents,
        "pages": result.pages,
        "tokens": result.tokens,
        "carried": result.carried,
        "lost": [dict(zip(("document", "field", "text"), row, strict=True)) for row in result.lost],
        "problems": [{"file": r.file, "record": r.record, "reason": r.reason} for r in result.failed],
    }
    emit(data, as_json=as_json, text=_lines(result, chosen_engine))
    if result.failed and not result.documents:
        sys.exit(4)


def _lines(result: "Reread", engine: str) -> Iterator[str]:
    yield (
        f"{counted(result.pages, 'page')} of {counted(result.documents, 'document')} read by {engine} "
        f"({counted(result.tokens, 'word')}), "
        f"{counted(result.carried, 'label')} carried over"
    )
    lost = [f"{document}: {field} “{text}”" for document, field, text in result.lost]
    yield from listed("labels were not found again", len(lost), lost)
    failed = [f"{r.file}: {r.reason}" for r in result.failed]
    yield from listed("documents could not be read and are as they were", len(failed), failed)
