"""Five labelled invoices of a vendor: how many values of its next ones are right before they are touched.

    python benchmarks/vendor.py [--labels 0,1,3,5] [--next 8] [--vendors 16] [--seed 1] [--wrong]     # written invoices
    python benchmarks/vendor.py --receipts           # the shops of receipts_en that have enough receipts, four fields

Each vendor has a workspace of its own. Its first invoices are labelled one after the other with the places of their
known values; then what stands on the next ones when they are opened (the starter, the rules, the learner that saw the
labels, and what was corrected; no run) is
compared with their known values by the fields' own comparison. A written vendor has one layout, font, wording, number
format, bank account and address, and other customers, goods, dates and sums on each invoice (`written_invoices.py`).
"""

import argparse
import csv
import json
import os
import random
import shutil
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from written_invoices import FIELDS, HALVES
from written_layouts import LAYOUTS, Sheet
from written_parties import Facts, facts
from written_wording import WORDING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from storage import document_list, documents
from storage.records import SURE, Annotations, Content, Decision, Source, Span, State
from storage.suggestions import leading
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.session import AnnotationSession
from workbench.evaluation import known_value_figures, prediction_process
from workbench.evaluation.known_value_figures import Judged
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.live.messages import Look
from workbench.training.learner.workspace_learner import WorkspaceLearner
from workbench.workspace import Workspace

