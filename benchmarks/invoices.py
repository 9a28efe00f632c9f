"""Values read right before the first label, on real invoices: known values of einvoices/ and vendor_pdfs/.

    python benchmarks/invoices.py [--half looked|held|all] [--folder FOLDER] [--wrong] [--json]

Values by the fields' own comparison, of all documents and of one document a layout, by field and language; the expected
calibration error; how many values above 0.7 are wrong; seconds a page. The layouts are divided by name: rules were
written with the pages of one half in view (`looked`), the other (`held`) was only measured.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from storage import document_list, documents
from storage.records import Split
from workbench.evaluation import known_value_figures, prediction_process
from workbench.evaluation.known_value_figures import Judged
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

DATA = Path(os.environ.get("WORKBENCH_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
LOOKED = frozenset(["Lieferant GmbH", "Seller Inc.", "Au bon moulin", "AmazonWebServices", "coolblue1", "oyo"])
"""Layouts (a seller's e-invoices, or a vendor PDF) whose pages were looked at while rules were written."""
MORE = {"vat": "seller_tax_id", "partner_name": "seller_name", "gstin": "seller_tax_id"}
"""Keys of the vendor PDFs' expected values that the import leaves out or takes for something else."""
KEYS = ("right", "known", "wrong", "missing", "sure", "sure_wrong", "ece")


def written(folder: Path) -> dict[str, tuple[str, str]]:
    """The layout and language of each document of a folder that `written_invoices.py` made."""
    file = folder / "layouts.tsv"
    rows = [line.split("\t") for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    return {Path(name).stem: (layout, spoken) for name, layout, spoken in rows}


def judged(folder: Path) -> tuple[list[Judged], float, int]:
    """(known values with what is offered for them, seconds of reading, pages)."""
    expected = {}
    for path in folder.glob("*.json"):
        values = json.loads(path.read_text(encoding="utf-8"))[0]
        expected[path.stem] = {field: str(values[key]) for key, field in MORE.items() if values.get(key)}
    with tempfile.TemporaryDirectory() as temporary:
        workspace = Workspace.create(Path(temporary) / "workspace")
        pipeline.run(workspace, ImportRequest((folder,)))
        with workspace.db.read() as connection:
            numbers = tuple(document_list.with_known_values(connection))
            contents = [documents.open_document(connection, number) for number in numbers]
        began = time.monotonic()
        with prediction_process.reading(workspace, prediction_process.STARTER, {Split.POOL: numbers}) as run:
            proposals = prediction_process.proposed(workspace, run)
        seconds = time.monotonic() - began
        types = {field.id: field.type for field in workspace.schema.active}
        rows = []
        for content in contents:
            own = expected.get(content.document.name, {})
            references = [r for r in content.references if r.field not in own and not _is_misread(r.field, r.value)]
            given = [replace(content.references[0], field=field, value=value) for field, value in own.items()]
            rows += known_value_figures.judge(
                replace(content, references=(*references, *given)), proposals[content.document.id], types
            )
        workspace.close()
    layouts = written(folder)
    if layouts:
        pairs = [(row, *layouts[row.document]) for row in rows]
        rows = [replace(row, layout=layout, language=spoken) for row, layout, spoken in pairs]
        return rows, seconds, sum(content.document.page_count for content in contents)
    layout = {row.document: row.known for row in rows if row.field == "seller_name"}
    is_xml = not expected
    rows = [replace(row, layout=layout.get(row.document, row.document) if is_xml else row.document) for row in rows]
    return rows, seconds, sum(content.document.page_count for content in contents)


def _is_misread(field: str, value: str) -> bool:
    """Whether a VAT number was imported as an amount of VAT."""
    return field == "amount_tax" and any(character.isalpha() for character in value)


def show(name: str, figures: dict[str, Any]) -> None:
    """One line of figures."""
    ece = figures["ece"]
    print(
        f"{name:28} {figures['right']:>4}/{figures['known']:<4} {figures['right'] / (figures['known'] or 1):.2f}  "
        f"wrong {figures['wrong']:>3}  missing {figures['missing']:>3}  above 0.7: {figures['sure_wrong']} of "
        f"{figures['sure']} wrong  ECE {0.0 if ece is None else ece:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="other invoices with known values, instead of the two folders")
    parser.add_argument("--half", choices=["looked", "held", "all"], default="all")
    parser.add_argument("--wrong", action="store_true", help="list every wrong value, the surest first")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows: list[Judged] = []
    seconds, pages = 0.0, 0
    for folder in [given.folder] if given.folder else [DATA / "einvoices", DATA / "vendor_pdfs"]:
        some, spent, count = judged(folder)
        rows += some
        seconds, pages = seconds + spent, pages + count
    if given.half != "all":
        rows = [row for row in rows if (row.layout in LOOKED) == (given.half == "looked")]
    figures = known_value_figures.figures(rows) | {"seconds_a_page": round(seconds / pages, 3)}
    if given.json:
        print(json.dumps(figures, ensure_ascii=False, indent=1))
        return
    show(f"all documents ({figures['documents']})", figures)
    show("one document a layout", figures["one_a_layout"])
    for cut in ("languages", "layouts", "fields"):
        print()
        for name, part in figures[cut].items():
            show(name[:28], part)
    print(f"\n{figures['seconds_a_page']} s a page, the model's start included")
    for row in figures["wrong_values"] if given.wrong else ():
        print(f"{row['confidence']:.2f} {row['document']} {row['field']}: “{row['offered']}”, not “{row['known']}”")


if __name__ == "__main__":
    main()
