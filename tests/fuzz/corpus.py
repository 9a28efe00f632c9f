"""One small valid file of every format that can be imported, with the files that belong to it."""

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from openpyxl import Workbook
from PIL import Image, ImageDraw
from pyarrow import parquet
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

Files = dict[str, bytes]
"""Name inside the folder that is imported -> content. The first is the format's own; others belong to it."""

INVOICE = b"""<rsm:CrossIndustryInvoice xmlns:rsm="urn:a" xmlns:ram="urn:b"><rsm:ExchangedDocument><ram:ID>RE-1</ram:ID>
</rsm:ExchangedDocument><rsm:SupplyChainTradeTransaction><ram:ApplicableHeaderTradeSettlement>
<ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode></ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"""
_BOX = {"x": 10, "y": 5, "width": 8, "height": 2, "rotation": 0}
_REGION = {"id": "a", "original_width": 90, "original_height": 60, "item_index": 0}
_WORDS = {
    "id": "doc-1",
    "words": ["Total", "9.00", "29.02.2024"],
    "bboxes": [[10, 20, 60, 40], [70, 20, 120, 40], [10, 60, 90, 80]],
    "labels": ["O", "B-TOTAL", "B-DATE"],
    "image_path": "a.png",
}


def _json(data: Any) -> bytes:
    return json.dumps(data).encode()


def _lines(*records: Any) -> bytes:
    return b"\n".join(map(_json, records)) + b"\n"


def picture(kind: str, **options: Any) -> bytes:
    """A page of 90 × 60 pixels with a word on it."""
    page = Image.new("RGB", (90, 60), "white")
    ImageDraw.Draw(page).text((10, 10), "Total 9.00", fill="black")
    out = io.BytesIO()
    page.save(out, kind, **options)
    return out.getvalue()


def _pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(200, 100), pageCompression=0)
    canvas.drawString(20, 50, "Invoice RE-1 Total 9.00")
    canvas.drawInlineImage(Image.open(io.BytesIO(picture("PNG"))), 10, 60, 30, 20)
    canvas.save()
    writer = PdfWriter(PdfReader(out))
    writer.add_attachment("factur-x.xml", INVOICE)
    whole = io.BytesIO()
    writer.write(whole)
    return whole.getvalue()


def _tables() -> tuple[bytes, bytes, bytes]:
    """The same rows as Arrow file, Arrow stream and Parquet."""
    features = {"ner_tags": {"feature": {"names": ["O", "B-TOTAL"], "_type": "ClassLabel"}, "_type": "Sequence"}}
    row = {"id": "doc-1", "tokens": _WORDS["words"], "bboxes": _WORDS["bboxes"], "ner_tags": [0, 1, 0]}
    row["image"] = {"bytes": picture("PNG"), "path": "x.png"}
    table = pa.Table.from_pylist([row, {**row, "id": "doc-2"}])
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    written = []
    for new in (pa.ipc.new_file, pa.ipc.new_stream):
        sink = pa.BufferOutputStream()
        with new(sink, table.schema) as writer:
            writer.write_table(table)
        written.append(sink.getvalue().to_pybytes())
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return written[0], written[1], sink.getvalue().to_pybytes()


def _excel() -> bytes:
    book = Workbook()
    book.active.append(["file", "total", "date"])
    book.active.append(["doc-1", 9.0, "29.02.2024"])
    packed, plain = io.BytesIO(), io.BytesIO()
    book.save(packed)
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(plain, "w") as target:  # not packed: mutants reach the XML
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return plain.getvalue()