DATA = Path(os.environ.get("WORKBENCH_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def invoices_of(vendor: int, count: int, seed: int) -> Iterator[tuple[Facts, int]]:
    """What the invoices of a vendor say, and the seed of its looks."""
    language = list(WORDING)[vendor % len(WORDING)]
    style = zlib.crc32(f"{seed} {vendor}".encode())
    seller, form, made = None, random.Random(style).choice(("{y}-{n:04}", "RE{n:05}", "{n:07}", "INV-{n:06}")), 0
    for number in range(1000):
        content = facts(random.Random(zlib.crc32(f"{seed} {vendor} {number}".encode())), language, number)
        seller = seller or content.seller
        if content.seller.country != seller.country or content.buyer.name == seller.name:
            continue
        no = form.format(y=content.issued.year, n=1000 + 37 * number)
        yield replace(content, seller=seller, no=no), style
        made += 1
        if made == count:
            return


def write(folder: Path, vendor: int, count: int, seed: int) -> str:
    """The invoices of a vendor as PDFs with a table of their values; the name of its layout."""
    half = vendor // len(LAYOUTS[0]) % len(HALVES)
    layout = LAYOUTS[half][vendor % len(LAYOUTS[half])]
    folder.mkdir()
    with (folder / "values.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ("file", *FIELDS), extrasaction="ignore")
        table.writeheader()
        for number, (content, style) in enumerate(invoices_of(vendor, count, seed)):
            sheet = Sheet(folder / f"i{number:02}.pdf", content, half, random.Random(style))
            layout(sheet)
            sheet.save()
            table.writerow({"file": f"i{number:02}.pdf", **content.values})
    return layout.__name__


def shops(folder: Path, count: int) -> dict[str, list[str]]:
    """The receipts of the shops that have so many, by the name that their keys say."""
    names = {key.stem: json.loads(key.read_text("utf-8"))["company"] for key in (folder / "key").iterdir()}
    common = [name for name, number in Counter(names.values()).items() if number >= count]
    return {name: sorted(receipt for receipt, own in names.items() if own == name)[:count] for name in sorted(common)}


def copied(receipts: Iterable[str], folder: Path) -> None:
    """A folder of some receipts with their words and keys, without pictures."""
    for part in ("box", "key"):
        (folder / part).mkdir(parents=True)
        for receipt in receipts:
            for path in (DATA / "receipts_en" / part).glob(f"{receipt}.*"):
                shutil.copy(path, folder / part)


def known_places(content: Content) -> frozenset[Span]:
    """The places of the known values of a document, as labels."""
    spans = {s.field: s.tokens for s in content.suggestions if s.decision is Decision.OPEN and s.run == "values"}
    labels = {span.field: span.tokens for span in content.annotations.spans}
    return frozenset(Span(field, tokens, Source.HUMAN, "benchmark") for field, tokens in {**spans, **labels}.items())


def measure(name: str, folder: Path, labels: list[int]) -> dict[int, list[Judged]]:
    """Number of labelled invoices -> the known values of the next ones with what stands there for them."""
    with tempfile.TemporaryDirectory() as temporary:
        gold = Workspace.create(Path(temporary) / "gold")
        pipeline.run(gold, ImportRequest((folder,), ocr=False))
        with gold.db.read() as connection:
            numbers = document_list.with_known_values(connection)
            known = {c.document.name: c for c in (documents.open_document(connection, n) for n in numbers)}
        gold.close()
        bare = Path(temporary) / "bare"
        shutil.copytree(folder, bare, ignore=shutil.ignore_patterns("values.csv", "key"))
        workspace = Workspace.create(Path(temporary) / "workspace")
        pipeline.run(workspace, ImportRequest((bare,), ocr=False))
        prediction_process.suggest(workspace)
        with workspace.db.read() as connection:
            ids = {documents.open_document(connection, n).document.name: n for n in document_list.ids(connection)}
        order = sorted(known)
        following = [ids[document] for document in order[max(labels) :]]
        types = {field.id: field.type for field in workspace.schema.spans}
        learner, measured = WorkspaceLearner(workspace), {}
        for done in range(max(labels) + 1):
            if done in labels:
                learner.update()
                for _ in learner.steps(Look(following[0], following), lambda: False):
                    pass
                measured[done] = list(stands_on(workspace, name, following, known, types))
            if done < max(labels):
                act = Annotations(spans=known_places(known[order[done]]), state=State.LABELLED)
                DocumentEditor(workspace, ids[order[done]]).act("finish", act)
        workspace.close()
    return measured


def stands_on(
    workspace: Workspace, name: str, numbers: Iterable[int], known: dict[str, Content], types: dict[str, object]
) -> Iterator[Judged]:
    for number in numbers:
        content = AnnotationSession.open(workspace, number).content
        offers = [(s.field, s.tokens, s.confidence) for s in leading(content.suggestions)]
        with_values = replace(content, references=known[content.document.name].references)
        for row in known_value_figures.judge(with_values, offers, types):
            yield replace(row, layout=name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", default="0,1,3,5", help="measure after so many labelled invoices")
    parser.add_argument("--next", type=int, default=8, help="invoices of the vendor that are compared")
    parser.add_argument("--vendors", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--receipts", action="store_true", help="shops of receipts_en instead of written invoices")
    parser.add_argument("--wrong", action="store_true", help="list what is wrong after the last label")
    given = parser.parse_args()
    torch.set_num_threads(1)
    labels = sorted(int(part) for part in given.labels.split(","))
    count = max(labels) + given.next
    rows: dict[int, list[Judged]] = {done: [] for done in labels}
    with tempfile.TemporaryDirectory() as temporary:
        made = {}
        if given.receipts:
            for name, receipts in list(shops(DATA / "receipts_en", count).items())[: given.vendors]:
                made[name] = Path(temporary) / str(len(made))
                copied(receipts, made[name])
        else:
            for vendor in range(given.vendors):
                folder = Path(temporary) / str(vendor)
                made[f"{vendor} {write(folder, vendor, count, given.seed)}"] = folder
        for name, folder in made.items():
            for done, judged in measure(name, folder, labels).items():
                rows[done] += judged
            last = [row for row in rows[labels[-1]] if row.layout == name]
            print(f"  {name[:40]:40} {sum(row.right for row in last)}/{len(last)}", file=sys.stderr, flush=True)
    for done, judged in rows.items():
        sure = [row for row in judged if row.confidence > SURE]
        right = sum(row.right for row in judged)
        print(
            f"{done} labelled: {right} of {len(judged)} right ({right / len(judged):.3f}), "
            f"of those above 0.7 {sum(not row.right for row in sure)} of {len(sure)} wrong",
            flush=True,
        )
    last = rows[labels[-1]]
    for field in sorted({row.field for row in last}):
        parts = [[row.right for row in judged if row.field == field] for judged in rows.values()]
        print(f"{field:16} " + "  ".join(f"{sum(part)}/{len(part)}" for part in parts))
    for row in sorted(last, key=lambda r: (r.layout, r.field)) if given.wrong else ():
        if not row.right:
            print(f"{row.layout} {row.document} {row.field}: {row.offered!r}, not {row.known!r} ({row.confidence:.2f})")


if __name__ == "__main__":
    main()
