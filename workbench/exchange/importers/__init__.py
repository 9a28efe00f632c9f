"""The formats that can be read: a format is one file of this package and one line of `IMPORTERS`.

`discover` lists the files with documents, `detect` recognises their format by their content.
"""

import os
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

from storage.exceptions import InputProblem, UsageProblem
from workbench.exchange.reading.incoming import Importer
from workbench.fields.plain_text import harmless

IMPORTERS: dict[str, tuple[str, str]] = {
    # name: (module in this package, what it reads); of two equally sure formats the first is taken
    "word-list": ("wordlists", "JSON or JSONL, one object a page: words, bboxes, labels, image_path"),
    "textract": ("cloud.textract", "Amazon Textract: words, answers to queries and AnalyzeExpense's fields"),
    "document-ai": ("cloud.document_ai", "Google Document AI: words, entities as suggestions or labels"),
    "azure": ("cloud.azure", "Azure Document Intelligence: results (versions 2 to 4), labels.json with ocr.json"),
    "picture-labels": ("picture_labels", "COCO and labelme: labelled boxes on pictures"),
    "paddle": ("paddle", "PaddleOCR: Label.txt of PPOCRLabel, WildReceipt"),
    "ubiai": ("ubiai", "UBIAI: texts with labelled tokens"),
    "ocr-files": ("ocr_files", "hOCR and ALTO: words, boxes, lines and confidence of another OCR program"),
    "e-invoice": ("einvoice_files", "E-invoices as XML: UBL 2.1, CII (ZUGFeRD, Factur-X, XRechnung), FatturaPA"),
    "hf-dataset": ("hf_datasets", "Hugging Face datasets: save_to_disk folders, Arrow and Parquet files"),
    "label-studio": ("label_studio.tasks", "Label Studio: JSON and JSON_MIN"),
    "funsd": ("funsd", "FUNSD: one JSON a page, pictures in images/ beside annotations/"),
    "xfund": ("xfund", "XFUND: one JSON with many documents"),
    "cord": ("cord", "CORD: one JSON a receipt, with or without its picture"),
    "docile": ("docile", "DocILE: annotations/, ocr/ and pdfs/"),
    "sroie": ("sroie", "SROIE: lines in box/, values in key/, pictures in img/"),
    "texts": ("texts.tables", "texts with a class: CSV, TSV, XLSX, JSON or JSONL with a text and a label column"),
    "text-file": ("texts.files", "a text file is one document; its folder can say what it is (--class-folders)"),
    "doccano": ("doccano", "doccano JSONL: text with labelled character ranges, no boxes"),
    "prodigy": ("prodigy", "Prodigy and spaCy: JSONL with text and spans, and spaCy's training lists; no boxes"),
    "conll": ("conll", "CoNLL / IOB2 and Label Studio's four columns: a word and its tag a line, no boxes"),
    "pdf": ("pdf", "PDF: the text layer, OCR where there is none"),
    "image": ("images", "PNG, JPEG, TIFF, BMP, WebP, GIF, AVIF, JPEG 2000, HEIC: read by OCR"),
}

HEAD = 1 << 16
"""Bytes at the start of a file by which formats are recognised."""

_CERTAIN = 0.99
_YOLO = re.compile(rb"(?:\d+(?: (?:0|1|0?\.\d+|1\.0+)){4,}\s*\n?)+")
_PICTURES = frozenset(
    {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".avif", ".jp2", ".heic", ".heif", ".pdf"}
)
_NO_DATA = re.compile(
    r"(readme|licen[cs]e|changelog|notice|copying)(\..*)?|labels\.txt|id2label\.json|dataset_infos?\.json"
    r"|.*\.(md|py|ipynb|sh|log|css)",
    re.I,
)


@runtime_checkable
class Referring(Protocol):
    """An importer whose files refer to other files, which are then no documents of their own."""

    def companions(self, path: Path) -> Iterable[Path]:
        """Files that `path` refers to; they need not exist. Never raises for bad data."""
        ...


def load(name: str) -> Importer:
    """The importer of this name.

    Raises:
        UsageProblem: there is none.
    """
    if name not in IMPORTERS:
        raise UsageProblem(f"There is no import format '{name}'.", f"Formats: {', '.join(IMPORTERS)}, or auto.")
    importer: Importer = import_module(f"{__name__}.{IMPORTERS[name][0]}").IMPORTER
    return importer


