"""What the starter brings: span F1 on receipts_en by labelled documents, beside models without its layout sense.

    python benchmarks/starter.py --minilm FOLDER [--labels 0,10,50] [--seeds 3] [--kinds starter,plain,text]
    python benchmarks/starter.py --values            # zero labels on einvoices/, vendor_pdfs/ and made-up documents
    python benchmarks/starter.py --made-up 40 --languages es,it,pl [--seed 777]   # made-up documents alone

The split is by vendor, made anew for each seed; the test side is never trained on. So many documents are labelled,
drawn at random from the vendors of the other side, and nothing else is: what measures the model on the way is taken
from them, as the product does it. Kinds: `starter` as shipped; `plain`, the same model before its training on made-up
documents; `text`, MiniLM without boxes. With zero labels it is the starter as it comes. `f1` is the model alone,
strict; `suggested` is what the analyst sees: repaired, and weighed against the rules about likely places. (Those rules
were written by people who had seen these receipts; the made-up documents of --values are the fairer test of them.)
"""

import argparse
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from storage import document_list, documents, import_index
from storage.document_list import Filter
from storage.records import Annotations, Split
from workbench.annotation.editor import DocumentEditor
from workbench.evaluation import prediction_process, report
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.fields.values import joined, same
from workbench.predictions import model_and_rules, run_reader, suggestions
from workbench.predictions.cases import Case
from workbench.runs import jobs
from workbench.runs.config import files, presets
from workbench.runs.splits import divide
from workbench.workspace import Workspace