@cache
def corpus() -> dict[str, Files]:
    """Format -> its files."""
    arrow, stream, columns = _tables()
    word = {"text": "9.00", "box": [50, 20, 80, 30]}
    form = [{"id": 0, "text": "9.00", "box": [50, 20, 80, 30], "label": "total", "linking": [], "words": [word]}]
    quad = dict(zip(("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"), (5, 5, 40, 5, 40, 20, 5, 20), strict=True))
    line = {
        "category": "total.price",
        "group_id": 1,
        "words": [{"text": "9.00", "is_key": 0, "row_id": 7, "quad": quad}],
    }
    studio = [
        {**_REGION, "type": "rectangle", "value": _BOX},
        {**_REGION, "type": "labels", "value": {**_BOX, "labels": ["TOTAL"]}},
        {**_REGION, "type": "textarea", "value": {**_BOX, "text": ["9.00"]}},
    ]
    shape = {**_BOX, **_REGION}
    studio_min = {
        "id": 1,
        "ocr": "a.png",
        "bbox": [shape],
        "transcription": ["9.00"],
        "label": [{**shape, "labels": ["T"]}],
    }
    task = {"id": 1, "data": {"ocr": "/data/a.png"}, "annotations": [{"id": 7, "result": studio}], "predictions": []}
    docile_word = {"value": "9.00", "geometry": [[0.1, 0.1], [0.3, 0.2]], "confidence": 0.9}
    docile_ocr = {"pages": [{"dimensions": [60, 90], "blocks": [{"lines": [{"words": [docile_word]}]}]}]}
    docile = {
        "metadata": {"page_sizes_at_200dpi": [[90, 60]], "cluster_id": 3, "currency": "eur", "language": "eng"},
        "field_extractions": [{"page": 0, "fieldtype": "amount_due", "bbox": [0.05, 0.05, 0.4, 0.3], "text": "9.00"}],
        "line_item_extractions": [],
    }
    png = picture("PNG")
    frames = [Image.open(io.BytesIO(png)).convert("RGB")]
    others = {path.name: {path.name: path.read_bytes()} for path in sorted((Path(__file__).parent / "files").iterdir())}
    for name in ("coco.json", "labelme.json", "voc.xml", "cvat.xml", "via.json"):
        others[name]["a.jpg"] = picture("JPEG")
    known = {"known.json": _json([_WORDS])}  # a document that tables of values speak of
    fixture = {name: content[name] for name, content in others.items()}
    azure_labels = {
        "document": "f.pdf",
        "labels": [{"label": "Sum", "value": [{"page": 1, "text": "12.00", "boundingBoxes": [[0.1] * 8]}]}],
    }
    return {
        "azure-labels": {"f.pdf.labels.json": _json(azure_labels), "f.pdf.ocr.json": fixture["azure.json"]},
        "e-invoice beside a picture": {"inv.xml": fixture["ubl.xml"], "inv.png": png},
        "unilm": {"train.txt": b"Total\tO\n9.00\tB-TOTAL\n\n",
                  "train_box.txt": b"Total\t10 20 60 40\n9.00\t70 20 90 40\n\n",
                  "train_image.txt": b"Total\t10 20 60 40\t90 60\ta.png\n9.00\t70 20 90 40\t90 60\ta.png\n\n"},
        "word-list": {"w.jsonl": _lines(_WORDS, {**_WORDS, "id": "doc-2"}), "a.png": png},
        "tesseract-tsv": {"a.tsv": b"level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight"
                          b"\tconf\ttext\n1\t1\t0\t0\t0\t0\t0\t0\t90\t60\t-1\t\n5\t1\t1\t1\t1\t1\t9\t9\t50\t14\t96.5\t9.00\n",
                          "a.png": png},
        "paddle-result": {"a.json": _json({"input_path": "a.png", "rec_texts": ["9.00"], "rec_scores": [0.9],
                                           "rec_polys": [[[5, 5], [40, 5], [40, 20], [5, 20]]]}), "a.png": png},
        "paddle-lines": {"a.json": _json([[[[[5, 5], [40, 5], [40, 20], [5, 20]], ["9.00", 0.9]]]])},
        "label-studio": {"t.json": _json([task]), "a.png": png},
        "label-studio-min": {"t.json": _json([studio_min])},
        "funsd": {"annotations/a.json": _json({"form": form}), "images/a.png": png},
        "xfund": {"zh.json": _json({"lang": "zh", "documents": [
            {"id": "zh_0", "img": {"fname": "z.png", "width": 90, "height": 60}, "document": form}]}), "zh/z.png": png},
        "cord": {"r.json": _json({"valid_line": [line], "meta": {"image_size": {"width": 90, "height": 60}}})},
        "docile": {"annotations/d.json": _json(docile), "ocr/d.json": _json(docile_ocr), "pdfs/d.pdf": _pdf()},
        "sroie": {"box/X1.txt": b"10,10,80,10,80,30,10,30,Total 9.00\r\n", "key/X1.json": _json({"total": "9.00"}),
                  "img/X1.jpg": picture("JPEG")},
        "doccano": {"d.jsonl": _lines({"text": "Total 9.00", "label": [[6, 10, "TOTAL"]]})},
        "conll": {"c.conll": b"-DOCSTART- -X- O\n\nTotal -X- _ O\n9.00 -X- _ B-TOTAL\n\n"},
        "arrow": {"d.arrow": arrow},
        "arrow-stream": {"d.arrow": stream},
        "parquet": {"d.parquet": columns},
        "hf-saved": {"set/state.json": _json({"_data_files": [{"filename": "data.arrow"}]}), "set/data.arrow": stream},
        "pdf": {"p.pdf": _pdf()},
        "png": {"a.png": png},
        "jpeg": {"a.jpg": picture("JPEG")},
        "tiff": {"a.tif": picture("TIFF", save_all=True, append_images=frames, compression="tiff_lzw")},
        "bmp": {"a.bmp": picture("BMP")},
        "webp": {"a.webp": picture("WEBP")},
        "gif": {"a.gif": picture("GIF")},
        "avif": {"a.avif": picture("AVIF")},
        "jpeg-2000": {"a.jp2": picture("JPEG2000")},
        "values-csv": {"v.csv": b"file,total,date\ndoc-1,9.00,29.02.2024\n", **known},
        "values-json": {"v.json": _json([{"file": "doc-1", "total": 9.0, "date": "29.02.2024"}]), **known},
        "values-xlsx": {"v.xlsx": _excel(), **known},
        **others,
    }  # fmt: skip


SETTINGS = b"""keys = "workbench"
theme = "dark"
day_first = true
[bindings]
"go.next" = "n"
[limits]
pages = 20
[postprocess]
one_value = true
[[fields]]
id = "total"
type = "amount"
colour = "#cc3300"
aliases = ["SUM"]
"""
CONFIGURATION = b"""model: {family: layoutlm, name: ""}
train:
  learning_rate: 3.0e-5
  seed: 7
  optim: adamw
  report_to: []
regularization: &r {label_smoothing_factor: 0.1}
data: {max_length: 256, window_stride: 64}
"""
REQUEST = b"""run: r1
fields:
- {id: total, name: Total, type: amount, aliases: [SUM]}
config:
  train: {seed: 7}
threads: 1
rules: {one_value: true}
"""
EVENTS = b"""{"type": "started", "time": 1700000000.0, "device": "cpu", "threads": 1}
{"type": "step", "time": 1700000001.0, "step": 1, "epoch": 0.5, "loss": 0.3, "total_steps": 2}
{"type": "evaluated", "time": 1700000002.0, "step": 2, "epoch": 1.0, "train": {}, "validation": {"f1": 0.5}}
{"type": "finished", "time": 1700000003.0, "f1": 0.5}
"""
REPORT = b'{"evaluation": {"split": "test", "micro": {"f1": 0.5}, "fields": {"total": {"f1": 0.5}}}, "readers": {}}'


def write(files: Files, folder: Path) -> None:
    """Put files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
