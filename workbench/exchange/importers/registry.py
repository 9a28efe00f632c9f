"""The formats that can be read: a format is one module of this package and one line of `IMPORTERS`."""

from importlib import import_module

from storage.exceptions import UsageProblem
from workbench.exchange.reading.incoming import Importer

IMPORTERS: dict[str, tuple[str, str]] = {
    # name: (module in this package, what it reads); of two equally sure formats the first is taken
    "word-list": ("wordlists", "JSON or JSONL, one object a page: words, bboxes, labels, image_path"),
    "textract": ("cloud.textract", "Amazon Textract: words, answers to queries and AnalyzeExpense's fields"),
    "document-ai": ("cloud.document_ai", "Google Document AI: words, entities as suggestions or labels"),
    "azure": ("cloud.azure", "Azure Document Intelligence: results (versions 2 to 4), labels.json with ocr.json"),
    "google-vision": ("cloud.vision", "Google Cloud Vision: words of pictures and of PDFs"),
    "azure-vision": ("cloud.azure_vision", "Azure AI Vision: words of Image Analysis and of the older OCR"),
    "picture-labels": ("picture_boxes.picture_labels", "COCO and labelme: labelled boxes on pictures"),
    "box-xml": ("picture_boxes.box_xml", "Pascal VOC and CVAT: labelled boxes on pictures"),
    "via": ("picture_boxes.via", "VGG Image Annotator: labelled shapes on pictures, JSON or CSV"),
    "paddle": ("paddle", "PaddleOCR: Label.txt of PPOCRLabel, WildReceipt"),
    "ubiai": ("ubiai", "UBIAI: texts with labelled tokens"),
    "ocr-files": (
        "ocr_files",
        "hOCR, ALTO, PAGE, Tesseract's TSV, PaddleOCR's results: words, boxes, lines, confidence",
    ),
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


def load(name: str) -> Importer:
    """The importer of this name.

    Raises:
        UsageProblem: there is none.
    """
    if name not in IMPORTERS:
        raise UsageProblem(f"There is no import format '{name}'.", f"Formats: {', '.join(IMPORTERS)}, or auto.")
    importer: Importer = import_module(f"workbench.exchange.importers.{IMPORTERS[name][0]}").IMPORTER
    return importer
