"""Made-up invoices as files: labelled pictures, an inbox of PDFs and scans, and the inbox's known values.

OUT/labelled/labels.jsonl  one object a page: words, boxes in pixels, gold labels; images/ beside it
OUT/inbox/                 PDFs with a text layer, scanned pictures, a TIFF of several pages; no labels
OUT/values.csv             reference values for the inbox: file, then a column a field
OUT/README.md              what is there and where it came from
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from PIL import Image

from storage.records import Box
from workbench.fields import invoice_schema
from workbench.samples import fapiao
from workbench.samples.generator import Sample, SamplePage, assemble, compose, generate, template_ids
from workbench.samples.noise import BLOCKS
from workbench.samples.placed_words import Paper, has_letter, wide
from workbench.samples.render import chinese_font, pdf, picture, scanned, stamp, turned

LABELLED_SCALE, INBOX_SCALE, TIFF_SCALE = 1.8, 2.0, 2.4  # pixels a point: 130, 144 and 173 dots an inch
_STAMPS = {
    "en": ("PAID", "RECEIVED"),
    "de": ("BEZAHLT", "EINGEGANGEN"),
    "fr": ("PAYÉ", "REÇU"),
    "nl": ("BETAALD", "ONTVANGEN"),
    "zh": ("已付款", "收讫"),
    "es": ("PAGADO", "RECIBIDO"),
    "it": ("PAGATO", "RICEVUTO"),
    "pl": ("ODEBRANO", "KOPIA"),
}


_FIRST = ("invoice-classic", "receipt-market", "invoice-long", "invoice-credit", "receipt-dine", "invoice-window")
"""Templates that are used also in a small folder."""


@dataclass(slots=True)
class SampleReport:
    """What was written. `without_picture` names documents that missing letters left without one."""

    documents: int = 0
    labelled: int = 0
    inbox: int = 0
    pages: int = 0
    tokens: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    templates: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    without_picture: list[str] = field(default_factory=list)

    def count(self, sample: Sample) -> None:
        """Add one document to the figures."""
        self.documents += 1
        self.pages += len(sample.pages)
        self.tokens += len(sample.words)
        self.labels.update(name for name, _ in sample.spans)
        self.templates[sample.template] += 1
        self.languages[sample.language] += 1


@dataclass(frozen=True, slots=True)
class _Vendor:
    number: int
    language: str
    template: str


def write_words(out: Path, count: int, seed: int, languages: Sequence[str], noise: float = 1.0) -> SampleReport:
    """One labels.jsonl of words, boxes (points) and labels, without pictures; memory does not grow with `count`.

    Raises:
        OSError: the folder cannot be written.
        ValueError: a language is unknown.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = SampleReport()
    encode = msgspec.json.Encoder().encode
    with (out / "labels.jsonl").open("wb") as file:
        for sample in generate(seed, count, languages, noise=noise):
            written.count(sample)
            for record in records(sample, sample.pages, [None] * len(sample.pages)):
                file.write(encode(record) + b"\n")
    written.labelled = written.documents
    return written


