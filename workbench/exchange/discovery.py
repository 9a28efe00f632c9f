"""The files with documents among files and folders, without those that are parts of another file's documents."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from storage.exceptions import InputProblem
from workbench.exchange.detection import PAGE_FILES, detect
from workbench.exchange.importers.registry import load
from workbench.exchange.reading.named_files import of_same_name
from workbench.exchange.reading.parsing import head_of
from workbench.files.import_root import opened

_NO_DATA = re.compile(
    r"(readme|licen[cs]e|changelog|notice|copying)(\.(txt|rst|html?))?|labels\.txt|label_config\.json|id2label\.json|dataset_infos?\.json"
    r"|class_list\.txt|rec_gt\.txt|filestate\.txt|.*\.cach"  # of PaddleOCR
    r"|.*\.(md|py|ipynb|sh|log|css)",
    re.I,
)

_STATE_BYTES = 1 << 24  # of what says which the parts of a saved dataset are
TEXT_FILES = (".txt", ".text")
"""Endings of texts that are documents where folders say what they are."""


@runtime_checkable
class Referring(Protocol):
    """An importer whose files refer to other files, which are then no documents of their own."""

    def companions(self, path: Path) -> Iterable[Path]:
        """Files that `path` refers to; they need not exist. Never raises for bad data."""
        ...


class Discovered(NamedTuple):
    """What is to be imported.

    Attributes:
        files: with documents, each once, in a stable order.
        pages: PDFs and pictures that are left out, with those of `files` to whose documents they belong.
    """

    files: list[Path]
    pages: dict[Path, set[Path]]


def discover(paths: Iterable[Path], *, by_folder: bool = False) -> Discovered:
    """The files with documents.

    Folders are walked (hidden files, and folders reached before through a symbolic link, are left out); what cannot be
    entered, or leads out of the folder through a symbolic link, is listed itself and not followed. Files that belong
    to documents of another listed file are left out too: pictures that a label file names, FUNSD's images/, SROIE's
    key/ and img/, DocILE's ocr/ and pdfs/, the parts of a saved Hugging Face dataset. Named without that file, as a
    picture of img/ without box/, they are documents themselves.

    Args:
        by_folder: each text in a folder of a folder is a document, also where it is called as what is about a project.

    Raises:
        InputProblem: a path does not exist, or cannot be looked at.
    """
    readable: dict[Path, bool] = {}  # path -> whether it is to be read
    for path in paths:
        try:
            if path.is_dir():
                readable |= dict(_walk(path, by_folder=by_folder))
            elif path.exists():
                readable[path] = path.is_file()
            else:
                raise InputProblem(f"{path} does not exist.", "Check the name; names with spaces need quotes.")
        except (OSError, ValueError) as error:
            raise InputProblem(f"{str(path)[:200]!r} cannot be read: {error}.", "Check the name.") from error
    targets = {path: real(path) for path in readable}
    known = {targets[path] for path, is_readable in readable.items() if is_readable}
    folders = {path.parent for path in known}
    mains_of: dict[Path, set[Path]] = {}  # a part of a file's documents -> such files
    for path in known:
        for main, part in _beside(path, known, folders):
            mains_of.setdefault(part, set()).add(main)
    # Files refer only to pictures and PDFs, Azure's labels to its answers: without these no file need be opened.
    others = known - mains_of.keys()
    if any(path.suffix.lower() in PAGE_FILES or path.name.endswith(".labels.json") for path in others):
        for path in others:
            if path.suffix.lower() not in PAGE_FILES:
                importer: object = detect(path)
                for part in _companions(importer, path) if isinstance(importer, Referring) else ():
                    mains_of.setdefault(part, set()).add(path)
    first: dict[Path, Path] = {}  # of several paths that lead to the same file
    for path, target in targets.items():
        first.setdefault(target, path)
    return Discovered(
        [path for target, path in first.items() if target not in mains_of],
        {
            first[part]: {first[main] for main in mains if main in first}
            for part, mains in mains_of.items()
            if part in first and part.suffix.lower() in PAGE_FILES
        },
    )


def _companions(importer: Referring, path: Path) -> set[Path]:
    try:
        return {real(other) for other in importer.companions(path)}
    except Exception:  # noqa: BLE001 - a damaged file: `read` says so
        return set()


def real(path: Path) -> Path:
    """Where a path leads to; itself where it changes at this moment, which reading it then tells."""
    try:
        return Path(os.path.realpath(path))
    except OSError:  # it was a link when it was looked at, and is none any more
        return path


def _head(path: Path) -> bytes:
    """How a file begins; nothing where it cannot be opened, which reading it then tells."""
    try:
        return head_of(path)
    except InputProblem:
        return b""


def leads_out(path: Path, folder: Path) -> bool:
    """Whether a path below a folder is outside of it, through a symbolic link."""
    return not real(path).is_relative_to(real(folder))


def _is_no_data(name: str) -> bool:
    """Whether a file is about a project rather than a document; a PDF or picture never is, whatever its name."""
    return _NO_DATA.fullmatch(name) is not None and Path(name).suffix.lower() not in PAGE_FILES


def _walk(root: Path, *, by_folder: bool) -> Iterator[tuple[Path, bool]]:
    """(path, True) of the files in a folder; (path, False) of what is no file, cannot be entered or leads out of it."""
    visited: set[tuple[int, int]] = set()

    def walk(folder: Path) -> Iterator[tuple[Path, bool]]:
        try:
            stat = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            yield folder, False
            return
        if (stat.st_dev, stat.st_ino) in visited:
            return
        visited.add((stat.st_dev, stat.st_ino))
        for entry in entries:
            path = Path(entry.path)
            # "~$" begins what Office keeps while a file is open
            if entry.name.startswith((".", "~$")) or entry.name in ("__MACOSX", "Thumbs.db", "desktop.ini"):
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:
                yield path, False
                continue
            is_document = by_folder and folder != root and path.suffix.lower() in TEXT_FILES
            if is_file and not is_document and _is_no_data(entry.name):
                continue
            if not (is_folder or is_file) or (entry.is_symlink() and leads_out(path, root)):
                yield path, False
            elif is_folder:
                yield from walk(path)
            else:
                yield path, True

    yield from walk(root)


# folder of the documents -> folders beside it with other files of these documents (same stem)
_FOLDERS = {
    "annotations": ("images", "ocr", "pdfs"),
    "box": ("img", "images", "key", "keys", "entities"),
    "ocr": ("pdfs",),
}
_MAINS = {
    side: tuple(main for main, sides in _FOLDERS.items() if side in sides)
    for side in {side for sides in _FOLDERS.values() for side in sides}
}


def _data_files(state: Path) -> list[str]:
    """The names of the parts of a saved dataset; none where they cannot be read, which importing it then tells."""
    try:
        with opened(state) as file:
            entries = json.loads(file.read(_STATE_BYTES) or b"")["_data_files"]
        return [str(entry["filename"]) for entry in entries]
    except (InputProblem, OSError, ValueError, TypeError, KeyError, RecursionError):
        return []


def _may_be_xml(path: Path) -> bool:
    return path.name.lower().endswith((".xml", ".xml.p7m"))


def _mains(folder: Path, start: str) -> Iterator[Path]:
    """Files of words and tags whose boxes are in START_box.txt: START.txt, START_train.txt."""
    yield from (path for path in folder.glob("*.txt") if path.stem == start or path.stem.rpartition("_")[0] == start)


def _beside(path: Path, known: set[Path], folders: set[Path]) -> Iterator[tuple[Path, Path]]:
    """(main, part): files that, going by the name and the folder of one of them, are parts of another's documents.

    Args:
        path: one of `known`.
        known: the files to be read; a file is a part only of the documents of these.
        folders: that they are in.
    """
    folder = path.parent
    if path.name == "state.json":  # of a dataset that was saved by save_to_disk
        parts = [folder / name for name in (*_data_files(path), "dataset_info.json")]
        parts.append(folder.parent / "dataset_dict.json")
        parts += folder.glob("cache-*.arrow")  # what the datasets library has computed from these
        yield from ((path, part) for part in parts)
    signed = path.name.lower().endswith(".xml.p7m")
    document = of_same_name(path.with_suffix("") if signed else path, PAGE_FILES) if _may_be_xml(path) else None
    if document is not None and document in known and load("e-invoice").sniff(path, _head(path)):
        yield document, path  # an e-invoice beside its PDF or picture
    if re.search(r"_(box|image)\.txt$", path.name):  # UniLM's word boxes and pictures beside words and tags
        mains = known.intersection(_mains(folder, re.sub(r"_(box|image)\.txt$", "", path.name))) - {path}
        yield from ((main, path) for main in mains if not re.search(r"_(box|image)\.txt$", main.name))
    stem = path.name.removesuffix(".config.xml")
    tasks = {path.with_name(stem + end) for end in (".json", ".jsonl")} & known if stem != path.name else ()
    for main in tasks:
        yield main, path  # the labelling configuration that an export to Label Studio writes beside its tasks
    if path.suffix == ".json" and folder / "annotations" in folders and (folder / "ocr").is_dir():
        yield folder / "annotations", path  # DocILE's lists of ids: train.json, dev.json
    for side in _MAINS.get(folder.name, ()):
        mains = {folder.parent / side / (path.stem + suffix) for suffix in (".json", ".csv", ".txt")}
        yield from ((main, path) for main in mains & known)
