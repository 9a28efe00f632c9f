"""Files that a record names: looked for where the record says, then by the last parts of the name."""

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing, pdf_pages
from workbench.exchange.reading.incoming import IncomingPage, Options
from workbench.files.import_root import opened

DOCUMENTS = (*parsing.PICTURES, ".pdf")
_PARTS = 6  # of a name that are looked for, from its end
_ENTRIES = 20_000  # files of an import's folder among which a name is looked for
_FRESH = 10  # seconds for which the list of an import's files is kept


def possible(reference: str) -> list[str]:
    """Relative names under which a file may lie, the most exact first.

    A path of another computer is shortened from the left. Label Studio puts a short id before the name of an upload.
    """
    local = parsing.local_name(reference)
    parts = [part for part in local.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        return list(dict.fromkeys([reference, local]))
    base = parts[-1]
    plain = re.sub(r"^[0-9a-f]{8}-", "", base)
    tails = ["/".join(parts[-length:]) for length in range(min(len(parts), _PARTS), 0, -1)]
    return list(dict.fromkeys([reference, *tails, plain, f"images/{base}", f"images/{plain}"]))


def _last_parts(reference: str) -> list[str]:
    """The name of the file itself, as it is written and without Label Studio's id."""
    names = (parsing.local_name(reference), *possible(reference)[-2:])
    return list(dict.fromkeys(name.rsplit("/", 1)[-1] for name in names))


def companions(base: Path, reference: str) -> Iterator[Path]:
    """Files beside `base` that a reference may mean; they need not exist."""
    for name in possible(reference):
        yield base / name
    known = _listed(base, int(time.monotonic() // _FRESH))
    for last in _last_parts(reference):
        yield from (base / name for name in known.get(last, ()))


def find(options: Options, base: Path, reference: str, notes: list[str]) -> Path | None:
    """The file that a record names; why none of that name is read goes to `notes`."""
    problems: list[str] = []
    for name in _names(options, reference):
        try:
            file = parsing.inside(options, base, name)
        except InputProblem as problem:
            problems.append(f"picture left out: {problem.message}")
            continue
        if file is not None:
            return file
    notes += problems
    return None


def picture(options: Options, base: Path, reference: str, notes: list[str]) -> tuple[Path, float, float] | None:
    """(file, width, height in pixels) of the picture that a record names; why none is read goes to `notes`."""
    return parsing.picture_for(options, base, _names(options, reference), notes)


def pages(options: Options, base: Path, reference: str, notes: list[str]) -> list[IncomingPage]:
    """The pages of the PDF or picture that a record names, with the words of a text layer; [] where there is none."""
    file = find(options, base, reference, notes)
    if file is None:
        return []
    try:
        return pages_of(file, options)
    except InputProblem as problem:
        notes.append(f"picture left out: {problem.message}")
        return []


def pages_of(file: Path, options: Options) -> list[IncomingPage]:
    """The pages of a PDF, with the words of its text layer, or of a picture; words that OCR has to read are None.

    Raises:
        InputProblem: it cannot be read.
    """
    from workbench.exchange import pictures  # Pillow and PDFium: only where there is such a file

    with opened(file) as beginning:
        head = beginning.read(1024)
    if pdf_pages.is_pdf(head):
        return list(pdf_pages.pages_of(file, options))
    sizes = pictures.measure(file, options.limits)
    return [IncomingPage(float(width), float(height), None, file, n) for n, (width, height) in enumerate(sizes)]


def beside(options: Options, path: Path) -> Path | None:
    """The PDF or picture of the same name in a file's folder."""
    name = path.name
    while "." in name.lstrip("."):
        name = name.rpartition(".")[0]
        other = of_same_name(path.with_name(f"{name}._"), (".pdf", *parsing.PICTURES))
        same = other.name if other is not None else name if name.lower().endswith(DOCUMENTS) else ""
        try:
            file = parsing.inside(options, path.parent, same) if same else None
        except InputProblem:
            file = None
        if file is not None:
            return file
    return None


def of_same_name(path: Path, suffixes: Iterable[str]) -> Path | None:
    """The file beside `path` that has its name with one of these suffixes, whatever case either is written in.

    Of two that differ in case only, the one that is written as `path` is.
    """
    exact = (path.with_suffix(suffix) for suffix in suffixes)
    folder = path.parent
    try:
        moment = folder.stat().st_mtime_ns
    except OSError:
        return None
    names = _in_folder(folder, moment)
    for candidate in exact:
        alike = [name for name in names.get(candidate.name.casefold(), ()) if name != path.name]
        if alike:
            return folder / max(alike, key=lambda name: (name.startswith(path.stem), name == candidate.name))
    return None


@lru_cache(maxsize=8)
def _in_folder(folder: Path, moment: int) -> dict[str, list[str]]:
    """Names of a folder's files in small letters -> as they are written."""
    names: dict[str, list[str]] = {}
    with suppress(OSError):
        for name in sorted(entry.name for entry in os.scandir(folder) if entry.is_file()):
            names.setdefault(name.casefold(), []).append(name)
    return names


def _names(options: Options, reference: str) -> Iterator[str]:
    """Names to try, relative to the record's folder or the import's root; at last one from anywhere in the root."""
    names = possible(reference)
    yield from names
    if ".." in Path(reference).parts:
        return
    known = _listed(options.root, int(time.monotonic() // _FRESH))
    for last in _last_parts(reference):
        same = known.get(last, ())
        if len(same) == 1:  # of several it is not known which
            yield same[0]


@lru_cache(maxsize=4)
def _listed(root: Path, moment: int) -> dict[str, list[str]]:
    """Names of the PDFs and pictures under a folder -> their relative paths."""
    known: dict[str, list[str]] = {}
    count = 0
    folder = root if root.is_dir() else root.parent
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            count += 1
            if name.lower().endswith(DOCUMENTS):
                known.setdefault(name, []).append(os.path.relpath(os.path.join(parent, name), folder))  # noqa: PTH118
        if count > _ENTRIES:
            break
    return known