def write_samples(out: Path, count: int, seed: int, languages: Sequence[str]) -> SampleReport:
    """The whole folder. The same arguments give the same bytes on the same machine.

    About every fourth document goes to the inbox, the others are labelled; a vendor has two or three documents.

    Raises:
        OSError: the folder cannot be written.
        ValueError: a language is unknown.
    """
    for folder in (out / "labelled" / "images", out / "inbox"):
        folder.mkdir(parents=True, exist_ok=True)
    written = SampleReport()
    lines: list[dict[str, Any]] = []
    rows: list[dict[str, str]] = []
    vendors = _vendors(max(count * 2 // 5, min(count, 3)), languages)
    for index in range(count):
        vendor, turn = vendors[index % len(vendors)], index // len(vendors)
        rng = Random(f"{seed}-{index}")
        facts, paper = compose(
            Random(f"{seed}-vendor-{vendor.number}"), rng, vendor.language, vendor.template, plain_print=True
        )
        name = f"{vendor.language}-{vendor.template}-{index + 1:03d}"
        sample = assemble(paper, name, vendor.language, vendor.template, facts.seller.name, rng, BLOCKS)
        written.count(sample)
        several = len(paper.sheets) > 1
        to_inbox = index % 4 == 3 - turn % 4 or (several and vendor.template == "invoice-long" and turn == 0)
        has_letters = _has_letters(paper)
        drawable = has_letters and (chinese_font() is not None or not _has_chinese(paper))
        if to_inbox and has_letters and (drawable or not several):
            form = "tiff" if several else ("pdf", "jpg", "pdf", "png")[written.inbox % 4] if drawable else "pdf"
            (out / "inbox" / f"{name}.{form}").write_bytes(_inbox_file(form, paper, sample, rng))
            rows.append({"file": f"{name}.{form}", **sample.values})
            written.inbox += 1
            continue
        if not drawable:
            written.without_picture.append(name)
        lines += _labelled(out / "labelled", paper, sample, rng, drawable)
        written.labelled += 1
    (out / "labelled" / "labels.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    (out / "values.csv").write_text(_csv(rows), encoding="utf-8", newline="")
    (out / "README.md").write_text(_readme(written, count, seed, languages), encoding="utf-8")
    return written


def _vendors(count: int, languages: Sequence[str]) -> list[_Vendor]:
    """Vendors of the languages in turn, each with a template of its own as far as there are enough."""
    order = [*_FIRST, *(name for name in template_ids() if name not in _FIRST and not name.endswith("free"))]
    forms = list(fapiao.TEMPLATES)
    vendors = []
    for number in range(count):
        language = languages[number % len(languages)]
        if language == "zh" and forms:
            vendors.append(_Vendor(number, language, forms.pop(0)))
        else:
            vendors.append(_Vendor(number, language, order[0]))
            order.append(order.pop(0))
    return vendors


def _has_letters(paper: Paper) -> bool:
    words = (word for sheet in paper.sheets for word in sheet.words)
    return all(has_letter(word.font, character) for word in words for character in word.text)


def _has_chinese(paper: Paper) -> bool:
    return any(wide(character) for sheet in paper.sheets for word in sheet.words for character in word.text)


def records(sample: Sample, pages: Sequence[SamplePage], pictures: Sequence[str | None]) -> Iterator[dict[str, Any]]:
    """The word-list objects of a document, one a page; `pages` may be scaled, with the sample's tokens."""
    tags = ["O"] * len(sample.words)
    for name, tokens in sample.spans:
        before = None
        for token in tokens:
            tags[token] = f"{'I' if before == token - 1 else 'B'}-{name}"
            before = token
    start = 0
    for number, ((width, height, words), shown) in enumerate(zip(pages, pictures, strict=True)):
        record: dict[str, Any] = {
            "id": sample.name,
            "page": number,
            "words": [text for text, _, _ in words],
            "bboxes": [box for _, box, _ in words],
            "labels": tags[start : start + len(words)],
            "lines": [line for _, _, line in words],
            "width": width,
            "height": height,
            "language": sample.language,
            "group": sample.group,
        }
        if shown:
            record["image_path"] = shown
        start += len(words)
        yield record


def _labelled(folder: Path, paper: Paper, sample: Sample, rng: Random, drawable: bool) -> Iterator[dict[str, Any]]:
    pages: list[SamplePage] = []
    names: list[str | None] = []
    for number, (sheet, (width, height, words)) in enumerate(zip(paper.sheets, sample.pages, strict=True)):
        if not drawable:
            pages.append((width, height, words))
            names.append(None)
            continue
        image, angle = _scan(picture(sheet, LABELLED_SCALE), sample, rng)
        name = f"images/{sample.name}{f'-p{number + 1}' if number else ''}.jpg"
        image.save(folder / name, quality=50)
        names.append(name)
        moved = [(text, _scaled(box, angle, LABELLED_SCALE, image), line) for text, box, line in words]
        pages.append((image.width, image.height, moved))
    return records(sample, pages, names)


def _scan(image: Image.Image, sample: Sample, rng: Random) -> tuple[Image.Image, float]:
    if rng.random() < 0.25:
        text = rng.choice(_STAMPS[sample.language])
        if sample.language != "zh" or chinese_font() is not None:
            place = rng.uniform(0.35, 0.6), rng.uniform(0.55, 0.75)
            image = stamp(image, text, place, image.width * 0.045, rng)
    return scanned(image, rng)


def _scaled(box: Box, angle: float, scale: float, image: Image.Image) -> Box:
    x0, y0, x1, y1 = (edge * scale for edge in box)
    x0, y0, x1, y1 = turned((x0, y0, x1, y1), angle, image.width, image.height)
    return round(x0, 1), round(y0, 1), round(x1, 1), round(y1, 1)


def _inbox_file(form: str, paper: Paper, sample: Sample, rng: Random) -> bytes:
    if form == "pdf":
        return pdf(paper.sheets, sample.name)
    out = io.BytesIO()
    if form == "tiff":
        pages = [
            scanned(picture(sheet, TIFF_SCALE), rng, strength=0.7)[0].point(lambda value: 255 if value > 150 else 0)
            for sheet in paper.sheets
        ]
        bits = [page.convert("1", dither=Image.Dither.NONE) for page in pages]
        dots = round(TIFF_SCALE * 72)
        bits[0].save(out, "TIFF", save_all=True, append_images=bits[1:], compression="group4", dpi=(dots, dots))
        return out.getvalue()
    image = _scan(picture(paper.sheets[0], INBOX_SCALE), sample, rng)[0]
    if form == "jpg":
        image.save(out, "JPEG", quality=60)
    else:
        image.point(lambda value: 255 if value > 215 else value // 32 * 36).save(out, "PNG", optimize=True)
    return out.getvalue()


def _csv(rows: Iterable[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["file", *(field.id for field in invoice_schema())], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _readme(written: SampleReport, count: int, seed: int, languages: Sequence[str]) -> str:
    def listed(counts: Counter[str]) -> str:
        return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))

    missing = ""
    if written.without_picture:
        missing = (
            f"\n{len(written.without_picture)} labelled documents are words and boxes without a picture: this machine "
            "had no Chinese font, or the program's fonts lack their (Polish) letters.\n"
        )
    return f"""# Sample data

Made-up invoices and receipts: companies, people, addresses, numbers and tax ids are invented. Written by

    workbench sample-data OUT --count {count} --seed {seed} --languages {",".join(languages)}

- `labelled/`: {written.labelled} documents as scanned pages (`images/`) with words, boxes in pixels and gold
  labels (`labels.jsonl`, one object a page).
- `inbox/`: {written.inbox} documents without labels: PDFs with a text layer, scans that need OCR, a TIFF of
  several pages. They are the pool to label.
- `values.csv`: what the bookkeeping knows about the inbox's documents (dates ISO, amounts with a point, currencies
  as ISO codes), to be brought in with `workbench values`.

Languages: {listed(written.languages)}. Templates: {listed(written.templates)}.
{missing}"""