def head_of(path: Path) -> bytes:
    """The first 64 KiB of a file.

    Raises:
        InputProblem: it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise InputProblem(f"it cannot be opened: {error.strerror or error}") from error


def detect(path: Path) -> Importer | None:
    """The importer that is surest of a file's format; None when it is unknown or the file cannot be opened."""
    try:
        head = head_of(path)
    except InputProblem:
        return None
    best: tuple[float, Importer | None] = (0.0, None)
    for name in IMPORTERS:
        importer = load(name)
        confidence = importer.sniff(path, head)
        if confidence > best[0]:
            best = (confidence, importer)
            if confidence >= _CERTAIN:
                break
    return best[1]


def unrecognised(path: Path) -> str:
    """Why a file's format is not recognised, in words for the analyst."""
    try:
        head = head_of(path)
    except InputProblem as problem:
        return problem.message
    if not head:
        return "it is empty"
    if reason := _reason_of_kind(path, head):
        return reason
    if path.suffix.lower() in _PICTURES:
        what = "text" if _is_text(head) else "something else"
        return f"it is named {path.suffix} but holds {what}"
    if path.suffix.lower() in (".csv", ".tsv", ".xlsx"):
        return (
            "none of its columns is known: --text and --label name those of texts and their classes, "
            "and a column `file` makes it a table of known values"
        )
    if _YOLO.fullmatch(head[: head.rfind(b"\n") + 1] or head):
        return "it holds boxes for YOLO, which say nothing of their words: export them as COCO and import that"
    if path.suffix.lower() == ".txt" and _is_text(head):
        return "it is a text file; a folder of such files for each class is imported with --class-folders"
    if head.startswith(b"PK\x03\x04"):
        return "it is an archive or an Office file; unpack it, or import known values with `workbench values`"
    if not _is_text(head):
        return "its content is of no format that is known, or it is not UTF-8 text"
    if root := re.match(rb"(?:\s|<[?!][^>]*>)*<([A-Za-z_][\w.:-]*)", head.removeprefix(b"\xef\xbb\xbf")):
        return (
            f"it is XML that begins with <{harmless(root[1].decode())}>, of no format that is known: of e-invoices, "
            "UBL invoices and credit notes, CII and FatturaPA are read, of OCR programs hOCR and ALTO"
        )
    return (
        "its content is of no format that is known: it is no PDF, picture or e-invoice, and no file of a labelling "
        "tool or an OCR service"
    )


# What people have beside invoices, by the ending or the first bytes, and what to do with it.
_OTHER_KINDS = (
    ((".eml", ".msg", ".mbox"), b"", "it is an e-mail: save its attachments and import these"),
    ((".html", ".htm", ".mhtml"), b"", "it is a web page: print it to a PDF and import that"),
    ((".doc", ".docx", ".odt", ".rtf", ".pages"), b"", "it is a text document: save it as a PDF and import that"),
    ((".ofd",), b"", "it is an OFD document: convert it to PDF, for example with the viewer of the tax office"),
    ((".p7m", ".p7s"), b"", "it is signed: take the XML out of it (openssl cms -verify -noverify -inform DER) first"),
    ((".xls",), b"", "it is an old Excel file: save it as .xlsx or CSV"),
    ((), b"\xd0\xcf\x11\xe0", "it is an old Office file or an Outlook message: save it as a PDF, or as .xlsx"),
)


def _reason_of_kind(path: Path, head: bytes) -> str:
    name = path.name.lower()
    return next(
        (
            reason
            for endings, start, reason in _OTHER_KINDS
            if name.endswith(endings) or (start and head.startswith(start))
        ),
        "",
    )


