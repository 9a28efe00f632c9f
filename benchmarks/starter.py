"""What the starter brings: span F1 on receipts_en by labelled documents, beside models without its layout sense.

    python benchmarks/starter.py --minilm FOLDER [--labels 0,10,50] [--seeds 1] [--kinds starter,plain]

The split is by vendor, made anew for each seed; the test side is never trained on. Kinds: `starter` as shipped;
`plain`, the same model before its training on made-up documents; `text`, MiniLM without boxes. With zero labels it is
the starter as it comes.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from storage import documents, groups
from storage.records import Split
from workbench import config, importing, jobs, pretraining, reading, report
from workbench.families import starter
from workbench.splitting import divide
from workbench.workspace import Workspace

DATA = Path(os.environ.get("WORKBENCH_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
FIELDS = ("seller_name", "seller_address", "invoice_date", "amount_total")


def sets(kind: str, plain: Path, text: Path) -> tuple[str, ...]:
    """The configuration of a kind, over the preset `first model`."""
    return {
        "starter": (),
        "plain": ("model.family=starter", f"model.name={plain}", "model.carry_head=false"),
        "text": ("model.family=text", f"model.name={text}", "model.carry_head=false"),
    }[kind]


def trained(workspace: Workspace, kind: str, labels: int, folders: tuple[Path, Path]) -> tuple[dict, float]:
    """The test figures of one training, and its seconds."""
    began = time.monotonic()
    limit = (f"data.max_train_documents={labels}",) if labels else ()
    chosen = config.apply_sets(config.preset("first model").config, (*sets(kind, *folders), *limit))
    run = jobs.prepare(workspace, chosen, name=f"{kind} {labels}")
    jobs.start(workspace, run.id)
    done = jobs.wait(workspace, run.id)
    if done.state.value != "finished":
        raise SystemExit(f"{kind} {labels}: {done.reason}")
    return report.evaluate_run(jobs.folder_of(workspace, run.id), "test"), time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", type=Path, help="folder of all-MiniLM-L6-v2, for the kinds plain and text")
    parser.add_argument("--labels", default="0,10,25,50,100,all")
    parser.add_argument("--kinds", default="starter,plain,text")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    kinds = given.kinds.split(",")
    counts = [0 if n == "all" else int(n) or -1 for n in given.labels.split(",")]  # -1: no labels, 0: all of them
    with tempfile.TemporaryDirectory() as temporary:
        plain = Path(temporary) / "plain"
        if "plain" in kinds:
            starter.save_shipped(starter.build_from_minilm(given.minilm, pretraining.labels()), plain)
        results: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for seed in range(given.seeds):
            workspace = Workspace.create(Path(temporary) / f"seed{seed}")
            importing.run(workspace, importing.Request((DATA / "receipts_en",)))
            with workspace.db.write() as connection:
                division = divide(groups.counts(connection), validation=0.1, test=0.2, seed=seed)
                documents.assign_sides(connection, division.sides)
            for count in counts:
                for kind in kinds:
                    if count == -1:
                        if kind != "starter":
                            continue
                        began = time.monotonic()
                        figures, seconds = reading.evaluate(workspace, "starter", Split.TEST), 0.0
                        seconds = time.monotonic() - began
                    else:
                        figures, seconds = trained(workspace, kind, count, (plain, given.minilm))
                    # strict F1 over the four fields: the starter also proposes others, which have no gold here
                    hits = [figures["fields"][f] for f in FIELDS if f in figures["fields"]]
                    right = sum(row["recall"] * row["support"] for row in hits)
                    found = sum(row["recall"] * row["support"] / row["precision"] for row in hits if row["precision"])
                    gold = sum(row["support"] for row in hits)
                    f1 = 2 * right / max(1e-9, found + gold)
                    label = {-1: "0", 0: "all"}.get(count, str(count))
                    fields = {f: round(figures["fields"][f]["f1"], 3) for f in FIELDS if f in figures["fields"]}
                    print(json.dumps({"seed": seed, "labels": label, "kind": kind, "f1": round(f1, 3),
                                      "value": figures["value_exact_match"], "seconds": round(seconds, 1),
                                      "fields": fields}), flush=True)  # fmt: skip
                    results.setdefault((kind, count), []).append((f1, seconds))
            workspace.close()
            shutil.rmtree(Path(temporary) / f"seed{seed}")
    for (kind, count), rows in results.items():
        label = {-1: "0", 0: "all"}.get(count, str(count))
        f1s = [row[0] for row in rows]
        seconds = statistics.median(row[1] for row in rows)
        mean, spread = statistics.mean(f1s), f"{min(f1s):.3f}–{max(f1s):.3f}"
        print(f"{kind:8} {label:>4} labels: F1 {mean:.3f} ({spread}), {seconds:.0f} s")


if __name__ == "__main__":
    main()
