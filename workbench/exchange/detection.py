"""The format of a file, recognised by its content; and why it is not recognised, for the analyst."""

import re
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange.einvoices.kinds import other_kind
from workbench.exchange.importers.registry import IMPORTERS, load
from workbench.exchange.reading.incoming import Importer
from workbench.exchange.reading.parsing import HEAD, head_of
from workbench.fields.plain_text import harmless

PAGE_FILES = frozenset(
    {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".avif", ".jp2", ".heic", ".heif", ".pdf"}
)
"""Endings of PDFs and pictures."""
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".zst")
_CERTAIN = 0.99
_YOLO = re.compile(rb"(?:\d+(?: (?:0|1|0?\.\d+|1\.0+)){4,}\s*\n?)+")


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
    if path.suffix.lower() in PAGE_FILES:
        what = "text" if _is_text(head) else "something else"
        return f"it is named {path.suffix} but holds {what}"
    if reason := next((reason for start, reason in _OTHER_FORMATS if re.match(start, head)), ""):
        return reason
    if path.suffix.lower() in (".csv", ".tsv", ".xlsx"):
        if path.suffix.lower() != ".xlsx" and len(head) < HEAD and len(head.strip().splitlines()) < 2:
            return "it has a header and no rows, or one row without a header: name the columns in a first line"
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
    if kind := other_kind(head):
        return kind
    if root := re.match(rb"(?:\s|<[?!][^>]*>)*<([A-Za-z_][\w.:-]*)", head.removeprefix(b"\xef\xbb\xbf")):
        return (
            f"it is XML that begins with <{harmless(root[1].decode())}>, of no format that is known: of e-invoices, "
            "UBL, CII and FatturaPA are read, of OCR programs hOCR, ALTO and PAGE, of labels Pascal VOC and CVAT"
        )
    return (
        "its content is of no format that is known: it is no PDF, picture or e-invoice, and no file of a labelling "
        "tool or an OCR service"
    )


# What people have beside invoices, by the ending or the first bytes, and what to do with it.
_OTHER_KINDS = (
    ((".eml", ".msg", ".mbox"), b"", "it is an e-mail: save its attachments and import these"),
    ((".html", ".htm", ".mhtml", ".mht"), b"", "it is a web page: print it to a PDF and import that"),
    ((".doc", ".docx", ".odt", ".rtf", ".pages"), b"", "it is a text document: save it as a PDF and import that"),
    ((".ofd",), b"", "it is an OFD document: convert it to PDF, for example with the viewer of the tax office"),
    ((".p7s", ".p7m", ".p7"), b"", "it is a signature without what was signed: bring the file that it belongs to"),
    ((".spacy",), b"", "it is spaCy's binary form: export it as JSONL (`Doc.to_json`) and import that"),
    ((".xls",), b"", "it is an old Excel file: save it as .xlsx or CSV"),
    ((".ods", ".numbers", ".xlsm", ".xlsb"), b"", "it is a spreadsheet of another kind: save it as .xlsx or CSV"),
    (
        (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".zst"),
        b"",
        "it is an archive: unpack it and import what is in it",
    ),
    ((".part", ".crdownload", ".download"), b"", "it is an unfinished download: fetch it again"),
    ((".lnk", ".url", ".webloc"), b"", "it is a shortcut: bring the file that it leads to"),
    (
        (".svg", ".eps", ".ps", ".ai", ".xps", ".djvu"),
        b"",
        "it is a drawing: print it to a PDF and import that",
    ),
    (
        (".psd", ".ico", ".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".pcx", ".jxl", ".dng", ".cr2", ".nef", ".arw"),
        b"",
        "it is a picture of a kind that is not read: save it as PNG or JPEG",
    ),
    ((), b"\xd0\xcf\x11\xe0", "it is an old Office file or an Outlook message: save it as a PDF, or as .xlsx"),
)

# Files of other programs whose content says what they are, and what to do with them.
_OTHER_FORMATS = (
    (
        rb'(?s)\s*\{\s*"%TYPES"|.{0,300}<xmi:XMI\b',
        "it is a UIMA CAS, as INCEpTION writes it: export it as CoNLL 2002 and import that",
    ),
    (rb"#FORMAT=WebAnno", "it is a WebAnno or INCEpTION table: export it as CoNLL 2002 and import that"),
    (rb"T\d+\t\S+ \d+ \d+(;\d+ \d+)*\t", "it holds labels of brat: export them as CoNLL and import that"),
    (rb'\s*\{\s*"source-ref"', "it is a manifest of SageMaker Ground Truth: convert it to COCO and import that"),
    (rb'\s*\{\s*"ParsedResults"', "it is an answer of OCR.space, which is not read: import the picture itself"),
    (
        rb'(?s)\s*\{\s*"api_request".{0,4000}"document"',
        "it is an answer of Mindee, which is not read: import the document itself",
    ),
    (
        rb"(?s)\s*(<\?.*?\?>\s*)?<document[^>]*abbyy",
        "it is XML of ABBYY FineReader: export it as ALTO or PDF and import that",
    ),
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