def _is_text(head: bytes) -> bool:
    try:
        head[: HEAD - 4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # a character cut by the end of the head
    return b"\0" not in head


def discover(paths: Iterable[Path]) -> list[Path]:
    """The files with documents, each once, in a stable order.

    Folders are walked (hidden files, and folders reached before through a symbolic link, are left out); what cannot be
    entered, or leads out of the folder through a symbolic link, is listed itself and not followed. Files that belong
    to documents of another listed file are left out too: pictures that a label file names, FUNSD's images/, SROIE's
    key/ and img/, DocILE's ocr/ and pdfs/, the parts of a saved Hugging Face dataset. Named without that file, as a
    picture of img/ without box/, they are documents themselves.

    Raises:
        InputProblem: a path does not exist, or cannot be looked at.
    """
    files: dict[Path, bool] = {}  # path -> whether it is to be read
    for path in paths:
        try:
            if path.is_dir():
                files |= dict(_walk(path))
            elif path.exists():
                files[path] = path.is_file()
            else:
                raise InputProblem(f"{path} does not exist.", "Check the name; names with spaces need quotes.")
        except (OSError, ValueError) as error:
            raise InputProblem(f"{str(path)[:200]!r} cannot be read: {error}.", "Check the name.") from error
    real = {path: Path(os.path.realpath(path)) for path in files}
    known = {real[path] for path, readable in files.items() if readable}
    folders = {path.parent for path in known}
    companions = {other for path in known for other in _beside(path, known, folders)}
    # Files refer only to pictures and PDFs: without these the files need not be opened.
    if any(path.suffix.lower() in _PICTURES and path not in companions for path in known):
        for path in known - companions:
            if path.suffix.lower() not in _PICTURES:
                importer: object = detect(path)
                if isinstance(importer, Referring):
                    companions.update(_companions(importer, path))
    listed: dict[Path, Path] = {}
    for path, target in real.items():
        if target not in companions:
            listed.setdefault(target, path)
    return list(listed.values())


def _companions(importer: Referring, path: Path) -> set[Path]:
    try:
        return {Path(os.path.realpath(other)) for other in importer.companions(path)}
    except Exception:  # noqa: BLE001 - a damaged file: `read` says so
        return set()


def leads_out(path: Path, folder: Path) -> bool:
    """Whether a path below a folder is outside of it, through a symbolic link."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _is_no_data(name: str) -> bool:
    """Whether a file is about a project rather than a document; a PDF or picture never is, whatever its name."""
    return _NO_DATA.fullmatch(name) is not None and Path(name).suffix.lower() not in _PICTURES


def _walk(root: Path) -> Iterator[tuple[Path, bool]]:
    """(path, True) of the files in a folder; (path, False) of what cannot be entered or leads out of the folder."""
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
            if entry.name.startswith(".") or entry.name in ("__MACOSX", "Thumbs.db", "desktop.ini"):
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file() and not _is_no_data(entry.name)
            except OSError:
                yield path, False
                continue
            if (is_folder or is_file) and entry.is_symlink() and leads_out(path, root):
                yield path, False
            elif is_folder:
                yield from walk(path)
            elif is_file:
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


def _same_stem(path: Path) -> Iterator[Path]:
    """Documents beside a file that have its name."""
    for suffix in _PICTURES:
        for cased in (suffix, suffix.upper()):
            if (other := path.with_suffix(cased)).is_file():
                yield other


def _mains(folder: Path, start: str) -> Iterator[Path]:
    """Files of words and tags whose boxes are in START_box.txt: START.txt, START_train.txt."""
    yield from (path for path in folder.glob("*.txt") if path.stem == start or path.stem.rpartition("_")[0] == start)


def _beside(path: Path, known: set[Path], folders: set[Path]) -> Iterator[Path]:
    """Files that, going by the name and the folder of one of them, are parts of another file's documents.

    Args:
        path: one of `known`.
        known: the files to be read; a file is a part only of the documents of these.
        folders: that they are in.
    """
    folder = path.parent
    if path.name == "state.json":  # of a dataset that was saved by save_to_disk
        yield from folder.glob("*.arrow")
        yield from (folder / "dataset_info.json", folder.parent / "dataset_dict.json")
    is_beside = path.suffix.lower() == ".xml" and any(other in known for other in _same_stem(path))
    if is_beside and load("e-invoice").sniff(path, head_of(path)):
        yield path  # an e-invoice beside its PDF or picture
    if re.search(r"_(box|image)\.txt$", path.name):  # UniLM's word boxes and pictures beside words and tags
        mains = known.intersection(_mains(folder, re.sub(r"_(box|image)\.txt$", "", path.name))) - {path}
        if any(not re.search(r"_(box|image)\.txt$", other.name) for other in mains):
            yield path
    stem = path.name.removesuffix(".config.xml")
    if stem != path.name and any(path.with_name(stem + end) in known for end in (".json", ".jsonl")):
        yield path  # the labelling configuration that an export to Label Studio writes beside its tasks
    if path.suffix == ".json" and folder / "annotations" in folders and (folder / "ocr").is_dir():
        yield path  # DocILE's lists of ids: train.json, dev.json
    for main in _MAINS.get(folder.name, ()):
        if any(folder.parent / main / (path.stem + suffix) in known for suffix in (".json", ".csv", ".txt")):
            yield path