DATA = Path(os.environ.get("WORKBENCH_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
FIELDS = ("seller_name", "seller_address", "invoice_date", "amount_total")
MADE_UP_SEED = 55_555
VALUES = {"invoice_no": "invoice_number", "invoice_date": "date", "amount_total": "amount"}
"""field -> its key in the vendor PDFs' expected values."""


def sets(kind: str, plain: Path, text: Path) -> tuple[str, ...]:
    """The configuration of a kind, over the preset."""
    return {
        "starter": (),
        "plain": ("model.family=starter", f"model.name={plain}", "model.carry_head=false"),
        "text": ("model.family=text", f"model.name={text}", "model.carry_head=false"),
    }[kind]


def keep(workspace: Workspace, count: int, seed: int) -> None:
    """Take the labels of all but so many training documents away; a larger count keeps what a smaller one keeps."""
    with workspace.db.read() as connection:
        labelled = document_list.page(connection, Filter("labelled", split=Split.TRAIN), 0, -1)
    order = sorted(labelled, key=lambda d: random.Random(f"{seed} {d.name}").random())
    for document in order[count:]:
        DocumentEditor(workspace, document.id).act("clear", Annotations())


def trained(workspace: Workspace, kind: str, labels: int, folders: tuple[Path, Path], more: list[str]) -> dict:
    """The test figures of one training on what is labelled now."""
    preset = presets.preset(presets.choose_preset(labels, labels))
    run = jobs.prepare(
        workspace, files.apply_sets(preset.config, (*sets(kind, *folders), *more)), name=f"{kind} {labels}"
    )
    jobs.start(workspace, run.id)
    done = jobs.wait(workspace, run.id)
    if done.state.value != "finished":
        raise SystemExit(f"{kind} {labels}: {done.reason}")
    folder = workspace.files.run(run.id)
    figures = report.evaluate_run(folder, "test")
    judged = run_reader.read_labelled(folder, "test")
    figures["suggested"] = suggestions.figures(judged, suggestions.trust_of(workspace.settings, folder))
    return figures


def curves(given: argparse.Namespace) -> None:
    """F1 by labels, kinds and seeds."""
    from workbench.training import make_starter
    from workbench.training.models import starter

    kinds = given.kinds.split(",")
    counts = sorted({10**6 if n == "all" else int(n) for n in given.labels.split(",")}, reverse=True)
    results: dict[tuple[str, int], list[dict]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        plain = Path(temporary) / "plain"
        if "plain" in kinds:
            starter.save_shipped(starter.build_from_minilm(given.minilm, make_starter.labels()), plain)
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            workspace = Workspace.create(Path(temporary) / f"seed{seed}")
            pipeline.run(workspace, ImportRequest((DATA / "receipts_en",)))
            with workspace.db.write() as connection:
                division = divide(import_index.counts(connection), validation=0.0, test=0.2, seed=seed)
                documents.assign_sides(connection, division.sides)
            for count in counts:
                keep(workspace, count, seed)
                for kind in kinds if count else [k for k in kinds if k == "starter"]:
                    began = time.monotonic()
                    if count:
                        figures = trained(workspace, kind, count, (plain, given.minilm), given.sets)
                    else:
                        figures = prediction_process.evaluate(workspace, "starter", Split.TEST)
                    row = {
                        "seed": seed, "labels": count, "kind": kind, "seconds": round(time.monotonic() - began),
                        "f1": figures["micro"]["f1"], "suggested": figures["suggested"]["f1"],
                        "values": figures["value_exact_match"],
                        "fields": {f: round(figures["fields"][f]["f1"], 3) for f in FIELDS},
                        "suggested_fields": {f: round(figures["suggested"]["fields"][f]["f1"], 3) for f in FIELDS},
                    }  # fmt: skip
                    print(json.dumps(row), flush=True)
                    results.setdefault((kind, count), []).append(row)
            workspace.close()
            shutil.rmtree(Path(temporary) / f"seed{seed}")
    for (kind, count), rows in sorted(results.items()):
        line = f"{kind:8} {'all' if count == 10**6 else count:>4} labels, {len(rows)} seeds:"
        for name in ("f1", "suggested"):
            shares = [row[name] for row in rows]
            line += f"  {name} {statistics.mean(shares):.3f} ({min(shares):.3f}–{max(shares):.3f})"
        print(f"{line}  {statistics.median(row['seconds'] for row in rows):.0f} s")


def agreeing(workspace: Workspace, truth: dict[str, dict[str, str]]) -> dict[str, str]:
    """field -> right/known: of the known values, those that would be suggested before the first label."""
    hits, known = Counter[str](), Counter[str]()
    with workspace.db.read() as connection:
        numbers = tuple(document_list.ids(connection, Filter()))
    with prediction_process.reading(workspace, prediction_process.STARTER, {Split.POOL: numbers}) as folder:
        proposals = prediction_process.proposed(workspace, folder)
    with workspace.db.read() as connection:
        for number in numbers:
            content = documents.open_document(connection, number)
            values = truth.get(content.document.name) or {r.field: r.value for r in content.references}
            proposed = {name: " ".join(content.tokens[t].text for t in tokens) for name, tokens, _ in proposals[number]}
            for field in VALUES:
                if field in values:
                    known[field] += 1
                    kind = workspace.schema.get(field).type
                    hits[field] += field in proposed and same(kind, proposed[field], values[field])
    return {field: f"{hits[field]}/{known[field]}" for field in VALUES}


def zero_label_values() -> None:
    """Values right before the first label, on real invoices and on made-up ones of templates that were held out."""
    from workbench.training import make_starter

    with tempfile.TemporaryDirectory() as temporary:
        for name in ("einvoices", "vendor_pdfs"):
            truth = {}
            for path in (DATA / name).glob("*.json"):
                given = json.loads(path.read_text(encoding="utf-8"))[0]
                truth[path.stem] = {field: str(given[key]) for field, key in VALUES.items() if given.get(key)}
            workspace = Workspace.create(Path(temporary) / name)
            pipeline.run(workspace, ImportRequest((DATA / name,)))
            print(name, json.dumps(agreeing(workspace, truth)), flush=True)
            workspace.close()
    made_up(60, dict.fromkeys(make_starter.LANGUAGES), MADE_UP_SEED)


def made_up(count: int, languages: Iterable[str], seed: int) -> None:
    """The model alone and the suggestions on so many made-up documents of each language."""
    import torch

    from workbench.fields import invoice_schema
    from workbench.training import make_starter
    from workbench.training import predictor as predicting

    schema = invoice_schema()
    trust = suggestions.Trust(
        types={f.id: f.type for f in schema},
        fields=schema.active,
        record=model_and_rules.TrackRecord(model_and_rules.shipped()),
    )
    predictor, _ = predicting.load_named("starter", torch.device("cpu"))
    _, held = make_starter.held_out_templates(make_starter.StarterPlan(0))
    for language in languages:
        rows = make_starter.held_out_rows(held, seed, count, (language,))
        read = make_starter.cases_of(predictor, rows)
        alone = report.evaluate(read, run="starter", split="test", types=trust.types)["micro"]["f1"]
        shares = {
            "documents": count,
            "f1": round(alone, 3),
            "suggested": round(suggestions.figures(read, trust)["f1"], 3),
            "by_value": round(by_value(read, trust), 3),
        }
        print(language, json.dumps(shares), flush=True)


def by_value(labelled: list[Case], trust: suggestions.Trust) -> float:
    """F1 of suggestions for the fields with a label, right where they have its value, wherever that is printed."""
    right = proposed = known = 0
    for case in labelled:
        proposals = suggestions.proposals(case, trust)
        offered = {name: joined(case.words[word] for word in words) for name, words, _ in proposals}
        for name, places in model_and_rules.values_of(case).items():
            known += 1
            proposed += name in offered
            texts = [joined(case.words[word] for word in words) for words in places]
            right += name in offered and any(same(trust.types[name], offered[name], text) for text in texts)
    return 2 * right / (proposed + known) if known else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", type=Path, help="folder of all-MiniLM-L6-v2, for the kinds plain and text")
    parser.add_argument("--labels", default="0,10,25,50,100,all")
    parser.add_argument("--kinds", default="starter,plain,text")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--set", dest="sets", action="append", default=[], help="as in `workbench tune`")
    parser.add_argument("--values", action="store_true", help="zero-label values of other documents instead")
    parser.add_argument(
        "--made-up", type=int, metavar="COUNT", help="zero labels on so many made-up documents a language"
    )
    parser.add_argument("--languages", default="en,de,fr,nl,zh", help="of the made-up documents")
    parser.add_argument("--seed", type=int, default=MADE_UP_SEED, help="of the made-up documents")
    given = parser.parse_args()
    if given.made_up:
        made_up(given.made_up, given.languages.split(","), given.seed)
    elif given.values:
        zero_label_values()
    else:
        curves(given)


if __name__ == "__main__":
    main()
