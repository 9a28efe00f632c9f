"""Kinds of files and values that people bring: how many the program reads rightly, or refuses with the right reason.

    python benchmarks/cases.py [--cases ../shared/data/cases] [--only 4 5 6]

Files go through `workbench import` into a workspace of their own; texts go through the values functions.
"""
# ruff: noqa: E501

import argparse
import itertools
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from click.testing import CliRunner  # noqa: E402

from storage import document_list, documents  # noqa: E402
from storage.exceptions import WorkbenchError  # noqa: E402
from storage.records import Content  # noqa: E402
from workbench.cli import group as cli  # noqa: E402
from workbench.fields import values  # noqa: E402
from workbench.fields.schema import FieldType  # noqa: E402
from workbench.workspace import Workspace  # noqa: E402

CASES = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data")) / "cases"


@dataclass
class Brought:
    """What an import brought."""

    report: dict[str, Any]
    documents: list[Content]
    fields: list[str]
    text: str

    @property
    def words(self) -> list[str]:
        return [token.text for content in self.documents for token in content.tokens]

    @property
    def labels(self) -> list[tuple[str, str]]:
        """(field, words) of every label."""
        return sorted(
            (span.field, " ".join(content.tokens[i].text for i in span.tokens))
            for content in self.documents
            for span in content.annotations.spans
        )

    @property
    def suggestions(self) -> list[tuple[str, str, float]]:
        return sorted(
            (offer.field, " ".join(content.tokens[i].text for i in offer.tokens), round(offer.confidence, 2))
            for content in self.documents
            for offer in content.suggestions
        )

    @property
    def values(self) -> dict[str, str]:
        return {value.field: value.value for content in self.documents for value in content.references}

    @property
    def labelled(self) -> int:
        return sum(content.document.state == "labelled" for content in self.documents)

    @property
    def reasons(self) -> str:
        listed = [problem["reason"] for problem in self.report.get("problems", ())]
        return " | ".join([*listed, *self.report.get("notes", {})])


