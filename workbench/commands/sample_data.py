"""`workbench sample-data`: make invoices to try things on, or words and labels to train on."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

import click

from storage.exceptions import UsageProblem, WorkspaceProblem, remedy_of
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option
from workbench.commands.support.parameter_types import NamedPath, Range
from workbench.fields.plain_text import counted
from workbench.files.output_places import refuse_own


@click.command()
@click.argument("out", type=NamedPath(path_type=Path, file_okay=False))
@click.option("--count", type=click.IntRange(1, 1_000_000), default=40, show_default=True, help="How many documents.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same documents.")
@click.option(
    "--languages", default="en,de,zh", show_default=True, help="Some of en, de, fr, nl, zh, es, it, pl; with commas."
)
@click.option(
    "--words-only",
    is_flag=True,
    help="Only words, boxes and labels, as OCR would read them: one labels.jsonl, no pictures.",
)
@click.option(
    "--noise",
    type=Range(0, 3),
    default=1.0,
    show_default=True,
    help="With --words-only: how badly they are read; 0 not at all.",
)
@json_option
@click.pass_obj
def command(
    context: Context, out: Path, count: int, seed: int, languages: str, words_only: bool, noise: float, as_json: bool
) -> None:
    """Make made-up invoices and receipts: files with gold labels, an inbox without, and its known values.

    \b
    Examples:
      workbench sample-data samples
      workbench sample-data train --count 10000 --words-only --languages en,de
    """
    from workbench.samples.locales import LANGUAGES
    from workbench.samples.write import write_samples, write_words

    wanted = [language.strip() for language in languages.split(",") if language.strip()]
    unknown = [language for language in wanted if language not in LANGUAGES]
    if unknown or not wanted:
        what = f"There are no samples in {', '.join(map(repr, unknown))}." if unknown else "No language was given."
        raise UsageProblem(what, f"Choose among {', '.join(LANGUAGES)}, with commas between them.")
    refuse_own(out, context.directory)
    if out.is_dir() and any(out.iterdir()):
        raise UsageProblem(f"{out} is not empty.", "Name a new folder, or empty this one first.")
    start = time.perf_counter()
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        written = (
            write_words(out, count, seed, wanted, noise) if words_only else write_samples(out, count, seed, wanted)
        )
    except OSError as error:
        for path in out.iterdir() if out.is_dir() else ():  # it was empty: what is there is half of the samples
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        with suppress(OSError):  # it was never made, or another program has put something there
            for folder in missing:
                folder.rmdir()
        raise WorkspaceProblem(
            f"{out} cannot be written: {error.strerror or error}.", remedy_of(error, "Name a folder that can be.")
        ) from error
    seconds = time.perf_counter() - start
    data = {
        "out": str(out),
        "documents": written.documents,
        "labelled": written.labelled,
        "inbox": written.inbox,
        "pages": written.pages,
        "tokens": written.tokens,
        "labels": dict(sorted(written.labels.items())),
        "languages": dict(sorted(written.languages.items())),
        "templates": dict(sorted(written.templates.items())),
        "without_picture": written.without_picture,
        "seconds": round(seconds, 2),
    }
    counts = (written.documents, "document"), (written.pages, "page"), (written.tokens, "word")
    text = [f"{', '.join(counted(*count) for count in counts)} in {out} ({seconds:.1f} s)."]
    if words_only:
        text.append(f"All in {out / 'labels.jsonl'}; bring them in with: workbench import {out}")
    else:
        text.append(
            f"{written.labelled} with gold labels, {written.inbox} without (the inbox); next: workbench import {out}"
        )
    if written.without_picture:
        text.append(
            f"{len(written.without_picture)} documents are words and boxes without a picture: letters are missing. For "
            "Chinese install a font (fonts-wqy-zenhei) and make them again; the program's fonts lack Polish letters."
        )
    emit(data, as_json=as_json, text=text)