class Cases:
    """Runs the command line on copies of the cases."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.scratch, self._count = folder, scratch, 0

    def bring(self, *names: str, options: tuple[str, ...] = (), ocr: bool = False, **made: bytes | str) -> Brought:
        """Import copies of these cases (and files made here, `__` for a point in their names) as one folder."""
        self._count += 1
        source, workspace = self.scratch / f"in{self._count}", self.scratch / f"ws{self._count}"
        for name in names:
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.folder / name, target)
        for name, data in made.items():
            target = source / name.replace("__", ".").replace("_SLASH_", "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data if isinstance(data, bytes) else data.encode())
        return self.bring_folder(source, workspace, options, ocr)

    def bring_folder(self, source: Path, workspace: Path, options: tuple[str, ...] = (), ocr: bool = False) -> Brought:
        Workspace.create(workspace).close()
        arguments = ["-w", str(workspace), "import", str(source), "--json", *options, *(() if ocr else ("--no-ocr",))]
        done = CliRunner().invoke(cli, arguments)
        if done.exception is not None and not isinstance(done.exception, SystemExit | WorkbenchError):
            raise done.exception
        text = done.stdout
        printed = f"{done.output}{done.exception or ''}"
        report = json.loads(text) if text.strip().startswith("{") else {"problems": [{"file": "", "reason": printed}]}
        opened = Workspace.open(workspace)
        with opened.db.read() as connection:
            contents = [documents.open_document(connection, number) for number in document_list.ids(connection)]
        fields = [field.id for field in opened.schema]
        opened.close()
        return Brought(report, contents, fields, done.output)


Check = Callable[[Cases], Iterator[str]]
KINDS: dict[int, tuple[str, Check]] = {}


def kind(number: int, title: str) -> Callable[[Check], Check]:
    """Register the check of a kind; it yields what is wrong."""

    def register(check: Check) -> Check:
        KINDS[number] = (title, check)
        return check

    return register


def expect(right: bool, what: str) -> Iterator[str]:
    if not right:
        yield what


INVOICE_FIELDS = {"seller_name", "invoice_no", "invoice_date", "amount_total"}


@kind(1, "filled form fields and annotations in a PDF")
def _(cases: Cases) -> Iterator[str]:
    form = cases.bring("form.pdf")
    yield from expect("INV-0042" in form.words, f"form field: {form.words}")
    free = cases.bring("freetext.pdf")
    yield from expect("PAID" in free.words or "annotation" in free.reasons, f"annotation: {free.words} {free.reasons}")


@kind(2, "long receipts")
def _(cases: Cases) -> Iterator[str]:
    from io import BytesIO

    from PIL import Image, ImageDraw, ImageFont

    from workbench.exchange import pictures
    from workbench.settings import Limits

    picture = Image.new("RGB", (900, 9000), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(28)
    for row in range(220):
        draw.text((40, 40 + 40 * row), f"Article {row:03} number {row * 7:04} 12.{row % 100:02}", "black", font)
    out = BytesIO()
    picture.save(out, "PNG")
    stored = pictures.for_reading(out.getvalue(), Limits())[0]
    with Image.open(BytesIO(stored) if isinstance(stored, bytes) else stored) as kept:
        yield from expect(kept.width >= 700, f"a 900 × 9000 picture is stored as {kept.size}")
    brought = cases.bring(ocr=True, receipt__png=out.getvalue())
    found = sum(f"{row:03}" in brought.words for row in range(220))
    yield from expect(found >= 0.95 * 220, f"{found} of 220 lines are read")


@kind(3, "documents named like a project's own files; files that are no documents")
def _(cases: Cases) -> Iterator[str]:
    pdf = (cases.folder / "hidden.pdf").read_bytes()
    brought = cases.bring(
        Notice__pdf=pdf,
        License__pdf=pdf + b"\n",
        README__pdf=pdf + b"\n\n",
        invoice__html="<html><body>Invoice</body></html>",
        mail__eml="From: a@example.com\nSubject: invoice\n\nText",
    )
    yield from expect(len(brought.documents) == 3, f"{len(brought.documents)} of 3 documents")
    named = {Path(problem["file"]).name for problem in brought.report["problems"]}
    yield from expect({"invoice.html", "mail.eml"} <= named, f"listed: {sorted(named)}")


@kind(4, "Label Studio text tasks")
def _(cases: Cases) -> Iterator[str]:
    brought = cases.bring("ls_ner.json")
    yield from expect(
        [text for _, text in brought.labels] == ["12.00", "INV-7"]
        or sorted(text for _, text in brought.labels) == ["12.00", "INV-7"],
        f"{brought.labels}",
    )


@kind(5, "pictures named with backslashes; PDFs in Label Studio tasks")
def _(cases: Cases) -> Iterator[str]:
    brought = cases.bring("lswin.json", "imgs/a.png")
    yield from expect(
        len(brought.documents) == 1 and bool(brought.documents[0].pages[0].picture), f"lswin: {brought.reasons}"
    )
    png = (cases.folder / "imgs/a.png").read_bytes()
    for name in ("win.jsonl", "win2.jsonl"):
        brought = cases.bring(name, images_SLASH_a__png=png)
        right = len(brought.documents) == 1 and bool(brought.documents[0].pages[0].picture)
        yield from expect(right, f"{name}: {brought.reasons}")
    lost = cases.bring("lspdf.json")
    yield from expect(not lost.labelled, f"without its PDF: {lost.labelled} labelled, {lost.reasons}")
    pdf = (cases.folder / "fx.pdf").read_bytes()
    found = cases.bring("lspdf.json", **{"a__pdf": pdf})
    yield from expect(len(found.documents) == 1 and len(found.words) > 0, f"with it: {found.words[:5]} {found.reasons}")


@kind(6, "boxes as fractions, boxes as x, y, width, height")
def _(cases: Cases) -> Iterator[str]:
    brought = cases.bring("floats01.jsonl")
    page = brought.documents[0].pages[0]
    yield from expect(page.tokens[1].box[1] > 0.4 * page.height, f"fractions: {page.tokens[1].box} of {page.height}")
    brought = cases.bring("xywh.jsonl")
    boxes = [token.box for content in brought.documents for token in content.tokens]
    right = not boxes or boxes[0] == (100.0, 500.0, 180.0, 520.0)
    yield from expect(right and bool(boxes or brought.reasons), f"x, y, w, h: {boxes}")
    brought = cases.bring("xywh2.jsonl")
    boxes = [token.box for content in brought.documents for token in content.tokens]
    yield from expect(boxes[:1] == [(100.0, 20.0, 180.0, 60.0)], f"corners: {boxes}")


@kind(7, "e-invoices under a password")
def _(cases: Cases) -> Iterator[str]:
    brought = cases.bring("fx.pdf", options=("--password", "x"))
    yield from expect(bool(brought.values), f"another file's password: {brought.values} {brought.reasons}")
    brought = cases.bring("fx_enc.pdf", options=("--password", "u"))
    yield from expect(bool(brought.values), f"its own password: {brought.values} {brought.reasons}")


@kind(8, "names that are no UTF-8")
def _(cases: Cases) -> Iterator[str]:
    source = cases.scratch / "bytes"
    source.mkdir()
    record = b'{"id":"one","words":["a"],"bboxes":[[0,0,9,9]]}\n'
    Path(os.fsdecode(os.fsencode(source) + b"/M\xfcller.jsonl")).write_bytes(record)
    shutil.copy(cases.folder / "sur.jsonl", source)
    brought = cases.bring_folder(source, cases.scratch / "wsbytes")
    yield from expect(len(brought.documents) == 2, f"{len(brought.documents)} of 2: {brought.reasons}")


@kind(9, "right-to-left lines in a PDF")
def _(cases: Cases) -> Iterator[str]:
    words = cases.bring("heb.pdf").words
    yield from expect("INV-0042" in words, f"{words}")


@kind(10, "combining marks")
def _(cases: Cases) -> Iterator[str]:
    party = FieldType.PARTY
    yield from expect(not values.same(party, "किला", "कुला"), "two Hindi words are the same")
    yield from expect(values.normalise(party, "İSTANBUL").normal == "istanbul", "İSTANBUL")
    yield from expect(values.same(party, "شَرِكَة", "شركة"), "Arabic vowel signs")
    yield from expect(values.same(party, "Café", "CAFE\u0301"), "Café")


@kind(11, "tables of known values as spreadsheets write them")
def _(cases: Cases) -> Iterator[str]:
    from storage.exceptions import InputProblem
    from workbench.exchange.reading import values_table
    from workbench.settings import Limits

    def rows(name: str) -> Any:
        try:
            return [
                dict(row.values) if hasattr(row, "values") else row
                for row in values_table.read(cases.folder / name, Limits())
            ]
        except InputProblem as problem:
            return problem.message

    def all_texts(name: str) -> str:
        return repr(rows(name))

    for name, wanted in {
        "k1.csv": "1.234,56", "k2.csv": "1.234,56", "k3.csv": "1.234,56", "k4.csv": "北京测试有限公司",
        "k5.csv": "ACME, Inc.", "k6.csv": "1.234,56", "k7.csv": "1,5", "k9.csv": "12,00", "k9b.csv": "zł",
        "k10.csv": "1,234.56", "k11.csv": "Multi line", "x2.xlsx": "12", "x3.xlsx": "12", "x4.xlsx": "",
    }.items():  # fmt: skip
        yield from expect(
            wanted in all_texts(name) and (name == "x4.xlsx" or "Rejected" not in all_texts(name)),
            f"{name}: {all_texts(name)[:150]}",
        )
    yield from expect(
        "71.28'" in all_texts("x1.xlsx") and "00042" in all_texts("x1.xlsx"), f"x1: {all_texts('x1.xlsx')}"
    )
    yield from expect(
        "1.23E+11'" not in all_texts("k8.csv") and "45382'" not in all_texts("k8.csv"), f"k8: {all_texts('k8.csv')}"
    )


@kind(12, "dates with the year of two digits first; dates years ahead")
def _(cases: Cases) -> Iterator[str]:
    for text, other in (("24-03-31", "2024-03-31"), ("15/12/31", "2015-12-31")):
        value = values.normalise(FieldType.DATE, text)
        both = values.readings(FieldType.DATE, text)
        yield from expect(bool(value.note) and other in both and len(both) > 1, f"{text}: {value}, {sorted(both)}")


@kind(13, "prefixes of currencies; digits of other scripts; years of other calendars")
def _(cases: Cases) -> Iterator[str]:
    wanted = {"MX$": "MXN", "AR$": "ARS", "CLP$": "CLP", "US $": "USD", "R": "ZAR", "S/": "PEN", "₦": "NGN"}
    for mark, code in wanted.items():
        amount = f"{mark} 12.00"
        yield from expect(values.normalise(FieldType.AMOUNT, amount).normal == "12.00", f"{amount} as an amount")
        meant = values.normalise(FieldType.CURRENCY, amount).normal
        yield from expect(meant in (code, None) and (meant == code or mark in ("R", "S/")), f"{amount}: {meant}")
    for text, normal in (
        ("12.00 DH", "12.00"),
        ("R273.00", "273.00"),
        ("١٬٢٣٤٫٥٦", "1234.56"),
        ("MX$ 1,234.50", "1234.50"),
    ):
        yield from expect(values.normalise(FieldType.AMOUNT, text).normal == normal, text)
    yield from expect(values.normalise(FieldType.DATE, "٣١/٠٣/٢٠٢٤").normal == "2024-03-31", "Arabic-Indic date")
    for text in ("31/03/2567", "令和6年3月31日", "113年3月31日", "民國113年3月31日"):
        value = values.normalise(FieldType.DATE, text)
        right = value.normal is None and any(w in value.note for w in ("Buddhist", "Reiwa", "ROC", "Japanese"))
        yield from expect(right, f"{text}: {value.normal} {value.note}")


@kind(14, "tax marks, CR and no-cents signs beside amounts")
def _(cases: Cases) -> Iterator[str]:
    for text, normal in {
        "12.00*": "12.00", "1.234,56 EUR*": "1234.56", "1,234.56 CR": "-1234.56", "12.00 A": "12.00",
        "12.00 SR": "12.00", "12.00T": "12.00", "Rs.500/-": "500.00", "12.00€ TTC": "12.00", "H.T. 12,00": "12.00",
        "12.30 EUR inkl. MwSt": "12.30", "12.00 (incl. VAT)": "12.00",
    }.items():  # fmt: skip
        value = values.normalise(FieldType.AMOUNT, text)
        yield from expect(value.normal == normal, f"{text}: {value.normal}")


@kind(15, "transparent, 16-bit and CMYK pictures")
def _(cases: Cases) -> Iterator[str]:
    from io import BytesIO

    from PIL import Image

    from workbench.exchange import pictures
    from workbench.settings import Limits

    for name in ("transp.png", "g16.png", "cmyk.jpg"):
        stored = pictures.for_reading(cases.folder / name, Limits())[0]
        with Image.open(BytesIO(stored) if isinstance(stored, bytes) else stored) as kept:
            grey = kept.convert("L").histogram()
            dark, light = sum(grey[:100]), sum(grey[200:])
            right = kept.mode in ("L", "RGB") and light > dark > 0
            yield from expect(right, f"{name}: {kept.mode}, {dark} dark and {light} light points")


@kind(16, "invisible and off-page words of a PDF")
def _(cases: Cases) -> Iterator[str]:
    for name, gone in (("hidden.pdf", "Hidden White"), ("ocg.pdf", "DUPLICATE"), ("outside.pdf", "OUTSIDE BELOW")):
        brought = cases.bring(name)
        left = [word for word in gone.split() if word in brought.words]
        printed = any(word in brought.reasons for word in ("invisible", "outside"))
        yield from expect(printed and not left, f"{name}: {left} {brought.reasons}")


@kind(17, "tab-separated word lists with spaces inside a word; UniLM's pair of files")
def _(cases: Cases) -> Iterator[str]:
    brought = cases.bring("c.conll")
    yield from expect("1 234,56" in [text for _, text in brought.labels], f"c.conll: {brought.labels}")
    brought = cases.bring("c2.conll")
    yield from expect(brought.labels and brought.labels[0][1] == "INV-7", f"c2.conll: {brought.labels}")
    brought = cases.bring("unilm_train.txt", "unilm_box.txt")
    tokens = [token for content in brought.documents for token in content.tokens]
    box = next((token.box for token in tokens if token.text == "12.00"), None)
    right = box == (242.0, 74.0, 752.0, 104.0) and [t for _, t in brought.labels] == ["12.00"]
    yield from expect(right, f"UniLM: {box} {brought.labels} {brought.reasons}")


@kind(18, "offsets in UTF-16, `data` for `text`, CR LF")
def _(cases: Cases) -> Iterator[str]:
    wanted = {"dc_u16.jsonl": ["12.00", "INV-7"], "dc_data.jsonl": ["12.00", "INV-7"], "dc_crlf.jsonl": ["INV-7"]}
    for name, texts in wanted.items():
        brought = cases.bring(name)
        got = sorted(text for _, text in brought.labels)
        yield from expect(got == texts, f"{name}: {got} {brought.reasons}")


@kind(19, "tags of other shapes, names that mean no label")
def _(cases: Cases) -> Iterator[str]:
    for name in ("bio_suffix.jsonl", "bio_us.jsonl"):
        brought = cases.bring(name)
        yield from expect(brought.labels == [("amount_total", "12 .00")], f"{name}: {brought.labels}")
    brought = cases.bring("others.jsonl")
    strange = {"other", "none", "0", "1", "-100", "null"} & {field.casefold() for field in brought.fields}
    yield from expect(not strange, f"others.jsonl makes fields {strange}")
    for name in ("minus100.jsonl", "intlabels.jsonl", "strint.jsonl"):
        brought = cases.bring(name)
        strange = {f for f in brought.fields if f.casefold() in ("0", "1", "-100", "i_total") or f.startswith("field_")}
        yield from expect(not strange and bool(brought.reasons), f"{name}: {strange} {brought.reasons}")


@kind(20, "turned pages without EXIF")
def _(cases: Cases) -> Iterator[str]:
    from io import BytesIO

    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (900, 1200), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(30)
    for row in range(12):
        draw.text((60, 60 + 80 * row), f"Invoice number INV-{row:04} total amount {row}12.00", "black", font)
    for degrees in (90, 180):
        out = BytesIO()
        picture.rotate(degrees, expand=True).save(out, "PNG")
        brought = cases.bring(ocr=True, turned__png=out.getvalue())
        found = sum(f"INV-{row:04}" in brought.words for row in range(12))
        upright = [t.box[2] - t.box[0] > t.box[3] - t.box[1] for c in brought.documents for t in c.tokens]
        right = found >= 10 and sum(upright) > 0.8 * len(upright) and "turned" in brought.reasons
        yield from expect(
            right and brought.report["ocr_pages"] == 1,
            f"{degrees}°: {found} of 12 numbers, {sum(upright)}/{len(upright)} wide, {brought.reasons}",
        )


@kind(21, "patience of a run that pauses")
def _(cases: Cases) -> Iterator[str]:
    import subprocess

    test = "tests/worker/test_training.py::test_patience_goes_on_where_an_interruption_left_it"
    done = subprocess.run(  # noqa: PLW1510 - its exit code is the outcome
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test], cwd=ROOT, capture_output=True, text=True
    )
    yield from expect(done.returncode == 0, f"the run does not stop as one without a pause: {done.stdout[-200:]}")


@kind(22, "control characters in names and words")
def _(cases: Cases) -> Iterator[str]:
    record = {
        "id": "a\u001b]0;owned\u0007b\u202e[red]\nc",
        "words": ["x\u001b[2J", "\u202eevil"],
        "bboxes": [[0, 0, 9, 9]] * 2,
    }
    brought = cases.bring(bad__jsonl=json.dumps(record), broken__json="{")
    workspace = sorted(cases.scratch.glob("ws*"), key=lambda path: path.stat().st_mtime)[-1]
    table = cases.scratch / "values\x1b[2J.csv"
    table.write_text("file,invoice_no\na\x1b]0;owned\x07,\u202e7\n")
    written = cases.scratch / "out.csv"
    for command in (("import", str(cases.scratch)), ("import", str(cases.scratch), "--json"), ("status",),
                    ("status", "--json"), ("values", str(table)), ("values", str(cases.scratch / "none\x1b[2J.csv")),
                    ("export", "values-csv", str(written)), ("predict", "starter", str(cases.scratch / "in1"))):  # fmt: skip
        done = CliRunner().invoke(cli, ["-w", str(workspace), *command])
        bad = {hex(ord(c)) for c in done.output if c in "\x1b\x07\u202e"}
        yield from expect(not bad, f"{command[0]}: {bad}")
    yield from expect(
        not any(c in name for name in brought.words for c in "\x1b\x07\u202e"), f"words: {brought.words!r}"
    )


@kind(23, "PaddleOCR's label files")
def _(cases: Cases) -> Iterator[str]:
    for name in ("Label.txt", "wildreceipt.txt", "xfun_paddle.json"):
        brought = cases.bring(name)
        yield from expect("TOTAL" in brought.words, f"{name}: {brought.words} {brought.reasons}")
        if name == "Label.txt":
            yield from expect([t for _, t in brought.labels] == ["12.00"], f"{name}: {brought.labels}")


@kind(24, "answers of cloud services and labels of other tools")
def _(cases: Cases) -> Iterator[str]:
    for name in ("textract.json", "docai.json", "azure.json"):
        brought = cases.bring(name)
        yield from expect(
            "TOTAL" in brought.words and not brought.labelled, f"{name}: {brought.words} {brought.reasons}"
        )
    for name in ("docai.json", "azure.json"):
        brought = cases.bring(name)
        # The cases' own words leave out the entity's: it must at least be known as a value, or be said.
        right = bool(brought.suggestions or brought.values or "not among the words" in brought.reasons)
        yield from expect(right, f"{name}: {brought.suggestions} {brought.values} {brought.reasons}")
    pdf = (cases.folder / "fx.pdf").read_bytes()
    jpg = (cases.folder / "imgs/a.png").read_bytes()
    for name in ("azure_labels.json", "coco.json", "labelme.json", "ubiai.json"):
        brought = cases.bring(name, a__pdf=pdf, a__jpg=jpg)
        formats = {content.document.format for content in brought.documents}
        unknown = "no format that is known" in brought.reasons
        yield from expect(not unknown and len(formats - {"pdf", "image"}) == 1, f"{name}: {formats} {brought.reasons}")


@kind(25, "Prodigy and spaCy")
def _(cases: Cases) -> Iterator[str]:
    for name in ("prodigy.jsonl", "spacy.jsonl", "spacy_train.json"):
        brought = cases.bring(name)
        yield from expect([t for _, t in brought.labels] == ["INV-7"], f"{name}: {brought.labels} {brought.reasons}")
    answer = (cases.folder / "prodigy.jsonl").read_text().replace('"accept"', '"reject"')
    brought = cases.bring(p__jsonl=answer)
    yield from expect(len(brought.documents) == 1 and not brought.labelled, f"reject: {brought.labelled} labelled")


@kind(26, "Label Studio's CSV; ground truth")
def _(cases: Cases) -> Iterator[str]:
    png = (cases.folder / "imgs/a.png").read_bytes()
    brought = cases.bring("ls.csv", a__png=png)
    formats = [content.document.format for content in brought.documents]
    yield from expect(formats == ["label-studio"], f"ls.csv: {formats} {brought.reasons}")
    brought = cases.bring("ls_gt.json")
    yield from expect([field for field, _ in brought.labels] == ["amount_total"], f"ls_gt.json: {brought.labels}")


@kind(27, "Donut's and CORD-v2's rows")
def _(cases: Cases) -> Iterator[str]:
    brought = cases.bring("donut.jsonl", a__jpg=(cases.folder / "imgs/a.png").read_bytes())
    yield from expect(brought.values == {"amount_total": "12.00"}, f"donut: {brought.values} {brought.reasons}")
    truth = {
        "gt_parse": {"total": {"total_price": "9.00"}},
        "valid_line": [{"category": "total.total_price", "words": [
            {"text": "9.00", "is_key": 0, "row_id": 1, "quad": {"x1": 1, "y1": 1, "x2": 9, "y2": 1, "x3": 9, "y3": 4, "x4": 1, "y4": 4}}]}],
        "meta": {"image_size": {"width": 20, "height": 20}},
    }  # fmt: skip
    brought = cases.bring(cord__jsonl=json.dumps({"image": None, "ground_truth": json.dumps(truth)}) + "\n")
    yield from expect(brought.labels == [("amount_total", "9.00")], f"CORD-v2: {brought.labels} {brought.reasons}")


@kind(28, "e-invoices under other names, as files of their own")
def _(cases: Cases) -> Iterator[str]:
    for name in ("af.pdf", "bom.pdf", "fa.pdf", "other.pdf", "two.pdf", "u16.pdf", "ubl.pdf"):
        brought = cases.bring(name)
        yield from expect(bool(brought.values), f"{name}: no values, {brought.reasons}")
    alone = cases.bring("inv.xml")
    yield from expect(len(alone.documents) == 1 and len(alone.words) > 0, f"alone: {alone.words} {alone.reasons}")
    beside = cases.bring("inv.xml", inv__pdf=(cases.folder / "hidden.pdf").read_bytes())
    right = len(beside.documents) == 1 and beside.values.get("invoice_no") == "1"
    yield from expect(right, f"beside: {len(beside.documents)} documents, {beside.values} {beside.reasons}")


@kind(29, "other kinds of pictures")
def _(cases: Cases) -> Iterator[str]:
    for name in ("a.avif", "a.gif", "a.jp2"):
        brought = cases.bring(name)
        yield from expect(len(brought.documents) == 1, f"{name}: {brought.reasons}")
    for name in ("b.heic", "c.jpg"):
        brought = cases.bring(name)
        yield from expect("HEIC" in brought.reasons or bool(brought.documents), f"{name}: {brought.reasons}")


@kind(30, "hOCR and ALTO")
def _(cases: Cases) -> Iterator[str]:
    brought = cases.bring("a.hocr")
    right = brought.words == ["TOTAL"] and brought.documents[0].tokens[0].confidence == 0.96
    yield from expect(right, f"hOCR: {brought.words} {brought.reasons}")
    brought = cases.bring("a.alto.xml")
    yield from expect("no format that is known" not in brought.reasons, f"ALTO: {brought.reasons}")
    alto = ('<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page WIDTH="400" '
            'HEIGHT="600"><PrintSpace><TextBlock><TextLine><String CONTENT="TOTAL" HPOS="10" VPOS="10" WIDTH="50" '
            'HEIGHT="14" WC="0.9"/></TextLine></TextBlock></PrintSpace></Page></Layout></alto>')  # fmt: skip
    brought = cases.bring(b__xml=alto)
    yield from expect(brought.words == ["TOTAL"], f"ALTO with a word: {brought.words} {brought.reasons}")


@kind(31, "Tesseract's languages")
def _(cases: Cases) -> Iterator[str]:
    from workbench.settings import Settings

    yield from expect(any("language" in name for name in Settings.__dataclass_fields__), "no setting for languages")


@kind(32, "text that runs upwards")
def _(cases: Cases) -> Iterator[str]:
    brought = cases.bring("vert.pdf")
    tokens = [token for content in brought.documents for token in content.tokens]
    wanted = ["Muster", "GmbH", "HRB", "1234", "Amtsgericht"]
    upwards = [token for token in tokens if token.text in wanted]
    right = [token.text for token in upwards] == wanted and len({token.line for token in upwards}) == 1
    right &= all(b.box[3] <= a.box[1] + 1 for a, b in itertools.pairwise(upwards))  # one above the other, from below
    right &= all(token.line != upwards[0].line for token in tokens if token.text not in wanted)
    yield from expect(right, f"{[(token.text, token.line) for token in upwards]}")


@kind(33, "keys that some terminals keep to themselves")
def _(cases: Cases) -> Iterator[str]:
    from screens import app, keys
    from screens.command_palette import commands

    declared = next(b.key for b in app.WorkbenchApp.BINDINGS if getattr(b, "id", "") == "app.commands")
    for name, environ in (("VS Code", {"TERM_PROGRAM": "vscode"}), ("tmux", {"TMUX": "x"})):
        lost = keys.kept(environ)
        yield from expect(keys.arriving(declared, environ) not in lost, f"{name}: no key for the commands arrives")
    reached = [command.title for command in commands(None, {}, lambda *_: None)]
    yield from expect(sum(title.startswith("Go to") for title in reached) >= 5, f"the commands lead to {reached}")


@kind(34, "values for a locale's Excel; cells that begin a formula")
def _(cases: Cases) -> Iterator[str]:
    workspace = cases.scratch / "ws34"
    source = cases.scratch / "in34"
    source.mkdir()
    record = {"id": "a", "words": ["=HYPERLINK(1)", "1234.50"], "bboxes": [[0, 0, 9, 9], [20, 0, 40, 9]],
              "labels": ["B-seller_name", "B-amount_total"]}  # fmt: skip
    (source / "a.jsonl").write_text(json.dumps(record) + "\n")
    cases.bring_folder(source, workspace)
    out = cases.scratch / "out.csv"
    help_text = CliRunner().invoke(cli, ["export", "--help"]).output
    option = next((f"--{name}" for name in ("excel", "locale", "for-excel") if f"--{name}" in help_text), "")
    CliRunner().invoke(
        cli, ["-w", str(workspace), "export", "values-csv", str(out), *([option, "de"] if option else [])]
    )
    text = out.read_text("utf-8-sig") if out.exists() else ""
    yield from expect(";" in text and "1234,50" in text, f"German Excel: {text[:120]!r}")
    yield from expect(";=" not in text and ",=" not in text and '"=' not in text, f"a formula: {text[:120]!r}")


def main() -> None:
    """Run the kinds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, default=CASES)
    parser.add_argument("--only", type=int, nargs="*")
    chosen = parser.parse_args()
    right = 0
    numbers = sorted(chosen.only or KINDS)
    print("| # | kind | outcome |\n|---|---|---|")
    for number in numbers:
        title, check = KINDS[number]
        with tempfile.TemporaryDirectory() as folder:
            try:
                faults = list(check(Cases(chosen.cases, Path(folder))))
            except Exception as error:  # noqa: BLE001 - a fault of one kind must not hide the others
                if os.environ.get("TRACE"):
                    traceback.print_exc()
                faults = [f"{type(error).__name__}: {error}"]
        right += not faults
        shown = "; ".join(" ".join(fault.split())[:220] for fault in faults).replace("|", "\\|")
        print(f"| {number} | {title} | {'right' if not faults else shown} |", flush=True)
    print(f"\n{right} of {len(numbers)} kinds are right.")


if __name__ == "__main__":
    main()
